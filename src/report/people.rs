//! Everybody that HR knows, with how much they have and what is wrong with it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Counts, Facts, PersonHead};
use crate::model::NodeId;

/// Everybody that HR knows.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct People {
    /// The company.
    pub company: String,
    /// The moment.
    pub at: Timestamp,
    /// When HR was read to its end last; none if it never was. Where there are several HR systems: the one of which that is longest ago.
    pub hr_read: Option<Timestamp>,
    /// The people, by name.
    pub people: Vec<PersonLine>,
}

/// One person.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct PersonLine {
    /// Who they are.
    #[serde(flatten)]
    pub person: PersonHead,
    /// How many accounts are surely theirs.
    pub accounts: u64,
    /// On how many systems.
    pub systems: u64,
    /// Accounts that might be theirs, or of which it is no longer supported that they are: a person should look.
    pub unsure: u64,
    /// Open findings about them.
    pub findings: Counts,
}

impl People {
    /// Everybody, or the executives alone.
    pub fn of(facts: &Facts, executives: bool) -> Self {
        let mut severities: HashMap<NodeId, Vec<_>> = HashMap::new();
        for row in &facts.findings {
            if let Some(person) = row.person {
                severities.entry(person).or_default().push(row.severity);
            }
        }
        let mut unsure: HashMap<NodeId, u64> = HashMap::new();
        for link in &facts.graph.links {
            if link.is_in_doubt() {
                *unsure.entry(link.person).or_default() += 1;
            }
        }
        let people = facts.people.iter().filter(|person| !executives || person.executive).map(|person| {
            // An address that a share names is no account.
            let accounts: Vec<_> = person
                .accounts(&facts.graph)
                .into_iter()
                .map(|index| &facts.graph.net[index])
                .filter(|node| !super::parts::is_address(node.kind))
                .collect();
            PersonLine {
                person: PersonHead::of(person, facts.at),
                accounts: accounts.len() as u64,
                systems: accounts.iter().map(|node| node.system.as_str()).collect::<HashSet<_>>().len() as u64,
                unsure: unsure.get(&person.id).copied().unwrap_or_default(),
                findings: Counts::of(severities.remove(&person.id).unwrap_or_default().into_iter()),
            }
        });
        Self { company: facts.company.clone(), at: facts.at, hr_read: facts.hr_read, people: people.collect() }
    }
}
