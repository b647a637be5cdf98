//! Moments as people write them, and as reports show them. Everything is UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit};

/// What a day without a time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// Its first moment: `--since 2026-03-03` counts the whole day.
    Begins,
    /// Its last moment, or now if that is earlier: `--as-of 2026-03-03` is how things stood that evening.
    Ends,
}

/// How old HR's word is, in one line.
pub fn hr_word(read: Option<Timestamp>, now: Timestamp) -> String {
    let Some(read) = read else { return "HR was never read to its end".to_owned() };
    let hours = now.duration_since(read).as_hours();
    let ago = match hours {
        ..1 => "less than an hour".to_owned(),
        1 => "an hour".to_owned(),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    };
    format!("HR was read to its end {}, {ago} before", full(read))
}

/// Reads a moment: RFC 3339, a date and time, a date, or a relative form such as `3 days ago`, `2w ago`, `yesterday`.
///
/// # Errors
/// One line: it is none of these, or lies in the future.
pub fn parse(text: &str, day: Day, now: Timestamp) -> Result<Timestamp, String> {
    let at = read(text.trim(), day, now)
        .ok_or_else(|| format!("{text:?} is no moment: write 2026-03-03, 2026-03-03T12:00:00Z, `3 days ago` or `yesterday`"))?;
    if at > now {
        return Err(format!("{text:?} lies in the future ({})", full(at)));
    }
    Ok(at)
}

fn read(text: &str, day: Day, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned(TimeZone::UTC).date();
    match text.to_lowercase().as_str() {
        "now" => return Some(now),
        "today" => return of_day(today, day, now),
        "yesterday" => return of_day(today.yesterday().ok()?, day, now),
        _ => {}
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    // A date first, for a date reads as a date and time at midnight too.
    if let Ok(date) = text.parse::<Date>()
        && !text.contains(':')
    {
        return of_day(date, day, now);
    }
    if let Ok(at) = text.parse::<DateTime>() {
        return Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    // "3 days" without "ago" would lie in the future; nobody means that here.
    let span: Span = text.parse().ok()?;
    let span = if span.is_positive() { span.negate() } else { span };
    Some(now.to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
}

fn of_day(date: Date, day: Day, now: Timestamp) -> Option<Timestamp> {
    match day {
        Day::Begins => Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp()),
        Day::Ends => {
            let end = date.to_datetime(Time::MAX).to_zoned(TimeZone::UTC).ok()?.timestamp();
            // A day yet to come stays in the future, to be refused.
            Some(if date == now.to_zoned(TimeZone::UTC).date() { now } else { end })
        }
    }
}

/// A moment to the minute: `2026-03-03 12:00 UTC`.
pub fn full(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A moment's day.
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// How long ago a moment was, in one word or two: `3 days ago`, `today`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let Ok(hours) = (now - at).total(Unit::Hour) else { return day(at) };
    let days = (hours / 24.0).floor();
    match days {
        d if d < 0.0 => day(at),
        d if d < 1.0 => "today".to_owned(),
        d if d < 2.0 => "yesterday".to_owned(),
        d if d < 60.0 => format!("{d:.0} days ago"),
        d if d < 730.0 => format!("{:.0} months ago", (d / 30.4).floor()),
        d => format!("{:.0} years ago", (d / 365.25).floor()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_age_of_hr_s_word_in_hours_or_days() {
        let now = "2026-03-03T12:00:00Z".parse().unwrap();
        let word = |hours: i64| hr_word(Some(now - jiff::SignedDuration::from_hours(hours)), now);
        assert_eq!(hr_word(None, now), "HR was never read to its end");
        assert_eq!(word(0), "HR was read to its end 2026-03-03 12:00 UTC, less than an hour before");
        assert!(word(1).ends_with(", an hour before") && word(47).ends_with(", 47 hours before"));
        assert_eq!(word(72), "HR was read to its end 2026-02-28 12:00 UTC, 3 days before");
    }

    #[test]
    fn moments_in_the_forms_that_people_write() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let ends = |text: &str| parse(text, Day::Ends, now).map(|at| at.strftime("%Y-%m-%dT%H:%M").to_string());
        for (text, moment) in [
            ("2026-03-03T12:00:00+01:00", "2026-03-03T11:00"),
            ("2026-03-03 12:00", "2026-03-03T12:00"),
            ("2026-03-03", "2026-03-03T23:59"),
            ("3 days ago", "2026-11-20T10:00"),
            ("2w", "2026-11-09T10:00"),
            ("yesterday", "2026-11-22T23:59"),
            ("today", "2026-11-23T10:00"),
        ] {
            assert_eq!(ends(text).as_deref(), Ok(moment), "{text}");
        }
        assert_eq!(parse("2026-03-03", Day::Begins, now).unwrap().to_string(), "2026-03-03T00:00:00Z");
        assert!(ends("soon").unwrap_err().contains("3 days ago"));
        assert!(ends("2027-01-01").unwrap_err().contains("future"));
    }
}
