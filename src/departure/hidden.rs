//! What an action of a departure hides: a suspended account's links are listed no more. It is read before the action goes out. What could not be
//! read then is a gap that stays, for nobody can read it afterwards.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Desk;
use crate::revoke::Plan;
use crate::store::departures::DepartureRow;
use crate::survey;

/// The collections that actions of a plan hide: system and name.
fn hidden_by<'d>(desk: &Desk<'d>, plan: &Plan) -> BTreeSet<(&'d str, &'d str)> {
    let mut hidden = BTreeSet::new();
    for action in &plan.actions {
        let Some((system, connection)) = desk.fleet.systems.get_key_value(&action.system) else { continue };
        let take = connection.manifest().action(&action.name);
        hidden.extend(take.into_iter().flat_map(|take| &take.blinds).map(|collection| (system.as_str(), collection.as_str())));
    }
    hidden
}

/// Reads the person again in the systems where an action of the plan hides something; whether there was one.
pub(super) async fn look_before(desk: &Desk<'_>, row: &DepartureRow, plan: &Plan) -> Result<bool> {
    let systems: Vec<String> = hidden_by(desk, plan).into_iter().map(|(system, _)| system.to_owned()).collect();
    if systems.is_empty() {
        return Ok(false);
    }
    // The first call waits for it. An account that is seen for the first time is linked when the person is scanned again afterwards.
    let options = survey::Options { person: Some(row.person), no_checks: true, no_links: true, ..Default::default() };
    // What can't be read is in the store, and is said at the end.
    survey::survey(desk.config, desk.store, &desk.fleet.only(&systems), &options, &|_, _| {}).await?;
    Ok(true)
}
