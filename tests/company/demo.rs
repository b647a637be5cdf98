//! The demo tells the truth about the simulated company, and leaves what it says it leaves.

use serde_json::json;

use crate::conform;
use crate::run::{FINE, FOUND, run_in};

#[test]
fn the_demo_does_the_whole_job() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_in(folder.path(), &["demo", "--json", "--keep", "co", "--record", "t.jsonl"]);
    let told = ran.json();
    assert_eq!(told["shadow"]["missed"], json!([]));
    assert_eq!(told["shadow"]["extra"], json!([]));
    assert!(told["shadow"]["findings"].as_u64().unwrap() > 20);
    assert_eq!(told["departure"]["residual_paths"], 0);
    assert!(told["departure"]["actions"].as_u64().unwrap() > 30);
    assert_eq!(told["departure"]["present"], 0);
    assert_eq!(told["audit"]["verified"], true);
    assert!(told["audit"]["entries"].as_u64().unwrap() > 50);
    assert_eq!(ran.code, FINE, "{}", ran.err);

    let kept = folder.path().join("co");
    for name in ["exeunt.toml", "exeunt.db", "evidence.zip"] {
        assert!(kept.join(name).metadata().unwrap().len() > 0, "{name}");
    }
    let verified = run_in(&kept, &["audit", "verify", "evidence.zip"]).ended(FINE);
    assert!(verified.out.contains("intact"), "{verified:?}");
    // The store that was left is one that every command reads.
    let cases = run_in(&kept, &["departures", "--json"]).ended(FOUND).json();
    let states: Vec<&str> = cases.as_array().unwrap().iter().filter_map(|case| case["state"].as_str()).collect();
    assert_eq!((states.len(), states.contains(&"scheduled")), (2, true), "whoever leaves today, and who has announced it: {cases}");
    let again = run_in(folder.path(), &["demo", "--keep", "co"]).ended(2);
    assert!(again.err.contains("holds a store already"), "{again:?}");

    // Every secret is redacted in what was recorded.
    let recorded = std::fs::read_to_string(folder.path().join("t.jsonl")).unwrap();
    assert!(recorded.lines().count() > 500);
    for line in recorded.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    for secret in std::fs::read_dir(kept.join("credentials")).unwrap() {
        let secret = std::fs::read_to_string(secret.unwrap().path()).unwrap();
        assert!(!recorded.contains(secret.trim()), "a secret was recorded");
    }
    assert!(!recorded.contains("PRIVATE KEY"));

    conform::hold(&[folder.path().join("t.jsonl")]);
}
