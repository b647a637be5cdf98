//! One run per case: several processes on one store, and a call that can't be taken back.
//!
//! ```text
//! EXEUNT_ROUNDS=200 cargo test --test product two_servers -- --nocapture     two servers and a command, with 200 seeds
//! EXEUNT_ROUNDS=20 EXEUNT_SEED=80 …                                                        twenty of them, from this seed on
//! ```
//!
//! The seed says at which moments the processes begin, and how long the call takes.

use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::run::{COULD_NOT, FINE, command};
use crate::small::Small;

/// The company, whose app wipes an account in so long; and that can't be taken back.
fn wiping(takes: Duration) -> Small {
    let small = Small::up("");
    small.wipe_takes(takes);
    let text = include_str!("../../scanners/scim.yaml").replace("scanner: scim\n", "scanner: scim-wipe\n");
    let at = text.find("  remove_from_group:").unwrap();
    let wipe = "  wipe:\n    on: account\n    irreversible: true\n    call: POST /Users/{{ node.id }}/wipe\n    \
                prove: { call: \"GET /Users/{{ node.id }}\", gone: \"body.wiped == true\", within: 3s }\n";
    std::fs::create_dir(small.folder().join("own")).unwrap();
    std::fs::write(small.folder().join("own/scim-wipe.yaml"), format!("{}{wipe}{}", &text[..at], &text[at..])).unwrap();
    small.settings("[company]", "scanners = \"own\"\n[company]");
    small.settings("scanner = \"scim\"", "scanner = \"scim-wipe\"");
    small.exeunt(&["scan"]).ended(FINE);
    small
}

fn start(small: &Small, args: &[&str]) -> Child {
    command(small.folder()).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until it is so, for a minute at most.
#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const WIPE: &str = "POST /scim/v2/Users/u1/wipe";

// Reliability: Who may.
#[test]
fn two_commands_and_a_server_make_no_call_twice_that_can_not_be_taken_back() {
    let small = wiping(Duration::from_secs(6));
    let mut first = start(&small, &["revoke", "E1", "--yes"]);
    until("the call is under way", || small.calls(WIPE) == 1);
    let mut server = start(&small, &["serve"]);
    let second = small.exeunt(&["revoke", "E1", "--yes"]).ended(COULD_NOT);
    assert!(second.err.contains(&format!("is being run by process {}", first.id())), "{second:?}");
    let looked = small.exeunt(&["departure", "1", "--recheck"]).ended(COULD_NOT);
    assert!(looked.err.contains("is being run by process"), "{looked:?}");
    assert!(first.wait().unwrap().success());
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(small.calls(WIPE), 1);
    let case = small.exeunt(&["departure", "1", "--json"]).json();
    assert_eq!(case["state"], "closed", "{case}");
}

// Reliability: Who may.
#[test]
fn a_killed_process_gives_its_case_up_at_once() {
    let small = wiping(Duration::from_secs(2));
    let mut first = start(&small, &["revoke", "E1", "--yes"]);
    until("the call is under way", || small.calls(WIPE) == 1);
    first.kill().unwrap();
    first.wait().unwrap();
    let began = Instant::now();
    let ran = small.exeunt(&["revoke", "E1", "--yes", "--json"]);
    assert_eq!(ran.json()["state"], "closed", "{ran:?}");
    assert!(began.elapsed() < Duration::from_secs(25), "it waited for a lease that nobody had: {:?}", began.elapsed());
    assert_eq!(small.calls(WIPE), 1, "it reads before it calls again");
}

// Reliability: Who may.
#[test]
fn a_second_case_reads_first_what_can_not_be_taken_back_and_was_called_before() {
    let small = wiping(Duration::from_millis(100));
    small.exeunt(&["revoke", "E1", "--yes"]).ended(FINE);
    let ran = small.exeunt(&["revoke", "E1", "--yes", "--json"]).ended(FINE).json();
    assert_eq!((&ran["departure"], small.calls(WIPE)), (&2.into(), 1), "{ran}");
}

/// How many seeds are tried at once: their processes wait for schedules and for the app.
const AT_ONCE: usize = 4;

// Reliability: Who may.
#[test]
fn two_servers_and_a_command_on_one_store_run_a_case_once() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = number("EXEUNT_ROUNDS").unwrap_or(2);
    let first = number("EXEUNT_SEED").unwrap_or(0);
    let (next, wrong) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + rounds {
                        break;
                    }
                    if let Err(problem) = once(seed) {
                        println!("EXEUNT_SEED={seed}: {problem}");
                        wrong.lock().unwrap().push((seed, problem));
                    }
                }
            });
        }
    });
    println!("two servers and a command: {rounds} seeds, from {first} on");
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {rounds} seeds: {wrong:#?}", wrong.len());
}

/// Two servers and a command on one store, that begin at the moments that the seed says. An error says how
/// often the call was made, if that was not once, or that a case did not end.
fn once(seed: u64) -> Result<(), String> {
    let moment = |nth: u64| Duration::from_millis((seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(nth * 977)) % 1500);
    let small = wiping(Duration::from_millis(500) + moment(9));
    small.hr("Terminated", &(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() - jiff::ToSpan::days(2)).to_string());
    let mut running = Ended(Vec::new());
    for nth in 0..2 {
        std::thread::sleep(moment(nth));
        running.0.push(start(&small, &["serve"]));
    }
    std::thread::sleep(moment(2));
    let mut last = start(&small, &["revoke", "E1", "--yes"]);
    last.wait().unwrap();
    // HR's word and the command's may be two cases.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let cases = small.exeunt(&["departures", "--json"]).json();
        let all = cases.as_array().unwrap();
        if !all.is_empty() && all.iter().all(|case| case["state"] == "closed") {
            break;
        }
        if Instant::now() > end {
            return Err(format!("not every case is over within a minute: {cases}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(running);
    match small.calls(WIPE) {
        1 => Ok(()),
        calls => Err(format!("{calls} calls")),
    }
}

/// Processes that are killed when they are not needed any more.
struct Ended(Vec<Child>);

impl Drop for Ended {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            let _ended = child.kill();
            let _ended = child.wait();
        }
    }
}
