//! Real servers behind a proxy that delays, stalls, resets and cuts connections: a night loses nothing that is known and calls nothing complete
//! that was not read; a departure calls nothing gone that is there by the server's own word; and once all is well again, everything ends well.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::proxy::Proxy;
use crate::real::{Said, Site, text};

/// The seeds of the nights; then each leaver has one.
const NIGHTS: std::ops::RangeInclusive<u64> = 1..=3;

/// One server, and what a test knows of it.
pub struct Server<'s> {
    pub system: &'s str,
    /// Where it listens: address and port.
    pub listens: &'s str,
    /// Its part of the settings, for the address and port where it is asked.
    pub settings: &'s dyn Fn(&str) -> String,
    /// The lines of HR's file.
    pub people: &'s [String],
    /// Who leaves, by number.
    pub leavers: &'s [&'s str],
    /// Whether what an action (by its label) takes from a person (by number) is there by the server's own word.
    pub is_there: &'s dyn Fn(&str, &str) -> bool,
}

/// Nights and departures in bad weather.
pub fn holds_in_bad_weather(server: &Server<'_>) {
    let proxy = Proxy::before(server.listens);
    let site = Site::new(server.people, &(server.settings)(&proxy.address.to_string()));
    let manifest = std::fs::read_to_string(format!("scanners/{}.yaml", server.system)).unwrap();
    let impatient = manifest.replacen("\nconnect:\n", "\nconnect:\n  timeout_secs: 2\n", 1);
    assert_ne!(impatient, manifest);
    std::fs::write(site.path(&format!("scanners/{}.yaml", server.system)), impatient).unwrap();

    site.scan(server.system);
    let truth = known(&site, server.system);
    for seed in NIGHTS {
        let said = in_a_storm(&proxy, seed, &site, if seed % 2 == 0 { &["scan", "--json"] } else { &["scan", "--full", "--json"] });
        let now = known(&site, server.system);
        assert_eq!(now, truth, "night {seed}, exit {}: nothing changed at the server", said.code);
    }
    for (seed, leaver) in (10..).zip(server.leavers) {
        let said = in_a_storm(&proxy, seed, &site, &["revoke", leaver, "--yes", "--json"]);
        nothing_is_falsely_gone(server, seed, leaver, &said);
        let said = site.run(&["revoke", leaver, "--yes", "--json"]);
        assert!([0, 1].contains(&said.code), "seed {seed}, {leaver}: all is well again: {said:?}");
        let left = nothing_is_falsely_gone(server, seed, leaver, &said);
        assert_eq!(left, Vec::<String>::new(), "seed {seed}, {leaver}");
        assert_eq!(site.run(&["audit", "verify"]).code, 0, "seed {seed}, {leaver}");
    }
    site.scan_is_quiet(server.system);
    assert!(proxy.struck() > 10, "the weather was good: {} connections", proxy.struck());
    println!("{}: {} connections met bad weather", server.system, proxy.struck());
}

/// Runs a command while connections meet what a seed draws.
fn in_a_storm(proxy: &Proxy, seed: u64, site: &Site, args: &[&str]) -> Said {
    let (struck, began) = (proxy.struck(), std::time::Instant::now());
    proxy.storm(seed);
    let said = site.run(args);
    proxy.calm();
    println!(
        "seed {seed}: {} connections struck; exeunt {}: exit {} after {:.1?}",
        proxy.struck() - struck,
        args[0],
        said.code,
        began.elapsed()
    );
    assert!([0, 1, 2].contains(&said.code) && !said.err.contains("panicked"), "seed {seed}: {said:?}");
    said
}

/// That the server has nothing that a departure calls gone. Answers with the actions that are not gone, hand-offs left out.
fn nothing_is_falsely_gone(server: &Server<'_>, seed: u64, leaver: &str, said: &Said) -> Vec<String> {
    let ended: Value = serde_json::from_str(&said.out).unwrap_or_default();
    let Some(lines) = ended["lines"].as_array() else {
        assert_eq!(said.code, 2, "seed {seed}, {leaver}: nothing is said, and it is fine: {said:?}");
        return vec!["everything".to_owned()];
    };
    let (gone, left): (Vec<&Value>, Vec<&Value>) =
        lines.iter().filter(|line| line["state"] != "handed_off").partition(|line| line["verdict"] == "gone");
    for line in gone {
        let label = text(line, "/label");
        assert!(!(server.is_there)(leaver, label), "seed {seed}, {leaver}: {label:?} is called gone, and the server has it: {line}");
    }
    let left: Vec<String> = left.iter().map(|line| text(line, "/label").to_owned()).collect();
    assert!(said.code != 0 && ended["state"] != "closed" || left.is_empty(), "seed {seed}, {leaver}: {left:?} is left: {said:?}");
    left
}

/// What the store says is there now: nodes and edges, by what makes one the same night after night.
fn known(site: &Site, system: &str) -> BTreeSet<String> {
    let conn = rusqlite::Connection::open(site.path("exeunt.db")).unwrap();
    let sql = "SELECT n.kind || ' ' || n.key FROM node_seen w JOIN node n ON n.id = w.node JOIN scope s ON s.id = w.scope
                 JOIN system y ON y.id = s.system WHERE w.until IS NULL AND y.name = ?1
               UNION SELECT a.key || ' -' || e.kind || '-> ' || b.key || ' ' || coalesce(e.level, '') FROM edge_seen e JOIN node a ON a.id = e.src
                 JOIN node b ON b.id = e.dst JOIN scope s ON s.id = e.scope JOIN system y ON y.id = s.system
                 WHERE e.until IS NULL AND y.name = ?1";
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([system], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
