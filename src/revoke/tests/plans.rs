//! Plans, and the proof on the graph that they are cuts.

use serde_json::json;

use super::*;
use crate::config::Keep;
use crate::revoke::{PlannedAction, prove};

fn names(plan: &Plan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.name.as_str()).collect()
}

fn by_name<'p>(plan: &'p Plan, name: &str) -> &'p PlannedAction {
    plan.actions.iter().find(|action| action.name == name).unwrap()
}

#[test]
fn a_plan_is_a_cut_and_nothing_in_it_is_idle() {
    let world = World::new();
    ada_in_acme(&world);
    let (graph, ada, plan) = world.plan();
    assert_eq!(names(&plan), ["clear_sessions", "reset_factors", "suspend", "revoke_token"]);
    assert_eq!(plan.problems, Vec::<String>::new());
    assert_eq!((plan.residual.len(), plan.tasks.len(), plan.reachable_before), (0, 0, 8));
    assert_eq!(by_name(&plan, "suspend").after, [by_name(&plan, "reset_factors").number]);
    assert_eq!(by_name(&plan, "clear_sessions").again_after, [by_name(&plan, "suspend").number]);
    assert_eq!(plan.blind_spots[0].what, "cookies");

    // Take any one action out, and something is reachable again.
    let lost = |name: &str| {
        let mut less = plan.clone();
        less.actions.retain(|action| action.name != name);
        let cut = prove(&graph, &ada, &less);
        cut.residual.iter().map(|path| path.labels.last().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(lost("clear_sessions"), ["s1"]);
    assert_eq!(lost("reset_factors"), ["f1"]);
    assert_eq!(lost("revoke_token"), ["t1", "v1"]);
    assert_eq!(lost("suspend"), ["u1", "g1", "g2", "r1"].map(|key| if key == "u1" { "ada@acme.example" } else { key }));
}

#[test]
fn the_same_graph_gives_the_same_hash_and_a_used_token_changes_nothing() {
    let world = World::new();
    ada_in_acme(&world);
    let first = world.plan().2.hash().unwrap();
    assert_eq!(world.plan().2.hash().unwrap(), first);
    let token = |attrs| node(CREDENTIAL, "api_token", "t1", attrs);
    world.see("acme", &[token(json!({ "last_used": "2026-10-01T00:00:00Z" }))]);
    let used = world.plan().2.hash().unwrap();
    world.see("acme", &[token(json!({ "last_used": "2026-10-02T00:00:00Z" }))]);
    assert_eq!(world.plan().2.hash().unwrap(), used);
    world.see("acme", &[node(CREDENTIAL, "api_token", "t2", json!({})), edge((ACCOUNT, "u1"), EdgeKind::Holds, (CREDENTIAL, "t2"))]);
    assert_ne!(world.plan().2.hash().unwrap(), used);
}

#[test]
fn a_shared_account_is_rotated_not_disabled() {
    let world = World::new();
    ada_in_acme(&world);
    world.see(
        "acme",
        &[
            node(ACCOUNT, "", "office", json!({ "shared": true })),
            node(CREDENTIAL, "api_token", "t9", json!({})),
            edge((ACCOUNT, "office"), EdgeKind::Holds, (CREDENTIAL, "t9")),
        ],
    );
    world.link("ada", "acme", "office", "certain");
    world.link("ben", "acme", "office", "confirmed");
    let (graph, ada, plan) = world.plan();
    assert!(plan.actions.iter().all(|action| !action.label.contains("office") && !action.label.contains("t9")), "{plan:#?}");
    let task = plan.tasks.iter().find(|task| task.title.contains("office")).unwrap();
    assert!(task.role == "security" && task.steps.contains("Ben Boll"), "{task:?}");
    assert_eq!(plan.others_hit[0].people, ["Ben Boll"]);
    assert_eq!(plan.residual, []);
    let cut = prove(&graph, &ada, &plan);
    assert_eq!(cut.handed_off.iter().map(|index| graph.net[*index].key.as_str()).collect::<Vec<_>>(), ["office", "t9"]);
}

#[test]
fn an_unsure_link_is_asked_about() {
    let world = World::new();
    world.see("acme", &[node(ACCOUNT, "", "u7", json!({})), node(ACCOUNT, "", "u8", json!({}))]);
    world.link("ada", "acme", "u7", "disputed");
    world.link("ada", "acme", "u8", "rejected");
    let plan = world.plan().2;
    assert_eq!(plan.actions, []);
    assert_eq!(plan.tasks.len(), 1);
    assert!(plan.tasks[0].title.contains("u7") && plan.tasks[0].steps.contains("same name"));
}

#[test]
fn what_is_kept_has_a_name_and_an_end() {
    let world = World::new();
    ada_in_acme(&world);
    let keep = |until: &str| Keep {
        person: "ada".into(),
        system: "acme".into(),
        node: "*".into(),
        reason: "board seat".into(),
        decided_by: "Chair".into(),
        until: until.parse().unwrap(),
    };
    let mut rules = rules();
    rules.keep = vec![keep("2026-12-31")];
    let (graph, ada, plan) = world.plan_with(Mode::Departure, &systems("http://x"), &rules);
    assert_eq!((plan.actions.len(), plan.tasks.len(), plan.residual.len()), (0, 0, 0));
    assert!(plan.kept.iter().any(|kept| kept.decided_by == "Chair" && kept.until == "2026-12-31"));
    assert_eq!(prove(&graph, &ada, &plan).kept.len(), 8);

    rules.keep = vec![keep("2026-10-31")];
    let over = world.plan_with(Mode::Departure, &systems("http://x"), &rules).2;
    assert!(over.kept.is_empty() && over.actions.len() == 4);
    assert!(over.problems[0].contains("2026-10-31"));
}

#[test]
fn mail_to_a_private_address_is_cut_also_by_somebody_unknown() {
    let world = World::new();
    ada_in_acme(&world);
    use EdgeKind::{Owns, ReceivesMailOf};
    let mailbox = (NodeKind::Resource, "m1");
    world.see(
        "acme",
        &[
            node(NodeKind::Resource, "mailbox", "m1", json!({})),
            edge((ACCOUNT, "u1"), Owns, mailbox),
            edge((NodeKind::Address, "ada@home.example"), ReceivesMailOf, mailbox),
            edge((NodeKind::Address, "who@else.example"), ReceivesMailOf, mailbox),
        ],
    );
    let (graph, ada, plan) = world.plan();
    let stopped: Vec<_> = plan.actions.iter().filter(|action| action.name == "stop_forwarding").map(|action| &action.label).collect();
    assert_eq!(stopped.len(), 2, "{stopped:?}");
    // The mailbox itself is owned by a dead account, and no action of this system speaks of mailboxes.
    let task = plan.tasks.iter().find(|task| task.things.iter().any(|thing| thing.contains("m1"))).unwrap();
    assert_eq!(task.role, "security");
    assert_eq!(prove(&graph, &ada, &plan).residual, []);
}

// Trust: What was read.
#[test]
fn whoever_may_act_for_the_leaver_is_cut_or_handed_off() {
    let world = World::new();
    ada_in_acme(&world);
    use EdgeKind::{CanAccess, DelegateOf, Owns};
    let (mailbox, file) = ((NodeKind::Resource, "m1"), (NodeKind::Resource, "f1"));
    world.see(
        "acme",
        &[
            node(ACCOUNT, "", "u2", json!({ "emails": ["ben@acme.example"] })),
            node(NodeKind::Resource, "mailbox", "m1", json!({})),
            node(NodeKind::Resource, "file", "f1", json!({})),
            edge((ACCOUNT, "u1"), Owns, mailbox),
            edge((ACCOUNT, "u1"), Owns, file),
            edge((ACCOUNT, "u2"), DelegateOf, (ACCOUNT, "u1")),
            edge((ACCOUNT, "u2"), CanAccess, mailbox),
            edge((ACCOUNT, "u2"), CanAccess, file),
        ],
    );
    world.link("ben", "acme", "u2", "certain");
    let plan = world.plan().2;
    // No action of this manifest speaks of either, so a person takes both away; what a colleague may read of a file is theirs.
    let covered: Vec<_> = plan.tasks.iter().flat_map(|task| &task.covers_edges).map(|edge| edge.kind.as_str()).collect();
    assert_eq!(covered, ["delegate_of", "can_access"], "{:?}", plan.tasks);

    // Where the manifest knows how, it is an action, with a proof of its own.
    let mut systems = systems("http://x");
    let acts = "  end_delegation:\n    on: delegate_of\n    call: DELETE /users/{{ to.id }}/delegates/{{ from.id }}\n    \
                prove: { call: \"GET /users/{{ to.id }}/delegates/{{ from.id }}\", gone: absent }\n";
    systems.get_mut("acme").unwrap().manifest = manifest(&MANIFEST.replace("  collect_badge:\n", &format!("{acts}  collect_badge:\n")));
    let plan = world.plan_with(Mode::Departure, &systems, &rules()).2;
    assert_eq!(by_name(&plan, "end_delegation").label, "end delegation ben@acme.example → ada@acme.example in acme");
    assert!(!plan.tasks.iter().flat_map(|task| &task.covers_edges).any(|edge| edge.kind == "delegate_of"));
}

#[test]
fn what_no_call_reaches_is_somebodys_task() {
    let world = World::new();
    ada_in_acme(&world);
    world.see("relic", &[node(ACCOUNT, "", "old", json!({}))]);
    world.link("ada", "relic", "old", "certain");
    world.see("acme", &[node(CREDENTIAL, "badge", "b1", json!({})), edge((ACCOUNT, "u1"), EdgeKind::Holds, (CREDENTIAL, "b1"))]);
    let plan = world.plan().2;
    let relic = plan.tasks.iter().find(|task| task.system == "relic").unwrap();
    assert!(relic.role == "it" && relic.steps.contains("old") && relic.due_secs == 24 * 3600);
    let badge = plan.tasks.iter().find(|task| task.role == "facilities").unwrap();
    assert_eq!((badge.title.as_str(), badge.due_secs), ("Collect b1 from Ada Abel", 4 * 3600));
    assert!(plan.actions.iter().any(|action| Some(action.number) == badge.action && action.hand_off));
    assert_eq!(plan.residual, []);

    let mut blind = systems("http://x");
    blind.get_mut("acme").unwrap().has_revoke = false;
    let by_hand = world.plan_with(Mode::Departure, &blind, &rules()).2;
    assert!(by_hand.actions.iter().all(|action| action.hand_off));
    assert!(by_hand.tasks.iter().any(|task| task.system == "acme" && task.steps.contains("ada@acme.example")));
}

#[test]
fn nobody_is_asked_where_a_call_that_comes_to_the_same_is_planned() {
    let world = World::new();
    ada_in_acme(&world);
    let ask = "  ask:\n    on: account\n    hand_off: { to: it, due: 4h, title: Delete it by hand, no_proof: no read shows it, unless: [delete] }\n  collect_badge:\n";
    let mut systems = systems("http://x");
    systems.get_mut("acme").unwrap().manifest = manifest(&MANIFEST.replace("  collect_badge:\n", ask));
    let plan = world.plan_with(Mode::Departure, &systems, &rules()).2;
    let task = plan.tasks.iter().find(|task| task.title == "Delete it by hand").unwrap();
    assert_eq!(task.no_proof.as_deref(), Some("no read shows it"));
    let mut rules = rules();
    rules.allow = vec!["acme.delete".into()];
    let plan = world.plan_with(Mode::Departure, &systems, &rules).2;
    assert!(plan.actions.iter().all(|action| action.name != "ask") && plan.tasks.is_empty(), "{:?}", plan.tasks);
}

#[test]
fn policy_and_modes_decide_what_is_in_a_plan() {
    let world = World::new();
    ada_in_acme(&world);
    let mut rules = rules();
    rules.allow = vec!["acme.delete".into()];
    rules.deny = vec!["acme.clear_sessions".into()];
    let plan = world.plan_with(Mode::Departure, &systems("http://x"), &rules).2;
    assert_eq!(names(&plan), ["reset_factors", "suspend", "revoke_token", "delete"]);
    assert_eq!(by_name(&plan, "delete").after, [by_name(&plan, "suspend").number]);
    assert!(plan.tasks[0].things[0].contains("s1"), "the session that nobody clears is a task: {:?}", plan.tasks);
    assert_eq!(names(&world.plan_with(Mode::Leave, &systems("http://x"), &rules).2), ["suspend"]);
    let notice = world.plan_with(Mode::Notice, &systems("http://x"), &rules).2;
    assert!(notice.actions.is_empty() && notice.tasks.is_empty());
}

#[test]
fn we_do_not_saw_off_the_branch_we_sit_on() {
    let world = World::new();
    ada_in_acme(&world);
    let mut rules = rules();
    rules.own_accounts = vec![("acme".into(), "revoke".into(), "u1".into()), ("acme".into(), "read".into(), "u2".into())];
    let plan = world.plan_with(Mode::Departure, &systems("http://x"), &rules).2;
    assert_eq!(plan.own_credentials.len(), 1);
    assert!(plan.blocked[0].contains("replace it first"), "{:?}", plan.blocked);
}

#[test]
fn a_token_with_the_number_of_our_account_is_another_thing() {
    let world = World::new();
    ada_in_acme(&world);
    let mut rules = rules();
    rules.own_accounts = vec![("acme".into(), "revoke".into(), "t1".into())];
    let blocked = |world: &World| world.plan_with(Mode::Departure, &systems("http://x"), &rules).2.blocked.len();
    assert_eq!(blocked(&world), 1, "the token may be our own");
    world.see("acme", &[node(ACCOUNT, "", "t1", json!({ "emails": ["exeunt@acme.example"] }))]);
    assert_eq!(blocked(&world), 0, "our own is the account of that number, which is nobody's");
}

#[test]
fn a_dead_account_still_lets_its_token_in() {
    let world = World::new();
    ada_in_acme(&world);
    world.see("acme", &[node(ACCOUNT, "", "u1", json!({ "emails": ["ada@acme.example"], "state": "disabled" }))]);
    let (graph, ada, plan) = world.plan();
    assert!(names(&plan).contains(&"revoke_token"));
    let mut nothing = plan.clone();
    nothing.actions.clear();
    let left: Vec<_> = prove(&graph, &ada, &nothing).residual.iter().map(|path| path.labels.last().unwrap().clone()).collect();
    assert_eq!(left, ["s1", "f1", "t1", "v1"], "the groups went with the account, the token did not");
}
