//! QuickBooks Online: no API for users, so finance does it and the next list proves it.

use super::System;

#[test]
fn the_primary_administrator_hands_over_before_the_account_goes() {
    let system = System::up("quickbooks");
    system.findings_are_the_key();
    let departed = system.depart("E1002");
    for action in ["hand_over_primary", "remove_user", "disconnect_app"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    assert!(departed.tasks().iter().any(|task| task.contains("Move the primary administrator's role")));
    let next = system.dropped("users.csv").replace("Standard all access", "Primary admin");
    let next: Vec<&str> = next.lines().filter(|line| !line.contains("okonjo")).collect();
    system.drop_file("users.csv", &next.join("\n"));
    let again = system.look_again(&departed);
    for action in ["hand_over_primary", "remove_user", "disconnect_app"] {
        assert_eq!(again.state(action), "gone", "{again:?}");
    }
}
