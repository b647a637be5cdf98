//! People's tasks in a run. The state before anybody did anything is read while the calls go out: what was gone already is asked of nobody. A task
//! of an earlier run is read again, so that what waits for it may go.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::before::{Before, Look};
use super::journal::{draft, open_task, target};
use super::read::{self, Reading};
use super::recheck::{self, Step};
use super::run::{Shared, Status};
use super::spec::{PlannedAction, PlannedTask};
use crate::audit;
use crate::clock;
use crate::model::{ALREADY, ActionState, DepartureId, Verdict};
use crate::store::departures::{self, ActionRow, Move};

/// Longest that a run waits for the state before its hand-offs.
const AT_MOST: Duration = Duration::from_secs(5);

/// An action of the plan that a person does.
pub(super) struct Asked {
    pub place: usize,
    pub row: ActionRow,
    pub how: How,
}

/// What there is to read of it.
pub(super) enum How {
    /// Nobody has been asked so far: the state before, and the task that is to be opened.
    New { look: Option<Look>, tasks: Vec<PlannedTask> },
    /// It was asked for, or done, in an earlier run.
    Again(Box<PlannedAction>),
}

/// What a read of it said.
enum Said {
    Before(Before, Vec<PlannedTask>),
    Again(Option<Reading>),
}

/// Reads all of them, and writes down what there is to say.
///
/// # Errors
/// The store's.
pub(super) async fn drive(shared: Arc<Shared>, departure: DepartureId, asked: Vec<Asked>) -> Result<()> {
    let shared = &*shared;
    let read = join_all(asked.into_iter().map(|Asked { place, row, how }| async move {
        let said = match how {
            How::New { look, tasks } => match look {
                Some(look) => Said::Before(look.settle_within(AT_MOST).await, tasks),
                None => Said::Before(Before::by_last_scan("its system is not configured"), tasks),
            },
            How::Again(action) => Said::Again(again(shared, &action).await),
        };
        (place, row, said)
    }))
    .await;
    let statuses: Vec<(usize, Status)> = read.iter().map(|(place, row, said)| (*place, status(row, said))).collect();
    let (store, fence, actor) = (shared.deps.store.clone(), shared.deps.fence, shared.deps.actor.clone());
    let write = move || fence.write(&store, |tx| write(tx, departure, &actor, &read, clock::now()));
    let written = tokio::task::spawn_blocking(write).await.map_err(anyhow::Error::from).and_then(|written| written);
    for (place, status) in statuses {
        // Nothing that isn't written down lets anything go.
        shared.statuses[place].send_replace(if written.is_ok() { status } else { Status::Failed });
    }
    written
}

async fn again(shared: &Shared, action: &PlannedAction) -> Option<Reading> {
    let connection = shared.deps.connections.get(&action.system)?;
    let take = connection.manifest().action(&action.name).filter(|take| take.prove.is_some())?;
    let reading = tokio::time::timeout(AT_MOST, read::once(connection, take, &action.spec, None)).await;
    Some(reading.unwrap_or_else(|_| Reading::Unknown("it was not answered in time".to_owned())))
}

/// What the actions that wait for it make of it.
fn status(row: &ActionRow, said: &Said) -> Status {
    match said {
        Said::Before(before, _) if before.gone => Status::Already,
        Said::Again(Some(Reading::Gone(_))) => Status::Proved,
        // It was proved, and nothing says that it came back.
        Said::Again(None | Some(Reading::Unknown(_))) => Status::of(row),
        Said::Before(..) | Said::Again(_) => Status::Failed,
    }
}

fn write(
    tx: &rusqlite::Transaction<'_>,
    departure: DepartureId,
    actor: &str,
    read: &[(usize, ActionRow, Said)],
    now: Timestamp,
) -> Result<()> {
    let mut steps = Vec::new();
    for (_, row, said) in read {
        match said {
            Said::Before(before, tasks) => ask(tx, departure, actor, row, before, tasks, now)?,
            Said::Again(Some(reading)) => steps.extend(Step::of_hand_off(row, reading)),
            Said::Again(None) => {}
        }
    }
    recheck::note(tx, departure, actor, &steps, None)
}

/// Opens the task, with the state before as its evidence; unless there is nothing to do.
fn ask(
    tx: &rusqlite::Transaction<'_>,
    departure: DepartureId,
    actor: &str,
    row: &ActionRow,
    before: &Before,
    tasks: &[PlannedTask],
    now: Timestamp,
) -> Result<()> {
    let detail = json!({ "before": before.words });
    if before.gone {
        let (verdict, why) = (Some(Verdict::Gone), Some(ALREADY.to_owned()));
        departures::move_action(tx, row.id, &Move { verdict, why, detail: detail.clone(), ..Move::to(ActionState::Gone, now) })?;
        let mut draft = draft(departure, actor, "revocation.verified", Some(target(row.number, &row.system, &row.name, &row.label)));
        draft.detail = json!({ "verdict": Verdict::Gone.word(), "why": ALREADY, "reply": detail });
        audit::append(tx, now, &draft)?;
        return Ok(());
    }
    departures::move_action(tx, row.id, &Move { detail, ..Move::to(ActionState::HandedOff, now) })?;
    for task in tasks {
        let mut opened = open_task(tx, departure, actor, &task.to_open(departure, Some(row.id), now), now)?;
        if let Value::Object(detail) = &mut opened.detail {
            detail.insert("before".to_owned(), before.words.clone());
        }
        audit::append(tx, now, &opened)?;
    }
    Ok(())
}
