//! What was, and what changed: coverage and scans at a moment, and every interval that opened or closed between two.
//!
//! Both halves of a change that keeps its identity (a renamed account, a higher level) are told as they stand; who reads them pairs them.

use std::collections::HashMap;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::graph::moment;
use super::scans::CoverageRow;
use crate::model::{Coverage, EdgeKind, Extent, NodeId, NodeKind};

/// The latest word on every scope's coverage, up to a moment.
///
/// The last read of the whole list, or of its changes, decides: that one person's records could be read again does not make their list complete.
/// That they could not is a gap all the same, until the list or these records are read. What a later scan of the whole system no longer asked for
/// (the parent is gone) is left out: it can be no gap.
///
/// # Errors
/// The database's.
pub fn coverage(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<CoverageRow>> {
    let until = as_of.map_or(i64::MAX, |at| at.as_microsecond());
    let mut persons = gaps_of_one_person(conn, until)?;
    let mut statement = conn.prepare_cached(
        "SELECT y.name, s.collection, s.parent, c.complete, c.reason, c.seen, c.drift, c.at, s.id, c.extent
         FROM scope s JOIN system y ON y.id = s.system
         JOIN coverage c ON c.scope = s.id AND c.scan = coalesce(
           (SELECT max(scan) FROM coverage WHERE scope = s.id AND extent <> 'person' AND at <= ?1),
           (SELECT max(scan) FROM coverage WHERE scope = s.id AND at <= ?1))
         WHERE c.complete = 1 OR s.parent = '' OR NOT EXISTS (
           SELECT 1 FROM scan later WHERE later.system = s.system AND later.person IS NULL AND later.outcome IN ('complete', 'gaps')
             AND later.started > c.at AND later.ended <= ?1)
         ORDER BY y.name, s.collection, s.parent",
    )?;
    let mut rows = statement.query([until])?;
    let mut coverage = Vec::new();
    while let Some(row) = rows.next()? {
        let complete: bool = row.get(3)?;
        let reason: Option<String> = row.get(4)?;
        let drift: Option<String> = row.get(6)?;
        let extent: String = row.get(9)?;
        let coverage_of_list = if extent == Extent::Person.word() {
            Coverage::Gap("only the records of one person were read, never the whole list".to_owned())
        } else if complete {
            persons.remove(&row.get(8)?).map_or(Coverage::Complete, Coverage::Gap)
        } else {
            Coverage::Gap(reason.unwrap_or_default())
        };
        coverage.push(CoverageRow {
            system: row.get(0)?,
            collection: row.get(1)?,
            parent: row.get(2)?,
            coverage: coverage_of_list,
            seen: row.get::<_, i64>(5)?.unsigned_abs(),
            drift: drift.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default(),
            at: moment(row.get(7)?)?,
        });
    }
    Ok(coverage)
}

/// Why the records of a person could not be read again, by scope: where neither the list nor these records were read since.
fn gaps_of_one_person(conn: &Connection, until: i64) -> Result<HashMap<i64, String>> {
    let mut statement = conn.prepare_cached(
        "SELECT c.scope, c.reason FROM coverage c JOIN scan n ON n.id = c.scan
         WHERE c.extent = 'person' AND c.complete = 0 AND c.at <= ?1 AND NOT EXISTS (
           SELECT 1 FROM coverage later JOIN scan m ON m.id = later.scan
           WHERE later.scope = c.scope AND later.scan > c.scan AND later.at <= ?1 AND (later.extent <> 'person' OR m.person = n.person))",
    )?;
    let gaps = statement.query_map([until], |row| Ok((row.get(0)?, format!("read again for one person: {}", row.get::<_, String>(1)?))))?;
    Ok(gaps.collect::<rusqlite::Result<_>>()?)
}

/// What is said of a system that no scan has read to the end.
pub const NEVER_TO_THE_END: &str = "no scan has come to its end so far: what it has not read isn't known; run `exeunt scan`";

/// How the last scan of a system as a whole ended.
#[derive(Debug, Clone)]
pub struct ScanRow {
    /// The system's name.
    pub system: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none while it runs, or if it was cut off.
    pub ended: Option<Timestamp>,
    /// complete, gaps, failed; none if no scan of the system has come to its end.
    pub outcome: Option<String>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// The last scan of every system as a whole that came to its end, up to a moment. One that runs, or was cut off, says nothing: it stands here, without an
/// outcome, where no other has come to its end.
///
/// # Errors
/// The database's.
pub fn last_scans(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<ScanRow>> {
    let until = as_of.map_or(i64::MAX, |at| at.as_microsecond());
    let mut statement = conn.prepare_cached(
        "SELECT y.name, c.started, c.ended, c.outcome, c.problem FROM system y
         JOIN scan c ON c.id = coalesce(
           (SELECT max(id) FROM scan WHERE system = y.id AND person IS NULL AND ended <= ?1 AND outcome <> 'resumed'),
           (SELECT max(id) FROM scan WHERE system = y.id AND person IS NULL AND started <= ?1))
         ORDER BY y.name",
    )?;
    let mut rows = statement.query([until])?;
    let mut scans = Vec::new();
    while let Some(row) = rows.next()? {
        scans.push(ScanRow {
            system: row.get(0)?,
            started: moment(row.get(1)?)?,
            ended: row.get::<_, Option<i64>>(2)?.map(moment).transpose()?,
            outcome: row.get(3)?,
            problem: row.get(4)?,
        });
    }
    Ok(scans)
}

/// When the last scan of a system began that read all of it to its end, up to a moment; none if no scan has.
///
/// # Errors
/// The database's.
pub fn last_whole(conn: &Connection, system: &str, as_of: Option<Timestamp>) -> Result<Option<Timestamp>> {
    let until = as_of.map_or(i64::MAX, |at| at.as_microsecond());
    let mut statement = conn.prepare_cached(
        "SELECT max(c.started) FROM scan c JOIN system y ON y.id = c.system
         WHERE y.name = ?1 AND c.person IS NULL AND c.outcome = 'complete' AND c.ended <= ?2",
    )?;
    statement.query_row(rusqlite::params![system, until], |row| row.get::<_, Option<i64>>(0))?.map(moment).transpose()
}

/// One scope's word about a node, from when to when.
#[derive(Debug, Clone)]
pub struct NodeInterval {
    /// The node.
    pub id: NodeId,
    /// Who said so.
    pub scope: i64,
    /// The node's system.
    pub system: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its key.
    pub key: String,
    /// Its type.
    pub type_: String,
    /// Its name.
    pub name: Option<String>,
    /// Everything else.
    pub attrs: serde_json::Map<String, serde_json::Value>,
    /// From when.
    pub since: Timestamp,
    /// To when.
    pub until: Option<Timestamp>,
}

/// The intervals of nodes that opened or closed after `from`, up to `to`.
///
/// # Errors
/// The database's.
pub fn node_intervals(conn: &Connection, from: Timestamp, to: Timestamp) -> Result<Vec<NodeInterval>> {
    let mut statement = conn.prepare_cached(
        "SELECT v.node, v.scope, s.name, n.kind, n.key, v.type, v.name, v.attrs, v.since, v.until
         FROM node_seen v JOIN node n ON n.id = v.node JOIN system s ON s.id = n.system
         WHERE (v.since > ?1 AND v.since <= ?2) OR (v.until > ?1 AND v.until <= ?2) ORDER BY v.id",
    )?;
    let mut rows = statement.query(params![from.as_microsecond(), to.as_microsecond()])?;
    let mut intervals = Vec::new();
    while let Some(row) = rows.next()? {
        intervals.push(NodeInterval {
            id: NodeId(row.get(0)?),
            scope: row.get(1)?,
            system: row.get(2)?,
            kind: row.get_ref(3)?.as_str()?.parse().map_err(anyhow::Error::msg)?,
            key: row.get(4)?,
            type_: row.get(5)?,
            name: row.get(6)?,
            attrs: serde_json::from_str(row.get_ref(7)?.as_str()?)?,
            since: moment(row.get(8)?)?,
            until: row.get::<_, Option<i64>>(9)?.map(moment).transpose()?,
        });
    }
    Ok(intervals)
}

/// One scope's word about an edge, from when to when.
#[derive(Debug, Clone)]
pub struct EdgeInterval {
    /// Who has.
    pub src: NodeId,
    /// What it says.
    pub kind: EdgeKind,
    /// What they have.
    pub dst: NodeId,
    /// How far.
    pub level: Option<String>,
    /// Who said so.
    pub scope: i64,
    /// The system whose scan said so; empty for a link.
    pub system: String,
    /// From when.
    pub since: Timestamp,
    /// To when.
    pub until: Option<Timestamp>,
}

/// The intervals of edges, and of sure links, that opened or closed after `from`, up to `to`.
///
/// # Errors
/// The database's.
pub fn edge_intervals(conn: &Connection, from: Timestamp, to: Timestamp) -> Result<Vec<EdgeInterval>> {
    let mut statement = conn.prepare_cached(
        "SELECT e.src, e.kind, e.dst, e.level, e.scope, y.name, e.since, e.until
         FROM edge_seen e JOIN scope s ON s.id = e.scope JOIN system y ON y.id = s.system
         WHERE (e.since > ?1 AND e.since <= ?2) OR (e.until > ?1 AND e.until <= ?2)
         UNION ALL
         SELECT person, 'has_account', account, NULL, 0, '', since, until FROM link
         WHERE state IN ('certain', 'confirmed') AND ((since > ?1 AND since <= ?2) OR (until > ?1 AND until <= ?2))",
    )?;
    let mut rows = statement.query(params![from.as_microsecond(), to.as_microsecond()])?;
    let mut intervals = Vec::new();
    while let Some(row) = rows.next()? {
        intervals.push(EdgeInterval {
            src: NodeId(row.get(0)?),
            kind: row.get_ref(1)?.as_str()?.parse().map_err(anyhow::Error::msg)?,
            dst: NodeId(row.get(2)?),
            level: row.get(3)?,
            scope: row.get(4)?,
            system: row.get(5)?,
            since: moment(row.get(6)?)?,
            until: row.get::<_, Option<i64>>(7)?.map(moment).transpose()?,
        });
    }
    Ok(intervals)
}
