//! S45: what can't be seen: collections that were not read whole, and apps that executives have and nobody scans.
//!
//! Risk: every other check is silent where nothing was read; silence there is not safety.
//! Predicate: a scope whose latest read is a gap; an app of an SSO system, executives assigned, that no system of the settings signs in
//! through.
//! Traps: bookmarks, where nobody signs in; apps that a scanner of their own reads; apps that policy hands to a role by a written rule.
//! Severity: as bad as what could hide there: high for the systems that govern others, for doors, vaults and data; else medium.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::{Check, View};
use crate::config::is_like;
use crate::graph::Node;
use crate::model::{Coverage, Finding, NodeKind, Severity, SystemId};
use crate::store::scans::CoverageRow;

/// Its name; findings of this check are about gaps themselves.
pub(super) const NAME: &str = "coverage-gap";

const REMEDY_SCOPE: &str = "Give the reading credential the missing scope, or have the system's administrator attest the list by hand; until then no departure is proved here.";
const REMEDY_APP: &str =
    "Configure a scanner for the app, name the system that signs in through it, or hand it to a role under policy.handed_off_apps.";

/// The check.
pub(super) struct CoverageGap;

impl Check for CoverageGap {
    fn name(&self) -> &'static str {
        NAME
    }

    fn code(&self) -> &'static str {
        "S45"
    }

    fn title(&self) -> &'static str {
        "What can't be seen"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = self.scopes(view);
        findings.extend(self.apps(view));
        findings
    }
}

impl CoverageGap {
    fn scopes(&self, view: &View<'_>) -> Vec<Finding> {
        let mut collections: BTreeMap<(&str, &str), Vec<&CoverageRow>> = BTreeMap::new();
        for row in view.coverage {
            collections.entry((&row.system, &row.collection)).or_default().push(row);
        }
        let mut findings = Vec::new();
        for ((system, collection), rows) in collections {
            let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
            for row in &rows {
                if let Coverage::Gap(reason) = &row.coverage {
                    *reasons.entry(reason.as_str()).or_default() += 1;
                }
            }
            let missing: usize = reasons.values().sum();
            if missing == 0 {
                continue;
            }
            let mut facts: Vec<String> = reasons.keys().map(|reason| format!("gap: {reason}")).collect();
            if rows.len() > 1 {
                facts.push(format!("{missing} of {} lists could not be read", rows.len()));
            }
            facts.extend(rows.iter().map(|row| row.at).max().map(|at| format!("last tried {}", at.strftime("%Y-%m-%d %H:%M UTC"))));
            findings.push(Finding {
                check: NAME,
                code: self.code(),
                severity: severity(view, system),
                person: None,
                system: SystemId(system.to_owned()),
                node: None,
                subject: collection.to_owned(),
                label: collection.to_owned(),
                title: format!("{collection} of {system} can't be seen"),
                facts,
                remedy: REMEDY_SCOPE.to_owned(),
            });
        }
        findings
    }

    fn apps(&self, view: &View<'_>) -> Vec<Finding> {
        let mut having: BTreeMap<NodeIndex, BTreeSet<&str>> = BTreeMap::new();
        for person in view.people.iter().filter(|person| person.executive) {
            for held in view.accounts(person).filter(|held| !held.node.disabled()) {
                for (index, _) in view.rights(held.index, |node| matches!(node.kind, NodeKind::Group | NodeKind::Role)) {
                    if is_blind(view, &view.graph.net[index]) {
                        having.entry(index).or_default().insert(&person.name);
                    }
                }
            }
        }
        having
            .into_iter()
            .map(|(index, people)| {
                let app = &view.graph.net[index];
                let names: Vec<&str> = people.into_iter().collect();
                let mut facts: Vec<String> = super::view::listed(&executives(names.len()), &names).into_iter().collect();
                facts.push(format!("no configured system signs in through it, so nothing inside {} is read", app.label()));
                Finding {
                    check: NAME,
                    code: self.code(),
                    severity: Severity::High,
                    person: None,
                    system: SystemId(app.system.clone()),
                    node: Some(app.id),
                    subject: app.key.clone(),
                    label: app.label().to_owned(),
                    title: format!("{} has executives in it and no scanner", app.label()),
                    facts,
                    remedy: REMEDY_APP.to_owned(),
                }
            })
            .collect()
    }
}

fn executives(number: usize) -> String {
    if number == 1 { "1 executive".to_owned() } else { format!("{number} executives") }
}

/// Whether people sign in to an app that nobody reads and nobody has taken over.
fn is_blind(view: &View<'_>, app: &Node) -> bool {
    let is_called = |name: &str| is_like(&app.key, name) || is_like(app.label(), name);
    let same = |name: &str| app.key.eq_ignore_ascii_case(name) || app.label().eq_ignore_ascii_case(name);
    app.kind == NodeKind::App
        && app.seen
        && view.graph.category(&app.system) == "sso"
        && super::view::is_live(app)
        && !app.text("sign_on").is_some_and(|how| how.eq_ignore_ascii_case("bookmark"))
        && !view
            .config
            .systems
            .values()
            .filter_map(|system| system.signs_in_through.as_ref())
            .any(|through| through.system == app.system && same(&through.app))
        && !view.config.policy.handed_off_apps.iter().any(|handed| is_called(&handed.app))
}

fn severity(view: &View<'_>, system: &str) -> Severity {
    match view.graph.category(system) {
        "sso" | "directory" | "hris" | "badge" | "vault" | "sharing" | "cloud" | "vpn" => Severity::High,
        _ => Severity::Medium,
    }
}
