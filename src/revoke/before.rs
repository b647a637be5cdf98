//! The state before the call, or before a person does anything, read as the proof reads it: a proof that was true before proves nothing of ours, it
//! was gone already. The reads go out while the journal is written and connections are opened, and they delay no call: what isn't back when the call
//! leaves is given up, and the last scan's reading stands.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::read::{self, Reading};
use super::run::RunDeps;
use super::spec::{Plan, PlannedAction};
use crate::clock;
use crate::connect::Lane;

/// Longest that anybody waits for it beside the other work.
const AT_MOST: Duration = Duration::from_secs(30);

/// A read that is under way, and what the last scan showed.
pub(super) struct Look {
    read: Option<JoinHandle<(Reading, jiff::Timestamp)>>,
    last: LastScan,
}

/// What the last scan showed of what an action is done to.
#[derive(Clone, Copy)]
enum LastScan {
    There,
    /// An account that is switched off, and the action switches it off.
    Gone,
}

impl LastScan {
    fn of(action: &PlannedAction) -> Self {
        let state = action.spec.scope.get("node").and_then(|node| node.get("state"));
        if action.falls.ends_node && state.is_some_and(|state| state == "disabled") { Self::Gone } else { Self::There }
    }

    /// What a fresh reading says, or what the last scan said where that tells nothing.
    fn read(self, reading: Reading, at: jiff::Timestamp) -> Before {
        match reading {
            Reading::Gone(words) => Before { gone: true, words: json!({ "state": "gone", "read": at.to_string(), "reply": words }) },
            Reading::Still(words) | Reading::Failed(words) => {
                Before { gone: false, words: json!({ "state": "there", "read": at.to_string(), "reply": words }) }
            }
            Reading::Unknown(why) => self.says(&why),
        }
    }

    fn says(self, why: &str) -> Before {
        let gone = matches!(self, Self::Gone);
        Before { gone, words: json!({ "state": if gone { "gone" } else { "there" }, "read": "by the last scan", "why": why }) }
    }
}

/// What is known of the state before a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Before {
    /// The proof was true.
    pub gone: bool,
    /// For the evidence: what was read, and when; or that the last scan's reading stands, and why.
    pub words: Value,
}

/// Begins to read the state before the calls of a plan that are new: of what may have been sent before, the state before is past.
pub(super) fn start(deps: &RunDeps, plan: &Plan, new: impl Fn(usize) -> bool) -> Vec<Option<Look>> {
    let look = |(place, action): (usize, &PlannedAction)| {
        let connection = deps.connections.get(&action.system)?.clone();
        let (name, spec) = (action.name.clone(), action.spec.clone());
        // The proof of a job asks about the job, and there is none yet.
        let asks = connection.manifest().action(&name).is_some_and(|take| take.job.is_none() && take.prove.is_some());
        (asks && new(place)).then(|| {
            let last = LastScan::of(action);
            let read = Some(tokio::spawn(async move {
                let manifest = connection.manifest().clone();
                let Some(take) = manifest.action(&name) else { return (Reading::Unknown(String::new()), clock::now()) };
                // The calls go first, and half of the emergency share of the budget is theirs alone.
                let read = tokio::time::timeout(AT_MOST, read::once_in(Lane::Look, &connection, take, &spec, None)).await;
                (read.unwrap_or_else(|_| Reading::Unknown("it was not answered in time".to_owned())), clock::now())
            }));
            Look { read, last }
        })
    };
    plan.actions.iter().enumerate().map(look).collect()
}

impl Before {
    /// The last scan showed it, and nothing was read since.
    pub(super) fn by_last_scan(why: &str) -> Self {
        LastScan::There.says(why)
    }
}

impl Look {
    /// What comes back within this time.
    pub(super) async fn settle_within(mut self, longest: Duration) -> Before {
        let Some(read) = &mut self.read else { return self.last.says("it was not read") };
        match tokio::time::timeout(longest, read).await {
            Ok(Ok((reading, at))) => self.last.read(reading, at),
            Ok(Err(_)) => self.last.says("reading it broke off"),
            Err(_) => self.last.says("it was not answered in time"),
        }
    }

    /// What has come back by now. The read is given up if it hasn't: it would see what the call has done.
    pub(super) async fn settle(mut self) -> Before {
        let Some(read) = self.read.take_if(|read| read.is_finished()) else {
            return self.last.says("it was not answered before the call left");
        };
        match read.await {
            Ok((reading, at)) => self.last.read(reading, at),
            Err(_) => self.last.says("reading it broke off"),
        }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        if let Some(read) = &self.read {
            read.abort();
        }
    }
}
