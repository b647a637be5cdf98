//! The graph as GraphML, for yEd, Gephi, networkx and the like.

use super::Facts;
use super::clean::markup;
use super::opengraph::{id, kept};
use crate::graph::Person;

const KEYS: &[(&str, &str)] = &[
    ("node", "key"),
    ("node", "name"),
    ("node", "kind"),
    ("node", "type"),
    ("node", "system"),
    ("node", "state"),
    ("node", "since"),
    ("edge", "relation"),
    ("edge", "level"),
    ("edge", "seen_by"),
    ("edge", "from_when"),
];

/// The graph, or what one person reaches of it.
pub fn graph(facts: &Facts, person: Option<&Person>) -> String {
    let graph = &facts.graph;
    let kept = kept(facts, person);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n");
    for (on, name) in KEYS {
        out.push_str(&format!("  <key id=\"{name}\" for=\"{on}\" attr.name=\"{name}\" attr.type=\"string\"/>\n"));
    }
    out.push_str("  <graph id=\"exeunt\" edgedefault=\"directed\">\n");
    let data = |name: &str, value: &str| {
        if value.is_empty() { String::new() } else { format!("<data key=\"{name}\">{}</data>", markup(value)) }
    };
    for (index, node) in graph.nodes().filter(|(index, _)| kept.contains(index)) {
        let since = node.since.map(|at| at.to_string()).unwrap_or_default();
        // Keys may hold anything; ids must be names that differ, and the index is one.
        out.push_str(&format!(
            "    <node id=\"n{}\">{}{}{}{}{}{}{}</node>\n",
            index.index(),
            data("key", &id(node)),
            data("name", node.label()),
            data("kind", node.kind.word()),
            data("type", &node.type_),
            data("system", &node.system),
            data("state", node.text("state").unwrap_or_default()),
            data("since", &since)
        ));
    }
    for edge_index in graph.net.edge_indices() {
        let Some((from, to)) = graph.net.edge_endpoints(edge_index) else { continue };
        if !kept.contains(&from) || !kept.contains(&to) {
            continue;
        }
        let edge = &graph.net[edge_index];
        let since = if edge.system.is_empty() { String::new() } else { edge.since.to_string() };
        out.push_str(&format!(
            "    <edge id=\"e{}\" source=\"n{}\" target=\"n{}\">{}{}{}{}</edge>\n",
            edge_index.index(),
            from.index(),
            to.index(),
            data("relation", edge.kind.word()),
            data("level", edge.level.map_or("", crate::model::Level::word)),
            data("seen_by", &edge.system),
            data("from_when", &since)
        ));
    }
    out.push_str("  </graph>\n</graphml>\n");
    out
}
