//! What actions of ours took away from a system: its loss is no surprise.

use std::collections::HashSet;

use anyhow::Result;
use jiff::{Timestamp, ToSpan as _};
use rusqlite::{Connection, params};
use serde_json::Value;

use super::graph::{find_node, moment};
use crate::model::{NodeKind, NodeRef, ScopeId};

/// What was proved gone by us since a scope was last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ours {
    nodes: HashSet<i64>,
    edges: HashSet<(i64, i64)>,
}

impl Ours {
    /// What actions in a system took away, each proved, since this scope's list was last read completely.
    ///
    /// # Errors
    /// The database's.
    pub fn of(conn: &Connection, system: &str, scope: ScopeId) -> Result<Self> {
        let read: Option<i64> = conn
            .prepare_cached("SELECT max(at) FROM coverage WHERE scope = ?1 AND complete = 1 AND extent <> 'person'")?
            .query_row([scope.0], |row| row.get(0))?;
        // Some lists show for a while what is gone already.
        let since = read.map(moment).transpose()?.map_or(Timestamp::MIN, |at| at.checked_sub(1.hour()).unwrap_or(at));
        let mut statement =
            conn.prepare_cached("SELECT spec FROM action WHERE system = ?1 AND state = 'gone' AND verdict = 'gone' AND proved >= ?2")?;
        let mut rows = statement.query(params![system, since.as_microsecond()])?;
        let mut ours = Self::default();
        while let Some(row) = rows.next()? {
            let spec: Value = serde_json::from_str(row.get_ref(0)?.as_str()?)?;
            let of = |name: &str| id(conn, system, &spec["scope"][name]);
            match (of("from")?, of("to")?, of("node")?) {
                (Some(from), Some(to), _) => _ = ours.edges.insert((from, to)),
                (_, _, Some(node)) => _ = ours.nodes.insert(node),
                _ => {}
            }
        }
        Ok(ours)
    }

    /// Whether we took this node away.
    pub fn node(&self, node: i64) -> bool {
        self.nodes.contains(&node)
    }

    /// Whether we took this edge away, or what stands at one end of it.
    pub fn edge(&self, from: i64, to: i64) -> bool {
        self.edges.contains(&(from, to)) || self.nodes.contains(&from) || self.nodes.contains(&to)
    }

    /// Whether nothing was taken away.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.edges.is_empty()
    }
}

/// The node that a value of an action's expressions stands for.
pub(super) fn id(conn: &Connection, system: &str, value: &Value) -> Result<Option<i64>> {
    let (Some(kind), Some(key)) = (value["kind"].as_str().and_then(|kind| kind.parse::<NodeKind>().ok()), value["id"].as_str()) else {
        return Ok(None);
    };
    let of = value["system"].as_str().filter(|of| !of.is_empty()).unwrap_or(system);
    Ok(find_node(conn, of, &NodeRef::new(kind, key))?.map(|node| node.0))
}
