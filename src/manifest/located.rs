//! YAML as a tree that knows its lines, so that every problem can be told with the line it stands on.
//!
//! Bounded: no anchors or aliases (a few lines of them can stand for gigabytes), one document, a size and a depth.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

/// Bytes a manifest may have; the longest of ours has a tenth.
const MAX_BYTES: usize = 1 << 20;
/// How deep it may nest.
const MAX_DEPTH: usize = 48;

/// A value and the line it begins on.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// 1-based.
    pub line: u32,
    /// The value.
    pub data: Data,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Text, number, boolean or null.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A map in its order.
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's line.
    pub line: u32,
    /// What it holds.
    pub value: Node,
}

/// Something wrong on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// 1-based.
    pub line: u32,
    /// Where in the tree (`see.users.call`); empty for the whole file.
    pub path: String,
    /// What, and what to do.
    pub message: String,
}

impl Fault {
    pub(super) fn new(line: u32, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line, path: path.into(), message: message.into() }
    }
}

/// Reads YAML. The tree is there whenever the text could be read to its end; duplicate keys are faults beside it (the first counts).
pub fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    if text.len() > MAX_BYTES {
        return (None, vec![Fault::new(1, "", format!("larger than {} KiB; a manifest is a short text", MAX_BYTES >> 10))]);
    }
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                reader.faults.push(Fault::new(number(error.marker().line()), "", format!("not YAML: {}", error.info())));
                return (None, reader.faults);
            }
        };
        if !reader.take(event, number(span.start.line())) {
            return (None, reader.faults);
        }
    }
    if reader.refused {
        return (None, reader.faults);
    }
    if reader.root.is_none() && reader.faults.is_empty() {
        reader.faults.push(Fault::new(1, "", "empty; `exeunt scanners new NAME` prints a manifest to start from"));
    }
    (reader.root, reader.faults)
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    root: Option<Node>,
    faults: Vec<Fault>,
    documents: u32,
    refused: bool,
}

struct Open {
    line: u32,
    path: String,
    what: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, u32)> },
}

impl Reader {
    /// Takes in one event; false when reading on makes no sense.
    fn take(&mut self, event: Event<'_>, line: u32) -> bool {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.fault(line, "a second document; a manifest is one");
                    return false;
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(line, "an alias (*name): write the value out; manifests have no anchors or aliases");
                self.put(Node { line, data: Data::Scalar(Value::Null) });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.no_anchor(anchor, line);
                if tag.is_some() {
                    self.refuse(line, "a tag (!name): manifests have none");
                }
                let in_map = matches!(self.open.last(), Some(Open { what: Inside::Map { key: None, .. }, .. }));
                let value = if in_map || style != ScalarStyle::Plain { Value::String(text.into_owned()) } else { resolve(&text) };
                self.put(Node { line, data: Data::Scalar(value) });
            }
            Event::SequenceStart(_, anchor, _) => {
                self.no_anchor(anchor, line);
                return self.descend(line, Inside::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, _) => {
                self.no_anchor(anchor, line);
                return self.descend(line, Inside::Map { entries: Vec::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let data = match open.what {
                        Inside::List(items) => Data::List(items),
                        Inside::Map { entries, .. } => Data::Map(entries),
                    };
                    self.put(Node { line: open.line, data });
                }
            }
            _ => {}
        }
        true
    }

    fn descend(&mut self, line: u32, what: Inside) -> bool {
        if let Some(Open { what: Inside::Map { key: None, .. }, .. }) = self.open.last() {
            self.fault(line, "a list or map as a key; keys are words (a template as a value stands in quotes: \"{{ … }}\")");
            return false;
        }
        if self.open.len() >= MAX_DEPTH {
            self.fault(line, "nested too deeply");
            return false;
        }
        let path = self.here();
        self.open.push(Open { line, path, what });
        true
    }

    /// The path of what comes next.
    fn here(&self) -> String {
        match self.open.last() {
            None => String::new(),
            Some(open) => match &open.what {
                Inside::List(items) => format!("{}[{}]", open.path, items.len()),
                Inside::Map { key, .. } => join(&open.path, key.as_ref().map_or("", |(key, _)| key)),
            },
        }
    }

    fn put(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.what {
            Inside::List(items) => items.push(node),
            Inside::Map { entries, key } => match key.take() {
                None => {
                    let text = match node.data {
                        Data::Scalar(Value::String(text)) => text,
                        _ => String::new(),
                    };
                    *key = Some((text, node.line));
                }
                Some((key, line)) => {
                    if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                        let message = format!("this key stands here twice; first on line {}", first.line);
                        self.faults.push(Fault::new(line, join(&open.path, &key), message));
                    } else {
                        entries.push(Entry { key, line, value: node });
                    }
                }
            },
        }
    }

    fn no_anchor(&mut self, anchor: usize, line: u32) {
        if anchor != 0 {
            self.refuse(line, "an anchor (&name): manifests have no anchors or aliases");
        }
    }

    /// Something the language doesn't have: the tree is of no use, but the rest of the file is looked at for more of it.
    fn refuse(&mut self, line: u32, message: &str) {
        self.refused = true;
        self.fault(line, message);
    }

    fn fault(&mut self, line: u32, message: &str) {
        let path = self.here();
        self.faults.push(Fault::new(line, path, message));
    }
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// A plain scalar by YAML 1.2's core schema: `on`, `yes` and `no` are words.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return Value::String(text.to_owned());
    }
    let whole = text.strip_prefix('+').unwrap_or(text);
    if let Ok(number) = whole.parse::<i64>() {
        return Value::Number(number.into());
    }
    if let Ok(number) = whole.parse::<u64>() {
        return Value::Number(number.into());
    }
    if let Some(number) = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        return Value::Number(number.into());
    }
    let is_float = text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text.parse::<f64>().ok().filter(|_| is_float).and_then(Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}

/// `path.key`, or `key` at the top.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Node {
    /// The value without its lines.
    pub fn value(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => value.clone(),
            Data::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Data::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// What to call it in a message.
    pub fn noun(&self) -> &'static str {
        match &self.data {
            Data::Scalar(Value::Null) => "nothing",
            Data::Scalar(Value::Bool(_)) => "true or false",
            Data::Scalar(Value::Number(_)) => "a number",
            Data::Scalar(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }
}

/// The line of every path.
#[derive(Debug, Default)]
pub struct Lines(HashMap<String, u32>);

impl Lines {
    /// The lines of a tree: of a key where there is one, else of the value.
    pub fn of(root: &Node) -> Self {
        fn walk(node: &Node, path: &str, lines: &mut HashMap<String, u32>) {
            match &node.data {
                Data::Scalar(_) => {}
                Data::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        let path = format!("{path}[{index}]");
                        walk(item, &path, lines);
                        lines.insert(path, item.line);
                    }
                }
                Data::Map(entries) => {
                    for entry in entries {
                        let path = join(path, &entry.key);
                        walk(&entry.value, &path, lines);
                        lines.insert(path, entry.line);
                    }
                }
            }
        }
        let mut lines = HashMap::new();
        walk(root, "", &mut lines);
        lines.insert(String::new(), root.line);
        Self(lines)
    }

    /// The line of a path, or of the nearest thing around it.
    pub fn line(&self, path: &str) -> u32 {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return *line;
            }
            path = path.rfind(['.', '[']).map_or("", |cut| &path[..cut]);
            if path.is_empty() {
                return self.0.get("").copied().unwrap_or(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn values_by_the_core_schema_and_the_lines_of_keys() {
        let text = "# a comment\non: yes\nn: 7\nlist:\n  - a: 0x10\n    b: 1.5\n  - null\nflow: { x: 'no', y: \"{{ it }}\" }\nat: 2026-03-03\nblock: |\n  one\n  two\n";
        let (root, faults) = parse(text);
        assert_eq!(faults, []);
        let root = root.unwrap();
        assert_eq!(
            root.value(),
            json!({"on": "yes", "n": 7, "list": [{"a": 16, "b": 1.5}, null], "flow": {"x": "no", "y": "{{ it }}"}, "at": "2026-03-03", "block": "one\ntwo\n"})
        );
        let lines = Lines::of(&root);
        for (path, line) in [("on", 2), ("list[0].b", 6), ("list[1]", 7), ("flow.y", 8), ("block", 10), ("list[0].nothing.here", 5)] {
            assert_eq!(lines.line(path), line, "{path}");
        }
    }

    #[test]
    fn aliases_are_refused_before_they_grow() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        let (root, faults) = parse(bomb);
        assert!(root.is_none());
        assert_eq!(faults.first().map(|f| (f.line, f.message.contains("anchor"))), Some((1, true)));
        assert!(faults.iter().any(|f| f.line == 3 && f.message.contains("alias")));
    }

    #[test]
    fn duplicates_depth_and_bad_yaml() {
        let (root, faults) = parse("a: 1\nb:\n  c: 1\n  c: 2\n");
        assert_eq!(root.unwrap().value(), json!({"a": 1, "b": {"c": 1}}));
        assert_eq!((faults[0].line, faults[0].path.as_str()), (4, "b.c"));
        assert!(parse(&"[".repeat(100)).0.is_none());
        let (root, faults) = parse("a: 1\nb: [1, 2\nc: 3\n");
        assert!(root.is_none());
        assert!(faults[0].message.starts_with("not YAML"));
        assert!(parse("").1[0].message.contains("empty"));
        assert!(parse("a: {{ it.id }}\n").1[0].message.contains("quotes"));
    }
}
