//! Workday: the HR system of a company that was bought, beside our own; its accounts are a person's task, proved by the next report.

use exeunt_company::faults::FaultKind;
use serde_json::{Value, json};

use super::System;

/// The report as it stands, changed for one worker; from now on the vendor answers with that.
fn next_report(system: &System, number: &str, change: &Value) {
    system.sim.world.faults.clear();
    let url = format!("{}/ccx/service/customreport2/heron/ISU_EXEUNT/Exeunt_Workers?format=json", system.sim.world.url("workday"));
    let mut body: Value = system.sim.runtime.block_on(async {
        let request = reqwest::Client::new().get(url).basic_auth("ISU_EXEUNT@heron", Some("read-workday"));
        request.send().await.unwrap().json().await.unwrap()
    });
    for row in body["Report_Entry"].as_array_mut().unwrap() {
        for (name, value) in change.as_object().unwrap() {
            if row["employee_id"] == number {
                row[name] = value.clone();
            }
        }
        // A delegation that was stopped is in nobody's row.
        if change["account_disabled"] == "1" && row["delegates"] == "tbrandl" {
            row.as_object_mut().unwrap().remove("delegates");
        }
    }
    system.fault("GET", "/Exeunt_Workers", FaultKind::Status { code: 200, headers: Vec::new(), body });
}

#[test]
fn the_next_report_proves_what_hr_did() {
    let system = System::up("workday");
    system.findings_are_the_key();
    let departed = system.depart("W0003");
    for action in ["end_delegations", "disable_account"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    assert_eq!(departed.residual(), &json!([]));
    // Terminated is not disabled.
    next_report(&system, "W0003", &json!({ "status": "Terminated" }));
    assert_eq!(system.look_again(&departed).state("disable_account"), "handed_off");
    next_report(&system, "W0003", &json!({ "status": "Terminated", "account_disabled": "1" }));
    let again = system.look_again(&departed);
    assert_eq!((again.state("end_delegations"), again.state("disable_account")), ("gone", "gone"), "{again:?}");
}

#[test]
fn two_hr_systems_are_heard_side_by_side() {
    let system = System::up("workday");
    let today = system.sim.world.company.today();
    // A last day that lies ahead is a case that waits for it.
    let ahead = today.checked_add(jiff::ToSpan::days(45)).unwrap();
    next_report(&system, "W0007", &json!({ "last_day_of_work": ahead.to_string() }));
    system.scan();
    let heard = system.heard();
    assert!(heard.len() == 1 && heard[0].contains("Amina Rossi's last day"), "{heard:?}");
    next_report(&system, "W0002", &json!({ "status": "Terminated", "last_day_of_work": today.to_string() }));
    system.scan();
    let heard = system.heard();
    // The next report says nothing any more of the one before: that is taken back.
    assert!(heard.len() == 2 && heard[0].contains("called off") && heard[0].contains("Amina Rossi"), "{heard:?}");
    assert!(heard[1].contains("Matteo Rinaldi's last day"), "{heard:?}");
    system.sim.world.hr.terminate("E1006", today).unwrap();
    system.scan();
    let heard = system.heard();
    assert!(heard.len() == 1 && heard[0].contains("Tobias Marchetti's last day"), "{heard:?}");
    assert_eq!(system.heard(), Vec::<String>::new(), "each once");
}
