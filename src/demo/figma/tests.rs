//! Members by SCIM, everything else by REST, each with its own token; a removal is in the log, and closes no link.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/Users/1137054136200001002";

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn up() -> Running {
    serve("figma", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn rest(running: &Running, token: &str) -> Probe {
    Probe::new("figma", &running.url, "https://api.figma.com", "").with("x-figma-token", token)
}

fn scim(running: &Running, token: &str) -> Probe {
    let (base, public) = (format!("{}/scim/v2/{TENANT}", running.url), "https://www.figma.com/scim/v2");
    Probe::new("scim", &base, public, &format!("Bearer {token}"))
}

fn off() -> Option<Value> {
    Some(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    }))
}

#[tokio::test]
async fn the_log_is_read_backwards_page_by_page() {
    let running = up().await;
    let probe = rest(&running, "read-figma");
    let (mut seen, mut end) = (Vec::new(), String::new());
    loop {
        let meta = probe.get(&format!("/v1/activity_logs?order=desc&limit=20{end}")).await.body["meta"].clone();
        let events = meta["activity_logs"].as_array().unwrap().clone();
        let last = events.last().unwrap()["timestamp"].as_i64().unwrap();
        seen.extend(events.into_iter().map(|event| event["id"].to_string()));
        if meta["next_page"] == false {
            break;
        }
        end = format!("&end_time={last}");
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() > 30, "{}", seen.len());
    for path in ["/v2/teams/1401286822445490001/folders", "/v2/folders/5001/files", "/v1/files/fkInvestor0000000001/meta"] {
        assert_eq!(probe.get(path).await.status, 200, "{path}");
    }
    let plan = format!("/v2/webhooks?plan_api_id=organization:{TENANT}");
    let hooks = probe.get(&plan).await.body;
    assert_eq!(hooks["webhooks"].as_array().unwrap().len(), 2);
    assert!(hooks["pagination"]["next_page"].is_string());
    assert_eq!(probe.get("/v1/me").await.status, 403, "a plan's token is nobody's");
    assert_eq!(rest(&running, "revoke-figma").get(&plan).await.status, 403);
    assert_eq!(rest(&running, "anybody").get("/v1/activity_logs").await.status, 401);
}

#[tokio::test]
async fn whoever_is_inactive_is_out_and_the_link_stays_open() {
    let company = company();
    let simulated = start(&company).unwrap();
    let running = serve("figma", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let left = |number: &str| (simulated.left)(company.person(number).unwrap());
    let members = scim(&running, "revoke-figma");
    assert_eq!(left("E1002").len(), 3, "{:?}", left("E1002"));
    assert_eq!(members.call("PATCH", CFO, off()).await.body["active"], false);
    assert_eq!(members.get(CFO).await.body["active"], false);
    assert_eq!(left("E1002"), ["the file Investor day deck, open to anyone"]);
    let log = rest(&running, "read-figma").get("/v1/activity_logs?events=org_user_delete&order=desc").await.body;
    assert_eq!(log["meta"]["activity_logs"][0]["entity"]["id"], "1137054136200001002");
    assert_eq!(members.call("DELETE", CFO, None).await.status, 204);
    assert_eq!(members.get(CFO).await.status, 404);
    assert_eq!(members.call("PATCH", "/Users/1137054136299990002", off()).await.status, 404, "a guest is no member");
    assert_eq!(members.call("PATCH", "/Users/1137054136200001010", off()).await.status, 403, "the last admin");
    assert_eq!(scim(&running, "read-figma").get("/Users").await.status, 401);
}
