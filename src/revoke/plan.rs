//! From the graph and the manifests to a plan: pure, and the same for the same graph.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use petgraph::graph::NodeIndex;
use serde_json::{Map, Value, json};

use super::candidates::{self, Candidate, Candidates, Target};
use super::cut;
use super::doubts;
use super::order;
use super::others;
use super::own;
use super::spec::{Blind, EdgeName, Falls, Kept, OtherHit, OwnCredential, OwnUnknown, Plan, PlannedAction, PlannedTask, Spec, Who, label};
use crate::config::Keep;
use crate::graph::{Graph, Node, Person};
use crate::manifest::express::Expr;
use crate::manifest::raw::{Take, TakeKind};
use crate::manifest::template::{Place, render};
use crate::manifest::{Manifest, duration};
use crate::model::{EdgeKind, Mode, NodeKind};

/// What a plan needs to know about a system.
#[derive(Debug, Clone)]
pub struct SystemFacts {
    /// The manifest that speaks to it.
    pub manifest: Manifest,
    /// Its settings, with the manifest's defaults.
    pub settings: Value,
    /// Whether there is a credential to revoke with.
    pub has_revoke: bool,
}

/// What policy says about plans.
#[derive(Debug, Clone)]
pub struct Rules {
    /// `departure.allow` of the settings.
    pub allow: Vec<String>,
    /// `departure.deny`.
    pub deny: Vec<String>,
    /// `departure.keep`.
    pub keep: Vec<Keep>,
    /// Accounts of our own credentials: system, hand, key (`store::scans::own_accounts`).
    pub own_accounts: Vec<(String, String, String)>,
    /// The present moment, for `now` in conditions.
    pub now: Timestamp,
}

impl Rules {
    /// The rules of the settings, at a moment.
    pub fn new(departure: &crate::config::Departure, own_accounts: Vec<(String, String, String)>, now: Timestamp) -> Self {
        Self { allow: departure.allow.clone(), deny: departure.deny.clone(), keep: departure.keep.clone(), own_accounts, now }
    }

    fn today(&self) -> Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    fn names(list: &[String], system: &str, scanner: &str, action: &str) -> bool {
        list.iter().any(|entry| entry.split_once('.').is_some_and(|(of, name)| (of == system || of == scanner) && name == action))
    }
}

/// How long people have for tasks that no manifest speaks of.
const DUE: u64 = 24 * 3600;

/// Makes the plan of a person's departure, and proves on the graph what it leaves.
pub fn plan(
    graph: &Graph,
    person: &Person,
    successor: Option<&Person>,
    mode: Mode,
    systems: &BTreeMap<String, SystemFacts>,
    rules: &Rules,
) -> Plan {
    let found = candidates::find(graph, person);
    let mut planner = Planner {
        graph,
        person,
        successor,
        mode,
        systems,
        rules,
        found: &found,
        plan: Plan { person: who(person), successor: successor.map(who), mode: mode.word().to_owned(), ..Plan::default() },
        drafts: Vec::new(),
        edges: HashSet::new(),
        skipped: HashSet::new(),
        heirless: BTreeMap::new(),
        kept: HashSet::new(),
    };
    planner.keep();
    planner.own_credentials();
    doubts::add(&mut planner.plan, doubts::of_links(graph, person));
    planner.already_gone();
    for candidate in &found.list {
        planner.consider(*candidate);
    }
    planner.no_need_to_ask();
    planner.shared_accounts();
    planner.settle();
    planner.the_rest();
    planner.others_hit();
    planner.blind_spots();
    planner.own_unknown();
    planner.plan
}

fn who(person: &Person) -> Who {
    Who { node: person.id.0, key: person.key.clone(), name: person.name.clone() }
}

/// An action before it has a number.
pub(super) struct Draft {
    pub action: PlannedAction,
    pub task: Option<PlannedTask>,
    pub concern: NodeIndex,
    /// Kind and type of the node it is done to.
    pub node: Option<(NodeKind, String)>,
    pub see: Option<String>,
}

struct Planner<'a> {
    graph: &'a Graph,
    person: &'a Person,
    successor: Option<&'a Person>,
    mode: Mode,
    systems: &'a BTreeMap<String, SystemFacts>,
    rules: &'a Rules,
    found: &'a Candidates,
    plan: Plan,
    drafts: Vec<Draft>,
    /// Edges that an action of this name takes already.
    edges: HashSet<(String, EdgeName)>,
    /// Actions that were left out for want of a successor: system, account, action.
    skipped: HashSet<(String, NodeIndex, String)>,
    /// What waits for a successor, by system: labels and nodes.
    heirless: BTreeMap<String, (BTreeSet<String>, BTreeSet<i64>)>,
    kept: HashSet<NodeIndex>,
}

/// Whether a system shows an account, or a credential, of this key or address.
pub fn is_there(graph: &Graph, system: &str, key: &str) -> bool {
    graph.nodes().any(|(_, node)| node.seen && is_named(node, system, key))
}

/// Whether a key or an address of our own account means this node.
fn is_named(node: &Node, system: &str, key: &str) -> bool {
    let lower = key.to_lowercase();
    node.system == system
        && (node.key == key || node.emails().contains(&lower) || (node.kind == NodeKind::Account && node.label().to_lowercase() == lower))
}

impl Planner<'_> {
    fn keep(&mut self) {
        let reach = crate::graph::Reach::from(self.graph, self.person.index, |_| true);
        let mut nodes: Vec<NodeIndex> = reach.access(self.graph).collect();
        nodes.sort_unstable();
        for keep in &self.rules.keep {
            if keep.person != "*" && !self.person.is_called(&keep.person) {
                continue;
            }
            let what = if keep.node == "*" { keep.system.clone() } else { format!("{} in {}", keep.node, keep.system) };
            if keep.until < self.rules.today() {
                self.plan.problems.push(format!("{what} was to be kept until {}, which has passed: it is taken away", keep.until));
                continue;
            }
            let mut matched = false;
            for index in &nodes {
                let node = &self.graph.net[*index];
                if !keep.is_about(&node.system, &node.key, node.label()) {
                    continue;
                }
                matched = true;
                if self.kept.insert(*index) {
                    self.plan.kept.push(Kept {
                        node: node.id.0,
                        system: node.system.clone(),
                        label: label(self.graph, *index),
                        reason: keep.reason.clone(),
                        decided_by: keep.decided_by.clone(),
                        until: keep.until.to_string(),
                    });
                }
            }
            if !matched && keep.person != "*" {
                self.plan.problems.push(format!("{what} is to be kept, but {} has no such access", self.person.name));
            }
        }
    }

    /// We never saw off the branch we sit on.
    fn own_credentials(&mut self) {
        let guarded = self
            .systems
            .iter()
            .flat_map(|(system, facts)| own::guarded(system, &facts.manifest, &facts.settings, &self.rules.own_accounts));
        let strangers = self.rules.own_accounts.iter().filter(|(system, ..)| !self.systems.contains_key(system)).cloned();
        for (system, hand, key) in &guarded.chain(strangers).collect::<Vec<_>>() {
            let named = |node: &Node| is_named(node, system, key);
            // Where that is an account, a token of the same number is another thing: vendors count each kind from one.
            let is_account = self.graph.nodes().any(|(_, node)| node.seen && node.kind == NodeKind::Account && named(node));
            let hit = self.found.list.iter().any(|candidate| match candidate.target {
                Target::Node(index) => {
                    let node = &self.graph.net[index];
                    named(node) && (node.kind == NodeKind::Account || (node.kind == NodeKind::Credential && !is_account))
                }
                Target::Edge(_) => false,
            });
            if hit {
                self.plan.own_credentials.push(OwnCredential { system: system.clone(), hand: hand.clone(), key: key.clone() });
                self.plan.blocked.push(format!(
                    "exeunt's own {hand} credential for {system} belongs to {} ({key}) and would die with the account: replace it first",
                    self.person.name
                ));
            }
        }
    }

    /// Where it isn't known whose account revokes, it may be the leaver's.
    fn own_unknown(&mut self) {
        let systems: BTreeSet<&String> = self.plan.actions.iter().filter(|action| !action.hand_off).map(|action| &action.system).collect();
        let unknown = systems.into_iter().filter_map(|system| {
            let why = own::unknown(system, self.systems.get(system)?, &self.rules.own_accounts, |key| is_there(self.graph, system, key))?;
            Some(OwnUnknown { system: system.clone(), why })
        });
        self.plan.own_unknown = unknown.collect();
    }

    /// What its system says is switched off has fallen already; what outlives it has not.
    fn already_gone(&mut self) {
        for candidate in &self.found.list {
            let Target::Node(index) = candidate.target else { continue };
            let node = &self.graph.net[index];
            if !node.disabled() || node.kind == NodeKind::Address {
                continue;
            }
            let mut out = BTreeSet::new();
            if node.kind == NodeKind::Account
                && let Some(facts) = self.systems.get(&node.system)
            {
                for (name, take) in &facts.manifest.take {
                    if take.on == "account" && take.default != Some(false) && ends_account(name, take) {
                        out.extend(take.also_removes.iter().cloned());
                    }
                }
            }
            let falls = Falls { node: Some(node.id.0), ends_node: true, out: out.into_iter().collect(), ..Falls::default() };
            self.plan.already.push(falls);
        }
    }

    fn consider(&mut self, candidate: Candidate) {
        let system = match candidate.target {
            Target::Node(index) => self.graph.net[index].system.clone(),
            Target::Edge(edge) => self.graph.net[edge].system.clone(),
        };
        let systems = self.systems;
        let Some(facts) = systems.get(&system) else { return };
        if self.is_kept(candidate, &system) {
            return;
        }
        let manifest = facts.manifest.clone();
        for (name, take) in &manifest.take {
            if !self.is_on(take, candidate.target) || !self.is_wanted(&system, &manifest, name, take) {
                continue;
            }
            let by_hand = take.hand_off.is_some() && take.call.is_none() && take.modify.is_none();
            if !by_hand && !facts.has_revoke {
                continue;
            }
            let shared = cut::is_shared(self.graph, candidate.root) && self.graph.net[candidate.root].kind == NodeKind::Account;
            if shared && !take.when.as_deref().is_some_and(|when| when.contains("shared")) {
                continue;
            }
            if let Err(problem) = self.draft(candidate, &system, facts, name, take, by_hand, shared) {
                self.plan.problems.push(format!("{name} in {system}: {problem}"));
            }
        }
    }

    /// Leaves out hand-offs of things for which a call is planned that comes to the same.
    fn no_need_to_ask(&mut self) {
        let place = |draft: &Draft, name: &str| (draft.action.system.clone(), name.to_owned(), draft.action.spec.thing());
        let calls: HashSet<_> =
            self.drafts.iter().filter(|draft| !draft.action.hand_off).map(|draft| place(draft, &draft.action.name)).collect();
        let systems = self.systems;
        self.drafts.retain(|draft| {
            let take = systems.get(&draft.action.system).and_then(|facts| facts.manifest.action(&draft.action.name));
            let unless = take.and_then(|take| take.hand_off.as_ref()).filter(|_| draft.action.hand_off).map(|task| task.unless.as_slice());
            !unless.unwrap_or_default().iter().any(|call| calls.contains(&place(draft, call)))
        });
    }

    fn is_kept(&self, candidate: Candidate, system: &str) -> bool {
        let root_kept = self.kept.contains(&candidate.root) && self.graph.net[candidate.root].system == system;
        root_kept
            || match candidate.target {
                Target::Node(index) => self.kept.contains(&index),
                Target::Edge(edge) => self.graph.net.edge_endpoints(edge).is_some_and(|(_, to)| self.kept.contains(&to)),
            }
    }

    fn is_on(&self, take: &Take, target: Target) -> bool {
        let (kind, type_) = take.on.split_once('.').map_or((take.on.as_str(), None), |(kind, type_)| (kind, Some(type_)));
        let (is, node) = match target {
            Target::Node(index) => (self.graph.net[index].kind.word() == kind, Some(index)),
            Target::Edge(edge) => (self.graph.net[edge].kind.word() == kind, self.graph.net.edge_endpoints(edge).map(|(_, to)| to)),
        };
        is && type_.is_none_or(|type_| node.is_some_and(|node| self.graph.net[node].type_ == type_))
    }

    fn is_wanted(&mut self, system: &str, manifest: &Manifest, name: &str, take: &Take) -> bool {
        let modes = take.modes.as_deref();
        let in_mode = modes.map_or(self.mode == Mode::Departure, |modes| modes.iter().any(|mode| mode == self.mode.word()));
        let allowed = take.default != Some(false) || Rules::names(&self.rules.allow, system, &manifest.scanner, name);
        let denied = Rules::names(&self.rules.deny, system, &manifest.scanner, name);
        // A leave is taken back one day.
        in_mode && allowed && !denied && !(self.mode == Mode::Leave && take.irreversible)
    }

    /// The person as templates see them: with their account in the system, where there is one.
    fn person_value(&self, person: &Person, system: &str) -> Value {
        let mut value = person.as_value();
        let mut accounts: Vec<NodeIndex> = person
            .accounts(self.graph)
            .into_iter()
            .filter(|index| self.graph.net[*index].system == system && !self.graph.net[*index].disabled())
            .collect();
        accounts.sort_unstable();
        if let (Value::Object(map), [only]) = (&mut value, accounts.as_slice()) {
            map.insert("account".into(), self.graph.net[*only].as_value());
        }
        value
    }

    fn spec(&self, candidate: Candidate, system: &str, concern: NodeIndex) -> Spec {
        let roots = &self.found.roots;
        let mut scope = Map::new();
        let mut near = Vec::new();
        match candidate.target {
            Target::Node(index) => {
                let value = candidates::node_value(self.graph, index, roots);
                near.push(value.clone());
                near.extend(["held_by", "owned_by", "opens"].iter().filter_map(|name| value.get(*name).cloned()));
                scope.insert("node".into(), value);
            }
            Target::Edge(edge) => {
                if let Some((from, to)) = self.graph.net.edge_endpoints(edge) {
                    for (name, index) in [("to", to), ("from", from)] {
                        let value = candidates::node_value(self.graph, index, roots);
                        near.push(value.clone());
                        scope.insert(name.into(), value);
                    }
                }
                scope.insert("edge".into(), candidates::edge_value(self.graph, edge));
            }
        }
        near.push(self.graph.net[concern].as_value());
        scope.insert("person".into(), self.person_value(self.person, system));
        scope.insert("successor".into(), self.successor.map_or(Value::Null, |person| self.person_value(person, system)));
        Spec { scope, near }
    }

    #[allow(clippy::too_many_arguments)]
    fn draft(
        &mut self,
        candidate: Candidate,
        system: &str,
        facts: &SystemFacts,
        name: &str,
        take: &Take,
        by_hand: bool,
        shared: bool,
    ) -> Result<(), String> {
        let concern = self.found.concern(self.graph, system, candidate.root);
        let spec = self.spec(candidate, system, concern);
        let now = Value::String(self.rules.now.to_string());
        let scope = spec.names().with("settings", &facts.settings).with("now", &now);
        if let Some(when) = &take.when
            && !Expr::compile(when)?.truth(&scope)?
        {
            return Ok(());
        }
        let target = self.target_label(candidate.target);
        if self.successor.is_none() && (take.kind == TakeKind::Transfer || mentions_successor(take)) {
            self.skipped.insert((system.to_owned(), concern, name.to_owned()));
            let waits = self.heirless.entry(system.to_owned()).or_default();
            waits.0.insert(format!("{}: {target}", name.replace('_', " ")));
            if let (Target::Node(index), TakeKind::Transfer) = (candidate.target, take.kind)
                && self.graph.net[index].kind != NodeKind::Account
            {
                waits.1.insert(self.graph.net[index].id.0);
            }
            return Ok(());
        }
        let label = format!("{} {target} in {system}", name.replace('_', " "));
        let falls = self.falls(candidate.target, name, take, shared);
        let task = match (&take.hand_off, by_hand) {
            (Some(hand_off), true) => Some(PlannedTask {
                role: hand_off.to.clone(),
                title: render(&hand_off.title, Place::Words, &scope)?,
                steps: hand_off.steps.as_deref().map(|steps| render(steps, Place::Words, &scope)).transpose()?.unwrap_or_default(),
                due_secs: duration::parse(&hand_off.due)?.as_secs(),
                attach: hand_off.attach.clone(),
                no_proof: hand_off.no_proof.clone(),
                action: None,
                system: system.to_owned(),
                things: vec![target],
                covers: falls.node.into_iter().collect(),
                covers_edges: falls.edge.clone().into_iter().collect(),
            }),
            _ => None,
        };
        let node = match candidate.target {
            Target::Node(index) => Some((self.graph.net[index].kind, self.graph.net[index].type_.clone())),
            Target::Edge(_) => None,
        };
        // Two scopes of a system may say the same: one action is enough.
        if let Some(edge) = &falls.edge
            && !self.edges.insert((name.to_owned(), edge.clone()))
        {
            return Ok(());
        }
        self.drafts.push(Draft {
            action: PlannedAction {
                system: system.to_owned(),
                name: name.to_owned(),
                kind: kind_word(take.kind).to_owned(),
                label,
                spec,
                falls,
                irreversible: take.irreversible,
                undoable: take.undo.is_some(),
                hand_off: by_hand,
                effect_of: others::effect_of(take).map(str::to_owned),
                ..PlannedAction::default()
            },
            task,
            concern,
            node,
            see: take.prove.as_ref().and_then(|prove| prove.see.clone()),
        });
        Ok(())
    }

    fn target_label(&self, target: Target) -> String {
        match target {
            Target::Node(index) => label(self.graph, index),
            Target::Edge(edge) => match self.graph.net.edge_endpoints(edge) {
                Some((from, to)) => format!("{} → {}", label(self.graph, from), label(self.graph, to)),
                None => String::new(),
            },
        }
    }

    fn falls(&self, target: Target, name: &str, take: &Take, shared: bool) -> Falls {
        let revokes = take.kind == TakeKind::Revoke;
        match target {
            Target::Edge(edge) => Falls {
                edge: (revokes || take.kind == TakeKind::Transfer).then(|| EdgeName::of(self.graph, edge)).flatten(),
                ..Falls::default()
            },
            Target::Node(index) => {
                let account = self.graph.net[index].kind == NodeKind::Account;
                Falls {
                    node: Some(self.graph.net[index].id.0),
                    ends_node: revokes && (!account || shared || ends_account(name, take)),
                    edge: None,
                    out: if shared { vec!["*".into()] } else { take.also_removes.clone() },
                    into: if take.kind == TakeKind::Transfer { vec![EdgeKind::Owns.word().into()] } else { Vec::new() },
                }
            }
        }
    }

    /// Shared accounts that no action is named for: to rotate, for others would lose access.
    fn shared_accounts(&mut self) {
        if self.mode == Mode::Notice {
            return;
        }
        for root in &self.found.roots {
            let node = &self.graph.net[*root];
            if node.kind != NodeKind::Account || !cut::is_shared(self.graph, *root) || self.kept.contains(root) {
                continue;
            }
            let people: Vec<String> = cut::owners(self.graph, *root)
                .into_iter()
                .filter(|index| *index != self.person.index)
                .map(|index| self.graph.net[index].label().to_owned())
                .collect();
            let name = label(self.graph, *root);
            let acted = self.drafts.iter().any(|draft| draft.action.falls.node == Some(node.id.0) && draft.action.falls.ends_node);
            self.plan.others_hit.push(OtherHit { system: node.system.clone(), what: name.clone(), people: people.clone(), action: None });
            if acted {
                continue;
            }
            let others = if people.is_empty() { "others".to_owned() } else { people.join(", ") };
            self.plan.tasks.push(PlannedTask {
                role: "security".into(),
                title: format!("Rotate the shared account {name} in {}", node.system),
                steps: format!(
                    "{} knows its secrets. Change password, keys and second factors; don't disable it: {others} would lose access.",
                    self.person.name
                ),
                due_secs: DUE,
                system: node.system.clone(),
                things: vec![name],
                covers: vec![node.id.0],
                ..PlannedTask::default()
            });
        }
    }

    /// Numbers the actions and says which wait for which.
    fn settle(&mut self) {
        let mut drafts = std::mem::take(&mut self.drafts);
        // What must not happen before something that can't happen yet doesn't happen: deleting before moving, say.
        let skipped = &self.skipped;
        let problems = &mut self.plan.problems;
        drafts.retain(|draft| {
            let Some(facts) = self.systems.get(&draft.action.system) else { return true };
            let waits_for = order::waits_for(&facts.manifest, &draft.action.name);
            let missing =
                waits_for.iter().find(|name| skipped.contains(&(draft.action.system.clone(), draft.concern, (*name).to_string())));
            if let (true, Some(missing)) = (draft.action.irreversible, missing) {
                problems.push(format!("{} is left out: {missing} must come before it and needs a successor", draft.action.label));
                return false;
            }
            true
        });
        let rank = |draft: &Draft| {
            let of = self.systems.get(&draft.action.system);
            of.and_then(|facts| facts.manifest.take.iter().position(|(name, _)| *name == draft.action.name)).unwrap_or(usize::MAX)
        };
        drafts.sort_by(|a, b| {
            let key = |draft: &Draft| (draft.action.system.clone(), draft.concern.index(), rank(draft));
            key(a).cmp(&key(b))
        });
        for (index, draft) in drafts.iter_mut().enumerate() {
            draft.action.number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        }
        self.plan.problems.extend(order::arrange(&mut drafts, self.systems));
        for draft in drafts {
            if let Some(task) = draft.task {
                self.plan.tasks.push(PlannedTask { action: Some(draft.action.number), ..task });
            }
            self.plan.actions.push(draft.action);
        }
        for (system, (things, nodes)) in std::mem::take(&mut self.heirless) {
            self.plan.tasks.push(PlannedTask {
                role: "hr".into(),
                title: format!("Name who takes over from {}: {} waits for it", self.person.name, system),
                steps: format!(
                    "Name the successor and run the departure again. It holds back: {}",
                    things.iter().cloned().collect::<Vec<_>>().join("; ")
                ),
                due_secs: DUE,
                system,
                things: things.into_iter().collect(),
                covers: nodes.into_iter().collect(),
                ..PlannedTask::default()
            });
        }
    }

    /// Whatever stays reachable and nothing accounts for becomes a task, one a system.
    fn the_rest(&mut self) {
        let first = cut::prove(self.graph, self.person, &self.plan);
        self.plan.reachable_before = first.reachable_before;
        // In a notice period the person still works here.
        if self.mode == Mode::Notice {
            return;
        }
        if self.mode == Mode::Departure {
            let mut by_system: BTreeMap<String, PlannedTask> = BTreeMap::new();
            for index in &first.frontier {
                let node = &self.graph.net[*index];
                let task = by_system.entry(node.system.clone()).or_default();
                task.covers.push(node.id.0);
                task.things.push(format!("{} {}", kind_and_type(node.kind, &node.type_), label(self.graph, *index)));
            }
            for candidate in self.found.list.iter().filter(|candidate| candidate.loose) {
                let Target::Edge(edge) = candidate.target else { continue };
                let Some(name) = EdgeName::of(self.graph, edge) else { continue };
                let covered = self.plan.actions.iter().any(|action| action.falls.edge.as_ref() == Some(&name))
                    || self.graph.net.edge_endpoints(edge).is_some_and(|(_, to)| self.kept.contains(&to));
                if !covered {
                    let task = by_system.entry(name.system.clone()).or_default();
                    task.things.push(format!("{} {}", name.kind.replace('_', " "), self.target_label(candidate.target)));
                    task.covers_edges.push(name);
                }
            }
            for (system, task) in by_system {
                let (role, why) = match self.systems.get(&system) {
                    None => ("it", "the system is not configured"),
                    Some(facts) if !facts.has_revoke => ("it", "there is no credential to revoke with"),
                    Some(_) => ("security", "no action covers it"),
                };
                let count = task.things.len();
                let things = if count == 1 { "one way in".to_owned() } else { format!("{count} ways in") };
                self.plan.tasks.push(PlannedTask {
                    role: role.into(),
                    title: format!("Take {things} of {} away in {system} by hand", self.person.name),
                    steps: format!("exeunt can't ({why}): {}", task.things.join("; ")),
                    due_secs: DUE,
                    system,
                    ..task
                });
            }
        }
        self.plan.residual = cut::prove(self.graph, self.person, &self.plan).residual;
    }

    /// Who else holds or uses what is taken away.
    fn others_hit(&mut self) {
        let mut hits = Vec::new();
        for action in self.plan.actions.iter().filter(|action| action.falls.ends_node) {
            let Some(index) = action.falls.node.and_then(|id| super::spec::index_of(self.graph, id)) else { continue };
            if self.graph.net[index].kind == NodeKind::Account {
                continue;
            }
            let mut people = BTreeSet::new();
            for (_, edge, from) in self.graph.into(index) {
                if matches!(edge.kind, EdgeKind::HasAccount | EdgeKind::MemberOf) || self.found.roots.contains(&from) {
                    continue;
                }
                people.extend(
                    cut::owners(self.graph, from)
                        .into_iter()
                        .filter(|owner| *owner != self.person.index)
                        .map(|owner| self.graph.net[owner].label().to_owned()),
                );
            }
            if !people.is_empty() {
                hits.push(OtherHit {
                    system: action.system.clone(),
                    what: label(self.graph, index),
                    people: people.into_iter().collect(),
                    action: Some(action.number),
                });
            }
        }
        self.plan.others_hit.extend(hits);
    }

    fn blind_spots(&mut self) {
        let mut concerned: BTreeSet<&str> = self.plan.actions.iter().map(|action| action.system.as_str()).collect();
        concerned.extend(self.plan.tasks.iter().map(|task| task.system.as_str()));
        concerned.extend(self.found.roots.iter().map(|root| self.graph.net[*root].system.as_str()));
        let spots =
            concerned.into_iter().filter_map(|system| self.systems.get(system).map(|facts| (system, facts))).flat_map(|(system, facts)| {
                facts.manifest.blind_spots.iter().map(move |spot| Blind {
                    system: system.to_owned(),
                    what: spot.what.clone(),
                    lives: spot.lives.clone(),
                    why: spot.why.clone(),
                })
            });
        let spots: Vec<Blind> = spots.collect();
        self.plan.blind_spots = spots;
    }
}

fn kind_and_type(kind: NodeKind, type_: &str) -> String {
    if type_.is_empty() { kind.word().to_owned() } else { type_.replace('_', " ") }
}

fn kind_word(kind: TakeKind) -> &'static str {
    match kind {
        TakeKind::Revoke => "revoke",
        TakeKind::Transfer => "transfer",
        TakeKind::Hold => "hold",
        TakeKind::Freeze => "freeze",
        TakeKind::Export => "export",
    }
}

/// Whether an action on an account ends the account, rather than its sessions or factors. Manifests say so by what else
/// falls with it (more than what the account holds), or by the action's name. When in doubt it doesn't: a task too many
/// is seen, a way in too many isn't.
pub(super) fn ends_account(name: &str, take: &Take) -> bool {
    const WORDS: &[&str] =
        &["suspend", "disable", "deactivate", "delete", "remove", "terminate", "archive", "deprovision", "lock", "block", "expire", "off"];
    if take.kind != TakeKind::Revoke || take.on != "account" {
        return false;
    }
    let beyond = take.also_removes.iter().any(|word| word.split('.').next() != Some("holds"));
    let named = name.split('_').next().is_some_and(|first| WORDS.contains(&first));
    let of_something = name.split('_').skip(1).any(|word| !["user", "account", "login", "member", "sign", "in", "person"].contains(&word));
    beyond || (named && !of_something)
}

fn mentions_successor(take: &Take) -> bool {
    let mut texts = vec![json!(take.call), json!(take.act_as), json!(take.headers)];
    texts.extend(take.body.clone());
    texts.extend(take.form.clone());
    if let Some(modify) = &take.modify {
        texts.push(json!([modify.dn, modify.replace, modify.add, modify.delete]));
    }
    texts.iter().any(|value| value.to_string().contains("successor"))
}
