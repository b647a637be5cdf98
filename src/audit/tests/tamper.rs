//! Whoever changes the store is found out, and what they changed is named.

use super::*;

/// Drops what stands in the way of somebody who has the database file.
pub(super) fn disarm(conn: &Connection) {
    let mut query = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(names.len(), 5);
    for name in names {
        conn.execute(&format!("DROP TRIGGER {name}"), []).unwrap();
    }
    conn.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
}

pub(super) fn set_body(conn: &Connection, seq: u64, body: &[u8]) {
    conn.execute("UPDATE audit_entry SET body = ? WHERE seq = ?", rusqlite::params![body, to_db(seq)]).unwrap();
}

fn set_both(conn: &Connection, seq: u64, body: &[u8]) {
    set_body(conn, seq, body);
    let leaf = leaf_hash(body);
    conn.execute("UPDATE audit_entry SET leaf = ? WHERE seq = ?", rusqlite::params![leaf, to_db(seq)]).unwrap();
}

/// A signed log that somebody had their hands on.
fn after(entries: u64, tampering: impl Fn(&Connection)) -> Report {
    let (conn, signer) = signed_log(entries);
    assert_eq!(verify(&conn, &signer).verdict(), Verdict::Intact);
    disarm(&conn);
    tampering(&conn);
    let report = verify(&conn, &signer);
    assert_eq!(report.verdict(), Verdict::Broken);
    report
}

fn sql(statement: &'static str) -> impl Fn(&Connection) {
    move |conn| conn.execute_batch(statement).unwrap()
}

#[test]
fn each_byte_of_an_entry_counts() {
    let (conn, signer) = signed_log(5);
    disarm(&conn);
    let good = body(&conn, 3);
    for spot in 0..good.len() {
        let mut bad = good.clone();
        bad[spot] ^= 1;
        set_body(&conn, 3, &bad);
        assert_eq!(wrongs(&verify(&conn, &signer)), [(Some(3), Wrong::Altered)], "byte {spot}");
    }
    set_body(&conn, 3, &[&good, b" ".as_slice()].concat());
    assert_eq!(wrongs(&verify(&conn, &signer)), [(Some(3), Wrong::Altered)]);
    set_body(&conn, 3, b"");
    assert_eq!(wrongs(&verify(&conn, &signer)), [(Some(3), Wrong::Altered)]);
    set_body(&conn, 3, &good);
    assert_eq!(verify(&conn, &signer).verdict(), Verdict::Intact);
}

#[test]
fn an_altered_hash_is_told_from_an_altered_entry() {
    let report = after(9, sql("UPDATE audit_entry SET leaf = zeroblob(32) WHERE seq = 4"));
    assert_eq!(wrongs(&report), [(Some(4), Wrong::HashAltered)]);
    let report = after(9, sql("UPDATE audit_entry SET leaf = x'00' WHERE seq = 4"));
    assert_eq!(wrongs(&report), [(Some(4), Wrong::HashAltered)]);
}

#[test]
fn an_entry_rewritten_with_its_hash_lies_between_two_checkpoints() {
    let (mut conn, signer) = signed_log(5);
    write(&mut conn, &[draft(5), draft(6), draft(7)]);
    checkpoint(&mut conn, &signer, at(2)).unwrap();
    write(&mut conn, &[draft(8)]);
    checkpoint(&mut conn, &signer, at(3)).unwrap();
    disarm(&conn);
    let forged = String::from_utf8(body(&conn, 6)).unwrap().replace("okta", "jira");
    set_both(&conn, 6, forged.as_bytes());
    let report = verify(&conn, &signer);
    assert_eq!(wrongs(&report), [(Some(5), Wrong::Root { size: 8 })]);
    let said = report.problems[0].to_string();
    assert_eq!(said, "entries 5 to 7: at least one is not what was signed (root hash differs)");
}

#[test]
fn dropped_entries_are_missed() {
    let report = after(9, sql("DELETE FROM audit_entry WHERE seq = 4"));
    assert_eq!(wrongs(&report), [(Some(4), Wrong::Missing { through: 4 })]);
    let report = after(9, sql("DELETE FROM audit_entry WHERE seq IN (0, 3, 4, 8)"));
    let gaps = [(0, 0), (3, 4), (8, 8)].map(|(seq, through)| (Some(seq), Wrong::Missing { through }));
    assert_eq!(wrongs(&report), gaps);
    assert_eq!(report.problems[1].to_string(), "entries 3 to 4 are missing");
    let report = after(9, sql("DELETE FROM audit_entry"));
    assert_eq!(wrongs(&report), [(Some(0), Wrong::Missing { through: 8 })]);
}

#[test]
fn a_closed_gap_is_still_named() {
    let close = "DELETE FROM audit_entry WHERE seq = 4; UPDATE audit_entry SET seq = seq - 1 WHERE seq > 4";
    let report = after(9, sql(close));
    assert_eq!(report.problems[0], Problem { seq: Some(4), wrong: Wrong::Missing { through: 4 } });
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);

    // The same where nothing was signed: the entries' own numbers tell.
    let (conn, signer) = log(9);
    disarm(&conn);
    conn.execute_batch(close).unwrap();
    let report = verify(&conn, &signer);
    assert_eq!(wrongs(&report), [(Some(4), Wrong::Missing { through: 4 })]);
}

#[test]
fn truncation_is_missed() {
    let report = after(9, sql("DELETE FROM audit_entry WHERE seq > 5"));
    assert_eq!(wrongs(&report), [(Some(6), Wrong::Missing { through: 8 })]);
}

#[test]
fn swapped_entries_are_both_named() {
    let rows = "UPDATE audit_entry SET seq = -1 WHERE seq = 2; UPDATE audit_entry SET seq = 2 WHERE seq = 6;
        UPDATE audit_entry SET seq = 6 WHERE seq = -1";
    let both = [(Some(2), Wrong::Reordered { says: 6 }), (Some(6), Wrong::Reordered { says: 2 })];
    let report = after(9, sql(rows));
    assert_eq!(wrongs(&report)[..2], both);
    assert_eq!(wrongs(&report)[2..], [(Some(0), Wrong::Root { size: 9 })]);

    let bodies_only = |conn: &Connection| {
        let (a, b) = (body(conn, 2), body(conn, 6));
        set_body(conn, 2, &b);
        set_body(conn, 6, &a);
    };
    assert_eq!(wrongs(&after(9, bodies_only)), both);
}

#[test]
fn an_entry_slipped_in_is_named() {
    let forge = |conn: &Connection| {
        conn.execute_batch("UPDATE audit_entry SET seq = -seq WHERE seq >= 4; UPDATE audit_entry SET seq = 1 - seq WHERE seq < 0").unwrap();
        let forged = body(conn, 3);
        conn.execute("INSERT INTO audit_entry VALUES (4, 'CFO', ?, ?)", rusqlite::params![forged, leaf_hash(&forged)]).unwrap();
    };
    let report = after(9, forge);
    assert_eq!(report.problems[0], Problem { seq: Some(4), wrong: Wrong::Reordered { says: 3 } });
    assert!(wrongs(&report).contains(&(Some(0), Wrong::Root { size: 9 })));
}

#[test]
fn entries_of_another_form_are_named() {
    // Not by tampering but by a faulty writer: hash and root fit, so only the form is wrong.
    let unsigned = |text: &str| {
        let (mut conn, signer) = log(4);
        disarm(&conn);
        set_both(&conn, 2, text.as_bytes());
        checkpoint(&mut conn, &signer, at(1)).unwrap();
        wrongs(&verify(&conn, &signer))
    };
    let (conn, _) = log(4);
    let good = String::from_utf8(body(&conn, 2)).unwrap();
    assert_eq!(unsigned(&good), []);
    assert_eq!(unsigned(&good.replace(":2,", ": 2,")), [(Some(2), Wrong::NotCanonical)]);
    let twice = good.replace(r#""seq":2"#, r#""seq":2,"seq":2"#);
    assert_eq!(unsigned(&twice), [(Some(2), Wrong::NotCanonical)]);
    assert_eq!(unsigned(&good.replace(":2,", ":3,")), [(Some(2), Wrong::Reordered { says: 3 })]);
    assert!(matches!(&unsigned("{}")[..], [(Some(2), Wrong::Unreadable(why))] if why.contains("seq")));
    assert!(matches!(&unsigned("\u{fffd}")[..], [(Some(2), Wrong::Unreadable(_))]));
}

#[test]
fn an_entry_under_another_case_is_named() {
    let report = after(9, sql("UPDATE audit_entry SET case_id = 'CEO' WHERE seq = 3"));
    assert_eq!(wrongs(&report), [(Some(3), Wrong::Misfiled)]);
    let report = after(9, sql("UPDATE audit_entry SET case_id = NULL WHERE seq = 3"));
    assert_eq!(wrongs(&report), [(Some(3), Wrong::Misfiled)]);
}

#[test]
fn evidence_is_watched() {
    let prepare = || {
        let (mut conn, signer) = log(2);
        let tx = conn.transaction().unwrap();
        let digest = attach(&tx, b"an export", "text/plain", "export.txt").unwrap();
        assert_eq!(attach(&tx, b"an export", "text/plain", "again.txt").unwrap(), digest);
        append(&tx, at(0), &Draft { evidence: vec![digest.clone()], ..draft(2) }).unwrap();
        tx.commit().unwrap();
        checkpoint(&mut conn, &signer, at(1)).unwrap();
        assert_eq!(verify(&conn, &signer).verdict(), Verdict::Intact);
        disarm(&conn);
        (conn, signer, digest)
    };
    let (conn, signer, digest) = prepare();
    conn.execute("UPDATE evidence_file SET bytes = CAST('an Export' AS BLOB)", []).unwrap();
    assert_eq!(wrongs(&verify(&conn, &signer)), [(Some(2), Wrong::EvidenceAltered(digest))]);
    let (conn, signer, digest) = prepare();
    conn.execute("DELETE FROM evidence_file", []).unwrap();
    assert_eq!(wrongs(&verify(&conn, &signer)), [(Some(2), Wrong::EvidenceMissing(digest))]);
}

#[test]
fn checkpoints_are_checked() {
    let why = |report: &Report| match &report.problems[..] {
        [Problem { seq: None, wrong: Wrong::Checkpoint { size: 9, why } }] => why.clone(),
        other => panic!("{other:?}"),
    };
    let (conn, _) = signed_log(9);
    let another = Signer::generate(ORIGIN).unwrap();
    assert!(why(&verify(&conn, &another)).contains("not signed by"));
    let elsewhere = Signer::generate("elsewhere.example").unwrap();
    assert!(why(&verify(&conn, &elsewhere)).contains("elsewhere.example"));
    assert!(verify_store(&conn, "nonsense").is_err());

    // Signed anew by somebody else, in our name and in the place of our signature.
    let report = after(9, |conn| {
        let forger = Signer::generate(ORIGIN).unwrap();
        conn.execute_batch("DELETE FROM audit_checkpoint; DELETE FROM audit_key").unwrap();
        let mut copy = store();
        write(&mut copy, &(0..9).map(draft).collect::<Vec<_>>());
        let forged = checkpoint(&mut copy, &forger, at(1)).unwrap();
        conn.execute("INSERT INTO audit_checkpoint VALUES (9, ?, ?, ?)", rusqlite::params![forged.root, forged.note, at(1).to_string()])
            .unwrap();
    });
    assert!(why(&report).contains("not signed by"));

    let report = after(9, sql("UPDATE audit_checkpoint SET root = zeroblob(32)"));
    assert!(why(&report).contains("row differs"));
    let report = after(9, sql("UPDATE audit_checkpoint SET note = 'x'"));
    assert!(why(&report).contains("not a checkpoint"));
    let report = after(
        9,
        sql("UPDATE audit_checkpoint SET note = replace(note, char(10) || '9' || char(10), char(10) || '8' || char(10)), size = 8"),
    );
    assert!(matches!(
        &report.problems[..],
        [Problem { seq: Some(0), wrong: Wrong::Root { size: 8 } } | Problem { wrong: Wrong::Checkpoint { .. }, .. }, _,]
    ));
}

#[test]
fn each_byte_of_a_note_counts() {
    let (mut conn, signer) = log(3);
    let signed = checkpoint(&mut conn, &signer, at(1)).unwrap();
    for spot in 0..signed.note.len() {
        let mut bad = signed.note.clone().into_bytes();
        bad[spot] ^= 1;
        let Ok(bad) = String::from_utf8(bad) else {
            continue;
        };
        let accepted = Checkpoint::parse(&bad).is_ok_and(|c| c.verify(signer.verifier()).is_ok());
        assert!(!accepted, "byte {spot}: {bad}");
    }
}
