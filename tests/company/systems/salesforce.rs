//! Salesforce: a freeze that ends no session, users who can't be deactivated, and what only a person can take away.

use exeunt_company::faults::{Fault, FaultKind};
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("salesforce");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    for action in ["remove_social_sign_in", "move_scheduled_job", "transfer_records"] {
        assert_eq!(departed.state(action), "handed_off");
    }
    assert_eq!(departed.actions("remove_permission_set").len(), 2, "not the one that the profile gives");
}

#[test]
fn the_default_lead_owner_stays_frozen_and_a_person_is_told_why() {
    let system = System::up("salesforce");
    let departed = system.depart("E1006");
    assert_eq!((departed.state("freeze"), departed.state("deactivate")), ("gone", "refused"), "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("default lead owner") && task.contains("stays frozen")), "{departed:?}");
    assert!(system.left("E1006").is_empty(), "frozen, and without a session");
    system.conforms();
}

#[test]
fn deactivation_waits_for_the_freeze_and_sessions_for_nothing() {
    let system = System::up("salesforce");
    let departed = system.depart("E1002");
    assert!(departed.proved("freeze") <= departed.sent("deactivate"), "{departed:?}");
    assert!(departed.sent("revoke_oauth_token") <= departed.proved("freeze"), "{departed:?}");
}

#[test]
fn throttling_that_looks_like_a_refusal_is_waited_for() {
    let system = System::up("salesforce");
    let body = json!([{ "message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED" }]);
    system.sim.world.faults.add(Fault {
        system: "salesforce".into(),
        method: Some("PATCH".into()),
        path: "/sobjects/UserLogin/".into(),
        kind: FaultKind::Status { code: 403, headers: Vec::new(), body },
        times: Some(1),
    });
    assert_eq!(system.depart("E1002").state("freeze"), "gone");
    assert!(system.left("E1002").is_empty());
}
