//! Shared folders of the simulated team: who sees them, who is in them, and who is taken out.

use serde_json::{Value, json};

use super::state::{Folder, Team};
use super::{Asked, Outcome, Refusal};

/// Folders on one page at most: the vendor may hand out fewer than it is asked for.
const FOLDERS: usize = 1;
/// Members of a folder on one page at most.
const MEMBERS: usize = 3;

fn limit(asked: &Asked, most: usize) -> usize {
    asked.body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1000).clamp(1, most)
}

/// A cursor says of what, how many at once and where to go on.
fn cursor<'a>(asked: &'a Asked, what: &str) -> Result<(&'a str, usize, usize), Refusal> {
    let mut parts = asked.text("cursor")?.split('/');
    let (Some(kind), Some(of), Some(Ok(limit)), Some(Ok(from))) =
        (parts.next(), parts.next(), parts.next().map(str::parse), parts.next().map(str::parse))
    else {
        return Err(Refusal::Tag("invalid_cursor"));
    };
    if kind == what { Ok((of, limit, from)) } else { Err(Refusal::Tag("invalid_cursor")) }
}

pub(super) fn list(team: &mut Team, asked: &Asked) -> Outcome {
    Ok(part(team, asked, limit(asked, FOLDERS), 0))
}

pub(super) fn list_continue(team: &mut Team, asked: &Asked) -> Outcome {
    let (_, limit, from) = cursor(asked, "folders")?;
    Ok(part(team, asked, limit, from))
}

fn part(team: &Team, asked: &Asked, limit: usize, from: usize) -> Value {
    let member = asked.member.as_deref().unwrap_or_default();
    let all: Vec<&Folder> = team.folders.iter().filter(|folder| right(folder, member).is_some()).collect();
    let to = from.saturating_add(limit).min(all.len());
    let shown: Vec<Value> = all.get(from..to).unwrap_or_default().iter().map(|folder| render(team, folder, member)).collect();
    let mut body = json!({ "entries": shown });
    if to < all.len() {
        body["cursor"] = format!("folders/all/{limit}/{to}").into();
    }
    body
}

fn right(folder: &Folder, member: &str) -> Option<&'static str> {
    match folder.owner == member {
        true => Some("owner"),
        false => folder.editors.iter().any(|editor| editor == member).then_some("editor"),
    }
}

fn render(team: &Team, folder: &Folder, member: &str) -> Value {
    json!({
        "access_type": { ".tag": right(folder, member) },
        "is_inside_team_folder": false,
        "is_team_folder": false,
        "name": folder.name,
        "policy": {
            "acl_update_policy": { ".tag": "owner" },
            "shared_link_policy": { ".tag": "anyone" },
            "member_policy": { ".tag": "anyone" },
            "resolved_member_policy": { ".tag": "anyone" },
        },
        "preview_url": format!("https://www.dropbox.com/scl/fo/{}", folder.id),
        "shared_folder_id": folder.id,
        "time_invited": team.made,
        "path_lower": format!("/{}", folder.name.to_lowercase()),
        "path_display": format!("/{}", folder.name),
        "access_inheritance": { ".tag": "inherit" },
        "owner_team": { "id": "dbtid:northmoor", "name": "Northmoor Instruments" },
    })
}

pub(super) fn members(team: &mut Team, asked: &Asked) -> Outcome {
    part_of_members(team, asked, asked.text("shared_folder_id")?, limit(asked, MEMBERS), 0)
}

pub(super) fn members_continue(team: &mut Team, asked: &Asked) -> Outcome {
    let (folder, limit, from) = cursor(asked, "members")?;
    part_of_members(team, asked, folder, limit, from)
}

fn part_of_members(team: &mut Team, asked: &Asked, id: &str, limit: usize, from: usize) -> Outcome {
    let member = asked.member.as_deref().unwrap_or_default();
    let folder = team.folders.iter().find(|folder| folder.id == id).ok_or(Refusal::Within("access_error", "invalid_id"))?;
    right(folder, member).ok_or(Refusal::Within("access_error", "not_a_member"))?;
    let own = [&folder.owner].into_iter().chain(&folder.editors).filter_map(|id| team.members.iter().find(|member| member.id == *id));
    let mut all: Vec<(&str, Value)> = own
        .map(|member| {
            let profile = team.profile(member, false);
            let user = json!({
                "account_id": profile["account_id"],
                "email": member.email,
                "display_name": profile["name"]["display_name"],
                "same_team": true,
                "team_member_id": member.id,
            });
            ("users", json!({ "access_type": { ".tag": right(folder, &member.id) }, "user": user, "is_inherited": false }))
        })
        .collect();
    all.extend(folder.outsiders.iter().map(|one| match one.pending {
        true => {
            let invitee = json!({ ".tag": "email", "email": one.email });
            ("invitees", json!({ "access_type": { ".tag": one.right }, "invitee": invitee, "is_inherited": false }))
        }
        false => {
            let user = json!({
                "account_id": format!("dbid:{:0>35}", one.email.replace(['@', '.'], "")),
                "email": one.email,
                "display_name": one.email,
                "same_team": false,
            });
            ("users", json!({ "access_type": { ".tag": one.right }, "user": user, "is_inherited": false }))
        }
    }));
    let to = from.saturating_add(limit).min(all.len());
    let of = |kind: &str| all.get(from..to).unwrap_or_default().iter().filter(|(of, _)| *of == kind).map(|(_, one)| one.clone()).collect();
    let (users, invitees): (Vec<Value>, Vec<Value>) = (of("users"), of("invitees"));
    let mut body = json!({ "users": users, "groups": [], "invitees": invitees });
    if to < all.len() {
        body["cursor"] = format!("members/{id}/{limit}/{to}").into();
        return Ok(body);
    }
    // Whoever was being taken out when this was asked is out from here on.
    let leaving = std::mem::take(&mut team.leaving);
    for folder in &mut team.folders {
        folder.outsiders.retain(|one| !leaving.iter().any(|(of, email)| *of == folder.id && *email == one.email));
    }
    Ok(body)
}

/// Only whoever owns the folder; it goes on in the background.
pub(super) fn remove_member(team: &mut Team, asked: &Asked) -> Outcome {
    let (id, owner) = (asked.text("shared_folder_id")?, asked.member.as_deref().unwrap_or_default());
    asked.body["leave_a_copy"].as_bool().ok_or_else(|| Refusal::Bad("request body: missing required field 'leave_a_copy'".into()))?;
    let folder = team.folders.iter().find(|folder| folder.id == id).ok_or(Refusal::Within("access_error", "invalid_id"))?;
    match right(folder, owner) {
        Some("owner") => {}
        Some(_) => return Err(Refusal::Tag("no_permission")),
        None => return Err(Refusal::Within("access_error", "not_a_member")),
    }
    let email = asked.body["member"]["email"].as_str().ok_or_else(|| Refusal::Bad("request body: member: expected an email".into()))?;
    let outsider = folder.outsiders.iter().find(|one| one.email.eq_ignore_ascii_case(email));
    let outsider = outsider.ok_or(Refusal::Within("member_error", "not_a_member"))?.email.clone();
    team.leaving.push((id.to_owned(), outsider));
    Ok(json!({ ".tag": "async_job_id", "async_job_id": "dbjid:northmoor-folder" }))
}
