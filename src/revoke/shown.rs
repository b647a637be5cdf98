//! What the proof of an action shows to be gone, for the graph.

use serde_json::Value;

use super::plan::ends_account;
use super::spec::Spec;
use crate::manifest::raw::{Take, TakeKind};
use crate::model::NodeKind;
use crate::store::departures::ActionRow;
use crate::store::proofs::{Named, Shown};

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
        _ => Some(Shown::Node(node)),
    }
}
