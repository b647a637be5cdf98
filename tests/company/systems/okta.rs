//! Okta: sessions, factors, tokens, roles.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("okta");
    // Roles and an API token; consent and refresh tokens.
    system.everything_goes("E1003", &[]);
    // A custom role for the resources of one set, and a group that they own.
    let departed = system.everything_goes("E1006", &[]);
    for action in ["remove_custom_role", "remove_group_owner"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
    // Factors can't be taken off a dead account, and a cookie can mint a session until the account is.
    assert!(departed.sent("reset_factors") < departed.sent("suspend"));
    assert!(departed.proved("clear_sessions") >= departed.proved("suspend"));
}

#[test]
fn what_stays_out_of_plans_by_default_works_where_it_is_allowed() {
    let system = System::up_unscanned("okta");
    system.allow(&["remove_from_group", "unassign_app", "deactivate_device", "deactivate"]);
    system.scan();
    let departed = system.everything_goes("E1004", &[]);
    for action in ["remove_from_group", "unassign_app", "deactivate_device", "deactivate"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}

#[test]
fn the_last_super_administrator_becomes_a_task() {
    let system = System::up("okta");
    let body = json!({
        "errorCode": "E0000006", "errorSummary": "You must have at least one super administrator", "errorLink": "E0000006", "errorId": "oae1", "errorCauses": [],
    });
    system.fault("DELETE", "/roles/", FaultKind::Status { code: 403, headers: vec![], body });
    let departed = system.depart("E1003");
    assert_eq!(departed.state("remove_role"), "refused", "{departed:?}");
    assert!(
        departed.tasks().iter().any(|task| task.contains("super administrator") || task.contains("Super Administrator")),
        "{departed:?}"
    );
    assert!(system.left("E1003").iter().any(|line| line.contains("the role")));
}

#[test]
fn a_status_code_proves_nothing() {
    let system = System::up("okta");
    system.fault("DELETE", "/api-tokens/", FaultKind::Lie);
    let departed = system.depart("E1003");
    assert_ne!(departed.state("revoke_api_token"), "gone", "{departed:?}");
    assert!(system.left("E1003").iter().any(|line| line.contains("the API token")));
}
