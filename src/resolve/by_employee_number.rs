//! The employee number that an account carries is HR's.

use petgraph::graph::NodeIndex;

use super::evidence::{Clue, Known, Source, plain};
use crate::graph::Graph;

/// The number is an identity that HR gives out once: enough by itself.
const EQUAL: f64 = 1.0;

pub(super) fn clues(graph: &Graph, known: &Known<'_>, at: NodeIndex, clues: &mut Vec<Clue>) {
    let node = &graph.net[at];
    let Some(number) = node.attrs.get("employee_number") else { return };
    // Some systems write it as a number.
    let number = number.as_str().map_or_else(|| number.to_string(), str::to_owned);
    if number.trim().is_empty() || number == "null" {
        return;
    }
    for person in known.numbers.get(&plain(&number)).into_iter().flatten() {
        clues.push(Clue { person: *person, source: Source::Number, strength: EQUAL, text: format!("employee number {number} is theirs") });
    }
}
