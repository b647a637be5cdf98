//! Mistakes in the settings of a running company are one clear line; every reading command prints JSON.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::run::{COULD_NOT, FINE, assert_one_line};
use crate::sim::Sim;

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
    let sim = Sim::up_with_few();
    sim.exeunt(&["scan", "bamboohr"]);
    sim.exeunt(&["scan", "kisi"]);
    let read = "SELECT count(*) FROM scan WHERE outcome <> 'failed'";
    let before = (sim.open_graph(None), sim.count(read));

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
    // As exeunt makes its own; one that others can read is said too.
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_one_line(sim.exeunt(&["--store", other.to_str().unwrap(), "scan", "kisi"]), &["other.db", "99"]);
    std::fs::write(&other, "no database at all, but long enough to be taken for one at a glance").unwrap();
    assert_one_line(sim.exeunt(&["--store", other.to_str().unwrap(), "departures"]), &["other.db"]);

    assert_eq!((sim.open_graph(None), sim.count(read)), before);
    assert_eq!(sim.count("SELECT count(*) FROM scan WHERE outcome = 'failed'"), 3, "reports say that kisi could not be opened");
}

#[test]
fn a_host_that_can_not_be_reached_is_a_gap() {
    let sim = Sim::up_with_few();
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
fn what_every_reading_command_prints_as_json_is_json() {
    let sim = Sim::up_with_few();
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
        // What Slack refuses is said beside it.
        assert!(ran.err.lines().all(|line| line.contains("could not be read to the end: ")), "{args:?}: {}", ran.err);
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
