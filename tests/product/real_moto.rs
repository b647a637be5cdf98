//! AWS IAM and IAM Identity Center, held to moto: `tests/real/run` brings it up.

use std::process::Command;

use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, count, env, groups, one, report_of, seen, text, texts, truth};

const IAM: &str = "aws-iam";
const IDENTITY_CENTER: &str = "aws-identity-center";
const LEAVER: &str = "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Chief Technology Officer,IT,active,";
const SECOND: &str = "N9002,Second One,second@real.northmoor.example,,Engineer,IT,active,";

fn iam(read_key: &str) -> String {
    format!(
        "[systems.aws-iam]\nscanner = \"aws-iam\"\nread = \"env:EXEUNT_REAL_MOTO_SECRET\"\nrevoke = \"env:EXEUNT_REAL_MOTO_SECRET\"\n\
         url = \"{}\"\nread_key = \"{read_key}\"\nrevoke_key = \"AKIAREVOKE\"\n",
        env("EXEUNT_REAL_MOTO_URL")
    )
}

fn identity_center(truth: &Value) -> String {
    format!(
        "[systems.aws-identity-center]\nscanner = \"aws-identity-center\"\nread = \"env:EXEUNT_REAL_MOTO_SECRET\"\n\
         revoke = \"env:EXEUNT_REAL_MOTO_SECRET\"\nown_account = \"none\"\nurl = \"{0}\"\nstore_url = \"{0}\"\nregion = \"us-east-1\"\nread_key = \"AKIAREAD\"\n\
         revoke_key = \"AKIAREVOKE\"\ninstance = \"{1}\"\nstore = \"{2}\"\n",
        env("EXEUNT_REAL_MOTO_URL"),
        text(truth, "/instance"),
        text(truth, "/store"),
    )
}

/// What moto still has of this IAM user, and of the leaver in Identity Center, asked by Amazon's own client.
fn left(user: &str) -> Value {
    let output = Command::new(env("EXEUNT_REAL_MOTO_PYTHON"))
        .args([env("EXEUNT_REAL_MOTO_LEFT"), env("EXEUNT_REAL_MOTO_URL"), env("EXEUNT_REAL_MOTO_TRUTH"), user.to_owned()])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_moto_iam_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_MOTO_TRUTH");
    let site = Site::new(&[LEAVER.to_owned()], &iam("AKIAREAD"));
    site.scan(IAM);
    // Only a tag says whose user it is: the first scan ends with knowing, the second reads what hangs on the user.
    site.scan(IAM);
    let graph = site.graph();
    assert_eq!(seen(&graph, IAM, NodeKind::Account).len(), count(&truth, "/users"));
    let user = one(&graph, IAM, NodeKind::Account, |node| node.key == "leaver");
    assert_eq!(groups(&graph, user).0, texts(&truth, "/leaver/groups"));
    let roles: Vec<&str> = seen(&graph, IAM, NodeKind::Role).iter().map(|role| role.label()).collect();
    assert!(roles.contains(&text(&truth, "/leaver/trusted_by")), "a role that trusts the user is in no list of the user's: {roles:?}");
    assert!(!roles.contains(&"trusts-another"), "a name that begins with the leaver's is another's: {roles:?}");
    for key in ["active_key", "inactive_key", "ssh_key", "mfa"].map(|name| text(&truth["leaver"], &format!("/{name}"))) {
        one(&graph, IAM, NodeKind::Credential, |node| node.key == key);
    }
    site.scan_is_quiet(IAM);

    let before = left("leaver");
    assert_eq!((&before["password"], &before["active_keys"]), (&json!(true), &json!([text(&truth, "/leaver/active_key")])));
    site.plan("N9001");
    site.revoke("N9001", &[]);
    let after = left("leaver");
    assert!(after["denied"] == true || after["user"] == false, "everything is denied, or the user is gone: {after}");
    assert_eq!(["active_keys", "active_ssh_keys"].map(|what| after[what].as_array().unwrap().len()), [0, 0], "{after}");
    assert_eq!(after["password"], false, "{after}");
    let report = site.scan(IAM);
    assert_eq!(count(&report, "/opened"), 0, "{report}");
    site.audit_is_intact(10);
    a_user_is_not_deleted_while_anything_hangs_on_them();
}

fn a_user_is_not_deleted_while_anything_hangs_on_them() {
    let site = Site::allowing(&[SECOND.to_owned()], &iam("AKIAREAD"), &["aws-iam.delete_user"]);
    site.scan(IAM);
    let said = site.run(&["revoke", "N9002", "--yes", "--json"]);
    let ended = said.json();
    let line = ended["lines"].as_array().unwrap().iter().find(|line| text(line, "/label").starts_with("delete user")).unwrap();
    let still_there = left("second");
    // The verdict is what the server says: a DeleteConflict is nobody's success.
    assert_eq!(line["verdict"] == "gone", still_there["user"] == false, "{line} {still_there}");
    if still_there["user"] == true {
        assert_eq!((still_there["denied"].clone(), said.code), (json!(true), 1), "until then everything is denied: {ended}");
        let tasks = site.tasks();
        assert!(tasks.iter().any(|title| title.contains("delete user second")), "{tasks:?}");
    }
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_moto_identity_center_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_MOTO_TRUTH");
    let site = Site::new(&[LEAVER.to_owned()], &identity_center(&truth));
    site.scan(IDENTITY_CENTER);
    let graph = site.graph();
    assert_eq!(seen(&graph, IDENTITY_CENTER, NodeKind::Account).len(), count(&truth, "/store_users"), "both pages were read");
    assert_eq!(seen(&graph, IDENTITY_CENTER, NodeKind::Group).len(), count(&truth, "/groups"));
    let roles: Vec<&str> = seen(&graph, IDENTITY_CENTER, NodeKind::Role).iter().map(|role| role.label()).collect();
    assert!(roles.contains(&"AdministratorAccess") && roles.contains(&"ReadOnly"), "{roles:?}");
    site.scan_is_quiet(IDENTITY_CENTER);

    let before = left("leaver");
    assert_eq!((&before["memberships"], &before["assignments"]), (&json!(3), &json!(2)));
    site.plan("N9001");
    site.revoke("N9001", &[]);
    let after = left("leaver");
    assert_eq!((&after["memberships"], &after["assignments"]), (&json!(0), &json!(0)), "{after}");
    assert_eq!(after["assignments_of_another"], 1, "nobody else lost theirs: {after}");
    let tasks = site.tasks();
    assert!(tasks.iter().any(|title| title.contains("role sessions of Rui Tamm")), "what no call ends is a person's task: {tasks:?}");
    let report = site.scan(IDENTITY_CENTER);
    assert_eq!(count(&report, "/opened"), 0, "{report}");
}

/// Moto hasn't every operation: where XML is due it sends a web page and 500.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_moto_a_web_page_in_place_of_an_answer_is_a_gap() {
    let site = Site::new(&[LEAVER.to_owned()], &iam("AKIAPLAIN"));
    let said = site.run(&["scan", "--json"]);
    assert_eq!(said.code, 2, "what can't be seen is said by the exit code: {said:?}");
    let report = report_of(&said.json(), IAM);
    let gaps: Vec<&str> = report["gaps"].as_array().unwrap().iter().map(|gap| text(gap, "/reason")).collect();
    assert!(gaps.len() == 1 && gaps[0].contains("a web page, not an answer of the API"), "{report}");
}
