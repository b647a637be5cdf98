//! One run per case: a case has a lease. Whoever takes it raises the case's number (the fence); each entry of the journal is written only while that
//! number is the newest. A living process keeps its lease, a dead one's is free at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::Store;
use crate::clock;
use crate::model::DepartureId;

/// How long a lease holds of whose process it can't be told whether it lives.
const HOLDS: SignedDuration = SignedDuration::from_secs(30);
/// How often it is renewed.
const RENEWED: Duration = Duration::from_secs(10);
/// A lease that says that it holds longer than this was written by a clock that went wrong.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// How often a lease is given back, if the store is locked.
const TRIES: u32 = 3;

/// Another process runs the case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "departure {departure} is being run by process {pid} on {host} (since {since}), and nothing was done here; `exeunt departure {departure} --watch` shows how it goes"
)]
pub struct Held {
    /// The case.
    pub departure: DepartureId,
    pid: u32,
    host: String,
    since: String,
}

/// The number under which a run writes. A later one ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    departure: DepartureId,
    number: i64,
}

impl Fence {
    /// The next number of a case: whoever wrote under an earlier one writes no more.
    ///
    /// # Errors
    /// There is no such case, or the database's.
    pub fn raise(tx: &Transaction<'_>, departure: DepartureId) -> Result<Self> {
        let number: Option<i64> = tx
            .query_row("UPDATE departure SET fence = fence + 1 WHERE id = ?1 RETURNING fence", [departure.0], |row| row.get(0))
            .optional()?;
        Ok(Self { departure, number: number.with_context(|| format!("there is no departure {departure}"))? })
    }

    /// That no other process has taken the case over.
    ///
    /// # Errors
    /// One has, or the database's.
    pub fn check(self, tx: &Transaction<'_>) -> Result<()> {
        let newest: i64 =
            tx.prepare_cached("SELECT fence FROM departure WHERE id = ?1")?.query_row([self.departure.0], |row| row.get(0))?;
        if newest != self.number {
            bail!("another process has taken departure {} over: this one stops", self.departure);
        }
        Ok(())
    }

    /// As [`Store::write_durably`], if no other process has taken the case over.
    ///
    /// # Errors
    /// One has; those of `change`, or of the database.
    pub fn write<T>(self, store: &Store, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        store.write_durably(|tx| {
            self.check(tx)?;
            change(tx)
        })
    }
}

/// A process, so that it can be told whether it still lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    host: String,
    /// Which start of the machine; empty where that can't be told.
    boot: String,
    /// Which numbering of processes: containers have their own.
    space: String,
    pid: u32,
    /// When the process began, in ticks since the machine's start: numbers are given again.
    start: String,
    since: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Lives,
    Dead,
    Unknown,
}

impl Holder {
    fn me() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
        let space = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
        let pid = std::process::id();
        let host = read("/proc/sys/kernel/hostname");
        Self {
            host: if host.is_empty() { "this machine".to_owned() } else { host },
            boot: read("/proc/sys/kernel/random/boot_id"),
            space,
            pid,
            start: start_of(pid).unwrap_or_default(),
            since: clock::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }

    fn life(&self, me: &Self) -> Life {
        if self.boot.is_empty() || self.space.is_empty() || self.start.is_empty() || (&self.boot, &self.space) != (&me.boot, &me.space) {
            return Life::Unknown;
        }
        if start_of(self.pid).is_some_and(|start| start == self.start) { Life::Lives } else { Life::Dead }
    }

    fn is(&self, me: &Self) -> bool {
        (&self.boot, &self.space, self.pid, &self.start) == (&me.boot, &me.space, me.pid, &me.start)
    }
}

/// When a process began, as Linux says it; none if it has ended.
fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold anything; state and the rest follow.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18).map(str::to_owned) }
}

/// The cases that this process runs, by store.
fn mine() -> &'static Mutex<BTreeSet<(PathBuf, i64)>> {
    static MINE: OnceLock<Mutex<BTreeSet<(PathBuf, i64)>>> = OnceLock::new();
    MINE.get_or_init(Mutex::default)
}

/// This process's word that it runs a case; gone with it, however the run ends.
#[derive(Debug)]
struct Place(PathBuf, i64);

impl Place {
    fn claim(store: &Path, departure: DepartureId) -> Option<Self> {
        let path = std::path::absolute(store).unwrap_or_else(|_| store.to_owned());
        let mut all = mine().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Made only if it is ours: dropping it would give the case up.
        all.insert((path.clone(), departure.0)).then(|| Self(path, departure.0))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = mine().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.remove(&(std::mem::take(&mut self.0), self.1));
    }
}

/// A case that this process alone runs, for as long as it keeps this.
#[derive(Debug)]
pub struct Lease {
    store: Arc<Store>,
    fence: Fence,
    _place: Place,
    _stop: SyncSender<()>,
}

impl Lease {
    /// Takes a case, for this process to run or to look at again.
    ///
    /// # Errors
    /// [`Held`]: a living process has it; there is no such case; the store's.
    pub fn take(store: &Arc<Store>, departure: DepartureId) -> Result<Self> {
        let me = Holder::me();
        let Some(place) = Place::claim(store.path(), departure) else {
            return Err(held(departure, me).into());
        };
        let text = serde_json::to_string(&me)?;
        let fence = store.write_durably(|tx| {
            if let Some(other) = holder(tx, departure, &me, clock::now())? {
                return Err(held(departure, other).into());
            }
            let fence = Fence::raise(tx, departure)?;
            tx.execute("UPDATE departure SET lease_by = ?2, lease_until = ?3 WHERE id = ?1", params![departure.0, text, until()])?;
            Ok(fence)
        })?;
        let (stop, stopped) = sync_channel(0);
        let renewed = store.clone();
        // A thread of its own: a run that is busy must not lose its case.
        std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(RENEWED) == Err(RecvTimeoutError::Timeout) {
                    let sql = "UPDATE departure SET lease_until = ?3 WHERE id = ?1 AND fence = ?2";
                    if let Err(error) = renewed.write(|tx| Ok(tx.execute(sql, params![departure.0, fence.number, until()])?)) {
                        tracing::warn!(departure = departure.0, error = format!("{error:#}"), "the case's lease can't be renewed");
                    }
                }
                let sql = "UPDATE departure SET lease_by = NULL, lease_until = NULL WHERE id = ?1 AND fence = ?2";
                for _ in 0..TRIES {
                    if renewed.write(|tx| Ok(tx.execute(sql, params![departure.0, fence.number])?)).is_ok() {
                        break;
                    }
                }
            })
            .context("no thread to keep the case's lease")?;
        Ok(Self { store: store.clone(), fence, _place: place, _stop: stop })
    }

    /// The number under which this run writes.
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// As [`Fence::write`].
    ///
    /// # Errors
    /// Another process has taken it over; those of `change`, or of the database.
    pub fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.fence.write(&self.store, change)
    }
}

/// Whether a living process runs the case, this one among them.
///
/// # Errors
/// The store's.
pub fn is_held(store: &Store, departure: DepartureId) -> Result<bool> {
    let path = std::path::absolute(store.path()).unwrap_or_else(|_| store.path().to_owned());
    if mine().lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(&(path, departure.0)) {
        return Ok(true);
    }
    store.read(|conn| Ok(holder(conn, departure, &Holder::me(), clock::now())?.is_some()))
}

fn until() -> i64 {
    clock::now().saturating_add(HOLDS).map_or(i64::MAX, Timestamp::as_microsecond)
}

fn held(departure: DepartureId, by: Holder) -> Held {
    Held { departure, pid: by.pid, host: by.host, since: by.since }
}

/// Who else has the case.
fn holder(conn: &Connection, departure: DepartureId, me: &Holder, now: Timestamp) -> Result<Option<Holder>> {
    let row: Option<(Option<String>, Option<i64>)> = conn
        .query_row("SELECT lease_by, lease_until FROM departure WHERE id = ?1", [departure.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((Some(text), until)) = row else { return Ok(None) };
    let other: Holder = serde_json::from_str(&text).with_context(|| format!("who runs departure {departure} can't be read"))?;
    if other.is(me) {
        // It isn't under way here: a run of ours that has ended.
        return Ok(None);
    }
    let holds = match other.life(me) {
        Life::Lives => true,
        Life::Dead => false,
        Life::Unknown => {
            let latest = now.saturating_add(LONGEST).map_or(i64::MAX, Timestamp::as_microsecond);
            until.is_some_and(|until| until > now.as_microsecond() && until <= latest)
        }
    };
    Ok(holds.then_some(other))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::model::{DepartureState, Mode, NodeId};
    use crate::store::departures::{self, NewDeparture, Opened};

    fn case() -> (tempfile::TempDir, Arc<Store>, DepartureId) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&dir.path().join("t.db")).unwrap());
        let now = clock::now();
        let new = NewDeparture {
            person: NodeId(7),
            mode: Mode::Departure,
            state: DepartureState::Scheduled,
            source: "cli".into(),
            cause: "test".into(),
            event: None,
            effective: now,
        };
        let Opened::New(id) = store.write(|tx| departures::open(tx, &new, now)).unwrap() else { panic!("it is new") };
        (dir, store, id)
    }

    /// Another process has the case, as the store says.
    fn of_another(store: &Store, id: DepartureId, change: impl Fn(&mut Holder), until: Timestamp) {
        let mut other = Holder::me();
        change(&mut other);
        let sql = "UPDATE departure SET lease_by = ?2, lease_until = ?3 WHERE id = ?1";
        let text = serde_json::to_string(&other).unwrap();
        store.write(|tx| Ok(tx.execute(sql, params![id.0, text, until.as_microsecond()])?)).unwrap();
    }

    // Reliability: Who may.
    #[test]
    fn a_case_is_run_by_one_at_a_time_and_an_earlier_run_writes_no_more() {
        let (_dir, store, id) = case();
        let first = Lease::take(&store, id).unwrap();
        let second = Lease::take(&store, id).unwrap_err();
        assert!(second.is::<Held>() && second.to_string().contains("--watch"), "{second}");
        assert!(is_held(&store, id).unwrap());
        first.write(|_| Ok(())).unwrap();
        let stale = first.fence();
        drop(first);
        let next = Lease::take(&store, id).unwrap();
        next.write(|_| Ok(())).unwrap();
        let refused = store.write(|tx| stale.check(tx)).unwrap_err().to_string();
        assert!(refused.contains("taken departure 1 over"), "{refused}");
    }

    // Reliability: Who may.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_dead_process_has_no_case_and_a_living_one_keeps_it() {
        let (_dir, store, id) = case();
        let soon = clock::now() + SignedDuration::from_secs(20);
        let ago = clock::now() - SignedDuration::from_secs(3600);
        // The process that began this test, or whatever runs as 1, lives.
        let parent = std::os::unix::process::parent_id();
        of_another(&store, id, |other| (other.pid, other.start) = (parent, start_of(parent).unwrap()), ago);
        assert!(Lease::take(&store, id).unwrap_err().is::<Held>(), "it lives, however long it has said nothing");
        of_another(&store, id, |other| (other.pid, other.start) = (parent, "1".into()), soon);
        drop(Lease::take(&store, id).expect("its number was given to another"));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let (pid, start) = (child.id(), start_of(child.id()));
        child.wait().unwrap();
        of_another(&store, id, |other| (other.pid, other.start) = (pid, start.clone().unwrap_or_else(|| "9".into())), soon);
        drop(Lease::take(&store, id).expect("it is dead"));
    }

    // Reliability: Who may.
    #[test]
    fn a_lease_from_another_machine_holds_as_long_as_it_says_and_no_longer_than_a_minute() {
        let (_dir, store, id) = case();
        let elsewhere = |other: &mut Holder| other.boot = "another start of the machine".into();
        of_another(&store, id, elsewhere, clock::now() + SignedDuration::from_secs(20));
        assert!(Lease::take(&store, id).unwrap_err().is::<Held>());
        of_another(&store, id, elsewhere, clock::now() - SignedDuration::from_secs(1));
        drop(Lease::take(&store, id).unwrap());
        of_another(&store, id, elsewhere, clock::now() + SignedDuration::from_hours(24 * 700));
        drop(Lease::take(&store, id).expect("a clock that went wrong holds nobody up"));
    }
}
