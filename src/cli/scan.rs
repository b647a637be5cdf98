//! `exeunt scan`: read every system, link accounts to people, run the shadow checks.

use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::clock;
use crate::departure::{self, Desk};
use crate::graph::{Graph, contested, nobodys, placeless, unmatched, vanished};
use crate::scan::Progress;
use crate::store::departures;
use crate::survey::{self, Options, Survey};

/// Scan the systems: who has what, and what nobody provisioned
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  exeunt scan                        everything\n  exeunt scan okta github            two systems\n  exeunt scan --person E1002         what concerns one person, everywhere, in seconds\n\nExit code 2 when something could not be seen (known access then stays as it was), or when the rule for executives matches nobody."
)]
pub struct Args {
    /// Systems to scan; all when none is given
    systems: Vec<String>,
    /// Only what concerns this person (employee number, address or name)
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Read everything, also where reading the changes would do
    #[arg(long)]
    full: bool,
    /// Believe a list that has lost most of what it held
    #[arg(long)]
    accept_loss: bool,
}

/// Runs the command.
///
/// # Errors
/// The settings, the store, a person or a system that doesn't exist.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let (config, store) = global.open()?;
    let fleet = global.fleet(&config, &args.systems)?;
    let person = match &args.person {
        None => None,
        Some(name) => Some(super::find_person(&config, &store, name)?),
    };
    let options = Options { full: args.full, accept_loss: args.accept_loss, person, no_checks: false, no_links: false };
    if let ([(_, reason), more @ ..], true) = (fleet.closed.as_slice(), fleet.systems.is_empty()) {
        survey::note_closed(&config, &store, &fleet)?;
        let more = if more.is_empty() { String::new() } else { format!(" (and {} more; `exeunt check` lists them)", more.len()) };
        bail!("no system could be scanned: {reason}{more}");
    }
    let spinner = out::spinner("scanning");
    let counts: Mutex<std::collections::BTreeMap<String, u64>> = Mutex::default();
    let tell = |system: &str, progress: Progress| {
        if let (Progress::Written(_, tally), Ok(mut counts)) = (progress, counts.lock()) {
            *counts.entry(system.to_owned()).or_default() += tally.seen;
            spinner.set_message(counts.iter().map(|(name, seen)| format!("{name} {seen}")).collect::<Vec<_>>().join(" · "));
        }
    };
    let survey = survey::survey(&config, &store, &fleet, &options, &tell).await?;
    spinner.finish_and_clear();
    if global.json {
        out::json(&as_json(&survey));
    } else {
        print(&survey);
    }
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let people = survey::people(&config, &graph)?;
    let mut doubts = unmatched(&people, config.people.executive.as_deref(), &config.people.executives);
    doubts.extend(vanished(&graph, &people, clock::now()));
    doubts.extend(placeless(&people));
    doubts.extend(contested(&graph));
    if !people.is_empty() {
        doubts.extend(store.read(|conn| nobodys(conn, &config, &people))?);
    }
    if survey.systems.is_empty() && survey.closed.is_empty() {
        doubts.push("no system is configured, so nothing was read: name them in the settings".to_owned());
    }
    let store = Arc::new(store);
    let (mut reopened, mut unsigned) = (Vec::new(), None);
    if !store.read(departures::list)?.is_empty() {
        let signer = departure::signer(&config);
        reopened = departure::reopen(&Desk { config: &config, store: &store, fleet: &fleet, signer: &signer }).await?;
        unsigned = signer.trouble().map(|why| format!("the audit log could not be signed: {why}"));
    }
    doubts.extend(unsigned);
    for (id, labels) in &reopened {
        labels.iter().for_each(|label| out::remark(format!("departure {id} is open again: {label} was proved gone, and is there")));
    }
    let exit = if survey.has_gaps() {
        Exit::CouldNot
    } else if survey.findings.is_empty() && reopened.is_empty() {
        Exit::Fine
    } else {
        Exit::Found
    };
    Ok(super::report::doubted(exit, &doubts))
}

/// The survey as the `scan` schema has it.
pub fn as_json(survey: &Survey) -> Value {
    json!({
        "seconds": survey.took.as_secs_f64(),
        "systems": survey.systems.iter().map(|report| json!({
            "system": report.system, "scopes": report.scopes, "by_changes": report.by_changes, "unread": report.unread, "records": report.records, "seen": report.seen, "opened": report.opened, "closed": report.closed,
            "resumed": report.resumed, "seconds": report.took.as_secs_f64(),
            "gaps": report.gaps.iter().map(|(scope, reason)| json!({"scope": scope, "reason": reason})).collect::<Vec<_>>(),
            "rights_missing": report.preflight.iter().filter_map(|tried| tried.problem.as_ref().map(|problem| json!({"right": tried.right, "credential": tried.hand, "problem": problem}))).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "not_scanned": survey.closed.iter().map(|(system, reason)| json!({"system": system, "reason": reason})).collect::<Vec<_>>(),
        "findings": survey.findings.len(),
    })
}

/// The gaps of a system, those of one collection for one reason together: collection, reason, how many.
pub fn gathered(gaps: &[(String, String)]) -> Vec<(&str, &str, usize)> {
    let mut together: Vec<(&str, &str, usize)> = Vec::new();
    for (scope, reason) in gaps {
        let collection = scope.split('(').next().unwrap_or(scope);
        match together.iter_mut().find(|(known, why, _)| *known == collection && why == reason) {
            Some(entry) => entry.2 += 1,
            None => together.push((collection, reason, 1)),
        }
    }
    together
}

/// Prints what a survey gave.
pub fn print(survey: &Survey) {
    for report in &survey.systems {
        let mark = if report.has_gaps() { "!" } else { "✓" };
        let changes =
            if report.opened + report.closed == 0 { "unchanged".to_owned() } else { format!("+{} -{}", report.opened, report.closed) };
        let records = if report.by_changes + report.unread > 0 { format!("   {} records read", report.records) } else { String::new() };
        let seconds = report.took.as_secs_f64();
        out::say(format!("{mark} {:18} {:>7} seen   {changes:16} {seconds:>6.2} s{records}", report.system, report.seen));
        for (scope, reason, count) in gathered(&report.gaps) {
            let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
            out::say(format!("    can't see {scope}{times}: {reason}"));
        }
        for lacks in report.preflight.iter().filter_map(|tried| tried.lacks()) {
            out::say(format!("    {lacks}"));
        }
    }
    for (system, reason) in &survey.closed {
        out::say(format!("! {system}: {reason}"));
    }
    out::say(format!(
        "{} systems in {:.1} s, {} shadow findings (exeunt report shadow)",
        survey.systems.len(),
        survey.took.as_secs_f64(),
        survey.findings.len()
    ));
}
