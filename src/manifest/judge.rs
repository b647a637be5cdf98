//! The one judge of replies: what sort of answer a reply is, whether it is an answer at all, and what it proves. Scans, proofs, actions,
//! `exeunt scanners check` and the examples of manifests all ask here, so that they can't come to different verdicts.
//!
//! Only an answer counts. A sign-in page, an empty body, an error object or a gateway's 404 is none, whatever its status. An answer that is to
//! prove something must also show what it is about: see [`Evidence`].

use serde_json::Value;

use super::express::{Expr, Scope, plain};
use super::raw::{self, Classes, Prove};
use super::template::Template;

/// What sort of answer a reply is. None means "ignore".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It worked.
    Fine,
    /// What was asked for doesn't exist: the system says so in its own words, which the manifest knows (`classes.gone`).
    Gone,
    /// Our credential lacks a right.
    Forbidden,
    /// Too many requests.
    Throttled,
    /// Broken for the moment.
    Transient,
    /// The system says no.
    Refused,
    /// It is no answer of the system's API: a web page, nothing, an error under a good status, a 404 that is not the system's own.
    NoAnswer,
}

impl Class {
    /// The word for it, as manifests write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Refused => "refused",
            Self::NoAnswer => "no answer",
        }
    }
}

/// The class of a reply: by the call's own expressions, then the system's, then `usual`.
///
/// # Errors
/// One line: an expression failed.
pub fn class(own: &Classes, system: &Classes, scope: &Scope<'_>, usual: Class) -> Result<Class, String> {
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

/// The class of an HTTP status when nothing else is said. A 404 alone says nothing: a gateway's looks no other.
pub fn usual(status: u16) -> Class {
    match status {
        200..=299 => Class::Fine,
        401 | 403 => Class::Forbidden,
        404 | 410 => Class::NoAnswer,
        429 => Class::Throttled,
        408 | 500..=599 => Class::Transient,
        _ => Class::Refused,
    }
}

/// The class of an LDAP result code when nothing else is said.
pub fn usual_ldap(code: u16) -> Class {
    match code {
        0 => Class::Fine,
        32 => Class::Gone,
        50 => Class::Forbidden,
        51 | 52 => Class::Transient,
        _ => Class::Refused,
    }
}

/// What is left of a class when the call was a read: nothing but data is an answer, and an error is none under a good status either.
/// `data`: the body is of a form that APIs answer in, not a web page or plain text.
pub fn of_read(class: Class, data: bool, body: &Value) -> Class {
    match class {
        Class::Fine if !data || is_error(body) => Class::NoAnswer,
        Class::Gone if !data => Class::NoAnswer,
        class => class,
    }
}

/// Whether a body is data: an object or a list.
pub fn is_data(body: &Value) -> bool {
    body.is_object() || body.is_array()
}

/// Whether a body says that something went wrong, in one of the ways that are known.
fn is_error(body: &Value) -> bool {
    let Some(map) = body.as_object() else { return false };
    let says = |name: &str| match map.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(inner)) => !inner.is_empty(),
        Some(_) => true,
    };
    ["error", "errors", "Error", "ErrorResponse", "errorCode", "fault", "Fault"].into_iter().any(says)
        // RFC 7644, 3.12: an error is a resource of this schema.
        || map.get("schemas").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == "urn:ietf:params:scim:api:messages:2.0:Error"))
        || ["ok", "success"].into_iter().any(|name| map.get(name) == Some(&Value::Bool(false)))
}

/// What speaks for a reply being about what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It names the thing itself.
    Named,
    /// It is a list, which may well be without the thing, or says that the thing was not found, which whoever knows nobody says of everybody: something
    /// else that is known to be there must answer in the same breath.
    Listed,
    /// Nothing does; why not.
    None(String),
}

/// The names of what an action is done to.
const THINGS: [&str; 7] = ["node", "from", "to", "edge", "job", "successor", "person"];

/// What speaks for an answer: the proof's own `of`, or else one of the values that the call asked about, or else that it holds a list.
///
/// # Errors
/// One line: `of` failed.
pub fn evidence(of: Option<&str>, asked: &[String], body: &Value, scope: &Scope<'_>) -> Result<Evidence, String> {
    if let Some(source) = of {
        let expr = Expr::compile(source)?;
        return Ok(match expr.truth(scope)? {
            false => Evidence::None(format!("the reply is not about it: {source} does not hold")),
            true if expr.names().iter().any(|name| THINGS.contains(name)) && !says_not_found(body, 6) => Evidence::Named,
            true => Evidence::Listed,
        });
    }
    if asked.iter().any(|value| holds(body, value, 6)) {
        // What was asked for comes back in the words that it was not found, too.
        return Ok(if says_not_found(body, 6) { Evidence::Listed } else { Evidence::Named });
    }
    if has_list(body, 4) {
        return Ok(Evidence::Listed);
    }
    Ok(Evidence::None("the reply names nothing of what was asked, and holds no list".to_owned()))
}

/// Whether a value stands anywhere in a body, in any case. What stands within the record of another (its manager, say) does not count: such a
/// record has an id of its own.
pub fn holds(body: &Value, value: &str, depth: u32) -> bool {
    match body {
        Value::Object(map) if depth > 0 => {
            let id = map.iter().find(|(name, id)| name.eq_ignore_ascii_case("id") && (id.is_string() || id.is_number())).map(|(_, id)| id);
            let of_another = id.is_some_and(|id| !holds(id, value, 1));
            map.values().any(|inner| holds(inner, value, if of_another { 0 } else { depth - 1 }))
        }
        Value::Array(items) if depth > 0 => items.iter().any(|inner| holds(inner, value, depth - 1)),
        Value::String(text) => text.eq_ignore_ascii_case(value),
        Value::Number(_) => plain(body) == value,
        _ => false,
    }
}

/// How systems say that they don't know what they were asked about, without what stands between the words.
const NOT_FOUND: [&str; 7] = ["notfound", "nosuch", "notexist", "doesntexist", "unknownid", "unknownuser", "nonexist"];

/// Whether a field's name or a text of a body says that something was not found. A record that happens to say so needs a control as well: that costs
/// a read, and no verdict.
fn says_not_found(body: &Value, depth: u32) -> bool {
    let says = |text: &str| {
        let letters: String = text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
        NOT_FOUND.iter().any(|words| letters.contains(words))
    };
    match body {
        Value::Object(map) if depth > 0 => map.iter().any(|(name, inner)| says(name) || says_not_found(inner, depth - 1)),
        Value::Array(items) if depth > 0 => items.iter().any(|inner| says_not_found(inner, depth - 1)),
        Value::String(text) => says(text),
        _ => false,
    }
}

fn has_list(body: &Value, depth: u32) -> bool {
    match body {
        Value::Array(_) => true,
        Value::Object(map) if depth > 0 => map.values().any(|inner| has_list(inner, depth - 1)),
        _ => false,
    }
}

/// The values that a call asks about: the last of its path that names the thing, or those of its body.
pub fn asked(line: &str, bodies: [Option<&Value>; 2], scope: &Scope<'_>) -> Vec<String> {
    let mut last = None;
    values(&Value::String(line.to_owned()), scope, &mut |value| last = Some(value));
    let mut asked: Vec<String> = last.into_iter().collect();
    for body in bodies.into_iter().flatten() {
        values(body, scope, &mut |value| asked.push(value));
    }
    asked
}

fn values(source: &Value, scope: &Scope<'_>, take: &mut dyn FnMut(String)) {
    match source {
        Value::String(text) => {
            let Ok(template) = Template::compile(text) else { return };
            for expr in template.expressions().filter(|expr| expr.names().iter().any(|name| THINGS.contains(name))) {
                if let Ok(value) = expr.eval(scope) {
                    let value = plain(&value);
                    if !value.is_empty() {
                        take(value);
                    }
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| values(item, scope, take)),
        Value::Object(map) => map.values().for_each(|item| values(item, scope, take)),
        _ => {}
    }
}

/// The control that a manifest's preflight makes: the first call whose answer names something that is there.
pub fn control(manifest: &raw::Manifest) -> Option<&raw::Preflight> {
    manifest.preflight.iter().find(|item| item.call.is_some() && there(item).is_some())
}

/// What an answer to a preflight must hold to be a control. An account of our own that the settings name says nothing of the answer.
pub fn there(item: &raw::Preflight) -> Option<&str> {
    let speaks = |source: &&str| Expr::compile(source).is_ok_and(|expr| expr.names().iter().any(|name| ["body", "it"].contains(name)));
    item.there.as_deref().or_else(|| item.own_account.as_deref().filter(speaks))
}

/// Whether an answer to a control names what is known to be there.
///
/// # Errors
/// One line: why it doesn't.
pub fn answers(there: &str, class: Class, scope: &Scope<'_>) -> Result<(), String> {
    if class != Class::Fine {
        return Err(format!("what is known to be there was answered {}", class.word()));
    }
    match Expr::compile(there)?.truth(scope)? {
        true => Ok(()),
        false => Err(format!("what is known to be there is not in the answer: {there}")),
    }
}

/// What an answer proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is gone.
    Gone,
    /// It is still there.
    Still,
    /// It is still there, and the system has given up on it.
    Failed,
    /// Our credential lacks a right.
    Forbidden,
    /// Nothing, and why.
    Nothing(String),
}

/// A finding, and whether it counts only together with a control.
pub type Judged = (Finding, bool);

/// What a reply to the read of a proof says. `scope` holds everything that `gone` may name but `absent`; `says` puts the reply into words;
/// `asked` are the values that the call asked about.
///
/// # Errors
/// One line: an expression of the proof failed.
pub fn proof(prove: &Prove, class: Class, asked: &[String], says: impl Fn() -> String, scope: &Scope<'_>) -> Result<Judged, String> {
    match class {
        // The system's own words for it, which the manifest knows. But a directory says it of everything below what it doesn't show, and a service
        // that has lost its data, or our tenant, of everything.
        Class::Gone => return Ok((Finding::Gone, true)),
        Class::Fine => {}
        Class::Forbidden => return Ok((Finding::Forbidden, false)),
        Class::Throttled | Class::Transient | Class::Refused | Class::NoAnswer => {
            return Ok((Finding::Nothing(format!("the read that should prove it was answered {}: {}", class.word(), says())), false));
        }
    }
    let mut control = false;
    if prove.call.is_some() {
        let body = scope.get("body").unwrap_or(&Value::Null);
        match evidence(prove.of.as_deref(), asked, body, scope)? {
            Evidence::Named => {}
            Evidence::Listed => control = true,
            Evidence::None(why) => return Ok((Finding::Nothing(format!("the read that should prove it was answered, but {why}")), false)),
        }
    }
    said(prove, scope).map(|finding| (finding, control))
}

/// Evaluates `gone` over what was read, and `failed` where it isn't.
///
/// # Errors
/// One line: an expression of the proof failed.
pub fn said(prove: &Prove, scope: &Scope<'_>) -> Result<Finding, String> {
    let scope = scope.clone().with_owned("absent", Value::Bool(false));
    let failed = prove.failed.as_deref().map(Expr::compile).transpose()?;
    if Expr::compile(&prove.gone)?.truth(&scope)? {
        return Ok(Finding::Gone);
    }
    Ok(if failed.is_some_and(|failed| failed.truth(&scope) == Ok(true)) { Finding::Failed } else { Finding::Still })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn scope<'a>(status: u16, body: &'a Value) -> Scope<'a> {
        Scope::new().with_owned("status", json!(status)).with("headers", &Value::Null).with("body", body).with("settings", &Value::Null)
    }

    #[test]
    fn the_calls_own_words_come_first() {
        let body = json!({"ok": false, "error": "ratelimited"});
        let scope = scope(200, &body);
        let system =
            Classes { throttled: Some("body.error == 'ratelimited'".into()), refused: Some("not body.ok".into()), ..Classes::default() };
        let own = Classes { gone: Some("status == 200 and body.error == 'ratelimited'".into()), ..Classes::default() };
        assert_eq!(class(&Classes::default(), &system, &scope, Class::Fine), Ok(Class::Throttled));
        assert_eq!(class(&own, &system, &scope, Class::Fine), Ok(Class::Gone));
        let broken = Classes { gone: Some("body.error | bit('x')".into()), ..Classes::default() };
        assert!(class(&broken, &system, &scope, Class::Fine).is_err());
    }

    // Trust: What counts as an answer.
    #[test]
    fn what_is_no_data_is_no_answer_whatever_its_status() {
        for status in [200, 204, 404, 410] {
            for class in [usual(status), Class::Gone] {
                assert_eq!(of_read(class, false, &json!({"text": "<html>"})), Class::NoAnswer, "{status}");
            }
        }
        assert_eq!(of_read(usual(404), true, &json!({"message": "no route"})), Class::NoAnswer, "nobody said how the system's own looks");
        for error in [json!({"error": "x"}), json!({"errors": [{"detail": "x"}]}), json!({"ok": false}), json!({"ErrorResponse": {"a": 1}})]
        {
            assert_eq!(of_read(Class::Fine, true, &error), Class::NoAnswer, "{error}");
        }
        for fine in [json!([]), json!({"errors": [], "result": 1}), json!({"error": null, "id": 1}), json!({"error": {}})] {
            assert_eq!(of_read(Class::Fine, true, &fine), Class::Fine, "{fine}");
        }
    }

    // Trust: What counts as an answer.
    #[test]
    fn an_answer_shows_what_it_is_about() {
        let node = json!({"id": "u1"});
        let find = |of: Option<&str>, body: Value| evidence(of, &["u1".into()], &body, &scope(200, &body).with("node", &node)).unwrap();
        assert_eq!(find(None, json!({"user": {"ID": "U1"}})), Evidence::Named);
        assert_eq!(find(None, json!({"users": []})), Evidence::Listed);
        // Whoever knows nobody says so of everybody, by the id that was asked for.
        assert_eq!(find(None, json!([{".tag": "id_not_found", "id_not_found": "u1"}])), Evidence::Listed);
        assert_eq!(find(None, json!({"id": "u1", "state": "Does not exist"})), Evidence::Listed);
        assert_eq!(find(Some("body.id == node.id"), json!({"id": "u1", "status": "NO_SUCH_USER"})), Evidence::Listed);
        assert!(matches!(find(None, json!({})), Evidence::None(_)));
        assert_eq!(find(Some("body.id == node.id"), json!({"id": "u1"})), Evidence::Named);
        assert_eq!(find(Some("'users' in body"), json!({"users": []})), Evidence::Listed);
        assert!(matches!(find(Some("'users' in body"), json!({"id": "u1"})), Evidence::None(_)));
    }
}
