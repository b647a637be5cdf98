//! `exeunt show`: everything that one person can reach, now or at a moment, and why.

use anyhow::{Context as _, Result, anyhow};

use super::report::{ink, publish, read, read_about, unless_doubtful};
use super::{Exit, Global, out};
use crate::clock;
use crate::report::moment::{self, Day};
use crate::report::person::Inventory;
use crate::report::text;
use crate::report::why::Why;

/// Everything that one person can reach, and why.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  exeunt show E1002\n  exeunt show cfo@northmoor.example --as-of 2026-03-03\n  exeunt show \"Rafael Okonjo\" --why \"Board pack Q3.pdf\""
)]
pub struct Args {
    /// Employee number, address, HR key or name
    person: String,
    /// How it was then: a date (its end, UTC), RFC 3339, or `3 days ago`
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,
    /// Print every path to this: a key or a name, or a part of one
    #[arg(long, value_name = "NODE")]
    why: Option<String>,
}

/// Prints one person's inventory, or the paths to one thing.
///
/// # Errors
/// The settings' or the store's; the person or the thing isn't known, or several are.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let now = clock::now();
    let as_of = args.as_of.as_deref().map(|text| moment::parse(text, Day::Ends, now)).transpose();
    let as_of = as_of.map_err(|problem| anyhow!("--as-of: {problem}"))?;
    let (config, store) = global.open()?;
    let (facts, person) = read_about(&config, &store, &args.person, as_of, now)?;
    let person = &person;
    match &args.why {
        Some(asked) => {
            let view = match Why::of(&facts, person, asked) {
                Ok(view) => view,
                // What they don't reach is looked for among everything.
                Err(_) => {
                    let all = read(&config, &store, as_of, now)?;
                    let same = all.people.iter().find(|known| known.id == person.id);
                    Why::of(&all, same.context("the store has changed meanwhile: ask again")?, asked).map_err(|problem| anyhow!(problem))?
                }
            };
            if global.json { publish(&view)? } else { out::say(text::why(&view, ink()).trim_end()) }
        }
        None => {
            let view = Inventory::of(&facts, person);
            if global.json { publish(&view)? } else { out::say(text::inventory(&view, ink()).trim_end()) }
        }
    }
    Ok(unless_doubtful(Exit::Fine, &facts, Some(person)))
}
