//! The builder: the simulated company up in this process, and the built `exeunt` command run against it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use exeunt::cli::demo::granted;
use exeunt_company::faults::{Fault, FaultKind};
use exeunt_company::world::{Options, Pace, World};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::run::{Ran, command, run_in};

/// The longest that any condition is waited for: only a hang is longer.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Names a folder with manifests that stand in for the ones that come with exeunt: `tests/mutate/run` puts one with a mistake there.
const SCANNERS: &str = "EXEUNT_TEST_SCANNERS";

/// The systems that a company can't be without: one of each transport and of most kinds of access. With all of them, whatever is done twenty times
/// over would take an hour.
const HEART: &[&str] =
    &["okta", "google-workspace", "github", "slack", "intune", "kisi", "scim", "active-directory", "openldap", "board-portal"];

/// So many people beside those that a story is about are few. What is done twenty times over is done with few.
const FEW: usize = 60;

/// The simulated company, and a folder with settings that name it. Everything goes when it is dropped.
pub struct Sim {
    pub world: World,
    pub runtime: Runtime,
    folder: TempDir,
}

impl Sim {
    /// Brings the heart of the company up; its vendors answer at once. The demo runs with all of it, and each system has tests of its own.
    pub fn up() -> Self {
        Self::up_with(&|name| HEART.contains(&name))
    }

    /// The same with few people.
    pub fn up_with_few() -> Self {
        Self::up_with_staff(FEW, &|name| HEART.contains(&name))
    }

    /// Brings HR up, and the systems that are wanted.
    pub fn up_with(wanted: &dyn Fn(&str) -> bool) -> Self {
        Self::up_with_staff(usize::MAX, wanted)
    }

    /// The same, in a company with so many people beside those that a story is about.
    pub fn up_with_staff(staff: usize, wanted: &dyn Fn(&str) -> bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let scanners = std::env::var_os(SCANNERS).map(PathBuf::from);
        let options = Options { pace: Pace::AtOnce, staff, wanted, granted: &|system| granted(system, scanners.as_deref()) };
        let world = runtime.block_on(World::start(folder.path(), &options)).unwrap();
        let sim = Self { world, runtime, folder };
        if let Some(scanners) = &scanners {
            sim.change_settings("[company]\n", &format!("scanners = {:?}\n\n[company]\n", std::path::absolute(scanners).unwrap()));
        }
        sim
    }

    /// Brings the company up with few people, and a store that another one's was copied from.
    pub fn up_with_store(store: &Path) -> Self {
        let sim = Self::up_with_few();
        std::fs::copy(store, sim.store()).unwrap();
        sim
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("exeunt.db")
    }

    /// Runs `exeunt` to its end.
    pub fn exeunt(&self, args: &[&str]) -> Ran {
        run_in(self.folder(), args)
    }

    /// Where the exchanges of a command of this number are recorded.
    pub fn recording(&self, number: usize) -> PathBuf {
        self.folder().join(format!("exchanges-{number}.jsonl"))
    }

    /// Keeps what was recorded of these commands, the first one's number being 0, for `exercised.rs`, which looks at the exchanges of all tests
    /// and at what they were made for.
    pub fn keep_exchanges<'c>(&self, system: &str, commands: impl Iterator<Item = &'c str>) {
        let Some(folder) = std::env::var_os("EXEUNT_EXCHANGES").map(PathBuf::from) else { return };
        let here = self.folder().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for (number, command) in commands.enumerate() {
            let recorded = self.recording(number);
            if recorded.exists() {
                std::fs::copy(&recorded, folder.join(format!("{system}-{here}-{number}.{command}.jsonl"))).unwrap();
            }
        }
    }

    /// Hears what HR's records, as last read, say: a line for each case that this opens or calls off.
    #[track_caller]
    pub fn hear(&self) -> Vec<String> {
        let config = exeunt::config::Config::load(&self.world.settings_file()).unwrap();
        let store = exeunt::store::Store::open(&self.store()).unwrap();
        exeunt::departure::hear(&config, &store, "poll").unwrap()
    }

    /// Starts `exeunt`; it is killed when this is dropped. What it says on standard error is in `started.err`.
    pub fn start(&self, args: &[&str]) -> Running {
        let told = std::fs::OpenOptions::new().create(true).append(true).open(self.folder().join("started.err")).unwrap();
        Running(command(self.folder()).args(args).stdout(Stdio::null()).stderr(told).spawn().unwrap())
    }

    /// Starts `exeunt`, waits until so many requests more have arrived at the vendors, and kills it as a power cut would. False if it had
    /// ended before.
    pub fn kill_after(&self, requests: u64, args: &[&str]) -> bool {
        self.kill_later(requests, Duration::ZERO, args)
    }

    /// The same, but so much later: in the middle of what it does with the answers.
    pub fn kill_later(&self, requests: u64, later: Duration, args: &[&str]) -> bool {
        let until = self.world.faults.arrived() + requests;
        let mut child = self.start(args);
        let faults = self.world.faults.clone();
        self.runtime.block_on(async {
            let reached = faults.until_arrived(until);
            tokio::pin!(reached);
            loop {
                tokio::select! {
                    () = &mut reached => break,
                    // Only to see that it has ended; nothing is decided by this time.
                    () = tokio::time::sleep(Duration::from_millis(20)) => if child.0.try_wait().unwrap().is_some() { break },
                }
            }
        });
        std::thread::sleep(later);
        let ended_before = child.0.try_wait().unwrap().is_some();
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        !ended_before
    }

    /// Changes the settings file.
    #[track_caller]
    pub fn change_settings(&self, from: &str, to: &str) {
        let path = self.world.settings_file();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the settings hold no {from:?}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// The text of a system's manifest, as this company uses it.
    pub fn manifest(&self, system: &str) -> String {
        let folder = std::env::var_os(SCANNERS).map(PathBuf::from).map(|folder| folder.join(format!("{system}.yaml")));
        let file = folder.filter(|file| file.exists()).unwrap_or_else(|| Path::new("scanners").join(format!("{system}.yaml")));
        std::fs::read_to_string(file).unwrap()
    }

    /// Lets the commands that follow use this manifest for a system, in place of the one that comes with exeunt.
    pub fn use_manifest(&self, system: &str, text: &str) {
        let folder = self.folder().join("scanners");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{system}.yaml")), text).unwrap();
        let path = self.world.settings_file();
        let settings = std::fs::read_to_string(&path).unwrap();
        let others: String = settings.split_inclusive('\n').filter(|line| !line.starts_with("scanners = ")).collect();
        std::fs::write(path, format!("scanners = {folder:?}\n{others}")).unwrap();
    }

    /// Puts a fault in force until it is cleared.
    pub fn fault(&self, system: &str, path: &str, kind: FaultKind) {
        self.world.faults.add(Fault { system: system.to_owned(), method: None, path: path.to_owned(), kind, times: None });
    }

    /// A connection of our own to the store.
    pub fn sql(&self) -> rusqlite::Connection {
        let conn = rusqlite::Connection::open(self.store()).unwrap();
        conn.busy_timeout(PATIENCE).unwrap();
        conn
    }

    /// One number from the store.
    pub fn count(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// What the store says is there now, in words that don't depend on row numbers: nodes and edges, of all systems or one.
    pub fn open_graph(&self, system: Option<&str>) -> BTreeSet<String> {
        open_graph(&self.sql(), system)
    }

    /// The same, of another store in the folder.
    pub fn graph_of(&self, store: &str, system: &str) -> BTreeSet<String> {
        open_graph(&rusqlite::Connection::open(self.folder().join(store)).unwrap(), Some(system))
    }

    /// What the store says is there now, without what may differ from one company to the next (times): which nodes, in what state, and edges.
    pub fn outline(&self) -> BTreeSet<String> {
        let conn = self.sql();
        let mut seen: BTreeSet<String> = self.open_graph(None).iter().map(|line| line.rsplit_once(" #").unwrap().0.to_owned()).collect();
        let mut statement = conn
            .prepare(
                "SELECT y.name || ' ' || n.kind || ' ' || n.key || ' is ' || (w.attrs ->> 'state') FROM node_seen w JOIN node n ON n.id = w.node
                 JOIN scope s ON s.id = w.scope JOIN system y ON y.id = s.system WHERE w.until IS NULL AND w.attrs ->> 'state' IS NOT NULL",
            )
            .unwrap();
        seen.extend(statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
        seen
    }

    /// Whether SQLite finds the store whole.
    #[track_caller]
    pub fn assert_store_is_whole(&self) {
        let word: String = self.sql().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(word, "ok");
    }
}

/// What a store says is there now.
fn open_graph(conn: &rusqlite::Connection, system: Option<&str>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for sql in [
        "SELECT y.name || ' ' || s.collection || '(' || s.parent || ') ' || n.kind || ' ' || n.key || ' ' || w.type || ' #' || w.hash
         FROM node_seen w JOIN node n ON n.id = w.node JOIN scope s ON s.id = w.scope JOIN system y ON y.id = s.system
         WHERE w.until IS NULL AND (?1 IS NULL OR y.name = ?1)",
        "SELECT y.name || ' ' || s.collection || '(' || s.parent || ') ' || a.system || a.kind || ' ' || a.key || ' -' || e.kind || '-> '
           || b.system || b.kind || ' ' || b.key || ' ' || coalesce(e.level, '') || ' #' || e.hash
         FROM edge_seen e JOIN node a ON a.id = e.src JOIN node b ON b.id = e.dst
         JOIN scope s ON s.id = e.scope JOIN system y ON y.id = s.system
         WHERE e.until IS NULL AND (?1 IS NULL OR y.name = ?1)",
    ] {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([system], |row| row.get::<_, String>(0)).unwrap();
        for row in rows {
            let row = row.unwrap();
            assert!(seen.insert(row.clone()), "twice in the store: {row}");
        }
    }
    seen
}

/// A command that runs; killed when this is dropped.
pub struct Running(pub Child);

impl Running {
    /// Asks it to stop (SIGTERM), and waits until it has.
    pub fn terminate(mut self) -> i32 {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
        until("the command ends after SIGTERM", || self.0.try_wait().unwrap().map(|status| status.code().unwrap_or(-1)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Waits until a condition gives something.
#[track_caller]
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// What of one set isn't in another, a few of them, for messages.
pub fn differ(was: &BTreeSet<String>, is: &BTreeSet<String>) -> String {
    let some = |list: Vec<&String>| format!("{} {:#?}", list.len(), list.into_iter().take(5).collect::<Vec<_>>());
    format!("lost: {}\nnew: {}", some(was.difference(is).collect()), some(is.difference(was).collect()))
}

/// Random numbers that are the same for the same seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// The seed of a test's dice: `EXEUNT_SEED`, or one that is printed.
pub fn dice(test: &str) -> Dice {
    let seed = std::env::var("EXEUNT_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos().into());
    println!("{test}: EXEUNT_SEED={seed}");
    Dice(seed)
}
