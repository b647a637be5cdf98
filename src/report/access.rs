//! Access: every executive's reach in one matrix of people and systems.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Counts, Facts, Gap, PersonHead};
use crate::graph::Person;
use crate::model::{EdgeKind, Level, NodeKind};

/// Who reaches how much of what.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Access {
    /// The company.
    pub company: String,
    /// The moment.
    pub at: Timestamp,
    /// When HR was read to its end last; none if it never was. Where there are several HR systems: the one of which that is longest ago.
    pub hr_read: Option<Timestamp>,
    /// The systems, which are the columns.
    pub systems: Vec<String>,
    /// The people, which are the rows.
    pub people: Vec<PersonAccess>,
    /// What should have been read and wasn't: there may be more than is shown.
    pub gaps: Vec<Gap>,
}

/// What one person reaches.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct PersonAccess {
    /// Who.
    pub person: PersonHead,
    /// Everything they reach, all systems together.
    pub reached: u64,
    /// Their open findings.
    pub findings: Counts,
    /// By system; one that they don't reach is left out.
    pub systems: BTreeMap<String, SystemAccess>,
}

/// What one person reaches on one system.
#[derive(Serialize, JsonSchema, Debug, Clone, Default, PartialEq)]
pub struct SystemAccess {
    /// Everything: accounts, groups, roles, apps, credentials, devices, resources.
    pub reached: u64,
    /// Accounts.
    pub accounts: u64,
    /// Of these, accounts that are switched on.
    pub active: u64,
    /// Roles.
    pub roles: u64,
    /// Credentials.
    pub credentials: u64,
    /// Devices.
    pub devices: u64,
    /// Resources.
    pub resources: u64,
    /// Things that they own or administer.
    pub controls: u64,
    /// Their open findings here.
    pub findings: Counts,
}

impl Access {
    /// The matrix of the executives, or of one person.
    pub fn of(facts: &Facts, person: Option<&Person>) -> Self {
        let graph = &facts.graph;
        let mut systems: BTreeSet<String> = BTreeSet::new();
        let mut people = Vec::new();
        for one in facts.people.iter().filter(|one| person.map_or(one.executive, |person| person.id == one.id)) {
            let reach = facts.reach(one);
            let mut row: BTreeMap<String, SystemAccess> = BTreeMap::new();
            for index in reach.access(graph) {
                let node = &graph.net[index];
                let cell = row.entry(node.system.clone()).or_default();
                cell.reached += 1;
                match node.kind {
                    NodeKind::Account => {
                        cell.accounts += 1;
                        cell.active += u64::from(!node.disabled());
                    }
                    NodeKind::Role => cell.roles += 1,
                    NodeKind::Credential => cell.credentials += 1,
                    NodeKind::Device => cell.devices += 1,
                    NodeKind::Resource => cell.resources += 1,
                    _ => {}
                }
                let controls = graph.into(index).any(|(_, edge, from)| {
                    reach.holds(from) && (edge.kind == EdgeKind::Owns || matches!(edge.level, Some(Level::Admin | Level::Owner)))
                });
                cell.controls += u64::from(controls);
            }
            for (system, cell) in &mut row {
                let here = facts.findings.iter().filter(|finding| finding.person == Some(one.id) && finding.system == *system);
                cell.findings = Counts::of(here.map(|finding| finding.severity));
            }
            systems.extend(row.keys().cloned());
            people.push(PersonAccess {
                person: PersonHead::of(one, facts.at),
                reached: row.values().map(|cell| cell.reached).sum(),
                findings: Counts::of(
                    facts.findings.iter().filter(|finding| finding.person == Some(one.id)).map(|finding| finding.severity),
                ),
                systems: row,
            });
        }
        Self {
            company: facts.company.clone(),
            at: facts.at,
            hr_read: facts.hr_read,
            systems: systems.into_iter().collect(),
            people,
            gaps: facts.gaps(),
        }
    }
}
