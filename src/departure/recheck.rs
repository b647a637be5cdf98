//! Looking again at a case that has run: a hand-off that somebody carried out, a claim that the vendor made good, access that came back.

use anyhow::{Result, bail};

use super::{Desk, checkpoint, entry, find, run_deps};
use crate::clock;
use crate::handoff;
use crate::model::{ActionState, DepartureId, DepartureState};
use crate::revoke::{self, Rechecked};
use crate::store::departures;

/// Reads the proof of every action of a case once more. What is gone by now is noted; a task that asks for no file is closed with the proof as its
/// note (one that asks for a file waits for it); and a case in which nothing is left to do is closed.
///
/// # Errors
/// The case hasn't run; the store's, or the audit log's.
pub async fn recheck(desk: &Desk<'_>, id: DepartureId) -> Result<Vec<Rechecked>> {
    let row = find(desk.store, id)?;
    if !matches!(row.state, DepartureState::Open | DepartureState::Closed) {
        bail!("departure {id} is {}: there is nothing to look at again yet", row.state);
    }
    let found = revoke::recheck(&run_deps(desk, None), id, true).await?;
    desk.store.write_durably(|tx| {
        let now = clock::now();
        let actions = departures::actions(tx, id)?;
        let gone = |action| actions.iter().any(|row| Some(row.id) == action && row.state == ActionState::Gone);
        for task in departures::tasks(tx, Some(id))?.iter().filter(|task| !task.done && task.attach.is_none() && gone(task.action)) {
            handoff::close(tx, task.id, "engine", "a fresh read shows that it is done", None, now)?;
        }
        let open = departures::tasks(tx, Some(id))?.iter().any(|task| !task.done);
        if row.state == DepartureState::Open && !open && actions.iter().all(|row| row.state == ActionState::Gone) {
            departures::move_to(tx, id, DepartureState::Closed, now)?;
            entry(tx, id, "departure.closed", "engine", serde_json::json!({ "actions": actions.len() }))?;
        }
        Ok(())
    })?;
    checkpoint(desk)?;
    Ok(found)
}
