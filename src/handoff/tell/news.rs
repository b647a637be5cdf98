//! What is to be told: from how departures and tasks stand, each thing once.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::{Teller, words};
use crate::audit::{self, Entry};
use crate::clock;
use crate::config::Config;
use crate::model::{ActionState, DeliveryKind, DeliveryState, DepartureState, RETURNED, TellEvent};
use crate::store::Store;
use crate::store::deliveries::{self, DeliveryRow, NewDelivery};
use crate::store::departures::{self, DepartureRow, TaskRow};

/// What happened longer ago is no news, when somebody is to be told for the first time.
const NEWS: SignedDuration = SignedDuration::from_hours(24);

/// Writes down what is to be told by now.
pub(super) fn write_down(teller: &Teller<'_>) -> Result<()> {
    let now = clock::now();
    let carries_tickets = |system: &str| {
        let tell = teller.systems.get(system).and_then(|connection| connection.manifest().tell.as_ref());
        // A system that can't be opened gets its row all the same: that it could not be told is said.
        tell.is_none_or(|tell| tell.ticket.is_some())
    };
    let wanted = teller.store.read(|conn| wanted(conn, teller.config, &carries_tickets, now))?;
    teller.store.write(|tx| wanted.iter().try_for_each(|new| deliveries::add(tx, new, now).map(drop)))
}

fn wanted(conn: &Connection, config: &Config, carries_tickets: &dyn Fn(&str) -> bool, now: Timestamp) -> Result<Vec<NewDelivery>> {
    let mut all = Vec::new();
    // A ticket that is there stays where it is, also when the settings send new ones elsewhere.
    let known = deliveries::live(conn)?;
    let carried = |task: &TaskRow| {
        known.iter().any(|row| row.task == Some(task.id) && row.state == DeliveryState::Told && config.systems.contains_key(&row.system))
    };
    for task in departures::tasks(conn, None)?.iter().filter(|task| !task.done) {
        if let Some(system) = config.departure.tell.carrier(&task.role).filter(|_| !carried(task)) {
            let ticket = carries_tickets(system);
            let address = config.departure.roles.get(&task.role).cloned().unwrap_or_default();
            all.push(NewDelivery {
                key: words::task_key(task),
                system: system.to_owned(),
                kind: if ticket { DeliveryKind::Ticket } else { DeliveryKind::Notice },
                event: TellEvent::Task,
                receiver: if ticket { String::new() } else { address },
                departure: task.departure,
                task: Some(task.id),
            });
        }
        of_task(config, task, now, &mut all);
    }
    if !config.departure.tell.notices.is_empty() {
        for row in departures::list(conn)? {
            of_departure(conn, config, &row, now, &mut all)?;
        }
    }
    Ok(all)
}

/// Notices about a task, to everybody who hears of such.
fn of_task(config: &Config, task: &TaskRow, now: Timestamp, all: &mut Vec<NewDelivery>) {
    let mut events = vec![TellEvent::Task];
    if task.due < now {
        events.push(TellEvent::Overdue);
    }
    for event in events {
        for (system, receiver) in hearers(config, event) {
            let key = if event == TellEvent::Task { words::task_key(task) } else { format!("{}-{event}", words::task_key(task)) };
            let kind = DeliveryKind::Notice;
            all.push(NewDelivery { key, system, kind, event, receiver, departure: task.departure, task: Some(task.id) });
        }
    }
}

/// Notices about a departure.
fn of_departure(conn: &Connection, config: &Config, row: &DepartureRow, now: Timestamp, all: &mut Vec<NewDelivery>) -> Result<()> {
    let is_news = |at: Timestamp| now.duration_since(at) < NEWS;
    let mut add = |event: TellEvent, more: &str| {
        for (system, receiver) in hearers(config, event) {
            let key = words::departure_key(row, event, more);
            let kind = DeliveryKind::Notice;
            all.push(NewDelivery { key, system, kind, event, receiver, departure: Some(row.id), task: None });
        }
    };
    if row.state != DepartureState::Cancelled && is_news(row.created) {
        add(TellEvent::Opened, "");
    }
    if words::waits(row) {
        // A case that was to begin, and waits now, is news each time.
        add(TellEvent::Approval, &held_at(conn, row).map(|seq| format!("-{seq}")).unwrap_or_default());
    }
    let ran = matches!(row.state, DepartureState::Open | DepartureState::Closed);
    if ran && row.summary.is_some() && row.started.is_some_and(is_news) {
        add(TellEvent::Ended, "");
    }
    if row.state == DepartureState::Closed && row.ended.is_some_and(is_news) {
        add(TellEvent::Closed, "");
    }
    if matches!(row.state, DepartureState::Open | DepartureState::Running) {
        for action in departures::actions(conn, row.id)? {
            if matches!(action.state, ActionState::Refused | ActionState::Stuck) {
                // Each time that it comes back is news.
                let back = action.why.as_deref() == Some(RETURNED);
                add(TellEvent::Stuck, &if back { format!("{}-back-{}", action.number, action.tries) } else { action.number.to_string() });
            }
        }
    }
    Ok(())
}

/// The entry in the log that let a case wait which had been opened before; none for one that waits since it was opened.
fn held_at(conn: &Connection, row: &DepartureRow) -> Option<u64> {
    let held = |entry: &Entry| {
        let (act, detail) = (entry.draft.act.as_str(), &entry.draft.detail);
        (act == "departure.waits" || act == "departure.moved" && detail["doubt"].is_string()).then_some(entry.seq)
    };
    // A log that can't be read is told of elsewhere.
    audit::last_of(conn, &crate::handoff::case(row.id), held).ok().flatten()
}

/// Writes down that something of our own doesn't work, or works again, for those who hear of it. `key` is the same for both.
pub(super) fn trouble(config: &Config, store: &Store, key: &str, words: &str, over: bool) -> Result<()> {
    let now = clock::now();
    let key = format!("exeunt-{}-{key}-{words}", if over { "well" } else { "trouble" });
    let event = TellEvent::Trouble;
    let all: Vec<NewDelivery> = hearers(config, event)
        .into_iter()
        .map(|(system, receiver)| NewDelivery {
            key: key.clone(),
            system,
            kind: DeliveryKind::Notice,
            event,
            receiver,
            departure: None,
            task: None,
        })
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    store.write(|tx| all.iter().try_for_each(|new| deliveries::add(tx, new, now).map(drop)))
}

/// Whether the settings still send this where it goes.
pub(super) fn is_wanted(config: &Config, row: &DeliveryRow, task: Option<&TaskRow>) -> bool {
    let heard = || hearers(config, row.event).iter().any(|(system, receiver)| *system == row.system && *receiver == row.receiver);
    let carried = || task.is_some_and(|task| config.departure.tell.carrier(&task.role) == Some(row.system.as_str()));
    (row.event == TellEvent::Task && carried()) || (row.kind == DeliveryKind::Notice && heard())
}

/// Who hears of an event: system, and the receiver there.
fn hearers(config: &Config, event: TellEvent) -> Vec<(String, String)> {
    let notices = config.departure.tell.notices.iter().filter(|notice| notice.events.iter().any(|word| word == event.word()));
    notices
        .map(|notice| {
            let receiver = config.departure.roles.get(&notice.to).unwrap_or(&notice.to);
            (notice.system.clone(), receiver.clone())
        })
        .collect()
}
