//! Glewlwyd: users, browser sessions, consents, refresh tokens.

use exeunt_company::faults::FaultKind;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("glewlwyd");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!(departed.state("end_refresh_token"), "gone");
    assert_eq!(departed.actions("end_session").len(), 2, "the one that was ended before is left alone: {departed:?}");
}

#[test]
fn a_refresh_token_outlives_the_disabled_account_unless_it_is_taken() {
    let system = System::up_unscanned("glewlwyd");
    system.fault("GET", "/profile/token", FaultKind::Empty);
    system.scan();
    system.depart("E1002").assert_all_gone();
    assert_eq!(system.left("E1002"), ["a refresh token of cost-sheets yields access for rafael.okonjo"]);

    system.sim.world.faults.clear();
    system.scan();
    system.depart("E1002").assert_all_gone();
    assert!(system.left("E1002").is_empty());
}

#[test]
fn an_administrator_of_the_sign_on_is_switched_off_like_everybody() {
    let system = System::up("glewlwyd");
    system.depart("E1004").assert_all_gone();
    assert!(system.left("E1004").is_empty());
}
