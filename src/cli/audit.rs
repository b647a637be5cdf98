//! `exeunt audit`: verify the log, make an evidence bundle, read the log.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::audit::{self, Note, Report, Signer, Verdict};
use crate::clean;
use crate::clock;
use crate::config::Config;
use crate::departure;
use crate::model::DepartureId;
use crate::report::case::Case;
use crate::report::html;
use crate::revoke::case_name;
use crate::store::Store;

/// The audit log: what was done, provable without us.
#[derive(Subcommand, Debug)]
pub enum Args {
    /// Verify the log, or an evidence bundle
    #[command(
        after_help = "Examples:\n  exeunt audit verify                   the store's own log\n  exeunt audit verify evidence.zip      a bundle; needs no store and no settings\n  exeunt audit verify --since mail.txt  the log must begin with what an earlier notice's checkpoint signs"
    )]
    Verify {
        /// An evidence bundle; the store's log when left out
        bundle: Option<PathBuf>,
        /// The verifier key that the log must be signed with (else the one it names)
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// What was given away earlier: a checkpoint (as notices hold it) or a bundle. The log must begin with what it signs; may be given more than once
        #[arg(long, value_name = "FILE")]
        since: Vec<PathBuf>,
    },
    /// Write everything about a departure into one file that verifies offline
    Bundle {
        /// The departure's number
        departure: i64,
        /// Where to
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Put a new key in the place of one that is lost; the log says who did so and why
    #[command(after_help = "Example:\n  exeunt audit new-key --by 'Anna, security' --reason 'the disk with the key died on 3 March'")]
    NewKey {
        /// What became of the old key
        #[arg(long)]
        reason: String,
        /// Who replaces it
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Print the log, one entry a line
    Log {
        /// Only this departure's entries
        #[arg(long, value_name = "ID")]
        departure: Option<i64>,
    },
}

/// Runs the command.
///
/// # Errors
/// The store's, or a file that can't be read or written.
pub fn run(global: &Global, args: Args) -> Result<Exit> {
    match args {
        Args::Verify { bundle, key, since } => {
            let earlier = since.iter().map(|path| audit::earlier(path)).collect::<audit::Result<Vec<_>>>()?;
            let report = match bundle {
                Some(path) => audit::verify_bundle_since(&path, key.as_deref(), &earlier)?,
                None => {
                    let (config, store) = global.open()?;
                    let (key, from_store) = match (key, departure::signer(&config)) {
                        (Some(key), _) => (key, false),
                        (None, seal) => match seal.verifier(&store)? {
                            Some(known) => known,
                            // Nothing was ever signed: any key will do to say so.
                            None => (Signer::generate(&config.audit.origin)?.verifier().to_string(), false),
                        },
                    };
                    let mut report = store.with_writer(|conn| Ok(audit::verify_store_since(conn, &key, &earlier)?))?;
                    if from_store {
                        report.notes.insert(0, Note::KeyFromStore(key));
                    }
                    report
                }
            };
            print_report(global, &report);
            let own_key = report.notes.iter().any(|note| matches!(note, Note::KeyFromStore(_)));
            Ok(match report.verdict() {
                Verdict::Broken => Exit::Found,
                // Whoever rewrites the store writes its key as well.
                _ if own_key => Exit::CouldNot,
                Verdict::Intact | Verdict::Unsigned => Exit::Fine,
            })
        }
        Args::NewKey { reason, by } => {
            let (config, store) = global.open()?;
            let seal = departure::signer(&config);
            let key = seal.replace(&store, &reason, &by)?;
            out::say(format!("the log is signed with a new key from now on: {key}"));
            out::say("give it to whoever verifies, and keep its file where it can't be lost again");
            if let Some(why) = seal.sign(&store) {
                out::remark(format!("the audit log could not be signed: {why}"));
                return Ok(Exit::CouldNot);
            }
            Ok(Exit::Fine)
        }
        Args::Bundle { departure, output } => {
            let (config, store) = global.open()?;
            let seal = departure::signer(&config);
            let signer = seal.signer(&store)?;
            let id = DepartureId(departure);
            let reports = reports(&config, &store, id)?;
            store.with_writer(|conn| Ok(audit::bundle(conn, clock::now(), &case_name(id), signer, &reports, &output)?))?;
            let report = audit::verify_bundle(&output, Some(&signer.verifier().to_string()))?;
            print_report(global, &report);
            if !global.json {
                out::say(format!("written to {}; HOW-TO-VERIFY.md in it tells how others check it", output.display()));
                out::say(format!("its verify.py is {}: tell them by another way than the bundle", audit::verify_py()));
            }
            Ok(if report.verdict() == Verdict::Broken { Exit::Found } else { Exit::Fine })
        }
        Args::Log { departure } => {
            let (_, store) = global.open()?;
            let case = departure.map(|id| case_name(DepartureId(id)));
            let entries = store.read(|conn| Ok(audit::entries(conn, case.as_deref(), 0, u64::from(u32::MAX))?))?;
            for entry in entries {
                out::raw(&clean::json(&String::from_utf8_lossy(&entry.body)));
            }
            Ok(Exit::Fine)
        }
    }
}

/// A report as its schema has it.
pub fn report_json(report: &Report) -> Value {
    json!({
        "entries": report.entries,
        "signed": report.size,
        "root": report.root,
        "origin": report.origin,
        "signed_at": report.signed_at.map(|at| at.to_string()),
        "verified": report.verdict() == Verdict::Intact,
        "problems": report.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn print_report(global: &Global, report: &Report) {
    if global.json {
        return out::json(&report_json(report));
    }
    let verdict = match report.verdict() {
        Verdict::Intact => "intact",
        Verdict::Broken => "BROKEN",
        Verdict::Unsigned => "not signed yet",
    };
    out::say(format!("{} entries, {} of them signed: {verdict}", report.entries, report.size));
    for problem in &report.problems {
        out::say(format!("  {problem}"));
    }
    for note in &report.notes {
        out::say(format!("  note: {note}"));
    }
}

/// The readable reports of a departure, for its bundle: file names and contents.
///
/// # Errors
/// The store's, or there is no such departure.
pub fn reports(config: &Config, store: &Store, id: DepartureId) -> Result<Vec<(String, Vec<u8>)>> {
    let case = store.read(|conn| Case::of(conn, id))?;
    let json = serde_json::to_vec_pretty(&case)?;
    Ok(vec![("report.html".to_owned(), html::case(&case, &config.company.name).into_bytes()), ("report.json".to_owned(), json)])
}
