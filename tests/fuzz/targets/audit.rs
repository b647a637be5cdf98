//! The audit log: notes, keys, proofs and the rows of a signed log, each with some of it changed. Nothing that was changed verifies.

use std::cell::OnceCell;

use exeunt::audit::{self, Checkpoint, Draft, Hash, Signer, Tree, Verdict, VerifierKey, leaf_hash, proves_inclusion};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::json;

use super::bytes::{Bytes, changed, is_one_line};

const ENTRIES: u64 = 11;

struct Log {
    conn: Connection,
    key: VerifierKey,
    vkey: String,
    note: String,
    bodies: Vec<Vec<u8>>,
    tree: Tree,
    root: Hash,
    folder: tempfile::TempDir,
}

thread_local! {
    static LOG: OnceCell<Log> = const { OnceCell::new() };
}

/// A signed log of a few entries and a file, without what stands in the way of somebody who has the database.
fn log() -> Log {
    let at = |second: i64| Timestamp::from_second(1_795_392_000 + second).unwrap();
    let mut conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(audit::SCHEMA).unwrap();
    let signer = Signer::generate("exeunt.example/audit").unwrap();
    let tx = conn.transaction().unwrap();
    for n in 0..ENTRIES {
        let evidence = if n == 3 { vec![audit::attach(&tx, b"an export", "text/plain", "export.txt").unwrap()] } else { Vec::new() };
        let case = (n % 3 > 0).then(|| format!("case-{}", n % 3));
        let target = Some(json!({"system": "okta", "id": format!("00u{n}")}));
        let draft =
            Draft { act: "revocation.verified".into(), case, actor: "engine".into(), target, detail: json!({"status": 200}), evidence };
        audit::append(&tx, at(0), &draft).unwrap();
    }
    tx.commit().unwrap();
    let signed = audit::checkpoint(&mut conn, &signer, at(1)).unwrap();
    let mut query = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(query);
    triggers.iter().for_each(|name| conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    conn.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    let bodies: Vec<Vec<u8>> = audit::entries(&conn, None, 0, ENTRIES).unwrap().into_iter().map(|entry| entry.body).collect();
    let tree = Tree::new(bodies.iter().map(|body| leaf_hash(body)).collect());
    let key = signer.verifier().clone();
    let folder = tempfile::tempdir().unwrap();
    Log { vkey: key.to_string(), key, note: signed.note, root: signed.root, conn, bodies, tree, folder }
}

pub fn audit(data: &[u8]) {
    LOG.with(|log_of_thread| {
        let log = log_of_thread.get_or_init(log);
        let mut bytes = Bytes(data);
        match bytes.below(6) {
            0 => note(log, &mut bytes),
            1 => key(log, &mut bytes),
            2 => proof(log, &mut bytes),
            3 => message(log, &mut bytes),
            _ => row(log, &mut bytes),
        }
    });
}

/// Whether a checkpoint verifies only with the text that was signed.
fn holds(log: &Log, parsed: &Checkpoint) {
    if parsed.verify(&log.key).is_ok() {
        let text = |note: &str| note.rsplit_once("\n\n").map(|(text, _)| text.to_owned());
        assert_eq!(text(&parsed.note), text(&log.note), "another text verifies");
        assert_eq!((parsed.size, parsed.root), (ENTRIES, log.root));
    }
}

fn note(log: &Log, bytes: &mut Bytes<'_>) {
    let note = if bytes.yes() { changed(log.note.as_bytes(), bytes) } else { bytes.rest().to_vec() };
    match Checkpoint::parse(&String::from_utf8_lossy(&note)) {
        Ok(parsed) => holds(log, &parsed),
        Err(why) => is_one_line(&why),
    }
}

fn key(log: &Log, bytes: &mut Bytes<'_>) {
    let text = if bytes.yes() { changed(log.vkey.as_bytes(), bytes) } else { bytes.rest().to_vec() };
    let text = String::from_utf8_lossy(&text).into_owned();
    let Ok(parsed) = VerifierKey::parse(&text) else { return };
    assert_eq!(parsed.to_string(), text.trim_end_matches('\n'), "a key is written in one way");
    if text.trim_end_matches('\n') != log.vkey {
        assert!(Checkpoint::parse(&log.note).unwrap().verify(&parsed).is_err(), "signed by another key");
    }
}

fn proof(log: &Log, bytes: &mut Bytes<'_>) {
    let (index, size) = (bytes.below(ENTRIES as usize) as u64, ENTRIES);
    let good = log.tree.proof(index, size).unwrap();
    let leaf = leaf_hash(&log.bodies[index as usize]);
    assert!(proves_inclusion(&leaf, index, size, &good, &log.root));
    let flat = changed(good.as_flattened(), bytes);
    let other: Vec<Hash> = flat.as_chunks::<32>().0.to_vec();
    if other != good {
        assert!(!proves_inclusion(&leaf, index, size, &other, &log.root), "another proof of the same leaf");
    }
    let (other_index, other_size) = (bytes.below(64) as u64, u64::from(bytes.byte()));
    if (other_index, other_size) != (index, size) {
        let proved = proves_inclusion(&leaf, other_index, other_size, &good, &log.root);
        // A tree of another size may have its leaf at the same turns; a root is signed together with its size.
        assert!(!proved || other_size != size, "the leaf of {index} proves {other_index}");
    }
}

/// A checkpoint in the text of a message.
fn message(log: &Log, bytes: &mut Bytes<'_>) {
    let text = match bytes.below(3) {
        0 => bytes.rest().to_vec(),
        1 => [bytes.part(), b"\n", log.note.as_bytes(), bytes.rest()].concat(),
        _ => {
            let quoted = log.note.replace('=', "=3D").replace('—', "=E2=80=94");
            let message = format!("Subject: a case ended\r\n\r\n{quoted}");
            changed(message.as_bytes(), bytes)
        }
    };
    let path = log.folder.path().join("message");
    std::fs::write(&path, text).unwrap();
    match audit::earlier(&path) {
        Ok(parsed) => holds(log, &parsed),
        Err(error) => is_one_line(&error.to_string()),
    }
}

/// One thing of the store that is another.
fn row(log: &Log, bytes: &mut Bytes<'_>) {
    let seq = bytes.below(ENTRIES as usize) as i64;
    log.conn.execute_batch("SAVEPOINT before").unwrap();
    let read = |table: &str, column: &str, seq: i64| -> Vec<u8> {
        let text = format!("SELECT CAST({column} AS BLOB) FROM {table} WHERE rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET ?)");
        log.conn.query_row(&text, [seq], |row| row.get(0)).unwrap_or_default()
    };
    let write = |table: &str, column: &str, seq: i64, text: bool, value: &[u8]| {
        let cast = if text { "CAST(? AS TEXT)" } else { "?" };
        let text = format!("UPDATE {table} SET {column} = {cast} WHERE rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET ?)");
        // What the schema refuses nobody can write.
        log.conn.execute(&text, params![value, seq]).is_ok()
    };
    let (table, column, place, text) = match bytes.below(6) {
        0 => ("audit_entry", "leaf", seq, false),
        1 => ("evidence_file", "bytes", 0, false),
        2 => ("audit_checkpoint", "note", 0, true),
        3 => ("audit_checkpoint", "root", 0, false),
        _ => ("audit_entry", "body", seq, false),
    };
    let was = read(table, column, place);
    let is = changed(&was, bytes);
    let written = write(table, column, place, text, &is) && read(table, column, place) != was;
    let report = audit::verify_store(&log.conn, &log.vkey);
    log.conn.execute_batch("ROLLBACK TO before; RELEASE before").unwrap();
    // What isn't text where text should be is an error of its own.
    if let Ok(report) = report {
        let right = if written { Verdict::Broken } else { Verdict::Intact };
        let signatures_only = column == "note"
            && String::from_utf8_lossy(&is).rsplit_once("\n\n").map(|(text, _)| text.to_owned())
                == log.note.rsplit_once("\n\n").map(|(text, _)| text.to_owned());
        assert!(report.verdict() == right || signatures_only, "{table}.{column} {seq}: {report:?}");
        report.problems.iter().for_each(|problem| is_one_line(&problem.to_string()));
    }
}
