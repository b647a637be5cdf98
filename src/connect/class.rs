//! What sort of answer a reply is.

use serde_json::{Value, json};

use super::Class;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::raw::Classes;

/// The class of a reply: by the call's own expressions, then the system's, then `usual`.
///
/// # Errors
/// One line: an expression failed.
pub(super) fn of(own: &Classes, system: &Classes, scope: &Scope<'_>, usual: Class) -> Result<Class, String> {
    for classes in [own, system] {
        let tried = [
            (&classes.throttled, Class::Throttled),
            (&classes.forbidden, Class::Forbidden),
            (&classes.gone, Class::Gone),
            (&classes.transient, Class::Transient),
            (&classes.refused, Class::Refused),
        ];
        for (source, class) in tried {
            if let Some(source) = source
                && Expr::compile(source)?.truth(scope)?
            {
                return Ok(class);
            }
        }
    }
    Ok(usual)
}

/// The class of an HTTP status when nothing else is said.
pub(super) fn usual(status: u16) -> Class {
    match status {
        200..=299 => Class::Fine,
        401 | 403 => Class::Forbidden,
        404 | 410 => Class::Gone,
        429 => Class::Throttled,
        408 | 500..=599 => Class::Transient,
        _ => Class::Refused,
    }
}

/// The class of an LDAP result code when nothing else is said.
pub(super) fn usual_ldap(code: u16) -> Class {
    match code {
        0 => Class::Fine,
        32 => Class::Gone,
        50 => Class::Forbidden,
        51 | 52 => Class::Transient,
        _ => Class::Refused,
    }
}

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
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
    fn the_calls_own_words_come_first() {
        let body = json!({"ok": false, "error": "ratelimited"});
        let scope = scope(200, &Value::Null, &body, &Value::Null);
        let system =
            Classes { throttled: Some("body.error == 'ratelimited'".into()), refused: Some("not body.ok".into()), ..Classes::default() };
        let own = Classes { gone: Some("status == 200 and body.error == 'ratelimited'".into()), ..Classes::default() };
        assert_eq!(of(&Classes::default(), &system, &scope, Class::Fine), Ok(Class::Throttled));
        assert_eq!(of(&own, &system, &scope, Class::Fine), Ok(Class::Gone));
        assert_eq!(of(&Classes::default(), &Classes::default(), &scope, usual(410)), Ok(Class::Gone));
        let broken = Classes { gone: Some("body.error | bit('x')".into()), ..Classes::default() };
        assert!(of(&broken, &system, &scope, Class::Fine).is_err());
    }

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
