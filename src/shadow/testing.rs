//! A small company for tests: observations go through the store, as a scan's would, and come back as a graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{CHECKS, Judged, View, judge};
use crate::clock::days_before;
use crate::config::Config;
use crate::graph::{Graph, Person};
use crate::model::{Coverage, EdgeKind, EdgeSeen, Extent, Finding, Level, NodeId, NodeKind, NodeRef, NodeSeen, Observation, ScanId};
use crate::store::graph::{Closing, Interner, ScopeWrite, find_node, scope_row, system_row, write_scope};
use crate::store::links::{self, Claim, ClaimState};
use crate::store::scans::{self, CoverageRow, Covered, Outcome, latest_coverage};
use crate::store::{Store, graph::Tally};

/// The settings of the small company.
pub(crate) const SETTINGS: &str = r#"
[company]
name = "Acme"
domains = ["acme.example"]
[people]
executives = ["E1"]
[systems.okta]
scanner = "okta"
[systems.slack]
scanner = "slack"
signs_in_through = { system = "okta", app = "Slack" }
"#;

/// The small company.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    /// Its store.
    pub(crate) store: Store,
    /// When everything was seen.
    pub(crate) now: Timestamp,
    seen: BTreeMap<(String, String), Vec<Observation>>,
    claims: Vec<(String, NodeRef, String, f64, ClaimState)>,
    gaps: Vec<(String, String, String, String)>,
    settings: String,
}

/// `account:a1`, `address:a@b.example` …
pub(crate) fn node(text: &str) -> NodeRef {
    let (kind, key) = text.split_once(':').expect("kind:key");
    NodeRef::new(kind.parse().expect("a kind"), key)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        other => panic!("{other} is no object"),
    }
}

impl World {
    /// Nobody and nothing yet but an executive, Ada Berg (E1), and an employee, Bo Dahl (E2).
    pub(crate) fn new() -> Self {
        let mut world = Self::empty();
        world.person("E1", "Ada Berg", json!({}));
        world.person("E2", "Bo Dahl", json!({}));
        world
    }

    /// Nobody and nothing.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).unwrap();
        Self {
            _folder: folder,
            store,
            now: "2026-06-15T12:00:00Z".parse().unwrap(),
            seen: BTreeMap::new(),
            claims: Vec::new(),
            gaps: Vec::new(),
            settings: SETTINGS.to_owned(),
        }
    }

    /// More settings, at the end.
    pub(crate) fn settings(&mut self, more: &str) -> &mut Self {
        self.settings.push_str(more);
        self
    }

    /// A day, some days ago.
    pub(crate) fn ago(&self, days: i64) -> String {
        days_before(self.now, days).strftime("%Y-%m-%d").to_string()
    }

    /// A person: `ada.berg@acme.example` at work, `ada@home.example` in private.
    pub(crate) fn person(&mut self, number: &str, name: &str, attrs: Value) -> &mut Self {
        let first = name.split(' ').next().unwrap().to_lowercase();
        let work = format!("{}@acme.example", name.replace(' ', ".").to_lowercase());
        let mut all = object(
            json!({ "emails": [work], "home_emails": [format!("{first}@home.example")], "employee_number": number, "state": "active" }),
        );
        all.extend(object(attrs));
        self.node("hr", &format!("person:{number}"), "", name, Value::Object(all))
    }

    /// A node that a system shows.
    pub(crate) fn node(&mut self, system: &str, reference: &str, type_: &str, name: &str, attrs: Value) -> &mut Self {
        let name = (!name.is_empty()).then(|| name.to_owned());
        let seen = NodeSeen { node: node(reference), type_: type_.to_owned(), name, attrs: object(attrs), aka: Vec::new() };
        self.seen.entry((system.to_owned(), "all".to_owned())).or_default().push(Observation::Node(seen));
        self
    }

    /// Other names of the node that a system showed last.
    pub(crate) fn called(&mut self, system: &str, names: &[&str]) -> &mut Self {
        if let Some(Observation::Node(node)) = self.seen.get_mut(&(system.to_owned(), "all".to_owned())).and_then(|seen| seen.last_mut()) {
            node.aka = names.iter().map(|name| (*name).to_owned()).collect();
        }
        self
    }

    /// An account of somebody's, surely; its name is its key.
    pub(crate) fn account(&mut self, system: &str, key: &str, person: &str, attrs: Value) -> &mut Self {
        self.node(system, &format!("account:{key}"), "", key, attrs);
        self.has(person, system, &format!("account:{key}"), 1.0, ClaimState::Certain)
    }

    /// A claim.
    pub(crate) fn has(&mut self, person: &str, system: &str, reference: &str, confidence: f64, state: ClaimState) -> &mut Self {
        self.claims.push((person.to_owned(), node(reference), system.to_owned(), confidence, state));
        self
    }

    /// An edge that a system shows.
    pub(crate) fn edge(&mut self, system: &str, from: &str, kind: EdgeKind, to: &str, attrs: Value) -> &mut Self {
        let mut attrs = object(attrs);
        let level: Option<Level> = attrs.remove("level").map(|level| level.as_str().unwrap().parse().unwrap());
        let seen = EdgeSeen { from: node(from), kind, to: node(to), level, attrs };
        self.seen.entry((system.to_owned(), "all".to_owned())).or_default().push(Observation::Edge(seen));
        self
    }

    /// A credential that an account holds.
    pub(crate) fn credential(&mut self, system: &str, account: &str, key: &str, type_: &str, attrs: Value) -> &mut Self {
        self.node(system, &format!("credential:{key}"), type_, key, attrs);
        self.edge(system, &format!("account:{account}"), EdgeKind::Holds, &format!("credential:{key}"), json!({}))
    }

    /// A collection that could not be read.
    pub(crate) fn gap(&mut self, system: &str, collection: &str, parent: &str, reason: &str) -> &mut Self {
        self.gaps.push((system.to_owned(), collection.to_owned(), parent.to_owned(), reason.to_owned()));
        self
    }

    /// Writes what was seen and claimed, and clears it for a next scan. `complete` scans close what they no longer see.
    pub(crate) fn scan(&mut self, complete: bool) -> &mut Self {
        let (seen, gaps, claims) = (std::mem::take(&mut self.seen), std::mem::take(&mut self.gaps), std::mem::take(&mut self.claims));
        let at = self.now;
        self.store
            .write(|tx| {
                for ((system, collection), observations) in &seen {
                    let row = system_row(tx, system, system, category(system))?;
                    let scan = scans::begin(tx, row, None, at)?;
                    let scope = scope_row(tx, row, collection, "")?;
                    let closing = if complete { Closing::Unseen } else { Closing::Nothing };
                    let write = ScopeWrite { scan, scope, at, closing, accept_loss: false, ours: None, keep: &[], later: None };
                    let tally = write_scope(tx, &mut Interner::load(tx, row)?, write, observations)?;
                    let coverage = if complete { Coverage::Complete } else { Coverage::Gap("page 2 failed".to_owned()) };
                    let read = Covered { extent: Extent::Whole, coverage: &coverage, tally, drift: &[] };
                    scans::cover(tx, scan, scope, &read, at)?;
                    scans::end(tx, scan, if complete { Outcome::Complete } else { Outcome::Gaps }, None, 1, at)?;
                }
                for (system, collection, parent, reason) in &gaps {
                    let row = system_row(tx, system, system, category(system))?;
                    let scan: ScanId = scans::begin(tx, row, None, at)?;
                    let scope = scope_row(tx, row, collection, parent)?;
                    let coverage = Coverage::Gap(reason.clone());
                    let read = Covered { extent: Extent::Whole, coverage: &coverage, tally: Tally::default(), drift: &[] };
                    scans::cover(tx, scan, scope, &read, at)?;
                    scans::end(tx, scan, Outcome::Gaps, None, 1, at)?;
                }
                if !claims.is_empty() {
                    let claims = claims
                        .iter()
                        .map(|(person, account, system, confidence, state)| {
                            let person = find_node(tx, "hr", &NodeRef::new(NodeKind::Person, person))?.expect("the person");
                            let account = find_node(tx, system, account)?.expect("the account");
                            let evidence = vec!["the test says so".to_owned()];
                            Ok(Claim {
                                person,
                                account,
                                confidence: *confidence,
                                state: *state,
                                evidence,
                                doubt: None,
                                contradicted: false,
                            })
                        })
                        .collect::<anyhow::Result<Vec<_>>>()?;
                    links::write(tx, &claims, at)?;
                }
                Ok(())
            })
            .unwrap();
        self
    }

    /// The graph as it is now.
    pub(crate) fn graph(&self) -> Graph {
        self.store.read(|conn| Graph::read(conn, None)).unwrap()
    }

    /// The people of a graph.
    pub(crate) fn people(&self, graph: &Graph) -> Vec<Person> {
        Person::of_company(graph, &self.config()).unwrap()
    }

    /// The settings.
    pub(crate) fn config(&self) -> Config {
        Config::parse(&self.settings).unwrap()
    }

    /// The node id of a reference.
    pub(crate) fn id(&self, system: &str, reference: &str) -> NodeId {
        self.store.read(|conn| find_node(conn, system, &node(reference))).unwrap().expect(reference)
    }

    /// Looks at the company as it is now.
    pub(crate) fn look<T>(&self, question: impl FnOnce(&View<'_>, Judged<'_>) -> T) -> T {
        let (graph, config) = (self.graph(), self.config());
        let people = self.people(&graph);
        let coverage: Vec<CoverageRow> = self.store.read(latest_coverage).unwrap();
        let view = View::new(&graph, &people, &config, &coverage, self.now);
        let judged = judge(&view);
        question(&view, judged)
    }

    /// Everything that all checks find.
    pub(crate) fn all(&self) -> Vec<Finding> {
        self.look(|_, judged| judged.findings)
    }

    /// Scans, and gives what one check finds.
    pub(crate) fn found(&mut self, check: &str) -> Vec<Finding> {
        assert!(CHECKS.iter().any(|known| known.name() == check), "there is no check {check}");
        self.scan(true);
        self.all().into_iter().filter(|finding| finding.check == check).collect()
    }
}

/// Each system of the small company has the category that its name says.
fn category(system: &str) -> &str {
    match system {
        "hr" => "hris",
        "okta" => "sso",
        "ad" | "ldap" => "directory",
        "google" => "sharing",
        "kisi" => "badge",
        "intune" => "mdm",
        _ => "saas",
    }
}
