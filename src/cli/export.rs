//! `exeunt export`: the graph and the findings for other tools.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::ValueEnum;

use super::report::{put, read, unless_doubtful};
use super::{Exit, Global};
use crate::clock;
use crate::report::moment::{self, Day};
use crate::report::person::Inventory;
use crate::report::{csv, graphml, ocsf, opengraph};
use crate::store::findings;

/// The graph and the findings for other tools.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  exeunt export opengraph -o exeunt.json       # BloodHound\n  exeunt export csv --person E1002 -o okonjo.csv\n  exeunt export ocsf --since yesterday -o siem.jsonl"
)]
pub struct Args {
    /// For which tool
    kind: Kind,
    /// Write to this file; standard output when left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What this person reaches alone: employee number, address, HR key or name
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// How it was then: a date (its end, UTC), RFC 3339, or `3 days ago`
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,
    /// ocsf: findings opened and closed since then, in place of the open ones
    #[arg(long, value_name = "MOMENT")]
    since: Option<String>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The graph, for BloodHound
    Opengraph,
    /// The graph, for yEd, Gephi, networkx
    Graphml,
    /// Everything that each executive reaches, a line each
    Csv,
    /// Findings and standing access as OCSF 1.8.0 events, for a SIEM
    Ocsf,
}

/// Writes an export.
///
/// # Errors
/// The settings' or the store's; the person isn't known; the file can't be written.
pub async fn run(global: &Global, args: Args) -> Result<Exit> {
    let now = clock::now();
    let at = |flag: &str, text: &Option<String>, day: Day| {
        text.as_deref().map(|text| moment::parse(text, day, now)).transpose().map_err(|problem| anyhow!("{flag}: {problem}"))
    };
    let (as_of, since) = (at("--as-of", &args.as_of, Day::Ends)?, at("--since", &args.since, Day::Begins)?);
    if since.is_some() && args.kind != Kind::Ocsf {
        anyhow::bail!("--since goes with `export ocsf` alone");
    }
    let (config, store) = global.open()?;
    let facts = read(&config, &store, as_of, now)?;
    let person = args.person.as_deref().map(|text| facts.person(text).map_err(|problem| anyhow!(problem))).transpose()?;
    let text = match args.kind {
        Kind::Opengraph => serde_json::to_string(&opengraph::graph(&facts, person))? + "\n",
        Kind::Graphml => graphml::graph(&facts, person),
        Kind::Csv => {
            let wanted = facts.people.iter().filter(|one| person.map_or(one.executive, |person| person.id == one.id));
            csv::inventories(&wanted.map(|one| Inventory::of(&facts, one)).collect::<Vec<_>>())
        }
        Kind::Ocsf => {
            let rows = match since {
                Some(since) => store.read(|conn| findings::changed(conn, since))?,
                None => facts.findings.clone(),
            };
            ocsf::lines(&ocsf::events(&facts, &rows, person))
        }
    };
    put(args.output.as_deref(), &text)?;
    Ok(unless_doubtful(Exit::Fine, &facts, person))
}
