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
mod filled;
mod named;
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
use jiff::{Timestamp, ToSpan as _};

pub use named::scan_employee;
pub use preflight::{Tried, preflight};
pub use watch::{Watched, Watchlist};

use crate::clock;
use crate::connect::{Connection, Lane};
use crate::manifest::express::Expr;
use crate::manifest::raw;
use crate::model::{Coverage, Extent, NodeId, NodeKind, NodeSeen, ScanId, ScopeId};
use crate::store::Store;
use crate::store::around::Around;
use crate::store::departures;
use crate::store::graph::{self, Closing, Interner, Ready, ScopeWrite, Tally};
use crate::store::later::{Later, Mark};
use crate::store::ours::Ours;
use crate::store::scans::{self, Covered, Outcome, StagedPage};
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
    /// The scan's number in the store.
    pub scan: ScanId,
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
    /// Pages and finished scopes of a cut-off scan were taken over.
    resumed: bool,
    /// It has ended and is read on in, for what is read for watched people alone.
    again: bool,
    /// The scopes that need no second read, and when they were read.
    finished: HashMap<ScopeId, Timestamp>,
    interner: Mutex<Interner>,
    report: Mutex<SystemReport>,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    told: AtomicU64,
}

impl Scan<'_> {
    /// How urgent its calls are: of one person, HR's word or a departure waits for them.
    fn lane(&self) -> Lane {
        if self.person.is_some() { Lane::Look } else { Lane::Scan }
    }

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
    let person = options.person.as_ref().map(|(id, _)| *id);
    let _turn = if person.is_none() { Some(connection.whole_scan().await) } else { None };
    let now = clock::now();
    let (row, resumed, id, finished) = store.write(|tx| {
        let row = graph::system_row(tx, &system, &manifest.scanner, manifest.category.word())?;
        let oldest = now.checked_sub(options.resume_hours.unwrap_or(12).hours())?;
        let resumed = if person.is_none() { scans::cut_off(tx, row, oldest, now)? } else { None };
        let id = scans::begin(tx, row, person, now)?;
        // What was read before an action of ours changed it is no more how things are.
        let oldest = departures::last_move(tx, &system)?.map_or(oldest, |moved| moved.max(oldest));
        let finished = resumed.map(|cut_off| scans::take_over(tx, cut_off, id, oldest)).transpose()?.unwrap_or_default();
        Ok((row, resumed, id, finished))
    })?;
    let interner = store.read(|conn| Interner::load(conn, row))?;
    let report = SystemReport { resumed: resumed.is_some(), ..SystemReport::nothing(&system, id) };
    let scan = Scan {
        store,
        connection,
        system: &system,
        row,
        id,
        person,
        watchlist,
        options,
        resumed: resumed.is_some(),
        again: false,
        finished: finished.into_iter().collect(),
        interner: Mutex::new(interner),
        report: Mutex::new(report),
        tell,
        told: AtomicU64::new(0),
    };
    if person.is_none() {
        let mut tried = preflight(store, row, connection).await?;
        // Where something was seen once, what an empty list means is judged where it is read.
        if options.accept_loss || store.read(|conn| scans::was_seen(conn, row))? {
            tried.retain(|tried| !tried.empty);
        }
        lock(&scan.report).preflight = tried;
    }
    collections(&scan).await?;
    let mut report = scan.report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report.took = started.elapsed();
    report.gaps.sort();
    let lacks = report.lacks();
    store.write(|tx| {
        let outcome = if report.gaps.is_empty() && lacks.is_none() { Outcome::Complete } else { Outcome::Gaps };
        if let Some(resumed) = resumed {
            scans::end(tx, resumed, Outcome::Resumed, None, 0, clock::now())?;
        }
        scans::end(tx, id, outcome, lacks.as_deref(), scan.told.load(Ordering::Relaxed), clock::now())
    })?;
    Ok(report)
}

/// Reads on in a scan that has ended, for people and accounts that the watchlist has gained by it: what is read for watched people alone, and what
/// depends on that. Whatever the scan has read stands. The answer is added to its report.
///
/// # Errors
/// The store's.
pub async fn read_on(
    store: &Store,
    connection: &Connection,
    watchlist: &Watchlist,
    options: &Options,
    report: &mut SystemReport,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> Result<()> {
    let started = std::time::Instant::now();
    let _turn = connection.whole_scan().await;
    let (system, manifest, id) = (report.system.clone(), connection.manifest().clone(), report.scan);
    let row = store.write(|tx| graph::system_row(tx, &system, &manifest.scanner, manifest.category.word()))?;
    let (finished, interner) = store.read(|conn| Ok((scans::covered_scopes(conn, id)?, Interner::load(conn, row)?)))?;
    let scan = Scan {
        store,
        connection,
        system: &system,
        row,
        id,
        person: None,
        watchlist,
        options,
        resumed: false,
        again: true,
        finished: finished.into_iter().collect(),
        interner: Mutex::new(interner),
        report: Mutex::new(SystemReport::nothing(&system, id)),
        tell,
        told: AtomicU64::new(0),
    };
    collections(&scan).await?;
    let more = scan.report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !more.gaps.is_empty() && report.gaps.is_empty() {
        let lacks = report.lacks();
        store.write(|tx| scans::end(tx, id, Outcome::Gaps, lacks.as_deref(), scan.told.load(Ordering::Relaxed), clock::now()))?;
    }
    report.scopes += more.scopes;
    report.records += more.records;
    report.seen += more.seen;
    report.opened += more.opened;
    report.closed += more.closed;
    report.gaps.extend(more.gaps);
    report.gaps.sort();
    report.took += started.elapsed();
    Ok(())
}

impl SystemReport {
    /// Whether something could not be seen, or a right is missing that the manifest relies on.
    pub fn has_gaps(&self) -> bool {
        !self.gaps.is_empty() || self.lacks().is_some()
    }

    /// The rights that our credentials lack, in one line.
    fn lacks(&self) -> Option<String> {
        let lacks: Vec<String> = self.preflight.iter().filter_map(Tried::lacks).collect();
        (!lacks.is_empty()).then(|| lacks.join("; "))
    }

    fn nothing(system: &str, scan: ScanId) -> Self {
        Self {
            system: system.to_owned(),
            scan,
            scopes: 0,
            by_changes: 0,
            unread: 0,
            records: 0,
            gaps: Vec::new(),
            seen: 0,
            opened: 0,
            closed: 0,
            preflight: Vec::new(),
            resumed: false,
            took: std::time::Duration::ZERO,
        }
    }
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
    /// When one person is read again: the keys of the nodes that were listed below something of theirs.
    below: HashSet<String>,
}

/// Reads every collection, each as soon as its parents are known: a long list holds up none but its own children.
async fn collections(scan: &Scan<'_>) -> Result<()> {
    let all = &scan.connection.manifest().see;
    let mut pending: VecDeque<&(String, raw::Collection)> =
        all.iter().filter(|(name, _)| !scan.again || concerns_the_watched(all, name)).collect();
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

/// Whether a collection is read for watched people alone, depends on one that is, or leads to one.
fn concerns_the_watched(all: &[(String, raw::Collection)], name: &str) -> bool {
    let find = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, collection)| collection);
    let above = |name: &str| {
        let mut line = vec![name.to_owned()];
        // A circle of parents is refused when a manifest is loaded; here it must not hang.
        while line.len() <= all.len()
            && let Some(parent) = line.last().and_then(|last| find(last)).and_then(|collection| collection.for_each.clone())
        {
            line.push(parent);
        }
        line
    };
    let watched = |name: &String| name == "people" || find(name).is_some_and(|collection| collection.watched);
    above(name).iter().any(watched)
        || all.iter().any(|(other, _)| {
            let line = above(other);
            line.iter().any(|known| known == name) && line.iter().any(watched)
        })
}

/// Reads one collection: its one scope, or a scope for each parent. Answers with the nodes that later collections may have as parents.
async fn collection_scopes(scan: &Scan<'_>, name: &str, collection: &raw::Collection, parents: &Known) -> Result<Known> {
    let kind = main_kind(collection);
    let Some(parent) = collection.for_each.as_deref() else {
        return match &scan.options.person {
            Some((_, key)) => again_for_person(scan, name, collection, key, kind).await,
            None => whole(scan, name, collection, kind).await,
        };
    };
    let Wanted { parents: wanted, untold } = wanted_parents(scan, name, collection, parent, parents)?;
    if !scan.again {
        delta::note_changed_parents(scan, name, collection).await?;
    }
    let mut reads = futures_util::stream::iter(wanted)
        .map(|parent| async move { read_whole_scope(scan, name, collection, parent, kind).await })
        .buffer_unordered(16);
    let (mut known, mut told, mut doubtful) = (Known::default(), HashSet::new(), Vec::new());
    for (parent, problem) in untold {
        let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, &parent.key))?;
        let read = ScopeRead::gap(format!("whether this is to be read can't be told: {problem}"));
        let one = ReadScope { scope, parent, read, keep: Keep::new(scan, name, kind), lost: Vec::new(), began: Began::now(scan)? };
        known.add(finish(scan, name, collection, one, kind)?);
    }
    while let Some(read) = reads.next().await {
        match read? {
            Scoped::Unread(more) => known.add(more),
            Scoped::Read(one) => {
                told.extend(one.read.told.iter().cloned());
                // Whether a field is gone, or only these few records lost it, all the parents say together.
                if one.lost.is_empty() || scan.person.is_some() {
                    known.add(finish(scan, name, collection, *one, kind)?);
                } else {
                    doubtful.push(one);
                }
            }
        }
    }
    let mut together: Vec<_> = doubtful.iter_mut().map(|one| (&mut one.read, std::mem::take(&mut one.lost))).collect();
    filled::judge_together(&told, &mut together);
    for one in doubtful {
        known.add(finish(scan, name, collection, *one, kind)?);
    }
    // Children go with their parents, and only with them.
    let listed = scan.connection.manifest().see.iter().find(|(known, _)| known == parent).and_then(|(_, collection)| main_kind(collection));
    if let (Some(listed), None, false) = (listed, scan.person, scan.again) {
        let closed = scan.store.write(|tx| graph::close_orphans(tx, scan.row, name, (parent, listed), scan.id, clock::now()))?;
        lock(&scan.report).closed += closed;
    }
    Ok(known)
}

/// For whom a collection is to be read.
struct Wanted<'a> {
    parents: Vec<Parent<'a>>,
    /// Those of which its condition can't tell it, with the reason.
    untold: Vec<(Parent<'a>, String)>,
}

/// The parents for which a collection is to be read.
fn wanted_parents<'a>(scan: &'a Scan<'_>, name: &str, collection: &raw::Collection, parent: &str, known: &Known) -> Result<Wanted<'a>> {
    let focus = scan.options.person.as_ref().map(|(_, key)| key.as_str());
    let when = collection.when.as_deref().map(Expr::compile).transpose().map_err(anyhow::Error::msg)?;
    let mut wanted = Vec::new();
    if parent == "people" {
        for person in scan.watchlist.people().iter().filter(|person| focus.is_none_or(|key| key == person.key)) {
            wanted.push(Parent { key: person.key.clone(), node: Some(person.value.clone()), person: Some(person), below: false });
        }
    } else {
        for node in &known.nodes {
            let person = scan.watchlist.owner(scan.system, node, focus);
            // A file in the leaver's drive names nobody, and its links are read again all the same.
            let below = known.below.contains(&node.node.key);
            let concerns_focus = focus.is_none_or(|key| below || person.is_some_and(|person| person.key == key));
            if collection.watched && person.is_none() {
                continue;
            }
            // When one person is read again, what is everybody's (an app's users) is left as it is, where it was read to its end: what never was
            // may well hold something of theirs.
            if !concerns_focus && (collection.watched || was_read_whole(scan, name, &node.node.key)?) {
                continue;
            }
            wanted.push(Parent { key: node.node.key.clone(), node: Some(node_value(scan.system, node)), person, below });
        }
    }
    let Some(when) = when else { return Ok(Wanted { parents: wanted, untold: Vec::new() }) };
    let (mut parents, mut untold) = (Vec::with_capacity(wanted.len()), Vec::new());
    for parent in wanted {
        let holds = when.truth(&scope_of(scan, &parent));
        match holds {
            Ok(true) => parents.push(parent),
            Ok(false) => {}
            Err(problem) => untold.push((parent, problem)),
        }
    }
    Ok(Wanted { parents, untold })
}

/// Whether a scope's list was read to its end when it was last asked for.
fn was_read_whole(scan: &Scan<'_>, name: &str, parent: &str) -> Result<bool> {
    scan.store.read(|conn| scans::was_read_whole(conn, scan.row, name, parent))
}

/// A scope as a scan has come to it.
enum Scoped<'a> {
    /// It needed no read.
    Unread(Known),
    /// It was read, and is not written yet.
    Read(Box<ReadScope<'a>>),
}

/// A scope that was read as a whole (or what changed in it), and is not written yet.
struct ReadScope<'a> {
    scope: ScopeId,
    parent: Parent<'a>,
    read: ScopeRead,
    keep: Keep<'a>,
    /// The fields that its records had before, and that none of them has now.
    lost: Vec<filled::Lost>,
    began: Began,
}

/// When the read of a scope began.
#[derive(Clone, Copy)]
struct Began {
    at: Timestamp,
    mark: Mark,
}

impl Began {
    fn now(scan: &Scan<'_>) -> Result<Self> {
        Ok(Self { at: clock::now(), mark: scan.store.read(Mark::now)? })
    }
}

impl Known {
    fn add(&mut self, more: Self) {
        self.nodes.extend(more.nodes);
        self.keys.extend(more.keys);
        self.below.extend(more.below);
    }
}

/// Reads a list that is read once, as a whole (or what changed in it), and writes it.
async fn whole(scan: &Scan<'_>, name: &str, collection: &raw::Collection, kind: Option<NodeKind>) -> Result<Known> {
    match read_whole_scope(scan, name, collection, Parent::default(), kind).await? {
        Scoped::Unread(known) => Ok(known),
        Scoped::Read(mut one) => {
            one.lost.retain(filled::is_a_gap);
            filled::doubt(&mut one.read, &one.lost);
            finish(scan, name, collection, *one, kind)
        }
    }
}

/// Reads one scope as a whole (or what changed in it).
async fn read_whole_scope<'a>(
    scan: &'a Scan<'_>,
    name: &str,
    collection: &raw::Collection,
    parent: Parent<'a>,
    kind: Option<NodeKind>,
) -> Result<Scoped<'a>> {
    let keep = Keep::new(scan, name, kind);
    let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, &parent.key))?;
    if let Some(at) = scan.finished.get(&scope) {
        // The cut-off scan had finished this one, or this one has.
        return as_it_was(scan, scope, kind, keep, *at).map(Scoped::Unread);
    }
    let began = Began::now(scan)?;
    let resumed = if scan.resumed { scan.store.read(|conn| scans::staged(conn, scan.id, name, &parent.key))? } else { Vec::new() };
    let ask = if resumed.is_empty() { delta::ask(scan, collection, scope, &parent)? } else { Ask::Whole };
    let read = match ask {
        Ask::Nothing => return as_it_was(scan, scope, kind, keep, clock::now()).map(Scoped::Unread),
        Ask::Changes(since) => Some(read_scope(scan, name, collection, &parent, keep, Some(since), Vec::new()).await),
        Ask::Whole => None,
    };
    // A mark that the system knows no more, or won't tell about, is no gap: the whole is always right.
    let mut read = match read.filter(|read| !read.refused) {
        Some(read) => read,
        None => read_whole(scan, name, collection, &parent, keep, resumed).await,
    };
    let known = scan.store.read(|conn| graph::open_count(conn, scope))?;
    let mut lost = Vec::new();
    if read.coverage.is_complete() && read.changed.is_none() {
        let is_bare = read.seen.is_empty() && known > 0;
        let all_ours = is_bare && scan.store.read(|conn| graph::all_ours(conn, scope, kind, &Ours::of(conn, scan.system, scope)?))?;
        match suspicious(scan, collection, &parent, &read, if all_ours { 0 } else { known }).await {
            Some(reason) => read.coverage = Coverage::Gap(reason),
            None => lost = filled::lost(scan, scope, &read)?,
        }
    }
    Ok(Scoped::Read(Box::new(ReadScope { scope, parent, read, keep, lost, began })))
}

/// Writes a scope that was read. Answers with the nodes that later collections may have as parents.
fn finish(scan: &Scan<'_>, name: &str, collection: &raw::Collection, one: ReadScope<'_>, kind: Option<NodeKind>) -> Result<Known> {
    let ReadScope { scope, parent, mut read, keep, began, .. } = one;
    read.coverage = write(scan, (name, collection), scope, &parent, &read, began)?;
    let (Some(kind), true) = (kind, keep.any()) else { return Ok(Known::default()) };
    let keys = read.seen.iter().filter_map(Ready::node).filter(|node| node.kind == kind).map(|node| node.key.clone()).collect();
    let mut known = Known { nodes: read.nodes, keys, below: HashSet::new() };
    // Children of what we could not list all the same exist: known parents stand in for a list that is a gap.
    if read.changed.is_some() || !read.coverage.is_complete() {
        for node in scan.store.read(|conn| graph::scope_nodes(conn, scope, kind))? {
            if known.keys.insert(node.node.key.clone()) {
                known.nodes.push(node);
            }
        }
    }
    let is_theirs = |key: &str| parent.below || parent.person.is_some_and(|person| person.key == key);
    if scan.options.person.as_ref().is_some_and(|(_, key)| is_theirs(key)) {
        known.below.clone_from(&known.keys);
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

/// A scope that needs no read: it holds what it held at that moment.
fn as_it_was(scan: &Scan<'_>, scope: ScopeId, kind: Option<NodeKind>, keep: Keep<'_>, at: Timestamp) -> Result<Known> {
    if !scan.again {
        stands(scan, scope, at)?;
    }
    let (Some(kind), true) = (kind, keep.any()) else { return Ok(Known::default()) };
    let nodes = scan.store.read(|conn| graph::scope_nodes(conn, scope, kind))?;
    Ok(Known { keys: nodes.iter().map(|node| node.node.key.clone()).collect(), nodes, below: HashSet::new() })
}

/// Notes that a scope held at that moment what it held before.
fn stands(scan: &Scan<'_>, scope: ScopeId, at: Timestamp) -> Result<()> {
    let seen = scan.store.write(|tx| {
        let seen = graph::open_count(tx, scope)?;
        // Nothing changed since the list was read.
        let tally = Tally { seen, ..Tally::default() };
        let read = Covered { extent: Extent::Changes, coverage: &Coverage::Complete, tally, drift: &[] };
        scans::cover(tx, scan.id, scope, &read, at)?;
        Ok(seen)
    })?;
    {
        let mut report = lock(&scan.report);
        report.scopes += 1;
        report.unread += 1;
        report.seen += seen;
    }
    Ok(())
}

/// Why a list that came to its end is not to be believed, if it isn't. `known` counts what is missing if the list is empty.
async fn suspicious(scan: &Scan<'_>, collection: &raw::Collection, parent: &Parent<'_>, read: &ScopeRead, known: u64) -> Option<String> {
    let empty_is_strange = match collection.empty {
        Some(raw::Empty::Expected) => false,
        Some(raw::Empty::Suspicious) => true,
        None => parent.key.is_empty(),
    };
    if read.seen.is_empty() && known > 0 && empty_is_strange && !scan.options.accept_loss {
        return Some(format!(
            "the system answered with an empty list where {known} were known: look at the system, then scan with --accept-loss"
        ));
    }
    if let Some(sentinel) = &collection.sentinel {
        return match sentinel_key(scan, sentinel).await {
            Err(problem) => Some(format!("the sentinel could not be read: {problem}")),
            Ok(key) if read.seen.iter().any(|seen| seen.is_called(&key)) => None,
            Ok(key) => Some(format!("the sentinel {key} is missing from the list, so others may be too")),
        };
    }
    // What answers everything alike would close all that was known: something else must answer in the same breath.
    if read.seen.is_empty() && known > 0 && collection.call.is_some() && !scan.options.accept_loss {
        let scope = scope_of(scan, parent);
        let control = scan.connection.control(raw::Hand::Read, collection.control.as_ref(), collection.act_as.as_deref(), &scope).await;
        return control.err().map(|none| format!("an empty list where {known} were known proves nothing without a control: {}", none.why));
    }
    None
}

/// Reads what one collection knows of one person again: record by record where the manifest says how, else the whole list.
async fn again_for_person(scan: &Scan<'_>, name: &str, collection: &raw::Collection, key: &str, kind: Option<NodeKind>) -> Result<Known> {
    let keep = Keep::new(scan, name, kind);
    let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, ""))?;
    let known = scan.store.read(|conn| kind.map_or_else(|| Ok(Vec::new()), |kind| graph::scope_nodes(conn, scope, kind)))?;
    // A list that was not read to its end may hold a record of theirs that nobody has seen.
    let is_known = !known.is_empty() && scan.store.read(|conn| scans::was_read_whole(conn, scan.row, name, ""))?;
    let (Some(one), true) = (collection.one.as_deref(), is_known) else {
        return whole(scan, name, collection, kind).await;
    };
    let mut again = Known::default();
    for node in known {
        let Some(person) = scan.watchlist.owner(scan.system, &node, Some(key)).filter(|person| person.key == key) else { continue };
        let began = Began::now(scan)?;
        let read = ScopeRead { one: true, ..read_one(scan, collection, one, &node, person, keep).await };
        write(scan, (name, collection), scope, &Parent::default(), &read, began)?;
        again.keys.extend(read.seen.iter().filter_map(Ready::node).filter(|node| Some(node.kind) == kind).map(|node| node.key.clone()));
        again.nodes.extend(read.nodes);
    }
    Ok(again)
}

/// Writes what a scope gave, in one transaction. Answers with its coverage, for a loss that is not believed makes it a gap.
///
/// Other scans and departures go on meanwhile. Where a scan that began later has read the scope as a whole, that is how things are; what such a scan, or
/// an action of ours, has changed in it since this read began stays as it is.
fn write(
    scan: &Scan<'_>,
    (name, collection): (&str, &raw::Collection),
    scope: ScopeId,
    parent: &Parent<'_>,
    read: &ScopeRead,
    began: Began,
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
    let drift: Vec<&str> = read.never_filled.iter().map(String::as_str).collect();
    let tally = scan.store.write(|tx| {
        if let Some(since) = began.mark.read_since(tx, scope)? {
            coverage = Coverage::Complete;
            let tally = Tally { seen: graph::open_count(tx, scope)?, ..Tally::default() };
            let known = Covered { extent: Extent::Changes, coverage: &coverage, tally, drift: &[] };
            scans::cover(tx, scan.id, scope, &known, since)?;
            return Ok(tally);
        }
        let later = Later::of(tx, scan.system, scope, began.mark)?;
        let later = (!later.is_empty()).then_some(&later);
        let write = ScopeWrite { scan: scan.id, scope, at, closing, accept_loss, ours: Some(scan.system), keep: &read.keep, later };
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
        // As of when it was asked: what was proved while it was read is not contradicted by it.
        scans::cover(tx, scan.id, scope, &Covered { extent: read.extent(), coverage: &coverage, tally, drift: &drift }, began.at)?;
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
