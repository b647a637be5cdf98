//! The command line: flags in, a library call, words out. Nothing is decided here.

pub mod audit;
#[cfg(feature = "demo")]
pub mod demo;
pub mod departures;
pub mod export;
pub mod init;
mod late;
pub mod link;
pub mod out;
pub mod people;
pub mod report;
pub mod revoke;
pub mod scan;
pub mod scanners;
pub mod serve;
pub mod show;
pub mod tasks;
pub mod tell;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::config::Config;
use crate::connect::Recorder;
use crate::connect::fleet::Fleet;
use crate::graph::{Around, Graph, Person, executive_rule};
use crate::model::NodeId;
use crate::report::NEVER_READ;
use crate::store::graph::once_called;
use crate::store::{Store, history};
use crate::survey::judge;

/// How a command ended: the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing wrong.
    Fine = 0,
    /// It found something: findings, residual access.
    Found = 1,
    /// It could not tell, or could not do.
    CouldNot = 2,
}

/// What every command takes.
#[derive(clap::Args, Debug, Clone)]
pub struct Global {
    /// The settings file
    #[arg(long, global = true, value_name = "FILE", default_value = "exeunt.toml", env = "EXEUNT_CONFIG")]
    pub config: PathBuf,
    /// The store, in place of the one that the settings name
    #[arg(long, global = true, value_name = "FILE", env = "EXEUNT_STORE")]
    pub store: Option<PathBuf>,
    /// Print one JSON object (its shape is described in schema/)
    #[arg(long, global = true)]
    pub json: bool,
    /// Write each HTTP exchange to this file as a JSON line, secrets redacted
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

impl Global {
    /// The settings.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn settings(&self) -> Result<Config> {
        let mut config = Config::load(&self.config)?;
        if let Some(rule) = &config.people.executive {
            executive_rule(rule).map_err(|problem| anyhow::anyhow!("{}: {problem}", self.config.display()))?;
        }
        if let Some(store) = &self.store {
            config.store = Some(std::path::absolute(store).unwrap_or_else(|_| store.clone()));
        }
        Ok(config)
    }

    /// The settings and the store they name.
    ///
    /// # Errors
    /// As [`Config::load`] and [`Store::open`].
    pub fn open(&self) -> Result<(Config, Store)> {
        let config = self.settings()?;
        let store = Store::open(&config.store_path())?;
        Ok((config, store))
    }
}

impl Global {
    /// Where exchanges are recorded, if they are.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn recorder(&self) -> Result<Option<Recorder>> {
        self.record.as_deref().map(|path| Recorder::to_file(path).map_err(anyhow::Error::msg)).transpose()
    }

    /// The configured systems, or those named.
    ///
    /// # Errors
    /// A name that isn't configured.
    pub fn fleet(&self, config: &Config, only: &[String]) -> Result<Fleet> {
        let problems = judge::actions(config);
        if !problems.is_empty() {
            bail!("{}: {}", self.config.display(), problems.join("; "));
        }
        Fleet::open(config, only, self.recorder()?.as_ref()).map_err(anyhow::Error::msg)
    }
}

/// That nothing has been read yet, if so: then nothing found is nothing known.
///
/// # Errors
/// The store's.
fn never_read(store: &Store) -> Result<Vec<String>> {
    let none = store.read(|conn| Ok(history::last_scans(conn, None)?.is_empty() && history::coverage(conn, None)?.is_empty()))?;
    Ok(none.then(|| NEVER_READ.to_owned()).into_iter().collect())
}

/// The people with this employee number, address, HR key or name.
fn those_called(config: &Config, store: &Store, name: &str, as_of: Option<Timestamp>) -> Result<Vec<Person>> {
    let graph = store.read(|conn| {
        let besides = once_called(conn, name)?;
        Graph::around(conn, as_of, &Around { besides, ..Around::default() })
    })?;
    let mut people = crate::survey::people(config, &graph)?;
    people.retain(|person| person.is_called(name));
    Ok(people)
}

/// The person that `name` means: an employee number, an address, HR's key or a name.
///
/// # Errors
/// Nobody is called that, or several are: with those that come near.
pub fn find_person(config: &Config, store: &Store, name: &str) -> Result<NodeId> {
    match those_called(config, store, name, None)?.as_slice() {
        [person] => return Ok(person.id),
        several @ [_, _, ..] => bail!("{} people are called {name:?}: use an employee number", several.len()),
        [] => {}
    }
    let people = crate::survey::people(config, &store.read(|conn| Graph::of_people(conn, None))?)?;
    let lower = name.to_lowercase();
    let near: Vec<String> = people
        .iter()
        .filter(|person| person.name.to_lowercase().contains(&lower))
        .take(5)
        .map(|person| format!("{} ({})", person.name, person.number.as_deref().unwrap_or(&person.key)))
        .collect();
    match (people.is_empty(), near.is_empty()) {
        (true, _) => bail!("nobody is known yet: `exeunt scan` reads HR first"),
        (false, true) => bail!("HR knows nobody called {name:?}; `exeunt people` lists everybody"),
        (false, false) => bail!("HR knows nobody called {name:?}; did you mean {}?", near.join(", ")),
    }
}

#[derive(Parser, Debug)]
#[command(
    name = "exeunt",
    version,
    about = "See every way in. Close them all at once. Prove they are closed.",
    long_about = "exeunt keeps a living graph of everything each executive can reach, shadow access included. When one leaves, it takes everything away at once, proves each cut by a fresh read, and records all of it so that others can verify it.\n\nNew here? `exeunt demo` shows the whole job on a simulated company in under a minute.",
    after_help = "Exit codes: 0 nothing wrong, 1 found something (findings, residual access), 2 could not tell or could not do.",
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    Init(init::Init),
    Check(init::Check),
    Scan(scan::Args),
    People(people::Args),
    Show(show::Args),
    Report(report::Args),
    Export(export::Args),
    #[command(subcommand)]
    Link(link::Args),
    Revoke(revoke::Args),
    /// List every case
    Departures,
    Departure(departures::One),
    Approve(departures::Approve),
    Cancel(departures::Cancel),
    Tasks(tasks::List),
    Task(tasks::One),
    Tell(tell::Args),
    #[command(subcommand)]
    Audit(audit::Args),
    /// List, show, check and begin manifests: one file per system
    #[command(subcommand)]
    Scanners(scanners::Args),
    Serve(serve::Args),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging();
    // One provider for everything that speaks TLS; a second one that some dependency brings must not matter.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime");
    let ended = runtime.and_then(|runtime| {
        let ended = runtime.block_on(dispatch(cli));
        runtime.shutdown_timeout(std::time::Duration::from_millis(200));
        ended
    });
    match ended {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            out::complain(&error);
            ExitCode::from(Exit::CouldNot as u8)
        }
    }
}

async fn dispatch(cli: Cli) -> Result<Exit> {
    let global = &cli.global;
    match cli.command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(global, args).await,
        Command::Init(args) => init::init(global, args),
        Command::Check(args) => init::check(global, args).await,
        Command::Scan(args) => scan::run(global, args).await,
        Command::People(args) => people::run(global, args).await,
        Command::Show(args) => show::run(global, args).await,
        Command::Report(args) => report::run(global, args).await,
        Command::Export(args) => export::run(global, args).await,
        Command::Link(args) => link::run(global, args),
        Command::Revoke(args) => revoke::run(global, args).await,
        Command::Departures => departures::list(global),
        Command::Departure(args) => departures::one(global, args).await,
        Command::Approve(args) => departures::approve(global, args).await,
        Command::Cancel(args) => departures::cancel(global, args),
        Command::Tasks(args) => tasks::list(global, args),
        Command::Task(args) => tasks::one(global, args),
        Command::Tell(args) => tell::run(global, args).await,
        Command::Audit(args) => audit::run(global, args),
        Command::Scanners(args) => scanners::run(global, args),
        Command::Serve(args) => serve::run(global, args).await,
    }
}

/// Logging goes to standard error, silent but for errors unless `EXEUNT_LOG` asks for more (`EXEUNT_LOG=exeunt=debug`).
fn start_logging() {
    use tracing_subscriber::prelude::*;
    use tracing_subscriber::{filter::Targets, fmt, registry};
    let asked = std::env::var("EXEUNT_LOG").unwrap_or_else(|_| "error".to_owned());
    let filter = asked.parse::<Targets>().unwrap_or_else(|error| {
        eprintln!(
            "warning: EXEUNT_LOG={asked} is no filter ({error}): only errors are logged; write, for example, EXEUNT_LOG=exeunt=debug"
        );
        Targets::new().with_default(tracing::Level::ERROR)
    });
    let _already_set = registry().with(fmt::layer().with_writer(|| out::Log).with_filter(filter)).try_init();
}
