//! `exeunt people`: who works here, what they have, and what is wrong with it.

use anyhow::Result;

use super::report::{ink, publish, read, unless_doubtful};
use super::{Exit, Global};
use crate::clock;
use crate::report::people::People;
use crate::report::text;

/// Who works here, what they have, and what is wrong with it.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  exeunt people --executives")]
pub struct Args {
    /// Executives alone, as the settings' `people` say who is one
    #[arg(long)]
    executives: bool,
}

/// Prints everybody, or the executives.
///
/// # Errors
/// The settings' or the store's.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let (config, store) = global.open()?;
    let facts = read(&config, &store, None, clock::now())?;
    let view = People::of(&facts, args.executives);
    if view.people.is_empty() {
        let who =
            if args.executives { "no executives are known: see `people.executive` in the settings, or" } else { "nobody is known yet:" };
        anyhow::bail!("{who} run `exeunt scan` on the HR system first");
    }
    if global.json {
        publish(&view)?
    } else {
        super::out::say(text::people(&view, ink()).trim_end())
    }
    Ok(unless_doubtful(Exit::Fine, &facts, None))
}
