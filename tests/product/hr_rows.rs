//! Rows of HR's file that contradict themselves or one another: a doubt that is said, and nothing that acts on it.

use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::Small;

const HEAD: &str = "employee_number,first_name,last_name,work_email,other_emails,private_email,phones,title,department,manager,status,start_date,last_day,place";

/// HR's file holds these rows from now on: number, status, first day, last day, place. All are Una's; Bo stays.
fn rows(small: &Small, rows: &[[&str; 5]]) {
    let mut text = format!("{HEAD}\nE2,Bo,Holm,bo@acme.example,,,,Accountant,Finance,,Active,2021-05-01,,\n");
    for [number, status, first, last, place] in rows {
        text += &format!("{number},Una,Fjord,una@acme.example,,,,Chief Financial Officer,Finance,,{status},{first},{last},{place}\n");
    }
    std::fs::write(small.folder().join("people.csv"), text).unwrap();
}

/// A company that hears HR every second while it serves.
fn listening(more: &str) -> Small {
    let small = Small::up(more);
    std::fs::write(small.folder().join("hook"), "whsec_dGhlIHNlY3JldCBvZiBhIHRlc3QsIGxvbmcgZW5vdWdo").unwrap();
    small.settings("poll = \"\"", "poll = \"*/1 * * * * *\"");
    rows(&small, &[["E1", "Active", "2019-02-01", "", ""]]);
    small.exeunt(&["scan"]).ended(FINE);
    small
}

/// Serves until HR was heard, and its case waits.
fn waits(small: &Small) {
    small.serve_until("the case waits", || small.exeunt(&["departures"]).out.contains("waiting"));
    assert!(small.is_on("u1"), "nothing acts on a doubt");
}

// Trust: HR's word.
#[test]
fn whoever_left_and_begins_again_later_is_not_employed_today() {
    let small = listening("");
    rows(&small, &[["E1", "Active", "2126-02-01", "2026-10-31", ""]]);
    waits(&small);
    small.exeunt(&["scan"]).ended(FOUND);
    let ran = small.exeunt(&["report", "shadow"]).ended(FOUND);
    assert!(ran.out.contains("Una Fjord has left, and una@acme.example is active in app"), "{ran:?}");
    // The new time here has begun: that is no leaver.
    rows(&small, &[["E1", "Active", "2026-11-01", "2026-10-31", ""]]);
    small.exeunt(&["scan"]).ended(FINE);
    small.exeunt(&["report", "shadow"]).ended(FINE);
    small.serve_until("the case is called off", || small.exeunt(&["departures"]).out.contains("cancelled"));
    assert!(small.is_on("u1"));
}

// Trust: HR's word.
#[test]
fn a_place_whose_time_zone_nobody_knows_is_a_doubt_where_somebody_leaves() {
    for (more, place, why) in [
        ("", "Amerika/Los_Angeles", "\"Amerika/Los_Angeles\" is no time zone"),
        ("[departure.zones]\n\"Oslo office\" = \"Europe/Oslo\"\n", "Bergen", "departure.zones has no time zone for \"Bergen\""),
    ] {
        let small = listening(more);
        // Of somebody who stays, a place is only a place.
        rows(&small, &[["E1", "Active", "2019-02-01", "", place]]);
        small.exeunt(&["scan"]).ended(FINE);
        rows(&small, &[["E1", "Active", "2019-02-01", "2126-10-31", place]]);
        waits(&small);
        for command in [&["scan"][..], &["report", "shadow"], &["people"]] {
            let ran = small.exeunt(command).ended(COULD_NOT);
            assert!(ran.err.contains(why) && ran.err.contains("Una Fjord (E1)"), "{ran:?}");
        }
    }
    let small = listening("");
    rows(&small, &[["E1", "Active", "2019-02-01", "2126-10-31", "America/Los_Angeles"]]);
    small.exeunt(&["scan"]).ended(FINE);
}

// Trust: HR's word.
#[test]
fn two_numbers_that_differ_in_capital_letters_alone_are_believed_neither() {
    let small = listening("");
    rows(&small, &[["E1", "Active", "2019-02-01", "", ""], ["e1", "Left", "2019-02-01", "2026-10-31", ""]]);
    let ran = small.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("person:E1 differs from another in capital letters alone"), "{ran:?}");
    assert_ne!(small.exeunt(&["report", "shadow"]).code, FINE);
    let people = small.exeunt(&["people", "--executives", "--json"]).json();
    assert_eq!(people["people"].as_array().unwrap().len(), 1, "{people}");
    assert!(small.exeunt(&["departures", "--json"]).json().as_array().unwrap().is_empty());
}

// Trust: HR's word.
#[test]
fn an_approval_stands_when_hr_moves_the_day_and_falls_when_its_word_is_in_doubt() {
    let approved = |small: &Small| {
        rows(small, &[["E1", "Active", "2019-02-01", "2126-10-31", ""]]);
        waits(small);
        let case = small.exeunt(&["departure", "1", "--json"]).json();
        small.exeunt(&["approve", "1", "--plan", case["plan_hash"].as_str().unwrap(), "--by", "Ann"]).ended(FINE);
        assert!(small.exeunt(&["departures"]).out.contains("scheduled"));
    };
    let small = listening("[departure]\napproval = true\n");
    approved(&small);
    rows(&small, &[["E1", "Active", "2019-02-01", "2126-09-30", ""]]);
    small.serve_until("the case is moved", || small.exeunt(&["departures"]).out.contains("2126-10-01 00:00"));
    assert!(small.exeunt(&["departures"]).out.contains("scheduled"), "its approval stands");

    let small = listening("[departure]\napproval = true\n");
    approved(&small);
    rows(&small, &[["E1", "Active", "2126-12-01", "2126-09-30", ""]]);
    waits(&small);
}

/// A case for a day far off, which nothing keeps waiting. Somebody hears of what waits.
fn scheduled() -> Small {
    let told = "[systems.told]\nscanner = \"webhook\"\ntell = \"file:hook\"\nurl = \"http://127.0.0.1:9/\"\n\
        [[departure.tell.notices]]\nsystem = \"told\"\nto = \"security\"\nevents = [\"approval\"]\n";
    let small = listening(told);
    rows(&small, &[["E1", "Active", "2019-02-01", "2126-10-31", ""]]);
    small.serve_until("the case is scheduled", || states(&small) == ["scheduled"]);
    small
}

/// How many notices there are that a case waits.
fn notices(small: &Small) -> i64 {
    let conn = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    conn.query_row("SELECT count(*) FROM delivery WHERE event = 'approval'", [], |row| row.get(0)).unwrap()
}

/// Where the cases stand, the first one first.
fn states(small: &Small) -> Vec<String> {
    let all = small.exeunt(&["departures", "--json"]).json();
    all.as_array().unwrap().iter().rev().map(|case| case["state"].as_str().unwrap().to_owned()).collect()
}

// Trust: HR's word.
#[test]
fn a_scheduled_case_waits_while_hr_s_word_is_in_doubt_and_goes_back_once_it_is_clear() {
    let small = scheduled();
    for (times, (doubted, why)) in (1..).zip([
        (["E1", "Rehired", "2019-02-01", "2126-10-31", ""], "HR's record doesn't say whether Una Fjord still works here"),
        (["E1", "", "2019-02-01", "2126-10-31", ""], "HR's record doesn't say whether Una Fjord still works here"),
        (
            ["E1", "Active", "2126-12-01", "2126-10-31", ""],
            "HR's record says that Una Fjord begins again on 2126-12-01, after the last day",
        ),
        (["E1", "Active", "2019-02-01", "31/31/2126", ""], "the last day of Una Fjord can't be read in HR's record"),
        (["E1", "Active", "soon", "2126-10-31", ""], "HR's hire date of Una Fjord can't be read"),
        (["E1", "Left", "2019-02-01", "", ""], "HR's record gives no last day"),
        (["E1", "Left", "2019-02-01", "2126-10-31", ""], "is inactive, though the last day is yet to come"),
    ]) {
        rows(&small, &[doubted]);
        waits(&small);
        small.serve_until("it is told each time", || notices(&small) == times);
        let shown = small.exeunt(&["departure", "1"]);
        assert!(shown.out.contains("  waits: ") && shown.out.contains(why), "{doubted:?}: {shown:?}");
        rows(&small, &[["E1", "Active", "2019-02-01", "2126-10-31", ""]]);
        small.serve_until("the case goes back", || states(&small) == ["scheduled"]);
        assert!(small.exeunt(&["departures"]).out.contains("2126-11-01 00:00"), "to the time that it had: {doubted:?}");
    }
    let log = small.exeunt(&["audit", "log"]);
    assert!(log.out.contains("departure.waits") && log.out.contains("departure.moved"), "{log:?}");
}

// Trust: HR's word.
#[test]
fn whoever_approves_in_spite_of_a_doubt_is_asked_once() {
    let small = scheduled();
    let doubted = ["E1", "Rehired", "2019-02-01", "2126-10-31", ""];
    rows(&small, &[doubted]);
    waits(&small);
    let case = small.exeunt(&["departure", "1", "--json"]).json();
    small.exeunt(&["approve", "1", "--plan", case["plan_hash"].as_str().unwrap(), "--by", "Ann"]).ended(FINE);
    // HR is heard again: somebody else leaves.
    small.hr_says(
        "E2,Bo,Holm,bo@acme.example,,,,Accountant,Finance,,Active,2021-05-01,,",
        "E2,Bo,Holm,bo@acme.example,,,,Accountant,Finance,,Active,2021-05-01,2126-05-01,",
    );
    small.serve_until("Bo's case is open", || states(&small).len() == 2);
    assert_eq!(states(&small), ["scheduled", "scheduled"]);
    // Another doubt is another question.
    rows(&small, &[["E1", "Active", "2126-12-01", "2126-10-31", ""]]);
    waits(&small);
}

// Trust: HR's word.
#[test]
fn a_doubt_that_was_read_and_not_heard_lets_nothing_run_at_its_hour() {
    let small = scheduled();
    rows(&small, &[["E1", "Rehired", "2019-02-01", "2126-10-31", ""]]);
    small.exeunt(&["scan"]).ended(COULD_NOT);
    assert_eq!(states(&small), ["scheduled"], "a scan tells nobody");
    small.settings("poll = \"*/1 * * * * *\"", "poll = \"\"");
    small.settings("schedule = \"*/2 * * * * *\"", "schedule = \"\"");
    // Its hour comes.
    let store = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    store.execute("UPDATE departure SET effective = ?1", [1_000_000_i64]).unwrap();
    waits(&small);
    let case = small.exeunt(&["departure", "1", "--json"]).json();
    assert!(case["waits"].as_str().unwrap().contains("still works here"), "{case}");
}

// Trust: HR's word.
#[test]
fn hr_s_file_of_a_day_to_come_is_a_gap_and_reports_say_how_old_hr_s_word_is() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    let read = || small.exeunt(&["people", "--json"]).json()["hr_read"].as_str().unwrap().to_owned();
    let first = read();
    for command in [&["people"][..], &["report", "shadow"], &["report", "access"], &["report", "shadow", "--format", "html"]] {
        let ran = small.exeunt(command).ended(FINE);
        assert!(ran.out.contains(&format!("HR was read to its end {}", &first[..10])), "{ran:?}");
    }
    small.exeunt(&["scan"]).ended(FINE);
    let second = read();
    assert!(second > first, "{first} {second}");
    // Such a file would not be too old for years.
    let file = std::fs::File::options().write(true).open(small.folder().join("people.csv")).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5 * 365 * 86_400)).unwrap();
    let ran = small.exeunt(&["scan"]).ended(COULD_NOT);
    assert!(ran.out.contains("which is yet to come, so that its age can't be told"), "{ran:?}");
    assert_eq!(read(), second, "a reading with a gap makes HR's word no younger");
}
