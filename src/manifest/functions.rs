//! What exeunt adds to Jinja: references to nodes, and filters for the data that directories and vendors hand out.

use base64::Engine as _;
use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value as Jinja, filters};
use serde_json::{Value, json};

use crate::model::{NodeKind, NodeRef};

/// The functions that expressions can call, beside Jinja's own.
pub const NAMES: &[&str] =
    &["person", "account", "group", "role", "app", "resource", "credential", "device", "address", "aka", "random_password"];

/// The key that marks a map as a reference.
const MARK: &str = "$node";

/// A reference as a value.
pub(super) fn reference(kind: NodeKind, key: &str) -> Value {
    if key.is_empty() {
        return Value::Null;
    }
    let node = NodeRef::new(kind, key);
    json!({ MARK: node.kind.word(), "key": node.key })
}

/// The reference that a value is, if it is one.
pub(super) fn as_reference(value: &Value) -> Option<NodeRef> {
    let kind = value.get(MARK)?.as_str()?.parse().ok()?;
    Some(NodeRef::new(kind, value.get("key")?.as_str()?))
}

pub(super) fn add_to(engine: &mut Environment<'static>) {
    for kind in NodeKind::ALL {
        let kind = *kind;
        engine.add_function(kind.word(), move |key: Jinja| match key.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(Jinja::from(())),
            ValueKind::Bool | ValueKind::Number | ValueKind::String => {
                Ok(Jinja::from(minijinja::value::Serde(reference(kind, &key.to_string()))))
            }
            // A reference in a reference in a reference would double its length each time.
            _ => Err(Error::new(ErrorKind::InvalidOperation, "a key is a text or a number, and this is a list or a map")),
        });
    }
    engine.add_function("random_password", random_password);
    for (name, filter) in of_lists() {
        engine.add_filter(name, move |state: &mut State, value: Jinja, args: Rest<ValueOrKwargs>| {
            let given: Vec<Jinja> = std::iter::once(listed(value)?).chain(args.into_values()).collect();
            filter.call(state, &given)
        });
    }
    // Jinja's own calls what is not there a sequence, too.
    engine.add_test("sequence", |value: Jinja| value.kind() == ValueKind::Seq);
    engine.add_filter("as_list", as_list);
    engine.add_filter("or_empty", or_empty);
    engine.add_filter("bit", |number: Jinja, mask: u64| integer(&number).map(|n| n & mask != 0));
    engine.add_filter("set_bit", |number: Jinja, mask: u64| integer(&number).map(|n| n | mask));
    engine.add_filter("clear_bit", |number: Jinja, mask: u64| integer(&number).map(|n| n & !mask));
    engine.add_filter("split", |text: String, by: String| text.split(&by).map(str::to_owned).collect::<Vec<_>>());
    engine.add_filter("b64encode", |text: String| base64::engine::general_purpose::STANDARD.encode(text));
    engine.add_filter("matches", |text: Option<String>, start: String, rest: Rest<String>| {
        let text = text.unwrap_or_default().to_lowercase();
        std::iter::once(&start).chain(rest.iter()).any(|part| text.contains(&part.to_lowercase()))
    });
    engine
        .add_filter("domain", |address: Option<String>| address.and_then(|a| a.rsplit_once('@').map(|(_, domain)| domain.to_lowercase())));
    engine.add_filter("time", time);
    engine.add_filter("day", day);
    engine.add_filter("date", date);
    engine.add_filter("epoch", epoch);
    engine.add_filter("earlier", earlier);
    engine.add_filter("rdn", |dn: String| dn.split(',').next().and_then(|first| first.split_once('=')).map(|(_, value)| value.to_owned()));
}

/// The engine's value as JSON; undefined is null.
fn to_json(value: &Jinja) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// A password nobody knows: 32 characters of at least four classes, from the system's random source.
fn random_password() -> Result<String, Error> {
    let mut bytes = [0_u8; 24];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::new(ErrorKind::InvalidOperation, "the system gave no random bytes"))?;
    Ok(format!("{}-aA9", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
}

/// An integer, also when it comes as text (LDAP attributes do).
/// A value that could not be read is no number: never 0.
fn integer(value: &Jinja) -> Result<u64, Error> {
    let value = &to_json(value);
    let number = match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_i64().map(|n| n as u64)),
        Value::String(text) => text.trim().parse::<i64>().ok().map(|n| n as u64),
        _ => None,
    };
    number.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{value} is not a whole number")))
}

/// A moment in any of the forms that systems write, as RFC 3339 in UTC: RFC 3339 itself, seconds or milliseconds since 1970, Windows file
/// time (100 ns since 1601), LDAP generalized time. Null, zero and "never" are null.
fn time(value: Jinja) -> Result<Option<String>, Error> {
    Ok(moment(&value)?.map(|at| at.to_string()))
}

/// The moment that a value names, for the filters; none for never.
fn moment(value: &Jinja) -> Result<Option<jiff::Timestamp>, Error> {
    let at = parse_time(&to_json(value));
    at.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{value} is no time that exeunt knows")))
}

/// A moment in any of those forms as seconds since 1970, for vendors that count them; null stays null.
fn epoch(value: Jinja) -> Result<Option<i64>, Error> {
    Ok(moment(&value)?.map(jiff::Timestamp::as_second))
}

/// The day (`2026-03-03`, in UTC) of a moment in any of those forms, or so many days after it; before it, where the number is negative. For lists
/// that are asked for by date: `from={{ now | day(-30) }}`.
fn day(value: Jinja, days: Option<i64>) -> Result<Option<String>, Error> {
    let hours = days.unwrap_or_default().clamp(-36_500, 36_500) * 24;
    let moved = |at: jiff::Timestamp| at.checked_add(jiff::SignedDuration::from_hours(hours)).ok();
    Ok(moment(&value)?.and_then(moved).map(|at| at.strftime("%Y-%m-%d").to_string()))
}

/// A day that a file writes in this form (`dd/mm/yyyy`), as `2026-03-31`; null stays null, and what is no day in this form stays as it is.
fn date(value: Option<String>, form: String) -> Result<Option<String>, Error> {
    let Some(text) = value.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    super::attributes::day_in_form(&text, &form).map(Some).map_err(|problem| Error::new(ErrorKind::InvalidOperation, problem))
}

/// The moment so long before one in any of those forms, in whole seconds: `since={{ since | earlier('1h') }}` asks again for what changed while the
/// last read went on, and for what the system was slow to show.
fn earlier(value: Jinja, by: String) -> Result<Option<String>, Error> {
    let by = super::duration::parse(&by).map_err(|problem| Error::new(ErrorKind::InvalidOperation, problem))?;
    let before = |at: jiff::Timestamp| at.checked_sub(by).ok();
    Ok(moment(&value)?.and_then(before).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

/// The moment that a value names; `Some(None)` for never.
pub fn parse_time(value: &Value) -> Option<Option<jiff::Timestamp>> {
    let number = match value {
        Value::Null => return Some(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            if text.is_empty() {
                return Some(None);
            }
            if let Ok(at) = text.parse::<jiff::Timestamp>() {
                return Some(Some(at));
            }
            if let Some(at) = generalized(text) {
                return Some(Some(at));
            }
            // BambooHR, Samba and others write a space, or leave the offset out.
            if let Ok(at) = text.parse::<jiff::civil::DateTime>() {
                return Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp()));
            }
            if let Ok(day) = text.parse::<jiff::civil::Date>() {
                return Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp()));
            }
            text.parse::<f64>().ok()
        }
        _ => None,
    }?;
    if number <= 0.0 || number >= 9.2e18 {
        return Some(None);
    }
    let seconds = if number >= 1e16 {
        number / 1e7 - 11_644_473_600.0
    } else if number >= 1e11 {
        number / 1e3
    } else {
        number
    };
    jiff::Timestamp::from_microsecond((seconds * 1e6) as i64).ok().map(Some)
}

/// LDAP generalized time: `20260303120000Z`, `20260303120000.0Z`.
fn generalized(text: &str) -> Option<jiff::Timestamp> {
    let digits = text.strip_suffix('Z')?.split('.').next()?;
    if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|d| d.parse::<i16>().ok());
    let at = jiff::civil::DateTime::new(
        part(0..4)?,
        part(4..6)? as i8,
        part(6..8)? as i8,
        part(8..10)? as i8,
        part(10..12)? as i8,
        part(12..14)? as i8,
        0,
    );
    at.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
}

/// The filters of lists. Each would also go through the names of an object's fields, or the letters of a text, find nothing that it looks for among
/// them, and call that nothing.
fn of_lists() -> Vec<(&'static str, Jinja)> {
    let length = Jinja::from_function(length);
    vec![
        ("map", Jinja::from_function(filters::map)),
        ("select", Jinja::from_function(filters::select)),
        ("selectattr", Jinja::from_function(filters::selectattr)),
        ("reject", Jinja::from_function(filters::reject)),
        ("rejectattr", Jinja::from_function(filters::rejectattr)),
        ("list", Jinja::from_function(filters::list)),
        ("join", Jinja::from_function(filters::join)),
        ("sum", Jinja::from_function(filters::sum)),
        ("unique", Jinja::from_function(filters::unique)),
        ("length", length.clone()),
        ("count", length),
    ]
}

/// What a filter of lists is given, where that is no object and no text.
fn listed(value: Jinja) -> Result<Jinja, Error> {
    let came = match value.kind() {
        ValueKind::Map => "an object",
        ValueKind::String => "a text",
        _ => return Ok(value),
    };
    let problem = format!("a list was expected, and {came} came (to go through an object's fields, write | items)");
    Err(Error::new(ErrorKind::InvalidOperation, problem))
}

/// How many items a list has. A list that is not there has no length: 0 would say that it is there and empty.
fn length(value: Jinja) -> Result<usize, Error> {
    value.len().ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("a list was expected, and this is {}", value.kind())))
}

/// A list as it is, nothing for nothing, and anything else as a list of one: XML has no lists of one.
fn as_list(value: Jinja) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None | ValueKind::Seq | ValueKind::Iterable => Ok(value),
        ValueKind::String | ValueKind::Map if value.len() != Some(0) => Ok(Jinja::from(vec![value])),
        other => Err(no_list(other)),
    }
}

fn no_list(kind: ValueKind) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("a list should stand there, and it is a {kind} without anything in it"))
}

/// A list, or an empty one where there is nothing. Anything else in a list's place is no list: `or []` would take an empty text or object for one.
fn or_empty(value: Jinja) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(Jinja::from(Vec::<Jinja>::new())),
        ValueKind::Seq | ValueKind::Iterable => Ok(value),
        other => Err(Error::new(ErrorKind::InvalidOperation, format!("a list should stand there, and it is a {other}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_in_every_form() {
        let at: jiff::Timestamp = "2026-03-03T12:00:00Z".parse().unwrap();
        for form in [
            json!("2026-03-03T12:00:00Z"),
            json!("2026-03-03T13:00:00+01:00"),
            json!(1_772_539_200),
            json!(1_772_539_200_000_i64),
            json!("1772539200"),
            json!("20260303120000Z"),
            json!("20260303120000.0Z"),
            json!("2026-03-03T12:00:00"),
            json!("2026-03-03 12:00:00"),
            json!("134170128000000000"),
        ] {
            assert_eq!(parse_time(&form), Some(Some(at)), "{form}");
        }
        for never in [json!(null), json!(0), json!("0"), json!(""), json!("9223372036854775807")] {
            assert_eq!(parse_time(&never), Some(None), "{never}");
        }
        assert_eq!(parse_time(&json!("soon")), None);
    }

    #[test]
    fn seconds_since_1970() {
        assert_eq!(epoch(Jinja::from("2026-03-03T12:00:00Z")).unwrap(), Some(1_772_539_200));
        assert_eq!(epoch(Jinja::from(1_772_539_200_i64)).unwrap(), Some(1_772_539_200));
        assert_eq!(epoch(Jinja::from("")).unwrap(), None);
        assert!(epoch(Jinja::from("soon")).is_err());
    }

    #[test]
    fn a_while_before() {
        let of = |value: &str, by: &str| earlier(Jinja::from(value), by.into()).unwrap();
        assert_eq!(of("2026-03-03T12:00:00.987Z", "1d").as_deref(), Some("2026-03-02T12:00:00Z"));
        assert_eq!(of("20260303120000.0Z", "90s").as_deref(), Some("2026-03-03T11:58:30Z"));
        assert_eq!(of("", "1h"), None);
        assert!(earlier(Jinja::from("2026-03-03"), "soon".into()).is_err());
    }

    #[test]
    fn days_before_and_after() {
        let of = |value: &str, days: Option<i64>| day(Jinja::from(value), days).unwrap();
        assert_eq!(of("2026-03-03T23:30:00Z", None).as_deref(), Some("2026-03-03"));
        assert_eq!(of("2026-03-03T23:30:00Z", Some(-30)).as_deref(), Some("2026-02-01"));
        assert_eq!(of("2026-03-03", Some(1)).as_deref(), Some("2026-03-04"));
        assert_eq!(of("0", Some(1)), None, "never stays never");
        assert!(day(Jinja::from("soon"), None).is_err());
    }
}
