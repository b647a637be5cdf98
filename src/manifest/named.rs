//! The fields of replies that a manifest reads, by their names.

use std::collections::BTreeSet;

use serde_json::Value;

/// Parts of a manifest that read nothing: words for people, and examples.
const WORDS: &[&str] = &["examples", "blind_spots", "title", "contract", "help", "steps", "why", "what", "no_proof", "secret"];

/// The names of the fields that a manifest reads, from its expressions.
pub(super) fn read_by(manifest: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk(manifest, &mut names);
    names
}

fn walk(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names_in(text, names),
        Value::Array(items) => items.iter().for_each(|item| walk(item, names)),
        Value::Object(map) => map.iter().filter(|(key, _)| !WORDS.contains(&key.as_str())).for_each(|(_, inner)| walk(inner, names)),
        _ => {}
    }
}

/// The names in one text: what stands after a dot, and what stands in quotes.
fn names_in(text: &str, names: &mut BTreeSet<String>) {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    for part in text.split('.').skip(1) {
        let name = part.split(|c| !of_word(c)).next().unwrap_or_default();
        if !name.is_empty() {
            names.insert(name.to_owned());
        }
    }
    for quote in ['\'', '"'] {
        names.extend(text.split(quote).skip(1).step_by(2).filter(|name| !name.is_empty() && name.len() < 80).map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manifest_reads_has_names() {
        let mut names = BTreeSet::new();
        names_in("it.profile.login | lower ~ it['work mail'] ~ body['@odata.nextLink']", &mut names);
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["@odata.nextLink", "login", "nextLink", "profile", "work mail"].map(str::to_owned)
        );
    }
}
