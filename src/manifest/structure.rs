//! Whether a tree has the shape of a manifest: walks it against the JSON Schema that the types in `raw` give.
//!
//! Deserialising stops at the first mistake; this names every one, with its line, and mends the tree as it goes (an unknown key is
//! dropped, a wrong value replaced), so that the rules in `check` can be applied to the rest of the file in the same go.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::located::{Data, Entry, Fault, Node, join};
use super::{attributes, places, raw};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(raw::Manifest).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".to_owned(), json!("exeunt scanner manifest"));
        map.insert(
            "$comment".to_owned(),
            json!(format!(
                "Names that expressions and templates can use, by where they stand.\n{}\n\nAttributes of nodes and edges that exeunt reads; others are the manifest's own, and are named in `own`.\n\n{}",
                places::table(),
                attributes::table()
            )),
        );
    }
    schema
});

/// The JSON Schema of manifests, as in `schema/manifest.schema.json`.
pub fn schema() -> &'static Value {
    &SCHEMA
}

/// Names every structural problem of a manifest's tree, and mends the tree.
pub fn check(root: &mut Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(root, root.line, &SCHEMA, "", &mut faults);
    faults
}

/// Walks one node; false when its value is of no use and must be replaced. `line` is where to say so.
fn walk(node: &mut Node, line: u32, schema: &Value, path: &str, faults: &mut Vec<Fault>) -> bool {
    let schema = target(schema);
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        // Optional objects: the thing, or null.
        if matches!(node.data, Data::Scalar(Value::Null)) && options.iter().any(|option| has_type(option, "null")) {
            return true;
        }
        return options.iter().find(|option| !has_type(option, "null")).is_none_or(|option| walk(node, line, option, path, faults));
    }
    let words = words(schema);
    if !words.is_empty() {
        let fine = matches!(&node.data, Data::Scalar(Value::String(word)) if words.contains(&word.as_str()));
        if !fine {
            let message = match &node.data {
                Data::Scalar(Value::String(word)) => {
                    format!("{word:?} is not one of {}{}", words.join(", "), did_you_mean(word, words.iter().copied()))
                }
                _ => format!("must be one of {}, not {}", words.join(", "), node.noun()),
            };
            faults.push(Fault::new(line, path, message));
        }
        return fine;
    }
    if !fits(node, schema) {
        let hint = match &node.data {
            Data::Scalar(Value::Bool(_) | Value::Number(_)) if has_type(schema, "string") => "; put it in quotes",
            _ => "",
        };
        faults.push(Fault::new(line, path, format!("must be {}, not {}{hint}", noun(schema), node.noun())));
        return false;
    }
    match &mut node.data {
        Data::Scalar(value) => bounds(value, line, schema, path, faults),
        Data::List(items) => {
            if let Some(items_schema) = schema.get("items") {
                for (index, item) in items.iter_mut().enumerate() {
                    let line = item.line;
                    if !walk(item, line, items_schema, &format!("{path}[{index}]"), faults) {
                        item.data = located(&placeholder(items_schema), line).data;
                    }
                }
            }
            true
        }
        Data::Map(entries) => {
            map(entries, line, schema, path, faults);
            true
        }
    }
}

fn map(entries: &mut Vec<Entry>, line: u32, schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required: Vec<&str> = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let more = schema.get("additionalProperties");
    entries.retain_mut(|entry| {
        let path = join(path, &entry.key);
        let schema = match (properties.get(&entry.key), more) {
            (Some(schema), _) => schema,
            (None, Some(Value::Bool(false))) => {
                let hint = did_you_mean(&entry.key, properties.keys().map(String::as_str));
                let known = if hint.is_empty() && !properties.is_empty() {
                    format!(" (there are {})", properties.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
                } else {
                    String::new()
                };
                faults.push(Fault::new(entry.line, path, format!("unknown key {:?}{hint}{known}", entry.key)));
                return false;
            }
            (None, Some(more)) => more,
            (None, None) => return true,
        };
        if walk(&mut entry.value, entry.line, schema, &path, faults) {
            return true;
        }
        let required = required.contains(&entry.key.as_str());
        if required {
            entry.value = located(&placeholder(schema), entry.line);
        }
        required
    });
    for key in required {
        if !entries.iter().any(|entry| entry.key == key) {
            let path = join(path, key);
            faults.push(Fault::new(line, path, format!("missing: every {} needs {key:?}", title(schema))));
            let value = located(&placeholder(properties.get(key).unwrap_or(&Value::Null)), line);
            entries.push(Entry { key: key.to_owned(), line, value });
        }
    }
}

fn bounds(value: &Value, line: u32, schema: &Value, path: &str, faults: &mut Vec<Fault>) -> bool {
    let Value::Number(number) = value else { return true };
    if has_type(schema, "integer") && number.as_i64().is_none() && number.as_u64().is_none() {
        faults.push(Fault::new(line, path, format!("must be a whole number, not {number}")));
        return false;
    }
    let number_f = number.as_f64().unwrap_or(0.0);
    let most = schema.get("maximum").and_then(Value::as_f64).or(match schema.get("format").and_then(Value::as_str) {
        Some("uint32") => Some(f64::from(u32::MAX)),
        Some("uint16") => Some(f64::from(u16::MAX)),
        _ => None,
    });
    let least = schema.get("minimum").and_then(Value::as_f64);
    if least.is_some_and(|least| number_f < least) || most.is_some_and(|most| number_f > most) {
        faults.push(Fault::new(line, path, format!("{number} is out of range")));
        return false;
    }
    true
}

fn fits(node: &Node, schema: &Value) -> bool {
    let Some(types) = schema.get("type") else { return true };
    let kinds: &[&str] = match &node.data {
        Data::Scalar(Value::Null) => &["null"],
        Data::Scalar(Value::Bool(_)) => &["boolean"],
        Data::Scalar(Value::Number(_)) => &["number", "integer"],
        Data::Scalar(_) => &["string"],
        Data::List(_) => &["array"],
        Data::Map(_) => &["object"],
    };
    match types {
        Value::String(word) => kinds.contains(&word.as_str()),
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(|word| kinds.contains(&word)),
        _ => true,
    }
}

fn has_type(schema: &Value, word: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == word,
        Some(Value::Array(words)) => words.iter().any(|known| known == word),
        _ => false,
    }
}

/// What a schema asks for, in words.
fn noun(schema: &Value) -> &'static str {
    [
        ("string", "text"),
        ("boolean", "true or false"),
        ("integer", "a number"),
        ("number", "a number"),
        ("array", "a list"),
        ("object", "a map"),
    ]
    .into_iter()
    .find(|(word, _)| has_type(schema, word))
    .map_or("something else", |(_, noun)| noun)
}

/// The name of a schema's type, for messages.
fn title(schema: &Value) -> String {
    let definitions = SCHEMA.get("$defs").and_then(Value::as_object);
    let name = definitions.and_then(|all| all.iter().find(|(_, known)| std::ptr::eq(*known, schema)).map(|(name, _)| name.as_str()));
    let mut text = String::new();
    for c in name.unwrap_or("Manifest").chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}

/// A schema behind its reference.
fn target(schema: &Value) -> &Value {
    let definition = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    definition.and_then(|name| SCHEMA.get("$defs")?.get(name)).unwrap_or(schema)
}

/// The words of an enum (which schemars writes as `enum`, or as `oneOf` constants where they have descriptions).
fn words(schema: &Value) -> Vec<&str> {
    let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    let plain = list("enum").filter_map(Value::as_str);
    let described = list("oneOf").filter_map(|option| option.get("const")?.as_str());
    let nested =
        list("oneOf").flat_map(|option| option.get("enum").and_then(Value::as_array).into_iter().flatten()).filter_map(Value::as_str);
    plain.chain(described).chain(nested).collect()
}

/// A value that a schema accepts, to stand where the real one is missing.
fn placeholder(schema: &Value) -> Value {
    let schema = target(schema);
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        return if options.iter().any(|option| has_type(option, "null")) { Value::Null } else { placeholder(&options[0]) };
    }
    if let Some(word) = words(schema).first() {
        return json!(word);
    }
    if schema.get("type").is_none() || has_type(schema, "null") {
        return Value::Null;
    }
    match noun(schema) {
        "text" => json!(""),
        "true or false" => json!(false),
        "a number" => json!(0),
        "a list" => json!([]),
        _ => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            Value::Object(required.filter_map(|key| Some((key.to_owned(), placeholder(schema.get("properties")?.get(key)?)))).collect())
        }
    }
}

fn located(value: &Value, line: u32) -> Node {
    let data = match value {
        Value::Array(items) => Data::List(items.iter().map(|item| located(item, line)).collect()),
        Value::Object(map) => {
            Data::Map(map.iter().map(|(key, value)| Entry { key: key.clone(), line, value: located(value, line) }).collect())
        }
        scalar => Data::Scalar(scalar.clone()),
    };
    Node { line, data }
}

/// `; did you mean "call"?`, when one of the words is near enough.
pub(crate) fn did_you_mean<'w>(word: &str, among: impl Iterator<Item = &'w str>) -> String {
    nearest(word, among).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

/// The nearest of some words, if it is near: one slip in a short word, two in a longer one, or the word with an ending.
pub(super) fn nearest<'w>(word: &str, among: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let most = if word.chars().count() > 4 { 2 } else { 1 };
    among
        .filter(|known| *known != word)
        .map(|known| (distance(&word.to_lowercase(), known), known))
        .filter(|(far, known)| *far <= most && *far < known.chars().count())
        .min_by_key(|(far, _)| *far)
        .map(|(_, known)| known)
}

/// Edit distance, where two neighbours that changed places are one slip.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::manifest::located;

    fn faults(text: &str) -> (Vec<String>, Value) {
        let (root, faults) = located::parse(text);
        assert_eq!(faults, []);
        let mut root = root.unwrap();
        let faults = check(&mut root).into_iter().map(|f| format!("{} {}: {}", f.line, f.path, f.message)).collect();
        (faults, root.value())
    }

    const GOOD: &str = "scanner: a\ntitle: A\ncategory: sso\ncontract: c\ncredentials: { read: { kind: bearer } }\nconnect: { http: x }\n";

    #[test]
    fn a_good_tree_has_none_and_stays_as_it_is() {
        let (faults, value) = faults(GOOD);
        assert_eq!(faults, Vec::<String>::new());
        assert!(serde_json::from_value::<raw::Manifest>(value).is_ok());
    }

    #[test]
    fn every_kind_of_mistake_at_once_and_the_rest_can_still_be_read() {
        let text = "scanner: 5\ntitel: A\ncategory: ssso\ncontract: c\ncredentials:\n  read: { scopes: [1] }\nconnect:\n  http: x\n  page_size: -2\n  parallel: 1.5\nsee:\n  users:\n    cal: GET /x\n    watched: 'yes'\n    yields: { account: it.id }\n  groups: 7\ntake:\n  go: { on: account, prove: { call: GET /x } }\n";
        let (faults, value) = faults(text);
        let starts = [
            "1 scanner: must be text, not a number; put it in quotes",
            "2 titel: unknown key \"titel\"; did you mean \"title\"?",
            "3 category: \"ssso\" is not one of sso, ",
            "6 credentials.read.scopes[0]: must be text, not a number",
            "6 credentials.read.kind: missing: every credential needs \"kind\"",
            "9 connect.page_size: -2 is out of range",
            "10 connect.parallel: must be a whole number, not 1.5",
            "13 see.users.cal: unknown key \"cal\"; did you mean \"call\"?",
            "14 see.users.watched: must be true or false, not text",
            "15 see.users.yields: must be a list, not a map",
            "16 see.groups: must be a map, not a number",
            "18 take.go.prove.gone: missing: every prove needs \"gone\"",
            "1 title: missing: every manifest needs \"title\"",
        ];
        assert_eq!(faults.len(), starts.len(), "{faults:#?}");
        for (fault, start) in faults.iter().zip(starts) {
            assert!(fault.starts_with(start), "{fault}\n{start}");
        }
        assert!(serde_json::from_value::<raw::Manifest>(value).is_ok());
    }
}
