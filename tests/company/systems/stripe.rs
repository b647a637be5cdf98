//! Stripe: cards and webhooks go by call; the team and the keys, which no API knows, are a task.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("stripe");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &["team member", "key payout-sheet", "hooks.northmoor.example/treasury"]);
    assert_eq!(departed.actions("cancel_card").len(), 2, "not the one that is cancelled: {departed:?}");
    assert_eq!((departed.state("remove_team_member"), departed.state("hand_over_webhook")), ("handed_off", "handed_off"));
}

#[test]
fn a_cardholder_whom_stripe_has_blocked_counts_as_blocked() {
    let system = System::up("stripe");
    // The call is refused, and the read shows that no card pays.
    let departed = system.depart("E1006");
    departed.assert_all_gone();
    assert_eq!(departed.state("block_cardholder"), "gone", "{departed:?}");
    system.conforms();
}

#[test]
fn without_hosts_of_its_own_every_webhook_of_the_leaver_is_switched_off() {
    let system = System::up_unscanned("stripe");
    system.sim.change_settings("own_hosts = [\"hooks.northmoor.example\"]", "own_hosts = []");
    system.scan();
    let departed = system.everything_goes("E1002", &["team member", "key payout-sheet"]);
    assert_eq!(departed.actions("disable_webhook").len(), 2, "{departed:?}");
}
