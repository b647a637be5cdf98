//! Drive: one person's files, who they are shared with, and shared drives.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Right, empty, object};
use super::documents::{Drive, File, Permission, may_share, permission_body};
use super::state::{State, User, hash};
use super::{Google, changes, sharing};

/// What the vendor gives of each thing unless `fields` asks for more.
const FILE_FIELDS: &str = "kind,id,name,mimeType";
const FILES_FIELDS: &str = "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)";

pub(super) fn routes() -> Router<Arc<Google>> {
    Router::new()
        .route("/drive/v3/about", get(about))
        .route("/drive/v3/files", get(files))
        .route("/drive/v3/files/{file}", get(file).patch(change_file).delete(delete_file))
        .route("/drive/v3/files/{file}/permissions", get(sharing::permissions).post(sharing::share))
        .route("/drive/v3/files/{file}/permissions/{permission}", get(sharing::permission).delete(sharing::unshare))
        .route("/drive/v3/changes", get(changes::list))
        .route("/drive/v3/changes/startPageToken", get(changes::start))
        .route("/drive/v3/drives", get(drives))
        .route("/drive/v3/drives/{drive}", get(drive).patch(change_drive))
}

/// Who asks; without `fields` the vendor refuses.
async fn about(call: Call) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    if call.query("fields").is_none() {
        return Err(Refusal::invalid("The 'fields' parameter is required for this method."));
    }
    let user = json!({
        "kind": "drive#user", "displayName": me.full_name(), "emailAddress": me.email, "me": true,
        "permissionId": Permission::owner(&me.email).id,
    });
    call.reply_with(json!({ "kind": "drive#about", "user": user }), "user")
}

async fn files(call: Call) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    let terms = terms(call.query("q").unwrap_or_default())?;
    let shared_drives = call.flag("includeItemsFromAllDrives");
    if shared_drives && !call.flag("supportsAllDrives") {
        return Err(Refusal::because(
            "teamDrivesNotSupported",
            "The supportsAllDrives parameter must be set to true when includeItemsFromAllDrives is.",
        ));
    }
    let found: Vec<(String, &File)> = state
        .files
        .values()
        .filter(|file| file.drive.is_none() || shared_drives)
        .filter(|file| file.listed_for(&state, me))
        .filter(|file| terms.iter().all(|term| term.holds(&state, me, file)))
        .map(|file| (file.id.clone(), file))
        .collect();
    let (page, next) = call.page("pageSize", 100, 1000, found)?;
    let page: Vec<Value> = page.into_iter().map(|file| file_body(&state, me, file)).collect();
    let mut body = json!({"kind": "drive#fileList", "incompleteSearch": false, "files": page});
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    call.reply_with(body, FILES_FIELDS)
}

/// One condition of a file query.
enum Term {
    Owner(String),
    Trashed(bool),
    Visibility(String),
    MimeType(String),
}

/// Reads a query: conditions joined by `and`, of the kinds that are known here.
fn terms(query: &str) -> Result<Vec<Term>, Refusal> {
    let unquoted = |text: &str| text.trim().strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned);
    query
        .split(" and ")
        .map(str::trim)
        .filter(|term| !term.is_empty())
        .map(|term| {
            if let Some(owner) = term.strip_suffix(" in owners") {
                return unquoted(owner).map(Term::Owner);
            }
            let (name, value) = term.split_once('=')?;
            match (name.trim(), value.trim()) {
                ("trashed", "true") => Some(Term::Trashed(true)),
                ("trashed", "false") => Some(Term::Trashed(false)),
                ("visibility", value) => unquoted(value).map(Term::Visibility),
                ("mimeType", value) => unquoted(value).map(Term::MimeType),
                _ => None,
            }
        })
        .collect::<Option<Vec<Term>>>()
        .ok_or_else(|| Refusal::invalid("Invalid Value: q"))
}

impl Term {
    fn holds(&self, state: &State, me: &User, file: &File) -> bool {
        match self {
            Self::Owner(owner) if owner == "me" => file.owned_by(me),
            Self::Owner(owner) => state.find(owner).is_some_and(|user| file.owned_by(user)),
            Self::Trashed(trashed) => file.trashed == *trashed,
            Self::Visibility(visibility) => match visibility.as_str() {
                "anyoneWithLink" => file.has_link(),
                "limited" => !file.has_link(),
                _ => false,
            },
            Self::MimeType(mime) => file.mime == *mime,
        }
    }
}

pub(super) fn file_body(state: &State, me: &User, file: &File) -> Value {
    let ids: Vec<&str> = file.permissions.iter().map(|permission| permission.id.as_str()).collect();
    let mut body = json!({
        "kind": "drive#file",
        "id": file.id,
        "name": file.name,
        "mimeType": file.mime,
        "createdTime": file.created,
        "modifiedTime": file.modified,
        "trashed": file.trashed,
        "version": "7",
        "webViewLink": format!("https://drive.google.com/file/d/{}/view", file.id),
        "copyRequiresWriterPermission": file.copy_blocked,
        "permissionIds": ids,
    });
    if let Some(size) = file.size {
        body["size"] = json!(size.to_string());
        body["md5Checksum"] = json!(format!("{:016x}{:016x}", hash(&file.id), hash(&file.name)));
    }
    if let Some(drive) = &file.drive {
        // In a shared drive nobody owns, and permissions have a list of their own.
        body["driveId"] = json!(drive);
        body["parents"] = json!([drive]);
        return body;
    }
    body["ownedByMe"] = json!(file.owned_by(me));
    body["shared"] = json!(file.is_shared());
    body["writersCanShare"] = json!(true);
    if let Some(owner) = file.owner() {
        body["owners"] = json!([{
            "kind": "drive#user",
            "displayName": state.find(owner).map_or_else(|| owner.to_owned(), User::full_name),
            "emailAddress": owner,
            "me": file.owned_by(me),
            "permissionId": Permission::owner(owner).id,
        }]);
    }
    if file.shareable_by(state, me) {
        body["permissions"] = file.permissions.iter().map(|permission| permission_body(state, permission)).collect();
    }
    body
}

async fn file(call: Call, Path(id): Path<String>) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    let file = state.files.get(&id).filter(|file| file.opens_for(&state, me)).ok_or_else(|| no_file(&id))?;
    call.reply_with(file_body(&state, me, file), FILE_FIELDS)
}

/// Blocks or allows copies by viewers, and moves to or from the trash what is the user's own.
async fn change_file(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let (mut state, me) = call.admit(Right::Write)?;
    let me = state.user(&me)?;
    let known = state.files.get(&id).filter(|file| file.opens_for(&state, me)).ok_or_else(|| no_file(&id))?;
    let wanted = object(&body)?;
    if wanted["trashed"].is_boolean() && !known.owned_by(me) {
        return Err(not_yours());
    }
    let mine = me.id.clone();
    if let Some(file) = state.files.get_mut(&id) {
        file.copy_blocked = wanted["copyRequiresWriterPermission"].as_bool().unwrap_or(file.copy_blocked);
        file.trashed = wanted["trashed"].as_bool().unwrap_or(file.trashed);
    }
    let me = state.user(&mine)?;
    let file = state.files.get(&id).ok_or_else(|| no_file(&id))?;
    call.reply_with(file_body(&state, me, file), FILE_FIELDS)
}

/// "Permanently deletes a file owned by the user without moving it to the trash", for everyone it was shared with
/// (https://developers.google.com/workspace/drive/api/reference/rest/v3/files/delete).
async fn delete_file(call: Call, Path(id): Path<String>) -> Answer {
    let (mut state, me) = call.admit(Right::Write)?;
    let me = state.user(&me)?;
    let file = state.files.get(&id).filter(|file| file.opens_for(&state, me)).ok_or_else(|| no_file(&id))?;
    if !file.owned_by(me) {
        return Err(not_yours());
    }
    state.files.remove(&id);
    empty()
}

fn not_yours() -> Refusal {
    Refusal::because("insufficientFilePermissions", "The user does not have sufficient permissions for this file.")
}

pub(super) fn no_file(id: &str) -> Refusal {
    Refusal::not_found(format!("File not found: {id}."))
}

async fn drives(call: Call) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    let as_admin = call.flag("useDomainAdminAccess");
    if as_admin && !state.is_super_admin(&me.id) {
        return Err(Refusal::forbidden("The requesting user is not an administrator of the domain."));
    }
    let all = state
        .drives
        .iter()
        .filter(|(_, drive)| as_admin || drive.members.iter().any(|member| member.reaches(&state, me)))
        .map(|(id, drive)| (id.clone(), drive_body(id, drive, me)))
        .collect();
    let (page, next) = call.page("pageSize", 10, 100, all)?;
    let mut body = json!({"kind": "drive#driveList", "drives": page});
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    call.reply_with(body, "kind,nextPageToken,drives(kind,id,name)")
}

async fn drive(call: Call, Path(id): Path<String>) -> Answer {
    let (state, me) = call.admit(Right::Read)?;
    let me = state.user(&me)?;
    let as_admin = call.flag("useDomainAdminAccess") && state.is_super_admin(&me.id);
    let drive = state
        .drives
        .get(&id)
        .filter(|drive| as_admin || drive.members.iter().any(|member| member.reaches(&state, me)))
        .ok_or_else(|| Refusal::not_found(format!("Shared drive not found: {id}")))?;
    call.reply_with(drive_body(&id, drive, me), "kind,id,name")
}

/// Sets a shared drive's restrictions; what isn't named stays.
async fn change_drive(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let (mut state, me) = call.admit(Right::Write)?;
    let wanted = object(&body)?;
    let as_admin = call.flag("useDomainAdminAccess") && state.is_super_admin(&state.user(&me)?.id);
    let drive = state.drives.get_mut(&id).filter(|_| as_admin);
    let drive = drive.ok_or_else(|| Refusal::not_found(format!("Shared drive not found: {id}")))?;
    for (name, value) in wanted["restrictions"].as_object().into_iter().flatten() {
        let on = value.as_bool().unwrap_or_default();
        drive.restrictions.retain(|restriction| restriction != name);
        if on {
            drive.restrictions.push(name.clone());
        }
    }
    let drive = state.drives.get(&id).ok_or_else(|| Refusal::not_found(format!("Shared drive not found: {id}")))?;
    call.reply_with(drive_body(&id, drive, state.user(&me)?), "kind,id,name")
}

fn drive_body(id: &str, drive: &Drive, me: &User) -> Value {
    let mine = drive.members.iter().find(|member| member.names(me));
    let role = mine.map(|member| member.role.as_str()).unwrap_or_default();
    let restricted = |name: &str| drive.restrictions.iter().any(|restriction| restriction == name);
    json!({
        "kind": "drive#drive",
        "id": id,
        "name": drive.name,
        "createdTime": drive.created,
        "hidden": false,
        "capabilities": {"canManageMembers": role == "organizer", "canShare": may_share(role)},
        "restrictions": {
            "adminManagedRestrictions": false,
            "copyRequiresWriterPermission": restricted("copyRequiresWriterPermission"),
            "domainUsersOnly": restricted("domainUsersOnly"),
            "driveMembersOnly": restricted("driveMembersOnly"),
        },
    })
}
