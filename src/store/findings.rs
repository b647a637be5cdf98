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
    let mut written = Written::default();
    for row in rows(tx, "until IS NULL")? {
        if let Some(finding) = wanted.remove(&row.key) {
            written.kept += 1;
            if !row.says(finding) {
                // History is never rewritten: what was said yesterday is what was said yesterday.
                close(tx, row.id, at, CHANGED)?;
                open(tx, &row.key, finding, row.since, at)?;
            }
        } else if let Some(proof) = proof(tx, &row)? {
            close(tx, row.id, at, &proof)?;
            written.closed += 1;
        } else if let Some(node) = row.node
            && unsure.contains(&row.system)
            && rests_on_a_gap(tx, node.0)?
        {
            written.withheld += 1;
        } else {
            close(tx, row.id, at, "it was not found any more")?;
            written.closed += 1;
        }
    }
    for (key, finding) in wanted {
        open(tx, &key, finding, at, at)?;
        written.opened += 1;
    }
    Ok(written)
}

/// The reason of a row's end whose finding goes on in another row.
const CHANGED: &str = "changed";

fn close(tx: &Transaction<'_>, id: i64, at: Timestamp, reason: &str) -> Result<()> {
    tx.prepare_cached("UPDATE finding SET until = max(?2, since), reason = ?3 WHERE id = ?1")?.execute(params![
        id,
        at.as_microsecond(),
        reason
    ])?;
    Ok(())
}

fn open(tx: &Transaction<'_>, key: &str, finding: &Finding, first: Timestamp, at: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO finding (key, \"check\", code, severity, person, system, node, subject, label, title, facts, remedy, first, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
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
        first.as_microsecond(),
        at.as_microsecond()
    ])?;
    Ok(())
}

/// The proof of an action of ours that what a finding is about is gone, made since it was found.
fn proof(tx: &Transaction<'_>, row: &FindingRow) -> Result<Option<String>> {
    let Some(node) = row.node else { return Ok(None) };
    let of = |place: &str| {
        format!("(json_extract(a.spec, '$.scope.{place}.key') = n.key AND json_extract(a.spec, '$.scope.{place}.kind') = n.kind)")
    };
    let mut statement = tx.prepare_cached(&format!(
        "SELECT a.departure, a.label, a.proved FROM action a, node n LEFT JOIN system y ON y.id = n.system
         WHERE n.id = ?1 AND a.state = 'gone' AND a.proved >= ?2 AND (a.system = y.name OR n.system = 0) AND ({} OR {} OR {})
         ORDER BY a.proved DESC LIMIT 1",
        of("node"),
        of("from"),
        of("to")
    ))?;
    let mut rows = statement.query(params![node.0, row.since.as_microsecond()])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    let (departure, label, proved): (i64, String, i64) = (found.get(0)?, found.get(1)?, found.get(2)?);
    Ok(Some(format!("proved gone at {:.0} by departure {departure}: {label}", moment(proved)?)))
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
    /// Why it ended.
    pub reason: Option<String>,
}

impl FindingRow {
    /// Whether it says the same as a finding of today.
    fn says(&self, finding: &Finding) -> bool {
        self.severity == finding.severity
            && self.node == finding.node
            && self.label == finding.label
            && self.title == finding.title
            && self.facts == finding.facts
            && self.remedy == finding.remedy
    }
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
    rows(conn, &format!("(first > {0} OR until > {0}) AND reason IS NOT '{CHANGED}'", since.as_microsecond()))
}

fn rows(conn: &Connection, which: &str) -> Result<Vec<FindingRow>> {
    let mut statement = conn.prepare(&format!(
        "SELECT id, key, \"check\", code, severity, person, system, node, subject, label, title, facts, remedy, first, until, reason FROM finding
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
            reason: row.get(15)?,
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
        assert_eq!(before[0].reason.as_deref(), Some("it was not found any more"));
    }

    // Trust: What was done.
    #[test]
    fn what_was_said_yesterday_is_said_of_yesterday_tomorrow() {
        let mut world = World::new();
        world.person("E1", "Ada Berg", json!({})).account("github", "ada", "E1", json!({}));
        world.credential("github", "ada", "t", "api_token", json!({})).scan(true);
        let none = BTreeSet::new();
        let mut findings = world.all();
        let first = world.now;
        world.store.write(|tx| super::write(tx, &findings, &none, first)).unwrap();
        let said = |world: &World, at| {
            let rows = world.store.read(|conn| list(conn, Some(at))).unwrap();
            rows.into_iter().map(|row| (row.key, row.severity, row.title, row.facts, row.since)).collect::<Vec<_>>()
        };
        let yesterday = said(&world, first);

        // The same finding, with other facts and worse.
        let next = days_before(first, -1);
        for finding in &mut findings {
            finding.facts.push("used this morning".into());
            finding.severity = Severity::Critical;
        }
        let written = world.store.write(|tx| super::write(tx, &findings, &none, next)).unwrap();
        assert_eq!((written.opened, written.closed), (0, 0));
        assert_eq!(said(&world, first), yesterday, "history is not rewritten");
        let today = said(&world, next);
        assert!(today.iter().all(|row| row.1 == Severity::Critical && row.4 == first), "first found then: {today:?}");
        assert!(world.store.read(|conn| changed(conn, first)).unwrap().is_empty(), "it neither opened nor closed");
    }

    // Trust: What was done.
    #[test]
    fn a_finding_whose_access_was_proved_gone_closes_with_that_proof() {
        use crate::model::{ActionState, DepartureState, Mode, Verdict};
        use crate::store::departures::{self, Move, NewAction, NewDeparture, Opened};
        let mut world = World::new();
        world.person("E1", "Ada Berg", json!({})).account("github", "ada", "E1", json!({}));
        world.credential("github", "ada", "t", "api_token", json!({})).scan(true);
        let unsure = BTreeSet::from(["github".to_owned()]);
        let at = world.now;
        world.store.write(|tx| super::write(tx, &world.all(), &unsure, at)).unwrap();
        let spec = json!({ "scope": { "node": { "system": "github", "kind": "credential", "key": "t" } }, "near": [] });
        let later = days_before(at, -1);
        world
            .store
            .write(|tx| {
                let person = NodeId(tx.query_row("SELECT id FROM node WHERE kind = 'person'", [], |row| row.get(0))?);
                let (mode, state) = (Mode::Departure, DepartureState::Running);
                let new = NewDeparture { person, mode, state, source: "cli".into(), cause: "test".into(), event: None, effective: at };
                let Opened::New(departure) = departures::open(tx, &new, at)? else { panic!("it is new") };
                let spec = spec.to_string();
                let new = NewAction { departure, number: 1, system: "github", name: "revoke", label: "revoke t in github", spec: &spec };
                let action = departures::add_action(tx, &new, at)?;
                departures::move_action(tx, action, &Move { verdict: Some(Verdict::Gone), ..Move::to(ActionState::Gone, later) })?;
                // The list of tokens can't be read any more: the proof is evidence all the same.
                let written = super::write(tx, &[], &unsure, later)?;
                assert!(written.closed >= 1, "{written:?}");
                Ok(())
            })
            .unwrap();
        let closed = world.store.read(|conn| changed(conn, at)).unwrap();
        let token = closed.iter().find(|row| row.check == "api-token").unwrap();
        let reason = token.reason.as_deref().unwrap();
        assert!(reason.starts_with("proved gone at ") && reason.ends_with("by departure 1: revoke t in github"), "{reason}");
    }
}
