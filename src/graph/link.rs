//! Links: the claims that accounts are people's.

use jiff::Timestamp;

use crate::model::NodeId;

/// How sure a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkState {
    /// The rules are sure.
    Certain,
    /// The rules think so: a person should look.
    Likely,
    /// Something speaks against it, or several people could be meant.
    Disputed,
    /// Somebody said yes.
    Confirmed,
    /// Somebody said no.
    Rejected,
}

impl LinkState {
    /// The state of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "certain" => Self::Certain,
            "likely" => Self::Likely,
            "disputed" => Self::Disputed,
            "confirmed" => Self::Confirmed,
            "rejected" => Self::Rejected,
            _ => return None,
        })
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Disputed => "disputed",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }

    /// Whether exeunt acts on it without a person's word.
    pub fn is_sure(self) -> bool {
        matches!(self, Self::Certain | Self::Confirmed)
    }
}

/// The claim that an account is a person's.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id in the store.
    pub id: i64,
    /// The person.
    pub person: NodeId,
    /// The account.
    pub account: NodeId,
    /// How sure.
    pub state: LinkState,
    /// 0 to 1.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// Why a person should look at it although it is acted on.
    pub doubt: Option<String>,
    /// Since when it has been so.
    pub since: Timestamp,
}

impl Link {
    /// Whether a person should look: the rules are not sure, or no longer supported.
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.is_some() || matches!(self.state, LinkState::Likely | LinkState::Disputed)
    }
}
