//! Lists are whole only for a caller who asks for pages; a server takes its time to stop; with a user goes all that is theirs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

const CFO: &str = "/users/rafael.okonjo@northmoor.example";
const CRO: &str = "/users/tobias.marchetti@northmoor.example";

async fn up() -> (Running, Left, Company) {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let built = start(&company).unwrap();
    (serve("jupyterhub", built.router, Profile::default(), Faults::default()).await.unwrap(), built.left, company)
}

async fn call(running: &Running, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method.parse().unwrap(), format!("{}/hub/api{path}", running.url));
    request = request.header("authorization", format!("token {token}")).header("accept", "application/jupyterhub-pagination+json");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn get(running: &Running, path: &str) -> (u16, Value) {
    call(running, "read-jupyterhub", "GET", path, None).await
}

#[tokio::test]
async fn a_list_is_in_pages_only_for_who_asks() {
    let (running, _, _) = up().await;
    let mut seen = Vec::new();
    loop {
        let (_, body) = get(&running, &format!("/users?limit=20&offset={}", seen.len())).await;
        seen.extend(body["items"].as_array().unwrap().clone());
        if body["_pagination"]["next"].is_null() {
            break;
        }
    }
    assert!(seen.len() > 40, "{}", seen.len());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let bare = client.get(format!("{}/hub/api/groups", running.url)).header("authorization", "token read-jupyterhub");
    assert!(bare.send().await.unwrap().json::<Value>().await.unwrap().is_array());
}

#[tokio::test]
async fn with_a_user_goes_all_that_is_theirs_once_the_server_has_stopped() {
    let (running, left, company) = up().await;
    let revoke = |method: &'static str, path: String| {
        let running = &running;
        async move { call(running, "revoke-jupyterhub", method, &path, None).await }
    };
    let cro = company.person("E1006").unwrap();
    assert_eq!(revoke("DELETE", format!("{CRO}/server")).await.0, 202);
    let (status, body) = revoke("DELETE", CRO.to_owned()).await;
    assert!(status == 400 && body["message"].as_str().unwrap().contains("please wait"), "{body}");
    assert_eq!(get(&running, &format!("{CRO}?include_stopped_servers=1")).await.1["servers"][""]["pending"], "stop");
    assert_eq!(get(&running, CRO).await.1["servers"], json!({}));
    assert_eq!(revoke("DELETE", CRO.to_owned()).await.0, 204);
    assert_eq!(get(&running, CRO).await, (404, json!({ "status": 404, "message": null })));
    assert!(left(cro).is_empty(), "{:?}", left(cro));
}

#[tokio::test]
async fn tokens_shares_and_invitations_are_taken_one_by_one() {
    let (running, left, company) = up().await;
    let cfo = company.person("E1002").unwrap();
    let had = left(cfo).len();
    let call = |method: &'static str, path: String, body: Option<Value>| {
        let running = &running;
        async move { call(running, "revoke-jupyterhub", method, &path, body).await }
    };
    assert_eq!(call("DELETE", format!("{CFO}/tokens/a11"), None).await.0, 204);
    let (status, body) = get(&running, &format!("{CFO}/tokens/a11")).await;
    assert!(status == 404 && body["message"].as_str().unwrap().starts_with("No such token"), "{body}");
    let shared = format!("{CFO}/shared");
    assert_eq!(get(&running, &shared).await.1["_pagination"]["total"], 3, "by name, and through a group");
    let by = "/shares/gustav.pereira@northmoor.example/";
    assert_eq!(call("PATCH", by.to_owned(), Some(json!({ "user": cfo.work_email, "group": null }))).await, (200, json!({})));
    assert_eq!(get(&running, &shared).await.1["items"][1]["kind"], "group");
    let code = "/share-codes/rafael.okonjo@northmoor.example/?id=sc_1";
    assert_eq!(call("DELETE", code.to_owned(), None).await.0, 204);
    assert_eq!(call("DELETE", code.to_owned(), None).await.0, 404);
    assert_eq!(call("DELETE", format!("{CFO}/server"), None).await.0, 204);
    // The server and the token that it was given go at once.
    assert_eq!(left(cfo).len(), had - 5, "{:?}", left(cfo));
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let (running, _, _) = up().await;
    for (token, method) in [("read-jupyterhub", "DELETE"), ("guessed", "GET")] {
        assert_eq!(call(&running, token, method, CFO, None).await.0, 403);
    }
}
