//! Badges from a file: facilities' tasks, proved by the next file.

use super::System;
use crate::run::{COULD_NOT, FINE};

#[test]
fn the_next_file_proves_what_facilities_did() {
    let system = System::up("badge-file");
    system.findings_are_the_key();
    let departed = system.depart("E1002");
    for action in ["switch_off_badge", "end_parking", "change_code", "collect_key"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    assert_eq!(departed.residual(), &serde_json::json!([]));
    // Everything is switched off but the key, which hasn't come back.
    let file = system.dropped("badges.csv");
    let next = file
        .lines()
        .map(|line| if line.contains("okonjo") && !line.starts_with("K-12") { line.replace(",active,", ",off,") } else { line.to_owned() });
    system.drop_file("badges.csv", &next.collect::<Vec<_>>().join("\n"));
    let again = system.look_again(&departed);
    for action in ["switch_off_badge", "end_parking", "change_code"] {
        assert_eq!(again.state(action), "gone", "{again:?}");
    }
    assert_eq!(again.state("collect_key"), "handed_off", "{again:?}");
}

#[test]
fn a_note_does_not_stand_in_for_the_read_that_would_show_it() {
    let system = System::up("badge-file");
    let departed = system.depart("E1002");
    let tasks = system.exeunt(&["tasks", "--json"]).json();
    let list = system.sim.folder().join("exeunt.toml").display().to_string();
    for task in tasks.as_array().unwrap() {
        let number = task["task"].to_string();
        let said = system.exeunt(&["task", &number, "done", "--by", "Ana", "--note", "all off", "--attach", &list]).ended(FINE);
        assert!(said.out.contains("closed by Ana with the note “all off”; no read has shown it so far"), "{said:?}");
    }
    let id = departed.case["departure"].to_string();
    let again = system.look_again(&departed);
    assert_eq!((again.state("switch_off_badge"), &again.case["state"]), ("handed_off", &serde_json::json!("open")), "{again:?}");
    // Running it again doesn't close it either.
    let again = system.depart("E1002");
    assert_eq!((again.state("switch_off_badge"), &again.case["state"]), ("handed_off", &serde_json::json!("open")), "{again:?}");
    system.exeunt(&["departure", &id]).ended(COULD_NOT);
}
