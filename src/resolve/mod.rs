//! Which accounts are one person: clues are gathered, weighed, and made into claims. Pure: graph in, claims out.
//!
//! Two rounds. The first rests on HR's own words (number, addresses, phone, name). What it is certain of teaches the second more: an alias
//! that only the directory knows, and the accounts that a person's SSO account signs in to.

mod by_email;
mod by_employee_number;
mod by_name;
mod by_phone;
mod by_sso_subject;
mod decide;
mod evidence;

use jiff::Timestamp;
use petgraph::graph::NodeIndex;

use crate::graph::{Graph, Person};
use crate::model::NodeKind;
pub use crate::store::links::{Claim, ClaimState};
pub use decide::{CERTAIN, LIKELY, WORTH_A_LOOK};
use evidence::{Clue, Known};

/// One matcher: the clues that it finds at a node.
type Matcher = fn(&Graph, &Known<'_>, NodeIndex, &mut Vec<Clue>);

/// The matchers, strongest first.
const MATCHERS: &[Matcher] = &[by_employee_number::clues, by_sso_subject::clues, by_email::clues, by_phone::clues, by_name::clues];

/// Whose account each account is, as far as the graph says; and which addresses stand for whom. What people decided before (the graph's
/// links) is respected: a rejected pair is not claimed again, and a confirmed account is nobody else's for sure.
pub fn resolve(graph: &Graph, people: &[Person], now: Timestamp) -> Vec<Claim> {
    let mut known = Known::of(graph, people, now);
    let first = claims(graph, &known);
    known.learn(graph, &first);
    claims(graph, &known)
}

fn claims(graph: &Graph, known: &Known<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut clues = Vec::new();
    for (index, node) in graph.nodes() {
        let account = node.kind == NodeKind::Account && node.seen;
        if !(account || node.kind == NodeKind::Address) || evidence::is_nobodys(node) {
            continue;
        }
        clues.clear();
        for matcher in MATCHERS {
            matcher(graph, known, index, &mut clues);
        }
        decide::decide(node, &clues, known, &mut claims);
    }
    claims
}

#[cfg(test)]
mod tests;
