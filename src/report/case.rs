//! One departure as it is published: its actions with their verdicts, its tasks, and what is left.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::audit::{self, Entry};
use crate::handoff;
use crate::model::{ActionState, DepartureId, DepartureState, Verdict};
use crate::revoke::{WAITS, case_name};
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::departures;

/// A departure.
#[derive(Serialize, JsonSchema, Debug, Clone)]
pub struct Case {
    /// Its number.
    pub departure: i64,
    /// Who leaves.
    pub person: String,
    /// notice, departure or leave.
    pub mode: String,
    /// scheduled, waiting, running, open, closed or cancelled.
    pub state: String,
    /// What HR or the operator said.
    pub cause: String,
    /// Why it waits for somebody's approval, if it does.
    pub waits: Option<String>,
    /// cli, webhook or poll.
    pub source: String,
    /// When it took effect.
    #[schemars(with = "String")]
    pub effective: Timestamp,
    /// When its first call left.
    #[schemars(with = "Option<String>")]
    pub started: Option<Timestamp>,
    /// When its last proof came in.
    #[schemars(with = "Option<String>")]
    pub proved: Option<Timestamp>,
    /// The hash of the plan that ran.
    pub plan_hash: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Every action.
    pub actions: Vec<CaseAction>,
    /// Every task for a person.
    pub tasks: Vec<CaseTask>,
    /// Who was told of what, and who could not be told so far.
    pub told: Vec<CaseTold>,
    /// Ways in that are left and that nothing accounts for.
    pub residual: Vec<String>,
    /// Scopes that could not be read again.
    pub unread: Vec<String>,
    /// Accounts of which it is in doubt whose they are, or what became of them.
    pub doubts: Vec<String>,
    /// The summary of the run.
    pub outcome: Option<Value>,
}

/// An action of a departure.
#[derive(Serialize, JsonSchema, Debug, Clone)]
pub struct CaseAction {
    /// Its number.
    pub number: u32,
    /// Where.
    pub system: String,
    /// The manifest's name for it.
    pub action: String,
    /// In words.
    pub label: String,
    /// planned, fired, accepted, gone, refused, stuck or handed_off.
    pub state: String,
    /// gone, claimed, present or unknown.
    pub verdict: Option<String>,
    /// The reason of a refusal or a doubt; or what lives on.
    pub why: Option<String>,
    /// When its call left.
    #[schemars(with = "Option<String>")]
    pub sent: Option<Timestamp>,
    /// When a fresh read showed it.
    #[schemars(with = "Option<String>")]
    pub proved: Option<Timestamp>,
}

/// A task of a departure.
#[derive(Serialize, JsonSchema, Debug, Clone)]
pub struct CaseTask {
    /// Its number.
    pub task: i64,
    /// Who has to do it.
    pub role: String,
    /// What.
    pub title: String,
    /// By when.
    #[schemars(with = "String")]
    pub due: Timestamp,
    /// Whether it is done.
    pub done: bool,
    /// Who did it.
    pub done_by: Option<String>,
    /// What they said.
    pub note: Option<String>,
    /// Whose word closed it, and whether a read shows that it is done.
    pub closed: Option<String>,
    /// A fresh read shows that it is done.
    pub proved: bool,
    /// The digest of the file that shows it.
    pub evidence: Option<String>,
}

/// A ticket or a message about a departure.
#[derive(Serialize, JsonSchema, Debug, Clone)]
pub struct CaseTold {
    /// ticket or notice.
    pub kind: String,
    /// task, opened, approval, stuck, overdue, ended or closed.
    pub event: String,
    /// The task it is about.
    pub task: Option<i64>,
    /// The system that carries it.
    pub system: String,
    /// The channel or address; empty for a ticket.
    pub receiver: String,
    /// due, sending, told, done or moot.
    pub state: String,
    /// When it was there.
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// The ticket's id.
    pub ticket: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// What went wrong last.
    pub why: Option<String>,
}

impl CaseTold {
    /// A delivery as it is published.
    pub fn of(row: DeliveryRow) -> Self {
        Self {
            why: row.why.clone().filter(|_| row.failed()),
            kind: row.kind.word().to_owned(),
            event: row.event.word().to_owned(),
            task: row.task.map(|id| id.0),
            system: row.system,
            receiver: row.receiver,
            state: row.state.word().to_owned(),
            at: row.told,
            ticket: row.ticket,
            url: row.url,
        }
    }

    /// Where it stands, in words.
    pub fn says(&self) -> String {
        match (&self.why, self.state.as_str()) {
            (Some(why), "told") => why.clone(),
            (Some(why), _) => format!("not told so far: {why}"),
            (None, "due" | "sending") => "to be told".to_owned(),
            (None, "moot") => "not needed any more".to_owned(),
            (None, state) => {
                let name = self.url.as_deref().or(self.ticket.as_deref());
                match (name, state) {
                    (Some(name), "told") => name.to_owned(),
                    (Some(name), _) => format!("{name}, closed"),
                    (None, _) => "sent".to_owned(),
                }
            }
        }
    }
}

/// Why a case waits for somebody's approval, in the words in which that was written down.
fn waits(conn: &Connection, row: &departures::DepartureRow) -> Result<Option<String>> {
    if row.state != DepartureState::Waiting {
        return Ok(None);
    }
    // An operator who moves a case that waits says no reason: the one before it goes on.
    let reason = |entry: &Entry| {
        let (_, field) = WAITS.iter().find(|(act, _)| entry.draft.act == *act)?;
        entry.draft.detail[field].as_str().map(str::to_owned)
    };
    Ok(Some(match audit::last_of(conn, &case_name(row.id), reason) {
        Ok(said) => said.unwrap_or_else(|| "somebody must approve".to_owned()),
        // The case is shown all the same.
        Err(audit::Error::Malformed(_)) => "the reason can't be read from the audit log: run `exeunt audit verify`".to_owned(),
        Err(error) => return Err(error.into()),
    }))
}

impl Case {
    /// Reads a departure.
    ///
    /// # Errors
    /// There is none of this number; the database's.
    pub fn of(conn: &Connection, id: DepartureId) -> Result<Self> {
        let row = departures::get(conn, id)?.with_context(|| format!("there is no departure {id}; `exeunt departures` lists them"))?;
        let person = conn.query_row("SELECT coalesce((SELECT name FROM node_seen WHERE node = ?1 AND name IS NOT NULL ORDER BY id DESC LIMIT 1), (SELECT key FROM node WHERE id = ?1))", [row.person.0], |row| row.get(0))?;
        let outcome: Option<Value> = row.summary.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let texts = |name: &str| -> Vec<String> {
            let list = outcome.as_ref().and_then(|outcome| outcome[name].as_array());
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let rows = departures::actions(conn, id)?;
        let tasks = departures::tasks(conn, Some(id))?.into_iter().map(|task| {
            let action = rows.iter().find(|row| Some(row.id) == task.action);
            CaseTask {
                closed: handoff::closed(&task, action),
                proved: action.is_some_and(|action| action.state == ActionState::Gone),
                task: task.id.0,
                role: task.role,
                title: task.title,
                due: task.due,
                done: task.done,
                done_by: task.done_by,
                note: task.note,
                evidence: task.evidence,
            }
        });
        let tasks = tasks.collect();
        let actions = rows.into_iter().map(|action| CaseAction {
            number: action.number,
            system: action.system,
            action: action.name,
            label: action.label,
            state: action.state.word().to_owned(),
            verdict: action.verdict.map(|verdict| verdict.word().to_owned()),
            why: action.why,
            sent: action.sent,
            proved: action.proved,
        });
        let told = deliveries::list(conn, Some(id))?.into_iter().map(CaseTold::of);
        Ok(Self {
            departure: id.0,
            person,
            mode: row.mode.word().to_owned(),
            state: row.state.word().to_owned(),
            cause: row.cause.clone(),
            waits: waits(conn, &row)?,
            source: row.source.clone(),
            effective: row.effective,
            started: row.started,
            proved: row.proved,
            plan_hash: row.plan_hash.clone(),
            approved_by: row.approved.clone(),
            actions: actions.collect(),
            tasks,
            told: told.collect(),
            residual: texts("residual"),
            unread: texts("unread"),
            doubts: texts("doubts"),
            outcome,
        })
    }

    /// What the settings let go unencrypted, one line for each system.
    pub fn in_clear(&self) -> Vec<String> {
        let (what, why) = crate::config::IN_CLEAR;
        let names = self.outcome.as_ref().and_then(|outcome| outcome["in_clear"].as_array());
        names.into_iter().flatten().filter_map(Value::as_str).map(|name| format!("{name}: {what}: {why}")).collect()
    }

    /// How many actions have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.actions.iter().filter(|action| action.verdict.as_deref() == Some(verdict.word())).count()
    }

    /// Whether something that was taken away is not proved gone, or it is in doubt whose something is.
    pub fn has_doubt(&self) -> bool {
        let whose = !self.doubts.is_empty() && self.state != DepartureState::Closed.word();
        whose || self.actions.iter().any(|action| action.verdict.as_deref().is_some_and(|verdict| verdict != Verdict::Gone.word()))
    }
}
