//! `exeunt link`: which accounts are whose, and people's word on the doubtful ones.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::audit;
use crate::clock;
use crate::graph::Graph;
use crate::store::{self, Store};

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
            let exit = super::report::unless_doubtful(exit, &super::report::read(&config, &store, None, clock::now())?, None);
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
            decide(&store, id, &by, "link.confirmed", store::links::confirm)?;
            out::say(format!("link {id} is confirmed"));
        }
        Args::Reject { id, by } => {
            decide(&store, id, &by, "link.rejected", store::links::reject)?;
            out::say(format!("link {id} is rejected"));
        }
    }
    Ok(Exit::Fine)
}

/// Keeps a decision, with its entry in the audit log: whose an account is decides what a departure takes away.
fn decide(
    store: &Store,
    id: i64,
    by: &str,
    act: &str,
    how: impl Fn(&rusqlite::Transaction<'_>, i64, &str, jiff::Timestamp) -> Result<i64>,
) -> Result<()> {
    let now = clock::now();
    store.write_durably(|tx| {
        let decided = how(tx, id, by, now)?;
        let (person, system, account) = store::links::about(tx, decided)?;
        let draft = audit::Draft {
            act: act.to_owned(),
            case: None,
            actor: by.to_owned(),
            target: Some(json!({ "link": decided })),
            detail: json!({ "person": person, "system": system, "account": account }),
            evidence: Vec::new(),
        };
        audit::append(tx, now, &draft)?;
        Ok(())
    })
}
