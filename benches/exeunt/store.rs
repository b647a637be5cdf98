//! The store: observations a second, new and unchanged, against plain inserts into one table without an index.

use std::time::Instant;

use anyhow::Result;
use exeunt::clock;
use exeunt::model::{EdgeKind, EdgeSeen, NodeKind, NodeRef, NodeSeen, Observation};
use exeunt::store::Store;
use exeunt::store::graph::{self, Closing, Interner, ScopeWrite, Tally};
use exeunt::store::scans;
use serde_json::{Map, Value, json};

use crate::data;
use crate::report::{Line, best, thousands};

pub const ACCOUNTS: usize = 50_000;
const GROUPS: usize = 500;
const TRIES: usize = 5;

/// Scopes of 25,000 to 50,000 observations: accounts, memberships (three each), credentials with their holders.
pub fn scopes() -> Vec<(&'static str, Vec<Observation>)> {
    let mut scopes = vec![("users", (0..ACCOUNTS).map(account).collect::<Vec<_>>())];
    for (part, name) in ["groups-1", "groups-2", "groups-3"].into_iter().enumerate() {
        scopes.push((name, (0..ACCOUNTS).map(|number| membership(number, part)).collect()));
    }
    scopes.push(("tokens", (0..ACCOUNTS / 4).flat_map(credential).collect()));
    scopes
}

fn attrs(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn account(number: usize) -> Observation {
    let user = data::okta_user(number);
    let profile = &user["profile"];
    Observation::Node(NodeSeen {
        node: NodeRef::new(NodeKind::Account, data::user_id(number)),
        type_: String::new(),
        name: profile["login"].as_str().map(str::to_owned),
        attrs: attrs(json!({
            "display_name": format!("{} {}", profile["firstName"].as_str().unwrap_or_default(), profile["lastName"].as_str().unwrap_or_default()),
            "emails": [profile["login"], profile["email"]],
            "employee_number": profile["employeeNumber"],
            "phones": [profile["mobilePhone"]],
            "state": "active",
            "lifecycle": user["status"],
            "created": user["created"],
            "last_used": user["lastLogin"],
            "department": profile["department"],
            "title": profile["title"],
        })),
        aka: Vec::new(),
    })
}

fn membership(number: usize, part: usize) -> Observation {
    Observation::Edge(EdgeSeen {
        from: NodeRef::new(NodeKind::Account, data::user_id(number)),
        kind: EdgeKind::MemberOf,
        to: NodeRef::new(NodeKind::Group, format!("00gBench{:06}", (number * 7 + part * 131) % GROUPS)),
        level: None,
        attrs: attrs(json!({ "managed": "OKTA_GROUP" })),
    })
}

fn credential(number: usize) -> [Observation; 2] {
    let node = NodeRef::new(NodeKind::Credential, format!("00tBench{number:08}"));
    let seen = NodeSeen {
        node: node.clone(),
        type_: "api_token".to_owned(),
        name: Some(format!("token {number}")),
        attrs: attrs(
            json!({ "created": "2024-01-01T00:00:00Z", "last_used": "2026-03-01T00:00:00Z", "client": "console", "network": "ANYWHERE" }),
        ),
        aka: Vec::new(),
    };
    let from = NodeRef::new(NodeKind::Account, data::user_id(number * 4));
    [Observation::Edge(EdgeSeen { from, kind: EdgeKind::Holds, to: node, level: None, attrs: Map::new() }), Observation::Node(seen)]
}

/// Writes every scope as a scan does: one transaction each. Answers with the seconds and what changed.
pub fn scan(store: &Store, scopes: &[(&'static str, Vec<Observation>)]) -> Result<(f64, Tally)> {
    let began = Instant::now();
    let now = clock::now();
    let (system, scan) = store.write(|tx| {
        let system = graph::system_row(tx, "okta", "okta", "sso")?;
        Ok((system, scans::begin(tx, system, None, now)?))
    })?;
    let mut interner = store.read(|conn| Interner::load(conn, system))?;
    let mut sum = Tally::default();
    for (name, observations) in scopes {
        let tally = store.write(|tx| {
            let scope = graph::scope_row(tx, system, name, "")?;
            let write = ScopeWrite {
                scan,
                scope,
                at: clock::now(),
                closing: Closing::Unseen,
                accept_loss: false,
                ours: None,
                keep: &[],
                later: None,
            };
            graph::write_scope(tx, &mut interner, write, observations)
        })?;
        sum.seen += tally.seen;
        sum.opened += tally.opened;
        sum.closed += tally.closed;
    }
    Ok((began.elapsed().as_secs_f64(), sum))
}

/// The same rows, inserted by hand in one transaction into one table that has no index.
fn plain(scopes: &[(&'static str, Vec<Observation>)]) -> Result<f64> {
    let rows: Vec<(String, String, String)> = scopes
        .iter()
        .flat_map(|(_, observations)| observations)
        .map(|observation| match observation {
            Observation::Node(node) => {
                (node.node.key.clone(), node.name.clone().unwrap_or_default(), Value::Object(node.attrs.clone()).to_string())
            }
            Observation::Edge(edge) => (edge.from.key.clone(), edge.to.key.clone(), Value::Object(edge.attrs.clone()).to_string()),
        })
        .collect();
    let folder = data::folder()?;
    let mut conn = rusqlite::Connection::open(folder.path().join("plain.db"))?;
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (a TEXT, b TEXT, c TEXT)")?;
    let began = Instant::now();
    let tx = conn.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)")?;
        for (a, b, c) in &rows {
            insert.execute([a, b, c])?;
        }
    }
    tx.commit()?;
    Ok(began.elapsed().as_secs_f64())
}

pub fn run() -> Result<Vec<Line>> {
    let scopes = scopes();
    let count = scopes.iter().map(|(_, observations)| observations.len()).sum::<usize>() as f64;
    let (base, ()) = best((0..TRIES).map(|_| Ok((plain(&scopes)?, ()))))?;
    let mut again = Vec::new();
    let (new, tally) = best((0..TRIES).map(|_| {
        let folder = data::folder()?;
        let store = Store::open(&data::store_path(&folder))?;
        let first = scan(&store, &scopes)?;
        again.push(scan(&store, &scopes)?);
        Ok(first)
    }))?;
    anyhow::ensure!(tally.opened as f64 == count, "{} of {count} observations were opened", tally.opened);
    let (same, tally) = best(again.into_iter().map(Ok))?;
    anyhow::ensure!(tally.opened == 0 && tally.closed == 0 && tally.seen as f64 == count, "the second scan changed something: {tally:?}");
    let line = |name: &str, seconds: f64, target: f64| {
        let (rate, plain) = (count / seconds, count / base);
        Line::new(name, format!("{}/s", thousands(rate)), format!("plain inserts {}/s", thousands(plain)), rate / plain)
            .target(&format!("≥ {}/s", thousands(target)), rate >= target)
            .detail(json!({ "observations": count, "seconds": seconds, "baseline_seconds": base }))
    };
    Ok(vec![line("store: observations, new", new, 100_000.0), line("store: observations, unchanged", same, 200_000.0)])
}
