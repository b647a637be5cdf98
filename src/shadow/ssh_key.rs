//! S05: an SSH key.
//!
//! Risk: servers that take keys from the directory never ask whether the account is locked; a key authorised for SSO stays authorised.
//! Predicate: a live `ssh_key` held by a watched person's account.
//! Traps: one key listed twice by one system (as a key and as its authorisation) is one finding; keys of people who aren't watched.
//! Severity: high, by the use and the holder's leaving worse.

use std::collections::HashSet;

use super::view::{dates, login};
use super::{Check, View};
use crate::graph::Node;
use crate::model::{Finding, Severity};

const REMEDY: &str =
    "Remove the key and its authorisation, clear it from every authorized_keys file, and look for its fingerprint elsewhere.";

/// The check.
pub(super) struct SshKey;

impl Check for SshKey {
    fn name(&self) -> &'static str {
        "ssh-key"
    }

    fn code(&self) -> &'static str {
        "S05"
    }

    fn title(&self) -> &'static str {
        "SSH key that no account lock stops"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            let mut credentials = view.credentials(person, "ssh_key");
            // A key and its authorisation are one: the one that says more (it has a fingerprint) speaks for both.
            credentials.sort_by_key(|(_, node, index)| (node.text("fingerprint").is_none(), *index));
            let mut seen = HashSet::new();
            for (held, node, _) in credentials {
                if view.is_expired(node) || !identity(node).is_none_or(|key| seen.insert((node.system.as_str(), key))) {
                    continue;
                }
                // In a directory the key is a line of the account, and people know the account.
                let label = if view.graph.category(&node.system) == "directory" {
                    login(held.node)
                } else {
                    fingerprint(node).unwrap_or_else(|| node.label())
                };
                let title = format!("An SSH key of {} opens {}", person.name, node.system);
                let mut finding = view.finding(self, person, node, view.weigh(Severity::High, person, held.node, node), title, REMEDY);
                finding.label = label.to_owned();
                finding.facts = view.holder_facts(held);
                finding.facts.extend(node.name.as_ref().map(|name| format!("key: {name}")));
                finding.facts.extend(fingerprint(node).map(|print| format!("fingerprint: {print}")));
                finding.facts.extend(dates(node));
                findings.push(finding);
            }
        }
        findings
    }
}

fn fingerprint(node: &Node) -> Option<&str> {
    node.text("fingerprint").or_else(|| Some(node.key.as_str()).filter(|key| key.starts_with("SHA256:")))
}

/// What makes two records one key.
fn identity(node: &Node) -> Option<&str> {
    fingerprint(node).or_else(|| node.text("public_key"))
}
