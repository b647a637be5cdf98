//! Okta, GitHub and Slack, held to emulators of theirs (emulate, from npm): `tests/real/run` brings them up.
//!
//! They have a part of the vendors' operations only. What they lack must be said, and nothing that they lack may be claimed; the whole of these
//! systems is tested against the simulated vendors.

use exeunt::model::NodeKind;
use serde_json::Value;

use crate::real::{Site, ask, count, env, groups, one, report_of, seen, text, truth};

const LEAVER: &str = "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Chief Technology Officer,IT,active,";

fn system(name: &str, token: &str, more: &str) -> String {
    let url = env(&format!("EXEUNT_REAL_EMULATE_{}", name.to_uppercase()));
    format!("[systems.{name}]\nscanner = \"{name}\"\nread = \"env:{token}\"\nrevoke = \"env:{token}\"\nurl = \"{url}\"\n{more}\n")
}

fn okta() -> String {
    system("okta", "EXEUNT_REAL_EMULATE_TOKEN", "")
}

fn slack() -> String {
    system("slack", "EXEUNT_REAL_EMULATE_SLACK_TOKEN", &format!("scim_url = \"{}\"", env("EXEUNT_REAL_EMULATE_SLACK")))
}

/// Scans; the only gaps are collections that the emulator hasn't got. How many accounts there are, and what the program says.
fn scan(site: &Site, system: &str) -> (usize, Value) {
    let report = report_of(&site.run(&["scan", "--json"]).json(), system);
    for gap in report["gaps"].as_array().unwrap() {
        // GitHub's emulator answers as GitHub does; that of the others has a bare text, which is none of the vendor's answers.
        let reason = text(gap, "/reason");
        assert!(reason.contains("no answer 404: Not Found") || reason.contains("there is no such collection"), "{report}");
    }
    (seen(&site.graph(), system, NodeKind::Account).len(), report)
}

/// It has pages of thirty whatever is asked for: only who follows the link reads them all.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_emulate_okta_is_read_by_its_links_and_its_leaver_suspended() {
    let truth = truth("EXEUNT_REAL_EMULATE_TRUTH");
    let site = Site::new(&[LEAVER.to_owned()], &okta());
    let (accounts, _) = scan(&site, "okta");
    assert!(accounts >= count(&truth, "/okta/users"), "{accounts} accounts");
    let graph = site.graph();
    let leaver = one(&graph, "okta", NodeKind::Account, |node| node.key == text(&truth, "/okta/leaver"));
    assert_eq!(groups(&graph, leaver).0, ["Group 0", "Group 1", "Group 2"]);
    let (_, again) = scan(&site, "okta");
    assert_eq!((count(&again, "/opened"), count(&again, "/closed")), (0, 0), "{again}");

    let ended = site.run(&["revoke", "N9001", "--yes", "--json"]).json();
    let line = ended["lines"].as_array().unwrap().iter().find(|line| text(line, "/label").starts_with("suspend ")).unwrap();
    assert_eq!(line["verdict"], "gone", "{line}");
    let url = format!("{}/api/v1/users/{}", env("EXEUNT_REAL_EMULATE_OKTA"), text(&truth, "/okta/leaver"));
    let (status, user) = ask("GET", &url, &[&format!("Authorization: Bearer {}", env("EXEUNT_REAL_EMULATE_TOKEN"))], None);
    assert_eq!((status, &user["status"]), (200, &Value::from("SUSPENDED")));
    assert!(!ended["unread"].as_array().unwrap().is_empty(), "what the emulator hasn't got is said: {ended}");
}

/// It has neither SCIM nor the administration's methods: the account stays as it is, and the departure says so.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_emulate_slack_is_read_and_nothing_is_claimed() {
    let truth = truth("EXEUNT_REAL_EMULATE_TRUTH");
    let site = Site::new(&[LEAVER.to_owned()], &slack());
    let (accounts, _) = scan(&site, "slack");
    assert!(accounts >= count(&truth, "/slack/users"), "{accounts} accounts");
    let said = site.run(&["revoke", "N9001", "--yes", "--json"]);
    let ended = said.json();
    let line = ended["lines"].as_array().unwrap().iter().find(|line| text(line, "/label").starts_with("deactivate ")).unwrap();
    assert!(line["verdict"] != "gone" && said.code != 0, "{line}");
    assert!(site.tasks().iter().any(|title| title.contains("deactivate Rui Tamm")), "it is somebody's task: {:?}", site.tasks());
}

/// Only read: whose login it is, is told by the enterprise's list of seats, which it hasn't got.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_emulate_github_is_read_by_its_links() {
    let truth = truth("EXEUNT_REAL_EMULATE_TRUTH");
    let more = "org = \"northmoor\"\nenterprise = \"northmoor\"";
    let site = Site::new(&[LEAVER.to_owned()], &system("github", "EXEUNT_REAL_EMULATE_TOKEN", more));
    let (accounts, report) = scan(&site, "github");
    assert_eq!(accounts, count(&truth, "/github/members"));
    assert!(!report["gaps"].as_array().unwrap().is_empty() && !report["rights_missing"].as_array().unwrap().is_empty(), "{report}");
    let (_, again) = scan(&site, "github");
    assert_eq!((count(&again, "/opened"), count(&again, "/closed")), (0, 0), "{again}");
}
