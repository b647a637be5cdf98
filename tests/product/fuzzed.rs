//! The targets of `tests/fuzz/run` in short: every input that is kept, and a few hundred changes of them, the same ones every time.
//! `EXEUNT_FUZZED_SECONDS=600 cargo test --release --test product fuzzed` goes on for so long with each, from another seed each time: for where there is
//! no nightly compiler.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../fuzz/targets/mod.rs"]
mod targets;

/// How many changed inputs each target gets. Those that ask a server or write files get fewer.
const CHANGED: usize = 400;
/// What has taken this long is enough; it only ends the changes, and never decides a test.
const ENOUGH: Duration = Duration::from_millis(900);

/// Numbers from a seed (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }

    /// An input that is like one or two of these.
    fn like(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            match self.below(6) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 if at < input.len() => input[at] = self.below(256) as u8,
                2 => input.insert(at, self.below(256) as u8),
                3 => drop(input.drain(at..(at + self.below(9)).min(input.len()))),
                4 => {
                    let other = &corpus[self.below(corpus.len())];
                    let from = self.below(other.len() + 1);
                    input.truncate(at);
                    input.extend_from_slice(&other[from..]);
                }
                _ => {
                    let part = input[at..(at + self.below(32)).min(input.len())].to_vec();
                    let into = self.below(input.len() + 1);
                    input.splice(into..into, part);
                }
            }
        }
        input.truncate(4096);
        input
    }
}

/// Replays what is kept for a target, then changes of it. Each input is written beside the compiled tests first.
fn replay(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} holds nothing", folder.display());
    let target = targets::target(name).unwrap();
    // Also what ends this program, or never ends, leaves its input.
    let tried = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzzed-{name}"));
    let run = |input: &[u8], of: &str| {
        fs::write(&tried, input).unwrap();
        if let Err(panic) = std::panic::catch_unwind(|| target(input)) {
            println!("{name} fails for {of}: {}", tried.display());
            std::panic::resume_unwind(panic);
        }
    };
    for (path, input) in paths.iter().zip(&corpus) {
        run(input, &path.display().to_string());
    }
    let begun = Instant::now();
    let longer =
        std::env::var("EXEUNT_FUZZED_SECONDS").ok().map(|seconds| Duration::from_secs(seconds.parse().expect("a number of seconds")));
    let seed = longer.map_or(0, |_| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ seed);
    let (most, enough) = longer.map_or((CHANGED, ENOUGH), |longer| (usize::MAX, longer));
    let mut round = 0;
    while round < most && begun.elapsed() < enough {
        run(&numbers.like(&corpus), &format!("change {round}"));
        round += 1;
    }
    println!("{name}: {} inputs and {round} changes of them", corpus.len());
}

#[test]
fn every_target_is_fuzzed_and_replayed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    let manifest: toml::Value = toml::from_str(&fs::read_to_string(root.join("tests/fuzz/Cargo.toml")).unwrap()).unwrap();
    let programs: Vec<&str> = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    assert_eq!(programs, names);
    let own = fs::read_to_string(root.join("tests/product/fuzzed.rs")).unwrap();
    for name in names {
        assert!(own.contains(&format!("replay(\"{name}\")")), "nothing replays {name}");
    }
}

// Reliability: Nothing stuck.
#[test]
fn no_manifest_breaks_what_reads_it() {
    replay("manifest");
}

// Reliability: Nothing stuck.
#[test]
fn no_settings_break_what_reads_them() {
    replay("settings");
}

// Reliability: Nothing stuck.
#[test]
fn no_expression_runs_for_ever_and_no_value_changes_what_it_is_put_into() {
    replay("expressions");
}

// Reliability: Nothing stuck.
#[test]
fn no_body_breaks_its_decoder_or_takes_more_memory_than_was_reckoned() {
    replay("decoders");
}

// Reliability: Nothing stuck.
#[test]
fn no_directory_s_entry_breaks_what_reads_it() {
    replay("ldap");
}

// Reliability: Nothing stuck.
#[test]
fn no_pages_lead_to_another_server_or_end_without_the_system_s_word() {
    replay("paging");
}

// Reliability: Who may.
#[test]
fn no_webhook_is_taken_that_was_changed_after_it_was_signed() {
    replay("webhooks");
}

// Reliability: Secrets.
#[test]
fn no_spelling_of_a_secret_survives_in_what_a_system_answers() {
    replay("redaction");
}

// Reliability: Evidence.
#[test]
fn no_changed_byte_of_a_log_verifies() {
    replay("audit");
}

// Reliability: Evidence.
#[test]
fn no_changed_bundle_is_intact() {
    replay("bundle");
}

// Reliability: What people see.
#[test]
fn no_name_is_obeyed_by_a_terminal_a_spreadsheet_or_a_browser() {
    replay("names");
}
