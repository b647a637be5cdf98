//! Mistakes in a manifest or in the settings are one clear line each, and every command has a help.

use std::path::Path;

use crate::run::{COULD_NOT, FINE, assert_one_line, run_in};

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
    let ran = run_in(folder.path(), &["departures"]).ended(COULD_NOT);
    assert!(ran.err.contains("nothing has been read yet"), "{ran:?}");
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
    // A build without the simulated company has no demo.
    let demo: &[&str] = if cfg!(feature = "demo") { &["demo"] } else { &[] };
    let needed =
        ["init", "scan", "revoke", "approve", "serve", "report", "show", "export", "audit verify", "scanners check", "scanners new"];
    for needed in needed.iter().chain(demo) {
        assert!(with_example.iter().any(|path| path == *needed), "{needed} shows no example: {with_example:?}");
    }
}

/// A company's settings with more lines at the end.
fn small_with(more: &str) -> crate::small::Small {
    crate::small::Small::up(more)
}

// Reliability: Nothing stuck.
#[test]
fn every_mistake_in_the_settings_is_said_by_check_and_at_the_start_all_at_once() {
    // Those that every command refuses, each with the place where it stands.
    let refused = [
        ("[departure]\nmass_window = \"1 hour\"\n", "departure.mass_window"),
        ("[departure]\nmass_window = \"0s\"\n", "departure.mass_window"),
        ("[departure]\nmass_limit = 0\n", "departure.mass_limit"),
        ("[departure]\ntime = \"17:99\"\n", "departure.time"),
        ("[departure]\ntime = \"23:59:60\"\n", "departure.time"),
        ("[departure]\ntime = \"2026-01-01T17:00\"\n", "departure.time"),
        ("[departure.tell]\nlook = \"every night\"\n", "departure.tell.look"),
        ("[policy]\nstale_device_days = -5\n", "policy.stale_device_days"),
        ("[audit]\norigin = \"a b+c\"\n", "audit.origin"),
        (
            "[[departure.keep]]\nperson = \"E1\"\nsystem = \"nonesuch\"\nreason = \"r\"\ndecided_by = \"d\"\nuntil = \"2099-01-01\"\n",
            "departure.keep",
        ),
        ("[departure]\ndeny = [\"scim.no_such\"]\n", "departure.deny"),
        ("[departure]\nallow = [\"nonesuch.disable\"]\n", "departure.allow"),
    ];
    for (more, place) in refused {
        let small = small_with(more);
        for command in [&["check"][..], &["serve"]] {
            assert_one_line(small.exeunt(command), &["exeunt.toml", place]);
        }
    }
    let small = small_with("[departure]\nmass_limit = 0\nmass_window = \"1 hour\"\n[policy]\nstale_device_days = 0\n");
    assert_one_line(small.exeunt(&["check"]), &["departure.mass_limit", "departure.mass_window", "policy.stale_device_days"]);
    // Those with which serving begins all the same, and says so.
    let said = [
        ("[departure.roles]\nlegel = \"legal@acme.example\"\n", "\"legel\""),
        (
            "[[policy.exceptions]]\ncheck = \"nonesuch\"\nsubject = \"*\"\nreason = \"r\"\ndecided_by = \"d\"\nuntil = \"2099-01-01\"\n",
            "\"nonesuch\"",
        ),
        ("[serve.hooks.x]\nkind = \"bamboohr\"\nsystem = \"app\"\nsecret = \"file:token\"\n", "no HR system"),
        ("[serve.hooks.x]\nkind = \"bamboohr\"\nsystem = \"hr\"\nsecret = \"file:nowhere\"\n", "serve.hooks.x.secret"),
        ("[audit]\nkey = \"nowhere/k\"\n", "audit.key"),
        (
            "[systems.other]\nscanner = \"scim\"\nread = \"file:token\"\nurl = \"http://127.0.0.1:9/\"\nchanges = \"maybe\"\n",
            "\"changes\" can't be \"maybe\"",
        ),
        ("[systems.other]\nscanner = \"scim\"\nread = \"file:token\"\nurl = 5\n", "\"url\" can't be 5"),
    ];
    for (more, what) in said {
        let ran = small_with(more).exeunt(&["check"]).ended(COULD_NOT);
        assert!(ran.out.contains(what), "{more}: {ran:?}");
    }
    // Whom HR doesn't know is said once HR has been read.
    let small = small_with("[people.successors]\nE1 = \"E999\"\n");
    small.exeunt(&["check"]).ended(FINE);
    small.exeunt(&["scan"]);
    let ran = small.exeunt(&["check"]).ended(COULD_NOT);
    assert!(ran.out.contains("people.successors names \"E999\" as the successor of \"E1\", and HR knows nobody of that name"), "{ran:?}");
    let small = small_with("[departure.roles]\nlegel = \"legal@acme.example\"\n");
    let server = crate::served::Server::start(&small, &[]);
    server.until("it is said", || server.said().contains("no task goes to the role \"legel\""));
}
