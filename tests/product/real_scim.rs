//! SCIM, held to a real provider that has rights for each token: `tests/real/run` brings it up.

use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, count, env, groups, members, one, seen, sorted, text, texts, truth};

const SYSTEM: &str = "scim";
const PEOPLE: [&str; 2] = [
    "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Controller,Finance,active,",
    "N0001,Person 1,p1@real.northmoor.example,,Analyst,Finance,active,",
];

fn settings() -> String {
    settings_at(&env("EXEUNT_REAL_SCIM_URL"))
}

fn settings_at(url: &str) -> String {
    format!(
        "[systems.scim]\nscanner = \"scim\"\nread = \"env:EXEUNT_REAL_SCIM_READ_TOKEN\"\n\
         revoke = \"env:EXEUNT_REAL_SCIM_REVOKE_TOKEN\"\nurl = \"{url}\"\nchanges = true\nown_account = \"none\"\n"
    )
}

/// Asks the server, with the token of this variable.
fn ask(token: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let headers = [format!("Authorization: Bearer {}", env(token)), "Content-Type: application/scim+json".to_owned()];
    crate::real::ask(method, &format!("{}{path}", env("EXEUNT_REAL_SCIM_URL")), &[&headers[0], &headers[1]], body)
}

// Reliability: Bad weather.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_scim_from_the_first_scan_to_the_last_proof_and_in_bad_weather() {
    let truth = truth("EXEUNT_REAL_SCIM_TRUTH");
    let site = Site::allowing(&PEOPLE.map(str::to_owned), &settings(), &["scim.remove_from_group"]);
    site.scan(SYSTEM);
    everything_is_seen(&site, &truth);
    site.scan_is_quiet(SYSTEM);
    the_next_night_reads_what_changed(&site, &truth);
    the_leaver_leaves(&site, &truth);
    site.audit_is_intact(10);
    nothing_is_lost_or_falsely_gone_in_bad_weather();
}

fn everything_is_seen(site: &Site, truth: &Value) {
    let graph = site.graph();
    let accounts = seen(&graph, SYSTEM, NodeKind::Account);
    assert_eq!(accounts.len(), count(truth, "/users"), "all pages were read");
    assert_eq!(accounts.iter().filter(|node| node.disabled()).count(), count(truth, "/inactive"));
    assert!(one(&graph, SYSTEM, NodeKind::Account, |node| node.key == text(truth, "/inactive_example")).disabled());
    for (name, id) in truth["odd"].as_object().unwrap() {
        let node = one(&graph, SYSTEM, NodeKind::Account, |node| node.key == id.as_str().unwrap());
        assert_eq!(node.label(), name);
    }
    assert_eq!(seen(&graph, SYSTEM, NodeKind::Group).len(), count(truth, "/groups"));
    let big = one(&graph, SYSTEM, NodeKind::Group, |node| node.key == text(truth, "/big_group/id"));
    assert_eq!(members(&graph, big), count(truth, "/big_group/members"));
    let (direct, nested) = groups(&graph, leaver(&graph, truth));
    let names = |pointer: &str| {
        let name = |id: &String| one(&graph, SYSTEM, NodeKind::Group, |node| node.key == *id).label().to_owned();
        sorted(texts(truth, pointer).iter().map(name))
    };
    assert_eq!(direct, names("/leaver/groups"));
    assert_eq!(nested, names("/leaver/through_nesting"));
}

fn the_next_night_reads_what_changed(site: &Site, truth: &Value) {
    let path = format!("/Users/{}", text(truth, "/inactive_example"));
    for active in [true, false] {
        let operation = json!({ "op": "replace", "path": "active", "value": active });
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
        let (status, answer) = ask("EXEUNT_REAL_SCIM_REVOKE_TOKEN", "PATCH", &path, Some(&body));
        site.next_night_sees(SYSTEM, if matches!(status, 200 | 204) { Ok(()) } else { Err(answer.to_string()) });
    }
}

fn leaver<'g>(graph: &'g exeunt::graph::Graph, truth: &Value) -> &'g exeunt::graph::Node {
    one(graph, SYSTEM, NodeKind::Account, |node| node.key == text(truth, "/leaver/id"))
}

fn the_leaver_leaves(site: &Site, truth: &Value) {
    let (id, in_groups) = (text(truth, "/leaver/id"), texts(truth, "/leaver/groups"));
    let plan = site.plan("N9001");
    assert_eq!(plan["actions"].as_array().unwrap().len(), 1 + in_groups.len(), "{plan}");
    site.revoke("N9001", &[]);

    let (status, user) = ask("EXEUNT_REAL_SCIM_ADMIN_TOKEN", "GET", &format!("/Users/{id}"), None);
    assert_eq!((status, &user["active"]), (200, &json!(false)), "{user}");
    for group in &in_groups {
        let (status, group) = ask("EXEUNT_REAL_SCIM_ADMIN_TOKEN", "GET", &format!("/Groups/{group}"), None);
        let still = group["members"].as_array().into_iter().flatten().filter(|member| member["value"] == id).count();
        assert_eq!((status, still), (200, 0), "{}", group["displayName"]);
    }
    let (_, big) = ask("EXEUNT_REAL_SCIM_ADMIN_TOKEN", "GET", &format!("/Groups/{}", text(truth, "/big_group/id")), None);
    assert_eq!(big["members"].as_array().unwrap().len(), count(truth, "/big_group/members") - 1, "nobody else was taken out");

    // The departure's own look, record by record, has seen it: the next night finds nothing new.
    site.scan_is_quiet(SYSTEM);
    let graph = site.graph();
    assert!(leaver(&graph, truth).disabled());
    assert_eq!(groups(&graph, leaver(&graph, truth)).0, Vec::<String>::new());
}

/// People whom nobody above counts.
fn nothing_is_lost_or_falsely_gone_in_bad_weather() {
    let url = env("EXEUNT_REAL_SCIM_URL");
    let is_there = |number: &str, label: &str| {
        assert!(label.starts_with("deactivate "), "an action that nobody asks the server about: {label}");
        let filter = format!("userName%20eq%20%22{}%22", number.replace('N', "u"));
        let (status, found) = ask("EXEUNT_REAL_SCIM_ADMIN_TOKEN", "GET", &format!("/Users?filter={filter}"), None);
        assert_eq!((status, count(&found, "/totalResults")), (200, 1), "{found}");
        found["Resources"][0]["active"] != false
    };
    let person = |number: &str| {
        format!("{number},Person {number},p{}@real.northmoor.example,,Analyst,Finance,active,", number[1..].parse::<u32>().unwrap())
    };
    let leavers = ["N0101", "N0102", "N0103"];
    crate::weather::holds_in_bad_weather(&crate::weather::Server {
        system: SYSTEM,
        listens: url.trim_start_matches("http://"),
        settings: &|at| settings_at(&format!("http://{at}")),
        people: &leavers.map(person),
        leavers: &leavers,
        is_there: &is_there,
    });
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_scim_the_reading_token_can_not_revoke() {
    let truth = truth("EXEUNT_REAL_SCIM_TRUTH");
    let other = text(&truth, "/odd/MiXed.CaSe").to_owned();
    let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let (status, _) = ask("EXEUNT_REAL_SCIM_READ_TOKEN", "PATCH", &format!("/Users/{other}"), Some(&patch));
    assert_eq!(status, 403);
    let (status, _) = ask("EXEUNT_REAL_SCIM_READ_TOKEN", "DELETE", &format!("/Users/{other}"), None);
    assert_eq!(status, 403);
    let (status, user) = ask("EXEUNT_REAL_SCIM_READ_TOKEN", "GET", &format!("/Users/{other}"), None);
    assert_eq!((status, &user["active"]), (200, &json!(true)));
}
