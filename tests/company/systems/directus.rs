//! Directus: share links outlive the account, a static token comes back with it, a flow runs for whoever knows its address.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up_unscanned("directus");
    system.allow(&["stop_flow"]);
    system.scan();
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    // Those that have ended as well, and the one that its count takes for used up though it opens once more.
    assert_eq!(departed.actions("delete_share").len(), 5, "{departed:?}");
    for action in ["delete_share", "clear_token", "stop_flow", "suspend"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}

#[test]
fn a_flow_that_others_may_need_is_handed_over() {
    let system = System::up("directus");
    let departed = system.everything_goes("E1002", &["the flow Quarterly figures out"]);
    assert_eq!(departed.state("hand_over_flow"), "handed_off");
    assert!(departed.tasks().iter().any(|task| task.contains("Quarterly figures out")), "{departed:?}");
}

#[test]
fn the_last_administrator_becomes_a_task() {
    let system = System::up("directus");
    let departed = system.depart("E1008");
    assert_eq!(departed.state("suspend"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert!(!system.left("E1008").is_empty());
}

#[test]
fn an_account_is_deleted_after_its_links_and_an_invitation_is_taken_back() {
    let system = System::up_unscanned("directus");
    system.allow(&["delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1002", &["the flow"]);
    assert!(departed.proved("delete_share") <= departed.sent("delete_user"), "{departed:?}");
    assert_eq!(departed.state("delete_user"), "gone");
    system.everything_goes("E1012", &[]);
}
