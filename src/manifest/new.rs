//! A manifest to start from: `exeunt scanners new NAME`.

use serde_json::Value;

/// The transports there is a skeleton for.
pub const TRANSPORTS: [&str; 3] = ["http", "ldap", "file"];

/// A commented manifest of this name that passes `check` as it is.
///
/// # Errors
/// The name or the transport is none.
pub fn skeleton(name: &str, transport: &str) -> Result<String, String> {
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        return Err(format!("{name:?} is no scanner's name; write lower-case letters, digits and hyphens"));
    }
    let text = match transport {
        "http" => include_str!("new/http.yaml"),
        "ldap" => include_str!("new/ldap.yaml"),
        "file" => include_str!("new/file.yaml"),
        _ => return Err(format!("{transport:?} is not one of {}", TRANSPORTS.join(", "))),
    };
    // As YAML writes it: a name like `null` or `true` must stay text.
    let name = match name {
        "null" | "true" | "false" => Value::String(name.to_owned()).to_string(),
        _ => name.to_owned(),
    };
    Ok(text.replace("NAME", &name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::manifest::{examples, load, proofs};

    #[test]
    fn every_skeleton_passes_check_and_its_examples_hold() {
        for transport in TRANSPORTS {
            let text = skeleton("acme-2", transport).unwrap();
            let read = load::read("acme-2.yaml", &text);
            assert_eq!(load::told(&read.problems), "", "{transport}");
            assert_eq!(load::told(&read.warnings), "", "{transport}");
            let manifest = read.manifest.unwrap();
            assert!(!manifest.examples.is_empty() && !manifest.take.is_empty());
            assert_eq!(load::told(&examples::problems("acme-2.yaml", &text, &manifest)), "", "{transport}");
            assert_eq!(load::told(&proofs::problems("acme-2.yaml", &text, &manifest)), "", "{transport}");
        }
        assert!(load::load("null.yaml", &skeleton("null", "http").unwrap()).is_ok());
        assert!(skeleton("Acme", "http").is_err());
        assert!(skeleton("../x", "http").is_err());
        assert!(skeleton("acme", "smtp").is_err());
    }
}
