//! A small company in a store, and what departures make of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plans;
mod runs;
mod server;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Plan, Rules, SystemFacts, plan};
use crate::graph::{Graph, Person};
use crate::manifest::{Manifest, load::load};
use crate::model::{EdgeKind, EdgeSeen, Level, Mode, NodeKind, NodeRef, NodeSeen, Observation};
use crate::store::{Store, graph as rows, scans};

/// A system whose suspended accounts still let their tokens in.
pub(super) const MANIFEST: &str = r#"
scanner: acme
title: Acme
category: saas
contract: made up for tests
settings:
  base: { example: "http://127.0.0.1:1" }
credentials:
  read: { kind: bearer }
  revoke: { kind: bearer }
connect:
  http: "{{ settings.base }}"
  paging: { none: true }
  classes: { gone: status == 404 and body.code == 'no_such_thing' }
preflight:
  - { call: GET /health, there: body.up }
see:
  users:
    call: GET /users
    yields: [ { account: it.id, name: it.name } ]
  tokens:
    for: users
    call: GET /users/{{ parent.id }}/tokens
    empty: expected
    yields: [ { credential: it.id, type: api_token, held_by: account(parent.id) } ]
blind_spots:
  - { what: cookies, lives: 1h, why: no API lists them }
take:
  clear_sessions:
    on: account
    call: DELETE /users/{{ node.id }}/sessions
    again_after: [suspend]
    also_removes: [holds.session]
    prove: { call: "GET /users/{{ node.id }}/sessions", gone: body | length == 0, within: 2s }
  reset_factors:
    on: account
    before: [suspend]
    call: DELETE /users/{{ node.id }}/factors
    also_removes: [holds.mfa_factor]
    prove: { call: "GET /users/{{ node.id }}/factors", gone: body | length == 0, within: 2s }
  suspend:
    on: account
    when: not node.shared
    modes: [departure, leave]
    call: POST /users/{{ node.id }}/suspend
    also_removes: [signs_in_to, member_of]
    undo: POST /users/{{ node.id }}/unsuspend
    prove: { call: "GET /users/{{ node.id }}", gone: body.state == 'suspended', within: 2s, lives_on: 1h }
  revoke_token:
    on: credential.api_token
    irreversible: true
    call: DELETE /tokens/{{ node.id }}
    prove: { see: tokens, gone: node.id not in seen, within: 2s }
  stop_forwarding:
    on: receives_mail_of
    call: DELETE /forwards/{{ from.email }}
    prove: { call: "GET /forwards/{{ from.email }}", gone: absent, within: 2s }
  collect_badge:
    on: credential.badge
    hand_off: { to: facilities, due: 4h, title: "Collect {{ node.id }} from {{ person.name }}", attach: receipt }
    prove: { see: users, gone: node.id not in seen }
  delete:
    on: account
    default: false
    irreversible: true
    after: [suspend]
    call: DELETE /users/{{ node.id }}
    prove: { call: "GET /users/{{ node.id }}", gone: absent, within: 2s }
"#;

pub(super) fn manifest(text: &str) -> Manifest {
    load("acme", text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

pub(super) fn node(kind: NodeKind, type_: &str, key: &str, attrs: Value) -> Observation {
    let Value::Object(attrs) = attrs else { panic!("attributes are a map") };
    Observation::Node(NodeSeen { node: NodeRef::new(kind, key), type_: type_.into(), name: None, attrs, aka: Vec::new() })
}

pub(super) fn edge(from: (NodeKind, &str), kind: EdgeKind, to: (NodeKind, &str)) -> Observation {
    let level = (kind == EdgeKind::CanAccess).then_some(Level::Read);
    Observation::Edge(EdgeSeen { from: NodeRef::new(from.0, from.1), kind, to: NodeRef::new(to.0, to.1), level, attrs: Map::new() })
}

/// A store with people in `hr`, and whatever is written into other systems.
pub(super) struct World {
    pub store: std::sync::Arc<Store>,
    _dir: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(Store::open(&dir.path().join("t.db")).unwrap());
        let world = Self { store, _dir: dir };
        let person = |key: &str, name: &str| {
            Observation::Node(NodeSeen {
                node: NodeRef::new(NodeKind::Person, key),
                type_: String::new(),
                name: Some(name.into()),
                attrs: json!({ "employee_number": key, "emails": [format!("{key}@acme.example")], "home_emails": [format!("{key}@home.example")] })
                    .as_object()
                    .unwrap()
                    .clone(),
                aka: Vec::new(),
            })
        };
        world.see("hr", &[person("ada", "Ada Abel"), person("ben", "Ben Boll")]);
        world
    }

    pub fn see(&self, system: &str, observations: &[Observation]) {
        let now = crate::clock::now();
        self.store
            .write(|tx| {
                let row = rows::system_row(tx, system, "acme", "saas")?;
                let scope = rows::scope_row(tx, row, "all", "")?;
                let scan = scans::begin(tx, row, None, now)?;
                let mut interner = rows::Interner::load(tx, row)?;
                rows::write_scope(
                    tx,
                    &mut interner,
                    rows::ScopeWrite {
                        scan,
                        scope,
                        at: now,
                        closing: rows::Closing::Nothing,
                        accept_loss: false,
                        ours: None,
                        keep: &[],
                        later: None,
                    },
                    observations,
                )
            })
            .unwrap();
    }

    pub fn link(&self, person: &str, system: &str, account: &str, state: &str) {
        let by = matches!(state, "confirmed" | "rejected").then_some("kim");
        self.store
            .write(|tx| {
                let id = |system: &str, kind, key: &str| rows::find_node(tx, system, &NodeRef::new(kind, key)).map(|found| found.unwrap().0);
                tx.execute(
                    "INSERT INTO link (person, account, state, confidence, evidence, decided_by, since) VALUES (?1, ?2, ?3, 1.0, '[\"same name\"]', ?4, 1)",
                    rusqlite::params![id("hr", NodeKind::Person, person)?, id(system, NodeKind::Account, account)?, state, by],
                )?;
                Ok(())
            })
            .unwrap();
    }

    pub fn graph(&self) -> Graph {
        self.store.read(|conn| Graph::read(conn, None)).unwrap()
    }

    /// Ada's plan with these systems and rules.
    pub fn plan_with(&self, mode: Mode, systems: &BTreeMap<String, SystemFacts>, rules: &Rules) -> (Graph, Person, Plan) {
        let graph = self.graph();
        let ada = Person::all(&graph, None, &[], &crate::model::LastDay::default())
            .unwrap()
            .into_iter()
            .find(|person| person.key == "ada")
            .unwrap();
        let plan = plan(&graph, &ada, None, mode, systems, rules);
        (graph, ada, plan)
    }

    pub fn plan(&self) -> (Graph, Person, Plan) {
        self.plan_with(Mode::Departure, &systems("http://127.0.0.1:1"), &rules())
    }
}

pub(super) fn systems(base: &str) -> BTreeMap<String, SystemFacts> {
    BTreeMap::from([("acme".to_owned(), SystemFacts { manifest: manifest(MANIFEST), settings: json!({ "base": base }), has_revoke: true })])
}

pub(super) fn rules() -> Rules {
    Rules::new(&crate::config::Departure::default(), Vec::new(), "2026-11-01T00:00:00Z".parse().unwrap())
}

pub(super) const ACCOUNT: NodeKind = NodeKind::Account;
pub(super) const CREDENTIAL: NodeKind = NodeKind::Credential;

/// Ada has an account with a session, a factor and a token; the token opens a vault; the account is in a group in a group.
pub(super) fn ada_in_acme(world: &World) {
    use EdgeKind::{CanAccess, Holds, MemberOf, Opens};
    world.see(
        "acme",
        &[
            node(ACCOUNT, "", "u1", json!({ "emails": ["ada@acme.example"] })),
            node(CREDENTIAL, "session", "s1", json!({})),
            node(CREDENTIAL, "mfa_factor", "f1", json!({})),
            node(CREDENTIAL, "api_token", "t1", json!({})),
            node(NodeKind::Group, "", "g1", json!({})),
            node(NodeKind::Group, "", "g2", json!({})),
            node(NodeKind::Resource, "vault", "v1", json!({})),
            node(NodeKind::Resource, "file", "r1", json!({})),
            edge((ACCOUNT, "u1"), Holds, (CREDENTIAL, "s1")),
            edge((ACCOUNT, "u1"), Holds, (CREDENTIAL, "f1")),
            edge((ACCOUNT, "u1"), Holds, (CREDENTIAL, "t1")),
            edge((CREDENTIAL, "t1"), Opens, (NodeKind::Resource, "v1")),
            edge((ACCOUNT, "u1"), MemberOf, (NodeKind::Group, "g1")),
            edge((NodeKind::Group, "g1"), MemberOf, (NodeKind::Group, "g2")),
            edge((NodeKind::Group, "g2"), CanAccess, (NodeKind::Resource, "r1")),
        ],
    );
    world.link("ada", "acme", "u1", "certain");
}
