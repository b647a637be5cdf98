//! S46: an account that is active though HR says that the person has left.
//!
//! Risk: nobody cut it: the person had left before exeunt first saw them, the case waits or was refused, or somebody switched it on again.
//! Predicate: anyone (not executives alone) who has left by HR's word, with an account that its system doesn't call disabled.
//! Traps: a last day in the future; an account that is kept by a decision in force (`departure.keep`); doors, which S32 reports with their
//! badges.
//! Severity: high; critical when it administers.

use super::view::{Held, dates, login};
use super::{Check, View, standing_admin};
use crate::graph::Person;
use crate::model::{Finding, Severity};

const REMEDY: &str = "Cut it: `exeunt departures` shows what the person's case waits for, `exeunt revoke` opens one where there is none; or have somebody decide that it is kept (departure.keep).";

/// The check.
pub(super) struct LeaverStillActive;

impl Check for LeaverStillActive {
    fn name(&self) -> &'static str {
        "leaver-still-active"
    }

    fn code(&self) -> &'static str {
        "S46"
    }

    fn title(&self) -> &'static str {
        "Account that is active after the last day"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in view.people.iter().filter(|person| person.has_left(view.now)) {
            for held in view.accounts(person) {
                let node = held.node;
                if !node.seen || node.disabled() || view.graph.category(&node.system) == "badge" || is_kept(view, person, held) {
                    continue;
                }
                let admin = standing_admin::roles(view, held.index).into_iter().next();
                let severity = if admin.is_some() { Severity::Critical } else { Severity::High };
                let title = format!("{} has left, and {} is active in {}", person.name, login(node), node.system);
                let mut finding = view.finding(self, person, node, severity, title, REMEDY);
                finding.label = login(node).to_owned();
                finding.facts = view.holder_facts(held);
                finding.facts.push(match person.last_day {
                    Some(day) => format!("HR: last day {day}"),
                    None => "HR: no longer active".to_owned(),
                });
                if let Some(role) = admin {
                    finding.facts.push(format!("administers: {}", view.graph.net[role.node].label()));
                }
                finding.facts.extend(dates(node).into_iter().filter(|fact| !fact.starts_with("no end")));
                findings.push(finding);
            }
        }
        findings
    }
}

/// Whether somebody decided that the person keeps the account, and the decision is in force.
fn is_kept(view: &View<'_>, person: &Person, held: Held<'_>) -> bool {
    let today = view.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    view.config.departure.keep.iter().any(|keep| {
        keep.until >= today
            && (keep.person == "*" || person.is_called(&keep.person))
            && keep.is_about(&held.node.system, &held.node.key, held.node.label())
    })
}
