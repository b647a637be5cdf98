//! Members of the simulated team: listed, suspended, demoted, removed.

use serde_json::{Value, json};

use super::state::{Job, Team};
use super::{Asked, Outcome, Refusal};

/// How many members stand on one page at most: the vendor may hand out fewer than it is asked for.
const PAGE: usize = 60;

pub(super) fn authenticated_admin(team: &mut Team, _: &Asked) -> Outcome {
    Ok(json!({ "admin_profile": team.members.first().map(|member| team.profile(member, true)) }))
}

pub(super) fn list(team: &mut Team, asked: &Asked) -> Outcome {
    let limit = asked.body["limit"].as_u64().unwrap_or(1000);
    if !(1..=1000).contains(&limit) {
        return Err(Refusal::Bad("request body: limit: must be between 1 and 1000".into()));
    }
    Ok(part(team, usize::try_from(limit).unwrap_or(PAGE).min(PAGE), asked.flag("include_removed", false)?, 0))
}

pub(super) fn list_continue(team: &mut Team, asked: &Asked) -> Outcome {
    // The cursor says how the list was asked for and where to go on.
    let mut parts = asked.text("cursor")?.split('-');
    let (Some("members"), Some(limit), Some(removed), Some(from)) = (
        parts.next(),
        parts.next().and_then(|limit| limit.parse().ok()),
        parts.next().and_then(|removed| removed.parse().ok()),
        parts.next().and_then(|from| from.parse().ok()),
    ) else {
        return Err(Refusal::Tag("invalid_cursor"));
    };
    Ok(part(team, limit, removed, from))
}

/// Who has been removed is shown only to those who ask.
fn part(team: &Team, limit: usize, removed: bool, from: usize) -> Value {
    let all: Vec<_> = team.members.iter().filter(|member| removed || member.status != "removed").collect();
    let to = from.saturating_add(limit).min(all.len());
    let shown = all.get(from..to).unwrap_or_default();
    let shown: Vec<Value> =
        shown.iter().map(|member| json!({ "profile": team.profile(member, true), "roles": team.roles(member) })).collect();
    json!({ "members": shown, "cursor": format!("members-{limit}-{removed}-{to}"), "has_more": to < all.len() })
}

pub(super) fn get_info(team: &mut Team, asked: &Asked) -> Outcome {
    let selectors =
        asked.body["members"].as_array().ok_or_else(|| Refusal::Bad("request body: missing required field 'members'".into()))?;
    let mut info = Vec::new();
    for selector in selectors {
        let tag = selector[".tag"].as_str().unwrap_or_default();
        info.push(match team.named(selector) {
            Ok(at) => {
                let member = &team.members[at];
                json!({ ".tag": "member_info", "profile": team.profile(member, true), "roles": team.roles(member) })
            }
            Err(Refusal::Tag(_)) => json!({ ".tag": "id_not_found", "id_not_found": selector[tag] }),
            Err(other) => return Err(other),
        });
    }
    Ok(json!({ "members_info": info }))
}

/// Not idempotent: who is suspended can't be suspended again. Devices are wiped unless one says not to.
pub(super) fn suspend(team: &mut Team, asked: &Asked) -> Outcome {
    let at = team.named(&asked.body["user"])?;
    let wipe = asked.flag("wipe_data", true)?;
    if team.members[at].status == "suspended" {
        return Err(Refusal::Tag("suspend_inactive_user"));
    }
    if team.is_last_admin(at) {
        return Err(Refusal::Tag("suspend_last_admin"));
    }
    team.members[at].status = "suspended";
    let id = team.members[at].id.clone();
    team.sign_out(&id, wipe);
    Ok(Value::Null)
}

pub(super) fn unsuspend(team: &mut Team, asked: &Asked) -> Outcome {
    let at = team.named(&asked.body["user"])?;
    if team.members[at].status != "suspended" {
        return Err(Refusal::Tag("unsuspend_non_suspended_member"));
    }
    team.members[at].status = "active";
    Ok(Value::Null)
}

pub(super) fn set_roles(team: &mut Team, asked: &Asked) -> Outcome {
    let at = team.named(&asked.body["user"])?;
    let mut roles: Vec<&str> = asked.body["new_roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let role = match roles.pop() {
        // The vendor takes one role at most.
        Some(_) if !roles.is_empty() => return Err(Refusal::Bad("request body: new_roles: list must have at most 1 items".into())),
        Some(role) => Some(super::render::role_named(role).ok_or(Refusal::Tag("role_not_found"))?),
        None => None,
    };
    if role.as_deref() != Some("team") && team.is_last_admin(at) {
        return Err(Refusal::Tag("last_admin"));
    }
    team.members[at].role = role;
    let member = &team.members[at];
    Ok(json!({ "team_member_id": member.id, "roles": team.roles(member) }))
}

/// Starts a job. What contradicts itself is refused at once.
pub(super) fn remove(team: &mut Team, asked: &Asked) -> Outcome {
    let at = team.named(&asked.body["user"])?;
    let wipe = asked.flag("wipe_data", true)?;
    let keep = asked.flag("keep_account", false)?;
    let retain = asked.flag("retain_team_shares", false)?;
    let destroy = asked.flag("permanently_delete_files", false)?;
    let (dest, admin) = (&asked.body["transfer_dest_id"], &asked.body["transfer_admin_id"]);
    let id = team.members[at].id.clone();
    let renamed = |refusal, to| match refusal {
        Refusal::Tag(_) => Refusal::Tag(to),
        other => other,
    };
    let contradiction = match (keep, wipe, destroy) {
        (true, ..) if !dest.is_null() => Some("cannot_keep_account_and_transfer"),
        (true, true, _) => Some("cannot_keep_account_and_delete_data"),
        (true, _, true) => Some("cannot_keep_account_and_permanently_delete"),
        (true, ..) if team.holds.iter().any(|hold| hold.members.contains(&id)) => Some("cannot_keep_account_under_legal_hold"),
        (false, ..) if retain => Some("cannot_retain_shares_when_no_account_kept"),
        (_, _, true) if !dest.is_null() => Some("cannot_permanently_delete_and_transfer"),
        _ if !dest.is_null() && admin.is_null() => Some("unspecified_transfer_admin_id"),
        _ if team.jobs.iter().any(|job| !job.complete && job.to.as_deref() == Some(&id)) => Some("member_is_transfer_destination"),
        _ if team.is_last_admin(at) => Some("remove_last_admin"),
        _ => None,
    };
    if let Some(tag) = contradiction {
        return Err(Refusal::Tag(tag));
    }
    let mut to = None;
    if !dest.is_null() {
        let dest = team.named(dest).map_err(|refusal| renamed(refusal, "transfer_dest_user_not_found"))?;
        let admin = team.named(admin).map_err(|refusal| renamed(refusal, "transfer_admin_user_not_found"))?;
        if dest == at {
            return Err(Refusal::Tag("removed_and_transfer_dest_should_differ"));
        }
        if admin == at {
            return Err(Refusal::Tag("removed_and_transfer_admin_should_differ"));
        }
        if team.members[admin].role.as_deref() != Some("team") {
            return Err(Refusal::Tag("transfer_admin_is_not_admin"));
        }
        to = Some(team.members[dest].id.clone());
    }
    let job = format!("dbjid:northmoor-{}", team.jobs.len() + 1);
    team.sign_out(&id, wipe);
    team.jobs.push(Job { id: job.clone(), member: id, to, keep, asked: false, complete: false });
    Ok(json!({ ".tag": "async_job_id", "async_job_id": job }))
}

/// The first question finds the job under way, the second one finds it done.
pub(super) fn remove_status(team: &mut Team, asked: &Asked) -> Outcome {
    let id = asked.text("async_job_id")?;
    let job = team.jobs.iter_mut().find(|job| job.id == id).ok_or(Refusal::Tag("invalid_async_job_id"))?;
    if !job.asked {
        job.asked = true;
        return Ok(json!({ ".tag": "in_progress" }));
    }
    if !job.complete {
        job.complete = true;
        let (member, to, keep) = (job.member.clone(), job.to.clone(), job.keep);
        finish(team, &member, to.as_deref(), keep);
    }
    Ok(json!({ ".tag": "complete" }))
}

fn finish(team: &mut Team, id: &str, to: Option<&str>, keep: bool) {
    for member in team.members.iter_mut().filter(|member| member.id == id) {
        member.status = "removed";
        member.role = None;
        member.recoverable = !keep;
    }
    for group in &mut team.groups {
        group.members.retain(|member| member != id);
    }
    team.desktops.retain(|one| one.person != id);
    team.mobiles.retain(|one| one.person != id);
    team.apps.retain(|app| app.person != id);
    for folder in &mut team.folders {
        folder.editors.retain(|member| member != id);
        if let Some(to) = to.filter(|_| folder.owner == id) {
            folder.owner = to.to_owned();
        }
    }
    team.folders.retain(|folder| folder.owner != id);
    match to {
        Some(to) => team.links.iter_mut().filter(|link| link.person == id).for_each(|link| link.person = to.to_owned()),
        None => team.links.retain(|link| link.person != id),
    }
}
