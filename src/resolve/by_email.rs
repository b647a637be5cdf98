//! A mail address of the account is the person's: HR's word for it, or an alias that a certain account of theirs answers to.

use petgraph::graph::NodeIndex;

use super::evidence::{Clue, Known, Source, address_key, dotless};
use crate::graph::{Graph, Node};
use crate::model::{EdgeKind, NodeKind};

/// Work addresses and aliases are given out by the company.
const WORK: f64 = 0.95;
/// An alias in a system where anybody may write it into a profile: a person should look.
const PROFILE: f64 = 0.7;
/// A private address in an account was written there by whoever made it: nothing is revoked on that alone.
const HOME: f64 = 0.85;
/// An address by itself, which HR says is the person's.
const HR_SAYS_SO: f64 = 0.95;

pub(super) fn clues(graph: &Graph, known: &Known<'_>, at: NodeIndex, clues: &mut Vec<Clue>) {
    let node = &graph.net[at];
    let address = node.kind == NodeKind::Address;
    for email in node.emails() {
        look_up(known, &email, address, "", clues);
    }
    if !address {
        for email in recovery_addresses(graph, at) {
            look_up(known, &email, false, "recovery ", clues);
        }
    }
}

fn look_up(known: &Known<'_>, email: &str, itself: bool, what: &str, clues: &mut Vec<Clue>) {
    let key = address_key(email);
    let mut add = |person, strength, text| clues.push(Clue { person, source: Source::Mail, strength, text });
    for person in known.work.get(&key).into_iter().flatten() {
        add(*person, WORK, format!("{what}address {email} is their work address"));
    }
    for person in known.dotless.get(&dotless(&key)).into_iter().flatten() {
        if !known.work.get(&key).is_some_and(|people| people.contains(person)) {
            add(*person, PROFILE, format!("{what}address {email} is their work address but for the dot of an i"));
        }
    }
    for alias in known.aliases.get(&key).into_iter().flatten() {
        let strength = if alias.given_out { WORK } else { PROFILE };
        add(alias.person, strength, format!("{what}address {email} is an alias of theirs in {}", alias.system));
    }
    for person in known.home.get(&key).into_iter().flatten() {
        let strength = if itself { HR_SAYS_SO } else { HOME };
        add(*person, strength, format!("{what}address {email} is their private address at HR"));
    }
}

/// Where a lost password of the account would be reset to.
fn recovery_addresses(graph: &Graph, at: NodeIndex) -> Vec<String> {
    held(graph, at)
        .filter(|credential| matches!(credential.type_.as_str(), "recovery_method" | "mfa_factor"))
        .filter_map(|credential| credential.text("email").filter(|email| email.contains('@')).map(str::to_owned))
        .collect()
}

/// The credentials that an account holds.
pub(super) fn held(graph: &Graph, at: NodeIndex) -> impl Iterator<Item = &Node> {
    graph
        .out(at)
        .filter(|(_, edge, _)| edge.kind == EdgeKind::Holds)
        .map(|(_, _, to)| &graph.net[to])
        .filter(|node| node.kind == NodeKind::Credential)
}
