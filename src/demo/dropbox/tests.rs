//! The team forgets what is revoked, refuses what contradicts itself, and keeps one administrator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::{Answer, Probe};
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

const CFO: &str = "dbmid:AAD-northmoor-E1002";
const ADMIN: &str = "dbmid:AAD-northmoor-TEAMADMIN";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("dropbox", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("dropbox", &running.url, "https://api.dropboxapi.com", &format!("Bearer {token}"))
}

async fn post(probe: &Probe, path: &str, body: Value) -> Answer {
    probe.call("POST", &format!("/2/{path}"), Some(body)).await
}

fn tag(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["error"][".tag"].as_str().unwrap_or_default())
}

fn member(id: &str) -> Value {
    json!({ ".tag": "team_member_id", "team_member_id": id })
}

async fn all(probe: &Probe, removed: bool) -> Vec<Value> {
    let mut body = post(probe, "team/members/list_v2", json!({ "limit": 20, "include_removed": removed })).await.body;
    let mut seen = body["members"].as_array().unwrap().clone();
    while body["has_more"] == true {
        body = post(probe, "team/members/list/continue_v2", json!({ "cursor": body["cursor"] })).await.body;
        seen.extend(body["members"].as_array().unwrap().clone());
    }
    seen
}

#[tokio::test]
async fn the_read_token_lists_and_lacks_the_scopes_to_change() {
    let running = up().await;
    let probe = as_(&running, "read-dropbox");
    let members = all(&probe, false).await;
    let me = post(&probe, "team/token/get_authenticated_admin", Value::Null).await.body;
    assert!(members.len() > 25 && members.iter().any(|one| one["profile"]["team_member_id"] == me["admin_profile"]["team_member_id"]));
    let (mut devices, mut cursor) = (0, json!({}));
    loop {
        let body = post(&probe, "team/devices/list_members_devices", cursor).await.body;
        devices += body["devices"].as_array().unwrap().len();
        let Some(next) = body["cursor"].as_str() else { break };
        cursor = json!({ "cursor": next });
    }
    assert_eq!(devices, 3);
    for (path, body) in [
        ("team/groups/list", json!({})),
        ("team/groups/members/list", json!({ "group": { ".tag": "group_id", "group_id": "g:northmoorfinance" } })),
        ("team/linked_apps/list_members_linked_apps", json!({})),
        ("team/linked_apps/list_member_linked_apps", json!({ "team_member_id": CFO })),
        ("team/devices/list_member_devices", json!({ "team_member_id": CFO })),
        ("team/members/get_info_v2", json!({ "members": [member(CFO), member("dbmid:none")] })),
    ] {
        assert_eq!(post(&probe, path, body).await.status, 200, "{path}");
    }
    let refused = post(&probe, "team/members/suspend", json!({ "user": member(CFO) })).await;
    assert_eq!(tag(&refused), (401, "missing_scope"));
    assert_eq!(tag(&post(&probe, "team/legal_holds/list_policies", json!({})).await), (401, "missing_scope"), "even to read");
    let nobody = as_(&running, "anybody");
    assert_eq!(tag(&post(&nobody, "team/members/list_v2", json!({})).await), (401, "invalid_access_token"));
}

#[tokio::test]
async fn links_go_before_the_suspension_which_is_not_idempotent() {
    let running = up().await;
    let probe = as_(&running, "revoke-dropbox");
    let as_cfo = as_(&running, "revoke-dropbox").with("dropbox-api-select-user", CFO);
    let links = post(&as_cfo, "sharing/list_shared_links", json!({})).await.body["links"].clone();
    assert_eq!(links.as_array().unwrap().len(), 2);
    let metadata = post(&as_cfo, "sharing/get_shared_link_metadata", json!({ "url": links[0]["url"] })).await;
    assert_eq!((metadata.status, &metadata.body["name"]), (200, &links[0]["name"]));
    let url = json!({ "url": links[0]["url"] });
    assert_eq!(post(&as_cfo, "sharing/revoke_shared_link", url.clone()).await.status, 200);
    for path in ["sharing/revoke_shared_link", "sharing/get_shared_link_metadata"] {
        assert_eq!(tag(&post(&as_cfo, path, url.clone()).await), (409, "shared_link_not_found"));
    }
    assert_eq!(post(&as_cfo, "sharing/list_shared_links", json!({})).await.body["links"].as_array().unwrap().len(), 1);

    let app = json!({ "app_id": "501", "team_member_id": CFO });
    assert_eq!(post(&probe, "team/linked_apps/revoke_linked_app", app.clone()).await.status, 200);
    assert_eq!(tag(&post(&probe, "team/linked_apps/revoke_linked_app", app).await), (409, "app_not_found"));
    let apps = post(&probe, "team/linked_apps/list_member_linked_apps", json!({ "team_member_id": CFO })).await.body;
    assert_eq!(apps["linked_api_apps"], json!([]));

    let suspend = json!({ "user": member(CFO), "wipe_data": false });
    assert_eq!(post(&probe, "team/members/suspend", suspend.clone()).await.status, 200);
    assert_eq!(tag(&post(&probe, "team/members/suspend", suspend).await), (409, "suspend_inactive_user"));
    assert_eq!(tag(&post(&as_cfo, "sharing/list_shared_links", json!({})).await), (401, "user_suspended"));
    let left = post(&probe, "team/devices/list_member_devices", json!({ "team_member_id": CFO })).await.body;
    assert_eq!(left["active_web_sessions"], json!([]));
    assert_eq!(left["desktop_client_sessions"].as_array().unwrap().len(), 2, "they stay linked unless wiped or revoked");
    for session in left["desktop_client_sessions"].as_array().unwrap() {
        let one = json!({ ".tag": "desktop_client", "session_id": session["session_id"], "team_member_id": CFO, "delete_on_unlink": true });
        assert_eq!(post(&probe, "team/devices/revoke_device_session", one.clone()).await.status, 200);
        assert_eq!(tag(&post(&probe, "team/devices/revoke_device_session", one).await), (409, "device_session_not_found"));
    }
    let info = post(&probe, "team/members/get_info_v2", json!({ "members": [member(CFO)] })).await.body;
    assert_eq!(info["members_info"][0]["profile"]["status"][".tag"], "suspended");
    let leave = json!({ "group": { ".tag": "group_id", "group_id": "g:northmoorfinance" }, "users": [member(CFO)] });
    assert_eq!(post(&probe, "team/groups/members/remove", leave.clone()).await.body["group_info"]["member_count"], 1);
    assert_eq!(tag(&post(&probe, "team/groups/members/remove", leave).await), (409, "member_not_in_group"));
    assert_eq!(post(&probe, "team/members/unsuspend", json!({ "user": member(CFO) })).await.status, 200);
}

#[tokio::test]
async fn a_removal_is_a_job_and_contradictions_are_refused() {
    let running = up().await;
    let probe = as_(&running, "revoke-dropbox");
    let remove = async |more: Value| {
        let mut body = json!({ "user": member(CFO), "wipe_data": true });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(&probe, "team/members/remove", body).await
    };
    let to = member("dbmid:AAD-northmoor-E1012");
    assert_eq!(tag(&remove(json!({ "transfer_dest_id": to })).await), (409, "unspecified_transfer_admin_id"));
    assert_eq!(tag(&remove(json!({ "keep_account": true })).await), (409, "cannot_keep_account_and_delete_data"));
    let kept =
        remove(json!({ "keep_account": true, "wipe_data": false, "transfer_dest_id": to, "transfer_admin_id": member(ADMIN) })).await;
    assert_eq!(tag(&kept), (409, "cannot_keep_account_and_transfer"));
    let wrong = remove(json!({ "transfer_dest_id": to, "transfer_admin_id": to })).await;
    assert_eq!(tag(&wrong), (409, "transfer_admin_is_not_admin"));

    let job = remove(json!({ "transfer_dest_id": to, "transfer_admin_id": member(ADMIN) })).await.body["async_job_id"].clone();
    let busy = post(&probe, "team/members/remove", json!({ "user": to })).await;
    assert_eq!(tag(&busy), (409, "member_is_transfer_destination"));
    let status = async || post(&probe, "team/members/remove/job_status/get", json!({ "async_job_id": job })).await.body[".tag"].clone();
    assert_eq!((status().await, status().await), (json!("in_progress"), json!("complete")));
    assert!(!all(&probe, false).await.iter().any(|one| one["profile"]["team_member_id"] == CFO));
    let removed = all(&probe, true).await;
    let removed = removed.iter().find(|one| one["profile"]["team_member_id"] == CFO).unwrap();
    assert_eq!(removed["profile"]["status"][".tag"], "removed");
    assert_eq!(tag(&remove(json!({})).await), (409, "user_not_in_team"));
    let heir = as_(&running, "revoke-dropbox").with("dropbox-api-select-user", "dbmid:AAD-northmoor-E1012");
    assert_eq!(post(&heir, "sharing/list_shared_links", json!({})).await.body["links"].as_array().unwrap().len(), 2, "links moved along");

    // Only one administrator is left now.
    assert_eq!(tag(&post(&probe, "team/members/suspend", json!({ "user": member(ADMIN) })).await), (409, "suspend_last_admin"));
    assert_eq!(tag(&post(&probe, "team/members/remove", json!({ "user": member(ADMIN) })).await), (409, "remove_last_admin"));
    let demoted = post(&probe, "team/members/set_admin_permissions_v2", json!({ "user": member(ADMIN), "new_roles": [] })).await;
    assert_eq!(tag(&demoted), (409, "last_admin"));
}

#[tokio::test]
async fn a_hold_has_one_name_at_most_five_members_and_binds_the_account() {
    let running = up().await;
    let probe = as_(&running, "revoke-dropbox");
    let demoted = post(&probe, "team/members/set_admin_permissions_v2", json!({ "user": member(CFO), "new_roles": [] })).await.body;
    assert_eq!(demoted["roles"], json!([]));
    let hold = json!({ "name": "Departure E1002", "members": [CFO] });
    let made = post(&probe, "team/legal_holds/create_policy", hold.clone()).await.body;
    assert_eq!(made["status"][".tag"], "activating");
    assert_eq!(tag(&post(&probe, "team/legal_holds/create_policy", hold).await), (409, "name_must_be_unique"));
    let many = json!({ "name": "Too many", "members": [CFO, CFO, CFO, CFO, CFO, CFO] });
    let refused = post(&probe, "team/legal_holds/create_policy", many).await;
    assert_eq!(tag(&refused), (409, "number_of_users_on_hold_is_greater_than_hold_limitation"));
    for expected in ["activating", "active"] {
        let read = post(&probe, "team/legal_holds/get_policy", json!({ "id": made["id"] })).await.body;
        assert_eq!(read["status"][".tag"], expected);
    }
    assert_eq!(post(&probe, "team/legal_holds/list_policies", json!({})).await.status, 200);
    let kept = json!({ "user": member(CFO), "wipe_data": false, "keep_account": true });
    assert_eq!(tag(&post(&probe, "team/members/remove", kept).await), (409, "cannot_keep_account_under_legal_hold"));
}

#[tokio::test]
async fn outsiders_are_taken_out_of_a_folder_by_its_owner_in_the_background() {
    let running = up().await;
    let as_member = |id: &str| as_(&running, "revoke-dropbox").with("dropbox-api-select-user", id);
    let (cfo, editor) = (as_member(CFO), as_member("dbmid:AAD-northmoor-E1012"));
    let folders = post(&cfo, "sharing/list_folders", json!({ "limit": 1 })).await.body;
    let folder = folders["entries"][0]["shared_folder_id"].clone();
    let more = post(&cfo, "sharing/list_folders/continue", json!({ "cursor": folders["cursor"] })).await.body;
    assert_eq!((more["entries"].as_array().unwrap().len(), &more["cursor"]), (1, &Value::Null));
    let take = json!({ "shared_folder_id": folder, "member": { ".tag": "email", "email": "rafael.okonjo@postbox.example" }, "leave_a_copy": false });
    assert_eq!(tag(&post(&editor, "sharing/remove_folder_member", take.clone()).await), (409, "no_permission"));
    assert_eq!(post(&cfo, "sharing/remove_folder_member", take.clone()).await.body[".tag"], "async_job_id");
    let outside = async || {
        let mut body = post(&cfo, "sharing/list_folder_members", json!({ "shared_folder_id": folder })).await.body;
        let mut users = body["users"].as_array().unwrap().clone();
        while let Some(next) = body["cursor"].as_str() {
            body = post(&cfo, "sharing/list_folder_members/continue", json!({ "cursor": next })).await.body;
            users.extend(body["users"].as_array().unwrap().clone());
        }
        users.iter().filter(|one| one["user"]["same_team"] == false).count()
    };
    assert_eq!((outside().await, outside().await), (1, 0));
    assert_eq!(tag(&post(&cfo, "sharing/remove_folder_member", take).await), (409, "member_error"));
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_own_app() {
    let running = up().await;
    let issue = async |app: &str, token: &str| {
        let form = [("grant_type", "refresh_token"), ("client_id", app), ("refresh_token", token)];
        let answer = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("{}/oauth2/token", running.url))
            .form(&form)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(issue(token::READ_APP, "revoke-dropbox").await.0, 400);
    let (status, body) = issue(token::REVOKE_APP, "revoke-dropbox").await;
    assert_eq!((status, &body["expires_in"]), (200, &json!(14_400)));
    let probe = as_(&running, body["access_token"].as_str().unwrap());
    assert_eq!(post(&probe, "team/members/suspend", json!({ "user": member(CFO), "wipe_data": false })).await.status, 200);
}
