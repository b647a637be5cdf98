//! Lists that could not be read to their end, and that may hold something of the person who leaves: all but those that are surely somebody
//! else's alone ([`Lists::whose`]), on whatever level they are.

use anyhow::Result;

use crate::connect::fleet::Fleet;
use crate::graph::{Lists, Person};
use crate::model::Coverage;
use crate::store::{Store, history, scans};

/// What the last scans could not read to its end, by scope.
pub(super) fn unread(store: &Store, fleet: &Fleet, person: &Person) -> Result<Vec<(String, String)>> {
    store.read(|conn| {
        let (coverage, last) = (scans::latest_coverage(conn)?, history::last_scans(conn, None)?);
        let mut unread = Vec::new();
        // A scan that failed, one whose credential lacks a right, and a system that no scan has read to the end.
        for scan in last.into_iter().filter(|scan| fleet.systems.contains_key(&scan.system)) {
            let never = scan.outcome.is_none().then(|| history::NEVER_TO_THE_END.to_owned());
            unread.extend(scan.problem.or(never).map(|problem| (scan.system, problem)));
        }
        for (system, connection) in &fleet.systems {
            let manifest = connection.manifest();
            let rows = coverage.iter().filter(|row| row.system == *system);
            if rows.clone().next().is_none() && !manifest.see.is_empty() {
                unread.push((system.clone(), format!("never read: run `exeunt scan {system}`")));
            }
            let lists = Lists { conn, as_of: None, manifest, system };
            for row in rows {
                if let Coverage::Gap(reason) = &row.coverage
                    && lists.whose(row)?.is_none_or(|people| people.contains(&person.key))
                {
                    let parent = if row.parent.is_empty() { String::new() } else { format!("({})", row.parent) };
                    unread.push((format!("{system} {}{parent}", row.collection), reason.clone()));
                }
            }
        }
        Ok(unread)
    })
}
