//! What a case does by itself after it has run: what came back is back, what is stuck is tried again when its time has come.

use serde_json::Value;

use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::{Says, Small};

fn throttled(method: &'static str, times: usize, retry_after: &str) -> Says {
    Says { method, path: "/scim", times, status: 429, headers: vec![("retry-after", retry_after.to_owned())] }
}

/// Una left two days ago, as HR says; she is served out, and what the app says of her is true.
fn departed(more: &str) -> Small {
    let small = Small::up(more);
    small.exeunt(&["scan"]).ended(FINE);
    small.hr("Terminated", &(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() - jiff::ToSpan::days(2)).to_string());
    small.serve_until("the departure", || case(&small, "state") == "closed");
    assert!(!small.is_on("u1"));
    small
}

fn case(small: &Small, field: &str) -> String {
    let ran = small.exeunt(&["departure", "1", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).unwrap_or_default();
    match &value[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn account(small: &Small) -> String {
    let ran = small.exeunt(&["show", "E1", "--json"]).json();
    let text = ran.to_string();
    if text.contains("\"state\":\"active\"") { "active".into() } else { text }
}

// Trust: What was done.
#[test]
fn what_came_back_is_back_and_goes_again() {
    let small = departed("");
    small.exeunt(&["departure", "1"]).ended(FINE);
    assert_ne!(account(&small), "active");
    small.switch("u1", true);
    let ran = small.exeunt(&["departure", "1", "--recheck"]).ended(FOUND);
    assert!(ran.err.contains("came back: deactivate una@acme.example in app"), "{ran:?}");
    // The verdict, the case, its report, the graph and people's tasks say so.
    assert_eq!(case(&small, "state"), "open");
    let shown = small.exeunt(&["departure", "1", "--json"]).ended(FOUND).json();
    assert_eq!(shown["actions"][0]["verdict"], "present", "{shown}");
    assert_eq!((&shown["outcome"]["present"], &shown["outcome"]["gone"]), (&1.into(), &0.into()), "{shown}");
    assert_eq!(account(&small), "active");
    assert!(small.exeunt(&["tasks"]).out.contains("Came back: deactivate una@acme.example in app"));
    small.serve_until("taken away again", || !small.is_on("u1") && case(&small, "state") == "closed");
    small.exeunt(&["departure", "1"]).ended(FINE);
    assert!(!small.exeunt(&["tasks"]).out.contains("Came back"));
}

// Trust: What was done.
#[test]
fn a_person_is_asked_where_the_settings_say_so_or_hr_takes_its_word_back() {
    let small = departed("[departure]\nask_when_back = true\n");
    small.switch("u1", true);
    let sent = small.calls("PATCH");
    small.serve_until("the task", || small.exeunt(&["tasks"]).out.contains("Came back") && case(&small, "state") == "open");
    assert!(small.is_on("u1") && small.calls("PATCH") == sent);

    // Hired again: what is there again is hers.
    let small = departed("");
    small.hr("Active", "");
    small.switch("u1", true);
    let sent = small.calls("PATCH");
    small.serve_until("the task", || small.exeunt(&["tasks"]).out.contains("Came back"));
    assert!(small.is_on("u1") && small.calls("PATCH") == sent);
}

// Trust: What was done.
#[test]
fn a_departure_fires_again_when_the_time_that_the_vendor_asked_for_is_over() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.says(throttled("PATCH", 1, "3600"));
    let ran = small.exeunt(&["revoke", "E1", "--yes"]).ended(FOUND);
    assert!(ran.out.contains("asked us to wait, and it is tried again at "), "{ran:?}");
    assert!(small.is_on("u1") && small.calls("PATCH") == 1);
    // Not before: serving does not hurry it.
    let reads = small.calls("GET");
    small.serve_until("another scan", || small.calls("GET") > reads + 4);
    assert_eq!(small.calls("PATCH"), 1);
    // An hour later.
    let store = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    let hour = "json_set(detail, '$.again_at', json_extract(detail, '$.again_at') - 3602000000)";
    store.execute(&format!("UPDATE action_event SET detail = {hour} WHERE json_extract(detail, '$.again_at') IS NOT NULL"), []).unwrap();
    drop(store);
    small.serve_until("the second try", || !small.is_on("u1") && case(&small, "state") == "closed");
    small.exeunt(&["departure", "1"]).ended(FINE);
}

// Trust: What was done.
#[test]
fn a_scan_that_is_asked_to_stay_away_for_long_says_so() {
    let small = Small::up("");
    small.says(throttled("GET", 1, "Sun, 06 Nov 2044 08:49:37 GMT"));
    let ran = small.exeunt(&["scan"]).ended(COULD_NOT);
    assert!(ran.out.contains("can't see") && ran.out.contains("asked us to wait"), "{ran:?}");
}
