//! Each way in has a switch of its own, an end is a number of seconds, and a key must become a token first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "user_id=5a000000-0000-4000-8000-000000001002";

fn company() -> Arc<Company> {
    Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap())
}

async fn as_(running: &Running, key: &str) -> Probe {
    let probe = || Probe::new("verkada", &running.url, "https://api.verkada.com", "");
    let issued = probe().with("x-api-key", key).call("POST", "/token", None).await;
    probe().with("x-verkada-auth", issued.body["token"].as_str().unwrap_or("none"))
}

#[tokio::test]
async fn each_way_in_is_switched_off_by_itself() {
    let company = company();
    let simulated = start(&company).unwrap();
    let running = serve("verkada", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "revoke-verkada").await;
    let left = || (simulated.left)(company.person("E1002").unwrap());
    assert_eq!(left().len(), 6, "{:?}", left());
    let user = probe.get(&format!("/access/v1/access_users/user?{CFO}")).await.body;
    assert_eq!((user["cards"].as_array().unwrap().len(), user["cards"][1]["active"].as_bool()), (2, Some(false)));
    let end = format!("/access/v1/access_users/user/end_date?{CFO}");
    let put = async |path: &str, body: Option<Value>| probe.call("PUT", path, body).await.status;
    assert_eq!(put(&end, Some(json!({ "end_date": "2026-03-10T09:00:00Z" }))).await, 400, "seconds are wanted");
    assert_eq!(put(&end, Some(json!({ "end_date": "1600000000" }))).await, 200);
    assert_eq!(left().len(), 5, "{:?}", left());
    let card = user["cards"][0]["card_id"].as_str().unwrap();
    assert_eq!(put(&format!("/access/v1/credentials/card/deactivate?{CFO}&card_id={card}"), None).await, 200);
    assert_eq!(put(&format!("/access/v1/credentials/license_plate/deactivate?{CFO}&license_plate_number=NM%2044%20102"), None).await, 200);
    assert_eq!(put(&format!("/access/v1/access_users/user/ble/deactivate?{CFO}"), None).await, 200);
    assert_eq!(put(&format!("/access/v1/access_users/user/remote_unlock/deactivate?{CFO}"), None).await, 200);
    let code = format!("/access/v1/access_users/user/entry_code?{CFO}");
    assert_eq!(probe.call("DELETE", &code, None).await.status, 200);
    assert_eq!(probe.call("DELETE", &code, None).await.status, 400);
    assert_eq!(left(), Vec::<String>::new());
    assert_eq!(probe.get("/access/v1/access_users/user").await.status, 400, "whom?");
}

#[tokio::test]
async fn the_key_decides_what_is_allowed() {
    let running = serve("verkada", start(&company()).unwrap().router, Profile::default(), Faults::default()).await.unwrap();
    let reader = as_(&running, "read-verkada").await;
    assert!(reader.get("/access/v1/access_users").await.body["access_members"].as_array().unwrap().len() > 60);
    assert_eq!(reader.call("PUT", &format!("/access/v1/access_users/user/ble/deactivate?{CFO}"), None).await.status, 403);
    assert_eq!(as_(&running, "guessed").await.get("/access/v1/access_groups").await.status, 401);
}
