//! Bodies of replies and files: JSON, JSON lines, XML, CSV. They decode to the same twice, and to no more memory than was reckoned before.

use exeunt::connect::decode;
use serde_json::Value;

use super::bytes::{Bytes, is_one_line};

const KINDS: &[&str] = &[
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "text/xml",
    "",
    "application/json-seq",
    "application/scim+json; charset=utf-8",
    "text/html",
];

/// The list around all records, which is not reckoned.
const OUTERMOST: u64 = 128;

pub fn decoders(data: &[u8]) {
    let mut bytes = Bytes(data);
    let kind = bytes.one_of(KINDS);
    let body = bytes.rest();
    let value = match decode::body(kind, body) {
        Ok(value) => value,
        Err(problem) => {
            is_one_line(&problem);
            assert_eq!(decode::body(kind, body).unwrap_err(), problem);
            return;
        }
    };
    assert_eq!(decode::body(kind, body).unwrap(), value, "the same twice");
    // What nobody said to be JSON, and is none, is a text: three times its bytes at most.
    let is_text = kind.is_empty() && value.get("text").is_some();
    if let Some(cost) = decode::cost(kind, body).expect("what was decoded was not too much").filter(|_| !is_text) {
        assert!(
            weight(&value) <= cost + OUTERMOST,
            "{} bytes were reckoned to take {cost}, and take {} at least",
            body.len(),
            weight(&value)
        );
    }
    match kind {
        "application/json" if !value.is_null() => assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), value),
        "application/x-ndjson" | "application/json-seq" if !value.is_null() => assert!(value.is_array()),
        "text/csv" if !value.is_null() => csv(body, &value),
        "text/xml" if !value.is_null() => {
            assert!(depth(&value) <= 2 * 66, "XML nests no deeper than is allowed");
            assert_eq!(value.as_object().map(serde_json::Map::is_empty), Some(false));
        }
        _ => {}
    }
}

/// Each row has a value for each column, and nothing else.
fn csv(body: &[u8], value: &Value) {
    let columns = decode::csv_head(body).unwrap();
    for row in value.as_array().expect("rows") {
        let row = row.as_object().expect("a row is a record");
        assert!(columns.iter().all(|column| row.contains_key(column)) && row.keys().all(|name| columns.contains(name)), "{row:?}");
        assert!(row.values().all(Value::is_string), "{row:?}");
    }
}

/// The least that a value takes in memory.
fn weight(value: &Value) -> u64 {
    let own = size_of::<Value>() as u64;
    own + match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(weight).sum(),
        // A name is a text of its own, with its hash.
        Value::Object(map) => map.iter().map(|(name, inner)| name.len() as u64 + 32 + weight(inner)).sum(),
        _ => 0,
    }
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
