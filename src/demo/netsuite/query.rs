//! The part of SuiteQL that access reviews need: columns, a count or the latest date, conditions joined by AND, groups, an order.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// Rows by table. Dates are texts (RFC 3339), what is not set is null.
pub(super) type Tables = BTreeMap<&'static str, Vec<Value>>;

/// `SELECT … FROM … [WHERE …] [GROUP BY …] [ORDER BY …]`.
pub(super) struct Query {
    columns: Vec<Column>,
    table: String,
    conditions: Vec<Condition>,
    group_by: Vec<String>,
    order_by: Vec<String>,
}

struct Column {
    what: What,
    name: String,
}

enum What {
    Field(String),
    Count,
    /// The latest day in a column, as a text.
    LatestDay(String),
}

enum Condition {
    Is {
        field: String,
        value: String,
    },
    IsSet {
        field: String,
        set: bool,
    },
    /// Within so many days.
    Since {
        field: String,
        days: i64,
    },
}

impl Query {
    /// Names are written in any case, as in the vendor's own examples; they come back in lower case.
    pub(super) fn parse(text: &str) -> Result<Query, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let rest = after(&text, "select ").ok_or("SELECT is missing")?;
        let (columns, rest) = cut(rest, " from ").ok_or("FROM is missing")?;
        let (rest, order_by) = clause(rest, " order by ");
        let (rest, group_by) = clause(rest, " group by ");
        let (table, conditions) = match cut(rest, " where ") {
            Some((table, conditions)) => (table, split_and(conditions).into_iter().map(condition).collect::<Result<_, _>>()?),
            None => (rest, Vec::new()),
        };
        let names = |list: Option<&str>| list.map(|list| list.split(',').map(lower).collect()).unwrap_or_default();
        Ok(Query {
            columns: split_columns(columns).iter().map(|text| column(text)).collect(),
            table: lower(table),
            conditions,
            group_by: names(group_by),
            order_by: names(order_by),
        })
    }

    pub(super) fn run(&self, tables: &Tables, now: Timestamp) -> Result<Vec<Value>, String> {
        let rows = tables.get(self.table.as_str()).ok_or_else(|| format!("Record '{}' was not found", self.table))?;
        for field in self.fields() {
            if rows.first().is_some_and(|row| row.get(field).is_none()) {
                return Err(format!("Unknown identifier '{field}'"));
            }
        }
        let mut found: Vec<&Value> = rows.iter().filter(|row| self.conditions.iter().all(|condition| condition.holds(row, now))).collect();
        found.sort_by_key(|row| self.order_by.iter().map(|field| sortable(&row[field])).collect::<Vec<_>>());
        let aggregates = self.columns.iter().any(|column| !matches!(column.what, What::Field(_)));
        if !aggregates {
            return Ok(found.into_iter().map(|row| self.shown(&[row])).collect());
        }
        let mut groups: BTreeMap<Vec<String>, Vec<&Value>> = BTreeMap::new();
        if self.group_by.is_empty() {
            groups.insert(Vec::new(), Vec::new());
        }
        for row in found {
            groups.entry(self.group_by.iter().map(|field| shown_text(&row[field])).collect()).or_default().push(row);
        }
        Ok(groups.values().map(|rows| self.shown(rows)).collect())
    }

    fn fields(&self) -> impl Iterator<Item = &String> {
        let of_columns = self.columns.iter().filter_map(|column| match &column.what {
            What::Field(field) | What::LatestDay(field) => Some(field),
            What::Count => None,
        });
        let of_conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Is { field, .. } | Condition::IsSet { field, .. } | Condition::Since { field, .. } => field,
        });
        of_columns.chain(of_conditions).chain(&self.group_by).chain(&self.order_by)
    }

    /// One row of the answer: every value a text, and what is null left out.
    fn shown(&self, rows: &[&Value]) -> Value {
        let mut shown = Map::new();
        shown.insert("links".to_owned(), json!([]));
        for column in &self.columns {
            let value = match &column.what {
                What::Count => Some(rows.len().to_string()),
                What::Field(field) => rows.first().map(|row| &row[field]).filter(|value| !value.is_null()).map(shown_text),
                What::LatestDay(field) => rows.iter().filter_map(|row| row[field].as_str()?.get(..10)).max().map(str::to_owned),
            };
            if let Some(value) = value {
                shown.insert(column.name.clone(), value.into());
            }
        }
        Value::Object(shown)
    }
}

impl Condition {
    fn holds(&self, row: &Value, now: Timestamp) -> bool {
        match self {
            Condition::Is { field, value } => shown_text(&row[field]) == *value,
            Condition::IsSet { field, set } => row[field].is_null() != *set,
            Condition::Since { field, days } => {
                let at = row[field].as_str().and_then(|text| text.parse::<Timestamp>().ok());
                let from = now.checked_sub(SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(now);
                at.is_some_and(|at| at > from)
            }
        }
    }
}

/// What follows a word at the beginning.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).and_then(|_| text.get(word.len()..))
}

/// The text before and after a word, whatever its case.
fn cut<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let at = text.to_ascii_lowercase().find(word)?;
    Some((text.get(..at)?, text.get(at + word.len()..)?))
}

fn clause<'a>(text: &'a str, word: &str) -> (&'a str, Option<&'a str>) {
    cut(text, word).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn split_and(text: &str) -> Vec<&str> {
    match cut(text, " and ") {
        Some((one, more)) => std::iter::once(one).chain(split_and(more)).collect(),
        None => vec![text],
    }
}

/// Columns are apart by commas that stand in no parentheses.
fn split_columns(text: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut columns = vec![String::new()];
    for character in text.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        match columns.last_mut() {
            Some(column) if character != ',' || depth > 0 => column.push(character),
            _ => columns.push(String::new()),
        }
    }
    columns
}

fn column(text: &str) -> Column {
    let (what, name) = cut(text, " as ").map_or((text, None), |(what, name)| (what, Some(lower(name))));
    let lowered = lower(what);
    let latest = lowered.strip_prefix("to_char(max(").and_then(|rest| rest.split_once(')')).map(|(field, _)| field.to_owned());
    let what = match latest {
        Some(field) => What::LatestDay(field),
        None if lowered == "count(*)" => What::Count,
        None => What::Field(lowered.clone()),
    };
    Column { what, name: name.unwrap_or(lowered) }
}

fn condition(text: &str) -> Result<Condition, String> {
    if let Some((field, _)) = cut(text, " is not null") {
        return Ok(Condition::IsSet { field: lower(field), set: true });
    }
    if let Some((field, _)) = cut(text, " is null") {
        return Ok(Condition::IsSet { field: lower(field), set: false });
    }
    if let Some((field, days)) = cut(text, "> sysdate -") {
        let days = days.trim().parse().map_err(|_| format!("'{days}' is no number"))?;
        return Ok(Condition::Since { field: lower(field), days });
    }
    let (field, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is not understood"))?;
    let value = value.trim();
    let quoted = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).map(|inner| inner.replace("''", "'"));
    Ok(Condition::Is { field: lower(field), value: quoted.unwrap_or_else(|| value.to_owned()) })
}

fn lower(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

fn shown_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Numbers in their order, texts in theirs.
fn sortable(value: &Value) -> (u64, String) {
    (value.as_u64().unwrap_or(u64::MAX), shown_text(value))
}
