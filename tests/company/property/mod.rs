//! Random companies, nights, answers and faults. Whatever happens: what is called complete is complete, what is known stays known, what is called
//! gone, clean or closed is so by the vendor's own state, nobody leaves, or loses anything, whom HR did not name, each action has its outcome in a
//! log that holds, every command ends with an exit code of its own, and none in a panic.
//!
//! ```text
//! EXEUNT_SEEDS=1000 cargo test --release --test company property -- --nocapture     so many companies, each of its own seed
//! EXEUNT_SEED=7 cargo test --test company property -- --nocapture                   the company of this seed
//! EXEUNT_SEED=7 EXEUNT_SEEDS=100 …                                                  a hundred, from this seed on
//! ```
//!
//! What a seed that failed broke is printed with its story, at once and again at the end. The same seed draws the same company and the same faults;
//! which of two calls at once meets a fault that ends after a few is the machine's.
//!
//! A company is HR, one system (and at times a second HR system, a file), and what befalls them is told in the story of the seed. Vendors answer
//! in one of two ways. *Loud* faults are no answers, name less than they promise, or say the right thing late, twice or in another order: whoever
//! looks can see them, or need not. *Quiet* ones can't be told from the truth (a list that is emptied, a field that one record lost or that is of
//! another type); after them only what a loud fault must not break is asked for, until a night without faults has read everything anew.

mod company;
mod departure;
mod faults;
mod log;
mod nights;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use company::Trial;

/// How many companies a plain `cargo test` tries, and the first of them: always the same ones, so that what breaks is what was changed.
/// Two cores hold so many in about a minute.
const SEEDS: u64 = 40;
const FIRST: u64 = 1;

/// How many are tried at once: they wait for retries and proofs more than for a core. Where there are many, more.
const AT_ONCE: usize = 12;
const OF_MANY: usize = 40;

/// Who may leave: executives with much.
const EXECUTIVES: &[&str] = &["E1001", "E1002", "E1003", "E1005", "E1006", "E1007"];

/// The company's HR system.
const HR: &str = "bamboohr";

const SIGN_IN: &str = "<!doctype html><html><head><title>Sign in</title></head><body><form action=\"/login\"></form></body></html>";
const NOT_FOUND: &str = "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>";

/// What went wrong with one company: what was promised, and what happened instead.
type Broken = String;

/// What was tried, for whoever doubts that anything was.
#[derive(Default)]
struct Tried {
    /// Nights that named no gap, and were held against the truth.
    whole_nights: AtomicU64,
    /// Nights with a gap, of which the complete scopes were held against the truth.
    gap_nights: AtomicU64,
    /// Commands that were killed.
    killed: AtomicU64,
    /// Requests that met a fault.
    hits: AtomicU64,
    /// Actions that were looked for in the log.
    logged: AtomicU64,
    /// Departures that came to their end.
    departures: AtomicU64,
    /// Of these, how many said that nothing they fired is in doubt.
    sure: AtomicU64,
    /// Of these, how many were closed.
    closed: AtomicU64,
}

fn count(what: &AtomicU64) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// Tries one company; what it broke, with the story.
fn try_one(seed: u64, tried: &Tried) -> Option<String> {
    let told = |panic: Box<dyn std::any::Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("panicked: {}", text.unwrap_or("without a word"))
    };
    let mut trial = match std::panic::catch_unwind(|| Trial::new(seed, tried)) {
        Ok(trial) => trial,
        Err(panic) => return Some(format!("EXEUNT_SEED={seed}: {}", told(panic))),
    };
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| trial.run()));
    let broken = ran.unwrap_or_else(|panic| Err(told(panic))).err()?;
    Some(format!("EXEUNT_SEED={}: {broken}\n{}", trial.seed, trial.story.join("\n")))
}

// Reliability: Bad weather.
#[test]
fn nothing_is_called_what_it_is_not() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (seed, seeds) = (number("EXEUNT_SEED"), number("EXEUNT_SEEDS"));
    let first = seed.unwrap_or(FIRST);
    let count = seeds.unwrap_or(if seed.is_some() { 1 } else { SEEDS });
    println!("{count} companies, from EXEUNT_SEED={first} on");
    let began = std::time::Instant::now();
    let (next, broken, tried) = (AtomicU64::new(0), Mutex::new(Vec::new()), Tried::default());
    std::thread::scope(|scope| {
        for _ in 0..if count > SEEDS { OF_MANY } else { AT_ONCE } {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    if let Some(story) = try_one(first + at, &tried) {
                        println!("{story}\n");
                        broken.lock().unwrap().push(story);
                    }
                }
            });
        }
    });
    let of = |counted: &AtomicU64| counted.load(Ordering::Relaxed);
    println!(
        "{count} companies in {} s: {} requests met a fault, {} commands were killed; {} nights without a gap, {} with one; {} departures with {} \
         actions, {} of them sure, {} closed",
        began.elapsed().as_secs(),
        of(&tried.hits),
        of(&tried.killed),
        of(&tried.whole_nights),
        of(&tried.gap_nights),
        of(&tried.departures),
        of(&tried.logged),
        of(&tried.sure),
        of(&tried.closed)
    );
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{} of {count} companies; the first: {}", broken.len(), broken[0]);
}
