//! A scan that serving makes, and what breaks it off: HR's word comes first. A night may take hours where vendors are slow, and whoever leaves meanwhile
//! must not wait for it. What it has read by then stays, and the next turn goes on with it: lists that were finished, and pages of an HTTP list. A
//! directory's place in a list goes with its connection, so that a list of one that was under way begins anew; where a night gains nothing from try
//! to try, it is given ever more time.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use super::{Server, due};
use crate::clock;
use crate::departure;
use crate::store;
use crate::survey::{self, Survey};

/// How long a scan goes on before a webhook breaks it off, so that pages come to their end. Each time that a night is broken off it goes on for twice as
/// long, up to [`LONGEST`]: a stream of webhooks lets a night end as well.
const FIRST: Duration = Duration::from_secs(2);

/// The longest that a webhook waits for a scan that was broken off before, and that gets on from try to try.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a scan goes on before a poll that is due, or a departure whose time has come, breaks it off; twice as long each time. One that can't be run
/// stays due.
const THEN: Duration = Duration::from_secs(60);

/// How scans are broken off for HR's word.
#[derive(Debug, Default)]
pub struct Nights {
    /// How often the scans that are due have been broken off.
    broken: AtomicU32,
    /// What the night has gained, where it was broken off.
    gained: Mutex<Gained>,
    /// Webhooks after which HR was asked, and could not be read to its end: they stay to be looked after, and break off no scan again.
    tried: Mutex<BTreeSet<String>>,
}

/// What a night that was broken off has got.
#[derive(Debug, Default)]
struct Gained {
    /// When it was tried first.
    since: Option<Timestamp>,
    /// Lists that were finished, and pages of lists that were not.
    read: (u64, u64),
    /// How many times in a row it was broken off without more of them.
    in_vain: u32,
}

impl Nights {
    /// Notes that HR was asked after these webhooks, and whether it was read to its end.
    pub(super) fn tried(&self, looks: &[String], heard: bool) {
        let Ok(mut tried) = self.tried.lock() else { return };
        if heard {
            tried.clear();
        } else {
            tried.extend(looks.iter().cloned());
        }
    }

    fn longer(&self, time: Duration) -> Duration {
        time.saturating_mul(1 << self.broken.load(Ordering::Relaxed).min(16))
    }

    /// How long a scan goes on before a webhook breaks it off.
    fn first(&self) -> Duration {
        let in_vain = self.gained.lock().map_or(0, |gained| gained.in_vain);
        self.longer(FIRST).min(LONGEST.saturating_mul(1 << in_vain.min(16)))
    }

    /// When the night was tried first.
    fn since(&self) -> Timestamp {
        self.gained.lock().map_or_else(|_| clock::now(), |mut gained| *gained.since.get_or_insert_with(clock::now))
    }

    /// Notes that the night was broken off, and what it has got by then.
    fn broken_off(&self, read: (u64, u64)) {
        self.broken.fetch_add(1, Ordering::Relaxed);
        let Ok(mut gained) = self.gained.lock() else { return };
        gained.in_vain = if read > gained.read { 0 } else { gained.in_vain + 1 };
        gained.read = read;
    }

    /// Notes that the night came to its end.
    fn ended(&self) {
        self.broken.store(0, Ordering::Relaxed);
        if let Ok(mut gained) = self.gained.lock() {
            *gained = Gained::default();
        }
    }
}

impl Server {
    /// Whether HR has not been asked yet after one of these webhooks.
    pub(super) fn has_news(&self, looks: &[String]) -> bool {
        self.nights.tried.lock().map_or(true, |tried| looks.iter().any(|look| !tried.contains(look)))
    }

    /// Scans these systems, or breaks off for HR's word: none then.
    pub(super) async fn night(&self, systems: &[String]) -> Result<Option<Survey>> {
        (self.tell)(&format!("scanning {}", systems.join(", ")));
        let fleet = self.fleet.only(systems);
        let options = survey::Options::default();
        let since = self.nights.since();
        tokio::select! {
            biased;
            read = survey::survey(&self.config, &self.store, &fleet, &options, &|_, _| {}) => {
                self.nights.ended();
                Ok(Some(read?))
            }
            called = self.called() => {
                self.nights.broken_off(self.store.read(|conn| store::scans::read_since(conn, since))?);
                (self.tell)(&format!("the scan is broken off, for {}; it goes on afterwards", called?));
                Ok(None)
            }
        }
    }

    /// Waits until there is something that a scan must not keep waiting, and says what it is.
    async fn called(&self) -> Result<&'static str> {
        let (begun, first, then) = (Instant::now(), self.nights.first(), self.nights.longer(THEN));
        tokio::time::sleep(first).await;
        loop {
            if self.has_news(&self.store.read(store::scans::wanted_looks)?) {
                return Ok("a webhook of HR's");
            }
            if begun.elapsed() >= then {
                if self.is_poll_due()? {
                    return Ok("HR is to be asked");
                }
                let present = self.believed.present(&self.store, clock::now(), clock::witnessed())?;
                let ready = departure::ready(&self.store, present.at)?;
                if ready.into_iter().any(|id| departure::is_held(&self.store, id).is_ok_and(|held| !held)) {
                    return Ok("a departure whose time has come");
                }
            }
            tokio::select! {
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    fn is_poll_due(&self) -> Result<bool> {
        let Some(pattern) = self.jobs().remove("poll") else { return Ok(false) };
        let now = clock::now();
        let last = self.store.write(|tx| store::scans::schedule(tx, "poll", now))?;
        Ok(due::due(&pattern, last, now).map_err(anyhow::Error::msg)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reliability: Nothing stuck.
    #[test]
    fn a_night_that_gains_nothing_from_try_to_try_is_given_ever_more_time() {
        let nights = Nights::default();
        // A night that gets on keeps no webhook waiting for longer than a minute.
        for pages in 1..20 {
            nights.broken_off((3, pages));
        }
        assert_eq!(nights.first(), LONGEST);
        // A list was finished: its pages are no more beside it.
        nights.broken_off((4, 0));
        assert_eq!(nights.first(), LONGEST);
        // One list of a directory takes a quarter of an hour.
        let tries = (1..20).find(|_| {
            nights.broken_off((4, 0));
            nights.first() > Duration::from_secs(900)
        });
        assert!(tries.is_some(), "{nights:?}");
        nights.ended();
        assert_eq!(nights.first(), FIRST);
    }
}
