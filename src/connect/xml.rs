//! Just enough XML for the vendors that answer in it: elements to objects, repeated ones to arrays, attributes to `@name`.
//! Entities are the five of XML and character numbers; a document type is passed over, so nothing expands or is fetched.

use serde_json::{Map, Value, json};

const DEEPEST: usize = 64;

/// A document as a value: `{"root": …}`. An element with text alone is that text.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut open: Vec<(String, Map<String, Value>, String)> = vec![(String::new(), Map::new(), String::new())];
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        push_text(&mut open, &unescape(&rest[..at])?);
        rest = &rest[at..];
        if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let end = inside.find("]]>").ok_or("a CDATA section without end")?;
            push_text(&mut open, &inside[..end]);
            rest = &inside[end + 3..];
            continue;
        }
        let close = ["<!--", "<?", "<"].into_iter().find(|start| rest.starts_with(start)).map_or(">", |start| match start {
            "<!--" => "-->",
            "<?" => "?>",
            _ => ">",
        });
        let end = rest.find(close).ok_or("a tag without end")?;
        let tag = &rest[1..end];
        rest = &rest[end + close.len()..];
        if let Some(name) = tag.strip_prefix('/') {
            let (started, map, text) = open.pop().ok_or("an end without a start")?;
            if started != local(name.trim()) {
                return Err(format!("<{started}> ends as </{}>", name.trim()));
            }
            let value = if map.is_empty() {
                if text.trim().is_empty() { Value::Null } else { json!(text.trim()) }
            } else if text.trim().is_empty() {
                Value::Object(map)
            } else {
                let mut map = map;
                map.insert("#text".to_owned(), json!(text.trim()));
                Value::Object(map)
            };
            insert(&mut open.last_mut().ok_or("an end without a start")?.1, started, value);
        } else if !tag.starts_with(['!', '?']) {
            let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            let attributes = attributes_of(attributes)?;
            if empty {
                let value = if attributes.is_empty() { Value::Null } else { Value::Object(attributes) };
                insert(&mut open.last_mut().ok_or("no root")?.1, local(name), value);
            } else if open.len() > DEEPEST {
                return Err("too deep".to_owned());
            } else {
                open.push((local(name), attributes, String::new()));
            }
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some((_, root, _)), true) if !root.is_empty() => Ok(Value::Object(root)),
        _ => Err("it ends too early".to_owned()),
    }
}

fn push_text(open: &mut [(String, Map<String, Value>, String)], text: &str) {
    if let Some(element) = open.last_mut() {
        element.2.push_str(text);
    }
}

/// The name without its namespace's prefix.
fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

/// The second of a name makes a list of it.
fn insert(map: &mut Map<String, Value>, name: String, value: Value) {
    match map.get_mut(&name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = json!([first.take(), value]),
        None => {
            map.insert(name, value);
        }
    }
}

fn attributes_of(mut text: &str) -> Result<Map<String, Value>, String> {
    let mut map = Map::new();
    while let Some((name, after)) = text.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| ['"', '\''].contains(c)).ok_or("an attribute without quotes")?;
        let (value, more) = after[1..].split_once(quote).ok_or("an attribute without end")?;
        if !name.trim().starts_with("xmlns") {
            map.insert(format!("@{}", local(name.trim())), json!(unescape(value)?));
        }
        text = more;
    }
    Ok(map)
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, more) = after.split_once(';').ok_or("an entity without end")?;
        let number = |digits: &str, base| u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
        let c = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name.strip_prefix("#x").map_or_else(|| number(name.strip_prefix('#')?, 10), |hex| number(hex, 16)),
        };
        out.push(c.ok_or_else(|| format!("the unknown entity &{name};"))?);
        rest = more;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn elements_become_objects_and_repeated_ones_lists() {
        let text = r#"<?xml version="1.0"?><!-- a > b --><ns:Reply xmlns:ns="urn:x" id='7'>
            <Users><member><Name>A &amp; &#66;</Name></member><member><Name><![CDATA[<C>]]></Name></member></Users>
            <More/><Marker>m&lt;1</Marker></ns:Reply>"#;
        assert_eq!(
            parse(text).unwrap(),
            json!({"Reply": {"@id": "7", "Users": {"member": [{"Name": "A & B"}, {"Name": "<C>"}]}, "More": null, "Marker": "m<1"}})
        );
        for broken in ["<a><b></a>", "<a>", "", "text", "</a>", "<a>&bomb;</a>", "<a b=1></a>"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
        assert!(parse(&"<a>".repeat(9000)).unwrap_err().contains("deep"));
    }
}
