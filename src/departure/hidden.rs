//! What an action of a departure hides: a suspended account's links are listed no more. It is read before the action goes out, and what could not
//! be read then is said, for nobody can read it afterwards.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Desk;
use crate::model::Coverage;
use crate::revoke::Plan;
use crate::store::departures::DepartureRow;
use crate::store::scans;
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
    let options = survey::Options { person: Some(row.person), no_checks: true, ..Default::default() };
    // What can't be read is in the store, and is said at the end.
    survey::survey(desk.config, desk.store, &desk.fleet.only(&systems), &options, &|_, _| {}).await?;
    Ok(true)
}

/// What actions of the plan hide and what was never read to its end before them: scope and reason. `keys` are those of the person and of
/// what is theirs.
pub(super) fn never_read(desk: &Desk<'_>, plan: &Plan, keys: &BTreeSet<String>) -> Result<Vec<(String, String)>> {
    let hidden = hidden_by(desk, plan);
    if hidden.is_empty() {
        return Ok(Vec::new());
    }
    let mut unread = Vec::new();
    for read in desk.store.read(scans::latest_coverage)? {
        if let Coverage::Gap(reason) = read.coverage
            && hidden.contains(&(read.system.as_str(), read.collection.as_str()))
            && keys.contains(&read.parent)
        {
            unread.push((format!("{} {}({})", read.system, read.collection, read.parent), reason));
        }
    }
    Ok(unread)
}
