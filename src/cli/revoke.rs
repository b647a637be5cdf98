//! `exeunt revoke`: a departure, from the plan to the proof.

use std::io::IsTerminal as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args as ClapArgs, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Exit, Global, departures, out};
use crate::clock;
use crate::config::Config;
use crate::departure::{self, Desk, Ended, Prospect, Step, Word};
use crate::model::{BY_EFFECT, DepartureState, Mode};
use crate::revoke::{PlannedTask, Progress};
use crate::store::departures::{self as rows, Opened};

/// Take everything away from a person, at once, and prove it
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  exeunt revoke E1002 --dry-run               the whole plan, its critical path, who else is hit\n  exeunt revoke rafael@acme.example           asks before it fires\n  exeunt revoke E1002 --mode leave --yes      suspend what can be given back\n  exeunt revoke E1002 --at 2026-12-01T17:00Z  at that time, by `exeunt serve`"
)]
pub struct Args {
    /// Employee number, address or name
    person: String,
    /// What to take away
    #[arg(long, value_enum, default_value_t = ModeArg::Departure)]
    mode: ModeArg,
    /// When, for `exeunt serve` to run it (RFC 3339, or a time in `departure.zone`); now when left out. Moves a case that is scheduled
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Run it at once, also when `--at` lies in the past
    #[arg(long)]
    now: bool,
    /// Show the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

/// What a departure takes away.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum ModeArg {
    /// Lock down and watch; the person still works here
    Notice,
    /// Everything
    Departure,
    /// Suspend what can be given back
    Leave,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Notice => Self::Notice,
            ModeArg::Departure => Self::Departure,
            ModeArg::Leave => Self::Leave,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The settings, the store, a person who doesn't exist, a plan that may not run.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let (config, store) = global.open()?;
    let store = Arc::new(store);
    let fleet = global.fleet(&config, &[])?;
    let person = super::find_person(&config, &store, &args.person)?;
    let graph = departure::around(&config, &store, &fleet, &[person])?;
    let prospect = departure::prospect(&config, &store, &fleet, &graph, person, args.mode.into())?;
    let person = prospect.person.clone();
    if args.dry_run {
        show_plan(global, &prospect);
        let plan = &prospect.plan;
        let sure = plan.doubts.is_empty() && prospect.unread.is_empty() && plan.blocked.is_empty() && plan.own_unknown.is_empty();
        return Ok(match (prospect.cut.residual.is_empty(), sure) {
            (false, _) => Exit::Found,
            (true, false) => Exit::CouldNot,
            (true, true) => Exit::Fine,
        });
    }
    if let Some(reason) = prospect.plan.blocked.first() {
        bail!("the departure may not run: {reason}");
    }
    let effective = when(&config, &args)?;
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            bail!("nothing was done: nobody is here to ask; --yes runs it, --dry-run shows the plan");
        }
        show_plan(global, &prospect);
        let (many, hash) = (prospect.plan.actions.len(), &prospect.hash);
        // The name comes last: nothing that it says can stand in for the hash.
        out::remark(format!("\nPlan {hash}, {many} actions"));
        out::remark(format!("Take all of this away from {}? Type their name to go on:", person.name));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if answer.trim() != person.name {
            bail!("nothing was done");
        }
    }
    let cause = format!("{} on the command line", std::env::var("USER").unwrap_or_else(|_| "an operator".to_owned()));
    let word = Word { person: person.id, mode: args.mode.into(), effective, source: "cli".to_owned(), cause, event: None, doubt: None };
    let (opened, guard) = departure::announce(&config, &store, &word)?;
    let (Opened::New(id) | Opened::Known(id)) = opened;
    let state = |id| Ok::<_, anyhow::Error>(store.read(|conn| rows::get(conn, id))?.map(|row| (row.state, row.effective)));
    if let (Opened::Known(_), Some((DepartureState::Scheduled | DepartureState::Waiting, before))) = (opened, state(id)?)
        && before != effective
    {
        departure::move_to(&config, &store, id, &word)?;
        if !global.json {
            out::remark(format!("departure {id} was to take effect at {before}: it is moved"));
        }
    }
    // A case that runs already has passed its guards: this goes on with it.
    let waits = state(id)?.is_some_and(|(state, _)| state == DepartureState::Waiting);
    if waits {
        let reason = guard.as_deref().unwrap_or("somebody must approve it");
        bail!("departure {id} waits: {reason}; look at it with `exeunt departure {id}`, approve it with `exeunt approve {id}`");
    }
    if effective > clock::now() {
        out::say(if global.json {
            json!({"departure": id.0, "effective": effective.to_string()}).to_string()
        } else {
            format!("departure {id} is scheduled for {effective}; `exeunt serve` runs it")
        });
        return Ok(Exit::Fine);
    }
    let signer = departure::signer(&config);
    let desk = Desk { config: &config, store: &store, fleet: &fleet, signer: &signer };
    let ended = run_with_bars(&desk, id, global.json).await?;
    if global.json {
        out::json(&departures::ended_json(&ended)?);
    } else {
        departures::print_ended(&ended);
        out::say(format!("Look        exeunt departure {id} · exeunt tasks · exeunt audit bundle {id} -o evidence.zip"));
    }
    Ok(departures::exit_of(&ended))
}

/// When the departure takes effect. A time without an offset is one in the company's zone.
fn when(config: &Config, args: &Args) -> Result<Timestamp> {
    let now = clock::now();
    let Some(text) = &args.at else { return Ok(now) };
    let zone = config.departure.last_day().map_err(anyhow::Error::msg)?.zone_of(None);
    let local = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(zone).ok().map(|at| at.timestamp());
    let is_day = text.parse::<jiff::civil::Date>().is_ok() && text.len() <= 10;
    let at = text.parse::<Timestamp>().ok().or_else(|| if is_day { None } else { local() });
    let at = at.with_context(|| format!("--at {text:?} is not a time such as 2026-12-01T17:00:00Z"))?;
    if at < now && !args.now {
        bail!("--at {text} lies in the past: nothing was done; --now runs the departure at once");
    }
    Ok(at)
}

/// Runs a departure with bars on a terminal.
///
/// # Errors
/// Those of [`departure::run`].
pub async fn run_with_bars(desk: &Desk<'_>, id: crate::model::DepartureId, quiet: bool) -> Result<Ended> {
    // Drawn only once the plan is printed: a bar and a line don't share the last row.
    let bars: std::sync::OnceLock<Vec<indicatif::ProgressBar>> = std::sync::OnceLock::new();
    let bar = |number: usize| bars.get().and_then(|bars| bars.get(number));
    let tell = |step: Step| match step {
        Step::Planned(prospect) if !quiet => print_plan_head(&prospect),
        Step::Planned(_) => {}
        Step::Progress(Progress::Ready { actions }) => {
            bars.get_or_init(|| out::bars(&["Firing", "Proving"], actions as u64));
        }
        Step::Progress(Progress::Sent { .. }) => {
            if let Some(sent) = bar(0) {
                sent.inc(1);
            }
        }
        Step::Progress(Progress::Judged { .. }) => {
            if let Some(proved) = bar(1) {
                proved.inc(1);
            }
        }
        Step::Telling => {}
        Step::Trouble(what) => out::remark(what),
        Step::LookingAgain => bars.get().into_iter().flatten().for_each(indicatif::ProgressBar::finish_and_clear),
    };
    departure::run_and_tell(desk, id, &tell).await
}

/// The plan's first lines.
pub fn print_plan_head(prospect: &Prospect) {
    let plan = &prospect.plan;
    let systems = plan.systems().len();
    let chain = crate::revoke::dry_run(plan, |_, _| None).critical_path;
    let chain = if chain.len() > 1 { format!("longest forced chain: {}", chain.join(" → ")) } else { "nothing has to wait".to_owned() };
    out::say(format!("Plan        {} actions on {systems} systems, {} hand-offs · {chain}", plan.actions.len(), plan.tasks.len()));
    let proof = if prospect.cut.residual.is_empty() {
        format!("on the graph, the plan cuts all of {} ways in", plan.reachable_before)
    } else {
        format!("on the graph, the plan leaves {} ways in", prospect.cut.residual.len())
    };
    out::say(format!("Proof       {proof}"));
}

fn show_plan(global: &Global, prospect: &Prospect) {
    let plan = &prospect.plan;
    if global.json {
        return out::json(&departure::as_json(prospect));
    }
    // Before anything that a vendor or HR has named: nothing that looks like it can stand above it.
    out::say(format!("Hash        {}", prospect.hash));
    out::say(format!("{}: what a {} would take away", prospect.person.name, plan.mode));
    let mut system = "";
    for action in &plan.actions {
        if action.system != system {
            system = &action.system;
            out::say(format!("\n{system}"));
        }
        let mut notes = Vec::new();
        if !action.after.is_empty() {
            notes.push(format!("after {}", action.after.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")));
        }
        if action.irreversible {
            notes.push("irreversible".to_owned());
        }
        if action.hand_off {
            notes.push("by hand".to_owned());
        }
        if let Some(other) = &action.effect_of {
            notes.push(format!("{BY_EFFECT} {other}"));
        }
        let notes = if notes.is_empty() { String::new() } else { format!("   ({})", notes.join("; ")) };
        out::say(format!("  {:>3}  {}{notes}", action.number, action.label));
    }
    let unproved = |task: &PlannedTask| task.no_proof.as_ref().map(|why| format!("; no read can show it: {why}")).unwrap_or_default();
    section("Hand-offs", plan.tasks.iter().map(|task| format!("{} ({}{})", task.title, task.role, unproved(task))));
    section(
        "Kept",
        plan.kept.iter().map(|kept| format!("{}: {} (decided by {}, until {})", kept.label, kept.reason, kept.decided_by, kept.until)),
    );
    section("Others hit", plan.others_hit.iter().map(ToString::to_string));
    section("In doubt", plan.doubts.iter().map(ToString::to_string));
    section("Not read", super::scan::gathered(&prospect.unread).into_iter().map(|(scope, reason, _)| format!("{scope}: {reason}")));
    section("Blind spots", plan.blind_spots.iter().map(ToString::to_string));
    section("Left over", prospect.cut.residual.iter().map(ToString::to_string));
    section("Our own account", plan.own_unknown.iter().map(ToString::to_string));
    section("Blocked", plan.blocked.iter().cloned());
    section("Problems", plan.problems.iter().cloned());
    out::say("");
    print_plan_head(prospect);
}

fn section(title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        out::say(format!("\n{title}"));
        for line in lines {
            out::say(format!("  {}", line.replace('\n', "\n  │ ")));
        }
    }
}

/// The plan's hash and size, for those who only count.
pub fn plan_json(prospect: &Prospect) -> Value {
    json!({ "actions": prospect.plan.actions.len(), "tasks": prospect.plan.tasks.len(), "hash": prospect.hash, "residual_paths": prospect.cut.residual.len() })
}
