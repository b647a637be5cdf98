//! `exeunt departures`, `departure`, `approve`, `cancel`: the cases and where they stand.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::clock;
use crate::departure::{self, Desk, Ended};
use crate::graph::{Around, Graph};
use crate::model::{DepartureId, DepartureState, Verdict};
use crate::private;
use crate::report::case::{Case, CaseTold};
use crate::report::html;
use crate::revoke::Line;
use crate::store::Store;
use crate::store::departures::{self as rows, DepartureRow};

/// Show one case: its plan, every action's verdict, its tasks
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  exeunt departure 3\n  exeunt departure 3 --recheck        reads every proof again: hand-offs that were carried out, access that came back\n  exeunt departure 3 --html case.html"
)]
pub struct One {
    /// The departure's number
    id: i64,
    /// Look again each second until it has ended
    #[arg(long)]
    watch: bool,
    /// Read every proof once more: what people did by now is noted, and what has come back is said
    #[arg(long)]
    recheck: bool,
    /// Write the case's report to this file
    #[arg(long, value_name = "FILE")]
    html: Option<std::path::PathBuf>,
}

/// Approve the exact plan of a waiting departure, and run it if its time has come
#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  exeunt approve 3 --plan sha256:5f0c…   binds the approval to the plan you looked at")]
pub struct Approve {
    /// The departure's number
    id: i64,
    /// The plan's hash, as `exeunt departure` shows it
    #[arg(long, value_name = "HASH")]
    plan: String,
    /// Who approves
    #[arg(long, value_name = "NAME")]
    by: String,
}

/// Call a departure off before it runs
#[derive(ClapArgs, Debug)]
pub struct Cancel {
    /// The departure's number
    id: i64,
    /// Who calls it off
    #[arg(long, value_name = "NAME")]
    by: String,
}

/// Lists every case. One that is not at its end, though its time has come, is something found.
///
/// # Errors
/// The store's.
pub fn list(global: &Global) -> Result<Exit> {
    let (_, store) = global.open()?;
    let cases = store.read(rows::list)?;
    let besides = cases.iter().map(|row| row.person).collect();
    let graph = store.read(|conn| Graph::around(conn, None, &Around { besides, ..Around::default() }))?;
    let undone = |row: &&DepartureRow| match row.state {
        DepartureState::Waiting | DepartureState::Running | DepartureState::Open => true,
        DepartureState::Scheduled | DepartureState::Closed | DepartureState::Cancelled => false,
    };
    let exit = if cases.iter().any(|row| undone(&row)) { Exit::Found } else { Exit::Fine };
    let mut doubts = super::never_read(&store)?;
    doubts.extend(super::late::told(&cases, clock::now()));
    let exit = super::report::doubted(exit, &doubts);
    if global.json {
        out::json(&Value::Array(cases.iter().map(|row| case_json(&graph, row)).collect()));
        return Ok(exit);
    }
    if cases.is_empty() {
        out::say("no departures yet");
    }
    for row in &cases {
        let name = graph.node(row.person).map_or("?", |node| node.label());
        out::say(format!(
            "{:>4}  {:10} {:10} {:28} {}  {}",
            row.id.0,
            row.state.word(),
            row.mode.word(),
            name,
            row.effective.strftime("%Y-%m-%d %H:%M"),
            row.cause
        ));
    }
    Ok(exit)
}

/// Shows one case.
///
/// # Errors
/// There is none of this number.
pub async fn one(global: &Global, args: One) -> Result<Exit> {
    let (config, store) = global.open()?;
    let store = Arc::new(store);
    let id = DepartureId(args.id);
    let row = find(&store, id)?;
    if args.watch {
        while matches!(find(&store, id)?.state, DepartureState::Scheduled | DepartureState::Running) {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
    let mut unread = 0;
    if args.recheck {
        let fleet = global.fleet(&config, &[])?;
        let signer = departure::signer(&config);
        let desk = Desk { config: &config, store: &store, fleet: &fleet, signer: &signer };
        for seen in departure::recheck(&desk, id).await? {
            if seen.came_back() {
                out::remark(format!("came back: {}; `exeunt revoke` takes it away again, and so does `exeunt serve`", seen.label));
            } else if seen.verdict == Verdict::Unknown {
                unread += 1;
                out::remark(format!("can't be read again: {}: {}", seen.label, seen.why.as_deref().unwrap_or("no reason given")));
            }
        }
        if let Some(why) = signer.trouble() {
            unread += 1;
            out::remark(format!("the audit log could not be signed: {why}"));
        }
    }
    let mut case = store.read(|conn| Case::of(conn, id))?;
    // A case that has not begun shows the plan as it would be made now: an approval is bound to that.
    if matches!(row.state, DepartureState::Waiting | DepartureState::Scheduled) {
        let fleet = global.fleet(&config, &[])?;
        let graph = departure::around(&config, &store, &fleet, &[row.person])?;
        let prospect = departure::prospect(&config, &store, &fleet, &graph, row.person, row.mode)?;
        prospect.plan.own_unknown.iter().for_each(|unknown| out::remark(unknown.to_string()));
        case.plan_hash = Some(prospect.hash);
    }
    if let Some(path) = &args.html {
        private::write(path, html::case(&case, &config.company.name)).with_context(|| format!("writing {}", path.display()))?;
    }
    if global.json {
        out::json(&serde_json::to_value(&case)?);
    } else {
        let told = |task: Option<i64>| case.told.iter().filter(move |told| told.task == task);
        let line = |told: &CaseTold| format!("{} in {}: {}", told.kind, told.system, told.says());
        out::say(format!("departure {id}: {}, {}, {}", case.person, case.mode, case.state));
        out::say(format!("  {} (by {}), effective {}", case.cause, case.source, case.effective.strftime("%Y-%m-%d %H:%M UTC")));
        if let Some(reason) = &case.waits {
            out::say(format!("  waits: {reason}"));
        }
        if let Some(hash) = &case.plan_hash {
            out::say(format!("  plan {hash}"));
        }
        for action in &case.actions {
            let verdict = action.verdict.as_deref().unwrap_or(&action.state);
            let why = action.why.as_ref().map(|why| format!("   ({why})")).unwrap_or_default();
            out::say(format!("  {:>3}  {verdict:10} {}{why}", action.number, action.label));
        }
        for task in &case.tasks {
            out::say(format!(
                "  task {}  {}  {} ({}, due {})",
                task.task,
                if task.done { "done" } else { "open" },
                task.title,
                task.role,
                task.due.strftime("%Y-%m-%d %H:%M")
            ));
            if let Some(closed) = &task.closed {
                out::say(format!("        {closed}"));
            }
            told(Some(task.task)).for_each(|told| out::say(format!("        {}", line(told))));
        }
        case.residual.iter().for_each(|path| out::say(format!("  left: {path}")));
        case.doubts.iter().for_each(|doubt| out::say(format!("  in doubt: {doubt}")));
        case.unread.iter().for_each(|scope| out::say(format!("  not read: {scope}")));
        case.in_clear().iter().for_each(|line| out::say(format!("  can't be seen: {line}")));
        told(None).for_each(|told| out::say(format!("  {} {} {}", told.event, told.receiver, line(told))));
    }
    let waits = row.state == DepartureState::Waiting || (row.state == DepartureState::Scheduled && row.effective <= clock::now());
    Ok(if waits || case.has_doubt() || case.tasks.iter().any(|task| !task.done) || !case.residual.is_empty() {
        Exit::Found
    } else if case.told.iter().any(|told| told.why.is_some())
        || unread > 0
        || !case.unread.is_empty()
        || case.state == DepartureState::Open.word()
    {
        Exit::CouldNot
    } else {
        Exit::Fine
    })
}

/// Approves a waiting departure, and runs it.
///
/// # Errors
/// It doesn't wait, or its plan is another.
pub async fn approve(global: &Global, args: Approve) -> Result<Exit> {
    let (config, store) = global.open()?;
    let store = Arc::new(store);
    let fleet = global.fleet(&config, &[])?;
    let signer = departure::signer(&config);
    let desk = Desk { config: &config, store: &store, fleet: &fleet, signer: &signer };
    let id = DepartureId(args.id);
    departure::approve(&desk, id, &args.plan, &args.by)?;
    let row = find(&store, id)?;
    if row.effective > clock::now() {
        let effective = row.effective;
        out::say(if global.json {
            json!({"departure": id.0, "effective": effective.to_string()}).to_string()
        } else {
            format!("departure {id} is approved, and scheduled for {effective}; `exeunt serve` runs it then, if its plan is still this one")
        });
        return Ok(Exit::Fine);
    }
    let ended = super::revoke::run_with_bars(&desk, id, global.json).await?;
    if global.json {
        out::json(&ended_json(&ended)?);
    } else {
        print_ended(&ended);
    }
    Ok(exit_of(&ended))
}

/// Calls a departure off.
///
/// # Errors
/// It has begun.
pub fn cancel(global: &Global, args: Cancel) -> Result<Exit> {
    let (_, store) = global.open()?;
    departure::cancel(&store, DepartureId(args.id), &args.by)?;
    out::say(format!("departure {} is called off", args.id));
    Ok(Exit::Fine)
}

fn find(store: &Store, id: DepartureId) -> Result<DepartureRow> {
    store.read(|conn| rows::get(conn, id))?.with_context(|| format!("there is no departure {id}; `exeunt departures` lists them"))
}

fn case_json(graph: &Graph, row: &DepartureRow) -> Value {
    json!({
        "departure": row.id.0,
        "person": graph.node(row.person).map(|node| node.label()),
        "mode": row.mode.word(),
        "state": row.state.word(),
        "source": row.source,
        "cause": row.cause,
        "effective": row.effective.to_string(),
        "started": row.started.map(|at| at.to_string()),
        "proved": row.proved.map(|at| at.to_string()),
        "outcome": row.summary.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
    })
}

/// How a departure ended, as its schema has it.
///
/// # Errors
/// It can't be written as JSON.
pub fn ended_json(ended: &Ended) -> Result<Value> {
    let mut value = departure::summary(ended)?;
    value["departure"] = json!(ended.id.0);
    Ok(value)
}

/// How many hand-offs are shown by name; the others are in `exeunt tasks`.
const SHOWN: usize = 6;

/// Prints how a departure ended.
pub fn print_ended(ended: &Ended) {
    let outcome = &ended.outcome;
    // What a person did, or found done, had no call.
    let by_hand = |line: &&Line| line.state == "handed_off" || (line.state == "gone" && !line.sent);
    let calls = outcome.actions.iter().filter(|line| !by_hand(line)).count();
    out::say(format!(
        "Firing      {} of {calls} sent, those that wait for nothing within {:.1} ms",
        outcome.sent, outcome.first_to_last_call_ms
    ));
    out::say(format!(
        "Proving     {} gone · {} claimed · {} present · {} unknown · {} refused · {} stuck",
        out::paint(&outcome.gone.to_string(), 32),
        outcome.claimed,
        outcome.present,
        outcome.unknown,
        outcome.refused,
        outcome.stuck
    ));
    if outcome.already > 0 {
        out::say(format!("            {} of them were gone already, before our call or a person's work", outcome.already));
    }
    if outcome.by_effect > 0 {
        out::say(format!(
            "            {} of them are proved by the effect of another action, for no read shows their own call: exeunt departure {}",
            outcome.by_effect, ended.id
        ));
    }
    if outcome.lives_on > 0 {
        out::say(format!(
            "            {} of them leave behind what was issued before (access tokens, tickets), for a while: exeunt departure {}",
            outcome.lives_on, ended.id
        ));
    }
    for line in outcome.actions.iter().filter(|line| !matches!(line.verdict.as_deref(), Some("gone")) && line.state != "handed_off") {
        let verdict = line.verdict.as_deref().unwrap_or(&line.state);
        out::say(format!("            {}: {} ({})", out::paint(verdict, 31), line.label, line.why.as_deref().unwrap_or("no reason given")));
    }
    let ratio = outcome.window_over_critical_path.map(|ratio| format!(", {ratio:.2} × the longest forced chain")).unwrap_or_default();
    out::say(format!("Window      {:.2} s from the start to the last proof{ratio}", outcome.window_ms / 1000.0));
    let titles: Vec<String> = ended.tasks.iter().map(|(title, role)| format!("{title} ({role})")).collect();
    out::say(format!("Left        {} paths · {} hand-offs", ended.residual.len(), titles.len()));
    for title in titles.iter().take(SHOWN).chain(&ended.residual) {
        out::say(format!("            {title}"));
    }
    if titles.len() > SHOWN {
        out::say(format!("            … and {} more: exeunt tasks", titles.len() - SHOWN));
    }
    for doubt in &ended.doubts {
        out::say(format!("            {}: {doubt}", out::paint("in doubt", 31)));
    }
    if let Some(why) = &ended.unsigned {
        out::say(format!("Log         {}: {why}", out::paint("not signed", 31)));
    }
    let told = &ended.told;
    if told.tickets + told.notices + told.failed.len() > 0 {
        let failed = if told.failed.is_empty() { String::new() } else { format!(" · {} not told so far", told.failed.len()) };
        out::say(format!("Told        {} tickets opened · {} notices sent{failed}", told.tickets, told.notices));
    }
    for untold in &told.failed {
        out::say(format!("            {}: {untold}", out::paint("not told", 31)));
    }
    for (scope, reason, _) in super::scan::gathered(&ended.unread) {
        out::say(format!("            not read again: {scope}: {reason}"));
    }
}

/// The exit code of a departure.
pub fn exit_of(ended: &Ended) -> Exit {
    let outcome = &ended.outcome;
    if !ended.residual.is_empty() || outcome.present > 0 {
        Exit::Found
    } else if outcome.unknown + outcome.stuck > 0
        || !ended.doubts.is_empty()
        || !ended.unread.is_empty()
        || !ended.told.failed.is_empty()
        || ended.unsigned.is_some()
    {
        Exit::CouldNot
    } else if ended.state != DepartureState::Closed {
        // What people have still to do, or a job that is under way, is access that is still there.
        Exit::Found
    } else {
        Exit::Fine
    }
}
