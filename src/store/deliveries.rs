//! What was told to whom, and what is still to be told.

use anyhow::{Result, bail};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params};

use super::graph::moment;
use crate::model::{DeliveryId, DeliveryKind, DeliveryState, DepartureId, NodeId, TaskId, TellEvent};

/// A delivery to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// What it is found by where it goes.
    pub key: String,
    /// The system that carries it.
    pub system: String,
    /// Ticket or notice.
    pub kind: DeliveryKind,
    /// What happened.
    pub event: TellEvent,
    /// A channel, an address; empty for a ticket.
    pub receiver: String,
    /// The departure it is about.
    pub departure: Option<DepartureId>,
    /// The task it is about.
    pub task: Option<TaskId>,
}

/// A delivery as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub key: String,
    pub system: String,
    pub kind: DeliveryKind,
    pub event: TellEvent,
    pub receiver: String,
    pub departure: Option<DepartureId>,
    pub task: Option<TaskId>,
    pub state: DeliveryState,
    pub created: Timestamp,
    pub due: Timestamp,
    pub tries: u32,
    pub tried: Option<Timestamp>,
    pub told: Option<Timestamp>,
    pub looked: Option<Timestamp>,
    pub ticket: Option<String>,
    pub url: Option<String>,
    pub why: Option<String>,
}

impl DeliveryRow {
    /// Whether it has not gone well so far.
    pub fn failed(&self) -> bool {
        self.why.is_some() && !matches!(self.state, DeliveryState::Done | DeliveryState::Moot)
    }
}

/// Writes a delivery down, unless it is known; whether it was new.
///
/// # Errors
/// The database's.
pub fn add(tx: &Transaction<'_>, new: &NewDelivery, now: Timestamp) -> Result<bool> {
    let added = tx
        .prepare_cached(
            "INSERT INTO delivery (key, system, kind, event, receiver, departure, task, state, created, due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'due', ?8, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            new.key,
            new.system,
            new.kind.word(),
            new.event.word(),
            new.receiver,
            new.departure.map(|id| id.0),
            new.task.map(|id| id.0),
            now.as_microsecond()
        ])?;
    Ok(added == 1)
}

/// Deliveries in the order in which they were written down: of one departure, or all.
///
/// # Errors
/// The database's.
pub fn list(conn: &Connection, departure: Option<DepartureId>) -> Result<Vec<DeliveryRow>> {
    deliveries(conn, "?1 IS NULL OR departure = ?1", departure.map(|id| id.0))
}

/// Deliveries that are not done with.
///
/// # Errors
/// The database's.
pub fn live(conn: &Connection) -> Result<Vec<DeliveryRow>> {
    deliveries(conn, "state IN ('due', 'sending', 'told') AND ?1 IS NULL", None)
}

fn deliveries(conn: &Connection, which: &str, value: Option<i64>) -> Result<Vec<DeliveryRow>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, key, system, kind, event, receiver, departure, task, state, created, due, tries, tried, told, looked, ticket, url, why
         FROM delivery WHERE {which} ORDER BY id"
    ))?;
    let mut rows = statement.query([value])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(DeliveryRow {
            id: DeliveryId(row.get(0)?),
            key: row.get(1)?,
            system: row.get(2)?,
            kind: word(row, 3)?,
            event: word(row, 4)?,
            receiver: row.get(5)?,
            departure: row.get::<_, Option<i64>>(6)?.map(DepartureId),
            task: row.get::<_, Option<i64>>(7)?.map(TaskId),
            state: word(row, 8)?,
            created: moment(row.get(9)?)?,
            due: super::not_late(moment(row.get(10)?)?),
            tries: row.get(11)?,
            tried: maybe(row, 12)?,
            told: maybe(row, 13)?,
            looked: maybe(row, 14)?,
            ticket: row.get(15)?,
            url: row.get(16)?,
            why: row.get(17)?,
        });
    }
    Ok(found)
}

/// What changes about a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryMove {
    /// A call is about to leave.
    Sending,
    /// It is there: the ticket by a fresh read, the notice by the system's word.
    Told {
        /// The ticket's id.
        ticket: Option<String>,
        /// Its address.
        url: Option<String>,
    },
    /// It did not go well, and is tried again.
    Failed {
        /// What went wrong.
        why: String,
        /// When it is tried next.
        due: Timestamp,
        /// Whether surely nothing was made: then it is simply due again.
        unsent: bool,
    },
    /// The ticket was read, and people are not done with it; what there is to say about it.
    Looked {
        /// What is amiss, if anything is.
        why: Option<String>,
    },
    /// Nothing more to do.
    Done,
    /// What it was about has passed.
    Moot,
}

/// Moves a delivery.
///
/// # Errors
/// The move is not legal from where it stands; the database's.
pub fn move_to(tx: &Transaction<'_>, row: &DeliveryRow, step: &DeliveryMove, now: Timestamp) -> Result<()> {
    let next = match step {
        DeliveryMove::Sending => DeliveryState::Sending,
        DeliveryMove::Told { .. } => DeliveryState::Told,
        DeliveryMove::Failed { unsent: true, .. } if row.state == DeliveryState::Sending => DeliveryState::Due,
        // Whether there is a ticket, or a message went out, isn't known: `find` says, the next time.
        DeliveryMove::Failed { .. } | DeliveryMove::Looked { .. } => row.state,
        DeliveryMove::Done => DeliveryState::Done,
        DeliveryMove::Moot => DeliveryState::Moot,
    };
    if !row.state.may_become(next) {
        bail!("delivery {} is {} and can't become {next}", row.id, row.state);
    }
    let at = now.as_microsecond();
    let changed = match step {
        DeliveryMove::Sending => tx.execute("UPDATE delivery SET state = 'sending', tried = ?2 WHERE id = ?1", params![row.id.0, at])?,
        DeliveryMove::Told { ticket, url } => tx.execute(
            "UPDATE delivery SET state = 'told', told = ?2, looked = ?2, tries = 0, why = NULL, ticket = ?3, url = ?4 WHERE id = ?1",
            params![row.id.0, at, ticket, url],
        )?,
        DeliveryMove::Failed { why, due, .. } => tx.execute(
            "UPDATE delivery SET state = ?4, why = ?2, due = ?3, tries = tries + 1 WHERE id = ?1",
            params![row.id.0, why, due.as_microsecond(), next.word()],
        )?,
        DeliveryMove::Looked { why } => {
            tx.execute("UPDATE delivery SET looked = ?2, tries = 0, why = ?3 WHERE id = ?1", params![row.id.0, at, why])?
        }
        DeliveryMove::Done | DeliveryMove::Moot => {
            let told = (*step == DeliveryMove::Done).then_some(at);
            tx.execute(
                "UPDATE delivery SET state = ?2, why = NULL, told = coalesce(told, ?3) WHERE id = ?1",
                params![row.id.0, next.word(), told],
            )?
        }
    };
    if changed != 1 {
        bail!("there is no delivery {}", row.id);
    }
    Ok(())
}

/// What HR calls a person.
///
/// # Errors
/// The database's.
pub fn name_of(conn: &Connection, person: NodeId) -> Result<String> {
    let mut statement = conn.prepare_cached(
        "SELECT coalesce((SELECT name FROM node_seen WHERE node = ?1 AND name IS NOT NULL ORDER BY id DESC LIMIT 1),
                         (SELECT key FROM node WHERE id = ?1), '?')",
    )?;
    Ok(statement.query_row([person.0], |row| row.get(0))?)
}

fn word<T: std::str::FromStr<Err = String>>(row: &Row<'_>, column: usize) -> Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(anyhow::Error::msg)
}

fn maybe(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}
