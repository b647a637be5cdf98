//! Canaries: every secret that there is goes through everything that exeunt does, and is then looked for in everything that was produced.
//!
//! ```text
//! EXEUNT_CANARY=all cargo test --test company canary -- --nocapture     with every system; a plain cargo test takes some of each kind
//! ```
//!
//! The secrets: the credentials of every system and hand, a setting that is one, the webhook's, the mail server's and the log's key; what vendors give
//! out (sessions, cookies, access tokens) and what is made of secrets for them (assertions, signatures, basic authorization); codes and PINs of the
//! company's records, and private fields that [`tap::Tap`] puts into every record. Vendors repeat them in errors, in every spelling, in bodies and headers.
//!
//! What was produced: the store with what stands beside it, recordings, reports and exports in each format, the bundle's files, everything that the
//! commands and `serve` said, logs of the lowest level, what a killed run left behind, tickets, messages and mails as their receivers got them.
//!
//! No secret is excepted but one kind: the simulated AWS takes the key's own id as its secret, and ids are shown.

mod search;
mod tap;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use exeunt_company::vendors::bamboohr::{employee_id, signed_webhook};
use exeunt_company::world::WEBHOOK_SECRET;

use crate::run::command;
use crate::sim::{Running, Sim, until};
use search::{Needles, spellings};
use tap::{Echo, Tap, letters};

/// What a plain `cargo test` takes: each transport, each kind of login, each carrier of news.
const SOME: &[&str] = &[
    "okta",
    "github",
    "docusign",
    "scim",
    "active-directory",
    "aws-iam",
    "brivo",
    "jamf-pro",
    "tryton",
    "verkada",
    "jira",
    "smtp",
    "webhook",
];

/// Six digits, as the setting asks for.
const LOCK_PIN: &str = "915038";

/// The settings and secrets themselves, and what people drop for exeunt to read.
fn is_given(path: &Path) -> bool {
    path.is_dir() || path.file_name().is_some_and(|name| ["exeunt.toml", "audit.key"].contains(&&*name.to_string_lossy()))
}

/// The company, with the tap in front of its vendors. What each command says is kept in a file of its folder and searched with the others.
struct Company {
    sim: Sim,
    tap: Arc<Tap>,
    ran: std::cell::Cell<usize>,
}

impl Company {
    fn up(all: bool) -> Self {
        let sim = if all { Sim::up_with_staff(60, &|_| true) } else { Sim::up_with_staff(20, &|name| SOME.contains(&name)) };
        let tap = Arc::new(Tap::new());
        let company = Self { sim, tap, ran: std::cell::Cell::new(0) };
        company.change_credentials();
        company.sim.change_settings("mass_limit = 3", "mass_limit = 100");
        company.sim.change_settings("schedule = \"0 2 * * *\"", "schedule = \"\"");
        if std::fs::read_to_string(company.sim.world.settings_file()).unwrap().contains("echo 482913") {
            company.sim.change_settings("exec:echo 482913", &format!("exec:echo {LOCK_PIN}"));
            company.tap.secret(LOCK_PIN, "the setting lock_pin of jamf-pro");
        }
        company.tap.secret(WEBHOOK_SECRET, "the secret of HR's webhook");
        company.sim.world.faults.stand_between(company.tap.clone());
        company
    }

    /// Every credential that is sent becomes one that is hard to spell. Keys that sign stay as they are, line by line.
    fn change_credentials(&self) {
        for file in std::fs::read_dir(self.sim.folder().join("credentials")).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let known = std::fs::read_to_string(&path).unwrap();
            if known.contains("PRIVATE KEY") {
                known
                    .lines()
                    .filter(|line| !line.starts_with('-'))
                    .for_each(|line| self.tap.secret(line, &format!("the private key {name}")));
                continue;
            }
            let Some((system, hand)) = name.rsplit_once('-') else { continue };
            // A directory and a mail server are asked in other ways than by HTTP; what signs is never sent.
            if ["active-directory", "openldap", "smtp", "webhook"].contains(&system) {
                self.tap.secret(&known, &format!("the credential {name}"));
            } else if !system.starts_with("aws-") {
                let sent = format!("K/{}+{hand}=%&\"'7", letters(&name));
                std::fs::write(&path, &sent).unwrap();
                self.tap.disguise(system, &sent, known.trim());
                self.tap.secret(&sent, &format!("the credential {name}"));
            }
        }
    }

    fn words(&self, what: &str) -> PathBuf {
        self.ran.set(self.ran.get() + 1);
        self.sim.folder().join(format!("said-{:02}-{what}.txt", self.ran.get()))
    }

    /// Runs a command, with this log level, and keeps what it says. It comes to its end, whatever it finds.
    #[track_caller]
    fn exeunt_at(&self, log: Option<&str>, args: &[&str]) {
        let began = Instant::now();
        let mut asked = command(self.sim.folder());
        if let Some(level) = log {
            asked.env("EXEUNT_LOG", level);
        }
        let output = asked.args(args).output().unwrap();
        let words = self.words(&args.join("_").replace(['/', ' '], "."));
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        std::fs::write(&words, [output.stdout, b"\n--\n".to_vec(), output.stderr].concat()).unwrap();
        println!("canary: exeunt {} exits {:?} after {:.1} s", args.join(" "), output.status.code(), began.elapsed().as_secs_f64());
        assert!(output.status.code().is_some_and(|code| [0, 1, 2].contains(&code)), "exeunt {args:?} ends with {}: {err}", output.status);
        assert!(!err.contains("panicked") && !err.contains("Usage:"), "exeunt {args:?}: {err}");
    }

    #[track_caller]
    fn exeunt(&self, args: &[&str]) {
        self.exeunt_at(None, args);
    }

    /// Every secret by now: those that the wire showed, and the log's own key.
    fn secrets(&self) -> BTreeMap<String, String> {
        if let Ok(key) = std::fs::read_to_string(self.sim.folder().join("audit.key")) {
            // `PRIVATE+KEY+name+id+key`.
            key.rsplit('+').next().into_iter().for_each(|part| self.tap.secret(part, "the key that signs the audit log"));
        }
        self.tap.secrets()
    }

    /// Every secret that stands in a file that was written, or in what people were sent.
    fn leaks(&self, needles: &Needles) -> Vec<String> {
        let mut found = Vec::new();
        let (mut files, mut bytes) = (0, 0);
        for file in std::fs::read_dir(self.sim.folder()).unwrap() {
            let path = file.unwrap().path();
            if !is_given(&path) {
                files += 1;
                bytes += needles.look_into(&path, &mut found);
            }
        }
        found.extend(needles.find(&self.tap.told()).into_iter().map(|what| format!("a ticket or message: {what}")));
        for mail in self.sim.world.mail().map(|mail| mail.messages()).unwrap_or_default() {
            found.extend(needles.find(mail.text.as_bytes()).into_iter().map(|what| format!("a mail: {what}")));
        }
        println!("canary: {files} files of {} KiB were looked at", bytes >> 10);
        found
    }

    #[track_caller]
    fn holds_none(&self, when: &str) {
        let needles = Needles::new(&self.secrets());
        let found = self.leaks(&needles);
        let mut kinds: BTreeMap<&str, (usize, &String)> = BTreeMap::new();
        for what in &found {
            kinds.entry(what.split('(').next().unwrap_or(what)).or_insert((0, what)).0 += 1;
        }
        let lines: Vec<String> = kinds.values().map(|(times, what)| format!("{times} times, such as: {what}")).collect();
        assert!(found.is_empty(), "{when}: {} secrets were written or told:\n{}", found.len(), lines.join("\n"));
        // The search itself can find: the same file holds a secret for a moment, in each of its spellings.
        let scratch = self.sim.folder().join("scratch");
        let (secret, _) = self.secrets().into_iter().find(|(secret, _)| secret.starts_with("K/")).unwrap();
        for (spelled, how) in spellings(&secret) {
            std::fs::write(&scratch, format!("{{\"x\": \"..{spelled}..\"}}")).unwrap();
            let mut found = Vec::new();
            needles.look_into(&scratch, &mut found);
            assert!(!found.is_empty(), "{spelled} ({how}) was not found");
        }
        std::fs::remove_file(scratch).unwrap();
    }

    /// A departure that is killed after so many requests: what it left behind.
    fn killed(&self, requests: u64, who: &str) {
        let until = self.sim.world.faults.arrived() + requests;
        let (out, err) = (self.words("killed-out"), self.words("killed-err"));
        let file = |path: &Path| Stdio::from(std::fs::File::create(path).unwrap());
        let mut child = command(self.sim.folder())
            .args(["revoke", who, "--yes", "--record", "killed.jsonl"])
            .env("EXEUNT_LOG", "debug")
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .unwrap();
        while self.sim.world.faults.arrived() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Serves for a moment: a signed webhook, a forged one, a departure.
    fn serves(&self, who: &str) {
        let (out, err) = (self.words("serve-out"), self.words("serve-err"));
        let file = |path: &Path| Stdio::from(std::fs::File::create(path).unwrap());
        let child = command(self.sim.folder())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("EXEUNT_LOG", "debug")
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .unwrap();
        let running = Running(child);
        let url = until("serve listens", || {
            let said = std::fs::read_to_string(&out).unwrap();
            said.lines().find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        });
        self.sim.world.hr.terminate(who, self.sim.world.company.today()).unwrap();
        let (headers, body) = signed_webhook(&employee_id(who), WEBHOOK_SECRET, jiff::Timestamp::now());
        let post = |secret: Option<&str>| {
            let mut headers = headers.clone();
            if let Some(secret) = secret {
                // Somebody sends the secret itself where the signature belongs.
                headers.insert("x-bamboohr-signature", secret.parse().unwrap());
            }
            let request = reqwest::Client::new().post(format!("{url}/hooks/bamboohr")).headers(headers).body(body.clone());
            self.sim.runtime.block_on(async { request.send().await.unwrap().status().as_u16() })
        };
        assert_eq!(post(Some(WEBHOOK_SECRET)), 401);
        assert_eq!(post(None), 202);
        let ended = "SELECT count(*) FROM departure WHERE source IN ('webhook', 'poll') AND state IN ('open', 'closed')";
        until("the departure ends", || (self.sim.count(ended) > 0).then_some(()));
        assert_eq!(running.terminate(), 0);
    }
}

// Reliability: Secrets.
#[test]
fn no_secret_is_in_anything_that_is_produced() {
    let all = std::env::var("EXEUNT_CANARY").is_ok_and(|text| text == "all");
    let company = Company::up(all);
    let tap = company.tap.clone();
    company.exeunt(&["check"]);
    company.exeunt(&["scan", "--record", "scan-1.jsonl"]);
    // Vendors repeat what they were sent.
    tap.echo(Echo::Logins);
    company.exeunt(&["scan", "--record", "scan-2.jsonl"]);
    tap.echo(Echo::Reads);
    company.exeunt(&["check", "--json"]);
    company.exeunt_at(Some("trace"), &["scan", "--full", "--record", "scan-3.jsonl"]);
    tap.echo(Echo::Writes);
    company.killed(60, "E1003");
    company.holds_none("after a killed run");
    company.exeunt_at(Some("trace"), &["revoke", "E1002", "--yes", "--record", "revoke.jsonl"]);
    company.serves("E1005");
    tap.echo(Echo::Nothing);
    let of_e1002 =
        "SELECT d.id FROM departure d JOIN node_seen w ON w.node = d.person WHERE w.attrs ->> 'employee_number' = 'E1002' LIMIT 1";
    let id = company.sim.count(of_e1002).to_string();
    // Every report, every format; all of them with one another where there is time.
    for (at, report) in ["shadow", "access", "changes", "coverage"].into_iter().enumerate() {
        for (_, format) in ["html", "json", "csv", "text"].into_iter().enumerate().filter(|(of, _)| all || *of == at) {
            company.exeunt(&["report", report, "--format", format]);
        }
    }
    for kind in ["opengraph", "graphml", "csv", "ocsf"] {
        company.exeunt(&["export", kind, "-o", &format!("export.{kind}")]);
    }
    for args in [
        &["people", "--json"] as &[&str],
        &["show", "E1002", "--json"],
        &["link", "list", "--all"],
        &["departures"],
        &["departure", &id, "--html", "case.html"],
        &["departure", &id, "--json"],
        &["departure", &id, "--recheck"],
        &["tasks", "--all"],
        &["revoke", "E1006", "--dry-run", "--json"],
        &["audit", "log"],
        &["audit", "verify", "--json"],
        &["audit", "bundle", &id, "-o", "case.zip"],
        &["report", "shadow", "--format", "html", "-o", "shadow.html"],
    ] {
        company.exeunt(args);
    }
    company.holds_none("in the end");
    let secrets = company.secrets();
    println!("canary: {} secrets, {} errors repeated what was sent", secrets.len(), tap.echoed());
    assert!(secrets.len() >= 120 && tap.echoed() > 20, "{} secrets, {} errors", secrets.len(), tap.echoed());
    // Each of these was there to be found.
    for kind in ["credential", "token", "authorization", "private key", "passwordHash", "pin", "webhook", "lock_pin", "signs the audit log"]
    {
        assert!(secrets.values().any(|what| what.contains(kind)), "no secret of the kind {kind}");
    }
    assert!(!tap.told().is_empty() && company.sim.world.mail().is_some_and(|mail| !mail.messages().is_empty()), "nobody was told anything");
    for made in ["case.zip", "case.html", "killed.jsonl", "revoke.jsonl", "export.ocsf", "exeunt.db"] {
        assert!(company.sim.folder().join(made).metadata().is_ok_and(|file| file.len() > 500), "{made} is missing");
    }
}
