//! Whether recorded exchanges keep to the vendors' own API descriptions. The descriptions and their checker stand beside the repository, or where
//! `EXEUNT_CONFORM` says; where there is none, that is said.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Holds what was recorded against the vendors' own API descriptions: no request and no answer may violate them.
#[track_caller]
pub fn hold(recorded: &[PathBuf]) {
    let Some(checker) = checker() else {
        println!(
            "skipped: the recorded exchanges were not held against the vendors' own API descriptions, for there is no checker (EXEUNT_CONFORM)"
        );
        return;
    };
    for file in recorded {
        let named = under_their_names(file);
        let output = Command::new(&checker)
            .arg(&named)
            .args(["--no-notes"])
            .output()
            .unwrap_or_else(|error| panic!("{} can't be run: {error}", checker.display()));
        let told = String::from_utf8_lossy(&output.stdout);
        println!("{told}");
        let violations = told.lines().filter(|line| line.contains("  request  ") || line.contains("  response  "));
        let (masked, real): (Vec<&str>, Vec<&str>) = violations.partition(|line| is_masked(line));
        // Without violations a failure is the checker's own.
        let holds = output.status.success() || (real.is_empty() && !masked.is_empty());
        assert!(holds, "{}: {told}{}", file.display(), String::from_utf8_lossy(&output.stderr));
    }
}

/// Whether a violation is only that a recording has the shape of an unread word (`AaaaAaaa`) where the description lists words.
fn is_masked(line: &str) -> bool {
    let value = line.split_once("enum: \"").and_then(|(_, rest)| rest.split_once("\" is not one of"));
    value.is_some_and(|(value, _)| value.chars().all(|c| !c.is_alphanumeric() || "Aa0".contains(c)))
}

/// The recording under the names of the descriptions: some systems are parts of a vendor whose description goes by another name.
fn under_their_names(file: &Path) -> PathBuf {
    let text = std::fs::read_to_string(file).unwrap();
    // Cloudflare's description at hand is of August 2024, when accounts had no tokens of their own.
    let younger =
        |line: &&str| line.starts_with("{\"system\":\"cloudflare\"") && line.contains("/client/v4/accounts/") && line.contains("/tokens");
    let text: String = text.lines().filter(|line| !younger(line)).flat_map(|line| [line, "\n"]).collect();
    let renamed = text
        .replace("{\"system\":\"onedrive-sharepoint\"", "{\"system\":\"microsoft-graph\"")
        .replace("{\"system\":\"cloudflare-zero-trust\"", "{\"system\":\"cloudflare\"")
        .replace("{\"system\":\"google-cloud\"", "{\"system\":\"google\"")
        // The descriptions at hand are of its other APIs, not of the one for users.
        .replace("{\"system\":\"onepassword\"", "{\"system\":\"onepassword-users\"")
        // Jamf's PIN has six digits. The mark that a recording has instead of it is longer than the description allows.
        .replace("\"pin\":\"[redacted]\"", "\"pin\":\"000000\"");
    let copy = file.with_extension("named");
    std::fs::write(&copy, renamed).unwrap();
    copy
}

fn checker() -> Option<PathBuf> {
    if let Some(place) = std::env::var_os("EXEUNT_CONFORM") {
        return Some(place.into());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tools/conform");
    beside.exists().then_some(beside)
}
