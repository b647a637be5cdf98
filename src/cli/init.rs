//! `exeunt init` and `exeunt check`: a settings file with comments, and whether every credential can do what it must.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::config::Config;
use crate::departure;
use crate::manifest::load;
use crate::private;
use crate::revoke::own;
use crate::scan;
use crate::store::{Store, graph};
use crate::survey::judge;

/// Write a settings file with comments
#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  exeunt init okta github bamboohr     settings for three systems, in ./exeunt.toml")]
pub struct Init {
    /// The scanners of the systems you have (`exeunt scanners list`); all when none is given
    scanners: Vec<String>,
    /// Where to
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Try every credential and every right
#[derive(ClapArgs, Debug)]
pub struct Check {
    /// Systems to try; all when none is given
    systems: Vec<String>,
}

/// Writes the settings file.
///
/// # Errors
/// It exists, or a scanner doesn't.
pub fn init(global: &Global, args: Init) -> Result<Exit> {
    let path = args.output.unwrap_or_else(|| global.config.clone());
    if path.exists() {
        bail!("{} exists and is left as it is; -o FILE writes elsewhere", path.display());
    }
    let names: Vec<String> =
        if args.scanners.is_empty() { load::builtin().iter().map(|(name, _)| (*name).to_owned()).collect() } else { args.scanners };
    let mut text = HEAD.to_owned();
    for name in names {
        let Ok(manifest) = load::find(&name, None) else {
            bail!("there is no scanner called {name:?}; `exeunt scanners list` shows those that there are")
        };
        write!(text, "\n# {}. Rights to read: {}", manifest.title, manifest.credentials.read.scopes.join(", "))?;
        if let Some(revoke) = &manifest.credentials.revoke {
            write!(text, "\n# Rights to revoke: {}", revoke.scopes.join(", "))?;
        }
        if let Some(tell) = &manifest.credentials.tell {
            write!(text, "\n# Rights to tell: {}", tell.scopes.join(", "))?;
        }
        let variable = name.to_uppercase().replace('-', "_");
        write!(text, "\n[systems.{name}]\nscanner = \"{name}\"\nread = \"env:EXEUNT_{variable}_READ\"\n")?;
        if manifest.credentials.revoke.is_some() {
            writeln!(text, "revoke = \"env:EXEUNT_{variable}_REVOKE\"")?;
        }
        if manifest.credentials.tell.is_some() {
            // Scanners that see something are of use without it.
            let hidden = if manifest.see.is_empty() { "" } else { "# " };
            writeln!(text, "{hidden}tell = \"env:EXEUNT_{variable}_TELL\"    # for tickets and notices; see departure.tell")?;
        }
        for (key, setting) in &manifest.settings {
            let value = setting.default.as_ref().or(setting.example.as_ref()).cloned().unwrap_or(Value::String(String::new()));
            let value = if setting.secret { Value::String(format!("env:EXEUNT_{variable}_{}", key.to_uppercase())) } else { value };
            let comment = setting.help.as_ref().map(|help| format!("    # {help}")).unwrap_or_default();
            let hidden = if setting.optional || setting.default.is_some() { "# " } else { "" };
            writeln!(text, "{hidden}{key} = {value}{comment}")?;
        }
        if !own::is_told(&manifest) && !manifest.settings.contains_key(own::SETTING) {
            let says = "key or address of the account that the revoking credential belongs to; \"none\" if it is nobody's";
            writeln!(text, "{} = \"\"    # {says}", own::SETTING)?;
        }
    }
    private::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    out::say(format!("{} is written. Fill it in, then: exeunt check", path.display()));
    Ok(Exit::Fine)
}

const HEAD: &str = r#"# exeunt's settings. Secrets never stand here: env:NAME, file:PATH or exec:COMMAND says where each is.

[company]
name = "Acme"
domains = ["acme.example"]          # an address outside these is outside the company

[people]
# Who is an executive: an expression over HR's record …
executive = "person.title | matches('officer', 'vp ', 'vice president', 'general counsel')"
# … and people who count as one all the same, by employee number or address.
executives = []
# People whose departure always needs an approval.
protected = []

[people.successors]
# E1002 = "E2002"                   # who takes over: employee number to employee number

[policy]
approved_apps = []                  # apps that may hold grants to mail and files
approved_admins = []                # accounts that may be administrators
public_by_design = []               # names of files that may be open to anyone; * stands for anything
own_files = []                      # names of files that people may share with themselves

[departure]
mass_limit = 3                      # more people than this who leave within mass_window of one another: stop and ask
# time = "17:00"                    # when a last day ends; the end of the day when left out
# zone = "America/Los_Angeles"      # in which time zone; UTC when left out
# zones = { "Oslo office" = "Europe/Oslo" }     # where HR's record gives a place
mass_window = "1h"
approval = false                    # true: every departure waits for a second person

[departure.roles]
# legal = "legal-ops@acme.example"  # who gets a role's tasks

[departure.tell]
# tasks = "jira"                    # the system that carries tasks to people: as tickets, or as messages to the role's address
# roles.facilities = "servicenow"   # roles whose tasks another system carries
look = "*/5 * * * *"                # when `exeunt serve` looks at open tickets, cron, UTC

# Who hears of what: task, opened, approval, stuck, overdue (once for each task: the escalation), ended, closed,
# trouble (of exeunt's own: HR can't be heard, the log can't be signed).
# [[departure.tell.notices]]
# system = "slack"
# to = "C0123456789"                # a channel, an address, or a role of departure.roles
# events = ["opened", "approval", "stuck", "overdue", "ended", "trouble"]

[serve]
listen = "127.0.0.1:8470"
schedule = "0 2 * * *"              # when systems are scanned, cron, UTC
poll = "*/15 * * * *"               # how often HR is asked
"#;

/// What is wrong with the settings beside the systems: names that stand for nothing, a hook's secret, the audit log's key.
fn ourselves(config: &Config, store: &Store) -> Vec<String> {
    let mut wrong = judge::names(config);
    for (name, hook) in &config.serve.hooks {
        let read = config.secret(&hook.secret).and_then(|place| place.read());
        wrong.extend(read.err().map(|problem| format!("serve.hooks.{name}.secret: {problem}")));
    }
    let key = config.at(&config.audit.key);
    match departure::signer(config).verifier(store) {
        Err(error) => wrong.push(format!("{error:#}")),
        Ok(Some((_, true))) => {
            wrong.push(format!(
                "audit key {} is missing, and the log is signed with it: restore the file; if it is lost: exeunt audit new-key",
                key.display()
            ));
        }
        Ok(Some(_)) => {}
        // It is made when something is signed first.
        Ok(None) => {
            let folder = key.parent().filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) {
                wrong.push(format!("audit.key: {} can't be made, for its folder isn't there", key.display()));
            }
        }
    }
    wrong
}

/// Tries every credential and right.
///
/// # Errors
/// The settings, or a system that doesn't exist.
pub async fn check(global: &Global, args: Check) -> Result<Exit> {
    let (config, store) = global.open()?;
    let fleet = global.fleet(&config, &args.systems)?;
    let mut all = Vec::new();
    let mut wrong = ourselves(&config, &store);
    let mut bad = !fleet.closed.is_empty();
    for (name, connection) in &fleet.systems {
        let manifest = connection.manifest();
        let row = store.write(|tx| graph::system_row(tx, name, &manifest.scanner, manifest.category.word()))?;
        let tried = scan::preflight(&store, row, connection).await?;
        bad |= tried.iter().any(|tried| tried.problem.is_some());
        all.push((name.clone(), tried));
    }
    wrong.extend(departure::nobodys(&config, &store)?);
    wrong.extend(departure::own_unknown(&config, &store, &fleet)?);
    bad |= !wrong.is_empty();
    if global.json {
        let view: Vec<Value> = all
            .iter()
            .map(|(name, tried)| {
                json!({"system": name, "rights": tried.iter().map(|tried| json!({"right": tried.right, "credential": tried.hand, "works": tried.problem.is_none(), "problem": tried.problem})).collect::<Vec<_>>()})
            })
            .collect();
        out::json(
            &json!({"settings": wrong, "systems": view, "closed": fleet.closed.iter().map(|(system, reason)| json!({"system": system, "reason": reason})).collect::<Vec<_>>()}),
        );
    } else {
        for (name, tried) in &all {
            for tried in tried {
                match &tried.problem {
                    None => out::say(format!("✓ {name:18} {:7} {}", tried.hand, tried.right)),
                    Some(problem) => out::say(format!("! {name:18} {:7} {}: {problem}", tried.hand, tried.right)),
                }
            }
            if config.systems.get(name).is_some_and(|system| system.plain) {
                let (what, why) = crate::config::IN_CLEAR;
                out::say(format!("! {name:18} can't be seen: {what}: {why}"));
            }
            if tried.is_empty() {
                out::say(format!("- {name:18} nothing to try ahead of a scan"));
            }
        }
        for reason in fleet.closed.iter().map(|(_, reason)| reason).chain(&wrong) {
            out::say(format!("! {reason}"));
        }
    }
    Ok(if bad { Exit::CouldNot } else { Exit::Fine })
}
