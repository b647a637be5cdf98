//! `exeunt report`: shadow access, everybody's reach, what changed, and what couldn't be seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

use super::{Exit, Global, out, those_called};
use crate::clock;
use crate::config::Config;
use crate::graph::{Around, Graph, Person};
use crate::manifest::load;
use crate::model::NodeId;
use crate::private;
use crate::report::moment::{self, Day};
use crate::report::text::Ink;
use crate::report::{BlindSpot, Facts, Known, access, called, changes, coverage, csv, html, shadow, text};
use crate::store::Store;

/// Shadow access, everybody's reach, what changed, and what couldn't be seen.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  exeunt report shadow\n  exeunt report shadow --person E1002 --format html -o okonjo.html\n  exeunt report changes --since \"7 days ago\"\n\n\
    Exit codes: 1 when shadow shows findings; 2 when a list or a system was not read to its end, or when the rule for executives matches nobody."
)]
pub struct Args {
    /// What to report
    kind: Kind,
    /// One person: employee number, address, HR key or name
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// shadow: first found since; changes: from this moment (7 days ago, if not given)
    #[arg(long, value_name = "MOMENT")]
    since: Option<String>,
    /// How to write it; --json is short for `--format json`
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Ways in that a switched-off sign-in doesn't close
    Shadow,
    /// Every executive's reach, person by system
    Access,
    /// What opened and closed
    Changes,
    /// What was read, what wasn't and why, and what can't be seen
    Coverage,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Csv,
    Html,
}

/// Prints a report.
///
/// # Errors
/// The settings' or the store's; the person isn't known; the file can't be written.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let now = clock::now();
    let since = args.since.as_deref().map(|text| moment::parse(text, Day::Begins, now)).transpose();
    let since = since.map_err(|problem| anyhow!("--since: {problem}"))?;
    if since.is_some() && matches!(args.kind, Kind::Access | Kind::Coverage) {
        anyhow::bail!("--since goes with `report shadow` and `report changes`; for how things stood, use `exeunt show PERSON --as-of`");
    }
    if args.person.is_some() && args.kind == Kind::Coverage {
        anyhow::bail!(
            "coverage is of systems, not of people: leave --person out (`exeunt show PERSON` tells the gaps beside what they reach)"
        );
    }
    let format = if global.json { Format::Json } else { args.format };
    let (config, store) = global.open()?;
    let facts = match args.kind {
        Kind::Shadow => read_people(&config, &store, now)?,
        _ => read(&config, &store, None, now)?,
    };
    let person = args.person.as_deref().map(|text| facts.person(text).map_err(|problem| anyhow!(problem))).transpose()?;
    let colours = if args.output.is_some() { Ink { coloured: false } } else { ink() };
    let (text, exit) = match args.kind {
        Kind::Shadow => {
            let view = shadow::Shadow::around(&store, &facts, person, since)?;
            let exit = if view.totals.total() > 0 { Exit::Found } else { Exit::Fine };
            (write(&view, format, colours, text::shadow, csv::shadow, html::shadow)?, exit)
        }
        Kind::Access => {
            let view = access::Access::of(&facts, person);
            (write(&view, format, colours, text::access, csv::access, html::access)?, Exit::Fine)
        }
        Kind::Changes => {
            let from = since.unwrap_or_else(|| clock::days_before(now, 7));
            let view = store.read(|conn| changes::Changes::of(conn, &facts, from, person))?;
            (write(&view, format, colours, text::changes, csv::changes, html::changes)?, Exit::Fine)
        }
        Kind::Coverage => {
            let view = coverage::Coverage::of(&facts);
            let exit = if view.has_gaps() { Exit::CouldNot } else { Exit::Fine };
            (write(&view, format, colours, text::coverage, csv::coverage, html::coverage)?, exit)
        }
    };
    put(args.output.as_deref(), &text)?;
    Ok(unless_doubtful(exit, &facts, person))
}

/// The exit code of a view, of one person or of all, that shows nothing wrong: could not tell, where its facts prove nothing. Why is said.
pub(super) fn unless_doubtful(exit: Exit, facts: &Facts, person: Option<&Person>) -> Exit {
    doubted(exit, &facts.doubts(person))
}

/// The same, of doubts that are known already.
pub(super) fn doubted(exit: Exit, doubts: &[String]) -> Exit {
    doubts.iter().for_each(|doubt| out::remark(format!("exeunt: {doubt}")));
    if exit == Exit::Fine && !doubts.is_empty() { Exit::CouldNot } else { exit }
}

fn write<V: Serialize>(
    view: &V,
    format: Format,
    ink: Ink,
    text: fn(&V, Ink) -> String,
    csv: fn(&V) -> String,
    html: fn(&V) -> String,
) -> Result<String> {
    Ok(match format {
        Format::Text => text(view, ink),
        Format::Json => serde_json::to_string_pretty(view)? + "\n",
        Format::Csv => csv(view),
        Format::Html => html(view),
    })
}

/// Writes a text to a file, or prints it.
pub(super) fn put(file: Option<&Path>, text: &str) -> Result<()> {
    match file {
        None => out::raw(text.trim_end()),
        Some(file) => {
            private::write(file, text).with_context(|| format!("{} can't be written", file.display()))?;
            if out::watched() {
                out::remark(format!("written: {}", file.display()));
            }
        }
    }
    Ok(())
}

/// The facts that views are made from, with the blind spots of the manifests.
pub(super) fn read(config: &Config, store: &Store, as_of: Option<Timestamp>, now: Timestamp) -> Result<Facts> {
    remark_in_clear(config);
    let known = known(config);
    store.read(|conn| Facts::read(conn, config, known, as_of, now))
}

/// The facts of everybody, and of nothing that they reach.
fn read_people(config: &Config, store: &Store, now: Timestamp) -> Result<Facts> {
    remark_in_clear(config);
    store.read(|conn| Facts::of_people(conn, config, known(config), now))
}

/// Says which systems are spoken to in clear: some views have no place for what can't be seen.
fn remark_in_clear(config: &Config) {
    let (what, why) = crate::config::IN_CLEAR;
    for name in config.in_clear() {
        out::remark(format!("{name}: can't be seen: {what}: {why}"));
    }
}

/// The facts of these people: whose accounts are whose, and nothing that they reach.
pub(super) fn read_of(config: &Config, store: &Store, people: &[NodeId], now: Timestamp) -> Result<Facts> {
    remark_in_clear(config);
    let around = Around { besides: people.to_vec(), ..Around::default() };
    store.read(|conn| Facts::around(conn, config, &around, known(config), None, now))
}

/// The facts around the person whom `text` means, and who that is.
pub(super) fn read_about(config: &Config, store: &Store, text: &str, as_of: Option<Timestamp>, now: Timestamp) -> Result<(Facts, Person)> {
    remark_in_clear(config);
    let id = match those_called(config, store, text, as_of)?.as_slice() {
        [only] => only.id,
        // By a title, or a part of a name.
        _ => {
            let everybody = crate::survey::people(config, &store.read(|conn| Graph::of_people(conn, as_of))?)?;
            called(&everybody, text).map_err(|problem| anyhow!(problem))?.id
        }
    };
    let around = Around { people: vec![id], ..Around::default() };
    let facts = store.read(|conn| Facts::around(conn, config, &around, known(config), as_of, now))?;
    let person = facts.people.iter().find(|person| person.id == id).cloned().context("the store has changed meanwhile: ask again")?;
    Ok((facts, person))
}

/// What the manifests of the configured systems say.
fn known(config: &Config) -> Known {
    let folder = config.scanners.as_deref().map(|folder| config.at(folder));
    let (mut spots, mut manifests) = (Vec::new(), BTreeMap::new());
    for (name, system) in &config.systems {
        if system.plain {
            let (what, why) = crate::config::IN_CLEAR;
            spots.push(BlindSpot { system: name.clone(), what: what.to_owned(), lives: None, why: why.to_owned() });
        }
        match load::find(&system.scanner, folder.as_deref()) {
            Ok(manifest) => {
                spots.extend(manifest.blind_spots.iter().map(|spot| BlindSpot {
                    system: name.clone(),
                    what: spot.what.clone(),
                    lives: spot.lives.clone(),
                    why: spot.why.clone(),
                }));
                manifests.insert(name.clone(), manifest);
            }
            // A report must be had even then; that nothing is known about blind spots is one.
            Err(problems) => spots.push(BlindSpot {
                system: name.clone(),
                what: "what this system's API can't show".to_owned(),
                lives: None,
                why: format!("its manifest can't be read: {}", load::told(&problems).replace('\n', "; ")),
            }),
        }
    }
    Known { blind_spots: spots, manifests }
}

/// How text is written to standard output.
pub(super) fn ink() -> Ink {
    Ink { coloured: out::coloured() }
}

/// Prints a view as JSON.
pub(super) fn publish(view: &impl Serialize) -> Result<()> {
    out::json(&serde_json::to_value(view)?);
    Ok(())
}
