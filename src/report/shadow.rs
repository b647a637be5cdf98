//! Shadow access: the open findings, person by person, and what couldn't be looked at.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use schemars::JsonSchema;
use serde::Serialize;

use super::parts::FindingView;
use super::{BlindSpot, Counts, Facts, Gap, PersonHead};
use crate::graph::{Around, Graph, Person, Reach};
use crate::model::NodeId;
use crate::store::Store;
use crate::store::findings::FindingRow;

/// The open findings.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Shadow {
    /// The company.
    pub company: String,
    /// The moment.
    pub at: Timestamp,
    /// When HR was read to its end last; none if it never was. Where there are several HR systems: the one of which that is longest ago.
    pub hr_read: Option<Timestamp>,
    /// Findings first found before this are left out; null if none are.
    pub since: Option<Timestamp>,
    /// All findings of this report, by severity.
    pub totals: Counts,
    /// How many executives were looked at.
    pub executives: u64,
    /// People with findings (and, unless one person was asked for, executives without), the worst off first.
    pub people: Vec<PersonFindings>,
    /// Findings that concern everyone.
    pub everyone: Vec<FindingView>,
    /// What should have been read and wasn't: findings may be missing there.
    pub gaps: Vec<Gap>,
    /// What the systems' APIs can't show.
    pub blind_spots: Vec<BlindSpot>,
}

/// One person's findings.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct PersonFindings {
    /// Who.
    pub person: PersonHead,
    /// By severity.
    pub counts: Counts,
    /// The findings, the worst first.
    pub findings: Vec<FindingView>,
}

impl Shadow {
    /// The findings of everybody or of one person, or those first found at or after a moment.
    pub fn of(facts: &Facts, person: Option<&Person>, since: Option<Timestamp>) -> Self {
        Self::with(facts, person, since, &|one| facts.findings_of(one, Some(&facts.reach(one))))
    }

    /// The same of facts that know everybody and nothing that they reach: the graph around each person with findings is read by itself, on all
    /// cores.
    ///
    /// # Errors
    /// The store's.
    pub fn around(store: &Store, facts: &Facts, person: Option<&Person>, since: Option<Timestamp>) -> Result<Self> {
        let mut rows: BTreeMap<NodeId, Vec<&FindingRow>> = BTreeMap::new();
        for row in &facts.findings {
            if let Some(of) = row.person.filter(|of| person.is_none_or(|person| person.id == *of)) {
                rows.entry(of).or_default().push(row);
            }
        }
        let found: BTreeMap<NodeId, Vec<FindingView>> = rows
            .into_par_iter()
            .map(|(id, rows)| {
                let graph = store.read(|conn| Graph::around(conn, None, &Around { people: vec![id], ..Around::default() }))?;
                let reach = graph.index(id).map(|index| Reach::from(&graph, index, |_| true));
                Ok((id, rows.into_iter().map(|row| FindingView::of(row, &graph, facts.at, reach.as_ref())).collect()))
            })
            .collect::<Result<_>>()?;
        Ok(Self::with(facts, person, since, &|one| found.get(&one.id).cloned().unwrap_or_default()))
    }

    fn with(facts: &Facts, person: Option<&Person>, since: Option<Timestamp>, of: &dyn Fn(&Person) -> Vec<FindingView>) -> Self {
        let wanted = |finding: &FindingView| since.is_none_or(|since| finding.since >= since);
        let mut people: Vec<PersonFindings> = Vec::new();
        for one in facts.people.iter().filter(|one| person.is_none_or(|person| person.id == one.id)) {
            let has_any = facts.findings.iter().any(|row| row.person == Some(one.id));
            if !has_any && !one.executive && person.is_none() {
                continue;
            }
            let findings: Vec<FindingView> = if has_any { of(one).into_iter().filter(wanted).collect() } else { Vec::new() };
            let counts = Counts::of(findings.iter().filter_map(|finding| finding.rank));
            if findings.is_empty() && !one.executive && person.is_none() {
                continue;
            }
            people.push(PersonFindings { person: PersonHead::of(one, facts.at), counts, findings });
        }
        // Stable: people with the same counts stay in the order of their names.
        people.sort_by_key(|person| std::cmp::Reverse(person.counts));
        let known: std::collections::HashSet<_> = facts.people.iter().map(|person| person.id).collect();
        // Whose person the graph has lost sight of must not be lost with them.
        let everyone: Vec<FindingView> = if person.is_some() {
            Vec::new()
        } else {
            let orphans = facts.findings.iter().filter(|row| row.person.is_none_or(|id| !known.contains(&id)));
            orphans.map(|row| FindingView::of(row, &facts.graph, facts.at, None)).filter(wanted).collect()
        };
        let all = people.iter().flat_map(|person| &person.findings).chain(&everyone);
        Self {
            company: facts.company.clone(),
            at: facts.at,
            hr_read: facts.hr_read,
            since,
            totals: Counts::of(all.filter_map(|finding| finding.rank)),
            executives: facts.people.iter().filter(|one| one.executive).count() as u64,
            people,
            everyone,
            gaps: facts.gaps(),
            blind_spots: facts.blind_spots.clone(),
        }
    }
}
