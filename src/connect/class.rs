//! What a reply says in words, and the names that are in scope over it. Its class is [`crate::manifest::judge`]'s to say.

use serde_json::{Value, json};

use crate::manifest::express::Scope;

/// The vendor's error text, short and on one line.
pub(super) fn vendor_text(body: &Value) -> Option<String> {
    const FIELDS: &[&str] =
        &["errorSummary", "error_description", "errorMessage", "message", "Message", "detail", "error", "errors", "Error", "title", "text"];
    fn find(value: &Value, depth: usize) -> Option<String> {
        match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Array(items) if depth < 5 => items.iter().find_map(|item| find(item, depth + 1)),
            Value::Object(map) if depth < 5 => {
                let field = FIELDS.iter().find_map(|name| find(map.get(*name)?, depth + 1));
                // XML wraps everything in one element.
                field.or_else(|| if map.len() == 1 { find(map.values().next()?, depth + 1).filter(|_| depth > 0) } else { None })
            }
            _ => None,
        }
    }
    let text = find(body, 0).or_else(|| match body {
        Value::Object(map) if map.len() <= 2 => map.values().find_map(|inner| inner.as_object().and_then(|_| find(inner, 0))),
        _ => None,
    })?;
    // A web page instead of an answer says nothing in its first line.
    if text.trim_start().starts_with('<') {
        return Some("a web page, not an answer of the API".to_owned());
    }
    let line = crate::clean::line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(if line.chars().count() > 160 { line.chars().take(159).chain(['…']).collect() } else { line })
}

/// A scope over a reply.
pub(super) fn scope<'a>(status: u16, headers: &'a Value, body: &'a Value, settings: &'a Value) -> Scope<'a> {
    Scope::new().with_owned("status", json!(status)).with("headers", headers).with("body", body).with("settings", settings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn vendors_say_it_in_many_ways() {
        for body in [
            json!({"errorCode": "E1", "errorSummary": "no right"}),
            json!({"error": {"code": 403, "message": "no right"}}),
            json!([{"errorCode": "X", "message": "no\n  right"}]),
            json!({"errors": [{"detail": "no right"}]}),
            json!({"error": "no right"}),
            json!({"ErrorResponse": {"Error": {"Code": "AccessDenied", "Message": "no right"}}}),
            json!({"text": "no right"}),
        ] {
            assert_eq!(vendor_text(&body).as_deref(), Some("no right"), "{body}");
        }
        assert_eq!(vendor_text(&json!({"id": "00u1", "name": "x", "n": 1})), None);
        assert!(vendor_text(&json!({"text": "<html>"})).unwrap().contains("web page"));
        assert!(vendor_text(&json!({"message": "x".repeat(900)})).unwrap().chars().count() <= 160);
    }
}
