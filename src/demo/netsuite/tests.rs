//! Inactive alone is not gone; one address stands on several records; queries are paged, and refuse what they don't know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

const CFO: &str = "/services/rest/record/v1/employee/1002";

async fn up() -> (Running, Left, Company) {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let built = start(&company).unwrap();
    (serve("netsuite", built.router, Profile::default(), Faults::default()).await.unwrap(), built.left, company)
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("planted", &running.url, "https://planted.example", &format!("Bearer {token}")).with("prefer", "transient")
}

async fn ask(probe: &Probe, query: &str, page: &str) -> (u16, Value) {
    let answer = probe.call("POST", &format!("/services/rest/query/v1/suiteql{page}"), Some(json!({ "q": query }))).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn queries_are_paged_and_values_are_texts() {
    let (running, _, _) = up().await;
    let probe = as_(&running, "read-netsuite");
    let all = "SELECT id, email, giveaccess, supervisor FROM employee ORDER BY id";
    let mut seen = Vec::new();
    for page in 0..5 {
        let (_, body) = ask(&probe, all, &format!("?limit=100&offset={}", page * 100)).await;
        assert_eq!((&body["totalResults"], &body["hasMore"]), (&json!(413), &json!(page < 4)));
        seen.extend(body["items"].as_array().unwrap().clone());
    }
    assert_eq!((seen.len(), &seen[0]["id"], &seen[1]["id"]), (413, &json!("88"), &json!("1001")));
    assert!(seen[1].get("supervisor").is_none(), "null is left out");
    assert_eq!(ask(&probe, all, "?limit=100&offset=50").await.0, 400);
    assert_eq!(ask(&probe, all, "?limit=2000").await.0, 400);
    let (_, count) = ask(&probe, "SELECT COUNT(*) AS n FROM employee WHERE supervisor = 1002 AND isinactive = 'F'", "").await;
    assert!(count["items"][0]["n"].as_str().unwrap().parse::<u32>().unwrap() > 0);
    let used = "SELECT user, oauthappname, oauthaccesstokenname, TO_CHAR(MAX(date), 'YYYY-MM-DD') AS last FROM loginaudit \
                WHERE oauthaccesstokenname IS NOT NULL AND date > SYSDATE - 180 GROUP BY user, oauthappname, oauthaccesstokenname";
    let (_, tokens) = ask(&probe, used, "").await;
    let of_cfo: Vec<_> = tokens["items"].as_array().unwrap().iter().filter(|row| row["user"] == "1002").collect();
    assert_eq!((of_cfo.len(), &of_cfo[0]["last"]), (1, &json!("2026-03-08")));
    for wrong in ["SELECT nothing FROM employee", "SELECT id FROM nothing", "DELETE FROM employee"] {
        let (status, body) = ask(&probe, wrong, "").await;
        assert_eq!((status, &body["o:errorDetails"][0]["o:errorCode"]), (400, &json!("INVALID_PARAMETER")), "{wrong}");
    }
    let without = Probe::new("planted", &running.url, "https://planted.example", "Bearer read-netsuite");
    assert_eq!(ask(&without, all, "").await.0, 400, "the header is missing");
}

#[tokio::test]
async fn inactive_alone_comes_back_and_a_vendor_has_an_access_of_its_own() {
    let (running, left, company) = up().await;
    let probe = as_(&running, "revoke-netsuite");
    let cfo = company.person("E1002").unwrap();
    assert_eq!(left(cfo).len(), 4, "{:?}", left(cfo));
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "isInactive": true }))).await.status, 204);
    assert!(left(cfo)[0].contains("as soon as"), "{:?}", left(cfo));
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "giveAccess": false }))).await.status, 204);
    let record = probe.get(&format!("{CFO}?fields=giveAccess,isInactive")).await.body;
    assert_eq!(record, json!({ "links": [], "id": "1002", "giveAccess": false, "isInactive": true }));
    assert!(left(cfo).iter().any(|line| line.contains("vendor")), "{:?}", left(cfo));
    assert_eq!(probe.call("PATCH", "/services/rest/record/v1/vendor/5001", Some(json!({ "giveAccess": false }))).await.status, 204);
    assert!(!left(cfo).iter().any(|line| line.contains("vendor")), "{:?}", left(cfo));
    assert_eq!(probe.get("/services/rest/record/v1/employee/1").await.body["o:errorDetails"][0]["o:errorCode"], "NONEXISTENT_ID");
}

#[tokio::test]
async fn the_last_administrator_stays_and_the_token_decides_what_is_allowed() {
    let (running, _, _) = up().await;
    let last = "/services/rest/record/v1/employee/1008";
    let off = Some(json!({ "giveAccess": false, "isInactive": true }));
    assert_eq!(as_(&running, "revoke-netsuite").call("PATCH", last, off.clone()).await.status, 400);
    assert_eq!(as_(&running, "read-netsuite").call("PATCH", CFO, off).await.status, 403);
    assert_eq!(as_(&running, "guessed").get(CFO).await.status, 401);
}
