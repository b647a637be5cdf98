//! LDAP entries as JSON: attributes under the names that the manifest gives them, values as text.

use base64::Engine as _;
use ldap3::ResultEntry;
use serde_json::{Map, Value, json};

/// An entry as it came.
pub(super) struct Entry {
    pub(super) dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// A range that was cut off: `member;range=0-1499`.
pub(super) struct Cut {
    pub(super) attribute: String,
    pub(super) next: u64,
}

impl Entry {
    /// Takes an entry apart; none if it is none (the library's own parser panics then).
    pub(super) fn read(entry: ResultEntry) -> Option<Self> {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let mut parts = entry.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = text(parts.next()?.expect_primitive()?);
        let mut attributes = Vec::new();
        for attribute in parts.next()?.expect_constructed()? {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = text(parts.next()?.expect_primitive()?);
            let values = parts.next()?.expect_constructed()?.into_iter().map(|value| value.expect_primitive());
            attributes.push((name, values.collect::<Option<Vec<_>>>()?));
        }
        Some(Self { dn, attributes })
    }

    /// How many bytes it has, and how many values.
    pub(super) fn size(&self) -> (u64, u64) {
        let of = |(name, values): &(String, Vec<Vec<u8>>)| name.len() + values.iter().map(Vec::len).sum::<usize>();
        let bytes = self.dn.len() + self.attributes.iter().map(of).sum::<usize>();
        let values = self.attributes.iter().map(|(_, values)| values.len() + 1).sum::<usize>() + 1;
        (bytes as u64, values as u64)
    }

    /// The attributes that came in part, with where to read on. A range is the last one where it says so (`*`). One whose end is no number goes on
    /// where no list has anything, so that reading on fails.
    pub(super) fn cuts(&self) -> Vec<Cut> {
        let cut = |(name, _): &(String, Vec<Vec<u8>>)| {
            let (attribute, range) = split_range(name)?;
            let last = range.split_once('-').map_or("", |(_, last)| last);
            let next = last.parse::<u64>().map_or(u64::MAX, |last| last.saturating_add(1));
            (last != "*").then(|| Cut { attribute: attribute.to_owned(), next })
        };
        self.attributes.iter().filter_map(cut).collect()
    }

    /// Adds the values of a later range.
    pub(super) fn extend(&mut self, more: Self) {
        for (name, values) in more.attributes {
            let plain = split_range(&name).map_or(name.as_str(), |(plain, _)| plain);
            match self.attributes.iter_mut().find(|(known, values)| !values.is_empty() && same(known, plain)) {
                Some((_, known)) => known.extend(values),
                None => self.attributes.push((plain.to_owned(), values)),
            }
        }
    }

    /// `{"dn": …, "<asked>": first value or null, "<asked as name[]>": [ … ]}`.
    pub(super) fn json(&self, asked: &[String]) -> Value {
        let mut map = Map::new();
        map.insert("dn".to_owned(), json!(self.dn));
        for name in asked {
            let (plain, list) = name.strip_suffix("[]").map_or((name.as_str(), false), |plain| (plain, true));
            if plain.eq_ignore_ascii_case("dn") {
                continue;
            }
            let mut values = self.attributes.iter().filter(|(known, _)| same(known, plain)).flat_map(|(_, values)| values);
            let value = if list {
                values.map(|bytes| text(plain, bytes)).collect()
            } else {
                values.next().map_or(Value::Null, |bytes| text(plain, bytes))
            };
            map.insert(plain.to_owned(), value);
        }
        Value::Object(map)
    }
}

fn split_range(name: &str) -> Option<(&str, &str)> {
    let at = name.to_ascii_lowercase().find(";range=")?;
    Some((&name[..at], &name[at + ";range=".len()..]))
}

fn same(known: &str, asked: &str) -> bool {
    let known = split_range(known).map_or(known, |(plain, _)| plain);
    known.eq_ignore_ascii_case(asked) || known.strip_suffix(";binary").is_some_and(|plain| plain.eq_ignore_ascii_case(asked))
}

/// A value as text: directory identifiers as people write them, bytes that are no text in base64.
fn text(attribute: &str, bytes: &[u8]) -> Value {
    let known = match attribute.to_ascii_lowercase().as_str() {
        "objectguid" => guid(bytes),
        "objectsid" | "sidhistory" => sid(bytes),
        _ => None,
    };
    let text = known.or_else(|| std::str::from_utf8(bytes).ok().map(str::to_owned));
    Value::String(text.unwrap_or_else(|| base64::engine::general_purpose::STANDARD.encode(bytes)))
}

/// Microsoft's byte order: the first three groups are little-endian.
fn guid(bytes: &[u8]) -> Option<String> {
    let b: &[u8; 16] = bytes.try_into().ok()?;
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let hex: String = order.iter().map(|index| format!("{:02x}", b[*index as usize])).collect();
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn sid(bytes: &[u8]) -> Option<String> {
    let (revision, count) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    if revision != 1 || bytes.len() != 8 + count * 4 {
        return None;
    }
    let authority = bytes[2..8].iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let parts = bytes[8..].chunks_exact(4).map(|c| format!("-{}", u32::from_le_bytes([c[0], c[1], c[2], c[3]])));
    Some(format!("S-1-{authority}{}", parts.collect::<String>()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn identifiers_and_bytes() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(text("objectGUID", &bytes), json!("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        let sid = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        assert_eq!(text("objectSid", &sid), json!("S-1-5-32-544"));
        assert_eq!(text("objectSid", b"S-1"), json!("S-1"));
        assert_eq!(text("photo", &[0xff, 0xfe]), json!("//4="));
    }

    // Reliability: Nothing stuck.
    #[test]
    fn a_range_whose_end_is_no_place_in_a_list_is_never_the_last() {
        for range in ["0-18446744073709551615", "0-99999999999999999999", "", "-", "0-", "0-x", "0"] {
            let entry = Entry { dn: "CN=a".into(), attributes: vec![(format!("member;range={range}"), vec![b"1".to_vec()])] };
            assert_eq!(entry.cuts().iter().map(|cut| cut.next).collect::<Vec<_>>(), [u64::MAX], "{range}");
        }
        let entry = Entry { dn: "CN=a".into(), attributes: vec![("member;range=7-*".into(), vec![b"1".to_vec()])] };
        assert_eq!(entry.cuts().len(), 0);
    }

    #[test]
    fn attributes_under_the_names_asked() {
        let value = |text: &str| text.as_bytes().to_vec();
        let mut entry = Entry {
            dn: "CN=a".into(),
            attributes: vec![
                ("MEMBER".into(), vec![]),
                ("member;Range=0-1".into(), vec![value("1"), value("2")]),
                ("CN".into(), vec![value("a"), value("b")]),
                ("userCertificate;binary".into(), vec![vec![0xff]]),
            ],
        };
        let cuts = entry.cuts();
        assert_eq!((cuts.len(), cuts[0].attribute.as_str(), cuts[0].next), (1, "member", 2));
        entry.extend(Entry { dn: "CN=a".into(), attributes: vec![("member;range=2-*".into(), vec![value("3")])] });
        let asked = ["cn", "member[]", "mail", "proxy[]", "userCertificate"].map(str::to_owned);
        assert_eq!(
            entry.json(&asked),
            json!({"dn": "CN=a", "cn": "a", "member": ["1", "2", "3"], "mail": null, "proxy": [], "userCertificate": "/w=="})
        );
    }
}
