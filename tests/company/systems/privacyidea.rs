//! privacyIDEA: second factors, by owner.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("privacyidea");
    system.findings_are_the_key();
    // One-time passwords that a machine was given are a person's to take off it.
    let departed = system.everything_goes("E1002", &["offline"]);
    assert_eq!(departed.state("refill_machine"), "handed_off");
    assert_eq!(departed.actions("disable_token").len(), 6, "the revoked one is left alone, the one that ended is not: {departed:?}");
}

#[test]
fn what_is_off_stays_untouched_and_what_is_revoked_stays_so() {
    let system = System::up_unscanned("privacyidea");
    system.allow(&["revoke_token"]);
    system.scan();
    let departed = system.depart("E1007");
    departed.assert_all_gone();
    assert_eq!(departed.actions("disable_token").len(), 1, "one was off before: {departed:?}");
    assert_eq!(departed.state("revoke_token"), "gone");
    assert!(system.left("E1007").is_empty());
    // Coming again, nothing can be done to a locked token, and nothing needs to be.
    system.scan();
    let again = system.depart("E1007");
    assert!(again.actions("disable_token").iter().all(|one| one["state"] == "gone"), "{again:?}");
}

#[test]
fn tokens_of_somebody_who_vanished_are_nobodys() {
    let system = System::up("privacyidea");
    assert!(system.left("E1013").is_empty());
    let plan = system.plan("E1013");
    assert!(!plan.to_string().contains("disable_token"), "{plan}");
}
