//! `exeunt link`: which accounts are whose, and people's word on the doubtful ones.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::clock;
use crate::graph::Graph;
use crate::store;

/// Which accounts are whose: list what is in doubt, confirm or reject
#[derive(Subcommand, Debug)]
pub enum Args {
    /// List links that a person should look at
    List {
        /// The certain and the decided ones too
        #[arg(long)]
        all: bool,
    },
    /// Say that the account is this person's
    Confirm {
        /// The link's number
        id: i64,
        /// Who says so
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Say that the account is not this person's
    Reject {
        /// The link's number
        id: i64,
        /// Who says so
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// Runs the command.
///
/// # Errors
/// The store's, or there is no such link.
pub fn run(global: &Global, args: Args) -> Result<Exit> {
    let (config, store) = global.open()?;
    match args {
        Args::List { all } => {
            let graph = store.read(|conn| Graph::read(conn, None))?;
            let exit = if graph.links.iter().any(|link| link.is_in_doubt()) { Exit::Found } else { Exit::Fine };
            let exit = super::report::unless_doubtful(exit, &super::report::read(&config, &store, None, clock::now())?);
            let links: Vec<_> = graph.links.iter().filter(|link| all || link.is_in_doubt()).collect();
            let label = |id| graph.node(id).map_or_else(|| "?".to_owned(), |node| node.label().to_owned());
            let system = |id| graph.node(id).map(|node| node.system.clone()).unwrap_or_default();
            if global.json {
                let view = |link: &&crate::graph::Link| {
                    json!({"link": link.id, "person": label(link.person), "account": label(link.account), "system": system(link.account), "state": link.state.word(),
                        "confidence": link.confidence, "evidence": link.evidence, "doubt": link.doubt})
                };
                out::json(&Value::Array(links.iter().map(view).collect()));
                return Ok(exit);
            }
            if links.is_empty() {
                out::say("nothing is in doubt");
            }
            for link in links {
                out::say(format!(
                    "{:>5}  {:9} {:.2}  {}  has  {} ({})",
                    link.id,
                    link.state.word(),
                    link.confidence,
                    label(link.person),
                    label(link.account),
                    system(link.account)
                ));
                out::say(format!("       {}", link.evidence.join("; ")));
                if let Some(doubt) = &link.doubt {
                    out::say(format!("       in doubt: {doubt}"));
                }
            }
            return Ok(exit);
        }
        Args::Confirm { id, by } => {
            store.write_durably(|tx| store::links::confirm(tx, id, &by, clock::now()))?;
            out::say(format!("link {id} is confirmed"));
        }
        Args::Reject { id, by } => {
            store.write_durably(|tx| store::links::reject(tx, id, &by, clock::now()))?;
            out::say(format!("link {id} is rejected"));
        }
    }
    Ok(Exit::Fine)
}
