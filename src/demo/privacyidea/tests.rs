//! Factors are listed by owner and switched off one by one; what is revoked stays so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

async fn up() -> (Arc<Company>, Running, Left) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    (company, serve("privacyidea", router, Profile::default(), Faults::default()).await.unwrap(), left)
}

async fn as_(running: &Running, hand: &str) -> Probe {
    let nobody = Probe::new("privacyidea", &running.url, "https://mfa.northmoor.example", "");
    let order = json!({ "username": format!("exeunt-{hand}"), "password": format!("{hand}-privacyidea") });
    let ticket = nobody.call("POST", "/auth", Some(order)).await.body["result"]["value"]["token"].as_str().unwrap().to_owned();
    Probe::new("privacyidea", &running.url, "https://mfa.northmoor.example", &ticket)
}

#[tokio::test]
async fn tokens_come_in_pages_and_their_owners_may_have_vanished() {
    let (company, running, left) = up().await;
    let probe = as_(&running, "read").await;
    let mut seen = Vec::new();
    let mut number = 1;
    loop {
        let value = probe.get(&format!("/token/?page={number}")).await.body["result"]["value"].clone();
        assert!(value["tokens"].as_array().unwrap().len() <= 15);
        seen.extend(value["tokens"].as_array().unwrap().clone());
        match value["next"].as_u64() {
            Some(next) => number = next,
            None => break assert_eq!(value["count"], seen.len()),
        }
    }
    let vanished = seen.iter().find(|token| token["user_id"].as_str().unwrap().ends_with("-1013")).unwrap();
    assert_eq!((&vanished["username"], &vanished["active"]), (&json!(""), &json!(true)));
    assert!(left(company.person("E1013").unwrap()).is_empty());
    assert_eq!(seen.iter().filter(|token| token["user_id"] == "").count(), 2, "nobody's");
    assert_eq!(probe.get("/token/?serial=none").await.body["result"]["value"]["count"], 0);
    let denied = probe.call("POST", "/token/disable/OATH0002A9C1", None).await;
    assert_eq!((denied.status, &denied.body["result"]["error"]["code"]), (403, &json!(303)));
    let nobody = Probe::new("privacyidea", &running.url, "https://mfa.northmoor.example", "");
    assert_eq!(nobody.get("/token/").await.status, 401);
    let says_json = as_(&running, "read").await.with("content-type", "application/json");
    assert_eq!(says_json.get("/token/").await.status, 400);
    assert_eq!(probe.get("/nowhere").await.status, 200, "the web interface");
}

#[tokio::test]
async fn tokens_are_switched_off_one_by_one() {
    let (company, running, left) = up().await;
    let cfo = company.person("E1002").unwrap();
    let probe = as_(&running, "revoke").await;
    assert_eq!(left(cfo).len(), 6);
    let all = json!({ "user": "rafael.okonjo", "realm": "corp" });
    assert_eq!(probe.call("POST", "/token/disable", Some(all)).await.body["result"]["error"]["code"], 905);
    let active = probe.get("/token/?user=rafael.okonjo&realm=corp&active=true").await.body["result"]["value"]["tokens"].clone();
    for token in active.as_array().unwrap() {
        let path = format!("/token/disable/{}", token["serial"].as_str().unwrap());
        assert_eq!(probe.call("POST", &path, None).await.body["result"]["value"], 1);
        assert_eq!(probe.call("POST", &path, None).await.body["result"]["value"], 0);
    }
    assert_eq!(left(cfo), ["nm-laptop-0002 takes passwords of OATH0002A9C1 offline"]);
    assert_eq!(probe.call("POST", "/token/revoke/PIPU0001B3D2", None).await.body["result"]["value"], 1);
    assert_eq!(probe.call("POST", "/token/enable/PIPU0001B3D2", None).await.body["result"]["error"]["code"], 1007);
    assert_eq!(probe.call("DELETE", "/machine/token/OATH0002A9C1/17/hosts/offline", None).await.body["result"]["value"], 1);
    assert_eq!(probe.call("DELETE", "/token/PIPU0001B3D2", None).await.body["result"]["value"], 1);
    assert_eq!(probe.call("DELETE", "/token/PIPU0001B3D2", None).await.status, 404);
    assert!(left(cfo).is_empty());
}
