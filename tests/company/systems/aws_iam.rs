//! AWS IAM: keys, passwords, certificates, policies, and sessions that no list shows.

use super::System;

/// A role's session is the role's: no action on the user ends it, which the blind spots and the verdict say.
const ROLE_SESSION: &str = "a session of the role finance-export";

#[test]
fn everything_goes() {
    let system = System::up("aws-iam");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[ROLE_SESSION]);
    assert!(departed.why("deny_all").contains("12h"), "{departed:?}");
}

#[test]
fn the_user_is_deleted_once_nothing_hangs_on_it() {
    let system = System::up_unscanned("aws-iam");
    let all = [
        "revoke_role_sessions",
        "remove_from_group",
        "detach_policy",
        "deactivate_mfa_device",
        "delete_access_key",
        "delete_ssh_key",
        "delete_service_credential",
        "delete_certificate",
        "delete_inline_policy",
        "lift_deny",
        "delete_user",
    ];
    system.allow(&all);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    for action in all {
        assert_eq!(departed.state(action), "gone", "{action}: {departed:?}");
    }
    // The deny is lifted last of all, when there is nothing left for it to deny.
    for action in ["delete_access_key", "delete_password", "delete_inline_policy", "detach_policy"] {
        assert!(departed.proved(action) <= departed.sent("lift_deny"), "{action}: {departed:?}");
    }
}

#[test]
fn no_user_is_deleted_before_what_hangs_on_them() {
    let system = System::up_unscanned("aws-iam");
    system.allow(&["delete_user"]);
    system.scan();
    let departed = system.depart("E1002");
    assert_eq!(departed.state("delete_user"), "refused", "{departed:?}");
    assert!(departed.why("delete_user").contains("Cannot delete entity, must delete"), "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("still hang on the user")), "{departed:?}");
    assert_eq!(departed.state("deny_all"), "gone");
}
