//! Scans and their coverage, staged pages, schedules.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Rows, Transaction, params};
use serde_json::Value;

use super::graph::{Tally, moment};
use crate::model::{Coverage, Extent, NodeId, NodeRef, ScanId, ScopeId};

/// A system's number. One that was never read gets its row now, and its category once it is read.
///
/// # Errors
/// The database's.
pub fn known_system(tx: &Transaction<'_>, name: &str, scanner: &str) -> Result<i64> {
    let known = tx.query_row("SELECT id FROM system WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    known.map_or_else(|| super::graph::system_row(tx, name, scanner, ""), Ok)
}

/// Whether anything of a system was ever seen.
///
/// # Errors
/// The database's.
pub fn was_seen(conn: &Connection, system: i64) -> Result<bool> {
    Ok(conn.query_row("SELECT EXISTS (SELECT 1 FROM node_seen v JOIN scope s ON s.id = v.scope WHERE s.system = ?1)", [system], |row| {
        row.get(0)
    })?)
}

/// Opens a scan of a system (of one person's access there, if one is given).
///
/// # Errors
/// The database's.
pub fn begin(tx: &Transaction<'_>, system: i64, person: Option<NodeId>, at: Timestamp) -> Result<ScanId> {
    tx.execute(
        "INSERT INTO scan (system, person, started) VALUES (?1, ?2, ?3)",
        params![system, person.map(|p| p.0), at.as_microsecond()],
    )?;
    Ok(ScanId(tx.last_insert_rowid()))
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every scope complete.
    Complete,
    /// Some scopes are gaps.
    Gaps,
    /// The system could not be read at all.
    Failed,
    /// Cut off by a crash; a later scan took its pages over.
    Resumed,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Gaps => "gaps",
            Self::Failed => "failed",
            Self::Resumed => "resumed",
        }
    }
}

/// Closes a scan; its staged pages go.
///
/// # Errors
/// The database's.
pub fn end(tx: &Transaction<'_>, scan: ScanId, outcome: Outcome, problem: Option<&str>, calls: u64, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE scan SET ended = ?2, outcome = ?3, problem = ?4, calls = ?5 WHERE id = ?1",
        params![scan.0, at.as_microsecond(), outcome.word(), problem, calls.cast_signed()],
    )?;
    tx.execute("DELETE FROM staged_page WHERE scan = ?1", [scan.0])?;
    Ok(())
}

/// The last scan of a system that was cut off after `oldest`, if there is one; older ones are marked failed.
///
/// # Errors
/// The database's.
pub fn cut_off(tx: &Transaction<'_>, system: i64, oldest: Timestamp, now: Timestamp) -> Result<Option<ScanId>> {
    let found: Option<i64> = tx
        .query_row(
            "SELECT id FROM scan WHERE system = ?1 AND ended IS NULL AND person IS NULL AND started >= ?2 ORDER BY id DESC LIMIT 1",
            params![system, oldest.as_microsecond()],
            |row| row.get(0),
        )
        .optional()?;
    // One person is read again beside a scan; after half a day nobody does so any more.
    let long_ago = now.saturating_sub(SignedDuration::from_hours(12)).unwrap_or(now).as_microsecond();
    let others: Vec<i64> = tx
        .prepare("SELECT id FROM scan WHERE system = ?1 AND ended IS NULL AND id IS NOT ?2 AND (person IS NULL OR started < ?3)")?
        .query_map(params![system, found, long_ago], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for scan in others {
        end(tx, ScanId(scan), Outcome::Failed, Some("cut off"), 0, now)?;
    }
    Ok(found.map(ScanId))
}

/// Takes over for a scan what a cut-off one had read since `oldest`: its staged pages, and the scopes that it had finished. Answers with these, each
/// with when it was read.
///
/// # Errors
/// The database's.
pub fn take_over(tx: &Transaction<'_>, cut_off: ScanId, scan: ScanId, oldest: Timestamp) -> Result<Vec<(ScopeId, Timestamp)>> {
    let oldest = oldest.as_microsecond();
    tx.execute(
        "UPDATE staged_page SET scan = ?2 WHERE scan = ?1 AND (collection, parent) NOT IN
           (SELECT collection, parent FROM staged_page WHERE scan = ?1 AND at < ?3)",
        params![cut_off.0, scan.0, oldest],
    )?;
    let mut finished = tx.prepare_cached("SELECT scope, at FROM coverage WHERE scan = ?1 AND complete = 1 AND at >= ?2")?;
    scopes_and_times(finished.query(params![cut_off.0, oldest])?)
}

fn scopes_and_times(mut rows: Rows<'_>) -> Result<Vec<(ScopeId, Timestamp)>> {
    let mut scopes = Vec::new();
    while let Some(row) = rows.next()? {
        scopes.push((ScopeId(row.get(0)?), moment(row.get(1)?)?));
    }
    Ok(scopes)
}

/// Forgets the staged pages of a list after this one: they follow pages that could not be taken over.
///
/// # Errors
/// The database's.
pub fn forget_after(tx: &Transaction<'_>, scan: ScanId, collection: &str, parent: &str, number: usize) -> Result<()> {
    tx.execute(
        "DELETE FROM staged_page WHERE scan = ?1 AND collection = ?2 AND parent = ?3 AND number > ?4",
        params![scan.0, collection, parent, i64::try_from(number)?],
    )?;
    Ok(())
}

/// A page that waits for its scope to be whole.
#[derive(Debug, Clone)]
pub struct StagedPage {
    /// What the scan keeps of it.
    pub kept: Value,
    /// Where the next page is.
    pub checkpoint: String,
}

/// A page as it is to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewPage<'a> {
    /// The collection.
    pub collection: &'a str,
    /// The parent's key; empty for a collection that is read once.
    pub parent: &'a str,
    /// From 1.
    pub number: u32,
    /// What the scan keeps of it: nothing that it does not read, for a reply may hold secrets.
    pub kept: &'a Value,
    /// Where the next page is.
    pub checkpoint: &'a str,
}

/// Keeps a page of a list that goes on.
///
/// # Errors
/// The database's.
pub fn stage(tx: &Transaction<'_>, scan: ScanId, page: &NewPage<'_>, at: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO staged_page (scan, collection, parent, number, body, checkpoint, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        scan.0,
        page.collection,
        page.parent,
        page.number,
        serde_json::to_vec(page.kept)?,
        page.checkpoint,
        at.as_microsecond()
    ])?;
    Ok(())
}

/// The pages that a scan had read of a scope, in order; as far as they follow one another.
///
/// # Errors
/// The database's.
pub fn staged(conn: &Connection, scan: ScanId, collection: &str, parent: &str) -> Result<Vec<StagedPage>> {
    let mut statement = conn.prepare_cached(
        "SELECT number, body, checkpoint FROM staged_page WHERE scan = ?1 AND collection = ?2 AND parent = ?3 ORDER BY number",
    )?;
    let mut rows = statement.query(params![scan.0, collection, parent])?;
    let mut pages = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if number != pages.len() as i64 + 1 {
            break;
        }
        pages.push(StagedPage { kept: serde_json::from_slice(row.get_ref(1)?.as_blob()?)?, checkpoint: row.get(2)? });
    }
    Ok(pages)
}

/// The scopes that a scan has come to the end of, those that it could not read too, each with when.
///
/// # Errors
/// The database's.
pub fn covered_scopes(conn: &Connection, scan: ScanId) -> Result<Vec<(ScopeId, Timestamp)>> {
    let mut statement = conn.prepare_cached("SELECT scope, at FROM coverage WHERE scan = ?1")?;
    scopes_and_times(statement.query([scan.0])?)
}

/// Records how completely a scope was read, and how much of it was asked for; its staged pages go. Where one scan reads a scope several times
/// (one person's records, one by one), the reads add up, and one gap among them makes a gap.
///
/// # Errors
/// The database's.
pub fn cover(tx: &Transaction<'_>, scan: ScanId, scope: ScopeId, read: &Covered<'_>, at: Timestamp) -> Result<()> {
    let (complete, reason) = match read.coverage {
        Coverage::Complete => (1, None),
        Coverage::Gap(reason) => (0, Some(reason)),
    };
    let drift = if read.drift.is_empty() { None } else { Some(serde_json::to_string(read.drift)?) };
    tx.prepare_cached(
        "INSERT INTO coverage (scan, scope, extent, complete, reason, seen, opened, closed, drift, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (scan, scope) DO UPDATE SET complete = min(complete, excluded.complete), reason = coalesce(reason, excluded.reason),
           seen = seen + excluded.seen, opened = opened + excluded.opened, closed = closed + excluded.closed,
           drift = coalesce(drift, excluded.drift), at = excluded.at",
    )?
    .execute(params![
        scan.0,
        scope.0,
        read.extent.word(),
        complete,
        reason,
        read.tally.seen.cast_signed(),
        read.tally.opened.cast_signed(),
        read.tally.closed.cast_signed(),
        drift,
        at.as_microsecond()
    ])?;
    tx.prepare_cached(
        "DELETE FROM staged_page WHERE scan = ?1 AND (collection, parent) = (SELECT collection, parent FROM scope WHERE id = ?2)",
    )?
    .execute(params![scan.0, scope.0])?;
    Ok(())
}

/// What a read of a scope came to.
#[derive(Debug, Clone, Copy)]
pub struct Covered<'a> {
    /// How much of it was asked for.
    pub extent: Extent,
    /// How completely that was read.
    pub coverage: &'a Coverage,
    /// What it changed.
    pub tally: Tally,
    /// Attributes that no record filled any more.
    pub drift: &'a [&'a str],
}

/// The latest word on one scope's coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRow {
    /// The system's name.
    pub system: String,
    /// The collection.
    pub collection: String,
    /// The parent's key; empty for a collection that is read once.
    pub parent: String,
    /// How completely it was read last.
    pub coverage: Coverage,
    /// Observations of that read.
    pub seen: u64,
    /// Attributes that no record filled any more.
    pub drift: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// The latest coverage of every scope.
///
/// # Errors
/// The database's.
pub fn latest_coverage(conn: &Connection) -> Result<Vec<CoverageRow>> {
    super::history::coverage(conn, None)
}

/// Whether a scope's list (or what changed in it) was read to its end when it was last asked for. Reads of one person's records say nothing of it.
///
/// # Errors
/// The database's.
pub fn was_read_whole(conn: &Connection, system: i64, collection: &str, parent: &str) -> Result<bool> {
    let complete: Option<bool> = conn
        .prepare_cached(
            "SELECT c.complete FROM scope s JOIN coverage c ON c.scope = s.id
             WHERE s.system = ?1 AND s.collection = ?2 AND s.parent = ?3 AND c.extent <> 'person' ORDER BY c.scan DESC LIMIT 1",
        )?
        .query_row(params![system, collection, parent], |row| row.get(0))
        .optional()?;
    Ok(complete == Some(true))
}

/// For which parents a collection listed a node: their keys, an empty one for a collection that is read once.
///
/// # Errors
/// The database's.
pub fn listed_for(conn: &Connection, system: &str, collection: &str, node: &NodeRef) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT s.parent FROM system y JOIN node n ON n.system = y.id JOIN node_seen v ON v.node = n.id JOIN scope s ON s.id = v.scope
         WHERE y.name = ?1 AND s.collection = ?2 AND n.kind = ?3 AND n.key = ?4 ORDER BY 1",
    )?;
    let parents = statement.query_map(params![system, collection, node.kind.word(), node.key], |row| row.get(0))?;
    Ok(parents.collect::<rusqlite::Result<_>>()?)
}

/// Remembers which account our own credential belongs to; none is an answer that names nobody, and what was known before is known no more.
///
/// # Errors
/// The database's.
pub fn own_account(tx: &Transaction<'_>, system: i64, hand: &str, key: Option<&str>, at: Timestamp) -> Result<()> {
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        tx.execute("DELETE FROM own_account WHERE system = ?1 AND hand = ?2", params![system, hand])?;
        return Ok(());
    };
    tx.execute(
        "INSERT OR REPLACE INTO own_account (system, hand, key, at) VALUES (?1, ?2, ?3, ?4)",
        params![system, hand, key, at.as_microsecond()],
    )?;
    Ok(())
}

/// The accounts that our own credentials belong to: system, hand, key.
///
/// # Errors
/// The database's.
pub fn own_accounts(conn: &Connection) -> Result<Vec<(String, String, String)>> {
    let mut statement =
        conn.prepare_cached("SELECT y.name, o.hand, o.key FROM own_account o JOIN system y ON y.id = o.system ORDER BY 1, 2")?;
    Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<rusqlite::Result<_>>()?)
}

/// The due time that a job served last. A job seen for the first time counts as served now: a new schedule doesn't fire for the past.
///
/// # Errors
/// The database's.
pub fn schedule(tx: &Transaction<'_>, job: &str, now: Timestamp) -> Result<Timestamp> {
    tx.execute("INSERT OR IGNORE INTO schedule (job, due, ran) VALUES (?1, ?2, ?2)", params![job, now.as_microsecond()])?;
    moment(tx.query_row("SELECT due FROM schedule WHERE job = ?1", [job], |row| row.get(0))?)
}

/// Remembers that a job's due time was served.
///
/// # Errors
/// The database's.
pub fn served(tx: &Transaction<'_>, job: &str, due: Timestamp, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO schedule (job, due, ran) VALUES (?1, ?2, ?3)",
        params![job, due.as_microsecond(), now.as_microsecond()],
    )?;
    Ok(())
}

/// The job under which the moment is kept up to which the clock was believed.
const CLOCK: &str = "clock";

/// The moment up to which the clock was believed; before anybody has judged it, the end of the last scan.
///
/// # Errors
/// The database's.
pub fn believed(conn: &Connection) -> Result<Option<Timestamp>> {
    let kept: Option<i64> = conn.query_row("SELECT due FROM schedule WHERE job = ?1", [CLOCK], |row| row.get(0)).optional()?;
    let scanned =
        || conn.query_row("SELECT ended FROM scan WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1", [], |row| row.get(0)).optional();
    match kept {
        Some(at) => Some(at),
        None => scanned()?,
    }
    .map(moment)
    .transpose()
}

/// Keeps the moment up to which the clock is believed.
///
/// # Errors
/// The database's.
pub fn believe(tx: &Transaction<'_>, now: Timestamp) -> Result<()> {
    served(tx, CLOCK, now, now)
}

/// Takes a webhook's word to look at somebody; false if the same webhook was taken before. It is the same if the same was `signed`, however its
/// signature was written. What was looked after is forgotten after a day, when its time stamp is refused.
///
/// # Errors
/// The database's.
pub fn want_look(tx: &Transaction<'_>, signed: &[u8], system: &str, employee: &str, at: Timestamp) -> Result<bool> {
    let day_ago = at.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(at);
    tx.execute("DELETE FROM webhook WHERE looked = 1 AND at < ?1", [day_ago.as_microsecond()])?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &[system.as_bytes(), &[0], signed].concat());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let new = tx.execute(
        "INSERT OR IGNORE INTO webhook (digest, at, system, employee) VALUES (?1, ?2, ?3, ?4)",
        params![digest, at.as_microsecond(), system, employee],
    )?;
    Ok(new == 1)
}

/// A webhook whose employee nobody has looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Which webhook.
    pub digest: String,
    /// The HR system.
    pub system: String,
    /// The employee's key there.
    pub employee: String,
}

/// The webhooks whose people nobody has looked at yet.
///
/// # Errors
/// The database's.
pub fn wanted_looks(conn: &Connection) -> Result<Vec<Look>> {
    let mut statement = conn.prepare_cached("SELECT digest, system, employee FROM webhook WHERE looked = 0 ORDER BY at")?;
    let looks = statement.query_map([], |row| Ok(Look { digest: row.get(0)?, system: row.get(1)?, employee: row.get(2)? }))?;
    Ok(looks.collect::<rusqlite::Result<_>>()?)
}

/// Marks webhooks as looked after.
///
/// # Errors
/// The database's.
pub fn looked(tx: &Transaction<'_>, webhooks: &[String]) -> Result<()> {
    for digest in webhooks {
        tx.execute("UPDATE webhook SET looked = 1 WHERE digest = ?1", [digest])?;
    }
    Ok(())
}
