//! The account forgets whom it is told to forget, and gives recordings away only while it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/v2/users/rafael.okonjo@northmoor.example";
const CFO_ID: &str = "zmE1002nmAAAAAAAAAAAA";
const RECENT: &str = "from=2026-02-10&to=2026-03-10";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("zoom", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

async fn token(running: &Running, client: &str, account: &str) -> (u16, Value) {
    let form = [("grant_type", "account_credentials"), ("account_id", account)];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = http.post(format!("{}/oauth/token", running.url)).basic_auth(client, Some(client)).form(&form);
    let response = asked.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn as_(running: &Running, client: &str) -> Probe {
    let (status, body) = token(running, client, "NMzoomAccount0000000").await;
    assert_eq!(status, 200, "{body}");
    Probe::new("zoom", &running.url, "https://api.zoom.us", &format!("Bearer {}", body["access_token"].as_str().unwrap()))
}

async fn count(probe: &Probe, path: &str, name: &str) -> usize {
    let answer = probe.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body[name].as_array().unwrap().len()
}

#[tokio::test]
async fn users_are_paged_by_token_and_only_the_active_unless_asked() {
    let zoom = up().await;
    let probe = as_(&zoom, "revoke-zoom").await;
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let body = probe.get(&format!("/v2/users?page_size=30&next_page_token={next}")).await.body;
        seen.extend(body["users"].as_array().unwrap().clone());
        next = body["next_page_token"].as_str().unwrap().to_owned();
        if next.is_empty() {
            assert_eq!(body["total_records"], seen.len());
            break;
        }
    }
    assert!(seen.len() > 60, "{}", seen.len());
    assert!(seen.iter().any(|user| user["email"] == "viktor.salonen@northmoor.example"));
    assert_eq!(count(&probe, "/v2/users?status=inactive", "users").await, 0);
    assert_eq!(probe.call("PUT", &format!("{CFO}/status"), Some(json!({ "action": "deactivate" }))).await.status, 204);
    assert_eq!(probe.get(CFO).await.body["status"], "inactive");
    assert_eq!(count(&probe, "/v2/users?status=inactive", "users").await, 1);
    assert_eq!(probe.get("/v2/users?next_page_token=another").await.status, 400);
    assert_eq!(probe.get("/v2/users/tobias.marchetti@northmoor.example").await.body["login_types"], json!([100, 101]));
}

#[tokio::test]
async fn links_roles_and_groups_go_one_by_one() {
    let zoom = up().await;
    let probe = as_(&zoom, "revoke-zoom").await;
    assert_eq!(probe.call("DELETE", &format!("{CFO}/token"), None).await.status, 204);
    let devices = probe.get("/v2/devices").await.body;
    assert_eq!((&devices["devices"][0]["device_name"], &devices["devices"][0]["device_status"]), (&json!("Okonjo iPad"), &json!(0)));
    for (kind, other) in [("assistants", "E3002"), ("schedulers", "E1012")] {
        let path = format!("{CFO}/{kind}");
        assert_eq!(probe.get(&path).await.body[kind][0]["id"], format!("zm{other}nmAAAAAAAAAAAA"));
        assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
        assert_eq!(count(&probe, &path, kind).await, 0);
    }
    let role = "/v2/roles/RnmBilling0000000000/members";
    assert_eq!(count(&probe, role, "members").await, 1);
    assert_eq!(probe.call("DELETE", &format!("{role}/{CFO_ID}"), None).await.status, 204);
    assert_eq!(count(&probe, role, "members").await, 0);
    assert_eq!(probe.call("DELETE", "/v2/roles/0/members/zmE1008nmAAAAAAAAAAAA", None).await.status, 400);
    assert_eq!(count(&probe, "/v2/roles", "roles").await, 4);
    let group = "/v2/groups/grpInvestors00000000/members";
    assert_eq!(probe.call("DELETE", &format!("{group}/{CFO_ID}"), None).await.status, 204);
    assert_eq!(probe.call("DELETE", &format!("{group}/{CFO_ID}"), None).await.status, 404);
    assert_eq!(count(&probe, group, "members").await, 1);
    assert_eq!(count(&probe, "/v2/groups", "groups").await, 2);
}

#[tokio::test]
async fn recordings_move_with_the_removal_or_are_lost() {
    let zoom = up().await;
    let probe = as_(&zoom, "revoke-zoom").await;
    let of = |login: &str| format!("/v2/users/{login}@northmoor.example/recordings?{RECENT}");
    assert_eq!(count(&probe, &of("rafael.okonjo"), "meetings").await, 2);
    assert_eq!(count(&probe, &format!("{CFO}/recordings"), "meetings").await, 0, "without dates, only today");
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let heir = company.person("E2002").unwrap();
    let remove = |to: &str| format!("{CFO}?action=delete&transfer_recording=true&transfer_email={to}");
    assert_eq!(probe.call("DELETE", &format!("{CFO}?action=delete&transfer_recording=true"), None).await.status, 400);
    assert_eq!(probe.call("DELETE", &remove("nobody@northmoor.example"), None).await.status, 400);
    assert_eq!(probe.call("DELETE", &remove(&heir.work_email), None).await.status, 204);
    assert_eq!(probe.get(CFO).await.status, 404);
    assert_eq!(probe.call("DELETE", &remove(&heir.work_email), None).await.status, 404);
    assert_eq!(count(&probe, &of(&heir.login), "meetings").await, 2);
    assert_eq!(probe.call("DELETE", "/v2/users/zmE1001nmAAAAAAAAAAAA?action=disassociate", None).await.status, 204);
    assert_eq!(probe.call("DELETE", "/v2/users/zmE1008nmAAAAAAAAAAAA?action=delete", None).await.status, 400, "the owner");
    assert_eq!(probe.call("PUT", "/v2/users/zmE1008nmAAAAAAAAAAAA/status", Some(json!({ "action": "deactivate" }))).await.status, 400);
}

#[tokio::test]
async fn links_are_closed_and_invitations_taken_back() {
    let zoom = up().await;
    let probe = as_(&zoom, "revoke-zoom").await;
    // Its uuid begins with a slash, so that it is encoded twice.
    let settings = "/v2/meetings/%252Frec910000000002%3D%3D/recordings/settings";
    assert_eq!(probe.get(settings).await.body["share_recording"], "publicly");
    let change = Some(json!({ "share_recording": "internally", "auto_delete": false }));
    assert_eq!(probe.call("PATCH", settings, change).await.status, 204);
    let now = probe.get(settings).await.body;
    assert_eq!((&now["share_recording"], &now["auto_delete"]), (&json!("internally"), &json!(false)));
    assert_eq!(probe.get("/v2/meetings/none/recordings/settings").await.status, 404);
    let invited = "/v2/users/rafael.okonjo@postbox.example";
    assert_eq!(count(&probe, "/v2/users?status=pending", "users").await, 1);
    assert_eq!(probe.call("DELETE", &format!("{invited}?action=delete"), None).await.status, 400);
    assert_eq!(probe.call("DELETE", &format!("{invited}?action=disassociate"), None).await.status, 204);
    assert_eq!(count(&probe, "/v2/users?status=pending", "users").await, 0);
    let again = Some(json!({ "assistants": [{ "id": "zmE2002nmAAAAAAAAAAAA" }] }));
    assert_eq!(probe.call("POST", &format!("{CFO}/assistants"), again).await.status, 201);
    assert_eq!(count(&probe, &format!("{CFO}/assistants"), "assistants").await, 2);
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let zoom = up().await;
    let reader = as_(&zoom, "read-zoom").await;
    let refused = reader.call("DELETE", &format!("{CFO}/token"), None).await;
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!(4711)));
    assert_eq!(reader.get(CFO).await.body["last_client_version"], "6.5.10");
    assert_eq!(token(&zoom, "read-zoom", "another").await.0, 400);
    assert_eq!(token(&zoom, "guest", "NMzoomAccount0000000").await.0, 401);
    let guessed = Probe::new("zoom", &zoom.url, "https://api.zoom.us", "Bearer read-zoom");
    assert_eq!(guessed.get("/v2/users").await.status, 401);
}
