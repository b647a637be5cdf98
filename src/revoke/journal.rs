//! The journal: everything planned is written in one durable commit before the first call leaves; then one writer commits
//! what the actions report, in groups, beside them.

use std::collections::{HashMap, HashSet, VecDeque};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::others;
use super::run::RunDeps;
use super::spec::{Plan, PlannedAction, Spec, Thing, case_name};
use crate::audit::{self, Draft};
use crate::clock;
use crate::model::{ActionId, ActionState, DepartureId, DepartureState, NO_READ};
use crate::store::Store;
use crate::store::departures::{self, ActionRow, Move, NewAction, NewTask, TaskRow};
use crate::store::lease::Fence;

/// What stands in the journal when a run begins.
pub(super) struct Opening {
    /// The departure's plan.
    pub plan: Plan,
    /// Each action of the plan: its row, and how to begin.
    pub actions: Vec<(ActionRow, Begin)>,
}

/// How an action begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// It is new: nothing has been sent.
    Fresh,
    /// It may have been sent before we stopped: read first.
    ReadFirst,
    /// Judged: leave it.
    Done,
    /// No read can prove it, and its task is done: leave it, and let go what waits for it.
    Closed,
    /// A person is to be asked: read first whether there is anything to ask for.
    Asked,
    /// A person was asked in an earlier run: read again.
    AskedBefore,
}

impl Begin {
    /// Whether there is anything to do.
    pub(super) fn acts(self) -> bool {
        matches!(self, Self::Fresh | Self::ReadFirst)
    }
}

/// Reads the departure's plan, writes down what is new of its actions and tasks, and gives them as they stand.
///
/// A departure that was running was cut off: what was judged stays so. One that was open, or is planned `anew`: what
/// the new plan holds is looked at again, and what had been refused is tried again.
pub(super) fn open(store: &Store, id: DepartureId, fence: Fence, actor: &str, anew: bool) -> Result<Opening> {
    fence.write(store, |tx| {
        let row = departures::get(tx, id)?.with_context(|| format!("there is no departure {id}"))?;
        let text = row.plan.as_deref().with_context(|| format!("departure {id} has no plan yet"))?;
        let plan: Plan = serde_json::from_str(text).with_context(|| format!("the plan of departure {id} can't be read"))?;
        let now = clock::now();
        departures::move_to(tx, id, DepartureState::Running, now)?;
        let known = departures::actions(tx, id)?;
        let cut_off = row.state == DepartureState::Running && !anew;
        let mut drafts = Vec::with_capacity(plan.actions.len());
        if !known.is_empty() {
            let mut draft = draft(id, actor, "revocation.resumed", None);
            draft.detail = json!({ "actions": known.len(), "cut_off": cut_off, "plan": row.plan_hash });
            drafts.push(draft);
        }
        let mut free = known.iter().map(|row| row.number).max().unwrap_or(0);
        let mut by_thing: HashMap<(&str, &str, Thing), VecDeque<&ActionRow>> = HashMap::new();
        for row in &known {
            by_thing.entry((&row.system, &row.name, thing_of(row)?)).or_default().push_back(row);
        }
        // What can't be taken back and was called in another case of the same person is read first: two words about one leaving may be two cases.
        let mut sent: HashSet<(String, String, Thing)> = HashSet::new();
        if plan.actions.iter().any(|action| action.irreversible) {
            for row in departures::sent_before(tx, row.person, id)? {
                sent.insert((row.system.clone(), row.name.clone(), thing_of(&row)?));
            }
        }
        let again = |action: &PlannedAction| {
            action.irreversible && sent.contains(&(action.system.clone(), action.name.clone(), action.spec.thing()))
        };
        let mut places: Vec<(ActionId, Begin)> = Vec::with_capacity(plan.actions.len());
        for action in &plan.actions {
            let thing = (action.system.as_str(), action.name.as_str(), action.spec.thing());
            if let Some(row) = by_thing.get_mut(&thing).and_then(VecDeque::pop_front) {
                if anew && matches!(row.state, ActionState::Refused | ActionState::Stuck) && action.spec.names_another(&row.spec) {
                    departures::set_spec(tx, row.id, &serde_json::to_string(&action.spec)?)?;
                }
                let begin = match if action.hand_off { begin_by_hand(row, cut_off) } else { begin(row, cut_off) } {
                    Begin::Fresh if again(action) => Begin::ReadFirst,
                    begin => begin,
                };
                places.push((row.id, begin));
                continue;
            }
            free += 1;
            let spec = serde_json::to_string(&action.spec)?;
            let new =
                NewAction { departure: id, number: free, system: &action.system, name: &action.name, label: &action.label, spec: &spec };
            let place = departures::add_action(tx, &new, now)?;
            if action.hand_off {
                let task = plan.tasks.iter().find(|task| task.action == Some(action.number));
                let why = task.and_then(|task| task.no_proof.as_ref()).map(|why| format!("{NO_READ}: {why}"));
                let begin = if why.is_some() { Begin::Done } else { Begin::Asked };
                departures::move_action(tx, place, &Move { why, ..Move::to(ActionState::HandedOff, now) })?;
                places.push((place, begin));
                continue;
            }
            let again = again(action);
            // What waits for nothing leaves right after this commit.
            if action.after.is_empty() && !again {
                departures::move_action(tx, place, &Move::to(ActionState::Fired, now))?;
            }
            let mut draft = draft(id, actor, "revocation.intent", Some(target(free, &action.system, &action.name, &action.label)));
            draft.detail =
                json!({ "kind": action.kind, "irreversible": action.irreversible, "after": action.after, "plan": row.plan_hash });
            if let Some(other) = &action.effect_of {
                draft.detail["proof"] = json!(others::says(other));
            }
            drafts.push(draft);
            places.push((place, if again { Begin::ReadFirst } else { Begin::Fresh }));
        }
        let asked = departures::tasks(tx, Some(id))?;
        for (place, begin) in &mut places {
            let done = asked.iter().any(|task| task.done && task.action == Some(*place));
            if done && known.iter().any(|row| row.id == *place && row.by_word()) {
                *begin = Begin::Closed;
            }
            // It was cut off before anybody was asked.
            if *begin == Begin::AskedBefore
                && !asked.iter().any(|task| task.action == Some(*place))
                && known.iter().any(|row| row.id == *place && row.state == ActionState::HandedOff)
            {
                *begin = Begin::Asked;
            }
        }
        for task in &plan.tasks {
            let place = task.action.and_then(|number| plan.actions.iter().position(|action| action.number == number));
            let stands_for = place.and_then(|place| places.get(place)).map(|(row, _)| *row);
            let done = |place: ActionId| known.iter().any(|row| row.id == place && row.state == ActionState::Gone);
            // Whether there is anything to ask for is read first; what was done is asked of nobody.
            if place.and_then(|place| places.get(place)).is_some_and(|(row, begin)| *begin == Begin::Asked || done(*row)) {
                continue;
            }
            // A task that stands for an action is that action's; another thing of the same name has one of its own.
            let same = |known: &TaskRow| known.action.is_none() || stands_for.is_none() || known.action == stands_for;
            if asked.iter().any(|known| known.title == task.title && known.steps == task.steps && same(known)) {
                continue;
            }
            drafts.push(open_task(tx, id, actor, &task.to_open(id, stands_for, now), now)?);
        }
        audit::append_many(tx, now, &drafts)?;
        let rows = departures::actions(tx, id)?;
        let find = |place: ActionId| rows.iter().find(|row| row.id == place).cloned().context("an action has vanished from the store");
        let actions = places.into_iter().map(|(place, begin)| Ok((find(place)?, begin))).collect::<Result<_>>()?;
        Ok(Opening { plan, actions })
    })
}

/// What a known action is done to.
///
/// # Errors
/// What the journal holds about it can't be read.
fn thing_of(row: &ActionRow) -> Result<Thing> {
    let spec: Spec =
        serde_json::from_str(&row.spec).with_context(|| format!("what the journal holds about {} can't be read", row.label))?;
    Ok(spec.thing())
}

fn begin_by_hand(row: &ActionRow, cut_off: bool) -> Begin {
    match row.state {
        ActionState::HandedOff if row.by_word() => Begin::Done,
        ActionState::Gone if cut_off => Begin::Done,
        _ => Begin::AskedBefore,
    }
}

fn begin(row: &ActionRow, cut_off: bool) -> Begin {
    match row.state {
        ActionState::Planned => Begin::Fresh,
        ActionState::Fired | ActionState::Accepted => Begin::ReadFirst,
        ActionState::HandedOff => Begin::Done,
        ActionState::Gone | ActionState::Refused | ActionState::Stuck if cut_off => Begin::Done,
        // It came back, or is tried again.
        ActionState::Gone | ActionState::Refused | ActionState::Stuck => Begin::ReadFirst,
    }
}

pub(super) fn open_task(
    tx: &rusqlite::Transaction<'_>,
    departure: DepartureId,
    actor: &str,
    task: &NewTask,
    now: Timestamp,
) -> Result<Draft> {
    let id = departures::add_task(tx, task, now)?;
    let mut draft = draft(departure, actor, "task.opened", Some(json!({ "task": id.0 })));
    draft.detail = json!({ "role": task.role, "title": task.title, "due": task.due.to_string() });
    Ok(draft)
}

pub(super) fn draft(departure: DepartureId, actor: &str, act: &str, target: Option<Value>) -> Draft {
    Draft {
        act: act.to_owned(),
        case: Some(case_name(departure)),
        actor: actor.to_owned(),
        target,
        detail: json!({}),
        evidence: Vec::new(),
    }
}

pub(super) fn target(number: u32, system: &str, name: &str, label: &str) -> Value {
    json!({ "action": number, "system": system, "name": name, "label": label })
}

/// A file that an action brought.
pub(super) struct Evidence {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What an action reports.
pub(super) struct Entry {
    pub action: ActionId,
    pub step: Move,
    /// The audit entry's act and target, if it is worth one.
    pub audit: Option<(&'static str, Value)>,
    pub evidence: Option<Evidence>,
    /// A task that a person gets because of it: role, title, steps.
    pub task: Option<(String, String, String)>,
    /// Told once it is on disk.
    pub written: Option<oneshot::Sender<()>>,
}

/// The writer's end that actions hold.
#[derive(Clone)]
pub(super) struct Journal(mpsc::UnboundedSender<Entry>);

impl Journal {
    /// Hands an entry over; it is written with the next group.
    pub(super) fn note(&self, entry: Entry) {
        // A writer that is gone has said why; the run ends with its reason.
        if self.0.send(entry).is_err() {
            tracing::debug!("the journal's writer has ended");
        }
    }

    /// Hands an entry over, and waits until it is on disk. False: it never will be, so don't act.
    pub(super) async fn write(&self, mut entry: Entry) -> bool {
        let (tell, told) = oneshot::channel();
        entry.written = Some(tell);
        self.note(entry);
        told.await.is_ok()
    }
}

/// The one writer.
pub(super) struct Writer {
    /// Ends with an error if something could not be written.
    pub done: JoinHandle<Result<()>>,
    /// True once the writer has stopped writing although there is more to write.
    pub stopped: watch::Receiver<bool>,
}

/// Entries of one commit. Small enough that a call that waits for its entry doesn't wait for hundreds of others.
const GROUP: usize = 64;

/// Takes what is committed next: entries that a call waits for, as far as nothing earlier of the same action is still waiting; else the oldest.
fn next_group(waiting: &mut VecDeque<Entry>, most: usize) -> Vec<Entry> {
    let mut earlier = HashSet::new();
    let (mut group, mut rest) = (Vec::new(), VecDeque::with_capacity(waiting.len()));
    for entry in waiting.drain(..) {
        if entry.written.is_some() && group.len() < most && !earlier.contains(&entry.action) {
            group.push(entry);
        } else {
            earlier.insert(entry.action);
            rest.push_back(entry);
        }
    }
    if group.is_empty() {
        group.extend(rest.drain(..rest.len().min(most)));
    }
    *waiting = rest;
    group
}

/// Starts the writer. `stop_after` ends it after so many entries as a crash would: for tests of recovery.
pub(super) fn start(deps: &RunDeps, departure: DepartureId, stop_after: Option<usize>) -> (Journal, Writer) {
    let (store, fence, actor) = (deps.store.clone(), deps.fence, deps.actor.clone());
    let (sender, mut entries) = mpsc::unbounded_channel::<Entry>();
    let (stop, stopped) = watch::channel(false);
    let done = tokio::task::spawn_blocking(move || {
        let mut room = stop_after.unwrap_or(usize::MAX);
        let written = (|| {
            let mut waiting = VecDeque::new();
            while room > 0 {
                if waiting.is_empty() {
                    let Some(first) = entries.blocking_recv() else { return Ok(()) };
                    waiting.push_back(first);
                }
                while let Ok(entry) = entries.try_recv() {
                    waiting.push_back(entry);
                }
                let group = next_group(&mut waiting, room.min(GROUP));
                room -= group.len();
                commit(&store, departure, fence, &actor, &group)?;
                for entry in group {
                    if let Some(tell) = entry.written {
                        // Whoever asked may have been stopped meanwhile.
                        let _ = tell.send(());
                    }
                }
            }
            Ok(())
        })();
        if room == 0 || written.is_err() {
            stop.send_replace(true);
        }
        written
    });
    (Journal(sender), Writer { done, stopped })
}

fn commit(store: &Store, departure: DepartureId, fence: Fence, actor: &str, group: &[Entry]) -> Result<()> {
    fence.write(store, |tx| {
        for entry in group {
            departures::move_action(tx, entry.action, &entry.step)?;
            let evidence = entry.evidence.as_ref().map(|file| audit::attach(tx, &file.bytes, &file.media_type, &file.name)).transpose()?;
            if let Some((act, target)) = &entry.audit {
                let mut draft = draft(departure, actor, act, Some(target.clone()));
                draft.detail = json!({ "verdict": entry.step.verdict.map(crate::model::Verdict::word), "why": entry.step.why, "reply": entry.step.detail });
                draft.evidence.extend(evidence);
                audit::append(tx, entry.step.at, &draft)?;
            }
            if let Some((role, title, steps)) = &entry.task
                && !departures::is_asked(tx, entry.action, title)?
            {
                let task = NewTask {
                    departure: Some(departure),
                    action: Some(entry.action),
                    role: role.clone(),
                    title: title.clone(),
                    steps: steps.clone(),
                    attach: None,
                    due: entry.step.at.checked_add(4.hours()).unwrap_or(entry.step.at),
                };
                let opened = open_task(tx, departure, actor, &task, entry.step.at)?;
                audit::append(tx, entry.step.at, &opened)?;
            }
        }
        Ok(())
    })
}
