//! Keycloak: users, sessions online and offline, consents, factors, links, roles.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("keycloak");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!(departed.actions("revoke_offline_access").len(), 2, "one for each client: {departed:?}");
}

#[test]
fn an_offline_session_outlives_the_account_unless_it_is_taken() {
    let system = System::up_unscanned("keycloak");
    // What isn't seen isn't taken: without the lists of offline sessions and consents the account is dead, and the token isn't.
    system.fault("GET", "/offline-sessions", exeunt_company::faults::FaultKind::Empty);
    system.fault("GET", "/consents", exeunt_company::faults::FaultKind::Empty);
    system.scan();
    assert_eq!(system.depart("E1002").state("disable"), "gone");
    let left = system.left("E1002");
    assert!(left.iter().any(|line| line.contains("offline session")), "{left:?}");
    assert!(!left.iter().any(|line| line.contains("can sign in")), "{left:?}");

    system.sim.world.faults.clear();
    system.scan();
    system.depart("E1002").assert_all_gone();
    assert!(system.left("E1002").is_empty());
}

#[test]
fn a_user_of_a_read_only_directory_is_refused() {
    let system = System::up("keycloak");
    let departed = system.depart("E1003");
    assert_eq!(departed.state("disable"), "refused");
    assert!(departed.tasks().iter().any(|task| task.contains("disable it there")), "{departed:?}");
    assert!(departed.actions("reset_password").is_empty(), "{departed:?}");
    assert_eq!(departed.state("logout"), "gone");
    assert_eq!(system.left("E1003"), ["user mei-lin.tavares can sign in"]);
}
