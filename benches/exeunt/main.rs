//! Measures exeunt against its own targets: `cargo bench --bench exeunt [-- [--json] [store|extract|snapshot|around|nights|okta|departure|trigger …]]`.
//!
//! Every figure stands beside a baseline that was measured in the same run on the same machine, so that what is compared is a ratio.
//! A miss is printed and changes nothing else: a timing never decides a test.
#![allow(clippy::print_stdout, missing_docs)]

mod around;
mod data;
mod departure;
mod extract;
mod nights;
mod okta;
mod report;
mod snapshot;
mod store;
mod trigger;

use anyhow::Result;
use report::Line;

type Bench = fn() -> Result<Vec<Line>>;

/// Name, and what measures it.
const BENCHES: &[(&str, Bench)] = &[
    ("store", store::run),
    ("extract", extract::run),
    ("snapshot", snapshot::run),
    ("around", around::run),
    ("nights", nights::run),
    ("okta", okta::run),
    ("departure", departure::run),
    ("trigger", trigger::run),
];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [first, rest @ ..] = args.as_slice()
        && first == okta::CHILD
    {
        return okta::child(rest);
    }
    let json = args.iter().any(|arg| arg == "--json");
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut lines = Vec::new();
    for (name, bench) in BENCHES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|arg| arg == name)) {
        if !json {
            eprintln!("{name} …");
        }
        match bench() {
            Ok(more) => lines.extend(more),
            Err(problem) => lines.push(Line::broken(name, &format!("{problem:#}"))),
        }
    }
    if json {
        report::print_json(&lines)
    } else {
        report::print_table(&lines)
    }
    Ok(())
}
