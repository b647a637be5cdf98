//! What a read of some records closes: their own, and nothing of the others.
//!
//! A record is about one node, and may name others within it (a file its links, an account its keys). Rows don't say which record they came
//! from, so that is told from their edges.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use rusqlite::{Transaction, params};

use super::graph::{EdgeIdentity, Interner, OpenEdge, OpenNode};
use crate::model::{EdgeKind, NodeKind, NodeRef, ScopeId};

/// The records that were read (again).
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The nodes they are about, and those within them.
    pub read: &'a [NodeRef],
    /// The kind of what the collection's records are about; none if they are about nothing.
    pub about: Option<NodeKind>,
    /// At which end of an edge between two records the one stands whose record tells of it. An edge between records of one list that isn't
    /// named here goes when both are read.
    pub tellers: &'a [(EdgeKind, Teller)],
}

/// The end of an edge whose record tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// Who has.
    From,
    /// What they have.
    To,
}

impl Around<'_> {
    /// The rows of nodes and of edges that are no longer true.
    ///
    /// - An edge of a record that was read, and that wasn't seen again.
    /// - A node within such a record that belongs to no other, with its edges.
    pub(super) fn lost(
        &self,
        tx: &Transaction<'_>,
        interner: &mut Interner,
        scope: ScopeId,
        nodes: &HashMap<i64, OpenNode>,
        edges: &HashMap<EdgeIdentity, OpenEdge>,
    ) -> Result<(Vec<i64>, Vec<i64>)> {
        let read = self.read.iter().map(|node| interner.id(tx, node)).collect::<Result<HashSet<_>>>()?;
        let records = self.records(tx, scope)?;
        let other_record = |id: &i64| records.contains(id) && !read.contains(id);
        let tells = |kind: EdgeKind, src: &i64, dst: &i64| match self.tellers.iter().find(|(known, _)| *known == kind) {
            Some((_, Teller::From)) => read.contains(src),
            Some((_, Teller::To)) => read.contains(dst),
            None => read.contains(src) && read.contains(dst),
        };
        let mut gone: HashSet<i64> = nodes.iter().filter(|(id, open)| !open.seen && read.contains(*id)).map(|(id, _)| *id).collect();
        let mut lost: HashSet<&EdgeIdentity> = edges
            .iter()
            .filter(|(_, open)| !open.seen)
            .map(|(edge, _)| edge)
            .filter(|(src, kind, dst, _)| match (records.contains(src), records.contains(dst)) {
                (true, true) => tells(*kind, src, dst),
                _ => (read.contains(src) || read.contains(dst)) && !other_record(src) && !other_record(dst),
            })
            .collect();
        // Those within: whoever lost an edge and is tied to no record any more, nor, if it never was, to anything that is still here.
        let mut ties: HashMap<i64, Vec<&EdgeIdentity>> = HashMap::new();
        for edge in edges.keys() {
            ties.entry(edge.0).or_default().push(edge);
            ties.entry(edge.2).or_default().push(edge);
        }
        let other = |edge: &EdgeIdentity, id: i64| if edge.0 == id { edge.2 } else { edge.0 };
        let mut doubtful: Vec<i64> = lost.iter().flat_map(|edge| [edge.0, edge.2]).collect();
        while let Some(id) = doubtful.pop() {
            let within = nodes.get(&id).is_some_and(|open| !open.seen) && !records.contains(&id) && !gone.contains(&id);
            let Some(own) = ties.get(&id).filter(|_| within) else { continue };
            let once_in_a_record = own.iter().any(|edge| records.contains(&other(edge, id)));
            let is_tied = own.iter().filter(|edge| !lost.contains(**edge)).any(|edge| {
                let end = other(edge, id);
                let ties = if once_in_a_record { records.contains(&end) } else { nodes.contains_key(&end) && !gone.contains(&end) };
                ties || edges.get(*edge).is_some_and(|open| open.seen)
            });
            if !is_tied {
                gone.insert(id);
                doubtful.extend(own.iter().map(|edge| other(edge, id)));
                lost.extend(own);
            }
        }
        let node_rows = gone.iter().filter_map(|id| nodes.get(id)).map(|open| open.row).collect();
        let edge_rows = lost.iter().filter_map(|edge| edges.get(*edge)).map(|open| open.row).collect();
        Ok((node_rows, edge_rows))
    }

    /// The nodes that the scope's records are about.
    fn records(&self, tx: &Transaction<'_>, scope: ScopeId) -> Result<HashSet<i64>> {
        let Some(kind) = self.about else { return Ok(HashSet::new()) };
        let mut statement = tx.prepare_cached(
            "SELECT v.node FROM node_seen v JOIN node n ON n.id = v.node WHERE v.scope = ?1 AND v.until IS NULL AND n.kind = ?2",
        )?;
        Ok(statement.query_map(params![scope.0, kind.word()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::Map;

    use super::super::graph::{Closing, Interner, ScopeWrite, scope_row, system_row, write_scope};
    use super::super::{Store, scans};
    use super::*;
    use crate::clock;
    use crate::model::{EdgeSeen, NodeSeen, Observation};

    fn name(text: &str) -> NodeRef {
        let (kind, key) = text.split_once(':').unwrap();
        NodeRef::new(kind.parse().unwrap(), key)
    }

    fn seen(items: &[&str]) -> Vec<Observation> {
        let one = |text: &&str| match text.split(' ').collect::<Vec<_>>()[..] {
            [from, kind, to] => {
                Observation::Edge(EdgeSeen { from: name(from), kind: kind.parse().unwrap(), to: name(to), level: None, attrs: Map::new() })
            }
            _ => Observation::Node(NodeSeen { node: name(text), type_: String::new(), name: None, attrs: Map::new(), aka: Vec::new() }),
        };
        items.iter().map(one).collect()
    }

    /// Writes everything, then what was read of some records; what is open after it.
    fn after(all: &[&str], about: &str, tellers: &[(EdgeKind, Teller)], read: &[&str], again: &[&str]) -> BTreeSet<String> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).unwrap();
        store
            .write(|tx| {
                let row = system_row(tx, "x", "x", "saas")?;
                let scope = scope_row(tx, row, "all", "")?;
                let mut interner = Interner::load(tx, row)?;
                let read: Vec<NodeRef> = read.iter().map(|text| name(text)).collect();
                let around = Around { read: &read, about: Some(about.parse().unwrap()), tellers };
                for (closing, items) in [(Closing::Unseen, all), (Closing::Around(around), again)] {
                    let scan = scans::begin(tx, row, None, clock::now())?;
                    let write =
                        ScopeWrite { scan, scope, at: clock::now(), closing, accept_loss: false, ours: None, keep: &[], later: None };
                    write_scope(tx, &mut interner, write, &seen(items))?;
                }
                let mut open = BTreeSet::new();
                for sql in [
                    "SELECT n.kind || ':' || n.key FROM node_seen v JOIN node n ON n.id = v.node WHERE v.until IS NULL",
                    "SELECT a.kind || ':' || a.key || ' ' || e.kind || ' ' || b.kind || ':' || b.key FROM edge_seen e
                     JOIN node a ON a.id = e.src JOIN node b ON b.id = e.dst WHERE e.until IS NULL",
                ] {
                    let mut statement = tx.prepare(sql)?;
                    open.extend(statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?);
                }
                Ok(open)
            })
            .unwrap()
    }

    fn set(items: &[&str]) -> BTreeSet<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn a_link_goes_with_the_file_that_no_longer_has_it_and_no_other() {
        let files = [
            "resource:f1",
            "credential:l1",
            "credential:l1 opens resource:f1",
            "address:a@x.example holds credential:l1",
            "address:b@x.example can_access resource:f1",
            "resource:f2",
            "credential:l2",
            "credential:l2 opens resource:f2",
            "address:a@x.example holds credential:l2",
        ];
        let open = after(&files, "resource", &[], &["resource:f1"], &["resource:f1"]);
        assert_eq!(
            open,
            set(&[
                "resource:f1",
                "resource:f2",
                "credential:l2",
                "credential:l2 opens resource:f2",
                "address:a@x.example holds credential:l2"
            ])
        );
        let open = after(&files, "resource", &[], &["resource:f1", "resource:f2"], &[]);
        assert_eq!(open, set(&[]), "both files are gone, and all that was theirs");
    }

    #[test]
    fn what_two_records_name_stays_while_one_of_them_does() {
        let users = ["account:a", "role:r", "account:a assigned role:r", "account:b", "account:b assigned role:r"];
        let open = after(&users, "account", &[], &["account:a"], &["account:a"]);
        assert_eq!(open, set(&["account:a", "role:r", "account:b", "account:b assigned role:r"]));
        let open = after(&users, "account", &[], &["account:a", "account:b"], &["account:a", "account:b"]);
        assert_eq!(open, set(&["account:a", "account:b"]), "nobody names the role any more");
    }

    #[test]
    fn an_edge_between_two_records_is_the_tellers() {
        let groups = ["group:inner", "group:outer", "group:inner member_of group:outer"];
        let outer_tells = [(EdgeKind::MemberOf, Teller::To)];
        let left = |tellers, read| after(&groups, "group", tellers, &[read], &[read]).contains("group:inner member_of group:outer");
        assert!(!left(&outer_tells, "group:outer"), "the outer group no longer names it");
        assert!(left(&outer_tells, "group:inner"), "the inner group says nothing of where it is");
        assert!(left(&[], "group:outer"), "nobody knows who tells");
    }
}
