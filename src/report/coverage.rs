//! Coverage: how much of each system was read, what wasn't and why, and what can't be seen at all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{BlindSpot, Facts, Gap};

/// How much was read.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The company.
    pub company: String,
    /// The moment.
    pub at: Timestamp,
    /// Scopes known.
    pub scopes: u64,
    /// Scopes read to their end.
    pub complete: u64,
    /// The systems, by name.
    pub systems: Vec<SystemCoverage>,
    /// Names in edges that no node of their system has.
    pub dangling: u64,
    /// Open findings that say that something can't be seen (an app without a scanner, say).
    pub unseen: Vec<String>,
}

/// How much of one system was read.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct SystemCoverage {
    /// The system.
    pub system: String,
    /// What sort of system it is.
    pub category: String,
    /// Scopes known.
    pub scopes: u64,
    /// Scopes read to their end.
    pub complete: u64,
    /// What the last reads saw: nodes and edges.
    pub seen: u64,
    /// When it was read last.
    pub read: Option<Timestamp>,
    /// What wasn't read.
    pub gaps: Vec<Gap>,
    /// Attributes that no record filled, though an earlier scan had them: `collection: attribute`.
    pub drift: Vec<String>,
    /// What its API can't show.
    pub blind_spots: Vec<BlindSpot>,
}

impl Coverage {
    /// The coverage of every system.
    pub fn of(facts: &Facts) -> Self {
        let mut gaps: BTreeMap<String, Vec<Gap>> = BTreeMap::new();
        for gap in facts.gaps() {
            gaps.entry(gap.system.clone()).or_default().push(gap);
        }
        let failed: BTreeSet<&str> =
            facts.scans.iter().filter(|scan| scan.outcome.as_deref() == Some("failed")).map(|scan| scan.system.as_str()).collect();
        let mut names: BTreeSet<&str> = facts.graph.systems().collect();
        names.extend(facts.config.systems.keys().map(String::as_str));
        let systems: Vec<SystemCoverage> = names
            .into_iter()
            .map(|name| {
                let rows: Vec<_> = facts.coverage.iter().filter(|row| row.system == name).collect();
                let drift: BTreeSet<String> =
                    rows.iter().flat_map(|row| row.drift.iter().map(move |attribute| format!("{}: {attribute}", row.collection))).collect();
                SystemCoverage {
                    system: name.to_owned(),
                    category: facts.graph.category(name).to_owned(),
                    scopes: rows.len() as u64,
                    // What could not be read at the last scan is as an earlier one saw it.
                    complete: if failed.contains(name) { 0 } else { rows.iter().filter(|row| row.coverage.is_complete()).count() as u64 },
                    seen: rows.iter().map(|row| row.seen).sum(),
                    read: rows.iter().map(|row| row.at).max(),
                    gaps: gaps.remove(name).unwrap_or_default(),
                    drift: drift.into_iter().collect(),
                    blind_spots: facts.blind_spots.iter().filter(|spot| spot.system == name).cloned().collect(),
                }
            })
            .collect();
        Self {
            company: facts.company.clone(),
            at: facts.at,
            scopes: systems.iter().map(|system| system.scopes).sum(),
            complete: systems.iter().map(|system| system.complete).sum(),
            dangling: facts.graph.dangling as u64,
            // A collection that wasn't read stands among the gaps already.
            unseen: facts
                .findings
                .iter()
                .filter(|row| {
                    row.check == "coverage-gap"
                        && !facts.coverage.iter().any(|scope| scope.system == row.system && scope.collection == row.subject)
                })
                .map(|row| format!("{}: {}", row.system, row.title))
                .collect(),
            systems,
        }
    }

    /// Whether something that should have been read wasn't.
    pub fn has_gaps(&self) -> bool {
        self.systems.iter().any(|system| !system.gaps.is_empty())
    }

    /// The share of known scopes that were read to their end, in whole percent, rounded down: 100 means all, and no gap beside.
    pub fn percent(&self) -> u64 {
        let whole = (self.complete * 100).checked_div(self.scopes).unwrap_or_default();
        if self.has_gaps() { whole.min(99) } else { whole }
    }
}
