//! Three webhooks within a second, a departure at a set time, a scan of all, and a system that doesn't answer: none waits for another, and the order in
//! which calls left shows it (`-- --nocapture` prints it). Killed in the middle of that and started again, each call is made once.

use std::time::Duration;

use exeunt_company::faults::{Fault, FaultKind};

use crate::run::FINE;
use crate::serve::{Server, scanned, webhook};
use crate::sim::{Sim, until};

/// Those whom HR's webhooks name.
const NAMED: [&str; 3] = ["E1002", "E1003", "E1004"];

/// The one whose departure is scheduled.
const SCHEDULED: &str = "E1005";

/// The system that doesn't answer: all of them have a badge there.
const STALLED: &str = "kisi";

/// A company whose night is under way and stuck in one system, where all four are about to leave. Answers with the moment of the scheduled one.
fn scene() -> (Sim, Server, jiff::Timestamp) {
    let sim = scanned();
    sim.change_settings("mass_limit = 3", "mass_limit = 100");
    sim.change_settings("schedule = \"\"", "schedule = \"0 2 * * *\"");
    let stall = FaultKind::Stall(Duration::from_secs(600));
    sim.world.faults.add(Fault {
        system: STALLED.to_owned(),
        method: Some("GET".to_owned()),
        path: String::new(),
        kind: stall,
        times: None,
    });
    sim.world.faults.keep_answers();
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(12);
    sim.exeunt(&["revoke", SCHEDULED, "--yes", "--at", &at.to_string()]).ended(FINE);
    sim.sql().execute("INSERT INTO schedule (job, due, ran) SELECT 'scan:' || name, 0, 0 FROM system", []).unwrap();
    let hits = sim.world.faults.hits();
    let server = Server::start(&sim);
    until("the night is stuck", || (sim.world.faults.hits() > hits).then_some(()));
    for number in NAMED {
        sim.world.hr.terminate(number, sim.world.company.today()).unwrap();
    }
    for number in NAMED {
        let (headers, body) = webhook(number, jiff::Timestamp::now());
        assert_eq!(server.post(&sim, &headers, body), 202);
    }
    (sim, server, at)
}

/// The departure's number, its state, when it is due, and when its first call left, of each of the four.
fn cases(sim: &Sim) -> Vec<(i64, String, i64, Option<i64>)> {
    let sql = "SELECT d.id, d.state, d.effective, (SELECT min(sent) FROM action a WHERE a.departure = d.id) FROM departure d
               WHERE d.effective < unixepoch() * 1000000 + 3600000000 ORDER BY 4";
    let conn = sim.sql();
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

const NIGHT: &str =
    "SELECT count(*) FROM scan s JOIN system y ON y.id = s.system WHERE y.name = 'kisi' AND s.person IS NULL AND s.ended IS NOT NULL";

/// How often somebody was suspended in Okta.
fn suspended(sim: &Sim, number: &str) -> usize {
    let path = format!("/api/v1/users/00u{number}000000000000/lifecycle/suspend");
    sim.world.faults.answered().iter().filter(|answered| answered.system == "okta" && answered.target == path).count()
}

fn all_end(sim: &Sim) {
    sim.world.faults.clear();
    until("all four departures end", || {
        let cases = cases(sim);
        (cases.len() == 4 && cases.iter().all(|(_, state, ..)| state == "open" || state == "closed")).then_some(())
    });
    for number in NAMED.iter().chain([&SCHEDULED]) {
        assert_eq!(suspended(sim, number), 1, "{number}");
    }
    assert_eq!(sim.count("SELECT count(*) FROM action WHERE verdict IS NULL AND state <> 'handed_off'"), 0);
    let log = sim.exeunt(&["audit", "verify", "--json"]).ended(FINE).json();
    assert_eq!(log["verified"], true, "{log}");
}

// Reliability: Nothing stuck.
#[test]
fn departures_wait_for_no_scan_no_other_departure_and_no_system_that_stands_still() {
    let (sim, server, at) = scene();
    let everybody = || NAMED.iter().chain([&SCHEDULED]);
    until("each of them is out of Okta", || everybody().all(|number| suspended(&sim, number) > 0).then_some(()));
    let cases = cases(&sim);
    println!("departure, state, due, first call left");
    for (id, state, due, sent) in &cases {
        println!("{id:>9}  {state:9} {due} {:+} ms", (sent.unwrap_or_default() - due.max(&0)) / 1000);
    }
    for answered in sim.world.faults.answered().iter().filter(|answered| answered.method != "GET") {
        println!("{} {} {} {}", answered.system, answered.method, answered.target, answered.status);
    }
    assert_eq!(sim.count(NIGHT), 1, "the night is still stuck: nobody waited for it");
    for (id, state, ..) in &cases {
        assert_eq!(state, "running", "departure {id} waits for {STALLED}, and no other waited for it");
    }
    let due = at.as_microsecond();
    let scheduled = cases.iter().find(|(_, _, effective, _)| *effective == due).expect("it is due when it was to be");
    assert!(scheduled.3 >= Some(due), "it began before its time: {cases:?}");
    all_end(&sim);
    until("the night ends", || (sim.count(NIGHT) == 2).then_some(()));
    assert_eq!(server.running.terminate(), 0);
}

// Reliability: Nothing stuck.
#[test]
fn killed_with_all_of_that_under_way_it_goes_on_and_calls_nothing_twice() {
    let (sim, server, _) = scene();
    until("a call of somebody's departure has left", || cases(&sim).iter().any(|(.., sent)| sent.is_some()).then_some(()));
    // As a power cut would.
    drop(server);
    let server = Server::start(&sim);
    all_end(&sim);
    assert_eq!(server.running.terminate(), 0);
}
