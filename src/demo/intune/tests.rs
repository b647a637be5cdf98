//! Devices obey when they check in, and those out of reach don't.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let router = start(&Arc::new(company)).unwrap().router;
    serve("intune", router, Profile::default(), Faults::default()).await.unwrap()
}

async fn ask_token(running: &Running, client: &str, secret: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/northmoor.example/oauth2/v2.0/token", running.url);
    let response = client.post(url).form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn as_(running: &Running, client: &str) -> Probe {
    let (status, body) = ask_token(running, client, client).await;
    assert_eq!(status, 200);
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    Probe::new("microsoft-graph", &running.url, "https://graph.microsoft.com", &bearer)
}

async fn named(probe: &Probe, name: &str) -> Value {
    let name = name.replace('\'', "''").replace(' ', "%20");
    let path = format!("/v1.0/deviceManagement/managedDevices?$filter=deviceName%20eq%20'{name}'");
    probe.get(&path).await.body["value"][0].clone()
}

fn path_of(device: &Value) -> String {
    format!("/v1.0/deviceManagement/managedDevices/{}", device["id"].as_str().unwrap())
}

#[tokio::test]
async fn the_list_is_paged_and_holds_what_is_planted() {
    let intune = up().await;
    let probe = as_(&intune, "read-intune").await;
    assert_eq!(probe.get("/v1.0/organization").await.body["value"][0]["displayName"], "Northmoor Instruments");
    let mut path = "/v1.0/deviceManagement/managedDevices?$select=deviceName,userId&$count=true".to_owned();
    let mut seen = Vec::new();
    loop {
        let body = probe.get(&path).await.body;
        assert_eq!(body["@odata.count"], 425);
        seen.extend(body["value"].as_array().unwrap().clone());
        match body["@odata.nextLink"].as_str() {
            Some(next) => path = next.strip_prefix(&intune.url).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 425);
    let laptop = named(&probe, "NM-LAPTOP-0001").await;
    assert_eq!(laptop["managedDeviceOwnerType"], "company");
    assert_eq!(laptop["userPrincipalName"], "ingrid.vasquez-holm@northmoor.example");
    let phone = named(&probe, "Amara's iPhone").await;
    assert_eq!(phone["managedDeviceOwnerType"], "personal");
    assert_eq!(phone["lastSyncDateTime"], "2026-03-07T09:00:00Z");
    assert_eq!(named(&probe, "Luis old Pixel").await["lastSyncDateTime"], "2025-08-22T09:00:00Z");
    let of_user = probe.get("/v1.0/users/rafael.okonjo@northmoor.example/managedDevices").await.body;
    let names: Vec<_> = of_user["value"].as_array().unwrap().iter().map(|d| &d["deviceName"]).collect();
    assert_eq!(names, ["NM-LAPTOP-0002", "Okonjo iPad"]);
    assert_eq!(probe.get("/v1.0/deviceManagement/managedDevices?$filter=deviceName").await.status, 400);
    assert_eq!(probe.get("/v1.0/users/nobody@northmoor.example/managedDevices").await.status, 404);
}

#[tokio::test]
async fn a_retired_device_is_pending_until_it_checks_in_and_then_gone() {
    let intune = up().await;
    let probe = as_(&intune, "revoke-intune").await;
    let ipad = path_of(&named(&probe, "Okonjo iPad").await);
    assert_eq!(probe.call("POST", &format!("{ipad}/retire"), None).await.status, 204);
    let pending = probe.get(&ipad).await.body;
    assert_eq!(pending["managementState"], "retirePending");
    assert_eq!(pending["deviceActionResults"][0]["actionState"], "pending");
    tokio::time::sleep(CHECK_IN * 2).await;
    assert_eq!(probe.get(&ipad).await.status, 404);
    assert_eq!(probe.call("POST", &format!("{ipad}/retire"), None).await.status, 404);
}

#[tokio::test]
async fn a_device_that_is_offline_stays_pending() {
    let intune = up().await;
    let probe = as_(&intune, "revoke-intune").await;
    let pixel = path_of(&named(&probe, "Luis old Pixel").await);
    assert_eq!(probe.call("POST", &format!("{pixel}/retire"), None).await.status, 204);
    tokio::time::sleep(CHECK_IN * 2).await;
    assert_eq!(probe.get(&pixel).await.body["managementState"], "retirePending");
    assert_eq!(probe.call("DELETE", &pixel, None).await.status, 204);
    assert_eq!(probe.get(&pixel).await.status, 404);
}

#[tokio::test]
async fn a_locked_laptop_stays_and_a_wiped_one_goes() {
    let intune = up().await;
    let probe = as_(&intune, "revoke-intune").await;
    let laptop = path_of(&named(&probe, "NM-LAPTOP-0002").await);
    assert_eq!(probe.call("POST", &format!("{laptop}/remoteLock"), None).await.status, 204);
    tokio::time::sleep(CHECK_IN * 2).await;
    assert_eq!(probe.get(&laptop).await.body["deviceActionResults"][0]["actionState"], "done");
    let wipe = Some(json!({ "keepEnrollmentData": false, "keepUserData": false }));
    assert_eq!(probe.call("POST", &format!("{laptop}/wipe"), wipe).await.status, 204);
    assert_eq!(probe.get(&laptop).await.body["managementState"], "wipePending");
    tokio::time::sleep(CHECK_IN * 2).await;
    assert_eq!(probe.get(&laptop).await.status, 404);
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let intune = up().await;
    let reader = as_(&intune, "read-intune").await;
    let ipad = path_of(&named(&reader, "Okonjo iPad").await);
    assert_eq!(reader.call("POST", &format!("{ipad}/retire"), None).await.status, 403);
    assert_eq!(reader.get(&ipad).await.body["managementState"], "managed");
    let guessed = Probe::new("microsoft-graph", &intune.url, "https://graph.microsoft.com", "Bearer read-intune");
    assert_eq!(guessed.get("/v1.0/organization").await.status, 401);
    let (status, body) = ask_token(&intune, "read-intune", "wrong").await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
}
