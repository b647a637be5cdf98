//! Refusals that no account of the simulated company provokes by itself: each is answered in the vendor's own words, ends as what it is, and
//! leaves the vendor's oracle saying what is still there.

use exeunt_company::faults::FaultKind;
use serde_json::{Value, json};

use super::{Departed, System};

/// Has one call refused to somebody who leaves.
fn refused(system: &System, number: &str, call: (&str, &str), code: u16, body: Value) -> Departed {
    system.fault(call.0, call.1, FaultKind::Status { code, headers: vec![], body });
    system.depart(number)
}

/// Locked between the scan and the call, say: the account is not active any more, and nobody says that it is off.
#[test]
fn okta_suspends_only_the_active() {
    let system = System::up("okta");
    let body = json!({
        "errorCode": "E0000001", "errorSummary": "Api validation failed: suspendUser", "errorLink": "E0000001", "errorId": "oae1",
        "errorCauses": [{ "errorSummary": "Cannot suspend a user that is not active" }],
    });
    let departed = refused(&system, "E1002", ("POST", "/lifecycle/suspend"), 400, body);
    assert_eq!(departed.state("suspend"), "refused", "{departed:?}");
    assert!(departed.why("suspend").contains("suspendUser"), "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("suspend") || task.contains("Suspend")), "{departed:?}");
    assert_eq!(system.left("E1002").iter().filter(|line| line.contains("account")).count(), 1, "{:?}", system.left("E1002"));
}

/// Who is in the Advanced Protection Program can't be taken out of 2-Step Verification; suspending the account closes the way in all the same.
#[test]
fn google_keeps_a_second_factor_that_a_policy_protects() {
    let system = System::up("google-workspace");
    let message = "User is enrolled in the Advanced Protection Program.";
    let body = json!({ "error": { "code": 400, "message": message, "errors": [{ "message": message, "domain": "global", "reason": "invalid" }], "status": "FAILED_PRECONDITION" } });
    let departed = refused(&system, "E1002", ("POST", "/twoStepVerification/turnOff"), 400, body);
    assert_ne!(departed.state("turn_off_2sv"), "gone", "a good word for a refusal: {departed:?}");
    assert_eq!(departed.state("suspend"), "gone", "{departed:?}");
}

/// The primary owner can be neither signed out nor deactivated, and Slack says so with status 200 and with 403.
#[test]
fn slack_keeps_its_primary_owner() {
    let system = System::up_with_gaps("slack");
    let scim = json!({ "Errors": { "description": "cannot_deactivate_primary_owner", "code": 403 } });
    system.fault(
        "POST",
        "/admin.users.session.reset",
        FaultKind::Status { code: 200, headers: vec![], body: json!({ "ok": false, "error": "cannot_reset_primary_owner" }) },
    );
    let departed = refused(&system, "E1002", ("PATCH", "/scim/v2/Users/"), 403, scim);
    assert_eq!(departed.state("deactivate"), "refused", "{departed:?}");
    assert_ne!(departed.state("reset_sessions"), "gone", "a good status for a refusal: {departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("primary owner")), "{departed:?}");
    assert!(!system.left("E1002").is_empty());
}

/// A phone that is off has taken the order and not done it: that is no proof, and somebody looks at it.
#[test]
fn intune_has_a_device_that_is_off() {
    let system = System::up("intune");
    let departed = system.depart("E1010");
    assert_eq!(departed.state("retire"), "stuck", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("Luis old Pixel")), "{departed:?}");
}

/// Members by rule, from the directory on premises and of mailing lists can't be taken out: nobody tries, and the account goes.
#[test]
fn entra_takes_nobody_out_of_groups_that_decide_by_themselves() {
    let system = System::up_unscanned("entra-id");
    system.allow(&["remove_from_group"]);
    system.scan();
    let departed = system.depart("E1002");
    let labels: Vec<&str> = departed.actions("remove_from_group").iter().filter_map(|action| action["label"].as_str()).collect();
    assert!(labels.iter().any(|label| label.contains("Treasury approvers")), "{labels:?}");
    for other in ["All employees", "Board distribution"] {
        assert!(!labels.iter().any(|label| label.contains(other)), "{labels:?}");
    }
    assert_eq!(departed.state("remove_from_group"), "gone", "{departed:?}");
    assert_eq!(departed.state("block_sign_in"), "gone", "{departed:?}");
}

/// A right that is missing is told as such, and is nobody's success: for a system of each transport.
#[test]
fn a_right_that_is_missing_is_a_refusal_everywhere() {
    for (name, number, call, action) in
        [("kisi", "E1002", ("PATCH", "/members/"), "disable_access"), ("zoom", "E1002", ("PUT", "/status"), "deactivate")]
    {
        let system = System::up(name);
        let departed = refused(&system, number, call, 403, json!({ "message": "Insufficient permissions" }));
        assert_eq!(departed.state(action), "refused", "{name}: {departed:?}");
        assert!(!departed.tasks().is_empty(), "{name}: {departed:?}");
        assert!(!system.left(number).is_empty(), "{name}: {departed:?}");
    }
}
