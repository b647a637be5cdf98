//! The help desk forgets what it is told to forget, and keeps an agent who still has work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/api/v2/users/9001002";

async fn up() -> Running {
    serve("zendesk", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn token(running: &Running, client: &str, scope: &str) -> (u16, Value) {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", client), ("scope", scope)];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = http.post(format!("{}/oauth/tokens", running.url)).form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn with(running: &Running, authorization: &str) -> Probe {
    Probe::new("zendesk", &running.url, "https://northmoor.zendesk.com", authorization)
}

async fn as_(running: &Running, client: &str) -> Probe {
    let (status, body) = token(running, client, if client.starts_with("read") { "read" } else { "read write" }).await;
    assert_eq!(status, 200, "{body}");
    with(running, &format!("Bearer {}", body["access_token"].as_str().unwrap()))
}

async fn list(probe: &Probe, path: &str, name: &str) -> Vec<Value> {
    let answer = probe.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body[name].as_array().unwrap().clone()
}

async fn put(probe: &Probe, path: &str, body: Value) -> u16 {
    probe.call("PUT", path, Some(body)).await.status
}

#[tokio::test]
async fn agents_are_paged_and_customers_left_out_when_asked() {
    let desk = up().await;
    let probe = as_(&desk, "read-zendesk").await;
    let mut path = "/api/v2/users?role[]=agent&role[]=admin&page[size]=50".to_owned();
    let mut seen = Vec::new();
    loop {
        let body = probe.get(&path).await.body;
        seen.extend(body["users"].as_array().unwrap().clone());
        if body["meta"]["has_more"] == false {
            break;
        }
        path = body["links"]["next"].as_str().unwrap().strip_prefix(&desk.url).unwrap().to_owned();
    }
    assert!(seen.len() > 60 && seen.iter().all(|user| user["role"] != "end-user"), "{}", seen.len());
    assert!(seen.iter().any(|user| user["email"] == "viktor.salonen@northmoor.example"));
    assert_eq!(list(&probe, "/api/v2/users?role=end-user", "users").await.len(), 2);
    for (path, name) in [("groups", "groups"), ("custom_roles", "custom_roles"), ("tickets", "tickets"), ("sessions", "sessions")] {
        assert!(!list(&probe, &format!("/api/v2/{path}"), name).await.is_empty(), "{path}");
    }
    assert_eq!(probe.get("/api/v2/users/me").await.body["user"]["role"], "admin");
}

#[tokio::test]
async fn a_suspended_agent_is_still_signed_in_until_the_sessions_end() {
    let desk = up().await;
    let probe = as_(&desk, "revoke-zendesk").await;
    let of_cfo = |all: Vec<Value>| all.into_iter().filter(|one| one["user_id"] == 9_001_002).count();
    assert_eq!(put(&probe, CFO, json!({ "user": { "suspended": true } })).await, 200);
    assert_eq!(probe.get(CFO).await.body["user"]["suspended"], true);
    assert_eq!(of_cfo(list(&probe, "/api/v2/sessions", "sessions").await), 2);
    let session = format!("{CFO}/sessions/81001");
    assert_eq!(probe.get(&session).await.body["session"][0]["id"], 81_001);
    assert_eq!(probe.call("DELETE", &session, None).await.status, 204);
    assert_eq!(probe.get(&session).await.status, 404);
    assert_eq!(probe.call("DELETE", &format!("{CFO}/sessions"), None).await.status, 204);
    assert_eq!(of_cfo(list(&probe, "/api/v2/sessions", "sessions").await), 0);
    let identities = list(&probe, &format!("{CFO}/identities"), "identities").await;
    assert_eq!(identities[1]["value"], "rafael.okonjo@postbox.example");
    let of = |n: usize| format!("{CFO}/identities/{}", identities[n]["id"]);
    assert_eq!(probe.call("DELETE", &of(0), None).await.status, 422, "the primary one");
    assert_eq!(probe.call("DELETE", &of(1), None).await.status, 204);
    assert_eq!(list(&probe, &format!("{CFO}/identities"), "identities").await.len(), 1);
    let grant = "/api/v2/oauth/tokens/85001";
    assert_eq!(list(&probe, "/api/v2/oauth/tokens?all=true", "tokens").await.len(), 2);
    assert_eq!(probe.call("DELETE", grant, None).await.status, 204);
    assert_eq!(probe.get(grant).await.status, 404);
    assert_eq!(put(&probe, "/api/v2/users/9001004", json!({ "user": { "suspended": true } })).await, 422, "the owner");
}

#[tokio::test]
async fn work_is_handed_over_before_an_agent_is_downgraded_or_deleted() {
    let desk = up().await;
    let probe = as_(&desk, "revoke-zendesk").await;
    let downgrade = json!({ "user": { "role": "end-user" } });
    assert_eq!(put(&probe, CFO, downgrade.clone()).await, 422);
    assert_eq!(probe.call("DELETE", CFO, None).await.status, 422);
    assert_eq!(probe.get(&format!("{CFO}/related")).await.body["user_related"]["assigned_tickets"], 1);
    let ticket = "/api/v2/tickets/91001";
    assert_eq!(put(&probe, ticket, json!({ "ticket": { "assignee_id": 9_900_001 } })).await, 422, "a customer");
    assert_eq!(put(&probe, ticket, json!({ "ticket": { "assignee_id": 9_002_002 } })).await, 200);
    let mine = |all: Vec<Value>| all.into_iter().filter(|one| one["user_id"] == 9_001_002).collect::<Vec<_>>();
    let memberships = mine(list(&probe, "/api/v2/group_memberships", "group_memberships").await);
    assert_eq!(memberships.len(), 2);
    let membership = format!("/api/v2/group_memberships/{}", memberships[0]["id"]);
    assert_eq!(probe.call("DELETE", &membership, None).await.status, 204);
    assert_eq!(probe.call("DELETE", &membership, None).await.status, 404);
    assert_eq!(put(&probe, CFO, downgrade).await, 200);
    assert!(mine(list(&probe, "/api/v2/group_memberships", "group_memberships").await).is_empty());
    assert_eq!(probe.get(CFO).await.body["user"]["custom_role_id"], Value::Null);
    assert_eq!(probe.call("DELETE", CFO, None).await.body["user"]["active"], false);
    assert_eq!(probe.get(CFO).await.body["user"]["active"], false);
    assert_eq!(probe.call("DELETE", CFO, None).await.status, 404);
}

#[tokio::test]
async fn the_oracle_counts_what_is_left() {
    let company = company();
    let simulated = start(&company).unwrap();
    let left = |number: &str| (simulated.left)(company.person(number).unwrap());
    assert_eq!(left("E1002").len(), 6, "{:?}", left("E1002"));
    assert_eq!(left("E1005"), ["the account priya.lindqvist@northmoor.example"]);
    assert_eq!(left("E1013"), ["the account viktor.salonen@northmoor.example"]);
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let desk = up().await;
    let reader = as_(&desk, "read-zendesk").await;
    assert_eq!(put(&reader, CFO, json!({ "user": { "suspended": true } })).await, 403);
    assert_eq!(reader.get(CFO).await.body["user"]["suspended"], false);
    assert_eq!(with(&desk, "Bearer revoke-zendesk").get(CFO).await.status, 401, "a client's secret is no token");
    assert_eq!(token(&desk, "read-zendesk", "read write").await.0, 400);
    assert_eq!(token(&desk, "guest", "read").await.0, 401);
    // exeunt@northmoor.example/token:read-zendesk
    let basic = "Basic ZXhldW50QG5vcnRobW9vci5leGFtcGxlL3Rva2VuOnJlYWQtemVuZGVzaw==";
    assert_eq!(with(&desk, basic).get(&format!("{CFO}.json")).await.status, 200);
}
