//! DocuSign: closing the membership; what is under way goes to another hand first, where a person is asked to.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up_unscanned("docusign");
    system.allow(&["leave_group"]);
    system.scan();
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("close_user"), departed.state("leave_group")), ("gone", "gone"), "{departed:?}");
    // An invitation that was not accepted yet could still be.
    system.everything_goes("E2012", &[]);
}

#[test]
fn a_refusal_that_comes_with_a_good_status_is_one() {
    let system = System::up("docusign");
    let details = json!({ "errorCode": "USER_CANNOT_BE_CLOSED", "message": "The last administrator of the account cannot be closed." });
    let body = json!({ "users": [{ "userId": "d0c50000-0000-4000-8000-000000001007", "errorDetails": details }] });
    system.fault("DELETE", "/users", FaultKind::Status { code: 200, headers: Vec::new(), body });
    let departed = system.depart("E1007");
    assert_eq!(departed.state("close_user"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert!(!system.left("E1007").is_empty());
}

#[test]
fn where_envelopes_are_moved_first_nobody_is_closed_before() {
    let system = System::up_unscanned("docusign");
    system.allow(&["move_envelopes"]);
    system.scan();
    let departed = system.depart("E1002");
    assert_eq!((departed.state("move_envelopes"), departed.state("close_user")), ("handed_off", "stuck"), "{departed:?}");
    assert!(departed.why("close_user").contains("what must come before it is not proved"), "{departed:?}");
    // No rule moves them yet.
    assert_eq!(system.look_again(&departed).state("move_envelopes"), "handed_off");
    assert_eq!(system.left("E1002"), ["the membership of rafael.okonjo@northmoor.example, Active"]);
}
