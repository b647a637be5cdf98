//! When a last day begins and ends: at an hour, in the time zone of whoever leaves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// How the company reads a last day.
#[derive(Debug, Clone, Default)]
pub struct LastDay {
    /// The time at which it ends; the end of the day when none is given.
    pub time: Option<Time>,
    /// The company's zone; UTC when none is given.
    pub zone: Option<TimeZone>,
    /// The zones of places.
    pub zones: BTreeMap<String, TimeZone>,
}

/// One person's last day as two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The day's first moment.
    pub begins: Timestamp,
    /// When whoever leaves has left.
    pub ends: Timestamp,
}

impl LastDay {
    /// The zone of a place, as HR writes it: one that the settings name, a time zone's own name (`Europe/Oslo`), or else the company's.
    pub fn zone_of(&self, place: Option<&str>) -> TimeZone {
        let company = || self.zone.clone().unwrap_or(TimeZone::UTC);
        let Some(place) = place.map(str::trim).filter(|place| !place.is_empty()) else { return company() };
        let named = self.zones.iter().find(|(name, _)| name.to_lowercase() == place.to_lowercase()).map(|(_, zone)| zone.clone());
        named.or_else(|| place.contains('/').then(|| TimeZone::get(place).ok()).flatten()).unwrap_or_else(company)
    }

    /// Why the zone of a place can't be told, if it can't: it looks like a time zone and is none, or the settings name zones of places, and not
    /// this one's. Where the settings name none, a place says nothing of time.
    pub fn doubt_of(&self, place: Option<&str>) -> Option<String> {
        let place = place.map(str::trim).filter(|place| !place.is_empty())?;
        if self.zones.keys().any(|name| name.to_lowercase() == place.to_lowercase()) {
            return None;
        }
        match place.contains('/') {
            true if TimeZone::get(place).is_ok() => None,
            true => Some(format!("{place:?} is no time zone")),
            false => (!self.zones.is_empty()).then(|| format!("departure.zones has no time zone for {place:?}")),
        }
    }

    /// When a day begins and ends in a place; none for a day at the edge of what a calendar can hold.
    pub fn span(&self, day: Date, place: Option<&str>) -> Option<Span> {
        let zone = self.zone_of(place);
        let begins = day.to_zoned(zone.clone()).ok()?.timestamp();
        let ends = match self.time {
            Some(time) => day.to_datetime(time).to_zoned(zone).ok()?.timestamp(),
            None => day.tomorrow().ok()?.to_zoned(zone).ok()?.timestamp(),
        };
        Some(Span { begins, ends })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::{date, time};

    // Trust: HR's word.
    #[test]
    fn a_last_day_ends_at_its_hour_where_the_person_works() {
        let zone = |name: &str| TimeZone::get(name).unwrap();
        let ends = |rule: &LastDay, place: Option<&str>| rule.span(date(2026, 11, 30), place).unwrap().ends.to_string();
        let mut rule = LastDay::default();
        assert_eq!(ends(&rule, None), "2026-12-01T00:00:00Z", "the end of the day, not its start");
        rule.zone = Some(zone("America/Los_Angeles"));
        assert_eq!(ends(&rule, None), "2026-12-01T08:00:00Z");
        rule.time = Some(time(17, 0, 0, 0));
        assert_eq!(ends(&rule, None), "2026-12-01T01:00:00Z");
        rule.zones.insert("Oslo office".to_owned(), zone("Europe/Oslo"));
        assert_eq!(ends(&rule, Some("oslo office")), "2026-11-30T16:00:00Z");
        assert_eq!(ends(&rule, Some("Asia/Tokyo")), "2026-11-30T08:00:00Z");
        assert_eq!(ends(&rule, Some("Elsewhere")), "2026-12-01T01:00:00Z", "an unknown place is the company's");
        assert!(rule.doubt_of(Some("Elsewhere")).unwrap().contains("Elsewhere"));
        assert!(rule.doubt_of(Some("Amerika/Los_Angeles")).unwrap().contains("is no time zone"));
        for fine in [None, Some(" "), Some("Asia/Tokyo"), Some("Oslo Office")] {
            assert_eq!(rule.doubt_of(fine), None, "{fine:?}");
        }
        assert_eq!(LastDay::default().doubt_of(Some("Elsewhere")), None, "where no place has a zone, none is missing");
        assert_eq!(rule.span(date(2026, 11, 30), None).unwrap().begins.to_string(), "2026-11-30T08:00:00Z");
    }
}
