//! A log that was cut back, and rows that were changed beside it.

use rusqlite::Connection;

use crate::hostile::Hostile;
use crate::run::{FINE, FOUND};

fn company() -> Hostile {
    let user = |id: &str, name: &str| serde_json::json!({ "id": id, "userName": format!("{name}@acme.example"), "active": true });
    let company = Hostile::up("Una", vec![user("u1", "una"), user("u2", "bo")], "");
    company.exeunt(&["scan"]);
    company.exeunt(&["revoke", "E2", "--yes"]);
    company
}

fn store(company: &Hostile) -> Connection {
    let store = Connection::open(company.at("exeunt.db")).unwrap();
    store.pragma_update(None, "foreign_keys", false).unwrap();
    store
}

/// Takes out of the log what was written after a size, and every trace of it in the log's own tables.
fn cut_back(store: &Connection, size: i64) {
    let cut = format!(
        "DROP TRIGGER audit_entry_is_never_deleted; DROP TRIGGER audit_checkpoint_is_never_deleted;
         DELETE FROM audit_entry WHERE seq >= {size}; DELETE FROM audit_checkpoint WHERE size > {size}"
    );
    store.execute_batch(&cut).unwrap();
}

fn last_size(store: &Connection) -> i64 {
    store.query_row("SELECT max(size) FROM audit_checkpoint", [], |row| row.get(0)).unwrap()
}

// Reliability: Evidence.
#[test]
fn a_log_that_was_cut_back_to_an_earlier_checkpoint_is_found_by_the_store_s_rows() {
    let company = company();
    let size = last_size(&store(&company));
    company.exeunt(&["revoke", "E1", "--yes"]);
    company.exeunt(&["audit", "verify"]).ended(FINE);
    cut_back(&store(&company), size);
    let ran = company.exeunt(&["audit", "verify"]).ended(FOUND);
    assert!(ran.out.contains("BROKEN") && ran.out.contains("departure 2: the store has it, and no entry tells"), "{}", ran.out);
}

// Reliability: Evidence.
#[test]
fn a_log_goes_on_from_what_was_given_away_earlier_or_it_is_said() {
    let company = company();
    company.exeunt(&["audit", "bundle", "1", "-o", "early.zip"]).ended(FINE);
    let (size, note): (i64, String) = store(&company)
        .query_row("SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    company.exeunt(&["revoke", "E1", "--yes"]);
    company.exeunt(&["audit", "bundle", "2", "-o", "late.zip"]).ended(FINE);
    std::fs::write(company.at("mail.txt"), format!("Una Fjord: departure 1 has run\n\n  {}\n-- \nbye\n", note.replace('\n', "\n  ")))
        .unwrap();
    let quoted = note.replace('=', "=3D").replace('—', "=E2=80=94");
    let (start, end) = quoted.split_at(quoted.len() - 40);
    std::fs::write(company.at("mail.eml"), format!("Subject: x\r\n\r\n{}", format!("{start}=\n{end}").replace('\n', "\r\n"))).unwrap();
    for since in ["early.zip", "mail.txt", "mail.eml"] {
        company.exeunt(&["audit", "verify", "--since", since]).ended(FINE);
        company.exeunt(&["audit", "verify", "late.zip", "--since", since]).ended(FINE);
    }
    // The bundle's own program says the same without us.
    let python = |bundle: &str, since: &str| {
        let mut command = std::process::Command::new("python3");
        command.current_dir(company.folder()).args([
            "-I",
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/verify.py"),
            "--since",
            since,
            bundle,
        ]);
        let ran = command.output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
    };
    for since in ["early.zip", "mail.txt"] {
        let (code, said) = python("late.zip", since);
        assert!(code == Some(0) && said.contains("the log begins with"), "{said}");
    }
    let (code, said) = python("early.zip", "late.zip");
    assert!(code == Some(1) && said.contains("cut back"), "{said}");
    let ran = company.exeunt(&["audit", "verify", "early.zip", "--since", "late.zip"]).ended(FOUND);
    assert!(ran.out.contains("cut back"), "{}", ran.out);
    // Another history of the same length, by the same key: what was signed since is not this one's.
    cut_back(&store(&company), 0);
    store(&company).execute_batch("DELETE FROM departure; DELETE FROM action; DELETE FROM task; DELETE FROM action_event").unwrap();
    for _ in 0..3 {
        company.exeunt(&["revoke", "E1", "--yes"]);
        company.exeunt(&["audit", "bundle", "1", "-o", "other.zip"]);
    }
    let ran = company.exeunt(&["audit", "verify", "--since", "early.zip"]).ended(FOUND);
    assert!(ran.out.contains(&format!("checkpoint of {size} entries: it was signed earlier")), "{}", ran.out);
    std::fs::write(company.at("nothing.txt"), "no checkpoint\n").unwrap();
    assert!(company.exeunt(&["audit", "verify", "--since", "nothing.txt"]).err.contains("holds no checkpoint"));
}

// Reliability: Evidence.
#[test]
fn a_row_that_says_something_else_than_the_log_is_named() {
    let company = company();
    company.exeunt(&["revoke", "E1", "--yes"]);
    let changes = [
        (
            "UPDATE departure SET approved = 'Mallory' WHERE id = 2",
            "departure 2: the store says that Mallory approved it, and no entry does",
        ),
        ("UPDATE departure SET state = 'cancelled' WHERE id = 2", "departure 2: the store says that it is cancelled, and no entry does"),
        ("UPDATE departure SET id = 9 WHERE id = 2", "departure 2: the log tells of it, and the store has no such row any more"),
        (
            "INSERT INTO task (departure, role, title, steps, state, created, due, done_at, done_by) VALUES (2, 'it', 'x', '', 'done', 1, 1, 1, 'M')",
            "the store has it, and no entry tells that it was opened",
        ),
        (
            "INSERT INTO action (departure, number, system, name, label, spec, state) VALUES (2, 99, 'app', 'x', 'shut the door', '{}', 'gone')",
            "action 99 of departure 2, shut the door: the store says that it is gone, and no entry says that a read showed it",
        ),
    ];
    for (change, says) in changes {
        company.exeunt(&["audit", "verify"]).ended(FINE);
        // Who closes the store last writes everything into the one file.
        last_size(&store(&company));
        std::fs::copy(company.at("exeunt.db"), company.at("kept.db")).unwrap();
        store(&company).execute_batch(change).unwrap();
        let ran = company.exeunt(&["audit", "verify"]).ended(FOUND);
        assert!(ran.out.contains(says), "{change}: {}", ran.out);
        for beside in ["exeunt.db-wal", "exeunt.db-shm"] {
            std::fs::remove_file(company.at(beside)).ok();
        }
        std::fs::copy(company.at("kept.db"), company.at("exeunt.db")).unwrap();
    }
}

// Reliability: Evidence.
#[test]
fn whoever_decides_whose_an_account_is_stands_in_the_log() {
    let company = company();
    let link: i64 = store(&company).query_row("SELECT max(id) FROM link WHERE until IS NULL", [], |row| row.get(0)).unwrap();
    company.exeunt(&["link", "reject", &link.to_string(), "--by", "Cleo"]).ended(FINE);
    assert!(company.exeunt(&["audit", "log"]).out.contains("\"act\":\"link.rejected\",\"actor\":\"Cleo\""));
    company.exeunt(&["audit", "verify"]).ended(FINE);
    store(&company).execute("UPDATE link SET decided_by = 'Mallory' WHERE decided_by = 'Cleo'", []).unwrap();
    let ran = company.exeunt(&["audit", "verify"]).ended(FOUND);
    assert!(ran.out.contains("the store says that Mallory rejected it, and no entry does"), "{}", ran.out);
}

// Reliability: Evidence.
#[test]
fn every_notice_carries_the_log_s_checkpoint_out_of_the_machine() {
    let user = serde_json::json!({ "id": "u1", "userName": "una@acme.example", "active": true });
    let more = "[systems.hook]\nscanner = \"webhook\"\ntell = \"file:key\"\nurl = \"http://127.0.0.1:{port}/hook\"\n\
                [departure.tell]\nnotices = [{ system = \"hook\", to = \"siem\", events = [\"ended\"] }]\n";
    let company = Hostile::up("Una", vec![user], more);
    std::fs::write(company.at("key"), "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
    company.exeunt(&["scan"]);
    company.exeunt(&["revoke", "E1", "--yes"]);
    let posted = company.posted();
    assert_eq!(posted.len(), 1, "{posted:?}");
    let text = posted[0]["data"]["text"].as_str().unwrap();
    std::fs::write(company.at("notice.txt"), text).unwrap();
    company.exeunt(&["audit", "verify", "--since", "notice.txt"]).ended(FINE);
    let store = store(&company);
    let size = last_size(&store);
    cut_back(&store, size / 2);
    let ran = company.exeunt(&["audit", "verify", "--since", "notice.txt"]).ended(FOUND);
    assert!(ran.out.contains("it was signed earlier"), "{}", ran.out);
}
