//! Mistakes in settings are one clear line; help and JSON are there for every command.

use std::path::Path;

use serde_json::Value;

use crate::company::{COULD_NOT, FINE, Ran, Sim, run_in};

/// That a command said what is wrong in one line on standard error, and did nothing else.
#[track_caller]
fn assert_one_line(ran: Ran, says: &[&str]) {
    let ran = ran.ended(COULD_NOT);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 1, "not one line: {ran:?}");
    for word in says {
        assert!(lines[0].contains(word), "nothing of {word:?} in {:?}", lines[0]);
    }
    assert!(!lines[0].ends_with('.') && !lines[0].contains("Error {") && lines[0].starts_with("exeunt: "), "{:?}", lines[0]);
    assert_eq!(ran.out, "", "{ran:?}");
}

/// The settings with something replaced, run in a folder of their own, so that the good ones stay.
fn with(sim: &Sim, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(sim.world.settings_file()).unwrap();
    assert!(text.contains(from), "{from}");
    let path = sim.folder().join("changed.toml");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path.display().to_string()
}

#[test]
fn a_mistake_is_one_clear_line_and_changes_nothing() {
    let sim = Sim::up();
    sim.exeunt(&["scan", "bamboohr"]);
    sim.exeunt(&["scan", "kisi"]);
    let before = (sim.open_graph(None), sim.count("SELECT count(*) FROM scan"));

    let arrived = sim.world.faults.arrived();
    let unknown = with(&sim, "[company]\n", "[company]\ncolour = \"blue\"\n");
    assert_one_line(sim.exeunt(&["--config", &unknown, "scan"]), &["changed.toml", "line", "colour"]);
    let bad = with(&sim, "[company]\n", "[company\n");
    assert_one_line(sim.exeunt(&["--config", &bad, "scan"]), &["changed.toml", "line"]);
    let setting = with(&sim, "[systems.kisi]\n", "[systems.kisi]\ndoor = 1\n");
    assert_one_line(sim.exeunt(&["--config", &setting, "scan", "kisi"]), &["kisi", "door", "url"]);
    let scanner = with(&sim, "scanner = \"kisi\"", "scanner = \"kisy\"");
    assert_one_line(sim.exeunt(&["--config", &scanner, "scan", "kisi"]), &["systems.kisi", "kisy"]);
    let secret = sim.folder().join("credentials/kisi-read").display().to_string();
    let missing = with(&sim, &format!("read = \"file:{secret}\""), "read = \"env:EXEUNT_TEST_NO_SUCH\"");
    assert_one_line(sim.exeunt(&["--config", &missing, "scan", "kisi"]), &["systems.kisi.read", "EXEUNT_TEST_NO_SUCH"]);
    assert_one_line(sim.exeunt(&["scan", "kissi"]), &["kissi", "okta"]);
    assert_one_line(sim.exeunt(&["--config", "nowhere.toml", "scan"]), &["nowhere.toml", "exeunt init"]);
    assert_one_line(sim.exeunt(&["revoke", "Nobody Atall", "--yes"]), &["Nobody Atall", "exeunt people"]);
    assert_one_line(sim.exeunt(&["departure", "77"]), &["77", "exeunt departures"]);
    assert_eq!(sim.world.faults.arrived(), arrived, "a mistake in the settings still made us ask somebody");

    // A store of another version.
    let other = sim.folder().join("other.db");
    let conn = rusqlite::Connection::open(&other).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    assert_one_line(sim.exeunt(&["--store", other.to_str().unwrap(), "scan", "kisi"]), &["other.db", "99"]);
    std::fs::write(&other, "no database at all, but long enough to be taken for one at a glance").unwrap();
    assert_one_line(sim.exeunt(&["--store", other.to_str().unwrap(), "departures"]), &["other.db"]);

    assert_eq!((sim.open_graph(None), sim.count("SELECT count(*) FROM scan")), before);
}

#[test]
fn a_host_that_can_not_be_reached_is_a_gap() {
    let sim = Sim::up();
    sim.exeunt(&["scan", "bamboohr"]);
    sim.exeunt(&["scan", "kisi"]);
    let before = sim.open_graph(Some("kisi"));
    assert!(!before.is_empty());
    // A port that nobody listens on: it was ours a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = with(&sim, sim.world.url("kisi"), &format!("http://{free}"));
    let ran = sim.exeunt(&["--config", &settings, "scan", "kisi", "--json"]).ended(COULD_NOT);
    let report = ran.json();
    let gaps = report["systems"][0]["gaps"].as_array().unwrap();
    assert!(!gaps.is_empty());
    for gap in gaps {
        let reason = gap["reason"].as_str().unwrap();
        assert!(reason.contains("kisi") && reason.to_lowercase().contains("connect"), "{reason}");
    }
    assert_eq!(sim.open_graph(Some("kisi")), before);
}

#[test]
fn ten_mistakes_in_a_manifest_are_ten_problems_with_lines() {
    let folder = tempfile::tempdir().unwrap();
    let text = "scanner: crm
title: CRM
colour: blue
category: telepathy
contract: none
settings:
  url: { example: https://crm.example, shade: dark }
credentials:
  read: { kind: bearer }
  revoke: { kind: bearer }
connect:
  http: \"{{ setings.url }}\"
see:
  users:
    call: GET /users
    paging: { link: next }
    yields:
      - account: it.id | no_such_filter
        name: it.name +
  keys:
    for: nobody
    call: GET /users/{{ parent.id }}/keys
    yields:
      - credential: it.id
        type: api_token
        held_by: account(parent.id)
take:
  suspend:
    on: acount
    call: POST /users/{{ node.id }}/suspend
  drop:
    on: credential.api_token
    before: [no_such_action]
    call: DELETE /keys/{{ node.id }}
    prove: { call: \"GET /keys/{{ node.id }}\", gone: statuss == 404 }
";
    std::fs::write(folder.path().join("crm.yaml"), text).unwrap();
    let ran = run_in(folder.path(), &["scanners", "check", "crm.yaml", "--json"]).ended(COULD_NOT);
    let told = ran.json();
    let problems = told["problems"].as_array().unwrap();
    let lines: Vec<u64> = problems.iter().map(|problem| problem["line"].as_u64().unwrap()).collect();
    assert!(problems.len() >= 10, "{} problems: {problems:#?}", problems.len());
    assert!(lines.iter().all(|line| *line >= 1 && *line <= text.lines().count() as u64), "{lines:?}");
    for wrong in ["colour", "telepathy", "shade", "setings", "no_such_filter", "nobody", "acount", "no_such_action", "statuss", "prove"] {
        let found = problems.iter().find(|problem| problem["message"].as_str().unwrap().contains(wrong));
        assert!(found.is_some(), "nothing of {wrong}: {problems:#?}");
    }
    let plain = run_in(folder.path(), &["scanners", "check", "crm.yaml"]).ended(COULD_NOT);
    assert!(plain.out.contains("crm.yaml:3"), "{}", plain.out);
}

#[test]
fn init_writes_settings_that_load() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["init"]).ended(FINE);
    // They load: what is missing now is the secrets, and nothing else is wrong.
    run_in(folder.path(), &["departures"]).ended(FINE);
    let check = run_in(folder.path(), &["check", "--json"]).ended(COULD_NOT).json();
    assert_eq!(check["systems"], serde_json::json!([]));
    for closed in check["closed"].as_array().unwrap() {
        let reason = closed["reason"].as_str().unwrap();
        // A file needs no secret; what its system needs is the file.
        assert!(reason.contains("EXEUNT_"), "{closed}");
    }
    assert_one_line(run_in(folder.path(), &["init"]), &["exists"]);
    assert_one_line(run_in(folder.path(), &["init", "no-such", "-o", "x.toml"]), &["no-such", "exeunt scanners list"]);
    assert!(!folder.path().join("x.toml").exists());
}

/// The commands of a help text.
fn commands(help: &str) -> Vec<String> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    // A description that goes on in the next line is indented more.
    let names = list
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().filter(|_| !line.starts_with("   ")));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_help_with_an_example_where_it_matters() {
    let help = |path: &[String]| {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        run_in(Path::new("."), &args).ended(FINE).out
    };
    let mut paths: Vec<Vec<String>> = commands(&help(&[])).into_iter().map(|name| vec![name]).collect();
    assert!(paths.len() > 15);
    let mut with_example = Vec::new();
    while let Some(path) = paths.pop() {
        let text = help(&path);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.len() > 8 && first.starts_with(char::is_uppercase), "{path:?}: {first:?}");
        if text.contains("\nExample") {
            with_example.push(path.join(" "));
            assert!(text.contains(&format!("  exeunt {}", path[0])), "{path:?}: an example of something else");
        }
        paths.extend(commands(&text).into_iter().map(|name| [path.clone(), vec![name]].concat()));
    }
    for needed in
        ["demo", "init", "scan", "revoke", "approve", "serve", "report", "show", "export", "audit verify", "scanners check", "scanners new"]
    {
        assert!(with_example.iter().any(|path| path == needed), "{needed} shows no example: {with_example:?}");
    }
}

#[test]
fn what_every_reading_command_prints_as_json_is_json() {
    let sim = Sim::up();
    sim.exeunt(&["scan"]);
    sim.exeunt(&["revoke", "E1002", "--yes"]);
    for args in [
        "people",
        "people --executives",
        "show E1001",
        "report shadow",
        "report access",
        "report changes",
        "report coverage",
        "link list",
        "link list --all",
        "departures",
        "departure 1",
        "tasks",
        "tasks --all",
        "audit verify",
        "scanners list",
        "scanners show okta",
        "scanners check",
        "revoke E1003 --dry-run",
        "check kisi",
        "scan kisi",
    ] {
        let mut args: Vec<&str> = args.split(' ').collect();
        args.push("--json");
        let ran = sim.exeunt(&args);
        assert!((0..=2).contains(&ran.code), "{args:?}: {ran:?}");
        assert_eq!(ran.err, "", "{args:?}");
        let value: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{args:?}: {error}: {}", ran.out));
        assert!(value.is_object() || value.is_array(), "{args:?}");
    }
    // The log is JSON, an entry a line.
    let log = sim.exeunt(&["audit", "log"]).ended(FINE);
    assert!(log.out.lines().count() > 50);
    for line in log.out.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}
