//! What members of the simulated team hold: groups, devices, linked apps, links; and legal holds.

use serde_json::{Value, json};

use super::super::vendor::now;
use super::state::{Group, Hold, Team};
use super::{Asked, Outcome, Refusal};

/// How many groups stand on one page at most: the vendor may hand out fewer than it is asked for.
const GROUPS: usize = 2;
/// How many members' things stand on one page.
const PAGE: usize = 25;

pub(super) fn groups(team: &mut Team, asked: &Asked) -> Outcome {
    let limit = asked.body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1000).clamp(1, GROUPS);
    Ok(part_of_groups(team, limit, 0))
}

pub(super) fn groups_continue(team: &mut Team, asked: &Asked) -> Outcome {
    let mut parts = asked.text("cursor")?.strip_prefix("groups-").unwrap_or_default().split('-').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(limit)), Some(Ok(from))) => Ok(part_of_groups(team, limit, from)),
        _ => Err(Refusal::Tag("invalid_cursor")),
    }
}

fn part_of_groups(team: &Team, limit: usize, from: usize) -> Value {
    let to = from.saturating_add(limit).min(team.groups.len());
    let shown: Vec<Value> = team.groups.get(from..to).unwrap_or_default().iter().map(|group| team.group(group)).collect();
    json!({ "groups": shown, "cursor": format!("groups-{limit}-{to}"), "has_more": to < team.groups.len() })
}

fn group_named<'a>(team: &'a Team, asked: &Asked) -> Result<&'a Group, Refusal> {
    let id = asked.body["group"]["group_id"].as_str().unwrap_or_default();
    team.groups.iter().find(|group| super::render::group_id(&group.id) == id).ok_or(Refusal::Tag("group_not_found"))
}

pub(super) fn group_members(team: &mut Team, asked: &Asked) -> Outcome {
    let group = group_named(team, asked)?;
    let members = team.members.iter().filter(|member| group.members.contains(&member.id));
    let members: Vec<Value> =
        members.map(|member| json!({ "profile": team.profile(member, false), "access_type": { ".tag": "member" } })).collect();
    Ok(json!({ "members": members, "cursor": "group-end", "has_more": false }))
}

/// The members are out at once; what the group opened is taken away in the background.
pub(super) fn leave_group(team: &mut Team, asked: &Asked) -> Outcome {
    let name = group_named(team, asked)?.id.clone();
    let mut leaving = Vec::new();
    for selector in asked.body["users"].as_array().into_iter().flatten() {
        let at = team.named(selector).map_err(|_| Refusal::Tag("member_not_in_group"))?;
        leaving.push(team.members[at].id.clone());
    }
    let group = team.groups.iter_mut().find(|group| group.id == name).ok_or(Refusal::Tag("group_not_found"))?;
    if leaving.iter().any(|id| !group.members.contains(id)) {
        return Err(Refusal::Tag("member_not_in_group"));
    }
    group.members.retain(|member| !leaving.contains(member));
    changed(team, &name)
}

pub(super) fn join_group(team: &mut Team, asked: &Asked) -> Outcome {
    let name = group_named(team, asked)?.id.clone();
    for joining in asked.body["members"].as_array().into_iter().flatten() {
        let at = team.named(&joining["user"]).map_err(|_| Refusal::Tag("users_not_found"))?;
        let id = team.members[at].id.clone();
        let group = team.groups.iter_mut().find(|group| group.id == name).ok_or(Refusal::Tag("group_not_found"))?;
        if group.members.contains(&id) {
            return Err(Refusal::Tag("duplicate_user"));
        }
        group.members.push(id);
    }
    changed(team, &name)
}

fn changed(team: &Team, name: &str) -> Outcome {
    let group = team.groups.iter().find(|group| group.id == name).map(|group| {
        let mut shown = team.group(group);
        shown["created"] = 1_700_000_000_000_u64.into();
        shown
    });
    Ok(json!({ "group_info": group, "async_job_id": "dbjid:northmoor-group" }))
}

/// One part of the members that `holds` says hold something, and where to go on.
fn part<T>(team: &Team, asked: &Asked, key: &str, of: impl Fn(&str) -> Option<T>) -> Outcome
where
    Value: From<T>,
{
    let from = match asked.body["cursor"].as_str() {
        None => 0,
        Some(cursor) => cursor.strip_prefix("part-").and_then(|at| at.parse().ok()).ok_or(Refusal::Tag("reset"))?,
    };
    let living: Vec<&str> = team.members.iter().filter(|member| member.status != "removed").map(|member| member.id.as_str()).collect();
    let to = usize::min(from + PAGE, living.len());
    let shown: Vec<Value> = living.get(from..to).unwrap_or_default().iter().filter_map(|id| of(id).map(Value::from)).collect();
    let mut body = json!({ key: shown, "has_more": to < living.len() });
    if to < living.len() {
        body["cursor"] = format!("part-{to}").into();
    }
    Ok(body)
}

pub(super) fn devices(team: &mut Team, asked: &Asked) -> Outcome {
    part(team, asked, "devices", |id| {
        let mut shown = team.devices(id);
        let any = ["web_sessions", "desktop_clients", "mobile_clients"].iter().any(|kind| shown[kind] != json!([]));
        shown["team_member_id"] = id.into();
        any.then_some(shown)
    })
}

fn member_known<'a>(team: &Team, asked: &'a Asked) -> Result<&'a str, Refusal> {
    let id = asked.text("team_member_id")?;
    let known = team.members.iter().any(|member| member.id == id && member.status != "removed");
    known.then_some(id).ok_or(Refusal::Tag("member_not_found"))
}

pub(super) fn member_devices(team: &mut Team, asked: &Asked) -> Outcome {
    let id = member_known(team, asked)?;
    let mut shown = team.devices(id);
    // Asked about one member, the vendor calls the lists by other names.
    let mut body = json!({});
    for (own, name, flag) in [
        ("web_sessions", "active_web_sessions", "include_web_sessions"),
        ("desktop_clients", "desktop_client_sessions", "include_desktop_clients"),
        ("mobile_clients", "mobile_client_sessions", "include_mobile_clients"),
    ] {
        if asked.flag(flag, true)? {
            body[name] = shown[own].take();
        }
    }
    Ok(body)
}

pub(super) fn revoke_device(team: &mut Team, asked: &Asked) -> Outcome {
    let (member, session) = (member_known(team, asked)?, asked.text("session_id")?);
    fn ended<T>(all: &mut Vec<T>, is: impl Fn(&T) -> bool) -> bool {
        let before = all.len();
        all.retain(|one| !is(one));
        all.len() < before
    }
    let full = |kind: &str, id: &str| super::render::session_id(kind, id) == session;
    let done = match asked.body[".tag"].as_str() {
        Some("web_session") => ended(&mut team.web, |one| one.person == member && full("ws", &one.id)),
        Some("desktop_client") => ended(&mut team.desktops, |one| one.person == member && full("dc", &one.id)),
        Some("mobile_client") => ended(&mut team.mobiles, |one| one.person == member && full("mc", &one.id)),
        _ => return Err(Refusal::Bad("request body: unknown tag".into())),
    };
    if done { Ok(Value::Null) } else { Err(Refusal::Tag("device_session_not_found")) }
}

pub(super) fn apps(team: &mut Team, asked: &Asked) -> Outcome {
    part(team, asked, "apps", |id| {
        let apps = team.apps(id);
        (!apps.is_empty()).then(|| json!({ "team_member_id": id, "linked_api_apps": apps }))
    })
}

pub(super) fn member_apps(team: &mut Team, asked: &Asked) -> Outcome {
    let id = member_known(team, asked)?;
    Ok(json!({ "linked_api_apps": team.apps(id) }))
}

pub(super) fn revoke_app(team: &mut Team, asked: &Asked) -> Outcome {
    let (member, app) = (member_known(team, asked)?, asked.text("app_id")?);
    let before = team.apps.len();
    team.apps.retain(|one| !(one.person == member && one.id == app));
    if team.apps.len() < before { Ok(Value::Null) } else { Err(Refusal::Tag("app_not_found")) }
}

pub(super) fn links(team: &mut Team, asked: &Asked) -> Outcome {
    let own = team.links.iter().filter(|link| Some(&link.person) == asked.member.as_ref());
    Ok(json!({ "links": own.map(|link| team.link(link)).collect::<Vec<_>>(), "has_more": false }))
}

/// Whoever may open a link may ask about it.
pub(super) fn link_metadata(team: &mut Team, asked: &Asked) -> Outcome {
    let url = asked.text("url")?;
    let link = team.links.iter().find(|link| link.url() == url).ok_or(Refusal::Tag("shared_link_not_found"))?;
    Ok(team.link(link))
}

pub(super) fn revoke_link(team: &mut Team, asked: &Asked) -> Outcome {
    let url = asked.text("url")?;
    let at = team.links.iter().position(|link| link.url() == url).ok_or(Refusal::Tag("shared_link_not_found"))?;
    if Some(&team.links[at].person) != asked.member.as_ref() {
        return Err(Refusal::Tag("shared_link_access_denied"));
    }
    team.links.remove(at);
    Ok(Value::Null)
}

/// At most five members in one hold, and no two holds of one name.
pub(super) fn new_hold(team: &mut Team, asked: &Asked) -> Outcome {
    let name = asked.text("name")?.to_owned();
    let members: Vec<String> =
        asked.body["members"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let refused = if members.is_empty() {
        Some("empty_members_list")
    } else if members.len() > 5 {
        Some("number_of_users_on_hold_is_greater_than_hold_limitation")
    } else if members.iter().any(|id| !team.members.iter().any(|member| member.id == *id)) {
        Some("invalid_members")
    } else if team.holds.iter().any(|hold| hold.name == name) {
        Some("name_must_be_unique")
    } else {
        None
    };
    if let Some(tag) = refused {
        return Err(Refusal::Tag(tag));
    }
    let hold = Hold {
        id: format!("pid_dbhid:northmoor-{}", team.holds.len() + 1),
        name,
        description: asked.body["description"].as_str().map(str::to_owned),
        members,
        start: asked.body["start_date"].as_str().map_or_else(|| now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), str::to_owned),
        active: false,
    };
    let shown = team.hold(&hold);
    team.holds.push(hold);
    Ok(shown)
}

pub(super) fn hold(team: &mut Team, asked: &Asked) -> Outcome {
    let id = asked.text("id")?;
    let at = team.holds.iter().position(|hold| hold.id == id).ok_or(Refusal::Tag("legal_hold_policy_not_found"))?;
    let shown = team.hold(&team.holds[at]);
    team.holds[at].active = true;
    Ok(shown)
}

pub(super) fn release_hold(team: &mut Team, asked: &Asked) -> Outcome {
    let id = asked.text("id")?;
    let before = team.holds.len();
    team.holds.retain(|hold| hold.id != id);
    if team.holds.len() < before { Ok(Value::Null) } else { Err(Refusal::Tag("legal_hold_policy_not_found")) }
}

pub(super) fn holds(team: &mut Team, _: &Asked) -> Outcome {
    let shown: Vec<Value> = team.holds.iter().map(|hold| team.hold(hold)).collect();
    team.holds.iter_mut().for_each(|hold| hold.active = true);
    Ok(json!({ "policies": shown }))
}
