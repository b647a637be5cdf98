//! Accounts are paged and switched off; tokens outlive that; who belongs to a directory is its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/users/712020:a7100000-0000-4000-8000-000000001002/manage";
const SYNCED: &str = "/users/712020:a7100000-0000-4000-8000-000000001005/manage";

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn up() -> Running {
    serve("atlassian", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("atlassian", &running.url, "https://api.atlassian.com", &format!("Bearer {token}"))
}

#[tokio::test]
async fn managed_accounts_are_paged_and_guests_are_not_among_them() {
    let running = up().await;
    let probe = as_(&running, "read-atlassian");
    let (mut seen, mut path) = (Vec::new(), format!("/admin/v1/orgs/{ORG}/users"));
    loop {
        let body = probe.get(&path).await.body;
        seen.extend(body["data"].as_array().unwrap().clone());
        let Some(next) = body["links"]["next"].as_str() else { break };
        path = next.strip_prefix(&running.url).unwrap().to_owned();
    }
    assert!(seen.len() > PAGE, "{}", seen.len());
    assert!(seen.iter().all(|one| one["email"] != "rafael.okonjo@postbox.example"));
    assert_eq!(seen.iter().filter(|one| one["account_type"] == "app").count(), 1);
    assert_eq!(probe.get(&format!("/admin/v1/orgs/{ORG}/users?cursor=x")).await.status, 400);
    assert_eq!(probe.get(&format!("/admin/v1/orgs/{ORG}")).await.body["data"]["type"], "orgs");
    assert_eq!(probe.get("/admin/v1/orgs/another/users").await.status, 404);
}

#[tokio::test]
async fn tokens_outlive_the_account_that_is_disabled() {
    let company = company();
    let simulated = start(&company).unwrap();
    let running = serve("atlassian", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "revoke-atlassian");
    let left = || (simulated.left)(company.person("E1002").unwrap());
    assert_eq!(left().len(), 9, "{:?}", left());
    let message = Some(json!({ "message": "No longer with the company" }));
    assert_eq!(probe.call("POST", &format!("{CFO}/lifecycle/disable"), message.clone()).await.status, 204);
    assert_eq!(probe.get(&format!("{CFO}/profile")).await.body["account"]["account_status"], "inactive");
    let tokens = probe.get(&format!("{CFO}/api-tokens")).await.body;
    assert_eq!(tokens.as_array().unwrap().len(), 2);
    let token = format!("{CFO}/api-tokens/{}", tokens[0]["id"].as_str().unwrap());
    assert_eq!(probe.call("DELETE", &token, None).await.status, 204);
    assert_eq!(probe.call("DELETE", &token, None).await.status, 404);
    assert_eq!(left().iter().filter(|line| line.contains("token")).count(), 1);
    assert_eq!(probe.call("POST", &format!("{CFO}/lifecycle/enable"), None).await.status, 204);
    assert!(left().iter().any(|line| line.starts_with("the account")));
    // Who is synced belongs to the directory.
    assert_eq!(probe.get(SYNCED).await.body["lifecycle.enablement"]["reason"]["key"], "externalDirectory.present");
    assert_eq!(probe.call("POST", &format!("{SYNCED}/lifecycle/disable"), message).await.status, 403);
}

#[tokio::test]
async fn the_key_decides_what_is_allowed() {
    let running = up().await;
    let reader = as_(&running, "read-atlassian");
    assert_eq!(reader.call("POST", &format!("{CFO}/lifecycle/disable"), None).await.status, 403);
    assert_eq!(reader.get(&format!("{CFO}/profile")).await.body["account"]["account_status"], "active");
    assert_eq!(as_(&running, "guessed").get(CFO).await.status, 401);
}
