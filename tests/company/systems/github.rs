//! GitHub: memberships, keys, tokens.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("github");
    system.findings_are_the_key();
    // A personal account with a token, a grant of its own and a deploy key that outlives it.
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!(departed.state("remove_collaborator"), "gone", "{departed:?}");
    // Keys and tokens that were let through SSO: each by itself, for they would work again with the membership.
    let departed = system.everything_goes("E1003", &[]);
    assert_eq!(departed.state("deauthorize_ssh_key"), "gone");
    let departed = system.everything_goes("E2010", &[]);
    assert_eq!((departed.state("deauthorize_token"), departed.state("deauthorize_app")), ("gone", "gone"));
}

/// An owner may end a membership and keep what was granted on a single repository: the account is an outside collaborator then.
#[test]
fn a_member_who_was_made_an_outside_collaborator_loses_every_repository() {
    let system = System::up("github");
    let membership = system.sim.world.url("github").to_owned() + "/orgs/northmoor/memberships/rokonjo-finance";
    let ended = system.sim.runtime.block_on(async {
        let request = reqwest::Client::new().delete(membership).bearer_auth("revoke-github").header("User-Agent", "an owner");
        request.send().await.unwrap().status()
    });
    assert_eq!(ended, 204);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!(departed.state("remove_outside_collaborator"), "gone", "{departed:?}");
}

#[test]
fn an_invitation_that_nobody_answered_is_cancelled_and_authorizations_end_by_a_job() {
    let system = System::up_unscanned("github");
    system.allow(&["revoke_all_authorizations"]);
    system.scan();
    // E2011 has authorizations; the invited have nothing but the invitation.
    let departed = system.everything_goes("E2011", &[]);
    assert_eq!(departed.state("revoke_all_authorizations"), "gone", "{departed:?}");
    let invited = system.sim.world.company.people.iter().find(|person| person.login == "karim.wang").unwrap().number.clone();
    let departed = system.everything_goes(&invited, &[]);
    assert_eq!(departed.state("cancel_invitation"), "gone", "{departed:?}");
}

#[test]
fn the_last_owner_stays_until_somebody_else_is_one() {
    let system = System::up("github");
    let body =
        json!({ "message": "The last owner of an organization can't be removed", "documentation_url": "https://docs.github.com/rest" });
    system.fault("DELETE", "/memberships/", FaultKind::Status { code: 403, headers: vec![], body });
    let departed = system.depart("E1011");
    assert_eq!(departed.state("remove_member"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor an owner first")), "{departed:?}");
    assert!(system.left("E1011").iter().any(|line| line.starts_with("the membership")));
    // What nobody refused is gone all the same.
    assert_eq!(departed.state("detach_fine_grained_token"), "gone");
}
