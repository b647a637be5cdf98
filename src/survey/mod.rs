//! A survey: every system scanned, HR first; accounts linked to people; shadow checks run.

pub mod judge;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures_util::StreamExt as _;

use crate::clock;
use crate::config::Config;
use crate::connect::Connection;
use crate::connect::fleet::Fleet;
use crate::graph::{Graph, Person};
use crate::manifest::raw::Category;
use crate::model::{Finding, NodeId, NodeKind, NodeRef};
use crate::resolve;
use crate::scan::{self, Progress, SystemReport, Watchlist};
use crate::shadow::{self, View};
use crate::store::scans::Outcome;
use crate::store::{self, Store};

/// What a survey is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Read everything, also where a delta read would do.
    pub full: bool,
    /// Believe a scope that has lost most of what it held.
    pub accept_loss: bool,
    /// Read only what concerns this person.
    pub person: Option<NodeId>,
    /// Leave the shadow checks out.
    pub no_checks: bool,
    /// Leave it as it is whose account is whose: where somebody waits, and what a scan found is linked later.
    pub no_links: bool,
}

/// What a survey gave.
#[derive(Debug)]
pub struct Survey {
    /// One report for each system that was scanned, in the order they ended.
    pub systems: Vec<SystemReport>,
    /// Systems that could not be scanned at all, and why.
    pub closed: Vec<(String, String)>,
    /// What the shadow checks found.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub took: Duration,
}

impl Survey {
    /// Whether something could not be seen.
    pub fn has_gaps(&self) -> bool {
        !self.closed.is_empty() || self.systems.iter().any(SystemReport::has_gaps)
    }
}

/// Everybody, as the graph knows them now; whoever HR has no record of any more too, as far as something is known to be theirs.
///
/// # Errors
/// The store's, or the executive rule can't be evaluated.
pub fn people(config: &Config, graph: &Graph) -> Result<Vec<Person>> {
    Person::of_company(graph, config).map_err(|problem| anyhow!(problem))
}

/// The people we watch: executives, whoever left, and whoever HR says will leave.
pub fn watched(people: &[Person]) -> impl Iterator<Item = &Person> {
    let now = clock::now();
    people.iter().filter(move |person| person.executive || person.is_leaving() || person.has_left(now))
}

/// Scans the fleet, links accounts to people, and runs the checks. `tell` hears of progress: system and what.
///
/// # Errors
/// The store's. What a system refuses is a gap in its report.
pub async fn survey(
    config: &Config,
    store: &Store,
    fleet: &Fleet,
    options: &Options,
    tell: &(dyn Fn(&str, Progress) + Send + Sync),
) -> Result<Survey> {
    let started = std::time::Instant::now();
    if options.person.is_none() {
        note_closed(config, store, fleet)?;
    }
    let mut systems = Vec::new();
    let (hr, others): (Vec<_>, Vec<_>) = fleet.systems.values().partition(|connection| connection.manifest().category == Category::Hris);
    // HR first: it says whom we watch. Then the others, so that new people's accounts are read closely on the first night.
    // HR is never gone on with: pages from before it said something would pass for its present word.
    for (group, resume_hours) in [(hr, Some(0)), (others, None)] {
        if group.is_empty() {
            continue;
        }
        let connections = group.clone();
        let watchlist = watchlist(config, store, options.person)?;
        let scan_options = scan::Options {
            full: options.full,
            accept_loss: options.accept_loss,
            person: options.person.map(|id| person_key(store, id)).transpose()?,
            resume_hours,
        };
        let (watchlist, scan_options) = (&watchlist, &scan_options);
        let reports: Vec<Result<SystemReport>> = futures_util::stream::iter(group)
            .map(|connection| async move {
                let tell = |progress| tell(&connection.system().0, progress);
                scan::scan_system(store, connection, watchlist, scan_options, &tell).await
            })
            .buffer_unordered(16)
            .collect()
            .await;
        let mut reports = reports.into_iter().collect::<Result<Vec<_>>>()?;
        if !options.no_links {
            link_accounts(config, store)?;
        }
        if options.person.is_none() {
            read_on(config, store, &connections, (watchlist, scan_options), &mut reports, tell).await?;
        }
        systems.append(&mut reports);
    }
    // The pages of the scans are gone from the store; the file beside it forgets them too. One person's are never kept.
    if options.person.is_none() && !store.wipe_log(Duration::from_secs(5))? {
        tracing::warn!("somebody reads the store: what the scans took apart stays in its -wal file until the next scan");
    }
    let findings = if options.no_checks { Vec::new() } else { check(config, store)? };
    Ok(Survey { systems, closed: fleet.closed.clone(), findings, took: started.elapsed() })
}

/// Reads what an HR system says of one employee, by their key there, and of who else has changed; whether that was read to its end. What the others
/// hold is left as it is.
///
/// # Errors
/// The store's.
pub async fn one_employee(store: &Store, connection: &Connection, employee: &str) -> Result<bool> {
    let key = NodeRef::new(NodeKind::Person, employee);
    let Some(id) = store.read(|conn| store::graph::find_node(conn, &connection.system().0, &key))? else { return Ok(false) };
    let report = scan::scan_employee(store, connection, &Watchlist::default(), (id, key.key)).await?;
    Ok(report.is_some_and(|report| report.gaps.is_empty()))
}

/// Keeps that systems could not be opened, as scans that failed: a report says so until one of the system is made.
///
/// # Errors
/// The store's.
pub fn note_closed(config: &Config, store: &Store, fleet: &Fleet) -> Result<()> {
    store.write(|tx| {
        for (name, reason) in &fleet.closed {
            let Some(system) = config.systems.get(name) else { continue };
            // Its manifest may be what can't be read: what it says of the system's category stays as it was known.
            let row = store::scans::known_system(tx, name, &system.scanner)?;
            let now = clock::now();
            let scan = store::scans::begin(tx, row, None, now)?;
            store::scans::end(tx, scan, Outcome::Failed, Some(reason), 0, now)?;
        }
        Ok(())
    })
}

/// What is read for watched people alone is read on the first night for whoever the scans have shown to have an account: by an address that
/// another collection gave, by single sign-on, by whatever links them.
async fn read_on(
    config: &Config,
    store: &Store,
    connections: &[&Connection],
    (before, options): (&Watchlist, &scan::Options),
    reports: &mut [SystemReport],
    tell: &(dyn Fn(&str, Progress) + Send + Sync),
) -> Result<()> {
    let now = &watchlist(config, store, None)?;
    let more = reports.iter_mut().filter(|report| now.has_more_than(before, &report.system));
    let read = more.filter_map(|report| {
        let connection = connections.iter().find(|connection| connection.system().0 == report.system)?;
        Some(async move {
            let system = report.system.clone();
            scan::read_on(store, connection, now, options, report, &|progress| tell(&system, progress)).await
        })
    });
    let read: Vec<Result<()>> = futures_util::stream::iter(read.collect::<Vec<_>>()).buffer_unordered(16).collect().await;
    if read.is_empty() {
        return Ok(());
    }
    read.into_iter().collect::<Result<()>>()?;
    link_accounts(config, store)
}

fn person_key(store: &Store, id: NodeId) -> Result<(NodeId, String)> {
    store.read(|conn| Ok((id, conn.query_row("SELECT key FROM node WHERE id = ?1", [id.0], |row| row.get(0))?)))
}

/// The people we watch, and whoever is asked about: nobody's departure is looked at less closely for want of a title.
fn watchlist(config: &Config, store: &Store, person: Option<NodeId>) -> Result<Watchlist> {
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let people = people(config, &graph)?;
    let mut close: Vec<&Person> = watched(&people).collect();
    if !close.iter().any(|watched| Some(watched.id) == person) {
        close.extend(people.iter().find(|known| Some(known.id) == person));
    }
    Ok(Watchlist::new(&graph, close))
}

/// Works out which accounts are whose, and writes what has changed.
///
/// # Errors
/// The store's.
pub fn link_accounts(config: &Config, store: &Store) -> Result<()> {
    store.derive(|| {
        let graph = store.read(|conn| Graph::read(conn, None))?;
        let mut people = people(config, &graph)?;
        // Whoever HR has no record of any more claims nothing anew; what is known to be theirs stays so.
        people.retain(|person| !person.vanished);
        let now = clock::now();
        let claims = resolve::resolve(&graph, &people, now);
        store.write(|tx| store::links::write(tx, &claims, now).map(drop))
    })
}

/// Runs every shadow check on the graph as it is, and keeps the findings' history.
///
/// # Errors
/// The store's.
pub fn check(config: &Config, store: &Store) -> Result<Vec<Finding>> {
    store.derive(|| {
        let (graph, coverage) = store.read(|conn| Ok((Graph::read(conn, None)?, store::scans::latest_coverage(conn)?)))?;
        let people = people(config, &graph)?;
        let view = View::new(&graph, &people, config, &coverage, clock::now());
        let findings = shadow::run_all(&view);
        // Where something could not be seen, an earlier finding stands: absence needs evidence.
        let unsure: BTreeSet<String> = coverage.iter().filter(|row| !row.coverage.is_complete()).map(|row| row.system.clone()).collect();
        store.write(|tx| store::findings::write(tx, &findings, &unsure, clock::now()))?;
        Ok(findings)
    })
}
