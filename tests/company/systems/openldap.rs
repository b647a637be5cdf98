//! OpenLDAP: locks, keys, groups that must have a member.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("openldap");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1003", &[]);
    for action in ["lock", "set_nologin_shell", "expire_shadow", "remove_member", "remove_unique_member"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}

#[test]
fn a_password_is_set_anew_where_that_is_allowed() {
    let system = System::up("openldap");
    system.allow(&["reset_password"]);
    let departed = system.depart("E1003");
    assert_eq!(departed.state("reset_password"), "gone", "{departed:?}");
}

#[test]
fn the_last_member_of_a_group_becomes_a_task() {
    let system = System::up("openldap");
    let departed = system.depart("E1011");
    let refused: Vec<_> = departed.actions("remove_member").into_iter().filter(|action| action["state"] == "refused").collect();
    assert_eq!(refused.len(), 1, "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("release-signers")), "{departed:?}");
    assert_eq!(system.left("E1011"), ["memberOf: cn=release-signers,ou=groups,dc=northmoor,dc=example"]);
    for action in ["lock", "delete_ssh_key", "remove_member_uid"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
}

#[test]
fn both_accounts_find_their_own_entry() {
    let system = System::up("openldap");
    let checked = system.exeunt(&["check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
}
