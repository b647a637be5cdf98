//! Okta's reads.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{State, User};
use super::{Asked, error, not_found, view};
use crate::demo::vendor::{count_param, link, reply, same_with};
use axum::response::Response;

/// The answer to a read, if there is such a path.
pub(super) fn answer(state: &State, asked: &Asked, path: &[&str]) -> Option<Response> {
    let base = asked.base.as_str();
    Some(match path {
        ["users"] => return Some(users(state, asked)),
        ["users", key, rest @ ..] => {
            let Some(user) = state.find(key) else {
                return Some(not_found(key, "User"));
            };
            return of_user(state, asked, user, rest);
        }
        ["groups"] => {
            let q = asked.param("q").unwrap_or_default().to_lowercase();
            let groups = state.groups.values().filter(|g| g.name.to_lowercase().starts_with(&q)).map(|g| (g.id.as_str(), g));
            paged(asked, groups, 10_000, 10_000, |g| view::group(base, g))
        }
        ["groups", "rules"] => reply(200, &json!([])),
        ["groups", id, rest @ ..] => {
            let Some(group) = state.groups.get(*id) else {
                return Some(not_found(id, "UserGroup"));
            };
            match rest {
                [] => reply(200, &view::group(base, group)),
                ["users"] => {
                    let members = group.members.iter().filter_map(|id| state.users.get(id));
                    let members = members.map(|u| (u.id.as_str(), u));
                    paged(asked, members, 1000, 1000, |u| view::user(base, u))
                }
                ["apps"] => {
                    let apps = state.apps.values().filter(|app| app.groups.contains(&group.id)).map(|app| (app.id.as_str(), app));
                    paged(asked, apps, 20, 200, |app| view::app(base, app))
                }
                _ => return None,
            }
        }
        ["apps"] => apps(state, asked),
        ["apps", id, rest @ ..] => {
            let Some(app) = state.apps.get(*id) else {
                return Some(not_found(id, "AppInstance"));
            };
            match rest {
                [] => reply(200, &view::app(base, app)),
                ["users"] => {
                    let users = state.users.values().filter_map(|u| Some((u.id.as_str(), (u, state.assignment(app, &u.id)?))));
                    paged(asked, users, 50, 500, |(u, by)| view::app_user(base, app, u, &by))
                }
                ["users", key] => {
                    let assigned = state.find(key).and_then(|u| Some((u, state.assignment(app, &u.id)?)));
                    match assigned {
                        Some((user, by)) => reply(200, &view::app_user(base, app, user, &by)),
                        None => not_found(key, "AppUser"),
                    }
                }
                ["groups"] => {
                    let groups = app.groups.iter().filter_map(|id| state.groups.get(id));
                    let groups = groups.enumerate().map(|(i, g)| (g.id.as_str(), (i, g)));
                    paged(asked, groups, 20, 200, |(i, g)| view::app_group(base, app, g, i))
                }
                _ => return None,
            }
        }
        ["api-tokens"] => reply(200, &state.api_tokens.values().map(|t| view::api_token(base, t)).collect()),
        ["api-tokens", id] => match state.api_tokens.get(*id) {
            Some(token) => reply(200, &view::api_token(base, token)),
            None => not_found(id, "ApiToken"),
        },
        ["iam", "assignees", "users"] => assignees(state, asked),
        ["logs"] => logs(state, asked),
        _ => return None,
    })
}

fn of_user(state: &State, asked: &Asked, user: &User, rest: &[&str]) -> Option<Response> {
    let base = asked.base.as_str();
    let id = user.id.as_str();
    let expand = asked.param("expand").as_deref() == Some("scope");
    let list = |items: Vec<Value>| reply(200, &Value::Array(items));
    Some(match rest {
        [] => reply(200, &view::user(base, user)),
        ["groups"] => {
            let groups = state.groups.values().filter(|g| g.members.contains(id));
            list(groups.map(|g| view::group(base, g)).collect())
        }
        ["appLinks"] => {
            let apps = state.apps.values().filter(|app| state.assignment(app, id).is_some());
            let links = apps.enumerate();
            list(links.map(|(i, app)| view::app_link(app, user, i)).collect())
        }
        ["factors"] => {
            let factors = state.factors.get(id).into_iter().flatten();
            list(factors.map(|f| view::factor(base, id, f)).collect())
        }
        ["factors", factor] => {
            let mut factors = state.factors.get(id).into_iter().flatten();
            match factors.find(|f| f.id == *factor) {
                Some(found) => reply(200, &view::factor(base, id, found)),
                None => not_found(factor, "UserFactor"),
            }
        }
        ["devices"] => {
            let devices = state.devices.get(id).into_iter().flatten();
            list(devices.map(|d| view::device(base, id, d)).collect())
        }
        ["roles"] => {
            let roles = state.roles.get(id).into_iter().flatten();
            list(roles.map(|r| view::role(base, id, r)).collect())
        }
        ["grants"] => {
            let grants = state.grants.iter().filter(|g| g.user == id);
            let grants = grants.map(|g| (g.id.as_str(), g));
            paged(asked, grants, 20, 200, |g| view::grant(base, state, g, expand))
        }
        ["clients"] => {
            // "for which the specified user has grants or tokens": both must go before a client does
            let clients = state.clients.iter().filter(|(client, _)| {
                let grants = state.grants.iter().map(|g| (&g.user, &g.client));
                let tokens = state.refresh_tokens.iter().map(|t| (&t.user, &t.client));
                grants.chain(tokens).any(|(u, c)| u == id && c == *client)
            });
            list(clients.map(|(client, name)| view::client(base, id, client, name)).collect())
        }
        ["clients", client, "grants"] => {
            let grants = state.grants.iter();
            let grants = grants.filter(|g| g.user == id && g.client == *client);
            let grants = grants.map(|g| (g.id.as_str(), g));
            paged(asked, grants, 20, 200, |g| view::grant(base, state, g, expand))
        }
        ["clients", client, "tokens"] => {
            let tokens = state.refresh_tokens.iter();
            let tokens = tokens.filter(|t| t.user == id && t.client == *client);
            let tokens = tokens.map(|t| (t.id.as_str(), t));
            paged(asked, tokens, 20, 200, |t| view::refresh_token(base, state, t))
        }
        _ => return None,
    })
}

fn users(state: &State, asked: &Asked) -> Response {
    let condition = asked.param("filter").or(asked.param("search"));
    let condition = match condition.as_deref().map(Condition::parse) {
        None => None,
        Some(Some(condition)) => Some(condition),
        Some(None) => return error(400, "E0000031", "Invalid search criteria.", &[]),
    };
    let base = asked.base.as_str();
    let users = state.users.values().filter(|user| match &condition {
        // The plain list leaves out the deactivated; a filter doesn't.
        None => user.status != "DEPROVISIONED",
        Some(condition) => condition.holds(&view::user(base, user)),
    });
    let users = users.map(|u| (u.id.as_str(), u));
    paged(asked, users, 200, 200, |u| view::user(base, u))
}

fn apps(state: &State, asked: &Asked) -> Response {
    let filter = asked.param("filter").unwrap_or_default();
    let whose = filter.strip_prefix("user.id eq \"").and_then(|rest| rest.strip_suffix('"'));
    let q = asked.param("q").unwrap_or_default();
    let base = asked.base.as_str();
    let apps = state.apps.values().filter(|app| {
        whose.is_none_or(|user| state.assignment(app, user).is_some()) && (app.label.starts_with(&q) || app.name.starts_with(&q))
    });
    let apps = apps.map(|app| (app.id.as_str(), app));
    paged(asked, apps, 200, 200, |app| {
        let mut shown = view::app(base, app);
        let embedded = whose.and_then(|id| Some((state.find(id)?, state.assignment(app, id)?)));
        if let Some((user, by)) = embedded
            && asked.param("expand").is_some()
        {
            shown["_embedded"] = json!({ "user": view::app_user(base, app, user, &by) });
        }
        shown
    })
}

/// Its next page is a link in the body, unlike that of all the others.
fn assignees(state: &State, asked: &Asked) -> Response {
    let after = asked.param("after").unwrap_or_default();
    let limit = count_param(&asked.uri, "limit", 100, 100);
    let mut ids = state.roles.iter().filter(|(user, roles)| !roles.is_empty() && **user > after).map(|(user, _)| user).peekable();
    let page: Vec<_> = ids.by_ref().take(limit).collect();
    let mut body = json!({
        "value": page.iter().map(|id| view::assignee(&asked.base, id)).collect::<Vec<_>>(),
        "_links": {},
    });
    if let (Some(last), Some(_)) = (page.last(), ids.peek()) {
        let next = same_with(&asked.headers, &asked.uri, "after", last);
        body["_links"]["next"] = json!({ "href": next });
    }
    reply(200, &body)
}

/// Without `until` the log is being polled: there is always a next link, which may lead to an empty page.
fn logs(state: &State, asked: &Asked) -> Response {
    let filter = asked.param("filter");
    let condition = match filter.as_deref().map(Condition::parse) {
        None => None,
        Some(Some(condition)) => Some(condition),
        Some(None) => return error(400, "E0000053", "Invalid filter.", &[]),
    };
    let since = asked.param("since").unwrap_or_default();
    let until = asked.param("until");
    let start = asked.param("after").and_then(|a| a.parse().ok());
    let start: usize = start.unwrap_or(0);
    let limit = count_param(&asked.uri, "limit", 100, 1000);
    let mut page = Vec::new();
    let mut reached = start;
    for event in state.log.iter().skip(start) {
        if page.len() == limit {
            break;
        }
        reached += 1;
        let published = event["published"].as_str().unwrap_or_default();
        let within = *published >= *since && until.as_deref().is_none_or(|u| published < u);
        if within && condition.as_ref().is_none_or(|c| c.holds(event)) {
            page.push(event.clone());
        }
    }
    let mut response = reply(200, &Value::Array(page));
    if until.is_none() || reached < state.log.len() {
        let next = same_with(&asked.headers, &asked.uri, "after", &reached.to_string());
        link(&mut response, &next, "next");
    }
    response
}

/// One page of items in order of id; the cursor is the last id seen, so that a deletion in between loses nothing.
fn paged<'a, T>(
    asked: &Asked,
    items: impl Iterator<Item = (&'a str, T)>,
    default: usize,
    max: usize,
    show: impl Fn(T) -> Value,
) -> Response {
    let after = asked.param("after").unwrap_or_default();
    let limit = count_param(&asked.uri, "limit", default, max);
    let mut rest = items.filter(|(id, _)| **id > *after).peekable();
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let last = page.last().map(|(id, _)| (*id).to_owned());
    let body = page.into_iter().map(|(_, item)| show(item)).collect();
    let mut response = reply(200, &Value::Array(body));
    let here = format!("{}{}", asked.base.trim_end_matches("/api/v1"), asked.uri.path_and_query().map_or("/", |p| p.as_str()));
    link(&mut response, &here, "self");
    if let (Some(last), Some(_)) = (last, rest.peek()) {
        let next = same_with(&asked.headers, &asked.uri, "after", &last);
        link(&mut response, &next, "next");
    }
    response
}

/// The part of Okta's filter language that is needed: `field eq|gt|ge|lt|le|sw "value"`, joined by `and`, or by `or`. Date-times are compared
/// as such, however many digits they have.
struct Condition {
    any: bool,
    terms: Vec<(Vec<String>, String, String)>,
}

impl Condition {
    fn parse(text: &str) -> Option<Condition> {
        let any = text.contains(" or ");
        let terms = text
            .split(if any { " or " } else { " and " })
            .map(|term| {
                let mut words = term.trim().splitn(3, ' ');
                let field = words.next()?.split('.').map(str::to_owned).collect();
                let operator = words.next()?.to_owned();
                let value = words.next()?.strip_prefix('"')?.strip_suffix('"')?;
                matches!(operator.as_str(), "eq" | "gt" | "ge" | "lt" | "le" | "sw").then(|| (field, operator, value.to_owned()))
            })
            .collect::<Option<_>>()?;
        Some(Condition { any, terms })
    }

    fn holds(&self, record: &Value) -> bool {
        let mut terms = self.terms.iter().map(|(field, operator, value)| {
            let mut at = record;
            for name in field {
                // `target.id` speaks of any target; each of ours has one.
                at = at.get(0).unwrap_or(at).get(name).unwrap_or(&Value::Null);
            }
            let at = at.as_str().unwrap_or_default();
            if operator == "sw" {
                return at.starts_with(value.as_str());
            }
            let order = match (at.parse::<Timestamp>(), value.parse::<Timestamp>()) {
                (Ok(at), Ok(value)) => at.cmp(&value),
                _ => at.cmp(value.as_str()),
            };
            match operator.as_str() {
                "gt" => order.is_gt(),
                "ge" => order.is_ge(),
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                _ => order.is_eq(),
            }
        });
        if self.any { terms.any(|held| held) } else { terms.all(|held| held) }
    }
}
