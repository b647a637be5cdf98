//! Revoking: plan what is taken away, prove on the graph that it is a cut, fire it all at once, prove each by a fresh read.
//!
//! `plan` and `cut` are pure. `run` writes the journal before it acts, so that `run` again, after a crash, reads first and
//! fires only what isn't gone. What no call can do becomes a task; what a call didn't do becomes one too.

mod action;
mod before;
mod by_hand;
mod call;
mod candidates;
mod critical;
mod cut;
pub mod doubts;
mod journal;
mod order;
mod others;
mod outcome;
pub mod own;
mod plan;
mod read;
mod recheck;
mod run;
mod shown;
mod spec;

#[cfg(test)]
mod tests;

pub use cut::{Cut, prove};
pub use outcome::{DryRun, Line, Outcome, dry_run};
pub use plan::{Rules, SystemFacts, is_there, plan};
pub use recheck::{Rechecked, recheck};
pub use run::{Options, Progress, RunDeps, run, warm};
pub use shown::{listed, shown};
pub use spec::{
    Blind, Doubt, EdgeName, Falls, Kept, OtherHit, OwnCredential, OwnUnknown, Plan, PlannedAction, PlannedTask, ResidualPath, Spec, WAITS,
    Who, case_name,
};
