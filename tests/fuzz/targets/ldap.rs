//! What a directory sends: any bytes, and entries whose attributes are any. Each attribute that was asked for is there once, a list where a list was
//! asked for; a range that was cut off goes on after its end.

use exeunt::connect::decode;
use ldap3::LdapResult;
use ldap3::asn1::{PL, StructureTag, Tag, TagClass, parse_tag};
use serde_json::Value;

use super::bytes::Bytes;

const NAMES: &[&str] = &["objectGUID", "objectSid", "sIDHistory", "cn", "member", "MEMBER", "photo", "mail", "dn"];

pub fn ldap(data: &[u8]) {
    let mut bytes = Bytes(data);
    match bytes.below(4) {
        0 | 2 => {
            let first = entry(&mut bytes);
            let more = bytes.yes().then(|| entry(&mut bytes));
            check(first, more);
        }
        1 => {
            // Within a message its depth is looked at first.
            let tag = bytes.rest();
            let message = ber(0x30, &[&ber(2, &[1])[..], tag].concat());
            if decode::ldap_message(&message).is_ok() {
                check(parse_tag(tag).expect("what is handed on can be taken apart").1, None);
            }
        }
        _ => message(bytes.rest()),
    }
}

/// What is handed on to the library is what that one can take apart, as it does.
fn message(bytes: &[u8]) {
    if decode::ldap_message(bytes).is_err() {
        return;
    }
    let (rest, tag) = parse_tag(bytes).expect("what is handed on can be taken apart");
    let parts = tag.match_id(16).and_then(StructureTag::expect_constructed).expect("a message is a sequence");
    assert!(parts.len() >= 2 && rest.len() < bytes.len());
    let op = parts[1].clone();
    if [1, 5, 7, 9, 11, 13, 15, 24].contains(&op.id) {
        // Panics where it is no result.
        let _ = LdapResult::from(Tag::StructureTag(op));
    }
}

fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x83], &(content.len() as u32).to_be_bytes()[1..], content].concat()
}

fn check(tag: StructureTag, more: Option<StructureTag>) {
    let asked: Vec<String> = ["objectGUID", "objectSid", "sIDHistory[]", "cn", "member[]", "photo", "mail[]"].map(str::to_owned).to_vec();
    let told = decode::entry(tag.clone(), more.clone(), &asked);
    assert_eq!(decode::entry(tag, more, &asked), told, "the same twice");
    let Some((value, cuts)) = told else { return };
    let map = value.as_object().expect("an entry is a record");
    assert_eq!(map.len(), asked.len() + 1);
    assert!(map["dn"].is_string());
    for name in &asked {
        let (plain, list) = name.strip_suffix("[]").map_or((name.as_str(), false), |plain| (plain, true));
        let texts = |value: &Value| value.is_string();
        let fits =
            if list { map[plain].as_array().is_some_and(|all| all.iter().all(texts)) } else { map[plain].is_null() || texts(&map[plain]) };
        assert!(fits, "{name}: {}", map[plain]);
    }
    for (attribute, next) in cuts {
        assert!(next > 0, "{attribute} would be read from its beginning again");
    }
}

fn primitive(class: TagClass, id: u64, bytes: &[u8]) -> StructureTag {
    StructureTag { class, id, payload: PL::P(bytes.to_vec()) }
}

fn list(class: TagClass, id: u64, of: Vec<StructureTag>) -> StructureTag {
    StructureTag { class, id, payload: PL::C(of) }
}

/// An entry as RFC 4511 has it.
fn entry(bytes: &mut Bytes<'_>) -> StructureTag {
    let mut attributes = Vec::new();
    let name = bytes.part().to_vec();
    while !bytes.is_empty() && attributes.len() < 16 {
        let known = bytes.one_of(NAMES).to_owned();
        let name = match bytes.below(8) {
            0 => known + ";" + &bytes.text(),
            1 => format!("{known};range={}-{}", bytes.short(), bytes.short()),
            2 => format!("{known};Range=0-{}", bytes.text()),
            3 => format!("{known};range=0-*"),
            4 => bytes.text(),
            5 => known + ";binary",
            _ => known,
        };
        let values = (0..bytes.below(4)).map(|_| primitive(TagClass::Universal, 4, bytes.part())).collect();
        let values = list(TagClass::Universal, 17, values);
        attributes.push(list(TagClass::Universal, 16, vec![primitive(TagClass::Universal, 4, name.as_bytes()), values]));
    }
    let attributes = list(TagClass::Universal, 16, attributes);
    list(TagClass::Application, 4, vec![primitive(TagClass::Universal, 4, &name), attributes])
}
