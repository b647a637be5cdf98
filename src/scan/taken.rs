//! From a scope's pages to what is written of them.

use std::collections::HashMap;

use rayon::prelude::*;
use serde_json::Value;

use super::read::Keep;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::extract::{Extractor, records};
use crate::manifest::raw;
use crate::model::{Coverage, NodeRef, NodeSeen, Observation};
use crate::store::graph::Ready;

/// What is read, and how its records are understood.
pub(super) struct Reading<'r> {
    pub collection: &'r raw::Collection,
    /// Only changes are read.
    pub delta: Option<&'r raw::Delta>,
    pub extractor: &'r Extractor,
    pub scope: &'r Scope<'r>,
}

/// What the pages have given so far.
pub(super) struct Taken<'k> {
    keep: Keep<'k>,
    pub seen: Vec<Ready>,
    pub nodes: Vec<NodeSeen>,
    problems: Vec<String>,
    /// Of changes: what the last of each record gave.
    changes: HashMap<NodeRef, Part>,
    pub mark: Option<String>,
    pub records: u64,
}

/// What some records gave.
#[derive(Default)]
pub(super) struct Part {
    pub seen: Vec<Ready>,
    pub nodes: Vec<NodeSeen>,
    pub problems: Vec<String>,
}

impl Part {
    fn record(&mut self, extractor: &Extractor, record: &Value, scope: &Scope<'_>, keep: Keep<'_>) {
        let mut observations = Vec::new();
        extractor.extract(record, scope, &mut observations, &mut self.problems);
        self.add(observations, keep);
    }

    pub fn add(&mut self, observations: impl IntoIterator<Item = Observation>, keep: Keep<'_>) {
        let mut buffer = Vec::with_capacity(512);
        for observation in observations {
            match Ready::new(&observation, &mut buffer) {
                Ok(ready) => self.seen.push(ready),
                Err(problem) => self.problems.push(problem.to_string()),
            }
            if let Observation::Node(node) = observation
                && keep.wants(&node)
            {
                self.nodes.push(node);
            }
        }
    }
}

impl<'k> Taken<'k> {
    pub fn new(keep: Keep<'k>) -> Self {
        Self { keep, seen: Vec::new(), nodes: Vec::new(), problems: Vec::new(), changes: HashMap::new(), mark: None, records: 0 }
    }

    /// Takes one page, of the whole list or of changes.
    pub fn page(&mut self, reading: &Reading<'_>, body: &Value, headers: &Value) {
        if let Err(problem) = self.try_page(reading, body, headers) {
            self.problems.push(problem);
        }
    }

    fn try_page(&mut self, reading: &Reading<'_>, body: &Value, headers: &Value) -> Result<(), String> {
        let Reading { collection, delta, scope, .. } = *reading;
        let each = delta.and_then(|delta| delta.each.as_deref()).or(collection.each.as_deref());
        let list = records(each, body, scope)?;
        self.records += list.len() as u64;
        if let Some(delta) = collection.delta.as_ref().filter(|delta| delta.names.is_none()) {
            self.remember_mark(delta, &list, body, headers, scope)?;
        }
        // Where a link leads on from the list itself, its records and the changes are of one kind, and the list may name what has gone as well.
        let linked = collection.delta.as_ref().filter(|delta| delta.call.is_none() && delta.filter.is_none());
        let removed = delta.or(linked).and_then(|delta| delta.removed.as_deref()).map(Expr::compile).transpose()?;
        if let Some(delta) = delta {
            return self.changes(reading, delta, removed.as_deref(), &list);
        }
        let keep = self.keep;
        let parts: Vec<Part> = list
            .par_chunks(64)
            .map_init(
                || scope.clone(),
                |scope, chunk| {
                    let mut part = Part::default();
                    for record in chunk {
                        if !removed.as_ref().is_some_and(|removed| is(removed, record, scope, &mut part.problems)) {
                            part.record(reading.extractor, record, scope, keep);
                        }
                    }
                    part
                },
            )
            .collect();
        for part in parts {
            self.seen.extend(part.seen);
            self.nodes.extend(part.nodes);
            self.problems.extend(part.problems);
        }
        Ok(())
    }

    /// Takes changes: of several of one record the last counts.
    fn changes(&mut self, reading: &Reading<'_>, delta: &raw::Delta, removed: Option<&Expr>, list: &[Value]) -> Result<(), String> {
        let Reading { extractor, scope, .. } = *reading;
        let held = delta.record.as_deref().map(Expr::compile).transpose()?;
        for change in list {
            let record = held.as_ref().map(|held| held.eval(&scope.clone().with("it", change))).transpose()?;
            let record = record.as_ref().unwrap_or(change);
            let mut part = Part::default();
            if !removed.is_some_and(|removed| is(removed, change, scope, &mut part.problems)) {
                part.record(extractor, record, scope, self.keep);
            }
            self.problems.append(&mut part.problems);
            match extractor.about(record, scope)? {
                Some(about) => _ = self.changes.insert(about, part),
                None => self.problems.push("a change does not say whose it is".to_owned()),
            }
        }
        Ok(())
    }

    /// Ends a read of changes: what they gave, and everything that was read for it.
    pub fn changed(&mut self) -> Vec<NodeRef> {
        let mut read = Vec::new();
        for (about, part) in self.changes.drain() {
            read.extend(part.seen.iter().filter_map(Ready::node).filter(|node| **node != about).cloned());
            read.push(about);
            self.seen.extend(part.seen);
            self.nodes.extend(part.nodes);
        }
        read
    }

    /// The greatest mark of the records, or the last page's.
    fn remember_mark(
        &mut self,
        delta: &raw::Delta,
        list: &[Value],
        body: &Value,
        headers: &Value,
        scope: &Scope<'_>,
    ) -> Result<(), String> {
        let mark = Expr::compile(&delta.mark)?;
        if !mark.names().contains(&"it") {
            self.mark = mark.text(&scope.clone().with("body", body).with("headers", headers))?.or(self.mark.take());
            return Ok(());
        }
        for record in list {
            if let Some(value) = mark.text(&scope.clone().with("it", record))?
                && self.mark.as_ref().is_none_or(|known| later(&value, known))
            {
                self.mark = Some(value);
            }
        }
        Ok(())
    }

    pub fn coverage(&self) -> Coverage {
        match self.problems.first() {
            None => Coverage::Complete,
            Some(first) if self.problems.len() == 1 => Coverage::Gap(format!("a record could not be understood: {first}")),
            Some(first) => Coverage::Gap(format!("{} records could not be understood, the first: {first}", self.problems.len())),
        }
    }
}

/// Whether a condition holds of a record; what is wrong with it goes to `problems`.
fn is(condition: &Expr, record: &Value, scope: &Scope<'_>, problems: &mut Vec<String>) -> bool {
    condition.truth(&scope.clone().with("it", record)).unwrap_or_else(|problem| {
        problems.push(problem);
        false
    })
}

/// Whether mark `a` is later than `b`: numbers by value, everything else as text.
fn later(a: &str, b: &str) -> bool {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a > b,
        _ => a > b,
    }
}
