//! Atlassian: managed accounts, tokens that outlive them, and accounts that a directory owns.

use exeunt_company::faults::FaultKind;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("atlassian");
    system.findings_are_the_key();
    // Guests and pages on the web belong to the sites, which the organisation's key doesn't reach: a person's task.
    let departed = system.everything_goes("E1002", &["the guest", "the public link"]);
    assert_eq!((departed.state("disable"), departed.state("delete_api_token")), ("gone", "gone"));
    assert_eq!((departed.actions("delete_api_token").len(), departed.state("reassign_by_hand")), (2, "handed_off"));
    assert!(departed.tasks().iter().any(|task| task.contains("Jira and Confluence work")), "{departed:?}");
}

#[test]
fn an_account_that_a_directory_owns_becomes_a_task() {
    let system = System::up("atlassian");
    let departed = system.depart("E1005");
    assert!(departed.actions("disable").is_empty(), "{departed:?}");
    assert_eq!(departed.state("disable_by_hand"), "handed_off");
    assert!(departed.tasks().contains(&"Deactivate priya.lindqvist@northmoor.example at Atlassian"), "{departed:?}");
    assert!(!system.left("E1005").is_empty());
    system.conforms();
}

#[test]
fn a_refusal_that_nobody_foretold_becomes_a_task_too() {
    let system = System::up("atlassian");
    let body = serde_json::json!({ "key": "forbidden.action", "context": "You do not have the authority to take this action." });
    system.fault("POST", "/lifecycle/disable", FaultKind::Status { code: 403, headers: Vec::new(), body });
    let departed = system.depart("E1003");
    assert_eq!(departed.state("disable"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("not ours to disable")), "{departed:?}");
}

#[test]
fn on_leave_tokens_sleep_and_a_departure_deletes_them() {
    let system = System::up("atlassian");
    let departed = system.depart_in("leave", "E1002");
    assert_eq!(departed.state("disable"), "gone", "{departed:?}");
    // Asleep with the account; a departure deletes them.
    assert!(departed.actions("delete_api_token").is_empty());
    assert!(system.left("E1002").contains(&"the API token budget export".to_owned()));
    system.everything_goes("E1002", &["the guest", "the public link"]);
}

#[test]
fn a_status_code_proves_nothing() {
    let system = System::up("atlassian");
    system.fault("DELETE", "/manage/api-tokens/", FaultKind::Lie);
    let departed = system.depart("E1002");
    assert_ne!(departed.state("delete_api_token"), "gone", "{departed:?}");
    assert!(system.left("E1002").contains(&"the API token budget export".to_owned()));
}
