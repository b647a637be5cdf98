//! S15: open to anyone who has the link.
//!
//! Risk: no account is needed, so that no account can be switched off.
//! Predicate: a live `share_link` that a watched person holds, or that opens a resource of theirs.
//! Traps: what is public by design (`policy.public_by_design`: press kits); links for the company alone; expired links; a link inherited
//! from a folder, which can only be closed there.
//! Severity: critical when it lets anyone write, else high; where a door opens, critical.

use std::collections::{BTreeMap, HashSet};

use petgraph::graph::NodeIndex;

use super::share_to_self::is_inherited;
use super::view::{Held, is_live, lowered, when};
use super::{Check, View};
use crate::config::is_like;
use crate::graph::Node;
use crate::model::{EdgeKind, Finding, Level, NodeKind, Severity};

const REMEDY: &str = "Close the link, then prove it by reading the permissions again; move what must stay public to a company-owned place.";
const REMEDY_INHERITED: &str =
    "Close the link on the folder or drive that it is inherited from, then prove it by reading the permissions again.";

/// The check.
pub(super) struct PublicLink;

impl Check for PublicLink {
    fn name(&self) -> &'static str {
        "public-link"
    }

    fn code(&self) -> &'static str {
        "S15"
    }

    fn title(&self) -> &'static str {
        "Open to anyone who has the link"
    }

    fn run(&self, view: &View<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for person in &view.watched {
            // One finding for each resource, however many links open it.
            let mut open: BTreeMap<NodeIndex, (Held<'_>, Vec<NodeIndex>)> = BTreeMap::new();
            let mut seen = HashSet::new();
            for held in view.held(person) {
                for (resource, link) in links(view, held.index) {
                    if seen.insert((resource, link)) {
                        open.entry(resource).or_insert_with(|| (*held, Vec::new())).1.push(link);
                    }
                }
            }
            for (resource, (held, links)) in open {
                let node = &view.graph.net[resource];
                if view.config.policy.public_by_design.iter().any(|pattern| is_like(node.label(), pattern)) {
                    continue;
                }
                let links: Vec<&Node> = links.into_iter().map(|link| &view.graph.net[link]).collect();
                let level = links.iter().filter_map(|link| level(view, link)).max();
                let inherited = links.iter().all(|link| is_inherited(&link.attrs));
                let mut severity = if level >= Some(Level::Write) || node.type_ == "door" { Severity::Critical } else { Severity::High };
                if links.iter().all(|link| link.time("expires").is_some_and(|at| at <= crate::clock::days_before(view.now, -1))) {
                    severity = lowered(severity);
                }
                let title = format!("{} is open to anyone who has the link", node.label());
                let mut finding = view.finding(self, person, node, severity, title, if inherited { REMEDY_INHERITED } else { REMEDY });
                finding.facts = view.holder_facts(held);
                finding.facts.push(match links.as_slice() {
                    [_] => "1 link opens it".to_owned(),
                    more => format!("{} links open it", more.len()),
                });
                finding.facts.extend(level.map(|level| format!("level: {level}")));
                if inherited {
                    finding.facts.push("the link is inherited: it can't be closed here".to_owned());
                }
                finding.facts.extend(links.iter().find_map(|link| when("expires", link, "expires")));
                finding.facts.extend(when("changed", node, "modified"));
                findings.push(finding);
            }
        }
        findings
    }
}

/// The links that an account holds, or that open what it owns: resource and link.
fn links(view: &View<'_>, from: NodeIndex) -> Vec<(NodeIndex, NodeIndex)> {
    let counts = |link: NodeIndex| {
        let node = &view.graph.net[link];
        node.kind == NodeKind::Credential && node.type_ == "share_link" && is_live(node) && !view.is_expired(node) && is_public(node)
    };
    let mut found = Vec::new();
    for (_, edge, to) in view.graph.out(from) {
        match edge.kind {
            EdgeKind::Holds if counts(to) => {
                found.extend(view.graph.out(to).filter(|(_, edge, _)| edge.kind == EdgeKind::Opens).map(|(_, _, resource)| (resource, to)));
            }
            EdgeKind::Owns => {
                let opening = view.graph.into(to).filter(|(_, edge, link)| edge.kind == EdgeKind::Opens && counts(*link));
                found.extend(opening.map(|(_, _, link)| (to, link)));
            }
            _ => {}
        }
    }
    found
}

/// A link for the company alone is no public link.
fn is_public(link: &Node) -> bool {
    !link.text("audience").is_some_and(|audience| {
        matches!(audience.to_lowercase().as_str(), "company" | "domain" | "organization" | "users" | "existingaccess")
    })
}

fn level(view: &View<'_>, link: &Node) -> Option<Level> {
    let index = view.graph.index(link.id)?;
    let of_edge = view.graph.out(index).filter(|(_, edge, _)| edge.kind == EdgeKind::Opens).filter_map(|(_, edge, _)| edge.level).max();
    of_edge.or_else(|| link.text("level").and_then(|level| level.parse().ok()))
}
