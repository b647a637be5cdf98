//! What a departure would do, before it does; and what it left, after.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::Connection as Database;
use serde_json::json;

use super::unread::unread;
use super::{Desk, own_accounts, person_of};
use crate::clock;
use crate::config::Config;
use crate::connect::Connection;
use crate::connect::fleet::Fleet;
use crate::graph::{Around, Graph, Person, Reach};
use crate::model::{ActionState, EdgeKind, Mode, NodeId, NodeKind, Verdict};
use crate::revoke::{self, Cut, OwnUnknown, Plan, PlannedTask, Rules, Spec, SystemFacts};
use crate::store::departures::{self, DepartureRow};
use crate::store::{Store, graph as rows, links};

/// A plan, and the proof on the graph of what it leaves.
#[derive(Debug, Clone)]
pub struct Prospect {
    /// Whose.
    pub person: Person,
    /// Their accounts.
    pub accounts: Vec<NodeId>,
    /// The plan.
    pub plan: Plan,
    /// The proof.
    pub cut: Cut,
    /// The hash of the exact plan, for approvals.
    pub hash: String,
    /// Lists that the last scans could not read to their end, and that may hold something of the person.
    pub unread: Vec<(String, String)>,
}

/// Makes the plan of a person's departure from the graph as it is.
///
/// # Errors
/// The store's, or HR doesn't know the person.
pub fn prospect(config: &Config, store: &Store, fleet: &Fleet, graph: &Graph, person: NodeId, mode: Mode) -> Result<Prospect> {
    let (person, people) = person_of(config, graph, person)?;
    let successor = person
        .number
        .as_ref()
        .and_then(|number| config.people.successors.get(number))
        .and_then(|heir| people.iter().find(|person| person.is_called(heir)));
    let systems = facts(fleet);
    let rules = Rules::new(&config.departure, own_accounts(config, store)?, clock::now());
    let mut plan = revoke::plan(graph, &person, successor, mode, &systems, &rules);
    plan.tasks.extend(app_tasks(config, graph, &person));
    let (what, why) = crate::config::IN_CLEAR;
    let in_clear = config.in_clear().filter(|name| systems.contains_key(*name));
    plan.blind_spots.extend(in_clear.map(|name| revoke::Blind {
        system: name.to_owned(),
        what: what.to_owned(),
        lives: None,
        why: why.to_owned(),
    }));
    let once = store.read(|conn| links::once_had(conn, person.id))?;
    revoke::doubts::add(&mut plan, revoke::doubts::of_once(&person, &once));
    let cut = revoke::prove(graph, &person, &plan);
    let hash = plan.hash().map_err(anyhow::Error::msg)?;
    let unread = unread(store, fleet, &person)?;
    let accounts = person.accounts(graph).into_iter().map(|index| graph.net[index].id).collect();
    Ok(Prospect { person, accounts, plan, cut, hash, unread })
}

/// Reads what the plans of these people are made of.
///
/// # Errors
/// The store's.
pub fn around(config: &Config, store: &Store, fleet: &Fleet, people: &[NodeId]) -> Result<Graph> {
    let ours = own_accounts(config, store)?;
    let guarded = |(system, of): (&String, &Connection)| revoke::own::guarded(system, of.manifest(), &of.shown_settings(), &ours);
    let guarded = fleet.systems.iter().flat_map(guarded);
    let named = guarded.chain(ours.iter().cloned()).map(|(system, _, key)| (system, key)).collect();
    store.read(|conn| {
        let besides = called(conn, config.people.successors.values().chain(&config.people.protected))?;
        Graph::around(conn, None, &Around { people: people.to_vec(), besides, named })
    })
}

/// The people who are, or were once, called so in the settings.
pub(super) fn called<'n>(conn: &Database, names: impl Iterator<Item = &'n String>) -> Result<Vec<NodeId>> {
    let mut people = Vec::new();
    for name in names {
        people.extend(rows::once_called(conn, name)?);
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// What plans need to know about the systems.
fn facts(fleet: &Fleet) -> BTreeMap<String, SystemFacts> {
    let facts = |connection: &Connection| SystemFacts {
        manifest: connection.manifest().clone(),
        settings: connection.shown_settings(),
        has_revoke: connection.can_revoke(),
    };
    fleet.systems.iter().map(|(name, connection)| (name.clone(), facts(connection))).collect()
}

/// The systems that can be revoked in and of which it isn't known whose account does it, each as a line. A key that people wrote is held against what
/// the last scans saw.
///
/// # Errors
/// The store's.
pub fn own_unknown(config: &Config, store: &Store, fleet: &Fleet) -> Result<Vec<String>> {
    let ours = own_accounts(config, store)?;
    let graph = &around(config, store, fleet, &[])?;
    let shown = store.read(rows::shown_systems)?;
    let unknown = facts(fleet).into_iter().filter_map(|(system, facts)| {
        let seen = |key: &str| revoke::is_there(graph, &system, key);
        // Before the first scan nothing is known to be there.
        let is_there = |key: &str| seen(key) || !shown.contains(&system);
        let why = revoke::own::unknown(&system, &facts, &ours, is_there)?;
        Some(OwnUnknown { system, why }.to_string())
    });
    Ok(unknown.collect())
}

/// Apps behind single sign-on that policy leaves to people: a task for each that the person has.
fn app_tasks(config: &Config, graph: &Graph, person: &Person) -> Vec<PlannedTask> {
    let reach = Reach::from(graph, person.index, |edge| {
        matches!(graph.net[edge].kind, EdgeKind::HasAccount | EdgeKind::MemberOf | EdgeKind::Assigned)
    });
    let mut tasks = Vec::new();
    for index in reach.access(graph) {
        let node = &graph.net[index];
        let Some(policy) = config
            .policy
            .handed_off_apps
            .iter()
            .find(|policy| node.kind == NodeKind::App && (node.label() == policy.app || node.key == policy.app))
        else {
            continue;
        };
        tasks.push(PlannedTask {
            role: policy.role.clone(),
            title: format!("Take {} out of {}", person.name, policy.app),
            steps: format!(
                "{}: {}. Sign-in through {} ends with this departure; an account of its own may remain.",
                policy.app, policy.reason, node.system
            ),
            due_secs: 24 * 3600,
            system: node.system.clone(),
            things: vec![policy.app.clone()],
            ..PlannedTask::default()
        });
    }
    tasks
}

/// What a departure left.
pub(super) struct Left {
    /// Numbers of the new plan's actions that have never been tried.
    pub untried: Vec<u32>,
    /// Access that nothing accounts for, as paths in words.
    pub residual: Vec<String>,
}

/// Compares what the graph shows after the run with what was done: of the new plan, what was proved gone is so (a system that is blinded
/// by now merely can't say it again), what was never tried is new, and the rest of what is reachable must be a task or a decision.
pub(super) fn left(desk: &Desk<'_>, row: &DepartureRow, prospect: &Prospect) -> Result<Left> {
    let (actions, tasks) = desk.store.read(|conn| Ok((departures::actions(conn, row.id)?, departures::tasks(conn, Some(row.id))?)))?;
    let mut untried = Vec::new();
    let mut residual: Vec<String> = prospect.cut.residual.iter().map(ToString::to_string).collect();
    for planned in &prospect.plan.actions {
        let done = actions.iter().find(|row| {
            row.system == planned.system
                && row.name == planned.name
                && serde_json::from_str::<Spec>(&row.spec).is_ok_and(|spec| spec.thing() == planned.spec.thing())
        });
        match done {
            None => untried.push(planned.number),
            // Nothing was there under the old name: it is fired again under the new one.
            Some(row) if matches!(row.state, ActionState::Refused | ActionState::Stuck) && planned.spec.names_another(&row.spec) => {
                untried.push(planned.number);
            }
            Some(row) if matches!(row.verdict, Some(Verdict::Gone | Verdict::Claimed)) || row.state == ActionState::HandedOff => {}
            Some(row) if tasks.iter().any(|task| task.action == Some(row.id)) => {}
            Some(row) => residual.push(format!("{} ({})", row.label, row.why.clone().unwrap_or_else(|| row.state.to_string()))),
        }
    }
    residual.sort();
    residual.dedup();
    Ok(Left { untried, residual })
}

/// The prospect with these of its actions only.
pub(super) fn narrowed(mut prospect: Prospect, numbers: &[u32]) -> Result<Prospect> {
    let plan = &mut prospect.plan;
    plan.actions.retain(|action| numbers.contains(&action.number));
    plan.tasks.retain(|task| task.action.is_none_or(|number| numbers.contains(&number)));
    for action in &mut plan.actions {
        action.after.retain(|number| numbers.contains(number));
        action.again_after.retain(|number| numbers.contains(number));
    }
    prospect.hash = plan.hash().map_err(anyhow::Error::msg)?;
    Ok(prospect)
}

/// The prospect as JSON, for the plan that is shown.
pub fn as_json(prospect: &Prospect) -> serde_json::Value {
    json!({ "plan": prospect.plan, "hash": prospect.hash, "residual_paths": prospect.cut.residual.len(),
        "unread": prospect.unread.iter().map(|(scope, reason)| format!("{scope}: {reason}")).collect::<Vec<_>>() })
}
