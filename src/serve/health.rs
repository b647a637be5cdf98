//! How serving itself stands: what doesn't work is said at once, stays readable at `/readyz`, and is told to those who hear of trouble.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::Server;
use crate::clock;
use crate::handoff::tell;

/// What lasts is said again after this.
const AGAIN: Duration = Duration::from_secs(3600);

/// So many refused webhooks within [`WHILE`] are trouble.
const REFUSALS: usize = 3;

/// How long a refused webhook counts.
const WHILE: Duration = Duration::from_secs(3600);

/// A part of serving that can be in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The clock isn't believed.
    Clock,
    /// HR can't be heard.
    Hr,
    /// Webhooks are refused, or their secret can't be read.
    Hooks,
    /// The audit log can't be signed.
    Log,
    /// Settings that stand for nothing.
    Settings,
    /// A system can't be used, or nothing of it can be read.
    Systems,
    /// People can't be told.
    Telling,
    /// What HR says of an employee could not be taken up.
    Webhooks,
    /// HR could not be asked, or doesn't come to the end of its answer.
    Hearing,
    /// A departure can't be run.
    Departures,
    /// Something stands in the way of a departure to come.
    Rehearsals,
    /// Scans can't be made.
    Scans,
    /// Cases can't be looked at again.
    Rechecks,
}

impl Part {
    /// How long it may be at one thing before that is said.
    fn longest(self) -> Duration {
        match self {
            Self::Hearing => Duration::from_secs(120),
            Self::Rechecks => Duration::from_secs(6 * 3600),
            _ => Duration::from_secs(26 * 3600),
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Hr => "hr",
            Self::Hooks => "hooks",
            Self::Log => "log",
            Self::Settings => "settings",
            Self::Systems => "systems",
            Self::Telling => "telling",
            Self::Webhooks => "webhooks",
            Self::Hearing => "hearing",
            Self::Departures => "departures",
            Self::Rehearsals => "rehearsals",
            Self::Scans => "scans",
            Self::Rechecks => "rechecks",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Clock => "the clock is in doubt",
            Self::Hr => "HR can't be heard",
            Self::Hooks => "webhooks are refused",
            Self::Log => "the audit log can't be signed",
            Self::Settings => "settings stand for nothing",
            Self::Systems => "not every system can be used",
            Self::Telling => "people could not be told",
            Self::Webhooks => "a webhook's word could not be taken up",
            Self::Hearing => "HR could not be asked",
            Self::Departures => "a departure can't be run",
            Self::Rehearsals => "something stands in the way of a departure to come",
            Self::Scans => "scans can't be made",
            Self::Rechecks => "cases can't be looked at again",
        }
    }
}

/// What doesn't work at present.
#[derive(Debug, Default)]
pub struct Health {
    troubles: Mutex<BTreeMap<Part, Trouble>>,
    /// What parts are at, and since when.
    doing: Mutex<BTreeMap<Part, Instant>>,
    refused: Mutex<Vec<Instant>>,
}

#[derive(Debug, Clone)]
struct Trouble {
    why: String,
    said: Instant,
    key: String,
}

/// Says that a part is at something, for as long as it is kept.
pub(super) struct Doing<'a>(&'a Health, Part);

impl Drop for Doing<'_> {
    fn drop(&mut self) {
        if let Ok(mut doing) = self.0.doing.lock() {
            doing.remove(&self.1);
        }
    }
}

impl Server {
    /// Notes that a part has begun something.
    pub(super) fn doing(&self, part: Part) -> Doing<'_> {
        if let Ok(mut doing) = self.health.doing.lock() {
            doing.insert(part, Instant::now());
        }
        Doing(&self.health, part)
    }

    /// Says which parts are at one thing for too long. They say themselves when they are done with it.
    pub(super) fn note_slowness(&self) {
        let slow: Vec<Part> = self
            .health
            .doing
            .lock()
            .map(|doing| doing.iter().filter(|(part, since)| since.elapsed() > part.longest()).map(|(part, _)| *part).collect())
            .unwrap_or_default();
        for part in slow {
            self.note(part, Some(format!("it has not come to an end for {} minutes and more", part.longest().as_secs() / 60)));
        }
    }

    /// Notes how a part stands: what is new is said and told, what lasts is said again each hour, and so is that it is over.
    pub(super) fn note(&self, part: Part, why: Option<String>) {
        let Ok(mut troubles) = self.health.troubles.lock() else { return };
        let before = troubles.get(&part).cloned();
        let (line, told) = match (before, why) {
            (None, None) => return,
            (Some(before), None) => {
                troubles.remove(&part);
                (format!("well again: no more that {}", part.words()), Some((before.key, true)))
            }
            (before, Some(why)) => {
                let is_old = |before: &Trouble| before.why == why && before.said.elapsed() < AGAIN;
                if before.as_ref().is_some_and(is_old) {
                    return;
                }
                let line = format!("{}: {why}", part.words());
                let key = before
                    .as_ref()
                    .map_or_else(|| format!("{}-{}", part.word(), clock::now().as_microsecond()), |before| before.key.clone());
                troubles.insert(part, Trouble { why, said: Instant::now(), key: key.clone() });
                (line, before.is_none().then_some((key, false)))
            }
        };
        drop(troubles);
        (self.tell)(&line);
        if let Some((key, over)) = told {
            // What can't be written down was said all the same.
            if let Err(error) = tell::trouble(&self.config, &self.store, &key, part.words(), over) {
                tracing::error!(error = format!("{error:#}"), "people could not be told of trouble");
            }
            self.wake.news.notify_one();
        }
    }

    /// Notes a refused webhook. Anybody may send one, so that a few are said once and make nothing unready.
    pub(super) fn refused(&self, hook: &str, reason: &str) {
        let Ok(mut refused) = self.health.refused.lock() else { return };
        refused.retain(|at| at.elapsed() < WHILE);
        refused.push(Instant::now());
        let many = refused.len() >= REFUSALS;
        refused.truncate(REFUSALS);
        drop(refused);
        if many {
            self.note(Part::Hooks, Some(format!("{REFUSALS} and more within an hour, such as one for {hook}: {reason}")));
        }
    }

    /// Whether the refusals have stopped.
    pub(super) fn forget_refusals(&self) {
        let Ok(refused) = self.health.refused.lock() else { return };
        let over = refused.iter().all(|at| at.elapsed() >= WHILE);
        drop(refused);
        if over {
            self.note(Part::Hooks, None);
        }
    }

    /// What `/readyz` answers: a word a line for what doesn't work. No reasons, for anybody may ask.
    pub(super) fn ready(&self) -> (StatusCode, String) {
        let troubles = self.health.troubles.lock().map(|troubles| troubles.keys().copied().collect::<Vec<_>>()).unwrap_or_default();
        // Whoever refuses to sign webhooks rightly doesn't make us unready.
        let unready = troubles.iter().any(|part| *part != Part::Hooks) || self.store.trouble().is_some();
        let words = troubles.iter().map(|part| part.word()).chain(self.store.trouble().map(|_| "store"));
        let text: String = words.map(|word| format!("{word}\n")).collect();
        match (unready, text.is_empty()) {
            (true, _) => (StatusCode::SERVICE_UNAVAILABLE, text),
            (false, false) => (StatusCode::OK, text),
            (false, true) => (StatusCode::OK, "ready\n".to_owned()),
        }
    }
}
