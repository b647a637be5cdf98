//! Google Cloud: policies that name addresses, service accounts that somebody may act as, keys.

use exeunt_company::faults::FaultKind;

use super::System;
use crate::run::COULD_NOT;

#[test]
fn everything_goes() {
    let system = System::up("google-cloud");
    system.findings_are_the_key();
    // A policy is written whole, so every binding is a task; each is proved by the policy that no longer names the address.
    let departed = system.everything_goes("E1002", &["as roles/"]);
    for action in ["remove_private_binding", "remove_company_binding", "stop_impersonation"] {
        assert_eq!(departed.state(action), "handed_off", "{action}: {departed:?}");
    }
}

#[test]
fn a_private_address_in_the_organizations_policy_is_a_task_for_security() {
    let system = System::up("google-cloud");
    let departed = system.depart("E1003");
    assert_eq!(departed.state("remove_private_binding"), "handed_off", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("user:meilin@freemail.example out of the policy of northmoor.example")));
    assert!(departed.actions("remove_company_binding").is_empty(), "{departed:?}");
    system.conforms();
}

#[test]
fn a_policy_that_may_not_be_read_is_a_gap_and_no_clean_bill() {
    let system = System::up_unscanned("google-cloud");
    let body =
        serde_json::json!({ "error": { "code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED" } });
    system.fault("POST", "/v3/projects/630000000001:getIamPolicy", FaultKind::Status { code: 403, headers: vec![], body });
    assert_eq!(system.sim.exeunt(&["scan", "--json"]).code, COULD_NOT);
}
