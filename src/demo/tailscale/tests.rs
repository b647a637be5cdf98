//! The network keeps its owner, forgets users with their devices, and keeps what has tags, shares and policy entries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("tailscale", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("tailscale", &running.url, "https://api.tailscale.com", &format!("Bearer {token}"))
}

async fn post(probe: &Probe, path: &str) -> u16 {
    probe.call("POST", &format!("/api/v2/{path}"), None).await.status
}

fn list<'a>(body: &'a Value, name: &str) -> &'a Vec<Value> {
    body[name].as_array().unwrap()
}

#[tokio::test]
async fn the_read_token_sees_the_network_and_changes_nothing() {
    let running = up().await;
    let probe = as_(&running, "read-tailscale");
    let users = probe.get("/api/v2/tailnet/-/users?type=all").await.body;
    let owner = list(&users, "users").iter().find(|user| user["role"] == "owner").unwrap().clone();
    assert_eq!((&owner["id"], &owner["deviceCount"]), (&json!("701003"), &json!(2)));
    let members = probe.get("/api/v2/tailnet/northmoor.example/users").await.body;
    assert_eq!(list(&members, "users").len() + 2, list(&users, "users").len(), "two are of other networks");
    let devices = probe.get("/api/v2/tailnet/-/devices?fields=all").await.body;
    assert!(list(&devices, "devices").iter().any(|device| device["tags"] == json!(["tag:jump"])));
    assert_eq!(list(&probe.get("/api/v2/tailnet/-/keys").await.body, "keys").len(), 2, "neither what has expired nor anybody's own");
    assert_eq!(probe.get("/api/v2/tailnet/-/keys/kSpent001CNTRL").await.body["invalid"], true);
    for path in [
        "users/701002",
        "device/n91002CNTRL",
        "device/91002/device-invites",
        "device-invites/12345",
        "user-invites/22345",
        "webhooks/77001",
    ] {
        assert_eq!(probe.get(&format!("/api/v2/{path}")).await.status, 200, "{path}");
    }
    for path in ["user-invites", "webhooks", "acl"] {
        assert_eq!(probe.get(&format!("/api/v2/tailnet/-/{path}")).await.status, 200, "{path}");
    }
    assert_eq!(post(&probe, "users/701002/suspend").await, 403);
    assert_eq!(probe.get("/api/v2/users/701002").await.body["status"], "active");
    assert_eq!(probe.get("/api/v2/tailnet/elsewhere.example/users").await.status, 404);
    assert_eq!(as_(&running, "anybody").get("/api/v2/tailnet/-/users").await.status, 401);
}

#[tokio::test]
async fn the_owner_goes_only_after_somebody_else_owns_the_network() {
    let running = up().await;
    let probe = as_(&running, "revoke-tailscale");
    assert_eq!(post(&probe, "users/701003/suspend").await, 403);
    assert_eq!(post(&probe, "users/701003/delete").await, 403);
    let role = |role: &str| Some(json!({ "role": role }));
    assert_eq!(probe.call("POST", "/api/v2/users/701003/role", role("member")).await.status, 400);
    assert_eq!(probe.call("POST", "/api/v2/users/702008/role", role("owner")).await.status, 200);
    assert_eq!(probe.get("/api/v2/users/701003").await.body["role"], "admin");
    assert_eq!(post(&probe, "users/701003/suspend").await, 200);
    assert_eq!(post(&probe, "users/701003/suspend").await, 400, "nobody is suspended twice");
    assert_eq!(probe.get("/api/v2/users/701003").await.body["status"], "suspended");
    assert_eq!(probe.get("/api/v2/device/91002").await.status, 200, "suspending removes no device");
    assert_eq!(post(&probe, "users/701003/restore").await, 200);
    assert_eq!(post(&probe, "users/701003/restore").await, 400);
}

#[tokio::test]
async fn a_deleted_user_takes_devices_and_keys_along_but_not_what_has_tags() {
    let running = up().await;
    let probe = as_(&running, "revoke-tailscale");
    assert_eq!(post(&probe, "users/701011/delete").await, 200);
    assert_eq!(probe.get("/api/v2/users/701011").await.status, 404);
    assert_eq!(post(&probe, "users/701011/delete").await, 404);
    assert_eq!(probe.get("/api/v2/device/93011").await.status, 404);
    assert_eq!(probe.get("/api/v2/device/91003").await.status, 200, "tagged: nobody's");
    let policy = probe.get("/api/v2/tailnet/-/acl").await;
    let mut changed = policy.body.clone();
    assert!(changed["groups"]["group:root"].to_string().contains("yuki.abernathy"), "the policy still names who is gone");
    changed["groups"]["group:root"] = json!(["mei-lin.tavares@northmoor.example"]);
    let tag = policy.headers["etag"].to_str().unwrap();
    let careful = as_(&running, "revoke-tailscale").with("if-match", tag);
    assert_eq!(careful.call("POST", "/api/v2/tailnet/-/acl", Some(changed.clone())).await.status, 200);
    assert_eq!(careful.call("POST", "/api/v2/tailnet/-/acl", Some(changed.clone())).await.status, 412);
    assert_eq!(probe.get("/api/v2/tailnet/-/acl").await.body, changed);
}

#[tokio::test]
async fn devices_keys_shares_invites_and_webhooks_are_gone_on_the_next_read() {
    let running = up().await;
    let probe = as_(&running, "revoke-tailscale");
    let key = "/api/v2/tailnet/-/keys/kImage001CNTRL";
    assert_eq!(probe.get("/api/v2/tailnet/-/keys/kFinance1CNTRL").await.status, 404, "a person's own");
    assert_eq!(probe.call("DELETE", key, None).await.status, 200);
    assert_eq!(probe.get(key).await.body["invalid"], true, "a revoked key is shown, as invalid");
    assert_eq!(probe.call("DELETE", key, None).await.status, 404);
    assert_eq!(list(&probe.get("/api/v2/tailnet/-/keys").await.body, "keys").len(), 1);
    for path in ["device-invites/12345", "user-invites/22345", "webhooks/77001"] {
        let path = format!("/api/v2/{path}");
        assert_eq!(probe.call("DELETE", &path, None).await.status, 200, "{path}");
        assert_eq!(probe.get(&path).await.status, 404, "{path}");
    }
    let before = probe.get("/api/v2/device/n91001CNTRL").await.body;
    assert_eq!(post(&probe, "device/n91001CNTRL/expire").await, 200);
    let expiry = Some(json!({ "keyExpiryDisabled": false }));
    assert_eq!(probe.call("POST", "/api/v2/device/n91001CNTRL/key", expiry).await.status, 200);
    let after = probe.get("/api/v2/device/n91001CNTRL").await.body;
    assert_ne!((&before["expires"], &before["keyExpiryDisabled"]), (&after["expires"], &after["keyExpiryDisabled"]));
    assert_eq!(probe.call("DELETE", "/api/v2/device/n91001CNTRL", None).await.status, 200);
    assert_eq!(probe.get("/api/v2/device/n91001CNTRL").await.status, 404);
}
