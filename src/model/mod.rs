//! The nouns of exeunt, without any input or output: people, nodes, edges, coverage, findings, actions.

mod access;
mod case;
pub mod duration;
mod finding;
mod last_day;
mod observation;
mod tell;

pub use access::{EdgeKind, Level, NodeKind, NodeRef, normal_address, normal_alias, normal_label};
pub use case::{ALREADY, ActionState, BY_EFFECT, DepartureState, Mode, NO_READ, RETURNED, Verdict};
pub use finding::{Finding, Severity};
pub use last_day::{LastDay, Span};
pub use observation::{Coverage, EdgeSeen, Extent, NodeSeen, Observation};
pub use tell::{DeliveryKind, DeliveryState, TellEvent};

use std::fmt;

/// The name of a configured system (`okta-prod`), as the settings file has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemId(pub String);

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for SystemId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

macro_rules! row_id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

row_id! {
    /// A node's identity in the store: the same for as long as the store lives.
    NodeId,
    /// One run over one system.
    ScanId,
    /// One collection of one system (for one parent, where it is read per parent).
    ScopeId,
    /// One departure.
    DepartureId,
    /// One action of a departure's plan.
    ActionId,
    /// One task for a person.
    TaskId,
    /// One ticket or message to people.
    DeliveryId,
}
