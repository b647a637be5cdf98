//! One company of its own, as a seed makes it, and what befalls it: names that change, what HR says, what stands in the second HR system's file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use exeunt_company::vendors::VENDORS;
use jiff::ToSpan as _;

use super::{Broken, EXECUTIVES, HR, SIGN_IN, Tried};
use crate::pages::with_small_pages;
use crate::run::{COULD_NOT, FINE, FOUND, Ran};
use crate::sim::{Dice, Sim};

/// One company of its own, as a seed makes it.
pub struct Trial<'t> {
    pub seed: u64,
    pub dice: Dice,
    pub system: &'static str,
    pub sim: Sim,
    pub tried: &'t Tried,
    /// What exeunt was told, and what went wrong meanwhile; for the message.
    pub story: Vec<String>,
    /// What a scan without faults asked for, by system: paths with their queries.
    pub asked: BTreeMap<&'static str, Vec<String>>,
    /// The employee numbers that HR named as leaving.
    pub leaving: BTreeSet<String>,
    /// Faults may be quiet.
    pub quiet: bool,
    /// A read hid something in a way that nobody can tell from the truth, and no night without faults has read everything since.
    pub hidden: bool,
    /// Somebody goes by another name at the vendor or in HR.
    pub renamed: bool,
    /// It is read in small pages.
    small: bool,
    /// An answer that takes longer than two seconds is too late.
    pub impatient: bool,
    /// The people's file of the second HR system, as it was at first.
    pub people_file: Option<String>,
}

impl<'t> Trial<'t> {
    pub fn new(seed: u64, tried: &'t Tried) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let system = VENDORS[dice.below(VENDORS.len() as u64) as usize].name;
        // Stories name people among the first forty.
        let staff = 40 + dice.below(12) as usize;
        let second_hr = dice.below(3) == 0;
        let sim = Sim::up_with_staff(staff, &|name| name == system || (second_hr && name == "hr-file"));
        sim.change_settings("mass_limit = 3", "mass_limit = 100");
        let mut story = vec![format!("{system}, a company of {} people", sim.world.company.people.len())];
        let small = dice.below(2) == 0;
        if small {
            sim.use_manifest(system, &with_small_pages(&sim.manifest(system), 3));
            story.push("read in small pages".to_owned());
        }
        let left = sim.world.company.people.iter().filter(|person| person.left.is_some()).map(|person| person.number.clone());
        // Who has left according to the file.
        let leaving = left.chain(["C004".to_owned()]).collect();
        let people_file = second_hr.then(|| std::fs::read_to_string(sim.folder().join("hr-file/people.csv")).unwrap());
        let (quiet, impatient) = (dice.below(3) == 0, dice.below(3) == 0);
        let (asked, hidden, renamed) = (BTreeMap::new(), false, false);
        Self { seed, small, dice, system, sim, tried, story, asked, leaving, quiet, hidden, renamed, impatient, people_file }
    }

    pub fn exeunt(&mut self, args: &[&str]) -> Ran {
        let ran = self.sim.exeunt(args);
        self.story.push(format!("exeunt {}: exit {}", args.join(" "), ran.code));
        assert!([FINE, FOUND, COULD_NOT].contains(&ran.code), "no exit code of ours: {ran:?}");
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        ran
    }

    /// Starts a command, and kills it at some moment, unless it ends before.
    pub fn kill(&mut self, args: &[&str]) {
        let (requests, later) = (1 + self.dice.below(90), Duration::from_millis(self.dice.below(60)));
        let killed = self.sim.kill_later(requests, later, args);
        self.story.push(format!("exeunt {} killed {later:?} after {requests} requests: {killed}", args.join(" ")));
        self.tried.killed.fetch_add(u64::from(killed), Ordering::Relaxed);
    }

    pub fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.dice.below(all.len() as u64) as usize].clone()
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.dice.below(one_in) == 0
    }

    /// What stands in the store, and in which words it is told apart: whole lines, or without the fields of each.
    pub fn known(&self, whole: bool) -> BTreeSet<String> {
        if !self.sim.store().exists() {
            return BTreeSet::new();
        }
        let lines = self.sim.open_graph(Some(self.system)).into_iter();
        lines.map(|line| if whole { line } else { line.rsplit_once(" #").map_or(line.clone(), |(head, _)| head.to_owned()) }).collect()
    }

    /// The findings about the system, by what makes one the same night after night; those about what can't be read are left out.
    pub fn findings(&self) -> BTreeSet<String> {
        if !self.sim.store().exists() {
            return BTreeSet::new();
        }
        findings(&self.sim.sql(), self.system)
    }

    /// Somebody goes by another login, or another name, from now on: at the vendor first, or in HR first.
    pub fn rename(&mut self) {
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
    pub fn hr_speaks(&mut self) {
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

    pub fn run(&mut self) -> Result<(), Broken> {
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
        if self.impatient {
            let manifest = self.sim.manifest(self.system);
            let manifest = if self.small { with_small_pages(&manifest, 3) } else { manifest };
            self.sim.use_manifest(self.system, &manifest.replacen("\nconnect:\n", "\nconnect:\n  timeout_secs: 2\n", 1));
        }
        let nights = 2 + self.dice.below(2) as usize;
        for number in 1..=nights {
            self.night(number, &truth)?;
            self.only_whom_hr_named(None)?;
            self.hr_speaks();
            if number + 1 == nights && self.chance(5) {
                self.rename();
            }
        }
        let ended = self.departure();
        self.tried.hits.fetch_add(self.sim.world.faults.hits(), Ordering::Relaxed);
        ended
    }
}

/// What a scan of the whole system sees when nothing is wrong.
pub struct Truth {
    pub graph: BTreeSet<String>,
    pub findings: BTreeSet<String>,
}

fn findings(store: &rusqlite::Connection, system: &str) -> BTreeSet<String> {
    let sql = "SELECT f.\"check\" || ' ' || coalesce(n.key, '') || ' ' || f.subject FROM finding f LEFT JOIN node n ON n.id = f.person
         WHERE f.until IS NULL AND f.system = ?1 AND f.\"check\" <> 'coverage-gap'";
    let mut statement = store.prepare(sql).unwrap();
    statement.query_map([system], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
