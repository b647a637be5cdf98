//! S03: a grant to an outside app, which reads on with its refresh token.
//!
//! Risk: it survives the end of sessions and, often, a new password.
//! Predicate: a live `oauth_grant` held by a watched person's account that reaches further than signing in.
//! Traps: apps that policy approves; grants that ask for nothing but who one is; consent that an administrator gave for everybody, which
//! can't be taken from one person without breaking it for all.
//! Severity: high; critical when it reads or writes mail or all files.

use super::view::{Held, dates, listed};
use super::{Check, View};
use crate::config::is_like;
use crate::graph::{Node, Person};
use crate::model::{Finding, Severity};

const REMEDY: &str =
    "Revoke the grant and its refresh tokens, read the list again until it is empty, and have the app's vendor delete what it copied.";

/// Parts of scopes that reach a whole mailbox or all files, in the vendors' spellings.
const FAR: &[&str] = &[
    "mail.google.com",
    "auth/gmail.",
    "mail.read",
    "mail.send",
    "auth/drive",
    "files.read",
    "sites.",
    "directory.",
    "cloud-platform",
    "admin",
];
/// Scopes that look far-reaching by such a part, but cover only what the app itself made.
const NEAR: &[&str] = &["auth/drive.file", "auth/drive.appdata", "auth/drive.install"];

/// The check.
pub(super) struct OauthGrant;

impl Check for OauthGrant {
    fn name(&self) -> &'static str {
        "oauth-grant"
    }

    fn code(&self) -> &'static str {
        "S03"
    }

    fn title(&self) -> &'static str {
        "Grant to an outside app"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        view.watched
            .iter()
            .flat_map(|person| {
                view.credentials(person, "oauth_grant").into_iter().filter_map(|(held, node, _)| self.look(view, person, held, node))
            })
            .collect()
    }
}

impl OauthGrant {
    fn look(&self, view: &View<'_>, person: &Person, held: Held<'_>, node: &Node) -> Option<Finding> {
        if view.config.policy.approved_apps.iter().any(|approved| is_like(node.label(), approved))
            || view.is_expired(node)
            || is_for_everybody(node)
        {
            return None;
        }
        let scopes = scopes(node);
        if !scopes.is_empty() && scopes.iter().all(|scope| only_signs_in(scope)) {
            return None;
        }
        let far = scopes.iter().any(|scope| reaches_far(scope));
        let base = if far { Severity::Critical } else { Severity::High };
        let title = format!("{} of {} may act for {}", node.label(), node.system, person.name);
        let mut finding = view.finding(self, person, node, view.weigh(base, person, held.node, node), title, REMEDY);
        finding.facts = view.holder_facts(held);
        finding.facts.push(listed("scopes", &scopes).unwrap_or_else(|| "what it may do isn't known".to_owned()));
        finding.facts.extend(dates(node));
        Some(finding)
    }
}

fn scopes(node: &Node) -> Vec<&str> {
    let mut scopes: Vec<&str> = Vec::new();
    for scope in node.texts("scopes").into_iter().chain(node.texts("token_scopes")).flat_map(str::split_whitespace) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

fn reaches_far(scope: &str) -> bool {
    let scope = scope.to_lowercase();
    scope == "repo" || (FAR.iter().any(|part| scope.contains(part)) && !NEAR.iter().any(|end| scope.ends_with(end)))
}

fn is_for_everybody(node: &Node) -> bool {
    node.text("consent").is_some_and(|consent| matches!(consent.to_lowercase().as_str(), "all" | "admin" | "allprincipals"))
}

/// Whether a scope says no more than who somebody is.
fn only_signs_in(scope: &str) -> bool {
    let scope = scope.to_lowercase();
    let last = scope.rsplit('/').next().unwrap_or_default();
    matches!(last, "openid" | "profile" | "email" | "user.read" | "userinfo.email" | "userinfo.profile" | "userinfo.openid")
}
