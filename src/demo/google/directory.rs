//! Where the Directory API's calls lead, and what it keeps beside users and groups: roles and mobile devices.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::call::{Answer, Call, Refusal, Right, empty, etag, listing, object};
use super::state::{Assignment, Device, JOB_TIME, Role, State};
use super::{Google, groups, users};

pub(super) fn routes() -> Router<Arc<Google>> {
    Router::new()
        .route("/admin/directory/v1/users", get(users::list))
        .route("/admin/directory/v1/users/{user}", get(users::read).put(users::update).patch(users::update).delete(users::delete))
        .route("/admin/directory/v1/users/{user}/makeAdmin", post(users::make_admin))
        .route("/admin/directory/v1/users/{user}/signOut", post(users::sign_out))
        .route("/admin/directory/v1/users/{user}/tokens", get(users::tokens))
        .route("/admin/directory/v1/users/{user}/tokens/{client}", get(users::token).delete(users::delete_token))
        .route("/admin/directory/v1/users/{user}/asps", get(users::app_passwords))
        .route("/admin/directory/v1/users/{user}/asps/{code}", get(users::app_password).delete(users::delete_app_password))
        .route("/admin/directory/v1/users/{user}/verificationCodes", get(users::backup_codes))
        .route("/admin/directory/v1/users/{user}/verificationCodes/invalidate", post(users::invalidate_codes))
        .route("/admin/directory/v1/users/{user}/twoStepVerification/turnOff", post(users::turn_off_two_step))
        .route("/admin/directory/v1/groups", get(groups::list))
        .route("/admin/directory/v1/groups/{group}", get(groups::read))
        .route("/admin/directory/v1/groups/{group}/members", get(groups::members))
        .route("/admin/directory/v1/groups/{group}/members/{member}", get(groups::member).delete(groups::delete_member))
        .route("/admin/directory/v1/customer/{customer}/roles", get(roles))
        .route("/admin/directory/v1/customer/{customer}/roleassignments", get(assignments))
        .route("/admin/directory/v1/customer/{customer}/roleassignments/{id}", delete(delete_assignment).get(assignment))
        .route("/admin/directory/v1/customer/{customer}/devices/mobile", get(devices))
        .route("/admin/directory/v1/customer/{customer}/devices/mobile/{id}", get(device))
        .route("/admin/directory/v1/customer/{customer}/devices/mobile/{id}/action", post(device_action))
}

async fn roles(call: Call, Path(customer): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.customer(&state, &customer)?;
    let all = state.roles.iter().map(|role| (role.id.clone(), role_body(role))).collect();
    let (page, next) = call.page("maxResults", 100, 100, all)?;
    call.reply(listing(Some("admin#directory#roles"), "items", page, next))
}

fn role_body(role: &Role) -> Value {
    let privileges: Vec<Value> =
        role.privileges.iter().map(|name| json!({"privilegeName": name, "serviceId": "00haapch16h1ysv"})).collect();
    json!({
        "kind": "admin#directory#role",
        "etag": etag(&role.id),
        "roleId": role.id,
        "roleName": role.name,
        "roleDescription": role.description,
        "rolePrivileges": privileges,
        "isSystemRole": true,
        "isSuperAdminRole": role.super_admin,
    })
}

async fn assignments(call: Call, Path(customer): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.customer(&state, &customer)?;
    let of = match call.query("userKey") {
        Some(key) => Some(state.user(key)?.id.clone()),
        None => None,
    };
    let all = state
        .assignments
        .iter()
        .filter(|(_, given)| of.as_ref().is_none_or(|id| given.user == *id))
        .filter(|(_, given)| call.query("roleId").is_none_or(|id| given.role == id))
        .map(|(id, given)| (id.clone(), assignment_body(id, given)))
        .collect();
    let (page, next) = call.page("maxResults", 100, 200, all)?;
    call.reply(listing(Some("admin#directory#roleAssignments"), "items", page, next))
}

async fn assignment(call: Call, Path((customer, id)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.customer(&state, &customer)?;
    let given = state.assignments.get(&id).ok_or_else(no_assignment)?;
    call.reply(assignment_body(&id, given))
}

fn assignment_body(id: &str, given: &Assignment) -> Value {
    json!({
        "kind": "admin#directory#roleAssignment",
        "etag": etag(id),
        "roleAssignmentId": id,
        "roleId": given.role,
        "assignedTo": given.user,
        "assigneeType": "user",
        "scopeType": "CUSTOMER",
    })
}

async fn delete_assignment(call: Call, Path((customer, id)): Path<(String, String)>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    call.customer(&state, &customer)?;
    let given = state.assignments.get(&id).ok_or_else(no_assignment)?;
    let user = given.user.clone();
    if state.role(&given.role).is_some_and(|role| role.super_admin) {
        keep_one_super_admin(&state, &user)?;
    }
    state.assignments.remove(&id);
    empty()
}

/// A tenant without a super administrator could never be administered again.
pub(super) fn keep_one_super_admin(state: &State, leaving: &str) -> Result<(), Refusal> {
    if state.super_admins().any(|user| user != leaving) {
        Ok(())
    } else {
        Err(Refusal::invalid("Invalid Input: the last super administrator"))
    }
}

fn no_assignment() -> Refusal {
    Refusal::not_found("Resource Not Found: roleAssignmentId")
}

async fn devices(call: Call, Path(customer): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.customer(&state, &customer)?;
    let email = match call.query("query") {
        None => None,
        Some(query) => Some(query.strip_prefix("email:").ok_or_else(|| Refusal::invalid(format!("Invalid Input: {query}")))?),
    };
    let all = state
        .devices
        .iter()
        .filter(|(_, device)| email.is_none_or(|email| state.users.get(&device.user).is_some_and(|user| user.has_address(email))))
        .map(|(id, device)| (id.clone(), device_body(&state, id, device)))
        .collect();
    let (page, next) = call.page("maxResults", 100, 100, all)?;
    call.reply(listing(Some("admin#directory#mobiledevices"), "mobiledevices", page, next))
}

async fn device(call: Call, Path((customer, id)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.customer(&state, &customer)?;
    let device = state.devices.get(&id).ok_or_else(no_device)?;
    call.reply(device_body(&state, &id, device))
}

fn device_body(state: &State, id: &str, device: &Device) -> Value {
    let (email, name) = state.users.get(&device.user).map(|user| (user.email.clone(), user.full_name())).unwrap_or_default();
    json!({
        "kind": "admin#directory#mobiledevice",
        "etag": etag(&format!("{id}{}", device.status)),
        "resourceId": id,
        "deviceId": device.device_id,
        "serialNumber": device.serial,
        "name": [name],
        "email": [email],
        "model": device.model,
        "os": device.os,
        "type": device.kind,
        "status": device.status,
        "firstSync": device.first_sync,
        "lastSync": device.last_sync,
        "deviceCompromisedStatus": "No compromise detected",
        "devicePasswordStatus": "On",
    })
}

async fn device_action(call: Call, Path((customer, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let mut state = call.admin(Right::Write)?;
    call.customer(&state, &customer)?;
    let body = object(&body)?;
    let device = state.devices.get_mut(&id).ok_or_else(no_device)?;
    // A wipe waits until the device checks in; the rest is decided on the server.
    let due = Instant::now() + JOB_TIME;
    match body["action"].as_str().unwrap_or_default() {
        "approve" => device.status = "APPROVED",
        "block" => device.status = "BLOCKED",
        "admin_account_wipe" => {
            device.status = "ACCOUNT_WIPING";
            device.becoming = Some((due, "ACCOUNT_WIPED"));
        }
        "admin_remote_wipe" => {
            device.status = "WIPING";
            device.becoming = Some((due, "WIPED"));
        }
        "cancel_remote_wipe_then_activate" if device.becoming.is_some() => {
            device.status = "APPROVED";
            device.becoming = None;
        }
        "cancel_remote_wipe_then_block" if device.becoming.is_some() => {
            device.status = "BLOCKED";
            device.becoming = None;
        }
        other => {
            return Err(Refusal::invalid(format!("Invalid value for action: {other}")));
        }
    }
    empty()
}

fn no_device() -> Refusal {
    Refusal::not_found("Resource Not Found: resourceId")
}
