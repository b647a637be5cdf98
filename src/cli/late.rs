//! Cases whose time has come and that nobody runs: no list of cases that has one is fine.

use jiff::{Timestamp, ToSpan as _};

use crate::model::DepartureState;
use crate::store::departures::DepartureRow;

/// How long `exeunt serve` may take to begin, in minutes: it looks at least once a minute.
const PATIENCE: i64 = 2;

/// One line for each case that has begun and is not at its end: what it leaves to people is not all known yet.
pub fn under_way(cases: &[DepartureRow]) -> Vec<String> {
    let running = cases.iter().filter(|row| row.state == DepartureState::Running);
    let line = |row: &DepartureRow| {
        format!(
            "departure {} has not come to its end: its tasks are not all known; if nothing runs it, `exeunt serve` and `exeunt revoke` go on with it",
            row.id
        )
    };
    running.map(line).collect()
}

/// One line for each case that was to begin and has not.
pub fn told(cases: &[DepartureRow], now: Timestamp) -> Vec<String> {
    let is_late = |row: &&DepartureRow| {
        row.state == DepartureState::Scheduled && row.effective.checked_add(PATIENCE.minutes()).is_ok_and(|by| by < now)
    };
    let line = |row: &DepartureRow| {
        format!("departure {} was to begin at {} and has not: is `exeunt serve` running, and what does it say?", row.id, row.effective)
    };
    cases.iter().filter(is_late).map(line).collect()
}
