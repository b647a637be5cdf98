//! HR from outside: what it lists, how it pages, and what a termination changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine;

use super::*;
use crate::demo::faults::Faults;
use crate::demo::probe::Probe;
use crate::demo::vendor::{Profile, Running, serve};

async fn hr() -> (BambooHr, Running) {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let hr = BambooHr::new(&company).unwrap();
    let up = serve("bamboohr", hr.router(), Profile::default(), Faults::default()).await.unwrap();
    (hr, up)
}

fn caller(up: &Running, key: &str) -> Probe {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{key}:x"));
    Probe::new("bamboohr", &up.url, "https://northmoor.bamboohr.com", &format!("Basic {basic}"))
}

#[tokio::test]
async fn the_list_pages_through_everyone_the_former_included() {
    let (_, up) = hr().await;
    let reader = caller(&up, "read-bamboohr");
    let first = "/api/v1/employees?fields=workEmail,homeEmail,mobilePhone,hireDate,departmentName,reportsToId&page%5Blimit%5D=250";
    let page = reader.get(first).await;
    assert_eq!(page.body["meta"]["total"], 412);
    assert_eq!(page.body["data"].as_array().unwrap().len(), 250);
    assert_eq!(page.body["data"][1]["homeEmail"], "rafael.okonjo@postbox.example");
    let next = page.body["_links"]["next"]["href"].as_str().unwrap();
    let page = reader.get(next.strip_prefix(&up.url).unwrap()).await;
    assert_eq!(page.body["data"].as_array().unwrap().len(), 162);
    assert!(page.body["meta"]["page"]["nextCursor"].is_null());
    let gone = reader.get("/api/v1/employees?filter%5Bstatus%5D=inactive").await;
    assert_eq!(gone.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(gone.body["data"][0]["employeeId"], "1013");
    assert_eq!(reader.get("/api/v1/employees?page%5Bafter%5D=abc").await.status, 400);
    let directory = reader.get("/api/v1/employees/directory").await;
    assert_eq!(directory.body["employees"].as_array().unwrap().len(), 411);
}

#[tokio::test]
async fn a_termination_is_told_and_flips_the_status_when_its_day_comes() {
    let (hr, up) = hr().await;
    let reader = caller(&up, "read-bamboohr");
    let fields = "fields=status,terminationDate,employeeNumber,employmentStatus,reportsToId,workEmail";
    let cfo = format!("/api/v1/employees/1002?{fields}");
    let before = reader.get(&cfo).await.body;
    assert_eq!(before["employeeNumber"], "E1002");
    assert_eq!((&before["status"], &before["terminationDate"]), (&json!("Active"), &Value::Null));
    let since = now().to_string();
    let changes = format!("/api/v1/employees/changed?since={since}");
    assert_eq!(reader.get(&changes).await.body["employees"], json!({}));

    hr.terminate("E1002", "2026-03-10".parse().unwrap()).unwrap();
    let after = reader.get(&cfo).await.body;
    assert_eq!((&after["status"], &after["terminationDate"]), (&json!("Inactive"), &json!("2026-03-10")));
    let changed = reader.get(&changes).await.body;
    assert_eq!(changed["employees"].as_object().unwrap().len(), 1);
    assert_eq!(changed["employees"]["1002"]["action"], "Updated");
    assert_eq!(changed["latest"], changed["employees"]["1002"]["lastChanged"]);
    let wrongly = caller(&up, "read-bamboohr").wrongly();
    for wrong in ["", "?since=yesterday", "?since=2026-03-01T00:00:00Z&type=some"] {
        assert_eq!(wrongly.get(&format!("/api/v1/employees/changed{wrong}")).await.status, 400, "{wrong}");
    }
    hr.rescind("E1002").unwrap();
    assert_eq!(reader.get(&cfo).await.body["status"], "Active");
    assert!(hr.terminate("E0000", "2026-03-10".parse().unwrap()).is_err());
}

#[tokio::test]
async fn a_date_in_the_future_shows_only_to_those_who_ask() {
    let (hr, up) = hr().await;
    let reader = caller(&up, "read-bamboohr");
    let coo = "/api/v1/employees/1004?fields=status,terminationDate";
    assert!(reader.get(coo).await.body["terminationDate"].is_null());
    let ahead = reader.get(&format!("{coo}&onlyCurrent=false")).await.body;
    assert_eq!((&ahead["status"], &ahead["terminationDate"]), (&json!("Active"), &json!("2026-05-09")));
    let rows = reader.get("/api/v1/employees/1004/tables/employmentStatus").await.body;
    assert_eq!(rows[1]["employmentStatus"], "Terminated");
    let since = now();
    hr.day_comes("2026-05-09".parse().unwrap());
    assert_eq!(reader.get(coo).await.body["status"], "Inactive");
    let changes = format!("/api/v1/employees/changed?since={since}");
    let changed = reader.get(&changes).await.body["employees"].clone();
    assert_eq!(changed.as_object().unwrap().len(), 1);
    assert_eq!(changed["1004"]["action"], "Updated");
}

#[tokio::test]
async fn keys_reach_as_far_as_they_should_and_webhooks_tell_their_key_once() {
    let (_, up) = hr().await;
    assert_eq!(caller(&up, "wrong").get("/api/v1/employees").await.status, 401);
    let hook = json!({
        "name": "exeunt", "url": "https://exeunt.northmoor.example/hr", "format": "json",
        "events": ["employee.updated"], "monitorFields": ["terminationDate"],
    });
    let hooks = "/api/v1/webhooks";
    let reader = caller(&up, "read-bamboohr");
    assert_eq!(reader.call("POST", hooks, Some(hook.clone())).await.status, 403);
    let writer = caller(&up, "revoke-bamboohr");
    let made = writer.call("POST", hooks, Some(hook)).await;
    assert_eq!(made.status, 201);
    assert!(made.body["privateKey"].is_string());
    let own = format!("{hooks}/{}", made.body["id"].as_str().unwrap());
    assert!(writer.get(&own).await.body["privateKey"].is_null());
    assert_eq!(writer.get(hooks).await.body["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(writer.call("DELETE", &own, None).await.status, 200);
    assert_eq!(writer.get(&own).await.status, 404);
    writer.get("/api/v1/webhooks/monitor_fields").await;
    let users = reader.get("/api/v1/meta/users?status=disabled").await.body;
    assert_eq!(users.as_object().unwrap().len(), 1);
    assert_eq!(reader.get("/api/v1/employees/0").await.status, 404);
}

#[test]
fn a_webhook_is_signed_over_body_and_then_timestamp() {
    let at = "2026-03-10T09:00:00Z".parse().unwrap();
    let (headers, body) = signed_webhook("1002", "key", at);
    let timestamp = headers["x-bamboohr-timestamp"].to_str().unwrap();
    let signature = headers["x-bamboohr-signature"].to_str().unwrap();
    assert_eq!(timestamp, "1773133200");
    assert_eq!(signature, sign(&body, timestamp, "key"));
    assert_ne!(signature, sign(&body, "1773133201", "key"));
    // as another implementation computes it, over "abc" + "1"
    assert_eq!(sign(b"abc", "1", "key"), "99ee5fa0c4dd822113ed99d941cf01eb84979560dea2629f70784514570fa4d7");
}
