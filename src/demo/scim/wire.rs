//! What SCIM 2.0 (RFC 7643, RFC 7644) looks like on the wire, for every simulated vendor that speaks it.

use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::vendor::{count_param, page, param, reply};

pub(in super::super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(in super::super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(in super::super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// One thing that a PATCH asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Change {
    /// The account is to be active or not.
    Active(bool),
    /// These are to be members as well.
    AddMembers(Vec<String>),
    /// These are no longer to be members.
    RemoveMembers(Vec<String>),
    /// Nobody is to be a member.
    RemoveAllMembers,
}

/// An answer with the media type of SCIM.
pub(in super::super) fn answer(status: u16, body: &Value) -> Response {
    let mut response = reply(status, body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// Why a request is refused, in the terms of RFC 7644, section 3.12.
#[derive(Debug)]
pub(in super::super) struct Refusal {
    status: u16,
    kind: Option<&'static str>,
    detail: String,
}

impl Refusal {
    pub(in super::super) fn new(status: u16, kind: Option<&'static str>, detail: &str) -> Refusal {
        Refusal { status, kind, detail: detail.to_owned() }
    }

    pub(in super::super) fn answer(&self) -> Response {
        let mut body = json!({
            "schemas": [ERROR],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        answer(self.status, &body)
    }
}

/// A refusal as an answer.
pub(in super::super) fn error(status: u16, kind: Option<&'static str>, detail: &str) -> Response {
    Refusal::new(status, kind, detail).answer()
}

/// Filters and pages resources as `filter`, `startIndex` and `count` ask.
pub(in super::super) fn list(uri: &Uri, resources: Vec<Value>, max: usize) -> Response {
    let found: Vec<Value> = match param(uri, "filter") {
        None => resources,
        Some(text) => match (equals(&text), changed_since(&text)) {
            (None, None) => {
                return error(400, Some("invalidFilter"), "only `attribute eq value` and `meta.lastModified gt|ge time` are supported");
            }
            (Some((attribute, value)), _) => resources.into_iter().filter(|resource| matches(resource, &attribute, &value)).collect(),
            (None, Some((since, with))) => {
                let changed = |resource: &Value| resource["meta"]["lastModified"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
                let counts = |at: Timestamp| at > since || with && at == since;
                resources.into_iter().filter(|resource| changed(resource).is_some_and(counts)).collect()
            }
        },
    };
    let start = count_param(uri, "startIndex", 1, usize::MAX);
    let wanted = param(uri, "count").and_then(|count| count.parse().ok());
    // A count of 0 asks for the total alone.
    let (shown, _) = page(&found, start - 1, wanted.unwrap_or(max).min(max));
    answer(
        200,
        &json!({
            "schemas": [LIST],
            "totalResults": found.len(),
            "startIndex": start,
            "itemsPerPage": shown.len(),
            "Resources": shown,
        }),
    )
}

/// The time of `meta.lastModified ge "time"`, and whether what changed at that very moment counts (with `gt` it doesn't): date-times are
/// compared "in chronological order" (RFC 7644, 3.4.2.2).
fn changed_since(filter: &str) -> Option<(Timestamp, bool)> {
    let with = compared(filter, "ge");
    let (attribute, value) = with.or_else(|| compared(filter, "gt"))?;
    let since = value.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    attribute.eq_ignore_ascii_case("meta.lastModified").then_some((since, with.is_some()))
}

/// Attribute and value of a comparison by this operator.
fn compared<'f>(filter: &'f str, by: &str) -> Option<(&'f str, &'f str)> {
    let (attribute, rest) = filter.trim().split_once(' ')?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    operator.eq_ignore_ascii_case(by).then_some((attribute, value.trim()))
}

/// Attribute and value of `attribute eq "value"`.
fn equals(filter: &str) -> Option<(String, String)> {
    let (attribute, value) = compared(filter, "eq")?;
    let value = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|v| !v.contains('"'))?,
        None if matches!(value, "true" | "false") => value,
        None => return None,
    };
    Some((attribute.to_owned(), value.to_owned()))
}

/// Whether an attribute, such as `userName` or `emails.value`, has the value; strings are compared without regard to case.
fn matches(resource: &Value, attribute: &str, value: &str) -> bool {
    let (first, rest) = match attribute.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (attribute, None),
    };
    let Some((_, found)) = resource.as_object().and_then(|fields| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(first))) else {
        return false;
    };
    let one = |found: &Value| match (found, rest) {
        (Value::Object(_), rest) => matches(found, rest.unwrap_or("value"), value),
        (Value::String(text), None) => text.eq_ignore_ascii_case(value),
        (Value::Bool(flag), None) => flag.to_string() == value,
        _ => false,
    };
    match found {
        Value::Array(items) => items.iter().any(one),
        other => one(other),
    }
}

/// What the body of a PATCH asks for, or the refusal.
pub(in super::super) fn changes(body: &Value) -> Result<Vec<Change>, Refusal> {
    let syntax = |detail: &str| Refusal::new(400, Some("invalidSyntax"), detail);
    let schemas = body["schemas"].as_array();
    if !schemas.is_some_and(|all| all.iter().any(|schema| schema == PATCH)) {
        return Err(syntax("schemas must name the PatchOp message"));
    }
    let Some(operations) = body["Operations"].as_array().filter(|all| !all.is_empty()) else {
        return Err(syntax("Operations must be a list of at least one operation"));
    };
    operations.iter().map(change).collect::<Result<Vec<_>, _>>().map(|all| all.into_iter().flatten().collect())
}

fn change(operation: &Value) -> Result<Vec<Change>, Refusal> {
    let op = operation["op"].as_str().unwrap_or_default().to_ascii_lowercase();
    let path = operation["path"].as_str().unwrap_or_default().trim();
    let value = &operation["value"];
    let lower = path.to_ascii_lowercase();
    let wrong = |detail: &str| Err(Refusal::new(400, Some("invalidValue"), detail));
    match (op.as_str(), lower.as_str()) {
        ("add" | "replace", "active") => match flag(value) {
            Some(active) => Ok(vec![Change::Active(active)]),
            None => wrong("active must be true or false"),
        },
        ("add" | "replace", "") => match flag(&value["active"]) {
            Some(active) => Ok(vec![Change::Active(active)]),
            None => wrong("only active can be changed without a path"),
        },
        ("add", "members") => Ok(vec![Change::AddMembers(ids(value))]),
        ("replace", "members") => Ok(vec![Change::RemoveAllMembers, Change::AddMembers(ids(value))]),
        ("remove", "members") => Ok(vec![match ids(value) {
            none if none.is_empty() => Change::RemoveAllMembers,
            some => Change::RemoveMembers(some),
        }]),
        ("remove", selected) if selected.starts_with("members[") => {
            let inside = path.get("members[".len()..).and_then(|rest| rest.strip_suffix(']'));
            match inside.and_then(equals) {
                Some((attribute, id)) if attribute.eq_ignore_ascii_case("value") => Ok(vec![Change::RemoveMembers(vec![id])]),
                _ => Err(Refusal::new(400, Some("invalidPath"), "a member is selected by value")),
            }
        }
        ("add" | "replace" | "remove", _) => Err(Refusal::new(400, Some("invalidPath"), &format!("{path} can't be changed"))),
        _ => Err(Refusal::new(400, Some("invalidSyntax"), "op must be add, remove or replace")),
    }
}

/// True or false; some directories send it as text.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn ids(value: &Value) -> Vec<String> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    items.iter().filter_map(|item| item["value"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn ops(operation: Value) -> Result<Vec<Change>, u16> {
        changes(&json!({ "schemas": [PATCH], "Operations": [operation] })).map_err(|refusal| refusal.status)
    }

    #[test]
    fn a_patch_is_understood_in_the_spellings_that_directories_use() {
        let off = Ok(vec![Change::Active(false)]);
        assert_eq!(ops(json!({ "op": "replace", "path": "active", "value": false })), off);
        assert_eq!(ops(json!({ "op": "Replace", "value": { "active": false } })), off);
        assert_eq!(ops(json!({ "op": "replace", "path": "active", "value": "False" })), off);
        let out = Ok(vec![Change::RemoveMembers(vec!["7".into()])]);
        assert_eq!(ops(json!({ "op": "remove", "path": "members[value eq \"7\"]" })), out);
        assert_eq!(ops(json!({ "op": "remove", "path": "members", "value": [{ "value": "7" }] })), out);
    }

    #[test]
    fn a_patch_that_is_not_understood_is_refused() {
        assert_eq!(ops(json!({ "op": "replace", "path": "active", "value": "maybe" })), Err(400));
        assert_eq!(ops(json!({ "op": "remove", "path": "members[display eq \"x\"]" })), Err(400));
        assert_eq!(ops(json!({ "op": "move", "path": "active" })), Err(400));
        assert_eq!(changes(&json!({ "Operations": [] })).unwrap_err().status, 400);
    }

    #[test]
    fn filters_look_into_lists_and_refuse_what_they_do_not_know() {
        let user = json!({ "userName": "A@x.example", "active": true, "emails": [{ "value": "b@x.example" }] });
        assert!(matches(&user, "username", "a@X.example"));
        assert!(matches(&user, "emails", "b@x.example"));
        assert!(matches(&user, "emails.value", "b@x.example"));
        assert!(matches(&user, "active", "true"));
        assert!(!matches(&user, "emails.value", "c@x.example"));
        assert_eq!(equals("userName sw \"a\""), None);
        assert_eq!(equals("userName eq \"a\" or userName eq \"b\""), None);
    }
}
