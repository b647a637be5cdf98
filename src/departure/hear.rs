//! Hearing HR: whoever its record says is leaving has a case, once; what it puts off or takes back moves the case, or calls it off, while it has
//! not begun. What its record can't tell (a field that the key may not read, a word or a day that nobody knows) starts nothing and takes
//! nothing back. A case that has not begun waits for somebody's approval while HR's word is in doubt, and goes back once it is clear.

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

use super::{Due, Word, announce_among, entry, move_case};
use crate::audit::{self, Entry};
use crate::clock;
use crate::config::Config;
use crate::graph::{Around, Graph, Person, Standing};
use crate::model::{DepartureState, Mode};
use crate::revoke::{WAITS, case_name};
use crate::store::departures::{self, DepartureRow, Opened};
use crate::store::{self, Store};
use crate::survey;

/// Opens a case for everybody who HR's record, as last read, says is leaving. Answers with one line for each new case, and for each that was
/// moved or called off because HR's record says so now.
///
/// Who had left before exeunt first saw them is no news: the check `leaver-still-active` says what they still have.
///
/// # Errors
/// The store's.
pub fn hear(config: &Config, store: &Store, source: &str) -> Result<Vec<String>> {
    let graph = store.read(|conn| Graph::of_people(conn, None))?;
    let now = clock::now();
    let mut people = survey::people(config, &graph)?;
    // A record that is gone says nothing, and takes nothing back.
    people.retain(|person| !person.vanished);
    let (mut told, moved) = take_back(store, &graph, &people, source, now)?;
    let mut words: Vec<(Option<DepartureRow>, Word)> = moved.into_iter().map(|(row, word)| (Some(row), word)).collect();
    for person in &people {
        let Some(word) = leaving(&graph, person, source, now) else { continue };
        if is_news(store, person, word.effective)?
            && store.read(|conn| departures::known(conn, person.id, Mode::Departure, word.event.as_deref()))?.is_none()
        {
            words.push((None, word));
        }
    }
    let due: Vec<Due> = words.iter().map(|(_, word)| Due { person: word.person, at: word.effective.max(now) }).collect();
    for (row, word) in &words {
        let wait = |guard: Option<String>| guard.map(|reason| format!("; it waits: {reason}")).unwrap_or_default();
        if let Some(row) = row {
            let said = match (move_case(config, store, row, word, &due, &word.source)?, &row.approved) {
                ((true, guard), _) => wait(guard),
                (_, Some(_)) => "; its approval stands".to_owned(),
                _ => String::new(),
            };
            let now_what =
                if word.effective == row.effective { "is in doubt no more".to_owned() } else { format!("is moved to {}", word.effective) };
            told.push(format!("departure {} {now_what}: {}{said}", row.id, word.cause));
        } else if let (Opened::New(id), guard) = announce_among(config, store, word, &due)? {
            told.push(format!("departure {id}: {}{}", word.cause, wait(guard)));
        }
    }
    Ok(told)
}

/// A case that has not begun, and what HR says of it now.
type Moved = (DepartureRow, Word);

/// Whether a person's leaving is news: they were here once, or leave after we first saw them.
fn is_news(store: &Store, person: &Person, effective: Timestamp) -> Result<bool> {
    if store.read(|conn| store::graph::was_here(conn, person.id))? {
        return Ok(true);
    }
    let first_seen = store.read(|conn| store::graph::first_seen(conn, person.id))?;
    Ok(person.last_day.is_some() && first_seen.is_some_and(|seen| effective > seen))
}

/// Calls off the cases that HR's word opened and that have not begun, where its record says that nobody is leaving any more, and lets those wait of
/// which its word is in doubt now. Answers with the cases that are to be moved, for it names another day. Of somebody whom the record no longer
/// names at all the case stays as it is: that is no word.
fn take_back(store: &Store, graph: &Graph, people: &[Person], source: &str, now: Timestamp) -> Result<(Vec<String>, Vec<Moved>)> {
    let (mut told, mut moved) = (Vec::new(), Vec::new());
    for case in store.read(departures::heard_and_not_begun)? {
        let Some(person) = people.iter().find(|person| person.id == case.person) else { continue };
        let word = leaving(graph, person, source, now);
        let other = match word.as_ref().and_then(|word| word.event.as_deref()) {
            Some(event) => store.read(|conn| departures::by_event(conn, event))?.filter(|other| *other != case.id),
            None => None,
        };
        let is_same = |word: &Word| word.event == case.event || (word.effective <= now && case.effective <= now);
        if let Some(doubt) = doubt_about(person, word.as_ref()) {
            match word {
                // Another day, whatever else is in doubt.
                Some(word) if !is_same(&word) && other.is_none() && !can_not_tell(person) => moved.push((case, word)),
                _ => told.extend(hold(store, &case, &doubt, source, now)?),
            }
            continue;
        }
        let is_whole_now = || case.state == DepartureState::Waiting && doubt_said(store, &case).is_some();
        let why = match word {
            // The same leaving, maybe in other words.
            Some(word) if is_same(&word) && !is_whole_now() => continue,
            Some(word) => match other {
                // What people called off stays so, however HR comes back to it.
                Some(other) => format!("{}, as departure {other} had it", word.cause),
                None => {
                    let goes_back = word.event == case.event && !time_was_in_doubt(store, &case);
                    let effective = if goes_back { case.effective } else { word.effective };
                    moved.push((case, Word { effective, ..word }));
                    continue;
                }
            },
            None => format!("HR's record no longer says that {} is leaving", person.name),
        };
        store.write_durably(|tx| {
            departures::take_back(tx, case.id, now)?;
            entry(tx, case.id, "departure.cancelled", source, json!({ "cause": why }))
        })?;
        told.push(format!("departure {} is called off: {why}", case.id));
    }
    Ok((told, moved))
}

/// Lets those cases wait whose time has come by now and of which HR's record, as last read, is in doubt: whoever reads HR need not be who hears it.
///
/// # Errors
/// The store's.
pub fn hold_doubted(config: &Config, store: &Store, now: Timestamp) -> Result<Vec<String>> {
    let mut due = store.read(|conn| departures::due(conn, now))?;
    due.retain(|case| case.event.is_some());
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let besides = due.iter().map(|case| case.person).collect();
    let graph = store.read(|conn| Graph::around(conn, None, &Around { besides, ..Around::default() }))?;
    let people = survey::people(config, &graph)?;
    let mut told = Vec::new();
    for case in due {
        let Some(person) = people.iter().find(|person| person.id == case.person && !person.vanished) else { continue };
        if let Some(doubt) = doubt_about(person, leaving(&graph, person, "engine", now).as_ref()) {
            told.extend(hold(store, &case, &doubt, "engine", now)?);
        }
    }
    Ok(told)
}

/// Lets a case wait that has not begun, because HR's word is in doubt; what is to be said of it. Nothing, where this doubt was said before: the case
/// waits already, or somebody approved it all the same.
fn hold(store: &Store, case: &DepartureRow, doubt: &str, source: &str, now: Timestamp) -> Result<Option<String>> {
    let unasked = case.state == DepartureState::Scheduled && case.approved.is_none();
    if !unasked && doubt_said(store, case).is_some_and(|said| said == doubt) {
        return Ok(None);
    }
    let cause = format!("{doubt}: somebody must approve");
    store.write_durably(|tx| {
        let state = departures::get(tx, case.id)?.map(|row| row.state);
        if !matches!(state, Some(DepartureState::Scheduled | DepartureState::Waiting)) {
            // Another process has begun it, or called it off, meanwhile.
            return Ok(None);
        }
        departures::move_to(tx, case.id, DepartureState::Waiting, now)?;
        entry(tx, case.id, "departure.waits", source, json!({ "cause": cause, "doubt": doubt }))?;
        Ok(Some(format!("departure {} waits: {cause}", case.id)))
    })
}

/// What HR's record can't tell of whether and when somebody leaves.
fn unread(person: &Person) -> impl Iterator<Item = &'static str> {
    let told = [("state", "the status"), ("last_day", "the last day"), ("hired", "the hire date")];
    told.into_iter().filter(|(attr, _)| person.unknown.iter().any(|unknown| unknown == attr)).map(|(_, says)| says)
}

fn can_not_tell(person: &Person) -> bool {
    unread(person).next().is_some()
}

/// Why HR's word about somebody whose case is open is in doubt, if it is.
fn doubt_about(person: &Person, word: Option<&Word>) -> Option<String> {
    let says = word.and_then(|word| word.doubt.clone());
    says.or_else(|| {
        let unread: Vec<&str> = unread(person).collect();
        (!unread.is_empty()).then(|| format!("{} of {} can't be read in HR's record", unread.join(" and "), person.name))
    })
}

/// The doubt about HR's word that was said of a case when it was opened, moved or held last, if there was one. The case goes on by itself once HR's
/// word is whole, as it would have done had it been whole at first.
fn doubt_said(store: &Store, case: &DepartureRow) -> Option<String> {
    let doubt = |entry: &Entry| WAITS.iter().any(|(act, _)| entry.draft.act == *act).then(|| doubt_in(entry));
    // A log that can't be read lets nothing run that waits.
    store.read(|conn| Ok(audit::last_of(conn, &case_name(case.id), doubt)?)).ok().flatten().flatten()
}

/// Whether the time of a case is that of a word that was in doubt when it was said.
fn time_was_in_doubt(store: &Store, case: &DepartureRow) -> bool {
    let timed =
        |entry: &Entry| ["departure.opened", "departure.moved"].contains(&entry.draft.act.as_str()).then(|| doubt_in(entry).is_some());
    store.read(|conn| Ok(audit::last_of(conn, &case_name(case.id), timed)?)).ok().flatten().unwrap_or(true)
}

fn doubt_in(entry: &Entry) -> Option<String> {
    entry.draft.detail["doubt"].as_str().map(str::to_owned)
}

/// HR's word that a person leaves, if it is one: when it takes effect, and what makes it the same event when it is heard again.
pub(super) fn leaving(graph: &Graph, person: &Person, source: &str, now: Timestamp) -> Option<Word> {
    let system = &graph.net[person.index].system;
    let unread = |attr: &str| person.unknown.iter().any(|unknown| unknown == attr);
    let (effective, what, cause, doubt) = match (person.last_day, person.last_hours) {
        (Some(day), Some(hours)) => {
            let left = person.standing == Standing::Left;
            // HR's word that somebody is inactive counts whatever the hour.
            let effective = if left { hours.ends.min(now) } else { hours.ends };
            let doubt = if person.standing == Standing::Unknown {
                Some(format!("HR's record doesn't say whether {} still works here", person.name))
            } else if left && hours.begins > now {
                Some(format!("HR's record says that {} is inactive, though the last day is yet to come", person.name))
            } else if unread("hired") {
                Some(format!("HR's hire date of {} can't be read: it may be later than the last day", person.name))
            } else if let Some(day) = person.returns {
                Some(format!("HR's record says that {} begins again on {day}, after the last day", person.name))
            } else {
                let place = person.place_doubt.as_ref();
                place.map(|why| format!("when the last day of {} ends is in doubt, for {why}", person.name))
            };
            (effective, day.to_string(), format!("HR's record says that {}'s last day is {day}", person.name), doubt)
        }
        _ if person.standing == Standing::Left => {
            let why = if unread("last_day") { "a last day that can't be read" } else { "no last day" };
            let doubt = format!("HR's record gives {why}");
            (now, "inactive".to_owned(), format!("HR's record says that {} is inactive", person.name), Some(doubt))
        }
        _ => return None,
    };
    let event = Some(format!("{system}|{}|{what}", person.key));
    Some(Word { person: person.id, mode: Mode::Departure, effective, source: source.to_owned(), cause, event, doubt })
}
