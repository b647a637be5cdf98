//! Looking again: what was claimed, refused, stuck or handed to a person may be gone by now, and what was gone may be back.

use anyhow::Result;
use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::action::FAILED;
use super::journal::{draft, open_task, target};
use super::others;
use super::read::{self, Reading};
use super::run::{RunDeps, Status};
use super::spec::Spec;
use crate::audit;
use crate::clock;
use crate::manifest::raw::Take;
use crate::model::{ALREADY, ActionState, DepartureId, NO_READ, RETURNED, Verdict};
use crate::store::departures::{self, ActionRow, Move, NewTask};

/// What looking again at an action showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rechecked {
    /// The action's number.
    pub number: u32,
    /// What it did.
    pub label: String,
    /// Where it stood.
    pub was: ActionState,
    /// What the fresh read says now.
    pub verdict: Verdict,
    /// Why it can't be told.
    pub why: Option<String>,
}

impl Rechecked {
    /// Whether it was proved gone, and is there again.
    pub fn came_back(&self) -> bool {
        self.was == ActionState::Gone && self.verdict == Verdict::Present
    }
}

/// Reads the proof of a departure's actions once more. What is gone now is noted as such. What had been proved is read as well: what has come
/// back is `stuck` from then on (a hand-off is open again), with a task for a person; `again` says when it is to be fired again by itself.
///
/// # Errors
/// The store's, or the audit log's.
pub async fn recheck(deps: &RunDeps, departure: DepartureId, again: Option<Timestamp>) -> Result<Vec<Rechecked>> {
    let rows = deps.store.read(|conn| departures::actions(conn, departure))?;
    let wanted = |row: &&ActionRow| match row.state {
        ActionState::Accepted | ActionState::Stuck | ActionState::Refused | ActionState::HandedOff | ActionState::Gone => true,
        ActionState::Planned | ActionState::Fired => false,
    };
    let looked = join_all(rows.iter().filter(wanted).map(|row| async move { (row, look(deps, row).await) })).await;
    let mut found = Vec::new();
    let mut steps = Vec::new();
    let mut looked: Vec<_> = looked.into_iter().filter_map(|(row, reading)| Some((row, reading?, take_of(deps, row)?))).collect();
    // How the actions stand by now: first those that their own reads show.
    let mut by_now = rows.clone();
    looked.sort_by_key(|(.., take)| others::effect_of(take).is_some());
    for (row, reading, take) in looked {
        let effect = others::effect_of(&take).map(|name| (name, others::known(&by_now, row, name)));
        let (verdict, why, detail) = match reading {
            Reading::Gone(_) if row.state != ActionState::Gone && effect.is_some_and(|(_, other)| other == Status::Failed) => {
                (Verdict::Unknown, effect.map(|(name, _)| others::says_not(name)), json!({}))
            }
            Reading::Gone(detail) => (Verdict::Gone, effect.map(|(name, other)| says(name, other)), detail),
            Reading::Still(detail) => (Verdict::Present, None, detail),
            Reading::Failed(detail) => (Verdict::Present, Some(FAILED.to_owned()), detail),
            Reading::Unknown(why) => (Verdict::Unknown, Some(why), json!({})),
        };
        let news = (verdict == Verdict::Gone) != (row.state == ActionState::Gone);
        if news && verdict != Verdict::Unknown {
            let gone = verdict == Verdict::Gone;
            if let Some(now) = by_now.iter_mut().find(|known| known.id == row.id) {
                now.state = if gone { ActionState::Gone } else { ActionState::Stuck };
                now.why = None;
            }
            steps.push(Step { row: row.clone(), gone, why: why.clone().filter(|_| gone), by_hand: take.hand_off.is_some(), detail });
        }
        found.push(Rechecked { number: row.number, label: row.label.clone(), was: row.state, verdict, why });
    }
    // A manifest may say by now that no read can show it.
    for row in rows.iter().filter(|row| row.state == ActionState::HandedOff && !row.by_word()) {
        let take = deps.connections.get(&row.system).and_then(|connection| connection.manifest().action(&row.name));
        if let Some(why) = take.and_then(|take| take.hand_off.as_ref()?.no_proof.as_ref()) {
            let step = Move { why: Some(format!("{NO_READ}: {why}")), ..Move::to(ActionState::HandedOff, clock::now()) };
            deps.store.write(|tx| {
                deps.fence.check(tx)?;
                departures::move_action(tx, row.id, &step)
            })?;
        }
    }
    if !steps.is_empty() {
        let (store, fence, actor) = (deps.store.clone(), deps.fence, deps.actor.clone());
        let write = move || fence.write(&store, |tx| note(tx, departure, &actor, &steps, again));
        tokio::task::spawn_blocking(write).await??;
    }
    Ok(found)
}

/// News of an action.
pub(super) struct Step {
    row: ActionRow,
    gone: bool,
    /// What is to be said of it beside that it is gone.
    why: Option<String>,
    /// A person does it.
    by_hand: bool,
    detail: Value,
}

impl Step {
    /// The news of a person's task, if a read of it brings any.
    pub(super) fn of_hand_off(row: &ActionRow, reading: &Reading) -> Option<Self> {
        let was_gone = row.state == ActionState::Gone;
        let (gone, detail) = match reading {
            Reading::Gone(detail) if !was_gone => (true, detail.clone()),
            Reading::Still(detail) | Reading::Failed(detail) if was_gone => (false, detail.clone()),
            _ => return None,
        };
        Some(Self { row: row.clone(), gone, why: None, by_hand: true, detail })
    }
}

pub(super) fn note(
    tx: &rusqlite::Transaction<'_>,
    departure: DepartureId,
    actor: &str,
    steps: &[Step],
    again: Option<Timestamp>,
) -> Result<()> {
    let now = clock::now();
    for Step { row, gone, why, by_hand, detail } in steps {
        let mut detail = detail.clone();
        let act = if *gone {
            let (verdict, why) = (Some(Verdict::Gone), why.clone());
            // What a person did: how it is known that it was there before.
            if let (true, Some(before), Value::Object(detail)) = (*by_hand, departures::state_before(tx, row.id)?, &mut detail) {
                detail.insert("before".to_owned(), before);
            }
            let step = Move { verdict, why, detail: detail.clone(), ..Move::to(ActionState::Gone, now) };
            departures::move_action(tx, row.id, &step)?;
            "revocation.verified"
        } else if row.state == ActionState::Gone {
            if let (Some(again), Value::Object(map), false) = (again, &mut detail, *by_hand) {
                map.insert(departures::AGAIN_AT.to_owned(), json!(again.as_microsecond()));
            }
            let state = if *by_hand { ActionState::HandedOff } else { ActionState::Stuck };
            let (verdict, why) = (Some(Verdict::Present), Some(RETURNED.to_owned()));
            departures::move_action(tx, row.id, &Move { verdict, why, detail: detail.clone(), ..Move::to(state, now) })?;
            let title = format!("Came back: {}", row.label);
            if !departures::is_asked(tx, row.id, &title)? {
                let then = if again.is_some() && !by_hand {
                    "exeunt takes it away again; find out who gave it back"
                } else {
                    "Find out who gave it back, and run the departure again"
                };
                let task = NewTask {
                    departure: Some(departure),
                    action: Some(row.id),
                    role: "security".to_owned(),
                    title,
                    steps: format!("{}: {RETURNED}. {then}.", row.label),
                    attach: None,
                    due: now.checked_add(4.hours()).unwrap_or(now),
                };
                let opened = open_task(tx, departure, actor, &task, now)?;
                audit::append(tx, now, &opened)?;
            }
            "revocation.returned"
        } else {
            continue;
        };
        let verdict = if *gone { Verdict::Gone } else { Verdict::Present };
        let mut draft = draft(departure, actor, act, Some(target(row.number, &row.system, &row.name, &row.label)));
        draft.detail = json!({ "verdict": verdict.word(), "why": why, "reply": detail });
        audit::append(tx, now, &draft)?;
    }
    Ok(())
}

/// What is said of an action that the effect of another proves.
fn says(name: &str, other: Status) -> String {
    let words = others::says(name);
    if other == Status::Already { format!("{ALREADY}; {words}") } else { words }
}

fn take_of(deps: &RunDeps, row: &ActionRow) -> Option<Take> {
    deps.connections.get(&row.system)?.manifest().action(&row.name).cloned()
}

/// One fresh read; none where there is nothing to read.
async fn look(deps: &RunDeps, row: &ActionRow) -> Option<Reading> {
    let connection = deps.connections.get(&row.system)?;
    let manifest = connection.manifest().clone();
    let take = manifest.action(&row.name).filter(|take| take.prove.is_some())?;
    let spec: Spec = match serde_json::from_str(&row.spec) {
        Ok(spec) => spec,
        Err(error) => return Some(Reading::Unknown(format!("what the journal holds about it can't be read: {error}"))),
    };
    Some(read::once(connection, take, &spec, row.job.as_deref()).await)
}
