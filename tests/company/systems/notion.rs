//! Notion: members go; the integrations they built and the pages they put on the web stay until a person takes them away.

use exeunt_company::faults::FaultKind;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("notion");
    system.findings_are_the_key();
    // No API unpublishes a page or deletes an integration.
    let departed = system.everything_goes("E1002", &["the integration", "on the web"]);
    assert_eq!((departed.state("delete_integration"), departed.state("unpublish_page")), ("handed_off", "handed_off"));
    assert_eq!(system.left("E1002"), ["the integration Board notes", "the page Investor questions, on the web for anyone"]);
}

#[test]
fn the_last_owner_of_the_workspace_becomes_a_task() {
    let system = System::up("notion");
    let departed = system.depart("E1010");
    assert_eq!(departed.state("remove_member"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert_eq!(system.left("E1010"), ["the membership of luis.petterson@northmoor.example"]);
}

#[test]
fn the_scim_token_may_be_gone_with_the_owner_who_made_it() {
    let system = System::up("notion");
    let body = serde_json::json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401", "detail": "API token is invalid." });
    system.fault("DELETE", "/scim/v2/Users/", FaultKind::Status { code: 401, headers: vec![], body });
    let departed = system.depart("E1002");
    assert_ne!(departed.state("remove_member"), "gone", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("remove member")), "{departed:?}");
}
