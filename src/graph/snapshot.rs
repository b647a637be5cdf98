//! The graph at a moment, read from the store: several scopes' words about a node merged, names resolved.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use jiff::Timestamp;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::link::{Link, LinkState};
use crate::clean;
use crate::model::{EdgeKind, Level, NodeId, NodeKind, NodeRef, NodeSeen, normal_address, normal_alias};
use crate::store::{departures, graph as rows};

/// A node at a moment.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its identity in the store.
    pub id: NodeId,
    /// Its system; empty for an address.
    pub system: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its key in its system.
    pub key: String,
    /// The credential's or resource's type; empty for other kinds.
    pub type_: String,
    /// What people call it, if anybody said.
    pub name: Option<String>,
    /// What to show for name or key, where that is not the same: see [`crate::clean::line`].
    pub shown: Option<Box<str>>,
    /// Everything else, of every scope that saw it.
    pub attrs: Map<String, Value>,
    /// Since when it has been so (the earliest word about it).
    pub since: Option<Timestamp>,
    /// Whether a scope saw the node itself, rather than an edge that mentions it.
    pub seen: bool,
    /// Whether nothing shows it any more, and it stands here as it was seen last: known stays known.
    pub remembered: bool,
}

impl Node {
    /// The node that a row is about, before anything is said about it.
    pub(super) fn of(row: &rows::NodeRow) -> Self {
        let mut node = Self {
            id: row.id,
            system: row.system.clone(),
            kind: row.node.kind,
            key: row.node.key.clone(),
            type_: String::new(),
            name: None,
            shown: None,
            attrs: Map::new(),
            since: None,
            seen: false,
            remembered: false,
        };
        node.show();
        node
    }

    /// Adds what one more scope says about it.
    pub(super) fn add(&mut self, seen: NodeSeen, since: Option<Timestamp>) {
        self.seen = true;
        self.since = match (self.since, since) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if !seen.type_.is_empty() {
            self.type_ = seen.type_;
        }
        self.name = self.name.take().or(seen.name);
        self.show();
        for (name, value) in seen.attrs {
            // Lists of several scopes add up; of anything else the first word counts.
            match (self.attrs.get_mut(&name), value) {
                (Some(Value::Array(list)), Value::Array(more)) => {
                    for item in more {
                        if !list.contains(&item) {
                            list.push(item);
                        }
                    }
                }
                // HR may be read twice, the list and each employee: what it said last counts.
                (Some(known), value) if self.kind == NodeKind::Person => *known = value,
                (Some(_), _) => {}
                (None, value) => {
                    self.attrs.insert(name, value);
                }
            }
        }
    }

    /// What to call it, for people: its name, else its key, with nothing in it that is more than a name.
    pub fn label(&self) -> &str {
        self.shown.as_deref().or(self.name.as_deref()).unwrap_or(&self.key)
    }

    fn show(&mut self) {
        let raw = self.name.as_deref().unwrap_or(&self.key);
        let clean = clean::line(raw);
        self.shown = (clean != raw).then(|| clean.into());
    }

    /// A text attribute.
    pub fn text(&self, attr: &str) -> Option<&str> {
        self.attrs.get(attr).and_then(Value::as_str)
    }

    /// A list attribute's texts; a lone text counts as a list of one.
    pub fn texts(&self, attr: &str) -> Vec<&str> {
        match self.attrs.get(attr) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text],
            _ => Vec::new(),
        }
    }

    /// A moment attribute (`last_used`), in any form that [`crate::manifest::functions::parse_time`] knows.
    pub fn time(&self, attr: &str) -> Option<Timestamp> {
        self.attrs.get(attr).and_then(|value| crate::manifest::functions::parse_time(value).flatten())
    }

    /// Whether its system says that it is switched off.
    pub fn disabled(&self) -> bool {
        self.text("state") == Some("disabled")
    }

    /// The mail addresses that an account answers to, normalised. For an address node, itself.
    pub fn emails(&self) -> Vec<String> {
        if self.kind == NodeKind::Address {
            return vec![self.key.clone()];
        }
        self.texts("emails").into_iter().filter(|address| address.contains('@')).map(normal_address).collect()
    }

    /// The node as expressions see it.
    pub fn as_value(&self) -> Value {
        let mut map = self.attrs.clone();
        map.insert("id".into(), json!(self.key));
        map.insert("key".into(), json!(self.key));
        map.insert("name".into(), json!(self.name));
        map.insert("kind".into(), json!(self.kind.word()));
        map.insert("type".into(), json!(self.type_));
        map.insert("system".into(), json!(self.system));
        if self.kind == NodeKind::Address {
            map.insert("email".into(), json!(self.key));
            map.insert("emails".into(), json!([self.key]));
        } else if let Some(email) = self.emails().first() {
            map.entry("email").or_insert_with(|| json!(email));
        }
        Value::Object(map)
    }
}

/// An edge at a moment.
#[derive(Debug, Clone)]
pub struct Edge {
    /// What it says.
    pub kind: EdgeKind,
    /// How far access goes.
    pub level: Option<Level>,
    /// Everything else.
    pub attrs: Map<String, Value>,
    /// Since when.
    pub since: Timestamp,
    /// The system whose scan says so; empty for a link.
    pub system: String,
}

/// A node, and its second names.
pub(super) struct Told {
    pub node: Node,
    pub aka: Vec<String>,
}

impl Told {
    /// What a node's first row tells.
    pub fn first(row: rows::NodeRow) -> Self {
        let mut told = Self { node: Node::of(&row), aka: Vec::new() };
        told.add(row);
        told
    }

    /// Adds what one more row tells.
    pub fn add(&mut self, row: rows::NodeRow) {
        if let Some(seen) = row.seen {
            self.aka.extend(seen.aka.iter().map(|name| normal_alias(name)));
            self.node.add(seen, row.since);
        }
    }

    /// The nodes of rows that stand in the order of their nodes.
    fn of(rows: Vec<rows::NodeRow>) -> Vec<Self> {
        let mut nodes: Vec<Self> = Vec::new();
        for row in rows {
            match nodes.last_mut().filter(|last| last.node.id == row.id) {
                Some(last) => last.add(row),
                None => nodes.push(Self::first(row)),
            }
        }
        nodes
    }
}

/// What a graph is made of, each kind in the order of its numbers.
pub(super) struct Rows {
    pub nodes: Vec<Told>,
    pub edges: Vec<rows::EdgeRow>,
    pub links: Vec<rows::LinkRow>,
    pub taken: Vec<(NodeId, NodeId, Timestamp)>,
    /// What a second name or an address stands for, as a system speaks of it, where the nodes here are not all that there are.
    pub stand_ins: Option<HashMap<(NodeId, String), NodeId>>,
}

/// The graph at a moment.
#[derive(Debug)]
pub struct Graph {
    /// The graph itself. Edges point from who has to what they have; sure links stand in it as `has_account`.
    pub net: DiGraph<Node, Edge>,
    /// Every link, the unsure and the rejected too.
    pub links: Vec<Link>,
    /// Names in edges that no node of their system has: how many, for the coverage report.
    pub dangling: usize,
    by_id: HashMap<NodeId, NodeIndex>,
    by_key: HashMap<(String, NodeRef), NodeIndex>,
    /// Category of each system.
    categories: BTreeMap<String, String>,
    /// What each alias, and each address as one system speaks of it, stands for.
    stand_ins: HashMap<(NodeIndex, String), NodeIndex>,
    /// The accounts that cases which live have taken: leaver, account, since when.
    taken: HashMap<(NodeId, NodeId), Timestamp>,
}

impl Graph {
    /// Reads the graph as it is now, or as it was at a moment.
    ///
    /// # Errors
    /// The store's.
    pub fn read(conn: &Connection, as_of: Option<Timestamp>) -> Result<Self> {
        let rows = Rows {
            nodes: Told::of(rows::nodes(conn, as_of)?),
            edges: rows::edges(conn, as_of)?,
            links: rows::links(conn, as_of)?,
            taken: departures::taken(conn, as_of)?,
            stand_ins: None,
        };
        Self::of_rows(conn, as_of, rows)
    }

    /// The graph of these rows. Where they don't say what names stand for, that is told from the nodes, which then are all that there are.
    pub(super) fn of_rows(conn: &Connection, as_of: Option<Timestamp>, rows: Rows) -> Result<Self> {
        let mut graph = Self {
            net: DiGraph::new(),
            links: Vec::new(),
            dangling: 0,
            by_id: HashMap::new(),
            by_key: HashMap::new(),
            categories: BTreeMap::new(),
            stand_ins: HashMap::new(),
            taken: HashMap::new(),
        };
        let mut statement = conn.prepare_cached("SELECT name, category FROM system WHERE id > 0 ORDER BY name")?;
        graph.categories = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut names: HashMap<(String, String), NodeIndex> = HashMap::new();
        for Told { node, aka } in rows.nodes {
            let index = NodeIndex::new(graph.net.node_count());
            for name in aka {
                names.insert((node.system.clone(), name), index);
            }
            graph.by_id.insert(node.id, index);
            graph.by_key.insert((node.system.clone(), NodeRef { kind: node.kind, key: node.key.clone() }), index);
            graph.net.add_node(node);
        }
        graph.stand_ins = match rows.stand_ins {
            None => graph.resolve_names(&names),
            Some(known) => {
                let of = |((id, system), target)| Some(((graph.index(id)?, system), graph.index(target)?));
                known.into_iter().filter_map(of).collect()
            }
        };
        for row in rows.edges {
            graph.add_edge(row);
        }
        for row in rows.links {
            let state = LinkState::from_word(&row.state).unwrap_or(LinkState::Disputed);
            graph.links.push(Link {
                id: row.id,
                person: row.person,
                account: row.account,
                state,
                confidence: row.confidence,
                evidence: row.evidence,
                doubt: row.doubt,
                since: row.since,
            });
            if state.is_sure() {
                graph.give(row.person, row.account);
            }
        }
        graph.remember(conn, as_of)?;
        for (person, account, since) in rows.taken {
            graph.give(person, account);
            graph.taken.insert((person, account), since);
        }
        Ok(graph)
    }

    fn add_edge(&mut self, row: rows::EdgeRow) {
        let (Some(src), Some(dst)) = (self.index(row.src), self.index(row.dst)) else { return };
        let (src, dst) = (self.stands_for(src, &row.system), self.end_of(dst, row.kind, &row.system));
        let (Some(src), Some(dst)) = (src, dst) else {
            self.dangling += 1;
            return;
        };
        self.net.add_edge(src, dst, Edge { kind: row.kind, level: row.level, attrs: row.attrs, since: row.since, system: row.system });
    }

    /// What a node stands for as a system speaks of it; none for a second name that nothing has.
    fn stands_for(&self, index: NodeIndex, system: &str) -> Option<NodeIndex> {
        let known = self.stand_ins.get(&(index, system.to_owned())).copied();
        known.or_else(|| (self.net[index].kind != NodeKind::Alias).then_some(index))
    }

    /// What an edge leads to.
    fn end_of(&self, index: NodeIndex, kind: EdgeKind, system: &str) -> Option<NodeIndex> {
        if leads_elsewhere(kind, self.net[index].kind) { Some(index) } else { self.stands_for(index, system) }
    }

    /// An account that is surely somebody's, and that only what it has shows any more, is called as it was: calls name it so. Somebody of whom HR
    /// has no record any more is as HR knew them last, while something that is shown is surely theirs, or a case of theirs lives: that a record is
    /// gone says nothing.
    fn remember(&mut self, conn: &Connection, as_of: Option<Timestamp>) -> Result<()> {
        let sure = self.links.iter().filter(|link| link.state.is_sure());
        let mut known: Vec<NodeId> = sure
            .filter(|link| self.index(link.account).is_some_and(|account| self.is_shown(account)))
            .flat_map(|link| [link.account, link.person])
            .collect();
        known.extend(departures::live(conn)?);
        for id in known {
            let Some(index) = self.index(id).filter(|index| {
                let node = &self.net[*index];
                matches!(node.kind, NodeKind::Account | NodeKind::Person) && !node.seen && !node.remembered
            }) else {
                continue;
            };
            if let Some(last) = rows::last_seen(conn, id, as_of)? {
                let node = &mut self.net[index];
                (node.type_, node.name, node.attrs, node.remembered) = (last.type_, last.name, last.attrs, true);
            }
        }
        Ok(())
    }

    /// Since when a case that lives has taken this account of a person's, if one has.
    pub fn taken_since(&self, person: NodeId, account: NodeId) -> Option<Timestamp> {
        self.taken.get(&(person, account)).copied()
    }

    /// Whether some scope shows a node: itself, or something that it has.
    pub fn is_shown(&self, index: NodeIndex) -> bool {
        let node = &self.net[index];
        node.kind != NodeKind::Account || node.seen || self.out(index).next().is_some()
    }

    /// Makes an account a person's. One that no scope shows any more is no access.
    fn give(&mut self, person: NodeId, account: NodeId) {
        let (Some(person), Some(account)) = (self.index(person), self.index(account)) else { return };
        if !self.is_shown(account) || self.out(person).any(|(_, edge, to)| edge.kind == EdgeKind::HasAccount && to == account) {
            return;
        }
        let edge = Edge { kind: EdgeKind::HasAccount, level: None, attrs: Map::new(), since: Timestamp::UNIX_EPOCH, system: String::new() };
        self.net.add_edge(person, account, edge);
    }

    /// What each alias, and each address as one system speaks of it, stands for: the account of that system that has the address; an
    /// address that no account there has stands for itself. A name that is unique everywhere may be another system's: a group of one domain has
    /// members of another, by SID or by distinguished name.
    fn resolve_names(&self, names: &HashMap<(String, String), NodeIndex>) -> HashMap<(NodeIndex, String), NodeIndex> {
        let mut stand_ins = HashMap::new();
        // A name that is one thing's wherever it stands, and that one node alone has.
        let mut anywhere: HashMap<&str, Option<NodeIndex>> = HashMap::new();
        for ((_, name), index) in names.iter().filter(|((_, name), _)| is_unique_everywhere(name)) {
            anywhere.entry(name).and_modify(|known| *known = known.filter(|known| known == index)).or_insert(Some(*index));
        }
        let mut of_address: HashMap<(String, String), Vec<NodeIndex>> = HashMap::new();
        for index in self.net.node_indices() {
            let node = &self.net[index];
            if node.kind == NodeKind::Account && node.seen {
                for email in node.emails() {
                    let having = of_address.entry((node.system.clone(), email)).or_default();
                    if having.last() != Some(&index) {
                        having.push(index);
                    }
                }
            }
        }
        for index in self.net.node_indices() {
            let node = &self.net[index];
            match node.kind {
                NodeKind::Alias => {
                    let own = names.get(&(node.system.clone(), node.key.clone()));
                    if let Some(target) = own.or_else(|| anywhere.get(node.key.as_str()).and_then(Option::as_ref)) {
                        stand_ins.insert((index, node.system.clone()), *target);
                    }
                }
                NodeKind::Address => {
                    for system in self.categories.keys() {
                        // Two accounts with one address: the address stays what it is, and both are linked to whoever has it.
                        if let Some([only]) = of_address.get(&(system.clone(), node.key.clone())).map(Vec::as_slice) {
                            stand_ins.insert((index, system.clone()), *only);
                        }
                    }
                }
                _ => {}
            }
        }
        stand_ins
    }

    /// The node of this identity.
    pub fn index(&self, id: NodeId) -> Option<NodeIndex> {
        self.by_id.get(&id).copied()
    }

    /// The node that stands at the end of a stored edge: what an alias or an address stands for, as `system` speaks of it.
    pub fn end(&self, id: NodeId, system: &str) -> Option<NodeIndex> {
        let index = self.index(id)?;
        Some(self.stand_ins.get(&(index, system.to_owned())).copied().unwrap_or(index))
    }

    /// The node of this identity.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.index(id).map(|index| &self.net[index])
    }

    /// The node of this system, kind and key. Addresses have the system "".
    pub fn find(&self, system: &str, node: &NodeRef) -> Option<NodeIndex> {
        self.by_key.get(&(system.to_owned(), node.clone())).copied()
    }

    /// Every node, with its index, in a fixed order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, &Node)> {
        self.net.node_indices().map(|index| (index, &self.net[index]))
    }

    /// The edges out of a node: index, edge, and what it points to.
    pub fn out(&self, from: NodeIndex) -> impl Iterator<Item = (EdgeIndex, &Edge, NodeIndex)> {
        use petgraph::visit::EdgeRef as _;
        self.net.edges(from).map(|edge| (edge.id(), edge.weight(), edge.target()))
    }

    /// The edges into a node: index, edge, and where it comes from.
    pub fn into(&self, to: NodeIndex) -> impl Iterator<Item = (EdgeIndex, &Edge, NodeIndex)> {
        use petgraph::visit::EdgeRef as _;
        self.net.edges_directed(to, petgraph::Direction::Incoming).map(|edge| (edge.id(), edge.weight(), edge.source()))
    }

    /// The category of a system (`sso`, `badge` …).
    pub fn category(&self, system: &str) -> &str {
        self.categories.get(system).map_or("", String::as_str)
    }

    /// The systems that the store knows.
    pub fn systems(&self) -> impl Iterator<Item = &str> {
        self.categories.keys().map(String::as_str)
    }
}

/// Whether a second name is one thing's in whichever system it stands: a security identifier of a domain, a distinguished name below a domain.
pub(super) fn is_unique_everywhere(name: &str) -> bool {
    name.starts_with("s-1-5-21-") || name.contains(",dc=")
}

/// Whether an edge leads to an address as such. Signing in leads elsewhere: the address there is somebody's account in another system, never this
/// one's.
pub(super) fn leads_elsewhere(kind: EdgeKind, to: NodeKind) -> bool {
    kind == EdgeKind::SignsInTo && to == NodeKind::Address
}
