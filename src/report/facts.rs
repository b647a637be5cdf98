//! What every view is made from: the graph at a moment, its people, its findings, and how much of it could be seen.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use jiff::Timestamp;
use rusqlite::Connection;

use super::called;
use super::parts::{BlindSpot, FindingView, Gap};
use crate::config::Config;
use crate::graph::{Around, Graph, Lists, Person, Reach, contested, placeless, unmatched, untold, vanished};
use crate::manifest::Manifest;
use crate::manifest::raw::Category;
use crate::model::{Coverage, NodeId};
use crate::store::findings::{self, FindingRow};
use crate::store::history::{self, ScanRow};
use crate::store::scans::CoverageRow;

/// What is said where nothing was ever read.
pub const NEVER_READ: &str = "nothing has been read yet: run `exeunt scan`";

/// What the systems' manifests say.
#[derive(Debug, Default)]
pub struct Known {
    /// What the systems' APIs can't show.
    pub blind_spots: Vec<BlindSpot>,
    /// The manifest of each system, as far as it can be read.
    pub manifests: BTreeMap<String, Manifest>,
}

/// Everything that views are made from.
#[derive(Debug)]
pub struct Facts {
    /// The company's name.
    pub company: String,
    /// The moment that is reported on.
    pub at: Timestamp,
    /// Whether that moment lies in the past.
    pub past: bool,
    /// The graph then.
    pub graph: Graph,
    /// Everybody in it, by name.
    pub people: Vec<Person>,
    /// Whom the graph is about, where it is not about everybody.
    pub about: Option<Vec<NodeId>>,
    /// The findings that were open then, the worst first.
    pub findings: Vec<FindingRow>,
    /// The latest coverage of every scope.
    pub coverage: Vec<CoverageRow>,
    /// The last scan of every system.
    pub scans: Vec<ScanRow>,
    /// When HR was read to its end last, the HR system of which that is longest ago; none if one never was, or there is none.
    pub hr_read: Option<Timestamp>,
    /// What the systems' APIs can't show.
    pub blind_spots: Vec<BlindSpot>,
    /// The settings.
    pub config: Config,
    /// Of the gaps in `coverage` that are surely the lists of certain people alone: who these are, by the place in `coverage`.
    alone: BTreeMap<usize, BTreeSet<String>>,
}

impl Facts {
    /// Reads the facts as they are at `now`, or as they were at a moment.
    ///
    /// # Errors
    /// The store's, or the rule for executives can't be evaluated.
    pub fn read(conn: &Connection, config: &Config, known: Known, as_of: Option<Timestamp>, now: Timestamp) -> Result<Self> {
        Self::of_graph(conn, config, Graph::read(conn, as_of)?, known, as_of, now)
    }

    /// As [`Facts::read`], of the graph around these people alone: of nobody else anything is known.
    ///
    /// # Errors
    /// As there.
    pub fn around(
        conn: &Connection,
        config: &Config,
        around: &Around,
        known: Known,
        as_of: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self> {
        let facts = Self::of_graph(conn, config, Graph::around(conn, as_of, around)?, known, as_of, now)?;
        Ok(Self { about: Some([around.people.as_slice(), &around.besides].concat()), ..facts })
    }

    /// As [`Facts::read`], of everybody and nothing that they reach.
    ///
    /// # Errors
    /// As there.
    pub fn of_people(conn: &Connection, config: &Config, known: Known, now: Timestamp) -> Result<Self> {
        Self::of_graph(conn, config, Graph::of_people(conn, None)?, known, None, now)
    }

    fn of_graph(conn: &Connection, config: &Config, graph: Graph, known: Known, as_of: Option<Timestamp>, now: Timestamp) -> Result<Self> {
        let people = Person::of_company(&graph, config).map_err(|problem| anyhow!(problem))?;
        let hr = config.systems.keys().filter(|name| graph.category(name) == Category::Hris.word());
        let hr_read = hr.map(|name| history::last_whole(conn, name, as_of)).collect::<Result<Vec<_>>>()?;
        let coverage = history::coverage(conn, as_of)?;
        let mut alone = BTreeMap::new();
        for (at, row) in coverage.iter().enumerate().filter(|(_, row)| matches!(row.coverage, Coverage::Gap(_))) {
            let Some(manifest) = known.manifests.get(&row.system) else { continue };
            let people = Lists { conn, as_of, manifest, system: &row.system }.whose(row)?;
            alone.extend(people.map(|people| (at, people)));
        }
        Ok(Self {
            company: config.company.name.clone(),
            at: as_of.unwrap_or(now),
            past: as_of.is_some(),
            graph,
            people,
            about: None,
            findings: findings::list(conn, as_of)?,
            coverage,
            scans: history::last_scans(conn, as_of)?,
            // None comes before every moment.
            hr_read: hr_read.into_iter().min().flatten(),
            blind_spots: known.blind_spots,
            config: config.clone(),
            alone,
        })
    }

    /// Everything that a person can get to.
    pub fn reach(&self, person: &Person) -> Reach {
        Reach::from(&self.graph, person.index, |_| true)
    }

    /// The findings about a person, the worst first.
    pub fn findings_of(&self, person: &Person, reach: Option<&Reach>) -> Vec<FindingView> {
        self.findings
            .iter()
            .filter(|row| row.person == Some(person.id))
            .map(|row| FindingView::of(row, &self.graph, self.at, reach))
            .collect()
    }

    /// What should have been read and wasn't: by system, collection and reason.
    pub fn gaps(&self) -> Vec<Gap> {
        self.gaps_about(None)
    }

    /// The same, without the lists that are surely somebody else's alone.
    fn gaps_about(&self, person: Option<&Person>) -> Vec<Gap> {
        let mut gaps: BTreeMap<(&str, &str, &str), Gap> = BTreeMap::new();
        for (at, row) in self.coverage.iter().enumerate() {
            let Coverage::Gap(reason) = &row.coverage else { continue };
            if let (Some(person), Some(people)) = (person, self.alone.get(&at))
                && !people.contains(&person.key)
            {
                continue;
            }
            let gap = gaps.entry((&row.system, &row.collection, reason)).or_insert_with(|| Gap {
                system: row.system.clone(),
                collection: row.collection.clone(),
                parents: 0,
                reason: reason.clone(),
                at: Some(row.at),
            });
            gap.parents += u64::from(!row.parent.is_empty());
            gap.at = gap.at.max(Some(row.at));
        }
        let mut gaps: Vec<Gap> = gaps.into_values().collect();
        for scan in &self.scans {
            let reason = match (scan.outcome.as_deref(), &scan.problem) {
                (Some("failed"), problem) => format!("the last scan failed: {}", problem.as_deref().unwrap_or("it didn't say why")),
                (Some(_), Some(problem)) => problem.clone(),
                (Some(_), None) => continue,
                (None, _) => history::NEVER_TO_THE_END.to_owned(),
            };
            let at = Some(scan.ended.unwrap_or(scan.started));
            gaps.push(Gap { system: scan.system.clone(), collection: String::new(), parents: 0, reason, at });
        }
        for name in self.config.systems.keys() {
            if !self.scans.iter().any(|scan| scan.system == *name) && !self.coverage.iter().any(|row| row.system == *name) {
                let reason = format!("never read: run `exeunt scan {name}`");
                gaps.push(Gap { system: name.clone(), collection: String::new(), parents: 0, reason, at: None });
            }
        }
        gaps.sort_by(|a, b| a.system.cmp(&b.system).then(a.collection.cmp(&b.collection)));
        gaps
    }

    /// Why a view of these facts proves nothing by what it doesn't show: a list or a system that was not read to its end, a rule that means nobody,
    /// an executive of whom HR has no record any more. `person` is the one that the view is about, if it is about one alone: lists that are
    /// surely somebody else's don't matter then.
    pub fn doubts(&self, person: Option<&Person>) -> Vec<String> {
        let mut doubts: Vec<String> = match self.config.systems.is_empty() {
            true => vec!["no system is configured, so nothing was read: name them in the settings".to_owned()],
            false => Vec::new(),
        };
        if self.scans.is_empty() && self.coverage.is_empty() && doubts.is_empty() {
            doubts.push(NEVER_READ.to_owned());
        } else {
            let gaps = self.gaps_about(person);
            // One line for each list, however many reasons there are.
            doubts.extend(gaps.chunk_by(|a, b| (&a.system, &a.collection) == (&b.system, &b.collection)).filter_map(unread));
        }
        let rules = &self.config.people;
        let is_asked = |person: &&Person| self.about.as_ref().is_none_or(|about| about.contains(&person.id));
        let asked: Vec<Person> = self.people.iter().filter(is_asked).cloned().collect();
        match self.about {
            None => doubts.extend(unmatched(&asked, rules.executive.as_deref(), &rules.executives)),
            // Whether the rule means anybody at all is asked where everybody is told of.
            Some(_) => doubts.extend(rules.executive.as_deref().and_then(|rule| untold(&asked, rule))),
        }
        doubts.extend(vanished(&self.graph, &asked, self.at));
        doubts.extend(placeless(&asked));
        doubts.extend(contested(&self.graph));
        doubts
    }

    /// The person that `text` names, as [`called`] has it.
    ///
    /// # Errors
    /// As there.
    pub fn person(&self, text: &str) -> Result<&Person, String> {
        called(&self.people, text)
    }
}

/// What was not read of a list or a system, in a line.
fn unread(gaps: &[Gap]) -> Option<String> {
    let first = gaps.first()?;
    if first.collection.is_empty() {
        let all = |gap: &Gap| format!("{}{} {}", gap.system, if gap.at.is_none() { " was" } else { ":" }, gap.reason);
        return Some(gaps.iter().map(all).collect::<Vec<_>>().join("; "));
    }
    let whole = Gap { parents: gaps.iter().map(|gap| gap.parents).sum(), ..first.clone() };
    let more = match gaps.len() - 1 {
        0 => String::new(),
        1 => " (and 1 other reason)".to_owned(),
        more => format!(" (and {more} other reasons)"),
    };
    Some(format!("{}: {} could not be read to the end: {}{more}", first.system, whole.what(), first.reason))
}
