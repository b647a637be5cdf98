//! Calendar: who may see a person's own calendar.

use std::sync::{Arc, MutexGuard};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::Google;
use super::call::{Answer, Call, Refusal, Right, empty, etag, listing};
use super::state::{CalendarRule, State};

pub(super) fn routes() -> Router<Arc<Google>> {
    Router::new()
        .route("/calendar/v3/calendars/{calendar}/acl", get(rules))
        .route("/calendar/v3/calendars/{calendar}/acl/{rule}", get(rule).delete(remove))
}

/// The state and the id of the calendar's owner. Only one's own calendar is here.
fn open<'a>(call: &'a Call, right: Right, calendar: &str) -> Result<(MutexGuard<'a, State>, String), Refusal> {
    let (state, acts_as) = call.admit(right)?;
    let owner = state.user(&acts_as)?;
    if calendar != "primary" && !owner.has_address(calendar) {
        return Err(Refusal::not_found("Not Found"));
    }
    if owner.suspended {
        return Err(Refusal::because("notACalendarUser", "The user must be signed up for Google Calendar."));
    }
    Ok((state, acts_as))
}

fn body(rule: &CalendarRule) -> Value {
    json!({
        "kind": "calendar#aclRule",
        "etag": etag(&rule.id()),
        "id": rule.id(),
        "scope": { "type": "user", "value": rule.user },
        "role": rule.role,
    })
}

async fn rules(call: Call, Path(calendar): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &calendar)?;
    let user = state.user(&owner)?;
    let own = CalendarRule { user: user.email.clone(), role: "owner".to_owned() };
    let all = [&own].into_iter().chain(&user.calendar).map(|rule| (rule.id(), body(rule))).collect();
    let (page, next) = call.page("maxResults", 100, 250, all)?;
    call.reply(listing(Some("calendar#acl"), "items", page, next))
}

async fn rule(call: Call, Path((calendar, id)): Path<(String, String)>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &calendar)?;
    let rule = state.user(&owner)?.calendar.iter().find(|rule| rule.id() == id).ok_or_else(|| Refusal::not_found("Not Found"))?;
    call.reply(body(rule))
}

async fn remove(call: Call, Path((calendar, id)): Path<(String, String)>) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &calendar)?;
    let rules = &mut state.user_mut(&owner)?.calendar;
    let before = rules.len();
    rules.retain(|rule| rule.id() != id);
    if rules.len() == before {
        return Err(Refusal::not_found("Not Found"));
    }
    empty()
}
