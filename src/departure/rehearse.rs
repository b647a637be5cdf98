//! Rehearsing a departure at a set time: what stands in its way is told while there is time to do something about it. Nothing is taken away, and the case
//! stays as it is.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;

use super::{Desk, find, make_plan};
use crate::connect::Connection;
use crate::graph::protected;
use crate::manifest::raw::Hand;
use crate::model::DepartureId;
use crate::scan;
use crate::store;
use crate::survey;

/// Longest that one system is waited for.
const LONGEST: Duration = Duration::from_secs(60);

/// Comes when a case that was made ready may begin.
pub type Begins<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The case was moved or called off while it was made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("departure {0} was moved or called off while it was made ready: nothing was fired")]
pub struct Moved(pub DepartureId);

/// What stands in the way of a case that is to run later: its plan, and each system that the plan needs (its rights, its connections).
///
/// # Errors
/// The store's.
pub async fn rehearse(desk: &Desk<'_>, id: DepartureId) -> Result<Vec<String>> {
    let row = find(desk.store, id)?;
    let (graph, prospect) = make_plan(desk, &row)?;
    let mut problems = prospect.plan.blocked.clone();
    match &row.approved {
        Some(_) if row.plan_hash.as_deref() != Some(&prospect.hash) => {
            problems.push(format!(
                "the plan is another than the one that was approved: look at it again (exeunt departure {id}) and approve anew"
            ));
        }
        Some(_) => {}
        None => {
            problems.extend(prospect.plan.own_unknown.iter().map(ToString::to_string));
            let people = survey::people(desk.config, &graph)?;
            problems.extend(desk.store.read(|conn| protected(conn, desk.config, &people, &prospect.person))?);
        }
    }
    if let [(scope, reason), more @ ..] = prospect.unread.as_slice() {
        let more = if more.is_empty() { String::new() } else { format!(" (and {} more lists)", more.len()) };
        problems.push(format!("{scope} was not read to its end: {reason}{more}"));
    }
    problems.extend(desk.fleet.closed.iter().map(|(system, reason)| format!("{system} can't be used: {reason}")));
    let connections = prospect.plan.systems().into_iter().filter_map(|system| desk.fleet.systems.get(system));
    let tried: Vec<Result<Vec<String>>> =
        futures_util::stream::iter(connections).map(|connection| tried(desk, connection)).buffer_unordered(16).collect().await;
    for tried in tried {
        problems.extend(tried?);
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}

/// What one system lacks of what a departure needs.
async fn tried(desk: &Desk<'_>, connection: &Connection) -> Result<Vec<String>> {
    let (system, manifest) = (&connection.system().0, connection.manifest());
    let row = desk.store.write(|tx| store::graph::system_row(tx, system, &manifest.scanner, manifest.category.word()))?;
    let all = async {
        let lacks = scan::preflight(desk.store, row, connection).await?;
        let mut problems: Vec<String> = lacks.iter().filter(|tried| !tried.empty).filter_map(scan::Tried::lacks).collect();
        for hand in [Hand::Read, Hand::Revoke] {
            problems.extend(connection.warm(hand, &[], 1).await.err());
        }
        Ok::<_, anyhow::Error>(problems)
    };
    let problems = match tokio::time::timeout(LONGEST, all).await {
        Ok(problems) => problems?,
        Err(_) => vec![format!("it didn't answer within {} s", LONGEST.as_secs())],
    };
    Ok(problems
        .into_iter()
        .map(|problem| if problem.starts_with(system.as_str()) { problem } else { format!("{system}: {problem}") })
        .collect())
}
