//! The part of OData that device lists need: `$filter`, `$select`, `$top`, `$count` and links to the next page.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::vendor::{origin, page, param, reply, same_with};
use super::refuse;

const PAGE: usize = 200;

/// One page of a collection.
pub(super) fn collection(headers: &HeaderMap, uri: &Uri, name: &str, mut items: Vec<Value>) -> Response {
    if let Err(what) = filter(uri, &mut items) {
        return refuse(400, "BadRequest", &what);
    }
    let number = |name: &str| param(uri, name).and_then(|value| value.parse::<usize>().ok());
    let skip = number("$skiptoken").or_else(|| number("$skip")).unwrap_or(0);
    let size = number("$top").unwrap_or(PAGE).clamp(1, 1000);
    let (shown, next) = page(&items, skip, size);
    let shown: Result<Vec<Value>, String> = shown.iter().map(|item| selected(uri, item.clone())).collect();
    let shown = match shown {
        Ok(shown) => shown,
        Err(what) => return refuse(400, "BadRequest", &what),
    };
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#{name}", origin(headers)),
        "value": shown,
    });
    if param(uri, "$count").as_deref() == Some("true") {
        body["@odata.count"] = items.len().into();
    }
    if let Some(next) = next {
        body["@odata.nextLink"] = same_with(headers, uri, "$skiptoken", &next.to_string()).into();
    }
    reply(200, &body)
}

/// Keeps what `$filter` asks for, or says what is wrong with it.
pub(in crate::demo) fn filter(uri: &Uri, items: &mut Vec<Value>) -> Result<(), String> {
    if let Some(filter) = param(uri, "$filter") {
        let terms = terms(&filter)?;
        items.retain(|item| terms.iter().all(|term| term.holds(item)));
    }
    Ok(())
}

/// The properties that `$select` names, and always the id.
pub(super) fn selected(uri: &Uri, item: Value) -> Result<Value, String> {
    let Some(names) = param(uri, "$select") else {
        return Ok(item);
    };
    let mut kept = Map::new();
    kept.insert("id".to_owned(), item["id"].clone());
    for name in names.split(',').map(str::trim) {
        match item.get(name) {
            Some(value) => kept.insert(name.to_owned(), value.clone()),
            None => {
                return Err(format!("Could not find a property named '{name}' on managedDevice."));
            }
        };
    }
    Ok(Value::Object(kept))
}

/// `property op literal`.
struct Term {
    property: String,
    operator: String,
    literal: String,
}

impl Term {
    fn holds(&self, item: &Value) -> bool {
        let (found, wanted) = match &item[&self.property] {
            Value::String(text) => (text.to_lowercase(), self.literal.to_lowercase()),
            Value::Null => return self.literal == "null" && self.operator == "eq",
            other => (other.to_string(), self.literal.clone()),
        };
        // Moments are written alike, in UTC, so that their text sorts as they do.
        match self.operator.as_str() {
            "eq" => found == wanted,
            "ne" => found != wanted,
            "ge" => found >= wanted,
            "gt" => found > wanted,
            "le" => found <= wanted,
            _ => found < wanted,
        }
    }
}

fn terms(filter: &str) -> Result<Vec<Term>, String> {
    filter
        .split(" and ")
        .map(|term| {
            let mut words = term.trim().splitn(3, ' ');
            let (Some(property), Some(operator), Some(literal)) = (words.next(), words.next(), words.next()) else {
                return Err(format!("Invalid filter clause: {term}"));
            };
            if !matches!(operator, "eq" | "ne" | "ge" | "gt" | "le" | "lt") {
                return Err(format!("Invalid filter clause: {term}"));
            }
            let literal = literal.trim();
            let literal = literal
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .map_or_else(|| literal.to_owned(), |text| text.replace("''", "'"));
            Ok(Term { property: property.to_owned(), operator: operator.to_owned(), literal })
        })
        .collect()
}
