//! A finding: one shadow-access check that matched, with the facts behind it.

use super::access::words;
use super::{NodeId, SystemId};
use std::fmt;
use std::str::FromStr;

words! {
    /// How bad a finding is. Ordered: `Low < Critical`.
    Severity {
        /// Hygiene.
        Low = "low",
        /// Dies with the account, but may come back.
        Medium = "medium",
        /// Survives the account, or gives administration.
        High = "high",
        /// Survives the account and reaches far, or data leaves at this moment.
        Critical = "critical",
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The check's name (`mail-forwarding`).
    pub check: &'static str,
    /// Its number in the catalogue (`S11`).
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Whose access it is; none for a gap that concerns everyone.
    pub person: Option<NodeId>,
    /// Where.
    pub system: SystemId,
    /// The node it is about, where it is about one.
    pub node: Option<NodeId>,
    /// The key of what it is about: a node's key, a scope's name, an app's key. Stable from scan to scan.
    pub subject: String,
    /// What people call the subject.
    pub label: String,
    /// One line for the reader: what is wrong.
    pub title: String,
    /// The facts behind it, each a short line.
    pub facts: Vec<String>,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    /// What makes two findings the same one, night after night: check, person, system and subject.
    pub fn key(&self) -> String {
        let person = self.person.map(|id| id.to_string()).unwrap_or_default();
        format!("{}|{person}|{}|{}", self.check, self.system, self.subject)
    }
}
