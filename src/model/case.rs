//! A departure and its actions: modes, states and their legal moves, and verdicts.

use super::access::words;
use std::fmt;
use std::str::FromStr;

words! {
    /// What a departure takes away.
    Mode {
        /// Lock down and watch; the person still works here.
        Notice = "notice",
        /// Everything.
        Departure = "departure",
        /// Suspend what can be given back.
        Leave = "leave",
    }
}

words! {
    /// What a fresh read says about an action's effect.
    Verdict {
        /// Proved: a fresh read shows it gone.
        Gone = "gone",
        /// Accepted by the system, not yet proved.
        Claimed = "claimed",
        /// A fresh read still shows it.
        Present = "present",
        /// Could not be told.
        Unknown = "unknown",
    }
}

words! {
    /// Where an action stands.
    ActionState {
        /// In the plan, nothing sent.
        Planned = "planned",
        /// The journal says that its call is leaving.
        Fired = "fired",
        /// The system took it (or had it already).
        Accepted = "accepted",
        /// A fresh read shows its effect.
        Gone = "gone",
        /// The system said no, with a reason that trying again won't change.
        Refused = "refused",
        /// Tried long enough: a person must look.
        Stuck = "stuck",
        /// Handed to a person.
        HandedOff = "handed_off",
    }
}

/// What is said of an action whose effect a later read no longer shows.
pub const RETURNED: &str = "it came back: it was proved gone, and a fresh read shows it again";

/// How the reason begins that is kept with a hand-off which no read can prove: a person's word closes it, and it never counts as proved.
pub const NO_READ: &str = "no read can show it";

/// How the reason begins that is kept with an action whose proof was true before its call, or before a person did anything.
pub const ALREADY: &str = "was gone already";

/// What is said of a call that no read shows, before the name of the action whose effect proves it.
pub const BY_EFFECT: &str = "no read shows this call; proved by the effect of";

impl ActionState {
    /// Whether an action may move from this state to `next`. Every legal move stands here.
    pub fn may_become(self, next: Self) -> bool {
        use ActionState::{Accepted, Fired, Gone, HandedOff, Planned, Refused, Stuck};
        matches!(
            (self, next),
            // A proof read may find the thing gone before anything was sent (recovery, or a vendor's cascade).
            (Planned, Fired | Gone | HandedOff | Refused | Stuck)
                | (Fired, Accepted | Gone | Refused | Stuck | Fired)
                | (Accepted, Gone | Stuck | Fired)
                // A person solved it, or it was tried again.
                | (Refused | Stuck, Fired | Gone | HandedOff)
                // What was refused is looked at again, and can't be read or begun.
                | (Refused, Stuck)
                | (HandedOff, Gone | Fired)
                // It came back: taken away again, by us or by a person.
                | (Gone, Fired | Stuck | HandedOff)
        )
    }
}

words! {
    /// Where a departure stands.
    DepartureState {
        /// Waiting for its time.
        Scheduled = "scheduled",
        /// Waiting for somebody's approval of the exact plan.
        Waiting = "waiting",
        /// Actions are being fired and proved.
        Running = "running",
        /// Everything fired and judged; hand-offs or claims are open.
        Open = "open",
        /// Nothing is left to do.
        Closed = "closed",
        /// Called off before it ran.
        Cancelled = "cancelled",
    }
}

impl DepartureState {
    /// Whether a departure may move from this state to `next`. Every legal move stands here.
    pub fn may_become(self, next: Self) -> bool {
        use DepartureState::{Cancelled, Closed, Open, Running, Scheduled, Waiting};
        matches!(
            (self, next),
            (Scheduled, Waiting | Running | Cancelled)
                | (Waiting, Scheduled | Running | Cancelled)
                | (Running, Open | Closed)
                | (Open, Running | Closed)
                // Something came back.
                | (Closed, Running | Open)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_planned_again_and_a_cancelled_case_stays_so() {
        for state in ActionState::ALL {
            assert!(!state.may_become(ActionState::Planned), "{state}");
        }
        for state in DepartureState::ALL {
            assert!(!DepartureState::Cancelled.may_become(*state), "{state}");
        }
    }
}
