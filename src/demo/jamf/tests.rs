//! Commands are queued and obeyed later, or never; what each list knows; who may do what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn up() -> Running {
    serve("jamf-pro", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

async fn as_(running: &Running, client: &str) -> Probe {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", client)];
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(format!("{}/api/oauth/token", running.url)).form(&form);
    let issued: Value = request.send().await.unwrap().json().await.unwrap();
    let token = issued["access_token"].as_str().unwrap_or("none");
    Probe::new("jamf", &running.url, "https://northmoor.jamfcloud.com", &format!("Bearer {token}"))
}

fn order(management: &str, command: Value) -> Option<Value> {
    Some(json!({ "clientData": [{ "managementId": management }], "commandData": command }))
}

#[tokio::test]
async fn each_list_of_phones_knows_another_half() {
    let running = up().await;
    let probe = as_(&running, "read-jamf-pro").await;
    let short = probe.get("/api/v2/mobile-devices?page=0&page-size=100").await.body;
    assert!(short["results"][0]["managementId"].is_string() && short["results"][0]["emailAddress"].is_null());
    let long = probe.get("/api/v2/mobile-devices/detail?section=GENERAL&section=USER_AND_LOCATION").await.body;
    assert_eq!(long["results"][0]["userAndLocation"]["emailAddress"], "rafael.okonjo@northmoor.example");
    assert_eq!(long["totalCount"], 6);
    let first = probe.get("/api/v1/computers-inventory?page=0&page-size=5").await.body;
    assert!(first["results"].as_array().unwrap().len() == 5 && first["results"][0]["hardware"].is_null());
    assert!(first["totalCount"].as_u64().unwrap() > 60);
    assert_eq!(probe.get("/api/v1/computers-inventory?page-size=2001").await.status, 400);
    assert_eq!(probe.get("/api/v1/computers-inventory/999999").await.status, 404);
    assert_eq!(probe.get("/api/v2/mdm/commands").await.status, 400, "a filter is needed");
}

#[tokio::test]
async fn a_device_does_what_it_is_told_when_it_answers() {
    let company = company();
    let simulated = start(&company).unwrap();
    let running = serve("jamf-pro", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "revoke-jamf-pro").await;
    let left = |number: &str| (simulated.left)(company.person(number).unwrap());
    assert_eq!(left("E1002").len(), 5, "{:?}", left("E1002"));
    let mac = "3a000000-0000-4000-8000-000000001002";
    let lock = json!({ "commandType": "DEVICE_LOCK", "pin": "482913" });
    assert_eq!(probe.call("POST", "/api/v2/mdm/commands", order(mac, json!({ "commandType": "DEVICE_LOCK" }))).await.status, 400, "no PIN");
    assert_eq!(probe.call("POST", "/api/v2/mdm/commands", order("another", lock.clone())).await.status, 400);
    let queued = probe.call("POST", "/api/v2/mdm/commands", order(mac, lock.clone())).await;
    assert_eq!((queued.status, queued.body[0]["id"].is_string()), (201, true));
    let state = async |management: &str| {
        let path = format!("/api/v2/mdm/commands?filter=clientManagementId%3D%3D{management}%20and%20command%3D%3DDEVICE_LOCK");
        probe.get(&path).await.body["results"][0]["commandState"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(mac).await, "PENDING");
    assert_eq!(left("E1002").len(), 5);
    assert_eq!(state(mac).await, "ACKNOWLEDGED");
    assert_eq!(left("E1002").len(), 4);
    // One that is off stays as it is.
    let off = "3a000000-0000-4000-8000-000000001011";
    assert_eq!(probe.call("POST", "/api/v2/mdm/commands", order(off, lock)).await.status, 201);
    assert_eq!((state(off).await, state(off).await, left("E1011").len()), ("PENDING".into(), "PENDING".into(), 1));
}

#[tokio::test]
async fn the_client_decides_what_is_allowed() {
    let running = up().await;
    let reader = as_(&running, "read-jamf-pro").await;
    let lock = order("3a000000-0000-4000-8000-000000001002", json!({ "commandType": "DEVICE_LOCK", "pin": "482913" }));
    assert_eq!(reader.call("POST", "/api/v2/mdm/commands", lock).await.status, 403);
    assert_eq!(reader.get("/api/v1/auth").await.body["account"]["username"], "exeunt read");
    assert_eq!(as_(&running, "guessed").await.get("/api/user").await.status, 401);
}
