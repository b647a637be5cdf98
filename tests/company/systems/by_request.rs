//! Actions that no plan holds by default, and hand-offs that only some settings ask for: allowed or asked for, each is done and proved.

use super::System;

/// Runs one person's departure with these actions allowed and these settings taken out; each action must come to `state`, and its proof is read.
#[track_caller]
fn by_request(name: &'static str, number: &str, mode: &str, without: &[&str], actions: &[(&str, &str)]) {
    let system = System::up_unscanned(name);
    system.allow(&actions.iter().map(|(action, _)| *action).collect::<Vec<_>>());
    for setting in without {
        system.sim.change_settings(&format!("\n{setting} = "), &format!("\n# {setting} = "));
    }
    system.scan();
    let departed = system.depart_in(mode, number);
    system.look_again(&departed);
    for (action, state) in actions {
        assert_eq!(departed.state(action), *state, "{action}: {departed:?}");
    }
    system.conforms();
}

const GONE: &str = "gone";
const HANDED_OFF: &str = "handed_off";

#[test]
fn entra_id_exports_what_they_did() {
    by_request("entra-id", "E1002", "departure", &[], &[("export_audit", GONE)]);
}

#[test]
fn google_workspace_without_a_matter_a_hold_is_for_legal() {
    by_request("google-workspace", "E1002", "departure", &["vault_matter"], &[("hold_by_hand", HANDED_OFF)]);
}

#[test]
fn box_without_a_policy_a_hold_is_for_legal() {
    by_request("box", "E1002", "departure", &["hold_policy"], &[("hold_by_hand", HANDED_OFF)]);
}

#[test]
fn google_drive_freezes_files_on_notice() {
    by_request("google-drive", "E1002", "notice", &[], &[("freeze_copying", GONE)]);
}

#[test]
fn onedrive_is_frozen_by_hand() {
    by_request("onedrive-sharepoint", "E1002", "departure", &[], &[("freeze_drive", HANDED_OFF)]);
}

#[test]
fn glewlwyd_deletes_the_user() {
    by_request("glewlwyd", "E1002", "departure", &[], &[("delete_user", GONE)]);
}

#[test]
fn keycloak_deletes_the_user() {
    by_request("keycloak", "E1002", "departure", &[], &[("delete_user", GONE)]);
}

#[test]
fn keycloak_takes_groups() {
    by_request("keycloak", "E1006", "departure", &[], &[("remove_from_group", GONE)]);
}

#[test]
fn salesforce_takes_groups() {
    by_request("salesforce", "E1002", "departure", &[], &[("remove_from_group", GONE)]);
}

#[test]
fn privacyidea_deletes_tokens() {
    by_request("privacyidea", "E1007", "departure", &[], &[("delete_token", GONE)]);
}

#[test]
fn pagerduty_leaves_the_least_right_on_leave() {
    by_request("pagerduty", "E1002", "leave", &[], &[("demote", GONE)]);
}

#[test]
fn jupyterhub_takes_groups() {
    by_request("jupyterhub", "E1002", "departure", &[], &[("remove_from_group", GONE)]);
}

#[test]
fn stripe_deletes_the_webhook() {
    by_request("stripe", "E1002", "departure", &[], &[("delete_webhook", GONE)]);
}

#[test]
fn zendesk_takes_groups() {
    by_request("zendesk", "E1002", "departure", &[], &[("remove_from_group", GONE)]);
}

#[test]
fn zoom_takes_groups() {
    by_request("zoom", "E1002", "departure", &[], &[("remove_from_group", GONE)]);
}

#[test]
fn entra_id_has_a_person_write_a_password_back_to_the_directory() {
    by_request("entra-id", "E1011", "departure", &[], &[("write_back_password", HANDED_OFF)]);
}

#[test]
fn jira_is_checked_with_the_credential_that_tells() {
    let system = System::up_unscanned("jira");
    assert_eq!(system.exeunt(&["check"]).code, 0);
    system.conforms();
}
