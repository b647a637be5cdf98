//! A removed member is gone from both interfaces, integrations stay, and the workspace keeps an owner.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

const CFO: &str = "3f1c8a40-0000-4000-8000-000000001002";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("notion", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn rest(running: &Running, token: &str) -> Probe {
    Probe::new("notion", &running.url, "https://api.notion.com", &format!("Bearer {token}")).with("notion-version", "2025-09-03")
}

fn scim(running: &Running, token: &str) -> Probe {
    Probe::new("scim", &format!("{}/scim/v2", running.url), "https://api.notion.com/scim/v2", &format!("Bearer {token}"))
}

#[tokio::test]
async fn members_and_integrations_are_listed_and_the_read_token_changes_nothing() {
    let running = up().await;
    let (probe, members) = (rest(&running, "read-notion"), scim(&running, "revoke-notion"));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = probe.get(&format!("/v1/users?page_size=20{cursor}")).await.body;
        seen.extend(body["results"].as_array().unwrap().clone());
        let Some(next) = body["next_cursor"].as_str() else { break };
        cursor = format!("&start_cursor={next}");
    }
    let me = probe.get("/v1/users/me").await.body;
    assert!(seen.len() > 20 && seen.iter().any(|user| user["id"] == me["id"]));
    let provisioned = members.get("/Users?startIndex=1&count=10").await.body;
    assert_eq!(provisioned["totalResults"], seen.iter().filter(|user| user["type"] == "person").count());
    assert_eq!(members.get("/Groups").await.body["Resources"][0]["members"].as_array().unwrap().len(), 4);
    assert_eq!(members.get(&format!("/Users/{CFO}")).await.body["active"], true);
    assert_eq!(probe.call("PATCH", "/v1/pages/1f000000-0000-4000-8000-000000000001", Some(json!({}))).await.status, 403);
    assert_eq!(scim(&running, "read-notion").get("/Users").await.status, 401, "an integration's token is none of SCIM's");
    assert_eq!(rest(&running, "revoke-notion").get("/v1/users").await.status, 401, "nor the other way round");
    assert_eq!(rest(&running, "anybody").get("/v1/users").await.status, 401);
    let unversioned = Probe::new("planted", &running.url, "https://api.notion.com", "Bearer read-notion");
    assert_eq!(unversioned.get("/v1/users").await.status, 400);
}

#[tokio::test]
async fn a_member_goes_and_the_integration_stays() {
    let running = up().await;
    let (probe, members) = (rest(&running, "read-notion"), scim(&running, "revoke-notion"));
    let path = format!("/Users/{CFO}");
    assert_eq!(members.call("DELETE", &path, None).await.status, 204);
    assert_eq!(members.get(&path).await.status, 404);
    assert_eq!(members.call("DELETE", &path, None).await.status, 404);
    assert_eq!(probe.get(&format!("/v1/users/{CFO}")).await.status, 404);
    let bot = probe.get("/v1/users/7c9e2b60-0000-4000-8000-000000000003").await;
    assert_eq!((bot.status, &bot.body["bot"]["owner"]["user"]["id"]), (200, &json!(CFO)));
    assert_eq!(members.get("/Groups").await.body["Resources"][0]["members"].as_array().unwrap().len(), 3);

    let off = Some(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    }));
    let other = "/Users/3f1c8a40-0000-4000-8000-000000001009";
    assert_eq!(members.call("PATCH", other, off).await.body["active"], false);
    assert_eq!(members.get(other).await.status, 404);
    let last = "/Users/3f1c8a40-0000-4000-8000-000000001010";
    assert_eq!(members.call("DELETE", last, None).await.status, 403);
    assert_eq!(members.get(last).await.status, 200);
}

#[tokio::test]
async fn pages_are_found_by_searching_and_say_whether_they_are_on_the_web() {
    let running = up().await;
    let probe = rest(&running, "read-notion");
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut asked = json!({ "page_size": 2, "filter": { "property": "object", "value": "page" } });
        if !cursor.is_null() {
            asked["start_cursor"] = cursor;
        }
        let body = probe.call("POST", "/v1/search", Some(asked)).await.body;
        seen.extend(body["results"].as_array().unwrap().clone());
        cursor = body["next_cursor"].clone();
        if body["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    let public: Vec<&Value> = seen.iter().filter(|page| page["public_url"].is_string()).collect();
    assert_eq!(public.len(), 3);
    let page = probe.get(&format!("/v1/pages/{}", public[0]["id"].as_str().unwrap())).await.body;
    assert_eq!((&page["created_by"]["id"], &page["public_url"]), (&json!(CFO), &public[0]["public_url"]));
}
