//! Drives are read to their end, what was shared on an item goes there and nowhere else, and the oracle knows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const DRIVE: &str = "/v1.0/drives/b!drive1002";

async fn up() -> (Arc<Company>, Running, super::super::vendor::Left) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    let running = serve("onedrive-sharepoint", router, Profile::default(), Faults::default()).await.unwrap();
    (company, running, left)
}

async fn as_(running: &Running, client: &str) -> Probe {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", client),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let url = format!("{}/northmoor.example/oauth2/v2.0/token", running.url);
    let response = reqwest::Client::builder().no_proxy().build().unwrap().post(url).form(&form).send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    Probe::new("microsoft-graph", &running.url, "https://graph.microsoft.com", &bearer)
}

#[tokio::test]
async fn the_feed_ends_in_a_mark_and_an_old_mark_is_gone() {
    let (_, running, _) = up().await;
    let probe = as_(&running, "read-onedrive-sharepoint").await;
    let mine = probe.get("/v1.0/users/rafael.okonjo@northmoor.example/drive").await.body;
    assert_eq!(mine["id"], "b!drive1002");
    let mut path = format!("{DRIVE}/items/root/delta?$top=4");
    let mut seen = Vec::new();
    let mark = loop {
        let body = probe.get(&path).await.body;
        seen.extend(body["value"].as_array().unwrap().clone());
        match body["@odata.nextLink"].as_str() {
            Some(next) => path = next.strip_prefix(&running.url).unwrap().to_owned(),
            None => break body["@odata.deltaLink"].as_str().unwrap().strip_prefix(&running.url).unwrap().to_owned(),
        }
    };
    let shared = |name: &str| seen.iter().find(|item| item["name"] == name).unwrap()["shared"]["scope"].clone();
    assert_eq!((shared("Debt covenants.xlsx"), shared("Notes.docx")), (json!("anonymous"), Value::Null));
    assert_eq!(shared("July.pdf"), "users", "what is in a shared folder is shared");
    assert_eq!(probe.get(&mark).await.body["value"], json!([]));
    assert_eq!(probe.get(&format!("{DRIVE}/items/root/delta?token=of-last-year")).await.status, 410);
    assert_eq!(probe.get("/v1.0/users/nobody@northmoor.example/drive").await.status, 404);
    assert_eq!(probe.get("/v1.0/users/viktor.salonen@northmoor.example/drive").await.status, 423);
    assert_eq!(probe.call("DELETE", &format!("{DRIVE}/items/01SALARY/permissions/perm3"), None).await.status, 403);
}

#[tokio::test]
async fn a_permission_goes_where_it_was_given() {
    let (company, running, left) = up().await;
    let cfo = company.person("E1002").unwrap();
    let probe = as_(&running, "revoke-onedrive-sharepoint").await;
    assert_eq!(left(cfo).len(), 4);
    let latest = probe.get(&format!("{DRIVE}/items/root/delta?token=latest")).await.body;
    assert_eq!(latest["value"], json!([]));
    let mark = latest["@odata.deltaLink"].as_str().unwrap().strip_prefix(&running.url).unwrap().to_owned();
    for item in ["01COVENANTS", "01SALARY", "01RECEIPTS", "01PRESS", "01FIGURES", "01JULY"] {
        let all = probe.get(&format!("{DRIVE}/items/{item}/permissions")).await.body["value"].as_array().unwrap().clone();
        for one in all.iter().filter(|one| one["roles"][0] != "owner") {
            let path = format!("{DRIVE}/items/{item}/permissions/{}", one["id"].as_str().unwrap());
            // The folders come first, so that nothing is inherited any more by the time that their files are looked at.
            assert_eq!(probe.call("DELETE", &path, None).await.status, 204, "{item}");
            assert_eq!(probe.get(&path).await.status, 404, "{item}");
        }
    }
    assert_eq!(left(cfo), Vec::<String>::new());
    let changes = probe.get(&mark).await.body;
    let named = |id: &str| changes["value"].as_array().unwrap().iter().find(|item| item["id"] == id);
    assert!(named("01COVENANTS").is_some_and(|item| item["shared"].is_null()), "shared with nobody any more: {changes}");
    let next = changes["@odata.deltaLink"].as_str().unwrap().strip_prefix(&running.url).unwrap();
    assert_eq!(probe.get(next).await.body["value"], json!([]));
    assert_eq!(probe.call("DELETE", &format!("{DRIVE}/items/01SALARY/permissions/owner"), None).await.status, 400);
}

#[tokio::test]
async fn what_is_inherited_stays_and_a_successor_is_let_in() {
    let (_, running, _) = up().await;
    let probe = as_(&running, "revoke-onedrive-sharepoint").await;
    let inside = probe.get(&format!("{DRIVE}/items/01FIGURES/permissions")).await.body["value"].as_array().unwrap().clone();
    let inherited = inside.iter().find(|one| one["inheritedFrom"]["id"] == "01PRESS").unwrap();
    let path = format!("{DRIVE}/items/01FIGURES/permissions/{}", inherited["id"].as_str().unwrap());
    assert_eq!(probe.call("DELETE", &path, None).await.status, 400);
    assert_eq!(probe.get(&path).await.status, 200);
    let order = json!({ "recipients": [{ "email": "successor@northmoor.example" }], "roles": ["write"], "requireSignIn": true, "sendInvitation": false });
    let given = probe.call("POST", &format!("{DRIVE}/items/root/invite"), Some(order.clone())).await.body;
    assert_eq!(given["value"][0]["roles"], json!(["write"]));
    assert_eq!(
        probe.call("POST", &format!("{DRIVE}/items/root/invite"), Some(order)).await.body["value"][0]["id"],
        given["value"][0]["id"]
    );
}
