//! The portal forgets a user and keeps the owner, archived; what the owner owned is still theirs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const USERS: &str = "/settings/users/2026-03";
const CFO: &str = "/settings/users/2026-03/rafael.okonjo@northmoor.example?idProperty=EMAIL";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("hubspot", start(&company).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("hubspot", &running.url, "https://api.hubapi.com", &format!("Bearer {token}"))
}

async fn results(probe: &Probe, path: &str) -> Vec<Value> {
    let answer = probe.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn users_are_paged_and_their_roles_and_teams_named() {
    let portal = up().await;
    let probe = as_(&portal, "read-hubspot");
    let mut path = format!("{USERS}?limit=40");
    let mut seen = Vec::new();
    loop {
        let body = probe.get(&path).await.body;
        seen.extend(body["results"].as_array().unwrap().clone());
        match body["paging"]["next"]["after"].as_str() {
            Some(after) => path = format!("{USERS}?limit=40&after={after}"),
            None => break,
        }
    }
    assert!(seen.len() > 80, "{}", seen.len());
    assert!(seen.iter().any(|user| user["email"] == "viktor.salonen@northmoor.example"));
    let cfo = probe.get(CFO).await.body;
    assert_eq!((&cfo["roleIds"], &cfo["secondaryTeamIds"]), (&json!(["301"]), &json!(["401"])));
    assert_eq!(results(&probe, &format!("{USERS}/roles")).await[0]["name"], "Deal approver");
    assert_eq!(results(&probe, &format!("{USERS}/teams")).await[0]["secondaryUserIds"], json!(["6001002"]));
    assert_eq!(probe.get(&format!("{USERS}/1")).await.status, 404);
}

#[tokio::test]
async fn a_removed_user_leaves_an_archived_owner_and_records() {
    let portal = up().await;
    let probe = as_(&portal, "revoke-hubspot");
    let owner = results(&probe, "/crm/v3/owners?email=rafael.okonjo@northmoor.example").await[0].clone();
    assert_eq!(owner["userId"], 6_001_002);
    assert_eq!(probe.call("DELETE", CFO, None).await.status, 204);
    assert_eq!(probe.call("DELETE", CFO, None).await.status, 404);
    assert_eq!(probe.get(CFO).await.status, 404);
    assert!(results(&probe, "/crm/v3/owners?email=rafael.okonjo@northmoor.example").await.is_empty());
    let gone = results(&probe, "/crm/v3/owners?archived=true").await;
    assert_eq!((gone.len(), &gone[0]["id"]), (1, &owner["id"]));
    assert_eq!(probe.get("/crm/v3/owners/3001002?archived=true").await.body["archived"], true);
    assert_eq!(results(&probe, &format!("{USERS}/teams")).await[0]["secondaryUserIds"], json!([]));
    let owned = "/crm/v3/objects/companies?properties=name,hubspot_owner_id";
    assert_eq!(results(&probe, owned).await[0]["properties"]["hubspot_owner_id"], owner["id"]);
    let batch = |to: &str| Some(json!({ "inputs": [{ "id": "501", "properties": { "hubspot_owner_id": to } }] }));
    let update = "/crm/v3/objects/companies/batch/update";
    assert_eq!(probe.call("POST", update, batch("3001002")).await.status, 400, "an archived owner");
    assert_eq!(probe.call("POST", update, batch("3002002")).await.status, 200);
    assert_eq!(results(&probe, owned).await[0]["properties"]["hubspot_owner_id"], "3002002");
}

#[tokio::test]
async fn the_last_super_admin_stays() {
    let portal = up().await;
    let probe = as_(&portal, "revoke-hubspot");
    assert_eq!(probe.call("DELETE", CFO, None).await.status, 204);
    assert_eq!(probe.call("DELETE", &format!("{USERS}/6001008"), None).await.status, 400);
    assert_eq!(probe.get(&format!("{USERS}/6001008")).await.status, 200);
}

#[tokio::test]
async fn records_are_searched_by_owner_and_sign_ins_listed_newest_first() {
    let portal = up().await;
    let probe = as_(&portal, "read-hubspot");
    let filter = json!({ "propertyName": "hubspot_owner_id", "operator": "EQ", "value": "3001002" });
    let search = json!({ "filterGroups": [{ "filters": [filter] }], "properties": [], "sorts": [], "limit": 1, "after": "0" });
    for kind in ["companies", "0-3"] {
        let answer = probe.call("POST", &format!("/crm/v3/objects/{kind}/search"), Some(search.clone())).await;
        assert_eq!((answer.status, &answer.body["total"]), (200, &json!(1)), "{kind}");
    }
    let logins = results(&probe, "/account-info/2026-03/activity/login?userId=6001002&limit=10").await;
    let times: Vec<_> = logins.iter().map(|login| login["loginAt"].as_str().unwrap()).collect();
    assert!(times.len() == 2 && times[0] > times[1], "{times:?}");
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let portal = up().await;
    let reader = as_(&portal, "read-hubspot");
    assert_eq!(reader.call("DELETE", CFO, None).await.status, 403);
    assert_eq!(reader.get(CFO).await.status, 200);
    assert_eq!(as_(&portal, "guessed").get(CFO).await.status, 401);
}
