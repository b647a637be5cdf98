//! Made-up people and records, the same in every run.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const FIRST: &[&str] = &["Ada", "Bo", "Clara", "Dmitri", "Esra", "Farid", "Greta", "Hana", "Ivo", "Jun"];
const LAST: &[&str] = &["Abel", "Berg", "Costa", "Dahl", "Eriksen", "Fischer", "Gupta", "Haddad", "Ito", "Jansen", "Kaya"];

/// A user as Okta's API shows one.
pub fn okta_user(number: usize) -> Value {
    let (first, last) = (FIRST[number % FIRST.len()], LAST[number / FIRST.len() % LAST.len()]);
    let login = format!("{}.{}{number}@corp.example", first.to_lowercase(), last.to_lowercase());
    let id = user_id(number);
    json!({
        "id": id,
        "status": if number % 17 == 16 { "SUSPENDED" } else { "ACTIVE" },
        "created": "2020-01-01T00:00:00.000Z",
        "activated": "2020-01-01T00:00:00.000Z",
        "statusChanged": "2020-01-01T00:00:00.000Z",
        "lastLogin": format!("2026-03-{:02}T12:{:02}:00.000Z", 1 + number % 28, number % 60),
        "lastUpdated": "2026-01-01T00:00:00.000Z",
        "passwordChanged": "2025-12-01T00:00:00.000Z",
        "type": { "id": "otyBench0000000000000" },
        "profile": {
            "login": login, "email": login, "firstName": first, "lastName": last,
            "secondEmail": if number.is_multiple_of(4) { json!(format!("{}{number}@home.example", first.to_lowercase())) } else { Value::Null },
            "employeeNumber": format!("E{number:06}"),
            "mobilePhone": format!("+45{:08}", 20_000_000 + number),
            "primaryPhone": Value::Null,
            "department": format!("Department {}", number % 40),
            "title": "Engineer",
        },
        "credentials": { "password": {}, "provider": { "type": "OKTA", "name": "OKTA" } },
        "_links": { "self": { "href": format!("https://corp.okta.example/api/v1/users/{id}") } },
    })
}

pub fn user_id(number: usize) -> String {
    format!("00uBench{number:012}")
}

/// A folder of this run, which goes with the value.
pub fn folder() -> Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("exeunt-bench-").tempdir().context("making a folder to measure in")
}

/// The highest memory this process has held, in bytes.
pub fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1024)
}

/// Where the store of a run lies.
pub fn store_path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("bench.db")
}
