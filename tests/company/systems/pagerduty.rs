//! PagerDuty: users are deleted, not suspended; sessions end first, and open incidents are given away first.

use exeunt_company::faults::FaultKind;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("pagerduty");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    // Somebody else must be called in their turn.
    assert_eq!(departed.state("replace_on_call"), "handed_off");
    // Who has an open incident can't be deleted: the successor has it before.
    assert!(departed.proved("reassign_incident") <= departed.sent("delete_user"), "{departed:?}");
}

#[test]
fn an_open_incident_that_nobody_can_take_becomes_a_task() {
    let system = System::up("pagerduty");
    // Her successor is no user there.
    let departed = system.depart("E1007");
    assert!(departed.actions("reassign_incident").is_empty(), "{departed:?}");
    assert_eq!(departed.state("delete_user"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("open incidents")), "{departed:?}");
    assert_eq!(system.left("E1007"), ["the user hanne.kowalczyk@northmoor.example (user)"]);
}

#[test]
fn the_owner_of_the_account_becomes_a_task() {
    let system = System::up("pagerduty");
    let departed = system.depart("E1008");
    assert_eq!(departed.state("delete_user"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor the owner first")), "{departed:?}");
}

#[test]
fn what_stays_out_of_plans_by_default_works_where_it_is_allowed() {
    let system = System::up_unscanned("pagerduty");
    system.allow(&["remove_contact_method", "remove_from_team"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("remove_contact_method"), departed.state("remove_from_team")), ("gone", "gone"));
}

#[test]
fn an_incident_that_only_seems_given_away_holds_the_user() {
    let system = System::up("pagerduty");
    system.fault("PUT", "/incidents", FaultKind::Lie);
    let departed = system.depart("E1002");
    assert_ne!(departed.state("reassign_incident"), "gone", "{departed:?}");
    assert_ne!(departed.state("delete_user"), "gone", "{departed:?}");
    assert!(system.left("E1002").contains(&"the user rafael.okonjo@northmoor.example (user)".to_owned()));
}
