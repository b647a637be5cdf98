//! The audit log after a departure: it holds, and each action stands in it with its outcome.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::company::Trial;
use super::{Broken, count};
use crate::run::FINE;

/// What the log says of how an action ended.
const OUTCOMES: &[&str] = &["revocation.verified", "revocation.refused", "revocation.stuck", "revocation.claimed", "revocation.returned"];

impl Trial<'_> {
    /// The log agrees with itself and with the store, whatever happened before. `signed`: and with its signature, to its last entry. No command has
    /// ended in a panic.
    pub fn log_holds(&mut self, when: &str, signed: bool) -> Result<(), Broken> {
        let ran = self.exeunt(&["audit", "verify", "--json"]);
        let said = serde_json::from_str::<Value>(&ran.out).unwrap_or_default();
        if ran.code != FINE || said["problems"] != json!([]) || (signed && said["verified"] != true) {
            return Err(format!("{when}, the log does not hold: {} {}", said["problems"], said["notes"]));
        }
        let told = std::fs::read_to_string(self.sim.folder().join("started.err")).unwrap_or_default();
        if told.contains("panicked") { Err(format!("{when}: {told}")) } else { Ok(()) }
    }

    /// What is given to an expert of the case verifies by itself.
    pub fn bundle_holds(&mut self, id: &str) -> Result<(), Broken> {
        let bundle = self.sim.folder().join("evidence.zip");
        let bundle = bundle.to_str().unwrap();
        for args in [&["audit", "bundle", id, "-o", bundle][..], &["audit", "verify", bundle]] {
            let ran = self.exeunt(args);
            if ran.code != FINE {
                return Err(format!("the evidence of the departure does not hold: {ran:?}"));
            }
        }
        Ok(())
    }

    /// Each action of the case was announced in the log once, and its last word there is the case's own; what a person is to do was asked of somebody.
    pub fn nothing_is_forgotten(&mut self, id: &str) -> Result<(), Broken> {
        let case = self.exeunt(&["departure", id, "--json"]).json();
        let conn = self.sim.sql();
        let mut statement = conn.prepare("SELECT body FROM audit_entry WHERE case_id = ?1 ORDER BY seq").unwrap();
        let entries = statement.query_map([format!("departure-{id}")], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let (mut intents, mut ends, mut tasks) = (BTreeMap::<i64, usize>::new(), BTreeMap::new(), BTreeSet::new());
        for entry in entries {
            let entry: Value = serde_json::from_slice(&entry.unwrap()).unwrap();
            let act = entry["act"].as_str().unwrap();
            match entry["target"]["action"].as_i64() {
                Some(number) if act == "revocation.intent" => *intents.entry(number).or_default() += 1,
                Some(number) if OUTCOMES.contains(&act) => drop(ends.insert(number, entry["detail"]["verdict"].clone())),
                _ if act == "task.opened" => drop(tasks.insert(entry["target"]["task"].as_i64())),
                _ => {}
            }
        }
        for action in case["actions"].as_array().unwrap() {
            count(&self.tried.logged);
            let number = action["number"].as_i64().unwrap();
            let of = |sql: &str| -> Vec<i64> {
                let mut statement = conn.prepare(sql).unwrap();
                statement.query_map(rusqlite::params![id, number], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            };
            let by_hand = !of("SELECT a.id FROM action_event e JOIN action a ON a.id = e.action
                               WHERE a.departure = ?1 AND a.number = ?2 AND e.state = 'handed_off'")
            .is_empty();
            let asked = of("SELECT t.id FROM task t JOIN action a ON a.id = t.action WHERE a.departure = ?1 AND a.number = ?2");
            let (intended, end) = (intents.get(&number).copied().unwrap_or_default(), ends.get(&number));
            let announced = intended == 1 || (by_hand && intended == 0);
            let ended = end.is_some_and(|end| *end == action["verdict"])
                || (end.is_none() && action["state"] == "handed_off" && asked.iter().any(|task| tasks.contains(&Some(*task))));
            if !announced || !ended {
                return Err(format!("an action was announced {intended} times, ended as {end:?}, and its tasks are {asked:?}: {action}"));
            }
        }
        Ok(())
    }
}
