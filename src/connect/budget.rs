//! What a vendor allows in a time, shared by all calls to one system, with a share that scans leave free.
//!
//! Every request holds a place in the budget from when it leaves until `per` after its answer came, because the vendor counted
//! it somewhere between. Where replies name the moment at which the count starts anew, all places are free again then.
//! So a scan sends at the vendor's rate, and no window of the vendor's, however it lies, sees more than the budget.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::{Lane, retry};
use crate::manifest::raw;

pub(super) struct Budget {
    limits: Option<Limits>,
    state: Mutex<State>,
    changed: Notify,
}

struct Limits {
    requests: usize,
    /// What scans may use of them.
    for_scans: usize,
    /// What reads may use that HR's word or a departure waits for.
    for_looks: usize,
    per: Duration,
    remaining: Option<String>,
    reset: Option<String>,
}

#[derive(Default)]
struct State {
    in_flight: usize,
    /// When places held by answered requests are free again, soonest first.
    taken: VecDeque<Instant>,
    /// When the vendor starts counting anew, as its last replies said.
    renews: Option<Instant>,
    /// Scans wait until then.
    paused: Option<Instant>,
}

/// A place in the budget, held while a request is under way.
pub(super) struct Place<'a>(&'a Budget);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let (Some(limits), Ok(mut state)) = (&self.0.limits, self.0.state.lock()) {
            state.in_flight = state.in_flight.saturating_sub(1);
            state.taken.push_back(Instant::now() + limits.per);
        }
        self.0.changed.notify_waiters();
    }
}

impl Budget {
    pub(super) fn new(budget: Option<&raw::Budget>, emergency: Option<&str>) -> Result<Self, String> {
        let limits = budget
            .map(|budget| {
                let requests = usize::try_from(budget.requests.max(1)).unwrap_or(usize::MAX);
                let share = percent(emergency.unwrap_or("20%"))?;
                let kept = (requests as f64 * share).ceil() as usize;
                Ok::<_, String>(Limits {
                    requests,
                    for_scans: requests.saturating_sub(kept).max(1),
                    for_looks: requests.saturating_sub(kept / 2).max(1),
                    per: duration(&budget.per)?,
                    remaining: budget.remaining.as_ref().map(|name| name.to_lowercase()),
                    reset: budget.reset.as_ref().map(|name| name.to_lowercase()),
                })
            })
            .transpose()?;
        Ok(Self { limits, state: Mutex::default(), changed: Notify::new() })
    }

    /// How long the vendor still wants scans to wait, if it asked for longer than they wait in place.
    pub(super) fn asked_away(&self) -> Option<Duration> {
        let left = self.state.lock().ok()?.paused?.saturating_duration_since(Instant::now());
        (left > retry::SCAN_WAITS).then_some(left)
    }

    /// Waits for a place; none if there was none before `deadline`, or if a scan is to come back later.
    pub(super) async fn place(&self, lane: Lane, deadline: Option<Instant>) -> Option<Place<'_>> {
        loop {
            // Asked for before looking, so that no change in between is missed.
            let changed = self.changed.notified();
            if lane.is_patient() && self.asked_away().is_some() {
                return None;
            }
            let wake = match self.try_take(lane) {
                Ok(()) => return Some(Place(self)),
                Err(wake) => wake,
            };
            let until = match (wake, deadline) {
                (Some(wake), Some(deadline)) => Some(wake.min(deadline)),
                (wake, deadline) => wake.or(deadline),
            };
            match until {
                Some(until) => tokio::select! { () = sleep_until(until) => {}, () = changed => {} },
                None => changed.await,
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return self.try_take(lane).ok().map(|()| Place(self));
            }
        }
    }

    /// Takes a place, or says when to look again.
    fn try_take(&self, lane: Lane) -> Result<(), Option<Instant>> {
        let now = Instant::now();
        let Ok(mut state) = self.state.lock() else { return Ok(()) };
        if lane.is_patient() || lane == Lane::Tell {
            match state.paused {
                Some(until) if until > now => return Err(Some(until)),
                _ => state.paused = None,
            }
        }
        let Some(limits) = &self.limits else { return Ok(()) };
        state.settle(now);
        let allowed = match lane {
            Lane::Scan | Lane::Tell => limits.for_scans,
            Lane::Look => limits.for_looks,
            Lane::Revoke | Lane::Prove => limits.requests,
        };
        if state.in_flight + state.taken.len() < allowed {
            state.in_flight += 1;
            return Ok(());
        }
        Err(state.renews.into_iter().chain(state.taken.front().copied()).min())
    }

    /// How many connections to open ahead: each costs a request, and a departure needs those for itself.
    pub(super) fn knocks(&self, wanted: usize) -> usize {
        let most = self.limits.as_ref().map_or(64, |limits| (limits.requests / 10).max(1));
        wanted.min(most).min(64)
    }

    /// Learns from a reply's headers how much is left, and until when. Called while the reply's place is still held.
    pub(super) fn learn(&self, header: impl Fn(&str) -> Option<String>, now: Timestamp) {
        let Some(limits) = &self.limits else { return };
        let remaining = limits.remaining.as_ref().and_then(|name| header(name)?.trim().parse::<f64>().ok());
        let reset = limits.reset.as_ref().and_then(|name| header(name));
        let reset = reset.and_then(|text| until_reset(&text, header("date").as_deref(), now));
        let at = Instant::now();
        let Ok(mut state) = self.state.lock() else { return };
        state.settle(at);
        if let Some(reset) = reset.filter(|reset| !reset.is_zero()) {
            state.renews = Some(at + reset);
        }
        // Somebody else uses this budget as well: their requests hold places too. This reply's own place counts already.
        // A reply of a count that has run out meanwhile says nothing of the one that has begun.
        let stale = reset.is_some_and(|reset| reset.is_zero());
        if let Some(remaining) = remaining.filter(|left| *left >= 0.0 && !stale) {
            let used = limits.requests.saturating_sub(remaining as usize);
            let until = state.renews.unwrap_or(at + limits.per);
            for _ in (state.in_flight + state.taken.len())..used {
                state.taken.push_back(until);
            }
            state.taken.make_contiguous().sort_unstable();
        }
    }

    /// Scans wait: the vendor said that it is too much.
    pub(super) fn pause(&self, time: Duration) {
        if let Ok(mut state) = self.state.lock() {
            // A century is as good as for ever, and no overflow.
            let until = Instant::now() + time.min(Duration::from_secs(3_000_000_000));
            state.paused = Some(state.paused.map_or(until, |known| known.max(until)));
        }
    }
}

impl State {
    fn settle(&mut self, now: Instant) {
        if self.renews.is_some_and(|at| at <= now) {
            self.renews = None;
            self.taken.clear();
        }
        while self.taken.front().is_some_and(|at| *at <= now) {
            self.taken.pop_front();
        }
    }
}

/// Time until the vendor counts anew: the header has epoch seconds (or milliseconds), or seconds from now. Epoch seconds
/// are held against the vendor's own clock when that differs from ours.
fn until_reset(text: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    let seconds = if number < 100_000_000.0 {
        number
    } else {
        let epoch = if number > 100_000_000_000.0 { number / 1000.0 } else { number };
        let ours = now.as_microsecond() as f64 / 1e6;
        let theirs = date.and_then(retry::http_date).map(|at| at.as_second() as f64);
        epoch - theirs.filter(|theirs| (theirs - ours).abs() > 2.0).unwrap_or(ours)
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// `60s`, `15m`, `1h`, `1d`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let scale = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(format!("{text:?} is no time: write 60s, 15m, 1h or 1d")),
    };
    let seconds = number.trim().parse::<f64>().ok().filter(|n| *n > 0.0);
    seconds
        .and_then(|n| Duration::try_from_secs_f64(n * scale).ok())
        .ok_or_else(|| format!("{text:?} is no time: write 60s, 15m, 1h or 1d"))
}

/// `40%` as 0.4.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>();
    number
        .ok()
        .filter(|n| (0.0..=100.0).contains(n))
        .map(|n| n / 100.0)
        .ok_or_else(|| format!("connect.emergency {text:?} is no share: write 20%"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::time::{sleep, timeout};

    const MS: Duration = Duration::from_millis(1);

    fn budget(requests: u64, per: &str, headers: bool) -> Budget {
        let name = |name: &str| headers.then(|| name.to_owned());
        let raw = raw::Budget { requests, per: per.into(), remaining: name("X-Left"), reset: name("X-Reset") };
        Budget::new(Some(&raw), Some("40%")).unwrap()
    }

    // Trust: What was done.
    #[tokio::test(start_paused = true)]
    async fn a_scan_waits_as_long_as_it_is_asked_to_or_comes_back() {
        let budget = budget(10, "1s", false);
        budget.pause(Duration::from_secs(200));
        let from = Instant::now();
        assert!(budget.asked_away().is_none() && budget.place(Lane::Scan, None).await.is_some());
        assert!(from.elapsed() >= Duration::from_secs(200), "{:?}", from.elapsed());
        budget.pause(Duration::from_secs(3600));
        let from = Instant::now();
        assert!(budget.place(Lane::Scan, None).await.is_none() && from.elapsed() < Duration::from_secs(1));
        assert_eq!(budget.asked_away(), Some(Duration::from_secs(3600)));
        assert!(budget.place(Lane::Revoke, None).await.is_some(), "a departure goes on");
        tokio::time::sleep(Duration::from_secs(3601)).await;
        assert!(budget.place(Lane::Scan, None).await.is_some());
    }

    async fn taken_at_once(budget: &Budget, lane: Lane) -> usize {
        let mut count = 0;
        while let Ok(Some(place)) = timeout(MS * 2, budget.place(lane, None)).await {
            drop(place);
            count += 1;
        }
        count
    }

    #[tokio::test]
    async fn scans_leave_the_reserve_and_departures_get_it() {
        let budget = budget(10, "300ms", false);
        assert_eq!(taken_at_once(&budget, Lane::Scan).await, 6);
        assert_eq!(taken_at_once(&budget, Lane::Revoke).await, 4);
        assert_eq!(taken_at_once(&budget, Lane::Prove).await, 0);
        let deadline = Instant::now() + MS * 30;
        assert!(budget.place(Lane::Revoke, Some(deadline)).await.is_none());
        sleep(MS * 300).await;
        assert_eq!(taken_at_once(&budget, Lane::Scan).await, 6);
    }

    #[tokio::test]
    async fn what_hr_s_word_waits_for_passes_before_scans_and_after_departures() {
        let budget = budget(10, "300ms", false);
        assert_eq!(taken_at_once(&budget, Lane::Scan).await, 6);
        assert_eq!(taken_at_once(&budget, Lane::Look).await, 2, "half of the reserve");
        assert_eq!(taken_at_once(&budget, Lane::Revoke).await, 2, "the other half");
    }

    #[tokio::test]
    async fn a_scan_runs_at_the_rate_and_never_over_it() {
        let budget = budget(10, "200ms", false);
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..30 {
            let place = budget.place(Lane::Scan, None).await.unwrap();
            sent.push(start.elapsed());
            drop(place);
        }
        for (index, at) in sent.iter().enumerate().skip(6) {
            assert!(*at >= sent[index - 6] + MS * 200, "{index}");
        }
        // Thirty at six in a time: the first six leave at once, so four times are the bound.
        assert!(start.elapsed() < (MS * 800).mul_f64(1.25), "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn replies_say_what_is_left_and_until_when() {
        let budget = budget(10, "1h", true);
        let place = budget.place(Lane::Scan, None).await.unwrap();
        let said = |name: &str| [("x-left", "5"), ("x-reset", "0.3")].into_iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        budget.learn(said, Timestamp::UNIX_EPOCH);
        drop(place);
        // Five are gone, though only one was ours.
        assert_eq!(taken_at_once(&budget, Lane::Scan).await, 1);
        assert_eq!(taken_at_once(&budget, Lane::Revoke).await, 4);
        let start = Instant::now();
        drop(budget.place(Lane::Scan, None).await.unwrap());
        assert!(start.elapsed() <= MS * 400, "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn a_pause_holds_scans_only() {
        let budget = budget(10, "1h", false);
        budget.pause(MS * 200);
        assert!(timeout(MS * 100, budget.place(Lane::Scan, None)).await.is_err());
        assert_eq!(taken_at_once(&budget, Lane::Revoke).await, 10);
        assert_eq!((budget.knocks(0), budget.knocks(30)), (0, 1));
        let budget = Budget::new(None, None).unwrap();
        budget.pause(MS * 100);
        assert!(timeout(MS * 500, budget.place(Lane::Scan, None)).await.unwrap().is_some());
    }

    #[test]
    fn times_shares_and_resets() {
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        assert!(duration("soon").is_err() && duration("0s").is_err());
        assert_eq!(percent("40%"), Ok(0.4));
        assert!(percent("half").is_err());
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(until_reset("30", None, now), Some(Duration::from_secs(30)));
        assert_eq!(until_reset("1700000030", None, now), Some(Duration::from_secs(30)));
        let skewed = "Tue, 14 Nov 2023 22:14:20 GMT"; // 60 s ahead of us
        assert_eq!(until_reset("1700000090", Some(skewed), now), Some(Duration::from_secs(30)));
    }
}
