//! `exeunt serve`: scans when they are due, HR's word taken from webhooks and polls, departures run to their end.
//!
//! One loop looks at what is due and does it. A webhook only says "look now"; where a scan is under way, that breaks the scan off. What there is
//! to do always comes from the store and from HR itself, so that a timer, a webhook and a restart take the same path. A stop gives what is under
//! way a few seconds; what has not ended by then is gone on with at the next start, which reads first.

mod believed;
pub mod due;
mod health;
mod http;
mod listen;
mod night;
mod teller;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use believed::Believed;
pub use due::{due, next};
pub use health::Health;
pub use night::Nights;
pub use webhook::Refused;

use health::Part;

use crate::clock;
use crate::config::Config;
use crate::connect::fleet::Fleet;
use crate::departure::{self, Desk, Seal, Step};
use crate::manifest::raw::Category;
use crate::model::{ActionState, Verdict};
use crate::scan::SystemReport;
use crate::secret::Kept;
use crate::store::{self, Store};
use crate::survey;

/// The job that looks at open tickets; it has a loop of its own.
const LOOK: &str = "look";

/// How long what is under way has once we are told to stop. With what the listener has, and the end of the process, it makes less than 5 seconds.
const GRACE: Duration = Duration::from_millis(3500);

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
    /// Wakes the loop.
    pub nudge: Arc<Notify>,
    /// Wakes the loop that tells people.
    pub news: Arc<Notify>,
    /// Systems that asked their scan to come back later, and when.
    pub away: Mutex<BTreeMap<String, Timestamp>>,
    /// How scans are broken off for HR's word.
    pub nights: Nights,
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
    /// The address can't be had, a schedule isn't cron syntax, or the store fails.
    pub async fn run(self: Arc<Self>, listener: tokio::net::TcpListener, stop: CancellationToken) -> Result<()> {
        for (job, pattern) in self.jobs() {
            due::next(&pattern, clock::now()).map_err(|problem| anyhow::anyhow!("{job}: {problem}"))?;
        }
        let web = tokio::spawn(http::serve(listener, self.clone(), stop.clone()));
        let teller = tokio::spawn(teller::run(self.clone(), stop.clone()));
        // A thread of its own: a stop must not wait for a step that doesn't come back, nor anything else for what it waits for.
        let cut = CancellationToken::new();
        let work = tokio::task::spawn_blocking({
            let (server, stop, cut) = (self.clone(), stop.clone(), cut.clone());
            move || {
                let work = async {
                    tokio::select! {
                        worked = server.work(stop) => worked,
                        () = cut.cancelled() => Ok(()),
                    }
                };
                tokio::runtime::Handle::current().block_on(work)
            }
        });
        let (web_ends, teller_ends) = (web.abort_handle(), teller.abort_handle());
        let all = async { tokio::try_join!(web, teller, work) };
        tokio::pin!(all);
        let late = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = &mut all => {
                let (.., worked) = ended.context("serving broke off")?;
                return worked;
            }
            () = late => {}
        }
        cut.cancel();
        [web_ends, teller_ends].iter().for_each(tokio::task::AbortHandle::abort);
        // Whoever reads what we say may be gone as well.
        let said = tokio::task::spawn_blocking(move || self.say_what_is_left());
        let _unsaid = tokio::time::timeout(Duration::from_millis(500), said).await;
        Ok(())
    }

    /// Does what is due until `stop`.
    async fn work(&self, stop: CancellationToken) -> Result<()> {
        self.look_at_ourselves();
        // What a crash left half way comes before everything else.
        if let Err(error) = self.departures().await {
            self.note(Part::Work, Some(format!("{error:#}")));
        }
        while !stop.is_cancelled() {
            let worked = self.turn().await;
            if let Err(error) = worked {
                // The loop must outlive a bad night; the error is in the log, and the job stays due.
                tracing::error!(error = format!("{error:#}"), "a turn of the schedule failed");
                self.note(Part::Work, Some(format!("{error:#}")));
                tokio::time::sleep(Duration::from_secs(1)).await;
            } else {
                self.note(Part::Work, None);
            }
            self.note_log();
            self.forget_refusals();
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(self.until_next()) => {}
            }
        }
        Ok(())
    }

    /// Looks, when we start, at what HR's word and a departure will need.
    fn look_at_ourselves(&self) {
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

    /// One turn: what is due is done.
    async fn turn(&self) -> Result<()> {
        let mut scans = Vec::new();
        let mut poll = false;
        let now = clock::now();
        let mut served = Vec::new();
        for (job, pattern) in self.jobs().into_iter().filter(|(job, _)| job != LOOK) {
            let last = self.store.write(|tx| store::scans::schedule(tx, &job, now))?;
            if let Some(due) = due::due(&pattern, last, now).map_err(anyhow::Error::msg)? {
                match job.strip_prefix("scan:") {
                    // A system that asked us to stay away is left alone until then.
                    Some(system) if self.stays_away(system) => {}
                    Some(system) => scans.push(system.to_owned()),
                    None => poll = true,
                }
                served.push((job, due));
            }
        }
        for system in self.back_again() {
            if !scans.contains(&system) {
                scans.push(system);
            }
        }
        let mut looks = self.store.read(store::scans::wanted_looks)?;
        let begun = clock::now();
        // Whom HR wants looked at comes before a scan.
        let night = if scans.is_empty() || self.has_news(&looks) { None } else { self.night(&scans).await? };
        let broken_off = !scans.is_empty() && night.is_none();
        if broken_off {
            looks = self.store.read(store::scans::wanted_looks)?;
            let unfinished = self.store.read(|conn| store::scans::unfinished(conn, &scans, begun))?;
            self.put_off(&unfinished, &mut served);
        }
        let mut heard = false;
        if let Some(survey) = night {
            let gaps = survey.systems.iter().map(|system| system.gaps.len()).sum::<usize>() + survey.closed.len();
            (self.tell)(&format!("scanned {} systems: {} findings, {gaps} gaps", survey.systems.len(), survey.findings.len()));
            self.note_those_away();
            self.note_systems(&survey.systems);
            heard = self.note_hr(&survey.systems);
        } else if broken_off || poll || !looks.is_empty() {
            let hr = self.fleet.of_category(Category::Hris);
            let options = survey::Options { no_checks: true, ..Default::default() };
            let read = survey::survey(&self.config, &self.store, &hr, &options, &|_, _| {}).await?;
            heard = self.note_hr(&read.systems);
        }
        if !scans.is_empty() || poll || !looks.is_empty() {
            let announced = departure::hear(&self.config, &self.store, if looks.is_empty() { "poll" } else { "webhook" })?;
            if !announced.is_empty() {
                self.signer.sign(&self.store);
            }
            announced.iter().for_each(|line| (self.tell)(line));
        }
        self.store.write(|tx| {
            for (job, due) in &served {
                store::scans::served(tx, job, *due, clock::now())?;
            }
            // A webhook is done with once HR was read to its end after it.
            if heard { store::scans::looked(tx, &looks) } else { Ok(()) }
        })?;
        self.nights.tried(&looks, heard);
        self.departures().await?;
        if broken_off {
            // The scan goes on at once.
            self.nudge.notify_one();
        } else if !scans.is_empty() {
            self.look_again().await?;
            self.departures().await?;
        }
        Ok(())
    }

    /// The scans of these systems were broken off: they stay due.
    fn put_off(&self, scans: &[String], served: &mut Vec<(String, Timestamp)>) {
        let Ok(mut away) = self.away.lock() else { return };
        for system in scans {
            let before = served.len();
            served.retain(|(job, _)| job.strip_prefix("scan:") != Some(system));
            if served.len() == before {
                away.insert(system.clone(), clock::now());
            }
        }
    }

    /// After a scan, the proofs of open cases, and of those closed not long ago, are read again: hand-offs are proved by the next night's read,
    /// and what came back is said, and fired again at once.
    async fn look_again(&self) -> Result<()> {
        let desk = Desk { config: &self.config, store: &self.store, fleet: &self.fleet, signer: &self.signer };
        for row in departure::watched(&desk)? {
            // A command has it: it is looked at again after the next scan.
            if departure::is_held(&self.store, row.id)? {
                continue;
            }
            for seen in departure::recheck(&desk, row.id).await? {
                match (seen.was, seen.verdict) {
                    _ if seen.came_back() => (self.tell)(&format!("departure {}: came back: {}", row.id, seen.label)),
                    (was, Verdict::Gone) if was != ActionState::Gone => {
                        (self.tell)(&format!("departure {}: gone by now: {}", row.id, seen.label))
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Runs every departure whose time has come, and goes on with those that were cut off.
    async fn departures(&self) -> Result<()> {
        let desk = Desk { config: &self.config, store: &self.store, fleet: &self.fleet, signer: &self.signer };
        let present = self.believed.present(&self.store, clock::now(), clock::witnessed())?;
        self.note(Part::Clock, present.doubt);
        let held = departure::hold_doubted(&self.config, &self.store, present.at)?;
        if !held.is_empty() {
            self.signer.sign(&self.store);
        }
        held.iter().for_each(|line| (self.tell)(line));
        for id in departure::ready(&self.store, present.at)? {
            // A command runs it.
            if departure::is_held(&self.store, id)? {
                continue;
            }
            (self.tell)(&format!("departure {id}: running"));
            let said = |step: Step| {
                if let Step::Trouble(what) = step {
                    (self.tell)(&format!("departure {id}: {what}"));
                }
            };
            match departure::run(&desk, id, &said).await {
                Ok(outcome) => (self.tell)(&format!("departure {id}: {}", outcome.line())),
                // One that can't run must not hold up the others; it stays due, and is tried again at the next turn.
                Err(error) => {
                    tracing::error!(departure = id.0, error = format!("{error:#}"), "a departure can't be run");
                    (self.tell)(&format!("departure {id}: could not be run: {error:#}"));
                }
            }
        }
        for id in departure::to_try_again(&desk, clock::now())? {
            if departure::is_held(&self.store, id)? {
                continue;
            }
            match departure::try_again(&desk, id).await {
                Ok(None) => {}
                Ok(Some(ended)) => (self.tell)(&format!("departure {id}: tried again: {}", ended.line())),
                Err(error) => {
                    tracing::error!(departure = id.0, error = format!("{error:#}"), "a departure can't be tried again");
                    (self.tell)(&format!("departure {id}: could not be tried again: {error:#}"));
                }
            }
        }
        self.news.notify_one();
        Ok(())
    }

    /// Remembers which systems asked their scan to come back later.
    fn note_those_away(&self) {
        let Ok(mut away) = self.away.lock() else { return };
        for (name, connection) in &self.fleet.systems {
            if let Some(at) = connection.comes_back() {
                away.insert(name.clone(), at);
            }
        }
    }

    fn stays_away(&self, system: &str) -> bool {
        self.away.lock().is_ok_and(|away| away.get(system).is_some_and(|at| store::not_late(*at) > clock::now()))
    }

    /// The systems whose time away is over: their scan comes back.
    fn back_again(&self) -> Vec<String> {
        let now = clock::now();
        let Ok(mut away) = self.away.lock() else { return Vec::new() };
        let back: Vec<String> = away.iter().filter(|(_, at)| store::not_late(**at) <= now).map(|(name, _)| name.clone()).collect();
        back.iter().for_each(|name| _ = away.remove(name));
        back
    }

    /// How long until something is due; a minute at most, for clocks are set and settings change.
    fn until_next(&self) -> Duration {
        let now = clock::now();
        let away = self.away.lock().ok().and_then(|away| away.values().min().copied());
        let again = self.store.read(store::departures::tried_again).ok().and_then(|all| all.first().map(|(.., at)| *at));
        let soonest = self.jobs().values().filter_map(|pattern| due::next(pattern, now).ok()).chain(away).chain(again).min();
        let secs = soonest.map_or(60, |at: Timestamp| at.as_second() - now.as_second()).clamp(1, 60);
        Duration::from_secs(secs.unsigned_abs())
    }
}
