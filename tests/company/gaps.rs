//! What can't be read never makes known access disappear.

use std::collections::BTreeSet;

use exeunt_company::faults::FaultKind;
use serde_json::{Value, json};

use crate::run::COULD_NOT;
use crate::sim::{Sim, differ};

/// One way for a list to be unreadable.
struct Case {
    name: &'static str,
    system: &'static str,
    /// Part of the path that fails.
    path: &'static str,
    /// The collection that must be the gap.
    collection: &'static str,
    kind: fn() -> FaultKind,
    /// What the reason must say.
    says: &'static [&'static str],
}

fn status(code: u16, body: Value) -> FaultKind {
    FaultKind::Status { code, headers: vec![], body }
}

const CASES: &[Case] = &[
    Case {
        name: "forbidden",
        system: "okta",
        path: "/api/v1/apps?",
        collection: "apps",
        kind: || {
            status(403, json!({"errorCode": "E0000006", "errorSummary": "You do not have permission to perform the requested action"}))
        },
        says: &["forbidden", "403"],
    },
    Case {
        name: "pages in a circle",
        system: "okta",
        path: "/api/v1/users?",
        collection: "users",
        kind: || FaultKind::Loop,
        says: &["loop"],
    },
    Case {
        name: "suddenly empty",
        system: "okta",
        path: "/api/v1/users?",
        collection: "users",
        kind: || FaultKind::Empty,
        says: &["empty"],
    },
    Case {
        name: "cut in the middle",
        system: "okta",
        path: "/api/v1/users?",
        collection: "users",
        kind: || FaultKind::Cut,
        says: &["page 1"],
    },
    Case {
        name: "server errors to the end",
        system: "kisi",
        path: "/members",
        collection: "members",
        kind: || status(500, json!({"code": "down", "error": "down"})),
        says: &["500"],
    },
];

/// The gaps of a system's report.
fn gaps(report: &Value, system: &str) -> Vec<(String, String)> {
    let system = report["systems"].as_array().unwrap().iter().find(|entry| entry["system"] == system).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    system["gaps"].as_array().unwrap().iter().map(|gap| (text(&gap["scope"]), text(&gap["reason"]))).collect()
}

// Trust: What was read.
#[test]
fn what_can_not_be_read_stays_known() {
    check(&CASES[..3]);
}

// Each of these is tried again for a while, so they have a test each, beside the others.
// Trust: What was read.
#[test]
fn what_is_cut_short_stays_known() {
    check(&CASES[3..4]);
}

// Trust: What was read.
#[test]
fn what_fails_to_the_end_stays_known() {
    check(&CASES[4..]);
}

fn check(cases: &[Case]) {
    let sim = Sim::up();
    sim.exeunt(&["scan", "bamboohr"]);
    for case in cases {
        let first = sim.exeunt(&["scan", case.system, "--json"]);
        assert!(gaps(&first.json(), case.system).is_empty(), "{first:?}");
        println!("{}", case.name);
        let before = sim.open_graph(Some(case.system));
        assert!(before.len() > 100);
        sim.fault(case.system, case.path, (case.kind)());
        let hits = sim.world.faults.hits();
        let ran = sim.exeunt(&["scan", case.system, "--full", "--json"]).ended(COULD_NOT);
        assert!(sim.world.faults.hits() > hits, "{}: the fault was never met", case.name);
        let after = sim.open_graph(Some(case.system));
        assert!(before == after, "{}: {}", case.name, differ(&before, &after));
        let found = gaps(&ran.json(), case.system);
        let gap = found.iter().find(|(scope, _)| scope == case.collection);
        let (_, reason) = gap.unwrap_or_else(|| panic!("{}: {} is no gap: {found:?}", case.name, case.collection));
        println!("  {reason}");
        for word in case.says {
            assert!(reason.contains(word), "{}: {reason:?} says nothing of {word:?}", case.name);
        }
        assert!(!reason.contains('\n') && reason.len() < 300, "{}: not one readable line: {reason:?}", case.name);

        // The report says the same: what could not be seen, and why.
        let report = sim.exeunt(&["report", "coverage", "--format", "json"]);
        assert!(report.json().to_string().contains(serde_json::to_string(reason).unwrap().trim_matches('"')), "{}: {report:?}", case.name);

        sim.world.faults.clear();
        let ran = sim.exeunt(&["scan", case.system, "--full", "--json"]);
        assert_eq!(gaps(&ran.json(), case.system), [], "{}: still a gap once all is well", case.name);
        let after = sim.open_graph(Some(case.system));
        assert!(before == after, "{}, once all is well: {}", case.name, differ(&before, &after));
    }
}

// Trust: What was read.
#[test]
fn a_mass_disappearance_is_not_believed() {
    let sim = Sim::up();
    sim.exeunt(&["scan", "bamboohr"]);
    sim.exeunt(&["scan", "okta"]);
    let before = sim.open_graph(Some("okta"));
    // The administrator that we are, who must be in the list, and one more: everybody else is missing, without a next page.
    let users = sim.world.url("okta").to_owned() + "/api/v1/users";
    let get = |path: &str| -> Value {
        let answer = sim.runtime.block_on(async {
            reqwest::Client::new().get(format!("{users}{path}")).header("authorization", "SSWS read-okta").send().await?.text().await
        });
        serde_json::from_str(&answer.unwrap()).unwrap()
    };
    let mut few = vec![get("/me")];
    few.extend(get("?limit=2").as_array().unwrap().iter().cloned());
    sim.fault("okta", "/api/v1/users?", status(200, Value::Array(few)));
    let ran = sim.exeunt(&["scan", "okta", "--full", "--json"]).ended(COULD_NOT);
    let after = sim.open_graph(Some("okta"));
    assert!(before == after, "{}", differ(&before, &after));
    let found = gaps(&ran.json(), "okta");
    let (_, reason) = found.iter().find(|(scope, _)| scope == "users").unwrap_or_else(|| panic!("no gap: {found:?}"));
    assert!(reason.contains("disappeared") && reason.contains("--accept-loss"), "{reason}");

    // Somebody looked, and it is true: then it is taken over.
    let ran = sim.exeunt(&["scan", "okta", "--full", "--accept-loss", "--json"]);
    assert_eq!(gaps(&ran.json(), "okta"), []);
    let accounts = |graph: &BTreeSet<String>| graph.iter().filter(|line| line.starts_with("okta users() account")).count();
    assert!(accounts(&before) > 400 && accounts(&sim.open_graph(Some("okta"))) < 5);

    // And all is as it was when the list is.
    sim.world.faults.clear();
    let ran = sim.exeunt(&["scan", "okta", "--full", "--json"]);
    assert_eq!(gaps(&ran.json(), "okta"), []);
    let after = sim.open_graph(Some("okta"));
    assert!(before == after, "{}", differ(&before, &after));
}

#[test]
fn what_no_night_could_read_is_read_when_somebody_leaves() {
    let seat = |sim: &Sim| sim.world.left("google-drive", "E1002").unwrap().iter().any(|line| line.starts_with("organizer of the drive"));
    let forbidden = || status(403, json!({ "error": { "code": 403, "message": "The user does not have sufficient permissions." } }));

    // The list that the leaver's own records stand in, and a list of everybody's below it: neither was ever read.
    let sim = Sim::up_with(&|name| name == "google-drive");
    sim.fault("google-drive", "/drive/v3/drives", forbidden());
    sim.exeunt(&["scan"]).ended(COULD_NOT);
    sim.world.faults.clear();
    assert!(seat(&sim));
    sim.exeunt(&["revoke", "E1002", "--yes"]);
    assert!(!seat(&sim), "the drive is seen by the re-read, and so are its members");

    // What can't be read then either is said.
    let sim = Sim::up_with(&|name| name == "google-drive");
    sim.fault("google-drive", "useDomainAdminAccess=true&supportsAllDrives=true&pageSize", forbidden());
    sim.exeunt(&["scan"]).ended(COULD_NOT);
    let ended = sim.exeunt(&["revoke", "E1002", "--yes", "--json"]).ended(COULD_NOT).json();
    assert!(seat(&sim) && ended["unread"].to_string().contains("drive_members"), "{ended}");
}

#[test]
fn what_is_below_the_leavers_own_is_read_again() {
    // A link to a file in his drive, made after the scan: neither drive nor file changes by it, as far as the store knows.
    let sim = Sim::up_with(&|name| name == "onedrive-sharepoint");
    let link = |sim: &Sim| sim.world.left("onedrive-sharepoint", "E1002").unwrap().iter().any(|line| line.contains("Press kit finance"));
    sim.exeunt(&["scan"]);
    let forgotten = sim.sql().execute(
        "DELETE FROM edge_seen WHERE dst IN (SELECT id FROM node WHERE key LIKE '%01PRESS/perm7') OR src IN (SELECT id FROM node WHERE key LIKE '%01PRESS/perm7')",
        [],
    );
    assert!(forgotten.unwrap() > 0);
    sim.sql().execute("DELETE FROM node_seen WHERE node IN (SELECT id FROM node WHERE key LIKE '%01PRESS/perm7')", []).unwrap();
    assert!(link(&sim));
    sim.exeunt(&["revoke", "E1002", "--yes"]);
    assert!(!link(&sim));
}

#[test]
fn what_a_suspension_hides_is_read_before_it() {
    let link = |sim: &Sim| sim.world.left("dropbox", "E1002").unwrap().iter().any(|line| line.contains("the open link to Q4 forecast"));
    // The link is not known: the list could not be read at night. After the suspension nobody can list it.
    let sim = Sim::up_with(&|name| name == "dropbox");
    sim.fault("dropbox", "/2/sharing/list_shared_links", status(403, json!({ "error_summary": "no_permission/" })));
    sim.exeunt(&["scan"]).ended(COULD_NOT);
    sim.world.faults.clear();
    assert!(link(&sim));
    sim.exeunt(&["revoke", "E1002", "--yes"]);
    assert!(!link(&sim));

    // It can't be read then either: the departure says so.
    let sim = Sim::up_with(&|name| name == "dropbox");
    sim.fault("dropbox", "/2/sharing/list_shared_links", status(403, json!({ "error_summary": "no_permission/" })));
    sim.exeunt(&["scan"]).ended(COULD_NOT);
    let ended = sim.exeunt(&["revoke", "E1002", "--yes", "--json"]).ended(COULD_NOT).json();
    assert!(link(&sim) && ended["unread"].to_string().contains("shared_links") && ended["state"] == "open", "{ended}");
}
