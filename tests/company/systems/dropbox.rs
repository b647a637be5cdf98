//! Dropbox: devices, linked apps, links and folders, which outlive a suspension; holds; removal with a transfer.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("dropbox");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &["in the folder Bank papers"]);
    // What he has by a folder of somebody else's is a task: only its owner takes people out of it.
    assert_eq!(departed.state("remove_inherited_outsider"), "handed_off", "{departed:?}");
    // Nobody speaks for who is suspended: what is a member's own goes first.
    for action in ["revoke_link", "remove_outsider"] {
        assert!(departed.proved(action) <= departed.sent("suspend"), "{action}: {departed:?}");
    }
}

#[test]
fn a_member_is_removed_after_the_suspension_and_hands_the_files_over_where_that_is_allowed() {
    let system = System::up_unscanned("dropbox");
    system.allow(&["remove_from_group", "remove_and_transfer"]);
    system.scan();
    let departed = system.everything_goes("E1002", &["in the folder Bank papers"]);
    assert_eq!((departed.state("remove_from_group"), departed.state("remove_and_transfer")), ("gone", "gone"), "{departed:?}");
    for action in ["suspend", "hold"] {
        assert!(departed.proved(action) <= departed.sent("remove_and_transfer"), "{action}: {departed:?}");
    }
}

#[test]
fn the_last_administrator_is_a_task() {
    let system = System::up("dropbox");
    let refusal = |tag: &str| {
        let body = json!({ "error_summary": format!("{tag}/.."), "error": { ".tag": tag } });
        FaultKind::Status { code: 409, headers: Vec::new(), body }
    };
    system.fault("POST", "/team/members/set_admin_permissions_v2", refusal("last_admin"));
    system.fault("POST", "/team/members/suspend", refusal("suspend_last_admin"));
    let departed = system.depart("E1002");
    assert_eq!((departed.state("remove_admin_roles"), departed.state("suspend")), ("refused", "refused"), "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert!(system.left("E1002").contains(&"the account rafael.okonjo@northmoor.example".to_owned()));
}

#[test]
fn who_is_suspended_already_still_loses_devices_and_is_not_suspended_twice() {
    let system = System::up("dropbox");
    assert_eq!(system.left("E1013"), ["the desktop client on NM-LAPTOP-0013"]);
    let departed = system.everything_goes("E1013", &[]);
    assert_eq!(departed.state("unlink_desktop"), "gone", "{departed:?}");
}

#[test]
fn without_the_add_on_legal_keeps_the_content_and_a_lie_is_found_out() {
    let system = System::up_unscanned("dropbox");
    system.sim.change_settings("legal_hold = true\n", "");
    system.scan();
    system.fault("POST", "/team/linked_apps/revoke_linked_app", FaultKind::Lie);
    let departed = system.depart("E1002");
    assert_eq!((departed.state("hold_by_hand"), departed.state("suspend")), ("handed_off", "gone"), "{departed:?}");
    assert_ne!(departed.state("unlink_app"), "gone", "{departed:?}");
    assert_eq!(system.left("E1002"), ["the linked app PDF Stamper", "rafael.okonjo@postbox.example in the folder Bank papers"]);
}
