//! A field that records had yesterday and none has today: the system did not say that it is empty, it left it out.
//!
//! A missing scope, a server that has just started, a renamed column look like that. Nothing that rests on such a field may be taken as gone.

use std::collections::HashSet;

use anyhow::Result;

use super::Scan;
use super::read::{Parent, ScopeRead};
use crate::model::{NodeRef, ScopeId};
use crate::store::graph::{self, Ready};
use crate::store::ours::Ours;

/// Why a list is a gap although it was read to its end, and the attributes that its nodes keep; none if every field that was known is still told.
///
/// What is read for one parent has a few records, of which the last may well lose a field; so does a field that only one of many records had.
pub(super) fn lost(
    scan: &Scan<'_>,
    scope: ScopeId,
    parent: &Parent<'_>,
    read: &ScopeRead,
    ours: &Ours,
) -> Result<Option<(String, Vec<String>)>> {
    if scan.options.accept_loss || !parent.key.is_empty() || (read.never_filled.is_empty() && read.never_listed.is_empty()) {
        return Ok(None);
    }
    let seen: HashSet<&NodeRef> = read.seen.iter().filter_map(Ready::node).collect();
    scan.store.read(|conn| {
        let (mut keep, mut reasons) = (Vec::new(), Vec::new());
        for attribute in &read.never_filled {
            // What is no longer listed at all lost more than a field.
            let had = graph::filled(conn, scope, attribute)?;
            let lost = had.iter().filter(|(id, node)| seen.contains(node) && !ours.node(*id)).count();
            if lost > 1 || (lost == 1 && seen.len() == 1) {
                reasons.push(format!("{attribute} ({lost} had it)"));
                keep.push(attribute.clone());
            }
        }
        for (source, kind) in &read.never_listed {
            let lost = graph::open_of_kind(conn, scope, kind, ours)?;
            if lost > 0 {
                reasons.push(format!("{source} ({lost} of {kind} came from it)"));
            }
        }
        Ok((!reasons.is_empty()).then(|| {
            let reason = format!(
                "known before, and told of nobody now: {}; has a scope or a field's name changed? If all is as it should be, scan with --accept-loss",
                reasons.join(", ")
            );
            (reason, keep)
        }))
    })
}
