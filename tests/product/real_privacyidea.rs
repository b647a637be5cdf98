//! privacyIDEA, held to a real server: `tests/real/run` brings it up.

use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, ask, count, env, one, seen, text, texts, truth};

const SYSTEM: &str = "privacyidea";
const LEAVER: &str = "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Chief Counsel,Legal,active,";
const SECOND: &str = "N9002,Second One,second@real.northmoor.example,,Clerk,Legal,active,";

fn settings() -> String {
    format!(
        "[systems.privacyidea]\nscanner = \"privacyidea\"\nread = \"env:EXEUNT_REAL_PRIVACYIDEA_READ_PASSWORD\"\n\
         revoke = \"env:EXEUNT_REAL_PRIVACYIDEA_REVOKE_PASSWORD\"\nurl = \"{}\"\nrealm = \"corp\"\nread_user = \"exeunt-read\"\n\
         revoke_user = \"exeunt-revoke\"\n",
        env("EXEUNT_REAL_PRIVACYIDEA_URL")
    )
}

fn url(path: &str) -> String {
    format!("{}{path}", env("EXEUNT_REAL_PRIVACYIDEA_URL"))
}

/// The ticket of an administrator of this name.
fn ticket(user: &str, password: &str) -> String {
    let (status, answer) = ask("POST", &url("/auth"), &[], Some(&json!({ "username": user, "password": env(password) })));
    assert_eq!(status, 200, "{answer}");
    format!("Authorization: {}", text(&answer, "/result/value/token"))
}

fn admin(method: &str, path: &str) -> (u16, Value) {
    ask(method, &url(path), &[&ticket("admin", "EXEUNT_REAL_PRIVACYIDEA_ADMIN_PASSWORD")], None)
}

/// Whether the server lets this person in with this password.
fn lets_in(user: &str, password: &str) -> bool {
    let (_, answer) = ask("POST", &url("/validate/check"), &[], Some(&json!({ "user": user, "realm": "corp", "pass": password })));
    answer.pointer("/result/value").and_then(Value::as_bool).unwrap_or(false)
}

/// The serial numbers of the tokens that a person could still use.
fn active(user: &str) -> Vec<Value> {
    let (_, answer) = admin("GET", &format!("/token/?user={user}&realm=corp&active=true&pagesize=100"));
    let tokens = answer.pointer("/result/value/tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    tokens.into_iter().filter(|token| token["locked"] != true).map(|token| token["serial"].clone()).collect()
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_privacyidea_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_PRIVACYIDEA_TRUTH");
    let site = Site::new(&[LEAVER.to_owned()], &settings());
    site.scan(SYSTEM);
    let graph = site.graph();
    assert_eq!(seen(&graph, SYSTEM, NodeKind::Account).len(), count(&truth, "/users"));
    assert_eq!(seen(&graph, SYSTEM, NodeKind::Credential).len(), count(&truth, "/tokens"), "all pages were read");
    let token = |serial: &str| one(&graph, SYSTEM, NodeKind::Credential, |node| node.key == serial);
    let state = |name: &str| token(text(&truth, &format!("/leaver/{name}"))).text("state").unwrap().to_owned();
    assert_eq!([state("disabled"), state("revoked"), state("expired"), state("password")], ["disabled", "revoked", "active", "active"]);
    assert_eq!(token(text(&truth, "/leaver/expired")).text("expires"), Some("2020-01-01T10:00:00Z"), "active, says the server, for ever");
    assert_eq!(token(text(&truth, "/vanished")).attrs["orphan"], true, "its owner has vanished from the directory");
    for serial in texts(&truth, "/nobody") {
        assert!(token(&serial).attrs.get("orphan").is_none_or(Value::is_null), "nobody's from the start");
    }

    assert!(lets_in("leaver", "1234static-passw0rd"), "the leaver could sign in until now");
    site.plan("N9001");
    site.revoke("N9001", &[]);
    assert_eq!(active("leaver"), Vec::<Value>::new());
    assert!(!lets_in("leaver", "1234static-passw0rd"), "no factor lets the leaver in");
    assert_eq!(active("u00001").len(), 1, "nobody else's was touched");
    let tasks = site.tasks();
    assert!(tasks.iter().any(|title| title.contains("no factor left")), "the directory is another's: {tasks:?}");
    site.scan_is_quiet(SYSTEM);
    site.audit_is_intact(10);
    a_token_can_be_deleted_for_good(&truth);
}

/// What is disabled may be enabled by mistake; what is deleted may not.
fn a_token_can_be_deleted_for_good(truth: &Value) {
    let serial = text(truth, "/second");
    assert!(lets_in("second", "1234"));
    let site = Site::allowing(&[SECOND.to_owned()], &settings(), &["privacyidea.delete_token"]);
    site.scan(SYSTEM);
    site.revoke("N9002", &[]);
    let (status, list) = admin("GET", &format!("/token/?serial={serial}"));
    assert_eq!((status, list.pointer("/result/value/count").cloned()), (200, Some(json!(0))), "an unknown serial number is an empty list");
    assert!(!lets_in("second", "1234"));
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_privacyidea_the_reading_administrator_can_not_revoke() {
    let reader = ticket("exeunt-read", "EXEUNT_REAL_PRIVACYIDEA_READ_PASSWORD");
    let (_, list) = ask("GET", &url("/token/?user=u00002&realm=corp"), &[&reader], None);
    let serial = text(&list, "/result/value/tokens/0/serial");
    for (method, path) in [("POST", format!("/token/disable/{serial}")), ("DELETE", format!("/token/{serial}"))] {
        assert_eq!(ask(method, &url(&path), &[&reader], None).0, 403, "{method} {path}");
    }
    assert_eq!(active("u00002").len(), 1);
}

/// Two traps of the server's that the manifest tells of: they stand as long as the server has them.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_privacyidea_answers_that_are_no_answers() {
    let admin = ticket("admin", "EXEUNT_REAL_PRIVACYIDEA_ADMIN_PASSWORD");
    let (status, body) = ask("GET", &url("/token/"), &[&admin, "Content-Type: application/json"], None);
    assert!(status == 400 && body.is_string(), "a GET that says it is JSON and has no body gets a web page: {status} {body}");
    let (status, body) = ask("GET", &url("/no/such/thing"), &[&admin], None);
    assert!((status == 200 || status == 404) && body.is_string(), "an unknown address gets a web page: {status} {body}");
}
