//! Hand-offs: tasks that no API can do, with an owner, a due time, and evidence once they are done.

pub mod tell;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use jiff::Timestamp;
use rusqlite::{Connection, Transaction};
use serde_json::json;

use crate::audit::{self, Draft};
use crate::model::{ActionState, DepartureId, TaskId};
use crate::store::departures::{self, ActionRow, NewTask, TaskRow};

/// A task, and who has to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The task.
    pub task: TaskRow,
    /// The address of the role, if the settings name one (`departure.roles`).
    pub assignee: Option<String>,
    /// It should have been done by now.
    pub overdue: bool,
}

/// Which tasks.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this departure only.
    pub departure: Option<DepartureId>,
    /// Of this role only.
    pub role: Option<String>,
    /// Done ones too.
    pub done: bool,
}

/// Opens tasks, each with its entry in the audit log, in the caller's transaction.
///
/// # Errors
/// The database's, or the audit log's.
pub fn open(tx: &Transaction<'_>, tasks: &[NewTask], actor: &str, now: Timestamp) -> Result<Vec<TaskId>> {
    let mut ids = Vec::with_capacity(tasks.len());
    let mut drafts = Vec::with_capacity(tasks.len());
    for task in tasks {
        let id = departures::add_task(tx, task, now)?;
        drafts.push(Draft {
            act: "task.opened".into(),
            case: task.departure.map(case),
            actor: actor.to_owned(),
            target: Some(json!({ "task": id.0 })),
            detail: json!({ "role": task.role, "title": task.title, "due": task.due.to_string() }),
            evidence: Vec::new(),
        });
        ids.push(id);
    }
    audit::append_many(tx, now, &drafts)?;
    Ok(ids)
}

/// Tasks by due time, each with who has to do it.
///
/// # Errors
/// The database's.
pub fn list(conn: &Connection, filter: &Filter, roles: &BTreeMap<String, String>, now: Timestamp) -> Result<Vec<Assigned>> {
    let tasks = departures::tasks(conn, filter.departure)?;
    let wanted = |task: &TaskRow| (filter.done || !task.done) && filter.role.as_ref().is_none_or(|role| *role == task.role);
    Ok(tasks
        .into_iter()
        .filter(wanted)
        .map(|task| Assigned { assignee: roles.get(&task.role).cloned(), overdue: !task.done && task.due < now, task })
        .collect())
}

/// A file that shows a task done.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Closes a task: with a note, and with the file that it asks for. Note, file and audit entry are one transaction.
///
/// # Errors
/// There is no such open task, or it asks for a file and there is none; the database's, or the audit log's.
pub fn close(tx: &Transaction<'_>, id: TaskId, by: &str, note: &str, file: Option<&Attachment>, now: Timestamp) -> Result<TaskRow> {
    let Some(task) = departures::tasks(tx, None)?.into_iter().find(|task| task.id == id) else {
        bail!("there is no task {id}; `exeunt tasks` lists them");
    };
    if task.done {
        bail!("task {id} was done already by {}", task.done_by.as_deref().unwrap_or("somebody"));
    }
    if let (Some(what), None) = (&task.attach, file) {
        bail!("task {id} asks for a file ({what}): attach it with --attach FILE");
    }
    let evidence = file.map(|file| audit::attach(tx, &file.bytes, &file.media_type, &file.name)).transpose()?;
    if !departures::finish_task(tx, id, by, note, evidence.as_deref(), now)? {
        bail!("task {id} could not be closed: somebody else changed it; look again with `exeunt tasks`");
    }
    let draft = Draft {
        act: "task.done".into(),
        case: task.departure.map(case),
        actor: by.to_owned(),
        target: Some(json!({ "task": id.0, "role": task.role, "title": task.title })),
        detail: json!({ "note": note, "late": task.due < now, "read": shown(action_of(tx, &task)?.as_ref()) }),
        evidence: evidence.iter().cloned().collect(),
    };
    audit::append(tx, now, &draft)?;
    Ok(TaskRow { done: true, done_at: Some(now), done_by: Some(by.to_owned()), note: Some(note.to_owned()), evidence, ..task })
}

/// Whose word closed a task, and whether a read shows that it is done; none while it is open. `action`: what the task stands for.
pub fn closed(task: &TaskRow, action: Option<&ActionRow>) -> Option<String> {
    let by = task.done_by.as_deref().filter(|_| task.done)?;
    let note = task.note.as_deref().filter(|note| !note.is_empty()).map(|note| format!(" with the note “{note}”")).unwrap_or_default();
    Some(format!("closed by {by}{note}; {}", shown(action)))
}

/// What reads say of a task that somebody closed.
fn shown(action: Option<&ActionRow>) -> &'static str {
    match action {
        Some(action) if action.by_effect() => "no read shows the call; what it takes away is gone by the effect of another action",
        Some(action) if action.state == ActionState::Gone => "a fresh read shows it",
        Some(action) if !action.by_word() => "no read has shown it so far",
        _ => "no read proves it",
    }
}

/// The action that a task stands for.
///
/// # Errors
/// The database's.
pub fn action_of(conn: &Connection, task: &TaskRow) -> Result<Option<ActionRow>> {
    Ok(task.action.map(|id| departures::action(conn, id)).transpose()?.flatten())
}

/// The departure's case in the audit log.
fn case(departure: DepartureId) -> String {
    format!("departure-{departure}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::Store;
    use jiff::ToSpan as _;

    #[test]
    fn a_task_is_closed_once_with_what_it_asks_for() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db")).unwrap();
        let now = crate::clock::now();
        let task = |role: &str, attach: Option<&str>, hours: i64| NewTask {
            departure: None,
            action: None,
            role: role.into(),
            title: format!("fob of {role}"),
            steps: String::new(),
            attach: attach.map(str::to_owned),
            due: now + hours.hours(),
        };
        let ids = store.write(|tx| open(tx, &[task("facilities", Some("receipt"), 4), task("legal", None, -1)], "engine", now)).unwrap();
        let roles = BTreeMap::from([("legal".to_owned(), "counsel@acme.example".to_owned())]);
        let all = store.read(|conn| list(conn, &Filter::default(), &roles, now)).unwrap();
        assert_eq!(
            all.iter().map(|found| (found.task.role.as_str(), found.overdue)).collect::<Vec<_>>(),
            [("legal", true), ("facilities", false)]
        );
        assert_eq!(all[0].assignee.as_deref(), Some("counsel@acme.example"));

        let bare = store.write(|tx| close(tx, ids[0], "kim", "got it", None, now)).unwrap_err();
        assert!(bare.to_string().contains("receipt"), "{bare}");
        let file = Attachment { name: "receipt.txt".into(), media_type: "text/plain".into(), bytes: b"fob 7".to_vec() };
        let done = store.write(|tx| close(tx, ids[0], "kim", "got it", Some(&file), now)).unwrap();
        assert!(done.evidence.unwrap().starts_with("sha256:"));
        assert!(store.write(|tx| close(tx, ids[0], "kim", "again", Some(&file), now)).unwrap_err().to_string().contains("kim"));
        let acts: Vec<String> =
            store.read(|conn| Ok(audit::entries(conn, None, 0, 10)?)).unwrap().into_iter().map(|entry| entry.draft.act).collect();
        assert_eq!(acts, ["task.opened", "task.opened", "task.done"]);
        let open_now =
            store.read(|conn| list(conn, &Filter { role: Some("facilities".into()), ..Filter::default() }, &roles, now)).unwrap();
        assert!(open_now.is_empty());
    }
}
