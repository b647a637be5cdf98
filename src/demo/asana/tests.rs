//! Whoever is removed has nothing any more, lists show little unless asked, and somebody always administers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "1200000000001002";
const MEMBERS: &str = "/api/1.0/workspaces/1100000000000001/workspace_memberships";

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn up() -> Running {
    serve("asana", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("asana", &running.url, "https://app.asana.com", &format!("Bearer {token}"))
}

#[tokio::test]
async fn lists_are_compact_and_paged_by_a_token() {
    let running = up().await;
    let probe = as_(&running, "read-asana");
    let (mut seen, mut offset) = (Vec::new(), String::new());
    loop {
        let body = probe.get(&format!("{MEMBERS}?limit=20{offset}")).await.body;
        seen.extend(body["data"].as_array().unwrap().clone());
        let Some(next) = body["next_page"]["offset"].as_str() else { break };
        offset = format!("&offset={next}");
    }
    assert!(seen.len() > 40, "{}", seen.len());
    assert!(seen.iter().all(|one| one["is_admin"].is_null() && one["user"]["email"].is_null()));
    let asked = probe.get(&format!("{MEMBERS}?opt_fields=user.email,is_admin&limit=100")).await.body;
    let first = &asked["data"][0];
    assert!(first["user"]["email"].is_string() && first["is_admin"].is_boolean() && first["user"]["name"].is_null(), "{first}");
    assert_eq!(probe.get(&format!("{MEMBERS}?limit=101")).await.status, 400);
    assert_eq!(probe.get(&format!("{MEMBERS}?limit=10&offset=another")).await.status, 400);
    let me = probe.get("/api/1.0/users/me").await.body;
    assert_eq!(me["data"]["name"], "exeunt read");
    assert_eq!(probe.get(&format!("/api/1.0/users/{CFO}/team_memberships")).await.status, 400, "without a workspace");
}

#[tokio::test]
async fn whoever_is_removed_has_nothing_any_more() {
    let company = company();
    let simulated = start(&company).unwrap();
    let running = serve("asana", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "revoke-asana");
    let left = || (simulated.left)(company.person("E1002").unwrap());
    assert_eq!(left().len(), 4, "{:?}", left());
    let membership = "/api/1.0/workspace_memberships/1300000000001002";
    assert_eq!(probe.get(membership).await.body["data"]["is_active"], true);
    let teams = format!("/api/1.0/users/{CFO}/team_memberships?workspace={WORKSPACE}");
    let team = probe.get(&teams).await.body["data"][0].clone();
    let user = Some(json!({ "data": { "user": CFO } }));
    let leave = format!("/api/1.0/teams/{}/removeUser", team["team"]["gid"].as_str().unwrap());
    assert_eq!(probe.call("POST", &leave, user.clone()).await.status, 204);
    assert_eq!(probe.call("POST", &leave, user.clone()).await.status, 404);
    assert_eq!(probe.get(&format!("/api/1.0/team_memberships/{}", team["gid"].as_str().unwrap())).await.status, 404);
    let remove = format!("/api/1.0/workspaces/{WORKSPACE}/removeUser");
    assert_eq!(probe.call("POST", &remove, user.clone()).await.status, 204);
    assert_eq!(probe.get(membership).await.body["data"]["is_active"], false);
    assert_eq!(probe.get(&teams).await.body["data"], json!([]));
    assert!(left().is_empty(), "{:?}", left());
    assert_eq!(probe.call("POST", &format!("/api/1.0/workspaces/{WORKSPACE}/addUser"), user).await.status, 200);
    assert_eq!(left().len(), 1, "the account, and nothing of what it had: {:?}", left());
    let last = Some(json!({ "data": { "user": "priya.lindqvist@northmoor.example" } }));
    assert_eq!(probe.call("POST", &remove, last).await.status, 403);
}

#[tokio::test]
async fn an_export_takes_its_time_and_the_token_decides() {
    let running = up().await;
    let probe = as_(&running, "revoke-asana");
    let asked = Some(json!({ "data": { "organization": WORKSPACE } }));
    let export = probe.call("POST", "/api/1.0/organization_exports", asked.clone()).await;
    assert_eq!((export.status, &export.body["data"]["state"]), (201, &json!("pending")));
    let path = format!("/api/1.0/organization_exports/{}", export.body["data"]["gid"].as_str().unwrap());
    assert_eq!(probe.get(&path).await.body["data"]["state"], "started");
    assert!(probe.get(&path).await.body["data"]["download_url"].is_string());
    assert_eq!(as_(&running, "read-asana").call("POST", "/api/1.0/organization_exports", asked).await.status, 403);
    assert_eq!(as_(&running, "anybody").get("/api/1.0/users/me").await.status, 401);
}
