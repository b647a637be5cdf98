//! Changes: what opened and what closed between two moments, and for which executives.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Result, anyhow};
use jiff::Timestamp;
use petgraph::graph::NodeIndex;
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::parts::says;
use super::{Facts, Gap};
use crate::graph::{Graph, Person, Reach};
use crate::model::{EdgeKind, NodeId, NodeKind};
use crate::store::findings;
use crate::store::history::{self, EdgeInterval, NodeInterval};

/// What opened and closed between two moments.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Changes {
    /// The company.
    pub company: String,
    /// After this moment.
    pub from: Timestamp,
    /// Up to this one.
    pub to: Timestamp,
    /// The changes, in order of time.
    pub changes: Vec<Change>,
    /// Changes that concern nobody of those who were asked for.
    pub others: u64,
    /// What should have been read and wasn't: changes there are unknown, and nothing was closed.
    pub gaps: Vec<Gap>,
}

/// One change.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Change {
    /// When a scan saw it.
    pub at: Timestamp,
    /// What happened.
    pub what: Happened,
    /// The system; empty for a link to an address.
    pub system: String,
    /// account, group …; the kind of edge for access; `finding`.
    pub kind: String,
    /// What it is about: `Ada is a member of Finance`.
    pub about: String,
    /// What about it is different, for a change.
    pub details: Vec<String>,
    /// Whose reach it concerns.
    pub people: Vec<String>,
}

/// What happened to something.
#[derive(Serialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Happened {
    /// It wasn't there before.
    Opened,
    /// It is no longer there.
    Closed,
    /// It is there, and different.
    Changed,
}

impl Happened {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Changed => "changed",
        }
    }
}

impl Changes {
    /// What changed after `from`, for one person or for the executives. `facts` are those of the later moment.
    ///
    /// # Errors
    /// The store's.
    pub fn of(conn: &Connection, facts: &Facts, from: Timestamp, person: Option<&Person>) -> Result<Self> {
        let before = Graph::read(conn, Some(from))?;
        let then = Person::of_company(&before, &facts.config).map_err(|problem| anyhow!(problem))?;
        let wanted = |one: &Person| person.map_or(one.executive, |person| person.id == one.id);
        let mut whose = Whose::default();
        for (graph, people) in [(&before, &then), (&facts.graph, &facts.people)] {
            for one in people.iter().filter(|one| wanted(one)) {
                whose.add(graph, one);
            }
        }
        let nodes = history::node_intervals(conn, from, facts.at)?;
        // What came and went in between has its name from there.
        let passing = nodes.iter().filter_map(|row| Some((row.id, row.name.clone()?))).collect();
        let teller = Teller { before: &before, now: &facts.graph, whose: &whose, passing };
        let mut all = teller.nodes(nodes, from, facts.at);
        all.extend(teller.edges(history::edge_intervals(conn, from, facts.at)?, from, facts.at));
        for row in findings::changed(conn, from)? {
            let named = row.person.map(|id| whose.node(id)).unwrap_or_default();
            for (at, what) in [(Some(row.since), Happened::Opened), (row.until, Happened::Closed)] {
                if let Some(at) = at.filter(|at| *at > from && *at <= facts.at) {
                    all.push(Change {
                        at,
                        what,
                        system: row.system.clone(),
                        kind: "finding".to_owned(),
                        about: format!("{} {}: {}", row.severity, row.check, row.title),
                        details: row.reason.iter().filter(|_| what == Happened::Closed).cloned().collect(),
                        people: named.clone(),
                    });
                }
            }
        }
        let whole = all.len();
        all.retain(|change| !change.people.is_empty());
        all.sort_by(|a, b| (a.at, &a.system, a.what, &a.about).cmp(&(b.at, &b.system, b.what, &b.about)));
        Ok(Self {
            company: facts.company.clone(),
            from,
            to: facts.at,
            others: (whole - all.len()) as u64,
            changes: all,
            gaps: facts.gaps(),
        })
    }
}

/// Which of the people reach a node, then or now.
#[derive(Default)]
struct Whose {
    names: HashMap<NodeId, Vec<String>>,
}

impl Whose {
    fn add(&mut self, graph: &Graph, person: &Person) {
        for index in Reach::from(graph, person.index, |_| true).order {
            let names = self.names.entry(graph.net[index].id).or_default();
            if !names.contains(&person.name) {
                names.push(person.name.clone());
            }
        }
    }

    fn node(&self, id: NodeId) -> Vec<String> {
        self.names.get(&id).cloned().unwrap_or_default()
    }
}

/// One scope's word about one edge turning at one moment: its ends, kind, scope and the moment.
type Turn = (NodeId, EdgeKind, NodeId, i64, Timestamp);

struct Teller<'a> {
    before: &'a Graph,
    now: &'a Graph,
    whose: &'a Whose,
    passing: HashMap<NodeId, String>,
}

impl Teller<'_> {
    fn nodes(&self, rows: Vec<NodeInterval>, from: Timestamp, to: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        // A word that ends when the same scope's next word about the node begins is a change of it.
        let begun: HashMap<(NodeId, i64, Timestamp), &NodeInterval> =
            rows.iter().map(|row| ((row.id, row.scope, row.since), row)).collect();
        let mut continued = HashSet::new();
        for row in &rows {
            let Some(until) = row.until.filter(|until| *until > from && *until <= to) else { continue };
            let next = begun.get(&(row.id, row.scope, until)).filter(|next| !std::ptr::eq(**next, row));
            if let Some(next) = next {
                continued.insert((next.id, next.scope, next.since));
                changes.push(self.node(next, until, Happened::Changed, differences(row, next)));
            } else if !is_seen(self.now, row.id) {
                // Another scope may still see it: then it isn't gone.
                changes.push(self.node(row, until, Happened::Closed, Vec::new()));
            }
        }
        for row in rows.iter().filter(|row| row.since > from && !continued.contains(&(row.id, row.scope, row.since))) {
            if !is_seen(self.before, row.id) {
                changes.push(self.node(row, row.since, Happened::Opened, Vec::new()));
            }
        }
        // Several scopes may tell of one node in one scan.
        let mut told = HashSet::new();
        changes.retain(|change| {
            change.what == Happened::Changed || told.insert((change.what, change.kind.clone(), change.system.clone(), change.about.clone()))
        });
        changes
    }

    fn node(&self, row: &NodeInterval, at: Timestamp, what: Happened, details: Vec<String>) -> Change {
        let kind = if row.type_.is_empty() { row.kind.word().to_owned() } else { format!("{} {}", row.kind, row.type_) };
        Change {
            at,
            what,
            system: row.system.clone(),
            kind,
            about: row.name.clone().unwrap_or_else(|| row.key.clone()),
            details,
            people: self.whose.node(row.id),
        }
    }

    fn edges(&self, rows: Vec<EdgeInterval>, from: Timestamp, to: Timestamp) -> Vec<Change> {
        // Both halves of a change of level share ends, kind, scope and moment.
        let mut moments: BTreeMap<Turn, (Vec<&EdgeInterval>, Vec<&EdgeInterval>)> = BTreeMap::new();
        for row in &rows {
            let key = |at| (row.src, row.kind, row.dst, row.scope, at);
            if row.since > from {
                moments.entry(key(row.since)).or_default().0.push(row);
            }
            if let Some(until) = row.until.filter(|until| *until > from && *until <= to) {
                moments.entry(key(until)).or_default().1.push(row);
            }
        }
        let mut changes = Vec::new();
        for ((.., at), (opened, closed)) in moments {
            match (opened.as_slice(), closed.as_slice()) {
                ([new, ..], [old, ..]) if new.level != old.level => {
                    let level = |row: &EdgeInterval| row.level.clone().unwrap_or_else(|| "unknown".to_owned());
                    changes.push(self.edge(new, at, Happened::Changed, vec![format!("level: {} → {}", level(old), level(new))]));
                }
                // The same access by another grant.
                ([_, ..], [_, ..]) | ([], []) => {}
                ([new, ..], []) => changes.push(self.edge(new, at, Happened::Opened, Vec::new())),
                ([], [old, ..]) => changes.push(self.edge(old, at, Happened::Closed, Vec::new())),
            }
        }
        changes
    }

    fn edge(&self, row: &EdgeInterval, at: Timestamp, what: Happened, details: Vec<String>) -> Change {
        let (src, people) = self.end(row.src, &row.system);
        let (dst, also) = self.end(row.dst, &row.system);
        // Who gets at somebody's mailbox concerns the one whose mailbox it is.
        let towards = matches!(row.kind, EdgeKind::DelegateOf | EdgeKind::ReceivesMailOf);
        let mut people = people;
        if towards {
            people.extend(also.into_iter().filter(|name| !people.contains(name)).collect::<Vec<_>>());
        }
        Change {
            at,
            what,
            // A link is nobody's word; it belongs where the account is.
            system: if row.system.is_empty() {
                self.now.node(row.dst).map(|node| node.system.clone()).unwrap_or_default()
            } else {
                row.system.clone()
            },
            kind: row.kind.word().to_owned(),
            about: format!("{src} {} {dst}", says(row.kind, row.level.as_deref())),
            details,
            people,
        }
    }

    /// What to call the end of an edge, and whose reach it is in.
    fn end(&self, id: NodeId, system: &str) -> (String, Vec<String>) {
        let name = |graph: &Graph, index: NodeIndex| {
            let node = &graph.net[index];
            node.name.as_ref().or_else(|| self.passing.get(&node.id)).unwrap_or(&node.key).clone()
        };
        let ends = [(self.now, self.now.end(id, system)), (self.before, self.before.end(id, system))];
        // What is still there has the name it has now; an alias that stands for nothing any more stood for something before.
        let best = ends.iter().filter_map(|(graph, index)| index.map(|index| (*graph, index)));
        let best = best.clone().find(|(graph, index)| graph.net[*index].seen).or_else(|| best.clone().next());
        let Some((graph, index)) = best else { return (format!("node {id}"), Vec::new()) };
        (name(graph, index), self.whose.node(graph.net[index].id))
    }
}

fn is_seen(graph: &Graph, id: NodeId) -> bool {
    graph.node(id).is_some_and(|node| node.seen && node.kind != NodeKind::Alias)
}

/// What differs between two words about a node.
fn differences(old: &NodeInterval, new: &NodeInterval) -> Vec<String> {
    let mut differences = Vec::new();
    if old.name != new.name {
        differences.push(format!("name: {} → {}", old.name.as_deref().unwrap_or("-"), new.name.as_deref().unwrap_or("-")));
    }
    let empty = Value::Null;
    let value = |attrs: &Map<String, Value>, name: &str| attrs.get(name).unwrap_or(&empty).clone();
    let mut names: Vec<&String> = old.attrs.keys().chain(new.attrs.keys().filter(|name| !old.attrs.contains_key(*name))).collect();
    names.sort();
    // What changes without meaning anything changed isn't told.
    for name in names.into_iter().filter(|name| !["last_used", "last_sync", "last_seen"].contains(&name.as_str())) {
        let (a, b) = (value(&old.attrs, name), value(&new.attrs, name));
        if a != b {
            differences.push(format!("{name}: {} → {}", plain(&a), plain(&b)));
        }
    }
    differences
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
