//! Which action waits for which: what manifests declare, and what would hide something from us.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::plan::{Draft, SystemFacts};
use crate::manifest::Manifest;
use crate::model::NodeKind;

/// The actions of a manifest that one must wait for.
pub(super) fn waits_for<'m>(manifest: &'m Manifest, name: &str) -> Vec<&'m str> {
    let mut names: Vec<&str> = manifest.action(name).map(|take| take.after.iter().map(String::as_str).collect()).unwrap_or_default();
    names.extend(manifest.take.iter().filter(|(_, take)| take.before.iter().any(|before| before == name)).map(|(other, _)| other.as_str()));
    names
}

/// Fills in `after` and `again_after`; returns what was wrong. Only actions of one account wait for one another.
pub(super) fn arrange(drafts: &mut [Draft], systems: &BTreeMap<String, SystemFacts>) -> Vec<String> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut again: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut together: BTreeMap<(&str, NodeIndex), Vec<usize>> = BTreeMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        together.entry((&draft.action.system, draft.concern)).or_default().push(place);
    }
    for (here, draft) in drafts.iter().enumerate() {
        let Some(facts) = systems.get(&draft.action.system) else { continue };
        let Some(take) = facts.manifest.action(&draft.action.name) else { continue };
        let waits = waits_for(&facts.manifest, &draft.action.name);
        if waits.is_empty() && take.blinds.is_empty() && take.again_after.is_empty() {
            continue;
        }
        let others = together.get(&(draft.action.system.as_str(), draft.concern)).into_iter().flatten().copied();
        for there in others.filter(|there| *there != here) {
            let other = &drafts[there];
            let declared = waits.contains(&other.action.name.as_str());
            // What this action would hide is taken away, and proved, before it.
            let hidden = !other.action.hand_off && take.blinds.iter().any(|collection| shows(&facts.manifest, collection, other));
            if declared || hidden {
                after[here].push(there);
            }
            if take.again_after.contains(&other.action.name) {
                again[here].push(there);
            }
        }
    }
    let mut problems = Vec::new();
    // Waiting in a circle would be waiting for ever: the wait that closes it is dropped, and said.
    for here in 0..drafts.len() {
        for there in std::mem::take(&mut after[here]) {
            if reaches(&after, there, here) {
                problems.push(format!(
                    "{} and {} wait for each other: they are fired without waiting",
                    drafts[here].action.label, drafts[there].action.label
                ));
            } else {
                after[here].push(there);
            }
        }
    }
    let numbers: Vec<u32> = drafts.iter().map(|draft| draft.action.number).collect();
    for (here, draft) in drafts.iter_mut().enumerate() {
        draft.action.after = after[here].iter().map(|there| numbers[*there]).collect();
        draft.action.again_after = again[here].iter().map(|there| numbers[*there]).collect();
    }
    problems
}

/// Whether a collection is what shows the thing that an action is done to, or proves it.
fn shows(manifest: &Manifest, collection: &str, draft: &Draft) -> bool {
    if draft.see.as_deref() == Some(collection) {
        return true;
    }
    let (Some(collection), Some((kind, type_))) = (manifest.collection(collection), &draft.node) else { return false };
    if *kind == NodeKind::Account {
        return false;
    }
    collection.yields.iter().any(|seen| {
        let key = match kind {
            NodeKind::Credential => &seen.credential,
            NodeKind::Device => &seen.device,
            NodeKind::Resource => &seen.resource,
            NodeKind::App => &seen.app,
            NodeKind::Group => &seen.group,
            NodeKind::Role => &seen.role,
            _ => &None,
        };
        key.is_some() && seen.type_.as_deref().is_none_or(|seen| seen.contains("{{") || seen == type_)
    })
}

fn reaches(after: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut stack = vec![from];
    let mut seen = vec![false; after.len()];
    while let Some(at) = stack.pop() {
        if at == to {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            stack.extend(&after[at]);
        }
    }
    false
}
