//! Departures: each runs by itself as soon as its time has come, however long its proofs take, and however many there are. Of one person one case
//! runs at a time. A stop gives those under way a few seconds; what has not ended by then is gone on with at the next start, which reads first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::health::Part;
use super::{Server, part};
use crate::clock;
use crate::departure::{self, Held, Moved, Step};
use crate::model::{DepartureId, DepartureState, NodeId};
use crate::store;

/// A departure that could not be run is tried again after this.
const AGAIN: Duration = Duration::from_secs(30);

/// Longest time between two looks at what is due: clocks are set, and commands schedule departures.
const LONGEST: Duration = Duration::from_secs(2);

/// A departure at a set time is made ready so long before.
const READY: SignedDuration = SignedDuration::from_secs(5);

/// A departure at a set time is rehearsed so long before.
const REHEARSED: SignedDuration = SignedDuration::from_mins(30);

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// It is run at this time, or gone on with.
    Run(Timestamp),
    /// What would stand in its way is looked for.
    Rehearse(Timestamp),
    /// What is stuck in it is tried again.
    TryAgain,
}

/// A case that work goes on for, and whether it could be done.
type Ended = (DepartureId, Work, Option<Result<Vec<String>>>);

/// The cases under way, and those that could not be run.
#[derive(Default)]
struct Cases {
    under_way: FuturesUnordered<BoxFuture<'static, Ended>>,
    people: BTreeMap<DepartureId, NodeId>,
    failed: BTreeMap<DepartureId, Failed>,
    /// What stands in the way of those that were rehearsed, for which time.
    rehearsed: BTreeMap<DepartureId, (Timestamp, Vec<String>)>,
}

/// A case that could not be run.
struct Failed {
    since: Instant,
    why: String,
    /// It was made ready for a time that had not come.
    early: bool,
}

/// Runs departures until `stop`; those under way go on until `cut`.
pub(super) async fn run(server: Arc<Server>, stop: CancellationToken, cut: CancellationToken) -> Result<()> {
    let mut cases = Cases::default();
    loop {
        let mut pause = LONGEST;
        if stop.is_cancelled() {
            if cases.under_way.is_empty() {
                return Ok(());
            }
        } else {
            match cases.begin(&server, &cut) {
                Ok(next) => pause = next,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "which departures are due can't be told");
                    server.note(Part::Departures, Some(format!("{error:#}")));
                    pause = Duration::from_secs(1);
                }
            }
        }
        tokio::select! {
            Some(ended) = cases.under_way.next(), if !cases.under_way.is_empty() => cases.end(&server, ended),
            () = server.wake.departures.notified() => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Cases {
    /// Begins what is due. Answers with how long it is until something else is.
    fn begin(&mut self, server: &Arc<Server>, cut: &CancellationToken) -> Result<Duration> {
        let present = server.believed.present(&server.store, clock::now(), clock::witnessed())?;
        let at = present.at;
        server.note(Part::Clock, present.doubt);
        let soon = at.saturating_add(READY).unwrap_or(at);
        let held = departure::hold_doubted(&server.config, &server.store, soon)?;
        if !held.is_empty() {
            server.signer.sign(&server.store);
        }
        held.iter().for_each(|line| (server.tell)(line));
        let ready = departure::ready(&server.store, soon)?.into_iter().map(|(id, person, effective)| (id, person, Work::Run(effective)));
        let mut due: Vec<(DepartureId, NodeId, Work)> = ready.collect();
        for id in departure::to_try_again(&server.desk(), clock::now())? {
            if let Some(row) = server.store.read(|conn| store::departures::get(conn, id))? {
                due.push((id, row.person, Work::TryAgain));
            }
        }
        self.failed.retain(|id, _| due.iter().any(|(other, ..)| other == id));
        for (id, person, work) in due {
            let is_due = !matches!(work, Work::Run(effective) if effective > at);
            let waits = self.failed.get(&id).is_some_and(|failed| failed.since.elapsed() < AGAIN && !(failed.early && is_due));
            let is_busy = self.people.contains_key(&id) || self.people.values().any(|other| *other == person);
            // Another process, or a recheck, may have it.
            if waits || is_busy || departure::is_held(&server.store, id)? {
                continue;
            }
            self.people.insert(id, person);
            self.start(server, cut, id, work)?;
        }
        let later = server.store.read(|conn| store::departures::due(conn, at.saturating_add(REHEARSED)?))?;
        self.rehearsed.retain(|id, (time, _)| later.iter().any(|row| row.id == *id && row.effective == *time));
        let new = later.iter().filter(|row| row.effective > soon).map(|row| (row.id, row.effective));
        let new: Vec<(DepartureId, Timestamp)> = new.filter(|(id, _)| !self.rehearsed.contains_key(id)).collect();
        for (id, time) in new {
            self.rehearsed.insert(id, (time, Vec::new()));
            self.start(server, cut, id, Work::Rehearse(time))?;
        }
        self.note(server);
        let again =
            server.store.read(store::departures::tried_again)?.into_iter().map(|(.., again)| again).find(|again| *again > clock::now());
        let next = server.store.read(|conn| store::departures::next_due(conn, soon))?.and_then(|then| then.checked_sub(READY).ok());
        let until = |then: Timestamp, now: Timestamp| Duration::try_from(then.duration_since(now)).unwrap_or_default();
        let failed = self.failed.values().map(|failed| AGAIN.saturating_sub(failed.since.elapsed()).max(Duration::from_secs(1)));
        let pauses = failed.chain(again.map(|then| until(then, clock::now()))).chain(next.map(|then| until(then, at)));
        Ok(pauses.min().unwrap_or(LONGEST).min(LONGEST))
    }

    /// Works on a case, on a thread of its own.
    fn start(&mut self, server: &Arc<Server>, cut: &CancellationToken, id: DepartureId, work: Work) -> Result<()> {
        let (desk, cut) = (server.clone(), cut.clone());
        let ended = part::spawn("departure", move || async move {
            tokio::select! {
                done = desk.work_on(id, work) => Some(done),
                () = cut.cancelled() => None,
            }
        })?;
        self.under_way.push(Box::pin(async move {
            let done = ended.await.unwrap_or_else(|_| Some(Err(anyhow::anyhow!("it broke off"))));
            (id, work, done)
        }));
        Ok(())
    }

    fn end(&mut self, server: &Server, (id, work, done): Ended) {
        if let Work::Rehearse(time) = work {
            let problems = match done {
                None => return,
                Some(Ok(problems)) => problems,
                Some(Err(error)) => vec![format!("it can't be rehearsed: {error:#}")],
            };
            let found = if problems.is_empty() { "nothing stands in its way".to_owned() } else { problems.join("; ") };
            (server.tell)(&format!("departure {id}: rehearsed for {time:.0}: {found}"));
            self.rehearsed.insert(id, (time, problems));
            return self.note(server);
        }
        self.people.remove(&id);
        self.failed.remove(&id);
        if let Some(Err(error)) = done
            && !error.is::<Held>()
            && !error.is::<Moved>()
        {
            let what = if work == Work::TryAgain { "tried again" } else { "run" };
            tracing::error!(departure = id.0, error = format!("{error:#}"), "a departure could not be {what}");
            (server.tell)(&format!("departure {id}: could not be {what}: {error:#}"));
            let early = matches!(work, Work::Run(effective) if effective > clock::now());
            self.failed.insert(id, Failed { since: Instant::now(), why: format!("departure {id}: {error:#}"), early });
        }
        server.note_log();
        server.wake.news.notify_one();
    }

    /// Says which departures can't be run. One that waits for somebody's word by now is none.
    fn note(&self, server: &Server) {
        let waits = |id: DepartureId| {
            let row = server.store.read(|conn| store::departures::get(conn, id)).ok().flatten();
            row.is_some_and(|row| matches!(row.state, DepartureState::Waiting | DepartureState::Cancelled))
        };
        let failed: Vec<String> = self.failed.iter().filter(|(id, _)| !waits(**id)).map(|(_, failed)| failed.why.clone()).collect();
        server.note(Part::Departures, (!failed.is_empty()).then(|| failed.join("; ")));
        let to_come: Vec<String> = self
            .rehearsed
            .iter()
            .filter(|(_, (_, problems))| !problems.is_empty())
            .map(|(id, (time, problems))| format!("departure {id}, due {time:.0}: {}", problems.join("; ")))
            .collect();
        server.note(Part::Rehearsals, (!to_come.is_empty()).then(|| to_come.join("; ")));
    }
}

impl Server {
    async fn work_on(&self, id: DepartureId, work: Work) -> Result<Vec<String>> {
        let desk = self.desk();
        match work {
            Work::Rehearse(_) => return departure::rehearse(&desk, id).await,
            Work::Run(effective) => {
                (self.tell)(&format!("departure {id}: running"));
                let said = |step: Step| {
                    if let Step::Trouble(what) = step {
                        (self.tell)(&format!("departure {id}: {what}"));
                    }
                };
                let outcome = departure::run_when(&desk, id, self.begins(effective), &said).await?;
                (self.tell)(&format!("departure {id}: {}", outcome.line()));
            }
            Work::TryAgain => {
                if let Some(ended) = departure::try_again(&desk, id).await? {
                    (self.tell)(&format!("departure {id}: tried again: {}", ended.line()));
                }
            }
        }
        Ok(Vec::new())
    }

    /// Comes when a moment does, as far as the clock is believed; none if it has come.
    fn begins(&self, effective: Timestamp) -> Option<departure::Begins<'_>> {
        let left = move || {
            let present = self.believed.present(&self.store, clock::now(), clock::witnessed()).ok()?;
            Some(Duration::try_from(effective.duration_since(present.at)).unwrap_or_default())
        };
        if left() == Some(Duration::ZERO) {
            return None;
        }
        Some(Box::pin(async move {
            loop {
                match left() {
                    Some(Duration::ZERO) => break,
                    Some(left) => tokio::time::sleep(left.min(Duration::from_secs(1))).await,
                    None => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        }))
    }
}
