//! What a plan is made of: plain data that is stored with the departure, hashed, shown and, after a crash, read back.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::audit;
use crate::clean;
use crate::graph::{Edge, Graph};
use crate::manifest::express::{Scope, plain};
use crate::model::{ActionId, DepartureId, NodeId};
use crate::store::departures::{ActionRow, NewTask, TaskRow};
use petgraph::graph::{EdgeIndex, NodeIndex};

/// What is taken away from whom, what people have to do, what is kept, and what is left.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The leaver.
    pub person: Who,
    /// Who takes over, if anybody does.
    pub successor: Option<Who>,
    /// The mode's word.
    pub mode: String,
    /// What is fired, numbered from 1 in a fixed order.
    pub actions: Vec<PlannedAction>,
    /// What had fallen before the plan was made: accounts that their system says are switched off.
    pub already: Vec<Falls>,
    /// What people have to do.
    pub tasks: Vec<PlannedTask>,
    /// What the leaver keeps, by whose decision.
    pub kept: Vec<Kept>,
    /// What is still reachable although nothing accounts for it: empty, or the plan is no cut.
    pub residual: Vec<ResidualPath>,
    /// What could be reached before anything was done: how many things (accounts, credentials, groups, files …).
    pub reachable_before: usize,
    /// Accounts of which it is in doubt whether they are the leaver's, or what became of them.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// What the systems concerned can't show.
    pub blind_spots: Vec<Blind>,
    /// Who else loses access, and by what.
    pub others_hit: Vec<OtherHit>,
    /// Our own credentials that would die with the leaver.
    pub own_credentials: Vec<OwnCredential>,
    /// Systems of which it isn't known whose account our revoking credential belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_unknown: Vec<OwnUnknown>,
    /// Why the plan may not run; empty when it may.
    pub blocked: Vec<String>,
    /// What went wrong while planning; whatever it concerns is in a task.
    pub problems: Vec<String>,
}

/// A person in a plan.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Their node's identity.
    pub node: i64,
    /// Their key in the HR system.
    pub key: String,
    /// Their name.
    pub name: String,
}

/// One thing that is done to one node or edge.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct PlannedAction {
    /// Its place in the plan, from 1.
    pub number: u32,
    /// The system.
    pub system: String,
    /// The manifest's name for it.
    pub name: String,
    /// `revoke`, `transfer`, `hold`, `freeze` or `export`.
    pub kind: String,
    /// For people: `suspend rafael@acme.example in okta`.
    pub label: String,
    /// What its templates need.
    pub spec: Spec,
    /// What it takes from the graph.
    pub falls: Falls,
    /// Actions that must be proved before this one is fired.
    pub after: Vec<u32>,
    /// Actions upon whose proof this one is fired once more.
    pub again_after: Vec<u32>,
    /// It can't be taken back.
    pub irreversible: bool,
    /// The manifest says how to give it back.
    pub undoable: bool,
    /// A person does it: its task stands among the plan's tasks.
    pub hand_off: bool,
    /// No read shows its call: the action whose effect proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_of: Option<String>,
}

/// Everything that an action's templates need, so that it can be fired again although the graph has changed.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// `node`, `from`, `to`, `edge`, `person`, `successor` as expressions see them.
    pub scope: Map<String, Value>,
    /// Nodes that a collection's `parent` may mean, nearest first.
    pub near: Vec<Value>,
}

impl Spec {
    /// The names in scope, for the engine.
    pub fn names(&self) -> Scope<'_> {
        let mut scope = Scope::new();
        for name in ["node", "from", "to", "edge", "person", "successor", "departure"] {
            if let Some(value) = self.scope.get(name) {
                scope.set(name, value);
            }
        }
        scope
    }
}

impl Spec {
    /// What the journal holds about an action, if it can be read.
    pub fn of(row: &ActionRow) -> Option<Self> {
        serde_json::from_str(&row.spec).ok()
    }

    /// The account that the action concerns: its system, kind and key.
    pub fn concern(&self) -> Option<[String; 3]> {
        let node = self.near.last()?;
        Some(["system", "kind", "key"].map(|field| node.get(field).map(plain).unwrap_or_default()))
    }
}

/// What calls name things by, apart from their keys, which never change.
const NAMES: &[&str] = &["dn", "login", "name", "email", "emails", "aka"];

impl Spec {
    /// Whether what the action is done to is called otherwise than when this JSON text of a spec was written: its entry was moved, or renamed.
    pub fn names_another(&self, before: &str) -> bool {
        let Ok(before) = serde_json::from_str::<Self>(before) else { return false };
        let called = |spec: &Self, of: &str, name: &str| spec.scope.get(of).and_then(|node| node.get(name)).cloned().unwrap_or_default();
        let differs = |of: &str, name: &str| called(self, of, name) != called(&before, of, name);
        ["node", "from", "to"].iter().any(|of| NAMES.iter().any(|name| differs(of, name))) || differs("edge", "member")
    }
}

/// What an action is done to, by the nodes' own keys. Names say nothing: a token that is minted anew may well have the name of one that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Thing(Vec<(&'static str, String, String, String)>);

impl Spec {
    /// What the action is done to.
    pub fn thing(&self) -> Thing {
        let of = |name: &'static str| {
            let node = self.scope.get(name)?;
            let text = |field: &str| node.get(field).map(plain).unwrap_or_default();
            Some((name, text("system"), text("kind"), text("key")))
        };
        Thing(["node", "from", "to"].into_iter().filter_map(of).collect())
    }
}

/// What an action takes from the graph once it is proved.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Falls {
    /// The node it is done to.
    pub node: Option<i64>,
    /// That node is no access any more.
    pub ends_node: bool,
    /// The edge it is done to.
    pub edge: Option<EdgeName>,
    /// Edges out of the node that fall with it: `signs_in_to`, `holds.session`.
    pub out: Vec<String>,
    /// Edges into the node from the leaver that fall with it: `owns`, when ownership moves.
    pub into: Vec<String>,
}

/// An edge by its ends, so that it is found again in another graph.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeName {
    /// Who has.
    pub from: i64,
    /// The kind's word.
    pub kind: String,
    /// What they have.
    pub to: i64,
    /// The system that says so.
    pub system: String,
    /// Level and attributes, as JSON: two grants of one thing are two edges.
    pub detail: String,
}

impl EdgeName {
    /// The name of an edge.
    pub fn of(graph: &Graph, index: EdgeIndex) -> Option<Self> {
        let (from, to) = graph.net.edge_endpoints(index)?;
        let edge: &Edge = &graph.net[index];
        Some(Self {
            from: graph.net[from].id.0,
            kind: edge.kind.word().into(),
            to: graph.net[to].id.0,
            system: edge.system.clone(),
            detail: serde_json::to_string(&(edge.level.map(|level| level.word()), &edge.attrs)).unwrap_or_default(),
        })
    }
}

/// A task for a person.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct PlannedTask {
    /// The role it goes to.
    pub role: String,
    /// Its title.
    pub title: String,
    /// How to do it.
    pub steps: String,
    /// How long they have, in seconds.
    pub due_secs: u64,
    /// What must be attached when it is done.
    pub attach: Option<String>,
    /// Why no read can show that it was done; none where one can.
    pub no_proof: Option<String>,
    /// The action it stands for.
    pub action: Option<u32>,
    /// The system it is about.
    pub system: String,
    /// The things it is about, for people.
    pub things: Vec<String>,
    /// Nodes that it accounts for, and what lies behind them.
    pub covers: Vec<i64>,
    /// Edges that it accounts for, and what lies behind them.
    pub covers_edges: Vec<EdgeName>,
}

impl PlannedTask {
    /// The task that is to be opened.
    pub(super) fn to_open(&self, departure: DepartureId, action: Option<ActionId>, now: Timestamp) -> NewTask {
        NewTask {
            departure: Some(departure),
            action,
            role: self.role.clone(),
            title: self.title.clone(),
            steps: self.steps.clone(),
            attach: self.attach.clone(),
            due: now.checked_add(i64::try_from(self.due_secs).unwrap_or(86_400).seconds()).unwrap_or(now),
        }
    }
}

/// Something that the leaver keeps.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The node.
    pub node: i64,
    /// Its system.
    pub system: String,
    /// What people call it.
    pub label: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub decided_by: String,
    /// The last day.
    pub until: String,
}

/// A way that is still open.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct ResidualPath {
    /// What is reached.
    pub node: i64,
    /// Its system.
    pub system: String,
    /// The way: a node's label, an edge's kind, a node's label …
    pub labels: Vec<String>,
}

/// What a system can't show.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct Blind {
    /// The system.
    pub system: String,
    /// What can't be seen.
    pub what: String,
    /// How long it lives.
    pub lives: Option<String>,
    /// Why.
    pub why: String,
}

impl std::fmt::Display for Blind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lives = self.lives.as_ref().map(|lives| format!(" (lives {lives})")).unwrap_or_default();
        write!(f, "{}: {}{lives}: {}", self.system, self.what, self.why)
    }
}

impl std::fmt::Display for ResidualPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.labels.join(" → "), self.system)
    }
}

impl std::fmt::Display for OtherHit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}, used by {}", self.what, self.system, self.people.join(", "))
    }
}

/// An account of which it is in doubt whose it is, or what became of it.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// Its node.
    pub node: i64,
    /// Its system; empty for an address.
    pub system: String,
    /// For people: `account rafael@acme.example in okta`.
    pub what: String,
    /// Why it is in doubt.
    pub why: String,
}

impl Doubt {
    /// Whether a person has looked: the doubt's task is done.
    pub fn looked_at(&self, tasks: &[TaskRow]) -> bool {
        tasks.iter().any(|task| task.done && task.title.contains(&self.what))
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Other people who use what is taken away.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct OtherHit {
    /// The system.
    pub system: String,
    /// What they use.
    pub what: String,
    /// Who they are.
    pub people: Vec<String>,
    /// The action that hits them; none when it was made a task to spare them.
    pub action: Option<u32>,
}

/// A credential of ours that belongs to the leaver.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct OwnCredential {
    /// The system.
    pub system: String,
    /// `read` or `revoke`.
    pub hand: String,
    /// The account's key.
    pub key: String,
}

/// A system of which it isn't known whose account our revoking credential belongs to: it may be the leaver's.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct OwnUnknown {
    /// The system.
    pub system: String,
    /// Why it isn't known, and what to do.
    pub why: String,
}

impl std::fmt::Display for OwnUnknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "our own account in {} is not known: {}", self.system, self.why)
    }
}

impl Plan {
    /// SHA-256 over the plan's canonical JSON: what an approval is bound to. Nothing in it depends on when it was made.
    ///
    /// # Errors
    /// The plan holds a number that JSON can't (never seen).
    pub fn hash(&self) -> Result<String, String> {
        let value = serde_json::to_value(self).map_err(|error| format!("the plan can't be written down: {error}"))?;
        let bytes =
            serde_json_canonicalizer::to_vec(&timeless(value)).map_err(|error| format!("the plan can't be written down: {error}"))?;
        Ok(audit::hex(&audit::sha256(&bytes)))
    }

    /// The systems that actions are fired at.
    pub fn systems(&self) -> Vec<&str> {
        let mut systems: Vec<&str> = self.actions.iter().filter(|action| !action.hand_off).map(|action| action.system.as_str()).collect();
        systems.sort_unstable();
        systems.dedup();
        systems
    }
}

/// The value without the attributes that change from read to read although nothing changed.
fn timeless(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(key, _)| !["last_used", "last_sync", "last_seen"].contains(&key.as_str()))
                .map(|(key, value)| (key, timeless(value)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(timeless).collect()),
        // Canonical JSON has one number type; what a vendor wrote beyond it is compared as text.
        Value::Number(number) if number.as_i64().is_none_or(|n| n.unsigned_abs() > (1 << 53)) => Value::String(number.to_string()),
        other => other,
    }
}

/// The identity of a departure's case in the audit log.
pub fn case_name(departure: crate::model::DepartureId) -> String {
    format!("departure-{departure}")
}

/// The acts in the audit log that let a case wait for somebody's approval, or go on, each with the field that says why it waits.
pub const WAITS: [(&str, &str); 3] = [("departure.opened", "waits"), ("departure.moved", "waits"), ("departure.waits", "cause")];

/// What to call a node in a line for people.
pub(super) fn label(graph: &Graph, index: NodeIndex) -> String {
    let node = &graph.net[index];
    match node.emails().first() {
        Some(email) if node.name.is_none() => clean::line(email),
        _ => node.label().to_owned(),
    }
}

/// The node of this identity.
pub(super) fn index_of(graph: &Graph, id: i64) -> Option<NodeIndex> {
    graph.index(NodeId(id))
}
