//! The graph around a person against the whole graph, on random companies with a history: whoever asks either gets the same answer.
//!
//! `EXEUNT_SEEDS=1000 cargo test --release --lib graph::tests::around` tries so many companies; `EXEUNT_SEED=7` the one of this seed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::clock::days_before;
use crate::graph::{Around, Graph, Person};
use crate::manifest::load::load;
use crate::model::{DepartureState, EdgeKind, Mode, NodeId, NodeKind};
use crate::report::people::People;
use crate::report::person::Inventory;
use crate::report::shadow::Shadow;
use crate::report::why::Why;
use crate::report::{Facts, Known};
use crate::revoke::{self, Rules, SystemFacts};
use crate::shadow::testing::World;
use crate::store::departures::{self, NewDeparture, Opened};
use crate::store::findings;
use crate::store::links::{self, ClaimState};

/// How many companies a plain `cargo test` tries.
const SEEDS: u64 = 60;

const SYSTEMS: &[&str] = &["okta", "google", "ad"];
const PEOPLE: u64 = 4;

/// What a departure may do on each of the systems: something to accounts, to what they hold, and to edges of both directions.
const MANIFEST: &str = r#"
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
  users: { call: GET /users, yields: [ { account: it.id, name: it.name } ] }
take:
  suspend:
    on: account
    when: not node.shared
    call: POST /users/{{ node.id }}/suspend
    also_removes: [signs_in_to, member_of]
    prove: { call: "GET /users/{{ node.id }}", gone: body.state == 'suspended', within: 2s }
  revoke_token:
    on: credential.api_token
    irreversible: true
    call: DELETE /tokens/{{ node.id }}
    body: { of: "{{ node.held_by.id }}", for: "{{ node.opens.id }}" }
    prove: { call: "GET /tokens/{{ node.id }}", gone: absent, within: 2s }
  move_file:
    on: owns
    kind: transfer
    call: POST /files/{{ to.id }}/owner
    body: { to: "{{ successor.account.id }}" }
    prove: { call: "GET /files/{{ to.id }}", gone: body.owner != from.id, within: 2s }
  stop_delegate:
    on: delegate_of
    call: DELETE /delegates/{{ from.id }}/{{ to.id }}
    prove: { call: "GET /delegates/{{ from.id }}", gone: absent, within: 2s }
  stop_forwarding:
    on: receives_mail_of
    call: DELETE /forwards/{{ from.email }}
    prove: { call: "GET /forwards/{{ from.email }}", gone: absent, within: 2s }
  close_share:
    on: can_access
    call: DELETE /shares/{{ to.id }}/{{ from.id }}
    prove: { call: "GET /shares/{{ to.id }}", gone: absent, within: 2s }
"#;

/// Random numbers that are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

fn address(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("p{}@home.example", dice.below(PEOPLE)),
        1 => format!("x{}@other.example", dice.below(3)),
        _ => format!("P{}@acme.example", dice.below(PEOPLE)),
    }
}

/// A second name: one that is the same everywhere, or one of its system alone.
fn alias(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!("S-1-5-21-{}", dice.below(6)),
        1 => format!("CN=n{},DC=acme", dice.below(4)),
        _ => format!("n{}", dice.below(4)),
    }
}

/// What stands at an end of an edge.
fn end(dice: &mut Dice) -> String {
    match dice.below(14) {
        0..=4 => format!("account:a{}", dice.below(5)),
        5 | 6 => format!("group:g{}", dice.below(3)),
        7 | 8 => format!("resource:r{}", dice.below(4)),
        9 | 10 => format!("credential:c{}", dice.below(4)),
        11 => format!("address:{}", address(dice)),
        12 => format!("aka:{}", alias(dice)),
        _ => format!("role:o{}", dice.below(2)),
    }
}

/// What the systems show one night.
fn night(world: &mut World, dice: &mut Dice) {
    for number in 0..PEOPLE {
        if !dice.one_in(8) {
            // Two may have one number, or one name.
            let number_of = if dice.one_in(9) { 0 } else { number };
            let name = if dice.one_in(9) { "Per Son".to_owned() } else { format!("Per Son{number}") };
            let state = if dice.one_in(6) { "disabled" } else { "active" };
            world.node(
                "hr",
                &format!("person:k{number}"),
                "",
                &name,
                json!({ "emails": [format!("p{number}@acme.example")], "home_emails": [format!("p{number}@home.example")],
                        "employee_number": format!("E{number_of}"), "state": state, "title": if number == 0 { "Chief" } else { "Clerk" } }),
            );
        }
    }
    for system in SYSTEMS {
        for number in 0..5 {
            if dice.one_in(5) {
                continue;
            }
            let mut emails: Vec<String> = (0..dice.below(3)).map(|_| address(dice)).collect();
            if dice.one_in(6) {
                emails.extend(emails.clone());
            }
            let emails = if dice.one_in(8) { json!(emails.first()) } else { json!(emails) };
            let attrs = json!({ "emails": emails, "shared": dice.one_in(7), "state": if dice.one_in(7) { "disabled" } else { "active" } });
            world.node(system, &format!("account:a{number}"), "", &format!("acc {number}"), attrs);
            if dice.one_in(2) {
                let names = [alias(dice), alias(dice)];
                world.called(system, &[names[0].as_str(), names[1].as_str()]);
            }
        }
        for number in 0..4 {
            let type_ = *dice.pick(&["mailbox", "file", "folder"]);
            world.node(system, &format!("resource:r{number}"), type_, "", json!({}));
            let type_ = *dice.pick(&["api_token", "share_link", "ssh_key"]);
            world.node(system, &format!("credential:c{number}"), type_, "", json!({}));
        }
        for number in 0..3 {
            world.node(system, &format!("group:g{number}"), "", "", json!({}));
            if dice.one_in(3) {
                let name = alias(dice);
                world.called(system, &[name.as_str()]);
            }
        }
        for _ in 0..20 {
            let kinds = &EdgeKind::ALL[1..];
            let (from, kind, to) = (end(dice), *dice.pick(kinds), end(dice));
            let attrs = if dice.one_in(3) { json!({ "level": *dice.pick(&["read", "write", "owner"]) }) } else { json!({}) };
            world.edge(system, &from, kind, &to, attrs);
        }
    }
}

/// What the rules claim after a night, and what people decide.
fn claims(world: &mut World, dice: &mut Dice) {
    let known = |world: &World, system: &str, reference: &str| {
        let node = crate::shadow::testing::node(reference);
        world.store.read(|conn| crate::store::graph::find_node(conn, system, &node)).unwrap().is_some()
    };
    for system in SYSTEMS {
        for _ in 0..4 {
            let (person, account) = (format!("k{}", dice.below(PEOPLE)), end(dice));
            let state =
                *dice.pick(&[ClaimState::Certain, ClaimState::Certain, ClaimState::Certain, ClaimState::Likely, ClaimState::Disputed]);
            let fits = account.starts_with("account:") || account.starts_with("address:");
            if fits && known(world, "hr", &format!("person:{person}")) && known(world, system, &account) {
                world.has(&person, system, &account, 0.9, state);
            }
        }
    }
    world.scan(true);
    let links = world.store.read(|conn| crate::store::graph::links(conn, None)).unwrap();
    for link in links {
        let at = world.now;
        match dice.below(12) {
            0 => drop(world.store.write(|tx| links::reject(tx, link.id, "kim", at))),
            1 => drop(world.store.write(|tx| links::confirm(tx, link.id, "kim", at))),
            _ => {}
        }
    }
}

/// A case that has taken some accounts.
fn case(world: &World, dice: &mut Dice, people: &[NodeId]) {
    let (person, now) = (*dice.pick(people), world.now);
    let accounts: Vec<NodeId> = (0..2)
        .filter_map(|_| {
            let (system, node) = (*dice.pick(SYSTEMS), crate::shadow::testing::node(&format!("account:a{}", dice.below(5))));
            world.store.read(|conn| crate::store::graph::find_node(conn, system, &node)).unwrap()
        })
        .collect();
    let new = NewDeparture {
        person,
        mode: Mode::Departure,
        state: DepartureState::Scheduled,
        source: "cli".into(),
        cause: "a test".into(),
        event: None,
        effective: now,
    };
    world
        .store
        .write(|tx| match departures::open(tx, &new, now)? {
            Opened::New(id) | Opened::Known(id) => departures::take_accounts(tx, id, &accounts, now),
        })
        .unwrap();
}

/// A person, wherever they are in a graph.
fn told(person: &Person) -> String {
    format!("{:?}", Person { index: petgraph::graph::NodeIndex::new(0), ..person.clone() })
}

/// Everything that is made of a graph for one person.
fn answers(world: &World, facts: &Facts, person: &Person, heir: Option<&Person>, as_of: Option<Timestamp>) -> Vec<(&'static str, Value)> {
    let graph = &facts.graph;
    let mut found = vec![("person", json!(told(person)))];
    found.push(("inventory", serde_json::to_value(Inventory::of(facts, person)).unwrap()));
    // Where there is no path, what else is called so is another question.
    found.push(("way to r1", json!(Why::of(facts, person, "r1").ok())));
    if as_of.is_none() {
        let manifest = load("acme", MANIFEST).unwrap();
        let of = SystemFacts { manifest, settings: json!({ "base": "http://127.0.0.1:1", "own_account": "acc 3" }), has_revoke: true };
        let systems: BTreeMap<String, SystemFacts> = SYSTEMS.iter().map(|system| ((*system).to_owned(), of.clone())).collect();
        let own = vec![
            ("okta".to_owned(), "read".to_owned(), "a1".to_owned()),
            ("ad".to_owned(), "revoke".to_owned(), "p1@acme.example".to_owned()),
        ];
        let rules = Rules::new(&world.config().departure, own, world.now);
        let plan = revoke::plan(graph, person, heir, Mode::Departure, &systems, &rules);
        let cut = revoke::prove(graph, person, &plan);
        let labels = |nodes: &[petgraph::graph::NodeIndex]| nodes.iter().map(|index| graph.net[*index].id.0).collect::<Vec<_>>();
        found.push((
            "cut",
            json!([cut.reachable_before, format!("{:?}", cut.residual), labels(&cut.frontier), labels(&cut.handed_off), labels(&cut.kept)]),
        ));
        found.push(("plan", serde_json::to_value(plan).unwrap()));
    }
    found
}

/// Where two values differ first, line by line.
fn difference(expected: &Value, got: &Value) -> String {
    let (expected, got) = (format!("{expected:#}"), format!("{got:#}"));
    let at = expected.lines().zip(got.lines()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| text.lines().skip(at.saturating_sub(12)).take(24).collect::<Vec<_>>().join("\n");
    format!("\n--- of the whole graph:\n{}\n--- of the graph around:\n{}", part(&expected), part(&got))
}

fn compare(world: &World, as_of: Option<Timestamp>, story: &str) {
    let config = world.config();
    let whole = world.store.read(|conn| Facts::read(conn, &config, Known::default(), as_of, world.now)).unwrap();
    let all = |graph: &Graph| graph.nodes().filter(|(_, node)| node.kind == NodeKind::Person).map(|(_, node)| node.id).collect::<Vec<_>>();
    let ids = all(&whole.graph);
    let everybody = world.people(&world.store.read(|conn| Graph::of_people(conn, as_of)).unwrap());
    let told = |people: &[Person]| people.iter().map(told).collect::<Vec<_>>();
    assert_eq!(told(&everybody), told(&whole.people), "{story}: everybody");
    if as_of.is_none() {
        let people = world.store.read(|conn| Facts::of_people(conn, &config, Known::default(), world.now)).unwrap();
        assert_eq!(people.doubts(None), whole.doubts(None), "{story}: what is in doubt");
        let shadow = Shadow::around(&world.store, &people, None, None).unwrap();
        assert_eq!(shadow, Shadow::of(&whole, None, None), "{story}: the shadow report");
    }
    let around = Around { besides: ids.clone(), ..Around::default() };
    let listed = world.store.read(|conn| Facts::around(conn, &config, &around, Known::default(), as_of, world.now)).unwrap();
    assert_eq!(People::of(&listed, false), People::of(&whole, false), "{story}: everybody with what they have");
    for id in &ids {
        let heir_of = ids[(ids.iter().position(|other| other == id).unwrap() + 1) % ids.len()];
        let mut named: Vec<(String, String)> = SYSTEMS.iter().map(|system| ((*system).to_owned(), "acc 3".to_owned())).collect();
        named.push(("okta".to_owned(), "a1".to_owned()));
        named.push(("ad".to_owned(), "p1@acme.example".to_owned()));
        let around = Around { people: vec![*id], besides: vec![heir_of], named };
        let part = world.store.read(|conn| Facts::around(conn, &config, &around, Known::default(), as_of, world.now)).unwrap();
        let of = |facts: &Facts, id: NodeId| facts.people.iter().find(|person| person.id == id).cloned();
        let (theirs, ours) = (of(&whole, *id), of(&part, *id));
        assert_eq!(theirs.is_some(), ours.is_some(), "{story}: whether person {} is known", id.0);
        let (Some(theirs), Some(ours)) = (theirs, ours) else { continue };
        let expected = answers(world, &whole, &theirs, of(&whole, heir_of).as_ref(), as_of);
        let got = answers(world, &part, &ours, of(&part, heir_of).as_ref(), as_of);
        for ((what, expected), (_, got)) in expected.iter().zip(&got) {
            assert!(expected == got, "{story}: the {what} of person {}{}", id.0, difference(expected, got));
        }
        let owners = |account: NodeId| -> BTreeSet<String> {
            let index = whole.graph.index(account).unwrap();
            let held = Graph::into(&whole.graph, index).filter(|(_, edge, _)| edge.kind == EdgeKind::HasAccount);
            held.map(|(.., from)| whole.graph.net[from].key.clone()).collect()
        };
        for (_, node) in whole.graph.nodes().filter(|(_, node)| node.kind == NodeKind::Account) {
            let asked = world.store.read(|conn| Graph::owners_of(conn, as_of, node.id)).unwrap();
            assert_eq!(asked, owners(node.id), "{story}: the owners of {}", node.id.0);
        }
    }
}

fn try_one(seed: u64) {
    let mut dice = Dice(seed);
    let mut world = World::empty();
    world.settings("[people.successors]\nE0 = \"E1\"\n");
    let mut then = world.now;
    for number in 0..3 {
        night(&mut world, &mut dice);
        world.scan(true);
        claims(&mut world, &mut dice);
        if number == 0 {
            then = world.now.checked_add(1.minute()).unwrap();
        }
        world.now = days_before(world.now, -1);
    }
    let people: Vec<NodeId> = world.people(&world.graph()).iter().map(|person| person.id).collect();
    if !people.is_empty() && dice.one_in(2) {
        case(&world, &mut dice, &people);
    }
    world.store.write(|tx| findings::write(tx, &world.all(), &BTreeSet::new(), world.now)).unwrap();
    compare(&world, None, &format!("EXEUNT_SEED={seed}"));
    compare(&world, Some(then), &format!("EXEUNT_SEED={seed}, as it was on the first night"));
}

// Trust: What was read.
#[test]
fn the_graph_around_a_person_answers_as_the_whole_graph_does() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("EXEUNT_SEED").unwrap_or(1);
    let count = number("EXEUNT_SEEDS").unwrap_or(if number("EXEUNT_SEED").is_some() { 1 } else { SEEDS });
    for seed in first..first + count {
        try_one(seed);
    }
}
