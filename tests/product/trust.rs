//! `docs/trust.md` and `docs/reliability.md`: what exeunt promises, and the test that holds it to each promise. The tables are made of the tests'
//! own names: a test that has `// Trust: CHAPTER.` or `// Reliability: CHAPTER.` above it stands in that chapter of that page.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A page: its name, the mark of its tests, its first lines, its chapters in their order with what is promised in each, and what it ends with.
struct Page {
    name: &'static str,
    mark: &'static str,
    title: &'static str,
    chapters: &'static [(&'static str, &'static str)],
    limits: &'static [&'static str],
}

const PAGES: &[Page] = &[
    Page {
        name: "docs/trust.md",
        mark: "// Trust: ",
        title: "What exeunt promises, and the tests that hold it to that",
        chapters: TRUST,
        limits: LIMITS,
    },
    Page {
        name: "docs/reliability.md",
        mark: "// Reliability: ",
        title: "What holds under attack and in bad weather, and the tests that show it",
        chapters: RELIABILITY,
        limits: UNDER_ATTACK,
    },
];

const UNDER_ATTACK: &[&str] = &[
    "A process that is killed right after a call left that can't be taken back: whoever goes on with the case reads for ten seconds whether it took \
     effect, and calls again if it did not. A vendor that works longer than that for a caller who has gone does it twice.",
    "A credential that a manifest or the settings call nobody's, and that is somebody's: nothing contradicts them.",
];

const RELIABILITY: &[(&str, &str)] = &[
    ("Secrets", "No credential, session or code reaches the store, the log, a recording, a report or another person."),
    ("Who may", "Nothing is taken from the wrong person, from somebody protected, from ourselves, twice, or from too many at once."),
    (
        "Nothing stuck",
        "Whatever a caller, a vendor, the clock or the disk does: HR is heard, a departure goes on, and what fails is said at once.",
    ),
    (
        "Bad weather",
        "Whatever answers, fails or is away at random, by a seed that can be run again: nothing is lost, forgotten or called what it is not, and nothing \
         panics. `EXEUNT_SEEDS=1000 cargo test --release --test company property -- --nocapture` tries a thousand companies against simulated vendors; \
         `tests/real/run` puts a proxy that delays, cuts and resets before real servers.",
    ),
    ("Evidence", "What was left out, replaced, altered or cut back is named by whoever verifies."),
    ("What people see", "Names and texts of vendors and HR are data, wherever they are shown."),
];

const TRUST: &[(&str, &str)] = &[
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
fn promises(root: &Path, mark: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for place in PLACES {
        for file in crate::tidy::sources(&root.join(place)) {
            let relative = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let mut chapter = None;
            for line in text.lines().map(str::trim) {
                if let Some(named) = line.strip_prefix(mark) {
                    assert!(chapter.is_none(), "{relative}: no test stands between two chapters");
                    chapter = Some(named.trim_end_matches('.').to_owned());
                } else if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ")
                    && let Some(chapter) = chapter.take()
                {
                    let name = rest.split('(').next().unwrap();
                    found.entry(chapter).or_default().push((sentence(name), format!("`{relative}`")));
                } else if chapter.is_some() {
                    let other = PAGES.iter().any(|page| line.starts_with(page.mark));
                    assert!(other || line.starts_with("#["), "{relative}: {line:?} stands between a chapter and its test");
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
    for page in PAGES {
        let made = made(page, promises(root, page.mark));
        let path = root.join(page.name);
        if std::env::var_os("EXEUNT_BLESS").is_some() {
            fs::write(&path, &made).unwrap();
        }
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == made,
            "{} is stale: EXEUNT_BLESS=1 cargo test --test product trust",
            page.name
        );
    }
}

/// The text of a page.
fn made(page: &Page, mut found: BTreeMap<String, Vec<(String, String)>>) -> String {
    let mut made =
        format!("# {}\n\nMade of the tests' own names (`EXEUNT_BLESS=1 cargo test --test product trust` writes it anew).\n", page.title);
    for (chapter, says) in page.chapters {
        made.push_str(&format!("\n## {chapter}\n\n{says}\n\n"));
        let Some(mut rows) = found.remove(*chapter) else {
            made.push_str("No test holds us to this yet.\n");
            continue;
        };
        rows.sort();
        made.push_str("| promise | test |\n|---|---|\n");
        rows.iter().for_each(|(promise, test)| made.push_str(&format!("| {promise} | {test} |\n")));
    }
    if !page.limits.is_empty() {
        made.push_str("\n## What is not noticed\n\n");
        page.limits.iter().for_each(|limit| made.push_str(&format!("* {limit}\n")));
    }
    assert!(found.is_empty(), "{}: these are no chapters: {:?}", page.name, found.keys().collect::<Vec<_>>());
    made
}
