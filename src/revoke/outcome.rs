//! What came of a run, in numbers and line by line; and what a plan would do, before it runs.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::critical::{self, Measured, Waits};
use super::journal::Begin;
use super::spec::{Blind, OtherHit, Plan};
use crate::model::{ActionState, Verdict};
use crate::store::departures::ActionRow;

/// How it begins what is said of something issued before that lives on.
pub(super) const LIVES_ON: &str = "live";

/// What came of a run.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Actions that calls were sent for in this run.
    pub sent: usize,
    /// Proved gone.
    pub gone: usize,
    /// Of these, how many a read showed to be gone before the call left, or before a person did anything.
    pub already: usize,
    /// Of these, how many no read shows: the effect of another action proves them.
    #[serde(default)]
    pub by_effect: usize,
    /// Of the gone, how many leave something issued before alive for a while.
    pub lives_on: usize,
    /// Accepted, under way, not yet proved.
    pub claimed: usize,
    /// A fresh read still shows it.
    pub present: usize,
    /// Could not be told.
    pub unknown: usize,
    /// Refused by the system.
    pub refused: usize,
    /// Given up: a person must look.
    pub stuck: usize,
    /// A person does it.
    pub handed_off: usize,
    /// From the first call to the last of those that wait for nothing.
    pub first_to_last_call_ms: f64,
    /// From the start of the run to its last proof.
    pub window_ms: f64,
    /// The longest chain of waits that vendors force, as measured.
    pub critical_path_ms: f64,
    /// The actions on it.
    pub critical_path: Vec<String>,
    /// The window over the critical path.
    pub window_over_critical_path: Option<f64>,
    /// Line by line.
    pub actions: Vec<Line>,
}

/// What came of one action.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its number.
    pub number: u32,
    /// Its system.
    pub system: String,
    /// What it did.
    pub label: String,
    /// Where it stands.
    pub state: String,
    /// Whether a call was sent for it.
    #[serde(default)]
    pub sent: bool,
    /// What the fresh read said.
    pub verdict: Option<String>,
    /// The reason of a refusal or a doubt, or what lives on.
    pub why: Option<String>,
    /// From its call to its proof, in this run.
    pub took_ms: Option<f64>,
}

/// Sums a run up from the store's rows and the times taken.
pub(super) fn summarize(
    plan: &Plan,
    began_with: &[(ActionRow, Begin)],
    rows: &[ActionRow],
    measured: &[Option<Measured>],
    waits: &[Waits],
    began: Instant,
) -> Outcome {
    let mut outcome = Outcome { sent: measured.iter().flatten().count(), ..Outcome::default() };
    outcome.judge_again(rows);
    for line in &mut outcome.actions {
        let place =
            rows.iter().find(|row| row.number == line.number).and_then(|row| began_with.iter().position(|(known, _)| known.id == row.id));
        line.took_ms = place.and_then(|place| measured[place]).map(|times| millis(times.ended().duration_since(times.sent)));
    }
    let unblocked = |place: &usize| waits[*place].after.is_empty();
    let calls: Vec<Instant> = (0..measured.len()).filter(unblocked).filter_map(|place| measured[place]).map(|times| times.sent).collect();
    if let (Some(first), Some(last)) = (calls.iter().min(), calls.iter().max()) {
        outcome.first_to_last_call_ms = millis(last.duration_since(*first));
    }
    if let Some(last) = measured.iter().flatten().filter(|times| times.proved).map(Measured::ended).max() {
        outcome.window_ms = millis(last.duration_since(began));
    }
    let first = |place: usize| measured[place].map_or(Duration::ZERO, |times| times.judged.saturating_duration_since(times.sent));
    let second = |place: usize| {
        let again = measured[place].and_then(|times| times.again);
        again.map_or(Duration::ZERO, |(sent, judged)| judged.saturating_duration_since(sent))
    };
    let (length, places) = critical::longest(waits, first, second);
    outcome.critical_path_ms = millis(length);
    outcome.critical_path = places.iter().filter_map(|place| plan.actions.get(*place)).map(|action| action.label.clone()).collect();
    outcome.window_over_critical_path =
        (outcome.critical_path_ms > 0.0 && outcome.window_ms > 0.0).then(|| outcome.window_ms / outcome.critical_path_ms);
    outcome
}

impl Outcome {
    /// This outcome as a later wave of the same case left things: where each action stands is the later one's word, the window is this one's.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            sent: self.sent + later.sent,
            first_to_last_call_ms: self.first_to_last_call_ms,
            window_ms: self.window_ms,
            critical_path_ms: self.critical_path_ms,
            critical_path: self.critical_path,
            window_over_critical_path: self.window_over_critical_path,
            actions: later
                .actions
                .iter()
                .map(|line| {
                    let before = self.actions.iter().find(|known| known.number == line.number);
                    Line { took_ms: line.took_ms.or(before.and_then(|line| line.took_ms)), ..line.clone() }
                })
                .collect(),
            ..later
        }
    }

    /// Counts anew how the actions stand; the times of the run stay.
    pub fn judge_again(&mut self, rows: &[ActionRow]) {
        let count = |state: ActionState| rows.iter().filter(|row| row.state == state).count();
        let judged = |verdict: Verdict| rows.iter().filter(|row| row.verdict == Some(verdict)).count();
        (self.handed_off, self.refused, self.stuck) =
            (count(ActionState::HandedOff), count(ActionState::Refused), count(ActionState::Stuck));
        (self.gone, self.claimed) = (judged(Verdict::Gone), judged(Verdict::Claimed));
        (self.present, self.unknown) = (judged(Verdict::Present), judged(Verdict::Unknown));
        self.already = rows.iter().filter(|row| row.was_gone_already()).count();
        self.by_effect = rows.iter().filter(|row| row.by_effect()).count();
        let gone = rows.iter().filter(|row| row.state == ActionState::Gone).filter_map(|row| row.why.as_deref());
        self.lives_on = gone.filter(|why| why.split("; ").any(|part| part.starts_with(LIVES_ON))).count();
        let took: std::collections::BTreeMap<u32, Option<f64>> = self.actions.iter().map(|line| (line.number, line.took_ms)).collect();
        self.actions = rows.iter().map(|row| Line { took_ms: took.get(&row.number).copied().flatten(), ..Line::of(row) }).collect();
    }
}

impl Line {
    fn of(row: &ActionRow) -> Self {
        Self {
            number: row.number,
            system: row.system.clone(),
            label: row.label.clone(),
            state: row.state.word().into(),
            sent: row.sent.is_some(),
            verdict: row.verdict.map(|verdict| verdict.word().into()),
            why: row.why.clone(),
            took_ms: None,
        }
    }
}

/// To a tenth of a millisecond.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// What a plan would do, for a dry run.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct DryRun {
    /// Calls that would be fired.
    pub actions: usize,
    /// On so many systems.
    pub systems: usize,
    /// Tasks for people.
    pub tasks: usize,
    /// The longest chain of waits that vendors force: the actions on it.
    pub critical_path: Vec<String>,
    /// How long it takes, where all of it was measured before.
    pub critical_path_ms: Option<f64>,
    /// Actions that can't be taken back.
    pub irreversible: Vec<String>,
    /// What the systems concerned can't show.
    pub blind_spots: Vec<Blind>,
    /// Who else loses access.
    pub others_hit: Vec<OtherHit>,
    /// Why it may not run.
    pub blocked: Vec<String>,
}

/// What a plan would do. `typical` says how long an action of a system took before, where that is known.
pub fn dry_run(plan: &Plan, typical: impl Fn(&str, &str) -> Option<Duration>) -> DryRun {
    let place = |number: &u32| plan.actions.iter().position(|action| action.number == *number);
    let waits: Vec<Waits> = plan
        .actions
        .iter()
        .map(|action| Waits {
            after: action.after.iter().filter_map(place).collect(),
            again: action.again_after.iter().filter_map(place).collect(),
        })
        .collect();
    let known = |place: usize| plan.actions.get(place).and_then(|action| typical(&action.system, &action.name));
    let api = || plan.actions.iter().filter(|action| !action.hand_off);
    let all_known = (0..plan.actions.len()).filter(|place| !plan.actions[*place].hand_off).all(|place| known(place).is_some());
    // Unmeasured, every step counts alike; people's tasks take no part in the window.
    let length = |place: usize| {
        if plan.actions[place].hand_off {
            Duration::ZERO
        } else if all_known {
            known(place).unwrap_or_default()
        } else {
            Duration::from_secs(1)
        }
    };
    let (longest, places) = critical::longest(&waits, length, length);
    DryRun {
        actions: api().count(),
        systems: plan.systems().len(),
        tasks: plan.tasks.len(),
        critical_path: places.iter().map(|place| plan.actions[*place].label.clone()).collect(),
        critical_path_ms: (all_known && !places.is_empty()).then(|| millis(longest)),
        irreversible: api().filter(|action| action.irreversible).map(|action| action.label.clone()).collect(),
        blind_spots: plan.blind_spots.clone(),
        others_hit: plan.others_hit.clone(),
        blocked: plan.blocked.clone(),
    }
}
