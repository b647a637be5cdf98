//! What is said: keys, and the values that a manifest's templates see. No more of anybody than the task needs.

use anyhow::Result;
use serde_json::{Value, json};

use super::Teller;
use crate::audit;
use crate::clean;
use crate::model::{DeliveryKind, DepartureState, TaskId, TellEvent};
use crate::store::Store;
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::departures::{self, ActionRow, DepartureRow, TaskRow};

/// What stands above the audit log's checkpoint in a notice.
const KEEP: &str =
    "Keep this message. It holds what the audit log was (`exeunt audit verify --since FILE` proves that today's goes on from it):";

/// A number in few letters.
fn short(number: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let (mut rest, mut text) = (number.unsigned_abs(), Vec::new());
    while rest > 0 || text.is_empty() {
        text.push(char::from(DIGITS[usize::try_from(rest % 36).unwrap_or(0)]));
        rest /= 36;
    }
    text.iter().rev().collect()
}

/// The key of a task: the same for as long as the store lives, and in no other store, for it holds when the task was made.
pub(super) fn task_key(task: &TaskRow) -> String {
    let departure = task.departure.map_or(0, |id| id.0);
    format!("exeunt-{departure}-{}-{}", task.id, short(task.created.as_microsecond()))
}

/// The key of something that happened to a departure.
pub(super) fn departure_key(row: &DepartureRow, event: TellEvent, more: &str) -> String {
    format!("exeunt-{}-{event}{more}-{}", row.id, short(row.created.as_microsecond()))
}

/// Whether a departure waits for somebody's approval.
pub(super) fn waits(row: &DepartureRow) -> bool {
    row.state == DepartureState::Waiting
}

/// The task of this number.
pub(super) fn task(store: &Store, id: TaskId) -> Result<Option<TaskRow>> {
    Ok(store.read(|conn| departures::tasks(conn, None))?.into_iter().find(|task| task.id == id))
}

/// A delivery in words, for people who look after it.
pub(super) fn named(row: &DeliveryRow) -> String {
    let about = match (row.task, row.departure) {
        (Some(task), _) => format!("task {task}"),
        (None, Some(departure)) => format!("departure {departure}"),
        (None, None) => row.key.clone(),
    };
    match row.kind {
        DeliveryKind::Ticket => format!("{about} as a ticket in {}", row.system),
        DeliveryKind::Notice => format!("{about} ({}) to {} by {}", row.event, row.receiver, row.system),
    }
}

/// What it was about has passed: a task that was done meanwhile, an approval that was given.
pub(super) fn has_passed(store: &Store, row: &DeliveryRow, task: Option<&TaskRow>) -> Result<bool> {
    Ok(match row.event {
        TellEvent::Task | TellEvent::Overdue => task.is_none_or(|task| task.done),
        TellEvent::Approval => {
            let Some(departure) = row.departure else { return Ok(true) };
            store.read(|conn| departures::get(conn, departure))?.is_none_or(|row| !waits(&row))
        }
        _ => false,
    })
}

/// The task that a delivery is about, and what its templates see.
pub(super) fn scope(teller: &Teller<'_>, row: &DeliveryRow) -> Result<(Option<TaskRow>, Value)> {
    let task = row.task.map(|id| task(teller.store, id)).transpose()?.flatten();
    let (departure, person, actions) = teller.store.read(|conn| {
        let Some(departure) = row.departure.map(|id| departures::get(conn, id)).transpose()?.flatten() else {
            return Ok((None, None, Vec::new()));
        };
        let (name, actions) = (deliveries::name_of(conn, departure.person)?, departures::actions(conn, departure.id)?);
        Ok((Some(departure), Some(name), actions))
    })?;
    let person = person.map(|name| clean::line(&name));
    let (title, text) = said(row, task.as_ref(), departure.as_ref(), person.as_deref().unwrap_or("somebody"), &actions);
    let (title, mut text) = (clean::line(&title), clean::lines(&text));
    // Whoever gets a notice holds a copy of what the log was then, which nobody here can change.
    if let (DeliveryKind::Notice, Some(signed)) = (row.kind, teller.store.read(|conn| Ok(audit::latest(conn)?))?) {
        text.push_str(&format!("\n\n{KEEP}\n{}", signed.note));
    }
    let task_seen = task.as_ref().map(|task| {
        json!({ "id": task.id.0, "key": task_key(task), "role": task.role, "assignee": teller.config.departure.roles.get(&task.role),
            "title": clean::line(&task.title), "steps": clean::lines(task.steps.trim()), "attach": task.attach, "due": task.due.to_string(), "done": task.done,
            "done_by": task.done_by, "note": task.note })
    });
    let scope = json!({
        "task": task_seen,
        "event": { "key": row.key, "name": row.event.word(), "to": row.receiver, "title": title, "text": text },
        "departure": departure.map(|row| json!({ "id": row.id.0, "mode": row.mode.word(), "state": row.state.word(), "effective": row.effective.to_string() })),
        "person": person.map(|name| json!({ "name": name })),
    });
    Ok((task, scope))
}

/// Title and text of an event.
fn said(
    row: &DeliveryRow,
    task: Option<&TaskRow>,
    departure: Option<&DepartureRow>,
    name: &str,
    actions: &[ActionRow],
) -> (String, String) {
    let id = row.departure.map_or(0, |id| id.0);
    match (row.event, task, departure) {
        (TellEvent::Task, Some(task), _) => (format!("Task {} for {}: {}", task.id, task.role, task.title), of_task(task)),
        (TellEvent::Overdue, Some(task), _) => (format!("Overdue: task {} for {}: {}", task.id, task.role, task.title), of_task(task)),
        (TellEvent::Opened, _, Some(departure)) => (
            format!("{name}: a {} is open", departure.mode),
            format!("Departure {id}, effective {}. `exeunt departure {id}` shows it.", departure.effective.strftime("%Y-%m-%d %H:%M UTC")),
        ),
        (TellEvent::Approval, _, _) => (
            format!("{name}: departure {id} waits for an approval"),
            format!(
                "Nothing is taken away before. `exeunt departure {id}` shows the plan, `exeunt approve {id} --plan HASH --by NAME` runs it."
            ),
        ),
        (TellEvent::Stuck, _, _) => {
            let number: Option<u32> = row.key.split('-').nth(2).and_then(|word| word.strip_prefix("stuck")).and_then(|n| n.parse().ok());
            let action = actions.iter().find(|action| Some(action.number) == number);
            let label = action.map_or("an action", |action| action.label.as_str());
            let why = action.and_then(|action| action.why.as_deref()).unwrap_or("no reason given");
            (format!("{name}: {label} is not done"), format!("Departure {id}: {why}. Somebody must look: `exeunt departure {id}`."))
        }
        (TellEvent::Ended, _, Some(departure)) => (format!("{name}: departure {id} has run"), outcome(departure)),
        (TellEvent::Closed, _, _) => (format!("{name}: departure {id} is closed"), "Nothing is left to do.".to_owned()),
        (TellEvent::Trouble, _, _) => {
            let mut parts = row.key.splitn(5, '-').skip(1);
            let over = parts.next() == Some("well");
            let what = parts.nth(2).unwrap_or("something doesn't work");
            let title = if over { format!("exeunt is well again: no more that {what}") } else { format!("exeunt needs somebody: {what}") };
            (title, "What `exeunt serve` says has the reason; its /readyz says whether it lasts.".to_owned())
        }
        (event, _, _) => (format!("Departure {id}: {event}"), String::new()),
    }
}

fn of_task(task: &TaskRow) -> String {
    let mut text = format!("Due {}.", task.due.strftime("%Y-%m-%d %H:%M UTC"));
    if !task.steps.trim().is_empty() {
        text.push_str(&format!("\n{}", task.steps.trim()));
    }
    if let Some(attach) = &task.attach {
        text.push_str(&format!("\nTo be attached when it is done: {attach}."));
    }
    text
}

/// How a departure went, in numbers.
fn outcome(departure: &DepartureRow) -> String {
    let summary: Value = departure.summary.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let count = |name: &str| summary[name].as_u64().unwrap_or(0);
    let tasks = summary["tasks"].as_array().map_or(0, Vec::len);
    format!(
        "{} actions: {} gone, {} claimed, {} present, {} unknown; {tasks} tasks for people; {} ways in left. It is {}.",
        count("actions"),
        count("gone"),
        count("claimed"),
        count("present"),
        count("unknown"),
        count("residual_paths"),
        departure.state
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_differ() {
        assert_eq!([short(0), short(35), short(36), short(1_795_000_000_000_000)], ["0", "z", "10", "ho9vm6h1j4"].map(str::to_owned));
    }
}
