//! Scanning one system: every collection of its manifest, each scope written in one transaction.
//!
//! ```text
//!   preflight ─► collections whose parents are known ─► pages ─► records ─► observations ─► write_scope (one transaction)
//!                          ▲                                                                    │
//!                          └────────────── parents: the nodes that a collection yielded ◄───────┘
//! ```
//!
//! A scope is complete, or a gap with a reason. Only a complete one closes what it no longer saw.

mod delta;
mod preflight;
mod read;
mod taken;
mod watch;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::ToSpan as _;

pub use preflight::{Tried, preflight};
pub use watch::{Watched, Watchlist};

use crate::clock;
use crate::connect::Connection;
use crate::manifest::express::Expr;
use crate::manifest::raw;
use crate::model::{Coverage, NodeId, NodeKind, NodeSeen, ScanId, ScopeId};
use crate::store::Store;
use crate::store::around::Around;
use crate::store::graph::{self, Closing, Interner, Ready, ScopeWrite, Tally};
use crate::store::scans::{self, Outcome, StagedPage};
use delta::Ask;
use read::{Keep, Parent, ScopeRead, node_value, read_one, read_scope, scope_of, sentinel_key};

/// What a scan is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Read everything, also where a delta read would do.
    pub full: bool,
    /// Believe a scope that has lost most of what it held.
    pub accept_loss: bool,
    /// Read only what concerns this person (their node, and their key in HR's system).
    pub person: Option<(NodeId, String)>,
    /// A scan that was cut off more hours ago than this is begun anew; 12 when not given.
    pub resume_hours: Option<i64>,
}

/// What a scan says while it runs.
#[derive(Debug, Clone)]
pub enum Progress {
    /// So many records of a collection have been read.
    Records(String, u64),
    /// A scope was written.
    Written(String, Tally),
    /// A scope is a gap, and why.
    Gap(String, String),
}

/// What a scan of one system gave.
#[derive(Debug, Clone)]
pub struct SystemReport {
    /// The system.
    pub system: String,
    /// Scopes read.
    pub scopes: u64,
    /// Those of which only the changes were read.
    pub by_changes: u64,
    /// Those that were not read, for nothing had changed.
    pub unread: u64,
    /// Scopes that are gaps: collection (and parent), reason.
    pub gaps: Vec<(String, String)>,
    /// Records that came, and so what the scan cost; with changes only, a fraction of what there is.
    pub records: u64,
    /// Distinct observations.
    pub seen: u64,
    /// Intervals opened.
    pub opened: u64,
    /// Intervals closed.
    pub closed: u64,
    /// What preflight tried.
    pub preflight: Vec<Tried>,
    /// Whether a cut-off scan's pages were taken over.
    pub resumed: bool,
    /// How long it took.
    pub took: std::time::Duration,
}

/// One scan under way.
pub(crate) struct Scan<'a> {
    store: &'a Store,
    connection: &'a Connection,
    system: &'a str,
    row: i64,
    id: ScanId,
    person: Option<NodeId>,
    watchlist: &'a Watchlist,
    options: &'a Options,
    /// A cut-off scan whose pages and finished scopes are taken over.
    resumed: Option<ScanId>,
    finished: HashSet<ScopeId>,
    interner: Mutex<Interner>,
    report: Mutex<SystemReport>,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    told: AtomicU64,
}

impl Scan<'_> {
    fn progress(&self, collection: &str, records: u64) {
        // A page at a time is often enough to look at.
        self.told.fetch_add(1, Ordering::Relaxed);
        (self.tell)(Progress::Records(collection.to_owned(), records));
    }
}

/// Scans one system.
///
/// # Errors
/// The store's. What the system itself refuses becomes gaps in the report, never an error.
pub async fn scan_system(
    store: &Store,
    connection: &Connection,
    watchlist: &Watchlist,
    options: &Options,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> Result<SystemReport> {
    let started = std::time::Instant::now();
    let system = connection.system().0.clone();
    let manifest = connection.manifest().clone();
    let now = clock::now();
    let person = options.person.as_ref().map(|(id, _)| *id);
    let (row, resumed, id) = store.write(|tx| {
        let row = graph::system_row(tx, &system, &manifest.scanner, manifest.category.word())?;
        let oldest = now.checked_sub(options.resume_hours.unwrap_or(12).hours())?;
        let resumed = if person.is_none() { scans::cut_off(tx, row, oldest, now)? } else { None };
        Ok((row, resumed, scans::begin(tx, row, person, now)?))
    })?;
    let (finished, interner) = store.read(|conn| {
        let finished = resumed.map(|scan| scans::finished_scopes(conn, scan)).transpose()?.unwrap_or_default();
        Ok((finished.into_iter().collect(), Interner::load(conn, row)?))
    })?;
    let report = SystemReport {
        system: system.clone(),
        scopes: 0,
        by_changes: 0,
        unread: 0,
        records: 0,
        gaps: Vec::new(),
        seen: 0,
        opened: 0,
        closed: 0,
        preflight: Vec::new(),
        resumed: resumed.is_some(),
        took: std::time::Duration::ZERO,
    };
    let scan = Scan {
        store,
        connection,
        system: &system,
        row,
        id,
        person,
        watchlist,
        options,
        resumed,
        finished,
        interner: Mutex::new(interner),
        report: Mutex::new(report),
        tell,
        told: AtomicU64::new(0),
    };
    if person.is_none() {
        let tried = preflight(store, row, connection).await?;
        lock(&scan.report).preflight = tried;
    }
    collections(&scan).await?;
    let mut report = scan.report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report.took = started.elapsed();
    report.gaps.sort();
    store.write(|tx| {
        let outcome = if report.gaps.is_empty() { Outcome::Complete } else { Outcome::Gaps };
        if let Some(resumed) = resumed {
            scans::end(tx, resumed, Outcome::Resumed, None, 0, clock::now())?;
        }
        scans::end(tx, id, outcome, None, scan.told.load(Ordering::Relaxed), clock::now())
    })?;
    Ok(report)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Collections read at once.
const AT_ONCE: usize = 8;

/// What later collections know of a collection they have as parent.
#[derive(Debug, Default)]
struct Known {
    /// The nodes they may be read for.
    nodes: Vec<NodeSeen>,
    /// The keys of all its nodes.
    keys: HashSet<String>,
}

/// Reads every collection, each as soon as its parents are known: a long list holds up none but its own children.
async fn collections(scan: &Scan<'_>) -> Result<()> {
    let mut pending: VecDeque<&(String, raw::Collection)> = scan.connection.manifest().see.iter().collect();
    let mut parents: HashMap<&str, Arc<Known>> = HashMap::new();
    let mut running = FuturesUnordered::new();
    loop {
        let is_ready = |(_, collection): &&(String, raw::Collection)| {
            collection.for_each.as_deref().is_none_or(|parent| parent == "people" || parents.contains_key(parent))
        };
        while running.len() < AT_ONCE
            && let Some((name, collection)) = pending.iter().position(is_ready).and_then(|place| pending.remove(place))
        {
            let parent = collection.for_each.as_deref().and_then(|parent| parents.get(parent)).cloned().unwrap_or_default();
            running.push(async move { collection_scopes(scan, name, collection, &parent).await.map(|known| (name.as_str(), known)) });
        }
        // Nothing runs any more: all is read (or waits for what `check` refuses, a circle, which must not hang a scan).
        let Some(done) = running.next().await else { return Ok(()) };
        let (name, known) = done?;
        parents.insert(name, Arc::new(known));
    }
}

/// Reads one collection: its one scope, or a scope for each parent. Answers with the nodes that later collections may have as parents.
async fn collection_scopes(scan: &Scan<'_>, name: &str, collection: &raw::Collection, parents: &Known) -> Result<Known> {
    let kind = main_kind(collection);
    let Some(parent) = collection.for_each.as_deref() else {
        return match &scan.options.person {
            Some((_, key)) => again_for_person(scan, name, collection, key, kind).await,
            None => whole(scan, name, collection, &Parent::default(), kind).await,
        };
    };
    let wanted = match wanted_parents(scan, collection, parent, &parents.nodes) {
        Ok(wanted) => wanted,
        Err(problem) => {
            scan.gap(name, "", &problem);
            return Ok(Known::default());
        }
    };
    delta::note_changed_parents(scan, name, collection).await?;
    let results: Vec<Result<Known>> = futures_util::stream::iter(wanted)
        .map(|parent| async move { whole(scan, name, collection, &parent, kind).await })
        .buffer_unordered(16)
        .collect()
        .await;
    let mut known = Known::default();
    for result in results {
        let more = result?;
        known.nodes.extend(more.nodes);
        known.keys.extend(more.keys);
    }
    // Children go with their parents, and only with them.
    let listed = scan.connection.manifest().see.iter().find(|(known, _)| known == parent).and_then(|(_, collection)| main_kind(collection));
    if let (Some(listed), None) = (listed, scan.person) {
        let closed = scan.store.write(|tx| graph::close_orphans(tx, scan.row, name, (parent, listed), scan.id, clock::now()))?;
        lock(&scan.report).closed += closed;
    }
    Ok(known)
}

/// The parents for which a collection is to be read.
fn wanted_parents<'a>(
    scan: &'a Scan<'_>,
    collection: &raw::Collection,
    parent: &str,
    nodes: &[NodeSeen],
) -> Result<Vec<Parent<'a>>, String> {
    let focus = scan.options.person.as_ref().map(|(_, key)| key.as_str());
    let when = collection.when.as_deref().map(Expr::compile).transpose()?;
    let mut wanted = Vec::new();
    if parent == "people" {
        for person in scan.watchlist.people().iter().filter(|person| focus.is_none_or(|key| key == person.key)) {
            wanted.push(Parent { key: person.key.clone(), node: Some(person.value.clone()), person: Some(person) });
        }
    } else {
        for node in nodes {
            let person = scan.watchlist.owner(scan.system, node);
            let concerns_focus = focus.is_none_or(|key| person.is_some_and(|person| person.key == key));
            // When one person is read again, what is everybody's (an app's users) is left as it is.
            if (collection.watched && person.is_none()) || !concerns_focus {
                continue;
            }
            wanted.push(Parent { key: node.node.key.clone(), node: Some(node_value(scan.system, node)), person });
        }
    }
    let Some(when) = when else { return Ok(wanted) };
    let mut kept = Vec::with_capacity(wanted.len());
    for parent in wanted {
        if when.truth(&scope_of(scan, &parent))? {
            kept.push(parent);
        }
    }
    Ok(kept)
}

/// Reads one scope as a whole (or what changed in it) and writes it.
async fn whole(scan: &Scan<'_>, name: &str, collection: &raw::Collection, parent: &Parent<'_>, kind: Option<NodeKind>) -> Result<Known> {
    let keep = Keep::new(scan, name, kind);
    let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, &parent.key))?;
    if scan.finished.contains(&scope) {
        // The cut-off scan had finished this one.
        return as_it_was(scan, scope, kind, keep);
    }
    let resumed = match scan.resumed {
        Some(old) => scan.store.read(|conn| scans::staged(conn, old, name, &parent.key))?,
        None => Vec::new(),
    };
    let ask = if resumed.is_empty() { delta::ask(scan, collection, scope, parent)? } else { Ask::Whole };
    let read = match ask {
        Ask::Nothing => return as_it_was(scan, scope, kind, keep),
        Ask::Changes(since) => Some(read_scope(scan, name, collection, parent, keep, Some(since), Vec::new()).await),
        Ask::Whole => None,
    };
    // A mark that the system knows no more, or won't tell about, is no gap: the whole is always right.
    let mut read = match read.filter(|read| !read.refused) {
        Some(read) => read,
        None => read_whole(scan, name, collection, parent, keep, resumed).await,
    };
    let known = scan.store.read(|conn| graph::open_count(conn, scope))?;
    if read.coverage.is_complete()
        && read.changed.is_none()
        && let Some(reason) = suspicious(scan, collection, parent, &read, known).await
    {
        read.coverage = Coverage::Gap(reason);
    }
    read.coverage = write(scan, name, collection, scope, parent, &read)?;
    let (Some(kind), true) = (kind, keep.any()) else { return Ok(Known::default()) };
    let keys = read.seen.iter().filter_map(Ready::node).filter(|node| node.kind == kind).map(|node| node.key.clone()).collect();
    let mut known = Known { nodes: read.nodes, keys };
    // Children of what we could not list all the same exist: known parents stand in for a list that is a gap.
    if read.changed.is_some() || !read.coverage.is_complete() {
        for node in scan.store.read(|conn| graph::scope_nodes(conn, scope, kind))? {
            if known.keys.insert(node.node.key.clone()) {
                known.nodes.push(node);
            }
        }
    }
    Ok(known)
}

/// Reads a scope from its beginning, or from where a cut-off scan had come.
async fn read_whole(
    scan: &Scan<'_>,
    name: &str,
    collection: &raw::Collection,
    parent: &Parent<'_>,
    keep: Keep<'_>,
    resumed: Vec<StagedPage>,
) -> ScopeRead {
    // Changes are counted from before the first page. What a cut-off scan had read is older than any mark of now: the old one stays.
    let began = if resumed.is_empty() { delta::start(scan, collection, parent).await } else { Ok(None) };
    let began = began.unwrap_or_else(|problem| {
        tracing::warn!(system = scan.system, collection = name, problem, "changes can't be asked for the next time");
        None
    });
    let mut read = read_scope(scan, name, collection, parent, keep, None, resumed).await;
    read.mark = began.or(read.mark);
    read
}

/// A scope that needs no read: it holds what it held.
fn as_it_was(scan: &Scan<'_>, scope: ScopeId, kind: Option<NodeKind>, keep: Keep<'_>) -> Result<Known> {
    let seen = scan.store.write(|tx| {
        let seen = graph::open_count(tx, scope)?;
        scans::cover(tx, scan.id, scope, &Coverage::Complete, Tally { seen, ..Tally::default() }, &[], clock::now())?;
        Ok(seen)
    })?;
    {
        let mut report = lock(&scan.report);
        report.scopes += 1;
        report.unread += 1;
        report.seen += seen;
    }
    let (Some(kind), true) = (kind, keep.any()) else { return Ok(Known::default()) };
    let nodes = scan.store.read(|conn| graph::scope_nodes(conn, scope, kind))?;
    Ok(Known { keys: nodes.iter().map(|node| node.node.key.clone()).collect(), nodes })
}

/// Why a list that came to its end is not to be believed, if it isn't.
async fn suspicious(scan: &Scan<'_>, collection: &raw::Collection, parent: &Parent<'_>, read: &ScopeRead, known: u64) -> Option<String> {
    let empty_is_strange = match collection.empty {
        Some(raw::Empty::Expected) => false,
        Some(raw::Empty::Suspicious) => true,
        None => parent.key.is_empty(),
    };
    if read.seen.is_empty() && known > 0 && empty_is_strange {
        return Some(format!("the system answered with an empty list where {known} were known"));
    }
    if let Some(sentinel) = &collection.sentinel {
        return match sentinel_key(scan, sentinel).await {
            Err(problem) => Some(format!("the sentinel could not be read: {problem}")),
            Ok(key) if read.seen.iter().any(|seen| seen.is_called(&key)) => None,
            Ok(key) => Some(format!("the sentinel {key} is missing from the list, so others may be too")),
        };
    }
    None
}

/// Reads what one collection knows of one person again: record by record where the manifest says how, else the whole list.
async fn again_for_person(scan: &Scan<'_>, name: &str, collection: &raw::Collection, key: &str, kind: Option<NodeKind>) -> Result<Known> {
    let keep = Keep::new(scan, name, kind);
    let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, ""))?;
    let known = scan.store.read(|conn| kind.map_or_else(|| Ok(Vec::new()), |kind| graph::scope_nodes(conn, scope, kind)))?;
    let (Some(one), false) = (collection.one.as_deref(), known.is_empty()) else {
        return whole(scan, name, collection, &Parent::default(), kind).await;
    };
    let mut again = Known::default();
    for node in known {
        let Some(person) = scan.watchlist.owner(scan.system, &node).filter(|person| person.key == key) else { continue };
        let read = read_one(scan, collection, one, &node, person, keep).await;
        write(scan, name, collection, scope, &Parent::default(), &read)?;
        again.keys.extend(read.seen.iter().filter_map(Ready::node).filter(|node| Some(node.kind) == kind).map(|node| node.key.clone()));
        again.nodes.extend(read.nodes);
    }
    Ok(again)
}

/// Writes what a scope gave, in one transaction. Answers with its coverage, for a loss that is not believed makes it a gap.
fn write(
    scan: &Scan<'_>,
    name: &str,
    collection: &raw::Collection,
    scope: ScopeId,
    parent: &Parent<'_>,
    read: &ScopeRead,
) -> Result<Coverage> {
    let at = clock::now();
    let mut coverage = read.coverage.clone();
    let tellers = if read.changed.is_some() { delta::tellers(collection) } else { Vec::new() };
    let closing = match (&coverage, &read.changed) {
        (Coverage::Gap(_), _) => Closing::Nothing,
        (Coverage::Complete, Some(changed)) => Closing::Around(Around { read: changed, about: main_kind(collection), tellers: &tellers }),
        (Coverage::Complete, None) => Closing::Unseen,
    };
    // What is read for one parent of somebody who is read again has been taken away from them, each proved by a read of its own: that most
    // of it is gone is the aim. A list of everybody's must be believable all the same.
    let one_persons = !parent.key.is_empty() || read.changed.is_some();
    let accept_loss = scan.options.accept_loss || (scan.person.is_some() && one_persons);
    let write = ScopeWrite { scan: scan.id, scope, at, closing, accept_loss };
    let drift: Vec<&str> = read.never_filled.iter().map(String::as_str).collect();
    let tally = scan.store.write(|tx| {
        let mut tally = graph::write_ready(tx, &mut lock(&scan.interner), write, &read.seen)?;
        if let Some((lost, known)) = tally.held_back {
            coverage = Coverage::Gap(format!(
                "{lost} of {known} would have disappeared at once, which is not believed: look at the system, then scan with --accept-loss"
            ));
        }
        // What was not asked for because it is as it was has been seen all the same.
        if coverage.is_complete() && read.changed.is_some() {
            tally.seen = graph::open_count(tx, scope)?;
        }
        scans::cover(tx, scan.id, scope, &coverage, tally, &drift, at)?;
        if coverage.is_complete() && collection.delta.is_some() && scan.person.is_none() {
            graph::set_scope_mark(tx, scope, read.mark.as_deref(), read.changed.is_none().then_some(at))?;
        }
        Ok(tally)
    })?;
    {
        let mut report = lock(&scan.report);
        report.scopes += 1;
        report.records += read.records;
        report.by_changes += u64::from(read.changed.is_some() && scan.person.is_none());
        report.seen += tally.seen;
        report.opened += tally.opened;
        report.closed += tally.closed;
    }
    if let Coverage::Gap(reason) = &coverage {
        scan.gap(name, &parent.key, reason);
    }
    (scan.tell)(Progress::Written(name.to_owned(), tally));
    Ok(coverage)
}

impl Scan<'_> {
    fn gap(&self, name: &str, parent: &str, reason: &str) {
        let place = if parent.is_empty() { name.to_owned() } else { format!("{name}({parent})") };
        lock(&self.report).gaps.push((place.clone(), reason.to_owned()));
        (self.tell)(Progress::Gap(place, reason.to_owned()));
    }
}

/// The kind of the nodes that a collection is about: that of its first yield.
fn main_kind(collection: &raw::Collection) -> Option<NodeKind> {
    collection.yields.iter().find_map(raw::Yield::node).map(|(kind, _)| kind)
}
