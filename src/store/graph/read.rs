//! Reading the graph at a moment, whole.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use serde_json::{Map, Value};

use crate::model::{EdgeKind, Level, NodeId, NodeKind, NodeRef, NodeSeen, ScopeId};

/// A node as the store holds it at a moment: one row per scope that saw it.
#[derive(Debug, Clone)]
pub struct NodeRow {
    /// Its identity.
    pub id: NodeId,
    /// Its system's name; empty for addresses.
    pub system: String,
    /// Kind and key.
    pub node: NodeRef,
    /// Type, name, attributes and other names, if a scope saw the node itself; none for one that edges merely mention.
    pub seen: Option<NodeSeen>,
    /// Since when this scope has seen it so.
    pub since: Option<Timestamp>,
}

/// An edge as the store holds it at a moment.
#[derive(Debug, Clone)]
pub struct EdgeRow {
    /// Its row: edges of a graph stand in this order.
    pub row: i64,
    /// Who has.
    pub src: NodeId,
    /// What it says.
    pub kind: EdgeKind,
    /// What they have.
    pub dst: NodeId,
    /// How far.
    pub level: Option<Level>,
    /// Everything else.
    pub attrs: Map<String, Value>,
    /// Since when.
    pub since: Timestamp,
    /// The system whose scan says so.
    pub system: String,
}

/// A link as the store holds it at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkRow {
    /// The link's own id.
    pub id: i64,
    /// The person.
    pub person: NodeId,
    /// The account (or the address that stands for one).
    pub account: NodeId,
    /// certain, likely, disputed, confirmed or rejected.
    pub state: String,
    /// 0 to 1.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// Why a person should look at it although it is acted on.
    pub doubt: Option<String>,
    /// Since when it has been so.
    pub since: Timestamp,
}

/// Which rows count: those open now, or those that held at a moment.
pub(super) fn holds(as_of: Option<Timestamp>) -> String {
    match as_of {
        None => "until IS NULL".to_owned(),
        Some(at) => format!("since <= {0} AND (until IS NULL OR until > {0})", at.as_microsecond()),
    }
}

/// All rows that a question has for an answer.
pub(super) fn all<T>(conn: &Connection, sql: &str, params: impl Params, of: fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(of(row)?);
    }
    Ok(found)
}

/// The columns of a node's rows, of the tables `n` (node), `s` (system) and `v` (node_seen).
pub(super) const NODE: &str = "n.id, s.name, n.kind, n.key, v.type, v.name, v.attrs, v.aka, v.since";

/// A node's row.
pub(super) fn node_row(row: &Row<'_>) -> Result<NodeRow> {
    let kind: NodeKind = row.get_ref(2)?.as_str()?.parse().map_err(anyhow::Error::msg)?;
    let node = NodeRef { kind, key: row.get(3)? };
    let seen = match row.get_ref(4)?.as_str_or_null()? {
        None => None,
        Some(type_) => Some(NodeSeen {
            node: node.clone(),
            type_: type_.to_owned(),
            name: row.get(5)?,
            attrs: serde_json::from_str(row.get_ref(6)?.as_str()?)?,
            aka: serde_json::from_str(row.get_ref(7)?.as_str()?)?,
        }),
    };
    let since = row.get::<_, Option<i64>>(8)?.map(moment).transpose()?;
    Ok(NodeRow { id: NodeId(row.get(0)?), system: row.get(1)?, node, seen, since })
}

/// Every node that holds at a moment (now, if none is given), and every node that such an edge mentions.
///
/// # Errors
/// The database's.
pub fn nodes(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<NodeRow>> {
    let sql = format!(
        "SELECT {NODE} FROM node n JOIN system s ON s.id = n.system
         LEFT JOIN (SELECT * FROM node_seen WHERE {}) v ON v.node = n.id ORDER BY n.id, v.id",
        holds(as_of)
    );
    all(conn, &sql, [], node_row)
}

/// The columns of an edge's row, of the tables `e` (edge_seen) and `y` (system).
pub(super) const EDGE: &str = "e.id, e.src, e.kind, e.dst, e.level, e.attrs, e.since, y.name";

/// An edge's row.
pub(super) fn edge_row(row: &Row<'_>) -> Result<EdgeRow> {
    Ok(EdgeRow {
        row: row.get(0)?,
        src: NodeId(row.get(1)?),
        kind: row.get_ref(2)?.as_str()?.parse().map_err(anyhow::Error::msg)?,
        dst: NodeId(row.get(3)?),
        level: row.get_ref(4)?.as_str_or_null()?.map(str::parse).transpose().map_err(anyhow::Error::msg)?,
        attrs: serde_json::from_str(row.get_ref(5)?.as_str()?)?,
        since: moment(row.get(6)?)?,
        system: row.get(7)?,
    })
}

/// Every edge that holds at a moment (now, if none is given).
///
/// # Errors
/// The database's.
pub fn edges(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<EdgeRow>> {
    let sql = format!(
        "SELECT {EDGE} FROM edge_seen e JOIN scope s ON s.id = e.scope JOIN system y ON y.id = s.system WHERE {} ORDER BY e.id",
        holds(as_of)
    );
    all(conn, &sql, [], edge_row)
}

/// The columns of a link's row.
pub(super) const LINK: &str = "id, person, account, state, confidence, evidence, doubt, since";

/// A link's row.
pub(super) fn link_row(row: &Row<'_>) -> Result<LinkRow> {
    Ok(LinkRow {
        id: row.get(0)?,
        person: NodeId(row.get(1)?),
        account: NodeId(row.get(2)?),
        state: row.get(3)?,
        confidence: row.get(4)?,
        evidence: serde_json::from_str(row.get_ref(5)?.as_str()?)?,
        doubt: row.get(6)?,
        since: moment(row.get(7)?)?,
    })
}

/// Every link that holds at a moment (now, if none is given), rejected ones too.
///
/// # Errors
/// The database's.
pub fn links(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<LinkRow>> {
    let sql = format!("SELECT {LINK} FROM link WHERE {} ORDER BY id", holds(as_of));
    all(conn, &sql, [], link_row)
}

/// What was seen of a node last, before a moment (ever, if none is given).
///
/// # Errors
/// The database's.
pub fn last_seen(conn: &Connection, node: NodeId, before: Option<Timestamp>) -> Result<Option<NodeSeen>> {
    let mut statement = conn.prepare_cached(
        "SELECT n.kind, n.key, v.type, v.name, v.attrs, v.aka FROM node_seen v JOIN node n ON n.id = v.node
         WHERE v.node = ?1 AND v.since <= ?2 ORDER BY v.until DESC, v.id DESC LIMIT 1",
    )?;
    let mut rows = statement.query(params![node.0, before.map_or(i64::MAX, Timestamp::as_microsecond)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(NodeSeen {
        node: NodeRef { kind: row.get_ref(0)?.as_str()?.parse().map_err(anyhow::Error::msg)?, key: row.get(1)? },
        type_: row.get(2)?,
        name: row.get(3)?,
        attrs: serde_json::from_str(row.get_ref(4)?.as_str()?)?,
        aka: serde_json::from_str(row.get_ref(5)?.as_str()?)?,
    }))
}

/// When a node was first seen.
///
/// # Errors
/// The database's.
pub fn first_seen(conn: &Connection, node: NodeId) -> Result<Option<Timestamp>> {
    let first: Option<i64> = conn.query_row("SELECT min(since) FROM node_seen WHERE node = ?1", [node.0], |row| row.get(0))?;
    first.map(moment).transpose()
}

/// Whether HR's record once showed a person as active and without a last day: their leaving is news then.
///
/// # Errors
/// The database's.
pub fn was_here(conn: &Connection, person: NodeId) -> Result<bool> {
    let here: i64 = conn.query_row(
        "SELECT count(*) FROM node_seen WHERE node = ?1 AND json_extract(attrs, '$.state') = 'active' AND json_extract(attrs, '$.last_day') IS NULL AND json_extract(attrs, '$.unknown') IS NULL",
        [person.0],
        |row| row.get(0),
    )?;
    Ok(here > 0)
}

/// The nodes that a scope holds open, of one kind.
///
/// # Errors
/// The database's.
pub fn scope_nodes(conn: &Connection, scope: ScopeId, kind: NodeKind) -> Result<Vec<NodeSeen>> {
    let mut statement = conn.prepare_cached(
        "SELECT n.key, v.type, v.name, v.attrs, v.aka FROM node_seen v JOIN node n ON n.id = v.node WHERE v.scope = ?1 AND v.until IS NULL AND n.kind = ?2 ORDER BY v.id",
    )?;
    let mut rows = statement.query(params![scope.0, kind.word()])?;
    let mut nodes = Vec::new();
    while let Some(row) = rows.next()? {
        nodes.push(NodeSeen {
            node: NodeRef { kind, key: row.get(0)? },
            type_: row.get(1)?,
            name: row.get(2)?,
            attrs: serde_json::from_str(row.get_ref(3)?.as_str()?)?,
            aka: serde_json::from_str(row.get_ref(4)?.as_str()?)?,
        });
    }
    Ok(nodes)
}

/// The id of a node by its system's name, kind and key.
///
/// # Errors
/// The database's.
pub fn find_node(conn: &Connection, system: &str, node: &NodeRef) -> Result<Option<NodeId>> {
    let system = if node.kind == NodeKind::Address { "" } else { system };
    Ok(conn
        .prepare_cached("SELECT n.id FROM node n JOIN system s ON s.id = n.system WHERE s.name = ?1 AND n.kind = ?2 AND n.key = ?3")?
        .query_row(params![system, node.kind.word(), node.key], |row| row.get(0))
        .optional()?
        .map(NodeId))
}

/// A stored moment.
///
/// # Errors
/// The number is no moment (a damaged store).
pub fn moment(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).with_context(|| format!("{micros} is no moment"))
}
