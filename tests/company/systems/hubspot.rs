//! HubSpot: users who can only be removed, records that outlive them, private apps that no API lists.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("hubspot");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &["private app"]);
    for action in ["give_records_to_successor", "give_deals_to_successor", "review_private_apps"] {
        assert_eq!(departed.state(action), "handed_off");
    }
}

#[test]
fn the_last_super_admin_is_refused_until_there_is_another() {
    let system = System::up("hubspot");
    assert_eq!(system.depart("E1002").state("remove_user"), "gone");
    let departed = system.depart("E1008");
    assert_eq!(departed.state("remove_user"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert_eq!(system.left("E1008").len(), 1);
}

#[test]
fn whoever_is_no_super_admin_leaves_no_apps_to_look_for() {
    let system = System::up("hubspot");
    let departed = system.everything_goes("E1006", &[]);
    assert!(departed.actions("review_private_apps").is_empty(), "{departed:?}");
}
