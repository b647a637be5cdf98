//! Google Workspace: accounts, grants, mail, sharing.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("google-workspace");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}
