//! Whose an account is: what was known stays known, and what is in doubt never ends green.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::run::COULD_NOT;
use crate::sim::Sim;

/// HR and GitHub, after a first night.
fn github() -> Sim {
    let sim = Sim::up_with(&|name| name == "github");
    sim.exeunt(&["scan", "--json"]);
    sim
}

/// The owner of the organisation ends a membership, or takes an outside collaborator off every repository.
fn end(sim: &Sim, what: &str, login: &str) {
    let membership = format!("{}/orgs/northmoor/{what}/{login}", sim.world.url("github"));
    let ended = sim.runtime.block_on(async {
        let request = reqwest::Client::new().delete(membership).bearer_auth("revoke-github").header("User-Agent", "an owner");
        request.send().await.unwrap().status()
    });
    assert_eq!(ended, 204);
}

/// GitHub's manifest without one of its collections, as an older one would be.
fn without(sim: &Sim, collection: &str) {
    let whole = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scanners/github.yaml")).unwrap();
    let mut text = String::new();
    let (mut section, mut leaves) = (String::new(), false);
    for line in whole.lines() {
        if !line.starts_with(' ') && line.contains(':') {
            section = line.split(':').next().unwrap_or_default().to_owned();
        }
        let begins = if section == "examples" { line.starts_with("  - ") } else { line.starts_with("  ") && !line.starts_with("   ") };
        if begins || !line.starts_with(' ') {
            leaves = (section == "see" && line.trim_start().starts_with(&format!("{collection}:")))
                || (section == "examples" && line.trim_end() == format!("  - of: {collection}"));
        }
        if !leaves {
            text.push_str(line);
            text.push('\n');
        }
    }
    assert_ne!(text.len(), whole.len(), "github has no {collection}");
    std::fs::create_dir_all(sim.folder().join("older")).unwrap();
    std::fs::write(sim.folder().join("older/github.yaml"), text).unwrap();
    sim.change_settings("[company]\n", &format!("scanners = {:?}\n\n[company]\n", sim.folder().join("older")));
}

fn says(list: &Value, words: &str) -> bool {
    list.as_array().unwrap().iter().any(|line| line.to_string().contains(words))
}

/// A member who was made an outside collaborator, and a manifest that reads no profile of theirs: nothing shows any more whose the account is.
// Trust: Whose it is.
#[test]
fn an_account_of_which_nothing_says_any_more_whose_it_is_is_taken_as_before() {
    let sim = github();
    end(&sim, "memberships", "rokonjo-finance");
    without(&sim, "outside_profiles");
    sim.exeunt(&["scan", "--json"]);
    let ran = sim.exeunt(&["revoke", "E1002", "--yes", "--json"]);
    let ended = ran.json();
    let gone = ended["lines"].as_array().unwrap().iter().any(|line| {
        line["label"].as_str().unwrap().starts_with("remove outside collaborator rokonjo-finance") && line["verdict"] == "gone"
    });
    assert!(gone, "{ended}");
    assert!(says(&ended["doubts"], "no longer supported by") && says(&ended["tasks"], "Confirm whose account"), "{ended}");
    assert_eq!((ran.code, &ended["state"]), (COULD_NOT, &json!("open")), "{ended}");
}

/// No list shows the account any more, and a token of it is left: it is taken as what it was known as, and what can't be is a task.
// Trust: Whose it is.
#[test]
fn an_account_that_only_its_token_shows_is_taken_under_the_name_that_it_had() {
    let sim = github();
    end(&sim, "memberships", "rokonjo-finance");
    end(&sim, "outside_collaborators", "rokonjo-finance");
    sim.exeunt(&["scan", "--accept-loss", "--json"]);
    let dry = sim.exeunt(&["revoke", "E1002", "--dry-run", "--json"]);
    assert_ne!(dry.code, 0, "{dry:?}");
    let ran = sim.exeunt(&["revoke", "E1002", "--yes", "--json"]);
    let ended = ran.json();
    assert!(says(&ended["doubts"], "rokonjo-finance") && says(&ended["tasks"], "rokonjo-finance"), "{ended}");
    assert_eq!((ran.code, &ended["state"]), (COULD_NOT, &json!("open")), "{ended}");
}

/// An entry that was moved since the last scan: nothing is there under the name that the scan saw.
// Trust: Whose it is.
#[test]
fn a_moved_entry_is_found_under_its_new_name_and_fired_in_the_same_run() {
    let sim = Sim::up_with(&|name| name == "openldap");
    sim.exeunt(&["scan", "--json"]);
    let stale = |column: &str| format!("{column} = replace({column}, 'ou=people', 'ou=interns')");
    let moved = sim
        .sql()
        .execute(
            &format!(
                "UPDATE node_seen SET {}, {}, hash = hash + 1 WHERE until IS NULL AND attrs LIKE '%ou=people%'
                 AND node IN (SELECT n.id FROM node n JOIN system s ON s.id = n.system WHERE s.name = 'openldap' AND n.kind = 'account')",
                stale("attrs"),
                stale("aka")
            ),
            [],
        )
        .unwrap();
    assert!(moved > 0, "there are entries in ou=people");
    let ran = sim.exeunt(&["revoke", "E1003", "--yes", "--json"]);
    let ended = ran.json();
    let locks: Vec<&Value> =
        ended["lines"].as_array().unwrap().iter().filter(|line| line["label"].as_str().unwrap().starts_with("lock ")).collect();
    assert!(!locks.is_empty() && locks.iter().all(|line| line["verdict"] == "gone"), "{ended}");
    let left = sim.world.left("openldap", "E1003").unwrap();
    assert!(!left.iter().any(|line| line.contains("bind") || line.contains("password")), "{left:?}");
}
