//! BambooHR: who works here. What HR says of people is in every other system's tests; here is that all of it is read.

use exeunt_company::faults::FaultKind;

use super::System;
use crate::run::COULD_NOT;

#[test]
fn everyone_is_seen() {
    System::up("bamboohr");
}

/// The field that the key may no longer read of somebody, as the vendor shows it: null and named in the list, null or left out for one employee.
fn restrict(system: &System, employee: serde_json::Value) {
    let kind = FaultKind::Status { code: 200, headers: vec![], body: employee };
    system.sim.fault("bamboohr", "/api/v1/employees/1003", kind);
}

// Trust: HR's word.
#[test]
fn a_status_that_the_key_may_not_read_is_unknown_and_nobodys_departure() {
    let system = System::up("bamboohr");
    system.heard();
    let name = system.sim.world.company.person("E1003").unwrap().display();
    let hr = |system: &System| {
        let people = system.exeunt(&["people", "--json"]).json();
        people["people"].as_array().unwrap().iter().find(|one| one["employee_number"] == "E1003").unwrap()["hr"].clone()
    };
    let employee = |more: serde_json::Value| {
        let mut all = serde_json::json!({ "id": "1003", "employeeNumber": "E1003", "firstName": name.split(' ').next(), "lastName": name.split(' ').nth(1),
            "workEmail": null, "hireDate": "2019-02-01" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    for restricted in [
        employee(serde_json::json!({ "status": null, "terminationDate": null, "_restrictedFields": ["status", "terminationDate"] })),
        employee(serde_json::json!({})),
        employee(serde_json::json!({ "status": "Furloughed", "terminationDate": "31/10/2026" })),
    ] {
        restrict(&system, restricted);
        let scanned = system.exeunt(&["scan", "bamboohr", "--full"]).ended(COULD_NOT);
        assert!(scanned.out.contains("E1003"), "the gap names the person: {scanned:?}");
        assert_eq!(hr(&system), "unknown");
        assert_eq!(system.heard(), Vec::<String>::new());
        system.sim.world.faults.clear();
    }
    system.exeunt(&["scan", "bamboohr", "--full"]);
    assert_eq!(hr(&system), "active");
}

// Trust: HR's word.
#[test]
fn what_hr_can_not_tell_any_more_takes_nothing_back() {
    let system = System::up("bamboohr");
    let day = system.sim.world.company.today().checked_add(jiff::Span::new().days(30)).unwrap();
    system.sim.world.hr.terminate("E1003", day).unwrap();
    system.scan();
    let heard = system.heard();
    assert!(heard.iter().any(|line| line.contains(&day.to_string())), "{heard:?}");
    let unreadable = serde_json::json!({ "id": "1003", "employeeNumber": "E1003", "firstName": "R", "lastName": "O", "status": "Active", "hireDate": null });
    restrict(&system, unreadable);
    system.exeunt(&["scan", "bamboohr", "--full"]).ended(COULD_NOT);
    let heard = system.heard();
    assert!(
        heard.len() == 1 && heard[0].contains("departure 1 waits: the last day of"),
        "silence calls nothing off, and lets nothing run: {heard:?}"
    );
    assert_eq!(system.heard(), Vec::<String>::new(), "said once");
}
