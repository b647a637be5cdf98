//! The decoders by themselves, as replies, files and entries go through them: for whoever tries them without a server (`tests/fuzz`).

use std::collections::BTreeSet;

use ldap3::ResultEntry;
use ldap3::asn1::StructureTag;
use serde_json::Value;

use super::ldap_entry::Entry;
use super::redact::Redactor;
use super::{body, cost, ldap_wire};

/// A reply's body as a value.
///
/// # Errors
/// One line: it isn't what its content type says, or would take too much memory.
pub fn body(content_type: &str, bytes: &[u8]) -> Result<Value, String> {
    body::parse(content_type, bytes)
}

/// The memory that a body is expected to take once it is a value: what is refused before it is parsed is refused by this figure. None for text.
///
/// # Errors
/// One line: it is more than is allowed.
pub fn cost(content_type: &str, bytes: &[u8]) -> Result<Option<u64>, String> {
    cost::of(content_type, bytes)
}

/// The columns of a CSV file.
///
/// # Errors
/// One line: it is no CSV.
pub fn csv_head(bytes: &[u8]) -> Result<Vec<String>, String> {
    body::csv_head(bytes)
}

/// Whether a directory's message is handed on to the library that reads it.
///
/// # Errors
/// One line: why not.
pub fn ldap_message(bytes: &[u8]) -> Result<(), &'static str> {
    ldap_wire::readable(bytes)
}

/// What a directory's entry says of these attributes, and where the ranges go on that it was cut off at. None if it is no entry. `more` is a second
/// part of the same entry.
pub fn entry(tag: StructureTag, more: Option<StructureTag>, asked: &[String]) -> Option<(Value, Vec<(String, u64)>)> {
    let mut entry = Entry::read(ResultEntry::new(tag))?;
    let cuts = entry.cuts().into_iter().map(|cut| (cut.attribute, cut.next)).collect();
    if let Some(more) = more.and_then(|tag| Entry::read(ResultEntry::new(tag))) {
        entry.extend(more);
    }
    Some((entry.json(asked), cuts))
}

/// A value as it enters, a text as it is said, and a value as it is recorded, of a connection that knows these secrets.
pub fn without(secrets: &[String], value: &Value, text: &str) -> (Value, String, Value) {
    let redactor = Redactor::new(&BTreeSet::from(["name".to_owned()]), &[]);
    secrets.iter().for_each(|secret| redactor.add(secret));
    let mut clean = value.clone();
    redactor.clean(&mut clean);
    (clean, redactor.text(text), redactor.outline(value, true))
}
