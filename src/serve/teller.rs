//! Telling people while serving: a slow ticket system never keeps a departure waiting.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::health::Part;
use super::{LOOK, Server, due};
use crate::clock;
use crate::departure;
use crate::handoff::tell;
use crate::store;

/// Longest between two looks at what is to be told: overdue tasks and departures under way nudge nobody.
const LONGEST: Duration = Duration::from_secs(30);

/// Tells people what there is to tell, until `stop`.
pub(super) async fn run(server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    while !stop.is_cancelled() {
        if let Err(error) = turn(&server).await {
            tracing::error!(error = format!("{error:#}"), "people could not be told");
            server.note(Part::Telling, Some(format!("{error:#}")));
        } else {
            server.note(Part::Telling, None);
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = server.wake.news.notified() => {}
            () = tokio::time::sleep(until_next(&server)) => {}
        }
    }
    Ok(())
}

async fn turn(server: &Server) -> Result<()> {
    let now = clock::now();
    let look = match server.jobs().get(LOOK) {
        None => None,
        Some(pattern) => {
            let last = server.store.write(|tx| store::scans::schedule(tx, LOOK, now))?;
            due::due(pattern, last, now).map_err(anyhow::Error::msg)?
        }
    };
    let told = departure::tell(&server.desk(), &tell::Options { look: look.is_some(), patience: Duration::ZERO }).await?;
    if let Some(due) = look {
        server.store.write(|tx| store::scans::served(tx, LOOK, due, clock::now()))?;
    }
    if told.tickets + told.notices + told.closed.len() > 0 {
        let closed = told.closed.iter().map(|task| format!(", task {task} done by its ticket")).collect::<String>();
        (server.tell)(&format!("told: {} tickets opened, {} notices sent{closed}", told.tickets, told.notices));
    }
    Ok(())
}

fn until_next(server: &Server) -> Duration {
    let until = |at: Timestamp| Duration::try_from(at.duration_since(clock::now())).unwrap_or_default();
    let retry = tell::next_due(&server.store).ok().flatten().map(until);
    let look = server.jobs().get(LOOK).and_then(|pattern| due::next(pattern, clock::now()).ok()).map(until);
    retry.into_iter().chain(look).min().unwrap_or(LONGEST).clamp(Duration::from_millis(200), LONGEST)
}
