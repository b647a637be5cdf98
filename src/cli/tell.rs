//! `exeunt tell`: carries tasks and events to people now, and looks at open tickets.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args as ClapArgs;
use serde_json::json;

use super::{Exit, Global, out};
use crate::departure::{self, Desk};
use crate::handoff::tell::Options;

/// Tell people now: open tickets, send notices, close the tasks whose tickets are done
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "`exeunt serve` does this by itself, `exeunt revoke` before it ends. Which systems carry what, the settings say (departure.tell)."
)]
pub struct Args {
    /// How long to go on trying what fails, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    patience: u64,
}

/// Runs the command.
///
/// # Errors
/// The settings, or the store.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let (config, store) = global.open()?;
    let store = Arc::new(store);
    let fleet = global.fleet(&config, &[])?;
    let signer = departure::signer(&config);
    let desk = Desk { config: &config, store: &store, fleet: &fleet, signer: &signer };
    let told = departure::tell(&desk, &Options { look: true, patience: Duration::from_secs(args.patience) }).await?;
    if global.json {
        out::json(&json!({
            "tickets": told.tickets,
            "notices": told.notices,
            "closed": told.closed.iter().map(|task| task.0).collect::<Vec<_>>(),
            "untold": told.failed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
    } else if !config.departure.tell.is_on() {
        out::say("nobody is to be told anything: the settings name no system that carries tasks or notices (departure.tell)");
    } else {
        out::say(format!(
            "{} tickets opened, {} notices sent, {} tasks closed by their tickets",
            told.tickets,
            told.notices,
            told.closed.len()
        ));
        for untold in &told.failed {
            out::say(format!("not told: {untold}"));
        }
    }
    Ok(if told.failed.is_empty() { Exit::Fine } else { Exit::CouldNot })
}
