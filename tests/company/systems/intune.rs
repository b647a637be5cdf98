//! Intune: devices, the company's and private ones.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("intune");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    // Private: the company's data is taken off. The company's: locked at once, and collected.
    assert_eq!((departed.state("retire"), departed.state("remote_lock"), departed.state("collect")), ("gone", "gone", "handed_off"));
}

#[test]
fn wiping_and_forgetting_a_device_must_be_allowed() {
    let system = System::up_unscanned("intune");
    system.allow(&["wipe", "delete_record"]);
    system.scan();
    let departed = system.everything_goes("E1003", &[]);
    assert_eq!((departed.state("wipe"), departed.state("delete_record")), ("gone", "gone"), "{departed:?}");
}
