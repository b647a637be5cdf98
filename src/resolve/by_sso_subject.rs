//! An SSO account that is surely the person's signs in to the account: the company's own word that they are one.

use petgraph::graph::NodeIndex;

use super::evidence::{Clue, Known, Source};
use crate::graph::{Graph, Node};
use crate::model::{EdgeKind, NodeKind, NodeRef};

/// The SSO names the account itself.
const ACCOUNT: f64 = 1.0;
/// The SSO names an address that the account has.
const ADDRESS: f64 = 0.95;

pub(super) fn clues(graph: &Graph, known: &Known<'_>, at: NodeIndex, clues: &mut Vec<Clue>) {
    let node = &graph.net[at];
    if known.sso.contains_key(&at) || node.kind != NodeKind::Account {
        return;
    }
    for (_, edge, from) in graph.into(at) {
        if edge.kind == EdgeKind::SignsInTo
            && let Some(person) = known.sso.get(&from)
        {
            let text = format!("their account in {} signs in to it", graph.net[from].system);
            clues.push(Clue { person: *person, source: Source::SignIn, strength: ACCOUNT, text });
        }
    }
    for (person, sso, login) in logins(graph, known, node) {
        let text = format!("their account in {sso} signs in elsewhere as {login}");
        clues.push(Clue { person, source: Source::SignIn, strength: ADDRESS, text });
    }
}

/// The addresses of an account as which a certain SSO account signs in somewhere: person, SSO system, address.
fn logins<'g>(graph: &'g Graph, known: &Known<'_>, node: &Node) -> Vec<(usize, &'g str, String)> {
    let mut found: Vec<(usize, &str, String)> = Vec::new();
    for email in node.emails() {
        let Some(address) = graph.find("", &NodeRef::new(NodeKind::Address, &email)) else { continue };
        for (_, edge, from) in graph.into(address) {
            if edge.kind == EdgeKind::SignsInTo
                && let Some(person) = known.sso.get(&from)
                && !found.iter().any(|(earlier, _, _)| earlier == person)
            {
                found.push((*person, graph.net[from].system.as_str(), email.clone()));
            }
        }
    }
    found
}
