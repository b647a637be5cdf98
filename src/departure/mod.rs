//! One case from HR's word to closed: hear it, guard it, plan it, run it, look again, and keep the evidence.
//!
//! ```text
//!   HR says ─► announce ─► guards ─► plan = cut ─► run ─► re-scan the person ─► anything left? plan and run again
//!                 │           └─ waits for an approval                             └─ nothing ─► tasks open: open; none: closed
//!                 └─ the same word twice is one case
//! ```

mod hear;
mod hidden;
mod look;
mod recheck;
mod reflect;
mod rehearse;
mod seal;
mod unread;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub use crate::store::lease::{Held, is_held};
pub use hear::{hear, hold_doubted};
pub use look::{Prospect, around, as_json, own_unknown, prospect};
pub use recheck::{recheck, reopen, to_try_again, try_again, watched};
pub use rehearse::{Begins, Moved, rehearse};
pub use seal::Seal;

use crate::audit::{self, Draft};
use crate::clock;
use crate::config::Config;
use crate::connect::fleet::Fleet;
use crate::graph::{Around, Graph, Person, protected};
use crate::handoff::tell::{self as telling, Teller, Told};
use crate::manifest::duration;
use crate::model::{ActionState, DepartureId, DepartureState, Mode, NodeId};
use crate::revoke::{self, Doubt, Outcome, Plan, Progress, RunDeps, case_name};
use crate::store::departures::{self, DepartureRow, NewDeparture, Opened};
use crate::store::lease::{Fence, Lease};
use crate::store::{self, Store};
use crate::survey;
use reflect::reflect;

/// How many times there may be something new to fire, before people are told of it.
const WAVES: u32 = 3;

/// How long a command goes on trying to tell people what can't be told at once.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a departure is run with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The store.
    pub store: &'a Arc<Store>,
    /// The systems.
    pub fleet: &'a Fleet,
    /// Who signs the audit log.
    pub signer: &'a Seal,
}

/// Somebody's word that a person leaves.
#[derive(Debug, Clone)]
pub struct Word {
    /// Who leaves.
    pub person: NodeId,
    /// What is taken away.
    pub mode: Mode,
    /// When it takes effect.
    pub effective: Timestamp,
    /// cli, webhook or poll.
    pub source: String,
    /// What was said, for the record.
    pub cause: String,
    /// What makes this word the same when it is heard again.
    pub event: Option<String>,
    /// Why it is not to be acted on before somebody has approved it, if it isn't.
    pub doubt: Option<String>,
}

/// A departure to come, for the mass limit.
#[derive(Debug, Clone, Copy)]
struct Due {
    person: NodeId,
    at: Timestamp,
}

/// What is told while a departure runs.
#[derive(Debug, Clone)]
pub enum Step {
    /// The plan stands.
    Planned(Box<Prospect>),
    /// Something happened to an action.
    Progress(Progress),
    /// The person is scanned again in every system.
    LookingAgain,
    /// People are told.
    Telling,
    /// Something doesn't work that a departure can go on without; said as soon as it is known.
    Trouble(String),
}

/// How a departure went.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The departure.
    pub id: DepartureId,
    /// Where every action stands after the last wave; the window and the critical path are the first wave's.
    pub outcome: Outcome,
    /// How many times there was something left to fire.
    pub waves: u32,
    /// Access that is still there and that neither a task nor a decision accounts for, each as a path in words.
    pub residual: Vec<String>,
    /// Scopes that could not be read again: what they would show isn't known.
    pub unread: Vec<(String, String)>,
    /// Accounts of which it is in doubt whose they are, or what became of them.
    pub doubts: Vec<String>,
    /// Systems to which calls may have gone unencrypted, for the settings allow it (`plain = true`).
    pub in_clear: Vec<String>,
    /// Tasks that people have to do: title and role.
    pub tasks: Vec<(String, String)>,
    /// Where the case stands.
    pub state: DepartureState,
    /// What people were told, and what they could not be told so far.
    pub told: Told,
    /// Why the audit log is not signed, if it isn't: what was done stands in it, and nothing vouches for it yet.
    pub unsigned: Option<String>,
}

impl Ended {
    /// The outcome in one line.
    pub fn line(&self) -> String {
        let outcome = &self.outcome;
        format!(
            "{} actions: {} gone, {} claimed, {} present, {} unknown; {} tasks for people; {} paths left; {}{}{}",
            outcome.actions.len(),
            outcome.gone,
            outcome.claimed,
            outcome.present,
            outcome.unknown,
            self.tasks.len(),
            self.residual.len(),
            if self.doubts.is_empty() { String::new() } else { format!("{} accounts in doubt; ", self.doubts.len()) },
            if self.unsigned.is_some() { "the audit log is not signed; " } else { "" },
            self.state
        )
    }
}

/// Opens a case on somebody's word; the same word twice, and a second word about a case that is open, is the case that there is.
/// The guards decide whether it runs by itself or waits for an approval.
///
/// # Errors
/// The store's.
pub fn announce(config: &Config, store: &Store, word: &Word) -> Result<(Opened, Option<String>)> {
    announce_among(config, store, word, &[])
}

/// As [`announce`], for one of several departures that are heard of at once: a mass of them waits as a whole.
fn announce_among(config: &Config, store: &Store, word: &Word, due: &[Due]) -> Result<(Opened, Option<String>)> {
    let now = clock::now();
    let doubt = guarded(config, store, word)?;
    store.write_durably(|tx| {
        // Counted in the transaction that opens the case: commands that run at the same moment count one another.
        let guard = guard(tx, config, doubt.as_deref(), word, due, now)?;
        let new = NewDeparture {
            person: word.person,
            mode: word.mode,
            state: if guard.is_some() { DepartureState::Waiting } else { DepartureState::Scheduled },
            source: word.source.clone(),
            cause: word.cause.clone(),
            event: word.event.clone(),
            effective: word.effective,
        };
        let opened = departures::open(tx, &new, now)?;
        if let Opened::New(id) = opened {
            let detail = json!({ "mode": word.mode.word(), "cause": word.cause, "effective": word.effective.to_string(), "waits": guard, "doubt": word.doubt });
            entry(tx, id, "departure.opened", &word.source, detail)?;
        }
        Ok((opened, guard))
    })
}

/// Why a departure must wait for somebody's approval whoever else leaves, if it must.
fn guarded(config: &Config, store: &Store, word: &Word) -> Result<Option<String>> {
    let people = named(config, store, &[word.person])?;
    let person = people.iter().find(|person| person.id == word.person).context("the leaver is not among the people that HR knows")?;
    if let Some(reason) = store.read(|conn| protected(conn, config, &people, person))? {
        return Ok(Some(reason));
    }
    if config.departure.approval && word.source != "cli" {
        return Ok(Some("every departure needs an approval (departure.approval)".to_owned()));
    }
    Ok(word.doubt.as_ref().map(|doubt| format!("{doubt}: somebody must approve")))
}

/// Why a departure must wait for somebody's approval, if it must: what is in doubt about it, or else how many leave with it.
fn guard(
    conn: &rusqlite::Connection,
    config: &Config,
    doubt: Option<&str>,
    word: &Word,
    due: &[Due],
    now: Timestamp,
) -> Result<Option<String>> {
    match doubt {
        Some(doubt) => Ok(Some(doubt.to_owned())),
        None => mass(conn, config, word, due, now),
    }
}

/// That too many people's departures are due at about the same time as this one, if so: each person once, and nobody whose case was called off.
/// `due` are those that are heard of at the same time, this one among them.
fn mass(conn: &rusqlite::Connection, config: &Config, word: &Word, due: &[Due], now: Timestamp) -> Result<Option<String>> {
    let window = duration::parse(&config.departure.mass_window).map_err(anyhow::Error::msg)?;
    let at = word.effective.max(now);
    let (from, to) = (at.checked_sub(window)?, at.checked_add(window)?);
    let mut together: BTreeSet<NodeId> = departures::due_between(conn, from, to)?.into_iter().collect();
    together.extend(due.iter().filter(|other| other.at >= from && other.at <= to).map(|other| other.person));
    together.insert(word.person);
    let too_many = together.len() as u64 > u64::from(config.departure.mass_limit);
    Ok(too_many.then(|| {
        format!(
            "{} people's departures are due within {}, and more than {} stop and ask (departure.mass_limit)",
            together.len(),
            config.departure.mass_window,
            config.departure.mass_limit
        )
    }))
}

/// Moves a case that has not begun to the time of a word, on an operator's word; a case that needs an approval at that time waits for it.
///
/// # Errors
/// There is none, or the store's.
pub fn move_to(config: &Config, store: &Store, id: DepartureId, word: &Word) -> Result<()> {
    let row = find(store, id)?;
    move_case(config, store, &row, word, &[], &word.cause).map(drop)
}

/// Moves a case that has not begun to the time of a word; whether it waits, and why it would. What was approved stays so, for an approval is of the
/// plan, not of the day; unless HR's word is in doubt now.
fn move_case(config: &Config, store: &Store, row: &DepartureRow, word: &Word, due: &[Due], by: &str) -> Result<(bool, Option<String>)> {
    let now = clock::now();
    let doubt = guarded(config, store, word)?;
    store.write_durably(|tx| {
        let guard = guard(tx, config, doubt.as_deref(), word, due, now)?;
        let state = departures::get(tx, row.id)?.map(|row| row.state);
        if !matches!(state, Some(DepartureState::Scheduled | DepartureState::Waiting)) {
            // Another process has begun it, or called it off, meanwhile.
            return Ok((false, None));
        }
        let waited = word.event.is_none() && state == Some(DepartureState::Waiting);
        let waits = waited || (guard.is_some() && (row.approved.is_none() || word.doubt.is_some()));
        departures::reschedule(tx, row.id, word.effective, word.event.as_deref(), word.event.as_ref().map(|_| word.cause.as_str()))?;
        departures::move_to(tx, row.id, if waits { DepartureState::Waiting } else { DepartureState::Scheduled }, now)?;
        let detail = json!({ "from": row.effective.to_string(), "to": word.effective.to_string(), "cause": word.cause, "waits": guard.as_ref().filter(|_| waits), "doubt": word.doubt });
        entry(tx, row.id, "departure.moved", by, detail)?;
        Ok((waits, guard))
    })
}

/// Departures to run by a moment, of whom, and when they are due: those cut off, and scheduled ones whose time has come by then.
///
/// # Errors
/// The store's.
pub fn ready(store: &Store, by: Timestamp) -> Result<Vec<(DepartureId, NodeId, Timestamp)>> {
    store.read(|conn| {
        let running = departures::running(conn)?.into_iter();
        Ok(running.chain(departures::due(conn, by)?).map(|row| (row.id, row.person, row.effective)).collect())
    })
}

/// Approves the exact plan of a waiting departure, which is scheduled then: before its time nothing is fired, and at its time only that plan.
///
/// # Errors
/// There is no such departure waiting; the plan has changed since `hash` was shown.
pub fn approve(desk: &Desk<'_>, id: DepartureId, hash: &str, by: &str) -> Result<()> {
    let row = find(desk.store, id)?;
    if row.state != DepartureState::Waiting {
        bail!("departure {id} is {}, not waiting for an approval", row.state);
    }
    let (_, prospect) = make_plan(desk, &row)?;
    if prospect.hash != hash {
        bail!("the plan of departure {id} is another by now: look at it again (exeunt departure {id}), then approve {}", prospect.hash);
    }
    desk.store.write_durably(|tx| {
        keep_plan(tx, id, &prospect)?;
        if departures::get(tx, id)?.is_none_or(|row| row.state != DepartureState::Waiting) || !departures::approve(tx, id, hash, by)? {
            bail!("departure {id} has changed meanwhile: look at it again (exeunt departure {id})");
        }
        departures::move_to(tx, id, DepartureState::Scheduled, clock::now())?;
        entry(tx, id, "departure.approved", by, json!({ "plan": hash }))
    })
}

/// Calls a departure off that has not begun.
///
/// # Errors
/// There is none, or it has begun.
pub fn cancel(store: &Store, id: DepartureId, by: &str) -> Result<()> {
    store.write_durably(|tx| {
        departures::move_to(tx, id, DepartureState::Cancelled, clock::now())?;
        entry(tx, id, "departure.cancelled", by, json!({}))
    })
}

/// Runs a departure to its end, or goes on with one that was cut off.
///
/// # Errors
/// It waits for an approval, another process runs it ([`Held`]), its plan is blocked, or the store fails. What systems refuse is in the outcome.
pub async fn run(desk: &Desk<'_>, id: DepartureId, tell: &(dyn Fn(Step) + Send + Sync)) -> Result<Ended> {
    run_when(desk, id, None, tell).await
}

/// As [`run`]; where `begins` is given, everything is made ready (the plan, what is read before, connections), and the first call leaves as soon as
/// `begins` comes.
///
/// # Errors
/// As [`run`]; [`Moved`].
pub async fn run_when(desk: &Desk<'_>, id: DepartureId, begins: Option<Begins<'_>>, tell: &(dyn Fn(Step) + Send + Sync)) -> Result<Ended> {
    find(desk.store, id)?;
    let lease = Lease::take(desk.store, id)?;
    let row = find(desk.store, id)?;
    match row.state {
        DepartureState::Waiting => bail!("departure {id} waits for an approval: exeunt approve {id}"),
        DepartureState::Cancelled => bail!("departure {id} was called off"),
        _ => {}
    }
    let was_running = row.state == DepartureState::Running;
    let is_ready = begins.is_some();
    if !(was_running && row.plan.is_some()) {
        let (graph, mut prospect) = make_plan(desk, &row)?;
        let unasked = row.started.is_none() && row.approved.is_none();
        // The settings may have changed since the case was opened, and so may HR's record.
        if unasked {
            let people = survey::people(desk.config, &graph)?;
            if let Some(reason) = desk.store.read(|conn| protected(conn, desk.config, &people, &prospect.person))? {
                wait(&lease, id, &reason)?;
                bail!("departure {id} waits: {reason}; look at it with `exeunt departure {id}`, approve it with `exeunt approve {id}`");
            }
        }
        // Whatever is waited for from here on, the whole company is not held in memory meanwhile.
        drop(graph);
        if hidden::look_before(desk, &row, &prospect.plan).await? {
            prospect = make_plan(desk, &row)?.1;
        }
        if row.approved.is_some() && row.started.is_none() && row.plan_hash.as_deref() != Some(&prospect.hash) {
            let cause = "the plan is another than the one that was approved";
            lease.write(|tx| {
                keep_plan(tx, id, &prospect)?;
                departures::move_to(tx, id, DepartureState::Waiting, clock::now())?;
                entry(tx, id, "departure.waits", "engine", json!({ "cause": cause, "plan": prospect.hash }))
            })?;
            bail!("departure {id} waits: {cause}; look at it again (exeunt departure {id}) and approve anew");
        }
        if let Some(reason) = prospect.plan.blocked.first() {
            bail!("departure {id} may not run: {reason}");
        }
        if let ([first, more @ ..], true) = (prospect.plan.own_unknown.as_slice(), unasked) {
            let more = if more.is_empty() { String::new() } else { format!(" (and in {} more systems)", more.len()) };
            let reason = format!("{first}{more}");
            lease.write(|tx| keep_plan(tx, id, &prospect))?;
            wait(&lease, id, &reason)?;
            bail!(
                "departure {id} waits, for {reason}; or look at it with `exeunt departure {id}` and approve it with `exeunt approve {id}`"
            );
        }
        if let Some(begins) = begins {
            revoke::warm(&run_deps(desk, lease.fence(), None), &prospect.plan).await;
            begins.await;
        }
        lease.write(|tx| {
            // HR may have taken its word back, or somebody moved the case, while it was made ready.
            let now = departures::get(tx, id)?.map(|now| (now.state, now.effective));
            if is_ready && now != Some((row.state, row.effective)) {
                return Err(Moved(id).into());
            }
            keep_plan(tx, id, &prospect)?;
            entry(
                tx,
                id,
                "departure.planned",
                "engine",
                json!({ "plan": prospect.hash, "actions": prospect.plan.actions.len(), "tasks": prospect.plan.tasks.len() }),
            )
        })?;
        tell(Step::Planned(Box::new(prospect)));
    }
    let first = find(desk.store, id)?.plan.map(|text| serde_json::from_str::<Plan>(&text)).transpose()?.unwrap_or_default();
    let mut doubts = first.doubts.clone();
    let mut options = revoke::Options::default();
    if is_ready {
        options.warm_for = Duration::ZERO;
    }
    let mut outcome = wave(desk, &lease, id, options, tell).await?;
    checkpoint(desk, tell);
    let mut waves = 1;
    let (mut residual, mut unread);
    loop {
        tell(Step::LookingAgain);
        unread = look_again(desk, &row).await?;
        reflect::show(desk, &row)?;
        let (_, prospect) = make_plan(desk, &row)?;
        for never in prospect.unread.iter().cloned() {
            if !unread.iter().any(|(scope, _)| *scope == never.0) {
                unread.push(never);
            }
        }
        let left = look::left(desk, &row, &prospect)?;
        residual = left.residual;
        let new: Vec<Doubt> =
            prospect.plan.doubts.iter().filter(|doubt| !doubts.iter().any(|known| known.node == doubt.node)).cloned().collect();
        let nothing_new = left.untried.is_empty() && new.is_empty();
        doubts.extend(new);
        // What was not known before is fired too (a member who was removed may come back as an outside collaborator), and what came into doubt
        // becomes a task.
        if nothing_new {
            break;
        }
        if waves >= WAVES {
            let untried = prospect.plan.actions.iter().filter(|action| left.untried.contains(&action.number));
            residual
                .extend(untried.map(|action| format!("{} (it was not there before, and {WAVES} rounds of calls are made)", action.label)));
            break;
        }
        let prospect = look::narrowed(prospect, &left.untried)?;
        lease.write(|tx| {
            // It stays `running`, so that it is gone on with if we are cut off here.
            keep_plan(tx, id, &prospect)?;
            entry(
                tx,
                id,
                "departure.planned",
                "engine",
                json!({ "plan": prospect.hash, "actions": prospect.plan.actions.len(), "wave": waves + 1 }),
            )
        })?;
        outcome = outcome.then(wave(desk, &lease, id, revoke::Options { anew: true, ..Default::default() }, tell).await?);
        waves += 1;
    }
    let contradicted = recheck::contradicted(desk, &lease, &row).await?;
    residual.extend(contradicted.iter().map(|label| format!("{label} (its proof says gone, and a later read shows it)")));
    reflect(desk, &row)?;
    lease.write(|tx| recheck::settle(tx, id, clock::now()))?;
    let (tasks, actions) = desk.store.read(|conn| Ok((departures::tasks(conn, Some(id))?, departures::actions(conn, id)?)))?;
    outcome.judge_again(&actions);
    let doubts: Vec<String> = doubts.iter().filter(|doubt| !doubt.looked_at(&tasks)).map(ToString::to_string).collect();
    let tasks: Vec<(String, String)> = tasks.into_iter().filter(|task| !task.done).map(|task| (task.title, task.role)).collect();
    let proved = outcome.claimed + outcome.present + outcome.unknown == 0 && residual.is_empty() && unread.is_empty() && doubts.is_empty();
    // A person's word that it is done doesn't stand in for the read that would show it.
    let settled = actions.iter().all(|row| row.state != ActionState::HandedOff || row.settled());
    // A case whose log nobody has signed is not at its end.
    let unsigned = checkpoint(desk, tell);
    let state = if tasks.is_empty() && proved && settled && unsigned.is_none() { DepartureState::Closed } else { DepartureState::Open };
    let in_clear = desk.config.in_clear().filter(|name| desk.fleet.systems.contains_key(*name)).map(str::to_owned).collect();
    let mut ended = Ended { id, outcome, waves, residual, unread, doubts, in_clear, tasks, state, told: Told::default(), unsigned };
    lease.write(|tx| {
        let detail = json!({ "gone": ended.outcome.gone, "claimed": ended.outcome.claimed, "present": ended.outcome.present, "unknown": ended.outcome.unknown,
            "tasks": ended.tasks.len(), "residual": ended.residual, "unread": ended.unread, "doubts": ended.doubts, "in_clear": ended.in_clear, "waves": waves, "window_ms": ended.outcome.window_ms });
        departures::conclude(tx, id, &summary(&ended)?)?;
        departures::move_to(tx, id, state, clock::now())?;
        entry(tx, id, "departure.concluded", "engine", detail)
    })?;
    ended.unsigned = checkpoint(desk, tell);
    Ok(ended)
}

/// Lets a case wait for somebody's approval that has not begun.
fn wait(lease: &Lease, id: DepartureId, reason: &str) -> Result<()> {
    lease.write(|tx| {
        departures::move_to(tx, id, DepartureState::Waiting, clock::now())?;
        entry(tx, id, "departure.waits", "engine", json!({ "cause": reason }))
    })
}

/// As [`run`]; afterwards people are told of it, as far as the settings say (`departure.tell`). What can't be told at once is in the answer,
/// and is tried again by the next `exeunt tell`, or by `exeunt serve`.
///
/// # Errors
/// As [`run`]. Nothing that goes wrong with telling is one: what was taken away is gone all the same.
pub async fn run_and_tell(desk: &Desk<'_>, id: DepartureId, progress: &(dyn Fn(Step) + Send + Sync)) -> Result<Ended> {
    let mut ended = run(desk, id, progress).await?;
    progress(Step::Telling);
    match tell(desk, &telling::Options { look: false, patience: PATIENCE }).await {
        Ok(told) => ended.told = Told { failed: telling::untold(desk.store, Some(id))?, ..told },
        Err(error) => {
            let failed = telling::Untold { departure: Some(id), what: "telling people".to_owned(), why: format!("{error:#}") };
            ended.told = Told { failed: vec![failed], ..Told::default() };
        }
    }
    ended.unsigned = checkpoint(desk, progress);
    desk.store.write(|tx| match departures::get(tx, id)? {
        // Another process runs it again by now: how that goes is its own to say.
        Some(row) if row.state == DepartureState::Running => Ok(()),
        _ => departures::conclude(tx, id, &summary(&ended)?),
    })?;
    Ok(ended)
}

/// Tells people what there is to tell.
///
/// # Errors
/// The store's. What systems refuse is in the answer.
pub async fn tell(desk: &Desk<'_>, options: &telling::Options) -> Result<Told> {
    telling::tell(&Teller { config: desk.config, store: desk.store, systems: &desk.fleet.systems }, options).await
}

/// What is kept, and shown, of how a departure went.
///
/// # Errors
/// It can't be written as JSON.
pub fn summary(ended: &Ended) -> Result<Value> {
    let mut value = serde_json::to_value(&ended.outcome)?;
    if let Value::Object(map) = &mut value {
        // The number is what everybody asks for first; the lines stand beside it.
        let lines = map.insert("actions".into(), json!(ended.outcome.actions.len()));
        map.insert("lines".into(), json!(lines));
        map.insert("waves".into(), json!(ended.waves));
        map.insert("residual_paths".into(), json!(ended.residual.len()));
        map.insert("residual".into(), json!(ended.residual));
        map.insert("unread".into(), json!(ended.unread.iter().map(|(scope, reason)| format!("{scope}: {reason}")).collect::<Vec<_>>()));
        map.insert("doubts".into(), json!(ended.doubts));
        map.insert("in_clear".into(), json!(ended.in_clear));
        map.insert(
            "tasks".into(),
            json!(ended.tasks.iter().map(|(title, role)| json!({"title": title, "role": role})).collect::<Vec<_>>()),
        );
        map.insert("untold".into(), json!(ended.told.failed.iter().map(ToString::to_string).collect::<Vec<_>>()));
        map.insert("unsigned".into(), json!(ended.unsigned));
        map.insert("state".into(), json!(ended.state.word()));
    }
    Ok(value)
}

fn run_deps(desk: &Desk<'_>, fence: Fence, progress: Option<mpsc::UnboundedSender<Progress>>) -> RunDeps {
    let connections: BTreeMap<_, _> = desk.fleet.systems.iter().map(|(name, connection)| (name.clone(), connection.clone())).collect();
    RunDeps { store: desk.store.clone(), connections, actor: "engine".to_owned(), fence, progress }
}

async fn wave(
    desk: &Desk<'_>,
    lease: &Lease,
    id: DepartureId,
    options: revoke::Options,
    tell: &(dyn Fn(Step) + Send + Sync),
) -> Result<Outcome> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let deps = run_deps(desk, lease.fence(), Some(sender));
    let run = async move { revoke::run(&deps, id, &options).await };
    tokio::pin!(run);
    loop {
        tokio::select! {
            Some(progress) = receiver.recv() => tell(Step::Progress(progress)),
            outcome = &mut run => {
                while let Ok(progress) = receiver.try_recv() {
                    tell(Step::Progress(progress));
                }
                return outcome;
            }
        }
    }
}

/// Reads the person's access again in every system; answers with what could not be read.
async fn look_again(desk: &Desk<'_>, row: &DepartureRow) -> Result<Vec<(String, String)>> {
    let options = survey::Options { person: Some(row.person), no_checks: true, ..Default::default() };
    let seen = survey::survey(desk.config, desk.store, desk.fleet, &options, &|_, _| {}).await?;
    let gaps = seen
        .systems
        .iter()
        .flat_map(|report| report.gaps.iter().map(|(scope, reason)| (format!("{} {scope}", report.system), reason.clone())));
    Ok(gaps.chain(seen.closed.iter().map(|(system, reason)| (system.clone(), reason.clone()))).collect())
}

fn make_plan(desk: &Desk<'_>, row: &DepartureRow) -> Result<(Graph, Prospect)> {
    let graph = look::around(desk.config, desk.store, desk.fleet, &[row.person])?;
    let prospect = prospect(desk.config, desk.store, desk.fleet, &graph, row.person, row.mode)?;
    Ok((graph, prospect))
}

/// Keeps a case's plan, and the accounts that it takes: it follows them from now on.
fn keep_plan(tx: &rusqlite::Transaction<'_>, id: DepartureId, prospect: &Prospect) -> Result<()> {
    departures::take_accounts(tx, id, &prospect.accounts, clock::now())?;
    departures::set_plan(tx, id, &serde_json::to_string(&prospect.plan)?, &prospect.hash)
}

/// The person of this identity, among the people that HR knows.
pub(crate) fn person_of(config: &Config, graph: &Graph, id: NodeId) -> Result<(Person, Vec<Person>)> {
    let people = survey::people(config, graph)?;
    let person = people.iter().find(|person| person.id == id).cloned().context("HR doesn't know this person any more")?;
    Ok((person, people))
}

fn find(store: &Store, id: DepartureId) -> Result<DepartureRow> {
    store.read(|conn| departures::get(conn, id))?.with_context(|| format!("there is no departure {id}; `exeunt departures` lists them"))
}

fn entry(tx: &rusqlite::Transaction<'_>, id: DepartureId, act: &str, actor: &str, detail: Value) -> Result<()> {
    let draft =
        Draft { act: act.to_owned(), case: Some(case_name(id)), actor: actor.to_owned(), target: None, detail, evidence: Vec::new() };
    audit::append(tx, clock::now(), &draft)?;
    Ok(())
}

/// Signs what the audit log holds by now. Why that could not be done, if so: it is told when it is new, and nothing stops for it.
fn checkpoint(desk: &Desk<'_>, tell: &(dyn Fn(Step) + Send + Sync)) -> Option<String> {
    let before = desk.signer.trouble();
    let why = desk.signer.sign(desk.store)?;
    if before.as_ref() != Some(&why) {
        tracing::error!(why, "the audit log could not be signed");
        tell(Step::Trouble(format!("the audit log could not be signed, and the departure goes on: {why}")));
    }
    Some(why)
}

/// Who signs the audit log, as the settings say.
pub fn signer(config: &Config) -> Seal {
    Seal::new(config)
}

/// The entries of the settings that name nobody, as far as anybody is known.
///
/// # Errors
/// The store's.
pub fn nobodys(config: &Config, store: &Store) -> Result<Vec<String>> {
    if !store.read(store::graph::knows_people)? {
        return Ok(Vec::new());
    }
    let people = named(config, store, &[])?;
    let mut problems = store.read(|conn| crate::graph::nobodys(conn, config, &people))?;
    problems.extend(crate::graph::unknown_executives(config, &people));
    Ok(problems)
}

/// These people, and whomever the settings name.
fn named(config: &Config, store: &Store, people: &[NodeId]) -> Result<Vec<Person>> {
    let rules = &config.people;
    let kept = config.departure.keep.iter().map(|keep| &keep.person);
    let names = rules.protected.iter().chain(&rules.executives).chain(rules.successors.keys()).chain(rules.successors.values()).chain(kept);
    let graph = store.read(|conn| {
        let besides = [people, &look::called(conn, names)?].concat();
        Graph::around(conn, None, &Around { besides, ..Around::default() })
    })?;
    survey::people(config, &graph)
}

/// Whose our own credentials are: for the guard that we never saw off the branch we sit on. Where one secret reads and revokes, both hands are one
/// account's.
pub(crate) fn own_accounts(config: &Config, store: &Store) -> Result<Vec<revoke::own::Row>> {
    let mut rows = store.read(store::scans::own_accounts)?;
    for (name, system) in &config.systems {
        let one_secret = system.read.is_some() && system.read == system.revoke;
        let key = |hand: &str| rows.iter().find(|(of, by, _)| of == name && by == hand).map(|(.., key)| key.clone());
        if let (true, None, Some(key)) = (one_secret, key("revoke"), key("read")) {
            rows.push((name.clone(), "revoke".to_owned(), key));
        }
    }
    Ok(rows)
}
