//! The walk that reads the graph around a person from the store: see [`super::around`].

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rusqlite::Connection;

use super::link::LinkState;
use super::snapshot::{Graph, Node, Rows, Told, is_unique_everywhere, leads_elsewhere};
use crate::model::{EdgeKind, NodeId, NodeKind, normal_address};
use crate::store::departures;
use crate::store::graph::{self as rows, EdgeRow, LinkRow, NodeRow, Use};

/// Edges into something that is reached which are read whoever they come from.
const INTO: &[EdgeKind] =
    &[EdgeKind::Opens, EdgeKind::DelegateOf, EdgeKind::ReceivesMailOf, EdgeKind::Holds, EdgeKind::Uses, EdgeKind::Owns];

/// The same, for what hangs on a person's own accounts.
const INTO_THEIRS: &[EdgeKind] = &[
    EdgeKind::Opens,
    EdgeKind::DelegateOf,
    EdgeKind::ReceivesMailOf,
    EdgeKind::Holds,
    EdgeKind::Uses,
    EdgeKind::Owns,
    EdgeKind::CanAccess,
    EdgeKind::Assigned,
    EdgeKind::Permits,
    EdgeKind::SignsInTo,
];

/// Whether a link is acted on without a person's word.
pub(super) fn is_sure(link: &LinkRow) -> bool {
    LinkState::from_word(&link.state).is_some_and(LinkState::is_sure)
}

/// A walk through the store.
pub(super) struct Walk<'c> {
    conn: &'c Connection,
    as_of: Option<Timestamp>,
    /// The nodes that are known.
    nodes: BTreeMap<NodeId, Told>,
    edges: BTreeMap<i64, EdgeRow>,
    pub(super) links: BTreeMap<i64, LinkRow>,
    /// What live cases have taken: leaver, account, since when.
    pub(super) taken: Vec<(NodeId, NodeId, Timestamp)>,
    /// What a second name or an address stands for, as a system speaks of it; none for one that nothing has.
    stand_ins: HashMap<(NodeId, String), Option<NodeId>>,
    /// Under which nodes the edges of a node are stored: itself, its second names, its addresses.
    spellings: HashMap<NodeId, Vec<NodeId>>,
    /// What was reached, and what of it is still to be walked on from.
    reached: HashSet<NodeId>,
    queue: VecDeque<NodeId>,
    /// What hangs on the accounts of the people asked for.
    theirs: HashSet<NodeId>,
    /// The people who are known with their accounts.
    known: HashSet<NodeId>,
    /// The nodes whose links are read.
    linked: HashSet<NodeId>,
    /// What stands beside what is reached, once it is read.
    beside: HashSet<NodeId>,
}

impl<'c> Walk<'c> {
    pub(super) fn new(conn: &'c Connection, as_of: Option<Timestamp>) -> Result<Self> {
        Ok(Self {
            conn,
            as_of,
            nodes: BTreeMap::new(),
            edges: BTreeMap::new(),
            links: BTreeMap::new(),
            taken: departures::taken(conn, as_of)?,
            stand_ins: HashMap::new(),
            spellings: HashMap::new(),
            reached: HashSet::new(),
            queue: VecDeque::new(),
            theirs: HashSet::new(),
            known: HashSet::new(),
            linked: HashSet::new(),
            beside: HashSet::new(),
        })
    }

    /// Reads a node, once; whether there is one.
    pub(super) fn load(&mut self, id: NodeId) -> Result<bool> {
        if self.nodes.contains_key(&id) {
            return Ok(true);
        }
        for row in rows::node_rows(self.conn, self.as_of, id)? {
            self.add(row);
        }
        Ok(self.nodes.contains_key(&id))
    }

    pub(super) fn add(&mut self, row: NodeRow) {
        match self.nodes.entry(row.id) {
            Entry::Occupied(mut known) => known.get_mut().add(row),
            Entry::Vacant(new) => _ = new.insert(Told::first(row)),
        }
    }

    fn node(&self, id: NodeId) -> Result<&Node> {
        self.nodes.get(&id).map(|told| &told.node).context("a node that an edge names is not in the store")
    }

    /// What a node stands for as a system speaks of it: see [`Graph`].
    fn stands_for(&mut self, id: NodeId, system: &str) -> Result<Option<NodeId>> {
        self.load(id)?;
        let node = self.node(id)?;
        if !matches!(node.kind, NodeKind::Alias | NodeKind::Address) {
            return Ok(Some(id));
        }
        let at = (id, system.to_owned());
        if let Some(known) = self.stand_ins.get(&at) {
            return Ok(*known);
        }
        let (kind, key, own) = (node.kind, node.key.clone(), node.system.clone());
        let target = match kind {
            NodeKind::Alias if own != system => None,
            NodeKind::Alias => self.has_name(&own, &key)?,
            _ => Some(self.has_address(system, &key)?.unwrap_or(id)),
        };
        if let Some(target) = target {
            self.load(target)?;
        }
        self.stand_ins.insert(at, target);
        Ok(target)
    }

    /// The node that has a second name: of the system that speaks, else the only one that has it, if it is a name that is one thing's everywhere.
    fn has_name(&self, system: &str, name: &str) -> Result<Option<NodeId>> {
        let found = rows::named(self.conn, self.as_of, Use::Aka, name)?;
        if let Some(own) = found.iter().rev().find(|found| found.system == system) {
            return Ok(Some(own.node));
        }
        // Of two nodes of one system that have it, the last counts.
        let last: BTreeMap<&str, NodeId> = found.iter().map(|found| (found.system.as_str(), found.node)).collect();
        let only: BTreeSet<NodeId> = last.into_values().collect();
        Ok(only.first().copied().filter(|_| only.len() == 1 && is_unique_everywhere(name)))
    }

    /// The only account of a system that has an address.
    fn has_address(&mut self, system: &str, address: &str) -> Result<Option<NodeId>> {
        let mut only = None;
        for found in rows::named(self.conn, self.as_of, Use::Address, address)? {
            if found.kind != NodeKind::Account || found.system != system {
                continue;
            }
            self.load(found.node)?;
            // Where several scopes name addresses of an account, not all of them may count.
            if !self.node(found.node)?.emails().iter().any(|email| email == address) {
                continue;
            }
            if only.is_some() {
                return Ok(None);
            }
            only = Some(found.node);
        }
        Ok(only)
    }

    /// Under which nodes the edges of a node may be stored.
    fn spellings(&mut self, id: NodeId) -> Result<Vec<NodeId>> {
        if let Some(known) = self.spellings.get(&id) {
            return Ok(known.clone());
        }
        self.load(id)?;
        let Told { node, aka } = self.nodes.get(&id).context("a node that is asked for is not in the store")?;
        let names: BTreeSet<&String> = aka.iter().collect();
        let addresses: BTreeSet<String> =
            if node.kind == NodeKind::Account && node.seen { node.emails().into_iter().collect() } else { BTreeSet::new() };
        let system = node.system.clone();
        let mut found = vec![id];
        for name in names {
            let system = (!is_unique_everywhere(name)).then_some(system.as_str());
            found.extend(rows::of_key(self.conn, system, NodeKind::Alias, name)?);
        }
        for address in &addresses {
            found.extend(rows::of_key(self.conn, Some(""), NodeKind::Address, address)?);
        }
        self.spellings.insert(id, found.clone());
        Ok(found)
    }

    /// Begins at a person: what they have, and the addresses that are theirs.
    pub(super) fn start(&mut self, person: NodeId) -> Result<()> {
        if !self.load(person)? {
            return Ok(());
        }
        self.reach(person);
        let accounts = self.accounts(person)?;
        let mut addresses: Vec<String> = self.node(person)?.texts("home_emails").into_iter().map(normal_address).collect();
        for id in accounts.iter().chain([&person]) {
            addresses.extend(self.node(*id)?.emails());
            // Whatever no scope shows any more is as it was seen last.
            if let Some(last) = self.last_seen(*id)? {
                addresses.extend(last.emails());
                addresses.extend(last.texts("home_emails").into_iter().map(normal_address));
            }
        }
        self.theirs.extend(accounts);
        for address in addresses {
            for id in rows::of_key(self.conn, Some(""), NodeKind::Address, &address)? {
                self.load(id)?;
                self.theirs.insert(id);
                self.reach(id);
            }
        }
        Ok(())
    }

    /// A node that no scope shows any more, as it was seen last.
    fn last_seen(&self, id: NodeId) -> Result<Option<Node>> {
        if self.node(id)?.seen {
            return Ok(None);
        }
        let Some(seen) = rows::last_seen(self.conn, id, self.as_of)? else { return Ok(None) };
        let mut last = self.node(id)?.clone();
        last.add(seen, None);
        Ok(Some(last))
    }

    /// Reads the links of a person, with what they link to; the accounts that count as theirs.
    fn accounts(&mut self, person: NodeId) -> Result<Vec<NodeId>> {
        let mut accounts = Vec::new();
        for link in rows::links_of(self.conn, self.as_of, person)? {
            self.load(link.account)?;
            if is_sure(&link) {
                accounts.push(link.account);
            }
            self.links.insert(link.id, link);
        }
        for at in 0..self.taken.len() {
            let (of, account, _) = self.taken[at];
            if of == person && self.load(account)? {
                accounts.push(account);
            }
        }
        Ok(accounts)
    }

    fn reach(&mut self, id: NodeId) {
        if self.reached.insert(id) {
            self.queue.push_back(id);
        }
    }

    /// Walks on until nothing more is reached, and then looks around.
    pub(super) fn go(&mut self) -> Result<()> {
        while let Some(id) = self.queue.pop_front() {
            for (edge, to) in self.out_of(id)? {
                let held = matches!(edge.kind, EdgeKind::Holds | EdgeKind::Uses | EdgeKind::Owns);
                self.edges.insert(edge.row, edge);
                if held && self.theirs.contains(&id) {
                    // What was reached by another way before is walked through again, for what hangs on it is theirs too.
                    if self.theirs.insert(to) && self.reached.contains(&to) {
                        self.queue.push_back(to);
                    }
                }
                self.reach(to);
            }
            if self.node(id)?.kind == NodeKind::Person {
                for account in self.accounts(id)? {
                    self.reach(account);
                }
            }
        }
        for id in self.reached.iter().copied().collect::<Vec<_>>() {
            self.into(id, if self.theirs.contains(&id) { INTO_THEIRS } else { INTO })?;
            self.links_to(id)?;
        }
        Ok(())
    }

    /// The edges out of a node, and what they lead to, which is read.
    fn out_of(&mut self, id: NodeId) -> Result<Vec<(EdgeRow, NodeId)>> {
        let mut found = Vec::new();
        for spelling in self.spellings(id)? {
            for edge in rows::edges_from(self.conn, self.as_of, spelling)? {
                if self.stands_for(edge.src, &edge.system)? == Some(id)
                    && let Some(to) = self.end_of(&edge)?
                {
                    found.push((edge, to));
                }
            }
        }
        Ok(found)
    }

    /// What an edge leads to.
    fn end_of(&mut self, edge: &EdgeRow) -> Result<Option<NodeId>> {
        self.load(edge.dst)?;
        if leads_elsewhere(edge.kind, self.node(edge.dst)?.kind) {
            return Ok(Some(edge.dst));
        }
        self.stands_for(edge.dst, &edge.system)
    }

    /// Reads the edges of some kinds into a node, with whoever they come from, and whose these are.
    fn into(&mut self, id: NodeId, kinds: &[EdgeKind]) -> Result<()> {
        for spelling in self.spellings(id)? {
            for edge in rows::edges_into(self.conn, self.as_of, spelling, kinds)? {
                if self.end_of(&edge)? != Some(id) {
                    continue;
                }
                if let Some(from) = self.stands_for(edge.src, &edge.system)? {
                    self.load(from)?;
                    self.edges.insert(edge.row, edge);
                    self.beside(from)?;
                }
            }
        }
        Ok(())
    }

    /// Reads what a call names of something that is not reached itself: whose it is, and what it opens.
    fn beside(&mut self, id: NodeId) -> Result<()> {
        self.links_to(id)?;
        if self.reached.contains(&id) || !self.beside.insert(id) {
            return Ok(());
        }
        for (edge, _) in self.out_of(id)?.into_iter().filter(|(edge, _)| edge.kind == EdgeKind::Opens) {
            self.edges.insert(edge.row, edge);
        }
        for spelling in self.spellings(id)? {
            for edge in rows::edges_into(self.conn, self.as_of, spelling, &[EdgeKind::Holds, EdgeKind::Uses, EdgeKind::Owns])? {
                if self.end_of(&edge)? == Some(id) && self.stands_for(edge.src, &edge.system)?.is_some() {
                    self.edges.insert(edge.row, edge);
                }
            }
        }
        Ok(())
    }

    /// Reads the links to an account or address, and the people they name.
    fn links_to(&mut self, id: NodeId) -> Result<()> {
        if !matches!(self.node(id)?.kind, NodeKind::Account | NodeKind::Address) || !self.linked.insert(id) {
            return Ok(());
        }
        for link in rows::links_to(self.conn, self.as_of, id)? {
            self.meet(link.person)?;
            self.links.insert(link.id, link);
        }
        for at in 0..self.taken.len() {
            let (person, account, _) = self.taken[at];
            if account == id {
                self.meet(person)?;
            }
        }
        Ok(())
    }

    /// Reads a person; one whom HR has no record of any more as they are known by what they have.
    pub(super) fn meet(&mut self, person: NodeId) -> Result<()> {
        if !self.load(person)? || self.node(person)?.seen { Ok(()) } else { self.know(person) }
    }

    /// Reads a person with their accounts, but not what these reach.
    pub(super) fn know(&mut self, person: NodeId) -> Result<()> {
        if !self.load(person)? || !self.known.insert(person) {
            return Ok(());
        }
        for account in self.accounts(person)? {
            self.show(account)?;
        }
        // Whoever has the number or the main address of somebody without a record is who that record was.
        if let Some(last) = self.last_seen(person)? {
            let marks = last.text("employee_number").map(str::to_owned).into_iter().chain(last.emails().into_iter().take(1));
            for mark in marks.collect::<Vec<_>>() {
                for other in rows::once_called(self.conn, &mark)? {
                    self.load(other)?;
                }
            }
        }
        Ok(())
    }

    /// Reads what an account has, where that alone shows that it is there.
    fn show(&mut self, account: NodeId) -> Result<()> {
        if !self.node(account)?.seen {
            for (edge, _) in self.out_of(account)? {
                self.edges.insert(edge.row, edge);
            }
        }
        Ok(())
    }

    /// Whether some scope shows a node: itself, or something that it has.
    pub(super) fn is_shown(&mut self, id: NodeId) -> Result<bool> {
        let Ok(node) = self.node(id) else { return Ok(false) };
        Ok(node.kind != NodeKind::Account || node.seen || !self.out_of(id)?.is_empty())
    }

    /// Reads the nodes of a system that are called so: by key, by address, by name.
    pub(super) fn find(&mut self, system: &str, key: &str) -> Result<()> {
        for kind in NodeKind::ALL {
            for id in rows::of_key(self.conn, Some(system), *kind, key)? {
                self.load(id)?;
            }
        }
        let lower = key.to_lowercase();
        for (used, word) in [(Use::Address, lower.clone()), (Use::Label, crate::model::normal_label(&lower))] {
            for found in rows::named(self.conn, self.as_of, used, &word)? {
                if found.system == system {
                    self.load(found.node)?;
                }
            }
        }
        Ok(())
    }

    /// The graph of what was read.
    pub(super) fn finish(mut self) -> Result<Graph> {
        // Accounts that are linked without being sure of it: whether they are there is asked as well.
        let linked: Vec<NodeId> = self.links.values().map(|link| link.account).collect();
        for account in linked {
            if self.load(account)? {
                self.show(account)?;
                // One that is no longer seen is called as it was, if it is surely somebody's.
                self.links_to(account)?;
            }
        }
        for person in self.reached.clone() {
            if self.node(person)?.kind == NodeKind::Person && !self.node(person)?.seen {
                self.know(person)?;
            }
        }
        let nodes = self.nodes;
        let taken =
            self.taken.into_iter().filter(|(person, account, _)| nodes.contains_key(person) && nodes.contains_key(account)).collect();
        let stand_ins = self.stand_ins.into_iter().filter_map(|(at, target)| Some((at, target?))).collect();
        let rows = Rows {
            nodes: nodes.into_values().collect(),
            edges: self.edges.into_values().collect(),
            links: self.links.into_values().collect(),
            taken,
            stand_ins: Some(stand_ins),
        };
        Graph::of_rows(self.conn, self.as_of, rows)
    }
}
