//! Cloudflare: members of the account, invitations, and the names in the domain register.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("cloudflare");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &["the registrant of northmoor-pay.example"]);
    assert_eq!(departed.state("change_registrant"), "handed_off");
}

#[test]
fn the_last_super_administrator_becomes_a_task() {
    let system = System::up("cloudflare");
    let departed = system.depart("E1003");
    assert_eq!(departed.state("remove_member"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("last super administrator")), "{departed:?}");
    assert!(!system.left("E1003").is_empty());
}

#[test]
fn rights_by_a_policy_go_with_the_membership() {
    let system = System::up("cloudflare");
    system.everything_goes("E1009", &[]);
}
