//! Runs a manifest's examples, offline: a reply becomes records, records become observations, and these must be the expected ones.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::express::{NAMES, Scope, plain};
use super::extract::{extract, records};
use super::judge::{self, Class, Finding};
use super::load::{self, Problem};
use super::located::{self, Fault, Lines};
use super::raw;
use crate::model::{EdgeSeen, NodeKind, NodeRef, NodeSeen, Observation};

/// One example that doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which of the manifest's examples, from 0.
    pub index: usize,
    /// What was expected, and what came.
    pub message: String,
}

/// Runs every example.
pub fn run(manifest: &raw::Manifest) -> Vec<Mismatch> {
    let mut wrong = Vec::new();
    for (index, example) in manifest.examples.iter().enumerate() {
        wrong.extend(one(manifest, example).into_iter().map(|message| Mismatch { index, message }));
    }
    wrong
}

/// Runs every example of a file that was read; what doesn't hold, with its line.
pub fn problems(file: &str, text: &str, manifest: &raw::Manifest) -> Vec<Problem> {
    let lines = located::parse(text).0.as_ref().map(Lines::of).unwrap_or_default();
    let faults = run(manifest).into_iter().map(|wrong| {
        let path = format!("examples[{}]", wrong.index);
        Fault::new(lines.line(&path), path, wrong.message)
    });
    load::problems(file, faults.collect())
}

fn one(manifest: &raw::Manifest, example: &raw::Example) -> Vec<String> {
    let (now, settings) = (now(), settings(manifest, example));
    let (status, headers) = (json!(status_of(manifest, example)), json!({}));
    let scope = in_scope(&example.given, &now, &settings);
    let reply = scope.clone().with("status", &status).with("headers", &headers);
    let find = |name: &String| manifest.see.iter().find(|(known, _)| known == name).map(|(_, collection)| collection);
    if let Some(name) = &example.of {
        let Some(collection) = find(name) else { return vec![format!("there is no collection {name:?}")] };
        let answer = reply.clone().with("body", &example.reply);
        match class_of(manifest, &collection.classes, status_of(manifest, example), &example.reply, &answer) {
            Err(problem) => return vec![problem],
            Ok(Class::Fine) => {}
            Ok(class) => return vec![format!("the reply of {name} is no list: its class is {}", class.word())],
        }
        return match seen(collection, &example.reply, &reply, &scope) {
            Ok(came) => compare(example.yields.as_deref().unwrap_or_default(), came),
            Err(problems) => problems,
        };
    }
    if let Some(part) = &example.tell {
        return super::told::run(manifest, part, example, &scope, &reply);
    }
    let name = example.prove.clone().unwrap_or_default();
    let prove = manifest.take.iter().find(|(known, _)| *known == name).and_then(|(_, take)| take.prove.as_ref());
    let Some(prove) = prove else { return vec![format!("there is no action {name:?} with a proof")] };
    match (proof(manifest, prove, example, &example.given), example.gone.unwrap_or(true)) {
        (Err(problems), _) => problems,
        (Ok(Finding::Gone), true) | (Ok(Finding::Still | Finding::Failed | Finding::Nothing(_) | Finding::Forbidden), false) => Vec::new(),
        (Ok(Finding::Nothing(why)), _) => vec![format!("the proof of {name}: expected gone: true, but {why}")],
        (Ok(came), expected) => {
            let came = came == Finding::Gone;
            vec![format!("the proof of {name}: expected gone: {expected}, came gone: {came} (from {})", prove.gone)]
        }
    }
}

/// How many records a collection finds in the reply of an example, and how many observations it makes of them.
///
/// # Errors
/// Why the reply is no answer, or a record says nothing.
pub(super) fn observed(
    manifest: &raw::Manifest,
    collection: &raw::Collection,
    example: &raw::Example,
) -> Result<(usize, usize), Vec<String>> {
    let (now, settings) = (now(), settings(manifest, example));
    let (status, headers) = (json!(status_of(manifest, example)), json!({}));
    let scope = in_scope(&example.given, &now, &settings);
    let reply = scope.clone().with("status", &status).with("headers", &headers);
    let answer = reply.clone().with("body", &example.reply);
    match class_of(manifest, &collection.classes, status_of(manifest, example), &example.reply, &answer) {
        Ok(Class::Fine) => {
            let found = records(collection, collection.each.as_deref(), &example.reply, &reply).map_err(|problem| vec![problem])?;
            seen(collection, &example.reply, &reply, &scope).map(|came| (found.len(), came.len()))
        }
        Ok(class) => Err(vec![class.word().to_owned()]),
        Err(problem) => Err(vec![problem]),
    }
}

/// What a proof says of the reply of an example, with what is given in scope. Whatever else is known to be there answers: an example shows one
/// reply.
///
/// # Errors
/// What can't be evaluated.
pub(super) fn proof(
    manifest: &raw::Manifest,
    prove: &raw::Prove,
    example: &raw::Example,
    given: &BTreeMap<String, Value>,
) -> Result<Finding, Vec<String>> {
    judged(manifest, prove, example, given).map(|(finding, _)| finding)
}

/// The same, and whether it counts only together with something else that is known to be there.
///
/// # Errors
/// What can't be evaluated.
pub(super) fn judged(
    manifest: &raw::Manifest,
    prove: &raw::Prove,
    example: &raw::Example,
    given: &BTreeMap<String, Value>,
) -> Result<judge::Judged, Vec<String>> {
    let (now, settings) = (now(), with_defaults(manifest, given.get("settings")));
    let (status, headers) = (json!(status_of(manifest, example)), json!({}));
    let scope = in_scope(given, &now, &settings);
    let (entries, first);
    let mut answer = scope.clone().with("status", &status).with("headers", &headers).with("body", &example.reply);
    if prove.search.is_some() {
        entries = if example.reply.is_array() { example.reply.clone() } else { json!([example.reply]) };
        first = entries.get(0).cloned().unwrap_or(Value::Null);
        answer.set("entries", &entries);
        answer.set("it", &first);
    }
    let collection = prove.see.as_ref().and_then(|name| manifest.see.iter().find(|(known, _)| known == name));
    if let Some((_, collection)) = collection
        && !given.contains_key("seen")
    {
        let came = seen(collection, &example.reply, &answer, &scope)?;
        answer = answer.with_owned("seen", keys(&came));
    }
    of_proof(manifest, prove, status_of(manifest, example), &example.reply, &answer).map_err(|problem| vec![problem])
}

fn now() -> Value {
    json!(crate::clock::now().to_string())
}

/// What stands in scope: what is given, the settings, and the time.
fn in_scope<'a>(given: &'a BTreeMap<String, Value>, now: &'a Value, settings: &'a Value) -> Scope<'a> {
    let mut scope = Scope::new().with("now", now).with("settings", settings);
    for (name, value) in given {
        if let Some(name) = NAMES.iter().find(|known| *known == name).filter(|name| **name != "settings") {
            scope.set(name, value);
        }
    }
    scope
}

/// The status of an example's reply: 200, or a directory's 0, when left out.
fn status_of(manifest: &raw::Manifest, example: &raw::Example) -> u16 {
    example.status.unwrap_or(if manifest.connect.ldap.is_some() { 0 } else { 200 })
}

/// What a reply to the read of a proof says, judged as the engine does. `answer` holds the reply, and `seen` where a collection was read.
pub(super) fn of_proof(
    manifest: &raw::Manifest,
    prove: &raw::Prove,
    status: u16,
    reply: &Value,
    answer: &Scope<'_>,
) -> Result<judge::Judged, String> {
    let class = class_of(manifest, &prove.classes, status, reply, answer)?;
    if prove.see.is_some() && class == Class::Fine {
        return judge::said(prove, answer).map(|finding| (finding, true));
    }
    let asked = prove.call.as_deref().map(|line| judge::asked(line, [prove.body.as_ref(), prove.form.as_ref()], answer));
    judge::proof(prove, class, &asked.unwrap_or_default(), || status.to_string(), answer)
}

/// The class of a reply to a read. A body that is neither object nor list is what a page or a text becomes.
pub(super) fn class_of(
    manifest: &raw::Manifest,
    own: &raw::Classes,
    status: u16,
    body: &Value,
    answer: &Scope<'_>,
) -> Result<Class, String> {
    let system = &manifest.connect.classes;
    if manifest.connect.ldap.is_some() {
        return judge::class(own, system, &answer.clone().with_owned("code", json!(status)), judge::usual_ldap(status));
    }
    let data = judge::is_data(body);
    judge::class(own, system, answer, judge::usual(status)).map(|class| judge::of_read(class, data, body))
}

/// The settings an example runs with: what it gives, or else the defaults and examples of the declared settings.
fn settings(manifest: &raw::Manifest, example: &raw::Example) -> Value {
    with_defaults(manifest, example.given.get("settings"))
}

/// The defaults and examples of the declared settings, under what is given.
pub(super) fn with_defaults(manifest: &raw::Manifest, given: Option<&Value>) -> Value {
    let declared = manifest.settings.iter().map(|(name, setting)| {
        let value = setting.default.clone().or_else(|| setting.example.clone()).unwrap_or(Value::Null);
        (name.clone(), value)
    });
    let mut all: Map<String, Value> = declared.collect();
    if let Some(Value::Object(given)) = given {
        all.extend(given.clone());
    }
    Value::Object(all)
}

/// What a collection's reply comes to.
pub(super) fn seen(
    collection: &raw::Collection,
    body: &Value,
    reply: &Scope<'_>,
    scope: &Scope<'_>,
) -> Result<Vec<Observation>, Vec<String>> {
    let records = records(collection, collection.each.as_deref(), body, reply).map_err(|problem| vec![problem])?;
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    for record in &records {
        extract(&collection.yields, record, scope, &mut out, &mut problems);
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// The keys of the nodes among observations, those at both ends of an edge included: as a proof of a departure takes them.
pub(super) fn keys(seen: &[Observation]) -> Value {
    let keys = seen.iter().flat_map(|seen| match seen {
        Observation::Node(node) => vec![json!(node.node.key)],
        Observation::Edge(edge) => vec![json!(edge.from.key), json!(edge.to.key)],
    });
    Value::Array(keys.collect())
}

/// What is expected of one observation. Only what an example mentions is compared; null says that it must be absent.
struct Expected<'e> {
    /// `account:00u1`, or `account:00u1 member_of group:00g1`.
    identity: String,
    /// The rest of what the example mentions.
    rest: Vec<(&'e String, &'e Value)>,
    source: &'e Value,
}

fn expected(source: &Value) -> Result<Expected<'_>, String> {
    let map = source
        .as_object()
        .ok_or_else(|| format!("{source} is no observation; write {{account: KEY, name: …}} or {{edge: KIND, from: …, to: …}}"))?;
    if let Some(kind) = map.get("edge") {
        let end = |key: &str| -> Result<String, String> {
            let text = map.get(key).map(plain).unwrap_or_default();
            let (kind, rest) = text.split_once(':').ok_or_else(|| format!("{source}: {key} is KIND:KEY, like account:00u1"))?;
            Ok(NodeRef::new(kind.parse()?, rest).to_string())
        };
        let identity = format!("{} {} {}", end("from")?, plain(kind), end("to")?);
        let rest = map.iter().filter(|(key, _)| !["edge", "from", "to"].contains(&key.as_str())).collect();
        return Ok(Expected { identity, rest, source });
    }
    let kinds: Vec<NodeKind> = map.keys().filter_map(|key| key.parse().ok()).filter(|kind| !matches!(kind, NodeKind::Alias)).collect();
    let [kind] = kinds.as_slice() else {
        return Err(format!("{source}: an observation names one kind of node, or an edge"));
    };
    let key = map.get(kind.word()).map(plain).unwrap_or_default();
    let rest = map.iter().filter(|(key, _)| *key != kind.word()).collect();
    Ok(Expected { identity: NodeRef::new(*kind, key).to_string(), rest, source })
}

fn compare(wanted: &[Value], came: Vec<Observation>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: Vec<(String, Value)> = came.iter().map(|seen| (identity(seen), compact(seen))).collect();
    for source in wanted {
        let expected = match expected(source) {
            Ok(expected) => expected,
            Err(problem) => {
                wrong.push(problem);
                continue;
            }
        };
        let differs = |came: &Value| -> Vec<String> {
            let differing = expected.rest.iter().filter_map(|(key, value)| {
                let here = came.get(key.as_str()).unwrap_or(&Value::Null);
                (here != *value).then(|| format!("{key}: expected {value}, came {here}"))
            });
            differing.collect()
        };
        // The same node may come twice; the one that fits best is meant.
        let best = left
            .iter()
            .enumerate()
            .filter(|(_, (identity, _))| *identity == expected.identity)
            .min_by_key(|(_, (_, came))| differs(came).len());
        match best.map(|(at, _)| at) {
            None => wrong.push(format!("expected, but did not come: {}", expected.source)),
            Some(at) => {
                let (_, came) = left.remove(at);
                wrong.extend(differs(&came).into_iter().map(|difference| format!("{}: {difference}", expected.identity)));
            }
        }
    }
    wrong.extend(left.into_iter().map(|(_, came)| format!("came, but was not expected: {came}")));
    wrong
}

fn identity(seen: &Observation) -> String {
    match seen {
        Observation::Node(node) => node.node.to_string(),
        Observation::Edge(edge) => format!("{} {} {}", edge.from, edge.kind, edge.to),
    }
}

/// An observation in the compact form of examples.
pub fn compact(seen: &Observation) -> Value {
    let mut map = Map::new();
    match seen {
        Observation::Node(NodeSeen { node, type_, name, attrs, aka }) => {
            map.insert(node.kind.word().to_owned(), json!(node.key));
            if !type_.is_empty() {
                map.insert("type".to_owned(), json!(type_));
            }
            if let Some(name) = name {
                map.insert("name".to_owned(), json!(name));
            }
            if !aka.is_empty() {
                map.insert("aka".to_owned(), json!(aka));
            }
            map.extend(attrs.clone());
        }
        Observation::Edge(EdgeSeen { from, kind, to, level, attrs }) => {
            map.insert("edge".to_owned(), json!(kind.word()));
            map.insert("from".to_owned(), json!(from.to_string()));
            map.insert("to".to_owned(), json!(to.to_string()));
            if let Some(level) = level {
                map.insert("level".to_owned(), json!(level.word()));
            }
            map.extend(attrs.clone());
        }
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run_on(examples: Value) -> Vec<String> {
        let manifest: raw::Manifest = serde_json::from_value(json!({
            "scanner": "x", "title": "X", "category": "sso", "contract": "c",
            "settings": {"org": {"example": "acme"}},
            "credentials": {"read": {"kind": "bearer"}},
            "connect": {"http": "https://x.example", "classes": {"gone": "status == 404 and body.code == 'none'"}},
            "see": {
                "users": {"call": "GET /u", "each": "body.users", "yields": [
                    {"account": "it.id", "name": "it.login", "emails": ["it.mail"], "org": "settings.org", "member_of": "group(it.group)"}]},
            },
            "take": {
                "off": {"on": "account", "call": "POST /x", "prove": {"call": "GET /u/{{ node.id }}", "gone": "body.state == 'off'"}},
                "out": {"on": "account", "call": "POST /x", "prove": {"see": "users", "gone": "node.id not in seen"}},
            },
            "examples": examples,
        }))
        .unwrap();
        run(&manifest).into_iter().map(|wrong| wrong.message).collect()
    }

    #[test]
    fn what_comes_is_compared_with_what_is_expected() {
        let reply = json!({"users": [{"id": "u1", "login": "jo", "mail": "jo@x.example", "group": "g1"}]});
        let edge = json!({"edge": "member_of", "from": "account:u1", "to": "group:g1"});
        let good = json!({"of": "users", "reply": reply, "yields": [{"account": "u1", "name": "jo", "emails": ["jo@x.example"], "org": "acme", "state": null}, edge]});
        assert_eq!(run_on(json!([good])), Vec::<String>::new());
        let bad = json!({"of": "users", "reply": reply, "yields": [{"account": "u1", "name": "bo"}, {"account": "u2"}]});
        assert_eq!(
            run_on(json!([bad])),
            [
                "account:u1: name: expected \"bo\", came \"jo\"",
                "expected, but did not come: {\"account\":\"u2\"}",
                "came, but was not expected: {\"edge\":\"member_of\",\"from\":\"account:u1\",\"to\":\"group:g1\"}",
            ]
        );
        let null_key = json!({"of": "users", "reply": {"users": [{"login": "jo"}]}, "yields": []});
        assert!(run_on(json!([null_key]))[0].contains("it.id is null"));
    }

    #[test]
    fn proofs_are_tried() {
        let proof = |reply: Value, status: u16, gone: bool| {
            run_on(json!([{"prove": "off", "given": {"node": {"id": "u1"}}, "reply": reply, "status": status, "gone": gone}])).len()
        };
        assert_eq!(proof(json!({"id": "u1", "state": "off"}), 200, true), 0);
        assert_eq!(proof(json!({"id": "u1", "state": "on"}), 200, false), 0);
        assert_eq!(proof(json!({"id": "u1", "state": "on"}), 200, true), 1);
        assert_eq!(proof(json!({"state": "off"}), 200, true), 1, "nobody knows whose state that is");
        assert_eq!(proof(json!({"code": "none"}), 404, true), 0);
        assert_eq!(proof(json!({"code": "none"}), 404, false), 1);
        assert_eq!(proof(json!({}), 404, true), 1, "a gateway says 404 too");
        assert_eq!(proof(json!({"id": "u1", "state": "off"}), 400, true), 1, "a refused read proves nothing");
        assert_eq!(proof(json!({"id": "u1", "state": "off"}), 500, true), 1, "a failed read proves nothing");
        let seen = |id: &str, gone: bool| {
            run_on(
                json!([{"prove": "out", "reply": {"users": [{"id": "u1", "group": "g1"}]}, "given": {"node": {"id": id}}, "gone": gone}]),
            )
        };
        assert_eq!(seen("u1", false), Vec::<String>::new());
        assert_eq!(seen("u2", true), Vec::<String>::new());
        assert_eq!(seen("g1", false), Vec::<String>::new(), "only an edge names it");
        assert_eq!(seen("u1", true).len(), 1);
    }
}
