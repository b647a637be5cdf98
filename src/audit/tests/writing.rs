//! Entries and checkpoints: what is written, and what is refused.

use aws_lc_rs::signature::Ed25519KeyPair;

use super::*;

#[test]
fn an_entry_is_canonical_json_at_its_place() {
    let mut conn = store();
    write(&mut conn, &[draft(1), draft(0)]);
    let expected = r#"{"act":"revocation.verified","actor":"engine","case":"CFO","detail":{"note":"ü €","status":200},"evidence":[],"seq":1,"target":{"id":"00u0","system":"okta"},"ts":"2026-11-23T00:00:00.000Z","v":1}"#;
    assert_eq!(String::from_utf8(body(&conn, 1)).unwrap(), expected);
    let read = entries(&conn, Some("CFO"), 0, 10).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].seq, read[0].at, &read[0].draft), (1, at(0), &draft(0)));
}

#[test]
fn an_entry_falls_with_its_transaction() {
    let mut conn = store();
    let tx = conn.transaction().unwrap();
    assert_eq!(append(&tx, at(0), &draft(0)).unwrap(), 0);
    drop(tx);
    assert_eq!(write(&mut conn, &[draft(0), draft(1)]), 0..2);
    assert_eq!(write(&mut conn, &[draft(2)]), 2..3);
}

#[test]
fn numbers_that_readers_disagree_about_become_strings() {
    let mut conn = store();
    let detail = json!({"a": 0.1, "b": 9_007_199_254_740_993_u64, "c": -5, "d": [1e300], "e": 9_007_199_254_740_991_u64});
    write(&mut conn, &[Draft { detail, ..draft(0) }]);
    let text = String::from_utf8(body(&conn, 0)).unwrap();
    let expected = r#""detail":{"a":"0.1","b":"9007199254740993","c":-5,"d":["1e300"],"e":9007199254740991}"#;
    assert!(text.contains(expected) || text.contains(&expected.replace("1e300", "1e+300")), "{text}");
}

#[test]
fn a_detail_too_long_for_an_entry_is_attached() {
    let (mut conn, signer) = log(3);
    let long = Draft { detail: json!({"answer": "x".repeat(70_000)}), ..draft(0) };
    assert_eq!(write(&mut conn, &[long]), 3..4);
    let read = entries(&conn, None, 3, 1).unwrap().remove(0);
    assert_eq!(read.draft.detail, json!({"attached": read.draft.evidence[0]}));
    checkpoint(&mut conn, &signer, at(1)).unwrap();
    assert_eq!(verify(&conn, &signer).verdict(), Verdict::Intact);

    let tx = conn.transaction().unwrap();
    let hopeless = Draft { target: Some(json!("x".repeat(70_000))), ..draft(0) };
    let error = append(&tx, at(0), &hopeless).unwrap_err().to_string();
    assert!(error.contains("65535"), "{error}");
}

#[test]
fn drafts_that_say_too_little_are_refused() {
    let mut conn = store();
    let tx = conn.transaction().unwrap();
    let absent = format!("sha256:{}", "0".repeat(64));
    for (wrong, says) in [
        (Draft { act: "Revoked it".into(), ..draft(0) }, "joined by dots"),
        (Draft { actor: String::new(), ..draft(0) }, "no actor"),
        (Draft { case: Some(String::new()), ..draft(0) }, "case"),
        (Draft { evidence: vec![absent], ..draft(0) }, "not kept"),
        (Draft { evidence: vec!["report.pdf".into()], ..draft(0) }, "not kept"),
    ] {
        let error = append(&tx, at(0), &wrong).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_schema_refuses_change() {
    let (conn, _) = signed_log(2);
    for sql in [
        "UPDATE audit_entry SET case_id = 'CEO'",
        "DELETE FROM audit_entry",
        "UPDATE audit_checkpoint SET signed_at = ''",
        "DELETE FROM audit_checkpoint",
    ] {
        assert!(conn.execute(sql, []).unwrap_err().to_string().contains("are never"), "{sql}");
    }
}

#[test]
fn a_checkpoint_looks_as_published() {
    let mut conn = store();
    write(&mut conn, &[draft(0), draft(1), draft(2)]);
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let signer = Signer::new(key, ORIGIN).unwrap();
    let signed = checkpoint(&mut conn, &signer, at(5)).unwrap();
    // Ed25519 signs deterministically, so the same log under the same key is the same text for ever.
    assert_eq!(signed.note, GOLDEN_NOTE);
    assert_eq!(signer.verifier().to_string(), GOLDEN_KEY);
    assert_eq!(VerifierKey::parse(GOLDEN_KEY).unwrap(), *signer.verifier());
    assert_eq!(latest(&conn).unwrap(), Some(signed));
}

const GOLDEN_NOTE: &str = "exeunt.example/audit\n3\n5NQZUdndJW5LbT/IKvMTF8XbVIFU2hxVt7G5+Xhr4jc=\n\n— exeunt.example/audit cymN5D7sI4CMIJKBTLoV7SZivj7lAm5QyKnn8qCL8HyB5f0wsAkBITu5isSi9inVkW+78p271GVX1AniruWaAZ685wM=\n";
const GOLDEN_KEY: &str = "exeunt.example/audit+73298de4+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

#[test]
fn signing_twice_signs_once() {
    let (mut conn, signer) = log(3);
    assert_eq!(verify(&conn, &signer).verdict(), Verdict::Unsigned);
    let first = checkpoint(&mut conn, &signer, at(1)).unwrap();
    assert_eq!(checkpoint(&mut conn, &signer, at(2)).unwrap(), first);
    write(&mut conn, &[draft(3)]);
    let report = verify(&conn, &signer);
    assert_eq!((report.verdict(), report.notes), (Verdict::Intact, vec![Note::UnsignedTail(1)]));
    let second = checkpoint(&mut conn, &signer, at(3)).unwrap();
    assert_eq!((first.size, second.size), (3, 4));
    let report = verify(&conn, &signer);
    assert_eq!((report.entries, report.size, report.root), (4, 4, Some(second.root)));
    assert_eq!((report.signed_at, report.origin.as_deref()), (Some(at(3)), Some(ORIGIN)));
}

#[test]
fn another_history_is_not_signed() {
    let another = Signer::generate(ORIGIN).unwrap();
    let (mut conn, signer) = signed_log(4);
    let refused = |conn: &mut Connection, signer: &Signer| match checkpoint(conn, signer, at(9)) {
        Err(Error::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(&mut conn, &another).contains("bring back the first key"));

    tamper::disarm(&conn);
    conn.execute("DELETE FROM audit_entry WHERE seq = 3", []).unwrap();
    assert!(refused(&mut conn, &signer).contains("3 entries but 4 were signed"));
    // What is written on stands behind the gap: nothing papers it over, and nobody signs across it.
    let tx = conn.transaction().unwrap();
    append(&tx, at(9), &draft(4)).unwrap();
    tx.commit().unwrap();
    assert_eq!(conn.query_row("SELECT max(seq) FROM audit_entry", [], |row| row.get::<_, i64>(0)).unwrap(), 4);
    assert!(refused(&mut conn, &signer).contains("entry 3 is missing"));
    let report = verify_store(&conn, &signer.verifier().to_string()).unwrap();
    assert_eq!(report.problems[0].to_string(), "entry 3: missing");

    let (mut conn, signer) = signed_log(4);
    tamper::disarm(&conn);
    conn.execute("UPDATE audit_entry SET leaf = zeroblob(32) WHERE seq = 1", []).unwrap();
    assert!(refused(&mut conn, &signer).contains("not those that were signed"));

    let (mut conn, signer) = log(4);
    tamper::disarm(&conn);
    conn.execute("UPDATE audit_entry SET body = CAST('{}' AS BLOB) WHERE seq = 2", []).unwrap();
    assert!(refused(&mut conn, &signer).contains("entry 2 was altered"));
}

// Reliability: Nothing stuck.
#[test]
fn a_key_that_was_replaced_vouches_for_what_it_signed_and_an_entry_that_nobody_signed_for_nothing() {
    let (mut conn, first) = signed_log(4);
    let second = Signer::generate(ORIGIN).unwrap();
    let tx = conn.transaction().unwrap();
    replace_key(&tx, &second, "lost", "Anna", at(5)).unwrap();
    tx.commit().unwrap();
    assert_eq!(verify(&conn, &second).verdict(), Verdict::Broken, "the new key has signed nothing yet");
    checkpoint(&mut conn, &second, at(6)).unwrap();
    let report = verify(&conn, &second);
    assert_eq!(report.verdict(), Verdict::Intact, "{report:?}");
    assert!(matches!(&report.notes[..], [Note::KeyReplaced { seq: 4, by, .. }] if by == "Anna"), "{report:?}");
    assert_eq!(verify(&conn, &first).verdict(), Verdict::Broken, "who trusts the old key alone must be given the new one");
    assert!(matches!(checkpoint(&mut conn, &first, at(7)), Err(Error::Refused(_))), "the old key signs no more");
}

#[test]
fn a_key_file_is_made_once_and_kept_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.key");
    assert!(Signer::load(&path, ORIGIN).unwrap().is_none(), "reading makes no key");
    let made = Signer::create(&path, ORIGIN).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let loaded = Signer::load(&path, ORIGIN).unwrap().unwrap();
    assert!(Signer::create(&path, ORIGIN).is_err(), "a key is never written over");
    assert_eq!(made.verifier(), loaded.verifier());
    assert_eq!(format!("{made:?}"), format!("Signer({})", made.verifier()));

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Signer::load(&path, ORIGIN).unwrap_err().to_string().contains("chmod 600"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "not a key").unwrap();
    assert!(Signer::load(&path, ORIGIN).unwrap_err().to_string().contains("PKCS#8"));
    assert!(Signer::create(&folder.path().join("b"), "two words").is_err());
}

#[test]
fn verifier_keys_are_checked() {
    let key = Signer::generate(ORIGIN).unwrap().verifier().to_string();
    let other = Signer::generate(ORIGIN).unwrap().verifier().to_string();
    let mixed = format!("{}{}", &key[..ORIGIN.len() + 10], &other[ORIGIN.len() + 10..]);
    for wrong in ["", "a+b", "a+00000000+AAAA", &mixed, &key[..key.len() - 4]] {
        assert!(VerifierKey::parse(wrong).is_err(), "{wrong}");
    }
}
