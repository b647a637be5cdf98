//! Templates: text with `{{ expression }}` in it. What an expression puts in is escaped for where it stands.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::express::{Expr, Scope, outside_quotes, plain};
use crate::clean;

/// Where a template's text goes, and so how what is put in is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// For people, and for values of JSON bodies: as it is; null is empty.
    Text,
    /// A line or lines for people: what is put in is one line with nothing in it that a terminal or a mail program would obey; null is empty.
    Words,
    /// A URL: percent-encoded, except an expression at the very start (a base address from the settings). Null is refused.
    Url,
    /// A header: no line breaks. Null is refused.
    Header,
    /// An LDAP filter (RFC 4515). Null is refused.
    Filter,
    /// An LDAP DN (RFC 4514), except a template that is one expression and nothing else: that is a whole DN. Null is refused.
    Dn,
}

#[derive(Debug)]
enum Piece {
    Literal(String),
    Expression(Arc<Expr>),
}

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// One line: an expression that doesn't compile, an opening without its end, or a `{% block %}`, which this language doesn't have.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.contains("{%") {
            return Err(format!("{source:?}: blocks ({{% … %}}) are not part of the language; use an expression with if"));
        }
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some(open) = rest.find("{{") {
            if open > 0 {
                pieces.push(Piece::Literal(rest[..open].to_owned()));
            }
            let inside = &rest[open + 2..];
            let close = closing(inside).ok_or_else(|| format!("{source:?}: {{{{ without its }}}}"))?;
            pieces.push(Piece::Expression(Expr::compile(inside[..close].trim())?));
            rest = &inside[close + 2..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// Every expression in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Arc<Expr>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Expression(expr) => Some(expr),
            Piece::Literal(_) => None,
        })
    }

    /// The text, with what the expressions give.
    ///
    /// # Errors
    /// One line: an expression failed, or gave nothing where something must stand.
    pub fn render(&self, place: Place, scope: &Scope<'_>) -> Result<String, String> {
        let mut text = String::with_capacity(self.source.len() + 16);
        // Where a value was put into a path that is the template's own.
        let mut put_in = Vec::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Expression(expr) => {
                    let value = expr.text(scope)?;
                    let value = match (value, place) {
                        (Some(value), _) if !value.is_empty() => value,
                        (_, Place::Text | Place::Words) => String::new(),
                        _ => return Err(format!("{} is empty in {:?}", expr.source(), self.source)),
                    };
                    match place {
                        Place::Text => text.push_str(&value),
                        Place::Words => text.push_str(&clean::line(&value)),
                        Place::Url if index == 0 => text.push_str(&value),
                        Place::Url => {
                            put_in.push(text.len());
                            percent_encode(&value, &mut text);
                        }
                        Place::Header if value.contains(['\r', '\n']) => {
                            return Err(format!("{} has a line break in a header", expr.source()));
                        }
                        Place::Header => text.push_str(&value),
                        Place::Filter => text.push_str(&ldap3::ldap_escape(value)),
                        Place::Dn if self.pieces.len() == 1 => text.push_str(&value),
                        Place::Dn => text.push_str(&ldap3::dn_escape(value)),
                    }
                }
            }
        }
        // Such a segment is resolved away, and the call would go to what stands above: the user instead of one of their tokens.
        let path = &text[..text.find('?').unwrap_or(text.len())];
        let dots = |at: &usize| {
            let from = path[..*at].rfind('/').map_or(0, |slash| slash + 1);
            let to = path[*at..].find('/').map_or(path.len(), |slash| at + slash);
            [".", ".."].contains(&&path[from..to])
        };
        if put_in.iter().filter(|at| **at <= path.len()).any(dots) {
            return Err(format!("a value of {:?} is {path:?} with a segment of dots, which names nothing", self.source));
        }
        Ok(text)
    }

    /// The value of a body's leaf: typed if the template is one expression and nothing else, text otherwise.
    fn value(&self, scope: &Scope<'_>) -> Result<Value, String> {
        match self.pieces.as_slice() {
            [Piece::Expression(expr)] => expr.eval(scope),
            _ => self.render(Place::Text, scope).map(Value::String),
        }
    }
}

/// Renders one template from its source (compiled each time; its expressions are cached).
///
/// # Errors
/// As [`Template::compile`] and [`Template::render`].
pub fn render(source: &str, place: Place, scope: &Scope<'_>) -> Result<String, String> {
    Template::compile(source)?.render(place, scope)
}

/// Fills in a body: every string leaf is a template.
///
/// # Errors
/// As [`Template::compile`] and [`Template::render`].
pub fn fill(body: &Value, scope: &Scope<'_>) -> Result<Value, String> {
    Ok(match body {
        Value::String(source) => Template::compile(source)?.value(scope)?,
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, scope)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| Ok((key.clone(), fill(value, scope)?))).collect::<Result<Map<_, _>, String>>()?)
        }
        other => other.clone(),
    })
}

/// A form's fields: a filled-in map as pairs of text. Null leaves a field out.
///
/// # Errors
/// As [`fill`]; or the form is not a map.
pub fn fill_form(form: &Value, scope: &Scope<'_>) -> Result<Vec<(String, String)>, String> {
    match fill(form, scope)? {
        Value::Object(map) => {
            Ok(map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        _ => Err("a form must be a map".to_owned()),
    }
}

/// Where the `}}` stands that closes an expression; quoted text is passed over.
fn closing(inside: &str) -> Option<usize> {
    let closes = |at: usize| inside[at..].starts_with("}}") && !inside[at..].starts_with("}}}");
    outside_quotes(inside).find(|(at, c)| *c == '}' && closes(*at)).map(|(at, _)| at)
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub fn percent_encode(text: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(byte as char);
        } else {
            into.push('%');
            into.push(HEX[usize::from(byte >> 4)] as char);
            into.push(HEX[usize::from(byte & 15)] as char);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_escaped_for_where_they_stand() {
        let node = json!({"id": "a/../b?x=1&y", "dn": "CN=Doe\\, Jo,DC=x", "name": "Doe, Jo (x*)\r\nEvil: 1", "none": null, "n": 7});
        let scope = Scope::new().with("node", &node);
        assert_eq!(render("GET /users/{{ node.id }}/x", Place::Url, &scope).unwrap(), "GET /users/a%2F..%2Fb%3Fx%3D1%26y/x");
        assert_eq!(render("(cn={{ node.name }})", Place::Filter, &scope).unwrap(), "(cn=Doe, Jo \\28x\\2a\\29\r\nEvil: 1)");
        assert_eq!(render("{{ node.dn }}", Place::Dn, &scope).unwrap(), "CN=Doe\\, Jo,DC=x");
        assert!(render("CN={{ node.dn }},DC=x", Place::Dn, &scope).unwrap().starts_with("CN=CN"));
        for id in ["", ".", ".."] {
            let node = json!({"id": id, "user": "u1"});
            let scope = Scope::new().with("node", &node);
            for path in ["/users/{{ node.user }}/tokens/{{ node.id }}", "/users/{{ node.id }}/tokens", "/users/{{ node.id }}?all=1"] {
                assert!(render(path, Place::Url, &scope).is_err(), "{path} {id:?}");
            }
            let asked = render("/users?name={{ node.id }}", Place::Url, &scope);
            assert_eq!(asked.is_err(), id.is_empty(), "in a query dots are a value like any other");
            assert_eq!(render("/files/v{{ node.id }}", Place::Url, &scope).is_err(), id.is_empty());
        }
        assert!(render("{{ node.name }}", Place::Header, &scope).is_err());
        assert!(render("/users/{{ node.none }}/sessions", Place::Url, &scope).unwrap_err().contains("node.none"));
        assert_eq!(
            fill(&json!({"n": "{{ node.n }}", "t": "n={{ node.n }}", "k": [null, true]}), &scope).unwrap(),
            json!({"n": 7, "t": "n=7", "k": [null, true]})
        );
        assert_eq!(render("{{ {'a': '}}'}['a'] }}", Place::Text, &scope).unwrap(), "}}");
        assert!(Template::compile("{{ node.id").is_err());
        assert!(Template::compile("{% if x %}").is_err());
    }
}
