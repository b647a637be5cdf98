//! People whose departure needs an approval: protected as people, however the settings or HR write them; and an entry that means nobody.

use crate::run::{COULD_NOT, FINE, Ran};
use crate::small::Small;

fn protecting(entry: &str) -> Small {
    let small = Small::up("");
    small.settings("[people]\n", &format!("[people]\nprotected = [{entry:?}]\n"));
    small.exeunt(&["scan"]);
    small
}

#[track_caller]
fn waits(small: &Small, why: &str) -> Ran {
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.err.contains(why) && ran.err.contains("approve") && small.is_on("u1"), "{ran:?}");
    ran
}

// Reliability: Who may.
#[test]
fn a_protected_person_is_protected_however_the_entry_is_written() {
    for entry in ["UNA@ACME.example", " una@acme.example", "una@acme.example.", "e1", "E1", "Una  Fjord", "una fjord"] {
        let small = protecting(entry);
        small.exeunt(&["check"]).ended(FINE);
        waits(&small, "is protected");
    }
}

// Reliability: Who may.
#[test]
fn a_protected_person_stays_protected_when_hr_writes_them_otherwise() {
    let small = protecting("una@acme.example");
    small.hr_says("Una,Fjord,una@acme.example", "Una,Berg,una.berg@acme.example");
    small.exeunt(&["scan"]);
    small.exeunt(&["check"]).ended(FINE);
    waits(&small, "Una Berg is protected");
}

// Reliability: Who may.
#[test]
fn an_entry_that_names_nobody_is_an_error_and_every_departure_waits() {
    for entry in ["una.fjord@acme.example", "una+x@acme.example", "nobody", ""] {
        let small = protecting(entry);
        let checked = small.exeunt(&["check"]).ended(COULD_NOT);
        assert!(checked.out.contains(&format!("people.protected names {entry:?}, and HR knows nobody of that name")), "{checked:?}");
        waits(&small, "HR knows nobody of that name");
    }
    let small = Small::up("");
    small.settings("[people]\n", "[people]\nsuccessors = { E1 = \"E9\" }\n");
    small.exeunt(&["check"]).ended(FINE);
    small.exeunt(&["scan"]).ended(COULD_NOT);
    let checked = small.exeunt(&["check"]).ended(COULD_NOT);
    assert!(checked.out.contains("people.successors names \"E9\" as the successor of \"E1\""), "{checked:?}");
}

// Reliability: Who may.
#[test]
fn whoever_is_protected_after_the_case_was_opened_is_not_taken_before_an_approval() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    let at = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3)).to_string();
    small.exeunt(&["revoke", "E1", "--yes", "--at", &at]).ended(FINE);
    small.settings("[people]\n", "[people]\nprotected = [\"E1\"]\n");
    small.serve_until("it waits", || small.exeunt(&["departures"]).out.contains("waiting"));
    assert!(small.is_on("u1"));
}
