//! A field that records had yesterday and none has today: the system did not say that it is empty, it left it out.
//!
//! A missing scope, a server that has just started, a renamed column look like that. Nothing that rests on such a field may be taken as gone.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::Scan;
use super::read::ScopeRead;
use crate::model::{Coverage, NodeRef, ScopeId};
use crate::store::graph::{self, Ready};
use crate::store::ours::Ours;

/// A field that a scope's records had, and that none of them has now.
#[derive(Debug)]
pub(super) struct Lost {
    /// The attribute, or the source of an inner list.
    field: String,
    is_attribute: bool,
    /// How many nodes that are still listed had it, or how many edges and nodes came from it.
    count: usize,
    /// It was one record, and the only one.
    only: bool,
}

/// What a scope lost so. What we took away ourselves is no loss.
pub(super) fn lost(scan: &Scan<'_>, scope: ScopeId, read: &ScopeRead) -> Result<Vec<Lost>> {
    if scan.options.accept_loss || (read.never_filled.is_empty() && read.never_listed.is_empty()) {
        return Ok(Vec::new());
    }
    let seen: HashSet<&NodeRef> = read.seen.iter().filter_map(Ready::node).collect();
    scan.store.read(|conn| {
        let mut filled = Vec::new();
        for attribute in &read.never_filled {
            // What is no longer listed at all lost more than a field.
            let mut had = graph::filled(conn, scope, attribute)?;
            had.retain(|(_, node)| seen.contains(node));
            filled.push((attribute, had));
        }
        let mut listed = Vec::new();
        for (source, kind) in &read.never_listed {
            listed.push((source, graph::open_of_kind(conn, scope, kind)?));
        }
        filled.retain(|(_, had)| !had.is_empty());
        listed.retain(|(_, open)| !open.is_empty());
        if filled.is_empty() && listed.is_empty() {
            return Ok(Vec::new());
        }
        let ours = Ours::of(conn, scan.system, scope)?;
        let mut all = Vec::new();
        for (attribute, had) in filled {
            let count = had.iter().filter(|(id, _)| !ours.node(*id)).count();
            all.push(Lost { field: attribute.clone(), is_attribute: true, count, only: seen.len() == 1 });
        }
        for (source, open) in listed {
            all.push(Lost { field: source.clone(), is_attribute: false, count: open.not_ours(&ours), only: false });
        }
        all.retain(|lost| lost.count > 0);
        Ok(all)
    })
}

/// Whether a list that was read once lost more than a change would explain: a field that only one of many records had may well be gone.
pub(super) fn is_a_gap(lost: &Lost) -> bool {
    lost.count > 1 || lost.only
}

/// Makes a read a gap for what it lost; its nodes keep what was not told.
pub(super) fn doubt(read: &mut ScopeRead, lost: &[Lost]) {
    if lost.is_empty() {
        return;
    }
    let said = |lost: &Lost| format!("{} ({} had it)", lost.field, lost.count);
    read.coverage = Coverage::Gap(format!(
        "known before, and told of nobody now: {}; has a scope or a field's name changed? If all is as it should be, scan with --accept-loss",
        lost.iter().map(said).collect::<Vec<_>>().join(", ")
    ));
    read.keep = lost.iter().filter(|lost| lost.is_attribute).map(|lost| lost.field.clone()).collect();
}

/// Scopes of one collection, read for one parent each, that lost a field: so few records tell nothing. If no scope has the field any more, and
/// several had it, each of them is a gap; if another has it, it was a change.
pub(super) fn judge_together(told: &HashSet<String>, pending: &mut [(&mut ScopeRead, Vec<Lost>)]) {
    let mut sums: HashMap<String, usize> = HashMap::new();
    for lost in pending.iter().flat_map(|(_, lost)| lost) {
        *sums.entry(lost.field.clone()).or_default() += lost.count;
    }
    for (read, lost) in pending {
        lost.retain(|lost| !told.contains(&lost.field) && sums.get(&lost.field).is_some_and(|sum| *sum >= SEVERAL));
        doubt(read, lost);
    }
}

/// So many that had a field, over all parents, do not lose it by chance.
const SEVERAL: usize = 3;
