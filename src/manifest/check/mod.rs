//! Whether a manifest that has the right shape also makes sense: every problem at once, each at its key.
//!
//! `connect` checks what reaches the system, `see` the collections, `take` the actions, `tell` tickets and notices, `examples` the examples; `order` finds
//! circles. What an expression may use where is the table in [`super::places`].

mod connect;
mod examples;
mod order;
mod see;
mod take;
mod tell;

use std::collections::BTreeSet;

use serde_json::Value;

use super::attributes;
use super::express::{Expr, NAMES, outside_quotes};
use super::places::{self, Extra, Spot};
use super::raw;
use super::structure::did_you_mean;
use super::template::Template;

/// Something that doesn't make sense, and where (`see.users.call`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The key's path.
    pub path: String,
    /// What, and what to do.
    pub message: String,
    /// Worth saying, but no reason to refuse the manifest.
    pub warning: bool,
}

/// How a system is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Http,
    Ldap,
    File,
    Smtp,
}

/// Names every problem of a manifest.
pub fn check(manifest: &raw::Manifest) -> Vec<Complaint> {
    let connect = &manifest.connect;
    let transport = match (&connect.http, &connect.ldap, &connect.file, &connect.smtp) {
        (Some(_), None, None, None) => Some(Transport::Http),
        (None, Some(_), None, None) => Some(Transport::Ldap),
        (None, None, Some(_), None) => Some(Transport::File),
        (None, None, None, Some(_)) => Some(Transport::Smtp),
        _ => None,
    };
    let mut checker = Checker { manifest, transport, complaints: Vec::new(), settings: BTreeSet::new(), all_settings: false };
    connect::check(&mut checker);
    see::check(&mut checker);
    take::check(&mut checker);
    tell::check(&mut checker);
    examples::check(&mut checker);
    connect::unused_settings(&mut checker);
    checker.complaints
}

struct Checker<'m> {
    manifest: &'m raw::Manifest,
    /// None when `connect` itself is in doubt; then nothing is said about what fits it.
    transport: Option<Transport>,
    complaints: Vec<Complaint>,
    /// Settings that some text uses.
    settings: BTreeSet<String>,
    /// Some text uses the settings in a way that can't be told apart.
    all_settings: bool,
}

/// What can be done in a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Looks; must not change anything.
    Read,
    /// Changes.
    Write,
}

impl Checker<'_> {
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.complaints.push(Complaint { path: path.into(), message: message.into(), warning: false });
    }

    fn warning(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.complaints.push(Complaint { path: path.into(), message: message.into(), warning: true });
    }

    /// An expression.
    fn expr(&mut self, path: &str, source: &str, spot: Spot, extra: Extra) {
        if source.contains("{{") {
            self.problem(path, format!("{source:?}: an expression stands here; leave out the {{{{ }}}}"));
            return;
        }
        if source.trim().is_empty() {
            self.problem(path, "an empty expression");
            return;
        }
        match Expr::compile(source) {
            Ok(expr) => self.names(path, &expr, spot, extra),
            Err(error) => {
                let is_word = source.chars().all(|c| c.is_alphanumeric() || "_- ".contains(c));
                let hint = did_you_mean(source.split('.').next().unwrap_or(source), NAMES.iter().copied());
                let hint = if is_word && hint.is_empty() { format!("; if text is meant, quote it twice: \"'{source}'\"") } else { hint };
                self.problem(path, format!("{error}{hint}"));
            }
        }
    }

    fn maybe_expr(&mut self, path: &str, source: Option<&String>, spot: Spot, extra: Extra) {
        if let Some(source) = source {
            self.expr(path, source, spot, extra);
        }
    }

    /// An expression that must name a node.
    fn reference(&mut self, path: &str, source: &str, spot: Spot, extra: Extra) {
        let before = self.complaints.len();
        self.expr(path, source, spot, extra);
        if self.complaints.len() == before && !source.contains('(') {
            self.problem(path, format!("{source:?} names no node; write account({source}), address({source}) or the like"));
        }
    }

    /// A template.
    fn template(&mut self, path: &str, source: &str, spot: Spot, extra: Extra) {
        match Template::compile(source) {
            Ok(template) => {
                let expressions: Vec<_> = template.expressions().cloned().collect();
                if expressions.is_empty() && looks_like_an_expression(source) {
                    self.problem(path, format!("{source:?} is sent as it stands; write {{{{ {source} }}}} to put the value in"));
                    // What was meant is used, once the braces are there.
                    self.settings.extend(settings_used(source).unwrap_or_default());
                }
                for expr in &expressions {
                    self.names(path, expr, spot, extra);
                }
            }
            Err(error) => self.problem(path, error),
        }
    }

    fn maybe_template(&mut self, path: &str, source: Option<&String>, spot: Spot, extra: Extra) {
        if let Some(source) = source {
            self.template(path, source, spot, extra);
        }
    }

    /// Every string leaf of a body is a template.
    fn body(&mut self, path: &str, body: &Value, spot: Spot, extra: Extra) {
        match body {
            Value::String(source) => self.template(path, source, spot, extra),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.body(&format!("{path}[{index}]"), item, spot, extra);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    self.body(&format!("{path}.{key}"), value, spot, extra);
                }
            }
            _ => {}
        }
    }

    fn headers<'h>(&mut self, path: &str, headers: impl IntoIterator<Item = (&'h String, &'h String)>, spot: Spot, extra: Extra) {
        for (name, value) in headers {
            self.template(&format!("{path}.headers.{name}"), value, spot, extra);
        }
    }

    /// `METHOD path`.
    fn call(&mut self, path: &str, source: &str, purpose: Purpose, spot: Spot, extra: Extra) {
        const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
        if self.transport.is_some_and(|transport| transport != Transport::Http) {
            self.problem(path, "a call needs connect.http");
        }
        let (method, rest) = source.split_once(' ').unwrap_or((source, ""));
        let rest = rest.trim_start();
        if !METHODS.contains(&method) {
            let upper = method.to_uppercase();
            let hint = match METHODS.iter().find(|known| **known == upper) {
                Some(known) => format!("; did you mean {known:?}?"),
                None => did_you_mean(&upper, METHODS.iter().copied()).replace(&upper, method),
            };
            self.problem(path, format!("unknown method {method:?}; write METHOD path, with one of {}{hint}", METHODS.join(", ")));
        } else if purpose == Purpose::Read && !["GET", "POST", "HEAD"].contains(&method) {
            self.problem(path, format!("{method} changes things, and this call only looks; use GET, HEAD or POST"));
        }
        if !(rest.is_empty()
            || rest.starts_with('/')
            || rest.starts_with("{{")
            || rest.starts_with("https://")
            || rest.starts_with("http://"))
        {
            self.problem(path, format!("{rest:?}: a path begins with / (it is appended to connect.http)"));
        }
        if rest.is_empty() && METHODS.contains(&method) {
            self.problem(path, "a method without a path; write METHOD path, like GET /users");
        }
        self.template(path, source, spot, extra);
    }

    /// The body of a call: of one sort, and not without a call.
    fn bodies(&mut self, path: &str, call: bool, body: Option<&Value>, form: Option<&Value>, spot: Spot, extra: Extra) {
        if body.is_some() && form.is_some() {
            self.problem(format!("{path}.form"), "body and form; a call has one of them");
        }
        for (key, value) in [("body", body), ("form", form)] {
            let Some(value) = value else { continue };
            let path = format!("{path}.{key}");
            if !call {
                self.problem(&path, format!("{key} without a call"));
            }
            if key == "form" && !value.is_object() {
                self.problem(&path, "a form is a map of fields");
            }
            self.body(&path, value, spot, extra);
        }
    }

    /// An LDAP search.
    fn search(&mut self, path: &str, search: &raw::Search, spot: Spot, extra: Extra) {
        if self.transport.is_some_and(|transport| transport != Transport::Ldap) {
            self.problem(path, "a search needs connect.ldap");
        }
        self.template(&format!("{path}.base"), &search.base, spot, extra);
        if let Some(filter) = &search.filter {
            let path = format!("{path}.filter");
            if !(filter.starts_with('(') && filter.ends_with(')') || filter.starts_with("{{")) {
                self.problem(&path, format!("{filter:?}: a filter stands in parentheses, like (objectClass=person)"));
            }
            self.template(&path, filter, spot, extra);
        }
        if let Some(scope) = &search.scope
            && !["base", "one", "sub"].contains(&scope.as_str())
        {
            self.problem(format!("{path}.scope"), format!("{scope:?} is not one of base, one, sub"));
        }
    }

    fn classes(&mut self, path: &str, classes: &raw::Classes) {
        let all = [
            ("throttled", &classes.throttled),
            ("forbidden", &classes.forbidden),
            ("gone", &classes.gone),
            ("transient", &classes.transient),
            ("refused", &classes.refused),
        ];
        for (key, source) in all {
            self.maybe_expr(&format!("{path}.classes.{key}"), source.as_ref(), Spot::Classes, Extra::default());
        }
    }

    fn duration(&mut self, path: &str, text: &str) {
        if let Err(error) = super::duration::parse(text) {
            self.problem(path, error);
        }
    }

    /// Whom a credential impersonates: only some can.
    fn act_as(&mut self, path: &str, source: Option<&String>, hand: raw::Hand, spot: Spot, extra: Extra) {
        let Some(source) = source else { return };
        let path = format!("{path}.as");
        self.template(&path, source, spot, extra);
        if self.manifest.credentials.of(hand).is_some_and(|credential| !connect::impersonates(credential)) {
            let name = hand.word();
            self.problem(
                path,
                format!("credentials.{name} never uses act_as; put {{{{ act_as }}}} in its claims (or form) to impersonate"),
            );
        }
    }

    fn names(&mut self, path: &str, expr: &Expr, spot: Spot, extra: Extra) {
        let known = places::names(spot, extra);
        for name in expr.names() {
            if !known.contains(&name) {
                let message = format!("{name} holds nothing here: {} (there are {})", places::why_not(name), known.join(", "));
                self.problem(path, message);
            }
        }
        for name in ["person", "successor"] {
            let knows = |field: &str| attributes::PERSON.contains(&field) || (name == "successor" && field == "account");
            for field in expr.fields_of(name).iter().filter(|field| !knows(field)) {
                let hint = did_you_mean(field, attributes::PERSON.iter().copied());
                self.problem(path, format!("{name} has no {field}{hint} (it has {})", attributes::PERSON.join(", ")));
            }
        }
        if expr.names().contains(&"settings") {
            match settings_used(expr.source()) {
                None => self.all_settings = true,
                Some(names) => {
                    for name in names {
                        if !self.manifest.settings.contains_key(&name) {
                            let hint = did_you_mean(&name, self.manifest.settings.keys().map(String::as_str));
                            self.problem(path, format!("settings.{name} is not declared under settings{hint}"));
                        }
                        self.settings.insert(name);
                    }
                }
            }
        }
    }

    fn collection(&self, name: &str) -> Option<&raw::Collection> {
        self.manifest.see.iter().find(|(known, _)| known == name).map(|(_, collection)| collection)
    }

    /// `; did you mean …?` among the collections.
    fn near_collection(&self, name: &str) -> String {
        did_you_mean(name, self.manifest.see.iter().map(|(known, _)| known.as_str()))
    }

    fn near_action(&self, name: &str) -> String {
        did_you_mean(name, self.manifest.take.iter().map(|(known, _)| known.as_str()))
    }
}

/// A template that somebody wrote as an expression: `node.id` without its braces.
fn looks_like_an_expression(source: &str) -> bool {
    let Some((root, fields)) = source.split_once('.') else { return ["secret", "token"].contains(&source) };
    NAMES.contains(&root) && fields.split('.').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// The settings that an expression uses by name; none when it uses them in a way that only running it would tell.
fn settings_used(source: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut last = ' ';
    for (at, c) in outside_quotes(source) {
        let begins = c == 's' && !(last.is_alphanumeric() || last == '_' || last == '.');
        last = c;
        let Some(rest) = begins.then(|| source[at..].strip_prefix("settings")).flatten() else { continue };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if rest.starts_with(is_word) {
            continue;
        }
        let name = if let Some(rest) = rest.strip_prefix('.') {
            rest.split(|c: char| !is_word(c)).next()
        } else {
            let inside = rest.strip_prefix('[')?.trim_start();
            let open = inside.chars().next().filter(|c| ['\'', '"'].contains(c))?;
            inside[1..].split(open).next()
        };
        names.push(name.filter(|name| !name.is_empty())?.to_owned());
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_by_name() {
        let used = |source: &str| settings_used(source).map(|names| names.join(" "));
        assert_eq!(used("settings.a ~ it.settings.b ~ 'settings.c' ~ settings['d-e'] ~ mysettings.f").as_deref(), Some("a d-e"));
        assert_eq!(used("settings[it.x]"), None);
        assert_eq!(used("settings | length"), None);
        assert!(looks_like_an_expression("node.dn"));
        assert!(!looks_like_an_expression("GET /users"));
        assert!(!looks_like_an_expression("mail.example"));
    }
}
