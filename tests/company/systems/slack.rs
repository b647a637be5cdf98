//! Slack: accounts beside SSO and behind it, sessions, apps.

use super::System;

#[test]
fn everything_goes() {
    // The token that reads may not list sessions: on purpose.
    let system = System::up_with_gaps("slack");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}

#[test]
fn an_account_of_doubtful_owner_is_asked_about_before_it_goes() {
    let system = System::up_with_gaps("slack");
    // An owner by an account that SSO never made.
    let departed = system.depart("E1001");
    assert_eq!(departed.actions("deactivate").len(), 1, "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.starts_with("Confirm whose account")), "{departed:?}");
    assert!(system.left("E1001").iter().any(|line| line == "the account U0LOCAL1001"));
}
