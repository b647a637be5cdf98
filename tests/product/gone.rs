//! When a departure may say that something is gone, and its case that it is closed.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::lists::App;
use crate::run::{COULD_NOT, FINE, FOUND};

/// An app that has users and tokens of theirs. Its own "not there" carries a code.
const DESK: &str = r#"
see:
  users:
    call: GET /users
    one: GET /users/{{ node.id }}
    each: body.users
    yields: [ { account: it.id, name: it.email, emails: [it.email], state: "'active' if it.active else 'disabled'" } ]
  tokens:
    for: users
    watched: true
    call: GET /users/{{ parent.id }}/tokens
    each: body.tokens
    empty: expected
    yields: [ { credential: it.id, type: api_token, name: it.id, held_by: account(parent.id) } ]
blind_spots: [ { what: sessions, why: no call lists them } ]
take:
  revoke_token:
    on: credential.api_token
    call: DELETE /tokens/{{ node.id }}
    prove: { call: "GET /tokens/{{ node.id }}", gone: absent, within: 1s }
  deactivate:
    on: account
    call: POST /users/{{ node.id }}/off
    prove: { call: "GET /users/{{ node.id }}", gone: body.active == false, within: 1s }
examples:
  - { of: users, reply: { users: [ { id: u1, email: una@acme.example, active: true } ] }, yields: [ { account: u1 } ] }
"#;

/// What the app holds, and what it answers instead.
struct Desk {
    /// Id, address, whether it is active.
    users: Vec<(String, String, bool)>,
    tokens: Vec<String>,
    /// Instead of the truth, to the call of this method and path, or to all below it where it ends with a slash.
    lies: Vec<(String, u16, Value)>,
}

type Shared = Arc<Mutex<Desk>>;

fn absent() -> (u16, Value) {
    (404, json!({ "code": "absent" }))
}

fn answer(desk: &mut Desk, method: &str, target: &str) -> (u16, Value) {
    let call = format!("{method} {target}");
    if let Some((_, status, body)) = desk.lies.iter().find(|(of, ..)| call == *of || (of.ends_with('/') && call.starts_with(of.as_str()))) {
        return (*status, body.clone());
    }
    let view = |(id, email, active): &(String, String, bool)| json!({ "id": id, "email": email, "active": active });
    let parts: Vec<&str> = target.split('/').skip(1).collect();
    match (method, parts.as_slice()) {
        ("GET", ["me"]) => (200, json!({ "me": "robot" })),
        ("GET", ["users"]) => (200, json!({ "users": desk.users.iter().map(view).collect::<Vec<_>>() })),
        ("GET", ["users", _, "tokens"]) => (200, json!({ "tokens": desk.tokens.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() })),
        ("GET", ["users", id]) => desk.users.iter().find(|user| user.0 == *id).map_or_else(absent, |user| (200, view(user))),
        ("POST", ["users", id, "off"]) => {
            desk.users.iter_mut().filter(|user| user.0 == *id).for_each(|user| user.2 = false);
            (200, json!({}))
        }
        ("GET", ["tokens", id]) => desk.tokens.iter().find(|token| *token == id).map_or_else(absent, |token| (200, json!({ "id": token }))),
        ("DELETE", ["tokens", id]) => {
            desk.tokens.retain(|token| token != id);
            (200, json!({}))
        }
        _ => absent(),
    }
}

/// A company with the app, where Una has an account and these tokens; `after` may change the app whenever a call has been answered.
fn up_with(tokens: &[&str], after: impl Fn(&mut Desk, &str) + Send + 'static) -> (App, Shared) {
    let users = vec![("u1".to_owned(), "una@acme.example".to_owned(), true)];
    let desk = Arc::new(Mutex::new(Desk { users, tokens: tokens.iter().map(|token| (*token).to_owned()).collect(), lies: Vec::new() }));
    let shared = desk.clone();
    let routes = move |method: &str, target: &str| {
        let mut desk = shared.lock().unwrap();
        let said = answer(&mut desk, method, target);
        after(&mut desk, &format!("{method} {target}"));
        said
    };
    let app = App::with_desk(routes, DESK, "");
    (app, desk)
}

fn up(tokens: &[&str]) -> (App, Shared) {
    up_with(tokens, |_, _| {})
}

fn lie(desk: &Shared, call: &str, status: u16, body: Value) {
    desk.lock().unwrap().lies.push((call.to_owned(), status, body));
}

/// The state of the first case.
fn case(app: &App) -> String {
    app.exeunt(&["departures", "--json"]).json()[0]["state"].as_str().unwrap().to_owned()
}

// Trust: What was done.
#[test]
fn what_is_proved_gone_and_nothing_shows_closes_the_case() {
    let (app, desk) = up(&["t1"]);
    app.exeunt(&["scan"]).ended(FOUND);
    app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    assert!(!desk.lock().unwrap().users[0].2 && desk.lock().unwrap().tokens.is_empty());
    assert_eq!(case(&app), "closed");
    app.exeunt(&["departures"]).ended(FINE);
    app.exeunt(&["scan"]).ended(FINE);
}

// Trust: What was read.
#[test]
fn a_list_that_was_not_read_to_its_end_keeps_a_case_open() {
    let (app, desk) = up(&[]);
    app.exeunt(&["scan"]).ended(FINE);
    lie(&desk, "GET /users", 403, json!({ "code": "no right" }));
    app.exeunt(&["scan"]).ended(COULD_NOT);
    // Her own record answers; the list may hold another account of hers.
    app.exeunt(&["revoke", "E1", "--dry-run"]).ended(COULD_NOT);
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains("not read again: app users"), "{ran:?}");
    assert_eq!(case(&app), "open");
    let ran = app.exeunt(&["departure", "1"]).ended(COULD_NOT);
    assert!(ran.out.contains("not read: app users"), "{ran:?}");
    app.exeunt(&["departures"]).ended(FOUND);
}

// Trust: What was read.
#[test]
fn a_right_that_the_last_scan_lacked_keeps_a_case_open() {
    let (app, desk) = up(&[]);
    lie(&desk, "GET /me", 403, json!({ "code": "no right" }));
    app.exeunt(&["scan"]).ended(COULD_NOT);
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains("not read again: app: the read credential lacks read"), "{ran:?}");
    assert_eq!(case(&app), "open");
}

// Trust: What was done.
#[test]
fn what_a_later_read_of_ours_shows_again_is_not_gone() {
    // Whoever reads the account for the second time after it was switched off finds it switched on.
    let read = AtomicUsize::new(0);
    let (app, _) = up_with(&[], move |desk, call| {
        if call == "GET /users/u1" && !desk.users[0].2 && read.fetch_add(1, SeqCst) == 0 {
            desk.users[0].2 = true;
        }
    });
    app.exeunt(&["scan"]).ended(FINE);
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    assert!(ran.out.contains("it came back"), "{ran:?}");
    assert_eq!(case(&app), "open");
    assert!(app.exeunt(&["tasks"]).ended(FOUND).out.contains("Came back: deactivate"));
}

// Trust: What was done.
#[test]
fn what_is_made_anew_faster_than_it_is_taken_is_left() {
    let made = AtomicUsize::new(1);
    let (app, _) = up_with(&["t1"], move |desk, call| {
        if call.starts_with("DELETE /tokens/") {
            desk.tokens.push(format!("t{}", made.fetch_add(1, SeqCst) + 1));
        }
    });
    app.exeunt(&["scan"]).ended(FOUND);
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    assert!(ran.out.contains("Left        1 paths") && ran.out.contains("revoke token t4"), "{ran:?}");
    assert_eq!(case(&app), "open");
}

// Trust: What counts as an answer.
#[test]
fn a_system_that_says_not_there_of_everything_proves_nothing() {
    let (app, desk) = up(&["t1"]);
    app.exeunt(&["scan"]).ended(FOUND);
    let (status, body) = absent();
    lie(&desk, "GET /", status, body);
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains(" 0 gone") && ran.out.contains("absence proves nothing without a control"), "{ran:?}");
    assert_eq!(case(&app), "open");
}

// Trust: What counts as an answer.
#[test]
fn an_answer_about_somebody_else_proves_nothing() {
    let (app, desk) = up(&[]);
    app.exeunt(&["scan"]).ended(FINE);
    lie(&desk, "GET /users/u1", 200, json!({ "id": "u9", "active": false, "manager": { "value": "u1" } }));
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains("1 unknown"), "{ran:?}");
}

// Trust: What was done.
#[test]
fn a_list_that_shows_what_was_proved_gone_opens_the_case_again() {
    let (app, desk) = up(&["t1"]);
    app.exeunt(&["scan"]).ended(FOUND);
    app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    assert_eq!(case(&app), "closed");
    // The account is on again, and its own record does not say so.
    lie(&desk, "GET /users/u1", 200, json!({ "id": "u1", "email": "una@acme.example", "active": false }));
    desk.lock().unwrap().users[0].2 = true;
    let ran = app.exeunt(&["scan"]).ended(FOUND);
    assert!(ran.err.contains("departure 1 is open again: deactivate"), "{ran:?}");
    assert_eq!(case(&app), "open");
    // Her record alone, which is what a departure reads again, does not settle it: a person must look.
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    assert!(ran.out.contains("Find out which is true: deactivate"), "{ran:?}");
    assert_eq!(case(&app), "open");
}

// Trust: Whose it is.
#[test]
fn an_account_that_another_of_the_same_name_took_the_place_of_is_in_doubt() {
    let (app, desk) = up(&[]);
    app.exeunt(&["scan"]).ended(FINE);
    desk.lock().unwrap().users[0].0 = "u77".to_owned();
    app.exeunt(&["scan"]);
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains("1 gone") && ran.out.contains("in doubt: account una@acme.example"), "{ran:?}");
    assert_eq!(case(&app), "open");
}

// Trust: What was done.
#[test]
fn a_proof_that_can_not_be_read_again_is_said() {
    let (app, desk) = up(&[]);
    app.exeunt(&["scan"]).ended(FINE);
    app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    lie(&desk, "GET /", 200, json!("<html>sign in</html>"));
    let ran = app.exeunt(&["departure", "1", "--recheck"]).ended(COULD_NOT);
    assert!(ran.err.contains("can't be read again: deactivate"), "{ran:?}");
}
