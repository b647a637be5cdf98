//! `exeunt scanners`: list, show, check and begin manifests.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table};
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::config::Config;
use crate::graph::executive_rule;
use crate::manifest::play::{self, Played};
use crate::manifest::proofs;
use crate::manifest::raw::TakeKind;
use crate::manifest::{Manifest, examples, load, new};
use crate::report::systems;

/// Manifests: one file per system.
#[derive(Subcommand, Debug)]
pub enum Args {
    /// List the scanners: what each can see, take and lock down
    List,
    /// Show one scanner: what it sees, takes, proves, and what it can't see
    Show {
        /// The scanner's name
        name: String,
    },
    /// Check manifests: structure, expressions, references, examples; every problem at once, with its line
    #[command(
        after_help = "Examples:\n  exeunt scanners check                 the built-in ones, and those of the settings' folder\n  exeunt scanners check my-crm.yaml     one file, before you use it"
    )]
    Check {
        /// Files to check; the built-in ones when none is given
        files: Vec<PathBuf>,
    },
    /// Print a commented manifest to begin with
    #[command(after_help = "Example:\n  exeunt scanners new my-crm > scanners/my-crm.yaml")]
    New {
        /// The scanner's name
        name: String,
        /// How the system is reached
        #[arg(long, value_enum, default_value_t = Transport::Http)]
        transport: Transport,
    },
}

/// How a system is reached.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum Transport {
    /// An HTTP API
    Http,
    /// A directory
    Ldap,
    /// A file that somebody drops
    File,
}

impl Transport {
    fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Ldap => "ldap",
            Self::File => "file",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A file that can't be read, a scanner that doesn't exist.
pub fn run(global: &Global, args: Args) -> Result<Exit> {
    match args {
        Args::List => list(global),
        Args::Show { name } => show(global, &name),
        Args::Check { files } => check(global, &files),
        Args::New { name, transport } => {
            let text = new::skeleton(&name, transport.word()).map_err(anyhow::Error::msg)?;
            out::say(text.trim_end());
            Ok(Exit::Fine)
        }
    }
}

/// The settings' own folder of manifests, if there are settings and they name one.
fn own_folder(global: &Global) -> Option<PathBuf> {
    let config = Config::load(&global.config).ok()?;
    config.scanners.as_deref().map(|folder| config.at(folder))
}

fn all(global: &Global) -> Result<Vec<Manifest>> {
    let folder = own_folder(global);
    let mut names: Vec<String> = load::builtin().iter().map(|(name, _)| (*name).to_owned()).collect();
    for file in yaml_files(folder.as_deref())? {
        if let Some(name) = file.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    names.dedup();
    names.iter().map(|name| load::find(name, folder.as_deref()).map_err(|problems| anyhow::anyhow!("{}", load::told(&problems)))).collect()
}

fn yaml_files(folder: Option<&Path>) -> Result<Vec<PathBuf>> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading the scanners' folder {}", folder.display()))?;
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    Ok(files)
}

fn as_json(manifest: &Manifest) -> Value {
    let takes = |locks: bool| {
        manifest
            .take
            .iter()
            .filter(move |(_, take)| (take.kind == TakeKind::Revoke) != locks)
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
    };
    json!({
        "scanner": manifest.scanner,
        "title": manifest.title,
        "category": manifest.category.word(),
        "row": systems::row(manifest),
        "contract": manifest.contract,
        "sees": manifest.see.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        "sees_changes": manifest.see.iter().filter(|(_, see)| see.delta.is_some()).map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        "takes": takes(false),
        "locks_down": takes(true),
        "tells": tells(manifest),
        "blind_spots": manifest.blind_spots.iter().map(|spot| json!({"what": spot.what, "lives": spot.lives, "why": spot.why})).collect::<Vec<_>>(),
    })
}

/// What of people's news it carries: tasks as tickets, events as notices.
fn tells(manifest: &Manifest) -> Vec<&'static str> {
    let tell = manifest.tell.as_ref();
    let parts = [("ticket", tell.is_some_and(|tell| tell.ticket.is_some())), ("notice", tell.is_some_and(|tell| tell.notice.is_some()))];
    parts.into_iter().filter(|(_, there)| *there).map(|(part, _)| part).collect()
}

fn list(global: &Global) -> Result<Exit> {
    let manifests = all(global)?;
    if global.json {
        out::json(&Value::Array(manifests.iter().map(as_json).collect()));
        return Ok(Exit::Fine);
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !out::coloured() {
        table.set_width(140);
    }
    table.set_header(["scanner", "row", "sees", "takes", "locks down", "can't see"]);
    for manifest in &manifests {
        let words = |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
        let view = as_json(manifest);
        table.add_row([
            manifest.scanner.clone(),
            systems::row(manifest).to_owned(),
            words(&view["sees"]),
            words(&view["takes"]),
            words(&view["locks_down"]),
            format!("{} blind spots", manifest.blind_spots.len()),
        ]);
    }
    out::say(table.to_string());
    Ok(Exit::Fine)
}

fn show(global: &Global, name: &str) -> Result<Exit> {
    let Ok(manifest) = load::find(name, own_folder(global).as_deref()) else {
        bail!(
            "there is no good scanner called {name:?}; `exeunt scanners list` shows those that there are, `exeunt scanners check` what is wrong"
        );
    };
    if global.json {
        out::json(&as_json(&manifest));
        return Ok(Exit::Fine);
    }
    out::say(format!("{} ({}), {}", manifest.title, manifest.category.word(), manifest.contract));
    out::say("\nSettings");
    for (key, setting) in &manifest.settings {
        let secret = setting.secret.then(|| " = \"env:NAME\"".to_owned());
        let example = setting.default.as_ref().or(setting.example.as_ref()).map(|value| format!(" = {value}"));
        let example = secret.or(example).unwrap_or_default();
        out::say(format!("  {key}{example}  {}", setting.help.as_deref().unwrap_or_default()));
    }
    out::say("\nRights");
    out::say(format!("  read    {}", manifest.credentials.read.scopes.join(", ")));
    if let Some(revoke) = &manifest.credentials.revoke {
        out::say(format!("  revoke  {}", revoke.scopes.join(", ")));
    }
    if let Some(tell) = &manifest.credentials.tell {
        out::say(format!("  tell    {}", tell.scopes.join(", ")));
    }
    out::say("\nSees");
    for (name, collection) in &manifest.see {
        let per = collection
            .for_each
            .as_deref()
            .map(|parent| format!(", for each of {parent}{}", if collection.watched { " of watched people" } else { "" }))
            .unwrap_or_default();
        let changes = if collection.delta.is_some() { "; later only what changed" } else { "" };
        out::say(format!("  {name}{per}{changes}"));
    }
    out::say("\nTakes");
    for (name, take) in &manifest.take {
        let mut notes = Vec::new();
        if take.hand_off.is_some() {
            notes.push("a person's task".to_owned());
        }
        if let Some(why) = take.hand_off.as_ref().and_then(|task| task.no_proof.as_ref()) {
            notes.push(format!("no read can show it: {why}"));
        }
        if take.irreversible {
            notes.push("irreversible".to_owned());
        }
        if take.default == Some(false) {
            notes.push("only when the settings allow it".to_owned());
        }
        if !take.before.is_empty() {
            notes.push(format!("before {}", take.before.join(", ")));
        }
        if !take.after.is_empty() {
            notes.push(format!("after {}", take.after.join(", ")));
        }
        let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join("; ")) };
        out::say(format!("  {name} on {}{notes}", take.on));
    }
    if let Some(tell) = &manifest.tell {
        let parts = [("tasks as tickets", tell.ticket.is_some()), ("events as notices", tell.notice.is_some())];
        let parts: Vec<&str> = parts.into_iter().filter(|(_, there)| *there).map(|(part, _)| part).collect();
        out::say(format!("\nTells\n  {}", parts.join("\n  ")));
    }
    out::say("\nCan't see");
    for spot in &manifest.blind_spots {
        out::say(format!(
            "  {}{}: {}",
            spot.what,
            spot.lives.as_ref().map(|lives| format!(" (lives {lives})")).unwrap_or_default(),
            spot.why
        ));
    }
    Ok(Exit::Fine)
}

fn check(global: &Global, files: &[PathBuf]) -> Result<Exit> {
    let mut texts: Vec<(String, String)> = Vec::new();
    if files.is_empty() {
        texts.extend(load::builtin().iter().map(|(name, text)| (format!("{name}.yaml"), (*text).to_owned())));
    }
    let own = if files.is_empty() { yaml_files(own_folder(global).as_deref())? } else { files.to_vec() };
    for file in own {
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        texts.push((file.display().to_string(), text));
    }
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    let mut held = 0_usize;
    let mut played = Played::default();
    for (name, text) in &texts {
        let read = load::read(name, text);
        problems.extend(read.problems);
        warnings.extend(read.warnings);
        if let Some(manifest) = &read.manifest {
            let failed = examples::problems(name, text, manifest);
            held += manifest.examples.len() - failed.len().min(manifest.examples.len());
            problems.extend(failed);
            problems.extend(proofs::problems(name, text, manifest));
            let (of_one, fooled) = play::problems(name, text, manifest);
            played.add(of_one);
            problems.extend(fooled);
        }
    }
    // The settings' own expression, where there are settings.
    if let Some(rule) = Config::load(&global.config).ok().and_then(|config| config.people.executive)
        && let Err(message) = executive_rule(&rule)
    {
        let file = global.config.display().to_string();
        problems.push(load::Problem { file, line: 0, path: String::new(), message });
    }
    if global.json {
        let told = |list: &[load::Problem]| {
            list.iter().map(|p| json!({"file": p.file, "line": p.line, "path": p.path, "message": p.message})).collect::<Vec<_>>()
        };
        out::json(
            &json!({"files": texts.len(), "examples_held": held, "played": {"replies": played.replies, "proofs": played.proofs, "lists": played.lists, "fooled": played.fooled.len()}, "problems": told(&problems), "warnings": told(&warnings)}),
        );
    } else {
        for problem in &problems {
            out::say(problem.to_string());
        }
        for warning in &warnings {
            out::say(format!("{warning} (warning)"));
        }
        let verdict = if problems.is_empty() { "good".to_owned() } else { format!("{} problems", problems.len()) };
        let Played { proofs, lists, replies, fooled } = &played;
        out::say(format!(
            "{replies} replies that are no answers played against {proofs} proofs and {lists} lists: {} fooled",
            fooled.len()
        ));
        out::say(format!("{} manifests, {held} examples held: {verdict}", texts.len()));
    }
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::CouldNot })
}
