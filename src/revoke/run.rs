//! The run: every unblocked action leaves at once, the others as soon as what they wait for is proved; each is proved by a
//! fresh read. Running again after a crash is the same, but reads first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::action::{self, Job};
use super::before;
use super::by_hand::{self, Asked, How};
use super::call;
use super::critical::{self, Measured};
use super::journal::{self, Begin};
use super::others;
use super::outcome::{Outcome, summarize};
use super::spec::Plan;
use crate::connect::Connection;
use crate::manifest::raw::Hand;
use crate::model::{ActionState, DepartureId, Verdict};
use crate::store::Store;
use crate::store::departures::{self, ActionRow};
use crate::store::lease::Fence;

/// What a run needs.
#[derive(Clone)]
pub struct RunDeps {
    /// The store: journal, tasks, audit log.
    pub store: Arc<Store>,
    /// The systems, by name.
    pub connections: BTreeMap<String, Connection>,
    /// Who stands in the audit log: `engine`, or whoever gave the command.
    pub actor: String,
    /// The number under which this run writes its journal.
    pub fence: Fence,
    /// Told what happens as it happens, for progress bars.
    pub progress: Option<mpsc::UnboundedSender<Progress>>,
}

/// Longest wait for connections: one that takes longer delays its own calls alone.
const WARM_FOR: Duration = Duration::from_millis(500);

/// How a run goes about it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest wait for connections to be opened before the first call leaves; none where they are open already.
    pub warm_for: Duration,
    /// The plan has been made anew since the last run: what had been judged is looked at again.
    pub anew: bool,
    /// Ends the run after so many entries of the journal, as a crash would: for tests of recovery.
    pub stop_after: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { warm_for: WARM_FOR, anew: false, stop_after: None }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The journal is written; so many actions will be fired.
    Ready {
        /// How many.
        actions: usize,
    },
    /// An action's call leaves.
    Sent {
        /// Its number.
        number: u32,
    },
    /// An action was judged.
    Judged {
        /// Its number.
        number: u32,
        /// What the fresh read said.
        verdict: Verdict,
        /// Where it stands.
        state: ActionState,
    },
}

/// What an action's followers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Not yet proved.
    Waiting,
    /// Proved (perhaps to be fired once more).
    Proved,
    /// Proved, and it was gone before its call left.
    Already,
    /// Ended without a proof.
    Failed,
}

impl Status {
    /// What an earlier run, or a later read, said of an action.
    pub(super) fn of(row: &ActionRow) -> Self {
        match (row.state, row.was_gone_already()) {
            (ActionState::Gone, true) => Self::Already,
            (ActionState::Gone, false) => Self::Proved,
            _ => Self::Failed,
        }
    }
}

/// What all actions of a run share.
pub(super) struct Shared {
    pub deps: RunDeps,
    pub journal: journal::Journal,
    pub statuses: Vec<watch::Sender<Status>>,
    pub labels: Vec<String>,
    /// Whether a person does it.
    pub by_hand: Vec<bool>,
}

impl Shared {
    pub(super) fn tell(&self, progress: Progress) {
        if let Some(sender) = &self.deps.progress {
            // Nobody need be watching.
            let _ = sender.send(progress);
        }
    }
}

/// Runs a departure's plan (which stands in the store), or takes a run up that was cut off.
///
/// The departure is `running` afterwards: what follows (a fresh scan, keeping the outcome with its entry in the log, closing it) is the caller's.
///
/// # Errors
/// The plan is blocked or missing; the journal could not be written (nothing is fired that isn't in it).
pub async fn run(deps: &RunDeps, departure: DepartureId, options: &Options) -> Result<Outcome> {
    let began = Instant::now();
    let (row, known) = deps.store.read(|conn| Ok((departures::get(conn, departure)?, departures::actions(conn, departure)?)))?;
    let plan: Option<Plan> = row.and_then(|row| row.plan).and_then(|text| serde_json::from_str(&text).ok());
    if let Some(reason) = plan.as_ref().and_then(|plan| plan.blocked.first()) {
        bail!("departure {departure} may not run: {reason}");
    }
    let (store, fence, actor, anew) = (deps.store.clone(), deps.fence, deps.actor.clone(), options.anew);
    let mut looks;
    let opening = tokio::task::spawn_blocking(move || journal::open(&store, departure, fence, &actor, anew));
    let opening = match plan.filter(|_| known.is_empty()) {
        // On the first run all of the plan is new, so connections are opened while the journal is written.
        Some(plan) => {
            looks = before::start(deps, &plan, |_| true);
            let (opening, ()) = tokio::join!(opening, open(deps, &plan, |place| !plan.actions[place].hand_off, options.warm_for));
            opening??
        }
        None => {
            let opening = opening.await??;
            looks = before::start(deps, &opening.plan, |place| matches!(opening.actions[place].1, Begin::Fresh | Begin::Asked));
            open(deps, &opening.plan, |place| opening.actions[place].1.acts(), options.warm_for).await;
            opening
        }
    };

    let (journal, mut writer) = journal::start(deps, departure, options.stop_after);
    let statuses: Vec<_> = opening.actions.iter().map(|(row, begin)| watch::channel(status_of(row, *begin)).0).collect();
    let place: HashMap<u32, usize> = opening.plan.actions.iter().enumerate().map(|(place, action)| (action.number, place)).collect();
    let places = |numbers: &[u32]| numbers.iter().filter_map(|number| place.get(number).copied()).collect::<Vec<usize>>();
    let waits: Vec<critical::Waits> = opening
        .plan
        .actions
        .iter()
        .map(|action| critical::Waits { after: places(&action.after), again: places(&action.again_after) })
        .collect();
    let shared = Arc::new(Shared {
        deps: deps.clone(),
        journal,
        statuses,
        labels: opening.plan.actions.iter().map(|action| action.label.clone()).collect(),
        by_hand: opening.plan.actions.iter().map(|action| action.hand_off).collect(),
    });

    // Everything that can be made ready is, before the first call leaves.
    let jobs: Vec<Job> = opening
        .actions
        .iter()
        .enumerate()
        .filter(|(_, (_, begin))| begin.acts())
        .map(|(place, (row, begin))| {
            let job = action::prepare(deps, place, row.clone(), *begin, &opening.plan.actions[place], &waits[place]);
            let job = job.with_others(others::of(deps, &opening.plan, &known, place, &waits));
            job.with_look(looks.get_mut(place).and_then(Option::take))
        })
        .collect();
    let asked: Vec<Asked> = opening
        .actions
        .iter()
        .enumerate()
        .filter_map(|(place, (row, begin))| {
            let action = &opening.plan.actions[place];
            let how = match begin {
                Begin::Asked => {
                    let tasks = opening.plan.tasks.iter().filter(|task| task.action == Some(action.number)).cloned().collect();
                    How::New { look: looks.get_mut(place).and_then(Option::take), tasks }
                }
                Begin::AskedBefore => How::Again(Box::new(action.clone())),
                _ => return None,
            };
            Some(Asked { place, row: row.clone(), how })
        })
        .collect();
    drop(looks);
    shared.tell(Progress::Ready { actions: jobs.len() });
    let mut running = JoinSet::new();
    for job in jobs {
        running.spawn(action::drive(shared.clone(), job));
    }
    // Nobody's call waits for it but what must not leave before a person has done their part.
    let mut people = JoinSet::new();
    if !asked.is_empty() {
        people.spawn(by_hand::drive(shared.clone(), departure, asked));
    }
    drop(shared);
    let mut measured: Vec<Option<Measured>> = vec![None; opening.actions.len()];
    loop {
        tokio::select! {
            biased;
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok((place, times))) => measured[place] = times,
                Some(Err(error)) => {
                    running.shutdown().await;
                    bail!("an action of departure {departure} broke off ({error}): run the departure again, it reads first");
                }
            },
            told = async { writer.stopped.wait_for(|stopped| *stopped).await.is_ok() } => {
                // No journal, no acts. What was under way is found out by reading, when the run is taken up again.
                if told {
                    running.shutdown().await;
                    writer.done.await??;
                    bail!("the journal of departure {departure} stopped: run the departure again, it reads first");
                }
                // The writer ended because nobody is left to write: the actions are all done.
                while let Some(ended) = running.join_next().await {
                    let (place, times) = ended?;
                    measured[place] = times;
                }
                break;
            }
        }
    }
    while let Some(written) = people.join_next().await {
        written??;
    }
    writer.done.await??;
    if *writer.stopped.borrow() {
        // The actions saw it before we did.
        bail!("the journal of departure {departure} stopped: run the departure again, it reads first");
    }
    let rows = deps.store.read(|conn| departures::actions(conn, departure))?;
    let outcome = summarize(&opening.plan, &opening.actions, &rows, &measured, &waits, began);
    if let Some(proved) = rows.iter().filter_map(|row| row.proved).max() {
        let (store, fence) = (deps.store.clone(), deps.fence);
        let write = move || fence.write(&store, |tx| departures::set_proved(tx, departure, proved));
        tokio::task::spawn_blocking(write).await??;
    }
    Ok(outcome)
}

fn status_of(row: &ActionRow, begin: Begin) -> Status {
    match (begin, row.state) {
        (Begin::Closed, _) => Status::Proved,
        (Begin::Done, _) => Status::of(row),
        _ => Status::Waiting,
    }
}

/// Opens the connections that a plan will need, ahead of its run.
pub async fn warm(deps: &RunDeps, plan: &Plan) {
    open(deps, plan, |place| !plan.actions[place].hand_off, WARM_FOR).await;
}

/// Opens every connection that will be needed. A system that doesn't answer in time holds nobody up: its own calls pay.
async fn open(deps: &RunDeps, plan: &Plan, fires: impl Fn(usize) -> bool, longest: Duration) {
    if longest.is_zero() {
        return;
    }
    let mut warming = JoinSet::new();
    for system in plan.systems() {
        let Some(connection) = deps.connections.get(system) else { continue };
        let mut names = Vec::new();
        let mut calls = 0;
        for (_, action) in plan.actions.iter().enumerate().filter(|(place, action)| action.system == system && fires(*place)) {
            calls += 1;
            if let Some(take) = connection.manifest().action(&action.name) {
                names.extend(super::read::with_scope(connection, &action.spec, None, |scope| call::act_as(take, scope)));
            }
        }
        if calls == 0 {
            continue;
        }
        names.sort_unstable();
        names.dedup();
        for hand in [Hand::Revoke, Hand::Read] {
            let (connection, names) = (connection.clone(), names.clone());
            warming.spawn(async move {
                if let Err(problem) = connection.warm(hand, &names, calls).await {
                    tracing::warn!(system = %connection.system(), %problem, "a connection could not be opened ahead of the departure");
                }
            });
        }
    }
    if tokio::time::timeout(longest, async { while warming.join_next().await.is_some() {} }).await.is_err() {
        // Warming goes on beside the run for those that are late.
        warming.detach_all();
        tracing::warn!("some systems were not ready in time; the departure goes on without waiting for them");
    }
}
