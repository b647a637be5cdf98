//! How records are asked for: a domain of clauses, a page of it, and fields that may lead to other records.

use serde_json::{Map, Value, json};

use super::state::Fault;

/// The fields asked for. `employee` is the number of a record, `employee.party.code` what stands there, under `employee.`; of a list, a list.
pub(super) fn shown(record: &Value, fields: &[&str]) -> Result<Value, Fault> {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), record["id"].clone());
    for field in fields {
        let (name, rest) = field.split_once('.').map_or((*field, None), |(name, rest)| (name, Some(rest)));
        let value = record.get(name).ok_or_else(|| Fault::Server(name.to_owned()))?;
        match rest {
            None => {
                shown.insert(name.to_owned(), plain(value));
            }
            Some(rest) => {
                let under = format!("{name}.");
                let more = match value {
                    Value::Array(records) => Value::Array(records.iter().map(|one| self::shown(one, &[rest])).collect::<Result<_, _>>()?),
                    Value::Null => Value::Null,
                    one => self::shown(one, &[rest])?,
                };
                match shown.get_mut(&under) {
                    Some(known) => merge(known, more),
                    None => {
                        shown.insert(under, more);
                    }
                }
            }
        }
    }
    Ok(Value::Object(shown))
}

/// A relation by itself is a number, or a list of numbers.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(record) if record.contains_key("__class__") => value.clone(),
        Value::Object(record) => record.get("id").cloned().unwrap_or_default(),
        Value::Array(records) => records.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn merge(known: &mut Value, more: Value) {
    match (known, more) {
        (Value::Object(known), Value::Object(more)) => {
            for (name, value) in more {
                match known.get_mut(&name) {
                    Some(there) => merge(there, value),
                    None => {
                        known.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(known), Value::Array(more)) => known.iter_mut().zip(more).for_each(|(known, more)| merge(known, more)),
        _ => {}
    }
}

/// The records that fit a domain, `[[field, operator, value], …]`, all of whose clauses must hold.
pub(super) fn found<'a>(records: &'a [Value], domain: &Value) -> Result<Vec<&'a Value>, Fault> {
    let mut found: Vec<&Value> = records.iter().collect();
    for clause in domain.as_array().into_iter().flatten() {
        let (Some(field), Some(operator)) = (clause[0].as_str(), clause[1].as_str()) else {
            return Err(Fault::Server("domain".to_owned()));
        };
        let wanted = &clause[2];
        if let Some(record) = records.first()
            && record.get(field).is_none()
        {
            return Err(Fault::Server(field.to_owned()));
        }
        let is = |value: &Value, wanted: &Value| {
            plain(value) == *wanted || as_number(&plain(value)) == as_number(wanted) && as_number(wanted).is_some()
        };
        match operator {
            "=" => found.retain(|record| is(&record[field], wanted)),
            "!=" => found.retain(|record| !is(&record[field], wanted)),
            "in" => found.retain(|record| wanted.as_array().is_some_and(|all| all.iter().any(|one| is(&record[field], one)))),
            _ => return Err(Fault::Server(operator.to_owned())),
        }
    }
    Ok(found)
}

/// Yes and no are 1 and 0 here.
fn as_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_bool().map(u64::from))
}

/// A day as the protocol writes it.
pub(super) fn day(date: jiff::civil::Date) -> Value {
    json!({ "__class__": "date", "year": date.year(), "month": date.month(), "day": date.day() })
}

/// A moment as the protocol writes it, without a zone.
pub(super) fn moment(at: jiff::Timestamp) -> Value {
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    json!({
        "__class__": "datetime", "year": at.year(), "month": at.month(), "day": at.day(),
        "hour": at.hour(), "minute": at.minute(), "second": at.second(), "microsecond": 0,
    })
}
