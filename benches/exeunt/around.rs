//! One person in a large company: `exeunt show`, `exeunt revoke --dry-run` and `exeunt people`, each a process of its own, on a store of 10^6 nodes and
//! 10^7 edges, against the same on a store of 10^3 and 10^4.
//!
//! Everybody has ten accounts, in five groups each, and 43 grants on resources, so that one person has the same on both.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use exeunt::store::Store;
use rusqlite::Connection;
use serde_json::json;

use crate::data;
use crate::report::{Line, best};

/// Edges of the two stores.
const LARGE: u64 = 10_000_000;
const SMALL: u64 = 10_000;
const SYSTEMS: u64 = 10;
/// Out of each account.
const MEMBERSHIPS: u64 = 5;
const GRANTS: u64 = 43;
/// Out of each group.
const OF_GROUP: u64 = 20;
const TRIES: usize = 5;

/// What of a company follows from its number of edges.
struct Sizes {
    people: u64,
    accounts: u64,
    groups: u64,
    resources: u64,
}

impl Sizes {
    fn of(edges: u64) -> Self {
        let accounts = edges / (MEMBERSHIPS + GRANTS + 2);
        let (people, groups) = (accounts / SYSTEMS, accounts / 20);
        Self { people, accounts, groups, resources: edges / 10 - accounts - people - groups }
    }
}

pub fn run() -> Result<Vec<Line>> {
    let folder = data::folder()?;
    let mut lines = Vec::new();
    let (small, _) = company(&folder.path().join("small"), SMALL)?;
    let (large, made) = company(&folder.path().join("large"), LARGE)?;
    lines.push(
        Line::new("around: the store of 10^7 edges is made", format!("{made:.0} s"), "120 s".to_owned(), made / 120.0)
            .target("< 120 s", made < 120.0),
    );
    for (what, arguments, most, memory) in [
        ("show", &["show", "E00017", "--json"][..], 0.2, Some(100)),
        ("revoke --dry-run", &["revoke", "E00017", "--dry-run", "--json"][..], 0.2, Some(100)),
        ("people", &["people", "--executives", "--json"][..], 0.3, None),
    ] {
        let (base, _) = measure(&small, arguments)?;
        let (took, peak) = measure(&large, arguments)?;
        let mib = peak / (1 << 20);
        let met = took < most && memory.is_none_or(|memory| mib < memory) && (memory.is_none() || took <= 2.0 * base);
        let target = match memory {
            Some(memory) => format!("< {:.0} ms, < {memory} MiB, ≤ 2 ×", most * 1e3),
            None => format!("< {:.0} ms", most * 1e3),
        };
        lines.push(
            Line::new(
                &format!("around: {what}, 10^6 nodes, 10^7 edges"),
                format!("{:.0} ms, {mib} MiB", took * 1e3),
                format!("10^4 edges {:.0} ms", base * 1e3),
                took / base,
            )
            .target(&target, met)
            .detail(json!({ "seconds": took, "baseline_seconds": base, "peak_bytes": peak })),
        );
    }
    Ok(lines)
}

/// How long a command takes from its start to its end, and the memory that it held at most, in bytes.
fn measure(folder: &Path, arguments: &[&str]) -> Result<(f64, u64)> {
    best((0..TRIES).map(|_| {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_exeunt"))
            .args(["--config", "exeunt.toml", "--store", "bench.db"])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting exeunt")?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        let ended = loop {
            if let Ok(text) = std::fs::read_to_string(&status)
                && let Some(line) = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))
            {
                peak = line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024;
            }
            if let Some(ended) = child.try_wait()? {
                break ended;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let took = began.elapsed().as_secs_f64();
        ensure!(ended.code().is_some_and(|code| code <= 2), "exeunt {arguments:?} ended with {ended}");
        Ok((took, peak))
    }))
}

/// A folder with settings and a store of so many edges, and the seconds that making it took.
fn company(folder: &Path, edges: u64) -> Result<(std::path::PathBuf, f64)> {
    let began = Instant::now();
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("token"), "a-token-of-the-bench")?;
    std::fs::write(folder.join("people.csv"), "employee_number,name\n")?;
    let mut settings = "[company]\nname = \"Corp\"\ndomains = [\"corp.example\"]\n[people]\nexecutive = \"person.title == 'Chief'\"\n\
                        [systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n"
        .to_owned();
    for system in 0..SYSTEMS {
        write!(
            settings,
            "[systems.app{system}]\nscanner = \"scim\"\nread = \"file:token\"\nrevoke = \"file:token\"\nown_account = \"none\"\nurl = \"http://127.0.0.1:9/scim/v2\"\n"
        )?;
    }
    std::fs::write(folder.join("exeunt.toml"), settings)?;
    let path = folder.join("bench.db");
    drop(Store::open(&path)?);
    fill(&mut Connection::open(&path)?, &Sizes::of(edges))?;
    Ok((folder.to_owned(), began.elapsed().as_secs_f64()))
}

/// Fills a store as scans of all systems would have: rows first, their indexes afterwards.
fn fill(conn: &mut Connection, sizes: &Sizes) -> Result<()> {
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000")?;
    let tables = "('node_seen', 'edge_seen', 'link')";
    let indexes: Vec<(String, String)> = conn
        .prepare(&format!("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN {tables}"))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let Sizes { people, accounts, groups, resources } = sizes;
    // Node numbers: people from 1, accounts, groups, resources. A number's system is its remainder.
    let (first_account, first_group) = (1 + people, 1 + people + accounts);
    let first_resource = first_group + groups;
    let numbers = |name: &str, count: u64| format!("{name}(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM {name} WHERE i + 1 < {count})");
    let tx = conn.transaction()?;
    for (name, _) in &indexes {
        tx.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    tx.execute_batch(&format!(
        "INSERT INTO system (id, name, scanner, category) VALUES (1, 'hr', 'hr-file', 'hris');
         WITH RECURSIVE {systems} INSERT INTO system (id, name, scanner, category) SELECT i + 2, 'app' || i, 'scim', 'saas' FROM s;
         INSERT INTO scope (id, system, collection) SELECT id, id, 'all' FROM system WHERE id > 0;
         INSERT INTO scan (id, system, started, ended, outcome, calls) SELECT id, id, 1, 2, 'complete', 1 FROM system WHERE id > 0;
         INSERT INTO coverage (scan, scope, extent, complete, seen, opened, closed, at) SELECT id, id, 'whole', 1, 1, 1, 0, 2 FROM scope;

         WITH RECURSIVE {of_people} INSERT INTO node (id, system, kind, key) SELECT 1 + i, 1, 'person', printf('E%05d', i) FROM p;
         WITH RECURSIVE {of_people} INSERT INTO node_seen (id, node, scope, type, name, attrs, aka, hash, touch, since, opened_by)
           SELECT 1 + i, 1 + i, 1, '', 'Person ' || i, json_object('emails', json_array('p' || i || '@corp.example'), 'employee_number',
             printf('E%05d', i), 'title', CASE WHEN i < 500 THEN 'Chief' ELSE 'Clerk' END, 'department', 'Department ' || (i % 40),
             'home_emails', json_array('p' || i || '@home.example'), 'phones', json_array('+45' || (20000000 + i)), 'state', 'active',
             'hired', '2020-01-01'), '[]', i, 0, 1, 1 FROM p;
         WITH RECURSIVE {of_people} INSERT INTO name (word, use, seen) SELECT printf('e%05d', i), 'label', 1 + i FROM p;
         WITH RECURSIVE {of_people} INSERT INTO name (word, use, seen) SELECT 'person ' || i, 'label', 1 + i FROM p;
         WITH RECURSIVE {of_people} INSERT INTO name (word, use, seen) SELECT 'p' || i || '@corp.example', 'address', 1 + i FROM p;

         WITH RECURSIVE {of_accounts} INSERT INTO node (id, system, kind, key)
           SELECT {first_account} + i, 2 + i % {SYSTEMS}, 'account', 'u' || i FROM a;
         WITH RECURSIVE {of_accounts} INSERT INTO node_seen (id, node, scope, type, name, attrs, aka, hash, touch, since, opened_by)
           SELECT {first_account} + i, {first_account} + i, 2 + i % {SYSTEMS}, '', 'account ' || i, json_object('emails',
             json_array('p' || (i / {SYSTEMS}) || '@corp.example'), 'state', 'active', 'employee_number', printf('E%05d', i / {SYSTEMS}),
             'department', 'Department ' || (i % 40), 'created', '2024-01-01T00:00:00Z', 'last_used', '2026-03-01T00:00:00Z',
             'display_name', 'Person ' || (i / {SYSTEMS})), '[]', i, 0, 1, 2 + i % {SYSTEMS} FROM a;
         WITH RECURSIVE {of_accounts} INSERT INTO name (word, use, seen)
           SELECT 'p' || (i / {SYSTEMS}) || '@corp.example', 'address', {first_account} + i FROM a;
         WITH RECURSIVE {of_accounts} INSERT INTO name (word, use, seen) SELECT 'account ' || i, 'label', {first_account} + i FROM a;
         WITH RECURSIVE {of_accounts} INSERT INTO link (person, account, state, confidence, evidence, since)
           SELECT 1 + i / {SYSTEMS}, {first_account} + i, 'certain', 1.0, json_array('same address'), 1 FROM a WHERE i / {SYSTEMS} < {people};

         WITH RECURSIVE {of_groups} INSERT INTO node (id, system, kind, key)
           SELECT {first_group} + i, 2 + i % {SYSTEMS}, 'group', 'g' || i FROM g;
         WITH RECURSIVE {of_groups} INSERT INTO node_seen (id, node, scope, type, name, attrs, aka, hash, touch, since, opened_by)
           SELECT {first_group} + i, {first_group} + i, 2 + i % {SYSTEMS}, '', 'group ' || i, '{{}}', '[]', i, 0, 1, 2 FROM g;
         WITH RECURSIVE {of_resources} INSERT INTO node (id, system, kind, key)
           SELECT {first_resource} + i, 2 + i % {SYSTEMS}, 'resource', 'r' || i FROM r;
         WITH RECURSIVE {of_resources} INSERT INTO node_seen (id, node, scope, type, name, attrs, aka, hash, touch, since, opened_by)
           SELECT {first_resource} + i, {first_resource} + i, 2 + i % {SYSTEMS}, 'file', 'file ' || i || '.pdf',
             json_object('size', i, 'created', '2024-01-01T00:00:00Z'), '[]', i, 0, 1, 2 FROM r;

         WITH RECURSIVE {of_accounts}, {members} INSERT INTO edge_seen (src, kind, dst, scope, attrs, hash, since, opened_by)
           SELECT {first_account} + a.i, 'member_of', {first_group} + (a.i * 7 + m.i * 131) % {groups}, 2 + a.i % {SYSTEMS}, '{{}}', 0, 1, 2
           FROM a, m;
         WITH RECURSIVE {of_accounts}, {grants} INSERT INTO edge_seen (src, kind, dst, scope, level, attrs, hash, since, opened_by)
           SELECT {first_account} + a.i, 'can_access', {first_resource} + (a.i * 31 + n.i * 7919) % {resources}, 2 + a.i % {SYSTEMS}, 'read',
             '{{}}', 0, 1, 2 FROM a, n;
         WITH RECURSIVE {of_groups}, {of_group} INSERT INTO edge_seen (src, kind, dst, scope, level, attrs, hash, since, opened_by)
           SELECT {first_group} + g.i, 'can_access', {first_resource} + (g.i * 17 + o.i * 104729) % {resources}, 2 + g.i % {SYSTEMS}, 'write',
             '{{}}', 0, 1, 2 FROM g, o",
        systems = numbers("s", SYSTEMS),
        of_people = numbers("p", *people),
        of_accounts = numbers("a", *accounts),
        of_groups = numbers("g", *groups),
        of_resources = numbers("r", *resources),
        members = numbers("m", MEMBERSHIPS),
        grants = numbers("n", GRANTS),
        of_group = numbers("o", OF_GROUP),
    ))?;
    for (_, sql) in &indexes {
        tx.execute_batch(sql)?;
    }
    tx.commit()?;
    conn.execute_batch("PRAGMA journal_mode = WAL")?;
    Ok(())
}
