//! S11: mail that goes on to an address outside the company.
//!
//! Risk: data leaves now, and goes on leaving after the account is switched off, for as long as the mailbox takes mail.
//! Predicate: an address outside the company's domains `receives_mail_of` an account or mailbox of a watched person.
//! Traps: forwarding to an assistant or a ticket system inside the company.
//! Severity: critical.

use std::collections::BTreeMap;

use super::view::Held;
use super::{Check, View};
use crate::graph::Node;
use crate::model::{EdgeKind, Finding, NodeKind, Severity};

const REMEDY: &str =
    "Switch it off in the mailbox's settings, its filters (hidden ones too) and the transport rules, and prove it with a test message.";

/// The check.
pub(super) struct MailForwarding;

impl Check for MailForwarding {
    fn name(&self) -> &'static str {
        "mail-forwarding"
    }

    fn code(&self) -> &'static str {
        "S11"
    }

    fn title(&self) -> &'static str {
        "Mail forwarded outside the company"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            // One finding for each system and address, however many rules send there.
            let mut found: BTreeMap<(String, String), (Held<'_>, &Node, Vec<String>)> = BTreeMap::new();
            for held in view.held(person) {
                let mailboxes = view.graph.out(held.index).filter(|(_, edge, to)| {
                    edge.kind == EdgeKind::Owns && matches!(view.graph.net[*to].type_.as_str(), "mailbox" | "calendar")
                });
                for mailbox in mailboxes.map(|(_, _, to)| to).chain([held.index]) {
                    for (_, edge, from) in view.graph.into(mailbox).filter(|(_, edge, _)| edge.kind == EdgeKind::ReceivesMailOf) {
                        let node = &view.graph.net[from];
                        let Some(address) = outside(view, node) else { continue };
                        let (_, _, facts) = found.entry((edge.system.clone(), address)).or_insert_with(|| (*held, node, Vec::new()));
                        facts.push(rule(&edge.attrs));
                    }
                }
            }
            for ((system, address), (held, node, mut rules)) in found {
                let title = format!("Mail of {} goes to {address}", person.name);
                let mut finding = view.finding(self, person, node, Severity::Critical, title, REMEDY);
                finding.system = system.as_str().into();
                finding.subject.clone_from(&address);
                finding.label.clone_from(&address);
                finding.facts = view.holder_facts(held);
                if person.home_emails.contains(&address) {
                    finding.facts.push("HR knows it as their private address".to_owned());
                }
                rules.sort();
                rules.dedup();
                finding.facts.append(&mut rules);
                findings.push(finding);
            }
        }
        findings
    }
}

/// The address outside the company that a node is, or is known by.
fn outside(view: &View<'_>, node: &Node) -> Option<String> {
    let emails = node.emails();
    if node.kind != NodeKind::Address && emails.iter().any(|email| view.config.is_company_address(email)) {
        return None;
    }
    emails.into_iter().find(|email| !view.config.is_company_address(email))
}

fn rule(attrs: &serde_json::Map<String, serde_json::Value>) -> String {
    let text = |attr: &str| attrs.get(attr).and_then(serde_json::Value::as_str);
    let how = text("via").or_else(|| text("by")).or_else(|| text("rule")).unwrap_or("forwarding");
    let hidden = if attrs.get("hidden").and_then(serde_json::Value::as_bool) == Some(true) { ", hidden" } else { "" };
    let criteria = attrs.get("criteria").filter(|value| !value.is_null()).map(|value| format!(", for {value}")).unwrap_or_default();
    format!("by {how}{hidden}{criteria}")
}
