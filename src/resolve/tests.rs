//! Each clue, their sum, disputes, and people's decisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::{Claim, ClaimState, resolve};
use crate::model::EdgeKind::{Holds, SignsInTo};
use crate::shadow::testing::World;
use crate::store::links;

fn claims(world: &World) -> Vec<Claim> {
    let graph = world.graph();
    resolve(&graph, &world.people(&graph), world.now)
}

/// Who is claimed to have a node, how confidently.
fn claimed(world: &World, system: &str, reference: &str) -> Vec<(String, f64, ClaimState)> {
    let id = world.id(system, reference);
    let graph = world.graph();
    claims(world)
        .into_iter()
        .filter(|claim| claim.account == id)
        .map(|claim| (graph.node(claim.person).unwrap().key.clone(), (claim.confidence * 1000.0).round() / 1000.0, claim.state))
        .collect()
}

fn one(person: &str, confidence: f64, state: ClaimState) -> Vec<(String, f64, ClaimState)> {
    vec![(person.to_owned(), confidence, state)]
}

use ClaimState::{Certain, Disputed, Likely};

#[test]
fn each_clue_weighs_what_it_should() {
    let mut world = World::empty();
    world
        .person("E1", "Ada Berg", json!({ "phones": ["+45 20 00 00 01"] }))
        .person("E2", "Bo Dahl", json!({}))
        .node("ad", "account:number", "", "", json!({ "employee_number": "e1" }))
        .node("slack", "account:work", "", "", json!({ "emails": ["Ada.Berg+slack@ACME.example"] }))
        .node("slack", "account:home", "", "", json!({ "emails": ["ada@home.example"] }))
        .node("slack", "account:phone", "", "", json!({ "phones": ["004520000001"] }))
        .node("slack", "account:sms", "", "", json!({}))
        .node("slack", "credential:sms1", "mfa_factor", "", json!({ "phone": "+4520000001" }))
        .edge("slack", "account:sms", Holds, "credential:sms1", json!({}))
        .node("slack", "account:login", "", "founder", json!({ "real_name": "BERG, Ada", "emails": ["founder@acme.example"] }))
        .node("slack", "account:name", "", "xyz", json!({ "display_name": "Ada Berg" }))
        .node("slack", "account:nobody", "", "Cleo Ek", json!({ "emails": ["cleo@elsewhere.example"] }))
        .scan(true);
    assert_eq!(claimed(&world, "ad", "account:number"), one("E1", 1.0, Certain));
    assert_eq!(claimed(&world, "slack", "account:work"), one("E1", 0.95, Certain));
    assert_eq!(claimed(&world, "slack", "account:home"), one("E1", 0.85, Likely), "nothing is revoked on a private address alone");
    assert_eq!(claimed(&world, "slack", "account:phone"), one("E1", 0.7, Likely));
    assert_eq!(claimed(&world, "slack", "account:sms"), one("E1", 0.7, Likely));
    assert_eq!(claimed(&world, "slack", "account:login"), one("E1", 0.5, Disputed));
    assert_eq!(claimed(&world, "slack", "account:name"), one("E1", 0.3, Disputed));
    assert_eq!(claimed(&world, "slack", "account:nobody"), []);
}

#[test]
fn different_sources_add_up_and_one_source_does_not() {
    let mut world = World::empty();
    world
        .person("E1", "Rafael Okonjo", json!({ "phones": ["+4520001002", "+4520001003"] }))
        // The private address (0.85), and the exact name with a login made of it (0.5): 1 − 0.15 × 0.5.
        .node("github", "account:1", "", "rokonjo-finance", json!({ "display_name": "Rafael Okonjo", "emails": ["rafael@home.example"] }))
        // The name twice is the name once.
        .node("github", "account:2", "", "Rafael Okonjo", json!({ "display_name": "Rafael Okonjo", "full_name": "Okonjo, Rafael" }))
        // Two phones are one source, and so are two private addresses.
        .node("github", "account:3", "", "", json!({ "phones": ["+45 20001002", "+45 20001003"], "emails": [] }))
        .node("github", "account:4", "", "", json!({ "emails": ["rafael@home.example", "rafael+git@home.example"] }))
        .scan(true);
    assert_eq!(claimed(&world, "github", "account:3"), one("E1", 0.7, Likely));
    assert_eq!(claimed(&world, "github", "account:4"), one("E1", 0.85, Likely));
    assert_eq!(claimed(&world, "github", "account:1"), one("E1", 0.925, Certain));
    assert_eq!(claimed(&world, "github", "account:2"), one("E1", 0.3, Disputed));
}

#[test]
fn sso_and_aliases_teach_the_second_round() {
    let mut world = World::empty();
    world
        .person("E1", "Ada Berg", json!({}))
        .node("okta", "account:00u1", "", "", json!({ "employee_number": "E1", "emails": ["ada.berg@acme.example"] }))
        .node("google", "account:g1", "", "", json!({ "emails": ["ada.berg@acme.example", "ceo@acme.example"] }))
        // Signs in under a name that no address tells.
        .edge("okta", "account:00u1", SignsInTo, "address:aberg@login.example", json!({ "app_name": "Zoom" }))
        .node("zoom", "account:z1", "", "", json!({ "emails": ["aberg@login.example"] }))
        .node("zoom", "account:z2", "", "", json!({ "emails": ["ceo@acme.example"] }))
        // Written into a profile by anybody: teaches little.
        .node("slack", "account:u1", "", "", json!({ "emails": ["ada.berg@acme.example", "finance@acme.example"] }))
        .node("zoom", "account:z3", "", "", json!({ "emails": ["finance@acme.example"] }))
        .scan(true);
    assert_eq!(claimed(&world, "zoom", "account:z1"), one("E1", 0.95, Certain));
    assert_eq!(claimed(&world, "zoom", "account:z2"), one("E1", 0.95, Certain));
    assert_eq!(claimed(&world, "zoom", "account:z3"), one("E1", 0.7, Likely));
}

#[test]
fn addresses_stand_for_their_people() {
    let mut world = World::empty();
    world.person("E1", "Ada Berg", json!({})).node("google", "resource:f", "file", "f", json!({}));
    for address in ["ada@home.example", "ada.berg@acme.example", "partner@counsel.example"] {
        world.edge("google", &format!("address:{address}"), crate::model::EdgeKind::CanAccess, "resource:f", json!({}));
    }
    world.scan(true);
    assert_eq!(claimed(&world, "", "address:ada@home.example"), one("E1", 0.95, Certain), "HR says whose it is");
    assert_eq!(claimed(&world, "", "address:ada.berg@acme.example"), one("E1", 0.95, Certain));
    assert_eq!(claimed(&world, "", "address:partner@counsel.example"), []);
}

#[test]
fn two_equal_claims_dispute_each_other_except_for_shared_accounts() {
    let mut world = World::empty();
    world
        .person("E1", "Ada Berg", json!({ "home_emails": ["family@home.example"] }))
        .person("E2", "Bo Berg", json!({ "home_emails": ["family@home.example"] }))
        .person("E3", "Kim Lee", json!({}))
        .person("E4", "Kim Lee", json!({ "emails": ["kim.lee2@acme.example"] }))
        .node("slack", "account:family", "", "", json!({ "emails": ["family@home.example"] }))
        .node("slack", "account:kim", "", "Kim Lee", json!({}))
        .node("slack", "account:kim2", "", "Kim Lee", json!({ "emails": ["kim.lee2@acme.example"] }))
        .node("slack", "account:finance", "", "", json!({ "kind": "shared", "emails": ["ada.berg@acme.example", "bo.berg@acme.example"] }))
        .node("slack", "account:bot", "", "", json!({ "kind": "bot", "emails": ["ada.berg@acme.example"] }))
        .scan(true);
    let family = claimed(&world, "slack", "account:family");
    assert_eq!(family.len(), 2);
    assert!(family.iter().all(|(_, confidence, state)| *confidence == 0.85 && *state == Disputed), "{family:?}");
    assert_eq!(claimed(&world, "slack", "account:kim"), [], "namesakes, and nothing but the name");
    let kim2 = claimed(&world, "slack", "account:kim2");
    assert_eq!((kim2.len(), kim2[0].0.as_str(), kim2[0].2), (1, "E4", Certain), "the address decides between namesakes");
    let finance = claimed(&world, "slack", "account:finance");
    assert_eq!(finance.iter().map(|(_, _, state)| *state).collect::<Vec<_>>(), [Certain, Certain]);
    assert_eq!(claimed(&world, "slack", "account:bot"), [], "a bot is nobody's");
}

fn write(world: &World) -> links::Written {
    let claims = claims(world);
    world.store.write(|tx| links::write(tx, &claims, world.now)).unwrap()
}

/// Every open link of a person: account key, state.
fn open(world: &World) -> Vec<(String, String)> {
    world.store.read(links::list).unwrap().into_iter().map(|entry| (entry.account_key, entry.link.state)).collect()
}

fn pair(key: &str, state: &str) -> (String, String) {
    (key.to_owned(), state.to_owned())
}

#[test]
fn writing_twice_changes_nothing() {
    let mut world = World::empty();
    world.person("E1", "Ada Berg", json!({})).node("slack", "account:a", "", "", json!({ "emails": ["ada.berg@acme.example"] })).scan(true);
    assert_eq!(write(&world), links::Written { opened: 1, closed: 0 });
    assert_eq!(write(&world), links::Written::default());
}

#[test]
fn a_person_purged_from_hr_keeps_their_accounts() {
    let mut world = World::new();
    world.node("slack", "account:a", "", "", json!({ "emails": ["ada.berg@acme.example"] })).scan(true);
    write(&world);
    world.person("E2", "Bo Dahl", json!({})).scan(true);
    let people = world.people(&world.graph());
    assert_eq!(people.iter().map(|person| person.vanished).collect::<Vec<_>>(), [true, false], "HR no longer shows E1");
    write(&world);
    assert_eq!(open(&world), [pair("a", "certain")]);
}

#[test]
fn people_decide_and_rules_obey() {
    let mut world = World::empty();
    world
        .person("E1", "Ada Berg", json!({}))
        .person("E2", "Bo Dahl", json!({}))
        .node("slack", "account:a", "", "", json!({ "emails": ["ada@home.example"] }))
        .node("slack", "account:b", "", "", json!({ "emails": ["bo@home.example"] }))
        .scan(true);
    write(&world);
    let links = world.store.read(links::list).unwrap();
    let id = |account: &str| links.iter().find(|entry| entry.account_key == account).unwrap().link.id;
    world.store.write(|tx| links::confirm(tx, id("a"), "Cleo", world.now)).unwrap();
    world.store.write(|tx| links::reject(tx, id("b"), "Cleo", world.now)).unwrap();
    let gone = world.store.write(|tx| links::reject(tx, id("b"), "Cleo", world.now)).unwrap_err();
    assert!(gone.to_string().contains("exeunt link list"), "{gone}");

    // Whatever the account shows from now on: the decisions stand, and what speaks for somebody else is disputed at once.
    world
        .node("slack", "account:a", "", "", json!({ "employee_number": "E2" }))
        .node("slack", "account:b", "", "", json!({ "employee_number": "E2" }))
        .scan(true);
    write(&world);
    assert_eq!(open(&world), [pair("a", "disputed"), pair("a", "confirmed"), pair("b", "rejected")]);
    let disputed = world.store.read(links::list).unwrap()[0].link.clone();
    let refused = world.store.write(|tx| links::confirm(tx, disputed.id, "Cleo", world.now)).unwrap_err();
    assert!(refused.to_string().contains("reject that one first"), "{refused}");

    // In the graph, the confirmed account is Ada's and the rejected one is nobody's.
    let graph = world.graph();
    let people = world.people(&graph);
    assert_eq!(people[0].accounts(&graph).len(), 1);
    assert_eq!(people[1].accounts(&graph).len(), 0);
}

#[path = "tests_known.rs"]
mod known;
