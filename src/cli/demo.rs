//! `exeunt demo`: the main job on a simulated company, in under a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args as ClapArgs;
use exeunt_company::company::{Company, Flaw};
use exeunt_company::frame::{Granted, Purpose};
use exeunt_company::world::{Options, World};
use serde_json::{Value, json};

use super::{Exit, Global, audit as audit_cli, departures, out, revoke as revoke_cli};
use crate::audit;
use crate::clock;
use crate::config::Config;
use crate::connect::fleet::Fleet;
use crate::departure::{self, Desk};
use crate::graph::{Graph, Person};
use crate::manifest::load;
use crate::manifest::raw::Hand;
use crate::model::{DepartureId, Finding, Severity};
use crate::private;
use crate::report;
use crate::revoke::case_name;
use crate::scan::Progress;
use crate::store::Store;
use crate::survey::{self, Survey};

/// The whole job on a simulated company: scan, shadow report, a departure, the audit log
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  exeunt demo\n  exeunt demo --keep company      leaves the settings, the store and the evidence bundle in ./company\n  exeunt demo --serve --keep co   leaves the simulated systems running, for `exeunt --config co/exeunt.toml …` beside it"
)]
pub struct Args {
    /// Leave the store, the settings file and the evidence bundle in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Only bring the company up, and keep it up until Ctrl-C, so that every other command can be tried on it
    #[arg(long, requires = "keep")]
    serve: bool,
}

/// A folder that is removed again, unless it is kept.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            let _already_gone = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn folder(keep: Option<&Path>) -> Result<Folder> {
    let (path, kept) = match keep {
        Some(path) => (path.to_owned(), true),
        None => {
            let path = std::env::temp_dir().join(format!("exeunt-demo-{}-{}", std::process::id(), clock::now().as_microsecond()));
            private::new_folder(&path).with_context(|| format!("making {}", path.display()))?;
            (path, false)
        }
    };
    if path.join("exeunt.db").exists() {
        bail!("{} holds a store already: name an empty folder, or remove that one", path.display());
    }
    std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
    Ok(Folder { path, kept })
}

/// Runs the command.
///
/// # Errors
/// A port or a folder that can't be had, or the store.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let began = std::time::Instant::now();
    let folder = folder(args.keep.as_deref())?;
    let world = World::start(&folder.path, &Options { granted: &|system| granted(system, None), ..Options::default() }).await?;
    if args.serve {
        out::say(format!("{} is up. Try: exeunt --config {} scan", world.company.name, world.settings_file().display()));
        tokio::signal::ctrl_c().await?;
        return Ok(Exit::Fine);
    }
    let config = Config::load(&world.settings_file())?;
    let store = Arc::new(Store::open(&config.store_path())?);
    let fleet = Fleet::open(&config, &[], global.recorder()?.as_ref()).map_err(anyhow::Error::msg)?;
    if let Some((_, reason)) = fleet.closed.first() {
        bail!("the simulated company can't be used: {reason}");
    }
    let quiet = global.json;
    if !quiet {
        let company = &world.company;
        out::say(format!(
            "{}: {} people and {} executives on {} systems, all on this machine.\n",
            company.name,
            company.people.len(),
            company.executives().count(),
            config.systems.len()
        ));
    }

    let survey = scan(&config, &store, &fleet, quiet).await?;
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let people = survey::people(&config, &graph)?;
    let key = compare(&world.company, &people, &survey.findings);
    if !quiet {
        print_shadow(&survey.findings, &people, &key);
    }

    if folder.kept {
        write_shadow(&config, &store, &folder.path)?;
    }

    let leaver = world.company.person(&world.company.leaver).context("the simulated company has no leaver")?;
    world.hr.terminate(&leaver.number, world.company.today())?;
    if !quiet {
        out::say(format!("\nHR says: {}, {}, leaves today.", leaver.display(), leaver.title));
    }
    // HR is asked, as `exeunt serve` would; nothing but its record starts the case.
    let hr = fleet.of_category(crate::manifest::raw::Category::Hris);
    survey::survey(&config, &store, &hr, &survey::Options { no_checks: true, ..Default::default() }, &|_, _| {}).await?;
    departure::hear(&config, &store, "poll")?;
    let Some((id, ..)) = departure::ready(&store, clock::now())?.into_iter().next() else { bail!("HR's record started no departure") };
    let signer = departure::signer(&config);
    let desk = Desk { config: &config, store: &store, fleet: &fleet, signer: &signer };
    let ended = revoke_cli::run_with_bars(&desk, id, quiet).await?;

    let bundle = folder.path.join("evidence.zip");
    let (entries, verified) = evidence(&config, &store, signer.signer(&store)?, id, &bundle)?;
    if folder.kept {
        write_case(&config, &store, id, &folder.path)?;
    }
    let took = began.elapsed().as_secs_f64();
    let nodes = graph.nodes().filter(|(_, node)| node.seen).count();
    if quiet {
        let mut departure = departures::ended_json(&ended)?;
        departure["handed_off"] = json!(ended.tasks.len());
        out::json(&json!({
            "seconds": took,
            "scan": {
                "systems": survey.systems.len(), "nodes": nodes, "edges": graph.net.edge_count(), "seconds": survey.took.as_secs_f64(),
                "gaps": survey.systems.iter().flat_map(|report| report.gaps.iter().map(|(scope, reason)| json!({"system": report.system, "scope": scope, "reason": reason}))).collect::<Vec<_>>(),
            },
            "shadow": { "findings": survey.findings.len(), "by_check": by_check(&survey.findings), "missed": key.missed, "extra": key.extra },
            "departure": departure,
            "audit": { "entries": entries, "verified": verified },
        }));
    } else {
        departures::print_ended(&ended);
        out::say(format!("Audit       {entries} entries, signed checkpoint, {}", if verified { "verified" } else { "NOT verified" }));
        if folder.kept {
            out::say(format!(
                "Look        {0}/shadow.html · {0}/departure.html · {0}/evidence.zip · next: exeunt --config {0}/exeunt.toml show {1}",
                folder.path.display(),
                leaver.number
            ));
        } else {
            out::say("Look        exeunt demo --keep DIR leaves the store, the settings and evidence.zip there");
        }
        out::say(format!("            {took:.1} s in all"));
    }
    let good = verified && ended.residual.is_empty() && key.missed.is_empty() && key.extra.is_empty();
    Ok(if good { Exit::Fine } else { Exit::Found })
}

async fn scan(config: &Config, store: &Store, fleet: &Fleet, quiet: bool) -> Result<Survey> {
    let spinner = out::spinner("Scanning");
    let seen = std::sync::Mutex::new(0_u64);
    let tell = |_: &str, progress: Progress| {
        if let (Progress::Written(_, tally), Ok(mut seen)) = (progress, seen.lock()) {
            *seen += tally.seen;
            spinner.set_message(format!("Scanning    {seen} observations"));
        }
    };
    let survey = survey::survey(config, store, fleet, &survey::Options::default(), &tell).await?;
    spinner.finish_and_clear();
    if !quiet {
        // Those that only carry tasks and notices hold nothing to see.
        let systems: Vec<String> = survey
            .systems
            .iter()
            .filter(|report| report.scopes > 0)
            .map(|report| format!("{} {} {}", report.system, if report.gaps.is_empty() { "✓" } else { "!" }, report.seen))
            .collect();
        for (number, line) in systems.chunks(4).enumerate() {
            let head = if number == 0 { "Scanning   " } else { "           " };
            out::say(format!("{head} {}", line.join("   ")));
        }
        let scopes: u64 = survey.systems.iter().map(|report| report.scopes).sum();
        let gaps: usize = survey.systems.iter().map(|report| report.gaps.len()).sum();
        let complete = (scopes as f64 - gaps as f64) * 100.0 / scopes.max(1) as f64;
        out::say(format!(
            "            {} observations in {:.1} s",
            survey.systems.iter().map(|report| report.seen).sum::<u64>(),
            survey.took.as_secs_f64()
        ));
        let gathered = |report: &crate::scan::SystemReport| -> Vec<String> {
            let gaps = super::scan::gathered(&report.gaps);
            gaps.into_iter().map(|(scope, reason, count)| format!("{} {scope} ×{count} ({reason})", report.system)).collect()
        };
        let not_read: Vec<String> = survey.systems.iter().flat_map(gathered).collect();
        let blind: usize = fleet.systems.values().map(|connection| connection.manifest().blind_spots.len()).sum();
        out::say(format!(
            "Coverage    {complete:.1} % of {scopes} scopes · {blind} blind spots that no API shows{}",
            if not_read.is_empty() { String::new() } else { format!("\n            not read: {}", not_read.join("; ")) }
        ));
    }
    Ok(survey)
}

/// The scopes that an administrator gives to a system's credentials: those that its manifest asks for. `folder` holds manifests that stand in for
/// the ones that come with exeunt.
pub fn granted(system: &str, folder: Option<&Path>) -> Granted {
    let Ok(manifest) = load::find(system, folder) else { return Granted::default() };
    let credentials = &manifest.credentials;
    let all = [(Purpose::Read, Hand::Read), (Purpose::Revoke, Hand::Revoke), (Purpose::Tell, Hand::Tell)];
    let asked = all.into_iter().filter_map(|(purpose, hand)| Some((purpose, credentials.of(hand)?)));
    asked.fold(Granted::default(), |granted, (purpose, credential)| granted.with(purpose, credential.scopes.iter().cloned()))
}

/// How the findings compare with the answer key.
struct Compared {
    missed: Vec<Value>,
    extra: Vec<Value>,
}

fn compare(company: &Company, people: &[Person], findings: &[Finding]) -> Compared {
    let number_of: BTreeMap<_, _> = people.iter().filter_map(|person| Some((person.id, person.number.clone()?))).collect();
    let number = |finding: &Finding| finding.person.and_then(|id| number_of.get(&id).cloned());
    let fits = |flaw: &Flaw, finding: &Finding| {
        flaw.check == finding.check
            && flaw.person == number(finding)
            && flaw.system == finding.system.0
            && (flaw.subject == finding.subject || flaw.subject == finding.label)
    };
    let missed = company.flaws.iter().filter(|flaw| !findings.iter().any(|finding| fits(flaw, finding)));
    let extra = findings.iter().filter(|finding| !company.flaws.iter().any(|flaw| fits(flaw, finding)));
    Compared {
        missed: missed.map(|flaw| json!({"check": flaw.check, "person": flaw.person, "system": flaw.system, "subject": flaw.subject})).collect(),
        extra: extra.map(|finding| json!({"check": finding.check, "person": number(finding), "system": finding.system.0, "subject": finding.subject, "label": finding.label})).collect(),
    }
}

fn by_check(findings: &[Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.check).or_default() += 1;
    }
    counts
}

fn print_shadow(findings: &[Finding], people: &[Person], key: &Compared) {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    out::say(format!(
        "Shadow      {}   {}   medium {}   low {}      against the answer key: {} missed, {} extra",
        out::paint(&format!("critical {}", count(Severity::Critical)), 31),
        out::paint(&format!("high {}", count(Severity::High)), 33),
        count(Severity::Medium),
        count(Severity::Low),
        key.missed.len(),
        key.extra.len()
    ));
    for miss in &key.missed {
        out::say(format!("            missed: {miss}"));
    }
    for extra in &key.extra {
        out::say(format!("            extra: {extra}"));
    }
    let with: BTreeSet<_> = findings.iter().filter_map(|finding| finding.person).collect();
    let mut rows: Vec<(&Person, Vec<&Finding>)> = people
        .iter()
        .filter(|person| with.contains(&person.id))
        .map(|person| (person, findings.iter().filter(|finding| finding.person == Some(person.id)).collect()))
        .collect();
    rows.sort_by_key(|(person, findings)| (std::cmp::Reverse(findings.len()), person.name.clone()));
    for (person, mut findings) in rows.into_iter().take(5) {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let worst: Vec<String> = findings.iter().take(2).map(|finding| finding.title.clone()).collect();
        out::say(format!(
            "  {:22} {} {} {}  {}",
            person.name,
            of(Severity::Critical),
            of(Severity::High),
            of(Severity::Medium),
            worst.join(" · ")
        ));
    }
}

/// Writes the shadow report as it stands before anybody leaves.
fn write_shadow(config: &Config, store: &Store, folder: &Path) -> Result<()> {
    let facts = super::report::read(config, store, None, clock::now())?;
    let (found, reach, read) =
        (report::shadow::Shadow::of(&facts, None, None), report::access::Access::of(&facts, None), report::coverage::Coverage::of(&facts));
    Ok(private::write(&folder.join("shadow.html"), report::html::whole(&found, &reach, &read))?)
}

/// Writes the departure's report.
fn write_case(config: &Config, store: &Store, id: DepartureId, folder: &Path) -> Result<()> {
    let case = store.read(|conn| report::case::Case::of(conn, id))?;
    Ok(private::write(&folder.join("departure.html"), report::html::case(&case, &config.company.name))?)
}

/// Writes the bundle and verifies both it and the log; answers with the log's entries.
fn evidence(config: &Config, store: &Store, signer: &audit::Signer, id: DepartureId, bundle: &Path) -> Result<(u64, bool)> {
    let reports = audit_cli::reports(config, store, id)?;
    store.with_writer(|conn| Ok(audit::bundle(conn, clock::now(), &case_name(id), signer, &reports, bundle)?))?;
    let log = store.with_writer(|conn| Ok(audit::verify_store(conn, &signer.verifier().to_string())?))?;
    let file = audit::verify_bundle(bundle, Some(&signer.verifier().to_string()))?;
    let intact = |report: &audit::Report| audit_cli::report_json(report)["verified"] == json!(true);
    Ok((log.entries, intact(&log) && intact(&file)))
}
