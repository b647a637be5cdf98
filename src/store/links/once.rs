//! Accounts that a person once had and that their system no longer shows.

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::Connection;

use crate::model::NodeId;
use crate::store::graph::moment;

/// An account that was a person's for sure, and that no scope shows any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The account.
    pub account: NodeId,
    /// Its system.
    pub system: String,
    /// What it was called.
    pub label: String,
    /// When it was seen for the last time, if a scope ever saw the account itself.
    pub until: Option<Timestamp>,
}

/// The accounts that were a person's for sure and that no scope shows any more: neither the account itself nor anything that it has. Left out are
/// those that an action of ours was proved to have taken away, those that a person said are not theirs, and those that are somebody else's now.
///
/// # Errors
/// The database's.
pub fn once_had(conn: &Connection, person: NodeId) -> Result<Vec<Once>> {
    let mut statement = conn.prepare_cached(
        "SELECT n.id, s.name, n.key,
                (SELECT name FROM node_seen WHERE node = n.id AND name IS NOT NULL ORDER BY id DESC LIMIT 1),
                (SELECT max(until) FROM node_seen WHERE node = n.id)
         FROM node n JOIN system s ON s.id = n.system
         WHERE n.kind = 'account'
           AND n.id IN (SELECT account FROM link WHERE person = ?1 AND state IN ('certain', 'confirmed'))
           AND NOT EXISTS (SELECT 1 FROM link l WHERE l.account = n.id AND l.until IS NULL
                           AND ((l.person = ?1 AND l.state = 'rejected') OR (l.person <> ?1 AND l.state IN ('certain', 'confirmed'))))
           AND NOT EXISTS (SELECT 1 FROM node_seen v WHERE v.node = n.id AND v.until IS NULL)
           AND NOT EXISTS (SELECT 1 FROM edge_seen e WHERE e.src = n.id AND e.until IS NULL)
           AND NOT EXISTS (SELECT 1 FROM action a WHERE a.state = 'gone' AND a.system = s.name
                           AND n.key IN (json_extract(a.spec, '$.scope.node.key'), json_extract(a.spec, '$.scope.from.key')))
         ORDER BY s.name, n.key",
    )?;
    let mut rows = statement.query([person.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(2)?;
        found.push(Once {
            account: NodeId(row.get(0)?),
            system: row.get(1)?,
            label: row.get::<_, Option<String>>(3)?.unwrap_or(key),
            until: row.get::<_, Option<i64>>(4)?.map(moment).transpose()?,
        });
    }
    Ok(found)
}
