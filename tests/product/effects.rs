//! A call that no read shows: its manifest says so, the effect of another action proves it, and every view says that.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::lists::{App, desk};
use crate::run::{COULD_NOT, FINE, FOUND, Ran, run_in};

const SAYS: &str = "no read shows this call; proved by the effect of deactivate";

/// An app that signs people out, and shows nothing of it.
const DESK: &str = r#"
see:
  users:
    call: GET /users
    one: GET /users/{{ node.id }}
    each: body.users
    yields: [ { account: it.id, name: it.email, emails: [it.email], state: "'active' if it.active else 'disabled'" } ]
blind_spots: [ { what: sessions, why: no call lists them } ]
take:
  sign_out:
    on: account
    call: POST /users/{{ node.id }}/sign_out
    prove: { call: "GET /users/{{ node.id }}", gone: body.active == false, effect_of: deactivate, within: 1s }
  deactivate:
    on: account
    call: POST /users/{{ node.id }}/off
    prove: { call: "GET /users/{{ node.id }}", gone: body.active == false, within: 1s }
examples:
  - { of: users, reply: { users: [ { id: u1, email: una@acme.example, active: true } ] }, yields: [ { account: u1 } ] }
  - { prove: sign_out, given: { node: { id: u1 } }, reply: { id: u1, active: false }, gone: true }
  - { prove: sign_out, given: { node: { id: u1 } }, reply: { id: u1, active: true }, gone: false }
  - { prove: deactivate, given: { node: { id: u1 } }, reply: { id: u1, active: false }, gone: true }
  - { prove: deactivate, given: { node: { id: u1 } }, reply: { id: u1, active: true }, gone: false }
"#;

#[derive(Default)]
struct Desk {
    off: bool,
    /// Somebody else switches the account off when we sign it out.
    off_by_others: bool,
    refuses: bool,
}

/// A company with the app, where Una has an account; `more` are settings.
fn up(more: &str) -> (App, Arc<Mutex<Desk>>) {
    let desk = Arc::new(Mutex::new(Desk::default()));
    let shared = desk.clone();
    let routes = move |method: &str, target: &str| {
        let mut desk = shared.lock().unwrap();
        let una = |off: bool| json!({ "id": "u1", "email": "una@acme.example", "active": !off });
        match (method, target) {
            ("GET", "/me") => (200, json!({ "me": "robot" })),
            ("GET", "/users") => (200, json!({ "users": [una(desk.off)] })),
            ("GET", "/users/u1") => (200, una(desk.off)),
            ("POST", "/users/u1/sign_out") => {
                desk.off |= desk.off_by_others;
                (200, json!({}))
            }
            ("POST", "/users/u1/off") if desk.refuses => (403, json!({ "code": "no right" })),
            ("POST", "/users/u1/off") => {
                desk.off = true;
                (200, json!({}))
            }
            _ => (404, json!({ "code": "absent" })),
        }
    };
    let app = App::with_desk(routes, DESK, more);
    app.exeunt(&["scan"]).ended(FINE);
    (app, desk)
}

/// The verdict on signing out, and why.
fn sign_out(app: &App) -> (String, String) {
    let case = app.exeunt(&["departure", "1", "--json"]).json();
    let action = case["actions"].as_array().unwrap().iter().find(|action| action["action"] == "sign_out").unwrap();
    (action["verdict"].as_str().unwrap_or_default().to_owned(), action["why"].as_str().unwrap_or_default().to_owned())
}

// Trust: What was done.
#[test]
fn a_call_that_no_read_shows_says_so_everywhere() {
    let (app, _) = up("");
    let ran = app.exeunt(&["revoke", "E1", "--dry-run"]).ended(FINE);
    assert!(ran.out.contains(&format!("sign out una@acme.example in app   ({SAYS})")), "{ran:?}");
    let ran = app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    assert!(ran.out.contains("1 of them are proved by the effect of another action, for no read shows their own call"), "{ran:?}");
    assert!(!ran.out.contains("leave behind"), "{ran:?}");
    assert_eq!(sign_out(&app), ("gone".to_owned(), SAYS.to_owned()));
    assert!(app.exeunt(&["departure", "1"]).ended(FINE).out.contains(SAYS));
    app.exeunt(&["departure", "1", "--html", "case.html"]).ended(FINE);
    assert!(std::fs::read_to_string(app.path("case.html")).unwrap().contains(SAYS));
    // The evidence says it when the call is planned, and when it is judged.
    let log = app.exeunt(&["audit", "log", "--json"]).ended(FINE);
    assert_eq!(log.out.matches(SAYS).count(), 2, "{log:?}");
}

// Trust: What was done.
#[test]
fn what_was_switched_off_before_proves_no_call_of_ours() {
    let (app, desk) = up("");
    desk.lock().unwrap().off = true;
    app.exeunt(&["scan"]);
    app.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    assert_eq!(sign_out(&app), ("gone".to_owned(), format!("was gone already; {SAYS}")));
    assert_eq!(app.exeunt(&["departures", "--json"]).json()[0]["outcome"]["already"], 2);
}

// Trust: What was done.
#[test]
fn an_effect_that_our_own_action_did_not_have_proves_nothing() {
    // Nobody may deactivate, and somebody else does while we sign her out.
    let (app, desk) = up("[departure]\ndeny = [\"desk.deactivate\"]\n");
    desk.lock().unwrap().off_by_others = true;
    app.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    let unproved = "no read shows this call, and deactivate, whose effect would prove it, is not proved in this case";
    assert_eq!(sign_out(&app), ("unknown".to_owned(), unproved.to_owned()));
    assert!(app.exeunt(&["tasks"]).ended(FOUND).out.contains(unproved));
    let ran = app.exeunt(&["departure", "1", "--recheck"]).ended(FOUND);
    assert!(ran.err.contains(unproved), "a later read is no other: {ran:?}");
}

// Trust: What was done.
#[test]
fn where_the_other_action_is_refused_neither_is_gone_until_it_is_done() {
    let (app, desk) = up("");
    desk.lock().unwrap().refuses = true;
    app.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    assert_eq!(sign_out(&app).0, "present");
    // Somebody clears the way: the read that shows it for the one shows it for the other.
    desk.lock().unwrap().off = true;
    app.exeunt(&["departure", "1", "--recheck"]).ended(FINE);
    assert_eq!(sign_out(&app), ("gone".to_owned(), SAYS.to_owned()));
}

/// What `check` says of this manifest.
fn checked(text: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("desk.yaml"), desk(text)).unwrap();
    run_in(folder.path(), &["scanners", "check", "desk.yaml"])
}

// Trust: What was done.
#[test]
fn a_proof_that_reads_only_another_actions_effect_is_refused_unless_it_says_so() {
    checked(DESK).ended(FINE);
    let silent = checked(&DESK.replace("effect_of: deactivate, ", "")).ended(COULD_NOT);
    assert!(
        silent.out.contains("take.sign_out.prove: the proof of sign_out reads nothing of its own") && silent.out.contains("deactivate"),
        "{silent:?}"
    );
    let nobody = checked(&DESK.replace("effect_of: deactivate", "effect_of: deactivat")).ended(COULD_NOT);
    assert!(nobody.out.contains("take.sign_out.prove.effect_of: there is no action \"deactivat\"; did you mean"), "{nobody:?}");
    // What it names must be what proves it.
    let other = DESK.replace("gone: body.active == false, effect_of", "gone: body.sessions == 0, effect_of");
    let other = checked(&other.replace(
        "reply: { id: u1, active: false }, gone: true }\n  - { prove: sign_out",
        "reply: { id: u1, sessions: 0 }, gone: true }\n  - { prove: sign_out",
    ));
    assert!(other.ended(COULD_NOT).out.contains("effect_of: deactivate, but the effect of deactivate does not prove it"));
    // The read is made once the other is proved: it can't wait for this one.
    let circle = checked(&DESK.replace(
        "    on: account\n    call: POST /users/{{ node.id }}/off",
        "    on: account\n    after: [sign_out]\n    call: POST /users/{{ node.id }}/off",
    ));
    assert!(circle.ended(COULD_NOT).out.contains("wait for each other"));
    // A person's task is no call.
    let task = checked(&DESK.replace("    call: POST /users/{{ node.id }}/sign_out", "    hand_off: { to: it, due: 4h, title: Sign out }"));
    assert!(task.ended(COULD_NOT).out.contains("a person's task is not proved by what another action does"));
}

// Trust: What was done.
#[test]
fn the_manifests_of_ours_that_read_an_effect_say_so() {
    let of = |scanner: &str, action: &str, other: &str| {
        let path = format!("{}/scanners/{scanner}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let says = format!("effect_of: {other}, ");
        assert!(text.contains(&says), "{scanner}");
        let folder = tempfile::tempdir().unwrap();
        let file = format!("{scanner}.yaml");
        std::fs::write(folder.path().join(&file), text.replace(&says, "")).unwrap();
        let ran = run_in(folder.path(), &["scanners", "check", &file]).ended(COULD_NOT);
        assert!(ran.out.contains(&format!("the proof of {action} reads nothing of its own")), "{ran:?}");
    };
    of("google-workspace", "sign_out", "suspend");
    of("box", "terminate_sessions", "inactivate");
    of("zoom", "revoke_token", "deactivate");
    of("active-directory", "reset_password_again", "reset_password");
}

// Trust: What was done.
#[test]
fn a_record_that_is_deleted_proves_no_wipe() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scanners/intune.yaml")).unwrap();
    // The record may go only once the device has done as told.
    let after = "after: [retire, remote_lock, wipe]";
    assert!(text.contains(after));
    std::fs::write(folder.path().join("intune.yaml"), text.replace(after, "after: [remote_lock]")).unwrap();
    let ran = run_in(folder.path(), &["scanners", "check", "intune.yaml"]).ended(COULD_NOT);
    assert!(
        ran.out.contains("the proof of wipe reads nothing of its own") && ran.out.contains("what delete_record does makes it true"),
        "{ran:?}"
    );
}
