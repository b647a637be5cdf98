//! A list two levels below one of everybody's: who has the files in another executive's drive.

use serde_json::{Value, json};

use crate::lists::App;
use crate::run::{COULD_NOT, FINE};

const DRIVES: &str = r#"
scanner: drives
title: Drives
category: sharing
contract: none
own: [shelf]
settings: { url: { example: "https://drives.example" } }
credentials: { read: { kind: bearer, scopes: [read] }, revoke: { kind: bearer, scopes: [write] } }
connect: { http: "{{ settings.url }}", paging: { none: true } }
preflight: [ { call: GET /users, proves: read } ]
see:
  users:
    call: GET /users
    yields: [ { account: it.id, name: it.name, emails: [it.name], state: it.state } ]
  sessions:
    for: users
    watched: true
    call: GET /users/{{ parent.id }}/sessions
    empty: expected
    yields: [ { credential: it.id, type: session, held_by: account(parent.id) } ]
  files:
    for: users
    watched: true
    call: GET /users/{{ parent.id }}/files
    empty: expected
    yields: [ { resource: it.id, type: file, shelf: it.shelf, owned_by: account(parent.id) } ]
  permissions:
    for: files
    when: "'bin' not in parent.shelf"
    call: GET /files/{{ parent.id }}/permissions
    empty: expected
    yields: [ { edge: can_access, from: address(it.mail), to: resource(parent.id), level: "'write'" } ]
blind_spots: [ { what: copies, why: no call lists them } ]
take:
  disable:
    on: account
    call: PUT /users/{{ node.id }}
    body: { state: disabled }
    also_removes: [can_access, owns]
    undo: PUT /users/{{ node.id }}
    undo_body: { state: active }
    prove: { call: "GET /users/{{ node.id }}", gone: body.state == 'disabled' }
examples:
  - { of: users, reply: [ { id: u1, name: "una@acme.example", state: active } ], yields: [ { account: u1, name: "una@acme.example", emails: ["una@acme.example"], state: active } ] }
  - { of: sessions, given: { parent: { id: u1 } }, reply: [ { id: s1 } ], yields: [ { credential: s1, type: session, held_by: account(u1) } ] }
  - { of: files, given: { parent: { id: u1 } }, reply: [ { id: f1, shelf: a/b } ], yields: [ { resource: f1, type: file, shelf: a/b, owned_by: account(u1) } ] }
  - { of: permissions, given: { parent: { id: f1 } }, reply: [ { mail: "bo@acme.example" } ], yields: [ { edge: can_access, from: "address(bo@acme.example)", to: resource(f1), level: write } ] }
"#;

/// Una and Bo, both executives, with a drive each; whoever asks for what holds `forbidden` is refused.
fn drives(forbidden: &'static str) -> impl Fn(&str, &str) -> (u16, Value) + Send + 'static {
    let una_is = std::sync::Mutex::new("active");
    move |method, target| {
        let mut una_is = una_is.lock().unwrap();
        let user = |id: &str, name: &str, state: &str| json!({ "id": id, "name": format!("{name}@acme.example"), "state": state });
        if !forbidden.is_empty() && target.contains(forbidden) {
            return (403, json!({ "error": "forbidden" }));
        }
        if method == "PUT" {
            *una_is = "disabled";
        }
        let reply = match target {
            "/users" => json!([user("u1", "una", &una_is), user("u2", "bo", "active")]),
            "/users/u1" => user("u1", "una", &una_is),
            "/users/u2" => user("u2", "bo", "active"),
            "/users/u2/files" => json!([{ "id": "budget", "shelf": if forbidden == "shelf" { json!(7) } else { json!("a/b") } }]),
            _ => json!([]),
        };
        (200, reply)
    }
}

/// A night with what is refused (or isn't told) then, and Una's departure with the same.
fn departs(forbidden: &'static str) -> (App, crate::run::Ran) {
    let app = App::with_manifest(drives(""), "drives", DRIVES, "revoke = \"file:token\"\nown_account = \"none\"\n");
    app.hr("");
    let people = std::fs::read_to_string(app.path("people.csv")).unwrap();
    let bo = "E2,Bo,Holm,bo@acme.example,,,,Chief Legal Officer,Legal,,Active,2021-05-01,";
    std::fs::write(app.path("people.csv"), format!("{people}{bo}\n")).unwrap();
    app.exeunt(&["scan", "--json"]).ended(FINE);
    app.answer(drives(forbidden));
    app.exeunt(&["scan", "--json"]).ended(if forbidden.is_empty() { FINE } else { COULD_NOT });
    let ended = app.exeunt(&["revoke", "E1", "--yes", "--json"]);
    (app, ended)
}

/// The state of the case after one more look at it.
fn rechecked(app: &App) -> Value {
    app.exeunt(&["departure", "1", "--recheck"]);
    app.exeunt(&["departures", "--json"]).json()[0]["state"].take()
}

// Trust: What was read.
#[test]
fn a_departure_names_a_gap_in_what_lies_in_another_s_drive() {
    // Who has Bo's file isn't known: it may be Una, by her private address.
    let (app, ended) = departs("/permissions");
    assert_eq!(ended.code, COULD_NOT, "{ended:?}");
    assert!(ended.json()["unread"].to_string().contains("app permissions(budget)") && ended.json()["state"] == "open", "{ended:?}");
    // Nor is it closed by looking at it again.
    assert_eq!(rechecked(&app), "open");
    // Bo's files, of which nobody knows who has them.
    let (_, ended) = departs("/u2/files");
    assert!(ended.json()["unread"].to_string().contains("app files(u2)"), "{ended:?}");
    // Whether they are to be read can't be told by a shelf that is a number.
    let (_, ended) = departs("shelf");
    assert!(ended.json()["unread"].to_string().contains("app permissions(budget)"), "{ended:?}");
    // Bo's sessions are Bo's alone; Una's are hers.
    let (_, ended) = departs("/u2/sessions");
    assert_eq!((ended.code, &ended.json()["unread"], &ended.json()["state"]), (FINE, &json!([]), &json!("closed")), "{ended:?}");
    let (app, ended) = departs("/u1/sessions");
    assert!(ended.json()["unread"].to_string().contains("app sessions(u1)"), "{ended:?}");
    assert_eq!(rechecked(&app), "open", "a list of hers that nobody could read keeps it open");
}
