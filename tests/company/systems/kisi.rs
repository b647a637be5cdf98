//! Kisi: door access, cards, links.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("kisi");
    system.findings_are_the_key();
    // No API switches a link off: facilities do.
    let departed = system.everything_goes("E1002", &["the door link"]);
    assert_eq!(departed.state("disable_link"), "handed_off");
}

#[test]
fn assignments_go_as_well_where_that_is_allowed() {
    let system = System::up_unscanned("kisi");
    system.allow(&["remove_assignment"]);
    system.scan();
    let departed = system.everything_goes("E1008", &[]);
    assert_eq!(departed.state("remove_assignment"), "gone", "{departed:?}");
}
