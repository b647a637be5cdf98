//! Partial responses: the `fields` parameter, as in `nextPageToken,files(id,permissions/role)`.

use serde_json::{Map, Value};

/// What to keep of an object, by name; an empty list below a name keeps all of it.
#[derive(Debug, PartialEq)]
pub(super) struct Selection(Vec<(String, Selection)>);

/// Reads a selection; none if parentheses or names don't add up.
pub(super) fn parse(text: &str) -> Option<Selection> {
    let mut rest = text.trim();
    let selection = list(&mut rest)?;
    rest.is_empty().then_some(selection)
}

fn list(rest: &mut &str) -> Option<Selection> {
    let mut items = vec![item(rest)?];
    while let Some(after) = rest.strip_prefix(',') {
        *rest = after.trim_start();
        items.push(item(rest)?);
    }
    Some(Selection(items))
}

fn item(rest: &mut &str) -> Option<(String, Selection)> {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '*')).unwrap_or(rest.len());
    if end == 0 {
        return None;
    }
    let (name, after) = rest.split_at(end);
    *rest = after;
    let below = if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        Selection(vec![item(rest)?])
    } else if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let below = list(rest)?;
        *rest = rest.strip_prefix(')')?;
        below
    } else {
        Selection(Vec::new())
    };
    Some((name.to_owned(), below))
}

/// Keeps what was selected, in lists element by element.
pub(super) fn select(selection: &Selection, value: Value) -> Value {
    if selection.0.is_empty() || selection.0.iter().any(|(name, _)| name == "*") {
        return value;
    }
    match value {
        Value::Array(items) => items.into_iter().map(|item| select(selection, item)).collect(),
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                if let Some((_, below)) = selection.0.iter().find(|(name, _)| *name == key) {
                    kept.insert(key, select(below, value));
                }
            }
            Value::Object(kept)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_only_what_was_asked_for() {
        let body = json!({"kind": "k", "files": [{"id": "1", "name": "a", "permissions": [{"id": "p", "role": "reader"}]}]});
        let asked = parse("nextPageToken, files(id,permissions/role)").unwrap();
        assert_eq!(select(&asked, body.clone()), json!({"files": [{"id": "1", "permissions": [{"role": "reader"}]}]}));
        assert_eq!(select(&parse("*").unwrap(), body.clone()), body);
        assert_eq!(parse("files(id"), None);
        assert_eq!(parse("files(id))"), None);
    }
}
