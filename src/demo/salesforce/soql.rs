//! The part of the vendor's query language that access reviews need: fields, one object, conditions joined by AND, a limit.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The vendor's code for what is wrong, and what that is.
pub(super) type Wrong = (&'static str, String);

/// `SELECT … FROM … [WHERE …] [ORDER BY …] [LIMIT …]`.
pub(super) struct Query {
    fields: Vec<String>,
    object: String,
    conditions: Vec<Condition>,
    limit: Option<usize>,
}

struct Condition {
    field: String,
    holds: Holds,
}

enum Holds {
    /// It is one of these, or none of them.
    OneOf { any_of: Vec<Value>, not: bool },
    /// It is a moment after this one, to the second, or this one itself.
    Since { moment: String, itself: bool },
}

/// The length of a moment to the second: `2026-11-26T09:30:00`.
const TO_THE_SECOND: usize = 19;

/// Where a record can be read by itself.
pub(super) fn attributes(object: &str, version: &str, id: &str) -> Value {
    json!({ "type": object, "url": format!("/services/data/{version}/sobjects/{object}/{id}") })
}

fn malformed(what: &str) -> Wrong {
    ("MALFORMED_QUERY", format!("unexpected token: {what}"))
}

/// The text before and after a word that stands by itself, whatever its case.
fn split_at<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find(&format!(" {word} "))?;
    Some((text[..at].trim(), text[at + word.len() + 2..].trim()))
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Query, Wrong> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (select, rest) = split_at(&text, "from").ok_or_else(|| malformed("FROM is missing"))?;
        let fields = select.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("select")).ok_or_else(|| malformed(select))?.1;
        let rest = format!("{rest} ");
        let (rest, limit) = match split_at(&rest, "limit") {
            Some((rest, limit)) => (rest, Some(limit.parse().map_err(|_| malformed(limit))?)),
            None => (rest.trim(), None),
        };
        // Records come in the order of their ids, which is one that a caller may ask for.
        let rest = split_at(rest, "order by").map_or(rest, |(rest, _)| rest);
        let (object, conditions) = match split_at(rest, "where") {
            Some((object, conditions)) => (object, parse_conditions(conditions)?),
            None => (rest, Vec::new()),
        };
        if object.contains(' ') {
            return Err(malformed(object));
        }
        let fields = fields.split(',').map(|field| field.trim().to_owned()).collect();
        Ok(Query { fields, object: object.to_owned(), conditions, limit })
    }

    /// What fits, with the fields asked for and no other.
    pub(super) fn run<'a>(&self, table: impl Fn(&str) -> Option<&'a Vec<Value>>, version: &str) -> Result<Vec<Value>, Wrong> {
        let object = &self.object;
        let table = table(object).ok_or_else(|| ("INVALID_TYPE", format!("sObject type '{object}' is not supported.")))?;
        for field in self.fields.iter().chain(self.conditions.iter().map(|condition| &condition.field)) {
            // A misspelt field is an error even where no record fits.
            if table.first().is_some_and(|record| value_of(record, field).is_none()) {
                return Err(("INVALID_FIELD", format!("No such column '{field}' on entity '{object}'.")));
            }
        }
        let fits = |record: &&Value| self.conditions.iter().all(|condition| condition.holds(record));
        let found = table.iter().filter(fits).take(self.limit.unwrap_or(usize::MAX));
        Ok(found.map(|record| self.shown(record, version)).collect())
    }

    fn shown(&self, record: &Value, version: &str) -> Value {
        let mut shown = Map::new();
        shown.insert("attributes".to_owned(), attributes(&self.object, version, record["Id"].as_str().unwrap_or_default()));
        for field in &self.fields {
            let value = value_of(record, field).cloned().unwrap_or_default();
            match field.split_once('.') {
                None => shown.insert(field.clone(), value),
                // Where a field leads nowhere there is no record to show.
                Some((of, _)) if record[of].is_null() => shown.insert(of.to_owned(), Value::Null),
                Some((of, field)) => {
                    let other = shown.entry(of).or_insert_with(|| json!({ "attributes": { "type": of } }));
                    other[field] = value;
                    None
                }
            };
        }
        Value::Object(shown)
    }
}

/// `Profile.Name` is the name of the record that the field leads to.
fn value_of<'a>(record: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(record, |value, name| value.get(name))
}

impl Condition {
    fn holds(&self, record: &Value) -> bool {
        let found = value_of(record, &self.field).unwrap_or(&Value::Null);
        match &self.holds {
            Holds::OneOf { any_of, not } => any_of.contains(found) != *not,
            // All of its moments are in UTC.
            Holds::Since { moment, itself } => {
                let at = found.as_str().and_then(|at| at.get(..TO_THE_SECOND));
                at.is_some_and(|at| at > moment.as_str() || *itself && at == moment)
            }
        }
    }
}

fn parse_conditions(text: &str) -> Result<Vec<Condition>, Wrong> {
    let mut rest = text;
    let mut conditions = Vec::new();
    loop {
        let (one, more) = split_at(rest, "and").map_or((rest, None), |(one, more)| (one, Some(more)));
        conditions.push(parse_condition(one)?);
        match more {
            Some(more) => rest = more,
            None => return Ok(conditions),
        }
    }
}

fn parse_condition(text: &str) -> Result<Condition, Wrong> {
    let in_list = |not: bool, (field, list): (&str, &str)| {
        let list = list.strip_prefix('(').and_then(|list| list.strip_suffix(')')).ok_or_else(|| malformed(list))?;
        let any_of = list.split(',').map(|value| literal(value.trim())).collect::<Result<_, Wrong>>()?;
        Ok(Condition { field: field.to_owned(), holds: Holds::OneOf { any_of, not } })
    };
    if let Some(parts) = split_at(text, "not in") {
        return in_list(true, parts);
    }
    if let Some(parts) = split_at(text, "in") {
        return in_list(false, parts);
    }
    if let Some((field, moment)) = text.split_once('>') {
        // A moment is written without quotes, with `Z` or an offset.
        let (moment, itself) = moment.strip_prefix('=').map_or((moment, false), |moment| (moment, true));
        let (field, moment) = (field.trim(), moment.trim());
        if moment.starts_with('\'') {
            let why =
                format!("value of filter criterion for field '{field}' must be of type dateTime and should not be enclosed in quotes");
            return Err(("INVALID_FIELD", why));
        }
        let at: Timestamp = moment.parse().map_err(|_| malformed(moment))?;
        let moment = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        return Ok(Condition { field: field.to_owned(), holds: Holds::Since { moment, itself } });
    }
    let (field, value, not) = match text.split_once("!=") {
        Some((field, value)) => (field, value, true),
        None => text.split_once('=').map(|(field, value)| (field, value, false)).ok_or_else(|| malformed(text))?,
    };
    Ok(Condition { field: field.trim().to_owned(), holds: Holds::OneOf { any_of: vec![literal(value.trim())?], not } })
}

fn literal(text: &str) -> Result<Value, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "true" => return Ok(true.into()),
        "false" => return Ok(false.into()),
        "null" => return Ok(Value::Null),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(number.into());
    }
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    quoted.map(|text| text.replace("\\'", "'").into()).ok_or_else(|| malformed(text))
}
