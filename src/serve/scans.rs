//! Scans when they are due. Departures and HR's word go on beside them, and pass before them in every system (`connect::Lane`). A stop ends a scan at
//! a page; the next start goes on from there.

use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::health::Part;
use super::{Server, due, part};
use crate::clock;
use crate::store;
use crate::survey;

/// Scans what is due, until `stop`.
pub(super) async fn run(server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    let scans = |job: &str| job.starts_with("scan:") && !server.is_hr(job);
    let until_next = || server.until_next(scans);
    let nobody = tokio::sync::Notify::new();
    tokio::select! {
        () = part::repeat(&server, Part::Scans, &stop, &nobody, async || server.scan_due().await, until_next) => {}
        () = stop.cancelled() => {}
    }
    Ok(())
}

impl Server {
    async fn scan_due(&self) -> Result<()> {
        let served = self.due_jobs(|job| job.starts_with("scan:") && !self.is_hr(job))?;
        // A system that asked us to stay away is left alone until then.
        let due = served.iter().filter_map(|(job, _)| job.strip_prefix("scan:")).filter(|system| !self.stays_away(system));
        let mut systems: Vec<String> = due.map(str::to_owned).collect();
        let back = self.back_again(|system| !self.is_hr(&format!("scan:{system}")));
        systems.extend(back.into_iter().filter(|system| !served.iter().any(|(job, _)| job.strip_prefix("scan:") == Some(system))));
        if !systems.is_empty() {
            // HR says whom to watch: where it is due as well, it comes first.
            self.ask().await?;
            (self.tell)(&format!("scanning {}", systems.join(", ")));
            let _doing = self.doing(Part::Scans);
            let fleet = self.fleet.only(&systems);
            let survey = survey::survey(&self.config, &self.store, &fleet, &survey::Options::default(), &|_, _| {}).await?;
            let gaps = survey.systems.iter().map(|system| system.gaps.len()).sum::<usize>() + survey.closed.len();
            (self.tell)(&format!("scanned {} systems: {} findings, {gaps} gaps", survey.systems.len(), survey.findings.len()));
            self.note_those_away();
            self.note_systems(&survey.systems);
        }
        self.store.write(|tx| served.iter().try_for_each(|(job, due)| store::scans::served(tx, job, *due, clock::now())))?;
        if !systems.is_empty() {
            self.wake.rechecks.notify_one();
            self.wake.news.notify_one();
        }
        Ok(())
    }

    /// The jobs among some that are due, and since when.
    pub(super) fn due_jobs(&self, of: impl Fn(&str) -> bool) -> Result<Vec<(String, Timestamp)>> {
        let (now, mut found) = (clock::now(), Vec::new());
        for (job, pattern) in self.jobs().into_iter().filter(|(job, _)| of(job)) {
            let last = self.store.write(|tx| store::scans::schedule(tx, &job, now))?;
            if let Some(due) = due::due(&pattern, last, now).map_err(anyhow::Error::msg)? {
                found.push((job, due));
            }
        }
        Ok(found)
    }

    /// Remembers which systems asked their scan to come back later.
    pub(super) fn note_those_away(&self) {
        let Ok(mut away) = self.away.lock() else { return };
        for (name, connection) in &self.fleet.systems {
            if let Some(at) = connection.comes_back() {
                away.insert(name.clone(), at);
            }
        }
    }

    pub(super) fn stays_away(&self, system: &str) -> bool {
        self.away.lock().is_ok_and(|away| away.get(system).is_some_and(|at| store::not_late(*at) > clock::now()))
    }

    /// Those of some systems whose time away is over: their scan comes back.
    pub(super) fn back_again(&self, of: impl Fn(&str) -> bool) -> Vec<String> {
        let now = clock::now();
        let Ok(mut away) = self.away.lock() else { return Vec::new() };
        let back: Vec<String> =
            away.iter().filter(|(name, at)| of(name) && store::not_late(**at) <= now).map(|(name, _)| name.clone()).collect();
        back.iter().for_each(|name| _ = away.remove(name));
        back
    }
}
