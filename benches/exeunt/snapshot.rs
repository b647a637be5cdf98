//! The snapshot: the whole graph read from the store, against reading its rows; and one person's reach in it.

use std::time::Instant;

use anyhow::{Context as _, Result};
use exeunt::clock;
use exeunt::config::Config;
use exeunt::graph::{Graph, Reach};
use exeunt::model::{NodeKind, NodeRef, NodeSeen, Observation};
use exeunt::store::graph::{self, Closing, Interner, ScopeWrite};
use exeunt::store::{Store, scans};
use exeunt::survey;
use serde_json::{Map, json};

use crate::report::{Line, best};
use crate::{data, store};

const PEOPLE: usize = 2_000;
const TRIES: usize = 5;

pub fn run() -> Result<Vec<Line>> {
    let folder = data::folder()?;
    let store = Store::open(&data::store_path(&folder))?;
    store::scan(&store, &store::scopes())?;
    people(&store)?;
    let config = Config::parse("[company]\nname = \"Corp\"\ndomains = [\"corp.example\"]\n").map_err(anyhow::Error::msg)?;
    survey::link_accounts(&config, &store)?;

    let (rows, count) = best((0..TRIES).map(|_| {
        let began = Instant::now();
        let count = store.read(rows_of)?;
        Ok((began.elapsed().as_secs_f64(), count))
    }))?;
    let (read, net) = best((0..TRIES).map(|_| {
        let began = Instant::now();
        let net = store.read(|conn| Graph::read(conn, None))?;
        Ok((began.elapsed().as_secs_f64(), net))
    }))?;
    let everybody = survey::people(&config, &net)?;
    let person = everybody.first().context("there is nobody in the store")?;
    let (reach, reached) = best((0..50).map(|_| {
        let began = Instant::now();
        let reach = Reach::from(&net, person.index, |_| true);
        Ok((began.elapsed().as_secs_f64(), reach.access(&net).count()))
    }))?;
    anyhow::ensure!(reached >= 4, "the person reaches {reached} nodes only");
    let ms = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
    let detail =
        json!({ "rows": count, "nodes": net.net.node_count(), "edges": net.net.edge_count(), "seconds": read, "baseline_seconds": rows });
    Ok(vec![
        Line::new("snapshot: the whole graph", ms(read), format!("reading its rows {}", ms(rows)), read / rows).detail(detail),
        Line::new("snapshot: one person's reach", format!("{:.1} µs", reach * 1e6), format!("the whole graph {}", ms(read)), reach / read)
            .detail(json!({ "reached": reached, "seconds": reach })),
    ])
}

/// HR's word on some of the accounts' owners.
fn people(store: &Store) -> Result<()> {
    let seen: Vec<Observation> = (0..PEOPLE)
        .map(|number| {
            let user = data::okta_user(number * 4);
            let mut attrs = Map::new();
            attrs.insert("emails".into(), json!([user["profile"]["email"]]));
            attrs.insert("employee_number".into(), user["profile"]["employeeNumber"].clone());
            attrs.insert("state".into(), json!("active"));
            let node = NodeRef::new(NodeKind::Person, format!("{number}"));
            Observation::Node(NodeSeen { node, type_: String::new(), name: Some(format!("Person {number:05}")), attrs, aka: Vec::new() })
        })
        .collect();
    store.write(|tx| {
        let system = graph::system_row(tx, "hr", "bamboohr", "hris")?;
        let scan = scans::begin(tx, system, None, clock::now())?;
        let scope = graph::scope_row(tx, system, "employees", "")?;
        let write =
            ScopeWrite { scan, scope, at: clock::now(), closing: Closing::Unseen, accept_loss: false, ours: None, keep: &[], later: None };
        let mut interner = Interner::load(tx, system)?;
        graph::write_scope(tx, &mut interner, write, &seen)?;
        Ok(())
    })
}

/// Reads every column of every row that a snapshot needs, and makes nothing of it.
fn rows_of(conn: &rusqlite::Connection) -> Result<usize> {
    let mut count = 0;
    for sql in [
        "SELECT id, system, kind, key FROM node",
        "SELECT node, type, name, attrs, aka, since FROM node_seen WHERE until IS NULL",
        "SELECT src, kind, dst, scope, level, attrs, since FROM edge_seen WHERE until IS NULL",
    ] {
        let mut statement = conn.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column)?);
            }
            count += 1;
        }
    }
    Ok(count)
}
