//! Brivo: people who open doors, and administrators who open them from afar.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("brivo");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("suspend"), departed.state("remove_administrator")), ("gone", "gone"));
    // A card is something to collect; a code and a pass on a phone are not.
    assert_eq!((departed.state("collect"), departed.actions("collect").len()), ("handed_off", 1), "{departed:?}");
}

#[test]
fn whoever_owns_the_account_becomes_a_task() {
    let system = System::up("brivo");
    let departed = system.depart("E1005");
    assert_eq!(departed.state("remove_administrator"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("name another owner first")), "{departed:?}");
    assert_eq!(system.left("E1005"), ["the administrator priya.lindqvist"]);
}

#[test]
fn credentials_and_groups_are_taken_where_that_is_allowed() {
    let system = System::up_unscanned("brivo");
    system.allow(&["take_credential", "remove_from_group"]);
    system.scan();
    let departed = system.everything_goes("E1006", &[]);
    assert_eq!((departed.state("take_credential"), departed.state("remove_from_group")), ("gone", "gone"), "{departed:?}");
    // The card is off its holder in the list already; it is still collected.
    assert_eq!(departed.actions("collect").len(), 1);
}
