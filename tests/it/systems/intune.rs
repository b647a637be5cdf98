//! Intune: devices, the company's and private ones.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("intune");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}
