//! Why somebody can reach something: every path, each edge in words.

use jiff::Timestamp;
use petgraph::graph::NodeIndex;
use schemars::JsonSchema;
use serde::Serialize;

use super::parts::steps;
use super::{Facts, PersonHead, Step, clean};
use crate::graph::{Person, Reach};

/// Paths told of one thing; a dense graph has more than anyone reads.
const PATHS: usize = 20;
/// Things told of at once.
const THINGS: usize = 5;

/// Why somebody can reach something.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Why {
    /// Who.
    pub person: PersonHead,
    /// The moment.
    pub at: Timestamp,
    /// What was asked for.
    pub asked: String,
    /// What that names among everything they can reach.
    pub things: Vec<Thing>,
}

/// One thing, and the ways to it.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Thing {
    /// Its system.
    pub system: String,
    /// What it is.
    pub kind: String,
    /// Its type, where it has one.
    pub type_: String,
    /// Its key.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// The ways to it, the shortest first.
    pub paths: Vec<Vec<Step>>,
    /// Whether there are more ways than these.
    pub more: bool,
}

impl Why {
    /// Every way by which `person` reaches what `asked` names: a key, a name, or a part of one.
    ///
    /// # Errors
    /// One line: they reach nothing of that name, or too many things have it.
    pub fn of(facts: &Facts, person: &Person, asked: &str) -> Result<Self, String> {
        let lower = asked.trim().to_lowercase();
        if lower.is_empty() {
            return Err("--why needs the key or the name of something".to_owned());
        }
        let graph = &facts.graph;
        let reach = facts.reach(person);
        let reached: Vec<NodeIndex> = reach.order.iter().copied().filter(|index| *index != person.index).collect();
        let named = |exactly: bool| -> Vec<NodeIndex> {
            let fits = |text: &str| {
                let text = text.to_lowercase();
                if exactly { text == lower } else { text.contains(&lower) }
            };
            reached
                .iter()
                .copied()
                .filter(|index| fits(&graph.net[*index].key) || graph.net[*index].name.as_deref().is_some_and(fits))
                .collect()
        };
        let mut found = named(true);
        if found.is_empty() {
            found = named(false);
        }
        match found.len() {
            0 => return Err(unreached(facts, person, &lower, asked)),
            1..=THINGS => {}
            many => {
                let some: Vec<String> = found.iter().take(THINGS).map(|index| clean::line(graph.net[*index].label())).collect();
                return Err(format!(
                    "{asked:?} fits {many} things that {} can reach, among them {}: say more of it",
                    clean::line(&person.name),
                    some.join(", ")
                ));
            }
        }
        let things = found.into_iter().map(|index| {
            let node = &graph.net[index];
            let mut paths = Reach::paths(graph, person.index, index, PATHS + 1);
            let more = paths.len() > PATHS;
            paths.truncate(PATHS);
            Thing {
                system: node.system.clone(),
                kind: node.kind.word().to_owned(),
                type_: node.type_.clone(),
                key: node.key.clone(),
                name: node.label().to_owned(),
                paths: paths.iter().map(|path| steps(graph, path)).collect(),
                more,
            }
        });
        Ok(Self { person: PersonHead::of(person, facts.at), at: facts.at, asked: asked.to_owned(), things: things.collect() })
    }
}

/// "They can't reach it" and "there is no such thing" are different answers.
fn unreached(facts: &Facts, person: &Person, lower: &str, asked: &str) -> String {
    let name = clean::line(&person.name);
    let exists = facts
        .graph
        .nodes()
        .find(|(_, node)| node.seen && (node.key.to_lowercase().contains(lower) || node.label().to_lowercase().contains(lower)))
        .map(|(_, node)| format!("{} ({} of {})", clean::line(node.label()), node.kind, node.system));
    match exists {
        Some(node) => format!("{name} has no path to {node}, as far as was read; `exeunt report coverage` says what wasn't"),
        None => format!("nothing that was read is called {asked:?}: use a key or a name that `exeunt show` prints"),
    }
}
