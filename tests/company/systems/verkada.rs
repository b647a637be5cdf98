//! Verkada: up to five ways in, each switched off by itself, so that a new end date gives nothing back.

use exeunt_company::faults::FaultKind;

use super::System;

const WAYS: [&str; 5] = ["deactivate_card", "deactivate_plate", "deactivate_phone", "deactivate_remote_unlock", "remove_code"];

#[test]
fn everything_goes() {
    let system = System::up("verkada");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!(departed.state("end_access"), "gone");
    for way in WAYS {
        assert_eq!(departed.state(way), "gone", "{departed:?}");
    }
    // The lost card was switched off before.
    assert_eq!(departed.actions("deactivate_card").len(), 1);
}

#[test]
fn on_leave_the_code_sleeps_with_the_person() {
    let system = System::up("verkada");
    let departed = system.depart_in("leave", "E1002");
    assert_eq!((departed.state("end_access"), departed.state("deactivate_card")), ("gone", "gone"), "{departed:?}");
    assert_eq!(departed.residual(), &serde_json::json!([]));
    assert_eq!(system.left("E1002"), ["the entry code"]);
}

#[test]
fn groups_are_left_where_that_is_allowed() {
    let system = System::up_unscanned("verkada");
    system.allow(&["remove_from_group"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("remove_from_group"), departed.actions("remove_from_group").len()), ("gone", 2), "{departed:?}");
}

#[test]
fn a_status_code_proves_nothing() {
    let system = System::up("verkada");
    system.fault("PUT", "/remote_unlock/deactivate", FaultKind::Lie);
    let departed = system.depart("E1004");
    assert_eq!(departed.state("deactivate_remote_unlock"), "stuck", "{departed:?}");
    assert_eq!(departed.state("end_access"), "gone");
    assert_eq!(system.left("E1004"), ["remote unlock"]);
}
