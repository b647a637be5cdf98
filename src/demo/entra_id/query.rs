//! The part of OData that directory lists need, with the defaults that surprise: a property not asked for is not there.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::intune::query::filter;
use super::super::vendor::{origin, page, param, reply, same_with};
use super::refuse;

/// What a user shows unless more is asked for.
pub(super) const USER_DEFAULTS: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;
/// Sign-in activity is looked up for so many at a time, whatever `$top` says.
const LARGEST_PAGE_WITH_ACTIVITY: usize = 120;

/// One page of a collection; `defaults` are shown where nothing is selected, all where there are none.
pub(super) fn collection(headers: &HeaderMap, uri: &Uri, name: &str, defaults: &[&str], mut items: Vec<Value>) -> Response {
    if let Err(what) = filter(uri, &mut items) {
        return refuse(400, "Request_BadRequest", &what);
    }
    let number = |name: &str| param(uri, name).map(|value| value.parse::<usize>());
    let Ok(top) = number("$top").transpose() else {
        return refuse(400, "Request_BadRequest", "Invalid value for $top.");
    };
    let top = top.unwrap_or(PAGE);
    if top == 0 || top > LARGEST_PAGE {
        return refuse(400, "Request_UnsupportedQuery", "Invalid page size specified. Must be between 1 and 999 inclusive.");
    }
    let with_activity = param(uri, "$select").is_some_and(|names| names.contains("signInActivity"));
    let top = if with_activity { top.min(LARGEST_PAGE_WITH_ACTIVITY) } else { top };
    let from = match number("$skiptoken").transpose() {
        Ok(from) => from.unwrap_or(0),
        Err(_) => return refuse(400, "Directory_ExpiredPageToken", "The specified page token value has expired."),
    };
    let (shown, next) = page(&items, from, top);
    let shown: Vec<Value> = shown.iter().map(|item| selected(uri, defaults, item)).collect();
    let mut body = json!({ "@odata.context": format!("{}/v1.0/$metadata#{name}", origin(headers)) });
    // The count is an advanced query: without this header the question is passed over in silence.
    let eventual = headers.get("consistencylevel").is_some_and(|level| level.as_bytes().eq_ignore_ascii_case(b"eventual"));
    if eventual && param(uri, "$count").as_deref() == Some("true") {
        body["@odata.count"] = items.len().into();
    }
    if let Some(next) = next {
        body["@odata.nextLink"] = same_with(headers, uri, "$skiptoken", &next.to_string()).into();
    }
    body["value"] = shown.into();
    reply(200, &body)
}

/// The properties that `$select` names, or those shown by default, and always id and type.
pub(super) fn selected(uri: &Uri, defaults: &[&str], item: &Value) -> Value {
    picked(param(uri, "$select").as_deref(), defaults, item)
}

/// The properties of such a `$select`.
pub(super) fn picked(select: Option<&str>, defaults: &[&str], item: &Value) -> Value {
    let names: Vec<&str> = match select {
        Some(names) => names.split(',').map(str::trim).collect(),
        None if defaults.is_empty() => return item.clone(),
        None => defaults.to_vec(),
    };
    let mut kept = Map::new();
    for name in ["@odata.type", "id"].iter().chain(&names) {
        if let Some(value) = item.get(name) {
            kept.insert((*name).to_owned(), value.clone());
        }
    }
    Value::Object(kept)
}
