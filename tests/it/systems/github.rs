//! GitHub: memberships, keys, tokens.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("github");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}
