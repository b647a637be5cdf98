//! AWS IAM Identity Center: assignments that jobs delete, groups, applications; two services, each with a name of its own in the signature.

use exeunt_company::faults::FaultKind;
use serde_json::json;

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("aws-identity-center");
    system.findings_are_the_key();
    // Role sessions under way, and the user, whom only the console disables, are a task.
    let departed = system.everything_goes("E1002", &["the user", "a session of LedgerReader"]);
    assert_eq!(departed.state("deny_sessions"), "handed_off");
    assert!(departed.why("delete_assignment").contains("12h"), "{departed:?}");
}

// Trust: What was read.
#[test]
fn how_far_a_permission_set_goes_is_what_its_policies_say() {
    let system = System::up("aws-identity-center");
    let graph = system.sim.open_graph(Some("aws-identity-center"));
    let goes = |set: &str, level: &str| {
        let (of, ends) = (format!("/{set} -can_access-> "), format!(" {level} #"));
        assert!(graph.iter().any(|line| line.contains(&of) && line.contains(&ends)), "{set} {level}: {graph:#?}");
    };
    let set = |key: &str| format!("arn:aws:sso:::permissionSet/ssoins-7223a1b2c3d4e5f6/{key}");
    goes(&set("ps-00aa11bb22cc33dd"), "admin");
    goes(&set("ps-00aa11bb22cc33df"), "read");
    goes(&set("ps-00aa11bb22cc33e0"), "write");
    // It has a policy that reads, and one of its own text: how far that goes nobody says.
    let analyst = format!("/{} -can_access-> ", set("ps-00aa11bb22cc33de"));
    assert!(!graph.iter().any(|line| line.contains(&analyst) && (line.contains(" write #") || line.contains(" admin #"))));
}

#[test]
fn the_user_is_deleted_where_that_is_allowed() {
    let system = System::up_unscanned("aws-identity-center");
    system.allow(&["delete_user"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    assert!(departed.proved("delete_assignment") <= departed.sent("delete_user"), "{departed:?}");
}

#[test]
fn a_refusal_is_no_success() {
    let system = System::up("aws-identity-center");
    let body = json!({ "__type": "AccessDeniedException", "Message": "the management account's assignments are not yours" });
    // Every call goes to the same path: the reads are refused as well, so that what was accepted isn't proved either.
    system.fault("POST", "/", FaultKind::Status { code: 400, headers: vec![], body });
    let departed = system.depart("E1003");
    assert_ne!(departed.state("delete_assignment"), "gone", "{departed:?}");
    assert!(system.left("E1003").iter().any(|line| line.contains("DeveloperAccess")));
}
