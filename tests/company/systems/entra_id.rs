//! Entra ID: accounts, roles, consents, methods, devices, secrets, rules.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up_unscanned("entra-id");
    system.allow(&["remove_secret"]);
    system.scan();
    system.findings_are_the_key();
    // Taking a certificate off by API needs a proof signed with another one of the app's: a person does it.
    let departed = system.everything_goes("E1002", &["certificate"]);
    assert_eq!(departed.state("rotate_certificate"), "handed_off");
    assert_eq!(departed.state("remove_eligibility"), "gone");
    // No session is left, although one that is ended before the block comes back at once: they were ended again behind it.
    // A group keeps an owner: the successor comes before the leaver goes.
    assert!(departed.sent("remove_owner") >= departed.proved("add_successor_as_owner"), "{departed:?}");
}

#[test]
fn a_privileged_role_goes_first_and_the_last_administrator_is_refused() {
    let system = System::up("entra-id");
    let departed = system.depart("E1003");
    departed.assert_all_gone();
    assert!(departed.sent("block_sign_in") >= departed.proved("remove_role"), "{departed:?}");
    assert_eq!(system.left("E1003"), ["knows a secret of deploy-bot"]);

    // He is the last Global Administrator now, and as one he is out of the app's reach.
    let departed = system.depart("E1008");
    assert!(departed.why("remove_role").contains("last global administrator"), "{departed:?}");
    assert_eq!(departed.state("block_sign_in"), "refused");
    assert_eq!(departed.state("leave_role_group"), "gone");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("privileged role")), "{departed:?}");
    assert!(system.left("E1008").iter().any(|line| line.contains("can sign in")));
}

#[test]
fn a_synced_account_is_a_task_beside_the_block() {
    let system = System::up("entra-id");
    let departed = system.depart("E1011");
    assert_eq!(departed.state("block_sign_in"), "gone");
    assert_eq!(departed.state("disable_on_premises"), "handed_off");
    assert!(departed.actions("reset_password").is_empty(), "the password is the other directory's: {departed:?}");
    // The vendor says what the read alone would not: the next sync gives the account back.
    let left = system.left("E1011");
    assert!(left.iter().any(|line| line.contains("on premises") || line.contains("can sign in")), "{left:?}");
}

#[test]
fn a_hold_is_placed_on_who_is_a_custodian_and_asked_for_where_not() {
    let system = System::up_unscanned("entra-id");
    system.set("ediscovery_case = \"c0000000-0000-4000-8000-000000000001\"");
    system.scan();
    assert_eq!(system.depart("E1002").state("apply_hold"), "gone");
    let departed = system.depart("E1001");
    assert_eq!((departed.state("add_custodian"), departed.state("place_hold")), ("gone", "handed_off"));
}

#[test]
fn an_account_is_deleted_only_once_its_mailbox_is_closed() {
    waits_for_the_mailbox("delete_user");
}

#[test]
fn licences_are_taken_only_once_the_mailbox_is_closed() {
    waits_for_the_mailbox("remove_licences");
}

/// One of what a departure does not do unless settings allow it, and then only once people have closed the mailbox. (Both at once: a deleted
/// account has no licences to take.)
fn waits_for_the_mailbox(action: &str) {
    let system = System::up_unscanned("entra-id");
    system.allow(&["unassign_app", action]);
    system.scan();
    let departed = system.depart("E1007");
    assert_eq!((departed.state("unassign_app"), departed.state("close_mailbox")), ("gone", "handed_off"), "{departed:?}");
    assert!(["gone", "accepted"].iter().all(|done| departed.state(action) != *done), "{departed:?}");
    assert_eq!(system.look_again(&departed).state("close_mailbox"), "handed_off", "nobody has closed it yet");

    // Somebody makes a shared mailbox of it, which Graph only shows.
    let body = json!({ "userPurpose": "shared" });
    system.fault("GET", "mailboxSettings?$select=userPurpose", FaultKind::Status { code: 200, headers: vec![], body });
    assert_eq!(system.look_again(&departed).state("close_mailbox"), "gone");
    let departed = system.depart("E1007");
    assert_eq!(departed.state(action), "stuck", "mail and files are on no hold: {departed:?}");
    let name = departed.actions("hold_by_hand")[0]["label"].as_str().unwrap().split(' ').nth(3).unwrap().to_owned();
    let body = json!({ "value": [{ "id": "c1", "displayName": format!("Departure {name}"), "status": "active" }] });
    system.fault("GET", "ediscoveryCases?$top=500", FaultKind::Status { code: 200, headers: vec![], body });
    assert_eq!(system.look_again(&departed).state("hold_by_hand"), "gone");
    let departed = system.depart("E1007");
    assert_eq!(departed.state(action), "gone", "{departed:?}");
    assert!(departed.sent(action) >= departed.proved("close_mailbox"), "{departed:?}");
    system.conforms();
}
