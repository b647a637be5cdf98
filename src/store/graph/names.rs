//! What nodes are looked for by: their second names, the addresses of accounts and of people, and what people call these. A name is written with
//! the row that says it, and holds as long as that row.

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Transaction, params};
use serde_json::Value;

use super::read::{holds, node_row};
use crate::clean;
use crate::model::{NodeId, NodeKind, NodeSeen, normal_address, normal_alias, normal_label};

/// What a name is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A second name within its system, or everywhere; any node may have one.
    Aka,
    /// A mail address that an account answers to, or that a person has at work.
    Address,
    /// What people write for an account or a person: name or key; of a person the employee number too.
    Label,
}

impl Use {
    fn word(self) -> &'static str {
        match self {
            Self::Aka => "aka",
            Self::Address => "address",
            Self::Label => "label",
        }
    }
}

/// The names of a node as it was seen.
pub(super) fn of(seen: &NodeSeen) -> Vec<(Use, Box<str>)> {
    let mut names: Vec<(Use, Box<str>)> = seen.aka.iter().map(|name| (Use::Aka, normal_alias(name).into())).collect();
    if matches!(seen.node.kind, NodeKind::Account | NodeKind::Person) {
        let texts = |value: Option<&Value>| match value {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(text)) => vec![text.clone()],
            _ => Vec::new(),
        };
        let addresses = texts(seen.attrs.get("emails"));
        names.extend(addresses.iter().filter(|text| text.contains('@')).map(|text| (Use::Address, normal_address(text).into())));
        let mut labels = vec![clean::line(seen.name.as_deref().unwrap_or(&seen.node.key)), seen.node.key.clone()];
        if seen.node.kind == NodeKind::Person {
            labels.extend(texts(seen.attrs.get("employee_number")));
        } else {
            // An account's key is found by the key itself.
            labels.truncate(1);
        }
        names.extend(labels.iter().map(|label| (Use::Label, normal_label(label).into())));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Keeps the names that a row of `node_seen` says.
pub(super) fn keep(tx: &Transaction<'_>, row: i64, names: &[(Use, Box<str>)]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO name (word, use, seen) VALUES (?1, ?2, ?3)")?;
    for (used, word) in names {
        insert.execute(params![word, used.word(), row])?;
    }
    Ok(())
}

/// Keeps the names of every row that there is: for a store that has none yet.
///
/// # Errors
/// The database's.
pub(in crate::store) fn fill(tx: &Transaction<'_>) -> Result<()> {
    let sql = "SELECT n.id, s.name, n.kind, n.key, v.type, v.name, v.attrs, v.aka, v.since, v.id
               FROM node_seen v JOIN node n ON n.id = v.node JOIN system s ON s.id = n.system";
    let mut statement = tx.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(seen) = node_row(row)?.seen {
            keep(tx, row.get(9)?, &of(&seen))?;
        }
    }
    Ok(())
}

/// A node that has a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its system.
    pub system: String,
    /// What it is.
    pub kind: NodeKind,
    /// Which.
    pub node: NodeId,
}

impl FromSql for NodeKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
    }
}

/// The nodes that have a name at a moment (now, if none is given), each once, in the order of their numbers.
///
/// # Errors
/// The database's.
pub fn named(conn: &Connection, as_of: Option<Timestamp>, used: Use, word: &str) -> Result<Vec<Named>> {
    let sql = format!(
        "SELECT DISTINCT s.name, n.kind, n.id FROM name a JOIN node_seen v ON v.id = a.seen JOIN node n ON n.id = v.node
         JOIN system s ON s.id = n.system WHERE a.word = ?1 AND a.use = ?2 AND {} ORDER BY n.id",
        holds(as_of)
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![word, used.word()], |row| Ok(Named { system: row.get(0)?, kind: row.get(1)?, node: NodeId(row.get(2)?) }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The people who have, or ever had, this number, key, address or name, in the order of their numbers. Case and blanks mean nothing.
///
/// # Errors
/// The database's.
pub fn once_called(conn: &Connection, word: &str) -> Result<Vec<NodeId>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT n.id FROM name a JOIN node_seen v ON v.id = a.seen JOIN node n ON n.id = v.node
         WHERE a.word = ?1 AND a.use IN ('address', 'label') AND n.kind = 'person' ORDER BY n.id",
    )?;
    let rows = statement.query_map([normal_label(word)], |row| row.get(0).map(NodeId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
