//! What a departure may concern: the leaver's accounts, what these hold and own, and the edges that begin or end there.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use petgraph::graph::{EdgeIndex, NodeIndex};
use serde_json::{Value, json};

use super::cut;
use crate::graph::{Graph, Person};
use crate::model::{EdgeKind, NodeKind};

/// A node or edge that actions may be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A node.
    Node(NodeIndex),
    /// An edge.
    Edge(EdgeIndex),
}

/// A target, with the account it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// What.
    pub target: Target,
    /// The leaver's account (or address) through which it is theirs.
    pub root: NodeIndex,
    /// Somebody else's edge into what is the leaver's: they may act for the leaver, or get their mail. A walk from the leaver does not come by it, so
    /// it is looked at by itself; without an action it becomes a task.
    pub loose: bool,
}

/// Everything that actions may be done to, in a fixed order.
#[derive(Debug)]
pub(super) struct Candidates {
    /// The sure accounts, and the addresses that are the leaver's.
    pub roots: Vec<NodeIndex>,
    /// Roots, what they hold, and edges.
    pub list: Vec<Candidate>,
    /// The one account of the leaver in a system, where there is one.
    pub only: BTreeMap<String, NodeIndex>,
}

/// Finds everything that a person's departure may concern.
pub(super) fn find(graph: &Graph, person: &Person) -> Candidates {
    let mut roots = person.accounts(graph);
    roots.extend(cut::starts(graph, person).into_iter().filter(|index| *index != person.index));
    roots.sort_unstable();
    roots.dedup();
    let root_set: HashSet<NodeIndex> = roots.iter().copied().collect();

    let mut root_of: HashMap<NodeIndex, NodeIndex> = roots.iter().map(|root| (*root, *root)).collect();
    let mut order = roots.clone();
    let mut queue: VecDeque<NodeIndex> = roots.iter().copied().collect();
    while let Some(node) = queue.pop_front() {
        let root = root_of[&node];
        let mut held: Vec<NodeIndex> = graph
            .out(node)
            .filter(|(_, edge, _)| matches!(edge.kind, EdgeKind::Holds | EdgeKind::Uses | EdgeKind::Owns))
            .map(|(_, _, to)| to)
            // Somebody else's account that is owned (a robot, say) is never acted on unasked: the proof on the graph finds it.
            .filter(|to| !matches!(graph.net[*to].kind, NodeKind::Account | NodeKind::Address | NodeKind::Person | NodeKind::Alias))
            .collect();
        held.sort_unstable();
        for to in held {
            if let std::collections::hash_map::Entry::Vacant(slot) = root_of.entry(to) {
                slot.insert(root);
                order.push(to);
                queue.push_back(to);
            }
        }
    }

    let mut list: Vec<Candidate> =
        order.iter().map(|index| Candidate { target: Target::Node(*index), root: root_of[index], loose: false }).collect();
    let mut edges: Vec<Candidate> = Vec::new();
    for root in &roots {
        edges.extend(graph.out(*root).map(|(edge, _, _)| Candidate { target: Target::Edge(edge), root: *root, loose: false }));
    }
    for index in &order {
        for (edge, weight, from) in graph.into(*index) {
            if root_set.contains(&from) || !matches!(weight.kind, EdgeKind::ReceivesMailOf | EdgeKind::DelegateOf | EdgeKind::CanAccess) {
                continue;
            }
            let concerns = match weight.kind {
                // Whoever may act for the leaver goes on acting in their name: a colleague too.
                EdgeKind::DelegateOf => true,
                // Rights on the account itself, or on their mailbox, are the same by another name.
                EdgeKind::CanAccess => graph.net[*index].kind == NodeKind::Account || graph.net[*index].type_ == "mailbox",
                // Mail that leaves the company: an address that is nobody's account here and no colleague's.
                _ => graph.net[from].kind == NodeKind::Address && cut::owners(graph, from).is_empty(),
            };
            if concerns && !cut::is_shared(graph, root_of[index]) {
                edges.push(Candidate { target: Target::Edge(edge), root: root_of[index], loose: true });
            }
        }
    }
    edges.sort_by_key(|candidate| match candidate.target {
        Target::Edge(edge) => edge.index(),
        Target::Node(_) => 0,
    });
    list.extend(edges);

    let mut by_system: BTreeMap<String, Vec<NodeIndex>> = BTreeMap::new();
    for account in person.accounts(graph) {
        if graph.net[account].kind == NodeKind::Account {
            by_system.entry(graph.net[account].system.clone()).or_default().push(account);
        }
    }
    let only = by_system.into_iter().filter_map(|(system, accounts)| (accounts.len() == 1).then(|| (system, accounts[0]))).collect();
    Candidates { roots, list, only }
}

impl Candidates {
    /// The account that a candidate of this system belongs to: dependencies hold among the actions of one account.
    pub(super) fn concern(&self, graph: &Graph, system: &str, root: NodeIndex) -> NodeIndex {
        if graph.net[root].system == system { root } else { self.only.get(system).copied().unwrap_or(root) }
    }
}

/// A node as templates see it: itself, and who holds or owns it, and what it opens.
pub(super) fn node_value(graph: &Graph, index: NodeIndex, mine: &[NodeIndex]) -> Value {
    let mut value = graph.net[index].as_value();
    let from = |kinds: &[EdgeKind]| {
        let mut holders: Vec<NodeIndex> =
            graph.into(index).filter(|(_, edge, _)| kinds.contains(&edge.kind)).map(|(_, _, from)| from).collect();
        holders.sort_unstable();
        holders.iter().find(|holder| mine.contains(holder)).or(holders.first()).map(|holder| graph.net[*holder].as_value())
    };
    let mut opens: Vec<NodeIndex> = graph.out(index).filter(|(_, edge, _)| edge.kind == EdgeKind::Opens).map(|(_, _, to)| to).collect();
    opens.sort_unstable();
    if let Value::Object(map) = &mut value {
        for (name, found) in [
            ("held_by", from(&[EdgeKind::Holds, EdgeKind::Uses])),
            ("owned_by", from(&[EdgeKind::Owns])),
            ("opens", opens.first().map(|opened| graph.net[*opened].as_value())),
        ] {
            if let Some(found) = found {
                map.entry(name).or_insert(found);
            }
        }
    }
    value
}

/// An edge as templates see it.
pub(super) fn edge_value(graph: &Graph, index: EdgeIndex) -> Value {
    let edge = &graph.net[index];
    let mut map = edge.attrs.clone();
    map.insert("kind".into(), json!(edge.kind.word()));
    map.insert("level".into(), json!(edge.level.map(|level| level.word())));
    map.insert("system".into(), json!(edge.system));
    Value::Object(map)
}
