//! Permissions of Drive: who a file or a shared drive is shared with, and who may change that.

use axum::body::Bytes;
use axum::extract::Path;
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Right, empty, object};
use super::documents::{Drive, File, Grantee, Permission, permission_body, permission_from};
use super::drive::no_file;
use super::state::{State, User};

/// What the vendor gives of each unless `fields` asks for more.
const PERMISSION_FIELDS: &str = "kind,id,type,role";
const PERMISSIONS_FIELDS: &str = "kind,nextPageToken,permissions(kind,id,type,role)";

/// What a permission hangs on.
enum Holder<'a> {
    File(&'a File),
    Drive(&'a Drive),
}

/// The file or drive of that id, which the caller must reach; changing it takes the right to share.
fn holder<'a>(call: &Call, state: &'a State, me: &User, id: &str, change: bool) -> Result<Holder<'a>, Refusal> {
    let may_not = || Refusal::because("insufficientFilePermissions", "The user does not have sufficient permissions for this file.");
    if let Some(file) = state.files.get(id).filter(|file| file.opens_for(state, me)) {
        return if change && !file.shareable_by(state, me) { Err(may_not()) } else { Ok(Holder::File(file)) };
    }
    let as_admin = call.flag("useDomainAdminAccess") && state.is_super_admin(&me.id);
    match state.drives.get(id).filter(|_| call.flag("supportsAllDrives")) {
        Some(drive) if as_admin || drive.members.iter().any(|m| m.names(me) && (m.role == "organizer" || !change)) => {
            Ok(Holder::Drive(drive))
        }
        Some(drive) if drive.members.iter().any(|member| member.names(me)) => Err(may_not()),
        _ => Err(no_file(id)),
    }
}

/// All permissions on a file or drive; in a shared drive, each says whether it comes from the drive.
fn permissions_of(state: &State, id: &str, holder: &Holder<'_>) -> Vec<Value> {
    let drive_permission = |permission: &Permission, kind: &str, from: Option<&str>| {
        let mut body = permission_body(state, permission);
        let mut detail = json!({"permissionType": kind, "role": permission.role, "inherited": from.is_some()});
        if let Some(from) = from {
            detail["inheritedFrom"] = json!(from);
        }
        body["permissionDetails"] = json!([detail]);
        body
    };
    match holder {
        Holder::Drive(drive) => drive.members.iter().map(|member| drive_permission(member, "member", None)).collect(),
        Holder::File(File { drive: None, permissions, .. }) => {
            permissions.iter().map(|permission| permission_body(state, permission)).collect()
        }
        Holder::File(file) => {
            let drive_id = file.drive.as_deref().filter(|drive| *drive != id);
            let members = drive_id.and_then(|id| state.drives.get(id)).map(|drive| &drive.members);
            members
                .into_iter()
                .flatten()
                .map(|member| drive_permission(member, "member", drive_id))
                .chain(file.permissions.iter().map(|own| drive_permission(own, "file", None)))
                .collect()
        }
    }
}

pub(super) async fn permissions(call: Call, Path(id): Path<String>) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    let holder = holder(&call, &state, me, &id, false)?;
    let all = permissions_of(&state, &id, &holder).into_iter().enumerate().map(|(at, body)| (format!("{at:04}"), body)).collect();
    let (page, next) = call.page("pageSize", 100, 100, all)?;
    let mut body = json!({"kind": "drive#permissionList", "permissions": page});
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    call.reply_with(body, PERMISSIONS_FIELDS)
}

pub(super) async fn permission(call: Call, Path((id, permission)): Path<(String, String)>) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    let holder = holder(&call, &state, me, &id, false)?;
    let body = permissions_of(&state, &id, &holder)
        .into_iter()
        .find(|body| body["id"] == permission.as_str())
        .ok_or_else(|| no_permission(&permission))?;
    call.reply_with(body, PERMISSION_FIELDS)
}

pub(super) async fn unshare(call: Call, Path((id, permission)): Path<(String, String)>) -> Answer {
    let (mut state, me) = call.admit(Right::Write)?;
    let me = state.user(&me)?;
    // Whoever has it may always let go of it.
    let own = state.files.get(&id).is_some_and(|file| file.permissions.iter().any(|p| p.id == permission && p.names(me)));
    let holder = holder(&call, &state, me, &id, !own)?;
    let body = permissions_of(&state, &id, &holder)
        .into_iter()
        .find(|body| body["id"] == permission.as_str())
        .ok_or_else(|| no_permission(&permission))?;
    if body["role"] == "owner" {
        return Err(Refusal::because("insufficientFilePermissions", "The owner of a file cannot be removed."));
    }
    if body["permissionDetails"][0]["inherited"] == true {
        return Err(Refusal::because(
            "cannotModifyInheritedTeamDrivePermission",
            "Cannot update or delete an inherited permission on a shared drive item.",
        ));
    }
    let managers = |drive: &Drive| drive.members.iter().filter(|member| member.role == "organizer").count();
    if body["role"] == "organizer" && state.drives.get(&id).is_some_and(|drive| managers(drive) == 1) {
        return Err(Refusal::forbidden("A shared drive must have at least one manager."));
    }
    if let Some(file) = state.files.get_mut(&id) {
        file.permissions.retain(|known| known.id != permission);
    } else if let Some(drive) = state.drives.get_mut(&id) {
        drive.members.retain(|known| known.id != permission);
    }
    empty()
}

pub(super) async fn share(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let (mut state, me) = call.admit(Right::Write)?;
    let me = state.user(&me)?;
    let wanted = permission_from(&object(&body)?, &state.domain)?;
    let holder = holder(&call, &state, me, &id, true)?;
    if wanted.role == "owner" {
        let Holder::File(file) = holder else {
            return Err(Refusal::forbidden("A shared drive has no owner."));
        };
        allow_transfer(&call, &state, me, file, &wanted)?;
        let new_owner = match &wanted.to {
            Grantee::User(address) => state.user(address)?.email.clone(),
            _ => return Err(Refusal::invalid("Only a user can own a file.")),
        };
        if let Some(file) = state.files.get_mut(&id) {
            file.give_to(&new_owner);
        }
    } else if let Some(file) = state.files.get_mut(&id) {
        file.permissions.retain(|known| known.id != wanted.id || known.role == "owner");
        file.permissions.push(wanted.clone());
    } else if let Some(drive) = state.drives.get_mut(&id) {
        drive.members.retain(|known| known.id != wanted.id);
        drive.members.push(wanted.clone());
    }
    call.reply_with(permission_body(&state, &wanted), PERMISSION_FIELDS)
}

/// Ownership moves only by its owner's hand, only knowingly, and only inside the company.
fn allow_transfer(call: &Call, state: &State, me: &User, file: &File, wanted: &Permission) -> Result<(), Refusal> {
    if !call.flag("transferOwnership") {
        return Err(Refusal::forbidden("The transferOwnership parameter must be enabled when the permission role is 'owner'."));
    }
    if !file.owned_by(me) {
        return Err(Refusal::because("insufficientFilePermissions", "The user does not have sufficient permissions for this file."));
    }
    if state.users.values().any(|user| wanted.names(user) && !user.suspended) {
        Ok(())
    } else {
        Err(Refusal::because(
            "invalidSharingRequest",
            "Bad Request. User message: \"Ownership can only be transferred to an active user of the same organization.\"",
        ))
    }
}

fn no_permission(id: &str) -> Refusal {
    Refusal::not_found(format!("Permission not found: {id}."))
}
