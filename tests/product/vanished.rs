//! A row that is gone from HR's export says nothing: whoever it was about stays known, and what HR said before stands.

use crate::run::{COULD_NOT, FINE};
use crate::small::Small;

// Trust: HR's word.
#[test]
fn an_executive_whose_record_is_gone_stays_known_and_is_in_doubt() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.hr_drops_her();
    let doubt = "HR has no record of Una Fjord (E1) any more, and never said that they left";
    for command in [&["scan"][..], &["report", "shadow"], &["report", "access"], &["show", "E1"], &["people"], &["export", "csv"]] {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains(doubt), "{ran:?}");
    }
    let shown = small.exeunt(&["show", "E1", "--json"]).json();
    assert_eq!(shown["person"]["hr"], "unknown", "{shown}");
    assert!(shown.to_string().contains("una@acme.example"), "{shown}");
    let people = small.exeunt(&["people", "--executives", "--json"]).json();
    assert_eq!(people["people"][0]["name"], "Una Fjord", "{people}");
    assert!(small.is_on("u1"), "nothing is done about it");
    assert!(small.exeunt(&["departures", "--json"]).json().as_array().unwrap().is_empty());
    // Somebody knows that she left. What was hers is cut, and a person confirms that it was.
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(!small.is_on("u1") && ran.out.contains("Confirm whose account una@acme.example in app is"), "{ran:?}");
    // The record comes back: what is known of her is HR's again.
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.hr_drops_her();
    small.exeunt(&["scan"]).ended(COULD_NOT);
    small.hr("Active", "");
    small.exeunt(&["scan"]).ended(FINE);
    small.exeunt(&["report", "shadow"]).ended(FINE);
}

// Trust: HR's word.
#[test]
fn a_departure_that_hr_named_runs_though_the_record_is_gone() {
    let ends = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).checked_add(jiff::Span::new().seconds(12)).unwrap();
    let small = Small::up(&format!("[departure]\ntime = \"{}\"\n", ends.strftime("%H:%M:%S")));
    small.settings("poll = \"\"", "poll = \"*/1 * * * * *\"");
    small.exeunt(&["scan"]).ended(FINE);
    small.hr("Active", &ends.date().to_string());
    small.serve_until("the case is opened", || small.exeunt(&["departures"]).out.contains("scheduled"));
    small.hr_drops_her();
    small.serve_until("she is cut, and that is proved", || small.exeunt(&["departure", "1"]).out.contains("  1  gone"));
    assert!(!small.is_on("u1"));
}

// Trust: HR's word.
#[test]
fn a_departure_that_nobody_runs_is_said() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.exeunt(&["revoke", "E1", "--at", "2126-11-30T00:00:00Z", "--yes"]);
    small.exeunt(&["departures"]).ended(FINE);
    let store = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    store.execute("UPDATE departure SET effective = ?1", [1_000_000_i64]).unwrap();
    for command in [&["departures"][..], &["departures", "--json"]] {
        let ran = small.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains("departure 1 was to begin at"), "{ran:?}");
    }
}
