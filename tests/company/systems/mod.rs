//! Each system by itself, with HR: one account with everything, all of it revoked, nothing left; then each refusal and each order trap, and the
//! right verdict. What is left is what the simulated vendor says of its own state (`World::left`), not what exeunt reads.

mod active_directory;
mod asana;
mod atlassian;
mod aws_iam;
mod aws_identity_center;
mod badge_file;
mod bamboohr;
mod board_portal;
mod boxcom;
mod brivo;
mod by_request;
mod card_statement;
mod cloudflare;
mod cloudflare_zero_trust;
mod diligent;
mod directus;
mod docusign;
mod dropbox;
mod entra_id;
mod figma;
mod github;
mod glewlwyd;
mod google_cloud;
mod google_drive;
mod google_workspace;
mod hr_file;
mod hubspot;
mod intune;
mod jamf_pro;
mod jupyterhub;
mod keycloak;
mod kisi;
mod netsuite;
mod notion;
mod okta;
mod onedrive_sharepoint;
mod onepassword;
mod openldap;
mod pagerduty;
mod privacyidea;
mod quickbooks;
mod refusals;
mod salesforce;
mod scim;
mod servicenow;
mod slack;
mod stripe;
mod tailscale;
mod tryton;
mod verkada;
mod workday;
mod zendesk;
mod zoom;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::PathBuf;

use exeunt_company::faults::{Fault, FaultKind};
use exeunt_company::vendors::VENDORS;
use serde_json::Value;

use crate::conform;
use crate::golden;
use crate::run::COULD_NOT;
use crate::sim::Sim;

/// HR and one system (and the single sign-on in front of it, where there is one), up and scanned.
pub struct System {
    pub sim: Sim,
    name: &'static str,
    /// What exeunt was told to do, in turn; what it said to vendors while it did is in the recording of that number.
    commands: RefCell<Vec<String>>,
    /// How many of them have been held against the vendors' descriptions.
    held: Cell<usize>,
    /// The actions that plans may hold though they stay out by default.
    allowed: RefCell<Vec<String>>,
}

impl Drop for System {
    fn drop(&mut self) {
        self.sim.keep_exchanges(self.name, self.commands.borrow().iter().map(String::as_str));
    }
}

/// How a departure went, as far as the system is concerned.
pub struct Departed {
    system: &'static str,
    case: Value,
}

#[allow(dead_code, reason = "systems use what they need of it")]
impl System {
    /// Brings the system up and scans it; nothing may be a gap, and what is seen is what `tests/data/seen` has.
    #[track_caller]
    pub fn up(name: &'static str) -> Self {
        let system = Self::up_unscanned(name);
        system.scan();
        golden::seen(&system.sim, name);
        system
    }

    /// Scans it; nothing may be a gap.
    #[track_caller]
    pub fn scan(&self) {
        let scanned = self.exeunt(&["scan", "--json"]);
        assert_ne!(scanned.code, COULD_NOT, "{} could not be read in whole: {scanned:?}", self.name);
        let report = scanned.json();
        let missing = report["systems"].as_array().unwrap().iter().flat_map(|system| system["rights_missing"].as_array().unwrap());
        assert_eq!(missing.collect::<Vec<_>>(), [&Value::Null; 0], "{}: each right that the manifest names is there", self.name);
    }

    /// Brings the system up and scans it, where something can't be read on purpose.
    #[track_caller]
    pub fn up_with_gaps(name: &'static str) -> Self {
        let system = Self::up_unscanned(name);
        system.exeunt(&["scan", "--json"]).ended(COULD_NOT);
        golden::seen(&system.sim, name);
        system
    }

    /// Brings the system up, for tests that change settings before [`System::scan`].
    pub fn up_unscanned(name: &'static str) -> Self {
        let behind_sso = VENDORS.iter().any(|vendor| vendor.name == name && vendor.signs_in_through.is_some());
        let sim = Sim::up_with(&|wanted| wanted == name || (wanted == "okta" && behind_sso));
        let system = Self { sim, name, commands: RefCell::default(), held: Cell::new(0), allowed: RefCell::default() };
        system.sim.change_settings("mass_limit = 3", "mass_limit = 100");
        system
    }

    /// Lets plans use actions that stay out of them by default.
    pub fn allow(&self, actions: &[&str]) {
        let names: Vec<String> = actions.iter().map(|action| format!("\"{}.{action}\"", self.name)).collect();
        self.allowed.borrow_mut().extend(actions.iter().map(|action| (*action).to_owned()));
        self.sim.change_settings("mass_limit = 100", &format!("allow = [{}]\nmass_limit = 100", names.join(", ")));
    }

    /// Adds lines to the system's own table of the settings.
    pub fn set(&self, lines: &str) {
        let table = format!("[systems.{}]\n", self.name);
        self.sim.change_settings(&table, &format!("{table}{lines}\n"));
    }

    /// Puts a fault in force for the system until it is cleared.
    pub fn fault(&self, method: &str, path: &str, kind: FaultKind) {
        let fault = Fault { system: self.name.to_owned(), method: Some(method.to_owned()), path: path.to_owned(), kind, times: None };
        self.sim.world.faults.add(fault);
    }

    /// What the simulated vendor says that this person can still do there.
    #[track_caller]
    pub fn left(&self, number: &str) -> Vec<String> {
        self.sim.world.left(self.name, number).unwrap_or_else(|| panic!("{} has no oracle", self.name))
    }

    /// The shadow findings are those that the answer key has for this system.
    #[track_caller]
    pub fn findings_are_the_key(&self) {
        let report = self.exeunt(&["report", "shadow", "--json"]).json();
        let mut found = BTreeSet::new();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for person in report["people"].as_array().unwrap() {
            for finding in person["findings"].as_array().unwrap().iter().filter(|finding| finding["system"] == self.name) {
                found.insert((text(&finding["check"]), text(&person["person"]["employee_number"]), finding.clone().to_string()));
            }
        }
        for finding in report["everyone"].as_array().unwrap().iter().filter(|finding| finding["system"] == self.name) {
            found.insert((text(&finding["check"]), String::new(), finding.clone().to_string()));
        }
        let mut missed = Vec::new();
        for flaw in self.sim.world.company.flaws.iter().filter(|flaw| flaw.system == self.name) {
            let fits = |(check, person, finding): &&(String, String, String)| {
                let finding: Value = serde_json::from_str(finding).unwrap();
                *check == flaw.check
                    && *person == flaw.person.clone().unwrap_or_default()
                    && (finding["subject"] == flaw.subject.as_str() || finding["label"] == flaw.subject.as_str())
            };
            match found.iter().find(fits).cloned() {
                Some(entry) => {
                    found.remove(&entry);
                }
                None => missed.push(flaw),
            }
        }
        assert!(missed.is_empty() && found.is_empty(), "missed: {missed:#?}\nextra: {found:#?}");
    }

    /// A person who has much loses all of it: each action is proved, the vendor itself says that nothing is left but what is handed off (parts of
    /// its lines), and no exchange violates the vendor's description.
    #[track_caller]
    pub fn everything_goes(&self, number: &str, handed_off: &[&str]) -> Departed {
        let had = self.left(number);
        assert!(!had.is_empty(), "{number} has nothing in {}", self.name);
        let departed = self.depart(number);
        departed.assert_all_gone();
        let left: Vec<String> = self.left(number).into_iter().filter(|line| !handed_off.iter().any(|part| line.contains(part))).collect();
        assert!(left.is_empty(), "had {had:#?}, and still has {left:#?}: {departed:#?}");
        // Tests of one system may each have a departure of the same person.
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        golden::gone(&self.sim, self.name, &format!("{test}: {number}"), departed.lines());
        // The proofs of what was handed off are only read when somebody looks again.
        self.look_again(&departed);
        self.conforms();
        departed
    }

    /// Runs a person's departure to its end, whatever that is.
    #[track_caller]
    pub fn depart(&self, number: &str) -> Departed {
        self.depart_in("departure", number)
    }

    /// The same in another mode: `notice` or `leave`.
    #[track_caller]
    pub fn depart_in(&self, mode: &str, number: &str) -> Departed {
        let ran = self.exeunt(&["revoke", number, "--yes", "--json", "--mode", mode]);
        let id = ran.json()["departure"].to_string();
        Departed { system: self.name, case: self.exeunt(&["departure", &id, "--json"]).json() }
    }

    /// Reads every proof of a case once more.
    #[track_caller]
    pub fn look_again(&self, departed: &Departed) -> Departed {
        let id = departed.case["departure"].to_string();
        self.exeunt(&["departure", &id, "--recheck", "--json"]);
        Departed { system: self.name, case: self.exeunt(&["departure", &id, "--json"]).json() }
    }

    /// The number of the open task whose title holds this.
    #[track_caller]
    pub fn task(&self, part: &str) -> String {
        let tasks = self.exeunt(&["tasks", "--json"]).json();
        let found = tasks.as_array().unwrap().iter().find(|task| task["title"].as_str().unwrap().contains(part));
        found.unwrap_or_else(|| panic!("no task {part}: {tasks:#}"))["task"].to_string()
    }

    /// Hears what HR's records, as last read, say: a line for each case that this opens, but for the one that BambooHR has announced all along
    /// (`hr.rs`).
    #[track_caller]
    pub fn heard(&self) -> Vec<String> {
        let heard = self.sim.hear();
        heard.into_iter().filter(|line| !line.contains("Søren Adeyemi")).collect()
    }

    /// What stands in the file that somebody dropped for this system.
    pub fn dropped(&self, file: &str) -> String {
        std::fs::read_to_string(self.sim.folder().join(self.name).join(file)).unwrap()
    }

    /// Drops the next file.
    pub fn drop_file(&self, file: &str, text: &str) {
        std::fs::write(self.sim.folder().join(self.name).join(file), text).unwrap();
    }

    /// The plan for a person, as JSON.
    #[track_caller]
    pub fn plan(&self, number: &str) -> Value {
        self.exeunt(&["revoke", number, "--dry-run", "--json"]).json()
    }

    /// Nothing that was recorded since it was last asked violates the vendors' descriptions.
    #[track_caller]
    pub fn conforms(&self) {
        let made = self.commands.borrow().len();
        let first = self.held.replace(made);
        let files: Vec<PathBuf> = (first..made).map(|number| self.recording(number)).filter(|file| file.exists()).collect();
        conform::hold(&files);
    }

    /// Runs `exeunt`, and records its exchanges.
    pub fn exeunt(&self, args: &[&str]) -> crate::run::Ran {
        let file = self.recording(self.commands.borrow().len());
        self.commands.borrow_mut().push(args[0].to_owned());
        let mut all = args.to_vec();
        all.extend(["--record", file.to_str().unwrap()]);
        self.sim.exeunt(&all)
    }

    fn recording(&self, number: usize) -> PathBuf {
        self.sim.recording(number)
    }
}

impl std::fmt::Debug for Departed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "residual     {}", self.residual())?;
        writeln!(f, "unread       {}", self.case["unread"])
    }
}

#[allow(dead_code, reason = "systems use what they need of it")]
impl Departed {
    /// The actions of this name.
    pub fn actions(&self, name: &str) -> Vec<&Value> {
        self.all().into_iter().filter(|action| action["action"] == name).collect()
    }

    /// The one state of all actions of this name: `gone`, `refused`, `stuck`, `handed_off` ….
    #[track_caller]
    pub fn state(&self, name: &str) -> &str {
        let states: BTreeSet<&str> = self.actions(name).iter().filter_map(|action| action["state"].as_str()).collect();
        assert_eq!(states.len(), 1, "{name}: {states:?} in {self:#?}");
        states.into_iter().next().unwrap()
    }

    /// Why the actions of this name stand where they do.
    pub fn why(&self, name: &str) -> String {
        self.actions(name).iter().filter_map(|action| action["why"].as_str()).collect::<Vec<_>>().join("; ")
    }

    /// When the actions of this name were sent, the last of them.
    pub fn sent(&self, name: &str) -> String {
        self.latest(name, "sent")
    }

    /// When the actions of this name were proved, the last of them.
    pub fn proved(&self, name: &str) -> String {
        self.latest(name, "proved")
    }

    fn latest(&self, name: &str, what: &str) -> String {
        let times = self.actions(name).into_iter().filter_map(|action| action[what].as_str());
        times.max().unwrap_or_else(|| panic!("no {name} was {what}: {self:?}")).to_owned()
    }

    /// What became of each action, and the tasks that people got.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let actions = self
            .all()
            .into_iter()
            .map(move |action| format!("{:12} {}  {}", text(&action["state"]), text(&action["label"]), text(&action["why"])));
        actions.chain(self.tasks().into_iter().map(|task| format!("task         {task}")))
    }

    /// Titles of the tasks that people got.
    pub fn tasks(&self) -> Vec<&str> {
        self.case["tasks"].as_array().unwrap().iter().filter_map(|task| task["title"].as_str()).collect()
    }

    /// What is left though nothing accounts for it.
    pub fn residual(&self) -> &Value {
        &self.case["residual"]
    }

    /// Every call was proved by a read, what isn't a call is a task, and nothing is left unaccounted for.
    #[track_caller]
    pub fn assert_all_gone(&self) {
        let not: Vec<&Value> =
            self.all().into_iter().filter(|action| action["state"] != "gone" && action["state"] != "handed_off").collect();
        assert!(not.is_empty(), "not proved gone: {not:#?}");
        assert!(
            self.all().iter().any(|action| action["state"] == "gone" || action["state"] == "handed_off"),
            "no action at all: {self:#?}"
        );
        assert_eq!(self.case["residual"], serde_json::json!([]), "{self:#?}");
    }

    fn all(&self) -> Vec<&Value> {
        self.case["actions"].as_array().unwrap().iter().filter(|action| action["system"] == self.system).collect()
    }
}
