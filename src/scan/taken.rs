//! From a scope's pages to what is written of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::Keep;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::extract::{Extractor, Reads, records};
use crate::manifest::raw;
use crate::model::{Coverage, NodeKind, NodeRef, NodeSeen, Observation};
use crate::store::graph::Ready;

/// What is read, and how its records are understood.
pub(super) struct Reading<'r> {
    pub collection: &'r raw::Collection,
    /// How its list is paged: as the collection says, or else the whole manifest.
    pub paging: Option<&'r raw::Paging>,
    /// Only changes are read.
    pub delta: Option<&'r raw::Delta>,
    pub extractor: &'r Extractor,
    pub scope: &'r Scope<'r>,
}

impl Reading<'_> {
    /// How changes are told, where a link leads on to them from the list itself: its records and the changes are of one kind, and the list may name
    /// what has gone as well.
    fn linked(&self) -> Option<&raw::Delta> {
        self.collection.delta.as_ref().filter(|delta| delta.call.is_none() && delta.filter.is_none())
    }

    /// What of a record is read.
    pub fn reads(&self) -> Result<Reads, String> {
        let reads = self.extractor.reads();
        match self.linked().and_then(|delta| delta.removed.as_deref()) {
            Some(removed) => Ok(reads.and(&*Expr::compile(removed)?)),
            None => Ok(reads),
        }
    }
}

/// The records of a page, and digests of them; none of changes.
pub(super) struct Came {
    records: Vec<Value>,
    digests: Vec<u64>,
}

/// What is kept of a page, for a scan that goes on where one was cut off.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// Of each record what the manifest reads.
    records: Vec<Value>,
    /// Digests of the whole records.
    digests: Vec<u64>,
    /// The mark of changes, after this page.
    mark: Option<String>,
    /// How many records there are, as the system counts them.
    total: Option<u64>,
}

/// What the pages have given so far.
pub(super) struct Taken<'k> {
    keep: Keep<'k>,
    pub seen: Vec<Ready>,
    pub nodes: Vec<NodeSeen>,
    problems: Vec<String>,
    /// Of changes: what the last of each record gave.
    changes: HashMap<NodeRef, Part>,
    /// What each record of a list was, by its key: hashes, for lists are long.
    own: HashMap<u64, i64>,
    /// Keys that came twice, with different content.
    twice: BTreeSet<NodeRef>,
    /// Keys of people, in small letters, and as they came.
    spelt: HashMap<String, NodeRef>,
    /// Keys of people that another differs from in capital letters alone.
    alike: BTreeSet<NodeRef>,
    pub mark: Option<String>,
    pub records: u64,
    /// Digests of the records that came, of a whole list: a record that comes twice was counted once.
    came: HashSet<u64>,
    /// The records of earlier pages that came again.
    again: u64,
    /// A page held only such.
    no_progress: bool,
    /// How many records there are, as the system counts them.
    total: Option<u64>,
}

/// What some records gave.
#[derive(Default)]
pub(super) struct Part {
    pub seen: Vec<Ready>,
    pub nodes: Vec<NodeSeen>,
    pub problems: Vec<String>,
    /// Where in `seen` the nodes stand that its records are.
    own: Vec<usize>,
}

impl Part {
    fn record(&mut self, extractor: &Extractor, record: &Value, scope: &Scope<'_>, keep: Keep<'_>) {
        let mut observations = Vec::new();
        extractor.extract(record, scope, &mut observations, &mut self.problems);
        let before = self.seen.len();
        self.add(observations, keep);
        if let Some(own) = extractor.own(record, scope) {
            self.own.extend((before..self.seen.len()).find(|at| self.seen[*at].node() == Some(&own)));
        }
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
        Self {
            keep,
            seen: Vec::new(),
            nodes: Vec::new(),
            problems: Vec::new(),
            changes: HashMap::new(),
            own: HashMap::new(),
            twice: BTreeSet::new(),
            spelt: HashMap::new(),
            alike: BTreeSet::new(),
            mark: None,
            records: 0,
            came: HashSet::new(),
            again: 0,
            no_progress: false,
            total: None,
        }
    }

    /// Takes one page, of the whole list or of changes. Answers with its records; without them, if the page could not be understood.
    pub fn page(&mut self, reading: &Reading<'_>, body: &Value, headers: &Value) -> Option<Came> {
        self.try_page(reading, body, headers).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// What is kept of a page that was taken just now: of each record what the manifest reads, for the rest may hold secrets.
    pub fn kept(&self, reads: &Reads, page: Came) -> Kept {
        let records = page.records.iter().map(|record| reads.of(record)).collect();
        Kept { records, digests: page.digests, mark: self.mark.clone(), total: self.total }
    }

    /// Takes what was kept of a page.
    pub fn again(&mut self, reading: &Reading<'_>, kept: Kept) {
        self.records += kept.records.len() as u64;
        (self.mark, self.total) = (kept.mark, kept.total);
        if let Err(problem) = self.whole(reading, &kept.records, &kept.digests) {
            self.problems.push(problem);
        }
    }

    fn try_page(&mut self, reading: &Reading<'_>, body: &Value, headers: &Value) -> Result<Came, String> {
        let Reading { collection, delta, scope, .. } = *reading;
        let each = delta.and_then(|delta| delta.each.as_deref()).or(collection.each.as_deref());
        let list = records(collection, each, body, scope)?;
        self.records += list.len() as u64;
        if let Some(delta) = collection.delta.as_ref().filter(|delta| delta.names.is_none()) {
            self.remember_mark(delta, &list, body, headers, scope)?;
        }
        if let Some(delta) = delta {
            self.changes(reading, delta, &list)?;
            return Ok(Came { records: list, digests: Vec::new() });
        }
        if let Some(total) = reading.paging.and_then(|paging| paging.total.as_deref()) {
            let told = Expr::compile(total)?.text(&scope.clone().with("body", body).with("headers", headers))?;
            let told: Option<u64> = told.map(|told| told.parse().map_err(|_| format!("{total} is no number but {told}"))).transpose()?;
            // A list that is read by numbers and became shorter has moved up: a record that nobody has read may have passed onto a page that
            // was read already. So the largest total counts. A cursor loses nothing by that.
            self.total = if numbered(reading.paging) { told.max(self.total) } else { told.or(self.total) };
        }
        let digests: Vec<u64> = list.par_iter().map(digest).collect();
        self.whole(reading, &list, &digests)?;
        Ok(Came { records: list, digests })
    }

    /// Takes records of a whole list.
    fn whole(&mut self, reading: &Reading<'_>, list: &[Value], digests: &[u64]) -> Result<(), String> {
        let scope = reading.scope;
        self.count(reading.paging, digests);
        let removed = reading.linked().and_then(|delta| delta.removed.as_deref()).map(Expr::compile).transpose()?;
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
            // A list that leads on to its changes may name a record again: vendors say so.
            if reading.linked().is_none() {
                self.compare(&part);
            }
            self.seen.extend(part.seen);
            self.nodes.extend(part.nodes);
            self.problems.extend(part.problems);
        }
        Ok(())
    }

    /// Notes which records of a page had come before.
    ///
    /// A page that holds nothing else is no progress. In a list that is read by numbers, pages that overlap are no longer where they were, or were
    /// never where they should be: what stands between them may have been passed over.
    fn count(&mut self, paging: Option<&raw::Paging>, digests: &[u64]) {
        if paging.is_none_or(|paging| paging.none) {
            return;
        }
        let digests: HashSet<u64> = digests.iter().copied().collect();
        let again = digests.iter().filter(|digest| self.came.contains(digest)).count() as u64;
        self.again += again;
        if again > 0 && again == digests.len() as u64 {
            self.no_progress = true;
        }
        self.came.extend(digests);
    }

    /// Finds records whose key came before, with different content.
    fn compare(&mut self, part: &Part) {
        for ready in part.own.iter().filter_map(|at| part.seen.get(*at)) {
            let (Some(node), Some(content)) = (ready.node(), ready.content()) else { continue };
            let mut hasher = DefaultHasher::new();
            node.hash(&mut hasher);
            if *self.own.entry(hasher.finish()).or_insert(content) != content {
                self.twice.insert(node.clone());
            }
            if node.kind == NodeKind::Person {
                let other = self.spelt.entry(node.key.to_lowercase()).or_insert_with(|| node.clone());
                if other.key != node.key {
                    self.alike.extend([other.clone(), node.clone()]);
                }
            }
        }
    }

    /// Ends a read of a list: nothing rests on a record whose key came twice with different content, for one of them is wrong.
    pub fn settle(&mut self) {
        let (twice, alike) = (std::mem::take(&mut self.twice), std::mem::take(&mut self.alike));
        for unsure in [&twice, &alike].into_iter().filter(|unsure| !unsure.is_empty()) {
            self.seen.retain(|ready| !ready.names(unsure));
            self.nodes.retain(|node| !unsure.contains(&node.node));
        }
        for node in alike {
            self.problems.push(format!(
                "{node} differs from another in capital letters alone, so whose record is whose can't be told: none is believed"
            ));
        }
        for node in twice {
            self.problems.push(format!("{node} came twice in one read, with different content: neither is believed"));
        }
    }

    /// Takes changes: of several of one record the last counts.
    fn changes(&mut self, reading: &Reading<'_>, delta: &raw::Delta, list: &[Value]) -> Result<(), String> {
        let Reading { extractor, scope, .. } = *reading;
        let removed = delta.removed.as_deref().map(Expr::compile).transpose()?;
        let held = delta.record.as_deref().map(Expr::compile).transpose()?;
        for change in list {
            let record = held.as_ref().map(|held| held.eval(&scope.clone().with("it", change))).transpose()?;
            let record = record.as_ref().unwrap_or(change);
            let mut part = Part::default();
            if !removed.as_ref().is_some_and(|removed| is(removed, change, scope, &mut part.problems)) {
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

    pub fn coverage(&self, paging: Option<&raw::Paging>) -> Coverage {
        const NAMED: usize = 5;
        if self.no_progress {
            return Coverage::Gap("a page holds only records that came before, so others may never have come".to_owned());
        }
        if numbered(paging) && self.again > 0 {
            return Coverage::Gap(format!("pages overlap: {} records came twice, so others may never have come", self.again));
        }
        let came = self.came.len() as u64;
        if let Some(total) = self.total.filter(|total| came < *total) {
            return Coverage::Gap(format!("the system says that there are {total}, but only {came} different ones came"));
        }
        match self.problems.as_slice() {
            [] => Coverage::Complete,
            [only] => Coverage::Gap(format!("a record could not be understood: {only}")),
            many => {
                let named = many.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
                let more = if many.len() > NAMED { "; …" } else { "" };
                Coverage::Gap(format!("{} things in the records could not be understood: {named}{more}", many.len()))
            }
        }
    }
}

/// Whether a list's pages are told by numbers, which move when a record comes or goes.
fn numbered(paging: Option<&raw::Paging>) -> bool {
    paging.is_some_and(|paging| paging.scim || paging.page.is_some() || paging.offset.is_some())
}

/// What tells a record from others: all that it says.
fn digest(record: &Value) -> u64 {
    struct Into<'h>(&'h mut DefaultHasher);
    impl std::io::Write for Into<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.write(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut hasher = DefaultHasher::new();
    if serde_json::to_writer(Into(&mut hasher), record).is_err() {
        record.to_string().hash(&mut hasher);
    }
    hasher.finish()
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
