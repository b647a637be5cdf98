//! Entries: from a draft to canonical JSON at its place in the log, and the files that entries name.

use std::ops::Range;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Map, Value, json};

use super::{Error, Result, count, hex, leaf_hash, sha256, to_db};

/// Longest entry that a tlog-tiles entry bundle can hold (a 16-bit length).
pub(crate) const MAX_ENTRY: usize = 65_535;
/// Version of the entry's shape, in each entry as `v`.
const VERSION: u64 = 1;
/// Beyond this, JSON readers disagree about integers (RFC 7493, I-JSON).
const MAX_EXACT: u64 = (1 << 53) - 1;

/// What is to be written down; `append` adds the place and the time.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What happened, dotted: `revocation.intent`, `revocation.verified`, `approval.given`.
    pub act: String,
    /// The departure it belongs to.
    pub case: Option<String>,
    /// Who did it: a person's id, or `engine`.
    pub actor: String,
    /// What it was done to.
    pub target: Option<Value>,
    /// Everything else worth knowing. No secrets. Numbers that JSON readers disagree about (fractions, integers beyond
    /// 2^53) are written as strings; a detail that doesn't fit an entry is attached as a file and named instead.
    pub detail: Value,
    /// Files that speak for it, as `attach` named them: `sha256:…`.
    pub evidence: Vec<String>,
}

/// An entry as the log holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Place in the log.
    pub seq: u64,
    /// When, as the entry says.
    pub at: Timestamp,
    /// The draft it was made from.
    pub draft: Draft,
    /// The exact bytes that were hashed.
    pub body: Vec<u8>,
}

/// Writes one entry in the caller's transaction, so that it and the change it records stand or fall together.
/// Returns its place in the log.
pub fn append(tx: &Transaction, at: Timestamp, draft: &Draft) -> Result<u64> {
    Ok(append_many(tx, at, std::slice::from_ref(draft))?.start)
}

/// Writes many entries at once: one commit for a plan's every intent. Returns their places.
pub fn append_many(tx: &Transaction, at: Timestamp, drafts: &[Draft]) -> Result<Range<u64>> {
    let first = next_seq(tx)?;
    let mut insert = tx.prepare_cached("INSERT INTO audit_entry (seq, case_id, body, leaf) VALUES (?, ?, ?, ?)")?;
    let mut seq = first;
    for draft in drafts {
        let body = encode_to_fit(tx, seq, at, draft)?;
        insert.execute(params![to_db(seq), draft.case, body, leaf_hash(&body)])?;
        seq += 1;
    }
    Ok(first..seq)
}

/// Keeps a file for entries to name. The same bytes are kept once, under the name they came with first.
pub fn attach(tx: &Transaction, bytes: &[u8], media_type: &str, name: &str) -> Result<String> {
    let digest = hex(&sha256(bytes));
    tx.prepare_cached("INSERT INTO evidence_file (sha256, name, media_type, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")?
        .execute(params![digest, name, media_type, bytes])?;
    Ok(format!("sha256:{digest}"))
}

/// Entries from a place on, at most `limit`, of one case or of all.
pub fn entries(conn: &Connection, case: Option<&str>, from: u64, limit: u64) -> Result<Vec<Entry>> {
    let mut query =
        conn.prepare_cached("SELECT seq, body FROM audit_entry WHERE seq >= ?1 AND (?2 IS NULL OR case_id = ?2) ORDER BY seq LIMIT ?3")?;
    let rows = query.query_map(params![to_db(from), case, to_db(limit)], |row| Ok((count(row, 0)?, row.get(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (seq, body): (u64, Vec<u8>) = row?;
        let entry =
            decode(body).map_err(|why| Error::Malformed(format!("audit entry {seq} can't be read: {why}; run `exeunt audit verify`")))?;
        found.push(entry);
    }
    Ok(found)
}

/// What the last entry of a case says, of those that say it.
pub fn last_of<T>(conn: &Connection, case: &str, says: impl FnMut(&Entry) -> Option<T>) -> Result<Option<T>> {
    Ok(entries(conn, Some(case), 0, MAX_EXACT)?.iter().rev().find_map(says))
}

/// The place after the last. A log shorter than what was signed has lost entries: it goes on behind them, so that a departure is recorded and the
/// gap stays. Nobody signs across it, and a verification names it.
fn next_seq(tx: &Transaction) -> Result<u64> {
    let next: u64 = tx.prepare_cached("SELECT coalesce(max(seq) + 1, 0) FROM audit_entry")?.query_row([], |row| count(row, 0))?;
    let signed: u64 = tx.prepare_cached("SELECT coalesce(max(size), 0) FROM audit_checkpoint")?.query_row([], |row| count(row, 0))?;
    Ok(next.max(signed))
}

/// The entry's bytes. A revocation must not fail over a long answer, so a detail that doesn't fit becomes a file.
fn encode_to_fit(tx: &Transaction, seq: u64, at: Timestamp, draft: &Draft) -> Result<Vec<u8>> {
    check(tx, draft)?;
    let body = encode(seq, at, draft)?;
    if body.len() <= MAX_ENTRY {
        return Ok(body);
    }
    let detail = canonical(&draft.act, &draft.detail)?;
    let digest = attach(tx, &detail, "application/json", &format!("detail-{seq}.json"))?;
    let mut shorter = Draft { detail: json!({ "attached": digest }), ..draft.clone() };
    shorter.evidence.push(digest);
    let body = encode(seq, at, &shorter)?;
    if body.len() > MAX_ENTRY {
        let why = format!("{} bytes without its detail, and an entry holds {MAX_ENTRY}; attach what is long and name it", body.len());
        return Err(Error::Entry { act: draft.act.clone(), why });
    }
    Ok(body)
}

fn check(tx: &Transaction, draft: &Draft) -> Result<()> {
    let refuse = |why: String| Err(Error::Entry { act: draft.act.clone(), why });
    let dotted = draft.act.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if draft.act.is_empty() || !dotted {
        return refuse("an act is lower-case words joined by dots, such as `revocation.intent`".into());
    }
    if draft.actor.is_empty() {
        return refuse("it names no actor; say who did it, or `engine`".into());
    }
    if draft.case.as_deref() == Some("") {
        return refuse("its case is an empty text; leave it out for entries of no case".into());
    }
    for digest in &draft.evidence {
        let held = match digest.strip_prefix("sha256:") {
            Some(hex) => {
                tx.prepare_cached("SELECT 1 FROM evidence_file WHERE sha256 = ?")?.query_row([hex], |_| Ok(())).optional()?.is_some()
            }
            None => false,
        };
        if !held {
            return refuse(format!("its evidence `{digest}` is not kept; attach the file first and use the name returned"));
        }
    }
    Ok(())
}

fn encode(seq: u64, at: Timestamp, draft: &Draft) -> Result<Vec<u8>> {
    let mut entry = Map::new();
    entry.insert("act".into(), json!(draft.act));
    entry.insert("actor".into(), json!(draft.actor));
    if let Some(case) = &draft.case {
        entry.insert("case".into(), json!(case));
    }
    entry.insert("detail".into(), draft.detail.clone());
    entry.insert("evidence".into(), json!(draft.evidence));
    entry.insert("seq".into(), json!(seq));
    if let Some(target) = &draft.target {
        entry.insert("target".into(), target.clone());
    }
    entry.insert("ts".into(), json!(format!("{at:.3}")));
    entry.insert("v".into(), json!(VERSION));
    canonical(&draft.act, &Value::Object(entry))
}

fn canonical(act: &str, value: &Value) -> Result<Vec<u8>> {
    let refuse = |why: serde_json::Error| Error::Entry { act: act.into(), why: why.to_string() };
    serde_json_canonicalizer::to_vec(&exact(value)).map_err(refuse)
}

/// The value with every number that readers could read differently written as a string.
fn exact(value: &Value) -> Value {
    match value {
        Value::Number(n) => {
            let small = n.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_EXACT);
            if small { value.clone() } else { Value::String(n.to_string()) }
        }
        Value::Array(items) => items.iter().map(exact).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), exact(value))).collect(),
        _ => value.clone(),
    }
}

/// Whether these bytes are what RFC 8785 would write. Duplicate keys, spaces and other orders are not.
pub(crate) fn is_canonical(body: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    serde_json_canonicalizer::to_vec(&value).is_ok_and(|bytes| bytes == body)
}

/// Reads an entry back; says what is missing when it isn't one.
pub(crate) fn decode(body: Vec<u8>) -> Result<Entry, String> {
    if body.len() > MAX_ENTRY {
        return Err(format!("longer than {MAX_ENTRY} bytes"));
    }
    let mut value: Value = serde_json::from_slice(&body).map_err(|e| format!("not JSON: {e}"))?;
    let seq = value["seq"].as_u64().ok_or("it has no `seq`")?;
    let text = |key: &str| value[key].as_str().map(str::to_owned).ok_or(format!("it has no `{key}`"));
    let at = text("ts")?.parse().map_err(|e| format!("its `ts` is no time: {e}"))?;
    let (act, actor) = (text("act")?, text("actor")?);
    let case = value["case"].as_str().map(str::to_owned);
    let evidence = value["evidence"].as_array().ok_or("it has no `evidence`")?;
    let evidence = evidence.iter().map(|d| d.as_str().map(str::to_owned).ok_or("its `evidence` names something else"));
    let evidence = evidence.collect::<Result<_, _>>()?;
    let target = value.get_mut("target").map(Value::take);
    let detail = value["detail"].take();
    Ok(Entry { seq, at, draft: Draft { act, case, actor, target, detail, evidence }, body })
}
