//! Writing what a scan saw, and reading the graph at a moment.

mod names;
mod near;
mod read;

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context as _, Result};
use aws_lc_rs::digest;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};
use serde_json::{Map, Value};

use super::around::Around;
use super::later::Later;
use super::ours::Ours;
use crate::model::{EdgeKind, Level, NodeKind, NodeRef, NodeSeen, Observation, ScanId, ScopeId};
pub(super) use names::fill;
pub use names::{Named, Use, named, once_called};
pub use near::*;
pub use read::*;

/// The row of the `system` table that owns what belongs to no system: mail addresses.
pub const NO_SYSTEM: i64 = 0;

/// Attributes that change without meaning anything changed: updated in place, no new interval.
const FLEETING: &[&str] = &["last_used", "last_sync", "last_seen", "last_change_seen"];

/// The row id of a system, made if it is new.
///
/// # Errors
/// The database's.
pub fn system_row(tx: &Transaction<'_>, name: &str, scanner: &str, category: &str) -> Result<i64> {
    tx.prepare_cached(
        "INSERT INTO system (name, scanner, category) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET scanner = excluded.scanner, category = excluded.category RETURNING id",
    )?
    .query_row(params![name, scanner, category], |row| row.get(0))
    .context("naming the system in the store")
}

/// The row id of a scope, made if it is new.
///
/// # Errors
/// The database's.
pub fn scope_row(tx: &Transaction<'_>, system: i64, collection: &str, parent: &str) -> Result<ScopeId> {
    let id = tx
        .prepare_cached(
            "INSERT INTO scope (system, collection, parent) VALUES (?1, ?2, ?3)
             ON CONFLICT (system, collection, parent) DO UPDATE SET parent = excluded.parent RETURNING id",
        )?
        .query_row(params![system, collection, parent], |row| row.get(0))?;
    Ok(ScopeId(id))
}

/// From a system's keys to node ids, remembered for the length of a scan.
#[derive(Debug)]
pub struct Interner {
    system: i64,
    known: HashMap<NodeRef, i64>,
}

impl Interner {
    /// An interner that knows every node of `system`.
    ///
    /// # Errors
    /// The database's.
    pub fn load(conn: &Connection, system: i64) -> Result<Self> {
        let mut statement = conn.prepare_cached("SELECT kind, key, id FROM node WHERE system = ?1")?;
        let mut rows = statement.query([system])?;
        let mut known = HashMap::new();
        while let Some(row) = rows.next()? {
            let kind: NodeKind = row.get_ref(0)?.as_str()?.parse().map_err(anyhow::Error::msg)?;
            known.insert(NodeRef { kind, key: row.get(1)? }, row.get(2)?);
        }
        Ok(Self { system, known })
    }

    /// The id of a node, made if it is new.
    ///
    /// # Errors
    /// The database's.
    pub fn id(&mut self, tx: &Transaction<'_>, node: &NodeRef) -> Result<i64> {
        if let Some(id) = self.known.get(node) {
            return Ok(*id);
        }
        let system = if node.kind == NodeKind::Address { NO_SYSTEM } else { self.system };
        let id = tx
            .prepare_cached("INSERT INTO node (system, kind, key) VALUES (?1, ?2, ?3) ON CONFLICT (system, kind, key) DO UPDATE SET key = excluded.key RETURNING id")?
            .query_row(params![system, node.kind.word(), node.key], |row| row.get(0))?;
        self.known.insert(node.clone(), id);
        Ok(id)
    }
}

/// How a scope's observations change the graph.
#[derive(Debug, Clone, Copy)]
pub struct ScopeWrite<'a> {
    /// The scan that saw them.
    pub scan: ScanId,
    /// The scope they belong to.
    pub scope: ScopeId,
    /// When they were read.
    pub at: Timestamp,
    /// What may be closed.
    pub closing: Closing<'a>,
    /// Believe it even if most of the scope has disappeared.
    pub accept_loss: bool,
    /// The system whose loss by actions of ours is no loss; `None` where every loss counts.
    pub ours: Option<&'a str>,
    /// Attributes that the system did not show this time, to nobody: nodes keep them as they were.
    pub keep: &'a [String],
    /// What was changed since the read began: it stays as it is. `None` where nothing can have been.
    pub later: Option<&'a Later>,
}

/// What of a scope may be closed because it was not seen.
#[derive(Debug, Clone, Copy)]
pub enum Closing<'a> {
    /// Nothing: the scope was not read to its end.
    Nothing,
    /// Everything: the scope was read whole and complete.
    Unseen,
    /// What concerns these records: they, and no others, were read (again).
    Around(Around<'a>),
}

/// A complete scope that lost more than this share of what it held, and more than [`LOSS_FLOOR`], is not believed.
const LOSS_SHARE: f64 = 0.5;
const LOSS_FLOOR: usize = 25;

/// What a scope's observations changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Distinct observations.
    pub seen: u64,
    /// Intervals opened.
    pub opened: u64,
    /// Intervals closed.
    pub closed: u64,
    /// The breaker: so many of so many open intervals would have been closed, and none was.
    pub held_back: Option<(u64, u64)>,
}

pub(super) struct OpenNode {
    pub(super) row: i64,
    hash: i64,
    touch: i64,
    pub(super) seen: bool,
    /// It was open before this write.
    known: bool,
}

pub(super) struct OpenEdge {
    pub(super) row: i64,
    pub(super) seen: bool,
    /// It was open before this write.
    known: bool,
}

pub(super) type EdgeIdentity = (i64, EdgeKind, i64, i64);

/// An observation made ready for the store: hardly larger than its row, and a fraction of what it was made from.
#[derive(Debug, Clone)]
pub enum Ready {
    /// A node.
    Node(ReadyNode),
    /// An edge.
    Edge(ReadyEdge),
}

/// A node made ready for the store.
#[derive(Debug, Clone)]
pub struct ReadyNode {
    node: NodeRef,
    type_: Box<str>,
    name: Option<Box<str>>,
    /// JSON.
    attrs: Box<str>,
    aka: Box<str>,
    /// What it is looked for by.
    names: Box<[(Use, Box<str>)]>,
    hash: i64,
    touch: i64,
}

/// An edge made ready for the store.
#[derive(Debug, Clone)]
pub struct ReadyEdge {
    from: NodeRef,
    kind: EdgeKind,
    to: NodeRef,
    level: Option<Level>,
    /// JSON; none for an edge without attributes.
    attrs: Option<Box<str>>,
    hash: i64,
}

impl Ready {
    /// Makes an observation ready. `buffer` is scratch space.
    ///
    /// # Errors
    /// An attribute can't be written as JSON.
    pub fn new(observation: &Observation, buffer: &mut Vec<u8>) -> Result<Self> {
        Ok(match observation {
            Observation::Node(seen) => {
                let hash = hash_of(buffer, |into| {
                    serde_json::to_writer(&mut *into, &(&seen.type_, &seen.name, &seen.aka))?;
                    attrs_into(into, &seen.attrs, false)
                })?;
                let touch = hash_of(buffer, |into| attrs_into(into, &seen.attrs, true))?;
                Self::Node(ReadyNode {
                    node: seen.node.clone(),
                    type_: seen.type_.as_str().into(),
                    name: seen.name.as_deref().map(Into::into),
                    attrs: serde_json::to_string(&seen.attrs)?.into(),
                    aka: serde_json::to_string(&seen.aka)?.into(),
                    names: names::of(seen).into(),
                    hash,
                    touch,
                })
            }
            Observation::Edge(seen) => {
                let plain = seen.level.is_none() && seen.attrs.is_empty();
                let hash = |into: &mut Vec<u8>| {
                    into.extend_from_slice(seen.level.map_or("", Level::word).as_bytes());
                    attrs_into(into, &seen.attrs, false)
                };
                Self::Edge(ReadyEdge {
                    from: seen.from.clone(),
                    kind: seen.kind,
                    to: seen.to.clone(),
                    level: seen.level,
                    attrs: if seen.attrs.is_empty() { None } else { Some(serde_json::to_string(&seen.attrs)?.into()) },
                    hash: if plain { 0 } else { hash_of(buffer, hash)? },
                })
            }
        })
    }

    /// The node, if it is one.
    pub fn node(&self) -> Option<&NodeRef> {
        match self {
            Self::Node(ready) => Some(&ready.node),
            Self::Edge(_) => None,
        }
    }

    /// A hash of a node's lasting content; what changes without meaning anything is left out.
    pub fn content(&self) -> Option<i64> {
        match self {
            Self::Node(ready) => Some(ready.hash),
            Self::Edge(_) => None,
        }
    }

    /// Whether it is one of these nodes, or an edge of one.
    pub fn names(&self, nodes: &BTreeSet<NodeRef>) -> bool {
        match self {
            Self::Node(ready) => nodes.contains(&ready.node),
            Self::Edge(ready) => nodes.contains(&ready.from) || nodes.contains(&ready.to),
        }
    }

    /// Whether it is a node of this key, or of this other name.
    pub fn is_called(&self, name: &str) -> bool {
        match self {
            Self::Node(ready) if ready.node.key == name => true,
            Self::Node(ready) => {
                ready.aka.len() > 2
                    && serde_json::from_str::<Vec<String>>(&ready.aka).is_ok_and(|names| names.iter().any(|known| known == name))
            }
            Self::Edge(_) => false,
        }
    }
}

/// As [`write_ready`], of observations as they are.
///
/// # Errors
/// The database's; the caller's transaction then keeps nothing.
pub fn write_scope(tx: &Transaction<'_>, interner: &mut Interner, write: ScopeWrite<'_>, observations: &[Observation]) -> Result<Tally> {
    let mut buffer = Vec::with_capacity(512);
    write_each(tx, interner, write, observations.iter().map(|observation| Ready::new(observation, &mut buffer)))
}

/// Writes one scope's observations: opens what is new, leaves what is known, closes what changed, and, if the scope is
/// complete, closes what it no longer saw.
///
/// # Errors
/// The database's; the caller's transaction then keeps nothing.
pub fn write_ready(tx: &Transaction<'_>, interner: &mut Interner, write: ScopeWrite<'_>, observations: &[Ready]) -> Result<Tally> {
    write_each(tx, interner, write, observations.iter().map(Ok))
}

fn write_each<R: std::borrow::Borrow<Ready>>(
    tx: &Transaction<'_>,
    interner: &mut Interner,
    write: ScopeWrite<'_>,
    observations: impl Iterator<Item = Result<R>>,
) -> Result<Tally> {
    let at = write.at.as_microsecond();
    let mut nodes = open_nodes(tx, write.scope)?;
    let mut edges = open_edges(tx, write.scope)?;
    let mut tally = Tally::default();
    for observation in observations {
        match observation?.borrow() {
            Ready::Node(node) => write_node(tx, interner, write, node, at, &mut nodes, &mut tally)?,
            Ready::Edge(edge) => write_edge(tx, interner, write, edge, at, &mut edges, &mut tally)?,
        }
    }
    let (mut lost_nodes, mut lost_edges): (Vec<i64>, Vec<i64>) = match write.closing {
        Closing::Nothing => return Ok(tally),
        Closing::Unseen => (
            nodes.values().filter(|open| !open.seen).map(|open| open.row).collect(),
            edges.values().filter(|open| !open.seen).map(|open| open.row).collect(),
        ),
        Closing::Around(around) => around.lost(tx, interner, write.scope, &nodes, &edges)?,
    };
    if let Some(later) = write.later {
        let rows: HashMap<i64, i64> = nodes.iter().map(|(id, open)| (open.row, *id)).collect();
        retain(&mut lost_nodes, |row| rows.get(row).map_or(Ok(true), |node| Ok(!later.node(tx, *node)?)))?;
        let rows: HashMap<i64, (i64, i64)> = edges.iter().map(|(edge, open)| (open.row, (edge.0, edge.2))).collect();
        retain(&mut lost_edges, |row| rows.get(row).map_or(Ok(true), |(from, to)| Ok(!later.edge(tx, *from, *to)?)))?;
    }
    let known = nodes.values().filter(|open| open.known).count() + edges.values().filter(|open| open.known).count();
    let lost = lost_nodes.len() + lost_edges.len();
    // Few scopes lose anything: what we took away is looked up for those alone.
    let ours = match write.ours {
        Some(system) if lost > 0 => Ours::of(tx, system, write.scope)?,
        _ => Ours::default(),
    };
    let strange = lost - taken_by_us(&ours, &nodes, &edges, &lost_nodes, &lost_edges);
    if !write.accept_loss && strange > LOSS_FLOOR && strange as f64 > known as f64 * LOSS_SHARE {
        tally.held_back = Some((strange as u64, known as u64));
        return Ok(tally);
    }
    let mut close = tx.prepare_cached("UPDATE node_seen SET until = max(?2, since), closed_by = ?3 WHERE id = ?1")?;
    for row in &lost_nodes {
        close.execute(params![row, at, write.scan.0])?;
    }
    let mut close = tx.prepare_cached("UPDATE edge_seen SET until = max(?2, since), closed_by = ?3 WHERE id = ?1")?;
    for row in &lost_edges {
        close.execute(params![row, at, write.scan.0])?;
    }
    tally.closed += lost as u64;
    Ok(tally)
}

/// Keeps of some rows those of which it is so.
fn retain(rows: &mut Vec<i64>, mut is_kept: impl FnMut(&i64) -> Result<bool>) -> Result<()> {
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        if is_kept(&row)? {
            kept.push(row);
        }
    }
    *rows = kept;
    Ok(())
}

/// How many of the lost rows went by actions of ours.
fn taken_by_us(
    ours: &Ours,
    nodes: &HashMap<i64, OpenNode>,
    edges: &HashMap<EdgeIdentity, OpenEdge>,
    lost_nodes: &[i64],
    lost_edges: &[i64],
) -> usize {
    if ours.is_empty() {
        return 0;
    }
    let (lost_nodes, lost_edges): (HashSet<&i64>, HashSet<&i64>) = (lost_nodes.iter().collect(), lost_edges.iter().collect());
    nodes.iter().filter(|(id, open)| lost_nodes.contains(&open.row) && ours.node(**id)).count()
        + edges.iter().filter(|(edge, open)| lost_edges.contains(&open.row) && ours.edge(edge.0, edge.2)).count()
}

/// Whether everything that a scope holds open was taken away by us: its nodes of this kind, or, where it has none, its edges.
///
/// # Errors
/// The database's.
pub fn all_ours(conn: &Connection, scope: ScopeId, kind: Option<NodeKind>, ours: &Ours) -> Result<bool> {
    let nodes: Vec<i64> = conn
        .prepare_cached(
            "SELECT v.node FROM node_seen v JOIN node n ON n.id = v.node WHERE v.scope = ?1 AND v.until IS NULL AND (?2 IS NULL OR n.kind = ?2)",
        )?
        .query_map(params![scope.0, kind.map(NodeKind::word)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if !nodes.is_empty() {
        return Ok(nodes.iter().all(|node| ours.node(*node)));
    }
    let edges: Vec<(i64, i64)> = conn
        .prepare_cached("SELECT src, dst FROM edge_seen WHERE scope = ?1 AND until IS NULL")?
        .query_map([scope.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(edges.iter().all(|(from, to)| ours.edge(*from, *to)))
}

/// The keys of the nodes that a scope holds open with an attribute filled.
///
/// # Errors
/// The database's.
pub fn filled(conn: &Connection, scope: ScopeId, attribute: &str) -> Result<Vec<(i64, NodeRef)>> {
    let mut statement = conn.prepare_cached(
        "SELECT n.id, n.kind, n.key FROM node_seen v JOIN node n ON n.id = v.node
         WHERE v.scope = ?1 AND v.until IS NULL AND instr(v.attrs, ?2) > 0 AND EXISTS (SELECT 1 FROM json_each(v.attrs) WHERE key = ?2)",
    )?;
    let mut rows = statement.query(params![scope.0, attribute])?;
    let mut nodes = Vec::new();
    while let Some(row) = rows.next()? {
        nodes.push((row.get(0)?, NodeRef { kind: row.get_ref(1)?.as_str()?.parse().map_err(anyhow::Error::msg)?, key: row.get(2)? }));
    }
    Ok(nodes)
}

/// What a scope holds open of a kind.
#[derive(Debug)]
pub struct OpenOfKind {
    /// Edges of the kind, as the nodes at their ends.
    pub edges: Vec<(i64, i64)>,
    /// Nodes of the kind.
    pub nodes: Vec<i64>,
}

impl OpenOfKind {
    /// How much of it there is that we did not take away.
    pub fn not_ours(&self, ours: &Ours) -> usize {
        let edges = self.edges.iter().filter(|(from, to)| !ours.edge(*from, *to)).count();
        edges + self.nodes.iter().filter(|node| !ours.node(**node)).count()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty() && self.nodes.is_empty()
    }
}

/// The edges of a kind, and the nodes of a kind, that a scope holds open.
///
/// # Errors
/// The database's.
pub fn open_of_kind(conn: &Connection, scope: ScopeId, kind: &str) -> Result<OpenOfKind> {
    let edges = conn
        .prepare_cached("SELECT src, dst FROM edge_seen WHERE scope = ?1 AND until IS NULL AND kind = ?2")?
        .query_map(params![scope.0, kind], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let nodes = conn
        .prepare_cached(
            "SELECT v.node FROM node_seen v JOIN node n ON n.id = v.node WHERE v.scope = ?1 AND v.until IS NULL AND n.kind = ?2",
        )?
        .query_map(params![scope.0, kind], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(OpenOfKind { edges, nodes })
}

/// How many nodes and edges a scope holds open.
///
/// # Errors
/// The database's.
pub fn open_count(conn: &Connection, scope: ScopeId) -> Result<u64> {
    let count: i64 = conn
        .prepare_cached("SELECT (SELECT count(*) FROM node_seen WHERE scope = ?1 AND until IS NULL) + (SELECT count(*) FROM edge_seen WHERE scope = ?1 AND until IS NULL)")?
        .query_row([scope.0], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn open_nodes(tx: &Transaction<'_>, scope: ScopeId) -> Result<HashMap<i64, OpenNode>> {
    let mut statement = tx.prepare_cached("SELECT node, id, hash, touch FROM node_seen WHERE scope = ?1 AND until IS NULL")?;
    let rows = statement.query_map([scope.0], |row| {
        Ok((row.get(0)?, OpenNode { row: row.get(1)?, hash: row.get(2)?, touch: row.get(3)?, seen: false, known: true }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn open_edges(tx: &Transaction<'_>, scope: ScopeId) -> Result<HashMap<EdgeIdentity, OpenEdge>> {
    let mut statement = tx.prepare_cached("SELECT src, kind, dst, hash, id FROM edge_seen WHERE scope = ?1 AND until IS NULL")?;
    let mut rows = statement.query([scope.0])?;
    let mut edges = HashMap::new();
    while let Some(row) = rows.next()? {
        let kind: EdgeKind = row.get_ref(1)?.as_str()?.parse().map_err(anyhow::Error::msg)?;
        edges.insert((row.get(0)?, kind, row.get(2)?, row.get(3)?), OpenEdge { row: row.get(4)?, seen: false, known: true });
    }
    Ok(edges)
}

fn write_node(
    tx: &Transaction<'_>,
    interner: &mut Interner,
    write: ScopeWrite<'_>,
    seen: &ReadyNode,
    at: i64,
    open: &mut HashMap<i64, OpenNode>,
    tally: &mut Tally,
) -> Result<()> {
    let node = interner.id(tx, &seen.node)?;
    if let Some(later) = write.later
        && later.node(tx, node)?
    {
        return Ok(());
    }
    let kept = match open.get(&node) {
        Some(known) if !known.seen && known.hash != seen.hash => {
            let unread = unread(seen)?;
            let keep = if unread.is_empty() { write.keep } else { &[write.keep, &unread].concat() };
            if keep.is_empty() { None } else { kept(tx, known.row, seen, keep)? }
        }
        _ => None,
    };
    let seen = kept.as_ref().unwrap_or(seen);
    match open.get_mut(&node) {
        Some(known) if known.seen => return Ok(()),
        Some(known) if known.hash == seen.hash => {
            known.seen = true;
            tally.seen += 1;
            if known.touch != seen.touch {
                known.touch = seen.touch;
                tx.prepare_cached("UPDATE node_seen SET attrs = ?2, touch = ?3 WHERE id = ?1")?
                    .execute(params![known.row, seen.attrs, seen.touch])?;
            }
            return Ok(());
        }
        Some(known) => {
            tx.prepare_cached("UPDATE node_seen SET until = max(?2, since), closed_by = ?3 WHERE id = ?1")?.execute(params![
                known.row,
                at,
                write.scan.0
            ])?;
            tally.closed += 1;
        }
        None => {}
    }
    tx.prepare_cached("INSERT INTO node_seen (node, scope, type, name, attrs, aka, hash, touch, since, opened_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            node,
            write.scope.0,
            seen.type_,
            seen.name,
            seen.attrs,
            seen.aka,
            seen.hash,
            seen.touch,
            at,
            write.scan.0
        ])?;
    let row = tx.last_insert_rowid();
    names::keep(tx, row, &seen.names)?;
    open.insert(node, OpenNode { row, hash: seen.hash, touch: seen.touch, seen: true, known: false });
    tally.seen += 1;
    tally.opened += 1;
    Ok(())
}

/// The attributes that a person's record may not tell, and that stay as they were known. What HR says of employment is none of them: there an
/// unknown is an unknown.
fn unread(seen: &ReadyNode) -> Result<Vec<String>> {
    if seen.node.kind != NodeKind::Person || !seen.attrs.contains("\"unknown\"") {
        return Ok(Vec::new());
    }
    let attrs: Map<String, Value> = serde_json::from_str(&seen.attrs)?;
    let names = attrs.get("unknown").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    Ok(names.filter(|name| !["state", "last_day", "hired"].contains(name)).map(str::to_owned).collect())
}

/// The node as it was seen, with those attributes of its open row that the system did not show; none if the row has none of them.
fn kept(tx: &Transaction<'_>, row: i64, seen: &ReadyNode, keep: &[String]) -> Result<Option<ReadyNode>> {
    let known: String = tx.prepare_cached("SELECT attrs FROM node_seen WHERE id = ?1")?.query_row([row], |row| row.get(0))?;
    let known: Map<String, Value> = serde_json::from_str(&known)?;
    let mut attrs: Map<String, Value> = serde_json::from_str(&seen.attrs)?;
    // In their old order: an attribute's place is part of what a row is compared by.
    let missing = keep.iter().any(|name| known.contains_key(name) && !attrs.contains_key(name));
    if !missing {
        return Ok(None);
    }
    let mut whole = Map::new();
    for (name, value) in known {
        match attrs.shift_remove(&name) {
            Some(new) => _ = whole.insert(name, new),
            None if keep.contains(&name) => _ = whole.insert(name, value),
            None => {}
        }
    }
    whole.extend(attrs);
    let node = NodeSeen {
        node: seen.node.clone(),
        type_: seen.type_.to_string(),
        name: seen.name.as_deref().map(str::to_owned),
        attrs: whole,
        aka: serde_json::from_str(&seen.aka)?,
    };
    match Ready::new(&Observation::Node(node), &mut Vec::new())? {
        Ready::Node(ready) => Ok(Some(ready)),
        Ready::Edge(_) => Ok(None),
    }
}

fn write_edge(
    tx: &Transaction<'_>,
    interner: &mut Interner,
    write: ScopeWrite<'_>,
    seen: &ReadyEdge,
    at: i64,
    open: &mut HashMap<EdgeIdentity, OpenEdge>,
    tally: &mut Tally,
) -> Result<()> {
    let src = interner.id(tx, &seen.from)?;
    let dst = interner.id(tx, &seen.to)?;
    let identity = (src, seen.kind, dst, seen.hash);
    if let Some(later) = write.later
        && later.edge(tx, src, dst)?
    {
        return Ok(());
    }
    if let Some(known) = open.get_mut(&identity) {
        if !known.seen {
            known.seen = true;
            tally.seen += 1;
        }
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO edge_seen (src, kind, dst, scope, level, attrs, hash, since, opened_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        src,
        seen.kind.word(),
        dst,
        write.scope.0,
        seen.level.map(Level::word),
        seen.attrs.as_deref().unwrap_or("{}"),
        seen.hash,
        at,
        write.scan.0
    ])?;
    open.insert(identity, OpenEdge { row: tx.last_insert_rowid(), seen: true, known: false });
    tally.seen += 1;
    tally.opened += 1;
    Ok(())
}

/// The lasting (or the fleeting) attributes, in their order.
fn attrs_into(into: &mut Vec<u8>, attrs: &Map<String, Value>, fleeting: bool) -> Result<()> {
    for (name, value) in attrs.iter().filter(|(name, _)| FLEETING.contains(&name.as_str()) == fleeting) {
        into.extend_from_slice(name.as_bytes());
        into.push(0);
        serde_json::to_writer(&mut *into, value)?;
    }
    Ok(())
}

/// The first eight bytes of SHA-256: the same for every version of exeunt and not to be steered by whoever names a group.
fn hash_of(buffer: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<i64> {
    buffer.clear();
    fill(buffer)?;
    let digest = digest::digest(&digest::SHA256, buffer);
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    Ok(i64::from_be_bytes(first))
}

/// Closes everything in the scopes of `collection` whose parent is no longer open in the collection `parents`: it went with its parent.
/// What is open there decides, not what the scan has just listed, for a list may be a gap, held back, or read for some people only.
///
/// # Errors
/// The database's.
pub fn close_orphans(
    tx: &Transaction<'_>,
    system: i64,
    collection: &str,
    parents: (&str, NodeKind),
    scan: ScanId,
    at: Timestamp,
) -> Result<u64> {
    let scopes: Vec<(i64, String)> = tx
        .prepare_cached("SELECT id, parent FROM scope WHERE system = ?1 AND collection = ?2")?
        .query_map(params![system, collection], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let known: HashSet<String> = tx
        .prepare_cached(
            "SELECT n.key FROM node_seen v JOIN node n ON n.id = v.node JOIN scope s ON s.id = v.scope
             WHERE s.system = ?1 AND s.collection = ?2 AND n.kind = ?3 AND v.until IS NULL",
        )?
        .query_map(params![system, parents.0, parents.1.word()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut closed = 0;
    for (scope, _) in scopes.iter().filter(|(_, parent)| !known.contains(parent)) {
        for table in ["node_seen", "edge_seen"] {
            closed += tx
                .prepare_cached(&format!("UPDATE {table} SET until = max(?2, since), closed_by = ?3 WHERE scope = ?1 AND until IS NULL"))?
                .execute(params![scope, at.as_microsecond(), scan.0])?;
        }
    }
    Ok(closed as u64)
}

/// Where a scope's next delta read begins, and when it was last read as a whole.
///
/// # Errors
/// The database's.
pub fn scope_mark(conn: &Connection, scope: ScopeId) -> Result<(Option<String>, Option<Timestamp>)> {
    let (mark, full_at): (Option<String>, Option<i64>) =
        conn.query_row("SELECT mark, full_at FROM scope WHERE id = ?1", [scope.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((mark, full_at.map(moment).transpose()?))
}

/// Remembers where the next delta read begins (as before, when there is no mark), and when everything was read; the latter as before when `full`
/// is not given.
///
/// # Errors
/// The database's.
pub fn set_scope_mark(tx: &Transaction<'_>, scope: ScopeId, mark: Option<&str>, full: Option<Timestamp>) -> Result<()> {
    tx.prepare_cached("UPDATE scope SET mark = coalesce(?2, mark), full_at = coalesce(?3, full_at) WHERE id = ?1")?.execute(params![
        scope.0,
        mark,
        full.map(|at| at.as_microsecond())
    ])?;
    Ok(())
}

/// Has the scopes of a collection read again as a whole: those of these parents, or all of them.
///
/// # Errors
/// The database's.
pub fn forget_full(tx: &Transaction<'_>, system: i64, collection: &str, parents: Option<&[String]>) -> Result<()> {
    match parents {
        None => {
            tx.execute("UPDATE scope SET full_at = NULL WHERE system = ?1 AND collection = ?2", params![system, collection])?;
        }
        Some(parents) => {
            let mut forget = tx.prepare_cached("UPDATE scope SET full_at = NULL WHERE system = ?1 AND collection = ?2 AND parent = ?3")?;
            for parent in parents {
                forget.execute(params![system, collection, parent])?;
            }
        }
    }
    Ok(())
}
