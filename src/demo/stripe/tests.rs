//! A card that is cancelled stays so; a cardholder who is inactive pays with none; keys and the team are in no answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

async fn up() -> (Running, Left, Company) {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let built = start(&company).unwrap();
    (serve("stripe", built.router, Profile::default(), Faults::default()).await.unwrap(), built.left, company)
}

async fn call(running: &Running, key: &str, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method.parse().unwrap(), format!("{}/v1{path}", running.url)).bearer_auth(key);
    if !form.is_empty() {
        request = request.form(form);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn lists_go_on_after_the_last_record_seen() {
    let (running, _, _) = up().await;
    let mut path = "/issuing/cardholders?limit=20".to_owned();
    let mut seen = Vec::new();
    loop {
        let (status, body) = call(&running, "read-stripe", "GET", &path, &[]).await;
        assert_eq!(status, 200);
        seen.extend(body["data"].as_array().unwrap().clone());
        if body["has_more"] == false {
            break;
        }
        path = format!("/issuing/cardholders?limit=20&starting_after={}", seen.last().unwrap()["id"].as_str().unwrap());
    }
    assert!(seen.len() > 40, "{}", seen.len());
    let (_, first) = call(&running, "read-stripe", "GET", "/issuing/cardholders", &[]).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 10);
    assert_eq!(call(&running, "read-stripe", "GET", "/issuing/cards?starting_after=ic_nobody", &[]).await.0, 404);
}

#[tokio::test]
async fn what_is_cancelled_or_blocked_stays_so() {
    let (running, left, company) = up().await;
    let of_cfo = || left(company.person("E1002").unwrap()).into_iter().filter(|line| line.contains("card")).count();
    assert_eq!(of_cfo(), 2);
    let holder = "/issuing/cardholders/ich_E1002";
    let (status, body) = call(&running, "revoke-stripe", "POST", holder, &[("status", "inactive")]).await;
    assert_eq!((status, &body["status"]), (200, &json!("inactive")));
    assert_eq!(of_cfo(), 0);
    let (_, cards) = call(&running, "read-stripe", "GET", "/issuing/cards?cardholder=ich_E1002", &[]).await;
    assert_eq!(cards["data"][0]["status"], "active", "a card's own status says nothing of its holder's");
    for (to, status) in [("canceled", 200), ("active", 400)] {
        assert_eq!(call(&running, "revoke-stripe", "POST", "/issuing/cards/ic_E1002", &[("status", to)]).await.0, status);
    }
    let blocked = "/issuing/cardholders/ich_E1006";
    assert_eq!(call(&running, "revoke-stripe", "POST", blocked, &[("status", "inactive")]).await.0, 400);
    assert_eq!(call(&running, "revoke-stripe", "POST", holder, &[("state", "off")]).await.1["error"]["code"], "parameter_unknown");
}

#[tokio::test]
async fn a_webhook_is_switched_off_or_deleted() {
    let (running, _, _) = up().await;
    let hook = "/webhook_endpoints/we_okonjo";
    assert_eq!(call(&running, "revoke-stripe", "POST", hook, &[("disabled", "true")]).await.1["status"], "disabled");
    assert_eq!(call(&running, "revoke-stripe", "DELETE", hook, &[]).await.1["deleted"], true);
    let (status, body) = call(&running, "read-stripe", "GET", hook, &[]).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("resource_missing")));
}

#[tokio::test]
async fn the_key_decides_what_is_allowed() {
    let (running, _, _) = up().await;
    assert_eq!(call(&running, "read-stripe", "POST", "/issuing/cards/ic_E1002", &[("status", "canceled")]).await.0, 403);
    assert_eq!(call(&running, "guessed", "GET", "/account", &[]).await.0, 401);
}
