//! Layers point down, registries are complete, the repository speaks of exeunt alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by layer, lowest first. A module may use what stands on an earlier line; on its own line only itself.
const LAYERS: &[&[&str]] = &[
    &["clean", "clock", "private", "secret"],
    &["model"],
    &["config", "store"],
    &["manifest", "audit"],
    &["graph", "connect"],
    &["scan", "resolve", "shadow", "revoke", "handoff"],
    &["survey", "report"],
    &["departure"],
    &["serve"],
    &["web", "cli"],
];

/// The source files of a folder, and of those in it.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The part of a source file that isn't its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

#[test]
fn layers_point_down() {
    let rank: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(rank, modules)| modules.iter().map(move |module| (*module, rank))).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let relative = file.strip_prefix(&root).unwrap();
        let own = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let is_test_file = relative.to_str().unwrap().contains("test");
        if ["lib", "main"].contains(&own.as_str()) || is_test_file {
            continue;
        }
        let Some(own_rank) = rank.get(own.as_str()) else {
            wrong.push(format!("src/{}: the module {own} stands in no layer", relative.display()));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in without_tests(&text).lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let Some(used_rank) = rank.get(used.as_str()) else { continue };
                if used != own && used_rank >= own_rank {
                    wrong.push(format!("src/{}:{}: {own} uses {used}, which does not stand below it", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let silent: Vec<_> = ["src", "fixtures/src"]
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn effects_live_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        for (what, where_) in
            [("Timestamp::now()", "clock.rs"), ("SystemTime::now()", "clock.rs"), ("println!(", "cli/"), ("reqwest::Client", "connect/")]
        {
            let allowed = name.starts_with(where_) || name.contains("test") || name.ends_with("probe.rs");
            if !allowed && without_tests(&text).contains(what) {
                wrong.push(format!("src/{name} holds {what}, which belongs to src/{where_}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_repository_speaks_of_exeunt_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .expect("git is needed to list the repository's files");
    let mut wrong = Vec::new();
    for name in String::from_utf8(listed.stdout).unwrap().split('\0').filter(|name| !name.is_empty() && *name != "tests/product/tidy.rs") {
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        for word in ["/work/", "index.crates.io", "crates.io-index", "Claude", "Anthropic", "ChatGPT", "OpenAI"] {
            // The lock file names the registry's address; that is cargo's doing.
            if text.contains(word) && name != "Cargo.lock" {
                wrong.push(format!("{name} holds {word:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_written_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let relative = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        // The key's file is made once, and never written over.
        if relative.contains("test") || ["private.rs", "audit/key.rs"].contains(&relative.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in without_tests(&text).lines().enumerate() {
            if ["fs::write(", "File::create", "OpenOptions", "fs::copy("].iter().any(|way| line.contains(way)) {
                wrong.push(format!("src/{relative}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "write with crate::private, which follows no link and lets nobody else read");
}
