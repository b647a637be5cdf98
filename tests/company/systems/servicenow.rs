//! ServiceNow: accounts, roles and groups are taken; and it carries tasks, found again by their correlation.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("servicenow");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!(departed.state("give_approvals_away"), "handed_off");
}

#[test]
fn a_lie_is_not_believed() {
    let system = System::up("servicenow");
    system.fault("PATCH", "/table/sys_user/", FaultKind::Lie);
    let departed = system.depart("E1001");
    assert_ne!(departed.state("disable"), "gone");
    assert!(!system.left("E1001").is_empty());
}

#[test]
fn tasks_of_its_role_are_records_there_once() {
    let system = System::up_unscanned("servicenow");
    system.sim.change_settings("roles.facilities = \"servicenow\"", "tasks = \"servicenow\"");
    system.scan();
    system.fault("POST", "/table/sc_task", FaultKind::Cut);
    let ran = system.exeunt(&["revoke", "E1002", "--yes", "--json"]);
    assert_eq!(ran.json()["untold"], json!([]), "{ran:?}");
    let url = format!("{}/api/now/table/sc_task?sysparm_fields=correlation_id,sys_id", system.sim.world.url("servicenow"));
    let tell = |request: reqwest::RequestBuilder| {
        let request = request.basic_auth("exeunt.tell", Some("tell-servicenow"));
        system.sim.runtime.block_on(async { request.send().await.unwrap().json::<serde_json::Value>().await.unwrap() })
    };
    let client = reqwest::Client::new();
    let all = tell(client.get(&url))["result"].clone();
    assert_eq!(all.as_array().unwrap().len() as i64, system.sim.count("SELECT count(*) FROM task"), "{all}");

    // Somebody closes it there.
    let one = format!("{}/api/now/table/sc_task/{}", system.sim.world.url("servicenow"), all[0]["sys_id"].as_str().unwrap());
    tell(client.patch(one).json(&json!({ "state": "3" })));
    let told = system.exeunt(&["tell", "--json"]).json();
    assert_eq!(told["closed"].as_array().unwrap().len(), 1, "{told}");
}
