//! When a scheduled job is due: pure. A time that passed while we were down is served once, not once for each time missed. A time that was served
//! while the clock was ahead silences nothing.

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The latest due time of `pattern` (cron, UTC) that lies after `served` and not after `now`; nothing if the job isn't due. A job that is said to be
/// served in the future is due.
///
/// # Errors
/// The pattern isn't cron's.
pub fn due(pattern: &str, served: Timestamp, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let cron = parse(pattern)?;
    // Nothing is served before its time: what is noted as served later than the next time was noted by a clock that was ahead.
    let next = cron.find_next_occurrence(&now.to_zoned(TimeZone::UTC), false).map_err(|error| format!("{pattern:?}: {error}"))?.timestamp();
    let now = now.to_zoned(TimeZone::UTC);
    let last = cron.find_previous_occurrence(&now, true).map_err(|error| format!("{pattern:?}: {error}"))?.timestamp();
    Ok((last > served || served > next).then_some(last))
}

/// The next due time after `now`.
///
/// # Errors
/// The pattern isn't cron's.
pub fn next(pattern: &str, now: Timestamp) -> Result<Timestamp, String> {
    let cron = parse(pattern)?;
    Ok(cron.find_next_occurrence(&now.to_zoned(TimeZone::UTC), false).map_err(|error| format!("{pattern:?}: {error}"))?.timestamp())
}

fn parse(pattern: &str) -> Result<Cron, String> {
    pattern.parse::<Cron>().map_err(|error| format!("the schedule {pattern:?} is not cron syntax: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn missed_times_are_served_once() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let nightly = "0 2 * * *";
        // Down for three nights: the last of them counts, once.
        let served = at("2026-03-01T02:00:00Z");
        let due_now = due(nightly, served, at("2026-03-04T09:30:00Z")).unwrap();
        assert_eq!(due_now, Some(at("2026-03-04T02:00:00Z")));
        assert_eq!(due(nightly, due_now.unwrap(), at("2026-03-04T09:31:00Z")).unwrap(), None);
        assert_eq!(due(nightly, due_now.unwrap(), at("2026-03-05T02:00:00Z")).unwrap(), Some(at("2026-03-05T02:00:00Z")));
        assert_eq!(next(nightly, at("2026-03-04T09:30:00Z")).unwrap(), at("2026-03-05T02:00:00Z"));
        // The clock was two years ahead for a minute, and is set back: served once, and kept from then on.
        let now = at("2026-03-04T09:30:00Z");
        let due_now = due(nightly, at("2028-03-04T02:00:00Z"), now).unwrap();
        assert_eq!(due_now, Some(at("2026-03-04T02:00:00Z")));
        assert_eq!(due(nightly, due_now.unwrap(), now).unwrap(), None);
        // It was a few seconds ahead: nothing is served twice.
        assert_eq!(due(nightly, at("2026-03-05T02:00:00Z"), at("2026-03-05T01:59:58Z")).unwrap(), None);
        assert!(due("every night", served, served).unwrap_err().contains("every night"));
    }
}
