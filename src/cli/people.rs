//! `exeunt people`: who works here, what they have, and what is wrong with it.

use anyhow::Result;

use super::report::{doubted, ink, publish, read_of};
use super::{Exit, Global};
use crate::clock;
use crate::graph::{Graph, unmatched};
use crate::model::NodeId;
use crate::report::people::People;
use crate::report::text;
use crate::survey;

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
    let everybody = survey::people(&config, &store.read(|conn| Graph::of_people(conn, None))?)?;
    let shown: Vec<NodeId> = everybody.iter().filter(|person| !args.executives || person.executive).map(|person| person.id).collect();
    let facts = read_of(&config, &store, &shown, clock::now())?;
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
    let mut doubts = facts.doubts(None);
    let mut of_rule = unmatched(&everybody, config.people.executive.as_deref(), &config.people.executives);
    of_rule.retain(|doubt| !doubts.contains(doubt));
    doubts.extend(of_rule);
    Ok(doubted(Exit::Fine, &doubts))
}
