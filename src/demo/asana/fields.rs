//! Which fields of a record are shown: a few, unless `opt_fields` names others. <https://developers.asana.com/docs/inputoutput-options>

use axum::http::Uri;
use serde_json::{Map, Value};

use super::super::vendor::param;

/// The fields that the request asks for, and the gid of each record on the way, which is always there. None where it doesn't ask.
pub(super) fn chosen(uri: &Uri, item: &Value) -> Option<Value> {
    let fields = param(uri, "opt_fields")?;
    let mut out = Map::new();
    for field in fields.split(',').map(str::trim).filter(|field| !field.is_empty()) {
        take(&mut out, item, field);
    }
    keep_gid(&mut out, item);
    Some(out.into())
}

fn keep_gid(out: &mut Map<String, Value>, item: &Value) {
    if let Some(gid) = item.get("gid") {
        out.insert("gid".to_owned(), gid.clone());
    }
}

fn take(out: &mut Map<String, Value>, item: &Value, path: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (item.get(first), rest) {
        (Some(inner @ Value::Object(_)), Some(rest)) => {
            let below = out.entry(first.to_owned()).or_insert_with(|| Map::new().into());
            if let Some(below) = below.as_object_mut() {
                take(below, inner, rest);
                keep_gid(below, inner);
            }
        }
        (Some(value), _) => {
            out.insert(first.to_owned(), short(value));
        }
        // A field that nobody knows is left out in silence.
        (None, _) => {}
    }
}

/// A record within a record is shown short.
fn short(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("gid") => {
            let shown = |name: &str| ["gid", "resource_type", "name"].contains(&name);
            fields.iter().filter(|(name, _)| shown(name)).map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// What a list shows of each record: neither addresses nor rights.
pub(super) fn compact(item: &Value) -> Value {
    let shown = |name: &str| ["gid", "resource_type", "name", "user", "workspace", "team"].contains(&name);
    let fields = item.as_object().into_iter().flatten().filter(|(name, _)| shown(name));
    fields.map(|(name, value)| (name.clone(), short(value))).collect::<Map<_, _>>().into()
}
