//! Sessions, consents and refresh tokens each end by their own call, and a refresh token outlives the account.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

async fn up() -> (Arc<Company>, Running, Left) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    (company, serve("glewlwyd", router, Profile::default(), Faults::default()).await.unwrap(), left)
}

async fn signed_in(running: &Running) -> Probe {
    let nobody = Probe::new("glewlwyd", &running.url, "https://sso.plant.northmoor.example", "");
    let order = json!({ "username": "exeunt-revoke", "password": "revoke-glewlwyd" });
    let cookie = nobody.call("POST", "/api/auth/", Some(order)).await.headers["set-cookie"].to_str().unwrap().to_owned();
    nobody.with("cookie", cookie.split(';').next().unwrap())
}

#[tokio::test]
async fn an_empty_page_ends_a_list_and_strangers_get_401() {
    let (_, running, _) = up().await;
    let probe = signed_in(&running).await;
    let all = probe.get("/api/user/?limit=1000").await.body.as_array().unwrap().len();
    let mut seen = 0;
    loop {
        let part = probe.get(&format!("/api/user/?limit=20&offset={seen}")).await.body;
        let count = part.as_array().unwrap().len();
        if count == 0 {
            break assert_eq!(seen, all);
        }
        seen += count;
    }
    assert_eq!(probe.get("/api/profile_list/").await.body[0]["username"], "exeunt-revoke");
    assert_eq!(probe.get("/api/user/nobody").await.status, 404);
    assert_eq!(probe.get("/api/delegate/nobody/profile/session").await.status, 401);
    let stranger = Probe::new("glewlwyd", &running.url, "https://sso.plant.northmoor.example", "").with("cookie", "GLEWLWYD2_SESSION_ID=x");
    assert_eq!(stranger.get("/api/user/").await.status, 401);
    let wrong = json!({ "username": "exeunt-revoke", "password": "guess" });
    assert_eq!(stranger.call("POST", "/api/auth/", Some(wrong)).await.status, 401);
}

#[tokio::test]
async fn a_refresh_token_outlives_the_account_and_its_sessions() {
    let (company, running, left) = up().await;
    let cfo = company.person("E1002").unwrap();
    let probe = signed_in(&running).await;
    let user = "/api/user/rafael.okonjo";
    assert_eq!(probe.call("PUT", user, Some(json!({ "enabled": false }))).await.status, 200);
    assert_eq!(probe.call("PUT", user, Some(json!({ "enabled": "no" }))).await.status, 400);
    let profile = "/api/delegate/rafael.okonjo/profile";
    for session in probe.get(&format!("{profile}/session")).await.body.as_array().unwrap() {
        let path = format!("{profile}/session/{}", session["session_hash"].as_str().unwrap().replace('{', "%7B").replace('}', "%7D"));
        assert_eq!(probe.call("DELETE", &path, None).await.status, 200);
    }
    for client in ["cost-sheets", "line-monitor"] {
        let path = format!("/api/delegate/rafael.okonjo/auth/grant/{client}");
        assert_eq!(probe.call("PUT", &path, Some(json!({ "scope": "" }))).await.status, 200);
    }
    assert_eq!(probe.get(&format!("{profile}/grant")).await.body, json!([]));
    assert_eq!(left(cfo), ["a refresh token of cost-sheets yields access for rafael.okonjo"]);
    let tokens = probe.get("/api/glwd/profile/token?impersonate=rafael.okonjo").await.body;
    for token in tokens.as_array().unwrap() {
        let hash = token["token_hash"].as_str().unwrap().replace('{', "%7B").replace('}', "%7D");
        let path = format!("/api/glwd/profile/token/{hash}?impersonate=rafael.okonjo");
        assert_eq!(probe.call("DELETE", &path, None).await.status, 200);
    }
    assert!(left(cfo).is_empty());
    let again = probe.get("/api/glwd/profile/token?impersonate=rafael.okonjo").await.body;
    assert_eq!((again.as_array().unwrap().len(), &again[0]["enabled"]), (2, &json!(false)), "ended ones stay in the list");
}
