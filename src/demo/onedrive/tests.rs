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
    for unknown in ["of-last-year", "at-999999"] {
        let forgotten = probe.get(&format!("{DRIVE}/items/root/delta?token={unknown}")).await;
        assert_eq!((forgotten.status, &forgotten.body["error"]["code"]), (410, &json!("resyncRequired")));
        assert_eq!(forgotten.body["error"]["innerError"]["code"], "resyncChangesApplyDifferences");
        let again = forgotten.headers["location"].to_str().unwrap().strip_prefix(&running.url).unwrap();
        assert!(probe.get(again).await.body["value"].as_array().unwrap().len() > 4, "everything from the start");
    }
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

/// Names of what a round says, and the link to the next one, which is relative.
async fn told(running: &Running, probe: &Probe, path: &str) -> (Vec<Value>, String) {
    let body = probe.get(path).await.body;
    let next = body["@odata.deltaLink"].as_str().unwrap().strip_prefix(&running.url).unwrap().to_owned();
    (body["value"].as_array().unwrap().clone(), next)
}

#[tokio::test]
async fn what_is_shared_otherwise_is_told_and_so_is_what_is_gone() {
    let (_, running, _) = up().await;
    let probe = as_(&running, "revoke-onedrive-sharepoint").await;
    let ids = |items: &[Value]| items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let (none, mark) = told(&running, &probe, &format!("{DRIVE}/items/root/delta?token=latest")).await;
    assert_eq!(none, Vec::<Value>::new());
    let before = mark.clone();
    // Two shares go one after the other, so fast that no moment in the item tells them apart.
    let salary = format!("{DRIVE}/items/01SALARY");
    let order = json!({ "recipients": [{ "email": "a@elsewhere.example" }, { "email": "b@elsewhere.example" }], "roles": ["read"] });
    let given = probe.call("POST", &format!("{salary}/invite"), Some(order)).await.body["value"].as_array().unwrap().clone();
    let (shared, mut mark) = told(&running, &probe, &mark).await;
    assert_eq!(ids(&shared), ["01ROOT1002", "01SALARY"]);
    for one in &given {
        assert_eq!(probe.call("DELETE", &format!("{salary}/permissions/{}", one["id"].as_str().unwrap()), None).await.status, 204);
        let (unshared, next) = told(&running, &probe, &mark).await;
        assert_eq!(ids(&unshared), ["01ROOT1002", "01SALARY"]);
        mark = next;
    }
    let left = probe.get(&format!("{salary}/permissions")).await.body["value"].as_array().unwrap().clone();
    for one in left.iter().filter(|one| one["roles"][0] != "owner") {
        assert_eq!(probe.call("DELETE", &format!("{salary}/permissions/{}", one["id"].as_str().unwrap()), None).await.status, 204);
    }
    let (last, mark) = told(&running, &probe, &mark).await;
    assert_eq!((ids(&last), &last[1]["shared"]), (["01ROOT1002", "01SALARY"].map(str::to_owned).to_vec(), &Value::Null));
    assert_eq!(told(&running, &probe, &mark).await.0, Vec::<Value>::new());
    let prefer = "deltashowremovedasdeleted, deltatraversepermissiongaps, deltashowsharingchanges";
    let scanning = as_(&running, "revoke-onedrive-sharepoint").await.with("prefer", prefer);
    let marked: Vec<Value> =
        told(&running, &scanning, &before).await.0.iter().map(|item| item["@microsoft.graph.sharedChanged"].clone()).collect();
    assert_eq!(marked, [Value::Null, json!("True")], "not the folder above");
    // A folder goes with what is in it; what stands above what changed is named too.
    assert_eq!(probe.call("DELETE", &format!("{DRIVE}/items/01RECEIPTS"), None).await.status, 204);
    let (gone, _) = told(&running, &probe, &mark).await;
    let deleted: Vec<Value> = gone.iter().filter(|item| !item["deleted"].is_null()).cloned().collect();
    assert_eq!(ids(&deleted), ["01JULY", "01RECEIPTS"]);
    assert_eq!(probe.get(&format!("{DRIVE}/items/01JULY")).await.status, 404);
}
