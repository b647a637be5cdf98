//! A departure, perhaps with faults, perhaps killed: what it calls gone is gone, nobody else lost anything, and its log holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::company::Trial;
use super::{Broken, EXECUTIVES, count};
use crate::run::FINE;
use crate::sim::differ;

impl Trial<'_> {
    /// exeunt knows nothing of one credential of this person: it was made after the last scan.
    fn forget_one_credential(&mut self, who: &str) {
        let conn = self.sim.sql();
        let person = self.sim.world.company.person(who).unwrap().clone();
        let sql =
            "SELECT DISTINCT c.id, c.key FROM node c JOIN system y ON y.id = c.system JOIN edge_seen e ON e.dst = c.id AND e.until IS NULL
             JOIN node a ON a.id = e.src LEFT JOIN node_seen w ON w.node = a.id AND w.until IS NULL
             WHERE y.name = ?1 AND c.kind = 'credential' AND (a.key = ?2 OR w.attrs LIKE '%' || ?2 || '%') ORDER BY c.key";
        let mut statement = conn.prepare(sql).unwrap();
        let found: Vec<(i64, String)> = statement
            .query_map([self.system, &person.work_email], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        if found.is_empty() {
            return;
        }
        let (id, key) = self.one_of(&found);
        self.story.push(format!("the credential {key} is made once the departure has begun"));
        conn.execute("DELETE FROM node_seen WHERE node = ?1", [id]).unwrap();
        conn.execute("DELETE FROM edge_seen WHERE src = ?1 OR dst = ?1", [id]).unwrap();
        conn.execute("UPDATE scope SET mark = NULL, full_at = NULL", []).unwrap();
    }

    /// A departure with faults; then everything is well again, each proof is read once more, and a second departure shows what was left to take.
    pub fn departure(&mut self) -> Result<(), Broken> {
        let had: Vec<&str> = EXECUTIVES.iter().copied().filter(|number| !self.left(number).is_empty()).collect();
        if had.is_empty() {
            return Ok(());
        }
        let who = self.one_of(&had);
        let others = self.others(who);
        if self.chance(3) {
            self.forget_one_credential(who);
        }
        // Whatever is tried again is tried for a minute.
        let out_of_reach = self.chance(40).then(|| self.out_of_reach());
        if out_of_reach.is_none() && !self.chance(5) {
            self.faults(true);
        }
        let args = ["revoke", who, "--yes", "--json"];
        if self.chance(3) {
            self.kill(&args);
            self.log_holds("after it was killed", false)?;
        }
        let ran = self.exeunt(&args);
        self.all_is_well(out_of_reach)?;
        let left = self.left(who);
        let ended = serde_json::from_str::<Value>(&ran.out).unwrap_or_default();
        self.log_holds("after the departure", !ended.is_null())?;
        let Some(id) = ended["departure"].as_i64().map(|id| id.to_string()) else {
            return if ran.code == FINE { Err(format!("the departure of {who} says nothing, and exits 0: {ran:?}")) } else { Ok(()) };
        };
        count(&self.tried.departures);
        self.nothing_is_forgotten(&id)?;
        self.bundle_holds(&id)?;
        let others_now = self.others(who);
        // A successor may well have got what was the leaver's.
        if !others.is_subset(&others_now) {
            return Err(format!("the departure of {who} took from others: {}", differ(&others, &others_now)));
        }
        if !self.hidden && says_all_is_gone(ran.code, &ended) && !left.is_empty() {
            return Err(format!("the departure of {who} exits {} and is {}, and this is left: {left:#?}", ran.code, ended["state"]));
        }
        let sure = is_sure(&ended);
        if sure {
            count(&self.tried.sure);
        }
        if ended["state"] == "closed" {
            count(&self.tried.closed);
        }
        let said = gone(&self.exeunt(&["departure", &id, "--json"]).json());
        let looked = self.exeunt(&["departure", &id, "--recheck", "--json"]);
        let is = gone(&self.exeunt(&["departure", &id, "--json"]).json());
        if !said.is_subset(&is) || looked.err.contains("came back") {
            return Err(format!(
                "the departure of {who} called gone what is there when nothing is wrong: {}\n{}",
                differ(&said, &is),
                looked.err
            ));
        }
        // All is well: what a second departure can still take away was left by the first.
        self.exeunt(&["scan", "--full"]);
        let again = self.exeunt(&args);
        let left_again = self.left(who);
        self.log_holds("after the second departure", !again.out.is_empty())?;
        let taken: Vec<&String> = left.iter().filter(|line| !left_again.contains(line)).collect();
        if sure && !self.hidden && !taken.is_empty() {
            return Err(format!("the departure of {who} was sure of all that it fired, and a second one takes away {taken:#?}: {ended:#}"));
        }
        let ended = serde_json::from_str::<Value>(&again.out).unwrap_or_default();
        if let Some(id) = ended["departure"].as_i64() {
            self.nothing_is_forgotten(&id.to_string())?;
        }
        if says_all_is_gone(again.code, &ended) && !left_again.is_empty() {
            return Err(format!("the second departure of {who} exits {}, and this is left: {left_again:#?}", again.code));
        }
        self.only_whom_hr_named(Some(who))
    }

    fn left(&self, number: &str) -> Vec<String> {
        self.sim.world.left(self.system, number).unwrap_or_default()
    }

    /// What everybody else can do in the system, but with what is the leaver's own: a mailbox of which they are a delegate.
    fn others(&self, who: &str) -> BTreeSet<String> {
        let leaver = self.sim.world.company.person(who).unwrap();
        let people = self.sim.world.company.people.iter().filter(|person| person.number != who);
        people
            .flat_map(|person| self.left(&person.number).into_iter().map(|line| format!("{} {line}", person.number)))
            .filter(|line| !line.contains(&leaver.login) && !line.contains(&leaver.display()))
            .collect()
    }
}

/// The actions of a case that are called gone.
fn gone(case: &Value) -> BTreeSet<String> {
    let actions = case["actions"].as_array().into_iter().flatten();
    actions.filter(|action| action["verdict"] == "gone").map(|action| format!("{} {}", action["number"], action["label"])).collect()
}

/// Whether a departure ended green, and with nothing that outlives it for a while by its own word.
fn says_all_is_gone(code: i32, ended: &Value) -> bool {
    (code == FINE || ended["state"] == "closed") && ended["lives_on"] == 0
}

/// Whether a departure has no doubt about anything that it fired or read.
fn is_sure(ended: &Value) -> bool {
    let none = |name: &str| ended[name] == 0 || ended[name] == json!([]);
    ["present", "unknown", "claimed", "refused", "stuck", "residual", "unread", "doubts"].into_iter().all(none)
}
