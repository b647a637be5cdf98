//! Zoom: accounts, sign-ins past SSO, who schedules for whom, recordings open to anyone, an owner who stays.

use exeunt_company::faults::FaultKind;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("zoom");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    // For whom they may schedule, and who may schedule for them.
    assert_eq!(departed.actions("remove_delegate").len(), 2, "{departed:?}");
    for action in ["remove_role", "close_recording", "cancel_invitation"] {
        assert_eq!(departed.actions(action).len(), 1, "{action}: {departed:?}");
    }
    // What is signed in is thrown out, and once more when nobody can sign in any more.
    assert!(departed.proved("revoke_token") >= departed.proved("deactivate"));
}

#[test]
fn what_they_had_goes_to_the_successor_with_the_account() {
    let system = System::up_unscanned("zoom");
    system.allow(&["reset_password", "delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1006", &[]);
    assert_eq!((departed.state("reset_password"), departed.state("delete_user")), ("gone", "gone"));
    // Kept from deletion before the account goes, for it moves with it.
    assert!(departed.proved("keep_recordings") <= departed.sent("delete_user"));
}

#[test]
fn the_owner_of_the_account_becomes_a_task() {
    let system = System::up("zoom");
    let departed = system.depart("E1008");
    assert_eq!(departed.state("deactivate"), "refused", "{departed:?}");
    assert_eq!(departed.state("transfer_owner"), "handed_off", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("have the owner transfer the role")), "{departed:?}");
    assert!(system.left("E1008").contains(&"the account dmitri.fairbanks@northmoor.example".to_owned()));
}

#[test]
fn a_status_code_proves_nothing() {
    let system = System::up("zoom");
    system.fault("PATCH", "/recordings/settings", FaultKind::Lie);
    let departed = system.depart("E1002");
    assert_ne!(departed.state("close_recording"), "gone", "{departed:?}");
    assert_eq!(system.left("E1002"), ["the recording Liquidity review, open to anyone"]);
}
