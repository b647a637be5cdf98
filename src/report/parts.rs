//! The parts that several views share.

use jiff::Timestamp;
use jiff::civil::Date;
use petgraph::graph::NodeIndex;
use schemars::JsonSchema;
use serde::Serialize;

use crate::graph::{Graph, Path, Person, Reach, Standing};
use crate::model::{EdgeKind, NodeKind, Severity};
use crate::store::findings::FindingRow;

/// How many findings there are of each severity.
#[derive(Serialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts {
    /// Survives the account and reaches far, or data leaves at this moment.
    pub critical: u64,
    /// Survives the account, or gives administration.
    pub high: u64,
    /// Dies with the account, but may come back.
    pub medium: u64,
    /// Hygiene.
    pub low: u64,
}

impl Counts {
    /// Counts severities.
    pub fn of(severities: impl Iterator<Item = Severity>) -> Self {
        let mut counts = Self::default();
        for severity in severities {
            *match severity {
                Severity::Critical => &mut counts.critical,
                Severity::High => &mut counts.high,
                Severity::Medium => &mut counts.medium,
                Severity::Low => &mut counts.low,
            } += 1;
        }
        counts
    }

    /// How many of one severity.
    pub fn get(&self, severity: Severity) -> u64 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.critical + self.high + self.medium + self.low
    }
}

/// The severities, the worst first.
pub(super) const WORST_FIRST: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// What HR says about a person at the moment of the report.
#[derive(Serialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum HrState {
    /// Works here.
    Active,
    /// Works here, and a last day is set.
    Leaving,
    /// Doesn't work here any more.
    Left,
    /// HR's record doesn't say, or can't be read.
    Unknown,
}

/// Who somebody is.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct PersonHead {
    /// Their name.
    pub name: String,
    /// Their employee number.
    pub employee_number: Option<String>,
    /// Their key in the HR system.
    pub hr_key: String,
    /// Their title.
    pub title: String,
    /// Their department.
    pub department: String,
    /// Their addresses at work, the main one first.
    pub addresses: Vec<String>,
    /// What HR says.
    pub hr: HrState,
    /// HR's last day, if one is set.
    #[schemars(with = "Option<String>")]
    pub last_day: Option<Date>,
    /// Whether they count as an executive.
    pub executive: bool,
}

impl PersonHead {
    /// Who `person` is at a moment.
    pub fn of(person: &Person, at: Timestamp) -> Self {
        let hr = if person.has_left(at) {
            HrState::Left
        } else if person.standing == Standing::Unknown || person.unknown.iter().any(|attr| attr == "last_day") {
            HrState::Unknown
        } else if person.is_leaving() {
            HrState::Leaving
        } else {
            HrState::Active
        };
        Self {
            name: person.name.clone(),
            employee_number: person.number.clone(),
            hr_key: person.key.clone(),
            title: person.title.clone(),
            department: person.department.clone(),
            addresses: person.emails.clone(),
            hr,
            last_day: person.last_day,
            executive: person.executive,
        }
    }

    /// What HR says, in words.
    pub fn hr_words(&self) -> String {
        let day = self.last_day.map(|day| day.to_string());
        match (self.hr, day) {
            (HrState::Active, _) => "active".to_owned(),
            (HrState::Leaving, Some(day)) => format!("leaves {day}"),
            (HrState::Leaving, None) => "inactive".to_owned(),
            (HrState::Left, Some(day)) => format!("left {day}"),
            (HrState::Left, None) => "left".to_owned(),
            (HrState::Unknown, Some(day)) => format!("unknown, last day {day}"),
            (HrState::Unknown, None) => "unknown".to_owned(),
        }
    }
}

/// One edge on the way to something.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Step {
    /// Who has.
    pub from: String,
    /// What the edge says, in words: `is a member of`.
    pub says: String,
    /// What they have.
    pub to: String,
    /// The system of what they have; empty for an address.
    pub system: String,
    /// What that is: account, group, credential …
    pub kind: String,
    /// Its type (`ssh_key`, `file`), where it has one.
    pub type_: String,
    /// How far access goes, where that is known.
    pub level: Option<String>,
    /// Since when; none for a link between person and account.
    pub since: Option<Timestamp>,
}

/// The steps of a path.
pub(super) fn steps(graph: &Graph, path: &Path) -> Vec<Step> {
    path.0
        .iter()
        .filter_map(|index| {
            let (from, to) = graph.net.edge_endpoints(*index)?;
            let (edge, from, to) = (&graph.net[*index], &graph.net[from], &graph.net[to]);
            Some(Step {
                from: from.label().to_owned(),
                says: says(edge.kind, edge.level.map(crate::model::Level::word)),
                to: to.label().to_owned(),
                system: to.system.clone(),
                kind: to.kind.word().to_owned(),
                type_: to.type_.clone(),
                level: edge.level.map(|level| level.word().to_owned()),
                since: (edge.kind != EdgeKind::HasAccount).then_some(edge.since),
            })
        })
        .collect()
}

/// The steps to a node; or, if it isn't reached but gets at something that is (an address that receives the mail of an account), the
/// steps to that, and from there to the node.
fn way(graph: &Graph, reach: &Reach, node: NodeIndex) -> Vec<Step> {
    if reach.holds(node) {
        return steps(graph, &reach.path(graph, node));
    }
    let gets_at =
        graph.out(node).find(|(_, edge, to)| matches!(edge.kind, EdgeKind::ReceivesMailOf | EdgeKind::DelegateOf) && reach.holds(*to));
    let Some((_, edge, to)) = gets_at else { return Vec::new() };
    let (from, node) = (&graph.net[to], &graph.net[node]);
    let mut steps = steps(graph, &reach.path(graph, to));
    steps.push(Step {
        from: from.label().to_owned(),
        says: if edge.kind == EdgeKind::ReceivesMailOf { "sends its mail to" } else { "lets act for it" }.to_owned(),
        to: node.label().to_owned(),
        system: node.system.clone(),
        kind: node.kind.word().to_owned(),
        type_: node.type_.clone(),
        level: None,
        since: Some(edge.since),
    });
    steps
}

/// What an edge says, in words that fit between the two names.
pub(super) fn says(kind: EdgeKind, level: Option<&str>) -> String {
    match (kind, level) {
        (EdgeKind::CanAccess, Some("read")) => "can read",
        (EdgeKind::CanAccess, Some("write")) => "can change",
        (EdgeKind::CanAccess, Some("admin")) => "administers",
        (EdgeKind::CanAccess, Some("owner")) | (EdgeKind::Owns, _) => "owns",
        (EdgeKind::CanAccess, _) => "can reach",
        (EdgeKind::HasAccount, _) => "has the account",
        (EdgeKind::MemberOf, _) => "is a member of",
        (EdgeKind::Assigned, _) => "is assigned",
        (EdgeKind::Permits, _) => "permits",
        (EdgeKind::Holds, _) => "holds",
        (EdgeKind::Opens, _) => "opens",
        (EdgeKind::SignsInTo, _) => "signs in to",
        (EdgeKind::DelegateOf, _) => "may act for",
        (EdgeKind::ReceivesMailOf, _) => "receives the mail of",
        (EdgeKind::Uses, _) => "uses",
    }
    .to_owned()
}

/// A finding, as it is published.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct FindingView {
    /// What makes it the same finding night after night.
    pub key: String,
    /// The check's name.
    pub check: String,
    /// Its number in the catalogue.
    pub code: String,
    /// critical, high, medium or low.
    pub severity: String,
    /// Where.
    pub system: String,
    /// The key of what it is about.
    pub subject: String,
    /// What people call that.
    pub label: String,
    /// What is wrong.
    pub title: String,
    /// What it rests on.
    pub facts: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// First found.
    pub since: Timestamp,
    /// No longer found; null while it is open.
    pub until: Option<Timestamp>,
    /// The shortest way from the person to what it is about; empty if the graph has none.
    pub path: Vec<Step>,
    #[serde(skip)]
    pub(super) rank: Option<Severity>,
}

impl FindingView {
    /// A finding, with the way there if the person's reach has one.
    pub(super) fn of(row: &FindingRow, graph: &Graph, at: Timestamp, reach: Option<&Reach>) -> Self {
        let ends = reach.zip(row.node.and_then(|node| graph.end(node, &row.system)));
        let path = ends.map(|(reach, node)| way(graph, reach, node)).unwrap_or_default();
        Self {
            key: row.key.clone(),
            check: row.check.clone(),
            code: row.code.clone(),
            severity: row.severity.word().to_owned(),
            system: row.system.clone(),
            subject: row.subject.clone(),
            label: row.label.clone(),
            title: row.title.clone(),
            facts: row.facts.clone(),
            remedy: row.remedy.clone(),
            since: row.since,
            // What ended later had not ended then.
            until: row.until.filter(|until| *until <= at),
            path,
            rank: Some(row.severity),
        }
    }
}

/// Something that should have been read and wasn't, or not to its end.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Gap {
    /// The system.
    pub system: String,
    /// The collection of its manifest; empty for the system as a whole.
    pub collection: String,
    /// For how many parents (accounts, say); 0 for a collection that is read once.
    pub parents: u64,
    /// Why.
    pub reason: String,
    /// When it was tried last; null if never.
    pub at: Option<Timestamp>,
}

impl Gap {
    /// What wasn't read, in words.
    pub fn what(&self) -> String {
        match (self.collection.as_str(), self.parents) {
            ("", _) => "everything".to_owned(),
            (collection, 0) => collection.to_owned(),
            (collection, 1) => format!("{collection} of 1 parent"),
            (collection, parents) => format!("{collection} of {parents} parents"),
        }
    }
}

/// Something that a system's API can't show.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct BlindSpot {
    /// The system.
    pub system: String,
    /// What can't be seen.
    pub what: String,
    /// How long it lives when it is not renewed, where that is known.
    pub lives: Option<String>,
    /// Why.
    pub why: String,
}

impl BlindSpot {
    /// One line for the reader.
    pub fn words(&self) -> String {
        let lives = self.lives.as_deref().map(|lives| format!(" (lives {lives})")).unwrap_or_default();
        format!("{}{lives}: {}", self.what, self.why)
    }
}

/// Whether nodes of this kind are named by their holder rather than by a system.
pub(super) fn is_address(kind: NodeKind) -> bool {
    kind == NodeKind::Address
}

/// "1 gap", "2 gaps".
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
