//! Active Directory: accounts, keys, groups in groups.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("active-directory");
    system.findings_are_the_key();
    system.everything_goes("E1003", &[]);
}
