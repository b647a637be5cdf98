//! S04: an API token or personal access token.
//!
//! Risk: it lives long, asks for no second factor, and in several systems revives together with a reactivated account.
//! Predicate: a live, unexpired `api_token` held by a watched person's account.
//! Traps: expired tokens; a token that a production job uses in a person's name (the remedy hands it over first).
//! Severity: high; critical when used within a week or when its holder is out; milder when it ends within a day.

use super::view::{dates, listed};
use super::{Check, View};
use crate::model::{Finding, Severity};

const REMEDY: &str = "Hand over what depends on it to a service account, then delete the token, also when the account is switched off, for it comes back with it.";

/// The check.
pub(super) struct ApiToken;

impl Check for ApiToken {
    fn name(&self) -> &'static str {
        "api-token"
    }

    fn code(&self) -> &'static str {
        "S04"
    }

    fn title(&self) -> &'static str {
        "API token that outlives sessions and passwords"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            for (held, node, index) in view.credentials(person, "api_token") {
                if view.is_expired(node) {
                    continue;
                }
                let title = format!("{} holds the API token {} of {}", person.name, node.label(), node.system);
                let mut finding = view.finding(self, person, node, view.weigh(Severity::High, person, held.node, node), title, REMEDY);
                finding.facts = view.holder_facts(held);
                finding.facts.extend(listed("scopes", &node.texts("scopes")));
                let opens: Vec<&str> = view
                    .graph
                    .out(index)
                    .filter(|(_, edge, _)| matches!(edge.kind, crate::model::EdgeKind::Opens | crate::model::EdgeKind::CanAccess))
                    .map(|(_, _, to)| view.graph.net[to].label())
                    .collect();
                finding.facts.extend(listed(&format!("opens {}", opens.len()), &opens));
                finding.facts.extend(dates(node));
                findings.push(finding);
            }
        }
        findings
    }
}
