//! The graph for BloodHound (OpenGraph, CE 8.0 and later). One kind of an edge that it doesn't like makes it refuse a whole file, so kinds come
//! from our own words only, and what it deletes or can't hold is left out.

use std::collections::HashSet;

use petgraph::graph::NodeIndex;
use serde_json::{Map, Value, json};

use super::Facts;
use crate::graph::{Graph, Node, Person, Reach};
use crate::model::NodeKind;

/// Names that BloodHound keeps for itself.
const RESERVED: &[&str] = &["objectid", "id", "kind", "kinds", "lastseen", "lastcollected", "system_tags"];

/// The graph, or what one person reaches of it.
pub fn graph(facts: &Facts, person: Option<&Person>) -> Value {
    let graph = &facts.graph;
    let kept = kept(facts, person);
    let executives: HashSet<NodeIndex> = facts.people.iter().filter(|person| person.executive).map(|person| person.index).collect();
    let nodes: Vec<Value> = graph
        .nodes()
        .filter(|(index, _)| kept.contains(index))
        .map(|(index, node)| {
            let mut properties = properties(node);
            if node.kind == NodeKind::Person {
                properties.insert("isexec".to_owned(), json!(executives.contains(&index)));
            }
            let mut kinds = vec![kind(node.kind.word())];
            if !node.type_.is_empty() {
                kinds.push(kind(&node.type_));
            }
            json!({ "id": id(node), "kinds": kinds, "properties": properties })
        })
        .collect();
    let edges: Vec<Value> = graph
        .net
        .edge_indices()
        .filter_map(|index| {
            let (from, to) = graph.net.edge_endpoints(index)?;
            if !kept.contains(&from) || !kept.contains(&to) {
                return None;
            }
            let edge = &graph.net[index];
            let mut properties = Map::new();
            if let Some(level) = edge.level {
                properties.insert("level".to_owned(), json!(level.word()));
            }
            // A link has no moment of its own in the graph.
            if !edge.system.is_empty() {
                properties.insert("system".to_owned(), json!(edge.system));
                properties.insert("firstseen".to_owned(), json!(edge.since.to_string()));
            }
            Some(json!({
                "kind": kind(edge.kind.word()),
                "start": { "value": id(&graph.net[from]), "match_by": "id" },
                "end": { "value": id(&graph.net[to]), "match_by": "id" },
                "properties": properties,
            }))
        })
        .collect();
    json!({ "metadata": { "source_kind": "Exeunt" }, "graph": { "nodes": nodes, "edges": edges } })
}

/// The nodes to export: everything but names that stand for nothing, or what one person reaches.
pub(super) fn kept(facts: &Facts, person: Option<&Person>) -> HashSet<NodeIndex> {
    let graph: &Graph = &facts.graph;
    match person {
        Some(person) => Reach::from(graph, person.index, |_| true).order.into_iter().collect(),
        None => {
            let linked = |index: NodeIndex| graph.out(index).next().is_some() || graph.into(index).next().is_some();
            graph
                .nodes()
                .filter(|(index, node)| node.kind != NodeKind::Alias && (node.seen || linked(*index)))
                .map(|(index, _)| index)
                .collect()
        }
    }
}

/// A node's identity in exports: `okta:account:00u1`.
pub(super) fn id(node: &Node) -> String {
    format!("{}:{}:{}", node.system, node.kind.word(), node.key)
}

/// `has_account` as a kind: `Exeunt_HasAccount`. Letters, digits and underscores alone.
fn kind(word: &str) -> String {
    let mut kind = "Exeunt_".to_owned();
    for part in word.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = part.chars();
        kind.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        kind.push_str(letters.as_str());
    }
    kind
}

/// A node's attributes as BloodHound can hold them: primitives, and lists of one type.
fn properties(node: &Node) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("name".to_owned(), json!(node.label()));
    properties.insert("system".to_owned(), json!(node.system));
    properties.insert("key".to_owned(), json!(node.key));
    if !node.type_.is_empty() {
        properties.insert("type".to_owned(), json!(node.type_));
    }
    if let Some(since) = node.since {
        properties.insert("firstseen".to_owned(), json!(since.to_string()));
    }
    for (name, value) in &node.attrs {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
        let fits = match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Array(list) => {
                list.iter().all(Value::is_string) || list.iter().all(Value::is_number) || list.iter().all(Value::is_boolean)
            }
            Value::Null | Value::Object(_) => false,
        };
        if fits && !RESERVED.contains(&name.as_str()) && !properties.contains_key(&name) {
            properties.insert(name, value.clone());
        }
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_made_of_letters_digits_and_underscores() {
        assert_eq!(kind("has_account"), "Exeunt_HasAccount");
        assert_eq!(kind("ssh-key <x>"), "Exeunt_SshKeyX");
    }
}
