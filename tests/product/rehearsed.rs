//! A departure at a set time: what stands in its way is told before, nothing is fired before its time, and nothing if it is called off meanwhile.

use std::sync::Arc;

use exeunt::config::Config;
use exeunt::connect::fleet::Fleet;
use exeunt::departure::{self, Desk, Moved};
use exeunt::model::DepartureId;
use exeunt::store::Store;

use crate::run::FINE;
use crate::served::Server;
use crate::small::{Says, Small};

/// Una's departure is to be so many seconds from now. Nothing else is due.
fn scheduled(seconds: i64) -> (Small, jiff::Timestamp) {
    let small = Small::up("");
    small.settings("schedule = \"*/2 * * * * *\"", "schedule = \"\"");
    small.exeunt(&["scan"]).ended(FINE);
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    small.exeunt(&["revoke", "E1", "--yes", "--at", &at.to_string()]).ended(FINE);
    (small, at)
}

// Reliability: Nothing stuck.
#[test]
fn what_stands_in_the_way_of_a_departure_to_come_is_told_before() {
    let (small, _) = scheduled(1200);
    small.says(Says { method: "GET", path: "/Users", times: 1000, status: 401, headers: vec![] });
    let server = Server::start(&small, &[]);
    server.until("it is rehearsed", || server.said().contains("departure 1: rehearsed for"));
    server.until("it is said", || server.said().contains("something stands in the way of a departure to come: departure 1, due "));
    assert!(server.said().contains("app: the read credential lacks"), "{}", server.said());
    let ready = server.asks("GET /readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("rehearsals\n"), "{ready}");
    assert_eq!(small.calls("PATCH"), 0, "nothing was fired");
}

// Reliability: Nothing stuck.
#[test]
fn a_departure_at_a_set_time_is_made_ready_and_fires_no_sooner() {
    let (small, at) = scheduled(9);
    let server = Server::start(&small, &[]);
    server.until("it is fired", || small.calls("PATCH") > 0);
    assert!(jiff::Timestamp::now() >= at);
    server.until("it has run", || server.said().contains("departure 1: 1 actions: 1 gone"));
    let conn = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    let sent: i64 = conn.query_row("SELECT min(sent) FROM action", [], |row| row.get(0)).unwrap();
    println!("the first call left {:.1} ms after its time", (sent - at.as_microsecond()) as f64 / 1000.0);
    assert!(sent >= at.as_microsecond());
}

// Reliability: Nothing stuck.
#[test]
fn a_departure_that_is_called_off_while_it_is_made_ready_fires_nothing() {
    let (small, _) = scheduled(1200);
    let config = Config::load(&small.folder().join("exeunt.toml")).unwrap();
    let store = Arc::new(Store::open(&small.folder().join("exeunt.db")).unwrap());
    let fleet = Fleet::open(&config, &[], None).unwrap();
    let signer = departure::signer(&config);
    let desk = Desk { config: &config, store: &store, fleet: &fleet, signer: &signer };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let begins: departure::Begins<'_> = Box::pin(async { departure::cancel(&store, DepartureId(1), "Dana").unwrap() });
    let ran = runtime.block_on(departure::run_when(&desk, DepartureId(1), Some(begins), &|_| {}));
    let error = ran.unwrap_err();
    assert!(error.is::<Moved>(), "{error:#}");
    assert_eq!(small.calls("PATCH"), 0);
    assert!(!departure::is_held(&store, DepartureId(1)).unwrap());
}
