//! Bundles: any bytes, a good zip with some bytes changed, and a good one whose files were changed and zipped anew. Only what holds the same files as
//! the good one is intact.

use std::cell::OnceCell;
use std::io::{Cursor, Read as _, Write as _};
use std::path::PathBuf;

use exeunt::audit::{self, Draft, Note, OtherEntries, Signer, Verdict};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use super::bytes::{Bytes, Contents, changed, is_one_line};

struct Made {
    folder: tempfile::TempDir,
    vkey: String,
    zip: Vec<u8>,
    files: Contents,
}

thread_local! {
    static MADE: OnceCell<[Made; 2]> = const { OnceCell::new() };
}

fn made(others: OtherEntries) -> Made {
    let at = |second: i64| Timestamp::from_second(1_795_392_000 + second).unwrap();
    // In memory, where the machine has such a place.
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let mut conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(audit::SCHEMA).unwrap();
    let signer = Signer::generate("exeunt.example/audit").unwrap();
    let tx = conn.transaction().unwrap();
    for n in 0..7 {
        let evidence = if n == 1 { vec![audit::attach(&tx, b"an export", "text/plain", "export.txt").unwrap()] } else { Vec::new() };
        let case = Some(if n % 3 == 1 { "case-1" } else { "case-2" }.to_owned());
        let draft =
            Draft { act: "revocation.verified".into(), case, actor: "engine".into(), target: None, detail: json!({"n": n}), evidence };
        audit::append(&tx, at(0), &draft).unwrap();
    }
    tx.commit().unwrap();
    let out = folder.path().join("good.zip");
    let extra = [("report.txt".to_owned(), b"all is well".to_vec())];
    audit::bundle_with(&mut conn, at(2), "case-1", &signer, &extra, &out, others).unwrap();
    let zip = std::fs::read(&out).unwrap();
    Made { folder, vkey: signer.verifier().to_string(), files: contents(&zip).unwrap(), zip }
}

/// The files of a zip, as another reader of it would have them; none where it can't be read, or holds a name twice.
fn contents(zip: &[u8]) -> Option<Contents> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).ok()?;
    let mut files = Contents::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).ok()?;
        let name = file.name().to_owned();
        let mut bytes = Vec::new();
        file.take(1 << 20).read_to_end(&mut bytes).ok()?;
        if !name.ends_with('/') && files.insert(name, bytes).is_some() {
            return None;
        }
    }
    Some(files)
}

fn zipped(files: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options).ok()?;
        writer.write_all(bytes).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

pub fn bundle(data: &[u8]) {
    MADE.with(|made_of_thread| {
        let both = made_of_thread.get_or_init(|| [made(OtherEntries::Included), made(OtherEntries::Withheld)]);
        let mut bytes = Bytes(data);
        let made = &both[bytes.below(2)];
        let zip = match bytes.below(4) {
            0 => bytes.rest().to_vec(),
            1 => changed(&made.zip, &mut bytes),
            _ => match zipped(&altered(&made.files, &mut bytes)) {
                Some(zip) => zip,
                None => return,
            },
        };
        check(made, &zip);
    });
}

/// The files with a few changes.
fn altered(files: &Contents, bytes: &mut Bytes<'_>) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    for _ in 0..=bytes.below(3) {
        let (at, other) = (bytes.below(files.len()), bytes.below(files.len()));
        match bytes.below(8) {
            0 if files.len() > 1 => drop(files.remove(at)),
            1 => files[at].0 = bytes.text(),
            2 => files.push((bytes.text(), bytes.part().to_vec())),
            3 => files.push((format!("files/{}", bytes.text()), files[at].1.clone())),
            4 => (files[at].1, files[other].1) = (files[other].1.clone(), files[at].1.clone()),
            5 => files[at].1 = bytes.part().to_vec(),
            _ => files[at].1 = changed(&files[at].1, bytes),
        }
    }
    files
}

fn check(made: &Made, zip: &[u8]) {
    let path = made.folder.path().join("other.zip");
    std::fs::write(&path, zip).unwrap();
    let files = contents(zip);
    let same = files.as_ref() == Some(&made.files);
    // Somebody may withhold the entries of other cases afterwards too: the reader is told.
    let others = |name: &String| name.starts_with("tile/entries/");
    let without: Contents =
        made.files.iter().filter(|(name, _)| !others(name)).map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    let withheld = files.as_ref() == Some(&without);
    match audit::verify_bundle(&path, Some(&made.vkey)) {
        Ok(report) => {
            if same && zip == made.zip {
                assert_eq!(report.problems, [], "the bundle itself");
            }
            let told = report.notes.iter().any(|note| matches!(note, Note::EntriesWithheld(_)));
            assert!(report.verdict() != Verdict::Intact || same || withheld && told, "other files, and intact");
            assert!(report.problems.len() <= 1100, "{} problems", report.problems.len());
            report.problems.iter().for_each(|problem| is_one_line(&problem.to_string()));
        }
        Err(error) => is_one_line(&error.to_string()),
    }
    // Without a key of the reader's own, it is the same but for who signed.
    if let Ok(report) = audit::verify_bundle(&path, None) {
        assert!(report.verdict() == Verdict::Broken || !report.notes.is_empty(), "whose key it was is said");
    }
    if let Err(error) = audit::earlier(&path) {
        is_one_line(&error.to_string());
    }
}
