//! The account keeps its last super administrator; revoking a user ends sessions, not devices or rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::company::Company;
use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

async fn up(vendor: &Vendor) -> (Running, Left, Arc<Company>) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = (vendor.start)(&company).unwrap();
    (serve(vendor.name, router, Profile::default(), Faults::default()).await.unwrap(), left, company)
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("cloudflare", &running.url, "https://api.cloudflare.com", &format!("Bearer {token}"))
}

fn at(path: &str) -> String {
    format!("/client/v4/accounts/{ACCOUNT}/{path}")
}

#[tokio::test]
async fn the_last_super_administrator_stays() {
    let (running, left, company) = up(&VENDOR).await;
    let probe = as_(&running, "revoke-cloudflare");
    let members = probe.get(&at("members?per_page=50")).await.body;
    let id = |email: &str| {
        let all = members["result"].as_array().unwrap();
        all.iter().find(|member| member["user"]["email"] == email).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let [tavares, okonjo, invited] =
        ["mei-lin.tavares@northmoor.example", "rafael.okonjo@northmoor.example", "rafael.okonjo@postbox.example"].map(id);
    assert_eq!(probe.call("DELETE", &at(&format!("members/{tavares}")), Some(json!({}))).await.status, 403);
    let person = company.person("E1002").unwrap();
    assert_eq!(left(person).len(), 3, "{:?}", left(person));
    for gone in [okonjo, invited] {
        let path = at(&format!("members/{gone}"));
        assert_eq!(as_(&running, "read-cloudflare").call("DELETE", &path, Some(json!({}))).await.status, 403);
        assert_eq!(probe.call("DELETE", &path, Some(json!({}))).await.status, 200);
        assert_eq!(probe.get(&path).await.status, 404);
    }
    assert_eq!(left(person), ["the registrant of northmoor-pay.example"]);
    assert_eq!(as_(&running, "anybody").get(&at("members")).await.status, 401);
    assert_eq!(probe.get("/client/v4/accounts/other/members").await.status, 404);
}

#[tokio::test]
async fn revoking_a_user_ends_sessions_and_nothing_else() {
    let (running, left, company) = up(&ZERO_TRUST).await;
    let probe = as_(&running, "revoke-cloudflare-zero-trust");
    let person = company.person("E1002").unwrap();
    let before = left(person);
    assert_eq!(before.iter().filter(|line| line.starts_with("a session")).count(), 2, "{before:?}");
    let email = Some(json!({ "email": person.work_email }));
    assert_eq!(probe.call("POST", &at("access/organizations/revoke_user"), email).await.body["result"], true);
    assert_eq!(left(person), before[2..]);
    let devices = probe.get(&at("devices?per_page=1000")).await.body;
    let mine = devices["result"].as_array().unwrap().iter().filter(|device| device["user"]["email"] == person.work_email.as_str());
    let ids: Vec<Value> = mine.map(|device| device["id"].clone()).collect();
    assert_eq!(probe.call("POST", &at("devices/revoke"), Some(ids.clone().into())).await.status, 200);
    let path = at(&format!("devices/{}", ids[0].as_str().unwrap()));
    assert!(probe.get(&path).await.body["result"]["revoked_at"].is_string());
    assert_eq!(probe.call("POST", &at("devices/unrevoke"), Some(ids.into())).await.status, 200);
    assert!(probe.get(&path).await.body["result"]["revoked_at"].is_null());
    assert_eq!(probe.call("POST", &at("devices/revoke"), Some(json!(["nobody"]))).await.status, 404);
}
