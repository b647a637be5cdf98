//! Whether the clock is to be believed. What a departure takes away stays away: one that is scheduled must not begin because a clock was set wrong.
//!
//! The clock is believed as long as it goes on from where it was believed last, by a clock that nobody sets, and for a day's pause beside. A longer
//! leap (we were down for a month, or somebody set the clock) is believed once a vendor's server names the same time, or a person says so.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::clock::APART;
use crate::store::{self, Store};

/// The longest leap that is believed without anybody else's word: a night that was missed, and some.
const LEAP: SignedDuration = SignedDuration::from_hours(26);

/// How often the believed moment is written down.
const WRITTEN: SignedDuration = SignedDuration::from_mins(10);

/// The moment that was believed last.
#[derive(Debug, Default)]
pub struct Believed(Mutex<Option<Last>>);

#[derive(Debug, Clone, Copy)]
struct Last {
    moment: Timestamp,
    at: Instant,
    written: Option<Timestamp>,
}

/// The present as far as it is believed, and why the clock isn't, if it isn't.
pub(super) struct Present {
    pub(super) at: Timestamp,
    pub(super) doubt: Option<String>,
}

impl Believed {
    /// As a person says who has looked at the clock.
    pub fn accepted(store: &Store, now: Timestamp) -> Result<Self> {
        store.write(|tx| store::scans::believe(tx, now))?;
        Ok(Self::default())
    }

    /// What counts as the present for departures that are scheduled.
    pub(super) fn present(&self, store: &Store, now: Timestamp, witnessed: Option<Timestamp>) -> Result<Present> {
        let mut last = self.0.lock().map_err(|_| anyhow::anyhow!("the believed time was lost to a panic"))?;
        let before = match *last {
            Some(before) => before,
            None => {
                let moment = store.read(store::scans::believed)?.unwrap_or(now);
                Last { moment, at: Instant::now(), written: None }
            }
        };
        let believed = believe(before.moment, before.at.elapsed(), now, witnessed);
        let mut new = Last { moment: before.moment.max(believed), at: Instant::now(), ..before };
        if believed < now {
            *last = Some(Last { moment: believed, ..new });
            let doubt = format!(
                "the clock says {}, and by what was done before it is about {}: scheduled departures wait; set the clock, or run `exeunt serve --accept-clock` if it is right",
                now.strftime("%Y-%m-%d %H:%M"),
                believed.strftime("%Y-%m-%d %H:%M")
            );
            return Ok(Present { at: believed, doubt: Some(doubt) });
        }
        if new.written.is_none_or(|written| now.duration_since(written).abs() > WRITTEN) {
            store.write(|tx| store::scans::believe(tx, new.moment))?;
            new.written = Some(now);
        }
        *last = Some(new);
        Ok(Present { at: now, doubt: None })
    }
}

/// The present, given the moment that was believed last and how long ago that was: `now` if it is to be believed.
fn believe(last: Timestamp, ago: Duration, now: Timestamp, witnessed: Option<Timestamp>) -> Timestamp {
    let expected = SignedDuration::try_from(ago).ok().and_then(|ago| last.checked_add(ago).ok()).unwrap_or(last);
    let near = now.duration_since(expected) <= LEAP;
    let seen = witnessed.is_some_and(|there| there.duration_since(now).abs() <= APART);
    if near || seen { now } else { expected }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // Reliability: Nothing stuck.
    #[test]
    fn a_leap_of_the_clock_is_believed_on_another_s_word_alone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (last, hour) = (at("2026-03-01T00:00:00Z"), Duration::from_secs(3600));
        let expected = at("2026-03-01T01:00:00Z");
        assert_eq!(believe(last, hour, at("2026-03-01T01:00:01Z"), None), at("2026-03-01T01:00:01Z"));
        assert_eq!(believe(last, hour, at("2026-03-02T02:00:00Z"), None), at("2026-03-02T02:00:00Z"), "a missed night");
        let ahead = at("2028-03-01T01:00:00Z");
        assert_eq!(believe(last, hour, ahead, None), expected);
        assert_eq!(believe(last, hour, ahead, Some(expected)), expected, "a vendor says otherwise");
        assert_eq!(believe(last, hour, ahead, Some(at("2028-03-01T01:00:30Z"))), ahead, "we were down for two years");
        assert_eq!(believe(last, hour, at("2025-01-01T00:00:00Z"), None), at("2025-01-01T00:00:00Z"), "set back: nothing begins early");
    }
}
