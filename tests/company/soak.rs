//! `serve` for a long time: a night and a poll each second, faults all the while, people who leave, and strangers at its port. It needs no more
//! memory, descriptors and threads in the end than in the middle; the log is whole; every case is at its end, or says what it waits for.
//!
//! ```text
//! EXEUNT_SOAK=300 cargo test --test company soak -- --nocapture     five minutes
//! EXEUNT_SOAK=1800 cargo test --test company soak -- --nocapture    thirty
//! EXEUNT_SEED=7 …                                                   the same faults, leavers and strangers again
//! ```
//!
//! A plain `cargo test` runs it for some seconds. Whether something grows can't be told in that time, so that is checked only from
//! [`GROWTH_FROM`] seconds on; everything else is checked at any length.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use exeunt_company::faults::{Fault, FaultKind};
use exeunt_company::vendors::bamboohr::{employee_id, signed_webhook};
use exeunt_company::world::WEBHOOK_SECRET;
use serde_json::{Value, json};

use crate::run::{FINE, command};
use crate::sim::{Dice, Running, Sim, dice, until};

/// How long a plain `cargo test` goes on.
const SHORT: u64 = 6;

/// From this length on, in seconds, the second half is held against the first.
const GROWTH_FROM: u64 = 240;

/// The first part of the time, one in so many, is for warming up.
const WARM: usize = 6;

/// What is measured of the serving process.
struct Sample {
    at: Duration,
    /// Resident memory, in KiB.
    rss: u64,
    descriptors: u64,
    threads: u64,
}

fn sample(pid: u32, at: Duration) -> Sample {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let number = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("serve has ended: no {name} in {status}"));
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
    Sample { at, rss: number("VmRSS:"), descriptors, threads: number("Threads:") }
}

fn median(samples: &[Sample], of: fn(&Sample) -> u64) -> u64 {
    let mut all: Vec<u64> = samples.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

/// What is measured, its unit, and by how much the second half may lie above the first: a part of it, and a number beside that.
type Measure = (&'static str, fn(&Sample) -> u64, f64, u64);

/// Memory: the store of the second half holds more nights and more cases than that of the first, and what is read of them at once is more.
const MEASURES: &[Measure] = &[
    ("resident KiB", |sample| sample.rss, 0.15, 24 * 1024),
    ("descriptors", |sample| sample.descriptors, 0.0, 12),
    ("threads", |sample| sample.threads, 0.0, 6),
];

/// A kind of fault, by the dice: what vendors and networks do on bad days. None of them hides something in a way that nobody can tell from the truth.
fn fault(dice: &mut Dice) -> FaultKind {
    let status = |code: u16, body: Value| FaultKind::Status { code, headers: Vec::new(), body };
    match dice.below(24) {
        0..6 => FaultKind::Stall(Duration::from_millis(50 + dice.below(1000))),
        6 => status(500, json!({ "message": "internal error" })),
        7 => status(502, json!("bad gateway")),
        8 => FaultKind::Page { code: 503, text: "<html><body>come back later</body></html>" },
        9 => FaultKind::Page { code: 200, text: "<!doctype html><html><body><form action=\"/login\"></form></body></html>" },
        10..13 => FaultKind::Status { code: 429, headers: vec![("retry-after".to_owned(), "1".to_owned())], body: json!({}) },
        13 => status(429, json!({ "error": "too many requests" })),
        14 => status(401, json!({ "error": "invalid_token" })),
        15 => FaultKind::Lie,
        16 => FaultKind::Page { code: 200, text: "" },
        _ => FaultKind::Cut,
    }
}

/// The server, and what it said.
struct Server {
    running: Running,
    address: String,
    said: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Server {
    fn start(sim: &Sim) -> Self {
        let errors = std::fs::File::create(sim.folder().join("serve.err")).unwrap();
        let mut child =
            command(sim.folder()).args(["serve", "--listen", "127.0.0.1:0"]).stderr(errors).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first}")).to_owned();
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = said.clone();
        let began = Instant::now();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| kept.lock().unwrap().push((began.elapsed(), line))));
        Self { running: Running(child), address, said }
    }

    /// Posts a webhook; the status, or nothing where the connection was ended (HR's sender tries again then).
    fn post(&self, sim: &Sim, headers: &[(&str, String)], body: Vec<u8>) -> Option<u16> {
        let mut request = reqwest::Client::new().post(format!("http://{}/hooks/bamboohr", self.address)).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        sim.runtime.block_on(async { request.send().await.ok().map(|answer| answer.status().as_u16()) })
    }

    /// HR says of somebody that there is news, signed as HR signs it; said again until it is taken.
    fn webhook(&self, sim: &Sim, number: &str) {
        let (headers, body) = signed_webhook(&employee_id(number), WEBHOOK_SECRET, jiff::Timestamp::now());
        let header = |name: &'static str| (name, headers[name].to_str().unwrap().to_owned());
        let headers = [header("x-bamboohr-timestamp"), header("x-bamboohr-signature")];
        until("HR's webhook is taken", || (self.post(sim, &headers, body.clone()) == Some(202)).then_some(()));
    }

    /// A stranger at the port: half a request, a forged webhook, a body that is no JSON, one that is too large, a path that is not there.
    fn stranger(&self, sim: &Sim, dice: &mut Dice, half_open: &mut Vec<TcpStream>) {
        match dice.below(6) {
            0..3 => {
                if let Ok(mut stream) = TcpStream::connect(&self.address) {
                    let head = [
                        "",
                        "POST /hooks/bamboohr HTTP/1.1\r\nhost: x\r\n",
                        "POST /hooks/bamboohr HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nhalf",
                    ];
                    // It may have been ended already, which is its right.
                    let _sent = stream.write_all(head[dice.below(3) as usize].as_bytes());
                    half_open.push(stream);
                    if half_open.len() > 90 {
                        half_open.drain(..30);
                    }
                }
            }
            3 => {
                let stamp = jiff::Timestamp::now().as_second().to_string();
                let forged = [("x-bamboohr-timestamp", stamp), ("x-bamboohr-signature", "00".repeat(32))];
                assert_ne!(self.post(sim, &forged, b"{\"type\":\"employee.updated\"}".to_vec()), Some(202), "a forged webhook was taken");
            }
            4 => assert_ne!(self.post(sim, &[], vec![b'x'; 70_000]), Some(202)),
            _ => assert_ne!(self.post(sim, &[], b"no JSON".to_vec()), Some(202)),
        }
    }
}

/// What happened, in figures.
struct Tally {
    nights: i64,
    leavers: BTreeSet<String>,
    strangers: u64,
    faults: u64,
    requests: u64,
}

/// Who may leave: everybody who works here and doesn't carry the story of the one that HR has named already. Executives come spread among the others.
fn who_may_leave(sim: &Sim) -> Vec<String> {
    let today = sim.world.company.today();
    let people = &sim.world.company.people;
    let mut executives =
        people.iter().filter(|person| person.executive && person.left.is_none()).skip(1).map(|person| person.number.clone());
    let staff = people.iter().filter(|person| !person.executive && person.left.is_none() && person.active(today));
    let mut all = Vec::new();
    for (at, person) in staff.enumerate() {
        if at % 4 == 0 {
            all.extend(executives.next());
        }
        all.push(person.number.clone());
    }
    all
}

/// The number of nights that were read to their end.
fn nights(sim: &Sim) -> i64 {
    sim.count("SELECT count(*) FROM scan s JOIN system y ON y.id = s.system WHERE y.name = 'okta' AND s.ended IS NOT NULL")
}

/// Serves for so long, and lets all of it happen.
fn weather(sim: &Sim, server: &Server, length: Duration, dice: &mut Dice) -> (Tally, Vec<Sample>) {
    let systems: Vec<String> =
        sim.sql().prepare("SELECT name FROM system").unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let everybody = who_may_leave(sim);
    // Dozens in five minutes; a few stay, for somebody must.
    let leaving = everybody.len().saturating_sub(12).min(3.max(length.as_secs() as usize / 12));
    let began = Instant::now();
    let (mut samples, mut half_open, mut leavers, mut strangers) = (Vec::new(), Vec::new(), BTreeSet::new(), 0);
    let mut cleared = Duration::ZERO;
    let mut moved = (Instant::now(), -1);
    let nights_before = nights(sim);
    // Where the time is short, it ends once a few nights are over.
    while began.elapsed() < length || nights(sim) < nights_before + 2 {
        let at = began.elapsed();
        samples.push(sample(server.running.0.id(), at));
        if let Some(number) = everybody
            .get(leavers.len())
            .filter(|_| leavers.len() < leaving && at.as_secs_f64() * leaving as f64 > leavers.len() as f64 * length.as_secs_f64())
        {
            sim.world.hr.terminate(number, sim.world.company.today()).unwrap();
            // Of half of them HR's record alone tells.
            if leavers.len() % 2 == 0 {
                server.webhook(sim, number);
            }
            leavers.insert(number.clone());
        }
        if dice.below(5) == 0 {
            let system = systems[dice.below(systems.len() as u64) as usize].clone();
            let times = Some(1 + dice.below(2) as u32);
            sim.world.faults.add(Fault { system, method: None, path: String::new(), kind: fault(dice), times });
        }
        // A fault that nobody has met so far is forgotten now and then, so that there are never many at once.
        if at > cleared + Duration::from_secs(10) {
            cleared = at;
            sim.world.faults.clear();
        }
        if dice.below(4) == 0 {
            server.stranger(sim, dice, &mut half_open);
            strangers += 1;
        }
        // Something comes to its end all the time: a system's night, or a step of a departure.
        if samples.len() % 20 == 0 {
            let steps = sim.count("SELECT (SELECT count(*) FROM scan WHERE ended IS NOT NULL) + (SELECT count(*) FROM action_event)");
            if steps != moved.1 {
                moved = (Instant::now(), steps);
            }
            assert!(moved.0.elapsed() < Duration::from_secs(120), "nothing was done for two minutes; serve said last: {:#?}", last(server));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let tally = Tally {
        nights: nights(sim) - nights_before,
        leavers,
        strangers,
        faults: sim.world.faults.hits(),
        requests: sim.world.faults.arrived(),
    };
    (tally, samples)
}

/// Lets each vendor be asked as often as one likes: a night a second would wait for the vendors' limits most of the time.
fn asked_without_end(sim: &Sim) {
    let settings = std::fs::read_to_string(sim.world.settings_file()).unwrap();
    for system in settings.lines().filter_map(|line| line.strip_prefix("[systems.")?.strip_suffix(']')) {
        let manifest = sim.manifest(system);
        if let Some((before, after)) = manifest.split_once("budget: { requests: ") {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            sim.use_manifest(system, &format!("{before}budget: {{ requests: 1000000{rest}"));
        }
    }
}

fn last(server: &Server) -> Vec<String> {
    let said = server.said.lock().unwrap();
    said.iter().skip(said.len().saturating_sub(20)).map(|(at, line)| format!("{:.1} s {line}", at.as_secs_f64())).collect()
}

/// All is well again: serve works off what is left.
fn worked_off(sim: &Sim, server: &Server, leavers: &BTreeSet<String>) {
    sim.world.faults.clear();
    let numbers = leavers.iter().map(|number| format!("'{number}'")).collect::<Vec<_>>().join(", ");
    let has_run = format!(
        "SELECT count(DISTINCT n.employee) FROM departure d JOIN
           (SELECT w.node, json_extract(w.attrs, '$.employee_number') AS employee FROM node_seen w) n ON n.node = d.person
         WHERE d.state IN ('open', 'closed', 'waiting') AND n.employee IN ({numbers})"
    );
    let began = Instant::now();
    let mut had = 0;
    let mut since = Instant::now();
    loop {
        let has = sim.count(&has_run);
        let waiting = sim.count("SELECT count(*) FROM webhook WHERE looked = 0")
            + sim.count("SELECT count(*) FROM action WHERE state IN ('planned', 'fired')")
            + sim.count("SELECT count(*) FROM departure WHERE state = 'running'");
        if has == leavers.len() as i64 && waiting == 0 {
            break;
        }
        if has != had {
            (had, since) = (has, Instant::now());
        }
        assert!(
            since.elapsed() < Duration::from_secs(90),
            "{has} of {} cases have run, and {waiting} things wait: {:#?}",
            leavers.len(),
            last(server)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("soak: all was worked off {:.1} s after the last fault", began.elapsed().as_secs_f64());
}

/// Every case is at its end, or says what it waits for; a closed one is closed by the vendors' own state.
fn judged(sim: &Sim, leavers: &BTreeSet<String>) -> String {
    let mut told = (0, 0, 0);
    let mut wrong = String::new();
    let cases = sim.exeunt(&["departures", "--json"]).json();
    for case in cases.as_array().unwrap() {
        let id = case["departure"].to_string();
        let number: String = sim
            .sql()
            .query_row(
                "SELECT json_extract(w.attrs, '$.employee_number') AS number FROM departure d JOIN node_seen w ON w.node = d.person
                 WHERE d.id = ?1 AND number IS NOT NULL LIMIT 1",
                [case["departure"].as_i64()],
                |row| row.get(0),
            )
            .unwrap();
        if !leavers.contains(&number) {
            // Somebody has announced to leave in two months.
            if case["state"] != "scheduled" {
                let _ = writeln!(wrong, "HR did not name {number}, and there is case {id}: {case}");
            }
            continue;
        }
        let case = sim.exeunt(&["departure", &id, "--json"]).json();
        let list = |name: &str| case[name].as_array().cloned().unwrap_or_default();
        for action in list("actions") {
            let state = action["state"].as_str().unwrap();
            let says_why = action["why"].as_str().is_some_and(|why| !why.is_empty());
            let fine = match state {
                "gone" => true,
                "handed_off" => list("tasks").iter().any(|task| task["title"].as_str().is_some()),
                "accepted" | "refused" | "stuck" => says_why,
                _ => false,
            };
            if !fine {
                let _ = writeln!(wrong, "case {id} of {number}: {state} without a reason: {action}");
            }
        }
        match case["state"].as_str() {
            Some("closed") => {
                told.0 += 1;
                let lives_on = case["outcome"]["lives_on"].as_i64().unwrap_or_default();
                for system in ["okta", "google-workspace", "github", "slack", "intune", "kisi", "scim", "active-directory", "openldap"] {
                    let left = sim.world.left(system, &number).unwrap_or_default();
                    if lives_on == 0 && !left.is_empty() {
                        let _ = writeln!(wrong, "case {id} of {number} is closed, and {system} lets them do {left:#?}");
                    }
                }
            }
            Some("open") => {
                told.1 += 1;
                let waits = list("tasks").iter().any(|task| task["done"] == false)
                    || ["residual", "unread", "doubts"].iter().any(|name| !list(name).is_empty())
                    || list("actions").iter().any(|action| action["verdict"] != "gone");
                if !waits {
                    let _ = writeln!(wrong, "case {id} of {number} is open and says not why: {case:#}");
                }
            }
            // An approval is asked for, and why.
            Some("waiting") if case["waits"].as_str().is_some_and(|why| !why.is_empty()) => {
                println!("soak: case {id} waits: {}", case["waits"]);
                told.2 += 1;
            }
            _ => _ = writeln!(wrong, "case {id} of {number} is {}", case["state"]),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(told.0 + told.1 + told.2, leavers.len(), "cases of leavers");
    // Whoever waits for an approval by mistake would be everybody.
    assert!(told.2 * 5 <= leavers.len(), "{} of {} cases wait for an approval", told.2, leavers.len());
    format!("{} cases closed, {} open with what is left to do, {} wait for an approval", told.0, told.1, told.2)
}

fn grew(samples: &[Sample]) -> Vec<String> {
    let warm = &samples[samples.len() / WARM..];
    let (first, second) = warm.split_at(warm.len() / 2);
    let mut too_much = Vec::new();
    for (name, of, part, number) in MEASURES {
        let (early, late) = (median(first, *of), median(second, *of));
        println!(
            "soak: {name}: {} at the start, {early} median of the first half, {late} of the second, {} at the end, {} at most",
            of(&samples[0]),
            of(samples.last().unwrap()),
            samples.iter().map(of).max().unwrap()
        );
        let most = early + (early as f64 * part) as u64 + number;
        if late > most {
            too_much.push(format!("{name}: {late} in the second half, and {early} in the first: more than {most}"));
        }
    }
    too_much
}

// Reliability: Nothing stuck.
#[test]
fn serve_runs_a_night_a_second_in_bad_weather_and_nothing_grows_or_sticks() {
    let seconds = std::env::var("EXEUNT_SOAK").ok().map_or(SHORT, |text| text.parse().unwrap());
    let mut dice = dice("soak");
    let sim = Sim::up_with_few();
    sim.change_settings("schedule = \"0 2 * * *\"", "schedule = \"* * * * * *\"");
    sim.change_settings("poll = \"*/15 * * * *\"", "poll = \"* * * * * *\"");
    // So many leave within an hour that it would stop and ask.
    sim.change_settings("mass_limit = 3", "mass_limit = 1000");
    asked_without_end(&sim);
    sim.exeunt(&["scan"]);
    let server = Server::start(&sim);
    let (tally, samples) = weather(&sim, &server, Duration::from_secs(seconds), &mut dice);
    println!(
        "soak: {} s, {} nights, {} people left, {} requests, {} met a fault, {} strangers at the port",
        samples.last().unwrap().at.as_secs(),
        tally.nights,
        tally.leavers.len(),
        tally.requests,
        tally.faults,
        tally.strangers
    );
    assert!(tally.faults > 0 && tally.strangers > 0 && tally.nights > 1 && tally.leavers.len() > 2, "there was no weather");
    let too_much = grew(&samples);
    worked_off(&sim, &server, &tally.leavers);
    let stop = Instant::now();
    let said = server.said.clone();
    assert_eq!(server.running.terminate(), FINE);
    if std::env::var_os("EXEUNT_SOAK").is_some() {
        said.lock().unwrap().iter().for_each(|(at, line)| println!("{:>7.1} s  {line}", at.as_secs_f64()));
    }
    assert!(stop.elapsed() < Duration::from_secs(5), "it took {:?} to stop", stop.elapsed());
    // A stop may come while a case is tried again: the next start goes on with it.
    let running = "SELECT count(*) FROM departure WHERE state = 'running'";
    for _ in 0..3 {
        if sim.count(running) == 0 {
            break;
        }
        let server = Server::start(&sim);
        worked_off(&sim, &server, &tally.leavers);
        assert_eq!(server.running.terminate(), FINE);
    }
    sim.assert_store_is_whole();
    let log = sim.exeunt(&["audit", "verify", "--json"]).ended(FINE).json();
    assert_eq!(log["verified"], true, "{log}");
    println!("soak: {}", judged(&sim, &tally.leavers));
    if seconds >= GROWTH_FROM {
        assert!(too_much.is_empty(), "{too_much:#?}");
    } else {
        println!("soak: whether something grows is asked from EXEUNT_SOAK={GROWTH_FROM} on");
    }
}
