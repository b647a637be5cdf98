//! Cloudflare Zero Trust: sessions, WARP devices, seats, and rules that name addresses.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("cloudflare-zero-trust");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &["in the group Board", "in the policy Ledger archive"]);
    for action in ["remove_from_group", "remove_from_policy"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    // A device can mint a session in between: the user is revoked once more behind it.
    assert!(departed.proved("revoke_user") >= departed.proved("revoke_device"), "{departed:?}");
}

#[test]
fn a_seat_is_freed_where_that_is_allowed() {
    let system = System::up_unscanned("cloudflare-zero-trust");
    system.allow(&["free_seat"]);
    system.scan();
    let departed = system.everything_goes("E1003", &[]);
    assert_eq!(departed.state("free_seat"), "gone", "{departed:?}");
    assert!(departed.sent("revoke_user") <= departed.sent("free_seat"), "{departed:?}");
}
