//! S18: an app assigned by hand to a person while groups assign it too.
//!
//! Risk: whoever is taken out of the group keeps the app, and nobody notices.
//! Predicate: an `assigned` edge with scope `direct` from a watched person's account to an app that some group is assigned as well.
//! Traps: an app that no group has: there, direct is the only way.
//! Severity: medium; high when the assignment administers.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::view::when;
use super::{Check, View};
use crate::model::{EdgeKind, Finding, NodeKind, Severity};

const REMEDY: &str = "Take the assignment away by name; if the person needs the app, let the group give it.";

/// The check.
pub(super) struct DirectAssignment;

impl Check for DirectAssignment {
    fn name(&self) -> &'static str {
        "direct-assignment"
    }

    fn code(&self) -> &'static str {
        "S18"
    }

    fn title(&self) -> &'static str {
        "App assigned by hand beside its group"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            let mut seen = HashSet::new();
            for held in view.accounts(person) {
                for (_, edge, to) in view.graph.out(held.index) {
                    let app = &view.graph.net[to];
                    if edge.kind != EdgeKind::Assigned || app.kind != NodeKind::App || text(&edge.attrs, "scope") != Some("direct") {
                        continue;
                    }
                    let groups: Vec<&str> = view
                        .graph
                        .into(to)
                        .filter(|(_, edge, from)| edge.kind == EdgeKind::Assigned && view.graph.net[*from].kind == NodeKind::Group)
                        .map(|(_, _, from)| view.graph.net[from].label())
                        .collect();
                    if groups.is_empty() || !seen.insert(to) {
                        continue;
                    }
                    let role = ["app_role", "role"].into_iter().find_map(|attr| text(&edge.attrs, attr));
                    let administers = role.is_some_and(|role| role.to_lowercase().contains("admin"));
                    let mut severity = if administers { Severity::High } else { Severity::Medium };
                    if held.node.disabled() {
                        severity = severity.min(Severity::Medium);
                    }
                    let title = format!("{} has {} by hand, beside the group that gives it", person.name, app.label());
                    let mut finding = view.finding(self, person, app, severity, title, REMEDY);
                    finding.facts = view.holder_facts(held);
                    finding.facts.push(format!("{} also gives it: leaving the group would not take it away", groups.join(", ")));
                    finding.facts.extend(role.map(|role| format!("role in the app: {role}")));
                    finding.facts.extend(when("last used", app, "last_used"));
                    findings.push(finding);
                }
            }
        }
        findings
    }
}

fn text<'a>(attrs: &'a Map<String, Value>, attr: &str) -> Option<&'a str> {
    attrs.get(attr).and_then(Value::as_str)
}
