//! Hearing HR: a webhook has the one employee read that it is about, a poll the whole of HR. The two don't wait for each other, nor for a scan or a
//! departure. What HR says then opens cases, moves them, or calls them off.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::health::Part;
use super::{Server, part};
use crate::clock;
use crate::departure;
use crate::manifest::raw::Category;
use crate::store::{self, scans::Look};
use crate::survey;

/// How often HR is read again after webhooks that are not looked after yet.
const AGAIN: Duration = Duration::from_secs(10);

/// Longest wait of a part that nobody wakes: clocks are set.
const LONGEST: Duration = Duration::from_secs(60);

/// How HR is asked.
#[derive(Debug, Default)]
pub struct Asking {
    /// HR is read as a whole by one at a time.
    whole: tokio::sync::Mutex<()>,
    /// What HR says is acted on by one at a time.
    acting: Mutex<()>,
    /// Webhooks after which the whole of HR is to be read.
    wanted: Mutex<BTreeSet<String>>,
}

impl Asking {
    fn wants(&self, digest: &str) -> bool {
        self.wanted.lock().is_ok_and(|wanted| wanted.contains(digest))
    }
}

/// Looks after webhooks until `stop`, each as soon as it comes.
pub(super) async fn webhooks(server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    let mut reads = FuturesUnordered::new();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut trouble: Option<String> = None;
    while !stop.is_cancelled() {
        match server.store.read(store::scans::wanted_looks) {
            Ok(looks) => {
                asked.retain(|digest| looks.iter().any(|look| look.digest == *digest));
                let new: Vec<Look> = looks.into_iter().filter(|look| asked.insert(look.digest.clone())).collect();
                let mut of: BTreeSet<(String, String)> = new.iter().map(|look| (look.system.clone(), look.employee.clone())).collect();
                while let Some((system, employee)) = of.pop_first() {
                    let looks: Vec<String> = new
                        .iter()
                        .filter(|look| look.system == system && look.employee == employee)
                        .map(|look| look.digest.clone())
                        .collect();
                    let server = &server;
                    reads.push(async move { (server.read_one(&system, &employee).await, looks) });
                }
                server.note(Part::Webhooks, trouble.clone());
            }
            Err(error) => server.note(Part::Webhooks, Some(format!("{error:#}"))),
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            Some((read, looks)) = reads.next(), if !reads.is_empty() => {
                trouble = server.heard_of_one(read, &looks).err().map(|error| format!("{error:#}"));
                if let Some(error) = &trouble {
                    tracing::error!(error, "what HR says of an employee could not be taken up");
                    server.want_whole(&looks);
                }
            }
            () = server.wake.webhooks.notified() => {}
            () = tokio::time::sleep(LONGEST) => {}
        }
    }
    Ok(())
}

/// Reads HR as a whole when that is due, until `stop`.
pub(super) async fn polls(server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    let asking = async {
        let until_next = || {
            let unheard = server.asking.wanted.lock().is_ok_and(|wanted| !wanted.is_empty());
            server.until_next(|job| server.is_hr(job)).min(if unheard { AGAIN } else { LONGEST })
        };
        part::repeat(&server, Part::Hearing, &stop, &server.wake.hr, async || server.ask().await, until_next).await;
    };
    tokio::select! {
        () = asking => {}
        // HR is asked anew at the next start.
        () = stop.cancelled() => {}
    }
    Ok(())
}

impl Server {
    /// Whether a job asks HR: a poll, or a scan of an HR system.
    pub(super) fn is_hr(&self, job: &str) -> bool {
        let of_hr = |system: &str| self.fleet.systems.get(system).is_some_and(|known| known.manifest().category == Category::Hris);
        job == "poll" || job.strip_prefix("scan:").is_some_and(of_hr)
    }

    /// Reads what HR says of one employee; whether that could be read by itself, and to its end.
    async fn read_one(&self, system: &str, employee: &str) -> Result<bool> {
        let Some(connection) = self.fleet.systems.get(system) else { return Ok(false) };
        survey::one_employee(&self.store, connection, employee).await
    }

    /// Acts on what was read of one employee. Where that was not all, the whole of HR is read.
    fn heard_of_one(&self, read: Result<bool>, looks: &[String]) -> Result<()> {
        let whole = read.unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "an employee could not be read by themselves");
            false
        });
        if whole {
            self.act_on_hr("webhook")?;
            self.store.write(|tx| store::scans::looked(tx, looks))?;
        } else {
            self.want_whole(looks);
        }
        Ok(())
    }

    /// Has the whole of HR read after these webhooks.
    fn want_whole(&self, looks: &[String]) {
        if let Ok(mut wanted) = self.asking.wanted.lock() {
            wanted.extend(looks.iter().cloned());
        }
        self.wake.hr.notify_one();
    }

    /// Reads HR as a whole, if that is due, and acts on what it says.
    ///
    /// # Errors
    /// The store's. That HR can't be read is said, and a webhook stays until it was.
    pub(super) async fn ask(&self) -> Result<()> {
        let _turn = self.asking.whole.lock().await;
        let is_back = !self.back_again(|system| self.is_hr(&format!("scan:{system}"))).is_empty();
        let served = self.due_jobs(|job| self.is_hr(job))?;
        let is_due = is_back || served.iter().any(|(job, _)| job.strip_prefix("scan:").is_none_or(|system| !self.stays_away(system)));
        let looks = self.store.read(store::scans::wanted_looks)?.into_iter().map(|look| look.digest);
        let looks: Vec<String> = looks.filter(|digest| self.asking.wants(digest)).collect();
        let mut heard = false;
        if is_due || !looks.is_empty() {
            let hr = self.fleet.of_category(Category::Hris);
            let options = survey::Options { no_checks: true, ..Default::default() };
            let _doing = self.doing(Part::Hearing);
            let read = survey::survey(&self.config, &self.store, &hr, &options, &|_, _| {}).await?;
            heard = self.note_hr(&read.systems);
            self.note_those_away();
            self.act_on_hr(if looks.is_empty() { "poll" } else { "webhook" })?;
        }
        self.store.write(|tx| {
            for (job, due) in &served {
                store::scans::served(tx, job, *due, clock::now())?;
            }
            // A webhook is done with once HR was read to its end after it.
            if heard { store::scans::looked(tx, &looks) } else { Ok(()) }
        })?;
        if heard && let Ok(mut wanted) = self.asking.wanted.lock() {
            wanted.retain(|digest| !looks.contains(digest));
        }
        Ok(())
    }

    /// Opens cases, moves them and calls them off, as HR's record says by now.
    fn act_on_hr(&self, source: &str) -> Result<()> {
        let announced = {
            let _turn = self.asking.acting.lock().map_err(|_| anyhow::anyhow!("what HR says was lost to a panic"))?;
            departure::hear(&self.config, &self.store, source)?
        };
        announced.iter().for_each(|line| (self.tell)(line));
        self.wake.departures.notify_one();
        self.wake.news.notify_one();
        if !announced.is_empty() {
            self.signer.sign(&self.store);
        }
        Ok(())
    }
}
