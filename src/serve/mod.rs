//! `exeunt serve`: scans when they are due, HR's word taken from webhooks and polls, departures run to their end.
//!
//! ```text
//!   http ── webhooks ──┐                      ┌── departures: one task for each case, at its time
//!          polls ──────┴─ hear: what HR says ─┤
//!   scans ─── rechecks of open cases ─────────┘── notices
//! ```
//!
//! Each part is a task of its own, and none waits for another. They meet in the store alone, and wake one another: what there is to do always comes
//! from the store and from HR itself, so that a timer, a webhook and a restart take the same path. A stop gives what is under way a few seconds; what
//! has not ended by then is gone on with at the next start, which reads first.

mod believed;
mod departures;
pub mod due;
mod health;
mod hearing;
mod http;
mod listen;
mod part;
mod rechecks;
mod scans;
mod teller;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use believed::Believed;
pub use due::{due, next};
pub use health::Health;
pub use hearing::Asking;
pub use part::Wake;
pub use webhook::Refused;

use health::Part;

use crate::clock;
use crate::config::Config;
use crate::connect::fleet::Fleet;
use crate::departure::{Desk, Seal};
use crate::manifest::raw::Category;
use crate::scan::SystemReport;
use crate::secret::Kept;
use crate::store::{self, Store};
use crate::survey;

/// The job that looks at open tickets; the part that tells people does it.
const LOOK: &str = "look";

/// How long what is under way has once we are told to stop. With what the listener has, and the end of the process, it makes less than 5 seconds.
const GRACE: Duration = Duration::from_millis(3500);

/// How often we look at ourselves.
const OURSELVES: Duration = Duration::from_secs(5);

/// What serving needs.
pub struct Server {
    /// The settings.
    pub config: Arc<Config>,
    /// The store.
    pub store: Arc<Store>,
    /// The systems.
    pub fleet: Arc<Fleet>,
    /// The signing secrets of the webhooks that can be heard, by the webhook's name.
    pub hooks: BTreeMap<String, Kept>,
    /// Who signs the audit log.
    pub signer: Arc<Seal>,
    /// Wakes the parts.
    pub wake: Wake,
    /// Systems that asked their scan to come back later, and when.
    pub away: Mutex<BTreeMap<String, Timestamp>>,
    /// How HR is asked.
    pub asking: Asking,
    /// What doesn't work at present.
    pub health: Health,
    /// The time up to which the clock is believed.
    pub believed: Believed,
    /// Hears, in words, what is being done.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Server {
    /// Serves until `stop`; what is under way then has a few seconds.
    ///
    /// # Errors
    /// The address can't be had, a schedule isn't cron syntax, or a part broke off.
    pub async fn run(self: Arc<Self>, listener: tokio::net::TcpListener, stop: CancellationToken) -> Result<()> {
        for (job, pattern) in self.jobs() {
            due::next(&pattern, clock::now()).map_err(|problem| anyhow!("{job}: {problem}"))?;
        }
        let web = tokio::spawn(http::serve(listener, self.clone(), stop.clone()));
        let cut = CancellationToken::new();
        macro_rules! part {
            ($name:literal, $run:expr) => {{
                let (server, stop, cut) = (self.clone(), stop.clone(), cut.clone());
                part::spawn($name, move || $run(server, stop, cut))
            }};
        }
        let parts = [
            part!("departures", departures::run)?,
            part!("webhooks", |server, stop, _| hearing::webhooks(server, stop))?,
            part!("polls", |server, stop, _| hearing::polls(server, stop))?,
            part!("scans", |server, stop, _| scans::run(server, stop))?,
            part!("rechecks", |server, stop, _| rechecks::run(server, stop))?,
            part!("notices", |server, stop, _| teller::run(server, stop))?,
            part!("ourselves", |server, stop, _| look_at_ourselves(server, stop))?,
        ];
        let web_ends = web.abort_handle();
        let all = async {
            try_join_all(parts.map(|ended| async { ended.await.map_err(|_| anyhow!("a part of serving broke off"))? })).await?;
            Ok(web.await?)
        };
        tokio::pin!(all);
        let late = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = &mut all => return ended,
            () = late => {}
        }
        cut.cancel();
        web_ends.abort();
        // Whoever reads what we say may be gone as well.
        let said = tokio::task::spawn_blocking(move || self.say_what_is_left());
        let _unsaid = tokio::time::timeout(Duration::from_millis(500), said).await;
        Ok(())
    }

    fn desk(&self) -> Desk<'_> {
        Desk { config: &self.config, store: &self.store, fleet: &self.fleet, signer: &self.signer }
    }

    /// Looks, when we start, at what HR's word and a departure will need.
    fn look_at_the_start(&self) {
        self.note_log();
        let wrong = survey::judge::names(&self.config);
        self.note(Part::Settings, (!wrong.is_empty()).then(|| wrong.join("; ")));
        self.note_systems(&[]);
        if self.hears_hr() && self.fleet.of_category(Category::Hris).systems.is_empty() {
            self.note(Part::Hr, Some("no HR system can be used: nobody's leaving is heard of".to_owned()));
        }
        for name in self.config.serve.hooks.keys().filter(|name| !self.hooks.contains_key(*name)) {
            self.note(Part::Hooks, Some(format!("the secret of {name} could not be read")));
        }
    }

    /// Notes whether the audit log can be signed.
    fn note_log(&self) {
        let no_key = self.signer.signer(&self.store).err().map(|error| format!("{error:#}"));
        self.note(Part::Log, no_key.or_else(|| self.signer.trouble()));
    }

    /// Whether anything is to be heard of HR: a schedule, a poll or a webhook.
    fn hears_hr(&self) -> bool {
        !self.config.serve.hooks.is_empty() || self.jobs().keys().any(|job| job != LOOK)
    }

    /// Notes which systems can't be used, and of which nothing could be read.
    fn note_systems(&self, read: &[SystemReport]) {
        let closed = self.fleet.closed.iter().map(|(_, reason)| reason.clone());
        let blind = read.iter().filter(|report| !report.gaps.is_empty() && report.gaps.len() as u64 >= report.scopes).map(|report| {
            let (scope, reason) = report.gaps.first().map_or(("", ""), |(scope, reason)| (scope.as_str(), reason.as_str()));
            format!("nothing of {} could be read: {scope}: {reason}", report.system)
        });
        let all: Vec<String> = closed.chain(blind).collect();
        self.note(Part::Systems, (!all.is_empty()).then(|| all.join("; ")));
    }

    /// Notes whether HR was read to its end, and answers so.
    fn note_hr(&self, read: &[SystemReport]) -> bool {
        let is_hr = |report: &&SystemReport| {
            self.fleet.systems.get(&report.system).is_some_and(|connection| connection.manifest().category == Category::Hris)
        };
        let mut all: Vec<String> = read
            .iter()
            .filter(is_hr)
            .flat_map(|report| report.gaps.iter().map(|(scope, reason)| format!("{} {scope}: {reason}", report.system)))
            .collect();
        if self.fleet.of_category(Category::Hris).systems.is_empty() {
            all.push("no HR system can be used: nobody's leaving is heard of".to_owned());
        } else if read.iter().filter(is_hr).count() == 0 {
            return false;
        }
        let heard = all.is_empty();
        self.note(Part::Hr, (!heard).then(|| all.join("; ")));
        heard
    }

    /// Says which departures are not at their end when we stop.
    fn say_what_is_left(&self) {
        let running = self.store.read(store::departures::running).unwrap_or_default();
        let left: Vec<String> = running.iter().map(|row| format!("departure {}", row.id)).collect();
        let left = if left.is_empty() { String::new() } else { format!("; {} is gone on with at the next start", left.join(", ")) };
        (self.tell)(&format!("stopped before all was done{left}"));
    }

    /// Every job and its schedule.
    fn jobs(&self) -> BTreeMap<String, String> {
        let mut jobs = BTreeMap::new();
        for (name, system) in &self.config.systems {
            let pattern = system.schedule.as_ref().unwrap_or(&self.config.serve.schedule);
            if !pattern.is_empty() {
                jobs.insert(format!("scan:{name}"), pattern.clone());
            }
        }
        if !self.config.serve.poll.is_empty() {
            jobs.insert("poll".to_owned(), self.config.serve.poll.clone());
        }
        let look = &self.config.departure.tell.look;
        if !look.is_empty() && self.config.departure.tell.is_on() {
            jobs.insert(LOOK.to_owned(), look.clone());
        }
        jobs
    }

    /// How long until one of some jobs is due, or a system's time away is over; a minute at most, for clocks are set.
    fn until_next(&self, of: impl Fn(&str) -> bool) -> Duration {
        let now = clock::now();
        let away: Vec<Timestamp> = self
            .away
            .lock()
            .map(|away| away.iter().filter(|(name, _)| of(&format!("scan:{name}"))).map(|(_, at)| store::not_late(*at)).collect())
            .unwrap_or_default();
        let jobs = self.jobs().into_iter().filter(|(job, _)| of(job));
        let soonest = jobs.filter_map(|(_, pattern)| due::next(&pattern, now).ok()).chain(away).min();
        let pause = soonest.map_or(Duration::MAX, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        pause.clamp(Duration::from_millis(50), Duration::from_secs(60))
    }
}

/// Looks at what serving itself needs, until `stop`.
async fn look_at_ourselves(server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    server.look_at_the_start();
    while !stop.is_cancelled() {
        server.note_log();
        server.forget_refusals();
        server.note_slowness();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(OURSELVES) => {}
        }
    }
    Ok(())
}
