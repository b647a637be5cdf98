//! Tests of the audit log: what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bundles;
mod oracles;
mod tamper;
mod writing;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use super::*;

pub(super) const ORIGIN: &str = "exeunt.example/audit";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_392_000 + second).unwrap()
}

pub(super) fn store() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(SCHEMA).unwrap();
    conn
}

/// Every third entry is of the case CFO, the others of CTO or of none.
pub(super) fn draft(i: u64) -> Draft {
    Draft {
        act: "revocation.verified".into(),
        case: [Some("CFO".into()), Some("CTO".into()), None][(i % 3) as usize].clone(),
        actor: "engine".into(),
        target: Some(json!({"system": "okta", "id": format!("00u{i}")})),
        detail: json!({"status": 200, "note": "ü €"}),
        evidence: vec![],
    }
}

pub(super) fn write(conn: &mut Connection, drafts: &[Draft]) -> std::ops::Range<u64> {
    let tx = conn.transaction().unwrap();
    let places = append_many(&tx, at(0), drafts).unwrap();
    tx.commit().unwrap();
    places
}

pub(super) fn log(entries: u64) -> (Connection, Signer) {
    let mut conn = store();
    write(&mut conn, &(0..entries).map(draft).collect::<Vec<_>>());
    (conn, Signer::generate(ORIGIN).unwrap())
}

pub(super) fn signed_log(entries: u64) -> (Connection, Signer) {
    let (mut conn, signer) = log(entries);
    checkpoint(&mut conn, &signer, at(1)).unwrap();
    (conn, signer)
}

pub(super) fn verify(conn: &Connection, signer: &Signer) -> Report {
    verify_store(conn, &signer.verifier().to_string()).unwrap()
}

pub(super) fn body(conn: &Connection, seq: u64) -> Vec<u8> {
    conn.query_row("SELECT body FROM audit_entry WHERE seq = ?", [to_db(seq)], |row| row.get(0)).unwrap()
}

/// The named entries and what is wrong with each.
pub(super) fn wrongs(report: &Report) -> Vec<(Option<u64>, Wrong)> {
    report.problems.iter().map(|p| (p.seq, p.wrong.clone())).collect()
}
