//! Encoded queries: `active=true^user_nameSTARTSWITHa^ORDERBYname`, as far as the simulation needs them.

use jiff::civil::DateTime;
use serde_json::{Map, Value};

use super::state::Instance;

/// The records that fit every part of an encoded query.
pub(super) fn matching<'r>(
    instance: &Instance,
    records: &'r [Map<String, Value>],
    query: &str,
) -> Result<Vec<&'r Map<String, Value>>, String> {
    let mut found: Vec<&Map<String, Value>> = records.iter().collect();
    for part in query.split('^').filter(|part| !part.is_empty()) {
        if let Some(field) = part.strip_prefix("ORDERBY") {
            let key = |record: &&Map<String, Value>| instance.field(record, field).map(|value| value.to_string());
            found.sort_by_key(key);
            continue;
        }
        let since = part.split_once(">=");
        let (field, value, differs) = match (since, part.split_once("!=")) {
            (Some((field, value)), _) | (None, Some((field, value))) => (field, value, true),
            (None, None) => {
                part.split_once('=').map(|(field, value)| (field, value, false)).ok_or_else(|| format!("{part} is not understood"))?
            }
        };
        // An unknown field restricts nothing on a real instance, unless glide.invalid_query.returns_no_rows is set; here it is an error.
        if !records.is_empty() && instance.field(&records[0], field).is_none() {
            return Err(format!("there is no field {field}"));
        }
        // A time is UTC without a T or a Z, text that sorts as times do; what is written otherwise would find something else.
        if since.is_some() && DateTime::strptime("%Y-%m-%d %H:%M:%S", value).is_err() {
            return Err(format!("{value} is no time"));
        }
        let fits = |here: Value| if since.is_some() { here.as_str() >= Some(value) } else { (here == value) != differs };
        found.retain(|record| instance.field(record, field).is_some_and(fits));
    }
    Ok(found)
}
