//! The assignments: permission sets in accounts, applications, and the jobs that delete an assignment.

use serde_json::{Value, json};

use super::super::planted;
use super::state::{Instance, Job};
use super::{Refusal, listed, missing, need};

/// One operation of sso-admin.
pub(super) fn call(instance: &mut Instance, operation: &str, body: &Value) -> Result<Value, Refusal> {
    let of_instance = !operation.ends_with("ApplicationAssignment");
    if of_instance && need(body, "InstanceArn")? != instance.planted.instance() {
        return Err(("AccessDeniedException", "the instance is not yours".into()));
    }
    match operation {
        "DescribeInstance" => Ok(json!({
            "InstanceArn": instance.planted.instance(), "IdentityStoreId": instance.planted.store,
            "OwnerAccountId": instance.planted.accounts.first(), "Name": "northmoor", "Status": "ACTIVE", "CreatedDate": instance.made,
        })),
        "ListPermissionSets" => {
            let arns = instance.planted.permission_sets.iter().map(|set| Value::from(instance.planted.arn(set)));
            listed("PermissionSets", &arns.collect::<Vec<_>>(), body)
        }
        "DescribePermissionSet" => {
            let arn = need(body, "PermissionSetArn")?;
            let set = instance.planted.set(arn).ok_or_else(|| missing("PermissionSet"))?;
            Ok(json!({ "PermissionSet": {
                "Name": set.name, "PermissionSetArn": arn, "CreatedDate": instance.made, "SessionDuration": set.session,
            } }))
        }
        "ListAccountAssignmentsForPrincipal" => {
            let principals = principals(instance, body)?;
            let asked = need(body, "PrincipalId")?.to_owned();
            instance.look(|job| job.principal == asked);
            let account = body["Filter"]["AccountId"].as_str();
            let mine = instance.assignments.iter().filter(|one| principals.contains(&one.principal));
            let mine = mine.filter(|one| account.is_none_or(|account| one.account == account));
            let shown = mine.map(|one| {
                json!({
                    "AccountId": one.account, "PermissionSetArn": one.set, "PrincipalId": one.principal,
                    "PrincipalType": if one.group { "GROUP" } else { "USER" },
                })
            });
            listed("AccountAssignments", &shown.collect::<Vec<_>>(), body)
        }
        "ListApplicationAssignmentsForPrincipal" => {
            let principals = principals(instance, body)?;
            let mine = instance.applications.iter().filter(|one| principals.contains(&one.principal));
            let shown = mine.map(|one| application(&one.arn, &one.principal, one.group));
            listed("ApplicationAssignments", &shown.collect::<Vec<_>>(), body)
        }
        "DescribeApplicationAssignment" | "DeleteApplicationAssignment" => {
            let (arn, principal) = (need(body, "ApplicationArn")?, need(body, "PrincipalId")?);
            let at = instance.applications.iter().position(|one| one.arn == arn && one.principal == principal);
            let at = at.ok_or_else(|| missing("ApplicationAssignment"))?;
            if operation.starts_with("Delete") {
                instance.applications.remove(at);
                return Ok(json!({}));
            }
            Ok(application(arn, principal, instance.applications[at].group))
        }
        "DeleteAccountAssignment" => delete(instance, body),
        "DescribeAccountAssignmentDeletionStatus" => {
            let id = need(body, "AccountAssignmentDeletionRequestId")?;
            instance.look(|job| job.id == id);
            let job = instance.jobs.iter().find(|job| job.id == id).ok_or_else(|| missing("AccountAssignmentDeletionRequest"))?;
            Ok(json!({ "AccountAssignmentDeletionStatus": status(instance, job) }))
        }
        other => Err(("UnknownOperationException", format!("{other} is no operation of sso-admin"))),
    }
}

/// Whose assignments a principal has: their own, and those of their groups.
fn principals(instance: &Instance, body: &Value) -> Result<Vec<String>, Refusal> {
    let id = need(body, "PrincipalId")?;
    need(body, "PrincipalType")?;
    let groups = instance.memberships.iter().filter(|one| one.user == id).map(|one| one.group.clone());
    Ok(std::iter::once(id.to_owned()).chain(groups).collect())
}

/// Begins a job; nothing is gone yet.
fn delete(instance: &mut Instance, body: &Value) -> Result<Value, Refusal> {
    let (account, set, principal) = (need(body, "TargetId")?, need(body, "PermissionSetArn")?, need(body, "PrincipalId")?);
    need(body, "PrincipalType")?;
    need(body, "TargetType")?;
    instance.planted.set(set).ok_or_else(|| missing("PermissionSet"))?;
    let fits = |job: &Job| job.account == account && job.set == set && job.principal == principal;
    if instance.jobs.iter().any(|job| fits(job) && job.looks < 2) {
        return Err(("ConflictException", "There is already an ongoing operation for this assignment.".into()));
    }
    let found = instance.assignments.iter().find(|one| one.account == account && one.set == set && one.principal == principal);
    let number = planted::number_of(&format!("{account}{set}{principal}{}", instance.jobs.len()));
    let job = Job {
        id: format!("{:08x}-1111-4222-8333-{number:012x}", number & 0xffff_ffff),
        account: account.to_owned(),
        set: set.to_owned(),
        principal: principal.to_owned(),
        looks: 0,
        failed: found.and_then(|one| one.fails.clone()),
    };
    let answer = json!({ "AccountAssignmentDeletionStatus": status(instance, &job) });
    instance.jobs.push(job);
    Ok(answer)
}

fn status(instance: &Instance, job: &Job) -> Value {
    let mut shown = json!({
        "Status": match (job.looks, &job.failed) { (0..2, _) => "IN_PROGRESS", (_, Some(_)) => "FAILED", (_, None) => "SUCCEEDED" },
        "RequestId": job.id,
        "TargetId": job.account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": job.set,
        "PrincipalType": if instance.users.iter().any(|user| user.id == job.principal) { "USER" } else { "GROUP" },
        "PrincipalId": job.principal,
        "CreatedDate": super::super::vendor::now().as_second(),
    });
    if let (2.., Some(why)) = (job.looks, &job.failed) {
        shown["FailureReason"] = why.as_str().into();
    }
    shown
}

fn application(arn: &str, principal: &str, group: bool) -> Value {
    json!({ "ApplicationArn": arn, "PrincipalId": principal, "PrincipalType": if group { "GROUP" } else { "USER" } })
}
