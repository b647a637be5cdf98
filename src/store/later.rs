//! What became known of a scope after a read of it had begun. Scans and departures run at the same time: a list that took an hour to read shows what
//! an action of ours took away meanwhile, and lacks what another scan has seen since. There the read is out of date, and changes nothing.

use std::collections::HashSet;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::graph::moment;
use super::ours::id;
use crate::model::ScopeId;

/// A moment, told by what had been written by then: the clock may be set meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    scan: i64,
    event: i64,
}

impl Mark {
    /// The present.
    ///
    /// # Errors
    /// The database's.
    pub fn now(conn: &Connection) -> Result<Self> {
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM scan), (SELECT coalesce(max(id), 0) FROM action_event)";
        Ok(conn.prepare_cached(sql)?.query_row([], |row| Ok(Self { scan: row.get(0)?, event: row.get(1)? }))?)
    }

    /// When a scan that began after this moment read a scope as a whole and to its end, if one did.
    ///
    /// # Errors
    /// The database's.
    pub fn read_since(self, conn: &Connection, scope: ScopeId) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM coverage WHERE scope = ?1 AND scan > ?2 AND complete = 1 AND extent = 'whole' ORDER BY at DESC LIMIT 1";
        let at: Option<i64> = conn.prepare_cached(sql)?.query_row(params![scope.0, self.scan], |row| row.get(0)).optional()?;
        at.map(moment).transpose()
    }
}

/// What of a scope is not written, nor closed, by a read that began before it was changed.
#[derive(Debug, Default)]
pub struct Later {
    /// Nodes on which an action of ours moved: they, and every edge at them.
    moved: HashSet<i64>,
    /// Edges on which an action of ours moved.
    cut: HashSet<(i64, i64)>,
    /// The scans after this one covered the scope as well: what they opened or closed stays so.
    covered: Option<(ScopeId, i64)>,
}

impl Later {
    /// What was changed in a scope of a system since a moment.
    ///
    /// # Errors
    /// The database's.
    pub fn of(conn: &Connection, system: &str, scope: ScopeId, since: Mark) -> Result<Self> {
        let mut later = Self::default();
        let covered = "SELECT 1 FROM coverage WHERE scope = ?1 AND scan > ?2 LIMIT 1";
        if conn.prepare_cached(covered)?.exists(params![scope.0, since.scan])? {
            later.covered = Some((scope, since.scan));
        }
        let mut moved = conn.prepare_cached(
            "SELECT DISTINCT a.spec FROM action_event e JOIN action a ON a.id = e.action WHERE e.id > ?1 AND a.system = ?2 AND e.state <> 'planned'",
        )?;
        let mut rows = moved.query(params![since.event, system])?;
        while let Some(row) = rows.next()? {
            let spec: Value = serde_json::from_str(row.get_ref(0)?.as_str()?)?;
            let of = |name: &str| id(conn, system, &spec["scope"][name]);
            match (of("from")?, of("to")?, of("node")?) {
                (Some(from), Some(to), _) => _ = later.cut.insert((from, to)),
                (_, _, Some(node)) => _ = later.moved.insert(node),
                _ => {}
            }
        }
        Ok(later)
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.cut.is_empty() && self.covered.is_none()
    }

    /// Whether this node was changed.
    ///
    /// # Errors
    /// The database's.
    pub fn node(&self, conn: &Connection, node: i64) -> Result<bool> {
        if self.moved.contains(&node) {
            return Ok(true);
        }
        let Some((scope, scan)) = self.covered else { return Ok(false) };
        let sql = "SELECT 1 FROM node_seen WHERE node = ?1 AND scope = ?2 AND (opened_by > ?3 OR closed_by > ?3) LIMIT 1";
        Ok(conn.prepare_cached(sql)?.exists(params![node, scope.0, scan])?)
    }

    /// Whether an edge between these two was changed.
    ///
    /// # Errors
    /// The database's.
    pub fn edge(&self, conn: &Connection, from: i64, to: i64) -> Result<bool> {
        if self.cut.contains(&(from, to)) || self.moved.contains(&from) || self.moved.contains(&to) {
            return Ok(true);
        }
        let Some((scope, scan)) = self.covered else { return Ok(false) };
        let sql = "SELECT 1 FROM edge_seen WHERE src = ?1 AND dst = ?2 AND scope = ?3 AND (opened_by > ?4 OR closed_by > ?4) LIMIT 1";
        Ok(conn.prepare_cached(sql)?.exists(params![from, to, scope.0, scan])?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Map;

    use super::super::graph::{Closing, Interner, ScopeWrite, Tally, scope_row, system_row, write_scope};
    use super::super::{Store, scans};
    use super::*;
    use crate::clock;
    use crate::model::{Coverage, Extent, NodeKind, NodeRef, NodeSeen, Observation};

    fn accounts(keys: &[&str]) -> Vec<Observation> {
        let one = |key: &&str| NodeSeen {
            node: NodeRef::new(NodeKind::Account, *key),
            type_: String::new(),
            name: None,
            attrs: Map::new(),
            aka: Vec::new(),
        };
        keys.iter().map(|key| Observation::Node(one(key))).collect()
    }

    // Reliability: Nothing stuck.
    #[test]
    fn a_list_that_is_older_than_an_action_or_another_read_changes_nothing_that_they_changed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).unwrap();
        let open = |conn: &Connection| -> Result<Vec<String>> {
            let sql = "SELECT n.key FROM node_seen v JOIN node n ON n.id = v.node WHERE v.until IS NULL ORDER BY n.key";
            Ok(conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        };
        store
            .write(|tx| {
                let now = clock::now();
                let row = system_row(tx, "x", "x", "saas")?;
                let scope = scope_row(tx, row, "users", "")?;
                let mut interner = Interner::load(tx, row)?;
                let mut write = |keys: &[&str], later: Option<&Later>, scan| -> Result<Tally> {
                    let (closing, keep) = (Closing::Unseen, [].as_slice());
                    let write = ScopeWrite { scan, scope, at: now, closing, accept_loss: false, ours: None, keep, later };
                    write_scope(tx, &mut interner, write, &accounts(keys))
                };
                let cover = |scan, extent| {
                    let read = scans::Covered { extent, coverage: &Coverage::Complete, tally: Tally::default(), drift: &[] };
                    scans::cover(tx, scan, scope, &read, now)
                };
                write(&["ann", "ben", "cat"], None, scans::begin(tx, row, None, now)?)?;
                let night = scans::begin(tx, row, None, now)?;
                let began = Mark::now(tx)?;
                assert!(Later::of(tx, "x", scope, began)?.is_empty());

                // While the night reads its list, a departure takes Ann's account away, and another read sees that Dan has one.
                tx.execute_batch(
                    r#"INSERT INTO departure (id, person, mode, state, source, cause, effective, created) VALUES (1, 1, 'departure', 'running', 'cli', 'x', 0, 0);
                       INSERT INTO action (id, departure, number, system, name, label, spec, state)
                         VALUES (1, 1, 1, 'x', 'delete', 'x', '{"scope":{"node":{"system":"x","kind":"account","id":"ann"}}}', 'gone');
                       INSERT INTO action_event (action, at, state, detail) VALUES (1, 0, 'gone', '{}');"#,
                )?;
                let other = scans::begin(tx, row, None, now)?;
                write(&["ben", "cat", "dan"], None, other)?;
                cover(other, Extent::Person)?;
                assert_eq!(open(tx)?, ["ben", "cat", "dan"]);
                let later = Later::of(tx, "x", scope, began)?;
                write(&["ann", "ben"], Some(&later), night)?;
                assert_eq!(open(tx)?, ["ben", "dan"], "Ann's is gone, Dan's is there; that Cat's is gone is news");
                assert_eq!(began.read_since(tx, scope)?, None, "the other read was of a few records");

                // What a later scan read as a whole is how things are.
                cover(scans::begin(tx, row, None, now)?, Extent::Whole)?;
                assert!(began.read_since(tx, scope)?.is_some());
                assert_eq!(Mark::now(tx)?.read_since(tx, scope)?, None);
                Ok(())
            })
            .unwrap();
    }
}
