//! The command line: flags in, a library call, words out. Nothing is decided here.

pub mod out;
pub mod scanners;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::store::Store;

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

#[derive(Parser, Debug)]
#[command(
    name = "exeunt",
    version,
    about = "See every way in. Close them all at once. Prove they are closed.",
    long_about = "exeunt keeps a living graph of everything each executive can reach, shadow access included. When one leaves, it takes\n\
                  everything away at once, proves each cut by a fresh read, and records all of it so that others can verify it.\n\n\
                  New here? `exeunt demo` shows the whole job on a simulated company in under a minute.",
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
    /// List, show, check and begin manifests: one file per system
    #[command(subcommand)]
    Scanners(scanners::Args),
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
        Command::Scanners(args) => scanners::run(global, args),
    }
}

/// Logging goes to standard error, silent unless `EXEUNT_LOG` asks for it (`EXEUNT_LOG=exeunt=debug`).
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("EXEUNT_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    let _already_set = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
