//! Links between people and accounts: what the rules claim, and what people decided, which no rule overrules.

mod known;
mod once;

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::graph::{LinkRow, links};
use crate::model::NodeId;
pub use once::{Once, once_had};

/// How sure the rules are. They never confirm or reject: that is a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimState {
    /// Sure enough to act on.
    Certain,
    /// A person should look.
    Likely,
    /// Weak, or somebody else could be meant as well: for reports only.
    Disputed,
}

impl ClaimState {
    /// Its name, as the store has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Disputed => "disputed",
        }
    }
}

/// The rules' claim that an account is a person's.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The person.
    pub person: NodeId,
    /// The account, or an address that stands for one.
    pub account: NodeId,
    /// 0 to 1.
    pub confidence: f64,
    /// How sure.
    pub state: ClaimState,
    /// What speaks for it, each a short line.
    pub evidence: Vec<String>,
    /// Why a person should look although it is acted on: somebody else might be meant as well.
    pub doubt: Option<String>,
    /// Something speaks against it: that more, or a person's word, speaks for somebody else. Less that speaks for it is no contradiction.
    pub contradicted: bool,
}

/// What writing the claims changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Links opened.
    pub opened: u64,
    /// Links closed, those that changed included.
    pub closed: u64,
}

/// Makes the store's links what the rules claim now. A person's decision stays as it is.
///
/// A known account stays known. What the rules were sure of, or asked about, and claim no more is kept, in doubt: an address that is no longer
/// shown, an account that is no longer listed, a person whom HR purged, none of these says that the account is somebody else's. Only a
/// contradiction takes a link's support away, and then the link is still shown, as disputed.
///
/// # Errors
/// The database's.
pub fn write(tx: &Transaction<'_>, claims: &[Claim], at: Timestamp) -> Result<Written> {
    let open = links(tx, None)?;
    let kept = known::settle(tx, &open, claims)?;
    let mut written = Written::default();
    let mut held: HashMap<(NodeId, NodeId), &LinkRow> = open.iter().map(|link| ((link.person, link.account), link)).collect();
    for wanted in &kept {
        match held.remove(&(wanted.person, wanted.account)) {
            Some(link) if says_the_same(link, wanted) => continue,
            Some(link) => {
                close(tx, link.id, at)?;
                written.closed += 1;
            }
            None => {}
        }
        insert(tx, wanted, at)?;
        written.opened += 1;
    }
    for link in held.values().filter(|link| !known::is_decided(link)) {
        close(tx, link.id, at)?;
        written.closed += 1;
    }
    Ok(written)
}

fn says_the_same(link: &LinkRow, claim: &Claim) -> bool {
    link.state == claim.state.word()
        && (link.confidence - claim.confidence).abs() < 1e-6
        && link.evidence == claim.evidence
        && link.doubt == claim.doubt
}

fn close(tx: &Transaction<'_>, link: i64, at: Timestamp) -> Result<()> {
    tx.prepare_cached("UPDATE link SET until = max(?2, since) WHERE id = ?1")?.execute(params![link, at.as_microsecond()])?;
    Ok(())
}

fn insert(tx: &Transaction<'_>, claim: &Claim, at: Timestamp) -> Result<()> {
    tx.prepare_cached("INSERT INTO link (person, account, state, confidence, evidence, doubt, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            claim.person.0,
            claim.account.0,
            claim.state.word(),
            claim.confidence.clamp(0.0, 1.0),
            serde_json::to_string(&claim.evidence)?,
            claim.doubt,
            at.as_microsecond()
        ])?;
    Ok(())
}

/// Records that `who` says the account is the person's. Returns the id of the link that now holds.
///
/// # Errors
/// There is no such open link, somebody else's claim to the account is confirmed already, or the database's.
pub fn confirm(tx: &Transaction<'_>, link: i64, who: &str, at: Timestamp) -> Result<i64> {
    decide(tx, link, who, "confirmed", at)
}

/// Records that `who` says the account is not the person's. Returns the id of the link that now holds.
///
/// # Errors
/// There is no such open link, or the database's.
pub fn reject(tx: &Transaction<'_>, link: i64, who: &str, at: Timestamp) -> Result<i64> {
    decide(tx, link, who, "rejected", at)
}

fn decide(tx: &Transaction<'_>, link: i64, who: &str, state: &str, at: Timestamp) -> Result<i64> {
    if who.trim().is_empty() {
        bail!("link {link} needs the name of whoever decides it");
    }
    let found: Option<(i64, i64, f64, String, String, Option<String>)> = tx
        .query_row(
            "SELECT person, account, confidence, evidence, state, decided_by FROM link WHERE id = ?1 AND until IS NULL",
            [link],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
        )
        .optional()?;
    let (person, account, confidence, evidence, before, decided_by) =
        found.with_context(|| format!("there is no open link {link}: `exeunt link list` shows those that there are"))?;
    if before == state && decided_by.as_deref() == Some(who) {
        return Ok(link);
    }
    if state == "confirmed" {
        let other: Option<i64> = tx
            .query_row(
                "SELECT id FROM link WHERE account = ?1 AND person <> ?2 AND state = 'confirmed' AND until IS NULL",
                params![account, person],
                |row| row.get(0),
            )
            .optional()?;
        // A shared account may be several people's; then the first decision has said so and the second may follow.
        if let Some(other) = other
            && !is_shared(tx, account)?
        {
            bail!("link {link} can't be confirmed while link {other} gives the account to somebody else: reject that one first");
        }
    }
    close(tx, link, at)?;
    tx.execute(
        "INSERT INTO link (person, account, state, confidence, evidence, decided_by, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![person, account, state, confidence, evidence, who, at.as_microsecond()],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Whom and what a link is about, by their keys: the person, and the account with its system.
///
/// # Errors
/// There is no such link, or the database's.
pub fn about(tx: &Transaction<'_>, link: i64) -> Result<(String, String, String)> {
    Ok(tx.query_row(
        "SELECT p.key, s.name, a.key FROM link l JOIN node p ON p.id = l.person JOIN node a ON a.id = l.account JOIN system s ON s.id = a.system
         WHERE l.id = ?1",
        [link],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?)
}

fn is_shared(tx: &Transaction<'_>, account: i64) -> Result<bool> {
    let shared: i64 = tx.query_row(
        "SELECT count(*) FROM node_seen WHERE node = ?1 AND until IS NULL AND json_extract(attrs, '$.kind') = 'shared'",
        [account],
        |row| row.get(0),
    )?;
    Ok(shared > 0)
}

/// A link as `exeunt link list` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkEntry {
    /// The link itself.
    pub link: LinkRow,
    /// Who decided it, if somebody did.
    pub decided_by: Option<String>,
    /// Since when it has been so.
    pub since: Timestamp,
    /// The person's name, else their key.
    pub person: String,
    /// The account's system; empty for an address.
    pub system: String,
    /// The account's name, else its key.
    pub account: String,
    /// The account's key.
    pub account_key: String,
}

/// Every open link, those that need a person's look first, then by system and account.
///
/// # Errors
/// The database's.
pub fn list(conn: &Connection) -> Result<Vec<LinkEntry>> {
    let rows: HashMap<i64, LinkRow> = links(conn, None)?.into_iter().map(|row| (row.id, row)).collect();
    let mut statement = conn.prepare_cached(
        "SELECT l.id, l.decided_by, l.since, p.key, s.name, a.key,
                (SELECT name FROM node_seen WHERE node = l.person AND name IS NOT NULL ORDER BY until IS NOT NULL, id DESC LIMIT 1),
                (SELECT name FROM node_seen WHERE node = l.account AND name IS NOT NULL ORDER BY until IS NOT NULL, id DESC LIMIT 1)
         FROM link l JOIN node p ON p.id = l.person JOIN node a ON a.id = l.account JOIN system s ON s.id = a.system
         WHERE l.until IS NULL
         ORDER BY CASE WHEN l.state = 'disputed' THEN 0 WHEN l.state = 'likely' THEN 1 WHEN l.doubt IS NOT NULL THEN 2 ELSE 3 END, s.name, a.key, l.id",
    )?;
    let mut found = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = found.next()? {
        let id: i64 = row.get(0)?;
        let Some(link) = rows.get(&id) else { continue };
        let (person_key, account_key): (String, String) = (row.get(3)?, row.get(5)?);
        entries.push(LinkEntry {
            link: link.clone(),
            decided_by: row.get(1)?,
            since: super::graph::moment(row.get(2)?)?,
            person: row.get::<_, Option<String>>(6)?.unwrap_or(person_key),
            system: row.get(4)?,
            account: row.get::<_, Option<String>>(7)?.unwrap_or_else(|| account_key.clone()),
            account_key,
        });
    }
    Ok(entries)
}
