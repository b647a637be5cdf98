//! Jamf Pro: orders that devices carry out when they answer, private phones that are never erased, and administrators whom no call removes.

use serde_json::json;

use super::{Departed, System};

/// What a hand-off is about, as the vendor says it.
const HANDED_OFF: &[&str] = &["the device Rafael's iPhone", "the account"];

#[test]
fn everything_goes() {
    let system = System::up("jamf-pro");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", HANDED_OFF);
    for action in ["lock_computer", "lost_mode", "lock_mobile_device"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
    for action in ["unenrol_private_device", "collect_computer", "collect_mobile_device", "remove_administrator"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    // A device that came back has no name on its record any more.
    clear_names(&system);
    let again = system.look_again(&departed);
    assert_eq!((again.state("collect_computer"), again.state("collect_mobile_device")), ("gone", "gone"), "{again:?}");
    assert_eq!(again.state("remove_administrator"), "handed_off");
}

#[test]
fn a_device_that_is_off_is_a_claim_and_one_that_fails_a_task() {
    let system = System::up("jamf-pro");
    let off = system.depart("E1011");
    assert_eq!(off.state("lock_computer"), "accepted", "{off:?}");
    assert_eq!(system.left("E1011"), ["the device NM-MAC-1011"]);
    let failed = system.depart("E1010");
    assert_eq!(failed.state("lost_mode"), "stuck", "{failed:?}");
    assert!(failed.why("lost_mode").contains("it failed"), "{failed:?}");
    assert_eq!(failed.state("lock_computer"), "gone");
    assert_eq!(system.left("E1010"), ["the device NM-PHONE-1010"]);
    system.conforms();
}

#[test]
fn a_mac_is_locked_by_hand_where_no_pin_is_set() {
    let system = System::up_unscanned("jamf-pro");
    system.sim.change_settings("lock_pin = \"exec:echo 482913\"\n", "");
    system.scan();
    let departed = system.depart("E1003");
    assert!(departed.actions("lock_computer").is_empty(), "{departed:?}");
    assert_eq!(departed.state("lock_computer_by_hand"), "handed_off");
}

#[test]
fn erasing_and_forgetting_must_be_allowed() {
    let system = System::up_unscanned("jamf-pro");
    system.allow(&["export_inventory", "erase_computer", "erase_mobile_device", "delete_computer_record"]);
    system.scan();
    let departed: Departed = system.depart("E1002");
    assert_eq!(departed.state("export_inventory"), "gone", "{departed:?}");
    for action in ["erase_computer", "erase_mobile_device"] {
        assert_eq!(departed.state(action), "gone", "{departed:?}");
    }
    // The record says whether the Mac is back, so it goes last.
    assert_eq!(departed.state("delete_computer_record"), "stuck", "{departed:?}");
    clear_names(&system);
    // That the Mac is back is proved by a read of its own; then its record may go.
    system.look_again(&departed);
    let departed = system.depart("E1002");
    assert_eq!(departed.state("delete_computer_record"), "gone", "{departed:?}");
    system.conforms();
}

/// What IT does when devices are back.
fn clear_names(system: &System) {
    let url = system.sim.world.url("jamf-pro").to_owned();
    let patch = async |path: &str, body: serde_json::Value| {
        let form = [("grant_type", "client_credentials"), ("client_id", "it-jamf-pro"), ("client_secret", "it-jamf-pro")];
        let client = reqwest::Client::new();
        let issued = client.post(format!("{url}/api/oauth/token")).form(&form).send().await.unwrap();
        let token = issued.json::<serde_json::Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
        let answer = client.patch(format!("{url}{path}")).bearer_auth(token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    };
    system.sim.runtime.block_on(async {
        patch("/api/v1/computers-inventory-detail/1002", json!({ "userAndLocation": { "email": "" } })).await;
        for id in ["301", "302"] {
            patch(&format!("/api/v2/mobile-devices/{id}"), json!({ "location": { "emailAddress": "" } })).await;
        }
    });
}
