//! Who is closed stays in the list, others can't be read one by one, and refusals stand in the place of who was refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::state::{READ_USER, REVOKE_USER};
use super::token::{READ_CLIENT, REVOKE_CLIENT};
use super::*;

const CFO: &str = "d0c50000-0000-4000-8000-000000001002";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("docusign", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

async fn token(running: &Running, iss: &str, sub: &str) -> (u16, Value) {
    let claims = json!({ "iss": iss, "sub": sub, "aud": "account.example", "scope": "signature impersonation", "iat": 1, "exp": 3000 });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let assertion = format!("{}.{}.c2lnbmVk", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("{}/oauth/token", running.url)).form(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn as_(running: &Running, iss: &str, sub: &str) -> Probe {
    let (status, body) = token(running, iss, sub).await;
    assert_eq!(status, 200, "{body}");
    let authorization = format!("Bearer {}", body["access_token"].as_str().unwrap());
    Probe::new("docusign", &running.url, "https://eu.docusign.net", &authorization)
}

fn at(path: &str) -> String {
    format!("/restapi/v2.1/accounts/{ACCOUNT}{path}")
}

#[tokio::test]
async fn a_token_acts_as_who_consented_and_reads_others_from_the_list_only() {
    let running = up().await;
    assert_eq!(token(&running, READ_CLIENT, CFO).await.1["error"], "consent_required");
    let probe = as_(&running, READ_CLIENT, READ_USER).await;
    let mut users = Vec::new();
    loop {
        let body = probe.get(&at(&format!("/users?additional_info=true&count=50&start_position={}", users.len()))).await.body;
        users.extend(body["users"].as_array().unwrap().clone());
        if body["totalSetSize"].as_str() == Some(&*users.len().to_string()) {
            break;
        }
    }
    let cfo = users.iter().find(|user| user["userId"] == CFO).unwrap();
    assert_eq!((&cfo["isAdmin"], &cfo["userStatus"]), (&json!("False"), &json!("Active")));
    assert!(users.len() > 50 && users.iter().any(|user| user["userStatus"] == "Closed"));
    assert_eq!(probe.get(&at(&format!("/users/{READ_USER}"))).await.status, 200);
    assert_eq!(probe.get(&at(&format!("/users/{CFO}"))).await.body["errorCode"], "USER_LACKS_PERMISSIONS");
    for path in ["/groups", "/connect", "/permission_profiles", "/groups/9001/users?count=2"] {
        assert_eq!(probe.get(&at(path)).await.status, 200, "{path}");
    }
    let close = json!({ "users": [{ "userId": CFO }] });
    assert_eq!(probe.call("DELETE", &at("/users"), Some(close)).await.body["errorCode"], "USER_LACKS_PERMISSIONS");
    let nobody = Probe::new("docusign", &running.url, "https://eu.docusign.net", "Bearer guessed");
    assert_eq!(nobody.get(&at("/users")).await.status, 401);
}

#[tokio::test]
async fn closing_says_for_each_user_how_it_went() {
    let running = up().await;
    let probe = as_(&running, REVOKE_CLIENT, REVOKE_USER).await;
    let rule = json!({ "enabled": "true", "eventType": "sent", "fromUsers": [{ "userId": CFO }], "toUser": { "userId": "d0c50000-0000-4000-8000-000000002002" } });
    assert_eq!(probe.call("POST", &at("/envelopes/transfer_rules"), Some(rule)).await.status, 200);
    assert_eq!(probe.get(&at("/envelopes/transfer_rules")).await.body["envelopeTransferRules"][0]["fromUser"]["userId"], CFO);
    let leave = json!({ "users": [{ "userId": CFO }] });
    assert_eq!(probe.call("DELETE", &at("/groups/9003/users"), Some(leave.clone())).await.status, 200);
    assert_eq!(probe.call("DELETE", &at("/groups/9002/users"), Some(leave.clone())).await.status, 400, "everyone's group");

    let closed = probe.call("DELETE", &at("/users"), Some(json!({ "users": [{ "userId": CFO }, { "userId": "nobody" }] }))).await.body;
    assert_eq!(
        (&closed["users"][0]["userStatus"], &closed["users"][1]["errorDetails"]["errorCode"]),
        (&json!("Closed"), &json!("INVALID_USERID"))
    );
    let found = probe.get(&at("/users?email=rafael.okonjo@northmoor.example")).await.body;
    assert_eq!(found["users"][0]["userStatus"], "Closed");
    assert_eq!(probe.call("DELETE", &at("/users"), Some(leave)).await.body["users"][0]["userStatus"], "Closed", "once more");

    // The counsel is an administrator, and so is our own user: one of them may go.
    let counsel =
        json!({ "users": [{ "userId": "d0c50000-0000-4000-8000-000000001007" }, { "userId": "d0c50000-0000-4000-8000-000000001008" }] });
    assert_eq!(probe.call("DELETE", &at("/users"), Some(counsel)).await.body["users"][1]["userStatus"], "Closed");
    let last = probe.call("DELETE", &at("/users"), Some(json!({ "users": [{ "userId": REVOKE_USER }] }))).await.body;
    assert!(last["users"][0]["errorDetails"]["message"].as_str().unwrap().contains("last administrator"));
}
