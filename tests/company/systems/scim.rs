//! SCIM: a portal like any other.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("scim");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}

#[test]
fn accounts_and_memberships_are_deleted_where_that_is_allowed() {
    let system = System::up_unscanned("scim");
    system.allow(&["remove_from_group", "delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("remove_from_group"), departed.state("delete_user")), ("gone", "gone"), "{departed:?}");
}

#[test]
fn a_portal_that_is_down_for_a_moment_is_asked_again() {
    let system = System::up("scim");
    let down = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "503", "detail": "down" });
    let fault = exeunt_company::faults::Fault {
        system: "scim".into(),
        method: Some("PATCH".into()),
        path: "/Users/".into(),
        kind: FaultKind::Status { code: 503, headers: vec![], body: down },
        times: Some(2),
    };
    system.sim.world.faults.add(fault);
    system.depart("E1002").assert_all_gone();
}
