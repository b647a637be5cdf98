//! 1Password: suspending keeps a person out; what they hold and have seen is for people to deal with.

use serde_json::{Value, json};

use super::System;
use crate::run::{FINE, FOUND};

/// What no call takes back: security gets it as tasks.
const FOR_PEOPLE: &[&str] = &["the copy on", "the secrets seen in"];

#[test]
fn everything_goes_but_what_was_seen_and_what_is_offline() {
    let system = System::up("onepassword");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", FOR_PEOPLE);
    assert_eq!(departed.state("suspend"), "gone");
    assert_eq!((departed.state("deauthorize_devices"), departed.state("rotate_secrets")), ("handed_off", "handed_off"));
    let tasks = departed.tasks();
    for part in ["Take 1Password off the devices", "Change the secrets that Rafael Okonjo has seen"] {
        assert!(tasks.iter().any(|task| task.contains(part)), "{part}: {tasks:?}");
    }
}

#[test]
fn the_last_owner_and_who_is_managed_elsewhere_become_tasks() {
    let system = System::up("onepassword");
    for (number, part) in [("E1003", "make the successor an owner first"), ("E1011", "suspend them at the identity provider")] {
        let departed = system.depart(number);
        assert_eq!(departed.state("suspend"), "refused", "{departed:?}");
        assert!(departed.tasks().iter().any(|task| task.contains(part)), "{departed:?}");
        assert!(system.left(number).iter().any(|line| line.starts_with("the account")));
    }
}

#[test]
fn leave_suspends_and_the_private_vault_can_be_decided_on_first() {
    let system = System::up_unscanned("onepassword");
    system.allow(&["keep_private_vault"]);
    system.scan();
    let leave = system.depart_in("leave", "E2002");
    assert_eq!(leave.state("suspend"), "gone", "{leave:?}");
    assert!(leave.actions("rotate_secrets").is_empty(), "{leave:?}");
    let departed = system.depart("E1002");
    assert_eq!(departed.state("keep_private_vault"), "handed_off", "{departed:?}");
    // A person asks for it; nobody is let in meanwhile.
    assert_eq!(system.left("E1002").iter().filter(|line| line.starts_with("the account")).count(), 0, "{departed:?}");
}

#[test]
fn what_no_read_can_show_is_closed_by_a_persons_note_and_is_never_called_gone() {
    let system = System::up("onepassword");
    let planned = system.exeunt(&["revoke", "E1002", "--dry-run"]);
    assert!(planned.out.contains("(security; no read can show it: the API does not show when a secret was changed)"), "{planned:?}");
    let departed = system.depart("E1002");
    assert!(
        departed.why("rotate_secrets").contains("no read can show it: the API does not show when a secret was changed"),
        "{departed:?}"
    );
    // The account is suspended, which proves neither that the devices are cut off nor that the secrets are new ones.
    let again = system.look_again(&departed);
    assert_eq!(
        (again.state("suspend"), again.state("rotate_secrets"), again.state("deauthorize_devices")),
        ("gone", "handed_off", "handed_off")
    );
    let id = departed.case["departure"].to_string();
    system.exeunt(&["departure", &id]).ended(FOUND);

    // A note closes them, with the file that they ask for.
    let tasks = system.exeunt(&["tasks", "--json"]).json();
    let list = system.sim.folder().join("exeunt.toml").display().to_string();
    for task in tasks.as_array().unwrap() {
        let number = task["task"].to_string();
        let mut done = vec!["task", &number, "done", "--by", "Ana", "--note", "new ones made"];
        if task["attach"].is_string() {
            done.extend(["--attach", &list]);
        }
        let said = system.exeunt(&done).ended(FINE);
        assert!(said.out.contains("closed by Ana with the note “new ones made”; no read proves it"), "{said:?}");
    }
    let again = system.look_again(&departed);
    assert_eq!(again.case["state"], "closed", "{again:?}");
    for name in ["rotate_secrets", "deauthorize_devices"] {
        assert_eq!(again.state(name), "handed_off", "{again:?}");
        assert!(again.actions(name).iter().all(|action| action["verdict"] == Value::Null && action["proved"] == Value::Null), "{again:?}");
    }
    for task in again.case["tasks"].as_array().unwrap() {
        let closed = json!("closed by Ana with the note “new ones made”; no read proves it");
        assert_eq!((&task["closed"], &task["proved"]), (&closed, &json!(false)), "{task}");
    }
    // Everybody who asks is told so: the list, the case, the page and the audit log.
    let words = "closed by Ana with the note “new ones made”; no read proves it";
    let page = system.sim.folder().join("case.html");
    let told = system.exeunt(&["departure", &id, "--html", page.to_str().unwrap()]).ended(FINE);
    assert!(told.out.contains(words) && system.exeunt(&["tasks", "--all"]).out.contains(words), "{told:?}");
    assert!(std::fs::read_to_string(page).unwrap().contains("no read proves it"));
    let logged = "SELECT count(*) FROM audit_entry WHERE json_extract(CAST(body AS TEXT), '$.act') = 'task.done' AND CAST(body AS TEXT) LIKE '%no read proves it%'";
    assert_eq!(system.sim.count(logged), tasks.as_array().unwrap().len() as i64);
}
