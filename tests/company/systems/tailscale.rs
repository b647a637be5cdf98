//! Tailscale: users, devices, shares, invitations, webhooks, and a policy that names people.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("tailscale");
    system.findings_are_the_key();
    // A tagged device is nobody's, and the policy is a text that no program rewrites: both are tasks.
    let departed = system.everything_goes("E1002", &["the tagged device erp-bridge", "a name in the policy"]);
    for action in ["review_tagged_device", "leave_policy_group"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    // With the exception in force an expired key would count for nothing.
    assert!(departed.proved("end_device_exception") < departed.proved("expire_device"), "{departed:?}");
}

#[test]
fn the_owner_stays_until_somebody_else_owns_the_network() {
    let system = System::up("tailscale");
    let departed = system.depart("E1003");
    assert_eq!(departed.state("suspend"), "refused", "{departed:?}");
    assert_eq!(departed.state("move_ownership"), "handed_off");
    assert!(departed.tasks().iter().any(|task| task.contains("the owner can not be suspended")), "{departed:?}");
    assert!(system.left("E1003").iter().any(|line| line.ends_with("owner")));
    system.conforms();
}

#[test]
fn who_was_suspended_before_is_done_already() {
    let system = System::up("tailscale");
    let body = json!({ "message": "user is already suspended" });
    system.fault("POST", "/users/701013/suspend", FaultKind::Status { code: 400, headers: vec![], body });
    let departed = system.depart("E1013");
    assert_eq!(departed.state("suspend"), "gone", "{departed:?}");
    assert!(system.left("E1013").is_empty());
}

#[test]
fn what_stays_out_of_plans_by_default_works_where_it_is_allowed() {
    let system = System::up_unscanned("tailscale");
    system.allow(&["delete_device", "delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1002", &["a name in the policy"]);
    for action in ["delete_device", "delete_user"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}
