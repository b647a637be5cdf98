//! What is written is for its owner's eyes, goes through no link, and holds nothing that was read in passing.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use crate::hostile::Hostile;
use crate::run::{COULD_NOT, command};

fn company() -> Hostile {
    let user = |n: usize| {
        let name = if n == 0 { "una".to_owned() } else { format!("k{n}") };
        json!({ "id": format!("u{n}"), "userName": format!("{name}@acme.example"), "active": true, "pin": format!("CANARY-{n:04}") })
    };
    Hostile::up("Una", (0..250).map(user).collect(), "")
}

// Reliability: Secrets.
#[test]
fn everything_written_is_its_owner_s_alone() {
    let company = company();
    // The mask under which a shell makes files that all may read.
    let run = |args: &[&str]| {
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(company.folder()).arg("-c").arg("umask 022; exec \"$@\"").arg("sh").arg(command(company.folder()).get_program());
        let ran = shell.args(args).output().unwrap();
        assert!(ran.status.code().is_some_and(|code| code < COULD_NOT), "{args:?}: {ran:?}");
    };
    // One that an earlier version made, for all to read.
    fs::write(company.at("exeunt.db"), "").unwrap();
    fs::set_permissions(company.at("exeunt.db"), PermissionsExt::from_mode(0o644)).unwrap();
    run(&["scan", "--record", "rec.jsonl"]);
    run(&["revoke", "E1", "--yes"]);
    run(&["report", "shadow", "--format", "html", "-o", "shadow.html"]);
    run(&["export", "csv", "-o", "all.csv"]);
    run(&["export", "graphml", "-o", "all.graphml"]);
    run(&["departure", "1", "--html", "case.html"]);
    run(&["audit", "bundle", "1", "-o", "case.zip"]);
    run(&["init", "-o", "new.toml"]);
    let ours = ["exeunt.toml", "token", "people.csv"];
    let mut seen = Vec::new();
    for file in fs::read_dir(company.folder()).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        if !ours.contains(&name.as_str()) {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            seen.push(name);
        }
    }
    for name in ["exeunt.db", "rec.jsonl", "shadow.html", "all.csv", "all.graphml", "case.html", "case.zip", "new.toml"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} is not among {seen:?}");
    }
}

// Reliability: Secrets.
#[test]
fn nothing_is_written_through_a_link() {
    let company = company();
    company.exeunt(&["scan"]);
    company.exeunt(&["revoke", "E1", "--yes"]);
    let commands: &[(&[&str], &str)] = &[
        (&["scan", "--record", "link-0"], "link-0"),
        (&["report", "shadow", "--format", "html", "-o", "link-1"], "link-1"),
        (&["export", "csv", "-o", "link-2"], "link-2"),
        (&["departure", "1", "--html", "link-3"], "link-3"),
        (&["init", "-o", "link-4"], "link-4"),
        (&["audit", "bundle", "1", "-o", "link-5.zip"], "link-5.zip.partial"),
        (&["--store", "link-6", "people"], "link-6"),
        (&["--store", "other.db", "people"], "other.db-wal"),
        (&["tell"], "exeunt.db.tell"),
    ];
    for (args, name) in commands {
        let victim = company.at(&format!("victim of {name}"));
        fs::write(&victim, "whole").unwrap();
        fs::remove_file(company.at(name)).ok();
        symlink(&victim, company.at(name)).unwrap();
        let ran = company.exeunt(args);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "whole", "{args:?}");
        if *name != "exeunt.db.tell" {
            assert_eq!(ran.code, COULD_NOT, "{args:?}: {ran:?}");
            assert!(ran.err.contains("is a link") || ran.err.contains("exists and is left as it is"), "{args:?}: {ran:?}");
        }
    }
    // Where a link leads to nothing, nothing is made there either.
    symlink(company.at("nowhere"), company.at("dangling")).unwrap();
    company.exeunt(&["export", "csv", "-o", "dangling"]).ended(COULD_NOT);
    assert!(!company.at("nowhere").exists());
    // Standard output may be named as a file.
    assert!(company.exeunt(&["export", "csv", "-o", "/dev/stdout"]).out.contains("una@acme.example"));
}

// Reliability: Secrets.
#[test]
fn a_field_that_nobody_reads_is_nowhere_after_the_scan() {
    let company = company();
    company.exeunt(&["scan"]);
    let mut bytes = 0;
    for file in fs::read_dir(company.folder()).unwrap().flatten() {
        let held = fs::read(file.path()).unwrap();
        let times = held.windows(7).filter(|part| part == b"CANARY-").count();
        assert_eq!(times, 0, "{}", file.path().display());
        if file.file_name().to_string_lossy().starts_with("exeunt.db") {
            bytes += held.windows(17).filter(|part| part == b"k249@acme.example").count();
        }
    }
    assert!(bytes > 0, "what is read is kept");
    // The pages that a scan had set aside are gone from the file beside the store as well.
    let wal = fs::metadata(company.at("exeunt.db-wal")).map_or(0, |found| found.len());
    let pages = fs::read(company.at("exeunt.db")).unwrap().windows(12).filter(|part| part == b"\"records\":[{").count();
    assert!(wal < 200_000 && pages == 0, "{wal} bytes beside the store, {pages} pages in it");
}
