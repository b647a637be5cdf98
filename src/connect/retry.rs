//! How long a call is tried again: patiently for scans, fast for a departure.

use std::time::Duration;

use tokio::time::Instant;

use super::Lane;

/// Longest that a call of the Revoke and Prove lanes is tried, and the longest wait between tries of a scan that nobody asked for.
const LIMIT: Duration = Duration::from_secs(60);
/// Longest that a scan waits because the system asked it to. Asked for more, it ends with a gap, and comes back when the time is over.
pub(super) const SCAN_WAITS: Duration = Duration::from_secs(300);
const SCAN_TRIES: u32 = 6;

/// The patience left for one call.
pub(super) struct Patience {
    lane: Lane,
    deadline: Instant,
    pub(super) tries: u32,
    delay: Duration,
}

impl Patience {
    pub(super) fn new(lane: Lane) -> Self {
        let delay = Duration::from_millis(if lane.is_patient() { 500 } else { 100 });
        Self { lane, deadline: Instant::now() + LIMIT, tries: 0, delay }
    }

    /// When waiting for the budget must end; scans wait for as long as it takes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.lane.is_patient()).then_some(self.deadline)
    }

    /// How long to wait before the next try, or none: it is enough. `asked` is what the system told us to wait.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.next_at(Instant::now(), asked)
    }

    fn next_at(&mut self, now: Instant, asked: Option<Duration>) -> Option<Duration> {
        let wait = asked.unwrap_or_else(|| jitter(self.delay));
        let fits = match self.lane {
            Lane::Scan | Lane::Look => self.tries < SCAN_TRIES && wait <= SCAN_WAITS,
            Lane::Tell => false,
            _ => now + wait <= self.deadline,
        };
        let most = if self.lane.is_patient() { LIMIT } else { Duration::from_secs(5) };
        self.delay = (self.delay * 2).min(most);
        fits.then_some(wait)
    }
}

/// Between three quarters and all of a time, so that calls that failed together don't come back together.
fn jitter(time: Duration) -> Duration {
    let mut byte = [0_u8; 1];
    // Without random bytes the calls merely come back together.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    time.mul_f64(0.75 + f64::from(byte[0]) / 1024.0)
}

/// The wait that a `Retry-After` header asks for: seconds, or a date. A date is held against the system's own clock (its `Date` header), where
/// that differs from ours.
pub(super) fn retry_after(text: &str, date: Option<&str>, now: jiff::Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = http_date(text)?;
    let theirs = date.and_then(http_date).filter(|theirs| theirs.duration_since(now).abs() > jiff::SignedDuration::from_secs(2));
    Some(at.duration_since(theirs.unwrap_or(now)).try_into().unwrap_or(Duration::ZERO))
}

/// The moment that an HTTP date names, in any of its three forms (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and the two that are
/// out of use, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
pub(super) fn http_date(text: &str) -> Option<jiff::Timestamp> {
    let text = text.trim();
    let old = |form: &str, text: &str| jiff::civil::DateTime::strptime(form, text).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let usual = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    usual
        .or_else(|| Some(old("%A, %d-%b-%y %H:%M:%S", text.strip_suffix(" GMT")?)?.timestamp()))
        .or_else(|| Some(old("%a %b %e %H:%M:%S %Y", text)?.timestamp()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_tells_is_sent_once() {
        assert_eq!(Patience::new(Lane::Tell).next(None), None);
        assert_eq!(Patience::new(Lane::Tell).next(Some(Duration::ZERO)), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: jiff::Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let asked = |text: &str| retry_after(text, None, now);
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("86400"), Some(Duration::from_secs(86_400)));
        for form in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(asked(form), Some(Duration::from_secs(30)), "{form}");
        }
        assert_eq!(asked("Sun, 06 Nov 1994 08:48:37 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
        // Their clock is an hour behind ours: they mean theirs.
        let date = Some("Sun, 06 Nov 1994 07:49:07 GMT");
        assert_eq!(retry_after("Sun, 06 Nov 1994 07:49:37 GMT", date, now), Some(Duration::from_secs(30)));
    }

    #[test]
    fn scans_are_patient_and_departures_fast() {
        let mut scan = Patience::new(Lane::Scan);
        let mut waits = Vec::new();
        for _ in 0..10 {
            scan.tries += 1;
            waits.extend(scan.next(None));
        }
        assert_eq!(waits.len(), 5);
        scan.tries = 1;
        assert_eq!(scan.next(Some(Duration::from_secs(120))), Some(Duration::from_secs(120)), "however long it is asked to wait");
        assert_eq!(scan.next(Some(Duration::from_secs(3600))), None, "it comes back");

        let start = Instant::now();
        let (mut revoke, mut now, mut tries) = (Patience::new(Lane::Revoke), start, 0);
        while let Some(wait) = revoke.next_at(now, None) {
            assert!(wait <= Duration::from_secs(5) && (tries > 0 || wait <= Duration::from_millis(100)));
            now += wait;
            tries += 1;
        }
        assert!((12..=22).contains(&tries), "{tries}");
        assert!(now - start <= LIMIT + Duration::from_secs(1) && now - start > Duration::from_secs(50));
        assert_eq!(Patience::new(Lane::Revoke).next(Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
    }
}
