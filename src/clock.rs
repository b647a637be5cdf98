//! The only place that reads the clock, so that time can be reasoned about (and, in tests, set).

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{Span, Timestamp, ToSpan};

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

/// The moment `days` days before `at` (24-hour days; negative values lie in the future).
pub fn days_before(at: Timestamp, days: i64) -> Timestamp {
    at.checked_sub((days * 24).hours()).unwrap_or(at)
}
