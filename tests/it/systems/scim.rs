//! SCIM: a portal like any other.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("scim");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}
