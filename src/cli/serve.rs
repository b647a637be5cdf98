//! `exeunt serve`: schedules, HR's webhooks and polls, until told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args as ClapArgs;
use tokio_util::sync::CancellationToken;

use super::{Exit, Global, out};
use crate::clock;
use crate::config::Config;
use crate::departure;
use crate::secret::Kept;
use crate::serve::{Asking, Believed, Health, Server, Wake};

/// Scan on schedule, hear HR, run departures
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Example:\n  exeunt serve --listen 0.0.0.0:8470\n\nHR's webhooks go to /hooks/NAME (serve.hooks in the settings). /healthz answers while it runs; /readyz answers 503 with a word a line for what doesn't work. A stop (SIGTERM, Ctrl-C) takes five seconds at most; a departure that has not ended by then is gone on with at the next start."
)]
pub struct Args {
    /// Where to listen, in place of serve.listen
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The clock is right, though it is far ahead of when anything was done last
    #[arg(long)]
    accept_clock: bool,
}

/// Runs the command.
///
/// # Errors
/// The settings, the store, an address that can't be had.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let (config, store) = global.open()?;
    let fleet = global.fleet(&config, &[])?;
    for (_, reason) in &fleet.closed {
        out::remark(format!("can't be used: {reason}"));
    }
    for problem in departure::nobodys(&config, &store)? {
        out::remark(problem);
    }
    let hooks = hooks(&config);
    let listen = args.listen.clone().unwrap_or_else(|| config.serve.listen.clone());
    let listener = tokio::net::TcpListener::bind(&listen).await.with_context(|| format!("listening on {listen}"))?;
    out::say(format!("listening on http://{}", listener.local_addr()?));
    let signer = departure::signer(&config);
    let believed = if args.accept_clock { Believed::accepted(&store, clock::now())? } else { Believed::default() };
    let server = Server {
        believed,
        asking: Asking::default(),
        wake: Wake::default(),
        health: Health::default(),
        config: Arc::new(config),
        store: Arc::new(store),
        fleet: Arc::new(fleet),
        hooks,
        signer: Arc::new(signer),
        away: std::sync::Mutex::default(),
        tell: Arc::new(|line: &str| out::say(line)),
    };
    let stop = CancellationToken::new();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            wait_for_signal().await;
            out::remark("stopping: what is under way has a few seconds");
            stop.cancel();
        }
    });
    Arc::new(server).run(listener, stop).await?;
    Ok(Exit::Fine)
}

/// The webhooks' secrets, read once. One that can't be read is said, and its webhook is not heard.
fn hooks(config: &Config) -> BTreeMap<String, Kept> {
    let mut hooks = BTreeMap::new();
    for (name, hook) in &config.serve.hooks {
        match config.secret(&hook.secret).and_then(Kept::read) {
            Ok(secret) => _ = hooks.insert(name.clone(), secret),
            Err(problem) => out::remark(format!("can't be used: serve.hooks.{name}.secret: {problem}")),
        }
    }
    hooks
}

async fn wait_for_signal() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without it Ctrl-C still stops us.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
