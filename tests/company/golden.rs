//! What a system's first scan sees and what its departures do, held against an earlier run: a field that nobody reads any more, or one that is
//! read wrong, shows here even where no check and no action depends on it.
//!
//! `EXEUNT_TEST_SEEN` names the folder of that run; without it nothing is compared. What the folder lacks is written into it, what it has must be
//! the same. `tests/mutate/run` fills a folder with the manifests as they are, and holds each mutant against it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::{Sim, differ};

/// Of a long list, this many lines stand in the file, and those that have something that no line before them has. The hash stands for the rest.
const SHOWN: usize = 12;

/// Tests of one system run at the same time, and write the same file.
static WRITING: Mutex<()> = Mutex::new(());

/// What the store has of this system is what it had in the earlier run.
#[track_caller]
pub fn seen(sim: &Sim, system: &str) {
    if std::env::var_os("EXEUNT_TEST_SEEN").is_none() {
        return;
    }
    let words = Words::of(sim);
    let mut lists: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let conn = sim.sql();
    for sql in [
        "SELECT s.collection || ': ' || n.kind || rtrim(' ' || w.type),
           json_object('of', s.parent, 'key', n.key, 'name', w.name, 'aka', json(w.aka), 'attrs', json(w.attrs))
         FROM node_seen w JOIN node n ON n.id = w.node JOIN scope s ON s.id = w.scope JOIN system y ON y.id = s.system
         WHERE w.until IS NULL AND y.name = ?1",
        "SELECT s.collection || ': ' || a.kind || ' ' || e.kind || ' ' || b.kind,
           json_object('of', s.parent, 'from', a.key, 'to', b.key, 'level', e.level, 'attrs', json(e.attrs))
         FROM edge_seen e JOIN node a ON a.id = e.src JOIN node b ON b.id = e.dst
         JOIN scope s ON s.id = e.scope JOIN system y ON y.id = s.system WHERE e.until IS NULL AND y.name = ?1",
    ] {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([system], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        for (list, line) in rows.map(Result::unwrap) {
            let line: Value = serde_json::from_str(&line).unwrap();
            lists.entry(list).or_default().insert(words.value(&line).to_string());
        }
    }
    let lists: serde_json::Map<String, Value> = lists.into_iter().map(|(name, lines)| (name, list(&lines))).collect();
    hold("seen", system, None, &Value::Object(lists));
}

/// What came of a departure is what came of it in the earlier run.
#[track_caller]
pub fn gone(sim: &Sim, system: &str, departure: &str, lines: impl Iterator<Item = String>) {
    let words = Words::of(sim);
    // Whether the read of the state before a call came back before the call left is the machine's.
    let lines = lines.map(|line| line.replace("was gone already; ", "").replace("was gone already", "-"));
    let mut lines: Vec<String> = lines.map(|line| words.plain(&line)).collect();
    lines.sort();
    hold("gone", system, Some(departure), &json!(lines));
}

/// A list as the file has it.
fn list(lines: &BTreeSet<String>) -> Value {
    let mut known = BTreeSet::new();
    let mut shown: Vec<Value> = Vec::new();
    for line in lines {
        let line: Value = serde_json::from_str(line).unwrap();
        let has = line["attrs"].as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
        // One that is sometimes a number and sometimes a text is two things.
        let has: Vec<String> = has.map(|(name, value)| format!("{name} {}", kind(value))).collect();
        let new = has.into_iter().filter(|one| known.insert(one.clone())).count();
        if shown.len() < SHOWN || new > 0 {
            shown.push(line);
        }
    }
    // FNV-1a, 64 bits.
    let hash = lines
        .iter()
        .flat_map(|line| line.bytes().chain([b'\n']))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    if shown.len() == lines.len() { json!(shown) } else { json!({ "all": lines.len(), "hash": format!("{hash:016x}"), "some": shown }) }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(list) if list.is_empty() => "none",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
        Value::String(_) => "text",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "number",
        Value::Null => "null",
    }
}

/// Compares with the file, or with one part of it, or writes it.
#[track_caller]
fn hold(folder: &str, system: &str, part: Option<&str>, is: &Value) {
    let Some(root) = std::env::var_os("EXEUNT_TEST_SEEN").map(PathBuf::from) else { return };
    let path = root.join(folder).join(format!("{system}.json"));
    let _one_at_a_time = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut file: Value = std::fs::read_to_string(&path).map_or_else(|_| json!({}), |text| serde_json::from_str(&text).unwrap());
    let was = match part {
        Some(part) => file.get(part),
        None => file.as_object().is_some_and(|lists| !lists.is_empty()).then_some(&file),
    };
    if let Some(was) = was {
        let lines = |value: &Value| written(value).lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
        assert!(was == is, "{system}: other things come than in {}:\n{}", path.display(), differ(&lines(was), &lines(is)));
        return;
    }
    match part {
        Some(part) => file[part] = is.clone(),
        None => file = is.clone(),
    }
    file.sort_all_objects();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, written(&file)).unwrap();
}

/// JSON with one line for each thing.
fn written(value: &Value) -> String {
    let deep = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty()) || value.is_object() && value.get("some").is_some();
    let mut text = String::new();
    fn write(text: &mut String, value: &Value, indent: usize, deep: &dyn Fn(&Value) -> bool) {
        let (open, close, entries): (_, _, Vec<(String, &Value)>) = match value {
            Value::Object(map) if indent == 0 || deep(value) => {
                ("{", "}", map.iter().map(|(name, value)| (format!("{}: ", json!(name)), value)).collect())
            }
            Value::Array(list) if deep(value) => ("[", "]", list.iter().map(|value| (String::new(), value)).collect()),
            _ => return text.push_str(&value.to_string()),
        };
        text.push_str(open);
        for (number, (name, value)) in entries.iter().enumerate() {
            text.push_str(if number == 0 { "\n" } else { ",\n" });
            text.push_str(&" ".repeat(indent + 1));
            text.push_str(name);
            write(text, value, indent + 1, deep);
        }
        text.push('\n');
        text.push_str(&" ".repeat(indent));
        text.push_str(close);
    }
    write(&mut text, value, 0, &deep);
    text.push('\n');
    text
}

/// What of a line depends on the day and the machine, put into words that don't.
struct Words {
    started: Timestamp,
    folder: String,
}

impl Words {
    fn of(sim: &Sim) -> Self {
        Self { started: sim.world.company.started, folder: sim.folder().display().to_string() }
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.plain(text)),
            Value::Number(number) => {
                let plain = self.plain(&number.to_string());
                if plain == number.to_string() { value.clone() } else { json!(plain) }
            }
            Value::Array(list) => list.iter().map(|value| self.value(value)).collect(),
            Value::Object(map) => map.iter().map(|(name, value)| (self.plain(name), self.value(value))).collect(),
            Value::Bool(_) | Value::Null => value.clone(),
        }
    }

    fn plain(&self, line: &str) -> String {
        let line = line.replace(&self.folder, "FOLDER");
        let mut plain = String::with_capacity(line.len());
        let mut rest = line.as_str();
        while let Some(first) = rest.chars().next() {
            let after_digit = plain.ends_with(|c: char| c.is_ascii_alphanumeric());
            if let Some(after) = rest.strip_prefix("127.0.0.1:") {
                plain.push_str("127.0.0.1:PORT");
                rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            } else if first.is_ascii_digit() && !after_digit {
                let (word, length) = self.number(&plain, rest);
                plain.push_str(&word);
                rest = &rest[length..];
            } else {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        plain
    }

    /// A number or a moment at the head of a text, in words, and its length.
    fn number(&self, before: &str, text: &str) -> (String, usize) {
        let date = text.get(..10).filter(|date| date.parse::<jiff::civil::Date>().is_ok());
        if let Some(date) = date {
            let moment = text.find(|c: char| !(c.is_ascii_digit() || "-:.TZ+".contains(c))).map_or(text, |end| &text[..end]);
            let moment = moment.trim_end_matches(['.', ':', '-', '+']);
            return match moment.parse::<Timestamp>() {
                Ok(at) => (self.ago(at), moment.len()),
                Err(_) if date.as_bytes() < self.started.to_string().as_bytes() => ("A-DAY-PAST".to_owned(), 10),
                Err(_) => ("A-DAY-TO-COME".to_owned(), 10),
            };
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
        // The simulated Google Drive has files called `Budget Q3 2026`.
        let years = digits.parse().map_or(i64::MAX, |year: i64| i64::from(self.started.to_zoned(jiff::tz::TimeZone::UTC).year()) - year);
        if before.ends_with("Q1 ") || before.ends_with("Q2 ") || before.ends_with("Q3 ") || before.ends_with("Q4 ") {
            return (format!("YEAR-{years}"), digits.len());
        }
        let at = match digits.len() {
            10 => digits.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()),
            13 => digits.parse().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            // Active Directory counts tenths of microseconds since 1601.
            18 => digits.parse::<i64>().ok().and_then(|ticks| Timestamp::from_second(ticks / 10_000_000 - 11_644_473_600).ok()),
            _ => None,
        };
        // Any other number that is as long lies years away.
        let near = at.filter(|at| (at.as_second() - self.started.as_second()).abs() < 3 * 366 * 86_400);
        (near.map_or_else(|| digits.to_owned(), |at| self.ago(at)), digits.len())
    }

    /// When it was, as seen from the company's first moment: in days where it is whole days away, for what the fixture plants is. Anything else
    /// depends on the hour.
    fn ago(&self, at: Timestamp) -> String {
        let seconds = self.started.as_second() - at.as_second();
        let days = (seconds + if seconds < 0 { -2 } else { 2 }) / 86_400;
        if days != 0 && (seconds - days * 86_400).abs() <= 2 {
            format!("DAYS-AGO({days})")
        } else if seconds >= 0 || days == 0 && seconds > -600 {
            "PAST".to_owned()
        } else {
            "TO-COME".to_owned()
        }
    }
}
