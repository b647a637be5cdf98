//! Reading one of HR's records by itself: a webhook names an employee, and the whole of HR need not be read to hear what it says of them.
//!
//! Who else has changed since HR was read last is read with it, as far as HR names them: when many leave at once, the guard must see that.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::StreamExt as _;

use super::{Options, Scan, Scoped, SystemReport, Watchlist, delta, finish, main_kind, node_value, read_whole_scope};
use crate::clock;
use crate::connect::Connection;
use crate::manifest::raw;
use crate::model::{NodeId, NodeKind, NodeSeen};
use crate::scan::read::Parent;
use crate::store::Store;
use crate::store::graph::{self, Interner};
use crate::store::scans::{self, Outcome};

/// The most records that are read for one webhook. Where more have changed, the whole is read.
const MOST: usize = 50;

/// The collection that reads one employee by their key alone, and the roster that has the keys.
fn by_key(all: &[(String, raw::Collection)]) -> Option<(&(String, raw::Collection), &str)> {
    all.iter().find_map(|one| {
        let roster = one.1.for_each.as_deref()?;
        let of_people = |collection: &raw::Collection| main_kind(collection) == Some(NodeKind::Person);
        let lists =
            |(name, collection): &(String, raw::Collection)| name == roster && collection.for_each.is_none() && of_people(collection);
        let tells = one.1.yields.iter().any(|what| what.attrs.contains_key("last_day"));
        (tells && of_people(&one.1) && one.1.when.is_none() && all.iter().any(lists)).then_some((one, roster))
    })
}

/// Reads the record of one employee, and of those who have changed since HR was read last. None where that can't be told apart from the whole: the
/// manifest has no such read, the roster doesn't know the employee, or too many have changed. The records that were read stand all the same.
///
/// # Errors
/// The store's. What HR refuses is a gap in the report.
pub async fn scan_employee(
    store: &Store,
    connection: &Connection,
    watchlist: &Watchlist,
    person: (NodeId, String),
) -> Result<Option<SystemReport>> {
    let manifest = connection.manifest().clone();
    let Some(((name, collection), roster)) = by_key(&manifest.see) else { return Ok(None) };
    let (system, started) = (connection.system().0.clone(), std::time::Instant::now());
    let (row, listed) = store.write(|tx| {
        let row = graph::system_row(tx, &system, &manifest.scanner, manifest.category.word())?;
        Ok((row, graph::scope_row(tx, row, roster, "")?))
    })?;
    let known = store.read(|conn| graph::scope_nodes(conn, listed, NodeKind::Person))?;
    let find = |key: &str| known.iter().find(|node| node.node.key == key);
    let Some(named) = find(&person.1) else { return Ok(None) };
    let id = store.write(|tx| scans::begin(tx, row, Some(person.0), clock::now()))?;
    let options = Options { person: Some(person.clone()), ..Options::default() };
    let scan = Scan {
        store,
        connection,
        system: &system,
        row,
        id,
        person: Some(person.0),
        watchlist,
        options: &options,
        resumed: false,
        again: false,
        finished: Default::default(),
        interner: std::sync::Mutex::new(store.read(|conn| Interner::load(conn, row))?),
        report: std::sync::Mutex::new(SystemReport::nothing(&system, id)),
        tell: &|_| {},
        told: Default::default(),
    };
    // Both at once: the employee's own record waits for nothing.
    let (own, others) = tokio::join!(read(&scan, (name, collection), vec![named]), delta::changed_since(&scan, name, collection));
    own?;
    let others: Option<BTreeSet<String>> = others?.map(|keys| keys.into_iter().filter(|key| *key != person.1).collect());
    let others = others.filter(|keys| keys.len() <= MOST);
    let nodes: Option<Vec<&NodeSeen>> = others.and_then(|keys| keys.iter().map(|key| find(key)).collect());
    let all = nodes.is_some();
    read(&scan, (name, collection), nodes.unwrap_or_default()).await?;
    let mut report = scan.report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report.took = started.elapsed();
    let outcome = if report.gaps.is_empty() { Outcome::Complete } else { Outcome::Gaps };
    store.write(|tx| scans::end(tx, id, outcome, None, report.records, clock::now()))?;
    Ok(all.then_some(report))
}

/// Reads the records of these.
async fn read(scan: &Scan<'_>, (name, collection): (&str, &raw::Collection), nodes: Vec<&NodeSeen>) -> Result<()> {
    let kind = main_kind(collection);
    let parents =
        nodes.into_iter().map(|node| Parent { key: node.node.key.clone(), node: Some(node_value(scan.system, node)), ..Parent::default() });
    let mut reads = futures_util::stream::iter(parents)
        .map(|parent| async move { read_whole_scope(scan, name, collection, parent, kind).await })
        .buffer_unordered(8);
    while let Some(read) = reads.next().await {
        if let Scoped::Read(one) = read? {
            finish(scan, name, collection, *one, kind)?;
        }
    }
    Ok(())
}
