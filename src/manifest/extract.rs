//! From a record to observations: pure, and the hot path of a scan.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};

use super::attributes;
use super::express::{Expr, Scope, plain};
use super::raw;
use super::template::{Place, Template};
use crate::model::{EdgeKind, EdgeSeen, Level, NodeKind, NodeRef, NodeSeen, Observation};

/// The yields of one collection, compiled.
#[derive(Debug)]
pub struct Extractor {
    yields: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    each: Option<Arc<Expr>>,
    /// Some record had the inner list, be it an empty one.
    listed: AtomicBool,
    when: Option<Arc<Expr>>,
    what: What,
    level: Option<Arc<Expr>>,
    attrs: Vec<Attr>,
}

#[derive(Debug)]
enum What {
    Node { kind: NodeKind, key: Arc<Expr>, type_: Option<Template>, aka: Vec<Arc<Expr>>, links: Vec<Link> },
    Edge { kind: EdgeKind, from: Arc<Expr>, to: Arc<Expr> },
}

/// A reference beside a node that makes an edge.
#[derive(Debug)]
struct Link {
    kind: EdgeKind,
    /// The node is what the reference has (`held_by`), not the other way round (`opens`).
    node_is_had: bool,
    other: Arc<Expr>,
}

#[derive(Debug)]
struct Attr {
    name: String,
    value: AttrValue,
    filled: AtomicBool,
}

#[derive(Debug)]
enum AttrValue {
    Expr(Arc<Expr>),
    List(Vec<AttrValue>),
    Map(Vec<(String, AttrValue)>),
    Literal(Value),
}

impl Extractor {
    /// Compiles a collection's yields.
    ///
    /// # Errors
    /// One line: an expression that doesn't compile, or a yield that is neither a node nor an edge.
    pub fn new(yields: &[raw::Yield]) -> Result<Self, String> {
        yields.iter().map(Compiled::new).collect::<Result<_, _>>().map(|yields| Self { yields })
    }

    /// Adds what one record means to `out`; what is wrong with it goes to `problems`. `scope` holds everything but `it` and `outer`.
    pub fn extract(&self, record: &Value, scope: &Scope<'_>, out: &mut Vec<Observation>, problems: &mut Vec<String>) {
        let scope = scope.clone().with("it", record);
        for compiled in &self.yields {
            let done = match &compiled.each {
                None => compiled.one(&scope, out, problems),
                Some(each) => each.eval(&scope).and_then(|list| compiled.inner(&list, record, &scope, out, problems)),
            };
            if let Err(problem) = done {
                problems.push(problem);
            }
        }
    }

    /// The node that a record is about: what the first yield of a node names, whether or not this record has it yielded. None for a record
    /// without a key.
    ///
    /// # Errors
    /// One line: the key can't be evaluated.
    pub fn about(&self, record: &Value, scope: &Scope<'_>) -> Result<Option<NodeRef>, String> {
        let first = self.yields.iter().find(|compiled| matches!(compiled.what, What::Node { .. }));
        let Some(Compiled { each, what: What::Node { kind, key, .. }, .. }) = first else { return Ok(None) };
        let scope = scope.clone().with("it", record);
        let key = match each {
            None => key.text(&scope)?,
            Some(each) => match each.eval(&scope)?.as_array().map(Vec::as_slice) {
                Some([one]) => key.text(&scope.clone().with("it", one))?,
                _ => None,
            },
        };
        Ok(key.filter(|key| !key.is_empty()).map(|key| NodeRef::new(*kind, key)))
    }

    /// The kind of the node that a record is, and its key: what the first yield of a node says that is no inner list's. None where records are
    /// only lists, or this one has no key.
    pub fn own(&self, record: &Value, scope: &Scope<'_>) -> Option<NodeRef> {
        let first = self.yields.iter().find(|compiled| compiled.each.is_none() && matches!(compiled.what, What::Node { .. }))?;
        let What::Node { kind, key, .. } = &first.what else { return None };
        let key = key.text(&scope.clone().with("it", record)).ok()??;
        Some(NodeRef::new(*kind, key))
    }

    /// The attributes that no record has filled so far: after a whole complete scope, a sign that the vendor renamed a field.
    pub fn never_filled(&self) -> Vec<&str> {
        let attrs = || self.yields.iter().flat_map(|compiled| &compiled.attrs);
        let mut names: Vec<&str> = attrs().filter(|attr| !attr.filled.load(Ordering::Relaxed)).map(|attr| attr.name.as_str()).collect();
        // The same attribute may come from several yields, of which one is enough.
        names.retain(|name| !attrs().any(|attr| attr.name == *name && attr.filled.load(Ordering::Relaxed)));
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Extractor {
    /// The attributes that some record has filled, and the sources of the inner lists that some record had.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        let attrs = self.yields.iter().flat_map(|compiled| &compiled.attrs);
        let filled = attrs.filter(|attr| attr.filled.load(Ordering::Relaxed)).map(|attr| attr.name.as_str());
        let lists = self.yields.iter().filter(|compiled| compiled.listed.load(Ordering::Relaxed));
        filled.chain(lists.filter_map(|compiled| compiled.each.as_ref().map(|each| each.source())))
    }

    /// What of a record the yields read. An empty path among them is the whole record.
    pub fn reads(&self) -> Reads {
        let mut paths = Vec::new();
        for compiled in &self.yields {
            let mut of = |name: &str| compiled.expressions(&mut |expr| paths.extend(expr.paths_of(name)));
            match &compiled.each {
                None => of("it"),
                // Within an inner list `it` is one of its items, and `outer` the record.
                Some(each) => {
                    of("outer");
                    let mut inner = Vec::new();
                    compiled.expressions(&mut |expr| inner.extend(expr.paths_of("it")));
                    match each.path_of("it") {
                        // What is a list by name alone is kept with what is read of its items.
                        Some(list) if !inner.is_empty() => paths.extend(inner.into_iter().map(|path| [list, &path].concat())),
                        _ => paths.extend(each.paths_of("it")),
                    }
                }
            }
        }
        Reads(paths)
    }

    /// The inner lists that no record had, not even an empty one: their source, and the kind of the edges (or else of the nodes) that come from them
    /// and from no other yield.
    pub fn never_listed(&self) -> Vec<(String, &'static str)> {
        let kinds = |compiled: &Compiled| match &compiled.what {
            What::Edge { kind, .. } => kind.word(),
            What::Node { kind, .. } => kind.word(),
        };
        let is_missing = |compiled: &&Compiled| compiled.each.is_some() && !compiled.listed.load(Ordering::Relaxed);
        let elsewhere = |kind: &str| self.yields.iter().any(|compiled| !is_missing(&compiled) && kinds(compiled) == kind);
        let mut missing: Vec<(String, &'static str)> = self
            .yields
            .iter()
            .filter(is_missing)
            .filter_map(|compiled| Some((compiled.each.as_ref()?.source().to_owned(), kinds(compiled))))
            .filter(|(_, kind)| !elsewhere(kind))
            .collect();
        missing.dedup();
        missing
    }
}

/// What of a record is read: paths from the record itself.
#[derive(Debug, Default)]
pub struct Reads(Vec<Vec<String>>);

impl Reads {
    /// What an expression over a record (`it`) reads besides.
    pub fn and(mut self, expr: &Expr) -> Self {
        self.0.extend(expr.paths_of("it"));
        self
    }

    /// Whether nothing of a record can be left out: an expression takes the record itself.
    pub fn whole(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    /// A record with nothing but what is read of it.
    pub fn of(&self, record: &Value) -> Value {
        part_of(record, &self.0.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

fn part_of(value: &Value, paths: &[&[String]]) -> Value {
    match value {
        Value::Object(map) if paths.iter().all(|path| !path.is_empty()) => {
            let part = map.iter().filter_map(|(name, value)| {
                let below: Vec<&[String]> = paths.iter().filter(|path| path[0] == *name).map(|path| &path[1..]).collect();
                (!below.is_empty()).then(|| (name.clone(), part_of(value, &below)))
            });
            Value::Object(part.collect())
        }
        Value::Array(items) if paths.iter().all(|path| !path.is_empty()) => items.iter().map(|item| part_of(item, paths)).collect(),
        whole => whole.clone(),
    }
}

/// Records to observations in one go; for examples and tests. Scans keep an [`Extractor`].
pub fn extract(yields: &[raw::Yield], record: &Value, scope: &Scope<'_>, out: &mut Vec<Observation>, problems: &mut Vec<String>) {
    match Extractor::new(yields) {
        Ok(extractor) => extractor.extract(record, scope, out, problems),
        Err(problem) => problems.push(problem),
    }
}

/// The records of a reply to a collection's read: what `each` names (the collection's, or that of its changes), or the body itself, which must be a
/// list then.
///
/// # Errors
/// One line: the reply isn't the list that was asked for, or holds none.
pub fn records(collection: &raw::Collection, each: Option<&str>, body: &Value, scope: &Scope<'_>) -> Result<Vec<Value>, String> {
    let scope = scope.clone().with("body", body);
    if let Some(of) = &collection.of
        && !Expr::compile(of)?.truth(&scope)?
    {
        return Err(format!("the reply is not the list that was asked for: {of} does not hold"));
    }
    let list = match each {
        None => body.clone(),
        Some(each) => Expr::compile(each)?.eval(&scope)?,
    };
    match list {
        // One record is called so: else an object that came in place of a list would be taken for one, and the list for read.
        Value::Object(_) if each == Some("body") => Ok(vec![list]),
        Value::Object(_) if each.is_none() => Err("the reply is no list but an object; if that is one record, write each: body".to_owned()),
        Value::Null if collection.absent.is_some() => Ok(Vec::new()),
        Value::Null => Err(format!("the reply holds no list: {} is not there", each.unwrap_or("the body"))),
        Value::Array(records) => Ok(records),
        _ => {
            let each = each.unwrap_or("the body");
            Err(format!(
                "{each} is no list; for one record write each: \"[{each}]\"; where the system sends a single record without a list around it, write \
                 each: {each} | as_list"
            ))
        }
    }
}

impl Compiled {
    fn new(raw: &raw::Yield) -> Result<Self, String> {
        let optional = |source: &Option<String>| source.as_deref().map(Expr::compile).transpose();
        let node = raw.node();
        let what = match (node, raw.edge.as_deref()) {
            (Some((kind, key)), None) => {
                let holds = if kind == NodeKind::Device { EdgeKind::Uses } else { EdgeKind::Holds };
                let mut links = Vec::new();
                for (source, edge, node_is_had) in [
                    (&raw.held_by, holds, true),
                    (&raw.owned_by, EdgeKind::Owns, true),
                    (&raw.opens, EdgeKind::Opens, false),
                    (&raw.member_of, EdgeKind::MemberOf, false),
                ] {
                    if let Some(source) = source {
                        links.push(Link { kind: edge, node_is_had, other: Expr::compile(source)? });
                    }
                }
                let type_ = raw.type_.as_deref().map(Template::compile).transpose()?;
                let aka = raw.aka.iter().map(|source| Expr::compile(source)).collect::<Result<_, _>>()?;
                What::Node { kind, key: Expr::compile(key)?, type_, aka, links }
            }
            (None, Some(edge)) => {
                let end = |source: &Option<String>, name: &str| {
                    source.as_deref().ok_or_else(|| format!("edge {edge} without {name}")).and_then(Expr::compile)
                };
                What::Edge { kind: edge.parse()?, from: end(&raw.from, "from")?, to: end(&raw.to, "to")? }
            }
            _ => return Err("a yield must be one node or one edge".to_owned()),
        };
        let attrs = raw
            .attrs
            .iter()
            .map(|(name, value)| Ok(Attr { name: name.clone(), value: AttrValue::new(value)?, filled: AtomicBool::new(false) }));
        Ok(Self {
            each: optional(&raw.each)?,
            listed: AtomicBool::new(false),
            when: optional(&raw.when)?,
            what,
            level: optional(&raw.level)?,
            attrs: attrs.collect::<Result<_, String>>()?,
        })
    }

    /// Every expression but that of the inner list.
    fn expressions(&self, each: &mut impl FnMut(&Expr)) {
        self.when.iter().chain(&self.level).for_each(|expr| each(expr));
        match &self.what {
            What::Edge { from, to, .. } => [from, to].into_iter().for_each(|expr| each(expr)),
            What::Node { key, type_, aka, links, .. } => {
                let types = type_.iter().flat_map(Template::expressions);
                std::iter::once(key).chain(types).chain(aka).chain(links.iter().map(|link| &link.other)).for_each(|expr| each(expr));
            }
        }
        self.attrs.iter().for_each(|attr| attr.value.expressions(each));
    }

    fn inner(
        &self,
        list: &Value,
        record: &Value,
        scope: &Scope<'_>,
        out: &mut Vec<Observation>,
        problems: &mut Vec<String>,
    ) -> Result<(), String> {
        let single;
        let items = match list {
            Value::Null => return Ok(()),
            Value::Array(items) => {
                self.listed.store(true, Ordering::Relaxed);
                items.as_slice()
            }
            Value::Object(_) => {
                let each = self.each.as_ref().map_or("a list", |each| each.source());
                return Err(format!("{}; if it is one thing, write each: \"[{each}]\"", self.no_list("an object")));
            }
            // A directory names one value without its list.
            Value::String(text) if text.is_empty() => return Err(self.no_list("an empty text")),
            Value::Bool(_) | Value::Number(_) => return Err(self.no_list(&list.to_string())),
            other => {
                self.listed.store(true, Ordering::Relaxed);
                single = [other.clone()];
                &single
            }
        };
        let mut scope = scope.clone().with("outer", record);
        for item in items {
            scope.set("it", item);
            self.one(&scope, out, problems)?;
        }
        Ok(())
    }

    fn no_list(&self, but: &str) -> String {
        format!("{} is no list but {but}", self.each.as_ref().map_or("a list", |each| each.source()))
    }

    fn one(&self, scope: &Scope<'_>, out: &mut Vec<Observation>, problems: &mut Vec<String>) -> Result<(), String> {
        if let Some(when) = &self.when
            && !when.truth(scope)?
        {
            return Ok(());
        }
        let level = match &self.level {
            None => None,
            Some(level) => level.text(scope)?.map(|word| word.parse::<Level>()).transpose()?,
        };
        let mut attrs = self.attributes(scope)?;
        match &self.what {
            What::Edge { kind, from, to } => {
                // An end that names nobody (a share without an address) is no edge; it is no mistake either.
                if let (Some(from), Some(to)) = (from.reference(scope)?, to.reference(scope)?) {
                    out.push(Observation::Edge(EdgeSeen { from, kind: *kind, to, level, attrs }));
                }
            }
            What::Node { kind, key, type_, aka, links } => {
                let key = key
                    .text(scope)?
                    .filter(|key| !key.is_empty())
                    .ok_or_else(|| format!("{} is null: a node needs a key", key.source()))?;
                let node = NodeRef::new(*kind, key);
                let mut names = Vec::with_capacity(aka.len());
                for name in aka {
                    names.extend(name.text(scope)?);
                }
                let type_ = type_.as_ref().map(|template| template.render(Place::Text, scope)).transpose()?.unwrap_or_default();
                let name = attrs.shift_remove("name").map(|name| plain(&name));
                let declared = self.attrs.iter().map(|attr| attr.name.as_str());
                problems.append(&mut attributes::settle(node.kind, &node.key, name.as_deref(), &mut attrs, declared));
                for link in links {
                    if let Some(other) = link.other.reference(scope)? {
                        let (from, to) = if link.node_is_had { (other, node.clone()) } else { (node.clone(), other) };
                        out.push(Observation::Edge(EdgeSeen { from, kind: link.kind, to, level, attrs: Map::new() }));
                    }
                }
                out.push(Observation::Node(NodeSeen { node, type_, name, attrs, aka: names }));
            }
        }
        Ok(())
    }

    fn attributes(&self, scope: &Scope<'_>) -> Result<Map<String, Value>, String> {
        let mut attrs = Map::with_capacity(self.attrs.len());
        for attr in &self.attrs {
            let value = attr.value.eval(scope)?;
            if !is_empty(&value) {
                attr.filled.store(true, Ordering::Relaxed);
                attrs.insert(attr.name.clone(), value);
            }
        }
        Ok(attrs)
    }
}

impl AttrValue {
    fn new(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(source) => Self::Expr(Expr::compile(source)?),
            Value::Array(items) => Self::List(items.iter().map(Self::new).collect::<Result<_, _>>()?),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| Ok((key.clone(), Self::new(value)?))).collect::<Result<_, String>>()?)
            }
            other => Self::Literal(other.clone()),
        })
    }

    fn expressions(&self, each: &mut impl FnMut(&Expr)) {
        match self {
            Self::Expr(expr) => each(expr),
            Self::List(items) => items.iter().for_each(|item| item.expressions(each)),
            Self::Map(items) => items.iter().for_each(|(_, item)| item.expressions(each)),
            Self::Literal(_) => {}
        }
    }

    /// The value; nulls are left out of lists and maps.
    fn eval(&self, scope: &Scope<'_>) -> Result<Value, String> {
        Ok(match self {
            Self::Expr(expr) => expr.eval(scope)?,
            Self::Literal(value) => value.clone(),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    match item.eval(scope)? {
                        Value::Null => {}
                        // `emails: [it.work, it.aliases]` is one list.
                        Value::Array(more) => list.extend(more.into_iter().filter(|value| !value.is_null())),
                        value => list.push(value),
                    }
                }
                Value::Array(list)
            }
            Self::Map(items) => {
                let mut map = Map::new();
                for (key, item) in items {
                    match item.eval(scope)? {
                        Value::Null => {}
                        value => {
                            map.insert(key.clone(), value);
                        }
                    }
                }
                Value::Object(map)
            }
        })
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use serde_json::json;

    // Reliability: Bad weather.
    #[test]
    fn an_object_in_place_of_a_list_is_no_list() {
        let read = |each: &str, body: Value| {
            let collection = serde_json::from_value(json!({ "call": "GET /u", "each": each, "yields": [] })).unwrap();
            records(&collection, Some(each), &body, &Scope::new()).map(|records| records.len())
        };
        let (list, object) =
            (|| json!({ "users": [{ "id": 1 }, { "id": 2 }] }), || json!({ "users": { "0": { "id": 1 }, "1": { "id": 2 } } }));
        for each in ["body.users", "body.users | selectattr('id') | list", "body.users | map(attribute='id') | list"] {
            assert_eq!(read(each, list()), Ok(2), "{each}");
            let problem = read(each, object()).unwrap_err();
            assert!(problem.contains("list"), "{each}: {problem}");
        }
        assert!(read("body.users", json!({ "users": "none" })).is_err());
        // One record is called so.
        for each in ["body", "[body.users]", "body.users | as_list"] {
            assert_eq!(read(each, object()), Ok(1), "{each}");
        }
        assert_eq!(read("body.users | as_list", list()), Ok(2));

        let yields: Vec<raw::Yield> = serde_json::from_value(
            json!([{ "each": "it.keys", "credential": "it.id", "type": "api_token", "held_by": "account(outer.id)" }]),
        )
        .unwrap();
        for (keys, seen, wrong) in [(json!([{ "id": "a" }]), 2, 0), (json!({ "0": { "id": "a" } }), 0, 1)] {
            let (mut out, mut problems) = (Vec::new(), Vec::new());
            extract(&yields, &json!({ "id": "u1", "keys": keys }), &Scope::new(), &mut out, &mut problems);
            assert_eq!((out.len(), problems.len()), (seen, wrong), "{out:?} {problems:?}");
        }
        for permissions in [json!({ "0": { "type": "anyone" } }), json!({}), json!("busy"), json!("")] {
            let scope = Scope::new().with_owned("body", json!({ "permissions": permissions }));
            for proof in [
                "'anyone' not in body.permissions | map(attribute='type') | list",
                "'anyone' not in body.permissions | list",
                "'anyone' not in body.permissions | join(' ') | split(' ')",
                "body.permissions | selectattr('type', 'eq', 'anyone') | list | length == 0",
                "body.permissions | length < 100",
                "body.permissions | count < 100",
            ] {
                let shown = Expr::compile(proof).unwrap().truth(&scope);
                assert!(shown.is_err(), "{proof}: {permissions} in place of a list shows nothing, and came {shown:?}");
            }
        }
        let sequence = Expr::compile("body.permissions is sequence").unwrap();
        for (body, list) in [
            (json!({ "permissions": [] }), true),
            (json!({ "permissions": {} }), false),
            (json!({ "permissions": null }), false),
            (json!({}), false),
        ] {
            assert_eq!(sequence.truth(&Scope::new().with("body", &body)), Ok(list), "{body}");
        }
        let absent = Expr::compile("body.permissions | length == 0").unwrap();
        assert!(absent.truth(&Scope::new().with_owned("body", json!({}))).is_err(), "a list that is not there is no empty one");
        assert_eq!(absent.truth(&Scope::new().with_owned("body", json!({ "permissions": [] }))), Ok(true));
    }

    // Trust: What was done.
    #[test]
    fn of_a_record_nothing_is_kept_but_what_is_read() {
        let yields: Vec<raw::Yield> = serde_json::from_value(json!([
            { "account": "it.id", "name": "it.profile.name | upper", "emails": ["it['mail.list'][0]"], "note": "'it.secret'", "made": "it.made.split" },
            { "each": "it.keys", "credential": "outer.account.id ~ it.key", "type": "api_token", "held_by": "account(outer.id)" }
        ]))
        .unwrap();
        let record = json!({ "id": "u1", "profile": { "name": "ada", "phone": "1" }, "secret": "s", "keys": [{ "key": "k", "more": 1 }],
            "mail.list": ["a@b.example"], "account": { "id": "a", "token": "t" }, "made": { "split": 1, "at": 2 } });
        let reads = Extractor::new(&yields).unwrap().reads();
        let kept = json!({ "id": "u1", "profile": { "name": "ada" }, "keys": [{ "key": "k" }], "mail.list": ["a@b.example"],
            "account": { "id": "a" }, "made": { "split": 1 } });
        assert_eq!(reads.of(&record), kept);
        let yields: Vec<raw::Yield> = yields.into_iter().skip(1).collect();
        let reads = Extractor::new(&yields).unwrap().reads().and(&Expr::compile("it.profile['name'] == 'x' or it.made").unwrap());
        let kept = json!({ "id": "u1", "profile": { "name": "ada" }, "keys": [{ "key": "k" }], "account": { "id": "a" }, "made": { "split": 1, "at": 2 } });
        assert_eq!(reads.of(&record), kept);
        // What is put together may be any field.
        let reads = Reads::default().and(&Expr::compile("it['na' ~ 'me']").unwrap());
        assert!(reads.whole() && reads.of(&record) == record);
        let reads = Reads::default().and(&Expr::compile(r#"it["a"].b['c d'] ~ it.list[0].x"#).unwrap());
        assert_eq!(reads.0, [vec!["a", "b", "c d"], vec!["list"]].map(|path| path.into_iter().map(str::to_owned).collect::<Vec<_>>()));
    }

    // Reliability: Secrets.
    #[test]
    fn no_manifest_keeps_whole_records_but_those_that_say_why() {
        let mut whole = Vec::new();
        for (name, text) in crate::manifest::load::builtin() {
            let manifest = crate::manifest::load::load(name, text).unwrap();
            for (collection, raw) in &manifest.see {
                if Extractor::new(&raw.yields).unwrap().reads().whole() {
                    whole.push(format!("{name} {collection}"));
                }
            }
        }
        assert_eq!(
            whole,
            WHOLE.iter().map(|(collection, _)| (*collection).to_owned()).collect::<Vec<_>>(),
            "name the fields that are read"
        );
    }

    /// Collections whose records are kept whole while a list is read, and why that is all that is read anyway.
    const WHOLE: &[(&str, &str)] = &[
        ("aws-iam inline_policies", "a record is a policy's name"),
        ("aws-identity-center permission_sets", "a record is the set's ARN"),
        ("aws-identity-center accounts", "a record is the account's number"),
        ("bamboohr roster", "the call asks for the fields that are read, and the reply says which of them it may not show"),
        ("bamboohr employees", "the call asks for the fields that are read, and the reply says which of them it may not show"),
        ("card-statement charges", "a file's rows, read in groups"),
        ("figma teams", "a record is a number of the settings"),
        ("hubspot logins", "a record is an account's last logins"),
        ("pagerduty users", "a record that is read by itself comes wrapped"),
        ("servicenow users", "the call asks for the fields that are read"),
        ("tailscale policy", "a record is a group with its members"),
        ("zendesk users", "a record that is read by itself comes wrapped"),
    ];

    #[test]
    fn a_file_its_owner_its_link_and_its_readers() {
        let yields: Vec<raw::Yield> = serde_json::from_value(json!([
            {"resource": "it.id", "type": "file", "name": "it.name", "owned_by": "address(person.work_email)", "gone_field": "it.renamed"},
            {"each": "it.permissions", "when": "it.type == 'anyone'", "credential": "outer.id ~ '/' ~ it.id", "type": "share_link", "held_by": "address(person.work_email)", "opens": "resource(outer.id)"},
            {"each": "it.permissions", "when": "it.type == 'user'", "edge": "can_access", "from": "address(it.email)", "to": "resource(outer.id)", "level": "{'reader': 'read', 'writer': 'write'}[it.role]"},
        ])).unwrap();
        let extractor = Extractor::new(&yields).unwrap();
        let record = json!({"id": "f1", "name": "Board", "permissions": [{"id": "p0", "type": "anyone"}, {"id": "p1", "type": "user", "email": "X@y.example", "role": "writer"}, {"id": "p2", "type": "user", "role": "reader"}]});
        let person = json!({"work_email": "a@b.example"});
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        extractor.extract(&record, &Scope::new().with("person", &person), &mut out, &mut problems);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(out.len(), 6);
        let edges: Vec<_> = out
            .iter()
            .filter_map(|o| match o {
                Observation::Edge(e) => Some(format!("{} {} {} {:?}", e.from, e.kind, e.to, e.level)),
                Observation::Node(_) => None,
            })
            .collect();
        assert_eq!(
            edges,
            [
                "address:a@b.example owns resource:f1 None",
                "address:a@b.example holds credential:f1/p0 None",
                "credential:f1/p0 opens resource:f1 None",
                "address:x@y.example can_access resource:f1 Some(Write)",
            ]
        );
        assert_eq!(extractor.never_filled(), ["gone_field"]);
    }

    #[test]
    fn a_null_key_is_a_problem_not_a_node() {
        let yields: Vec<raw::Yield> = serde_json::from_value(json!([{"account": "it.id", "name": "it.login"}])).unwrap();
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        extract(&yields, &json!({"login": "x"}), &Scope::new(), &mut out, &mut problems);
        assert!(out.is_empty());
        assert!(problems[0].contains("it.id is null"));
    }
}
