//! Names that one system speaks of and another has.
#![allow(clippy::unwrap_used)]

mod around;

use serde_json::json;

use super::Graph;
use crate::model::EdgeKind;
use crate::shadow::testing::World;

/// Who is a member of a group, by system and key.
fn members(world: &World, system: &str, group: &str) -> Vec<String> {
    let graph = world.graph();
    let group = graph.index(world.id(system, group)).unwrap();
    let mut found: Vec<String> = Graph::into(&graph, group)
        .filter(|(_, edge, _)| edge.kind == EdgeKind::MemberOf)
        .map(|(_, _, from)| format!("{}/{}", graph.net[from].system, graph.net[from].key))
        .collect();
    found.sort();
    found
}

// Trust: Whose it is.
#[test]
fn a_foreign_security_principal_is_the_account_of_the_other_domain() {
    let mut world = World::new();
    world
        .node("ad", "group:admins", "", "Admins", json!({}))
        .edge("ad", "aka:S-1-5-21-7-8-9-1104", EdgeKind::MemberOf, "group:admins", json!({}))
        .edge("ad", "aka:CN=Bo,OU=Staff,DC=emea,DC=example", EdgeKind::MemberOf, "group:admins", json!({}))
        .edge("ad", "aka:ada", EdgeKind::MemberOf, "group:admins", json!({}))
        .node("ad-emea", "account:guid-ada", "", "ada", json!({}))
        .called("ad-emea", &["S-1-5-21-7-8-9-1104", "ada"])
        .node("ad-emea", "account:guid-bo", "", "bo", json!({}))
        .called("ad-emea", &["cn=bo,ou=staff,dc=emea,dc=example"])
        .scan(true);
    assert_eq!(members(&world, "ad", "group:admins"), ["ad-emea/guid-ada", "ad-emea/guid-bo"]);
    assert_eq!(world.graph().dangling, 1, "`ada` is a name of that system alone");
}

// Trust: Whose it is.
#[test]
fn a_name_that_two_systems_have_is_nobodys_elsewhere() {
    let mut world = World::new();
    world
        .node("ad", "group:admins", "", "Admins", json!({}))
        .edge("ad", "aka:S-1-5-21-7-8-9-1104", EdgeKind::MemberOf, "group:admins", json!({}))
        .node("ad-emea", "account:one", "", "one", json!({}))
        .called("ad-emea", &["S-1-5-21-7-8-9-1104"])
        .node("ad-copy", "account:two", "", "two", json!({}))
        .called("ad-copy", &["S-1-5-21-7-8-9-1104"])
        .scan(true);
    assert!(members(&world, "ad", "group:admins").is_empty());
}
