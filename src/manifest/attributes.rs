//! The attributes that engines read: a typed list. Any other attribute is a manifest's own, and the manifest says so (`own`).
//!
//! A word outside its values, or a day that can't be read, is no fact: it is left out, and the scope is a gap that names the value. Of a
//! person, what can't be told is noted as well ([`UNKNOWN`]), so that nobody takes HR's silence for its word.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::express::plain;
use crate::model::NodeKind;

/// The attribute of a person that lists what HR's record could not tell.
pub const UNKNOWN: &str = "unknown";

/// What an attribute may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// A moment, as the filter `time` writes it.
    Moment,
    /// A day: `2026-03-31`.
    Day,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Whatever the vendor says.
    Anything,
}

/// An attribute that some engine reads.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it stands at: kinds of node, `edge`, or nothing for every kind of node.
    pub at: &'static [&'static str],
    /// What it may hold.
    pub holds: Holds,
    /// What it says.
    pub says: &'static str,
}

const fn of(name: &'static str, at: &'static [&'static str], holds: Holds, says: &'static str) -> Attribute {
    Attribute { name, at, holds, says }
}

/// Every attribute that an engine reads, in the order of the docs.
pub const ATTRIBUTES: &[Attribute] = &[
    of("name", &[], Holds::Text, "what people call it"),
    of("display_name", &[], Holds::Text, "the name of the human behind a login"),
    of("real_name", &["account"], Holds::Text, "another name of the human behind a login"),
    of("full_name", &["account"], Holds::Text, "another name of the human behind a login"),
    of("emails", &[], Holds::Texts, "the addresses that it answers to"),
    of("email", &["credential"], Holds::Text, "the address that it belongs to"),
    of("employee_number", &["person", "account"], Holds::Text, "HR's number of the human"),
    of("phones", &[], Holds::Texts, "telephone numbers of the human"),
    of("phone", &["credential"], Holds::Text, "the telephone number that it belongs to"),
    of("login", &[], Holds::Text, "the name that is typed to sign in"),
    of("home_emails", &["person"], Holds::Texts, "private addresses, as HR has them"),
    of("title", &[], Holds::Text, "the job's title"),
    of("department", &[], Holds::Text, "the department"),
    of("manager", &[], Holds::Anything, "the key or number of whom they report to"),
    of("place", &["person"], Holds::Text, "where they work: a time zone (`Europe/Oslo`), or a place that `departure.zones` has a zone for"),
    of("hired", &["person"], Holds::Day, "the first day; one after `last_day` means rehired"),
    of("last_day", &["person"], Holds::Day, "the last day of work"),
    of(
        "state",
        &["person"],
        Holds::Word(&["active", "disabled"]),
        "works here, or has left; any other word, or none, is unknown: a gap that names the person, and nobody's departure",
    ),
    of(
        UNKNOWN,
        &["person"],
        Holds::Texts,
        "which attributes the record may not tell, for the key may not read them: each is a gap that names the person, and stays as it was known",
    ),
    of("state", &["account"], Holds::Word(&["active", "disabled"]), "whether the account can be used"),
    of(
        "state",
        &["credential", "device", "app", "resource", "group", "role"],
        Holds::Word(&["active", "disabled", "revoked", "expired", "requested"]),
        "whether it is in force",
    ),
    of(
        "auth",
        &["account"],
        Holds::Word(&["sso", "local"]),
        "how one signs in: through the company's sign-in, or with a password of its own",
    ),
    of("kind", &["account"], Holds::Word(&["human", "guest", "service", "bot", "shared"]), "who uses it"),
    of("admin", &[], Holds::Number, "how far it administers: 0 (everything) to 3"),
    of("created", &[], Holds::Moment, "when it was made"),
    of("last_used", &[], Holds::Moment, "when it was last used"),
    of("last_used", &["edge"], Holds::Moment, "when it was last used"),
    of("last_sync", &[], Holds::Moment, "when a device last spoke to its system"),
    of("last_seen", &[], Holds::Moment, "when it was last seen"),
    of("last_change_seen", &[], Holds::Moment, "when its system last noted a change"),
    of("expires", &[], Holds::Moment, "when it ends by itself"),
    of("expires", &["edge"], Holds::Moment, "when it ends by itself"),
    of("scopes", &[], Holds::Texts, "what a credential may do"),
    of("token_scopes", &["credential"], Holds::Texts, "what a credential may do on top of that"),
    of("consent", &["credential"], Holds::Text, "who agreed to the grant"),
    of("ownership", &["device"], Holds::Word(&["corporate", "personal"]), "whose device it is"),
    of("shared", &[], Holds::Anything, "who else has it"),
    of("audience", &["credential"], Holds::Word(&["anyone", "public", "company", "users"]), "whom a link is open to"),
    of("fingerprint", &["credential"], Holds::Text, "a key's fingerprint"),
    of("public_key", &["credential"], Holds::Text, "a key's public part"),
    of("sign_on", &["app"], Holds::Text, "how an app is signed in to"),
    of("via", &["edge"], Holds::Text, "how the access was given: `direct`, or by what"),
    of("app_name", &["edge"], Holds::Text, "the login in the app"),
    of("criteria", &["edge"], Holds::Anything, "which mail a rule takes"),
    of("hidden", &["edge"], Holds::Flag, "whether a rule hides what it does"),
];

/// What expressions find in `person` and `successor`.
pub const PERSON: &[&str] =
    &["id", "key", "name", "employee_number", "work_email", "email", "emails", "home_emails", "phones", "title", "department"];

impl Holds {
    /// In words, for the docs and the schema.
    pub fn says(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Number => "a whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Moment => "a moment (filter `time`)".to_owned(),
            Self::Day => "a day, 2026-03-31".to_owned(),
            Self::Word(words) => words.join(", "),
            Self::Anything => "anything".to_owned(),
        }
    }
}

/// The list as a table in Markdown.
pub fn table() -> String {
    let mut table = "| attribute | of | holds | says |\n|---|---|---|---|\n".to_owned();
    for Attribute { name, at, holds, says } in ATTRIBUTES {
        let at = if at.is_empty() { "every node".to_owned() } else { at.join(", ") };
        let _ = writeln!(table, "| `{name}` | {at} | {} | {says} |", holds.says());
    }
    table
}

/// The attribute of this name at this kind of node (or at `edge`).
pub fn find(name: &str, at: &str) -> Option<&'static Attribute> {
    let fits = |attribute: &&Attribute| attribute.at.contains(&at) || (attribute.at.is_empty() && at != "edge");
    ATTRIBUTES.iter().filter(|attribute| attribute.name == name).find(fits)
}

/// The words that an attribute may hold at this kind of node, if it holds words.
pub fn words(name: &str, at: &str) -> Option<&'static [&'static str]> {
    match find(name, at)?.holds {
        Holds::Word(words) => Some(words),
        _ => None,
    }
}

/// The day that a text names: `2026-03-31`, alone or with a time behind it. A year that nobody now alive works in is no day (`0000-00-00`,
/// `9999-12-31`): what a file means by one, its settings say.
pub fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let is_time =
        time.is_empty() || time.strip_prefix(['T', ' ']).is_some_and(|time| time.starts_with(|first: char| first.is_ascii_digit()));
    let plain = day.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if !is_time || !plain {
        return None;
    }
    day.parse::<Date>().ok().filter(|day| (1900..=2199).contains(&day.year()))
}

/// A day written in another form (`dd/mm/yyyy`, `mm/dd/yyyy`, `dd.mm.yyyy` …) as `2026-03-31`; a text that isn't a day in this form, nor in ISO's,
/// stays as it is, so that whoever reads it can name it.
///
/// # Errors
/// One line: `form` is none.
pub fn day_in_form(text: &str, form: &str) -> Result<String, String> {
    let form = form.trim().to_lowercase();
    let separator = form.chars().find(|c| !c.is_ascii_alphabetic());
    let parts: Vec<&str> = separator.map(|by| form.split(by).collect()).unwrap_or_default();
    let place = |name: &str| parts.iter().position(|part| *part == name);
    let (Some(by), 3, Some(year), Some(month), Some(of_month)) = (separator, parts.len(), place("yyyy"), place("mm"), place("dd")) else {
        return Err(format!("{form:?} is no form of a day; write yyyy-mm-dd, dd/mm/yyyy, mm/dd/yyyy or dd.mm.yyyy"));
    };
    let text = text.trim();
    if day(text).is_some() {
        return Ok(text[..10].to_owned());
    }
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let numbers: Vec<i16> = date.split(by).map(|part| part.parse().unwrap_or(-1)).collect();
    let is_time = time.is_empty() || time.starts_with(|first: char| first.is_ascii_digit());
    let read = match numbers.as_slice() {
        [_, _, _] if is_time => {
            let small = |at: usize| i8::try_from(numbers[at]).unwrap_or(-1);
            Date::new(numbers[year], small(month), small(of_month)).ok()
        }
        _ => None,
    };
    Ok(read.map_or_else(|| text.to_owned(), |day| day.to_string()))
}

/// Takes out of a node's attributes what is no fact, and says what it was. `declared` are the attributes that its yield has.
pub fn settle<'a>(
    kind: NodeKind,
    key: &str,
    name: Option<&str>,
    attrs: &mut Map<String, Value>,
    declared: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let is_person = kind == NodeKind::Person;
    let (mut wrong, mut unknown): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let number = |attrs: &Map<String, Value>| attrs.get("employee_number").map(plain).unwrap_or_else(|| key.to_owned());
    let called = |attrs: &Map<String, Value>| name.map_or_else(|| number(attrs), |name| format!("{name} ({})", number(attrs)));
    if let (true, Some(Value::Array(names))) = (is_person, attrs.get(UNKNOWN).cloned()) {
        for name in names.iter().map(plain) {
            attrs.shift_remove(&name);
            wrong.push(format!("{name} of {} is unknown: the key may not read it", called(attrs)));
            unknown.push(name);
        }
        attrs.shift_remove(UNKNOWN);
    }
    for declared in declared {
        let Some(attribute) = find(declared, kind.word()) else { continue };
        let value = attrs.get(declared);
        let text = value.map(plain).unwrap_or_default();
        let expected = match attribute.holds {
            Holds::Word(words) if value.is_some() || (is_person && declared == "state") => {
                if words.contains(&text.as_str()) {
                    continue;
                }
                format!("none of {}", words.join(", "))
            }
            Holds::Day if is_person && value.is_some() => match day(&text) {
                Some(day) => {
                    attrs.insert(declared.to_owned(), json!(day.to_string()));
                    continue;
                }
                None => "no day that can be read".to_owned(),
            },
            _ => continue,
        };
        let said = if value.is_none() { "is empty".to_owned() } else { format!("is {text:?}, {expected}") };
        wrong.push(if is_person {
            format!("{declared} of {} is unknown: it {said}", called(attrs))
        } else {
            format!("{declared} of {}:{key} {said}", kind.word())
        });
        attrs.shift_remove(declared);
        unknown.push(declared.to_owned());
    }
    if is_person && !unknown.is_empty() {
        attrs.insert(UNKNOWN.to_owned(), json!(unknown));
    }
    wrong
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // Trust: HR's word.
    #[test]
    fn days_are_read_as_the_form_says_or_not_at_all() {
        let read = |text: &str, form: &str| day(&day_in_form(text, form).unwrap()).map(|day| day.to_string());
        let october = Some("2026-10-31".to_owned());
        for (text, form) in [
            ("2026-10-31", "yyyy-mm-dd"),
            (" 2026-10-31T00:00:00 ", "yyyy-mm-dd"),
            ("2026-10-31T23:30:00+02:00", "yyyy-mm-dd"),
            ("2026-10-31 08:00", "dd/mm/yyyy"),
            ("31/10/2026", "dd/mm/yyyy"),
            ("31/10/2026 00:00", "dd/mm/yyyy"),
            ("10/31/2026", "mm/dd/yyyy"),
            ("31.10.2026", "dd.mm.yyyy"),
        ] {
            assert_eq!(read(text, form), october, "{text} as {form}");
        }
        assert_eq!(read("1/2/2026", "dd/mm/yyyy").as_deref(), Some("2026-02-01"));
        for text in ["31/10/2026", "10/31/2026", "2026-02-29", "0000-00-00", "9999-12-31", "2026-13-01", "soon", "2026-10-31x", "", "46326"]
        {
            assert_eq!(read(text, "yyyy-mm-dd"), None, "{text}");
        }
        assert_eq!(read("10/31/2026", "dd/mm/yyyy"), None);
        assert!(day_in_form("x", "days").unwrap_err().contains("dd/mm/yyyy"));
    }

    // Trust: HR's word.
    #[test]
    fn what_is_no_fact_is_taken_out_and_named() {
        let settled = |kind: NodeKind, attrs: Value, declared: &[&str]| {
            let Value::Object(mut attrs) = attrs else { unreachable!() };
            let wrong = settle(kind, "7", Some("Una"), &mut attrs, declared.iter().copied());
            (wrong, Value::Object(attrs))
        };
        let all = ["state", "last_day", "employee_number"];
        let (wrong, left) = settled(NodeKind::Person, json!({"state": "active", "last_day": "2026-10-31T00:00:00"}), &all);
        assert_eq!((wrong, left), (vec![], json!({"state": "active", "last_day": "2026-10-31"})));
        let (wrong, left) = settled(NodeKind::Person, json!({"last_day": "31/10/2026", "employee_number": "E7"}), &all);
        assert!(wrong[0].contains("state of Una (E7)") && wrong[0].contains("empty"), "{wrong:?}");
        assert!(wrong[1].contains("\"31/10/2026\""), "{wrong:?}");
        assert_eq!(left, json!({"employee_number": "E7", "unknown": ["state", "last_day"]}));
        let (wrong, left) = settled(NodeKind::Person, json!({"state": "active", "title": null, "unknown": ["title"]}), &all);
        assert_eq!(
            (wrong, left),
            (vec!["title of Una (7) is unknown: the key may not read it".to_owned()], json!({"state": "active", "unknown": ["title"]}))
        );
        let (wrong, left) = settled(NodeKind::Account, json!({"state": "inactive"}), &all);
        assert_eq!((wrong.len(), left), (1, json!({})));
        assert_eq!(settled(NodeKind::Account, json!({}), &all).0.len(), 0, "an account need not say");
    }
}
