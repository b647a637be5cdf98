//! Diligent: accounts over SCIM, books on tablets by hand, and seats that are kept.

use super::System;
use crate::run::FINE;

#[test]
fn everything_goes() {
    let system = System::up("diligent");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &["the books on a tablet"]);
    assert_eq!((departed.state("deactivate"), departed.state("purge_books")), ("gone", "handed_off"));
    // One whose account never said that it is active.
    system.everything_goes("E1012", &["the books on a tablet"]);
}

#[test]
fn a_seat_that_is_kept_is_a_named_decision() {
    let system = System::up_unscanned("diligent");
    system.sim.change_settings(
        "[audit]",
        "[[departure.keep]]\nperson = \"E1002\"\nsystem = \"diligent\"\nnode = \"7c1e0002\"\nuntil = \"2031-12-31\"\ndecided_by = \"Hanne Kowalczyk\"\nreason = \"stays on Heron's board\"\n\n[audit]",
    );
    system.scan();
    let departed = system.depart("E1002");
    assert!(departed.actions("deactivate").is_empty() && departed.actions("purge_books").is_empty(), "{departed:?}");
    assert_eq!(departed.residual(), &serde_json::json!([]));
    assert_eq!(system.left("E1002").len(), 2);
}

#[test]
fn an_account_is_deleted_where_that_is_allowed_and_the_books_are_purged() {
    let system = System::up_unscanned("diligent");
    system.allow(&["delete_user"]);
    system.scan();
    let departed = system.depart("E1002");
    // Deleting can't be taken back, and the purge is a person's, which no read shows: that the account is off says nothing of the books.
    assert_eq!(departed.state("delete_user"), "stuck", "{departed:?}");
    assert_eq!(system.look_again(&departed).state("purge_books"), "handed_off");
    assert_eq!(system.depart("E1002").state("delete_user"), "stuck", "running it again is nobody's word that the books are purged");
    let task = system.task("Purge");
    let log = system.sim.folder().join("exeunt.toml").display().to_string();
    system.exeunt(&["task", &task, "done", "--by", "Ilse", "--note", "two tablets wiped", "--attach", &log]).ended(FINE);
    let departed = system.depart("E1002");
    assert_eq!((departed.state("delete_user"), departed.state("purge_books")), ("gone", "handed_off"), "{departed:?}");
}
