//! The doors forget whom they are told to forget, and still know whom nobody mentioned.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let router = start(&Arc::new(company)).unwrap().router;
    serve("kisi", router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, authorization: &str) -> Probe {
    Probe::new("kisi", &running.url, "https://api.kisi.io", authorization)
}

async fn member_of(probe: &Probe, email: &str) -> Value {
    let found = probe.get(&format!("/members?query={email}")).await.body;
    assert_eq!(found.as_array().unwrap().len(), 1, "{email}");
    found[0].clone()
}

#[tokio::test]
async fn everyone_employed_is_a_member_and_so_is_one_who_left() {
    let doors = up().await;
    let probe = as_(&doors, "KISI-LOGIN read-kisi");
    let mut seen = 0;
    while let Some(members) =
        probe.get(&format!("/members?limit=100&offset={seen}")).await.body.as_array().filter(|members| !members.is_empty())
    {
        seen += members.len();
    }
    assert_eq!(seen, 412);
    let last = probe.get("/members?limit=100&offset=400").await;
    assert_eq!(last.headers["x-collection-range"], "400-411/412");
    for email in ["viktor.salonen@northmoor.example", "soren.adeyemi@northmoor.example"] {
        assert_eq!(member_of(&probe, email).await["access_enabled"], true);
    }
    for path in ["/groups", "/groups/4401", "/locks", "/logins?limit=250", "/role_assignments?limit=250"] {
        assert_eq!(probe.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_is_taken_away_is_gone_on_the_next_read() {
    let doors = up().await;
    let probe = as_(&doors, "KISI-LOGIN revoke-kisi");
    let member = member_of(&probe, "rafael.okonjo@northmoor.example").await;
    let (id, user) = (&member["id"], &member["user_id"]);

    let off = Some(json!({ "member": { "access_enabled": false } }));
    assert_eq!(probe.call("PATCH", &format!("/members/{id}"), off).await.status, 204);
    assert_eq!(probe.get(&format!("/members/{id}")).await.body["access_enabled"], false);

    let roles = format!("/role_assignments?user_id={user}");
    let before = probe.get(&roles).await.body;
    assert_eq!(before.as_array().unwrap().len(), 3, "{before}");
    let role = format!("/role_assignments/{}", before[0]["id"]);
    assert_eq!(probe.get(&role).await.status, 200);
    assert_eq!(probe.call("DELETE", &role, None).await.status, 204);
    assert_eq!(probe.get(&role).await.status, 404);

    let links = probe.get("/group_links").await.body;
    assert_eq!(links[0]["issued_by"]["email"], "rafael.okonjo@northmoor.example");
    assert_eq!(probe.call("DELETE", &format!("/group_links/{}", links[0]["id"]), None).await.status, 204);
    assert_eq!(probe.get("/group_links").await.body.as_array().unwrap().len(), 1);

    let cards = format!("/cards?user_id={user}");
    assert_eq!(probe.get(&cards).await.body[0]["activated"], true);
    assert_eq!(probe.call("DELETE", &format!("/members/{id}"), None).await.status, 204);
    assert_eq!(probe.get(&format!("/members/{id}")).await.status, 404);
    assert_eq!(probe.get(&roles).await.body, json!([]));
    assert_eq!(probe.get(&cards).await.body, json!([]));
}

#[tokio::test]
async fn only_the_vendors_own_scheme_and_the_right_key_let_in() {
    let doors = up().await;
    assert_eq!(as_(&doors, "Bearer read-kisi").get("/members").await.status, 401);
    assert_eq!(as_(&doors, "").get("/members").await.status, 401);
    let reader = as_(&doors, "KISI-LOGIN read-kisi");
    assert_eq!(reader.call("DELETE", "/members/7001002", None).await.status, 403);
    assert_eq!(reader.get("/members/7001002").await.body["access_enabled"], true);
}
