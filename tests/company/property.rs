//! Random companies, nights, answers and faults. Whatever happens: what is called complete is complete, what is known stays known, what is called
//! gone is gone, and nobody leaves whom HR did not name.
//!
//! ```text
//! EXEUNT_SEEDS=10000 cargo test --test company property -- --nocapture     so many companies, each of its own seed
//! EXEUNT_SEED=7 cargo test --test company property -- --nocapture          the company of this seed
//! EXEUNT_SEED=7 EXEUNT_SEEDS=100 …                                         a hundred, from this seed on
//! ```

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use exeunt_company::faults::{Fault, FaultKind};
use exeunt_company::vendors::VENDORS;
use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::run::{COULD_NOT, FINE, Ran};
use crate::sim::{Dice, Sim, differ};

/// How many companies a plain `cargo test` tries.
const SEEDS: u64 = 24;

/// Who may leave: executives with much.
const EXECUTIVES: &[&str] = &["E1001", "E1002", "E1003", "E1005", "E1006", "E1007"];

const SIGN_IN: &str = "<!doctype html><html><head><title>Sign in</title></head><body><form action=\"/login\"></form></body></html>";
const NOT_FOUND: &str = "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>";

/// What went wrong with one company: what was promised, and what happened instead.
type Broken = String;

/// One company of its own, as a seed makes it.
struct Trial {
    seed: u64,
    dice: Dice,
    system: &'static str,
    sim: Sim,
    /// What exeunt was told, and what went wrong meanwhile; for the message.
    story: Vec<String>,
    /// The paths that a scan without faults asked for.
    asked: Vec<String>,
    /// The employee numbers that HR named as leaving.
    leaving: BTreeSet<String>,
    /// A read hid something in a way that nobody can tell from the truth: an emptied list, a lost field. Later nights may read only what changed.
    hidden: bool,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let system = VENDORS[dice.below(VENDORS.len() as u64) as usize].name;
        // Stories name people among the first forty.
        let staff = 40 + dice.below(12) as usize;
        let sim = Sim::up_with_staff(staff, &|name| name == system);
        sim.change_settings("mass_limit = 3", "mass_limit = 100");
        let leaving = sim.world.company.people.iter().filter(|person| person.left.is_some()).map(|person| person.number.clone()).collect();
        let story = vec![format!("{system}, a company of {} people", sim.world.company.people.len())];
        Self { seed, dice, system, sim, story, asked: Vec::new(), leaving, hidden: false }
    }

    fn exeunt(&mut self, args: &[&str]) -> Ran {
        let ran = self.sim.exeunt(args);
        self.story.push(format!("exeunt {}: exit {}", args.join(" "), ran.code));
        ran
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.dice.below(all.len() as u64) as usize]
    }

    /// What stands in the store, and in which words it is told apart: whole lines, or without the fields of each.
    fn known(&self, whole: bool) -> BTreeSet<String> {
        if !self.sim.store().exists() {
            return BTreeSet::new();
        }
        let lines = self.sim.open_graph(Some(self.system)).into_iter();
        lines.map(|line| if whole { line } else { line.rsplit_once(" #").map_or(line.clone(), |(head, _)| head.to_owned()) }).collect()
    }

    /// Puts some faults in force: reads that fail, lie or lose fields; with `writes`, also calls that change nothing.
    fn faults(&mut self, writes: bool) {
        for _ in 0..=self.dice.below(3) {
            let write = writes && self.dice.below(3) == 0;
            let kind = if write && self.dice.below(2) == 0 { FaultKind::Lie } else { self.kind() };
            self.hidden |= matches!(kind, FaultKind::Empty | FaultKind::Nulls(_) | FaultKind::Loop);
            let path = if self.asked.is_empty() || self.dice.below(4) == 0 {
                String::new()
            } else {
                self.asked[self.dice.below(self.asked.len() as u64) as usize].clone()
            };
            let times = (self.dice.below(3) == 0).then(|| 1 + self.dice.below(4) as u32);
            let method = (!write).then(|| "GET".to_owned());
            let fault = Fault { system: self.system.to_owned(), method, path, kind, times };
            self.story.push(format!("    {fault:?}"));
            self.sim.world.faults.add(fault);
        }
    }

    fn kind(&mut self) -> FaultKind {
        let status = |code: u16, body: Value| FaultKind::Status { code, headers: Vec::new(), body };
        match self.dice.below(14) {
            0 => FaultKind::Page { code: 200, text: SIGN_IN },
            1 => FaultKind::Page { code: 404, text: NOT_FOUND },
            2 => FaultKind::Page { code: 200, text: "" },
            3 => FaultKind::Page { code: 403, text: SIGN_IN },
            4 => status(200, json!({ "error": "temporarily_unavailable" })),
            5 => status(200, Value::Null),
            6 => status(200, json!({})),
            7 => status(200, json!([])),
            8 => status(404, json!({})),
            9 => status(401, json!({ "error": "invalid_token" })),
            10 => FaultKind::Cut,
            11 => FaultKind::Loop,
            12 => FaultKind::Empty,
            _ => FaultKind::Nulls(self.dice.below(1000)),
        }
    }

    /// HR names somebody as leaving, or nobody.
    fn hr_speaks(&mut self) {
        if self.dice.below(2) == 0 {
            return;
        }
        let who = *self.one_of(EXECUTIVES);
        let days = *self.one_of(&[-2_i64, 0, 40]);
        let day = self.sim.world.company.today().saturating_add(days.days());
        self.sim.world.hr.terminate(who, day).unwrap();
        self.leaving.insert(who.to_owned());
        self.story.push(format!("HR: the last day of {who} is {day}"));
    }

    /// A scan, perhaps with faults; what must hold after it.
    fn night(&mut self, number: usize, truth: &BTreeSet<String>) -> Result<(), Broken> {
        let before = self.known(false);
        if self.dice.below(4) != 0 {
            self.faults(false);
        }
        let ran = self.exeunt(&["scan"]);
        self.sim.world.faults.clear();
        let (after, whole) = (self.known(false), self.known(true));
        // Nothing changed at the vendor, so nothing that was known may be missing. (A list that the vendor itself empties may be believed.)
        if !before.is_subset(&after) && !self.hidden {
            return Err(format!("night {number}: what was known is known no more: {}", differ(&before, &after)));
        }
        if ran.code != COULD_NOT && !self.hidden && whole != *truth {
            return Err(format!("night {number} names no gap, and differs from what is there: {}", differ(truth, &whole)));
        }
        Ok(())
    }

    /// Nobody has a case whom HR did not name.
    fn only_whom_hr_named(&mut self, beside: Option<&str>) -> Result<(), Broken> {
        let heard = self.sim.hear();
        let conn = self.sim.sql();
        let sql = "SELECT json_extract(w.attrs, '$.employee_number') FROM departure d JOIN node_seen w ON w.node = d.person WHERE w.until IS NULL";
        let mut statement = conn.prepare(sql).unwrap();
        let cases: BTreeSet<String> =
            statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap().filter_map(Result::unwrap).collect();
        let strangers: Vec<&String> =
            cases.iter().filter(|number| !self.leaving.contains(*number) && beside != Some(number.as_str())).collect();
        if strangers.is_empty() { Ok(()) } else { Err(format!("HR did not name {strangers:?} as leaving: {heard:#?}")) }
    }

    /// A departure with faults; then everything is well again, and each proof is read once more: what was called gone is gone.
    fn departure(&mut self) -> Result<(), Broken> {
        let had: Vec<&&str> = EXECUTIVES.iter().filter(|number| !self.left(number).is_empty()).collect();
        if had.is_empty() {
            return Ok(());
        }
        let who = **self.one_of(&had);
        self.faults(true);
        let ran = self.exeunt(&["revoke", who, "--yes", "--json"]);
        self.sim.world.faults.clear();
        let Some(id) = serde_json::from_str::<Value>(&ran.out).ok().and_then(|said| said["departure"].as_i64()) else {
            return if ran.code == FINE { Err(format!("the departure of {who} says nothing, and exits 0: {ran:?}")) } else { Ok(()) };
        };
        let left = self.left(who);
        if ran.code == FINE && !left.is_empty() {
            return Err(format!("the departure of {who} exits 0, and the vendor says that this is left: {left:#?}"));
        }
        let id = id.to_string();
        let gone = |case: &Value| -> BTreeSet<String> {
            let actions = case["actions"].as_array().into_iter().flatten();
            actions.filter(|action| action["verdict"] == "gone").map(|action| format!("{} {}", action["number"], action["label"])).collect()
        };
        let said = gone(&self.exeunt(&["departure", &id, "--json"]).json());
        self.exeunt(&["departure", &id, "--recheck", "--json"]);
        let is = gone(&self.exeunt(&["departure", &id, "--json"]).json());
        if !said.is_subset(&is) {
            return Err(format!("the departure of {who} called gone what is there when nothing is wrong: {}", differ(&said, &is)));
        }
        self.only_whom_hr_named(Some(who))
    }

    fn left(&self, number: &str) -> Vec<String> {
        self.sim.world.left(self.system, number).unwrap_or_default()
    }

    fn run(&mut self) -> Result<(), Broken> {
        self.sim.world.faults.keep_answers();
        let ran = self.exeunt(&["scan", "--store", "truth.db"]);
        let answered = self.sim.world.faults.answered();
        let paths = answered.iter().filter(|answer| answer.system == self.system && answer.method == "GET");
        self.asked = paths
            .map(|answer| answer.target.split('?').next().unwrap_or_default().to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        // What can't be read when nothing is wrong is no matter of this test.
        let truth = if ran.code == COULD_NOT { None } else { Some(self.sim.graph_of("truth.db", self.system)) };
        let Some(truth) = truth else { return Ok(()) };
        for number in 1..=2 + self.dice.below(2) as usize {
            self.night(number, &truth)?;
            self.only_whom_hr_named(None)?;
            self.hr_speaks();
        }
        self.departure()
    }
}

/// Tries one company; what it broke, with the story.
fn try_one(seed: u64) -> Option<String> {
    let mut trial = Trial::new(seed);
    let broken = trial.run().err()?;
    Some(format!("EXEUNT_SEED={}: {broken}\n{}", trial.seed, trial.story.join("\n")))
}

#[test]
fn nothing_is_called_what_it_is_not() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (seed, seeds) = (number("EXEUNT_SEED"), number("EXEUNT_SEEDS"));
    let first = seed.unwrap_or_else(|| std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs());
    let count = seeds.unwrap_or(if seed.is_some() { 1 } else { SEEDS });
    println!("{count} companies, from EXEUNT_SEED={first} on");
    let (next, broken) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    if let Some(story) = try_one(first + at) {
                        println!("{story}\n");
                        broken.lock().unwrap().push(story);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{} of {count} companies; the first: {}", broken.len(), broken[0]);
}
