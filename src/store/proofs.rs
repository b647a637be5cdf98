//! Proofs reach the graph: what a fresh read of an action showed gone is gone here too, where no scan has looked since.

use std::collections::HashSet;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::{Value, json};

use super::graph::{Closing, Interner, NO_SYSTEM, ScopeWrite, write_scope};
use super::scans::{self, Outcome};
use crate::model::{NodeId, NodeKind, NodeRef, NodeSeen, Observation, ScanId, ScopeId, normal_address};

/// A node as an action's spec names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Its system's name.
    pub system: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its key there.
    pub key: String,
    /// Its addresses: an edge may name it by one.
    pub emails: Vec<String>,
}

impl Named {
    /// The node that a value of a spec stands for.
    pub fn of(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let emails = value.get("emails").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        Some(Self {
            system: text("system")?.to_owned(),
            kind: text("kind")?.parse().ok()?,
            key: text("key")?.to_owned(),
            emails: emails.map(normal_address).collect(),
        })
    }

    /// Its row.
    fn row(&self, conn: &Connection) -> Result<Option<i64>> {
        let mut statement = conn.prepare_cached(
            "SELECT n.id FROM node n LEFT JOIN system y ON y.id = n.system WHERE n.kind = ?2 AND n.key = ?3 AND (y.name = ?1 OR n.system = ?4)",
        )?;
        Ok(statement.query_row(params![self.system, self.kind.word(), self.key, NO_SYSTEM], |row| row.get(0)).optional()?)
    }

    /// Every row that an edge may name it by: its own, those of its other names, those of its addresses.
    fn rows(&self, conn: &Connection) -> Result<HashSet<i64>> {
        let Some(own) = self.row(conn)? else { return Ok(HashSet::new()) };
        let mut rows = HashSet::from([own]);
        let mut aliases = conn.prepare_cached(
            "SELECT a.id FROM node n JOIN node_seen v ON v.node = n.id AND v.until IS NULL, json_each(v.aka) j
             JOIN node a ON a.system = n.system AND a.kind = 'aka' AND a.key = ?2 WHERE n.id = ?1 AND j.value = ?3",
        )?;
        let names: Vec<String> = conn
            .prepare_cached("SELECT j.value FROM node_seen v, json_each(v.aka) j WHERE v.node = ?1 AND v.until IS NULL")?
            .query_map([own], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for name in names {
            let normal = NodeRef::new(NodeKind::Alias, name.clone()).key;
            rows.extend(aliases.query_row(params![own, normal, name], |row| row.get::<_, i64>(0)).optional()?);
        }
        let mut addresses = conn.prepare_cached("SELECT id FROM node WHERE system = ?1 AND kind = 'address' AND key = ?2")?;
        for email in &self.emails {
            rows.extend(addresses.query_row(params![NO_SYSTEM, email], |row| row.get::<_, i64>(0)).optional()?);
        }
        Ok(rows)
    }
}

/// What a proof showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The node is gone, and every edge at it.
    Node(Named),
    /// The account is switched off.
    Account(Named),
    /// The edge is gone.
    Edge {
        /// Who had it.
        from: Named,
        /// What they had.
        to: Named,
        /// `kind`, `level`, `system` and attributes.
        edge: Value,
    },
}

/// What it says against a proof that a list still has the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// That it is in use, unless its state there says otherwise.
    InUse,
    /// What its state there says, and nothing where it has none.
    AsItsState,
    /// Nothing: the list keeps what is gone, and doesn't say so.
    SaysNothing,
}

/// No complete read of the row's scope is later than the proof: such a read knows better.
const NOT_READ_SINCE: &str =
    "until IS NULL AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.scope = v.scope AND c.complete = 1 AND c.at > ?1)";

/// Closes the intervals of what a proof of that moment showed gone, unless a later read saw it. They are closed by a scan of the person (the proofs
/// are reads), which is made when it is needed. Answers with how many intervals changed.
///
/// # Errors
/// The database's.
pub fn show(tx: &Transaction<'_>, person: NodeId, shown: &Shown, proved: Timestamp, at: Timestamp) -> Result<u64> {
    let (nodes, edges) = match shown {
        Shown::Account(account) => return switched_off(tx, person, account, proved, at),
        Shown::Node(node) => {
            let Some(row) = node.row(tx)? else { return Ok(0) };
            let find = |sql: String| -> Result<Vec<i64>> {
                Ok(tx
                    .prepare_cached(&sql)?
                    .query_map(params![proved.as_microsecond(), row], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?)
            };
            (
                find(format!("SELECT v.id FROM node_seen v WHERE v.node = ?2 AND v.{NOT_READ_SINCE}"))?,
                find(format!("SELECT v.id FROM edge_seen v WHERE (v.src = ?2 OR v.dst = ?2) AND v.{NOT_READ_SINCE}"))?,
            )
        }
        Shown::Edge { from, to, edge } => (Vec::new(), edges_between(tx, from, to, edge, proved)?),
    };
    let system = match shown {
        Shown::Node(node) | Shown::Account(node) => &node.system,
        Shown::Edge { edge, .. } => edge["system"].as_str().unwrap_or_default(),
    };
    if nodes.is_empty() && edges.is_empty() {
        return Ok(0);
    }
    let Some(scan) = scan(tx, system, person, at)? else { return Ok(0) };
    let close = |sql: &str, rows: &[i64]| -> Result<()> {
        let mut close = tx.prepare_cached(sql)?;
        rows.iter().try_for_each(|row| close.execute(params![row, at.as_microsecond(), scan.0]).map(drop))?;
        Ok(())
    };
    close("UPDATE node_seen SET until = max(?2, since), closed_by = ?3 WHERE id = ?1", &nodes)?;
    close("UPDATE edge_seen SET until = max(?2, since), closed_by = ?3 WHERE id = ?1", &edges)?;
    Ok((nodes.len() + edges.len()) as u64)
}

/// Whether the graph shows what a proof showed gone: an account or a credential in use, an edge. Asked after [`show`], it does only where a read that
/// is later than the proof saw it. `listed`: what it says that a list has it.
///
/// # Errors
/// The database's.
pub fn is_shown(conn: &Connection, shown: &Shown, listed: Listed) -> Result<bool> {
    let stateless = match listed {
        Listed::InUse => "active",
        Listed::AsItsState => "",
        Listed::SaysNothing => return Ok(false),
    };
    match shown {
        Shown::Node(node) | Shown::Account(node) => {
            let Some(row) = node.row(conn)? else { return Ok(false) };
            let sql = "SELECT EXISTS (SELECT 1 FROM node_seen WHERE node = ?1 AND until IS NULL
                AND coalesce(json_extract(attrs, '$.state'), ?2) = 'active')";
            Ok(conn.prepare_cached(sql)?.query_row(params![row, stateless], |row| row.get(0))?)
        }
        Shown::Edge { from, to, edge } => Ok(!edges_between(conn, from, to, edge, Timestamp::MAX)?.is_empty()),
    }
}

fn scan(tx: &Transaction<'_>, system: &str, person: NodeId, at: Timestamp) -> Result<Option<ScanId>> {
    let row: Option<i64> = tx.query_row("SELECT id FROM system WHERE name = ?1", [system], |row| row.get(0)).optional()?;
    let Some(row) = row else { return Ok(None) };
    let scan = scans::begin(tx, row, Some(person), at)?;
    scans::end(tx, scan, Outcome::Complete, None, 0, at)?;
    Ok(Some(scan))
}

fn edges_between(conn: &Connection, from: &Named, to: &Named, edge: &Value, proved: Timestamp) -> Result<Vec<i64>> {
    let (from, to) = (from.rows(conn)?, to.rows(conn)?);
    let mut statement = conn.prepare_cached(&format!(
        "SELECT v.id, v.level, v.attrs FROM edge_seen v JOIN scope s ON s.id = v.scope JOIN system y ON y.id = s.system
         WHERE v.src = ?2 AND v.dst = ?3 AND v.kind = ?4 AND y.name = ?5 AND v.{NOT_READ_SINCE}"
    ))?;
    let mut found = Vec::new();
    for (src, dst) in from.iter().flat_map(|src| to.iter().map(move |dst| (*src, *dst))) {
        let mut rows = statement.query(params![proved.as_microsecond(), src, dst, edge["kind"].as_str(), edge["system"].as_str()])?;
        while let Some(row) = rows.next()? {
            let (level, attrs): (Option<String>, String) = (row.get(1)?, row.get(2)?);
            let mut whole: Value = serde_json::from_str(&attrs)?;
            whole["kind"] = edge["kind"].clone();
            whole["level"] = json!(level);
            whole["system"] = edge["system"].clone();
            // Two grants of one thing are two edges.
            if whole == *edge {
                found.push(row.get(0)?);
            }
        }
    }
    Ok(found)
}

/// From now on the account is known to be switched off.
fn switched_off(tx: &Transaction<'_>, person: NodeId, account: &Named, proved: Timestamp, at: Timestamp) -> Result<u64> {
    let Some(row) = account.row(tx)? else { return Ok(0) };
    let seen: Vec<(i64, NodeSeen)> = tx
        .prepare_cached(&format!(
            "SELECT v.scope, v.type, v.name, v.attrs, v.aka FROM node_seen v WHERE v.node = ?2 AND v.{NOT_READ_SINCE}"
        ))?
        .query_and_then(params![proved.as_microsecond(), row], |row| -> Result<(i64, NodeSeen)> {
            let node = NodeRef { kind: account.kind, key: account.key.clone() };
            let (attrs, aka): (String, String) = (row.get(3)?, row.get(4)?);
            let (attrs, aka) = (serde_json::from_str(&attrs)?, serde_json::from_str(&aka)?);
            Ok((row.get(0)?, NodeSeen { node, type_: row.get(1)?, name: row.get(2)?, attrs, aka }))
        })?
        .collect::<Result<_>>()?;
    let mut changed = 0;
    for (scope, mut seen) in seen {
        if seen.attrs.get("state").is_some_and(|state| state == "disabled") {
            continue;
        }
        seen.attrs.insert("state".into(), json!("disabled"));
        let Some(scan) = scan(tx, &account.system, person, at)? else { continue };
        let system: i64 = tx.query_row("SELECT system FROM node WHERE id = ?1", [row], |row| row.get(0))?;
        let mut interner = Interner::load(tx, system)?;
        let write = ScopeWrite {
            scan,
            scope: ScopeId(scope),
            at,
            closing: Closing::Nothing,
            accept_loss: true,
            ours: None,
            keep: &[],
            later: None,
        };
        changed += write_scope(tx, &mut interner, write, &[Observation::Node(seen)])?.opened;
    }
    Ok(changed)
}
