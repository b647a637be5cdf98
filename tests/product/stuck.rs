//! A departure when something of our own fails in the middle of it: the store's lock, the audit log's key, the log itself.

use std::time::{Duration, Instant};

use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::{Says, Small};

fn store(small: &Small) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(20)).unwrap();
    conn
}

/// Una's app, scanned, and a first case that made the log and its key.
fn with_a_log() -> Small {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    small.exeunt(&["revoke", "E2", "--yes"]);
    small.exeunt(&["audit", "verify"]).ended(FINE);
    small
}

// Reliability: Nothing stuck.
#[test]
fn what_was_refused_and_can_not_be_read_any_more_ends_no_run() {
    let small = Small::up("");
    let text = include_str!("../../scanners/scim.yaml").replace("scanner: scim\n", "scanner: scim-once\n");
    // Its change can't be taken back here.
    let (before, after) = text.split_once("    modes: [departure, leave]\n").unwrap();
    let (call, undo) = after.split_once("    undo: ").unwrap();
    let prove = undo.find("    prove:").unwrap();
    std::fs::create_dir(small.folder().join("own")).unwrap();
    std::fs::write(small.folder().join("own/scim-once.yaml"), format!("{before}    irreversible: true\n{call}{}", &undo[prove..])).unwrap();
    small.settings("[company]", "scanners = \"own\"\n[company]");
    small.settings("scanner = \"scim\"", "scanner = \"scim-once\"");
    small.exeunt(&["scan"]).ended(FINE);
    small.says(Says { method: "PATCH", path: "", times: 9, status: 400, headers: Vec::new() });
    small.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    let state = || small.exeunt(&["departure", "1", "--json"]).json()["actions"][0]["state"].clone();
    assert_eq!(state(), "refused");
    // Whether it was done meanwhile can't be told, and doing it twice can't be taken back.
    small.says(Says { method: "GET", path: "/Users/u1", times: 99, status: 403, headers: Vec::new() });
    let ran = small.exeunt(&["revoke", "E1", "--yes", "--json"]);
    assert!(ran.code != FINE && !ran.err.contains("can't become"), "{ran:?}");
    assert_eq!((state(), ran.json()["state"].clone()), ("stuck".into(), "open".into()), "{ran:?}");
}

// Reliability: Nothing stuck.
#[test]
fn a_store_locked_for_forty_seconds_keeps_a_departure_waiting_and_ends_it_not() {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    // Locked from the first call on.
    let locker = std::thread::scope(|scope| {
        let locker = scope.spawn(|| {
            let end = Instant::now() + Duration::from_secs(30);
            while small.calls("PATCH") == 0 {
                assert!(Instant::now() < end, "no call was sent");
                std::thread::sleep(Duration::from_millis(5));
            }
            let lock = store(&small);
            lock.execute_batch("BEGIN IMMEDIATE").unwrap();
            std::thread::sleep(Duration::from_secs(40));
            lock.execute_batch("ROLLBACK").unwrap();
        });
        let ran = small.exeunt(&["revoke", "E1", "--yes"]);
        locker.join().unwrap();
        ran
    });
    assert!(locker.err.contains("is locked by another program"), "said while it lasted: {locker:?}");
    let ran = locker.ended(FINE);
    assert!(ran.out.contains("1 gone"), "{ran:?}");
    assert!(!small.is_on("u1"));
    assert_eq!(small.calls("PATCH"), 1);
    small.exeunt(&["departures"]).ended(FINE);
    small.exeunt(&["audit", "verify"]).ended(FINE);
}

// Reliability: Nothing stuck.
#[test]
fn a_lost_key_stops_no_departure_and_is_replaced_by_a_logged_command_alone() {
    let small = with_a_log();
    let key = small.folder().join("exeunt-audit.key");
    std::fs::remove_file(&key).unwrap();

    let verified = small.exeunt(&["audit", "verify"]).ended(COULD_NOT);
    assert!(verified.out.contains("intact") && verified.out.contains("the key comes from the store itself"), "{verified:?}");
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(!small.is_on("u1"), "{ran:?}");
    assert!(ran.out.contains("1 gone") && ran.out.contains("not signed") && ran.err.contains("is missing"), "{ran:?}");
    assert!(!key.exists(), "a key was made in the place of the lost one");
    // The case is not at its end while nobody has signed what was done.
    small.exeunt(&["departures"]).ended(FOUND);
    small.exeunt(&["departure", "2", "--recheck"]).ended(COULD_NOT);

    let made = small.exeunt(&["audit", "new-key", "--reason", "the disk died", "--by", "Anna"]).ended(FINE);
    assert!(made.out.contains("exeunt/audit+"), "{made:?}");
    let verified = small.exeunt(&["audit", "verify"]).ended(FINE);
    assert!(
        verified.out.contains("intact") && verified.out.contains("Anna replaced the key") && verified.out.contains("the disk died"),
        "{verified:?}"
    );
    small.exeunt(&["departure", "2", "--recheck"]);
    small.exeunt(&["departures"]).ended(FINE);
    let again = small.exeunt(&["audit", "new-key", "--reason", "again", "--by", "Anna"]).ended(COULD_NOT);
    assert!(again.err.contains("nothing was done"), "{again:?}");
}

// Reliability: Nothing stuck.
#[test]
fn a_key_that_others_may_read_stops_no_departure() {
    use std::os::unix::fs::PermissionsExt as _;
    let small = with_a_log();
    std::fs::set_permissions(small.folder().join("exeunt-audit.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(!small.is_on("u1") && ran.err.contains("chmod 600"), "{ran:?}");
}

// Reliability: Nothing stuck.
#[test]
fn a_damaged_log_stops_no_departure_and_is_not_signed() {
    for damage in ["UPDATE audit_entry SET leaf = zeroblob(32) WHERE seq = 1", "DELETE FROM audit_entry WHERE seq > 2"] {
        let small = with_a_log();
        let conn = store(&small);
        conn.execute_batch("DROP TRIGGER audit_entry_is_never_changed; DROP TRIGGER audit_entry_is_never_deleted").unwrap();
        conn.execute_batch(damage).unwrap();
        let signed =
            |conn: &rusqlite::Connection| conn.query_row("SELECT max(size) FROM audit_checkpoint", [], |row| row.get::<_, i64>(0)).unwrap();
        let before = signed(&conn);
        let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
        assert!(!small.is_on("u1") && ran.out.contains("1 gone") && ran.out.contains("not signed"), "{damage}: {ran:?}");
        assert!(ran.err.contains("the audit log could not be signed, and the departure goes on"), "{damage}: {ran:?}");
        assert_eq!(signed(&conn), before, "{damage}");
        let verified = small.exeunt(&["audit", "verify"]).ended(FOUND);
        assert!(verified.out.contains("BROKEN"), "{damage}: {verified:?}");
        // What was done stands in it all the same, behind the damage.
        let log = small.exeunt(&["audit", "log", "--departure", "2"]).ended(FINE);
        assert!(log.out.contains("departure.opened") && log.out.contains("departure.concluded"), "{damage}: {log:?}");
    }
}

// Reliability: Nothing stuck.
#[test]
fn a_case_that_waits_says_why_when_it_was_moved_and_is_shown_when_its_log_can_not_be_read() {
    let small = Small::up("");
    small.settings("own_account = \"none\"\n", "");
    small.exeunt(&["scan"]).ended(FINE);
    small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    let waits = || small.exeunt(&["departure", "1", "--json"]).json()["waits"].as_str().unwrap().to_owned();
    let why = waits();
    assert!(why.contains("our own account in app is not known"), "{why}");
    // An operator moves it, and says no reason of their own.
    small.exeunt(&["revoke", "E1", "--yes", "--at", "2031-01-01T00:00:00Z"]).ended(COULD_NOT);
    let case = small.exeunt(&["departure", "1", "--json"]).json();
    assert_eq!((&case["effective"], &case["state"]), (&"2031-01-01T00:00:00Z".into(), &"waiting".into()), "{case}");
    assert_eq!(waits(), why);
    let conn = store(&small);
    conn.execute_batch("DROP TRIGGER audit_entry_is_never_changed; UPDATE audit_entry SET body = x'0000' WHERE seq = 1").unwrap();
    let shown = small.exeunt(&["departure", "1"]);
    assert!(shown.out.contains("the reason can't be read from the audit log: run `exeunt audit verify`"), "{shown:?}");
    assert!(shown.code != FINE, "{shown:?}");
}

// Reliability: Nothing stuck.
#[test]
fn a_case_that_was_cut_off_is_said_where_its_tasks_are_asked_for() {
    let small = with_a_log();
    let conn = store(&small);
    conn.execute_batch("UPDATE departure SET state = 'running', ended = NULL").unwrap();
    let listed = small.exeunt(&["tasks"]).ended(COULD_NOT);
    assert!(listed.err.contains("departure 1 has not come to its end"), "{listed:?}");
}
