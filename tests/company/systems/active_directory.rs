//! Active Directory: accounts, keys, groups in groups.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("active-directory");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1003", &[]);
    for action in ["disable", "clear_keys", "clear_certificates", "remove_from_group"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}

#[test]
fn what_stays_out_of_plans_goes_as_well_where_it_is_allowed() {
    let system = System::up("active-directory");
    let allowed = ["expire", "reset_password", "reset_password_again", "clear_principal_names"];
    system.allow(&allowed);
    let departed = system.everything_goes("E1002", &[]);
    for action in allowed {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}

#[test]
fn both_accounts_find_their_own_entry() {
    let system = System::up("active-directory");
    let checked = system.exeunt(&["check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    // A search that finds nothing is no error, so what it came to is looked at.
    let found = exeunt::store::scans::own_accounts(&system.sim.sql()).unwrap();
    let hands: std::collections::BTreeSet<_> = found.iter().map(|(_, hand, _)| hand.as_str()).collect();
    assert_eq!(hands, ["read", "revoke"].into(), "{found:?}");
}
