//! Google Workspace: accounts, grants, mail, sharing.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("google-workspace");
    system.findings_are_the_key();
    // Who reads the leaver's mail as a delegate can't be told apart any more once the leaver's account is suspended.
    assert_eq!(system.everything_goes("E3006", &[]).state("remove_delegate"), "gone");
    let departed = system.everything_goes("E1002", &[]);
    // What is refused on, or hidden by, a suspended account comes before it.
    for action in ["delete_grant", "invalidate_backup_codes", "turn_off_2sv", "stop_forwarding", "remove_access"] {
        assert!(departed.proved(action) <= departed.sent("suspend"), "{action}: {departed:?}");
    }
    assert_eq!(departed.state("unshare_calendar"), "gone");
    // Held before it is moved.
    assert!(departed.proved("hold_files") <= departed.sent("transfer_files"), "{departed:?}");
    // A filter that forwards; a super administrator; a phone of one's own; a lesser role.
    for (number, action) in
        [("E1006", "delete_filter"), ("E1001", "remove_super_admin"), ("E1009", "wipe_account_from_device"), ("E2008", "remove_role")]
    {
        assert_eq!(system.everything_goes(number, &[]).state(action), "gone");
    }
}

#[test]
fn what_destroys_or_copies_must_be_allowed() {
    let system = System::up_unscanned("google-workspace");
    system.allow(&["export_mail", "delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1012", &[]);
    assert_eq!(departed.state("export_mail"), "gone", "{departed:?}");
    assert_eq!(departed.state("delete_user"), "gone", "{departed:?}");
    // An account with its mail is deleted only after what it owned has moved and been held.
    assert!(departed.proved("transfer_files") <= departed.sent("delete_user"), "{departed:?}");
}

#[test]
fn the_last_super_administrator_becomes_a_task() {
    let system = System::up("google-workspace");
    let body = serde_json::json!({ "error": { "code": 403, "message": "Not allowed: the last super administrator", "errors": [
        { "message": "Not allowed: the last super administrator", "domain": "global", "reason": "forbidden" } ] } });
    system.fault("POST", "/makeAdmin", exeunt_company::faults::FaultKind::Status { code: 403, headers: vec![], body });
    let departed = system.depart("E1001");
    assert_eq!(departed.state("remove_super_admin"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
}

#[test]
fn on_notice_files_are_frozen_and_held_and_nobody_is_locked_out() {
    let system = System::up_unscanned("google-workspace");
    system.allow(&["freeze_copying"]);
    system.scan();
    let departed = system.depart_in("notice", "E1012");
    assert_eq!((departed.state("freeze_copying"), departed.state("hold_files")), ("gone", "gone"), "{departed:?}");
    assert!(system.left("E1012").iter().any(|line| line.starts_with("the account")));
}

#[test]
fn without_a_matter_in_vault_legal_places_the_hold() {
    let system = System::up_unscanned("google-workspace");
    system.sim.change_settings("vault_matter = \"departures-2026\"\n", "");
    system.scan();
    let departed = system.depart("E1002");
    assert_eq!(departed.state("hold_by_hand"), "handed_off", "{departed:?}");
    assert!(departed.actions("hold_mail").is_empty());
}
