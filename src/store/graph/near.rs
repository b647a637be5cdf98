//! Reading what is next to a node: the questions that a walk through the graph asks.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::{Connection, Params, params};

use super::read::{EDGE, EdgeRow, LINK, LinkRow, NODE, NodeRow, all, edge_row, holds, link_row, node_row};
use crate::model::{EdgeKind, NodeId, NodeKind};

/// A node's rows, as [`super::nodes`] has them; none if there is no such node.
///
/// # Errors
/// The database's.
pub fn node_rows(conn: &Connection, as_of: Option<Timestamp>, node: NodeId) -> Result<Vec<NodeRow>> {
    let sql = format!(
        "SELECT {NODE} FROM node n JOIN system s ON s.id = n.system LEFT JOIN node_seen v ON v.node = n.id AND {} WHERE n.id = ?1 ORDER BY v.id",
        holds(as_of)
    );
    all(conn, &sql, [node.0], node_row)
}

/// The nodes of a kind and key: in one system, or in any.
///
/// # Errors
/// The database's.
pub fn of_key(conn: &Connection, system: Option<&str>, kind: NodeKind, key: &str) -> Result<Vec<NodeId>> {
    // System by system: nodes are found by system, kind and key.
    let mut statement = conn.prepare_cached(
        "SELECT n.id FROM system s CROSS JOIN node n ON n.system = s.id AND n.kind = ?2 AND n.key = ?3 WHERE ?1 IS NULL OR s.name = ?1 ORDER BY n.id",
    )?;
    let rows = statement.query_map(params![system, kind.word(), key], |row| row.get(0).map(NodeId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The nodes of a kind that a scope shows at a moment (now, if none is given), as [`super::nodes`] has them.
///
/// # Errors
/// The database's.
pub fn of_kind(conn: &Connection, as_of: Option<Timestamp>, kind: NodeKind) -> Result<Vec<NodeRow>> {
    // System by system: nodes are found by system and kind.
    let sql = format!(
        "SELECT {NODE} FROM system s CROSS JOIN node n ON n.system = s.id AND n.kind = ?1 JOIN node_seen v ON v.node = n.id AND {}
         ORDER BY n.id, v.id",
        holds(as_of)
    );
    all(conn, &sql, [kind.word()], node_row)
}

/// The systems that something is known of.
///
/// # Errors
/// The database's.
pub fn shown_systems(conn: &Connection) -> Result<BTreeSet<String>> {
    let mut statement =
        conn.prepare_cached("SELECT name FROM system s WHERE id > 0 AND EXISTS (SELECT 1 FROM node n WHERE n.system = s.id)")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The nodes of a kind, whether anything shows them or not.
///
/// # Errors
/// The database's.
pub fn ids_of_kind(conn: &Connection, kind: NodeKind) -> Result<Vec<NodeId>> {
    let mut statement =
        conn.prepare_cached("SELECT n.id FROM system s CROSS JOIN node n ON n.system = s.id AND n.kind = ?1 ORDER BY n.id")?;
    let rows = statement.query_map([kind.word()], |row| row.get(0).map(NodeId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether HR ever named anybody.
///
/// # Errors
/// The database's.
pub fn knows_people(conn: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM system s CROSS JOIN node n ON n.system = s.id AND n.kind = 'person')";
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

/// The edges that are stored as going out of a node.
///
/// # Errors
/// The database's.
pub fn edges_from(conn: &Connection, as_of: Option<Timestamp>, node: NodeId) -> Result<Vec<EdgeRow>> {
    edges(conn, as_of, "e.src = ?1", [node.0])
}

/// The edges of some kinds that are stored as going into a node.
///
/// # Errors
/// The database's.
pub fn edges_into(conn: &Connection, as_of: Option<Timestamp>, node: NodeId, kinds: &[EdgeKind]) -> Result<Vec<EdgeRow>> {
    let kinds = kinds.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
    edges(conn, as_of, &format!("e.dst = ?1 AND e.kind IN ({kinds})"), [node.0])
}

fn edges(conn: &Connection, as_of: Option<Timestamp>, at: &str, params: impl Params) -> Result<Vec<EdgeRow>> {
    let sql = format!(
        "SELECT {EDGE} FROM edge_seen e JOIN scope s ON s.id = e.scope JOIN system y ON y.id = s.system WHERE {at} AND {}",
        holds(as_of)
    );
    all(conn, &sql, params, edge_row)
}

/// The links of a person.
///
/// # Errors
/// The database's.
pub fn links_of(conn: &Connection, as_of: Option<Timestamp>, person: NodeId) -> Result<Vec<LinkRow>> {
    links(conn, as_of, "person", person)
}

/// The links to an account or an address.
///
/// # Errors
/// The database's.
pub fn links_to(conn: &Connection, as_of: Option<Timestamp>, account: NodeId) -> Result<Vec<LinkRow>> {
    links(conn, as_of, "account", account)
}

/// The links that are disputed though the rules were once sure of them.
///
/// # Errors
/// The database's.
pub fn disputed(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<LinkRow>> {
    let sql = format!("SELECT {LINK} FROM link WHERE state = 'disputed' AND doubt IS NOT NULL AND {}", holds(as_of));
    all(conn, &sql, [], link_row)
}

fn links(conn: &Connection, as_of: Option<Timestamp>, end: &str, node: NodeId) -> Result<Vec<LinkRow>> {
    all(conn, &format!("SELECT {LINK} FROM link WHERE {end} = ?1 AND {}", holds(as_of)), [node.0], link_row)
}
