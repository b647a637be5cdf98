//! Two keys and a password open the API, pages have a cap, some lists have none, and whoever owns the account stays its administrator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/v1/api/users/8701002";

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn as_(running: &Running, hand: &str) -> Probe {
    let user = format!("exeunt.{hand}");
    let secret = format!("{hand}-brivo");
    let form = [("grant_type", "password"), ("username", user.as_str()), ("password", secret.as_str())];
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(format!("{}/oauth/token", running.url));
    let issued = request.basic_auth(format!("{hand}-client"), Some(&secret)).header("api-key", API_KEY).form(&form).send().await.unwrap();
    let issued: Value = issued.json().await.unwrap();
    let token = issued["access_token"].as_str().unwrap_or("none");
    Probe::new("brivo", &running.url, "https://api.brivo.com", &format!("bearer {token}")).with("api-key", API_KEY)
}

#[tokio::test]
async fn pages_have_a_cap_and_a_users_lists_have_none() {
    let running = serve("brivo", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "read").await;
    let first = probe.get("/v1/api/users?pageSize=500").await.body;
    assert_eq!((first["data"].as_array().unwrap().len(), first["pageSize"].as_u64()), (100, Some(100)));
    let rest = probe.get("/v1/api/users?pageSize=100&offset=100").await.body;
    assert_eq!(rest["data"].as_array().unwrap().len() as u64, rest["count"].as_u64().unwrap() - 100);
    let held = probe.get(&format!("{CFO}/credentials?offset=2")).await.body;
    assert_eq!((held["data"].as_array().unwrap().len(), held["offset"].is_null()), (3, true));
    assert_eq!(probe.get("/v1/api/administrators/whoami").await.body["username"], "exeunt.read");
    assert_eq!(probe.call("PUT", &format!("{CFO}/suspended"), Some(json!({ "suspended": true }))).await.status, 403);
    assert_eq!(as_(&running, "guessed").await.get("/v1/api/users").await.status, 401);
    let without_key = Probe::new("brivo", &running.url, "https://api.brivo.com", "bearer any");
    assert_eq!(without_key.get("/v1/api/users").await.status, 403);
}

#[tokio::test]
async fn whoever_is_suspended_keeps_what_they_had() {
    let company = company();
    let simulated = start(&company).unwrap();
    let running = serve("brivo", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "revoke").await;
    let left = || (simulated.left)(company.person("E1002").unwrap());
    assert_eq!(left().len(), 5, "{:?}", left());
    assert_eq!(probe.call("PUT", &format!("{CFO}/suspended"), Some(json!({ "suspended": true }))).await.body["suspended"], true);
    assert_eq!(left(), ["the administrator rafael.okonjo"]);
    assert_eq!(probe.get(&format!("{CFO}/credentials")).await.body["count"], 3);
    assert_eq!(probe.call("DELETE", &format!("{CFO}/credentials/88001"), None).await.status, 204);
    assert_eq!(probe.call("DELETE", &format!("{CFO}/credentials/88001"), None).await.status, 404);
    assert_eq!(probe.call("DELETE", "/v1/api/groups/76002/users/8701002", None).await.status, 204);
    assert_eq!(probe.get(&format!("{CFO}/groups")).await.body["count"], 1);
    assert_eq!(probe.call("DELETE", "/v1/api/administrators/314003", None).await.status, 204);
    assert_eq!(probe.get("/v1/api/administrators/314003").await.status, 404);
    assert_eq!(probe.call("DELETE", "/v1/api/administrators/314001", None).await.status, 403, "the owner of the account");
    assert!(left().is_empty());
}
