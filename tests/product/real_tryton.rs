//! Tryton, held to a real server: `tests/real/run` brings it up.

use base64::Engine as _;
use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, ask, count, env, groups, one, seen, sorted, text, texts, truth};

const SYSTEM: &str = "tryton";
const LEAVER: &str = "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Chief Financial Officer,Finance,active,";

fn settings() -> String {
    format!(
        "[systems.tryton]\nscanner = \"tryton\"\nread = \"env:EXEUNT_REAL_TRYTON_READ_PASSWORD\"\nrevoke = \"env:EXEUNT_REAL_TRYTON_REVOKE_PASSWORD\"\n\
         url = \"{}\"\ndatabase = \"{}\"\nread_user = \"exeunt-read\"\nrevoke_user = \"exeunt-revoke\"\n",
        env("EXEUNT_REAL_TRYTON_URL"),
        env("EXEUNT_REAL_TRYTON_DATABASE"),
    )
}

fn base() -> String {
    format!("{}/{}", env("EXEUNT_REAL_TRYTON_URL"), env("EXEUNT_REAL_TRYTON_DATABASE"))
}

/// Calls a method with this session.
fn rpc(session: Option<&str>, method: &str, params: &Value) -> (u16, Value) {
    let header = session.map(|session| format!("Authorization: Session {session}"));
    let headers: Vec<&str> = header.iter().map(String::as_str).collect();
    let (status, body) = ask("POST", &format!("{}/rpc/", base()), &headers, Some(&json!({ "id": 1, "method": method, "params": params })));
    (status, body.get("result").cloned().unwrap_or(body))
}

/// A session of the administrator's.
fn sign_in(login: &str, password: &str) -> String {
    let (status, signed_in) = rpc(None, "common.db.login", &json!([login, { "password": password }]));
    assert_eq!(status, 200, "{signed_in}");
    base64::engine::general_purpose::STANDARD.encode(format!("{login}:{}:{}", signed_in[0], signed_in[1].as_str().unwrap()))
}

fn admin(method: &str, params: &Value) -> Value {
    let (status, result) = rpc(Some(&sign_in("admin", &env("EXEUNT_REAL_TRYTON_ADMIN_PASSWORD"))), method, params);
    assert!(status == 200 && result.get("error").is_none(), "{method}: {result}");
    result
}

/// What the REST interface answers to this application key.
fn rest(key: &str) -> u16 {
    ask("GET", &format!("{}/rest/model/party.party?s=1", base()), &[&format!("Authorization: Bearer {key}")], None).0
}

/// What a session is worth: 200, or 401 once it is over.
fn session(token: &str) -> u16 {
    rpc(Some(token), "model.res.user.get_preferences", &json!([true, {}])).0
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_tryton_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_TRYTON_TRUTH");
    let site = Site::allowing(&[LEAVER.to_owned()], &settings(), &["tryton.remove_from_group"]);
    site.scan(SYSTEM);
    let graph = site.graph();
    let accounts = admin("model.res.user.search_count", &json!([[], 0, null, { "active_test": false }]));
    assert_eq!(Some(seen(&graph, SYSTEM, NodeKind::Account).len() as u64), accounts.as_u64(), "those switched off as well");
    assert!(seen(&graph, SYSTEM, NodeKind::Account).len() > count(&truth, "/accounts_made"));
    let leaver = one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == "leaver");
    assert_eq!(groups(&graph, leaver).0, texts(&truth, "/leaver/groups"));
    let keys = seen(&graph, SYSTEM, NodeKind::Credential).into_iter().filter(|node| node.type_ == "api_token");
    let id = |state: &str| format!("key/{}", count(&truth, &format!("/leaver/keys/{state}/id")));
    let keys = sorted(keys.map(|node| node.key.clone()));
    assert!(keys.contains(&id("validated")) && keys.contains(&id("requested")) && !keys.contains(&id("cancelled")), "{keys:?}");
    site.scan_is_quiet(SYSTEM);

    let sessions = texts(&truth, "/leaver/sessions");
    assert!(sessions.iter().all(|token| session(token) == 200) && rest(text(&truth, "/leaver/keys/validated/key")) == 200);
    site.plan("N9001");
    site.revoke("N9001", &[]);

    // The server itself: a key in use, and one that somebody might validate tomorrow, are both dead.
    assert!(sessions.iter().all(|token| session(token) == 401), "every session is over");
    for state in ["validated", "requested", "cancelled"] {
        assert_eq!(rest(text(&truth, &format!("/leaver/keys/{state}/key"))), 401, "the key {state}");
    }
    let user = count(&truth, "/leaver/user");
    let fields = admin("model.res.user.read", &json!([[user], ["active", "groups", "sessions"], {}]));
    assert!(!fields[0]["active"].as_bool().unwrap_or(fields[0]["active"] != 0), "{fields}");
    assert_eq!(
        fields[0]["groups"],
        json!([]),
        "groups were left before the account was switched off, when its fields can't be written: {fields}"
    );
    let keys = admin("model.res.user.application.search_read", &json!([[["user", "=", user]], 0, null, null, ["state"], {}]));
    assert!(keys.as_array().unwrap().iter().all(|key| key["state"] == "cancelled"), "{keys}");

    let report = site.scan(SYSTEM);
    assert_eq!(count(&report, "/opened"), 0, "{report}");
    assert!(one(&site.graph(), SYSTEM, NodeKind::Account, |node| node.label() == "leaver").disabled());
    site.audit_is_intact(10);
    a_key_outlives_its_account_until_a_departure(&truth);
}

/// Why keys are cancelled first: an account that is switched off loses its sessions, and its key goes on reading.
fn a_key_outlives_its_account_until_a_departure(truth: &Value) {
    let (token, key) = (text(truth, "/second/session"), text(truth, "/second/key"));
    assert_eq!((session(token), rest(key)), (200, 200));
    admin("model.res.user.write", &json!([[count(truth, "/second/user")], { "active": false }, {}]));
    assert_eq!((session(token), rest(key)), (401, 200), "the key outlives the account");
    let site = Site::new(&["N0001,Given 1,u0001@real.northmoor.example,,Analyst,Finance,active,".to_owned()], &settings());
    site.scan(SYSTEM);
    site.revoke("N0001", &[]);
    assert_eq!(rest(key), 401);
}

/// Tryton as HR's system: whoever has left is in no list that is asked for plainly.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_tryton_employees_whose_last_day_is_past_are_listed() {
    let truth = truth("EXEUNT_REAL_TRYTON_TRUTH");
    let plain = admin("model.company.employee.search_count", &json!([[], 0, null, {}]));
    assert_eq!(plain.as_u64(), Some((count(&truth, "/employees") - count(&truth, "/ended")) as u64));
    let site = Site::new(&[], &format!("{}people = true\n", settings()));
    let text = std::fs::read_to_string(site.path("exeunt.toml")).unwrap();
    let without_hr =
        text.split_once("[systems.hr]").map(|(head, tail)| format!("{head}{}", &tail[tail.find("[systems.tryton]").unwrap()..])).unwrap();
    std::fs::write(site.path("exeunt.toml"), without_hr).unwrap();
    site.scan(SYSTEM);
    let people = seen(&site.graph(), SYSTEM, NodeKind::Person).len();
    assert_eq!(people, count(&truth, "/employees"));
    let ended =
        seen(&site.graph(), SYSTEM, NodeKind::Person).into_iter().filter(|node| node.text("last_day") == Some("2024-03-31")).count();
    assert_eq!(ended, count(&truth, "/ended"));
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_tryton_the_reading_user_can_not_revoke() {
    let session = sign_in("exeunt-read", &env("EXEUNT_REAL_TRYTON_READ_PASSWORD"));
    let (_, refused) = rpc(Some(&session), "model.res.user.write", &json!([[3], { "active": false }, {}]));
    assert!(refused["error"].to_string().contains("not allowed"), "{refused}");
    let (_, refused) = rpc(Some(&session), "model.res.user.application.cancel", &json!([[1], {}]));
    assert!(refused["error"].to_string().contains("not allowed"), "{refused}");
}
