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

// Trust: What was read.
#[test]
fn a_system_that_cannot_be_opened_any_more_is_a_gap_of_every_report() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    let reports =
        [&["report", "shadow"][..], &["report", "access"], &["report", "coverage"], &["show", "E1"], &["people"], &["export", "csv"]];
    for (scan, read) in [(&["scan"][..], "file:nowhere"), (&["scan", "app"][..], "env:NOT_SET_BY_ANYBODY")] {
        small.settings("read = \"file:token\"", &format!("read = \"{read}\""));
        small.exeunt(scan).ended(COULD_NOT);
        for command in reports {
            let ran = small.exeunt(command).ended(COULD_NOT);
            assert!(ran.err.contains("app: the last scan failed"), "{ran:?}");
        }
        let coverage = small.exeunt(&["report", "coverage"]).ended(COULD_NOT);
        assert!(!coverage.out.contains("100 %"), "{coverage:?}");
        // It can be opened again, and is read: that is over.
        small.settings(&format!("read = \"{read}\""), "read = \"file:token\"");
        small.exeunt(&["scan"]).ended(FINE);
        for command in reports {
            small.exeunt(command).ended(FINE);
        }
    }
}

// Trust: What was read.
#[test]
fn a_list_that_cannot_be_read_is_a_gap_of_whatever_reads_the_graph() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    let views = [
        &["report", "access"][..],
        &["report", "access", "--person", "E1"],
        &["report", "changes"],
        &["report", "coverage"],
        &["show", "E1"],
        &["show", "E1", "--json"],
        &["show", "E1", "--why", "u1"],
        &["people"],
        &["people", "--executives", "--json"],
        &["link", "list"],
        &["export", "opengraph"],
        &["export", "graphml"],
        &["export", "csv"],
        &["export", "csv", "--person", "E1"],
        &["export", "ocsf"],
    ];
    for view in views {
        small.exeunt(view).ended(FINE);
    }
    small.says(Says { method: "GET", path: "Users?startIndex=1&count=200", times: 1, status: 403, headers: Vec::new() });
    small.exeunt(&["scan"]).ended(COULD_NOT);
    for view in views {
        let ran = small.exeunt(view).ended(COULD_NOT);
        assert!(ran.err.contains("app: users could not be read to the end: "), "{ran:?}");
    }
    // That it could not be read is what it found.
    let shadow = small.exeunt(&["report", "shadow"]).ended(FOUND);
    assert!(shadow.err.contains("app: users could not be read to the end: "), "{shadow:?}");
}

// Trust: What was read.
#[test]
fn a_right_that_is_missing_is_a_gap() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    // The manifest tries the right with its first call, before it relies on it.
    small.says(Says { method: "GET", path: "Users?startIndex=1&count=1", times: 1, status: 403, headers: Vec::new() });
    let ran = small.exeunt(&["scan"]).ended(COULD_NOT);
    assert!(ran.out.contains("credential lacks"), "{ran:?}");
    for command in [&["report", "shadow"][..], &["report", "coverage"], &["people"]] {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains("credential lacks"), "{ran:?}");
    }
    assert!(!small.exeunt(&["report", "coverage"]).out.contains("100 %"));
}

// Trust: What was read.
#[test]
fn whoever_has_left_and_has_an_active_account_is_a_finding() {
    // Whether HR had named them before exeunt first saw them, their case waits, or the account came back.
    for (status, last_day) in [("Left", "2026-10-31"), ("Left", ""), ("Active", "2026-10-31")] {
        let small = Small::up("");
        small.hr(status, last_day);
        small.exeunt(&["scan"]).ended(FOUND);
        let ran = small.exeunt(&["report", "shadow"]).ended(FOUND);
        assert!(ran.out.contains("Una Fjord has left, and una@acme.example is active in app"), "{status} {last_day:?}: {ran:?}");
        small.switch("u1", false);
        small.exeunt(&["scan"]).ended(FINE);
        small.exeunt(&["report", "shadow"]).ended(FINE);
        small.switch("u1", true);
        small.exeunt(&["scan"]).ended(FOUND);
    }
    // Her last day is yet to come.
    let small = Small::up("");
    small.hr("Active", "2126-10-31");
    small.exeunt(&["scan"]).ended(FINE);
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
