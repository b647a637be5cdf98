//! Content outlives its owner, an owner doesn't leave while owning, and what is unshared stays unshared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

const CFO: &str = "301002";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("box", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("box", &running.url, "https://api.box.com", &format!("Bearer {token}"))
}

fn entries(body: &Value) -> &Vec<Value> {
    body["entries"].as_array().unwrap()
}

#[tokio::test]
async fn the_read_token_sees_everything_and_changes_nothing() {
    let running = up().await;
    let probe = as_(&running, "read-box");
    let me = probe.get("/2.0/users/me").await.body;
    let (mut seen, mut marker) = (Vec::new(), String::new());
    loop {
        let body = probe.get(&format!("/2.0/users?user_type=managed&usemarker=true&limit=40{marker}")).await.body;
        seen.extend(entries(&body).clone());
        let Some(next) = body["next_marker"].as_str() else { break };
        marker = format!("&marker={next}");
    }
    assert!(seen.len() > 40 && seen.iter().any(|user| user["id"] == me["id"]));
    assert_eq!(probe.get("/2.0/users?limit=1").await.body["total_count"], seen.len());
    assert_eq!(probe.get("/2.0/users?offset=10001").await.status, 400);
    assert_eq!(seen.iter().find(|user| user["id"] == "301013").unwrap()["status"], "inactive");
    for path in [
        "/2.0/users/301002/memberships",
        "/2.0/users/301002/email_aliases",
        "/2.0/groups",
        "/2.0/groups/51001/memberships?limit=2",
        "/2.0/enterprises/77001/device_pinners?limit=2",
        "/2.0/device_pinners/81001",
        "/2.0/collaborations?status=pending",
        "/2.0/collaborations/71004",
        "/2.0/folders/61001/collaborations",
        "/2.0/files/61006/collaborations",
        "/2.0/folders/61001",
        "/2.0/files/61002?fields=shared_link",
        "/2.0/folders/0",
        "/2.0/legal_hold_policies",
        "/2.0/events?stream_type=admin_logs_streaming",
    ] {
        assert_eq!(probe.get(path).await.status, 200, "{path}");
    }
    assert_eq!(probe.call("DELETE", "/2.0/device_pinners/81001", None).await.status, 403);
    assert_eq!(probe.get("/2.0/device_pinners/81001").await.status, 200);
    assert_eq!(as_(&running, "anybody").get("/2.0/users").await.status, 401);
    assert_eq!(probe.get("/2.0/users/999").await.status, 404);
}

#[tokio::test]
async fn links_pins_groups_and_collaborations_are_gone_on_the_next_read() {
    let running = up().await;
    let probe = as_(&running, "revoke-box");
    let as_cfo = as_(&running, "revoke-box").with("as-user", CFO);
    let root = as_cfo.get("/2.0/folders/0/items?limit=100").await.body;
    assert_eq!(entries(&root).len(), 4, "three own and one shared: {root}");
    assert_eq!(entries(&probe.get("/2.0/folders/0/items").await.body).len(), 0);

    assert_eq!(as_cfo.get("/2.0/files/61002").await.body["shared_link"]["access"], "open");
    let unshared = as_cfo.call("PUT", "/2.0/files/61002", Some(json!({ "shared_link": null }))).await;
    assert_eq!((unshared.status, &unshared.body["shared_link"]), (200, &Value::Null));
    assert_eq!(as_cfo.get("/2.0/files/61002").await.body["shared_link"], Value::Null);

    for path in ["/2.0/device_pinners/81001", "/2.0/collaborations/71002", "/2.0/collaborations/71004"] {
        assert_eq!(probe.get(path).await.status, 200, "{path}");
        assert_eq!(probe.call("DELETE", path, None).await.status, 204, "{path}");
        assert_eq!(probe.get(path).await.status, 404, "{path}");
        assert_eq!(probe.call("DELETE", path, None).await.status, 404, "{path}");
    }
    assert_eq!(entries(&probe.get("/2.0/collaborations?status=pending").await.body).len(), 0);
    // The deal room still opens the folder: the group stands beside the direct collaboration.
    assert_eq!(as_cfo.get("/2.0/folders/61003").await.status, 200);
    let memberships = probe.get("/2.0/users/301002/memberships").await.body;
    for membership in entries(&memberships) {
        let path = format!("/2.0/group_memberships/{}", membership["id"].as_str().unwrap());
        assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
    }
    assert_eq!(as_cfo.get("/2.0/folders/61003").await.status, 404);
}

#[tokio::test]
async fn an_owner_is_deleted_only_when_nothing_is_owned() {
    let running = up().await;
    let probe = as_(&running, "revoke-box");
    let user = format!("/2.0/users/{CFO}");
    let sessions = json!({ "user_ids": [CFO], "user_logins": [] });
    assert_eq!(probe.call("POST", "/2.0/users/terminate_sessions", Some(sessions)).await.status, 202);
    let events = probe.get("/2.0/events?stream_type=admin_logs_streaming&limit=500").await.body;
    assert_eq!(entries(&events).iter().filter(|event| event["event_type"] == "REMOVE_LOGIN_ACTIVITY_DEVICE").count(), 2);

    let locked = probe.call("PUT", &user, Some(json!({ "status": "cannot_delete_edit_upload", "role": "user" }))).await;
    assert_eq!((&locked.body["status"], &locked.body["role"]), (&json!("cannot_delete_edit_upload"), &json!("user")));
    let as_cfo = as_(&running, "revoke-box").with("as-user", CFO);
    assert_eq!(as_cfo.call("PUT", "/2.0/files/61002", Some(json!({ "shared_link": null }))).await.status, 403);

    let refused = probe.call("DELETE", &format!("{user}?force=false&notify=false"), None).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("conflict")));
    assert_eq!(probe.call("PUT", &user, Some(json!({ "status": "inactive" }))).await.body["status"], "inactive");
    assert_eq!(as_cfo.get("/2.0/folders/0/items").await.status, 403);

    let path = format!("{user}/folders/0?notify=false");
    let to_self = probe.call("PUT", &path, Some(json!({ "owned_by": { "id": CFO } }))).await;
    assert_eq!(to_self.status, 400);
    let moved = probe.call("PUT", &path, Some(json!({ "owned_by": { "id": "302002" } }))).await;
    assert_eq!((moved.status, &moved.body["owned_by"]["id"]), (200, &json!("302002")));
    assert_eq!(probe.get(&user).await.body["space_used"], 0);
    assert_eq!(probe.get("/2.0/files/61002").await.body["shared_link"]["access"], "open", "links move along");

    assert_eq!(probe.call("DELETE", &format!("{user}?force=false"), None).await.status, 204);
    assert_eq!(probe.get(&user).await.status, 404);
    assert_eq!(probe.get("/2.0/collaborations/71005").await.status, 404, "on a file, made by who is gone");
    assert_eq!(probe.get("/2.0/collaborations/71001").await.status, 200, "on a folder");
    assert_eq!(probe.get("/2.0/device_pinners/81001").await.status, 404);
}

#[tokio::test]
async fn the_administrator_stays_and_holds_have_one_name() {
    let running = up().await;
    let probe = as_(&running, "revoke-box");
    assert_eq!(probe.call("PUT", "/2.0/users/301008", Some(json!({ "status": "inactive" }))).await.status, 403);
    assert_eq!(probe.call("DELETE", "/2.0/users/301008?force=true", None).await.status, 403);
    let hold = json!({ "policy_name": "Departure E1002", "is_ongoing": true });
    let made = probe.call("POST", "/2.0/legal_hold_policies", Some(hold.clone())).await;
    assert_eq!((made.status, &made.body["status"]), (201, &json!("applying")));
    assert_eq!(probe.call("POST", "/2.0/legal_hold_policies", Some(hold)).await.status, 409);
    let without_dates = json!({ "policy_name": "Another" });
    assert_eq!(probe.call("POST", "/2.0/legal_hold_policies", Some(without_dates)).await.status, 400);
    let id = made.body["id"].as_str().unwrap();
    let to = json!({ "policy_id": id, "assign_to": { "type": "user", "id": CFO } });
    assert_eq!(probe.call("POST", "/2.0/legal_hold_policy_assignments", Some(to.clone())).await.status, 201);
    assert_eq!(probe.call("POST", "/2.0/legal_hold_policy_assignments", Some(to)).await.status, 409);
    let held = probe.get(&format!("/2.0/legal_hold_policies/{id}")).await.body;
    assert_eq!((&held["status"], &held["assignment_counts"]["user"]), (&json!("active"), &json!(1)));
    assert_eq!(entries(&probe.get(&format!("/2.0/legal_hold_policy_assignments?policy_id={id}")).await.body).len(), 1);
}
