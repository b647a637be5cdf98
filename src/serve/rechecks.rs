//! After a scan, the proofs of open cases, and of those closed not long ago, are read again: hand-offs are proved by a later read, and what came back
//! is said, and fired again at once. Nobody waits for it: it takes as long as there are cases.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::health::Part;
use super::{Server, part};
use crate::departure::{self, Held};
use crate::model::{ActionState, DepartureId, Verdict};

/// Cases that are looked at again at once.
const AT_ONCE: usize = 4;

/// Looks at cases again after each scan, until `stop`.
pub(super) async fn run(server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    tokio::select! {
        () = server.wake.rechecks.notified() => {}
        () = stop.cancelled() => return Ok(()),
    }
    // Only a scan has cases looked at again.
    let never = || Duration::from_secs(3600 * 24 * 365);
    tokio::select! {
        () = part::repeat(&server, Part::Rechecks, &stop, &server.wake.rechecks, async || server.look_again(&stop).await, never) => {}
        // A proof that is read tells the same at the next start.
        () = stop.cancelled() => {}
    }
    Ok(())
}

impl Server {
    async fn look_again(&self, stop: &CancellationToken) -> Result<()> {
        let _doing = self.doing(Part::Rechecks);
        let cases = departure::watched(&self.desk())?;
        let mut looks = futures_util::stream::iter(cases).map(|row| self.look_at(row.id)).buffer_unordered(AT_ONCE);
        let mut wrong = Vec::new();
        while let Some((id, looked)) = looks.next().await {
            if let Err(error) = looked {
                wrong.push(format!("departure {id}: {error:#}"));
            }
            if stop.is_cancelled() {
                break;
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(wrong.join("; "))) }
    }

    async fn look_at(&self, id: DepartureId) -> (DepartureId, Result<()>) {
        // Whoever has it looks at it: it is looked at again after the next scan.
        if departure::is_held(&self.store, id).unwrap_or(true) {
            return (id, Ok(()));
        }
        let found = match departure::recheck(&self.desk(), id).await {
            Ok(found) => found,
            Err(error) if error.is::<Held>() => return (id, Ok(())),
            Err(error) => return (id, Err(error)),
        };
        for seen in &found {
            match (seen.was, seen.verdict) {
                _ if seen.came_back() => (self.tell)(&format!("departure {id}: came back: {}", seen.label)),
                (was, Verdict::Gone) if was != ActionState::Gone => (self.tell)(&format!("departure {id}: gone by now: {}", seen.label)),
                _ => {}
            }
        }
        // What came back is taken away again; and who had to wait for the case may have it.
        self.wake.departures.notify_one();
        self.wake.news.notify_one();
        (id, Ok(()))
    }
}
