//! Lists that could not be read to their end, and that may hold something of the person who leaves.
//!
//! A gap counts, whatever level it is on, unless both are sure: the list was read for somebody else, and it tells of nobody but them. The sessions
//! of another executive are theirs alone; who has the files in their drive may well be the leaver.

use anyhow::Result;
use rusqlite::Connection;

use crate::connect::fleet::Fleet;
use crate::graph::{Graph, Person};
use crate::manifest::Manifest;
use crate::manifest::express::Expr;
use crate::manifest::raw;
use crate::model::{Coverage, NodeRef};
use crate::store::scans::{self, CoverageRow};
use crate::store::{Store, graph as rows, history};

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
            let who = Whose { conn, manifest, system, person };
            for row in rows {
                if let Coverage::Gap(reason) = &row.coverage
                    && who.may_hold_theirs(row)?
                {
                    let parent = if row.parent.is_empty() { String::new() } else { format!("({})", row.parent) };
                    unread.push((format!("{system} {}{parent}", row.collection), reason.clone()));
                }
            }
        }
        Ok(unread)
    })
}

/// Whose the lists of a system are.
struct Whose<'w> {
    conn: &'w Connection,
    manifest: &'w Manifest,
    system: &'w str,
    person: &'w Person,
}

impl Whose<'_> {
    fn may_hold_theirs(&self, row: &CoverageRow) -> Result<bool> {
        Ok(!of_one_person(self.manifest, &row.collection)
            || tells_of_others(self.manifest, &row.collection)
            || !self.is_another_s(&row.collection, &row.parent)?)
    }

    /// Whether a list was read for somebody else, or for what was listed below something of somebody else's; false where that isn't known.
    fn is_another_s(&self, collection: &str, parent: &str) -> Result<bool> {
        let Some(above) = self.manifest.collection(collection).and_then(|collection| collection.for_each.as_deref()) else {
            return Ok(false);
        };
        if above == "people" {
            return Ok(parent != self.person.key);
        }
        let listed = self.manifest.collection(above).and_then(|above| above.yields.iter().find_map(raw::Yield::node));
        let Some((kind, _)) = listed else { return Ok(false) };
        let node = NodeRef::new(kind, parent);
        let owners = match rows::find_node(self.conn, self.system, &node)? {
            Some(node) => Graph::owners_of(self.conn, node)?,
            None => Vec::new(),
        };
        if !owners.is_empty() {
            return Ok(!owners.contains(&self.person.id));
        }
        let parents = scans::listed_for(self.conn, self.system, above, &node)?;
        let mut another_s = !parents.is_empty();
        for parent in parents {
            another_s = another_s && self.is_another_s(above, &parent)?;
        }
        Ok(another_s)
    }
}

/// Whether a collection is read for watched people alone, or below one that is.
fn of_one_person(manifest: &Manifest, name: &str) -> bool {
    let Some(collection) = manifest.collection(name) else { return false };
    let parent = collection.for_each.as_deref();
    collection.watched || parent == Some("people") || parent.is_some_and(|parent| parent != name && of_one_person(manifest, parent))
}

/// Whether a collection, or one that is read for what it lists, shows what others have than the one it is read for.
fn tells_of_others(manifest: &Manifest, name: &str) -> bool {
    let own = manifest.collection(name).is_some_and(|collection| collection.yields.iter().any(names_somebody));
    let below = || manifest.see.iter().filter(|(child, collection)| child != name && collection.for_each.as_deref() == Some(name));
    own || below().any(|(child, _)| tells_of_others(manifest, child))
}

/// Whether a yield names an account, a person or an address that comes from the record itself.
fn names_somebody(told: &raw::Yield) -> bool {
    let ends = [&told.from, &told.to, &told.held_by, &told.owned_by, &told.account, &told.person];
    let node = [&told.account, &told.person];
    ends.into_iter().flatten().any(|source| {
        let names = || source.contains("account(") || source.contains("address(") || source.contains("aka(") || source.contains("person(");
        let is_node = node.iter().any(|key| key.as_ref() == Some(source));
        let of_record =
            || Expr::compile(source).map_or(true, |expr| expr.names().iter().any(|name| matches!(*name, "it" | "outer" | "body")));
        (is_node || names()) && of_record()
    })
}
