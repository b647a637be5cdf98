//! `docs/trust.md`: what exeunt promises, and the test that holds it to each promise. The table is made of the tests' own names: a test that has
//! `// Trust: CHAPTER.` above it stands in that chapter.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The chapters in their order, with what is promised in each.
const CHAPTERS: &[(&str, &str)] = &[
    ("HR's word", "HR says employed, left, or nothing. Only a word that the settings name as left starts a departure."),
    ("Whose it is", "An account that was known as somebody's stays theirs until something contradicts it. What is in doubt is said."),
    ("What was read", "What was not read to its end is a gap with its reason. It closes nothing and is no clean report."),
    ("What was done", "Gone means that a fresh read showed it. What is still open or came back is said, and is never exit code 0."),
    ("What counts as an answer", "A sign-in page, an error, an empty body or a gateway's 404 proves nothing."),
];

/// What could be taken for a promise, and is none.
const LIMITS: &[&str] = &[
    "A list that is read by page numbers or offsets while it changes: where one record leaves an earlier page and another joins the end, the total is \
     the same, nothing comes twice, and the record that moved across the border of two pages is missed until the next scan. Where the vendor has \
     cursors, manifests use them. Reading each such list twice would show it, at twice the requests.",
    "A list by cursor ends where the vendor's word for more (`has_more`) is false, null or missing: a reply that lost this word ends it, unless a \
     total says otherwise.",
    "An executive whom HR's key has never let us know by title is said as a doubt, and not watched until the key may read it or the settings name them.",
];

const PLACES: &[&str] = &["src", "tests/company", "tests/product"];

/// The promises of each chapter: the test's name as a sentence, and where the test is.
fn promises(root: &Path) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for place in PLACES {
        for file in crate::tidy::sources(&root.join(place)) {
            let relative = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let mut chapter = None;
            for line in text.lines().map(str::trim) {
                if let Some(named) = line.strip_prefix("// Trust: ") {
                    assert!(chapter.is_none(), "{relative}: no test stands between two chapters");
                    chapter = Some(named.trim_end_matches('.').to_owned());
                } else if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ")
                    && let Some(chapter) = chapter.take()
                {
                    let name = rest.split('(').next().unwrap();
                    found.entry(chapter).or_default().push((sentence(name), format!("`{relative}`")));
                } else if chapter.is_some() {
                    assert!(line.starts_with("#["), "{relative}: {line:?} stands between a chapter and its test");
                }
            }
            assert!(chapter.is_none(), "{relative}: a chapter without its test");
        }
    }
    found
}

/// A test's name as people read it.
fn sentence(name: &str) -> String {
    let words = name.replace("_s_", "'s ").replace('_', " ").replace("nobodys", "nobody's").replace("companys", "company's");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str()).replace("hr's", "HR's").replace(" hr ", " HR ").replace("Hr ", "HR ").replace("scim", "SCIM")
}

#[test]
fn the_docs_list_each_promise_and_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = promises(root);
    let mut made = "# What exeunt promises, and the tests that hold it to that\n\n\
        Made of the tests' own names (`EXEUNT_BLESS=1 cargo test --test product trust` writes it anew).\n"
        .to_owned();
    for (chapter, says) in CHAPTERS {
        let mut rows = found.remove(*chapter).unwrap_or_else(|| panic!("no test stands in the chapter {chapter}"));
        rows.sort();
        made.push_str(&format!("\n## {chapter}\n\n{says}\n\n| promise | test |\n|---|---|\n"));
        rows.iter().for_each(|(promise, test)| made.push_str(&format!("| {promise} | {test} |\n")));
    }
    made.push_str("\n## What is not noticed\n\n");
    LIMITS.iter().for_each(|limit| made.push_str(&format!("* {limit}\n")));
    assert!(found.is_empty(), "these are no chapters: {:?}", found.keys().collect::<Vec<_>>());
    let path = root.join("docs/trust.md");
    if std::env::var_os("EXEUNT_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == made,
        "docs/trust.md is stale: EXEUNT_BLESS=1 cargo test --test product trust"
    );
}
