//! Exit codes: 0 is said where something is known to be well, and nowhere else.

use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::{Says, Small};

// Trust: What was done.
#[test]
fn nothing_read_is_not_nothing_found() {
    let small = Small::up("");
    for command in [&["report", "shadow"][..], &["report", "access"], &["report", "changes"], &["link", "list"], &["export", "csv"]] {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains("nothing has been read yet: run `exeunt scan`"), "{ran:?}");
    }
    // One of two systems read is not both.
    small.exeunt(&["scan", "hr"]).ended(FINE);
    let ran = small.exeunt(&["report", "shadow"]).ended(COULD_NOT);
    assert!(ran.err.contains("app was never read"), "{ran:?}");
    small.exeunt(&["scan"]).ended(FINE);
    for command in [&["report", "shadow"][..], &["report", "access"], &["show", "E1"], &["people"], &["link", "list"], &["export", "csv"]] {
        small.exeunt(command).ended(FINE);
    }
}

// Trust: What was done.
#[test]
fn a_rule_that_matches_nobody_is_said() {
    let small = Small::up("");
    small.settings("chief", "chef");
    for command in [&["scan"][..], &["report", "shadow"], &["report", "access"], &["people"]] {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains("matches nobody of the 2 people that HR knows"), "{ran:?}");
    }
    small.settings("executive = \"person.title | matches('chef')\"", "executives = [\"E9\"]");
    let ran = small.exeunt(&["scan"]).ended(COULD_NOT);
    assert!(ran.err.contains("people.executives names \"E9\""), "{ran:?}");
}

// Trust: What was done.
#[test]
fn a_departure_with_open_tasks_is_not_fine() {
    let small = Small::up("[policy]\nhanded_off_apps = []\n");
    small.exeunt(&["scan"]).ended(FINE);
    small.says(Says { method: "PATCH", path: "", times: 9, status: 400, headers: Vec::new() });
    small.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    small.exeunt(&["departure", "1"]).ended(FOUND);
    // Somebody does it by hand at the app, and what is known of it says so: the task is what is left.
    small.switch("u1", false);
    let ran = small.exeunt(&["departure", "1", "--recheck"]).ended(FINE);
    assert!(ran.out.contains("closed"), "{ran:?}");
}
