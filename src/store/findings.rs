//! Findings and their history: since when each has been found, and until when.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::graph::moment;
use crate::model::{Finding, NodeId, Severity};

/// What writing the findings changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Found for the first time.
    pub opened: u64,
    /// Found again, perhaps with other facts.
    pub kept: u64,
    /// No longer found.
    pub closed: u64,
    /// No longer found, but kept open: what they rest on was not read completely.
    pub withheld: u64,
}

/// Writes the findings of a complete run of all checks. One that is found again keeps its beginning; one that is not is closed, unless it
/// is in an `unsure` system (one with a gap in its latest coverage) and a scope that has ever spoken of its node is such a gap: absence
/// needs evidence. The system alone would be too coarse: one collection that can never be read would keep all its findings open for good.
///
/// # Errors
/// The database's.
pub fn write(tx: &Transaction<'_>, findings: &[Finding], unsure: &BTreeSet<String>, at: Timestamp) -> Result<Written> {
    let mut wanted: BTreeMap<String, &Finding> = BTreeMap::new();
    for finding in findings {
        wanted.entry(finding.key()).or_insert(finding);
    }
    let open: Vec<(i64, String, Option<i64>, String)> = tx
        .prepare_cached("SELECT id, key, node, system FROM finding WHERE until IS NULL ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut written = Written::default();
    for (id, key, node, system) in open {
        if let Some(finding) = wanted.remove(&key) {
            tx.prepare_cached(
                "UPDATE finding SET severity = ?2, node = ?3, label = ?4, title = ?5, facts = ?6, remedy = ?7 WHERE id = ?1",
            )?
            .execute(params![
                id,
                finding.severity.word(),
                finding.node.map(|node| node.0),
                finding.label,
                finding.title,
                serde_json::to_string(&finding.facts)?,
                finding.remedy
            ])?;
            written.kept += 1;
        } else if let Some(node) = node
            && unsure.contains(&system)
            && rests_on_a_gap(tx, node)?
        {
            written.withheld += 1;
        } else {
            tx.prepare_cached("UPDATE finding SET until = max(?2, since) WHERE id = ?1")?.execute(params![id, at.as_microsecond()])?;
            written.closed += 1;
        }
    }
    for (key, finding) in wanted {
        tx.prepare_cached(
            "INSERT INTO finding (key, \"check\", code, severity, person, system, node, subject, label, title, facts, remedy, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            key,
            finding.check,
            finding.code,
            finding.severity.word(),
            finding.person.map(|person| person.0),
            finding.system.0,
            finding.node.map(|node| node.0),
            finding.subject,
            finding.label,
            finding.title,
            serde_json::to_string(&finding.facts)?,
            finding.remedy,
            at.as_microsecond()
        ])?;
        written.opened += 1;
    }
    Ok(written)
}

/// Whether a scope that ever saw the node, or an edge at it, was left incomplete by its latest read.
fn rests_on_a_gap(tx: &Transaction<'_>, node: i64) -> Result<bool> {
    let gaps: i64 = tx
        .prepare_cached(
            "SELECT count(*) FROM coverage c WHERE c.complete = 0
               AND c.scope IN (SELECT scope FROM node_seen WHERE node = ?1
                         UNION SELECT scope FROM edge_seen WHERE src = ?1
                         UNION SELECT scope FROM edge_seen WHERE dst = ?1)
               AND c.scan = (SELECT max(scan) FROM coverage WHERE scope = c.scope)",
        )?
        .query_row([node], |row| row.get(0))?;
    Ok(gaps > 0)
}

/// A finding as the store holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// Its row.
    pub id: i64,
    /// The same finding night after night.
    pub key: String,
    /// The check's name.
    pub check: String,
    /// Its number in the catalogue.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// Whose access.
    pub person: Option<NodeId>,
    /// Where.
    pub system: String,
    /// The node it is about.
    pub node: Option<NodeId>,
    /// The key of what it is about.
    pub subject: String,
    /// What people call it.
    pub label: String,
    /// What is wrong.
    pub title: String,
    /// What it rests on.
    pub facts: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// First found.
    pub since: Timestamp,
    /// No longer found; none while it is open.
    pub until: Option<Timestamp>,
}

/// The findings that hold at a moment (now, if none is given), the worst first.
///
/// # Errors
/// The database's.
pub fn list(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<FindingRow>> {
    let holds = match as_of {
        None => "until IS NULL".to_owned(),
        Some(at) => format!("since <= {0} AND (until IS NULL OR until > {0})", at.as_microsecond()),
    };
    rows(conn, &holds)
}

/// The findings that were opened or closed after `since`, for the report of changes.
///
/// # Errors
/// The database's.
pub fn changed(conn: &Connection, since: Timestamp) -> Result<Vec<FindingRow>> {
    rows(conn, &format!("since > {0} OR until > {0}", since.as_microsecond()))
}

fn rows(conn: &Connection, which: &str) -> Result<Vec<FindingRow>> {
    let mut statement = conn.prepare(&format!(
        "SELECT id, key, \"check\", code, severity, person, system, node, subject, label, title, facts, remedy, since, until FROM finding
         WHERE {which} ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, code, system, label, id"
    ))?;
    let mut found = statement.query([])?;
    let mut findings = Vec::new();
    while let Some(row) = found.next()? {
        findings.push(FindingRow {
            id: row.get(0)?,
            key: row.get(1)?,
            check: row.get(2)?,
            code: row.get(3)?,
            severity: row.get_ref(4)?.as_str()?.parse().map_err(anyhow::Error::msg)?,
            person: row.get::<_, Option<i64>>(5)?.map(NodeId),
            system: row.get(6)?,
            node: row.get::<_, Option<i64>>(7)?.map(NodeId),
            subject: row.get(8)?,
            label: row.get(9)?,
            title: row.get(10)?,
            facts: serde_json::from_str(row.get_ref(11)?.as_str()?)?,
            remedy: row.get(12)?,
            since: moment(row.get(13)?)?,
            until: row.get::<_, Option<i64>>(14)?.map(moment).transpose()?,
        });
    }
    Ok(findings)
}

/// Counts of open findings by person and severity.
///
/// # Errors
/// The database's.
pub fn counts(conn: &Connection) -> Result<HashMap<(Option<NodeId>, Severity), u64>> {
    let mut counts = HashMap::new();
    for finding in list(conn, None)? {
        *counts.entry((finding.person, finding.severity)).or_default() += 1;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::clock::days_before;
    use crate::shadow::testing::World;

    #[test]
    fn a_finding_has_a_history_and_a_gap_does_not_end_it() {
        let mut world = World::new();
        let unsure = BTreeSet::from(["github".to_owned()]);
        let write = |world: &World| world.store.write(|tx| write(tx, &world.all(), &unsure, world.now)).unwrap();
        let person = |world: &mut World| {
            world.person("E1", "Ada Berg", json!({})).account("github", "ada", "E1", json!({}));
        };
        person(&mut world);
        world.credential("github", "ada", "t", "api_token", json!({})).scan(true);
        assert_eq!(write(&world), Written { opened: 1, ..Written::default() });
        assert_eq!(write(&world), Written { kept: 1, ..Written::default() });
        let first = world.now;

        // The list came back cut short, so that the graph keeps the token; even a run that didn't see it may not end the finding.
        world.now = days_before(world.now, -1);
        person(&mut world);
        world.scan(false);
        assert_eq!(world.all().iter().filter(|finding| finding.check == "api-token").count(), 1);
        let without: Vec<Finding> = world.all().into_iter().filter(|finding| finding.check != "api-token").collect();
        assert!(without.iter().any(|finding| finding.check == "coverage-gap"));
        let written = world.store.write(|tx| super::write(tx, &without, &unsure, world.now)).unwrap();
        assert_eq!((written.withheld, written.closed), (1, 0));

        // Read whole again and gone: closed, and still known for the day before. So is the gap, which rests on nothing.
        world.now = days_before(world.now, -1);
        person(&mut world);
        world.scan(true);
        let written = write(&world);
        assert_eq!((written.withheld, written.opened), (0, 0));
        assert!(written.closed >= 2, "{written:?}");
        assert!(world.store.read(|conn| list(conn, None)).unwrap().is_empty());
        let before = world.store.read(|conn| list(conn, Some(first))).unwrap();
        assert_eq!((before.len(), before[0].label.as_str(), before[0].since), (1, "t", first));
        assert!(before[0].until.is_some());
    }
}
