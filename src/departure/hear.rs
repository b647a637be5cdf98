//! Hearing HR: whoever its record says is leaving has a case, once; what it puts off or takes back moves the case, or calls it off, while it has
//! not begun. What its record can't tell (a field that the key may not read, a word or a day that nobody knows) starts nothing and takes
//! nothing back.

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

use super::{Due, Word, announce_among, entry, move_case};
use crate::audit::{self, Entry};
use crate::clock;
use crate::config::Config;
use crate::graph::{Graph, Person, Standing};
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
            told.push(format!("departure {} is moved to {}: {}{said}", row.id, word.effective, word.cause));
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

/// Calls off the cases that HR's word opened and that have not begun, where its record says that nobody is leaving any more. Answers with the cases
/// that are to be moved, for it names another day. Somebody whom the record no longer names at all, or of whom it can't tell, stays where they
/// are: that is no word.
fn take_back(store: &Store, graph: &Graph, people: &[Person], source: &str, now: Timestamp) -> Result<(Vec<String>, Vec<Moved>)> {
    let (mut told, mut moved) = (Vec::new(), Vec::new());
    for case in store.read(departures::heard_and_not_begun)? {
        let Some(person) = people.iter().find(|person| person.id == case.person) else { continue };
        if person.unknown.iter().any(|attr| ["state", "last_day", "hired"].contains(&attr.as_str())) {
            continue;
        }
        let is_whole_now = |word: &Word| word.doubt.is_none() && is_doubted(store, &case);
        let why = match leaving(graph, person, source, now) {
            Some(word) if word.event == case.event && !is_whole_now(&word) => continue,
            // Due either way: the same leaving in other words.
            Some(word) if word.effective <= now && case.effective <= now && !is_whole_now(&word) => continue,
            Some(word) => match store.read(|conn| departures::by_event(conn, word.event.as_deref().unwrap_or_default()))? {
                // What people called off stays so, however HR comes back to it.
                Some(other) if other != case.id => format!("{}, as departure {other} had it", word.cause),
                _ => {
                    moved.push((case, word));
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

/// Whether a case waits because HR's word was in doubt when it was heard last: a field that could not be read, a day that was missing. It goes on by
/// itself once HR's word is whole, as it would have done had it been whole at first.
fn is_doubted(store: &Store, case: &DepartureRow) -> bool {
    if case.state != DepartureState::Waiting {
        return false;
    }
    let doubted = |entry: &Entry| WAITS.iter().any(|(act, _)| entry.draft.act == *act).then(|| entry.draft.detail["doubt"].is_string());
    // A log that can't be read lets nothing run that waits.
    store.read(|conn| Ok(audit::last_of(conn, &case_name(case.id), doubted)?)).is_ok_and(|doubted| doubted == Some(true))
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
