//! A board portal without an API: a task for legal, proved by the next roster.

use super::System;

#[test]
fn the_next_roster_proves_that_the_account_is_closed() {
    let system = System::up("board-portal");
    system.findings_are_the_key();
    let departed = system.depart("E1002");
    assert_eq!(departed.state("close_account"), "handed_off", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("board portal account (BP-002)")));
    // The same roster once more proves nothing.
    assert_eq!(system.look_again(&departed).state("close_account"), "handed_off");
    let next = system.dropped("roster.csv").replace("member,audit,active,2026-11-02", "member,audit,closed,2026-11-02");
    system.drop_file("roster.csv", &next);
    assert_eq!(system.look_again(&departed).state("close_account"), "gone");
}

#[test]
fn a_seat_that_is_kept_is_a_named_decision_and_no_task() {
    let system = System::up_unscanned("board-portal");
    system.sim.change_settings(
        "[audit]",
        "[[departure.keep]]\nperson = \"E1002\"\nsystem = \"board-portal\"\nnode = \"BP-002\"\nuntil = \"2031-12-31\"\ndecided_by = \"Hanne Kowalczyk\"\nreason = \"stays on the audit committee\"\n\n[audit]",
    );
    system.scan();
    let departed = system.depart("E1002");
    assert!(departed.actions("close_account").is_empty(), "{departed:?}");
    assert_eq!(departed.residual(), &serde_json::json!([]));
}
