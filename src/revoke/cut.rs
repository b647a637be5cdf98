//! The proof on the graph: what a plan takes away, and what the leaver could still reach afterwards.
//!
//! An action on an edge takes the edge. An action on a node takes the node as access; with anything but an account all
//! that it led to goes too. An account may still be passed through, dead as it is, along the edges that its actions don't
//! take (`also_removes` says which they do): a token that outlives a suspended account is still a way in.

use std::collections::{HashMap, HashSet, VecDeque};

use petgraph::graph::{EdgeIndex, NodeIndex};

use super::spec::{EdgeName, Falls, Plan, ResidualPath, index_of, label};
use crate::graph::{Graph, Person};
use crate::model::{EdgeKind, NodeKind, normal_address};

/// What a plan leaves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cut {
    /// How many things could be reached before: accounts, credentials, groups, files …
    pub reachable_before: usize,
    /// What nothing accounts for, each with a shortest way to it. Empty: the plan is a cut.
    pub residual: Vec<ResidualPath>,
    /// Those of the residual that no other residual thing leads to.
    pub frontier: Vec<NodeIndex>,
    /// What stays reachable until people have done their tasks.
    pub handed_off: Vec<NodeIndex>,
    /// What stays reachable because somebody decided so.
    pub kept: Vec<NodeIndex>,
}

/// What the graph loses by a plan, and where walks stop because a task or a decision accounts for what follows.
struct Taken {
    ended: HashSet<NodeIndex>,
    edges: HashSet<EdgeIndex>,
    handed_nodes: HashSet<NodeIndex>,
    handed_edges: HashSet<EdgeIndex>,
    kept: HashSet<NodeIndex>,
}

/// Proves on the graph what a plan leaves. Nothing is asked of any system.
pub fn prove(graph: &Graph, person: &Person, plan: &Plan) -> Cut {
    let starts = starts(graph, person);
    let before = walk(graph, &starts, |_| true, |_| true);
    let mut cut = Cut { reachable_before: before.order.iter().filter(|index| is_access(graph, **index)).count(), ..Cut::default() };

    let taken = taken(graph, plan, &starts);
    let stops = |index: NodeIndex| taken.handed_nodes.contains(&index) || taken.kept.contains(&index);
    let open = |edge: EdgeIndex| !taken.edges.contains(&edge) && !taken.handed_edges.contains(&edge);
    let left = walk(graph, &starts, open, |index| !stops(index));
    let is_residual = |index: NodeIndex| is_access(graph, index) && !taken.ended.contains(&index) && !stops(index);

    let mut residual: Vec<NodeIndex> = left.order.iter().copied().filter(|index| is_residual(*index)).collect();
    residual.sort_unstable();
    cut.residual = residual.iter().map(|index| left.path(graph, *index)).collect();
    let first = walk(graph, &starts, open, |index| !stops(index) && !is_residual(index));
    cut.frontier = residual.iter().copied().filter(|index| first.seen.contains(index)).collect();

    // Beyond what people do or somebody decided: still reachable, and accounted for.
    let without_kept = walk(graph, &starts, |edge| !taken.edges.contains(&edge), |index| !taken.kept.contains(&index));
    let everything = walk(graph, &starts, |edge| !taken.edges.contains(&edge), |_| true);
    for index in everything.order {
        if !is_access(graph, index) || taken.ended.contains(&index) || is_residual(index) && left.seen.contains(&index) {
            continue;
        }
        if without_kept.seen.contains(&index) && !taken.kept.contains(&index) {
            cut.handed_off.push(index);
        } else {
            cut.kept.push(index);
        }
    }
    cut
}

/// Where the leaver begins: the person, and the addresses that are theirs (a private one too: mail is forwarded there).
pub(super) fn starts(graph: &Graph, person: &Person) -> Vec<NodeIndex> {
    let mut starts = vec![person.index];
    let mut mine: HashSet<String> = person.emails.iter().chain(&person.home_emails).map(|address| normal_address(address)).collect();
    for account in person.accounts(graph) {
        if !is_shared(graph, account) {
            mine.extend(graph.net[account].emails());
        }
    }
    for (index, node) in graph.nodes() {
        let others = || graph.into(index).any(|(_, edge, from)| edge.kind == EdgeKind::HasAccount && from != person.index);
        if node.kind == NodeKind::Address && mine.contains(&node.key) && !others() {
            starts.push(index);
        }
    }
    starts
}

/// Whether more than one person uses an account.
pub(super) fn is_shared(graph: &Graph, account: NodeIndex) -> bool {
    let said = match graph.net[account].attrs.get("shared") {
        Some(serde_json::Value::Bool(yes)) => *yes,
        Some(serde_json::Value::String(text)) => text == "true",
        _ => false,
    };
    said || owners(graph, account).len() > 1
}

/// The people whose account it surely is.
pub(super) fn owners(graph: &Graph, account: NodeIndex) -> Vec<NodeIndex> {
    let mut people: Vec<NodeIndex> =
        graph.into(account).filter(|(_, edge, _)| edge.kind == EdgeKind::HasAccount).map(|(_, _, from)| from).collect();
    people.sort_unstable();
    people.dedup();
    people
}

/// Whether a node is something one has access to.
pub(super) fn is_access(graph: &Graph, index: NodeIndex) -> bool {
    !matches!(graph.net[index].kind, NodeKind::Person | NodeKind::Address | NodeKind::Alias)
}

/// Whether an `also_removes` word means this edge.
pub(super) fn means(graph: &Graph, word: &str, edge: EdgeIndex) -> bool {
    let Some((_, to)) = graph.net.edge_endpoints(edge) else { return false };
    let (kind, type_) = word.split_once('.').map_or((word, None), |(kind, type_)| (kind, Some(type_)));
    kind == "*" || (graph.net[edge].kind.word() == kind && type_.is_none_or(|type_| graph.net[to].type_ == type_))
}

fn taken(graph: &Graph, plan: &Plan, starts: &[NodeIndex]) -> Taken {
    let mut taken = Taken {
        ended: HashSet::new(),
        edges: HashSet::new(),
        handed_nodes: HashSet::new(),
        handed_edges: HashSet::new(),
        kept: plan.kept.iter().filter_map(|kept| index_of(graph, kept.node)).collect(),
    };
    let mut theirs: HashSet<NodeIndex> = starts.iter().copied().collect();
    for start in starts {
        theirs.extend(graph.out(*start).filter(|(_, edge, _)| edge.kind == EdgeKind::HasAccount).map(|(_, _, to)| to));
    }
    let falling = || plan.actions.iter().filter(|action| !action.hand_off).map(|action| &action.falls).chain(&plan.already);
    let named = falling().filter_map(|falls| falls.edge.as_ref()).chain(plan.tasks.iter().flat_map(|task| &task.covers_edges));
    let edges = Edges::from(graph, named.map(|name| name.from));
    for falls in falling() {
        take(graph, falls, &edges, &theirs, &mut taken);
    }
    for task in &plan.tasks {
        taken.handed_nodes.extend(task.covers.iter().filter_map(|id| index_of(graph, *id)));
        taken.handed_edges.extend(task.covers_edges.iter().flat_map(|name| edges.find(name)));
    }
    // A task beside a call on the same account doesn't account for what outlives the account.
    let ended = &taken.ended;
    taken.handed_nodes.retain(|index| !ended.contains(index));
    taken
}

fn take(graph: &Graph, falls: &Falls, edges: &Edges, theirs: &HashSet<NodeIndex>, taken: &mut Taken) {
    if let Some(name) = &falls.edge {
        taken.edges.extend(edges.find(name));
    }
    let Some(index) = falls.node.and_then(|id| index_of(graph, id)) else { return };
    let account = graph.net[index].kind == NodeKind::Account;
    if falls.ends_node {
        taken.ended.insert(index);
    }
    for (edge, _, _) in graph.out(index) {
        if (falls.ends_node && !account) || falls.out.iter().any(|word| means(graph, word, edge)) {
            taken.edges.insert(edge);
        }
    }
    for (edge, weight, from) in graph.into(index) {
        if theirs.contains(&from) && falls.into.iter().any(|word| word == weight.kind.word()) {
            taken.edges.insert(edge);
        }
    }
}

/// The edges out of some nodes, by name: somebody with ten thousand files has as many edges.
struct Edges(HashMap<EdgeName, Vec<EdgeIndex>>);

impl Edges {
    fn from(graph: &Graph, nodes: impl Iterator<Item = i64>) -> Self {
        let mut edges: HashMap<EdgeName, Vec<EdgeIndex>> = HashMap::new();
        for from in nodes.collect::<HashSet<i64>>().into_iter().filter_map(|id| index_of(graph, id)) {
            for (edge, _, _) in graph.out(from) {
                if let Some(name) = EdgeName::of(graph, edge) {
                    edges.entry(name).or_default().push(edge);
                }
            }
        }
        Self(edges)
    }

    fn find(&self, name: &EdgeName) -> impl Iterator<Item = EdgeIndex> {
        self.0.get(name).into_iter().flatten().copied()
    }
}

/// A walk's result.
struct Walk {
    order: Vec<NodeIndex>,
    seen: HashSet<NodeIndex>,
    came_by: HashMap<NodeIndex, EdgeIndex>,
}

/// Walks from several starts along edges that pass, and on from nodes that lead on.
fn walk(graph: &Graph, starts: &[NodeIndex], passes: impl Fn(EdgeIndex) -> bool, leads_on: impl Fn(NodeIndex) -> bool) -> Walk {
    let mut walk = Walk { order: starts.to_vec(), seen: starts.iter().copied().collect(), came_by: HashMap::new() };
    let mut queue: VecDeque<NodeIndex> = starts.iter().copied().collect();
    while let Some(node) = queue.pop_front() {
        if !leads_on(node) {
            continue;
        }
        let mut edges: Vec<(EdgeIndex, NodeIndex)> = graph.out(node).map(|(edge, _, to)| (edge, to)).collect();
        edges.sort_unstable();
        for (edge, to) in edges {
            if passes(edge) && walk.seen.insert(to) {
                walk.came_by.insert(to, edge);
                walk.order.push(to);
                queue.push_back(to);
            }
        }
    }
    walk
}

impl Walk {
    fn path(&self, graph: &Graph, to: NodeIndex) -> ResidualPath {
        let mut labels = vec![label(graph, to)];
        let mut at = to;
        while let Some(edge) = self.came_by.get(&at) {
            let Some((from, _)) = graph.net.edge_endpoints(*edge) else { break };
            labels.push(graph.net[*edge].kind.word().to_owned());
            labels.push(label(graph, from));
            at = from;
        }
        labels.reverse();
        ResidualPath { node: graph.net[to].id.0, system: graph.net[to].system.clone(), labels }
    }
}
