//! S32: a badge that opens doors though HR says the person has left.
//!
//! Risk: somebody walks in.
//! Predicate: anyone (not executives alone) who has left by HR's last day, with an active account in a door system, or a live badge.
//! Traps: a last day in the future; an account that is switched off.
//! Severity: critical; a badge of a switched-off door account is milder, for it opens only once the account is back.

use std::collections::HashSet;

use super::view::{Held, dates, is_live};
use super::{Check, View};
use crate::graph::{Node, Person};
use crate::model::{EdgeKind, Finding, NodeKind, Severity};

const REMEDY: &str = "Switch off every badge, phone key, PIN and link of the person, collect the card, tell the landlord where the building is shared, and see the next entry denied.";

/// The check.
pub(super) struct BadgeAfterExit;

impl Check for BadgeAfterExit {
    fn name(&self) -> &'static str {
        "badge-after-exit"
    }

    fn code(&self) -> &'static str {
        "S32"
    }

    fn title(&self) -> &'static str {
        "Badge that works after the last day"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in view.people.iter().filter(|person| person.has_left(view.now)) {
            let mut seen = HashSet::new();
            for held in view.held(person) {
                let badges: Vec<&Node> = view
                    .graph
                    .out(held.index)
                    .filter(|(_, edge, _)| edge.kind == EdgeKind::Holds)
                    .map(|(_, _, to)| &view.graph.net[to])
                    .filter(|node| node.kind == NodeKind::Credential && node.type_ == "badge" && is_live(node) && !view.is_expired(node))
                    .collect();
                let door_account = held.node.kind == NodeKind::Account && view.graph.category(&held.node.system) == "badge";
                if door_account && held.node.seen && !held.node.disabled() {
                    // The account stands for its badges.
                    findings.push(self.found(view, person, *held, held.node, &badges));
                    seen.extend(badges.iter().map(|badge| badge.id));
                    continue;
                }
                for badge in badges {
                    if seen.insert(badge.id) {
                        findings.push(self.found(view, person, *held, badge, &[badge]));
                    }
                }
            }
        }
        findings
    }
}

impl BadgeAfterExit {
    fn found(&self, view: &View<'_>, person: &Person, held: Held<'_>, node: &Node, badges: &[&Node]) -> Finding {
        let title = format!("{} has left, and doors still open for them in {}", person.name, node.system);
        let asleep = held.node.disabled() && held.node.system == node.system;
        let severity = if asleep { Severity::Medium } else { Severity::Critical };
        let mut finding = view.finding(self, person, node, severity, title, REMEDY);
        // People know a door account by its address.
        finding.label = held.node.emails().into_iter().next().unwrap_or_else(|| node.label().to_owned());
        finding.facts = view.holder_facts(held);
        finding.facts.push(match person.last_day {
            Some(day) => format!("HR: last day {day}"),
            None => "HR: no longer active".to_owned(),
        });
        let mut doors = HashSet::new();
        for badge in badges {
            finding.facts.push(format!("badge {}", badge.label()));
            doors.extend(view.graph.index(badge.id).map(|index| doors_of(view, index)).into_iter().flatten());
        }
        doors.extend(doors_of(view, held.index));
        let mut doors: Vec<&str> = doors.into_iter().collect();
        doors.sort_unstable();
        finding.facts.extend(super::view::listed("opens", &doors));
        finding.facts.extend(dates(node));
        finding
    }
}

/// The doors that something opens at first hand.
fn doors_of<'v>(view: &View<'v>, from: petgraph::graph::NodeIndex) -> Vec<&'v str> {
    view.graph
        .out(from)
        .filter(|(_, edge, _)| matches!(edge.kind, EdgeKind::Opens | EdgeKind::CanAccess))
        .map(|(_, _, to)| &view.graph.net[to])
        .filter(|node| node.kind == NodeKind::Resource)
        .map(Node::label)
        .collect()
}
