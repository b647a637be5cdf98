//! What was proved gone is gone in the graph and in the findings, without waiting for a night.

use anyhow::Result;

use super::Desk;
use crate::clock;
use crate::manifest::raw::Take;
use crate::model::ActionState;
use crate::revoke;
use crate::store::departures::{self, ActionRow, DepartureRow};
use crate::store::proofs::{self, Shown};
use crate::survey;

/// Brings the graph up to the proofs of a case, as far as no scan has looked since, and runs the shadow checks on it.
pub(super) fn reflect(desk: &Desk<'_>, row: &DepartureRow) -> Result<()> {
    show(desk, row)?;
    survey::check(desk.config, desk.store).map(drop)
}

/// Brings the graph up to the proofs of a case, as far as no scan has looked since.
pub(super) fn show(desk: &Desk<'_>, row: &DepartureRow) -> Result<()> {
    let actions = desk.store.read(|conn| departures::actions(conn, row.id))?;
    desk.store.write(|tx| {
        let now = clock::now();
        for (action, _, shown) in proved(desk, &actions) {
            if let Some(proved) = action.proved {
                proofs::show(tx, row.person, &shown, proved, now)?;
            }
        }
        Ok(())
    })
}

/// What was proved gone and a later read shows all the same: somebody gave it back, or the system contradicts itself. The graph must be up to the
/// proofs of the case.
pub(super) fn shown_again(desk: &Desk<'_>, row: &DepartureRow) -> Result<Vec<ActionRow>> {
    desk.store.read(|conn| {
        let actions = departures::actions(conn, row.id)?;
        let mut again = Vec::new();
        for (action, take, shown) in proved(desk, &actions) {
            let Some(connection) = desk.fleet.systems.get(&action.system) else { continue };
            if proofs::is_shown(conn, &shown, revoke::listed(connection.manifest(), take, &shown))? {
                again.push(action.clone());
            }
        }
        Ok(again)
    })
}

/// The actions that were proved, as their manifests have them, with what their proofs show to be gone.
fn proved<'a>(desk: &'a Desk<'_>, actions: &'a [ActionRow]) -> impl Iterator<Item = (&'a ActionRow, &'a Take, Shown)> {
    actions.iter().filter(|action| action.state == ActionState::Gone).filter_map(|action| {
        let take = desk.fleet.systems.get(&action.system)?.manifest().action(&action.name)?;
        Some((action, take, revoke::shown(take, action)?))
    })
}
