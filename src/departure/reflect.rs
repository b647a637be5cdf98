//! What was proved gone is gone in the graph and in the findings, without waiting for a night.

use anyhow::Result;

use super::Desk;
use crate::clock;
use crate::model::ActionState;
use crate::revoke;
use crate::store::departures::{self, DepartureRow};
use crate::store::proofs;
use crate::survey;

/// Brings the graph up to the proofs of a case, as far as no scan has looked since, and runs the shadow checks on it.
pub(super) fn reflect(desk: &Desk<'_>, row: &DepartureRow) -> Result<()> {
    let actions = desk.store.read(|conn| departures::actions(conn, row.id))?;
    desk.store.write(|tx| {
        let now = clock::now();
        for action in actions.iter().filter(|action| action.state == ActionState::Gone) {
            let Some(connection) = desk.fleet.systems.get(&action.system) else { continue };
            let take = connection.manifest().action(&action.name);
            if let (Some(shown), Some(proved)) = (take.and_then(|take| revoke::shown(take, action)), action.proved) {
                proofs::show(tx, row.person, &shown, proved, now)?;
            }
        }
        Ok(())
    })?;
    survey::check(desk.config, desk.store).map(drop)
}
