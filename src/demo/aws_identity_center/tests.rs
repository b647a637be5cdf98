//! Each of the two services wants its own name in the signature; assignments are deleted by jobs, some of which fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::aws_signature::sign;
use super::super::faults::Faults;
use super::super::vendor::{Left, Profile, Running, serve};
use super::state::id_of;
use super::*;

const STORE: &str = "d-9367a1b2c3";
const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6";

async fn up() -> (Running, Left, Arc<Company>) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    (serve("aws-identity-center", router, Profile::default(), Faults::default()).await.unwrap(), left, company)
}

async fn ask(running: &Running, key: &str, service: &str, target: &str, body: Value) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = body.to_string();
    let mut request = client.post(&running.url).header("x-amz-target", target).body(text.clone());
    for (name, value) in sign(running.url.strip_prefix("http://").unwrap(), key, service, &text) {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

const REVOKE: &str = "revoke-aws-identity-center";

async fn store(running: &Running, operation: &str, mut body: Value) -> Value {
    body["IdentityStoreId"] = STORE.into();
    ask(running, REVOKE, "identitystore", &format!("AWSIdentityStore.{operation}"), body).await.1
}

async fn sso(running: &Running, operation: &str, mut body: Value) -> Value {
    body["InstanceArn"] = INSTANCE.into();
    ask(running, REVOKE, "sso", &format!("SWBExternalService.{operation}"), body).await.1
}

#[tokio::test]
async fn each_service_wants_its_own_name_in_the_signature() {
    let (running, _, _) = up().await;
    let list = json!({ "IdentityStoreId": STORE, "MaxResults": 100 });
    let read = "read-aws-identity-center";
    let (status, users) = ask(&running, read, "identitystore", "AWSIdentityStore.ListUsers", list.clone()).await;
    assert!(status == 200 && users["NextToken"] == "after100", "{users}");
    let (status, refused) = ask(&running, read, "sso", "AWSIdentityStore.ListUsers", list.clone()).await;
    assert!(status == 400 && refused["__type"] == "InvalidSignatureException", "{refused}");
    let (_, refused) = ask(&running, "anybody", "identitystore", "AWSIdentityStore.ListUsers", list).await;
    assert_eq!(refused["__type"], "UnrecognizedClientException");
    let user = json!({ "IdentityStoreId": STORE, "UserId": id_of("E1002") });
    let (_, refused) = ask(&running, read, "identitystore", "AWSIdentityStore.DeleteUser", user.clone()).await;
    assert_eq!(refused["__type"], "AccessDeniedException");
    assert_eq!(store(&running, "DescribeUser", user.clone()).await["UserStatus"], "ENABLED");
    store(&running, "DeleteUser", user.clone()).await;
    assert_eq!(store(&running, "DescribeUser", user).await["__type"], "ResourceNotFoundException");
}

#[tokio::test]
async fn assignments_are_deleted_by_jobs_of_which_some_fail() {
    let (running, left, company) = up().await;
    for (number, ends) in [("E1002", "SUCCEEDED"), ("E1003", "FAILED")] {
        let principal = json!({ "PrincipalId": id_of(number), "PrincipalType": "USER", "Filter": { "AccountId": "422233334444" } });
        let own = |list: &Value| {
            let all = list["AccountAssignments"].as_array().unwrap().clone();
            all.into_iter().find(|one| one["PrincipalType"] == "USER")
        };
        let before = own(&sso(&running, "ListAccountAssignmentsForPrincipal", principal.clone()).await).unwrap();
        let delete = json!({
            "TargetId": before["AccountId"], "TargetType": "AWS_ACCOUNT", "PermissionSetArn": before["PermissionSetArn"],
            "PrincipalType": "USER", "PrincipalId": before["PrincipalId"],
        });
        let job = sso(&running, "DeleteAccountAssignment", delete.clone()).await["AccountAssignmentDeletionStatus"].clone();
        assert_eq!(job["Status"], "IN_PROGRESS");
        assert_eq!(sso(&running, "DeleteAccountAssignment", delete).await["__type"], "ConflictException");
        let status = json!({ "AccountAssignmentDeletionRequestId": job["RequestId"] });
        let ask = async || sso(&running, "DescribeAccountAssignmentDeletionStatus", status.clone()).await;
        assert_eq!(ask().await["AccountAssignmentDeletionStatus"]["Status"], "IN_PROGRESS");
        assert_eq!(ask().await["AccountAssignmentDeletionStatus"]["Status"], ends);
        let after = own(&sso(&running, "ListAccountAssignmentsForPrincipal", principal).await);
        assert_eq!(after.is_some(), ends == "FAILED");
        let still = left(company.person(number).unwrap()).iter().any(|line| line.ends_with("in the account 422233334444"));
        assert_eq!(still, ends == "FAILED", "{number}");
    }
}
