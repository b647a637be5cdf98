//! Serving: HR's word starts departures, once; schedules are kept; a stop leaves nothing half way.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use exeunt_company::faults::{Fault, FaultKind};
use exeunt_company::vendors::bamboohr::{employee_id, sign, signed_webhook};
use exeunt_company::world::WEBHOOK_SECRET;
use serde_json::{Value, json};

use crate::run::{COULD_NOT, FINE, command};
use crate::sim::{Running, Sim, until};

const LEAVER: &str = "E1002";

/// A server that runs, and where it listens.
pub struct Server {
    pub running: Running,
    url: String,
}

impl Server {
    pub fn start(sim: &Sim) -> Self {
        let mut child =
            command(sim.folder()).args(["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::null()).spawn().expect("serve starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("{first}")).to_owned();
        // What it says must be taken from it, or it stops when the pipe is full.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                println!("serve: {line}")
            }
        });
        Self { running: Running(child), url }
    }

    /// Posts a webhook; answers with the status.
    pub fn post(&self, sim: &Sim, headers: &[(&str, String)], body: Vec<u8>) -> u16 {
        let mut request = reqwest::Client::new().post(format!("{}/hooks/bamboohr", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        sim.runtime.block_on(async { request.send().await.unwrap().status().as_u16() })
    }
}

/// HR's webhook about somebody, signed at a time.
pub fn webhook(number: &str, at: jiff::Timestamp) -> (Vec<(&'static str, String)>, Vec<u8>) {
    let (headers, body) = signed_webhook(&employee_id(number), WEBHOOK_SECRET, at);
    let header = |name: &'static str| (name, headers[name].to_str().unwrap().to_owned());
    (vec![header("x-bamboohr-timestamp"), header("x-bamboohr-signature")], body)
}

/// The cases, but for that of the one who has announced to leave in two months: it waits for its day (`hr.rs`).
fn cases(sim: &Sim) -> Vec<Value> {
    let mut all = sim.exeunt(&["departures", "--json"]).json().as_array().unwrap().clone();
    all.retain(|case| case["person"] != "Søren Adeyemi" || case["state"] != "scheduled");
    all
}

/// Waits until the one case has ended, and shows it.
fn ended(sim: &Sim) -> Value {
    let ended = "SELECT count(*) FROM departure WHERE state IN ('open', 'closed')";
    until("the departure ends", || (sim.count(ended) == 1).then_some(()));
    let cases = cases(sim);
    assert_eq!(cases.len(), 1);
    cases[0].clone()
}

/// Whether Okta, asked directly, says that the leaver can't sign in.
fn okta_says(sim: &Sim, number: &str) -> String {
    let url = format!("{}/api/v1/users/00u{number}000000000000", sim.world.url("okta"));
    let answer = sim.runtime.block_on(async {
        reqwest::Client::new().get(url).header("authorization", "SSWS read-okta").send().await.unwrap().text().await.unwrap()
    });
    let user: Value = serde_json::from_str(&answer).unwrap();
    user["status"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn assert_everything_is_lost(sim: &Sim, case: &Value) {
    assert_eq!(case["outcome"]["residual_paths"], 0, "{case}");
    assert_eq!(case["outcome"]["present"], 0, "{case}");
    assert_eq!(sim.count("SELECT count(*) FROM action WHERE verdict IS NULL AND state <> 'handed_off'"), 0);
    assert!(sim.count("SELECT count(*) FROM action WHERE verdict = 'gone'") > 30);
    assert_eq!(okta_says(sim, LEAVER), "SUSPENDED");
    let log = sim.exeunt(&["audit", "verify", "--json"]).ended(FINE).json();
    assert_eq!(log["verified"], true, "{log}");
}

/// A company that has been scanned once, and whose server does nothing by the clock.
pub fn scanned() -> Sim {
    let sim = Sim::up_with_few();
    sim.change_settings("schedule = \"0 2 * * *\"", "schedule = \"\"");
    sim.change_settings("poll = \"*/15 * * * *\"", "poll = \"\"");
    sim.exeunt(&["scan"]);
    sim
}

#[test]
fn hr_s_webhook_alone_takes_everything_away() {
    let sim = scanned();
    assert_eq!(okta_says(&sim, LEAVER), "ACTIVE");
    let server = Server::start(&sim);
    let today = sim.world.company.today();
    sim.world.hr.terminate(LEAVER, today).unwrap();

    // Those that must change nothing come first, while there is something to change.
    let now = jiff::Timestamp::now();
    let (headers, body) = webhook(LEAVER, now);
    let requests = sim.world.faults.arrived();
    assert_eq!(server.post(&sim, &[], body.clone()), 401, "unsigned");
    assert_eq!(server.post(&sim, &headers[..1], body.clone()), 401, "without a signature");
    let (stale, old_body) = webhook(LEAVER, now - jiff::SignedDuration::from_mins(6));
    assert_eq!(server.post(&sim, &stale, old_body), 401, "stale");
    let (early, early_body) = webhook(LEAVER, now + jiff::SignedDuration::from_mins(6));
    assert_eq!(server.post(&sim, &early, early_body), 401, "from the future");
    let altered = String::from_utf8(body.clone()).unwrap().replace("1002", "1003").into_bytes();
    assert_ne!(altered, body);
    assert_eq!(server.post(&sim, &headers, altered), 401, "altered");
    let mut later = headers.clone();
    later[0].1 = (now.as_second() + 1).to_string();
    assert_eq!(server.post(&sim, &later, body.clone()), 401, "with another time");
    let stamp = now.as_second().to_string();
    let foreign = [("x-bamboohr-timestamp", stamp.clone()), ("x-bamboohr-signature", sign(&body, &stamp, "another secret"))];
    assert_eq!(server.post(&sim, &foreign, body.clone()), 401, "signed with another secret");
    assert_eq!(sim.count("SELECT count(*) FROM webhook"), 0);
    assert_eq!(sim.count("SELECT count(*) FROM departure"), 0);
    assert_eq!(sim.world.faults.arrived(), requests, "a refused webhook made us ask somebody");

    assert_eq!(server.post(&sim, &headers, body.clone()), 202);
    assert_eq!(server.post(&sim, &headers, body.clone()), 202, "a repeated one is no error for HR");
    let case = ended(&sim);
    assert_eq!(case["source"], "webhook");
    assert_everything_is_lost(&sim, &case);

    // The same event again, in the same words and in a fresh one: the case that there is.
    assert_eq!(server.post(&sim, &headers, body), 202);
    let (again, body) = webhook(LEAVER, jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2));
    assert_eq!(server.post(&sim, &again, body), 202);
    until("the second webhook is looked after", || (sim.count("SELECT count(*) FROM webhook WHERE looked = 0") == 0).then_some(()));
    assert_eq!(sim.count("SELECT count(*) FROM webhook"), 2);
    assert_eq!(cases(&sim).len(), 1);
    assert_eq!(server.running.terminate(), 0);
}

#[test]
fn asking_hr_alone_starts_a_departure() {
    let sim = scanned();
    sim.change_settings("poll = \"\"", "poll = \"*/15 * * * *\"");
    sim.world.hr.terminate(LEAVER, sim.world.company.today()).unwrap();
    // HR was asked last when it knew of nothing; since then one due time has passed at least.
    sim.sql().execute("INSERT INTO schedule (job, due, ran) VALUES ('poll', 0, 0)", []).unwrap();
    let _server = Server::start(&sim);
    let case = ended(&sim);
    assert_eq!(case["source"], "poll");
    assert_everything_is_lost(&sim, &case);
}

#[test]
fn a_missed_schedule_runs_once() {
    let sim = scanned();
    sim.change_settings("schedule = \"\"", "schedule = \"0 2 * * *\"");
    let scans = |sim: &Sim| sim.count("SELECT count(*) FROM scan s JOIN system y ON y.id = s.system WHERE y.name = 'okta'");
    assert_eq!(scans(&sim), 1);
    // Seen for the first time: nothing is due for the past.
    drop(Server::start(&sim));
    // Many nights were missed.
    let conn = sim.sql();
    for system in ["okta", "kisi"] {
        conn.execute("INSERT OR REPLACE INTO schedule (job, due, ran) VALUES ('scan:' || ?1, 0, 0)", [system]).unwrap();
    }
    let served = |sim: &Sim| sim.count("SELECT due FROM schedule WHERE job = 'scan:okta'") > 0;
    let server = Server::start(&sim);
    until("the missed scan is noted as served", || served(&sim).then_some(()));
    assert_eq!(server.running.terminate(), 0);
    assert_eq!(scans(&sim), 2, "not once");
    // Another start finds nothing due; that it has looked is seen by what it answers.
    let server = Server::start(&sim);
    let (headers, body) = webhook(LEAVER, jiff::Timestamp::now());
    assert_eq!(server.post(&sim, &headers, body), 202);
    until("the server has looked at what is due", || (sim.count("SELECT count(*) FROM webhook WHERE looked = 0") == 0).then_some(()));
    assert_eq!(scans(&sim), 2, "served twice");
}

// Reliability: Nothing stuck.
#[test]
fn hr_s_word_waits_for_no_scan() {
    let sim = scanned();
    sim.change_settings("schedule = \"\"", "schedule = \"0 2 * * *\"");
    sim.sql().execute("INSERT INTO schedule (job, due, ran) SELECT 'scan:' || name, 0, 0 FROM system", []).unwrap();
    // One answer that the night needs takes longer than anybody waits here.
    let stall = FaultKind::Stall(std::time::Duration::from_secs(600));
    sim.world.faults.add(Fault { system: "kisi".to_owned(), method: None, path: String::new(), kind: stall, times: Some(1) });
    let hits = sim.world.faults.hits();
    let server = Server::start(&sim);
    until("the night is under way", || (sim.world.faults.hits() > hits).then_some(()));
    let scim =
        "SELECT count(*) FROM scan s JOIN system y ON y.id = s.system WHERE y.name = 'scim' AND s.person IS NULL AND s.ended IS NOT NULL";
    until("another system is scanned", || (sim.count(scim) == 2).then_some(()));
    sim.world.hr.terminate(LEAVER, sim.world.company.today()).unwrap();
    let (headers, body) = webhook(LEAVER, jiff::Timestamp::now());
    assert_eq!(server.post(&sim, &headers, body), 202);
    let whole = "SELECT count(*) FROM scan s JOIN system y ON y.id = s.system WHERE y.name = 'kisi' AND s.person IS NULL AND s.outcome = 'complete'";
    let departed = "SELECT count(*) FROM departure WHERE state IN ('open', 'closed')";
    until("the departure or the night ends", || (sim.count(departed) == 1 || sim.count(whole) > 1).then_some(()));
    let case = ended(&sim);
    assert_eq!(case["source"], "webhook");
    let before: i64 = sim.count(
        "SELECT count(*) FROM scan s JOIN system y ON y.id = s.system, departure d
         WHERE y.name = 'kisi' AND s.person IS NULL AND s.outcome IN ('complete', 'gaps') AND s.ended <= d.started AND d.state IN ('open', 'closed')",
    );
    assert_eq!(before, 1, "the departure waited for the night");
    assert_everything_is_lost(&sim, &case);
    // The night goes on, and comes to its end.
    until("the night ends", || (sim.count(whole) == 2).then_some(()));
    assert_eq!(sim.count(scim), 2, "what was scanned to the end is not scanned once more");
    assert_eq!(server.running.terminate(), 0);
}

// Reliability: Nothing stuck.
#[test]
fn a_webhook_stays_until_hr_was_read_to_its_end() {
    let sim = scanned();
    sim.fault("bamboohr", "/api/v1/employees", FaultKind::Status { code: 403, headers: Vec::new(), body: json!({}) });
    let read = |sim: &Sim| {
        sim.count("SELECT count(*) FROM scan s JOIN system y ON y.id = s.system WHERE y.category = 'hris' AND s.ended IS NOT NULL")
    };
    let before = read(&sim);
    let server = Server::start(&sim);
    sim.world.hr.terminate(LEAVER, sim.world.company.today().yesterday().unwrap()).unwrap();
    let (headers, body) = webhook(LEAVER, jiff::Timestamp::now());
    assert_eq!(server.post(&sim, &headers, body), 202);
    until("HR was asked, in vain", || (read(&sim) > before).then_some(()));
    assert_eq!(server.running.terminate(), 0);
    assert_eq!(sim.count("SELECT count(*) FROM webhook WHERE looked = 0"), 1, "the webhook was done with although HR could not be read");
    // Nobody sends it again; HR answers again.
    sim.world.faults.clear();
    let server = Server::start(&sim);
    let case = ended(&sim);
    assert_eq!(case["source"], "webhook");
    until("the webhook is looked after", || (sim.count("SELECT count(*) FROM webhook WHERE looked = 0") == 0).then_some(()));
    assert_eq!(server.running.terminate(), 0);
}

#[test]
fn a_stop_leaves_nothing_half_way() {
    let sim = scanned();
    // Okta takes longer to suspend than a stop waits.
    sim.fault("okta", "/lifecycle/suspend", FaultKind::Stall(std::time::Duration::from_secs(20)));
    let server = Server::start(&sim);
    sim.world.hr.terminate(LEAVER, sim.world.company.today()).unwrap();
    let (headers, body) = webhook(LEAVER, jiff::Timestamp::now());
    let hits = sim.world.faults.hits();
    assert_eq!(server.post(&sim, &headers, body), 202);
    until("the suspension is under way", || (sim.world.faults.hits() > hits).then_some(()));
    let told = std::time::Instant::now();
    assert_eq!(server.running.terminate(), 0);
    assert!(told.elapsed() < std::time::Duration::from_secs(5), "{:?}", told.elapsed());
    assert_eq!(cases(&sim)[0]["state"], "running");
    // The next start goes on with it.
    sim.world.faults.clear();
    let server = Server::start(&sim);
    let case = ended(&sim);
    assert_everything_is_lost(&sim, &case);
    assert_eq!(server.running.terminate(), 0);
}

#[test]
fn a_mass_of_departures_stops_and_asks() {
    let sim = scanned();
    let server = Server::start(&sim);
    let leavers = [LEAVER, "E1003", "E1004", "E1005"];
    for number in leavers {
        sim.world.hr.terminate(number, sim.world.company.today()).unwrap();
    }
    let writes =
        |sim: &Sim| sim.world.faults.answered().iter().filter(|answered| answered.system == "okta" && answered.method != "GET").count();
    sim.world.faults.keep_answers();
    let (headers, body) = webhook(LEAVER, jiff::Timestamp::now());
    assert_eq!(server.post(&sim, &headers, body), 202);
    until("the webhook is looked after", || (sim.count("SELECT count(*) FROM webhook WHERE looked = 0") == 0).then_some(()));
    assert_eq!(server.running.terminate(), 0);
    let all = cases(&sim);
    assert_eq!(all.len(), 4);
    for case in &all {
        assert_eq!(case["state"], "waiting", "{case}");
    }
    assert_eq!(writes(&sim), 0, "something was fired before anybody was asked");
    for number in leavers {
        assert_eq!(okta_says(&sim, number), "ACTIVE");
    }

    // One of them is approved, by the plan that was looked at.
    let id = all.iter().find(|case| case["person"] == "Rafael Okonjo").unwrap()["departure"].to_string();
    let wrong = sim.exeunt(&["approve", &id, "--plan", "sha256:0000", "--by", "Dana"]).ended(COULD_NOT);
    assert!(wrong.err.contains("another"), "{wrong:?}");
    let hash = sim.exeunt(&["departure", &id, "--json"]).json()["plan_hash"].as_str().unwrap().to_owned();
    let ran = sim.exeunt(&["approve", &id, "--plan", &hash, "--by", "Dana", "--json"]);
    assert_eq!(ran.json()["residual_paths"], 0, "{ran:?}");
    assert_eq!(okta_says(&sim, LEAVER), "SUSPENDED");
    let waiting = cases(&sim).iter().filter(|case| case["state"] == "waiting").count();
    assert_eq!(waiting, 3);
    for number in &leavers[1..] {
        assert_eq!(okta_says(&sim, number), "ACTIVE");
    }
}

#[test]
fn protected_people_wait() {
    let sim = scanned();
    sim.change_settings("[people]\n", "[people]\nprotected = [\"E1002\"]\n");
    let server = Server::start(&sim);
    sim.world.faults.keep_answers();
    sim.world.hr.terminate(LEAVER, sim.world.company.today()).unwrap();
    let (headers, body) = webhook(LEAVER, jiff::Timestamp::now());
    assert_eq!(server.post(&sim, &headers, body), 202);
    until("the webhook is looked after", || (sim.count("SELECT count(*) FROM webhook WHERE looked = 0") == 0).then_some(()));
    // Of HR, that one employee was read, and who else has changed.
    let asked = sim.world.faults.answered().into_iter().filter(|answered| answered.system == "bamboohr");
    let asked: Vec<String> = asked.map(|answered| answered.target).collect();
    let employee = format!("/api/v1/employees/{}?", employee_id(LEAVER));
    let expected = |call: &String| call.starts_with(&employee) || call.starts_with("/api/v1/employees/changed?");
    assert!(asked.iter().any(|call| call.starts_with(&employee)) && asked.iter().all(expected), "{asked:#?}");
    let all = cases(&sim);
    assert_eq!((all.len(), &all[0]["state"]), (1, &json!("waiting")));
    assert_eq!(okta_says(&sim, LEAVER), "ACTIVE");
    // The command line asks as well.
    let ran = sim.exeunt(&["revoke", LEAVER, "--yes"]).ended(COULD_NOT);
    assert!(ran.err.contains("protected") && ran.err.contains("approve"), "{ran:?}");
    assert_eq!(okta_says(&sim, LEAVER), "ACTIVE");
    assert_eq!(cases(&sim).len(), 1);
}
