//! What a check may look at: the graph, the people, the policy, how much of it all was read, and the questions that checks share.

use std::collections::{HashMap, HashSet};

use jiff::{Timestamp, ToSpan as _};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::Check;
use crate::clock::days_before;
use crate::config::{Config, is_like};
use crate::graph::{Graph, Link, LinkState, Node, Person};
use crate::model::{EdgeKind, Finding, NodeId, NodeKind, Severity, SystemId};
use crate::store::scans::CoverageRow;

/// A link this weak is not reported on: a name alone is no evidence of access.
const TOO_WEAK: f64 = 0.5;

/// An account, or an address, that a person has; or seems to have.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The account.
    pub index: NodeIndex,
    /// Its node.
    pub node: &'a Node,
    /// The claim that it is theirs.
    pub link: &'a Link,
}

/// What a check looks at.
#[derive(Debug)]
pub struct View<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// Everybody.
    pub people: &'a [Person],
    /// Executives, and whoever has left or is leaving.
    pub watched: Vec<&'a Person>,
    /// The settings.
    pub config: &'a Config,
    /// The latest coverage of every scope.
    pub coverage: &'a [CoverageRow],
    /// The accounts of our own credentials: system, hand, key.
    pub own: &'a [(String, String, String)],
    /// The present.
    pub now: Timestamp,
    held: HashMap<NodeId, Vec<Held<'a>>>,
}

impl<'a> View<'a> {
    /// A view of the graph at `now`.
    pub fn new(graph: &'a Graph, people: &'a [Person], config: &'a Config, coverage: &'a [CoverageRow], now: Timestamp) -> Self {
        let mut claimants: HashMap<NodeId, usize> = HashMap::new();
        for link in graph.links.iter().filter(|link| link.state != LinkState::Rejected) {
            *claimants.entry(link.account).or_default() += 1;
        }
        let mut held: HashMap<NodeId, Vec<Held<'a>>> = HashMap::new();
        for link in &graph.links {
            let alone = claimants.get(&link.account) == Some(&1) && link.confidence >= TOO_WEAK;
            let counts = link.state.is_sure() || (link.state != LinkState::Rejected && alone);
            if let (true, Some(index)) = (counts, graph.index(link.account)) {
                held.entry(link.person).or_default().push(Held { index, node: &graph.net[index], link });
            }
        }
        let watched = people.iter().filter(|person| person.executive || person.is_leaving()).collect();
        Self { graph, people, watched, config, coverage, own: &[], now, held }
    }

    /// The same, knowing which accounts our own credentials belong to.
    #[must_use]
    pub fn with_own(mut self, own: &'a [(String, String, String)]) -> Self {
        self.own = own;
        self
    }

    /// The accounts and addresses that a person has. An unsure one counts if nobody else is claimed to have it: findings on it say
    /// so, and nothing is done about them without a person's word.
    pub fn held(&self, person: &Person) -> &[Held<'a>] {
        self.held.get(&person.id).map_or(&[], Vec::as_slice)
    }

    /// The accounts alone.
    pub fn accounts<'s>(&'s self, person: &Person) -> impl Iterator<Item = Held<'a>> + use<'s, 'a> {
        self.held(person).iter().copied().filter(|held| held.node.kind == NodeKind::Account)
    }

    /// The credentials of a type that a person holds, each once, with the account (or address) that holds it.
    pub fn credentials(&self, person: &Person, type_: &str) -> Vec<(Held<'a>, &'a Node, NodeIndex)> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for held in self.held(person) {
            for (_, edge, to) in self.graph.out(held.index) {
                let node = &self.graph.net[to];
                if edge.kind == EdgeKind::Holds
                    && node.kind == NodeKind::Credential
                    && node.type_ == type_
                    && is_live(node)
                    && seen.insert(to)
                {
                    found.push((*held, node, to));
                }
            }
        }
        found
    }

    /// The nodes that an account, group or role has by memberships and assignments, nearest first, each with its way there. The
    /// walk looks at every node but goes on only from those where `goes_on`.
    pub fn rights(&self, from: NodeIndex, goes_on: impl Fn(&Node) -> bool) -> Vec<(NodeIndex, Vec<EdgeIndex>)> {
        let mut seen = HashSet::from([from]);
        let mut found: Vec<(NodeIndex, Vec<EdgeIndex>)> = Vec::new();
        let mut next = 0;
        let mut at = Some((from, Vec::new()));
        while let Some((node, way)) = at {
            for (edge, weight, to) in self.graph.out(node) {
                if matches!(weight.kind, EdgeKind::MemberOf | EdgeKind::Assigned) && seen.insert(to) {
                    let mut longer = way.clone();
                    longer.push(edge);
                    found.push((to, longer));
                }
            }
            at = None;
            while let Some((node, way)) = found.get(next) {
                next += 1;
                if goes_on(&self.graph.net[*node]) {
                    at = Some((*node, way.clone()));
                    break;
                }
            }
        }
        found
    }

    /// What lies between the two ends of a way, by name: `Platform Leads → Engineering`.
    pub fn between(&self, way: &[EdgeIndex]) -> Option<String> {
        let inner = way.get(..way.len().saturating_sub(1))?;
        let names: Vec<&str> =
            inner.iter().filter_map(|edge| self.graph.net.edge_endpoints(*edge)).map(|(_, to)| self.graph.net[to].label()).collect();
        (!names.is_empty()).then(|| names.join(" → "))
    }

    /// Whether an account is on the list of those that may be local or administer.
    pub fn is_approved_admin(&self, node: &Node) -> bool {
        let emails = node.emails();
        let names = [node.text("login"), node.name.as_deref(), Some(node.key.as_str())]
            .into_iter()
            .flatten()
            .chain(emails.iter().map(String::as_str));
        let list = &self.config.policy.approved_admins;
        names.into_iter().any(|name| list.iter().any(|approved| is_like(name, approved)))
    }

    /// What speaks against believing in completeness: the collections of a system whose latest read is a gap.
    pub fn gaps_of(&self, system: &str) -> Vec<&'a str> {
        let mut gaps: Vec<&str> = self
            .coverage
            .iter()
            .filter(|row| row.system == system && !row.coverage.is_complete())
            .map(|row| row.collection.as_str())
            .collect();
        gaps.dedup();
        gaps
    }

    /// Whether something was used within a week.
    pub fn is_used_now(&self, node: &Node) -> bool {
        node.time("last_used").is_some_and(|at| at >= days_before(self.now, 7))
    }

    /// Whether a moment attribute `expires` has passed.
    pub fn is_expired(&self, node: &Node) -> bool {
        node.time("expires").is_some_and(|at| at <= self.now)
    }

    /// How bad a credential is, from the check's base: worse by one step if it is in use, or fresh while its holder is on the way out, or
    /// its holder is out; milder if it ends within a day, and never more than medium while its account is switched off (it comes back with it).
    pub fn weigh(&self, base: Severity, person: &Person, holder: &Node, node: &Node) -> Severity {
        let leaving = person.is_leaving();
        let fresh = node.time("created").is_some_and(|at| at >= days_before(self.now, 30));
        let worse = self.is_used_now(node) || (leaving && fresh) || person.has_left(self.now);
        let ends = node.time("expires").is_some_and(|at| at <= self.now.checked_add(24.hours()).unwrap_or(self.now));
        let mut severity = if worse { raised(base) } else { base };
        if ends {
            severity = lowered(severity);
        }
        if holder.disabled() { severity.min(Severity::Medium) } else { severity }
    }

    /// A finding about a node of the graph; subject and label are the node's own.
    pub fn finding(&self, check: &dyn Check, person: &Person, node: &Node, severity: Severity, title: String, remedy: &str) -> Finding {
        Finding {
            check: check.name(),
            code: check.code(),
            severity,
            person: Some(person.id),
            system: SystemId(node.system.clone()),
            node: Some(node.id),
            subject: node.key.clone(),
            label: node.label().to_owned(),
            title,
            facts: Vec::new(),
            remedy: remedy.to_owned(),
        }
    }

    /// How we know whose it is, if that isn't sure; and whether exeunt itself stands on it.
    pub fn holder_facts(&self, held: Held<'_>) -> Vec<String> {
        let mut facts = vec![format!("account: {}", login(held.node))];
        if !held.link.state.is_sure() {
            facts.push(format!(
                "thought to be theirs ({}, {:.0} %): {}; `exeunt link confirm {}` or `exeunt link reject {}`",
                held.link.state.word(),
                held.link.confidence * 100.0,
                held.link.evidence.join("; "),
                held.link.id,
                held.link.id
            ));
        }
        if let Some(doubt) = &held.link.doubt {
            facts.push(format!("in doubt: {doubt}; `exeunt link confirm {}` or `exeunt link reject {}`", held.link.id, held.link.id));
        }
        if held.node.disabled() {
            facts.push("the account is switched off: this comes back when it is switched on".to_owned());
        }
        let emails = held.node.emails();
        if self
            .own
            .iter()
            .any(|(system, _, key)| *system == held.node.system && (*key == held.node.key || emails.contains(&key.to_lowercase())))
        {
            facts.push("exeunt's own credential belongs to this account: replace it first".to_owned());
        }
        facts
    }

    /// The system's app in an SSO system, as the settings name it: the SSO's name, and every way to name the app.
    pub fn sign_in_of(&self, system: &str) -> Option<(&'a str, Vec<String>)> {
        let sign_in = self.config.systems.get(system)?.signs_in_through.as_ref()?;
        let mut names = vec![sign_in.app.to_lowercase()];
        for (_, node) in self.graph.nodes().filter(|(_, node)| node.kind == NodeKind::App && node.system == sign_in.system) {
            let (key, name) = (node.key.to_lowercase(), node.label().to_lowercase());
            if names.contains(&key) || names.contains(&name) {
                names.extend([key, name]);
            }
        }
        Some((&sign_in.system, names))
    }
}

/// What a person would call an account: its login, else its name.
pub fn login(node: &Node) -> &str {
    node.text("login").unwrap_or_else(|| node.label())
}

/// Whether a credential or device is in force, as far as its system says.
pub fn is_live(node: &Node) -> bool {
    !matches!(node.text("state"), Some("disabled" | "revoked" | "inactive" | "expired" | "deleted" | "retired"))
}

/// One step worse.
pub fn raised(severity: Severity) -> Severity {
    match severity {
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// One step milder.
pub fn lowered(severity: Severity) -> Severity {
    match severity {
        Severity::Low | Severity::Medium => Severity::Low,
        Severity::High => Severity::Medium,
        Severity::Critical => Severity::High,
    }
}

/// A moment attribute as a fact: `last used 2026-03-03`.
pub fn when(what: &str, node: &Node, attr: &str) -> Option<String> {
    node.time(attr).map(|at| format!("{what} {}", at.strftime("%Y-%m-%d")))
}

/// A fact about a list: `scopes: a, b`; shortened when it is long.
pub fn listed(what: &str, items: &[&str]) -> Option<String> {
    const MOST: usize = 12;
    if items.is_empty() {
        return None;
    }
    let more = if items.len() > MOST { format!(" and {} more", items.len() - MOST) } else { String::new() };
    Some(format!("{what}: {}{more}", items.iter().take(MOST).copied().collect::<Vec<_>>().join(", ")))
}

/// The facts that most credentials have: when made, last used, when it ends.
pub fn dates(node: &Node) -> Vec<String> {
    let mut facts: Vec<String> = [when("created", node, "created"), when("last used", node, "last_used")].into_iter().flatten().collect();
    facts.push(when("expires", node, "expires").unwrap_or_else(|| "no end date known".to_owned()));
    facts
}
