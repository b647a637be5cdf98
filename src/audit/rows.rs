//! The rows of departures, actions and tasks against the log. Each row is written in one transaction with its entry, so what the store says, the log
//! says too. A log that was cut back to an earlier checkpoint agrees with every signature and with itself; it doesn't agree with the rows.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::Result;
use super::entry::Entry;
use super::report::{Problem, Wrong};

/// What entries tell of rows.
#[derive(Debug, Default)]
pub(super) struct Told {
    cases: BTreeMap<String, Case>,
    /// Tasks that were opened.
    opened: BTreeSet<i64>,
    /// Tasks that were done, and by whom.
    done: BTreeMap<i64, String>,
    /// What people decided of links (confirmed, rejected), and who.
    links: BTreeMap<i64, (String, String)>,
}

#[derive(Debug, Default)]
struct Case {
    /// What happened.
    acts: BTreeSet<String>,
    /// Who approved it last.
    approved: Option<String>,
    /// Whether the last word on an action is that a read showed it gone.
    gone: BTreeMap<i64, bool>,
}

impl Told {
    /// Takes in what an entry tells.
    pub(super) fn hear(&mut self, entry: &Entry) {
        let draft = &entry.draft;
        let target = |name: &str| draft.target.as_ref().and_then(|target| target[name].as_i64());
        match (draft.act.as_str(), target("task").or_else(|| draft.detail["task"].as_i64())) {
            ("task.opened", Some(task)) => drop(self.opened.insert(task)),
            ("task.done", Some(task)) => drop(self.done.insert(task, draft.actor.clone())),
            _ => {}
        }
        if let (Some(word), Some(link)) = (draft.act.strip_prefix("link."), target("link")) {
            self.links.insert(link, (word.to_owned(), draft.actor.clone()));
        }
        let Some(name) = &draft.case else { return };
        let case = self.cases.entry(name.clone()).or_default();
        case.acts.insert(draft.act.clone());
        match (draft.act.as_str(), target("action")) {
            ("departure.approved", _) => case.approved = Some(draft.actor.clone()),
            ("revocation.verified", Some(number)) => drop(case.gone.insert(number, true)),
            ("revocation.returned", Some(number)) => drop(case.gone.insert(number, false)),
            _ => {}
        }
    }

    /// What the store's rows say otherwise. A store of the log alone has none.
    pub(super) fn check(&self, conn: &Connection) -> Result<Vec<Problem>> {
        let mut found = Vec::new();
        if conn.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'departure'")?.exists([])? {
            self.departures(conn, &mut found)?;
            self.actions(conn, &mut found)?;
            self.tasks(conn, &mut found)?;
            self.decisions(conn, &mut found)?;
        }
        Ok(found)
    }

    fn departures(&self, conn: &Connection, found: &mut Vec<Problem>) -> Result<()> {
        let mut rows = BTreeSet::new();
        let mut query = conn.prepare("SELECT id, state, approved, summary IS NOT NULL FROM departure ORDER BY id")?;
        let mut read = query.query([])?;
        while let Some(row) = read.next()? {
            let (id, state): (i64, String) = (row.get(0)?, row.get(1)?);
            let (approved, concluded): (Option<String>, bool) = (row.get(2)?, row.get(3)?);
            let row = format!("departure {id}");
            rows.insert(case_of(id));
            let case = self.cases.get(&case_of(id)).filter(|case| case.acts.contains("departure.opened"));
            let Some(case) = case else {
                differ(found, &row, "the store has it, and no entry tells that it was opened: the log was cut back, or the row is forged");
                continue;
            };
            let has = |act: &str| case.acts.contains(act);
            let told = match state.as_str() {
                "closed" => has("departure.closed") || has("departure.concluded"),
                "cancelled" => has("departure.cancelled"),
                _ => true,
            };
            if !told {
                differ(
                    found,
                    &row,
                    &format!("the store says that it is {state}, and no entry does: the log was cut back, or the row is forged"),
                );
            } else if concluded && !has("departure.concluded") {
                differ(found, &row, "the store has its outcome, and no entry does: the log was cut back, or the row is forged");
            }
            match (approved, &case.approved) {
                (Some(by), Some(told)) if by != *told => {
                    differ(found, &row, &format!("the store says that {by} approved it, and the log says {told}"))
                }
                (Some(by), None) => differ(found, &row, &format!("the store says that {by} approved it, and no entry does")),
                _ => {}
            }
        }
        for (name, case) in &self.cases {
            if case.acts.contains("departure.opened") && !rows.contains(name) {
                differ(found, &name.replace("departure-", "departure "), "the log tells of it, and the store has no such row any more");
            }
        }
        Ok(())
    }

    fn actions(&self, conn: &Connection, found: &mut Vec<Problem>) -> Result<()> {
        let mut query = conn.prepare("SELECT departure, number, label FROM action WHERE state = 'gone' ORDER BY departure, number")?;
        let mut read = query.query([])?;
        while let Some(row) = read.next()? {
            let (departure, number, label): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            // A case that the log doesn't know is said by itself.
            let Some(case) = self.cases.get(&case_of(departure)) else { continue };
            if case.gone.get(&number) != Some(&true) {
                let row = format!("action {number} of departure {departure}, {label}");
                differ(found, &row, "the store says that it is gone, and no entry says that a read showed it");
            }
        }
        Ok(())
    }

    fn tasks(&self, conn: &Connection, found: &mut Vec<Problem>) -> Result<()> {
        let mut rows = BTreeSet::new();
        let mut query = conn.prepare("SELECT id, state, done_by FROM task ORDER BY id")?;
        let mut read = query.query([])?;
        while let Some(row) = read.next()? {
            let (id, state, by): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let row = format!("task {id}");
            rows.insert(id);
            if !self.opened.contains(&id) {
                differ(found, &row, "the store has it, and no entry tells that it was opened: the log was cut back, or the row is forged");
            } else if state == "done" && self.done.get(&id) != by.as_ref() {
                let by = by.unwrap_or_else(|| "nobody".to_owned());
                differ(found, &row, &format!("the store says that {by} did it, and no entry does"));
            }
        }
        for id in self.opened.difference(&rows) {
            differ(found, &format!("task {id}"), "the log tells of it, and the store has no such row any more");
        }
        Ok(())
    }

    /// What people decided of links, from the first decision on that the log tells of: earlier versions wrote none down.
    fn decisions(&self, conn: &Connection, found: &mut Vec<Problem>) -> Result<()> {
        let Some((first, _)) = self.links.first_key_value() else { return Ok(()) };
        let mut told = self.links.clone();
        let mut query =
            conn.prepare("SELECT id, state, decided_by FROM link WHERE id >= ? AND state IN ('confirmed', 'rejected') ORDER BY id")?;
        let mut read = query.query([first])?;
        while let Some(row) = read.next()? {
            let (id, state, by): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let by = by.unwrap_or_else(|| "nobody".to_owned());
            if told.remove(&id).is_none_or(|(word, actor)| word != state || actor != by) {
                differ(found, &format!("link {id}"), &format!("the store says that {by} {state} it, and no entry does"));
            }
        }
        for (id, (word, actor)) in told {
            differ(found, &format!("link {id}"), &format!("the log says that {actor} {word} it, and the store has no such row"));
        }
        Ok(())
    }
}

fn differ(found: &mut Vec<Problem>, row: &str, why: &str) {
    found.push(Problem { seq: None, wrong: Wrong::Row { row: row.to_owned(), why: why.to_owned() } });
}

fn case_of(departure: i64) -> String {
    format!("departure-{departure}")
}
