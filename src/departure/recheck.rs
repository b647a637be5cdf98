//! Looking again at a case that has run: a hand-off that somebody carried out, a claim that the vendor made good, access that came back.

use anyhow::{Result, bail};
use jiff::{Timestamp, ToSpan as _};
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{Desk, checkpoint, entry, find, hear, look, look_again, make_plan, person_of, reflect, run_deps};
use crate::clock;
use crate::graph::{Around, Graph};
use crate::handoff;
use crate::model::{ActionState, DepartureId, DepartureState, Mode, Verdict};
use crate::revoke::{self, Outcome, Rechecked};
use crate::store::departures::{self, ActionRow, DepartureRow, NewTask};
use crate::store::lease::{Held, Lease};

/// How long closed cases are watched for access that comes back, in days.
const WATCHED_DAYS: i32 = 90;

/// Reads the proof of every action of a case once more. What is gone by now is noted; a task that asks for no file is closed with the proof as its
/// note (one that asks for a file waits for it); and a case in which nothing is left to do is closed. What has come back is back: its action, its
/// case, the graph and the findings say so, and it is taken away again by itself unless the settings or HR's record speak against it.
///
/// # Errors
/// The case hasn't run; another process runs it ([`Held`]); the store's, or the audit log's.
pub async fn recheck(desk: &Desk<'_>, id: DepartureId) -> Result<Vec<Rechecked>> {
    find(desk.store, id)?;
    let lease = Lease::take(desk.store, id)?;
    let row = find(desk.store, id)?;
    if !matches!(row.state, DepartureState::Open | DepartureState::Closed) {
        bail!("departure {id} is {}: there is nothing to look at again yet", row.state);
    }
    let found = read_again(desk, &lease, &row).await?;
    let back = found.iter().any(Rechecked::came_back);
    let newly_gone = found.iter().any(|seen| seen.was != ActionState::Gone && seen.verdict == Verdict::Gone);
    if back || newly_gone {
        look_again(desk, &row).await?;
        reflect(desk, &row)?;
    }
    let shown = contradicted(desk, &lease, &row).await?;
    let nothing_left = shown.is_empty() && nothing_left(desk, &row)?;
    // A case whose log nobody has signed is not at its end.
    let signed = row.state != DepartureState::Open || !nothing_left || checkpoint(desk, &|_| {}).is_none();
    lease.write(|tx| {
        let now = clock::now();
        let open = settle(tx, id, now)?;
        let actions = departures::actions(tx, id)?;
        if row.state == DepartureState::Open && !open && actions.iter().all(ActionRow::settled) && nothing_left && signed {
            departures::move_to(tx, id, DepartureState::Closed, now)?;
            entry(tx, id, "departure.closed", "engine", json!({ "actions": actions.len() }))?;
        }
        // What the actions say counts, not what this read found: the read before this one may have been cut off before it came to this line. A
        // later case of the same person takes care of it, where there is one.
        let present = actions.iter().filter(|action| action.verdict == Some(Verdict::Present)).map(|action| &action.label);
        let present: Vec<&String> = present.chain(&shown).collect();
        if row.state == DepartureState::Closed && !present.is_empty() && departures::known(tx, row.person, row.mode, None)?.is_none() {
            departures::move_to(tx, id, DepartureState::Open, now)?;
            entry(tx, id, "departure.reopened", "engine", json!({ "came_back": present }))?;
        }
        restate(tx, id, &actions)
    })?;
    checkpoint(desk, &|_| {});
    Ok(found)
}

/// Reads the proof of every action of a case once more, and notes what it says.
async fn read_again(desk: &Desk<'_>, lease: &Lease, row: &DepartureRow) -> Result<Vec<Rechecked>> {
    let again = fires_again(desk, row)?.then(clock::now);
    revoke::recheck(&run_deps(desk, lease.fence(), None), row.id, again).await
}

/// Opens the closed cases of which a later scan shows what was proved gone, and reads their proofs again: their numbers, and what it is.
///
/// # Errors
/// The store's, or the audit log's.
pub async fn reopen(desk: &Desk<'_>) -> Result<Vec<(DepartureId, Vec<String>)>> {
    let mut opened = Vec::new();
    for row in watched(desk)?.into_iter().filter(|row| row.state == DepartureState::Closed) {
        reflect::show(desk, &row)?;
        let shown: Vec<String> = reflect::shown_again(desk, &row)?.into_iter().map(|action| action.label).collect();
        if shown.is_empty() || desk.store.read(|conn| departures::known(conn, row.person, row.mode, None))?.is_some() {
            continue;
        }
        match recheck(desk, row.id).await {
            Ok(_) => {}
            // Whoever has it looks at it.
            Err(error) if error.is::<Held>() => continue,
            Err(error) => return Err(error),
        }
        opened.push((row.id, shown));
    }
    Ok(opened)
}

/// Reads the proofs of a case again where the graph shows what they showed gone. What its proof still calls gone is contradicted by another read
/// of the same system: that is no proof, and a person's task.
pub(super) async fn contradicted(desk: &Desk<'_>, lease: &Lease, row: &DepartureRow) -> Result<Vec<String>> {
    if reflect::shown_again(desk, row)?.is_empty() {
        return Ok(Vec::new());
    }
    read_again(desk, lease, row).await?;
    let actions = reflect::shown_again(desk, row)?;
    lease.write(|tx| {
        let (now, tasks) = (clock::now(), departures::tasks(tx, Some(row.id))?);
        for action in &actions {
            let title = format!("Find out which is true: {}", action.label);
            if tasks.iter().any(|task| !task.done && task.title == title) {
                continue;
            }
            let steps = format!(
                "Its proof says that it is gone, and a later read of {} shows it. Look in {} itself, take away what is still there, and close this task with what you saw.",
                action.system, action.system
            );
            let task = NewTask {
                departure: Some(row.id),
                action: None,
                role: "security".to_owned(),
                title: title.clone(),
                steps,
                attach: None,
                due: now.checked_add(24.hours())?,
            };
            let id = departures::add_task(tx, &task, now)?;
            entry(tx, row.id, "task.opened", "engine", json!({ "task": id.0, "title": title }))?;
        }
        Ok(())
    })?;
    Ok(actions.into_iter().map(|action| action.label).collect())
}

/// Whether nothing speaks against closing a case beside its actions and its tasks: access that nothing accounts for, a list that could not be read
/// to its end, an account in doubt that nobody has looked at.
fn nothing_left(desk: &Desk<'_>, row: &DepartureRow) -> Result<bool> {
    let (_, prospect) = make_plan(desk, row)?;
    let left = look::left(desk, row, &prospect)?;
    let tasks = desk.store.read(|conn| departures::tasks(conn, Some(row.id)))?;
    let looked_at = prospect.plan.doubts.iter().all(|doubt| doubt.looked_at(&tasks));
    Ok(left.untried.is_empty() && left.residual.is_empty() && prospect.unread.is_empty() && looked_at)
}

/// Closes the tasks of what is proved gone, where they ask for no file; whether any is left open.
pub(super) fn settle(tx: &Transaction<'_>, id: DepartureId, now: Timestamp) -> Result<bool> {
    let actions = departures::actions(tx, id)?;
    let gone = |action| actions.iter().find(|row| Some(row.id) == action && row.state == ActionState::Gone);
    for task in departures::tasks(tx, Some(id))?.iter().filter(|task| !task.done && task.attach.is_none()) {
        let Some(action) = gone(task.action) else { continue };
        let note =
            if action.by_effect() { "a fresh read shows the effect of another action" } else { "a fresh read shows that it is done" };
        handoff::close(tx, task.id, "engine", note, None, now)?;
    }
    Ok(departures::tasks(tx, Some(id))?.iter().any(|task| !task.done))
}

/// Brings a case's outcome up to how its actions, its tasks and the case itself stand by now.
fn restate(tx: &Transaction<'_>, id: DepartureId, actions: &[ActionRow]) -> Result<()> {
    let Some(row) = departures::get(tx, id)? else { return Ok(()) };
    let Some(Value::Object(mut summary)) = row.summary.as_deref().and_then(|text| serde_json::from_str(text).ok()) else { return Ok(()) };
    let lines = summary.get("lines").cloned().and_then(|lines| serde_json::from_value(lines).ok()).unwrap_or_default();
    let mut outcome = Outcome { actions: lines, ..Outcome::default() };
    outcome.judge_again(actions);
    let Value::Object(now) = serde_json::to_value(&outcome)? else { return Ok(()) };
    for name in ["gone", "already", "by_effect", "lives_on", "claimed", "present", "unknown", "refused", "stuck", "handed_off"] {
        summary.insert(name.to_owned(), now[name].clone());
    }
    summary.insert("actions".into(), json!(outcome.actions.len()));
    summary.insert("lines".into(), now["actions"].clone());
    let tasks = departures::tasks(tx, Some(id))?;
    let open = tasks.iter().filter(|task| !task.done).map(|task| json!({ "title": task.title, "role": task.role }));
    summary.insert("tasks".into(), open.collect());
    summary.insert("state".into(), json!(row.state.word()));
    departures::conclude(tx, id, &Value::Object(summary))
}

/// Whether what comes back, or is stuck, is fired again without a person's word: the settings allow it, the case is a whole departure, and HR's
/// record does not say by now that the person stays.
fn fires_again(desk: &Desk<'_>, row: &DepartureRow) -> Result<bool> {
    if desk.config.departure.ask_when_back || row.mode != Mode::Departure {
        return Ok(false);
    }
    still_leaves(desk, row)
}

/// Whether the word that opened the case still stands. HR's word stands as long as HR's record says that the person leaves; an operator's stands
/// while the case is open.
fn still_leaves(desk: &Desk<'_>, row: &DepartureRow) -> Result<bool> {
    if row.event.is_none() && row.state == DepartureState::Open {
        return Ok(true);
    }
    let around = Around { besides: vec![row.person], ..Around::default() };
    let graph = desk.store.read(|conn| Graph::around(conn, None, &around))?;
    let Ok((person, _)) = person_of(desk.config, &graph, row.person) else { return Ok(false) };
    let now = clock::now();
    // A word that needs an approval fires nothing by itself.
    Ok(hear::leaving(&graph, &person, &row.source, now).is_some_and(|word| word.effective <= now && word.doubt.is_none()))
}

/// The cases whose proofs are read again each night: open ones, and those closed not long ago.
///
/// # Errors
/// The store's.
pub fn watched(desk: &Desk<'_>) -> Result<Vec<DepartureRow>> {
    let now = clock::now();
    let oldest = now.checked_sub((i64::from(WATCHED_DAYS) * 24).hours())?;
    let mut rows = desk.store.read(departures::list)?;
    rows.retain(|row| match row.state {
        DepartureState::Open => true,
        DepartureState::Closed => row.ended.is_some_and(|ended| ended > oldest),
        _ => false,
    });
    Ok(rows)
}

/// The open cases with something stuck that is to be tried again by now.
///
/// # Errors
/// The store's.
pub fn to_try_again(desk: &Desk<'_>, now: Timestamp) -> Result<Vec<DepartureId>> {
    let mut ids: Vec<DepartureId> =
        desk.store.read(departures::tried_again)?.into_iter().filter(|(.., at)| *at <= now).map(|(id, ..)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Tries again what is stuck in an open case: reads first, and fires what is still there. None where there was nothing to fire, or no word for it.
///
/// # Errors
/// As [`super::run`].
pub async fn try_again(desk: &Desk<'_>, id: DepartureId) -> Result<Option<super::Ended>> {
    recheck(desk, id).await?;
    let row = find(desk.store, id)?;
    let due = |desk: &Desk<'_>| -> Result<Vec<_>> {
        let now = clock::now();
        let all = desk.store.read(departures::tried_again)?;
        Ok(all.into_iter().filter(|(of, _, at)| *of == id && *at <= now).map(|(_, action, _)| action).collect())
    };
    let mut ended = None;
    if row.state == DepartureState::Open && !due(desk)?.is_empty() && still_leaves(desk, &row)? {
        ended = Some(super::run(desk, id, &|_| {}).await?);
    }
    // What is not in the plan by now, or may not be fired, is looked at again in an hour.
    let left = due(desk)?;
    if !left.is_empty() {
        desk.store.write_durably(|tx| {
            let (now, rows) = (clock::now(), departures::actions(tx, id)?);
            for row in rows.iter().filter(|row| left.contains(&row.id)) {
                let detail = json!({ departures::AGAIN_AT: now.checked_add(1.hour())?.as_microsecond() });
                let (verdict, why) = (row.verdict, row.why.clone());
                departures::move_action(tx, row.id, &departures::Move { verdict, why, detail, ..departures::Move::to(row.state, now) })?;
            }
            Ok(())
        })?;
    }
    Ok(ended)
}
