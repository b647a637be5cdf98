//! Whether an entry matches a search filter, in the three-valued logic of RFC 4511: yes, no, can't tell.

use std::collections::HashSet;

use ldap3_proto::proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter};

use super::tree::{Entry, Key, Syntax, Tree, canon, key, moment, syntax};
use super::wire::narrow;

const BIT_AND: &str = "1.2.840.113556.1.4.803";
const BIT_OR: &str = "1.2.840.113556.1.4.804";
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Attributes that nobody may read, so that no filter may feel for them either.
pub fn is_secret(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "userpassword" | "unicodepwd")
}

/// Whether the entry matches; `None` where that is undefined.
pub fn matches(tree: &Tree, entry: &Entry, filter: &LdapFilter) -> Option<bool> {
    match filter {
        LdapFilter::And(all) => all.iter().try_fold_three(true, |f| matches(tree, entry, f)),
        LdapFilter::Or(any) => any.iter().try_fold_three(false, |f| matches(tree, entry, f)),
        LdapFilter::Not(inner) => matches(tree, entry, inner).map(|m| !m),
        LdapFilter::Present(name) => Some(!is_secret(name) && !entry.values(base_name(name)).is_empty()),
        LdapFilter::Equality(name, value) | LdapFilter::Approx(name, value) => {
            Some(!is_secret(name) && equals(entry, base_name(name), value))
        }
        LdapFilter::Substring(name, pattern) => Some(!is_secret(name) && entry.values(name).iter().any(|v| like(name, v, pattern))),
        LdapFilter::GreaterOrEqual(name, value) => ordered(entry, name, value, |o| o.is_ge()),
        LdapFilter::LessOrEqual(name, value) => ordered(entry, name, value, |o| o.is_le()),
        LdapFilter::Extensible(rule) => extensible(tree, entry, rule),
    }
}

/// The two connectives: one decisive answer decides, else what can't be told stays so.
trait ThreeValued: Iterator + Sized {
    fn try_fold_three(self, neutral: bool, mut test: impl FnMut(Self::Item) -> Option<bool>) -> Option<bool> {
        let mut result = Some(neutral);
        for item in self {
            match test(item) {
                Some(answer) if answer != neutral => return Some(answer),
                Some(_) => {}
                None => result = None,
            }
        }
        result
    }
}

impl<I: Iterator> ThreeValued for I {}

/// An attribute's name without options such as `;range=` or `;binary`.
fn base_name(name: &str) -> &str {
    name.split(';').next().unwrap_or(name)
}

fn equals(entry: &Entry, name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        // A class's short name stands for the name of its schema entry.
        "objectcategory" if !value.contains('=') => entry
            .text(name)
            .and_then(key)
            .is_some_and(|category| category.last().is_some_and(|c| *c == format!("cn={}", value.to_lowercase()))),
        // Identifiers may be given as text, as well as byte by byte.
        "objectguid" => identified(entry.values(name), guid_text, value),
        "objectsid" => identified(entry.values(name), sid_text, value),
        _ => entry.has(&lower, value.as_bytes()),
    }
}

fn identified(values: &[Vec<u8>], text: fn(&[u8]) -> Option<String>, wanted: &str) -> bool {
    let bytes = narrow(wanted);
    values.iter().any(|v| v == wanted.as_bytes() || bytes.as_ref() == Some(v) || text(v).is_some_and(|t| t.eq_ignore_ascii_case(wanted)))
}

fn like(name: &str, value: &[u8], pattern: &LdapSubstringFilter) -> bool {
    let lower = name.to_ascii_lowercase();
    // A distinguished name has no substring match in any directory.
    if syntax(&lower) == Syntax::Name {
        return false;
    }
    let normal = |text: &str| match syntax(&lower) {
        Syntax::Exact => text.to_owned(),
        _ => text.to_lowercase(),
    };
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    let text = normal(text);
    let mut rest = text.as_str();
    if let Some(initial) = &pattern.initial {
        let Some(after) = rest.strip_prefix(normal(initial).as_str()) else {
            return false;
        };
        rest = after;
    }
    for any in &pattern.any {
        let any = normal(any);
        let Some(at) = rest.find(&any) else {
            return false;
        };
        rest = &rest[at + any.len()..];
    }
    pattern.final_.as_ref().is_none_or(|end| rest.ends_with(normal(end).as_str()))
}

fn ordered(entry: &Entry, name: &str, value: &str, holds: impl Fn(std::cmp::Ordering) -> bool) -> Option<bool> {
    if is_secret(name) {
        return Some(false);
    }
    let lower = name.to_ascii_lowercase();
    let mut texts = entry.values(name).iter().filter_map(|v| std::str::from_utf8(v).ok());
    // Nothing can be told by a value that is no number or no time (RFC 4511, 4.5.1.7); a server finds nobody then, and gives no error.
    Some(match syntax(&lower) {
        Syntax::Number => {
            let theirs: i64 = value.trim().parse().ok()?;
            texts.any(|t| t.parse::<i64>().is_ok_and(|ours| holds(ours.cmp(&theirs))))
        }
        Syntax::Time => {
            let theirs = moment(value)?;
            texts.any(|t| moment(t).is_some_and(|ours| holds(ours.cmp(&theirs))))
        }
        _ => entry.values(name).iter().any(|v| holds(canon(&lower, v).cmp(&canon(&lower, value.as_bytes())))),
    })
}

fn extensible(tree: &Tree, entry: &Entry, rule: &LdapMatchingRuleAssertion) -> Option<bool> {
    let name = rule.type_.as_deref()?;
    match rule.matching_rule.as_deref() {
        None => Some(equals(entry, name, &rule.match_value)),
        Some(bits @ (BIT_AND | BIT_OR)) => {
            let mask: i64 = rule.match_value.trim().parse().ok()?;
            Some(entry.number(name).is_some_and(|value| if bits == BIT_AND { value & mask == mask } else { value & mask != 0 }))
        }
        Some(IN_CHAIN) => {
            let wanted = key(&rule.match_value)?;
            Some(leads_to(tree, entry, name, &wanted))
        }
        Some(_) => None,
    }
}

/// Whether the wanted name is reached from the entry by following the attribute, however far; cycles end.
fn leads_to(tree: &Tree, entry: &Entry, name: &str, wanted: &Key) -> bool {
    let next = |entry: &Entry| -> Vec<Key> { entry.values(name).iter().filter_map(|v| key(std::str::from_utf8(v).ok()?)).collect() };
    let mut seen = HashSet::new();
    let mut open = next(entry);
    while let Some(at) = open.pop() {
        if at == *wanted {
            return true;
        }
        if let Some(entry) = tree.get(&at)
            && seen.insert(at)
        {
            open.extend(next(entry));
        }
    }
    false
}

/// The text of an `objectGUID`: its first three parts are stored with the low byte first.
pub fn guid_text(bytes: &[u8]) -> Option<String> {
    let b: [u8; 16] = bytes.try_into().ok()?;
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut out = String::with_capacity(36);
    for (at, &index) in order.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{:02x}", b[index]));
    }
    Some(out)
}

/// The text of an `objectSid`: `S-1-5-21-…`.
pub fn sid_text(bytes: &[u8]) -> Option<String> {
    let (&revision, rest) = bytes.split_first()?;
    let (&count, rest) = rest.split_first()?;
    let (authority, parts) = rest.split_at_checked(6)?;
    if parts.len() != usize::from(count) * 4 {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |n, &b| n << 8 | u64::from(b));
    let mut out = format!("S-{revision}-{authority}");
    for part in parts.chunks_exact(4) {
        let number = part.iter().rev().fold(0_u32, |n, &b| n << 8 | u32::from(b));
        out.push_str(&format!("-{number}"));
    }
    Some(out)
}
