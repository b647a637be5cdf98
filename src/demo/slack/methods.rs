//! The methods of the Web API that the simulated workspace knows, and the scope that each asks for.

use serde_json::{Value, json};

use super::state::{Gone, Workspace};
use super::{Arguments, Outcome, Refusal};

/// One method.
pub(super) struct Method {
    pub name: &'static str,
    pub scope: Option<&'static str>,
    pub run: fn(&mut Workspace, &Arguments) -> Outcome,
}

const fn method(name: &'static str, scope: Option<&'static str>, run: fn(&mut Workspace, &Arguments) -> Outcome) -> Method {
    Method { name, scope, run }
}

pub(super) const METHODS: &[Method] = &[
    method("auth.test", None, auth_test),
    method("users.list", Some("users:read"), users_list),
    method("users.info", Some("users:read"), users_info),
    method("usergroups.list", Some("usergroups:read"), usergroups_list),
    method("usergroups.users.list", Some("usergroups:read"), usergroups_users_list),
    method("conversations.list", Some("channels:read"), conversations_list),
    method("team.integrationLogs", Some("admin"), integration_logs),
    method("admin.apps.approved.list", Some("admin.apps:read"), approved_apps),
    method("admin.apps.uninstall", Some("admin.apps:write"), uninstall_app),
    method("admin.users.list", Some("admin.users:read"), admin_users_list),
    method("admin.users.remove", Some("admin.users:write"), admin_users_remove),
    method("admin.users.session.list", Some("admin.users:read"), sessions),
    method("admin.users.session.reset", Some("admin.users:write"), reset_sessions),
    method("chat.postMessage", Some("chat:write"), post_message),
    method("conversations.history", Some("channels:history"), history),
    method("admin.users.session.invalidate", Some("admin.users:write"), invalidate_session),
];

/// An argument that can't be left out.
fn needed<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a str, Refusal> {
    arguments.get(name).ok_or_else(|| Refusal::new("invalid_arguments"))
}

fn paged(name: &str, arguments: &Arguments, items: &[Value], default: usize) -> Outcome {
    let (part, next) = arguments.part(items, default)?;
    let mut body = json!({});
    body[name] = part.into();
    body["response_metadata"] = json!({ "next_cursor": next });
    Ok(body)
}

fn auth_test(workspace: &mut Workspace, _: &Arguments) -> Outcome {
    Ok(workspace.ourselves())
}

fn users_list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let mut body = paged("members", arguments, &workspace.members(), 200)?;
    body["cache_ts"] = workspace.started.into();
    Ok(body)
}

fn users_info(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let id = arguments.get("user").unwrap_or_default();
    let user = workspace.member(id).ok_or_else(|| Refusal::new("user_not_found"))?;
    Ok(json!({ "user": user }))
}

fn usergroups_list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let users = arguments.is_true("include_users");
    let count = arguments.is_true("include_count");
    Ok(json!({ "usergroups": workspace.usergroups(users, count) }))
}

fn usergroups_users_list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let id = needed(arguments, "usergroup")?;
    let users = workspace.users_of_group(id).ok_or_else(|| Refusal::new("no_such_subteam"))?;
    Ok(json!({ "users": users }))
}

fn conversations_list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let types: Vec<&str> = arguments.get("types").unwrap_or("public_channel").split(',').collect();
    if types.iter().any(|one| !matches!(*one, "public_channel" | "private_channel" | "mpim" | "im")) {
        return Err(Refusal::new("invalid_types"));
    }
    paged("channels", arguments, &workspace.channels(&types), 100)
}

fn integration_logs(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let mut logs = workspace.integration_logs();
    for (argument, field) in [("user", "user_id"), ("app_id", "app_id"), ("change_type", "change_type")] {
        if let Some(wanted) = arguments.get(argument) {
            logs.retain(|log| log[field] == wanted);
        }
    }
    let number = |name: &str, default: usize| arguments.get(name).and_then(|text| text.parse().ok()).unwrap_or(default).max(1);
    let (count, page) = (number("count", 20), number("page", 1));
    let shown: Vec<&Value> = logs.iter().skip((page - 1) * count).take(count).collect();
    Ok(json!({
        "logs": shown,
        "paging": {
            "count": count,
            "total": logs.len(),
            "page": page,
            "pages": logs.len().div_ceil(count),
        },
    }))
}

fn approved_apps(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    paged("approved_apps", arguments, &workspace.apps(), 100)
}

fn uninstall_app(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let removed = workspace.uninstall(needed(arguments, "app_id")?);
    removed.then(|| json!({})).ok_or_else(|| Refusal::new("app_not_found"))
}

fn admin_users_list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let active = arguments.get("is_active") != Some("false");
    paged("users", arguments, &workspace.admin_users(active), 100)
}

fn ours(workspace: &Workspace, arguments: &Arguments) -> Result<(), Refusal> {
    if needed(arguments, "team_id")? == workspace.team_id() { Ok(()) } else { Err(Refusal::new("team_not_found")) }
}

fn admin_users_remove(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    ours(workspace, arguments)?;
    match workspace.set_active(needed(arguments, "user_id")?, false) {
        Ok(()) => Ok(json!({})),
        Err(Gone::Unknown) => Err(Refusal::new("user_not_found")),
        Err(Gone::PrimaryOwner) => Err(Refusal::new("cannot_remove_primary_owner")),
    }
}

fn sessions(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let user = arguments.get("user_id");
    if user.is_some_and(|id| workspace.member(id).is_none()) {
        return Err(Refusal::new("user_not_found"));
    }
    paged("active_sessions", arguments, &workspace.sessions(user), 100)
}

fn reset_sessions(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let id = needed(arguments, "user_id")?;
    let user = workspace.member(id).ok_or_else(|| Refusal::new("user_not_found"))?;
    if user["is_primary_owner"] == true {
        return Err(Refusal::new("cannot_reset_primary_owner"));
    }
    if user["is_bot"] == true {
        return Err(Refusal::new("cannot_reset_bot"));
    }
    let (mobile_only, web_only) = (arguments.is_true("mobile_only"), arguments.is_true("web_only"));
    if mobile_only && web_only {
        return Err(Refusal::new("invalid_arguments"));
    }
    workspace.end_sessions(|session| {
        let spared = if session.mobile { web_only } else { mobile_only };
        session.user == id && !spared
    });
    Ok(json!({}))
}

fn invalidate_session(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    ours(workspace, arguments)?;
    let id: Option<u64> = needed(arguments, "session_id")?.parse().ok();
    let ended = workspace.end_sessions(|session| Some(session.id) == id);
    (ended > 0).then(|| json!({})).ok_or_else(|| Refusal::new("invalid_session_id"))
}

fn post_message(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let channel = needed(arguments, "channel")?.to_owned();
    if !workspace.has_channel(&channel) {
        return Err(Refusal::new("channel_not_found"));
    }
    let text = arguments.get("text").ok_or_else(|| Refusal::new("no_text"))?;
    if text.chars().count() > 40_000 {
        return Err(Refusal::new("msg_too_long"));
    }
    let metadata = match arguments.get("metadata").map(serde_json::from_str::<Value>) {
        None => Value::Null,
        Some(Ok(metadata)) if metadata["event_type"].is_string() && metadata["event_payload"].is_object() => metadata,
        Some(_) => return Err(Refusal::new("invalid_metadata_format")),
    };
    let message = workspace.post(&channel, text, metadata);
    Ok(json!({ "channel": channel, "ts": message["ts"], "message": message }))
}

fn history(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let channel = needed(arguments, "channel")?;
    if !workspace.has_channel(channel) {
        return Err(Refusal::new("channel_not_found"));
    }
    let all = workspace.history(channel, arguments.is_true("include_all_metadata"));
    let mut body = paged("messages", arguments, &all, 100)?;
    body["has_more"] = (body["response_metadata"]["next_cursor"] != "").into();
    Ok(body)
}
