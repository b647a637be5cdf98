//! S06: an app password, which speaks old protocols.
//!
//! Risk: it passes by second factors and single sign-on, and works again when a suspended account is restored.
//! Predicate: a live `app_password` held by a watched person's account, suspended accounts included.
//! Traps: other people's (a scanner on the third floor); a suspended account's is milder, but stays until it is deleted.
//! Severity: high; critical when used within a week.

use super::view::dates;
use super::{Check, View};
use crate::model::{Finding, Severity};

const REMEDY: &str =
    "Delete the app password and switch IMAP and POP off, before the account is suspended, for afterwards it can't be seen.";

/// The check.
pub(super) struct AppPassword;

impl Check for AppPassword {
    fn name(&self) -> &'static str {
        "app-password"
    }

    fn code(&self) -> &'static str {
        "S06"
    }

    fn title(&self) -> &'static str {
        "App password that passes by second factors"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            for (held, node, _) in view.credentials(person, "app_password") {
                if view.is_expired(node) {
                    continue;
                }
                let title = format!("{} has the app password {} in {}", person.name, node.label(), node.system);
                let mut finding = view.finding(self, person, node, view.weigh(Severity::High, person, held.node, node), title, REMEDY);
                finding.facts = view.holder_facts(held);
                finding.facts.extend(dates(node));
                findings.push(finding);
            }
        }
        findings
    }
}
