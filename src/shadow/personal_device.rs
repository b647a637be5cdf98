//! S12: a private device with the company's data on it.
//!
//! Risk: copies stay readable offline, and apps on it hold tokens of their own.
//! Predicate: a watched person's account `uses` a device whose ownership is personal and which gave a sign of life lately.
//! Traps: the company's own devices; stale records (`policy.stale_device_days`); a device that has been retired already.
//! Severity: high.

use std::collections::HashSet;

use super::view::{is_live, raised, when};
use super::{Check, View};
use crate::clock::days_before;
use crate::model::{EdgeKind, Finding, NodeKind, Severity};

const REMEDY: &str =
    "Retire the device, which takes the company's data off it at its next sign of life; never wipe a private device whole.";

/// After so many days without a sign of life a record counts as stale, unless policy says otherwise.
const STALE_DAYS: i64 = 90;

/// The check.
pub(super) struct PersonalDevice;

impl Check for PersonalDevice {
    fn name(&self) -> &'static str {
        "personal-device"
    }

    fn code(&self) -> &'static str {
        "S12"
    }

    fn title(&self) -> &'static str {
        "Private device with the company's data"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let days = view.config.policy.stale_device_days.unwrap_or(STALE_DAYS);
        let mut findings = Vec::new();
        for person in &view.watched {
            let mut seen = HashSet::new();
            for held in view.held(person) {
                for (_, edge, to) in view.graph.out(held.index) {
                    let node = &view.graph.net[to];
                    if edge.kind != EdgeKind::Uses || node.kind != NodeKind::Device || node.text("ownership") != Some("personal") {
                        continue;
                    }
                    let last = ["last_sync", "last_seen", "last_used"].into_iter().find_map(|attr| node.time(attr));
                    // No sign of life on record is no sign of death.
                    if !is_live(node) || last.is_some_and(|at| at < days_before(view.now, days)) || !seen.insert(to) {
                        continue;
                    }
                    let severity = if person.has_left(view.now) { raised(Severity::High) } else { Severity::High };
                    let title = format!("{} uses the private device {} for work", person.name, node.label());
                    let mut finding = view.finding(self, person, node, severity, title, REMEDY);
                    finding.facts = view.holder_facts(*held);
                    finding.facts.push("ownership: personal".to_owned());
                    finding.facts.extend(
                        ["platform", "model", "serial"]
                            .into_iter()
                            .filter_map(|attr| node.text(attr).map(|text| format!("{attr}: {text}"))),
                    );
                    finding.facts.extend(when("enrolled", node, "created"));
                    finding.facts.push(last.map_or_else(
                        || "last sign of life unknown".to_owned(),
                        |at| format!("last sign of life {}", at.strftime("%Y-%m-%d")),
                    ));
                    findings.push(finding);
                }
            }
        }
        findings
    }
}
