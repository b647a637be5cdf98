//! The branch we sit on: a credential that may be the leaver's own.

use serde_json::json;

use crate::lists::{App, desk};
use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::Small;

const UNKNOWN: &str = "our own account in app is not known";

// Reliability: Who may.
#[test]
fn where_our_own_account_is_not_known_the_plan_says_so_and_the_case_waits() {
    let small = Small::up("");
    small.settings("own_account = \"none\"\n", "");
    small.exeunt(&["scan"]).ended(FINE);
    let checked = small.exeunt(&["check"]).ended(COULD_NOT);
    assert!(checked.out.contains(UNKNOWN) && checked.out.contains("systems.app.own_account"), "{checked:?}");
    let plan = small.exeunt(&["revoke", "E1", "--dry-run"]).ended(COULD_NOT);
    assert!(plan.out.contains(UNKNOWN), "{plan:?}");
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.err.contains("waits") && ran.err.contains(UNKNOWN) && small.is_on("u1"), "{ran:?}");
    // A person's word lets it run, for the plan that says so.
    let plan = small.exeunt(&["revoke", "E1", "--dry-run", "--json"]).json();
    assert_eq!(plan["plan"]["own_unknown"][0]["system"], "app", "{plan}");
    let hash = plan["hash"].as_str().unwrap();
    let ran = small.exeunt(&["approve", "1", "--plan", hash, "--by", "Cleo"]);
    assert!(!small.is_on("u1") && [FINE, FOUND].contains(&ran.code), "{ran:?}");
}

// Reliability: Who may.
#[test]
fn a_departure_that_hr_announces_waits_too_where_our_own_account_is_not_known() {
    let small = Small::up("");
    small.settings("own_account = \"none\"\n", "");
    small.exeunt(&["scan"]).ended(FINE);
    small.hr("Terminated", &(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() - jiff::ToSpan::days(2)).to_string());
    small.serve_until("the case waits", || small.exeunt(&["departures"]).out.contains("waiting"));
    assert!(small.is_on("u1"));
}

// Reliability: Who may.
#[test]
fn the_settings_say_whose_our_credential_is_and_a_key_that_is_nobodys_is_no_answer() {
    let of = |key: &str| {
        let small = Small::up("");
        small.settings("own_account = \"none\"", &format!("own_account = {key:?}"));
        small.exeunt(&["scan"]).ended(FINE);
        small
    };
    // Hers: it would die with the account.
    for key in ["u1", "UNA@acme.example"] {
        let small = of(key);
        small.exeunt(&["revoke", "E1", "--dry-run"]).ended(COULD_NOT);
        let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
        assert!(ran.err.contains("replace it first") && small.is_on("u1"), "{ran:?}");
    }
    // Somebody else's.
    let small = of("u3");
    let ran = small.exeunt(&["revoke", "E1", "--yes"]);
    assert!(!small.is_on("u1"), "{ran:?}");
    // Misspelt.
    let small = of("u33");
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(ran.err.contains("\"u33\" is none of the accounts that it shows") && small.is_on("u1"), "{ran:?}");
}

/// An app that lists its users; nothing is taken there.
const SEES: &str = r#"
see:
  users:
    call: GET /users
    each: body.users
    yields: [ { account: it.id, name: it.email, emails: [it.email], state: "'active'" } ]
blind_spots: [ { what: sessions, why: no call lists them } ]
take: {}
examples:
  - { of: users, reply: { users: [ { id: u1, email: una@acme.example } ] }, yields: [ { account: u1 } ] }
"#;

// Reliability: Who may.
#[test]
fn an_answer_that_names_nobody_does_not_make_us_forget_our_own_account() {
    let answer = |me: serde_json::Value| {
        move |_: &str, target: &str| match target {
            "/me" => (200, me.clone()),
            _ => (200, json!({ "users": [{ "id": "u1", "email": "una@acme.example" }] })),
        }
    };
    for (names, ours) in [("own_account: body.me", "u7"), ("own_account: \"'admin/' ~ body.me\", there: body.me", "admin/u7")] {
        let manifest = desk(SEES).replace("there: body.me", names);
        let manifest = manifest.replace(", revoke: { kind: bearer, scopes: [write] }", "");
        let app = App::with_manifest(answer(json!({ "me": "u7" })), "desk", &manifest, "");
        let known = || {
            let conn = rusqlite::Connection::open(app.path("exeunt.db")).unwrap();
            conn.query_row("SELECT group_concat(key) FROM own_account", [], |row| row.get::<_, Option<String>>(0)).unwrap()
        };
        app.exeunt(&["scan"]).ended(FINE);
        assert_eq!(known().as_deref(), Some(ours));
        for nobody in [json!({}), json!({ "me": null }), json!({ "me": "" })] {
            app.answer(answer(nobody.clone()));
            let scanned = app.exeunt(&["scan"]);
            assert_eq!(known().as_deref(), Some(ours), "{names}: {nobody}: {scanned:?}");
            assert!(
                scanned.code != FINE && format!("{}{}", scanned.out, scanned.err).contains("body.me"),
                "{names}: {nobody}: {scanned:?}"
            );
        }
        app.answer(answer(json!({ "me": "u8" })));
        app.exeunt(&["scan"]).ended(FINE);
        assert_eq!(known(), Some(ours.replace('7', "8")));
    }
}
