//! Directus, held to a real server: `tests/real/run all` brings it up.

use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, ask, count, env, seen, sorted, text, texts, truth};

const SYSTEM: &str = "directus";
const LEAVER: &str = "N9001,Rui Tamm,leaver@example.com,rui@home.example,Chief Editor,Communication,active,";

fn settings() -> String {
    format!(
        "[systems.directus]\nscanner = \"directus\"\nread = \"env:EXEUNT_REAL_DIRECTUS_READ_TOKEN\"\n\
         revoke = \"env:EXEUNT_REAL_DIRECTUS_REVOKE_TOKEN\"\nurl = \"{}\"\n",
        env("EXEUNT_REAL_DIRECTUS_URL")
    )
}

/// Asks the server with this token, or as anyone.
fn directus(token: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let header = token.map(|token| format!("Authorization: Bearer {token}"));
    let headers: Vec<&str> = header.iter().map(String::as_str).collect();
    ask(method, &format!("{}{path}", env("EXEUNT_REAL_DIRECTUS_URL")), &headers, body)
}

fn admin(method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    directus(Some(&env("EXEUNT_REAL_DIRECTUS_ADMIN_TOKEN")), method, path, body)
}

/// Whether anyone who has the link can open it.
fn opens(share: &str) -> bool {
    directus(None, "POST", "/shares/auth", Some(&json!({ "share": share, "mode": "json" }))).0 == 200
}

fn set_status(id: &str, status: &str) {
    assert_eq!(admin("PATCH", &format!("/users/{id}"), Some(&json!({ "status": status }))).0, 200);
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_directus_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_DIRECTUS_TRUTH");
    let (id, token) = (text(&truth, "/leaver/id"), text(&truth, "/leaver/token"));
    let shares: Vec<&str> = truth["leaver"]["shares"].as_array().unwrap().iter().map(|share| share.as_str().unwrap()).collect();
    let site = Site::new(&[LEAVER.to_owned()], &settings());
    site.scan(SYSTEM);
    let graph = site.graph();
    let accounts = seen(&graph, SYSTEM, NodeKind::Account);
    assert_eq!(accounts.len(), count(&truth, "/users"), "a server that hands out a hundred at most was read to its end");
    assert_eq!(accounts.iter().filter(|node| node.disabled()).count(), count(&truth, "/suspended"));
    let links = seen(&graph, SYSTEM, NodeKind::Credential).into_iter().filter(|node| node.type_ == "share_link");
    let keys = sorted(links.map(|node| node.key.clone()));
    assert_eq!(keys, sorted(texts(&truth, "/leaver/shares").into_iter().chain(texts(&truth, "/others"))));
    site.scan_is_quiet(SYSTEM);

    // The traps, with an account that is merely suspended: its token dies, its links go on opening for anyone, and the token comes back.
    let works = || directus(Some(token), "GET", "/users/me?fields=id", None).0;
    assert_eq!((works(), opens(shares[0]), opens(shares[2])), (200, true, false), "the third link has ended");
    set_status(id, "suspended");
    assert_eq!((works(), opens(shares[0])), (401, true), "a link outlives its owner's account");
    set_status(id, "active");
    assert_eq!(works(), 200, "the token comes back with the account");

    site.plan("N9001");
    site.revoke("N9001", &[]);
    let (_, user) = admin("GET", &format!("/users/{id}?fields=status,token"), None);
    assert_eq!((&user["data"]["status"], &user["data"]["token"]), (&json!("suspended"), &Value::Null), "{user}");
    assert!(shares.iter().all(|share| !opens(share)), "no link opens");
    let (_, left) = admin("GET", "/shares?fields=id", None);
    assert_eq!(sorted(left["data"].as_array().unwrap().iter().map(|share| text(share, "/id").to_owned())), texts(&truth, "/others"));
    let refresh = json!({ "refresh_token": text(&truth, "/leaver/refresh_token"), "mode": "json" });
    assert_eq!(directus(None, "POST", "/auth/refresh", Some(&refresh)).0, 401, "the session is over");
    set_status(id, "active");
    assert_eq!(works(), 401, "the token doesn't come back: it was cleared");
    set_status(id, "suspended");

    let tasks = site.tasks();
    assert!(!tasks.is_empty(), "a flow that others may rely on is a person's to stop: {tasks:?}");
    let report = site.scan(SYSTEM);
    assert_eq!(count(&report, "/opened"), 0, "{report}");
    site.audit_is_intact(10);
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_directus_the_reading_token_can_not_revoke() {
    let truth = truth("EXEUNT_REAL_DIRECTUS_TRUTH");
    let reader = env("EXEUNT_REAL_DIRECTUS_READ_TOKEN");
    let other = &texts(&truth, "/others")[0];
    assert_eq!(directus(Some(&reader), "DELETE", &format!("/shares/{other}"), None).0, 403);
    assert!(opens(other));
    let (_, users) = directus(Some(&reader), "GET", "/users?limit=-1&fields=id", None);
    assert_eq!(users["data"].as_array().unwrap().len(), 100, "a limit of -1 means the server's maximum, not everything");
}
