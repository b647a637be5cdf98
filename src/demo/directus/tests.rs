//! Links outlive their maker's account, a limit that is too high is refused, and the last administrator stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/users/d1ec7000-0000-4000-8000-0000000e1002";
const ADMIN: &str = "/users/d1ec7000-0000-4000-8000-0000000e1008";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("directus", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("directus", &running.url, "https://content.northmoor.example", &format!("Bearer {token}"))
}

fn data(body: &Value) -> &Vec<Value> {
    body["data"].as_array().unwrap()
}

#[tokio::test]
async fn lists_end_with_an_empty_page_and_too_much_is_refused() {
    let running = up().await;
    let probe = as_(&running, "read-directus");
    let mut seen = 0;
    loop {
        let page = probe.get(&format!("/users?limit=-1&sort=id&fields=id,email,token&offset={seen}")).await.body;
        if data(&page).is_empty() {
            break;
        }
        assert!(data(&page).iter().all(|user| user["token"].is_null() || user["token"] == "**********"));
        seen += data(&page).len();
    }
    assert!(seen > 30, "{seen}");
    let refused = probe.get("/users?limit=101&fields=id").await;
    assert_eq!((refused.status, &refused.body["errors"][0]["extensions"]["code"]), (400, &json!("INVALID_QUERY")));
    assert_eq!(probe.get("/users?fields=id,nope").await.status, 403);
    assert_eq!(probe.get("/users/d1ec7000-0000-4000-8000-0000000e9999").await.status, 403);
    assert_eq!(data(&probe.get("/users?filter%5Bid%5D%5B_eq%5D=nobody&fields=id").await.body).len(), 0);
    assert_eq!(probe.get("/nothing").await.status, 404);
    for path in ["/policies", "/roles", "/access", "/shares", "/flows", "/users/me"] {
        assert_eq!(probe.get(path).await.status, 200, "{path}");
    }
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "status": "suspended" }))).await.status, 403);
    assert_eq!(as_(&running, "guessed").get("/users").await.status, 401);
    let nobody = Probe::new("directus", &running.url, "https://content.northmoor.example", "");
    assert_eq!(nobody.get("/users").await.status, 403);
}

#[tokio::test]
async fn suspending_ends_the_token_and_leaves_the_links() {
    let running = up().await;
    let probe = as_(&running, "revoke-directus");
    let own = as_(&running, "okonjo-figures");
    assert_eq!(own.get("/users/me?fields=email").await.body["data"]["email"], "rafael.okonjo@northmoor.example");
    let shares = probe.get("/shares?fields=id,name,max_uses,times_used").await.body;
    let of = |name: &str| data(&shares).iter().find(|share| share["name"] == name).unwrap()["id"].as_str().unwrap().to_owned();
    let open = async |name: &str| {
        let share = json!({ "share": of(name), "mode": "json" });
        probe.call("POST", "/shares/auth", Some(share)).await.status
    };
    assert_eq!(probe.call("PATCH", &format!("{CFO}?fields=id"), Some(json!({ "status": "suspended" }))).await.status, 200);
    assert_eq!(own.get("/users/me").await.status, 401);
    assert_eq!(open("Lenders").await, 200);
    assert_eq!((open("Once only").await, open("Once only").await), (200, 401), "it had been opened once already");
    assert_eq!((open("Last year's lenders").await, open("Board, by password").await), (401, 401));
    let lenders = format!("/shares/{}", of("Lenders"));
    for _ in 0..2 {
        assert_eq!(probe.call("DELETE", &lenders, None).await.status, 204);
    }
    assert_eq!(open("Lenders").await, 401);
    // The token comes back with the account unless it is cleared.
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "status": "active" }))).await.status, 200);
    assert_eq!(own.get("/users/me").await.status, 200);
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "token": null }))).await.body["data"]["token"], Value::Null);
    assert_eq!(own.get("/users/me").await.status, 401);
}

#[tokio::test]
async fn the_last_administrator_stays_and_what_is_gone_answers_with_nothing() {
    let running = up().await;
    let probe = as_(&running, "revoke-directus");
    let refused = probe.call("PATCH", ADMIN, Some(json!({ "status": "suspended" }))).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["extensions"]["code"]), (422, &json!("UNPROCESSABLE_CONTENT")));
    assert_eq!(probe.call("DELETE", ADMIN, None).await.status, 422);
    let flows = probe.get("/flows?fields=id,user_created&limit=1&sort=id").await.body;
    let flow = format!("/flows/{}?fields=status", data(&flows)[0]["id"].as_str().unwrap());
    assert_eq!(probe.call("PATCH", &flow, Some(json!({ "status": "inactive" }))).await.body["data"]["status"], "inactive");
    assert_eq!(probe.call("DELETE", CFO, None).await.status, 204);
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "status": "suspended" }))).await.status, 204);
    let shares = probe.get("/shares?filter[name][_eq]=Lenders&fields=user_created").await.body;
    assert_eq!(data(&shares)[0]["user_created"], Value::Null, "the link stays");
    assert_eq!(probe.call("PATCH", "/users/cfo", Some(json!({ "status": "suspended" }))).await.status, 403);
}
