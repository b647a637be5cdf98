//! S14: something of the company's, shared with the person's own private address.
//!
//! Risk: the private account keeps it whatever happens to the one at work.
//! Predicate: a private address that HR has for a watched person `can_access` a resource.
//! Traps: what policy lets people share with themselves (`policy.own_files`: receipts); sharing with other outsiders, which may be the work
//! itself; a right that is inherited, which can only be taken away where it was given.
//! Severity: critical where the address may write or it is the person's own resource; else high.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::view::when;
use super::{Check, View};
use crate::config::is_like;
use crate::graph::{Graph, Person};
use crate::model::{EdgeKind, Finding, Level, NodeKind, NodeRef, Severity};

const REMEDY: &str = "Keep a copy and the log of its use as evidence, then remove the permission, and tell legal.";
const REMEDY_INHERITED: &str = "Keep a copy and the log of its use as evidence, then remove the permission on the folder or drive that it is inherited from, and tell legal.";

/// The check.
pub(super) struct ShareToSelf;

impl Check for ShareToSelf {
    fn name(&self) -> &'static str {
        "share-to-self"
    }

    fn code(&self) -> &'static str {
        "S14"
    }

    fn title(&self) -> &'static str {
        "Shared with the person's own private address"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            let mut shared: BTreeMap<NodeIndex, Share> = BTreeMap::new();
            for address in person.home_emails.iter().filter(|address| !view.config.is_company_address(address)) {
                let Some(index) = view.graph.find("", &NodeRef::new(NodeKind::Address, address)) else { continue };
                for (_, edge, to) in view.graph.out(index) {
                    if edge.kind != EdgeKind::CanAccess || view.graph.net[to].kind != NodeKind::Resource {
                        continue;
                    }
                    let share = shared.entry(to).or_default();
                    share.level = share.level.max(edge.level);
                    share.inherited |= is_inherited(&edge.attrs);
                    share.addresses.insert(address.clone());
                }
            }
            for (resource, share) in shared {
                let node = &view.graph.net[resource];
                if view.config.policy.own_files.iter().any(|pattern| is_like(node.label(), pattern)) {
                    continue;
                }
                let owners = owners(view.graph, resource);
                let theirs = view.held(person).iter().any(|held| owners.contains(&held.index));
                let severity = if theirs || share.level >= Some(Level::Write) { Severity::Critical } else { Severity::High };
                let addresses = share.addresses.into_iter().collect::<Vec<_>>().join(", ");
                let title = format!("{} is shared with {}'s private address", node.label(), person.name);
                let remedy = if share.inherited { REMEDY_INHERITED } else { REMEDY };
                let mut finding = view.finding(self, person, node, severity, title, remedy);
                finding.facts.push(format!("shared with {addresses}, their private address at HR"));
                finding.facts.extend(share.level.map(|level| format!("level: {level}")));
                if share.inherited {
                    finding.facts.push("the permission is inherited: it can't be removed here".to_owned());
                }
                finding.facts.push(owner_fact(view.graph, person, &owners, theirs));
                finding.facts.extend(when("changed", node, "modified"));
                findings.push(finding);
            }
        }
        findings
    }
}

#[derive(Default)]
struct Share {
    level: Option<Level>,
    inherited: bool,
    addresses: BTreeSet<String>,
}

/// Whether a permission comes from above (a folder, a drive).
pub(super) fn is_inherited(attrs: &serde_json::Map<String, serde_json::Value>) -> bool {
    ["inherited", "inherited_from"].into_iter().filter_map(|attr| attrs.get(attr)).any(|value| match value {
        serde_json::Value::Bool(yes) => *yes,
        serde_json::Value::String(from) => !from.is_empty(),
        _ => false,
    })
}

fn owners(graph: &Graph, resource: NodeIndex) -> Vec<NodeIndex> {
    graph
        .into(resource)
        .filter(|(_, edge, _)| edge.kind == EdgeKind::Owns || (edge.kind == EdgeKind::CanAccess && edge.level == Some(Level::Owner)))
        .map(|(_, _, from)| from)
        .collect()
}

fn owner_fact(graph: &Graph, person: &Person, owners: &[NodeIndex], theirs: bool) -> String {
    if theirs {
        return format!("{} owns it", person.name);
    }
    match owners.first() {
        Some(owner) => format!("owner: {}", graph.net[*owner].label()),
        None => "its owner isn't known".to_owned(),
    }
}
