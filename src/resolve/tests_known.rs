//! A known account stays known: only a contradiction takes a link's support away.

use serde_json::json;

use super::{open, pair, write};
use crate::model::EdgeKind::SignsInTo;
use crate::shadow::testing::World;
use crate::store::links::{self, LinkEntry};

/// The open links of an account: HR's key of the person, state, doubt.
fn of(world: &World, account: &str) -> Vec<(String, String, Option<String>)> {
    let graph = world.graph();
    let key = |entry: &LinkEntry| graph.node(entry.link.person).unwrap().key.clone();
    let mut found: Vec<_> = world
        .store
        .read(links::list)
        .unwrap()
        .into_iter()
        .filter(|entry| entry.account_key == account)
        .map(|entry| (key(&entry), entry.link.state.clone(), entry.link.doubt.clone()))
        .collect();
    found.sort();
    found
}

fn line(person: &str, state: &str, doubt: &str) -> (String, String, Option<String>) {
    (person.to_owned(), state.to_owned(), (!doubt.is_empty()).then(|| doubt.to_owned()))
}

/// Ada Berg with an account that shows her address.
fn ada() -> World {
    let mut world = World::empty();
    world.person("E1", "Ada Berg", json!({})).node("slack", "account:a", "", "", json!({ "emails": ["ada.berg@acme.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", "")]);
    world
}

const SILENT: &str = "no longer supported by: address ada.berg@acme.example is their work address";

// Trust: Whose it is.
#[test]
fn an_address_that_is_no_longer_shown_unlinks_nothing() {
    let mut world = ada();
    for shows in [json!({ "emails": ["somebody@else.example"] }), json!({ "emails": [] }), json!({})] {
        world.node("slack", "account:a", "", "", shows).scan(true);
        write(&world);
        assert_eq!(of(&world, "a"), [line("E1", "certain", SILENT)]);
        assert_eq!(write(&world), links::Written::default(), "and so it stays");
        let (graph, people) = (world.graph(), world.people(&world.graph()));
        assert_eq!(people[0].accounts(&graph).len(), 1, "a departure takes it as before");
    }
    world.node("slack", "account:a", "", "", json!({ "emails": ["ada.berg@acme.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", "")], "what speaks for it is back");
}

// Trust: Whose it is.
#[test]
fn hr_changing_an_address_first_unlinks_nothing() {
    let mut world = ada();
    world.person("E1", "Ada Strand", json!({ "emails": ["ada.strand@acme.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", SILENT)]);
}

// Trust: Whose it is.
#[test]
fn less_that_speaks_for_it_is_no_contradiction() {
    let mut world = ada();
    world.node("slack", "account:a", "", "Ada Berg", json!({ "emails": ["ada@home.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", SILENT)], "her private address and her name would be a question by themselves");
}

// Trust: Whose it is.
#[test]
fn an_account_that_is_no_longer_listed_is_remembered_and_is_no_access() {
    let mut world = ada();
    world.node("slack", "account:other", "", "", json!({})).scan(true);
    write(&world);
    assert_eq!(open(&world), [pair("a", "certain")]);
    let (graph, people) = (world.graph(), world.people(&world.graph()));
    assert_eq!(people[0].accounts(&graph), []);
    let once = world.store.read(|conn| links::once_had(conn, people[0].id)).unwrap();
    assert_eq!(once.iter().map(|once| (once.system.as_str(), once.label.as_str())).collect::<Vec<_>>(), [("slack", "a")]);
}

// Trust: Whose it is.
#[test]
fn an_account_that_shows_somebody_else_is_in_doubt_for_both_and_taken_by_neither() {
    let mut world = ada();
    world
        .person("E1", "Ada Berg", json!({}))
        .person("E2", "Bo Dahl", json!({}))
        .node("slack", "account:a", "", "", json!({ "emails": ["bo.dahl@acme.example"] }))
        .scan(true);
    for _ in 0..2 {
        write(&world);
        assert_eq!(
            of(&world, "a"),
            [line("E1", "disputed", "it was theirs for sure, and what the account shows now is Bo Dahl's"), line("E2", "disputed", ""),]
        );
        let (graph, people) = (world.graph(), world.people(&world.graph()));
        assert!(
            people.iter().all(|person| person.accounts(&graph).is_empty()),
            "no departure takes it before somebody has said whose it is"
        );
    }
    let bo = world.store.read(links::list).unwrap().into_iter().find(|entry| entry.person == "Bo Dahl").unwrap().link.id;
    world.store.write(|tx| links::confirm(tx, bo, "Cleo", world.now)).unwrap();
    write(&world);
    assert_eq!(of(&world, "a"), [line("E2", "confirmed", "")], "a person has decided");
}

// Reliability: Who may.
#[test]
fn a_swap_that_is_put_right_leaves_no_doubt() {
    let mut world = ada();
    world.person("E1", "Ada Berg", json!({})).person("E2", "Bo Dahl", json!({})).scan(true);
    world.node("slack", "account:a", "", "", json!({ "emails": ["bo.dahl@acme.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a").iter().map(|(_, state, _)| state.as_str()).collect::<Vec<_>>(), ["disputed", "disputed"]);
    world.node("slack", "account:a", "", "", json!({ "emails": ["ada.berg@acme.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", "")]);
}

// Reliability: Who may.
#[test]
fn an_account_that_changes_its_owner_makes_no_other_account_theirs() {
    let mut world = World::empty();
    world
        .person("E1", "Ada Berg", json!({}))
        .person("E2", "Bo Dahl", json!({}))
        .node("okta", "account:o", "", "", json!({ "emails": ["ada.berg@acme.example"] }))
        .scan(true);
    write(&world);
    assert_eq!(of(&world, "o"), [line("E1", "certain", "")]);
    // The sign-in account shows another person, and signs in to an account that nobody knew.
    world
        .node("okta", "account:o", "", "", json!({ "emails": ["bo.dahl@acme.example"] }))
        .edge("okta", "account:o", SignsInTo, "address:o7@login.example", json!({ "app_name": "Zoom" }))
        .node("zoom", "account:z", "", "", json!({ "emails": ["o7@login.example"] }))
        .scan(true);
    write(&world);
    assert!(of(&world, "z").iter().all(|(_, state, _)| state != "certain"), "{:?}", of(&world, "z"));
}

// Trust: Whose it is.
#[test]
fn a_newcomer_with_the_same_address_takes_nobodys_account() {
    let mut world = ada();
    world.person("E1", "Ada Berg", json!({})).person("E2", "Ada Bergen", json!({ "emails": ["ada.berg@acme.example"] })).scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", "as much speaks for Ada Bergen"), line("E2", "disputed", "")]);
}

// Trust: Whose it is.
#[test]
fn a_leaver_of_years_ago_hides_no_account_of_somebody_active() {
    let mut world = World::empty();
    world
        .person("E0", "Ada Old", json!({ "emails": ["ada@acme.example"], "state": "disabled", "last_day": "2019-05-31" }))
        .person("E1", "Ada Berg", json!({ "emails": ["ada@acme.example"] }))
        .node("slack", "account:a", "", "", json!({ "emails": ["ada@acme.example"] }))
        .scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E0", "disputed", ""), line("E1", "certain", "as much speaks for Ada Old")]);
}

// Trust: Whose it is.
#[test]
fn whoever_leaves_today_keeps_the_account_that_was_known_as_theirs() {
    let mut world = ada();
    world
        .person("E1", "Ada Berg", json!({ "state": "disabled", "last_day": "2026-06-15" }))
        .person("E2", "Ada Bergen", json!({ "emails": ["ada.berg@acme.example"] }))
        .scan(true);
    write(&world);
    assert_eq!(of(&world, "a"), [line("E1", "certain", "as much speaks for Ada Bergen"), line("E2", "disputed", "")]);
}

// Trust: Whose it is.
#[test]
fn an_address_that_differs_in_how_it_is_written_is_hers_or_in_doubt() {
    let mut world = World::empty();
    world.person("E1", "Ines Irmak", json!({}));
    let written = ["INES.IRMAK@acme.example", "ines.irmak@acme.example.", "ınes.ırmak@acme.example", "İnes.İrmak@acme.example"];
    for (number, address) in written.iter().enumerate() {
        world.node("slack", &format!("account:a{number}"), "", "", json!({ "emails": [address] }));
    }
    world.scan(true);
    write(&world);
    let states: Vec<String> = (0..4).flat_map(|number| of(&world, &format!("a{number}"))).map(|(_, state, _)| state).collect();
    assert_eq!(states, ["certain", "certain", "likely", "likely"]);
}
