//! What the proof of an action shows to be gone, for the graph.

use serde_json::Value;

use super::plan::ends_account;
use super::spec::Spec;
use crate::manifest::Manifest;
use crate::manifest::express::Expr;
use crate::manifest::raw::{Take, TakeKind};
use crate::model::NodeKind;
use crate::store::departures::ActionRow;
use crate::store::proofs::{Listed, Named, Shown};

/// What an action's proof shows to be gone; nothing, where it takes nothing from the graph by itself.
pub fn shown(take: &Take, row: &ActionRow) -> Option<Shown> {
    let spec: Spec = serde_json::from_str(&row.spec).ok()?;
    let named = |name: &str| Named::of(spec.scope.get(name)?);
    if let Some(edge) = spec.scope.get("edge").filter(|edge| edge.is_object()) {
        let moves = matches!(take.kind, TakeKind::Revoke | TakeKind::Transfer);
        return moves.then(|| Some(Shown::Edge { from: named("from")?, to: named("to")?, edge: edge.clone() })).flatten();
    }
    let node = named("node").filter(|_| take.kind == TakeKind::Revoke)?;
    let shared = spec.scope.get("node").and_then(|node| node.get("shared")).is_some_and(|shared| *shared == Value::Bool(true));
    match node.kind {
        NodeKind::Account => (!shared && ends_account(&row.name, take)).then_some(Shown::Account(node)),
        // A token that is revoked is no way in any more, even if its record stays.
        NodeKind::Credential => Some(Shown::Node(node)),
        // A device that is locked or erased, and a file that is frozen, are still there, and more may be planned for them.
        _ => by_absence(take).then_some(Shown::Node(node)),
    }
}

/// What it says against the action's proof that a list still has the thing: that it is there, where nothing but its absence proves it; or else its
/// state, where the list says by itself whether it is in use.
pub fn listed(manifest: &Manifest, take: &Take, shown: &Shown) -> Listed {
    let kind = match shown {
        Shown::Edge { .. } => return Listed::InUse,
        Shown::Account(node) | Shown::Node(node) => node.kind,
    };
    if take.prove.as_ref().is_some_and(|prove| prove.gone.trim() == "absent" || prove.see.is_some()) {
        return Listed::InUse;
    }
    let says_state = manifest.see.iter().flat_map(|(_, collection)| &collection.yields).any(|yields| {
        let of_kind = yields.node().is_some_and(|(of, _)| of == kind);
        let state = yields.attrs.get("state").and_then(Value::as_str).and_then(|source| Expr::compile(source).ok());
        of_kind && state.is_some_and(|state| !state.names().is_empty())
    });
    if says_state { Listed::AsItsState } else { Listed::SaysNothing }
}

/// Whether the proof of an action is that the thing isn't there any more.
fn by_absence(take: &Take) -> bool {
    let gone = take.prove.as_ref().map(|prove| prove.gone.as_str());
    gone.and_then(|gone| Expr::compile(gone).ok()).is_some_and(|gone| gone.names().iter().any(|name| ["absent", "seen"].contains(name)))
}
