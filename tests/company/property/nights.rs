//! Nights: a scan, perhaps with faults, and what must hold after it.

use std::collections::BTreeSet;

use super::company::{Trial, Truth};
use super::{Broken, count};
use crate::run::COULD_NOT;
use crate::sim::differ;

impl Trial<'_> {
    /// A scan, perhaps with faults; what must hold after it.
    pub fn night(&mut self, number: usize, truth: &Truth) -> Result<(), Broken> {
        let (before, found_before) = (self.known(false), self.findings());
        let out_of_reach = self.chance(16).then(|| self.out_of_reach());
        let faulty = out_of_reach.is_some() || !self.chance(4);
        if faulty && out_of_reach.is_none() {
            self.faults(false);
        }
        let full = self.chance(3);
        let scan: &[&str] = if full { &["scan", "--full"] } else { &["scan"] };
        if self.chance(6) {
            self.kill(scan);
        }
        let ran = self.exeunt(scan);
        self.all_is_well(out_of_reach)?;
        self.hidden &= faulty || !full || ran.code == COULD_NOT;
        if self.hidden || self.renamed {
            return Ok(());
        }
        let (after, whole, found) = (self.known(false), self.known(true), self.findings());
        // Nothing changed at the vendor, so nothing that was known may be missing.
        if !before.is_subset(&after) {
            return Err(format!("night {number}: what was known is known no more: {}", differ(&before, &after)));
        }
        if !found_before.is_subset(&found) {
            return Err(format!("night {number}: what was found is found no more: {}", differ(&found_before, &found)));
        }
        if ran.code != COULD_NOT {
            count(&self.tried.whole_nights);
            if whole != truth.graph {
                return Err(format!("night {number} names no gap, and differs from what is there: {}", differ(&truth.graph, &whole)));
            }
            if !truth.findings.is_subset(&found) {
                return Err(format!("night {number} names no gap, and does not find all: {}", differ(&truth.findings, &found)));
            }
            return Ok(());
        }
        count(&self.tried.gap_nights);
        let complete = self.complete();
        let of = |graph: &BTreeSet<String>| -> BTreeSet<String> {
            graph.iter().filter(|line| complete.iter().any(|scope| line.starts_with(scope.as_str()))).cloned().collect()
        };
        let (is, should) = (of(&whole), of(&truth.graph));
        if is != should {
            return Err(format!("night {number} calls scopes complete that differ from what is there: {}", differ(&should, &is)));
        }
        Ok(())
    }

    /// The scopes of the system that the last scan calls complete, as lines of the graph begin with them.
    fn complete(&self) -> Vec<String> {
        let conn = self.sim.sql();
        let sql = "SELECT y.name || ' ' || s.collection || '(' || s.parent || ') ' FROM coverage c JOIN scope s ON s.id = c.scope
             JOIN system y ON y.id = s.system WHERE y.name = ?1 AND c.complete = 1 AND c.scan = (SELECT max(id) FROM scan WHERE system = y.id)";
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([self.system], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Nobody has a case whom HR did not name.
    pub fn only_whom_hr_named(&mut self, beside: Option<&str>) -> Result<(), Broken> {
        let heard = self.sim.hear();
        let conn = self.sim.sql();
        // Whoever it is by any record of them: the number may be lost by now, or may never have been read; then the record that met no fault tells it.
        conn.execute("ATTACH ?1 AS truth", [self.sim.folder().join("truth.db").display().to_string()]).unwrap();
        let sql = "SELECT d.person, coalesce(
               (SELECT group_concat(DISTINCT json_extract(w.attrs, '$.employee_number')) FROM node_seen w WHERE w.node = d.person),
               (SELECT group_concat(DISTINCT json_extract(w.attrs, '$.employee_number')) FROM truth.node_seen w
                JOIN truth.node t ON t.id = w.node AND t.kind = 'person' WHERE t.key = n.key))
             FROM departure d JOIN node n ON n.id = d.person";
        let mut statement = conn.prepare(sql).unwrap();
        let cases: Vec<(i64, Option<String>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        let named = |numbers: &Option<String>| {
            numbers
                .as_deref()
                .is_some_and(|numbers| numbers.split(',').any(|number| self.leaving.contains(number) || beside == Some(number)))
        };
        let strangers: Vec<_> = cases.iter().filter(|(_, numbers)| !named(numbers)).collect();
        if strangers.is_empty() { Ok(()) } else { Err(format!("HR did not name {strangers:?} as leaving: {heard:#?}")) }
    }
}
