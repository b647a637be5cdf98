//! Hearing HR: whoever its record says is leaving has a case, once.

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Word, announce_one_of};
use crate::clock;
use crate::config::Config;
use crate::graph::{Graph, Person};
use crate::model::Mode;
use crate::store::departures::{self, Opened};
use crate::store::{self, Store};
use crate::survey;

/// Opens a case for everybody who HR's record, as last read, says is leaving. Answers with one line for each new case.
///
/// Who had left before exeunt first saw them is no news: the shadow checks say what they still have.
///
/// # Errors
/// The store's.
pub fn hear(config: &Config, store: &Store, source: &str) -> Result<Vec<String>> {
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let now = clock::now();
    let mut words = Vec::new();
    for person in survey::people(config, &graph)? {
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
    let mut told = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if let (Opened::New(id), guard) = announce_one_of(config, store, word, (words.len() - place) as u64)? {
            let waits = guard.map(|reason| format!("; it waits: {reason}")).unwrap_or_default();
            told.push(format!("departure {id}: {}{waits}", word.cause));
        }
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
