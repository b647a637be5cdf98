//! A phone of the account (its profile's, or one that receives its codes) is the person's at HR.

use petgraph::graph::NodeIndex;

use super::by_email::held;
use super::evidence::{Clue, Known, Source, phone_key};
use crate::graph::Graph;

/// A phone may be an assistant's or a family's: a person should look.
const EQUAL: f64 = 0.7;

pub(super) fn clues(graph: &Graph, known: &Known<'_>, at: NodeIndex, clues: &mut Vec<Clue>) {
    let factors = held(graph, at)
        .filter(|credential| matches!(credential.type_.as_str(), "recovery_method" | "mfa_factor"))
        .filter_map(|credential| credential.text("phone"));
    for phone in graph.net[at].texts("phones").into_iter().chain(factors) {
        let Some(key) = phone_key(phone) else { continue };
        for person in known.phones.get(&key).into_iter().flatten() {
            clues.push(Clue {
                person: *person,
                source: Source::Phone,
                strength: EQUAL,
                text: "a phone of theirs at HR is the account's".to_owned(),
            });
        }
    }
}
