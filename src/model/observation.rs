//! What a scan saw: one node or one edge at a time, and how completely the scope was read.

use std::fmt;

use serde_json::{Map, Value};

use super::{EdgeKind, Level, NodeRef};

/// One node as one scan saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSeen {
    /// Kind and key.
    pub node: NodeRef,
    /// The credential's or resource's type (`ssh_key`, `file`); empty for other kinds.
    pub type_: String,
    /// What people call it.
    pub name: Option<String>,
    /// Everything else the manifest yields: `emails`, `state`, `last_used`, `scopes` …
    pub attrs: Map<String, Value>,
    /// Other names for the same node within its system.
    pub aka: Vec<String>,
}

/// One edge as one scan saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeSeen {
    /// Who has.
    pub from: NodeRef,
    /// What it says.
    pub kind: EdgeKind,
    /// What they have.
    pub to: NodeRef,
    /// How far access goes, where that is known.
    pub level: Option<Level>,
    /// Everything else the manifest yields about this edge.
    pub attrs: Map<String, Value>,
}

/// One node or edge as one scan saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A node.
    Node(NodeSeen),
    /// An edge.
    Edge(EdgeSeen),
}

/// Whether a scope was read to its end. Only a complete scope may close what it no longer sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Read to its end, and believable.
    Complete,
    /// Not: and why, in words for a person.
    Gap(String),
}

/// How much of a scope a read asked for. Only a read of the whole list, or of all that changed in it, says whether the list is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The whole list.
    Whole,
    /// What changed in the list since it was last read.
    Changes,
    /// The records of one person in the list, each by a call of its own.
    Person,
}

impl Extent {
    /// As the store has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Changes => "changes",
            Self::Person => "person",
        }
    }
}

impl Coverage {
    /// Whether it is complete.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Gap(reason) => write!(f, "gap: {reason}"),
        }
    }
}
