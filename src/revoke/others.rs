//! What the proofs of other actions mean for an action: which of them must be there before it leaves, and whose effect proves it where no read
//! shows what its own call does.

use super::action::wait;
use super::critical::Waits;
use super::run::{RunDeps, Shared, Status};
use super::spec::{Plan, Spec};
use crate::manifest::proofs;
use crate::manifest::raw::Take;
use crate::model::BY_EFFECT;
use crate::store::departures::ActionRow;

/// What an action asks of the other actions of a run, by their places.
#[derive(Default)]
pub(super) struct Others {
    /// Of those that it waits for: without their proof it stays where it is.
    pub must: Vec<usize>,
    /// Of those that it waits for: their proof is its own, so that it was gone before its call.
    pub same: Vec<usize>,
    /// Whose effect proves it.
    pub effect: Option<Effect>,
}

/// The action whose effect proves another.
pub(super) struct Effect {
    /// The manifest's name for it.
    pub name: String,
    /// Where it stands in this run.
    places: Vec<usize>,
    /// What is known of it, if this run leaves it alone.
    earlier: Vec<Status>,
}

/// The others of the action at this place. `rows` are the actions that the case has by now.
pub(super) fn of(deps: &RunDeps, plan: &Plan, rows: &[ActionRow], place: usize, waits: &[Waits]) -> Others {
    let action = &plan.actions[place];
    let Some(connection) = deps.connections.get(&action.system) else { return Others::default() };
    let manifest = connection.manifest();
    let Some(take) = manifest.action(&action.name) else { return Others::default() };
    let after = |wanted: fn(&Take, &Take) -> bool| {
        let of = |before: &&usize| manifest.action(&plan.actions[**before].name).is_some_and(|before| wanted(before, take));
        waits[place].after.iter().filter(of).copied().collect()
    };
    let effect = effect_of(take).map(|name| {
        let here = |other: &usize| {
            let other = &plan.actions[*other];
            other.system == action.system && other.name == name && other.spec.concern() == action.spec.concern()
        };
        // What waits for this one can't be waited for.
        let places: Vec<usize> = (0..plan.actions.len()).filter(|other| here(other) && !waits_for(waits, *other, place)).collect();
        let earlier = if places.is_empty() { statuses(rows, &action.system, name, &action.spec) } else { Vec::new() };
        Effect { name: name.to_owned(), places, earlier }
    });
    Others { must: after(proofs::must_be_proved_first), same: after(proofs::same_absence), effect }
}

impl Effect {
    /// Waits until it is known whether the other action was proved. It was, only if each that is meant was.
    pub(super) async fn settled(&self, shared: &Shared) -> Status {
        let mut all = self.earlier.clone();
        for place in &self.places {
            all.push(wait(shared, *place).await);
        }
        together(&all)
    }
}

/// What is known of an action whose effect proves another, in a case with these actions.
pub(super) fn known(rows: &[ActionRow], row: &ActionRow, name: &str) -> Status {
    Spec::of(row).map_or(Status::Failed, |spec| together(&statuses(rows, &row.system, name, &spec)))
}

/// How the actions of this name stand that concern the same.
fn statuses(rows: &[ActionRow], system: &str, name: &str, spec: &Spec) -> Vec<Status> {
    let is =
        |row: &&ActionRow| row.system == system && row.name == name && Spec::of(row).is_some_and(|other| other.concern() == spec.concern());
    rows.iter().filter(is).map(Status::of).collect()
}

fn together(all: &[Status]) -> Status {
    if all.is_empty() || all.contains(&Status::Failed) {
        Status::Failed
    } else if all.contains(&Status::Already) {
        Status::Already
    } else {
        Status::Proved
    }
}

/// The action whose effect proves this one, as its manifest says.
pub(super) fn effect_of(take: &Take) -> Option<&str> {
    take.prove.as_ref()?.effect_of.as_deref()
}

/// What is said of an action that another's effect proves.
pub(super) fn says(name: &str) -> String {
    format!("{BY_EFFECT} {name}")
}

/// What is said of it where that other one is not proved.
pub(super) fn says_not(name: &str) -> String {
    format!("no read shows this call, and {name}, whose effect would prove it, is not proved in this case")
}

fn waits_for(waits: &[Waits], from: usize, to: usize) -> bool {
    let (mut stack, mut seen) = (vec![from], vec![false; waits.len()]);
    while let Some(at) = stack.pop() {
        if at == to {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            stack.extend(waits[at].after.iter().chain(&waits[at].again));
        }
    }
    false
}
