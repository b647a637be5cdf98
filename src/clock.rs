//! The only place that reads the clock, so that time can be reasoned about (and, in tests, set).

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, Span, Timestamp, ToSpan};

/// How far another machine's clock may be from ours and still be believed.
pub const APART: SignedDuration = SignedDuration::from_hours(1);

/// Microseconds added to the machine's clock; 0 outside tests and simulations.
static SHIFT_MICROS: AtomicI64 = AtomicI64::new(0);

/// The present moment, in microseconds (finer digits are dropped so that stored and compared values agree).
pub fn now() -> Timestamp {
    let micros = Timestamp::now().as_microsecond() + SHIFT_MICROS.load(Ordering::Relaxed);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Moves the clock of this process forward or back. For tests and for rehearsing schedules.
pub fn shift(by: Span) {
    let micros = by.total(jiff::Unit::Microsecond).unwrap_or(0.0) as i64;
    SHIFT_MICROS.fetch_add(micros, Ordering::Relaxed);
}

/// What a vendor's server called the present, and when it did by a clock that nobody sets.
static WITNESS: Mutex<Option<(Instant, Timestamp)>> = Mutex::new(None);

/// Notes what a vendor's server calls the present: the `Date` of its answer.
pub fn witness(says: Timestamp) {
    if let Ok(mut witness) = WITNESS.lock() {
        *witness = Some((Instant::now(), says));
    }
}

/// The present by what a vendor's server said last, if one has said so.
pub fn witnessed() -> Option<Timestamp> {
    let (at, says) = WITNESS.lock().ok().and_then(|witness| *witness)?;
    let elapsed = i64::try_from(at.elapsed().as_micros()).ok()?;
    Timestamp::from_microsecond(says.as_microsecond() + elapsed + SHIFT_MICROS.load(Ordering::Relaxed)).ok()
}

/// The moment `days` days before `at` (24-hour days; negative values lie in the future).
pub fn days_before(at: Timestamp, days: i64) -> Timestamp {
    at.checked_sub((days * 24).hours()).unwrap_or(at)
}
