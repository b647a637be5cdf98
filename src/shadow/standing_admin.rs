//! S19: a permanent administrator role.
//!
//! Risk: it undoes any revocation, and it is often nested where nobody looks.
//! Predicate: memberships and assignments lead from a watched person's account to a role or group of administrators (`admin` 0 or 1).
//! Traps: approved accounts (`policy.approved_admins`); roles one is only eligible for; a group of administrators that is itself in another
//! one is one finding, the nearest; roles of small reach (`admin` 2).
//! Severity: critical when it can do everything (`admin` 0), else high.

use std::collections::HashSet;

use petgraph::graph::{EdgeIndex, NodeIndex};
use serde_json::Value;

use super::{Check, View};
use crate::graph::Node;
use crate::model::{EdgeKind, Finding, NodeKind, Severity};

const REMEDY: &str = "Appoint a successor where this is the last administrator, then take the role away before the account is switched off; give it back on request, for hours.";

/// Roles down to this tier administer.
const LOWEST_TIER: i64 = 1;

/// The check.
pub(super) struct StandingAdmin;

impl Check for StandingAdmin {
    fn name(&self) -> &'static str {
        "standing-admin"
    }

    fn code(&self) -> &'static str {
        "S19"
    }

    fn title(&self) -> &'static str {
        "Permanent administrator"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            let mut seen = HashSet::new();
            for held in view.accounts(person) {
                if view.is_approved_admin(held.node) {
                    continue;
                }
                for role in roles(view, held.index) {
                    let node = &view.graph.net[role.node];
                    if !seen.insert((node.system.clone(), node.key.clone())) {
                        continue;
                    }
                    let mut severity = if role.tier == 0 { Severity::Critical } else { Severity::High };
                    if held.node.disabled() {
                        severity = severity.min(Severity::Medium);
                    }
                    let what = if role.node == held.index { "an administrator".to_owned() } else { node.label().to_owned() };
                    let title = format!("{} is permanently {what} in {}", person.name, node.system);
                    let mut finding = view.finding(self, person, node, severity, title, REMEDY);
                    finding.facts = view.holder_facts(held);
                    match view.between(&role.way) {
                        Some(through) => finding.facts.push(format!("through {through}")),
                        None => finding.facts.push("directly".to_owned()),
                    }
                    if let Some(edge) = role.way.last() {
                        let text = |attr: &str| view.graph.net[*edge].attrs.get(attr).and_then(Value::as_str);
                        finding.facts.extend(text("since").map(|since| format!("since {}", since.get(..10).unwrap_or(since))));
                    }
                    let others = others(view, role.node, held.index);
                    if others == 0 && role.node != held.index {
                        finding.facts.push("no other account is seen to have it: make sure of a successor first".to_owned());
                    }
                    findings.push(finding);
                }
            }
        }
        findings
    }
}

/// A role that administers, and the way to it.
pub(super) struct AdminRole {
    /// The role or group (or the account itself, where its system doesn't name roles).
    pub node: NodeIndex,
    /// 0: everything; 1: much.
    pub tier: i64,
    /// The edges that lead there.
    pub way: Vec<EdgeIndex>,
}

/// The administrator roles of an account, nearest first. Where a system marks the account itself and names no role, the account stands
/// for its role.
pub(super) fn roles(view: &View<'_>, account: NodeIndex) -> Vec<AdminRole> {
    let administers = |node: &Node| tier(node).is_some_and(|tier| tier <= LOWEST_TIER);
    let mut roles = Vec::new();
    for (index, way) in view.rights(account, |node| matches!(node.kind, NodeKind::Group | NodeKind::Role) && !administers(node)) {
        let node = &view.graph.net[index];
        let eligible = way.iter().any(|edge| view.graph.net[*edge].attrs.get("via").and_then(Value::as_str) == Some("eligible"));
        if let (NodeKind::Role | NodeKind::Group, Some(tier), false) = (node.kind, tier(node), eligible)
            && tier <= LOWEST_TIER
        {
            roles.push(AdminRole { node: index, tier, way });
        }
    }
    if roles.is_empty()
        && let Some(tier) = tier(&view.graph.net[account])
        && tier <= LOWEST_TIER
    {
        roles.push(AdminRole { node: account, tier, way: Vec::new() });
    }
    roles
}

/// The tier of administration: 0 everything, 3 next to nothing.
fn tier(node: &Node) -> Option<i64> {
    node.attrs.get("admin").and_then(Value::as_i64)
}

/// How many accounts beside this one have the role at first hand.
fn others(view: &View<'_>, role: NodeIndex, account: NodeIndex) -> usize {
    view.graph
        .into(role)
        .filter(|(_, edge, from)| matches!(edge.kind, EdgeKind::Assigned | EdgeKind::MemberOf) && *from != account)
        .filter(|(_, _, from)| !view.graph.net[*from].disabled())
        .count()
}
