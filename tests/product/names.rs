//! Names and texts of vendors and HR are data, whatever stands in them.

use serde_json::json;

use crate::hostile::Hostile;

/// A name that would clear the line, turn the reading direction, and add lines that look like the plan's own.
const EVIL: &str = "una\u{1b}[2K\u{1b}[1A\u{202e}evil\u{202c}\r\n  2  harmless <script>x</script>\nHash        0000000000000000";

fn company() -> Hostile {
    let user = json!({ "id": "u1", "userName": EVIL, "emails": [{ "value": "una@acme.example" }], "active": true });
    Hostile::up("U<script>na\u{1b}[31m\u{202e}", vec![user], "")
}

#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    for bad in ["\u{1b}", "\u{202e}", "\r", "\nHash        0000", "\n  2  harmless"] {
        assert!(!text.contains(bad), "{what} has {bad:?}: {text:?}");
    }
}

// Reliability: What people see.
#[test]
fn a_name_forges_no_line_of_the_plan_or_of_anything_else_that_is_printed() {
    let company = company();
    company.exeunt(&["scan"]);
    let dry = company.exeunt(&["revoke", "E1", "--dry-run"]);
    assert_harmless("the plan", &dry.out);
    // The hash to approve stands above every name, and once.
    assert!(dry.out.starts_with("Hash        "), "{}", dry.out);
    assert_eq!(dry.out.lines().filter(|line| line.starts_with("Hash ")).count(), 1, "{}", dry.out);
    assert!(
        dry.out.contains("<U+001B>[2K") && dry.out.contains("<U+202E>evil") && dry.out.contains("<U+000A>"),
        "shown as such: {}",
        dry.out
    );
    let commands: &[&[&str]] = &[
        &["revoke", "E1", "--yes"],
        &["departures"],
        &["departure", "1"],
        &["departure", "1", "--json"],
        &["tasks"],
        &["tasks", "--json"],
        &["link", "list"],
        &["people"],
        &["show", "E1"],
        &["report", "shadow"],
        &["report", "access"],
        &["audit", "log"],
        &["scan"],
        &["revoke", "Nobody\u{1b}[31m\u{202e}"],
    ];
    for args in commands {
        let ran = company.exeunt(args);
        assert_harmless(&format!("{args:?} on standard output"), &ran.out);
        assert_harmless(&format!("{args:?} on standard error"), &ran.err);
    }
    // Data for programs is exact all the same.
    let entries = company.exeunt(&["audit", "log"]).out;
    let named = entries.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    assert!(named.count() > 3, "{entries}");
}

// Reliability: What people see.
#[test]
fn a_name_is_no_markup_in_the_report_of_a_case() {
    let company = company();
    company.exeunt(&["scan"]);
    company.exeunt(&["revoke", "E1", "--yes"]);
    company.exeunt(&["departure", "1", "--html", "case.html"]);
    let page = std::fs::read_to_string(company.at("case.html")).unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
    assert_harmless("the page", &page);
}

// Reliability: What people see.
#[test]
fn a_name_is_data_in_what_people_are_told() {
    let user = json!({ "id": "u1", "userName": EVIL, "emails": [{ "value": "una@acme.example" }], "active": true });
    let more = "[systems.hook]\nscanner = \"webhook\"\ntell = \"file:key\"\nurl = \"http://127.0.0.1:{port}/hook\"\n[departure.tell]\n\
                notices = [{ system = \"hook\", to = \"siem\", events = [\"opened\", \"task\", \"stuck\", \"ended\", \"closed\"] }]\n";
    let company = Hostile::up("U<script>na\u{1b}[31m\u{202e}", vec![user], more);
    std::fs::write(company.at("key"), "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
    company.exeunt(&["scan"]);
    company.exeunt(&["revoke", "E1", "--yes"]);
    let posted = company.posted();
    assert!(posted.len() > 1, "{posted:?}");
    for post in posted {
        for part in ["title", "text"] {
            assert_harmless(part, post["data"][part].as_str().unwrap());
        }
        assert!(!post["data"]["title"].as_str().unwrap().contains('\n'), "{post}");
        assert_harmless("the person", post["data"]["person"]["name"].as_str().unwrap());
    }
}
