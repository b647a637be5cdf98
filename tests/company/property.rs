//! Random companies, nights, answers and faults. Whatever happens: what is called complete is complete, what is known stays known, what is called
//! gone, clean or closed is so by the vendor's own state, and nobody leaves, or loses anything, whom HR did not name.
//!
//! ```text
//! EXEUNT_SEEDS=10000 cargo test --test company property -- --nocapture     so many companies, each of its own seed
//! EXEUNT_SEED=7 cargo test --test company property -- --nocapture          the company of this seed
//! EXEUNT_SEED=7 EXEUNT_SEEDS=100 …                                         a hundred, from this seed on
//! ```
//!
//! What a seed that failed broke is printed with its story, at once and again at the end. The same seed draws the same company and the same faults;
//! which of two calls at once meets a fault that ends after a few is the machine's.
//!
//! A company is HR, one system (and at times a second HR system, a file), and what befalls them is told in the story of the seed. Vendors answer
//! in one of two ways. *Loud* faults are no answers, or name less than they promise: whoever looks can see them. *Quiet* ones can't be told from
//! the truth (a list that is emptied, a field that one record lost); after them only what a loud fault must not break is asked for, until a night
//! without faults has read everything anew.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use exeunt_company::faults::{Fault, FaultKind};
use exeunt_company::vendors::VENDORS;
use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::pages::with_small_pages;
use crate::run::{COULD_NOT, FINE, Ran};
use crate::sim::{Dice, Sim, differ};

/// How many companies a plain `cargo test` tries, and the first of them: always the same ones, so that what breaks is what was changed.
/// Two cores hold so many in about a minute.
const SEEDS: u64 = 40;
const FIRST: u64 = 1;

/// How many are tried at once: they wait for retries and proofs more than for a core.
const AT_ONCE: usize = 12;

/// Who may leave: executives with much.
const EXECUTIVES: &[&str] = &["E1001", "E1002", "E1003", "E1005", "E1006", "E1007"];

/// The company's HR system.
const HR: &str = "bamboohr";

const SIGN_IN: &str = "<!doctype html><html><head><title>Sign in</title></head><body><form action=\"/login\"></form></body></html>";
const NOT_FOUND: &str = "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>";

/// What went wrong with one company: what was promised, and what happened instead.
type Broken = String;

/// What was tried, for whoever doubts that anything was.
#[derive(Default)]
struct Tried {
    /// Nights that named no gap, and were held against the truth.
    whole_nights: AtomicU64,
    /// Nights with a gap, of which the complete scopes were held against the truth.
    gap_nights: AtomicU64,
    /// Departures that came to their end.
    departures: AtomicU64,
    /// Of these, how many said that nothing they fired is in doubt.
    sure: AtomicU64,
    /// Of these, how many were closed.
    closed: AtomicU64,
}

fn count(what: &AtomicU64) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// One company of its own, as a seed makes it.
struct Trial<'t> {
    seed: u64,
    dice: Dice,
    system: &'static str,
    sim: Sim,
    tried: &'t Tried,
    /// What exeunt was told, and what went wrong meanwhile; for the message.
    story: Vec<String>,
    /// What a scan without faults asked for, by system: paths with their queries.
    asked: BTreeMap<&'static str, Vec<String>>,
    /// The employee numbers that HR named as leaving.
    leaving: BTreeSet<String>,
    /// Faults may be quiet.
    quiet: bool,
    /// A read hid something in a way that nobody can tell from the truth, and no night without faults has read everything since.
    hidden: bool,
    /// Somebody goes by another name at the vendor or in HR.
    renamed: bool,
    /// The people's file of the second HR system, as it was at first.
    people_file: Option<String>,
}

impl<'t> Trial<'t> {
    fn new(seed: u64, tried: &'t Tried) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let system = VENDORS[dice.below(VENDORS.len() as u64) as usize].name;
        // Stories name people among the first forty.
        let staff = 40 + dice.below(12) as usize;
        let second_hr = dice.below(3) == 0;
        let sim = Sim::up_with_staff(staff, &|name| name == system || (second_hr && name == "hr-file"));
        sim.change_settings("mass_limit = 3", "mass_limit = 100");
        let mut story = vec![format!("{system}, a company of {} people", sim.world.company.people.len())];
        if dice.below(2) == 0 {
            let manifest = sim.manifest(system);
            let small = with_small_pages(&manifest, 3);
            if small != manifest {
                sim.use_manifest(system, &small);
                story.push("read in small pages".to_owned());
            }
        }
        let left = sim.world.company.people.iter().filter(|person| person.left.is_some()).map(|person| person.number.clone());
        // Who has left according to the file.
        let leaving = left.chain(["C004".to_owned()]).collect();
        let people_file = second_hr.then(|| std::fs::read_to_string(sim.folder().join("hr-file/people.csv")).unwrap());
        let quiet = dice.below(3) == 0;
        let (asked, hidden, renamed) = (BTreeMap::new(), false, false);
        Self { seed, dice, system, sim, tried, story, asked, leaving, quiet, hidden, renamed, people_file }
    }

    fn exeunt(&mut self, args: &[&str]) -> Ran {
        let ran = self.sim.exeunt(args);
        self.story.push(format!("exeunt {}: exit {}", args.join(" "), ran.code));
        ran
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.dice.below(all.len() as u64) as usize].clone()
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.dice.below(one_in) == 0
    }

    /// What stands in the store, and in which words it is told apart: whole lines, or without the fields of each.
    fn known(&self, whole: bool) -> BTreeSet<String> {
        if !self.sim.store().exists() {
            return BTreeSet::new();
        }
        let lines = self.sim.open_graph(Some(self.system)).into_iter();
        lines.map(|line| if whole { line } else { line.rsplit_once(" #").map_or(line.clone(), |(head, _)| head.to_owned()) }).collect()
    }

    /// The findings about the system, by what makes one the same night after night; those about what can't be read are left out.
    fn findings(&self) -> BTreeSet<String> {
        if !self.sim.store().exists() {
            return BTreeSet::new();
        }
        findings(&self.sim.sql(), self.system)
    }

    /// Puts some faults in force at the system or HR, for reads; with `writes`, also for what is to be changed.
    fn faults(&mut self, writes: bool) {
        for _ in 0..=self.dice.below(3) {
            let lie = writes && self.chance(4);
            let kind = if lie { FaultKind::Lie } else { self.kind(!writes) };
            let system = if !lie && self.chance(4) { HR } else { self.system };
            let asked = self.asked.get(system).cloned().unwrap_or_default();
            let mut path = String::new();
            if !asked.is_empty() && (matches!(kind, FaultKind::Loop) || !self.chance(4)) {
                path = self.one_of(&asked);
                // This page, or every page of every list below.
                if !matches!(kind, FaultKind::Loop) && self.chance(2) {
                    path.truncate(path.find('?').unwrap_or(path.len()));
                }
            }
            // What is tried again is not to fail for long.
            let brief = matches!(&kind, FaultKind::Cut | FaultKind::Status { code: 429 | 500, .. });
            let times = (brief || self.chance(3)).then(|| 1 + self.dice.below(if brief { 2 } else { 4 }) as u32);
            let method = (writes && !lie && self.chance(2)).then(|| "GET".to_owned());
            let fault = Fault { system: system.to_owned(), method, path, kind, times };
            self.story.push(format!("    {fault:?}"));
            self.sim.world.faults.add(fault);
        }
    }

    fn kind(&mut self, may_be_quiet: bool) -> FaultKind {
        let status = |code: u16, body: Value| FaultKind::Status { code, headers: Vec::new(), body };
        if may_be_quiet && self.quiet && self.chance(2) {
            self.hidden = true;
            return match self.dice.below(5) {
                // One person's list for another's, where the path is the same for all.
                0 => FaultKind::Loop,
                1 => status(200, json!([])),
                2 => FaultKind::Empty,
                3 => FaultKind::Lost(self.dice.below(1000)),
                _ => FaultKind::Nulls(self.dice.below(1000)),
            };
        }
        match self.dice.below(12) {
            0 => FaultKind::Page { code: 200, text: SIGN_IN },
            1 => FaultKind::Page { code: 404, text: NOT_FOUND },
            2 => FaultKind::Page { code: 200, text: "" },
            3 => FaultKind::Page { code: 403, text: SIGN_IN },
            4 => status(200, json!({ "error": "temporarily_unavailable" })),
            5 => status(200, Value::Null),
            // Some vendors leave out an empty list, and so may say this and mean it.
            6 if !self.sim.manifest(self.system).contains("absent: empty") => status(200, json!({})),
            7 => status(404, json!({})),
            8 => status(401, json!({ "error": "invalid_token" })),
            9 => status(403, json!({ "message": "you may not" })),
            10 => FaultKind::Status { code: 429, headers: vec![("retry-after".to_owned(), "1".to_owned())], body: json!({}) },
            11 => status(500, json!({ "message": "internal error" })),
            _ => FaultKind::Cut,
        }
    }

    /// Somebody goes by another login, or another name, from now on: at the vendor first, or in HR first.
    fn rename(&mut self) {
        let who = self.one_of(EXECUTIVES);
        let system = if self.chance(3) { HR } else { self.system };
        let person = self.sim.world.company.person(who).unwrap().clone();
        let mut names = Vec::new();
        let what = self.dice.below(3);
        if what != 0 {
            names.push((person.login.clone(), format!("{}.vestergaard", person.login.split('.').next().unwrap_or_default())));
        }
        if what != 1 {
            names.push((person.display(), format!("{} Vestergaard", person.first)));
            names.push((format!("\"{}\"", person.last), "\"Vestergaard\"".to_owned()));
        }
        for (was, is) in names {
            self.story.push(format!("{system}: {was} is {is} by now"));
            self.sim.world.faults.rename(system, &was, &is);
        }
        self.renamed = true;
    }

    /// HR names somebody as leaving, or nobody; and the file of the second HR system is not always what it should be.
    fn hr_speaks(&mut self) {
        self.next_people_file();
        if self.chance(2) {
            return;
        }
        let who = self.one_of(EXECUTIVES);
        let days = self.one_of(&[-2_i64, 0, 40]);
        let day = self.sim.world.company.today().saturating_add(days.days());
        self.sim.world.hr.terminate(who, day).unwrap();
        self.leaving.insert(who.to_owned());
        self.story.push(format!("HR: the last day of {who} is {day}"));
    }

    /// The next export: it names nobody as leaving who did not leave before, whatever is wrong with it.
    fn next_people_file(&mut self) {
        let Some(text) = self.people_file.clone() else { return };
        let lines: Vec<&str> = text.lines().collect();
        let row = self.dice.below(3) as usize + 1;
        let with = |at: usize, line: String| {
            let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            lines[at] = line;
            lines.join("\n") + "\n"
        };
        // A row, with one field in another's place.
        let field = |at: usize, value: &str| {
            let mut fields: Vec<&str> = lines[row].split(',').collect();
            fields[at] = value;
            with(row, fields.join(","))
        };
        let next = match self.dice.below(13) {
            0 => with(0, lines[0].replacen(self.one_of(&["status", "last_day", "employee_number", "start_date"]), "renamed", 1)),
            1 => field(10, self.one_of(&["", " ", "Sabbatical", "null", "N/A"])),
            2 => field(12, self.one_of(&["2026-02-29", "31/12/2025", "soon", "0000-00-00", "9999-12-31", "20250131"])),
            3 => field(11, self.one_of(&["2026-02-29", "31/12/2025", "soon"])),
            4 => text[..(0..=self.dice.below(text.len() as u64) as usize).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)]
                .to_owned(),
            5 => with(row, lines[row].replacen(",,", ",", 1)),
            6 => with(row, lines[row].replacen(",", ",,", 1)),
            7 => String::new(),
            8 => format!("{}\n", lines[0]),
            9 => SIGN_IN.to_owned(),
            10 => format!("{text}{}\n", lines[row].replace(",Active,", ",Left,")),
            11 => field(0, self.one_of(&["", " ", "C999"])),
            _ => text.clone(),
        };
        if next != text {
            let changed: Vec<&str> = next.lines().filter(|line| !lines.contains(line)).collect();
            self.story.push(format!("hr-file, the next export has {} lines; other ones are {changed:?}", next.lines().count()));
        }
        std::fs::write(self.sim.folder().join("hr-file/people.csv"), next).unwrap();
    }

    /// A scan, perhaps with faults; what must hold after it.
    fn night(&mut self, number: usize, truth: &Truth) -> Result<(), Broken> {
        let (before, found_before) = (self.known(false), self.findings());
        let faulty = !self.chance(4);
        if faulty {
            self.faults(false);
        }
        let full = self.chance(3);
        let ran = self.exeunt(if full { &["scan", "--full"] } else { &["scan"] });
        self.sim.world.faults.clear();
        self.hidden &= faulty || !full || ran.code == COULD_NOT;
        if self.hidden || self.renamed {
            return Ok(());
        }
        let (after, whole, found) = (self.known(false), self.known(true), self.findings());
        // Nothing changed at the vendor, so nothing that was known may be missing.
        if !before.is_subset(&after) {
            return Err(format!("night {number}: what was known is known no more: {}", differ(&before, &after)));
        }
        if !found_before.is_subset(&found) {
            return Err(format!("night {number}: what was found is found no more: {}", differ(&found_before, &found)));
        }
        if ran.code != COULD_NOT {
            count(&self.tried.whole_nights);
            if whole != truth.graph {
                return Err(format!("night {number} names no gap, and differs from what is there: {}", differ(&truth.graph, &whole)));
            }
            if !truth.findings.is_subset(&found) {
                return Err(format!("night {number} names no gap, and does not find all: {}", differ(&truth.findings, &found)));
            }
            return Ok(());
        }
        count(&self.tried.gap_nights);
        let complete = self.complete();
        let of = |graph: &BTreeSet<String>| -> BTreeSet<String> {
            graph.iter().filter(|line| complete.iter().any(|scope| line.starts_with(scope.as_str()))).cloned().collect()
        };
        let (is, should) = (of(&whole), of(&truth.graph));
        if is != should {
            return Err(format!("night {number} calls scopes complete that differ from what is there: {}", differ(&should, &is)));
        }
        Ok(())
    }

    /// The scopes of the system that the last scan calls complete, as lines of the graph begin with them.
    fn complete(&self) -> Vec<String> {
        let conn = self.sim.sql();
        let sql = "SELECT y.name || ' ' || s.collection || '(' || s.parent || ') ' FROM coverage c JOIN scope s ON s.id = c.scope
             JOIN system y ON y.id = s.system WHERE y.name = ?1 AND c.complete = 1 AND c.scan = (SELECT max(id) FROM scan WHERE system = y.id)";
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([self.system], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Nobody has a case whom HR did not name.
    fn only_whom_hr_named(&mut self, beside: Option<&str>) -> Result<(), Broken> {
        let heard = self.sim.hear();
        let conn = self.sim.sql();
        // Whoever it is by any record of them: the number may be lost by now.
        let sql = "SELECT d.person, (SELECT group_concat(DISTINCT json_extract(w.attrs, '$.employee_number')) FROM node_seen w WHERE w.node = d.person)
             FROM departure d";
        let mut statement = conn.prepare(sql).unwrap();
        let cases: Vec<(i64, Option<String>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        let named = |numbers: &Option<String>| {
            numbers
                .as_deref()
                .is_some_and(|numbers| numbers.split(',').any(|number| self.leaving.contains(number) || beside == Some(number)))
        };
        let strangers: Vec<_> = cases.iter().filter(|(_, numbers)| !named(numbers)).collect();
        if strangers.is_empty() { Ok(()) } else { Err(format!("HR did not name {strangers:?} as leaving: {heard:#?}")) }
    }

    /// exeunt knows nothing of one credential of this person: it was made after the last scan.
    fn forget_one_credential(&mut self, who: &str) {
        let conn = self.sim.sql();
        let person = self.sim.world.company.person(who).unwrap().clone();
        let sql =
            "SELECT DISTINCT c.id, c.key FROM node c JOIN system y ON y.id = c.system JOIN edge_seen e ON e.dst = c.id AND e.until IS NULL
             JOIN node a ON a.id = e.src LEFT JOIN node_seen w ON w.node = a.id AND w.until IS NULL
             WHERE y.name = ?1 AND c.kind = 'credential' AND (a.key = ?2 OR w.attrs LIKE '%' || ?2 || '%') ORDER BY c.key";
        let mut statement = conn.prepare(sql).unwrap();
        let found: Vec<(i64, String)> = statement
            .query_map([self.system, &person.work_email], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        if found.is_empty() {
            return;
        }
        let (id, key) = self.one_of(&found);
        self.story.push(format!("the credential {key} is made once the departure has begun"));
        conn.execute("DELETE FROM node_seen WHERE node = ?1", [id]).unwrap();
        conn.execute("DELETE FROM edge_seen WHERE src = ?1 OR dst = ?1", [id]).unwrap();
        conn.execute("UPDATE scope SET mark = NULL, full_at = NULL", []).unwrap();
    }

    /// A departure with faults; then everything is well again, each proof is read once more, and a second departure shows what was left to take.
    fn departure(&mut self) -> Result<(), Broken> {
        let had: Vec<&str> = EXECUTIVES.iter().copied().filter(|number| !self.left(number).is_empty()).collect();
        if had.is_empty() {
            return Ok(());
        }
        let who = self.one_of(&had);
        let others = self.others(who);
        if self.chance(3) {
            self.forget_one_credential(who);
        }
        if !self.chance(5) {
            self.faults(true);
        }
        let args = ["revoke", who, "--yes", "--json"];
        if self.chance(5) {
            let requests = 1 + self.dice.below(60);
            let killed = self.sim.kill_after(requests, &args);
            self.story.push(format!("exeunt {} killed after {requests} requests: {killed}", args.join(" ")));
        }
        let ran = self.exeunt(&args);
        self.sim.world.faults.clear();
        let left = self.left(who);
        let ended = serde_json::from_str::<Value>(&ran.out).unwrap_or_default();
        let Some(id) = ended["departure"].as_i64().map(|id| id.to_string()) else {
            return if ran.code == FINE { Err(format!("the departure of {who} says nothing, and exits 0: {ran:?}")) } else { Ok(()) };
        };
        count(&self.tried.departures);
        let others_now = self.others(who);
        // A successor may well have got what was the leaver's.
        if !others.is_subset(&others_now) {
            return Err(format!("the departure of {who} took from others: {}", differ(&others, &others_now)));
        }
        if !self.hidden && says_all_is_gone(ran.code, &ended) && !left.is_empty() {
            return Err(format!("the departure of {who} exits {} and is {}, and this is left: {left:#?}", ran.code, ended["state"]));
        }
        let sure = is_sure(&ended);
        if sure {
            count(&self.tried.sure);
        }
        if ended["state"] == "closed" {
            count(&self.tried.closed);
        }
        let said = gone(&self.exeunt(&["departure", &id, "--json"]).json());
        let looked = self.exeunt(&["departure", &id, "--recheck", "--json"]);
        let is = gone(&self.exeunt(&["departure", &id, "--json"]).json());
        if !said.is_subset(&is) || looked.err.contains("came back") {
            return Err(format!(
                "the departure of {who} called gone what is there when nothing is wrong: {}\n{}",
                differ(&said, &is),
                looked.err
            ));
        }
        // All is well: what a second departure can still take away was left by the first.
        self.exeunt(&["scan", "--full"]);
        let again = self.exeunt(&args);
        let left_again = self.left(who);
        let taken: Vec<&String> = left.iter().filter(|line| !left_again.contains(line)).collect();
        if sure && !self.hidden && !taken.is_empty() {
            return Err(format!("the departure of {who} was sure of all that it fired, and a second one takes away {taken:#?}: {ended:#}"));
        }
        let ended = serde_json::from_str::<Value>(&again.out).unwrap_or_default();
        if says_all_is_gone(again.code, &ended) && !left_again.is_empty() {
            return Err(format!("the second departure of {who} exits {}, and this is left: {left_again:#?}", again.code));
        }
        self.only_whom_hr_named(Some(who))
    }

    fn left(&self, number: &str) -> Vec<String> {
        self.sim.world.left(self.system, number).unwrap_or_default()
    }

    /// What everybody else can do in the system, but with what is the leaver's own: a mailbox of which they are a delegate.
    fn others(&self, who: &str) -> BTreeSet<String> {
        let leaver = self.sim.world.company.person(who).unwrap();
        let people = self.sim.world.company.people.iter().filter(|person| person.number != who);
        people
            .flat_map(|person| self.left(&person.number).into_iter().map(|line| format!("{} {line}", person.number)))
            .filter(|line| !line.contains(&leaver.login) && !line.contains(&leaver.display()))
            .collect()
    }

    fn run(&mut self) -> Result<(), Broken> {
        self.sim.world.faults.keep_answers();
        self.exeunt(&["scan", "--store", "truth.db"]);
        for answer in self.sim.world.faults.answered() {
            let system = if answer.system == HR { HR } else { self.system };
            self.asked.entry(system).or_default().push(answer.target);
        }
        for paths in self.asked.values_mut() {
            paths.sort();
            paths.dedup();
        }
        let store = rusqlite::Connection::open(self.sim.folder().join("truth.db")).unwrap();
        let truth = Truth { graph: self.sim.graph_of("truth.db", self.system), findings: findings(&store, self.system) };
        drop(store);
        let nights = 2 + self.dice.below(2) as usize;
        for number in 1..=nights {
            self.night(number, &truth)?;
            self.only_whom_hr_named(None)?;
            self.hr_speaks();
            if number + 1 == nights && self.chance(5) {
                self.rename();
            }
        }
        self.departure()
    }
}

/// What a scan of the whole system sees when nothing is wrong.
struct Truth {
    graph: BTreeSet<String>,
    findings: BTreeSet<String>,
}

fn findings(store: &rusqlite::Connection, system: &str) -> BTreeSet<String> {
    let sql = "SELECT f.\"check\" || ' ' || coalesce(n.key, '') || ' ' || f.subject FROM finding f LEFT JOIN node n ON n.id = f.person
         WHERE f.until IS NULL AND f.system = ?1 AND f.\"check\" <> 'coverage-gap'";
    let mut statement = store.prepare(sql).unwrap();
    statement.query_map([system], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The actions of a case that are called gone.
fn gone(case: &Value) -> BTreeSet<String> {
    let actions = case["actions"].as_array().into_iter().flatten();
    actions.filter(|action| action["verdict"] == "gone").map(|action| format!("{} {}", action["number"], action["label"])).collect()
}

/// Whether a departure ended green, and with nothing that outlives it for a while by its own word.
fn says_all_is_gone(code: i32, ended: &Value) -> bool {
    (code == FINE || ended["state"] == "closed") && ended["lives_on"] == 0
}

/// Whether a departure has no doubt about anything that it fired or read.
fn is_sure(ended: &Value) -> bool {
    let none = |name: &str| ended[name] == 0 || ended[name] == json!([]);
    ["present", "unknown", "claimed", "refused", "stuck", "residual", "unread", "doubts"].into_iter().all(none)
}

/// Tries one company; what it broke, with the story.
fn try_one(seed: u64, tried: &Tried) -> Option<String> {
    let told = |panic: Box<dyn std::any::Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("panicked: {}", text.unwrap_or("without a word"))
    };
    let mut trial = match std::panic::catch_unwind(|| Trial::new(seed, tried)) {
        Ok(trial) => trial,
        Err(panic) => return Some(format!("EXEUNT_SEED={seed}: {}", told(panic))),
    };
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| trial.run()));
    let broken = ran.unwrap_or_else(|panic| Err(told(panic))).err()?;
    Some(format!("EXEUNT_SEED={}: {broken}\n{}", trial.seed, trial.story.join("\n")))
}

#[test]
fn nothing_is_called_what_it_is_not() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (seed, seeds) = (number("EXEUNT_SEED"), number("EXEUNT_SEEDS"));
    let first = seed.unwrap_or(FIRST);
    let count = seeds.unwrap_or(if seed.is_some() { 1 } else { SEEDS });
    println!("{count} companies, from EXEUNT_SEED={first} on");
    let began = std::time::Instant::now();
    let (next, broken, tried) = (AtomicU64::new(0), Mutex::new(Vec::new()), Tried::default());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    if let Some(story) = try_one(first + at, &tried) {
                        println!("{story}\n");
                        broken.lock().unwrap().push(story);
                    }
                }
            });
        }
    });
    let of = |counted: &AtomicU64| counted.load(Ordering::Relaxed);
    println!(
        "{count} companies in {} s: {} nights without a gap, {} with one, {} departures, {} of them sure, {} closed",
        began.elapsed().as_secs(),
        of(&tried.whole_nights),
        of(&tried.gap_nights),
        of(&tried.departures),
        of(&tried.sure),
        of(&tried.closed)
    );
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{} of {count} companies; the first: {}", broken.len(), broken[0]);
}
