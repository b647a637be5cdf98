//! Figma: members go through SCIM, links stay until a person closes them, and guests are nobody that SCIM knows.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("figma");
    system.findings_are_the_key();
    // No API closes a link.
    let departed = system.everything_goes("E1002", &["open to anyone"]);
    assert_eq!(departed.state("close_link"), "handed_off");
    // The log still has what he did; the removal is its newest word.
    system.scan();
    let plan = system.plan("E1002");
    let removes = plan["plan"]["actions"].as_array().unwrap().iter().find(|action| action["name"] == "remove_member").unwrap();
    assert_eq!(removes["spec"]["scope"]["node"]["state"], "disabled", "{removes}");
}

#[test]
fn the_last_administrator_becomes_a_task() {
    let system = System::up("figma");
    let departed = system.depart("E1010");
    assert_eq!(departed.state("remove_member"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert_eq!(system.left("E1010"), ["the membership of luis.petterson@northmoor.example"]);
}

#[test]
fn a_guest_that_scim_does_not_know_is_not_taken_for_gone() {
    let system = System::up("figma");
    let departed = system.depart("E1006");
    let states: Vec<&str> = departed.actions("remove_member").iter().filter_map(|action| action["state"].as_str()).collect();
    assert!(states.contains(&"gone") && states.contains(&"refused"), "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("they are a guest")), "{departed:?}");
    assert_eq!(system.left("E1006"), ["the guest t.marchetti@postbox.example"]);
}
