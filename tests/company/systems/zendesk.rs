//! Zendesk: agents, sessions, tokens, an owner who stays, work that is handed over first.

use exeunt_company::faults::FaultKind;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("zendesk");
    system.findings_are_the_key();
    // The account's API tokens are nobody's: a person rotates them.
    let departed = system.everything_goes("E1002", &["the API token"]);
    assert_eq!(departed.state("rotate_api_tokens"), "handed_off");
    // Who is suspended stays signed in: sessions are ended, and once more after the suspension.
    assert!(departed.proved("end_sessions") >= departed.proved("suspend"));
}

#[test]
fn the_owner_of_the_account_becomes_a_task() {
    let system = System::up("zendesk");
    let departed = system.depart("E1004");
    assert_eq!(departed.state("suspend"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor the owner first")), "{departed:?}");
    assert!(system.left("E1004").contains(&"the account soren.adeyemi@northmoor.example".to_owned()));
}

#[test]
fn an_agent_with_open_tickets_is_neither_downgraded_nor_deleted() {
    let system = System::up_unscanned("zendesk");
    system.allow(&["downgrade", "delete_user"]);
    system.scan();
    let departed = system.depart("E1002");
    assert_eq!(departed.state("suspend"), "gone", "{departed:?}");
    assert_eq!(departed.state("downgrade"), "refused", "{departed:?}");
    assert_ne!(departed.state("delete_user"), "gone", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("open tickets")), "{departed:?}");
    // Who has none is both.
    let departed = system.everything_goes("E1006", &[]);
    assert_eq!((departed.state("downgrade"), departed.state("delete_user")), ("gone", "gone"));
}

#[test]
fn a_status_code_proves_nothing() {
    let system = System::up("zendesk");
    system.fault("DELETE", "/oauth/tokens/", FaultKind::Lie);
    let departed = system.depart("E1002");
    assert_ne!(departed.state("revoke_oauth_token"), "gone", "{departed:?}");
    assert!(system.left("E1002").contains(&"the OAuth token 85001".to_owned()));
}
