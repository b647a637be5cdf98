//! What a request may ask of a list: which records, which fields, how many, from where.

use axum::extract::Query;
use axum::http::Uri;
use serde_json::{Map, Value};

use super::Refusal;

/// `QUERY_LIMIT_MAX`: -1 means this many, and more is refused.
const MOST: usize = 100;

pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// One record, as far as its fields were asked for.
pub(super) fn chosen(uri: &Uri, row: Option<Value>) -> Result<Value, Refusal> {
    let row = row.ok_or_else(Refusal::forbidden)?;
    let Some(fields) = parameters(uri).into_iter().find(|(name, _)| name == "fields").map(|(_, fields)| fields) else {
        return Ok(row);
    };
    let mut shown = Map::new();
    for field in fields.split(',') {
        let value = row.get(field).ok_or_else(|| {
            let what = format!("You don't have permission to access field \"{field}\" or it does not exist. Queried in root.");
            Refusal(403, "FORBIDDEN", what)
        })?;
        shown.insert(field.to_owned(), value.clone());
    }
    Ok(Value::Object(shown))
}

pub(super) fn listed(uri: &Uri, mut rows: Vec<Value>) -> Result<Value, Refusal> {
    let (mut limit, mut offset) = (MOST, 0);
    for (name, value) in parameters(uri) {
        match name.as_str() {
            "fields" => {}
            "limit" if value == "-1" => limit = MOST,
            "limit" => {
                limit = value.parse().map_err(|_| Refusal::query("\"limit\" must be a number"))?;
                if limit > MOST {
                    return Err(Refusal::query(&format!("\"limit\" must be less than or equal to {MOST}")));
                }
            }
            "offset" => offset = value.parse().map_err(|_| Refusal::query("\"offset\" must be a number"))?,
            "sort" => rows.sort_by_key(|row| row[&value].to_string()),
            _ => {
                let field = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix("][_eq]"));
                let field = field.ok_or_else(|| Refusal::query(&format!("\"{name}\" is not understood here")))?.to_owned();
                rows.retain(|row| row[&field] == value.as_str());
            }
        }
    }
    let page = rows.into_iter().skip(offset).take(limit);
    page.map(|row| chosen(uri, Some(row))).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn parameters(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(all)| all).unwrap_or_default()
}
