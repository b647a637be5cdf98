//! Departures, their actions, the journal of these, and tasks for people.

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde_json::Value;

use super::graph::moment;
use crate::model::{ALREADY, ActionId, ActionState, BY_EFFECT, DepartureId, DepartureState, Mode, NO_READ, NodeId, TaskId, Verdict};

/// A departure to be opened.
#[derive(Debug, Clone)]
pub struct NewDeparture {
    /// Whose.
    pub person: NodeId,
    /// What it takes away.
    pub mode: Mode,
    /// Where it begins: scheduled, waiting or running.
    pub state: DepartureState,
    /// cli, webhook or poll.
    pub source: String,
    /// What HR or the operator said.
    pub cause: String,
    /// The HR event's identity, if there is one.
    pub event: Option<String>,
    /// When it takes effect.
    pub effective: Timestamp,
}

/// What became of a departure that was to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is new.
    New(DepartureId),
    /// The same event, or a live departure of the same person and mode, was known.
    Known(DepartureId),
}

/// A departure as the store holds it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct DepartureRow {
    pub id: DepartureId,
    pub person: NodeId,
    pub mode: Mode,
    pub state: DepartureState,
    pub source: String,
    pub cause: String,
    pub event: Option<String>,
    pub effective: Timestamp,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub proved: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub plan_hash: Option<String>,
    /// JSON text of the plan.
    pub plan: Option<String>,
    pub approved: Option<String>,
    /// JSON text of the outcome.
    pub summary: Option<String>,
}

/// Opens a departure, unless it is known: the same event twice is one case, and so are two notices of one person's leaving.
///
/// # Errors
/// The database's.
pub fn open(tx: &Transaction<'_>, new: &NewDeparture, now: Timestamp) -> Result<Opened> {
    if let Some(id) = known(tx, new.person, new.mode, new.event.as_deref())? {
        return Ok(Opened::Known(id));
    }
    tx.execute(
        "INSERT INTO departure (person, mode, state, source, cause, event, effective, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            new.person.0,
            new.mode.word(),
            new.state.word(),
            new.source,
            new.cause,
            new.event,
            new.effective.as_microsecond(),
            now.as_microsecond()
        ],
    )?;
    Ok(Opened::New(DepartureId(tx.last_insert_rowid())))
}

/// The departure that the same event opened, or a live one of the same person and mode.
///
/// # Errors
/// The database's.
pub fn known(conn: &Connection, person: NodeId, mode: Mode, event: Option<&str>) -> Result<Option<DepartureId>> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM departure WHERE (?1 IS NOT NULL AND event = ?1)
         OR (person = ?2 AND mode = ?3 AND state IN ('scheduled', 'waiting', 'running', 'open')) ORDER BY id LIMIT 1",
    )?;
    Ok(statement.query_row(params![event, person.0, mode.word()], |row| row.get(0)).optional()?.map(DepartureId))
}

const DEPARTURE: &str = "SELECT id, person, mode, state, source, cause, event, effective, created, started, proved, ended, plan_hash, plan, approved, summary FROM departure";

/// One departure.
///
/// # Errors
/// The database's.
pub fn get(conn: &Connection, id: DepartureId) -> Result<Option<DepartureRow>> {
    Ok(departures(conn, "WHERE id = ?1", id.0)?.pop())
}

/// Every departure, the latest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &Connection) -> Result<Vec<DepartureRow>> {
    departures(conn, "WHERE id > ?1 ORDER BY id DESC", 0)
}

/// Scheduled departures whose time has come.
///
/// # Errors
/// The database's.
pub fn due(conn: &Connection, now: Timestamp) -> Result<Vec<DepartureRow>> {
    departures(conn, "WHERE state = 'scheduled' AND effective <= ?1 ORDER BY effective, id", now.as_microsecond())
}

/// When the next scheduled departure after a moment is due.
///
/// # Errors
/// The database's.
pub fn next_due(conn: &Connection, after: Timestamp) -> Result<Option<Timestamp>> {
    let mut statement = conn.prepare_cached("SELECT min(effective) FROM departure WHERE state = 'scheduled' AND effective > ?1")?;
    statement.query_row([after.as_microsecond()], |row| row.get::<_, Option<i64>>(0))?.map(moment).transpose()
}

/// Departures that HR's word opened and that have not begun.
///
/// # Errors
/// The database's.
pub fn heard_and_not_begun(conn: &Connection) -> Result<Vec<DepartureRow>> {
    departures(conn, "WHERE state IN ('scheduled', 'waiting') AND event IS NOT NULL AND id > ?1 ORDER BY id", 0)
}

/// Calls a departure off because HR took its word back. The same word may then be said anew, which it may not when people called it off.
///
/// # Errors
/// It has begun; the database's.
pub fn take_back(tx: &Transaction<'_>, id: DepartureId, now: Timestamp) -> Result<()> {
    move_to(tx, id, DepartureState::Cancelled, now)?;
    tx.execute("UPDATE departure SET event = event || '|taken back|' || id WHERE id = ?1", [id.0])?;
    Ok(())
}

/// Departures that were running when we last stopped: to be recovered.
///
/// # Errors
/// The database's.
pub fn running(conn: &Connection) -> Result<Vec<DepartureRow>> {
    departures(conn, "WHERE state = 'running' AND id > ?1 ORDER BY id", 0)
}

/// The people whose departures are, or were, due between two moments, each once: for the breaker. Those that were called off don't count; what was
/// opened after its time was due when it was opened.
///
/// # Errors
/// The database's.
pub fn due_between(conn: &Connection, from: Timestamp, to: Timestamp) -> Result<Vec<NodeId>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT person FROM departure WHERE state <> 'cancelled' AND max(effective, created) BETWEEN ?1 AND ?2 ORDER BY person",
    )?;
    let rows = statement.query_map([from.as_microsecond(), to.as_microsecond()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<Vec<i64>>>()?.into_iter().map(NodeId).collect())
}

/// The departure that an event opened.
///
/// # Errors
/// The database's.
pub fn by_event(conn: &Connection, event: &str) -> Result<Option<DepartureId>> {
    let mut statement = conn.prepare_cached("SELECT id FROM departure WHERE event = ?1")?;
    Ok(statement.query_row([event], |row| row.get(0)).optional()?.map(DepartureId))
}

/// Gives a departure that has not begun another time, and another event and cause where these are given.
///
/// # Errors
/// The database's.
pub fn reschedule(tx: &Transaction<'_>, id: DepartureId, effective: Timestamp, event: Option<&str>, cause: Option<&str>) -> Result<()> {
    tx.execute(
        "UPDATE departure SET effective = ?2, event = coalesce(?3, event), cause = coalesce(?4, cause)
         WHERE id = ?1 AND state IN ('scheduled', 'waiting')",
        params![id.0, effective.as_microsecond(), event, cause],
    )?;
    Ok(())
}

fn departures(conn: &Connection, which: &str, value: i64) -> Result<Vec<DepartureRow>> {
    let mut statement = conn.prepare_cached(&format!("{DEPARTURE} {which}"))?;
    let mut rows = statement.query([value])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(DepartureRow {
            id: DepartureId(row.get(0)?),
            person: NodeId(row.get(1)?),
            mode: word(row, 2)?,
            state: word(row, 3)?,
            source: row.get(4)?,
            cause: row.get(5)?,
            event: row.get(6)?,
            effective: moment(row.get(7)?)?,
            created: moment(row.get(8)?)?,
            started: maybe(row, 9)?,
            proved: maybe(row, 10)?,
            ended: maybe(row, 11)?,
            plan_hash: row.get(12)?,
            plan: row.get(13)?,
            approved: row.get(14)?,
            summary: row.get(15)?,
        });
    }
    Ok(found)
}

/// Moves a departure to another state, and notes when it began or ended.
///
/// # Errors
/// There is none, or the move is not legal; the database's.
pub fn move_to(tx: &Transaction<'_>, id: DepartureId, next: DepartureState, now: Timestamp) -> Result<()> {
    let at: Option<String> = tx.query_row("SELECT state FROM departure WHERE id = ?1", [id.0], |row| row.get(0)).optional()?;
    let at: DepartureState = at.with_context(|| format!("there is no departure {id}"))?.parse().map_err(anyhow::Error::msg)?;
    if at == next {
        return Ok(());
    }
    if !at.may_become(next) {
        bail!("departure {id} is {at} and can't become {next}");
    }
    let ended = matches!(next, DepartureState::Closed | DepartureState::Cancelled).then(|| now.as_microsecond());
    let started = (next == DepartureState::Running).then(|| now.as_microsecond());
    tx.execute(
        "UPDATE departure SET state = ?2, ended = ?3, started = coalesce(started, ?4) WHERE id = ?1",
        params![id.0, next.word(), ended, started],
    )?;
    Ok(())
}

/// Keeps a departure's plan. An approval of an earlier plan falls.
///
/// # Errors
/// The database's.
pub fn set_plan(tx: &Transaction<'_>, id: DepartureId, plan: &str, hash: &str) -> Result<()> {
    tx.execute(
        "UPDATE departure SET plan = ?2, approved = CASE WHEN plan_hash = ?3 THEN approved END, plan_hash = ?3 WHERE id = ?1",
        params![id.0, plan, hash],
    )?;
    Ok(())
}

/// Notes the accounts that a departure takes: for as long as it lives they are the leaver's.
///
/// # Errors
/// The database's.
pub fn take_accounts(tx: &Transaction<'_>, id: DepartureId, accounts: &[NodeId], now: Timestamp) -> Result<()> {
    let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO departure_account (departure, account, since) VALUES (?1, ?2, ?3)")?;
    for account in accounts {
        insert.execute(params![id.0, account.0, now.as_microsecond()])?;
    }
    Ok(())
}

/// Whose cases live.
///
/// # Errors
/// The database's.
pub fn live(conn: &Connection) -> Result<Vec<NodeId>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT person FROM departure WHERE state IN ('scheduled', 'waiting', 'running', 'open') ORDER BY person",
    )?;
    Ok(statement.query_map([], |row| row.get(0).map(NodeId))?.collect::<rusqlite::Result<_>>()?)
}

/// The accounts that departures have taken which live, or lived at a moment: leaver, account, since when. Not those of which a person said that they are
/// somebody else's.
///
/// # Errors
/// The database's.
pub fn taken(conn: &Connection, as_of: Option<Timestamp>) -> Result<Vec<(NodeId, NodeId, Timestamp)>> {
    let (lives, open) = match as_of {
        None => ("d.state IN ('scheduled', 'waiting', 'running', 'open')".to_owned(), "l.until IS NULL".to_owned()),
        Some(at) => {
            let at = at.as_microsecond();
            let lives = format!("t.since <= {at} AND (d.ended IS NULL OR d.ended > {at})");
            (lives, format!("l.since <= {at} AND (l.until IS NULL OR l.until > {at})"))
        }
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT d.person, t.account, min(t.since) FROM departure_account t JOIN departure d ON d.id = t.departure WHERE {lives}
         AND NOT EXISTS (SELECT 1 FROM link l WHERE l.account = t.account AND {open}
                         AND ((l.person = d.person AND l.state = 'rejected') OR (l.person <> d.person AND l.state = 'confirmed')))
         GROUP BY d.person, t.account ORDER BY d.person, t.account"
    ))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((NodeId(row.get(0)?), NodeId(row.get(1)?), moment(row.get(2)?)?));
    }
    Ok(found)
}

/// Notes who approved the plan of this hash; false if the plan has become another.
///
/// # Errors
/// The database's.
pub fn approve(tx: &Transaction<'_>, id: DepartureId, hash: &str, by: &str) -> Result<bool> {
    Ok(tx.execute("UPDATE departure SET approved = ?3 WHERE id = ?1 AND plan_hash = ?2", params![id.0, hash, by])? == 1)
}

/// When an action in a system moved last: a call may have changed then what the system holds.
///
/// # Errors
/// The database's.
pub fn last_move(conn: &Connection, system: &str) -> Result<Option<Timestamp>> {
    let mut statement = conn.prepare_cached("SELECT max(e.at) FROM action a JOIN action_event e ON e.action = a.id WHERE a.system = ?1")?;
    statement.query_row([system], |row| row.get::<_, Option<i64>>(0))?.map(moment).transpose()
}

/// Keeps a departure's outcome. Its entry in the log (`departure.concluded`) is written in the same transaction, or was before: an outcome that the
/// log doesn't tell of is taken for forged.
///
/// # Errors
/// The database's.
pub fn conclude(tx: &Transaction<'_>, id: DepartureId, summary: &Value) -> Result<()> {
    tx.execute("UPDATE departure SET summary = ?2 WHERE id = ?1", params![id.0, serde_json::to_string(summary)?])?;
    Ok(())
}

/// Keeps when a departure's last proof came in.
///
/// # Errors
/// The database's.
pub fn set_proved(tx: &Transaction<'_>, id: DepartureId, proved: Timestamp) -> Result<()> {
    tx.execute("UPDATE departure SET proved = ?2 WHERE id = ?1", params![id.0, proved.as_microsecond()])?;
    Ok(())
}

/// An action as the store holds it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct ActionRow {
    pub id: ActionId,
    pub departure: DepartureId,
    pub number: u32,
    pub system: String,
    pub name: String,
    pub label: String,
    /// JSON text: what its templates need.
    pub spec: String,
    pub state: ActionState,
    pub verdict: Option<Verdict>,
    pub why: Option<String>,
    pub job: Option<String>,
    pub sent: Option<Timestamp>,
    pub proved: Option<Timestamp>,
    pub tries: u32,
}

impl ActionRow {
    /// Whether no read can prove it: it is done when a person, or a ticket, says so.
    pub fn by_word(&self) -> bool {
        self.state == ActionState::HandedOff && self.why.as_deref().is_some_and(|why| why.starts_with(NO_READ))
    }

    /// Whether it was gone before its call left, or before a person did anything.
    pub fn was_gone_already(&self) -> bool {
        self.state == ActionState::Gone && self.why.as_deref().is_some_and(|why| why.starts_with(ALREADY))
    }

    /// Whether no read shows its call: what proves it is the effect of another action.
    pub fn by_effect(&self) -> bool {
        self.state == ActionState::Gone && self.why.as_deref().is_some_and(|why| why.contains(BY_EFFECT))
    }

    /// Whether nothing is left to prove of it, once its task is done.
    pub fn settled(&self) -> bool {
        self.state == ActionState::Gone || self.by_word()
    }
}

/// An action of a plan, to be written down.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct NewAction<'a> {
    pub departure: DepartureId,
    pub number: u32,
    pub system: &'a str,
    pub name: &'a str,
    pub label: &'a str,
    pub spec: &'a str,
}

/// Writes an action down as planned.
///
/// # Errors
/// The database's.
pub fn add_action(tx: &Transaction<'_>, new: &NewAction<'_>, now: Timestamp) -> Result<ActionId> {
    tx.prepare_cached(
        "INSERT INTO action (departure, number, system, name, label, spec, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'planned')",
    )?
    .execute(params![new.departure.0, new.number, new.system, new.name, new.label, new.spec])?;
    let id = ActionId(tx.last_insert_rowid());
    add_event(tx, id, now, ActionState::Planned, &Value::Object(serde_json::Map::new()))?;
    Ok(id)
}

/// What an action's templates need, anew: what it is done to is called otherwise by now.
///
/// # Errors
/// The database's.
pub fn set_spec(tx: &Transaction<'_>, id: ActionId, spec: &str) -> Result<()> {
    tx.execute("UPDATE action SET spec = ?2 WHERE id = ?1", params![id.0, spec])?;
    Ok(())
}

/// A departure's actions, by number.
///
/// # Errors
/// The database's.
pub fn actions(conn: &Connection, departure: DepartureId) -> Result<Vec<ActionRow>> {
    action_rows(conn, "departure = ?1 ORDER BY number", departure.0)
}

/// One action.
///
/// # Errors
/// The database's.
pub fn action(conn: &Connection, id: ActionId) -> Result<Option<ActionRow>> {
    Ok(action_rows(conn, "id = ?1", id.0)?.pop())
}

/// The actions of a person's other departures whose calls have left.
///
/// # Errors
/// The database's.
pub fn sent_before(conn: &Connection, person: NodeId, but: DepartureId) -> Result<Vec<ActionRow>> {
    let mut rows = action_rows(conn, "sent IS NOT NULL AND departure IN (SELECT id FROM departure WHERE person = ?1)", person.0)?;
    rows.retain(|row| row.departure != but);
    Ok(rows)
}

fn action_rows(conn: &Connection, which: &str, id: i64) -> Result<Vec<ActionRow>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, departure, number, system, name, label, spec, state, verdict, why, job, sent, proved, tries FROM action WHERE {which}"
    ))?;
    let mut rows = statement.query([id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let verdict: Option<String> = row.get(8)?;
        found.push(ActionRow {
            id: ActionId(row.get(0)?),
            departure: DepartureId(row.get(1)?),
            number: row.get(2)?,
            system: row.get(3)?,
            name: row.get(4)?,
            label: row.get(5)?,
            spec: row.get(6)?,
            state: word(row, 7)?,
            verdict: verdict.map(|text| text.parse()).transpose().map_err(anyhow::Error::msg)?,
            why: row.get(9)?,
            job: row.get(10)?,
            sent: maybe(row, 11)?,
            proved: maybe(row, 12)?,
            tries: row.get(13)?,
        });
    }
    Ok(found)
}

/// A move of an action.
#[derive(Debug, Clone)]
pub struct Move {
    /// The state it moves to; the present one only adds a verdict to it.
    pub state: ActionState,
    /// When.
    pub at: Timestamp,
    /// What a fresh read said.
    pub verdict: Option<Verdict>,
    /// The reason of a refusal, of a doubt, or what lives on.
    pub why: Option<String>,
    /// The job's id, once the system gave one.
    pub job: Option<String>,
    /// For the journal: status, digest of the reply, reason.
    pub detail: Value,
}

impl Move {
    /// A move to a state, and nothing else.
    pub fn to(state: ActionState, at: Timestamp) -> Self {
        Self { state, at, verdict: None, why: None, job: None, detail: Value::Object(serde_json::Map::new()) }
    }
}

/// Moves an action, and writes the move into the journal.
///
/// # Errors
/// There is none, or the move is not legal; the database's.
pub fn move_action(tx: &Transaction<'_>, id: ActionId, step: &Move) -> Result<()> {
    let at: Option<String> = tx.prepare_cached("SELECT state FROM action WHERE id = ?1")?.query_row([id.0], |row| row.get(0)).optional()?;
    let at: ActionState = at.with_context(|| format!("there is no action {id}"))?.parse().map_err(anyhow::Error::msg)?;
    if at != step.state && !at.may_become(step.state) {
        bail!("action {id} is {at} and can't become {}", step.state);
    }
    let fired = step.state == ActionState::Fired;
    let proved = (step.state == ActionState::Gone).then(|| step.at.as_microsecond());
    tx.prepare_cached(
        "UPDATE action SET state = ?2, verdict = ?3, why = ?4, job = coalesce(?5, job), sent = coalesce(sent, ?6), proved = ?7, tries = tries + ?8 WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        step.state.word(),
        step.verdict.map(Verdict::word),
        step.why,
        step.job,
        fired.then(|| step.at.as_microsecond()),
        proved,
        i64::from(fired)
    ])?;
    add_event(tx, id, step.at, step.state, &step.detail)
}

/// In the journal's detail of a stuck action: when it is to be tried again, in microseconds since 1970.
pub const AGAIN_AT: &str = "again_at";

/// Stuck actions of open departures that are to be tried again by themselves, and when: by departure, the soonest first.
///
/// # Errors
/// The database's.
pub fn tried_again(conn: &Connection) -> Result<Vec<(DepartureId, ActionId, Timestamp)>> {
    let mut statement = conn.prepare_cached(
        "SELECT a.departure, a.id, json_extract(e.detail, '$.' || ?1) AS again FROM departure d JOIN action a ON a.departure = d.id
         JOIN action_event e ON e.id = (SELECT max(id) FROM action_event WHERE action = a.id)
         WHERE d.state = 'open' AND a.state = 'stuck' AND again IS NOT NULL ORDER BY again, a.id",
    )?;
    let mut rows = statement.query([AGAIN_AT])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((DepartureId(row.get(0)?), ActionId(row.get(1)?), super::not_late(moment(row.get(2)?)?)));
    }
    Ok(found)
}

/// Whether there is an open task of this title for an action.
///
/// # Errors
/// The database's.
pub fn is_asked(conn: &Connection, action: ActionId, title: &str) -> Result<bool> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM task WHERE action = ?1 AND title = ?2 AND state = 'open'")?;
    Ok(statement.exists(params![action.0, title])?)
}

/// What was read of a hand-off before anybody was asked to do it.
///
/// # Errors
/// The database's.
pub fn state_before(conn: &Connection, action: ActionId) -> Result<Option<Value>> {
    let mut statement = conn.prepare_cached(
        "SELECT json_extract(detail, '$.before') AS before FROM action_event WHERE action = ?1 AND state = 'handed_off' AND before IS NOT NULL
         ORDER BY id DESC LIMIT 1",
    )?;
    let text: Option<String> = statement.query_row([action.0], |row| row.get(0)).optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

fn add_event(tx: &Transaction<'_>, id: ActionId, at: Timestamp, state: ActionState, detail: &Value) -> Result<()> {
    tx.prepare_cached("INSERT INTO action_event (action, at, state, detail) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        id.0,
        at.as_microsecond(),
        state.word(),
        serde_json::to_string(detail)?
    ])?;
    Ok(())
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct EventRow {
    pub action: ActionId,
    pub number: u32,
    pub at: Timestamp,
    pub state: ActionState,
    pub detail: Value,
}

/// A departure's journal, in the order it was written.
///
/// # Errors
/// The database's.
pub fn journal(conn: &Connection, departure: DepartureId) -> Result<Vec<EventRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT e.action, a.number, e.at, e.state, e.detail FROM action_event e JOIN action a ON a.id = e.action WHERE a.departure = ?1 ORDER BY e.id",
    )?;
    let mut rows = statement.query([departure.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let detail: String = row.get(4)?;
        found.push(EventRow {
            action: ActionId(row.get(0)?),
            number: row.get(1)?,
            at: moment(row.get(2)?)?,
            state: word(row, 3)?,
            detail: serde_json::from_str(&detail)?,
        });
    }
    Ok(found)
}

/// A task to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// The departure it belongs to.
    pub departure: Option<DepartureId>,
    /// The action it stands for.
    pub action: Option<ActionId>,
    /// The role it goes to.
    pub role: String,
    /// Its title.
    pub title: String,
    /// How to do it.
    pub steps: String,
    /// What must be attached when it is done.
    pub attach: Option<String>,
    /// By when.
    pub due: Timestamp,
}

/// A task as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TaskRow {
    pub id: TaskId,
    pub departure: Option<DepartureId>,
    pub action: Option<ActionId>,
    pub role: String,
    pub title: String,
    pub steps: String,
    pub attach: Option<String>,
    pub done: bool,
    pub created: Timestamp,
    pub due: Timestamp,
    pub done_at: Option<Timestamp>,
    pub done_by: Option<String>,
    pub note: Option<String>,
    pub evidence: Option<String>,
}

/// Opens a task.
///
/// # Errors
/// The database's.
pub fn add_task(tx: &Transaction<'_>, new: &NewTask, now: Timestamp) -> Result<TaskId> {
    tx.prepare_cached(
        "INSERT INTO task (departure, action, role, title, steps, attach, state, created, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7, ?8)",
    )?
    .execute(params![
        new.departure.map(|id| id.0),
        new.action.map(|id| id.0),
        new.role,
        new.title,
        new.steps,
        new.attach,
        now.as_microsecond(),
        new.due.as_microsecond()
    ])?;
    Ok(TaskId(tx.last_insert_rowid()))
}

/// Tasks by due time: of one departure or of all, done ones too.
///
/// # Errors
/// The database's.
pub fn tasks(conn: &Connection, departure: Option<DepartureId>) -> Result<Vec<TaskRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, departure, action, role, title, steps, attach, state, created, due, done_at, done_by, note, evidence
         FROM task WHERE ?1 IS NULL OR departure = ?1 ORDER BY due, id",
    )?;
    let mut rows = statement.query([departure.map(|id| id.0)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let state: String = row.get(7)?;
        found.push(TaskRow {
            id: TaskId(row.get(0)?),
            departure: row.get::<_, Option<i64>>(1)?.map(DepartureId),
            action: row.get::<_, Option<i64>>(2)?.map(ActionId),
            role: row.get(3)?,
            title: row.get(4)?,
            steps: row.get(5)?,
            attach: row.get(6)?,
            done: state == "done",
            created: moment(row.get(8)?)?,
            due: moment(row.get(9)?)?,
            done_at: maybe(row, 10)?,
            done_by: row.get(11)?,
            note: row.get(12)?,
            evidence: row.get(13)?,
        });
    }
    Ok(found)
}

/// Notes that a task is done; false if there is no such open task.
///
/// # Errors
/// The database's.
pub fn finish_task(tx: &Transaction<'_>, id: TaskId, by: &str, note: &str, evidence: Option<&str>, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE task SET state = 'done', done_at = ?2, done_by = ?3, note = ?4, evidence = ?5 WHERE id = ?1 AND state = 'open'",
        params![id.0, now.as_microsecond(), by, note, evidence],
    )?;
    Ok(changed == 1)
}

fn word<T: std::str::FromStr<Err = String>>(row: &Row<'_>, column: usize) -> Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(anyhow::Error::msg)
}

fn maybe(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::store::Store;

    #[test]
    fn the_same_event_is_one_case_and_an_approval_is_bound_to_its_plan() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db")).unwrap();
        let now = crate::clock::now();
        let new = |person: i64, event: Option<&str>| NewDeparture {
            person: NodeId(person),
            mode: Mode::Departure,
            state: DepartureState::Waiting,
            source: "webhook".into(),
            cause: "last day".into(),
            event: event.map(str::to_owned),
            effective: now,
        };
        let begin = |person, event| store.write(|tx| open(tx, &new(person, event), now)).unwrap();
        let Opened::New(id) = begin(7, Some("e1")) else { panic!("it is new") };
        assert_eq!(begin(7, Some("e2")), Opened::Known(id), "one live case for a person and mode");
        store.write(|tx| set_plan(tx, id, "{}", "h1")).unwrap();
        assert!(!store.write(|tx| approve(tx, id, "h0", "kim")).unwrap());
        assert!(store.write(|tx| approve(tx, id, "h1", "kim")).unwrap());
        let approved = || store.read(|conn| get(conn, id)).unwrap().unwrap().approved;
        store.write(|tx| set_plan(tx, id, "{}", "h1")).unwrap();
        assert_eq!(approved().as_deref(), Some("kim"));
        store.write(|tx| set_plan(tx, id, "{ }", "h2")).unwrap();
        assert_eq!(approved(), None, "another plan needs another approval");

        assert!(store.write(|tx| move_to(tx, id, DepartureState::Closed, now)).is_err());
        store.write(|tx| move_to(tx, id, DepartureState::Cancelled, now)).unwrap();
        assert_eq!(begin(7, Some("e1")), Opened::Known(id), "the same event again changes nothing");
        assert!(matches!(begin(7, Some("e3")), Opened::New(_)));
        let together = || store.read(|conn| due_between(conn, now, now)).unwrap();
        assert_eq!(together(), [NodeId(7)], "one person, however many cases, and the cancelled one counts no more");
        begin(8, Some("e4"));
        assert_eq!(together(), [NodeId(7), NodeId(8)]);
    }

    #[test]
    fn the_journal_holds_every_move_and_refuses_illegal_ones() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db")).unwrap();
        let now = crate::clock::now();
        let departure = DepartureId(1);
        let new = NewAction { departure, number: 1, system: "okta", name: "suspend", label: "suspend x", spec: "{}" };
        let id = store.write(|tx| add_action(tx, &new, now)).unwrap();
        let step = |state| store.write(|tx| move_action(tx, id, &Move::to(state, now)));
        assert!(step(ActionState::Accepted).is_err());
        for state in [ActionState::Fired, ActionState::Fired, ActionState::Accepted, ActionState::Gone] {
            step(state).unwrap();
        }
        let row = store.read(|conn| actions(conn, departure)).unwrap().remove(0);
        assert_eq!((row.tries, row.sent, row.proved), (2, Some(now), Some(now)));
        let journal = store.read(|conn| journal(conn, departure)).unwrap();
        assert_eq!(journal.iter().map(|event| event.state.word()).collect::<Vec<_>>(), ["planned", "fired", "fired", "accepted", "gone"]);
    }
}
