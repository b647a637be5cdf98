//! Users and what they hold are told and taken as Keycloak does, offline sessions last of all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

const CFO: &str = "/admin/realms/customers/users/e0000000-0000-4000-8000-000000001002";
const CTO: &str = "/admin/realms/customers/users/e0000000-0000-4000-8000-000000001003";

async fn up() -> (Arc<Company>, Running, Left) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    (company, serve("keycloak", router, Profile::default(), Faults::default()).await.unwrap(), left)
}

async fn as_(running: &Running, hand: &str) -> Probe {
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", format!("exeunt-{hand}")),
        ("client_secret", format!("{hand}-keycloak")),
    ];
    let url = format!("{}/realms/customers/protocol/openid-connect/token", running.url);
    let response = reqwest::Client::builder().no_proxy().build().unwrap().post(url).form(&form).send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    Probe::new("keycloak", &running.url, "https://sso.northmoor.example", &bearer)
}

#[tokio::test]
async fn lists_come_in_parts_and_a_weak_token_changes_nothing() {
    let (_, running, _) = up().await;
    let reader = as_(&running, "read").await;
    let all = reader.get("/admin/realms/customers/users?first=0&max=500").await.body.as_array().unwrap().len();
    let count = reader.get("/admin/realms/customers/users/count").await.body;
    assert_eq!(count, all);
    let first = reader.get("/admin/realms/customers/users?first=0&max=10").await.body;
    let second = reader.get("/admin/realms/customers/users?first=10&max=10").await.body;
    assert_eq!((first.as_array().unwrap().len(), second.as_array().unwrap().len()), (10, 10));
    assert_ne!(first[0]["id"], second[0]["id"]);
    assert_eq!(reader.get("/admin/realms/customers/users?username=rafael.okonjo&exact=true").await.body[0]["enabled"], true);
    assert_eq!(reader.call("PUT", CFO, Some(json!({ "enabled": false }))).await.status, 403);
    let nobody = Probe::new("keycloak", &running.url, "https://sso.northmoor.example", "Bearer read-keycloak");
    assert_eq!(nobody.get(CFO).await.status, 401);
}

#[tokio::test]
async fn an_offline_session_outlives_the_account_until_its_client_is_withdrawn() {
    let (company, running, left) = up().await;
    let cfo = company.person("E1002").unwrap();
    let probe = as_(&running, "revoke").await;
    let phone = format!("{CFO}/offline-sessions/f2000000-0000-4000-8000-000000000003");
    assert_eq!(probe.call("PUT", CFO, Some(json!({ "enabled": false }))).await.status, 204);
    assert_eq!(probe.call("POST", &format!("{CFO}/logout"), None).await.status, 204);
    let order = json!({ "type": "password", "temporary": true, "value": "aB3-long-enough" });
    assert_eq!(probe.call("PUT", &format!("{CFO}/reset-password"), Some(order)).await.status, 204);
    assert_eq!(probe.get(&format!("{CFO}/sessions")).await.body, json!([]));
    assert_eq!(probe.get(&phone).await.body.as_array().unwrap().len(), 1);
    assert!(left(cfo).iter().any(|line| line.contains("portal-mobile has an offline session")));
    // A client that never asked for consent is withdrawn in the same way.
    for client in ["portal-mobile", "invoice-export"] {
        assert_eq!(probe.call("DELETE", &format!("{CFO}/consents/{client}"), None).await.status, 204);
        assert_eq!(probe.call("DELETE", &format!("{CFO}/consents/{client}"), None).await.status, 404);
    }
    assert_eq!(probe.get(&phone).await.body, json!([]));
    assert!(!left(cfo).iter().any(|line| line.contains("offline")));
}

#[tokio::test]
async fn factors_links_groups_and_roles_go_one_by_one() {
    let (company, running, left) = up().await;
    let probe = as_(&running, "revoke").await;
    for factor in probe.get(&format!("{CFO}/credentials")).await.body.as_array().unwrap() {
        if factor["type"] != "password" {
            let path = format!("{CFO}/credentials/{}", factor["id"].as_str().unwrap());
            assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
            assert_eq!(probe.call("DELETE", &path, None).await.status, 404);
        }
    }
    assert_eq!(probe.call("DELETE", &format!("{CFO}/federated-identity/google"), None).await.status, 204);
    assert_eq!(probe.call("DELETE", &format!("{CFO}/federated-identity/google"), None).await.status, 404);
    let mapped = probe.get(&format!("{CFO}/role-mappings")).await.body;
    let client = mapped["clientMappings"]["realm-management"].clone();
    let of_client = format!("{CFO}/role-mappings/clients/{}", client["id"].as_str().unwrap());
    assert_eq!(probe.call("DELETE", &of_client, Some(client["mappings"].clone())).await.status, 204);
    assert_eq!(probe.get(&of_client).await.body, json!([]));
    let credit: Vec<Value> =
        mapped["realmMappings"].as_array().unwrap().iter().filter(|role| role["name"] == "credit-approver").cloned().collect();
    assert_eq!(probe.call("DELETE", &format!("{CFO}/role-mappings/realm"), Some(credit.into())).await.status, 204);
    let effective = probe.get(&format!("{CFO}/role-mappings/realm/composite")).await.body;
    assert_eq!(effective.as_array().unwrap().len(), 3, "the default roles");
    let group = probe.get(&format!("{CFO}/groups")).await.body[0]["id"].clone();
    assert_eq!(probe.call("DELETE", &format!("{CFO}/groups/{}", group.as_str().unwrap()), None).await.status, 204);
    assert!(!left(company.person("E1002").unwrap()).iter().any(|line| line.contains("role") || line.contains("factor")));
    // What a directory has the last word about is not changed here.
    let refused = probe.call("PUT", CTO, Some(json!({ "enabled": false }))).await;
    assert_eq!((refused.status, &refused.body["errorMessage"]), (400, &json!("User is read only!")));
}
