//! 1Password: suspending keeps a person out; what they hold and have seen is for people to deal with.

use super::System;

/// What no call takes back: security gets it as tasks.
const FOR_PEOPLE: &[&str] = &["the copy on", "the secrets seen in"];

#[test]
fn everything_goes_but_what_was_seen_and_what_is_offline() {
    let system = System::up("onepassword");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", FOR_PEOPLE);
    assert_eq!(departed.state("suspend"), "gone");
    assert_eq!((departed.state("deauthorize_devices"), departed.state("rotate_secrets")), ("handed_off", "handed_off"));
    let tasks = departed.tasks();
    for part in ["Take 1Password off the devices", "Change the secrets that Rafael Okonjo has seen"] {
        assert!(tasks.iter().any(|task| task.contains(part)), "{part}: {tasks:?}");
    }
}

#[test]
fn the_last_owner_and_who_is_managed_elsewhere_become_tasks() {
    let system = System::up("onepassword");
    for (number, part) in [("E1003", "make the successor an owner first"), ("E1011", "suspend them at the identity provider")] {
        let departed = system.depart(number);
        assert_eq!(departed.state("suspend"), "refused", "{departed:?}");
        assert!(departed.tasks().iter().any(|task| task.contains(part)), "{departed:?}");
        assert!(system.left(number).iter().any(|line| line.starts_with("the account")));
    }
}

#[test]
fn leave_suspends_and_the_private_vault_can_be_decided_on_first() {
    let system = System::up_unscanned("onepassword");
    system.allow(&["keep_private_vault"]);
    system.scan();
    let leave = system.depart_in("leave", "E2002");
    assert_eq!(leave.state("suspend"), "gone", "{leave:?}");
    assert!(leave.actions("rotate_secrets").is_empty(), "{leave:?}");
    let departed = system.depart("E1002");
    assert_eq!(departed.state("keep_private_vault"), "handed_off", "{departed:?}");
    // A person asks for it; nobody is let in meanwhile.
    assert_eq!(system.left("E1002").iter().filter(|line| line.starts_with("the account")).count(), 0, "{departed:?}");
}
