//! JupyterHub: tokens, running servers, and servers that are shared.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("jupyterhub");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
    // What a colleague shares with a group of the leaver's is the group's, and stays.
    assert!(system.left("E2003").iter().any(|line| line.contains("forecasting")), "{:?}", system.left("E2003"));
}

#[test]
fn a_server_that_takes_its_time_has_stopped_before_its_user_is_deleted() {
    let system = System::up("jupyterhub");
    let departed = system.everything_goes("E1006", &[]);
    assert!(departed.proved("stop_server") <= departed.sent("delete_user"), "{departed:?}");
}

#[test]
fn users_who_keep_their_volume_lose_all_but_the_name() {
    let system = System::up_unscanned("jupyterhub");
    system.set("delete_users = false");
    system.scan();
    let departed = system.depart("E1002");
    assert!(departed.actions("delete_user").is_empty());
    assert_eq!(departed.state("revoke_token"), "gone");
    let left = system.left("E1002");
    assert!(left.iter().all(|line| line.starts_with("signs in") || line.starts_with("lets")), "{left:?}");
    assert!(!departed.tasks().is_empty(), "somebody blocks the sign-in: {departed:?}");
}
