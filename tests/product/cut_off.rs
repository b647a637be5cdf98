//! A scan that was cut off says nothing: neither that all is well, nor that what the scan before it could not read has been read.

use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::{NEVER, Says, Small};

/// Whatever reads the graph.
const REPORTS: [&[&str]; 8] = [
    &["report", "shadow"],
    &["report", "access"],
    &["report", "changes"],
    &["report", "coverage"],
    &["show", "E1"],
    &["people"],
    &["export", "csv"],
    &["link", "list"],
];

/// The list of the app's users, as a scan reads it.
const LIST: &str = "Users?startIndex=1&count=200";

fn says(path: &'static str, status: u16) -> Says {
    Says { method: "GET", path, times: 99, status, headers: Vec::new() }
}

/// The state of the one case.
fn case(small: &Small) -> String {
    small.exeunt(&["departure", "1", "--json"]).json()["state"].as_str().unwrap().to_owned()
}

// Trust: What was read.
#[test]
fn a_system_whose_first_scan_was_cut_off_is_a_gap() {
    let small = Small::up("");
    small.says(says(LIST, NEVER));
    small.killed_at(LIST, &["scan"]);
    for command in REPORTS {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains("app: no scan has come to its end so far"), "{ran:?}");
    }
    // The plan says so too, and the case stays open: nobody knows what is in the app.
    let plan = small.exeunt(&["revoke", "E1", "--dry-run"]).ended(COULD_NOT);
    assert!(plan.out.contains("app: no scan has come to its end so far"), "{plan:?}");
    small.says_the_truth();
    small.exeunt(&["revoke", "E1", "--yes"]);
    assert_eq!(case(&small), "open");
    small.exeunt(&["scan"]).ended(FINE);
    for command in REPORTS {
        small.exeunt(command).ended(FINE);
    }
}

// Trust: What was read.
#[test]
fn what_the_last_scan_lacked_is_lacking_when_the_next_one_is_cut_off() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    // The right to read users, which the manifest tries first.
    let lacks = "the read credential lacks read users";
    small.says(says("Users?startIndex=1&count=1", 403));
    small.exeunt(&["scan"]).ended(COULD_NOT);
    small.says_the_truth();
    small.says(says(LIST, NEVER));
    small.killed_at(LIST, &["scan", "app"]);
    for command in REPORTS {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains(lacks), "{ran:?}");
    }
    small.says_the_truth();
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(!small.is_on("u1") && ran.out.contains(lacks), "{ran:?}");
    assert_eq!(case(&small), "open");
    small.exeunt(&["departures"]).ended(FOUND);
}
