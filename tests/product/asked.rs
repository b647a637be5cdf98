//! A person's task: what was so before anybody did anything, and what waits for it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::lists::App;
use crate::run::{COULD_NOT, FINE, FOUND};

/// An app where somebody collects the laptop; the account is deleted only after that.
const DESK: &str = r#"
see:
  users:
    call: GET /users
    one: GET /users/{{ node.id }}
    each: body.users
    yields: [ { account: it.id, name: it.email, emails: [it.email] } ]
blind_spots: [ { what: sessions, why: no call lists them } ]
take:
  collect:
    on: account
    before: [delete]
    hand_off: { to: facilities, due: 4h, title: "Collect the laptop of {{ person.name }}" }
    prove: { call: "GET /laptops/{{ node.id }}", gone: body.returned, within: 1s }
  delete:
    on: account
    irreversible: true
    call: DELETE /users/{{ node.id }}
    prove: { call: "GET /users/{{ node.id }}", gone: absent, within: 1s }
examples:
  - { of: users, reply: { users: [ { id: u1, email: una@acme.example } ] }, yields: [ { account: u1 } ] }
"#;

#[derive(Default)]
struct Desk {
    returned: bool,
    deleted: bool,
    /// Nobody can say where the laptop is.
    silent: bool,
    refuses: bool,
}

fn up() -> (App, Arc<Mutex<Desk>>) {
    let desk = Arc::new(Mutex::new(Desk::default()));
    let shared = desk.clone();
    let routes = move |method: &str, target: &str| {
        let mut desk = shared.lock().unwrap();
        let una = json!({ "id": "u1", "email": "una@acme.example" });
        match (method, target) {
            ("GET", "/me") => (200, json!({ "me": "robot" })),
            ("GET", "/users") => (200, json!({ "users": if desk.deleted { json!([]) } else { json!([una]) } })),
            ("GET", "/users/u1") if !desk.deleted => (200, una),
            ("GET", "/laptops/u1") if !desk.silent => (200, json!({ "id": "u1", "returned": desk.returned })),
            ("GET", "/laptops/u1") => (503, json!({})),
            ("DELETE", "/users/u1") if desk.refuses => (403, json!({ "code": "no right" })),
            ("DELETE", "/users/u1") => {
                desk.deleted = true;
                (200, json!({}))
            }
            _ => (404, json!({ "code": "absent" })),
        }
    };
    let app = App::with_desk(routes, DESK, "");
    app.exeunt(&["scan"]).ended(FINE);
    (app, desk)
}

fn action(app: &App, name: &str) -> Value {
    let case = app.exeunt(&["departure", "1", "--json"]).json();
    case["actions"].as_array().unwrap().iter().find(|action| action["action"] == name).unwrap().clone()
}

/// The state before that the audit log has with an act.
fn before(app: &App, act: &str) -> Vec<Value> {
    let log = app.exeunt(&["audit", "log", "--json"]).ended(FINE).out;
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|entry| entry["act"] == act);
    entries
        .map(|entry| entry["detail"].pointer(if act == "task.opened" { "/before" } else { "/reply/before" }).cloned().unwrap_or_default())
        .collect()
}

// Trust: What was done.
#[test]
fn what_was_done_before_anybody_was_asked_is_nobodys_task() {
    let (app, desk) = up();
    desk.lock().unwrap().returned = true;
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    assert!(ran.out.contains("0 hand-offs") && ran.out.contains("1 of them were gone already"), "{ran:?}");
    let collect = action(&app, "collect");
    assert_eq!((&collect["state"], &collect["why"]), (&json!("gone"), &json!("was gone already")));
    assert_eq!(app.exeunt(&["tasks", "--all", "--json"]).ended(FINE).json(), json!([]));
    // What waits for it may go.
    assert_eq!(action(&app, "delete")["state"], "gone");
    assert_eq!(before(&app, "task.opened"), Vec::<Value>::new());
    assert!(before(&app, "revocation.verified").iter().any(|before| before["state"] == "gone"));
}

// Trust: What was done.
#[test]
fn what_was_done_already_is_nobodys_task_the_second_time_either() {
    let (app, desk) = up();
    desk.lock().unwrap().returned = true;
    desk.lock().unwrap().refuses = true;
    for _ in 0..2 {
        app.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
        let tasks = app.exeunt(&["tasks", "--all"]).ended(FOUND).out;
        assert!(tasks.contains("Refused: delete") && !tasks.contains("Collect the laptop"), "{tasks}");
        assert_eq!(action(&app, "collect")["why"], "was gone already");
    }
}

// Trust: What was done.
#[test]
fn the_state_before_a_persons_task_is_kept_as_evidence() {
    let (app, desk) = up();
    let ran = app.exeunt(&["revoke", "E1", "--yes"]);
    assert!(ran.out.contains("Collect the laptop of Una Fjord"), "{ran:?}");
    assert_eq!((action(&app, "collect")["state"].clone(), action(&app, "delete")["state"].clone()), (json!("handed_off"), json!("stuck")));
    let opened = before(&app, "task.opened");
    assert!(opened.iter().any(|before| before["state"] == "there" && before["reply"]["status"] == 200), "{opened:?}");
    desk.lock().unwrap().returned = true;
    app.exeunt(&["departure", "1", "--recheck"]);
    let collect = action(&app, "collect");
    assert_eq!((&collect["state"], &collect["why"]), (&json!("gone"), &Value::Null), "a person did it");
    let verified = before(&app, "revocation.verified");
    assert!(verified.iter().any(|before| before["state"] == "there" && before["reply"]["status"] == 200), "{verified:?}");
}

// Trust: What was done.
#[test]
fn where_the_state_before_can_not_be_read_the_last_scan_speaks_for_it() {
    let (app, desk) = up();
    desk.lock().unwrap().silent = true;
    app.exeunt(&["revoke", "E1", "--yes"]);
    assert_eq!(action(&app, "collect")["state"], "handed_off");
    desk.lock().unwrap().silent = false;
    desk.lock().unwrap().returned = true;
    app.exeunt(&["departure", "1", "--recheck"]);
    assert_eq!(action(&app, "collect")["state"], "gone");
    let verified = before(&app, "revocation.verified");
    assert!(verified.iter().any(|before| before["read"] == "by the last scan" && before["why"].is_string()), "{verified:?}");
}

// Trust: What was done.
#[test]
fn a_second_departure_reads_a_persons_task_before_what_waits_for_it() {
    let (app, desk) = up();
    app.exeunt(&["revoke", "E1", "--yes"]);
    assert!(!desk.lock().unwrap().deleted, "the laptop is not back");
    // Nobody has brought it by now.
    app.exeunt(&["revoke", "E1", "--yes"]);
    assert!(!desk.lock().unwrap().deleted);
    // Nothing tells whether somebody has.
    desk.lock().unwrap().silent = true;
    app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(!desk.lock().unwrap().deleted);
    desk.lock().unwrap().silent = false;
    desk.lock().unwrap().returned = true;
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    assert!(desk.lock().unwrap().deleted, "{ran:?}");
    assert_eq!((action(&app, "collect")["state"].clone(), action(&app, "delete")["state"].clone()), (json!("gone"), json!("gone")));
    assert!(app.exeunt(&["tasks", "--all"]).ended(FINE).out.contains("closed by engine"));
    app.exeunt(&["departures"]).ended(FINE);
}

// Trust: What was done.
#[test]
fn a_second_departure_sees_that_what_a_person_did_came_back() {
    let (app, desk) = up();
    app.exeunt(&["revoke", "E1", "--yes"]);
    desk.lock().unwrap().returned = true;
    app.exeunt(&["departure", "1", "--recheck"]);
    assert_eq!(action(&app, "collect")["state"], "gone");
    desk.lock().unwrap().returned = false;
    app.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    assert_eq!(action(&app, "collect")["state"], "handed_off");
    assert!(!desk.lock().unwrap().deleted);
    assert!(app.exeunt(&["tasks"]).ended(FOUND).out.contains("Came back: collect"));
}
