//! Two people's addresses change places: in HR's record, or at the app. Nobody's account is taken before a person has said whose it is.

use serde_json::json;

use crate::run::{COULD_NOT, FINE, FOUND};
use crate::small::Small;

/// Una's departure, once the two addresses have changed places: it takes neither account, says so, and ends not green.
fn takes_nobodys(small: &Small) {
    let seen = small.exeunt(&["scan"]).ended(COULD_NOT);
    assert!(seen.err.contains("say whose it is"), "{seen:?}");
    let links = small.exeunt(&["link", "list", "--json"]).json();
    let states: Vec<&str> =
        links.as_array().unwrap().iter().filter(|link| link["system"] == "app").map(|link| link["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["disputed"; 4], "{links}");
    let ran = small.exeunt(&["revoke", "E1", "--yes", "--json"]);
    let ended = ran.json();
    assert!(small.is_on("u1") && small.is_on("u2"), "an account that may be somebody else's was switched off: {ended}");
    assert_eq!((ran.code, &ended["state"]), (COULD_NOT, &json!("open")), "{ended}");
    assert!(ended["tasks"].to_string().matches("Confirm whose account").count() >= 2, "{ended}");
    assert!(small.exeunt(&["report", "coverage"]).code != FINE, "the doubt is said every day");
}

// Reliability: Who may.
#[test]
fn two_addresses_swapped_in_hr_move_no_account_to_the_other_person() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.hr_says("una@acme.example", "swapped");
    small.hr_says("bo@acme.example", "una@acme.example");
    small.hr_says("swapped", "bo@acme.example");
    takes_nobodys(&small);
}

// Reliability: Who may.
#[test]
fn two_logins_swapped_at_the_app_move_no_account_to_the_other_person() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.renamed("u1", "bo@acme.example");
    small.renamed("u2", "una@acme.example");
    takes_nobodys(&small);
}

// Reliability: Who may.
#[test]
fn a_swapped_account_is_taken_once_somebody_has_said_whose_it_is() {
    let small = Small::up("");
    small.exeunt(&["scan"]).ended(FINE);
    small.renamed("u1", "bo@acme.example");
    small.renamed("u2", "una@acme.example");
    small.exeunt(&["scan"]).ended(COULD_NOT);
    let links = small.exeunt(&["link", "list", "--json"]).json();
    let of = |person: &str, account: &str| {
        let found = links.as_array().unwrap().iter().find(|link| link["person"] == person && link["account"] == account);
        found.unwrap_or_else(|| panic!("{links}"))["link"].to_string()
    };
    small.exeunt(&["link", "confirm", &of("Una Fjord", "una@acme.example"), "--by", "Cleo"]).ended(FINE);
    small.exeunt(&["link", "reject", &of("Una Fjord", "bo@acme.example"), "--by", "Cleo"]).ended(FINE);
    let ran = small.exeunt(&["revoke", "E1", "--yes", "--json"]);
    assert!(small.is_on("u1") && !small.is_on("u2"), "{ran:?}");
    assert!([FINE, FOUND].contains(&ran.code), "{ran:?}");
}
