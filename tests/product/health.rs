//! What `serve` says of itself: at once, at `/readyz`, and to those who hear of trouble.

use crate::served::Server;
use crate::small::Small;

const TOLD: &str = "[systems.told]\nscanner = \"webhook\"\ntell = \"file:hook\"\nurl = \"http://127.0.0.1:9/\"\n\
    [[departure.tell.notices]]\nsystem = \"told\"\nto = \"security\"\nevents = [\"trouble\"]\n";

fn count(small: &Small, sql: &str) -> i64 {
    let conn = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

// Reliability: Nothing stuck.
#[test]
fn hr_that_can_t_be_read_is_said_at_once_and_until_it_is_read_again() {
    let small = Small::up(TOLD);
    std::fs::write(small.folder().join("hook"), "whsec_dGhlIHNlY3JldCBvZiBhIHRlc3QsIGxvbmcgZW5vdWdo").unwrap();
    let people = small.folder().join("people.csv");
    let kept = std::fs::read_to_string(&people).unwrap();
    let server = Server::start(&small, &[]);
    server.until("all is well", || server.asks("GET /readyz").starts_with("HTTP/1.1 200"));
    std::fs::remove_file(&people).unwrap();
    server.until("it is said", || server.said().contains("HR can't be heard: hr"));
    let ready = server.asks("GET /readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("hr\n") && !ready.contains("people.csv"), "{ready}");
    server.until("a notice is written down", || count(&small, "SELECT count(*) FROM delivery WHERE key LIKE 'exeunt-trouble-hr-%'") == 1);
    assert!(server.asks("GET /healthz").starts_with("HTTP/1.1 200"));
    std::fs::write(&people, kept).unwrap();
    server.until("it is over", || server.said().contains("well again: no more that HR can't be heard"));
    server.until("ready again", || server.asks("GET /readyz").starts_with("HTTP/1.1 200"));
    server.until("that is told too", || count(&small, "SELECT count(*) FROM delivery WHERE key LIKE 'exeunt-well-hr-%'") == 1);
    assert_eq!(server.said().matches("HR can't be heard: hr").count(), 1, "said once for one trouble: {}", server.said());
}

// Reliability: Nothing stuck.
#[test]
fn a_system_that_can_t_be_used_is_said_at_the_start() {
    let small = Small::up("");
    std::fs::remove_file(small.folder().join("token")).unwrap();
    let server = Server::start(&small, &[]);
    server.until("it is said", || server.said().contains("not every system can be used: systems.app"));
    let ready = server.asks("GET /readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("systems\n"), "{ready}");
}

// Reliability: Nothing stuck.
#[test]
fn a_hook_whose_posts_are_refused_is_said_and_makes_nothing_unready() {
    let small = Small::up("[serve.hooks.hr]\nkind = \"bamboohr\"\nsystem = \"hr\"\nsecret = \"file:token\"\n");
    let server = Server::start(&small, &[]);
    for _ in 0..3 {
        assert!(server.asks("POST /hooks/hr").starts_with("HTTP/1.1 401"));
    }
    server.until("it is said", || server.said().contains("webhooks are refused"));
    let ready = server.asks("GET /readyz");
    assert!(ready.contains("hooks\n"), "{ready}");
    server.until("ready all the same", || server.asks("GET /readyz").starts_with("HTTP/1.1 200"));
}

// Reliability: Nothing stuck.
#[test]
fn a_lost_key_is_said_at_the_start() {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    small.exeunt(&["revoke", "E2", "--yes"]);
    std::fs::remove_file(small.folder().join("exeunt-audit.key")).unwrap();
    let server = Server::start(&small, &[]);
    server.until("it is said", || server.said().contains("the audit log can't be signed"));
    let ready = server.asks("GET /readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("log\n"), "{ready}");
}
