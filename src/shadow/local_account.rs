//! S01: an account that signs in with its own password, outside single sign-on.
//!
//! Risk: switching off the person's SSO account does nothing to it; it often dates from before SSO and administers.
//! Predicate: an active account of a watched person that its system says is local, or whose system signs in through an SSO app (settings:
//! `signs_in_through`) while nobody's SSO account leads to it.
//! Traps: break-glass accounts (`policy.approved_admins`); SSO and directory themselves, where the password belongs; doors, where nobody
//! signs in; an SSO app of which not one sign-in was ever read, for absence needs evidence.
//! Severity: high; critical when it administers; a step milder, and said to be doubtful, when the app's list of users was cut short. It
//! isn't dropped then, for that would close an older finding without evidence.

use std::collections::{HashMap, HashSet};

use petgraph::graph::NodeIndex;

use super::view::{Held, dates, login, lowered};
use super::{Check, View, standing_admin};
use crate::model::{EdgeKind, Finding, NodeKind, Severity};
use crate::store::scans::CoverageRow;

const REMEDY: &str =
    "Suspend the account, reset its password, end its sessions and tokens; then have its owner use single sign-on, or close it.";

/// The check.
pub(super) struct LocalAccount;

impl Check for LocalAccount {
    fn name(&self) -> &'static str {
        "local-account"
    }

    fn code(&self) -> &'static str {
        "S01"
    }

    fn title(&self) -> &'static str {
        "Account that signs in with its own password, outside single sign-on"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut sign_ins: HashMap<&str, Option<SignIns<'_>>> = HashMap::new();
        for person in &view.watched {
            for held in view.accounts(person) {
                let node = held.node;
                if !node.seen || node.disabled() || matches!(view.graph.category(&node.system), "sso" | "directory" | "badge" | "hris") {
                    continue;
                }
                let sign_ins = sign_ins.entry(&node.system).or_insert_with(|| SignIns::read(view, &node.system));
                let Some((why, doubtful)) = why_local(held, sign_ins.as_ref()) else { continue };
                if view.is_approved_admin(node) {
                    continue;
                }
                let admin = standing_admin::roles(view, held.index).into_iter().next();
                let mut severity = if admin.is_some() { Severity::Critical } else { Severity::High };
                if doubtful {
                    severity = lowered(severity);
                }
                let title = format!("{} signs in to {} outside single sign-on as {}", person.name, node.system, login(node));
                let mut finding = view.finding(self, person, node, severity, title, REMEDY);
                finding.label = login(node).to_owned();
                finding.facts = view.holder_facts(held);
                finding.facts.push(why);
                if doubtful {
                    finding.facts.push("doubtful: the list of who signs in to it was not read to its end".to_owned());
                }
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

/// Who signs in to a system through its app: read once for all accounts of the system.
struct SignIns<'a> {
    /// The SSO system.
    sso: &'a str,
    /// The accounts that sign-ins lead to.
    accounts: HashSet<NodeIndex>,
    /// The addresses that sign-ins lead to.
    addresses: HashSet<String>,
    /// The list of the app's users was not read to its end.
    cut_short: bool,
}

impl<'a> SignIns<'a> {
    /// None if the system isn't used through SSO, or if not one sign-in was ever read: nothing follows from not seeing one then.
    fn read(view: &View<'a>, system: &str) -> Option<Self> {
        let (sso, names) = view.sign_in_of(system)?;
        let unread = |row: &CoverageRow| row.system == sso && !row.coverage.is_complete() && names.contains(&row.parent.to_lowercase());
        let cut_short = view.coverage.iter().any(unread);
        let mut found = Self { sso, accounts: HashSet::new(), addresses: HashSet::new(), cut_short };
        for (source, _) in view.graph.nodes().filter(|(_, from)| from.kind == NodeKind::Account && from.system == sso) {
            for (_, edge, to) in view.graph.out(source) {
                let app = edge.attrs.get("app_name").and_then(serde_json::Value::as_str);
                if edge.kind != EdgeKind::SignsInTo || !app.is_none_or(|app| names.contains(&app.to_lowercase())) {
                    continue;
                }
                let target = &view.graph.net[to];
                if target.kind == NodeKind::Address {
                    found.addresses.insert(target.key.clone());
                } else if target.system == sso {
                    // Seen from the SSO system, its own account stands for the address. Then only that account's first address, its
                    // login, is meant, and not a private one beside it.
                    found.addresses.extend(target.emails().into_iter().next());
                } else {
                    found.accounts.insert(to);
                }
            }
        }
        (!found.accounts.is_empty() || !found.addresses.is_empty()).then_some(found)
    }

    fn lead_to(&self, held: Held<'_>) -> bool {
        self.accounts.contains(&held.index) || held.node.emails().iter().any(|email| self.addresses.contains(email))
    }
}

/// Why an account is taken for local, and whether that is doubtful.
fn why_local(held: Held<'_>, sign_ins: Option<&SignIns<'_>>) -> Option<(String, bool)> {
    let system = &held.node.system;
    match held.node.text("auth") {
        Some("local") => Some((format!("{system} says that it has a password of its own"), false)),
        Some("sso") => None,
        _ => sign_ins.filter(|sign_ins| !sign_ins.lead_to(held)).map(|sign_ins| {
            let why = format!("no account in {0} signs in to it, though {system} is used through {0}", sign_ins.sso);
            (why, sign_ins.cut_short)
        }),
    }
}
