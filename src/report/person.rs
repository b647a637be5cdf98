//! The inventory: everything one person can reach, system by system, and what about these systems isn't known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use petgraph::graph::NodeIndex;
use schemars::JsonSchema;
use serde::Serialize;

use super::parts::{FindingView, is_address, says};
use super::{BlindSpot, Counts, Facts, Gap, PersonHead};
use crate::graph::{Graph, Link, Node, Person, Reach};
use crate::model::{EdgeKind, Level, NodeKind, Severity};

/// Everything one person can reach.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Inventory {
    /// Who.
    pub person: PersonHead,
    /// The moment.
    pub at: Timestamp,
    /// Whether that moment lies in the past.
    pub past: bool,
    /// How many things they reach, all systems together.
    pub reached: u64,
    /// Their open findings, by severity.
    pub counts: Counts,
    /// What they reach, system by system.
    pub systems: Vec<SystemInventory>,
    /// Who can act for them, and where their mail goes.
    pub acting_for_them: Vec<Relation>,
    /// Accounts that might be theirs: a person should decide.
    pub unsure: Vec<UnsureLink>,
    /// Their open findings, the worst first.
    pub findings: Vec<FindingView>,
    /// Systems on which nothing of theirs was seen, but which were not read to the end either.
    pub elsewhere: Vec<Gap>,
}

/// What one person reaches on one system.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct SystemInventory {
    /// The system; empty for addresses, which belong to none.
    pub system: String,
    /// What sort of system it is.
    pub category: String,
    /// Accounts, and addresses that stand for one.
    pub accounts: Vec<AccountView>,
    /// Roles.
    pub roles: Vec<Held>,
    /// Groups.
    pub groups: Vec<Held>,
    /// Apps.
    pub apps: Vec<Held>,
    /// Credentials, by type.
    pub credentials: Vec<OfType>,
    /// Devices.
    pub devices: Vec<Held>,
    /// Resources, by type.
    pub resources: Vec<OfType>,
    /// For whom they can act, and whose mail they receive.
    pub acts_for: Vec<Relation>,
    /// What should have been read here and wasn't.
    pub gaps: Vec<Gap>,
    /// What this system's API can't show.
    pub blind_spots: Vec<BlindSpot>,
}

/// An account.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct AccountView {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Whether it is an address without an account.
    pub address_only: bool,
    /// active, disabled, or what the system says; null if it says nothing.
    pub state: Option<String>,
    /// When it was used last.
    pub last_used: Option<Timestamp>,
    /// Since when it was seen so.
    pub since: Option<Timestamp>,
    /// How it was found to be theirs; null if they get there through another account.
    pub link: Option<LinkView>,
    /// How they get there, if it isn't theirs.
    pub via: Vec<String>,
}

/// How an account was found to be somebody's.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct LinkView {
    /// certain, likely, disputed, confirmed or rejected.
    pub state: String,
    /// 0 to 1.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// Why a person should look although it is acted on: no longer supported by …; null where nothing is in doubt.
    pub doubt: Option<String>,
}

/// An account that might be somebody's.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct UnsureLink {
    /// The link's number, for `exeunt link confirm`.
    pub id: i64,
    /// The account's system; empty for an address.
    pub system: String,
    /// The account.
    pub account: String,
    /// How it was found.
    pub link: LinkView,
}

/// Something that is reached.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Held {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Its type, where it has one.
    pub type_: String,
    /// How far access goes at most, where that is known.
    pub level: Option<String>,
    /// What its system says about its state.
    pub state: Option<String>,
    /// When it was used last.
    pub last_used: Option<Timestamp>,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// Since when it was seen so.
    pub since: Option<Timestamp>,
    /// What stands between the person's account and it.
    pub via: Vec<String>,
    /// The worst open finding about it.
    pub finding: Option<String>,
    /// Open to whoever has a link.
    pub public: bool,
    #[serde(skip)]
    rank: (Option<Severity>, bool, Option<Level>),
}

/// Things of one type.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct OfType {
    /// The type.
    pub type_: String,
    /// How many.
    pub count: u64,
    /// How many at each level; "unknown" where no level is known.
    pub levels: BTreeMap<String, u64>,
    /// The things, the most sensitive first: findings, then public ones, then by level.
    pub items: Vec<Held>,
}

/// Somebody can act for somebody, or gets their mail.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Relation {
    /// Who.
    pub who: String,
    /// What they can do: `may act for`, `receives the mail of`.
    pub says: String,
    /// For whom, or whose.
    pub whose: String,
    /// Where.
    pub system: String,
    /// Whether the one is an address outside the company.
    pub outside: bool,
    /// Since when.
    pub since: Timestamp,
}

impl Inventory {
    /// Everything that `person` can reach.
    pub fn of(facts: &Facts, person: &Person) -> Self {
        let graph = &facts.graph;
        let reach = facts.reach(person);
        let findings = facts.findings_of(person, Some(&reach));
        let mut worst: HashMap<NodeIndex, Severity> = HashMap::new();
        for row in facts.findings.iter().filter(|row| row.person == Some(person.id)) {
            if let Some(index) = row.node.and_then(|node| graph.end(node, &row.system)) {
                let known = worst.entry(index).or_insert(row.severity);
                *known = row.severity.max(*known);
            }
        }
        let mut by_system: BTreeMap<String, Vec<NodeIndex>> = BTreeMap::new();
        for index in reach.access(graph) {
            by_system.entry(graph.net[index].system.clone()).or_default().push(index);
        }
        let reached = by_system.values().map(Vec::len).sum::<usize>() as u64;
        // An address that stands for an account is told where it opens something.
        for index in reach.order.iter().copied().filter(|index| is_address(graph.net[*index].kind)) {
            let systems: BTreeSet<&str> = graph.out(index).map(|(_, edge, _)| edge.system.as_str()).collect();
            for system in systems {
                by_system.entry(system.to_owned()).or_default().push(index);
            }
        }
        let gaps = facts.gaps();
        let teller = Teller { facts, person, reach: &reach, worst: &worst };
        let systems: Vec<SystemInventory> = by_system.into_iter().map(|(system, nodes)| teller.system(system, &nodes, &gaps)).collect();
        let elsewhere = gaps.into_iter().filter(|gap| systems.iter().all(|system| system.system != gap.system)).collect();
        Self {
            person: PersonHead::of(person, facts.at),
            at: facts.at,
            past: facts.past,
            reached,
            counts: Counts::of(findings.iter().filter_map(|finding| finding.rank)),
            acting_for_them: teller.acting_for_them(),
            unsure: unsure(graph, person),
            systems,
            findings,
            elsewhere,
        }
    }
}

struct Teller<'a> {
    facts: &'a Facts,
    person: &'a Person,
    reach: &'a Reach,
    worst: &'a HashMap<NodeIndex, Severity>,
}

impl Teller<'_> {
    fn system(&self, system: String, nodes: &[NodeIndex], gaps: &[Gap]) -> SystemInventory {
        let graph = &self.facts.graph;
        let of = |kind: NodeKind| {
            let mut held: Vec<Held> = nodes.iter().filter(|index| graph.net[**index].kind == kind).map(|index| self.held(*index)).collect();
            held.sort_by(|a, b| b.rank.cmp(&a.rank).then_with(|| a.name.cmp(&b.name)));
            held
        };
        let mut accounts: Vec<AccountView> = nodes
            .iter()
            .filter(|index| graph.net[**index].kind == NodeKind::Account || is_address(graph.net[**index].kind))
            .map(|index| self.account(*index))
            .collect();
        accounts.sort_by(|a, b| b.link.is_some().cmp(&a.link.is_some()).then_with(|| a.name.cmp(&b.name)));
        let mut acts_for = Vec::new();
        for index in nodes {
            for (_, edge, from) in graph.into(*index) {
                let other = matches!(edge.kind, EdgeKind::DelegateOf | EdgeKind::ReceivesMailOf);
                if other && self.reach.holds(from) && !self.is_theirs(*index) {
                    acts_for.push(self.relation(edge, from, *index));
                }
            }
        }
        SystemInventory {
            category: self.facts.graph.category(&system).to_owned(),
            accounts,
            roles: of(NodeKind::Role),
            groups: of(NodeKind::Group),
            apps: of(NodeKind::App),
            credentials: by_type(of(NodeKind::Credential)),
            devices: of(NodeKind::Device),
            resources: by_type(of(NodeKind::Resource)),
            acts_for,
            gaps: gaps.iter().filter(|gap| gap.system == system).cloned().collect(),
            blind_spots: self.facts.blind_spots.iter().filter(|spot| spot.system == system).cloned().collect(),
            system,
        }
    }

    fn link(&self, index: NodeIndex) -> Option<LinkView> {
        let id = self.facts.graph.net[index].id;
        let link =
            self.facts.graph.links.iter().find(|link| link.person == self.person.id && link.account == id && link.state.is_sure())?;
        Some(link_view(link))
    }

    fn account(&self, index: NodeIndex) -> AccountView {
        let node = &self.facts.graph.net[index];
        let link = self.link(index);
        AccountView {
            key: node.key.clone(),
            name: node.label().to_owned(),
            address_only: is_address(node.kind),
            state: node.text("state").map(str::to_owned),
            last_used: last_used(node),
            since: node.since,
            via: if link.is_some() { Vec::new() } else { self.via(index) },
            link,
        }
    }

    /// What stands between the person and a node: the names on the shortest way.
    fn via(&self, index: NodeIndex) -> Vec<String> {
        let graph = &self.facts.graph;
        let path = self.reach.path(graph, index);
        let between = path.0.iter().filter_map(|edge| graph.net.edge_endpoints(*edge)).map(|(from, _)| from).skip(1);
        between.map(|from| graph.net[from].label().to_owned()).collect()
    }

    fn held(&self, index: NodeIndex) -> Held {
        let graph = &self.facts.graph;
        let node = &graph.net[index];
        let mut level = None;
        let mut public = false;
        for (_, edge, from) in graph.into(index) {
            if self.reach.holds(from) {
                level = level.max(if edge.kind == EdgeKind::Owns { Some(Level::Owner) } else { edge.level });
            }
            let from = &graph.net[from];
            public |= edge.kind == EdgeKind::Opens && from.type_ == "share_link" && !from.disabled();
        }
        let finding = self.worst.get(&index).copied();
        Held {
            key: node.key.clone(),
            name: node.label().to_owned(),
            type_: node.type_.clone(),
            level: level.map(|level| level.word().to_owned()),
            state: node.text("state").map(str::to_owned),
            last_used: last_used(node),
            expires: node.time("expires"),
            since: node.since,
            via: self.via(index),
            finding: finding.map(|severity| severity.word().to_owned()),
            public,
            rank: (finding, public, level),
        }
    }

    /// Whether an account or a mailbox is the person's own, rather than one they get at through somebody.
    fn is_theirs(&self, index: NodeIndex) -> bool {
        let graph = &self.facts.graph;
        let linked =
            |index: NodeIndex| graph.into(index).any(|(_, edge, from)| edge.kind == EdgeKind::HasAccount && from == self.person.index);
        linked(index)
            || graph.into(index).any(|(_, edge, from)| {
                linked(from) && (edge.kind == EdgeKind::Owns || (edge.kind == EdgeKind::CanAccess && edge.level == Some(Level::Owner)))
            })
    }

    fn relation(&self, edge: &crate::graph::Edge, from: NodeIndex, to: NodeIndex) -> Relation {
        let graph = &self.facts.graph;
        let who = &graph.net[from];
        Relation {
            who: who.label().to_owned(),
            says: says(edge.kind, None),
            whose: graph.net[to].label().to_owned(),
            system: edge.system.clone(),
            outside: is_address(who.kind) && !self.facts.config.is_company_address(&who.key),
            since: edge.since,
        }
    }

    fn acting_for_them(&self) -> Vec<Relation> {
        let graph = &self.facts.graph;
        let mut relations = Vec::new();
        for index in self.reach.order.iter().copied().filter(|index| self.is_theirs(*index)) {
            for (_, edge, from) in graph.into(index) {
                if matches!(edge.kind, EdgeKind::DelegateOf | EdgeKind::ReceivesMailOf) {
                    relations.push(self.relation(edge, from, index));
                }
            }
        }
        relations.sort_by(|a, b| b.outside.cmp(&a.outside).then_with(|| (&a.system, &a.who).cmp(&(&b.system, &b.who))));
        relations
    }
}

fn last_used(node: &Node) -> Option<Timestamp> {
    ["last_used", "last_sync", "last_seen"].into_iter().filter_map(|attr| node.time(attr)).max()
}

fn by_type(held: Vec<Held>) -> Vec<OfType> {
    let mut types: BTreeMap<String, OfType> = BTreeMap::new();
    for one in held {
        let of = types.entry(one.type_.clone()).or_insert_with(|| OfType {
            type_: one.type_.clone(),
            count: 0,
            levels: BTreeMap::new(),
            items: Vec::new(),
        });
        of.count += 1;
        *of.levels.entry(one.level.clone().unwrap_or_else(|| "unknown".to_owned())).or_default() += 1;
        of.items.push(one);
    }
    let mut types: Vec<OfType> = types.into_values().collect();
    // The type with the most sensitive thing first.
    types.sort_by_key(|of| std::cmp::Reverse(of.items.first().map(|one| one.rank)));
    types
}

fn link_view(link: &Link) -> LinkView {
    LinkView {
        state: link.state.word().to_owned(),
        confidence: link.confidence,
        evidence: link.evidence.clone(),
        doubt: link.doubt.clone(),
    }
}

fn unsure(graph: &Graph, person: &Person) -> Vec<UnsureLink> {
    let links = graph.links.iter().filter(|link| link.person == person.id && link.is_in_doubt());
    let mut unsure: Vec<UnsureLink> = links
        .filter_map(|link| {
            let node = graph.node(link.account)?;
            Some(UnsureLink { id: link.id, system: node.system.clone(), account: node.label().to_owned(), link: link_view(link) })
        })
        .collect();
    unsure.sort_by(|a, b| b.link.confidence.total_cmp(&a.link.confidence));
    unsure
}
