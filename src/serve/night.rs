//! A scan that serving makes, and what breaks it off: HR's word comes first. A night may take hours where vendors are slow, and whoever leaves meanwhile
//! must not wait for it. What it has read by then stays, and the next turn goes on with it.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Server, due};
use crate::clock;
use crate::departure;
use crate::store;
use crate::survey::{self, Survey};

/// How long a scan goes on before a webhook breaks it off: pages come to their end, so that a stream of webhooks lets a night end as well.
const FIRST: Duration = Duration::from_secs(2);

/// How long it goes on before a poll that is due, or a departure whose time has come, breaks it off. One that can't be run stays due.
const THEN: Duration = Duration::from_secs(60);

impl Server {
    /// Scans these systems, or breaks off for HR's word: none then.
    pub(super) async fn night(&self, systems: &[String]) -> Result<Option<Survey>> {
        (self.tell)(&format!("scanning {}", systems.join(", ")));
        let fleet = self.fleet.only(systems);
        let options = survey::Options::default();
        tokio::select! {
            biased;
            read = survey::survey(&self.config, &self.store, &fleet, &options, &|_, _| {}) => Ok(Some(read?)),
            called = self.called() => {
                (self.tell)(&format!("the scan is broken off, for {}; it goes on afterwards", called?));
                Ok(None)
            }
        }
    }

    /// Waits until there is something that a scan must not keep waiting, and says what it is.
    async fn called(&self) -> Result<&'static str> {
        let begun = Instant::now();
        tokio::time::sleep(FIRST).await;
        loop {
            if !self.store.read(store::scans::wanted_looks)?.is_empty() {
                return Ok("a webhook of HR's");
            }
            if begun.elapsed() >= THEN {
                if self.is_poll_due()? {
                    return Ok("HR is to be asked");
                }
                let present = self.believed.present(&self.store, clock::now(), clock::witnessed())?;
                let ready = departure::ready(&self.store, present.at)?;
                if ready.into_iter().any(|id| departure::is_held(&self.store, id).is_ok_and(|held| !held)) {
                    return Ok("a departure whose time has come");
                }
            }
            tokio::select! {
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    fn is_poll_due(&self) -> Result<bool> {
        let Some(pattern) = self.jobs().remove("poll") else { return Ok(false) };
        let now = clock::now();
        let last = self.store.write(|tx| store::scans::schedule(tx, "poll", now))?;
        Ok(due::due(&pattern, last, now).map_err(anyhow::Error::msg)?.is_some())
    }
}
