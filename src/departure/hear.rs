//! Hearing HR: whoever its record says is leaving has a case, once; what it takes back or puts off is called off while it has not begun.

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Word, announce_one_of, entry};
use crate::clock;
use crate::config::Config;
use crate::graph::{Graph, Person};
use crate::model::Mode;
use crate::store::departures::{self, Opened};
use crate::store::{self, Store};
use crate::survey;

/// Opens a case for everybody who HR's record, as last read, says is leaving. Answers with one line for each new case, and for each that was
/// called off because HR's record says so no more.
///
/// Who had left before exeunt first saw them is no news: the shadow checks say what they still have.
///
/// # Errors
/// The store's.
pub fn hear(config: &Config, store: &Store, source: &str) -> Result<Vec<String>> {
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let now = clock::now();
    let people = survey::people(config, &graph)?;
    let mut told = take_back(config, store, &graph, &people, source, now)?;
    let mut words = Vec::new();
    for person in people {
        let Some((effective, event)) = leaving(config, &graph, &person, now) else { continue };
        let first_seen = store.read(|conn| store::graph::first_seen(conn, person.id))?;
        if first_seen.is_none_or(|seen| effective <= seen) && !store.read(|conn| store::graph::was_here(conn, person.id))? {
            continue;
        }
        let cause = match person.last_day {
            Some(day) => format!("HR's record says that {}'s last day is {day}", person.name),
            None => format!("HR's record says that {} is inactive", person.name),
        };
        let known = store.read(|conn| departures::known(conn, person.id, Mode::Departure, Some(&event)))?;
        if known.is_none() {
            words.push(Word { person: person.id, mode: Mode::Departure, effective, source: source.to_owned(), cause, event: Some(event) });
        }
    }
    for (place, word) in words.iter().enumerate() {
        if let (Opened::New(id), guard) = announce_one_of(config, store, word, (words.len() - place) as u64)? {
            let waits = guard.map(|reason| format!("; it waits: {reason}")).unwrap_or_default();
            told.push(format!("departure {id}: {}{waits}", word.cause));
        }
    }
    Ok(told)
}

/// Calls off the cases that HR's word opened and that have not begun, where its record says so no more: nobody is leaving, or on another day,
/// which will be a case of its own. Somebody whom the record no longer names at all stays where they are: that is no word.
fn take_back(config: &Config, store: &Store, graph: &Graph, people: &[Person], source: &str, now: Timestamp) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for case in store.read(departures::heard_and_not_begun)? {
        let Some(person) = people.iter().find(|person| person.id == case.person) else { continue };
        let why = match (leaving(config, graph, person, now), person.last_day) {
            (Some((_, event)), _) if Some(&event) == case.event.as_ref() => continue,
            // Due either way: the same leaving in other words.
            (Some((effective, _)), _) if effective <= now && case.effective <= now => continue,
            (Some(_), Some(day)) => format!("HR's record now says that {}'s last day is {day}", person.name),
            (Some(_), None) => format!("HR's record now says that {} is inactive", person.name),
            (None, _) => format!("HR's record no longer says that {} is leaving", person.name),
        };
        store.write_durably(|tx| {
            departures::take_back(tx, case.id, now)?;
            entry(tx, case.id, "departure.cancelled", source, json!({ "cause": why }))
        })?;
        told.push(format!("departure {} is called off: {why}", case.id));
    }
    Ok(told)
}

/// When a person's departure takes effect, and what makes it the same event when it is heard again.
fn leaving(config: &Config, graph: &Graph, person: &Person, now: Timestamp) -> Option<(Timestamp, String)> {
    let system = &graph.net[person.index].system;
    match person.last_day {
        Some(day) => {
            let at = day.at(config.departure.hour.clamp(0, 23), 0, 0, 0).to_zoned(TimeZone::UTC).ok()?.timestamp();
            // HR's word that somebody is inactive counts whatever the hour.
            let at = if person.active { at } else { at.min(now) };
            Some((at, format!("{system}|{}|{day}", person.key)))
        }
        None if !person.active => Some((now, format!("{system}|{}|inactive", person.key))),
        None => None,
    }
}
