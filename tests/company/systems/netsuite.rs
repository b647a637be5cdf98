//! NetSuite: two switches, one address on several records, tokens that only a person revokes.

use exeunt_company::faults::{Fault, FaultKind};
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("netsuite");
    system.findings_are_the_key();
    // The partner's record has a private address: somebody confirms whose it is.
    let departed = system.everything_goes("E1002", &["partner 6001", "token planner-okonjo"]);
    assert_eq!((departed.state("revoke_token"), departed.state("list_schedules")), ("handed_off", "handed_off"));
    assert_eq!(departed.actions("take_guest_access").len(), 1, "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.starts_with("Confirm whose account rafael.okonjo@postbox.example")), "{departed:?}");
}

#[test]
fn a_record_with_a_private_address_goes_once_it_is_confirmed() {
    let system = System::up("netsuite");
    let links = system.sim.exeunt(&["link", "list", "--json"]).json();
    let link = links.as_array().unwrap().iter().find(|link| link["account"] == "rafael.okonjo@postbox.example").unwrap();
    system.sim.exeunt(&["link", "confirm", &link["link"].to_string(), "--by", "Ines Sorensen"]).ended(0);
    let departed = system.everything_goes("E1002", &["token planner-okonjo"]);
    assert_eq!(departed.actions("take_guest_access").len(), 2, "{departed:?}");
}

#[test]
fn the_last_administrator_is_refused() {
    let system = System::up("netsuite");
    let departed = system.depart("E1008");
    assert_eq!(departed.state("take_access"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("an administrator must remain")), "{departed:?}");
    assert_eq!(system.left("E1008"), ["signs in as employee 1008"]);
}

#[test]
fn who_was_only_made_inactive_loses_the_access_that_would_come_back() {
    let system = System::up("netsuite");
    assert!(system.left("E1013")[0].contains("as soon as it is not"));
    assert_eq!(system.everything_goes("E1013", &[]).state("take_access"), "gone");
}

#[test]
fn too_many_calls_at_once_are_made_again() {
    let system = System::up("netsuite");
    let details = json!([{ "detail": "Request limit exceeded.", "o:errorCode": "SSS_REQUEST_LIMIT_EXCEEDED" }]);
    system.sim.world.faults.add(Fault {
        system: "netsuite".into(),
        method: Some("PATCH".into()),
        path: "/employee/1002".into(),
        kind: FaultKind::Status { code: 400, headers: Vec::new(), body: json!({ "status": 400, "o:errorDetails": details }) },
        times: Some(1),
    });
    assert_eq!(system.depart("E1002").state("take_access"), "gone");
}
