//! What every view is made from: the graph at a moment, its people, its findings, and how much of it could be seen.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use jiff::Timestamp;
use rusqlite::Connection;

use super::parts::{BlindSpot, FindingView, Gap};
use crate::config::Config;
use crate::graph::{Graph, Lists, Person, Reach, contested, placeless, unmatched, vanished};
use crate::manifest::Manifest;
use crate::model::Coverage;
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
    /// The findings that were open then, the worst first.
    pub findings: Vec<FindingRow>,
    /// The latest coverage of every scope.
    pub coverage: Vec<CoverageRow>,
    /// The last scan of every system.
    pub scans: Vec<ScanRow>,
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
        let graph = Graph::read(conn, as_of)?;
        let people = Person::of_company(&graph, config).map_err(|problem| anyhow!(problem))?;
        let coverage = history::coverage(conn, as_of)?;
        let mut alone = BTreeMap::new();
        for (at, row) in coverage.iter().enumerate().filter(|(_, row)| matches!(row.coverage, Coverage::Gap(_))) {
            let Some(manifest) = known.manifests.get(&row.system) else { continue };
            let people = Lists { conn, graph: &graph, manifest, system: &row.system }.whose(row)?;
            alone.extend(people.map(|people| (at, people)));
        }
        Ok(Self {
            company: config.company.name.clone(),
            at: as_of.unwrap_or(now),
            past: as_of.is_some(),
            graph,
            people,
            findings: findings::list(conn, as_of)?,
            coverage,
            scans: history::last_scans(conn, as_of)?,
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
        self.findings.iter().filter(|row| row.person == Some(person.id)).map(|row| FindingView::of(row, self, reach)).collect()
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
        doubts.extend(unmatched(&self.people, rules.executive.as_deref(), &rules.executives));
        doubts.extend(vanished(&self.graph, &self.people, self.at));
        doubts.extend(placeless(&self.people));
        doubts.extend(contested(&self.graph));
        doubts
    }

    /// The person that `text` names: employee number, HR key, address or name; or, if only one person fits, their title's initials or a part
    /// of their name.
    ///
    /// # Errors
    /// One line: nobody is called that, or several people are, with suggestions.
    pub fn person(&self, text: &str) -> Result<&Person, String> {
        let lower = text.trim().to_lowercase();
        if lower.is_empty() {
            return Err("who? name a person by employee number, address or name".to_owned());
        }
        let ways: [&dyn Fn(&Person) -> bool; 4] = [
            &|person| person.is_called(text),
            &|person| person.home_emails.contains(&lower) || person.title.to_lowercase() == lower,
            &|person| person.executive && initials(&person.title) == lower,
            &|person| person.name.to_lowercase().contains(&lower),
        ];
        for fits in ways {
            let found: Vec<&Person> = self.people.iter().filter(|person| fits(person)).collect();
            match found.as_slice() {
                [] => {}
                [only] => return Ok(only),
                several => {
                    return Err(format!(
                        "{text:?} could be {}: name one by employee number",
                        named(several.iter().copied(), several.len())
                    ));
                }
            }
        }
        if self.people.is_empty() {
            return Err(format!("nobody is called {text:?}, for nobody is known yet: run `exeunt scan` on the HR system first"));
        }
        let mut near: Vec<(&Person, f64)> = self.people.iter().map(|person| (person, near(&person.name.to_lowercase(), &lower))).collect();
        near.retain(|(_, nearness)| *nearness > 0.35);
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        let hint = if near.is_empty() {
            "`exeunt people` lists everybody".to_owned()
        } else {
            format!("did you mean {}?", named(near.iter().map(|(person, _)| *person), near.len().min(3)))
        };
        Err(format!("nobody is called {text:?}: {hint}"))
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

/// At most three people by name and number.
fn named<'a>(people: impl Iterator<Item = &'a Person>, of: usize) -> String {
    let names: Vec<String> = people
        .take(of.min(3))
        .map(|person| {
            format!("{} ({})", super::clean::line(&person.name), super::clean::line(person.number.as_deref().unwrap_or(&person.key)))
        })
        .collect();
    let more = if of > 3 { format!(" or {} more", of - 3) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// The initials of a title: `cfo` of "Chief Financial Officer".
fn initials(title: &str) -> String {
    title.split_whitespace().filter(|word| *word != "of").filter_map(|word| word.chars().next()).flat_map(char::to_lowercase).collect()
}

/// How near a text is to a name: to the whole of it, or to its nearest word.
fn near(name: &str, text: &str) -> f64 {
    name.split_whitespace().chain([name]).map(|part| nearness(part, text)).fold(0.0, f64::max)
}

/// The share of letter pairs that two texts have in common (Dice).
fn nearness(a: &str, b: &str) -> f64 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        letters.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    };
    let (a, mut b) = (pairs(a), pairs(b));
    let whole = a.len() + b.len();
    let common = a.iter().filter(|pair| b.iter().position(|other| other == *pair).map(|at| b.swap_remove(at)).is_some()).count();
    if whole == 0 { 0.0 } else { 2.0 * common as f64 / whole as f64 }
}
