//! A clock that was set wrong for a while: it silences nothing afterwards, and begins nothing that can't be taken back.

use std::time::Duration;

use rusqlite::params;

use crate::served::Server;
use crate::small::{Says, Small};

const DAY: i64 = 24 * 3600 * 1_000_000;

fn store(small: &Small) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(20)).unwrap();
    conn
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

// Reliability: Nothing stuck.
#[test]
fn a_clock_that_was_two_years_ahead_silences_no_scan() {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    for job in ["scan:hr", "scan:app"] {
        store(&small)
            .execute("INSERT OR REPLACE INTO schedule (job, due, ran) VALUES (?1, ?2, ?2)", params![job, now() + 730 * DAY])
            .unwrap();
    }
    let reads = small.calls("/Users");
    let server = Server::start(&small, &[]);
    server.until("two scans", || small.calls("/Users") >= reads + 2);
}

/// Una's departure is scheduled for yesterday by the clock, and the clock was believed last three days ago.
fn leapt() -> Small {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    small.exeunt(&["revoke", "E1", "--yes", "--at", "2099-01-01T00:00:00Z"]);
    let conn = store(&small);
    assert_eq!(conn.execute("UPDATE departure SET effective = ?1", [now() - DAY]).unwrap(), 1);
    conn.execute("INSERT INTO schedule (job, due, ran) VALUES ('clock', ?1, ?1)", [now() - 3 * DAY]).unwrap();
    small
}

// Reliability: Nothing stuck.
#[test]
fn a_clock_that_leaps_begins_no_departure_until_somebody_says_that_it_is_right() {
    let small = leapt();
    // The vendor's clock says what time it was when ours was believed.
    let date = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(72)).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    small.says(Says { method: "GET", path: "/scim", times: 10_000, status: 503, headers: vec![("date", date)] });
    let mut server = Server::start(&small, &[]);
    server.until("the doubt is said", || server.said().contains("scheduled departures wait"));
    let reads = small.calls("/Users");
    server.until("it has looked some more", || small.calls("/Users") >= reads + 3);
    assert_eq!(small.calls("PATCH"), 0, "{}", server.said());
    let ready = server.asks("GET /readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("clock\n"), "{ready}");
    server.stop();
    // Another start doesn't forget it.
    let mut server = Server::start(&small, &[]);
    server.until("the doubt is said again", || server.said().contains("scheduled departures wait"));
    assert_eq!(small.calls("PATCH"), 0);
    server.stop();
    let server = Server::start(&small, &["--accept-clock"]);
    server.until("the departure", || small.calls("PATCH") > 0);
}

// Reliability: Nothing stuck.
#[test]
fn a_machine_that_was_off_for_days_goes_on_once_a_vendor_names_the_time() {
    let small = leapt();
    let server = Server::start(&small, &[]);
    server.until("the departure", || small.calls("PATCH") > 0);
    server.until("the doubt is over", || server.asks("GET /readyz").starts_with("HTTP/1.1 200"));
}
