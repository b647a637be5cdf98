//! Telling people: tasks become tickets, events become messages, each once.
//!
//! ```text
//!   store ─► news: what is to be told ─► delivery rows ─► find ─► journal ─► open │ send ─► fresh read ─► told
//!                                          ▲                └─ there already ─────────────────────▲        │
//!                                          └── failed: due again later, and said ◄── lost answer           ▼
//!                             task closed with the ticket as its note ◄── done ◄── look at open tickets ◄──┘
//! ```
//!
//! Nothing here waits for, or is waited for by, a revocation: it runs after or beside one, on the part of a vendor's budget that scans use.
//! One process tells at a time (a lock on a file beside the store that the system gives back when the process dies), so a row that is
//! `sending` when we begin is one whose outcome nobody knows.

mod call;
mod news;
mod notice;
mod ticket;
mod words;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::audit::{self, Draft};
use crate::clock;
use crate::config::Config;
use crate::connect::Connection;
use crate::model::{DeliveryKind, DeliveryState, DepartureId, TaskId};
use crate::private;
use crate::store::Store;
use crate::store::deliveries::{self, DeliveryMove, DeliveryRow};

/// Deliveries under way at once.
const AT_ONCE: usize = 4;
/// Longest wait before a delivery that failed is tried again.
const LONGEST: Duration = Duration::from_secs(3600);

/// What telling needs.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The store.
    pub store: &'a Store,
    /// The systems, by name.
    pub systems: &'a BTreeMap<String, Connection>,
}

/// How it is gone about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Look at every open ticket too.
    pub look: bool,
    /// How long to go on trying what failed.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Tickets opened, or found open.
    pub tickets: usize,
    /// Messages sent.
    pub notices: usize,
    /// Tasks that were closed because people are done with their tickets.
    pub closed: Vec<TaskId>,
    /// What could not be told, or not be read, so far.
    pub failed: Vec<Untold>,
}

/// Something that could not be told so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The departure it is about.
    pub departure: Option<DepartureId>,
    /// What, in words.
    pub what: String,
    /// Why.
    pub why: String,
}

impl std::fmt::Display for Untold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// What came of one delivery.
enum Came {
    Ticket,
    Notice,
    Closed(TaskId),
    Nothing,
}

/// Tells what is to be told by now, and looks at open tickets.
///
/// # Errors
/// The store's. What systems refuse is in the answer.
pub async fn tell(teller: &Teller<'_>, options: &Options) -> Result<Told> {
    let mut told = Told::default();
    if !teller.config.departure.tell.is_on() && teller.store.read(deliveries::live)?.is_empty() {
        return Ok(told);
    }
    let began = tokio::time::Instant::now();
    let Some(_lock) = lock(teller, options.patience).await? else {
        let why = "another exeunt is at it just now; `exeunt tasks` shows how it went, `exeunt tell` does what is left".to_owned();
        told.failed = vec![Untold { departure: None, what: "telling people".to_owned(), why }];
        return Ok(told);
    };
    news::write_down(teller)?;
    let mut looked = Vec::new();
    loop {
        let now = clock::now();
        let live = teller.store.read(deliveries::live)?;
        let wanted: Vec<DeliveryRow> = live
            .into_iter()
            .filter(|row| match row.state {
                DeliveryState::Told => (options.look || closes(teller, row)) && !looked.contains(&row.id),
                _ => row.due <= now,
            })
            .collect();
        looked.extend(wanted.iter().filter(|row| row.state == DeliveryState::Told).map(|row| row.id));
        let came: Vec<Result<Came>> =
            futures_util::stream::iter(wanted).map(|row| async move { one(teller, &row).await }).buffer_unordered(AT_ONCE).collect().await;
        for came in came {
            match came? {
                Came::Ticket => told.tickets += 1,
                Came::Notice => told.notices += 1,
                Came::Closed(task) => told.closed.push(task),
                Came::Nothing => {}
            }
        }
        let Some(next) = next_due(teller.store)? else { break };
        let wait = Duration::try_from(next.duration_since(clock::now())).unwrap_or_default();
        if began.elapsed() + wait > options.patience {
            break;
        }
        tokio::time::sleep(wait).await;
    }
    told.failed = untold(teller.store, None)?;
    Ok(told)
}

/// Writes down that something of our own doesn't work (`words` says what), or works again, for those who hear of `trouble`. The next telling carries it.
///
/// # Errors
/// The store's.
pub fn trouble(config: &Config, store: &Store, key: &str, words: &str, over: bool) -> Result<()> {
    news::trouble(config, store, key, words, over)
}

/// What could not be told so far, of one departure or of all.
///
/// # Errors
/// The store's.
pub fn untold(store: &Store, departure: Option<DepartureId>) -> Result<Vec<Untold>> {
    let rows = store.read(|conn| deliveries::list(conn, departure))?;
    let failed = rows.into_iter().filter(DeliveryRow::failed);
    Ok(failed.map(|row| Untold { departure: row.departure, what: words::named(&row), why: row.why.clone().unwrap_or_default() }).collect())
}

/// When something is to be tried next, if anything is.
///
/// # Errors
/// The store's.
pub fn next_due(store: &Store) -> Result<Option<Timestamp>> {
    let live = store.read(deliveries::live)?;
    Ok(live.into_iter().filter(|row| row.state != DeliveryState::Told).map(|row| row.due).min())
}

/// The file that one process at a time has locked; none if another has it for longer than patience lasts.
async fn lock(teller: &Teller<'_>, patience: Duration) -> Result<Option<File>> {
    let mut path = teller.store.path().as_os_str().to_owned();
    path.push(".tell");
    let path = PathBuf::from(path);
    let file = private::keep(&path).with_context(|| format!("making {}", path.display()))?;
    let until = tokio::time::Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(error).with_context(|| format!("locking {}", path.display())),
        }
    }
}

/// Whether a ticket's task has been closed in exeunt, so that the ticket is to be closed as well.
fn closes(teller: &Teller<'_>, row: &DeliveryRow) -> bool {
    row.why.is_none() && row.task.is_some_and(|task| words::task(teller.store, task).is_ok_and(|task| task.is_none_or(|task| task.done)))
}

async fn one(teller: &Teller<'_>, row: &DeliveryRow) -> Result<Came> {
    let Some(line) = Line::of(teller, row)? else { return Ok(Came::Nothing) };
    match (row.kind, row.state) {
        (DeliveryKind::Ticket, DeliveryState::Told) => ticket::look(&line).await,
        (DeliveryKind::Ticket, _) => ticket::open(&line).await,
        (DeliveryKind::Notice, _) => notice::send(&line).await,
    }
}

/// One delivery and what its calls need.
struct Line<'a> {
    teller: &'a Teller<'a>,
    row: &'a DeliveryRow,
    connection: &'a Connection,
    /// The task it is about, as it stands now.
    task: Option<crate::store::departures::TaskRow>,
    /// `task`, `event`, `departure`, `person` as expressions see them.
    scope: Value,
}

impl<'a> Line<'a> {
    /// None if it can't be told: then that is written down.
    fn of(teller: &'a Teller<'a>, row: &'a DeliveryRow) -> Result<Option<Self>> {
        let Some(connection) = teller.systems.get(&row.system) else {
            if teller.config.systems.contains_key(&row.system) {
                fail(teller.store, row, "the system can't be used; `exeunt check` says why", None, row.state != DeliveryState::Sending)?;
            } else {
                // It isn't ours any more to look after; whoever carries its tasks now has a delivery of its own.
                let step = if row.state == DeliveryState::Told { DeliveryMove::Done } else { DeliveryMove::Moot };
                move_down(teller.store, row, &step, "delivery.dropped", json!({ "why": "the system isn't configured any more" }))?;
            }
            return Ok(None);
        };
        let (task, scope) = words::scope(teller, row)?;
        Ok(Some(Self { teller, row, connection, task, scope }))
    }

    /// What it was about has passed (a task that was done meanwhile, an approval that was given), or the settings send it another way by now.
    fn has_passed(&self) -> Result<bool> {
        Ok(!news::is_wanted(self.teller.config, self.row, self.task.as_ref())
            || words::has_passed(self.teller.store, self.row, self.task.as_ref())?)
    }

    /// Writes a move down, with its entry in the audit log.
    fn moves(&self, row: &DeliveryRow, step: &DeliveryMove, act: &str, detail: Value) -> Result<DeliveryRow> {
        let now = move_down(self.teller.store, row, step, act, detail)?;
        let mut row = row.clone();
        if *step == DeliveryMove::Sending {
            (row.state, row.tried) = (DeliveryState::Sending, Some(now));
        }
        Ok(row)
    }

    /// It did not go well: tried again later, at the earliest after `wait`.
    fn fails(&self, row: &DeliveryRow, why: &str, wait: Option<Duration>, unsent: bool) -> Result<Came> {
        fail(self.teller.store, row, why, wait, unsent)?;
        Ok(Came::Nothing)
    }
}

/// Writes a move down, with its entry in the audit log; when that was.
fn move_down(store: &Store, row: &DeliveryRow, step: &DeliveryMove, act: &str, detail: Value) -> Result<Timestamp> {
    let now = clock::now();
    store.write_durably(|tx| {
        deliveries::move_to(tx, row, step, now)?;
        audit::append(tx, now, &entry(row, act, detail))?;
        Ok(now)
    })
}

fn entry(row: &DeliveryRow, act: &str, mut detail: Value) -> Draft {
    detail["key"] = json!(row.key);
    Draft {
        act: act.to_owned(),
        case: row.departure.map(super::case),
        actor: "engine".to_owned(),
        target: Some(json!({ "system": row.system, "event": row.event.word(), "task": row.task.map(|id| id.0) })),
        detail,
        evidence: Vec::new(),
    }
}

/// Writes down that a delivery did not go well.
fn fail(store: &Store, row: &DeliveryRow, why: &str, wait: Option<Duration>, unsent: bool) -> Result<()> {
    let now = clock::now();
    let pause = backoff(row.tries + 1).max(wait.unwrap_or_default());
    let due = now.checked_add(i64::try_from(pause.as_millis()).unwrap_or(3_600_000).milliseconds()).unwrap_or(now);
    let act = match row.kind {
        DeliveryKind::Ticket => "ticket.failed",
        DeliveryKind::Notice => "notice.failed",
    };
    tracing::warn!(system = row.system, delivery = row.id.0, "people could not be told; `exeunt tasks` says why");
    store.write_durably(|tx| {
        deliveries::move_to(tx, row, &DeliveryMove::Failed { why: why.to_owned(), due, unsent }, now)?;
        // The log says it when it is new; a system that is down for a night is one entry.
        if row.why.as_deref() != Some(why) {
            audit::append(tx, now, &entry(row, act, json!({ "why": why, "nothing_made": unsent })))?;
        }
        Ok(())
    })
}

/// The wait before the next try: half a second, two, eight … up to an hour.
fn backoff(tries: u32) -> Duration {
    Duration::from_millis(500).saturating_mul(4_u32.saturating_pow(tries.saturating_sub(1).min(10))).min(LONGEST)
}
