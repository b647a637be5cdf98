//! Box: content, links, device pins.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("box");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    // Once the account is off, nothing in it can be listed any more: what it shows goes first.
    for action in ["close_link", "remove_collaboration"] {
        assert!(departed.proved(action) <= departed.sent("inactivate"), "{action}: {departed:?}");
    }
    // His private address had a folder of somebody whom nobody watches, by what lies in it: it ended at that folder.
    assert!(departed.actions("remove_collaboration").iter().any(|action| action.to_string().contains("Lender updates")), "{departed:?}");
    assert!(departed.proved("hold") <= departed.sent("transfer_content"), "{departed:?}");
}

#[test]
fn an_account_is_deleted_only_when_it_owns_nothing_and_where_that_is_allowed() {
    let system = System::up_unscanned("box");
    system.allow(&["remove_from_group", "remove_alias", "delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    for action in ["remove_from_group", "remove_alias", "delete_user"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
    assert!(departed.proved("transfer_content") <= departed.sent("delete_user"), "{departed:?}");
}

#[test]
fn on_notice_nothing_can_be_destroyed_and_without_a_policy_legal_places_the_hold() {
    let system = System::up_unscanned("box");
    system.sim.change_settings("hold_policy = \"92001\"\n", "");
    system.scan();
    let departed = system.depart_in("notice", "E1012");
    assert_eq!((departed.state("restrict"), departed.state("hold_by_hand")), ("gone", "handed_off"), "{departed:?}");
    assert!(system.left("E1012").iter().any(|line| line.starts_with("the account")));
}

#[test]
fn the_one_administrator_is_refused_until_the_role_is_handed_over() {
    let system = System::up("box");
    let departed = system.depart("E1008");
    assert_eq!((departed.state("replace_admin"), departed.state("inactivate")), ("handed_off", "refused"), "{departed:?}");
    assert!(system.left("E1008").iter().any(|line| line.starts_with("the account")));
}
