//! Reach: everything a person can get to, by which paths, and what would remain if some of it were taken away.

use std::collections::{HashMap, HashSet, VecDeque};

use petgraph::graph::{EdgeIndex, NodeIndex};

use super::Graph;
use crate::model::NodeKind;

/// One way from a person to something: the edges, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(pub Vec<EdgeIndex>);

/// Everything that can be reached from somewhere.
#[derive(Debug)]
pub struct Reach {
    /// Reached nodes in the order of their distance, the start first.
    pub order: Vec<NodeIndex>,
    came_by: HashMap<NodeIndex, EdgeIndex>,
}

impl Reach {
    /// Walks from `start` along every edge that `passes`.
    pub fn from(graph: &Graph, start: NodeIndex, mut passes: impl FnMut(EdgeIndex) -> bool) -> Self {
        let mut order = vec![start];
        let mut came_by = HashMap::new();
        let mut seen = HashSet::from([start]);
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for (edge, _, to) in graph.out(node) {
                if !seen.contains(&to) && passes(edge) {
                    seen.insert(to);
                    came_by.insert(to, edge);
                    order.push(to);
                    queue.push_back(to);
                }
            }
        }
        Self { order, came_by }
    }

    /// Whether a node is reached.
    pub fn holds(&self, node: NodeIndex) -> bool {
        self.came_by.contains_key(&node) || self.order.first() == Some(&node)
    }

    /// A shortest way to a reached node.
    pub fn path(&self, graph: &Graph, to: NodeIndex) -> Path {
        let mut edges = Vec::new();
        let mut at = to;
        while let Some(edge) = self.came_by.get(&at) {
            edges.push(*edge);
            let Some((from, _)) = graph.net.edge_endpoints(*edge) else { break };
            at = from;
        }
        edges.reverse();
        Path(edges)
    }

    /// The reached nodes that are access: everything but people, and the names that merely stand for them.
    pub fn access<'g>(&'g self, graph: &'g Graph) -> impl Iterator<Item = NodeIndex> + 'g {
        self.order.iter().copied().filter(|index| is_access(graph, *index))
    }

    /// Every way (without going in circles) from the start to `to`, shortest first, at most `most`.
    pub fn paths(graph: &Graph, start: NodeIndex, to: NodeIndex, most: usize) -> Vec<Path> {
        let mut found = Vec::new();
        let mut queue: VecDeque<(NodeIndex, Vec<EdgeIndex>)> = VecDeque::from([(start, Vec::new())]);
        let useful = Self::towards(graph, to);
        // Bounded: a dense graph has more ways than anyone wants to read.
        let mut steps = 0_usize;
        while let Some((node, edges)) = queue.pop_front() {
            steps += 1;
            if found.len() >= most || steps > 100_000 {
                break;
            }
            if node == to && !edges.is_empty() {
                found.push(Path(edges));
                continue;
            }
            for (edge, _, next) in graph.out(node) {
                let circles =
                    next == start || edges.iter().any(|passed| graph.net.edge_endpoints(*passed).is_some_and(|(_, seen)| seen == next));
                if !circles && useful.contains(&next) {
                    let mut longer = edges.clone();
                    longer.push(edge);
                    queue.push_back((next, longer));
                }
            }
        }
        found
    }

    /// Every node from which `to` can be reached.
    fn towards(graph: &Graph, to: NodeIndex) -> HashSet<NodeIndex> {
        let mut seen = HashSet::from([to]);
        let mut queue = VecDeque::from([to]);
        while let Some(node) = queue.pop_front() {
            for (_, _, from) in graph.into(node) {
                if seen.insert(from) {
                    queue.push_back(from);
                }
            }
        }
        seen
    }
}

/// Whether a node is something one has access to. People aren't; an address is only a name.
pub(super) fn is_access(graph: &Graph, index: NodeIndex) -> bool {
    !matches!(graph.net[index].kind, NodeKind::Person | NodeKind::Address | NodeKind::Alias)
}
