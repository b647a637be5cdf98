//! `exeunt tasks` and `exeunt task`: what no API can do, and who did it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Value, json};

use super::{Exit, Global, out};
use crate::clock;
use crate::handoff::{self, Attachment, Filter};
use crate::model::{DepartureId, TaskId};
use crate::report::case::CaseTold;
use crate::store::{deliveries, departures};

/// List the tasks that people have to do
#[derive(ClapArgs, Debug)]
pub struct List {
    /// Only this role's
    #[arg(long)]
    role: Option<String>,
    /// Only this departure's
    #[arg(long, value_name = "ID")]
    departure: Option<i64>,
    /// Done ones too
    #[arg(long)]
    all: bool,
}

/// Close a task
#[derive(ClapArgs, Debug)]
pub struct One {
    /// The task's number
    id: i64,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Say that it is done, and how that is known
    #[command(after_help = "Example:\n  exeunt task 4 done --by 'Anna, front desk' --note 'fob 1182 handed in' --attach receipt.pdf")]
    Done {
        /// Who did it
        #[arg(long)]
        by: String,
        /// What was done
        #[arg(long)]
        note: String,
        /// A file that shows it
        #[arg(long, value_name = "FILE")]
        attach: Option<PathBuf>,
    },
}

/// Lists tasks. One that is open is something found.
///
/// # Errors
/// The store's.
pub fn list(global: &Global, args: List) -> Result<Exit> {
    let (config, store) = global.open()?;
    let filter = Filter { departure: args.departure.map(DepartureId), role: args.role, done: args.all };
    let tasks = store.read(|conn| handoff::list(conn, &filter, &config.departure.roles, clock::now()))?;
    let closed: BTreeMap<i64, String> = store.read(|conn| {
        let all =
            tasks.iter().map(|entry| Ok((entry.task.id.0, handoff::closed(&entry.task, handoff::action_of(conn, &entry.task)?.as_ref()))));
        all.filter_map(|found: Result<_>| found.map(|(id, closed)| Some((id, closed?))).transpose()).collect()
    })?;
    let deliveries = store.read(|conn| deliveries::list(conn, filter.departure))?;
    let told: Vec<CaseTold> = deliveries.into_iter().map(CaseTold::of).collect();
    let of = |id: i64| told.iter().filter(move |told| told.task == Some(id));
    let untold = told.iter().any(|told| told.why.is_some());
    let exit = if untold {
        Exit::CouldNot
    } else if tasks.iter().any(|entry| !entry.task.done) {
        Exit::Found
    } else {
        Exit::Fine
    };
    let mut doubts = super::never_read(&store)?;
    doubts.extend(super::late::under_way(&store.read(departures::list)?));
    let exit = super::report::doubted(exit, &doubts);
    if global.json {
        let view = |entry: &handoff::Assigned| {
            let task = &entry.task;
            json!({"task": task.id.0, "departure": task.departure.map(|id| id.0), "role": task.role, "assignee": entry.assignee, "title": task.title, "steps": task.steps,
                "attach": task.attach, "due": task.due.to_string(), "overdue": entry.overdue, "done": task.done, "done_by": task.done_by, "note": task.note, "closed": closed.get(&task.id.0), "evidence": task.evidence, "told": of(task.id.0).collect::<Vec<_>>()})
        };
        out::json(&Value::Array(tasks.iter().map(view).collect()));
        return Ok(exit);
    }
    if tasks.is_empty() {
        out::say("nothing to do");
    }
    for entry in &tasks {
        let task = &entry.task;
        let state = if task.done {
            "done"
        } else if entry.overdue {
            "OVERDUE"
        } else {
            "open"
        };
        out::say(format!("{:>4}  {state:8} {:10} due {}  {}", task.id.0, task.role, task.due.strftime("%Y-%m-%d %H:%M"), task.title));
        if let Some(assignee) = &entry.assignee {
            out::say(format!("      for {assignee}"));
        }
        if let Some(closed) = closed.get(&task.id.0) {
            out::say(format!("      {closed}"));
        }
        if !task.steps.is_empty() {
            out::say(format!("      {}", task.steps.trim().replace('\n', "\n      ")));
        }
        for told in of(task.id.0) {
            out::say(format!("      {} in {}: {}", told.kind, told.system, told.says()));
        }
    }
    for told in told.iter().filter(|told| told.task.is_none() && told.why.is_some()) {
        out::say(format!("  {} to {} by {}: {}", told.event, told.receiver, told.system, told.says()));
    }
    Ok(exit)
}

/// Closes a task.
///
/// # Errors
/// There is no such open task, the file can't be read, or the task asks for one.
pub fn one(global: &Global, args: One) -> Result<Exit> {
    let (_, store) = global.open()?;
    let Verb::Done { by, note, attach } = args.verb;
    let file = match attach {
        None => None,
        Some(path) => {
            let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Some(Attachment { name, media_type: "application/octet-stream".to_owned(), bytes })
        }
    };
    let task = store.write_durably(|tx| handoff::close(tx, TaskId(args.id), &by, &note, file.as_ref(), clock::now()))?;
    let closed = store.read(|conn| Ok(handoff::closed(&task, handoff::action_of(conn, &task)?.as_ref())))?;
    out::say(if global.json {
        json!({"task": task.id.0, "done": true, "closed": closed}).to_string()
    } else {
        format!("task {} is done: {}\n      {}", task.id.0, task.title, closed.unwrap_or_default())
    });
    Ok(Exit::Fine)
}
