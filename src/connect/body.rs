//! Bodies as JSON values, whatever they came as.

use serde_json::{Map, Value, json};

use super::{cost, xml};
use crate::clean;

/// What a body is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    JsonLines,
    Csv,
    Xml,
    /// A web page, or words for people.
    Text,
}

/// What a body is, as its content type says; where that says nothing, what is not JSON is text.
pub(super) fn form(content_type: &str, bytes: &[u8]) -> Form {
    let kind = kind(content_type);
    if kind.is_empty() {
        let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| b"{[".contains(first));
        return if json { Form::Json } else { Form::Text };
    }
    match kind.as_str() {
        kind if ["ndjson", "jsonl", "json-lines", "jsonlines", "json-seq"].iter().any(|word| kind.contains(word)) => Form::JsonLines,
        kind if kind.contains("json") => Form::Json,
        "text/csv" => Form::Csv,
        kind if kind.ends_with("/xml") || kind.ends_with("+xml") && !kind.contains("xhtml") => Form::Xml,
        _ => Form::Text,
    }
}

/// The content type without its parameters.
fn kind(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// The body as a value. What isn't known is `{"text": …}`.
///
/// # Errors
/// One line: it says JSON (or XML, CSV) and isn't.
pub(super) fn parse(content_type: &str, bytes: &[u8]) -> Result<Value, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    cost::of(content_type, bytes)?;
    let text = || String::from_utf8_lossy(bytes);
    match form(content_type, bytes) {
        Form::JsonLines => json_lines(bytes),
        Form::Csv => csv_records(bytes),
        Form::Xml => xml::parse(&text()).map_err(|error| format!("not XML ({})", clean::line(&error))),
        Form::Json => match serde_json::from_slice(bytes) {
            // Nobody said that it is JSON.
            Err(_) if kind(content_type).is_empty() => Ok(json!({ "text": text() })),
            parsed => parsed.map_err(|error| format!("not JSON ({error})")),
        },
        Form::Text => Ok(json!({ "text": text() })),
    }
}

/// Whether [`parse`] takes a body for mere text.
pub(super) fn is_text(content_type: &str, bytes: &[u8]) -> bool {
    form(content_type, bytes) == Form::Text
}

/// One JSON object a line.
pub(super) fn json_lines(bytes: &[u8]) -> Result<Value, String> {
    cost::json_lines(bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut records = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        // A record separator may begin a line (RFC 7464).
        let line = line.strip_prefix(b"\x1e").unwrap_or(line);
        if !line.iter().all(u8::is_ascii_whitespace) {
            records.push(serde_json::from_slice(line).map_err(|error| format!("line {} is not JSON ({error})", index + 1))?);
        }
    }
    Ok(Value::Array(records))
}

/// CSV with a head line: records of text. The separator is `,`, or `;` or a tab where the head line has no comma.
pub(super) fn csv_records(bytes: &[u8]) -> Result<Value, String> {
    let (mut reader, names) = csv_reader(bytes)?;
    cost::csv(bytes, names.len(), names.iter().map(String::len).sum())?;
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| format!("not CSV ({error})"))?;
        let fields = names.iter().cloned().zip(row.iter().map(|field| Value::String(field.to_owned())));
        records.push(Value::Object(fields.collect::<Map<_, _>>()));
    }
    Ok(Value::Array(records))
}

/// The columns that the head line of a CSV file names.
pub(super) fn csv_head(bytes: &[u8]) -> Result<Vec<String>, String> {
    csv_reader(bytes).map(|(_, names)| names)
}

pub(super) fn csv_reader(bytes: &[u8]) -> Result<(csv::Reader<&[u8]>, Vec<String>), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 text (byte {})", error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let separator = [b',', b';', b'\t'].into_iter().find(|byte| head.as_bytes().contains(byte)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| format!("not CSV ({error})"))?.iter().map(|name| name.trim().to_owned()).collect();
    Ok((reader, names))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_format_becomes_a_value() {
        assert_eq!(parse("application/json", b"").unwrap(), Value::Null);
        assert_eq!(parse("application/scim+json; charset=utf-8", b"{\"a\":1}").unwrap(), json!({"a": 1}));
        assert!(parse("application/json", b"{\"a\":").unwrap_err().contains("not JSON"));
        assert_eq!(parse("text/html", b"<p>no</p>").unwrap(), json!({"text": "<p>no</p>"}));
        assert_eq!(parse("", b"[1]").unwrap(), json!([1]));
        assert_eq!(parse("application/x-ndjson", b"{\"a\":1}\n{\"a\":2}\n").unwrap(), json!([{"a": 1}, {"a": 2}]));
        assert_eq!(parse("text/xml", b"<a><b>1</b></a>").unwrap(), json!({"a": {"b": "1"}}));
        assert!(parse("text/xml", b"<a><b></a>").is_err());
    }

    #[test]
    fn csv_of_any_quoting() {
        let text = "\u{feff}Name,Mail\r\n\"Doe, \"\"Jo\"\"\nII\",jo@x.example\r\nB,\r\n";
        assert_eq!(
            csv_records(text.as_bytes()).unwrap(),
            json!([{"Name": "Doe, \"Jo\"\nII", "Mail": "jo@x.example"}, {"Name": "B", "Mail": ""}])
        );
        assert_eq!(csv_records(b"a;b\n1;2\n").unwrap(), json!([{"a": "1", "b": "2"}]));
        assert!(csv_records(b"a,b\n1\n").unwrap_err().contains("CSV"));
        assert!(csv_records(b"a,b\n1,\xff\n").unwrap_err().contains("UTF-8"));
    }
}
