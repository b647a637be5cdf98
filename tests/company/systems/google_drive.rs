//! Google Drive by itself, in the tenant of a company that was bought: files, links, shares, shared drives.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("google-drive");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
}

#[test]
fn files_move_to_the_successor_after_links_and_shares_are_gone() {
    let system = System::up_unscanned("google-drive");
    system.allow(&["transfer_file", "remove_old_owner"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    for action in ["transfer_file", "remove_old_owner"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
    assert!(departed.proved("close_link") <= departed.sent("transfer_file"), "{departed:?}");
    assert!(departed.proved("transfer_file") <= departed.sent("remove_old_owner"), "{departed:?}");
}

#[test]
fn a_shared_drives_last_manager_becomes_a_task() {
    let system = System::up("google-drive");
    let departed = system.depart("E1010");
    assert_eq!(departed.state("remove_drive_member"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("without a manager")), "{departed:?}");
    assert_eq!(system.left("E1010"), ["organizer of the drive Heron patents"]);
    system.conforms();
}
