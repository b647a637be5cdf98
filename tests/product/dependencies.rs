//! What the product is built from: each dependency has its reason in docs/dependencies.md, is used, comes from the registry, and has a licence that
//! .ci/deny.toml allows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::tidy::sources;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn toml(name: &str) -> toml::Value {
    toml::from_str(&fs::read_to_string(root().join(name)).unwrap()).unwrap()
}

/// The dependencies of a manifest, in these tables of it.
fn direct(name: &str, tables: &[&str]) -> BTreeSet<String> {
    let manifest = toml(name);
    let names = |table: &&str| manifest.get(*table).and_then(|table| table.as_table().cloned()).unwrap_or_default();
    tables.iter().flat_map(names).map(|(name, _)| name).collect()
}

/// The crates that a chapter of the page names: first in the rows of its table, or anywhere in its text.
fn told(page: &str, chapter: &str, anywhere: bool) -> BTreeSet<String> {
    let text = page.split(&format!("\n## {chapter}\n")).nth(1).unwrap_or_else(|| panic!("no chapter {chapter}"));
    let text = text.split("\n## ").next().unwrap_or_default();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let words = text.split("\n| ").next().unwrap_or_default().split('`').skip(1).step_by(2);
    rows.chain(words.filter(|_| anywhere)).map(str::to_owned).collect()
}

#[test]
fn each_dependency_has_its_reason() {
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    assert_eq!(told(&page, "The product", false), direct("Cargo.toml", &["dependencies"]));
    let shared = direct("Cargo.toml", &["dependencies"]);
    let tests: BTreeSet<String> = direct("Cargo.toml", &["dev-dependencies"]).difference(&shared).cloned().collect();
    assert_eq!(told(&page, "The product's tests", false), tests);
    assert_eq!(told(&page, "The simulated company", true), direct("fixtures/Cargo.toml", &["dependencies", "dev-dependencies"]));
}

#[test]
fn no_dependency_is_unused() {
    for (manifest, tables, places) in [
        ("Cargo.toml", &["dependencies"][..], &["src"][..]),
        ("Cargo.toml", &["dev-dependencies"], &["src", "tests", "benches"]),
        ("fixtures/Cargo.toml", &["dependencies"], &["fixtures/src"]),
        ("fixtures/Cargo.toml", &["dev-dependencies"], &["fixtures/src"]),
    ] {
        let text: String =
            places.iter().flat_map(|place| sources(&root().join(place))).map(|file| fs::read_to_string(file).unwrap()).collect();
        let unused: Vec<String> = direct(manifest, tables)
            .into_iter()
            .filter(|name| {
                let name = name.replace('-', "_");
                !text.contains(&format!("{name}::")) && !text.contains(&format!("{name};"))
            })
            .collect();
        assert_eq!(unused, Vec::<String>::new(), "{manifest}: take them out");
    }
}

// Reliability: Who may.
#[test]
fn all_that_is_built_in_comes_from_the_registry_under_a_licence_that_is_allowed() {
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // What was built is there: nothing is fetched.
    let ran = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let metadata: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let deny = toml(".ci/deny.toml");
    let texts =
        |value: &toml::Value| -> Vec<String> { value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect() };
    let allowed = texts(&deny["licenses"]["allow"]);
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let (name, licence) = (package["name"].as_str().unwrap(), package["license"].as_str().unwrap_or_default());
        if package["source"].is_null() {
            assert!(["exeunt", "exeunt-company"].contains(&name), "{name} is from a folder");
            continue;
        }
        seen += 1;
        if !package["source"].as_str().is_some_and(|source| source.starts_with("registry+")) {
            wrong.push(format!("{name} comes from {}", package["source"]));
        }
        let mut allowed = allowed.clone();
        let own = exceptions.iter().filter(|one| one["crate"].as_str() == Some(name));
        allowed.extend(own.flat_map(|one| texts(&one["allow"])));
        if !permits(licence, &allowed) {
            wrong.push(format!("{name} is under {licence:?}"));
        }
    }
    assert!(seen > 100, "{seen} packages");
    assert_eq!(wrong, Vec::<String>::new());
}

/// Whether a licence expression (SPDX) can be kept to with these licences alone.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "+WITH+");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let fits = either(&words, &mut at, allowed);
    fits && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut fits = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        fits |= both(words, at, allowed);
    }
    fits
}

fn both(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut fits = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        fits &= one(words, at, allowed);
    }
    fits
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word != "(" {
        return allowed.contains(&word.replace("+WITH+", " WITH "));
    }
    let fits = either(words, at, allowed);
    *at += 1;
    fits
}

#[test]
fn licences_are_read_as_spdx_writes_them() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for fine in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "ISC AND (GPL-3.0 OR MIT)", "Apache-2.0 WITH LLVM-exception OR GPL-2.0", "(MIT)"] {
        assert!(permits(fine, &allowed), "{fine}");
    }
    for not in ["", "GPL-3.0", "MIT AND GPL-3.0", "ISC AND (GPL-3.0 OR AGPL-3.0)", "Apache-2.0", "MIT MIT"] {
        assert!(!permits(not, &allowed), "{not}");
    }
}
