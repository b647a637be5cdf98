//! Nobody with an open incident is deleted, the owner stays, and whoever is gone is called no more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("pagerduty", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, authorization: &str) -> Probe {
    let probe = Probe::new("pagerduty", &running.url, "https://api.pagerduty.com", authorization);
    probe.with("content-type", "application/json").with("from", "oncall-desk@northmoor.example")
}

#[tokio::test]
async fn the_read_key_sees_who_is_called_and_changes_nothing() {
    let running = up().await;
    let probe = as_(&running, "Token token=read-pagerduty");
    let (mut seen, mut more) = (Vec::new(), true);
    while more {
        let body = probe.get(&format!("/users?limit=30&total=true&offset={}", seen.len())).await.body;
        seen.extend(body["users"].as_array().unwrap().clone());
        more = body["more"] == true;
        assert_eq!(more, body["total"].as_u64().unwrap() > seen.len() as u64);
    }
    assert!(seen.len() > 30);
    assert_eq!(seen.iter().filter(|user| user["role"] == "owner").count(), 1);
    for path in [
        "/users/P001003",
        "/users/P001003/contact_methods",
        "/users/P001003/contact_methods/PC00001",
        "/teams",
        "/teams/PTPLATF",
        "/teams/PTPLATF/members",
        "/schedules",
        "/schedules/PSNIGHT",
        "/escalation_policies",
        "/oncalls",
        "/incidents",
        "/webhook_subscriptions",
        "/webhook_subscriptions/PW00001",
        "/users/P001003/oauth_delegations",
    ] {
        assert_eq!(probe.get(path).await.status, 200, "{path}");
    }
    let called = probe.get("/escalation_policies?user_ids[]=P001003").await.body;
    assert_eq!(called["escalation_policies"].as_array().unwrap().len(), 1);
    assert_eq!(probe.get("/users?offset=10001").await.status, 400);
    assert_eq!(probe.call("DELETE", "/users/P001008", None).await.status, 403);
    assert_eq!(probe.get("/users/P001008").await.status, 200);
    assert_eq!(as_(&running, "Token token=anybody").get("/users").await.status, 401);
    assert_eq!(as_(&running, "Bearer read-pagerduty").get("/teams").await.status, 200);
}

#[tokio::test]
async fn a_user_goes_when_nothing_open_is_assigned() {
    let running = up().await;
    let probe = as_(&running, "Token token=revoke-pagerduty");
    assert_eq!(probe.call("DELETE", "/users/P001003", None).await.status, 400);
    let to = json!({ "assignee": { "id": "P002003", "type": "user_reference" } });
    let change = json!({ "incidents": [{ "id": "Q1OPEN000001", "type": "incident_reference", "assignments": [to] }] });
    let moved = probe.call("PUT", "/incidents", Some(change)).await;
    assert_eq!((moved.status, &moved.body["incidents"][0]["assignments"][0]["assignee"]["id"]), (200, &json!("P002003")));
    let left = probe.get("/incidents?user_ids[]=P001003&statuses[]=triggered").await.body;
    assert_eq!(left["incidents"], json!([]));
    assert_eq!(probe.call("DELETE", "/users/P001003", None).await.status, 204);
    assert_eq!(probe.get("/users/P001003").await.status, 404);
    assert_eq!(probe.call("DELETE", "/users/P001003", None).await.status, 404);
    assert_eq!(probe.get("/oncalls?user_ids[]=P001003").await.body["oncalls"], json!([]));
    assert_eq!(probe.get("/teams/PTPLATF/members").await.body["members"].as_array().unwrap().len(), 2);
    assert_eq!(probe.get("/webhook_subscriptions/PW00001").await.status, 200, "a webhook is nobody's and stays");
    assert_eq!(probe.call("DELETE", "/webhook_subscriptions/PW00001", None).await.status, 204);
    assert_eq!(probe.get("/webhook_subscriptions/PW00001").await.status, 404);
}

#[tokio::test]
async fn sessions_contacts_teams_and_roles_are_taken_one_by_one() {
    let running = up().await;
    let probe = as_(&running, "Token token=revoke-pagerduty");
    for kind in ["web", "mobile"] {
        assert_eq!(probe.call("DELETE", &format!("/oauth_delegations?user_id=P001002&type={kind}"), None).await.status, 200);
    }
    let issued = probe.get("/users/P001002/oauth_delegations?status=issued").await.body;
    assert_eq!(issued["oauth_delegations"].as_array().unwrap().len(), 1, "what a program was given outlives sessions");
    assert_eq!(issued["oauth_delegations"][0]["delegation_type"], "integration");
    let revoked = probe.get("/users/P001002/oauth_delegations?status=revoked&delegation_type=web").await.body;
    assert_eq!(revoked["oauth_delegations"][0]["status"], "revoked");

    let contact = "/users/P001003/contact_methods/PC00001";
    assert_eq!(probe.call("DELETE", contact, None).await.status, 204);
    assert_eq!(probe.get(contact).await.status, 404);
    assert_eq!(probe.call("DELETE", "/teams/PTPLATF/users/P001003", None).await.status, 204);
    assert_eq!(probe.call("DELETE", "/teams/PTPLATF/users/P001003", None).await.status, 404);
    let user = |role: &str| {
        Some(json!({ "user": { "type": "user", "name": "Mei-Lin Tavares", "email": "meilin.tavares@northmoor.example", "role": role } }))
    };
    assert_eq!(probe.call("PUT", "/users/P001003", user("restricted_access")).await.body["user"]["role"], "restricted_access");
    assert_eq!(probe.get("/users/P001003").await.body["user"]["role"], "restricted_access");
    assert_eq!(probe.call("PUT", "/users/P001008", user("user")).await.status, 403);
    assert_eq!(probe.call("DELETE", "/users/P001008", None).await.status, 403);
}
