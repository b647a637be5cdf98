//! Systems that hand out a file: the newest of a folder, never an old one, and never one that lacks a column that its manifest reads.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::sigv4::hex;
use super::{CallError, Class, Ended, Page, Reply, body};
use crate::clock;
use crate::manifest::express::Expr;
use crate::manifest::raw::FileFormat;
use crate::manifest::raw::Manifest;

/// A file larger than this is refused.
const LARGEST: u64 = 128 << 20;

/// Records in a page.
const PAGE: usize = 5000;

pub(super) struct Source {
    path: PathBuf,
    format: FileFormat,
    max_age: u64,
    /// The columns that it must have.
    columns: Vec<String>,
}

struct Found {
    path: PathBuf,
    modified: Timestamp,
    bytes: Vec<u8>,
    body: Value,
}

impl Source {
    pub(super) fn open(path: &str, manifest: &Manifest) -> Result<Self, String> {
        let connect = &manifest.connect;
        let format = match (connect.format, Path::new(path).extension().and_then(|e| e.to_str())) {
            (Some(format), _) => format,
            (None, Some("csv")) => FileFormat::Csv,
            (None, Some("jsonl" | "ndjson")) => FileFormat::Jsonl,
            (None, Some("json")) => FileFormat::Json,
            _ => return Err(format!("{path}: connect.format must say how the file is written (csv, jsonl or json)")),
        };
        let columns = connect.columns.clone().unwrap_or_else(|| read_columns(manifest));
        Ok(Self { path: PathBuf::from(path), format, max_age: connect.max_age_hours.unwrap_or(26), columns })
    }

    /// All records in one reply.
    pub(super) async fn send(&self) -> Result<Reply, CallError> {
        let sent_at = Instant::now();
        let found = self.read().await?;
        Ok(Reply {
            status: 200,
            class: Class::Fine,
            headers: headers(&found),
            digest: format!("sha256:{}", hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &found.bytes).as_ref())),
            body: found.body,
            raw: Vec::new(),
            at: clock::now(),
            took: sent_at.elapsed(),
            attempts: 1,
            sent_at,
        })
    }

    /// The records, page by page.
    pub(super) async fn pages(&self, take: &mut (dyn FnMut(Page) -> ControlFlow<()> + Send)) -> Ended {
        let found = match self.read().await {
            Ok(found) => found,
            Err(error) => return Ended::Gap { reason: error.to_string(), class: None, pages: 0 },
        };
        let headers = headers(&found);
        let mut parts: Vec<Value> = match found.body {
            Value::Array(mut records) if records.len() > PAGE => {
                let mut parts = Vec::new();
                while records.len() > PAGE {
                    let rest = records.split_off(PAGE);
                    parts.push(Value::Array(std::mem::replace(&mut records, rest)));
                }
                parts.push(Value::Array(records));
                parts
            }
            whole => vec![whole],
        };
        let pages = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        for (number, body) in (1..).zip(parts.drain(..)) {
            let page = Page { body, headers: headers.clone(), status: 200, number, checkpoint: None };
            if take(page).is_break() {
                return Ended::Stopped;
            }
        }
        Ended::Complete { pages }
    }

    async fn read(&self) -> Result<Found, CallError> {
        let (path, format, max_age, columns) = (self.path.clone(), self.format, self.max_age, self.columns.clone());
        tokio::task::spawn_blocking(move || read(&path, format, max_age, &columns))
            .await
            .map_err(|error| CallError::Unreachable(format!("{}: reading was stopped ({error})", self.path.display())))?
    }
}

fn headers(found: &Found) -> Value {
    json!({ "file": found.path.display().to_string(), "last-modified": found.modified.to_string() })
}

/// The columns that a manifest reads, where it doesn't say which the file must have: those of the record that its yields name.
fn read_columns(manifest: &Manifest) -> Vec<String> {
    let mut columns = BTreeSet::new();
    for (_, collection) in manifest.see.iter().filter(|(_, collection)| collection.each.is_none()) {
        for means in &collection.yields {
            let record = if means.each.is_some() { "outer" } else { "it" };
            for source in means.expressions() {
                columns.extend(Expr::compile(source).map(|expr| expr.fields_of(record)).unwrap_or_default());
            }
            if let Some(each) = &means.each {
                columns.extend(Expr::compile(each).map(|expr| expr.fields_of("it")).unwrap_or_default());
            }
        }
    }
    columns.into_iter().collect()
}

/// Why a file is not what was agreed on, if it isn't: a column is missing, or there twice.
fn broken_contract(columns: &[String], format: FileFormat, bytes: &[u8], body: &Value) -> Result<(), String> {
    let head = match (format, body) {
        (FileFormat::Csv, _) => body::csv_head(bytes)?,
        // Other formats have no head: what no record has is missing.
        (_, Value::Array(records)) if !records.is_empty() => {
            let names: BTreeSet<&String> = records.iter().filter_map(Value::as_object).flat_map(|record| record.keys()).collect();
            names.into_iter().cloned().collect()
        }
        _ => return Ok(()),
    };
    let missing: Vec<&str> = columns.iter().filter(|column| !head.contains(column)).map(String::as_str).collect();
    if !missing.is_empty() {
        let (s, is) = if missing.len() == 1 { ("", "is") } else { ("s", "are") };
        return Err(format!(
            "the column{s} {} that this scanner reads {is} missing (the file has {})",
            missing.join(", "),
            head.join(", ")
        ));
    }
    match columns.iter().find(|column| head.iter().filter(|name| name == column).count() > 1) {
        Some(twice) => Err(format!("the column {twice} is there twice")),
        None => Ok(()),
    }
}

fn read(path: &Path, format: FileFormat, max_age: u64, columns: &[String]) -> Result<Found, CallError> {
    let path = if path.is_dir() { newest(path, format)? } else { path.to_owned() };
    let name = path.display();
    let unreadable = |error: std::io::Error| CallError::Unreachable(format!("{name} can't be read: {error}"));
    let about = std::fs::metadata(&path).map_err(unreadable)?;
    // To open a pipe is to wait for whoever writes to it.
    if !about.is_file() {
        return Err(CallError::Shape(format!("{name} is no file")));
    }
    let modified = about.modified().map_err(unreadable)?;
    let modified = Timestamp::try_from(modified).map_err(|error| CallError::Shape(format!("{name}: {error}")))?;
    let since = clock::now().duration_since(modified);
    if since < -clock::APART {
        let when = modified.strftime("%Y-%m-%d %H:%M UTC");
        return Err(CallError::Shape(format!("file is of {when}, which is yet to come, so that its age can't be told: {name}")));
    }
    let age = Duration::try_from(since).unwrap_or_default();
    let hours = age.as_secs() / 3600;
    if age > Duration::from_secs(max_age * 3600) {
        return Err(CallError::Unreachable(format!("file is {hours} hours old, more than {max_age}: {name}")));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(CallError::Shape(format!("{name} is larger than {} MiB", LARGEST >> 20)));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(CallError::Shape(format!("{name} is empty")));
    }
    let body = match format {
        FileFormat::Csv => body::csv_records(&bytes),
        FileFormat::Jsonl => body::json_lines(&bytes),
        FileFormat::Json => body::parse("application/json", bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)),
    };
    let body = body.map_err(|error| CallError::Shape(format!("{name}: {error}")))?;
    broken_contract(columns, format, &bytes, &body).map_err(|problem| CallError::Shape(format!("{name}: {problem}")))?;
    Ok(Found { path, modified, bytes, body })
}

/// The last file of a folder by name, of those with the format's ending.
fn newest(folder: &Path, format: FileFormat) -> Result<PathBuf, CallError> {
    let endings: &[&str] = match format {
        FileFormat::Csv => &["csv"],
        FileFormat::Jsonl => &["jsonl", "ndjson"],
        FileFormat::Json => &["json"],
    };
    let entries =
        std::fs::read_dir(folder).map_err(|error| CallError::Unreachable(format!("{} can't be read: {error}", folder.display())))?;
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        path.is_file() && endings.contains(&ending.as_str())
    });
    files.max().ok_or_else(|| CallError::Unreachable(format!("{} has no .{} file", folder.display(), endings[0])))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::time::SystemTime;

    async fn pages_of(source: &Source) -> (Ended, Vec<Value>) {
        let mut bodies = Vec::new();
        let ended = source
            .pages(&mut |page: Page| {
                bodies.push(page.body);
                ControlFlow::Continue(())
            })
            .await;
        (ended, bodies)
    }

    fn source(path: &Path, format: FileFormat) -> Source {
        Source { path: path.to_owned(), format, max_age: 26, columns: Vec::new() }
    }

    #[tokio::test]
    async fn the_newest_file_of_the_folder_counts() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("fobs-2026-01-01.csv"), "serial\n1\n").unwrap();
        std::fs::write(folder.path().join("fobs-2026-01-02.csv"), "serial\n2\n").unwrap();
        std::fs::write(folder.path().join("zzz.txt"), "serial\n3\n").unwrap();
        let (ended, bodies) = pages_of(&source(folder.path(), FileFormat::Csv)).await;
        assert_eq!((ended, bodies), (Ended::Complete { pages: 1 }, vec![json!([{"serial": "2"}])]));
        assert!(source(folder.path(), FileFormat::Csv).send().await.unwrap().digest.starts_with("sha256:"));
        let (ended, _) = pages_of(&source(folder.path(), FileFormat::Json)).await;
        assert!(matches!(&ended, Ended::Gap { reason, .. } if reason.contains("has no .json file")), "{ended:?}");
    }

    #[tokio::test]
    async fn old_missing_empty_and_torn_files_are_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let gap = async |text: &str, hours: u64| {
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600 + 60)).unwrap();
            match pages_of(&source(&path, FileFormat::Jsonl)).await.0 {
                Ended::Gap { reason, .. } => reason,
                other => panic!("{other:?}"),
            }
        };
        assert!(gap("{}", 31).await.starts_with("file is 31 hours old"));
        // A clock may be an hour ahead of ours; what is of a later time would never be too old.
        let of_later = async |minutes: u64| {
            std::fs::write(&path, "{}").unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(minutes * 60)).unwrap();
            pages_of(&source(&path, FileFormat::Jsonl)).await.0
        };
        assert_eq!(of_later(50).await, Ended::Complete { pages: 1 });
        let (ended, of_years) = (of_later(70).await, of_later(60 * 24 * 365 * 5).await);
        for ended in [ended, of_years] {
            assert!(matches!(&ended, Ended::Gap { reason, .. } if reason.contains("which is yet to come")), "{ended:?}");
        }
        let (ended, _) = pages_of(&source(Path::new("/dev/null"), FileFormat::Jsonl)).await;
        assert!(matches!(&ended, Ended::Gap { reason, .. } if reason.contains("/dev/null is no file")), "{ended:?}");
        assert!(gap("", 0).await.contains("is empty"));
        assert!(gap("{\"a\": 1}\n{\"a\": ", 0).await.contains("line 2 is not JSON"));
        let (ended, _) = pages_of(&source(&folder.path().join("none.csv"), FileFormat::Csv)).await;
        assert!(matches!(&ended, Ended::Gap { reason, .. } if reason.contains("none.csv can't be read")), "{ended:?}");
    }

    // Trust: HR's word.
    #[tokio::test]
    async fn a_file_without_an_agreed_column_is_a_gap_whatever_its_format() {
        let folder = tempfile::tempdir().unwrap();
        let gap = async |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let format = if name.ends_with("csv") { FileFormat::Csv } else { FileFormat::Jsonl };
            let columns = vec!["serial".to_owned(), "status".to_owned()];
            match pages_of(&Source { columns, ..source(&path, format) }).await.0 {
                Ended::Gap { reason, .. } => reason,
                _ => String::new(),
            }
        };
        assert_eq!(gap("a.csv", "serial,status,more\n1,active,\n").await, "");
        let renamed = gap("a.csv", "serial,state\n1,active\n").await;
        assert!(renamed.contains("column status") && renamed.contains("serial, state"), "{renamed}");
        assert!(gap("a.csv", "serial\n").await.contains("status"), "also where no row follows");
        assert!(gap("a.csv", "serial,status,status\n1,active,gone\n").await.contains("twice"));
        assert!(gap("a.jsonl", "{\"serial\": 1}\n{\"serial\": 2}\n").await.contains("status"));
        assert_eq!(gap("a.jsonl", "{\"serial\": 1}\n{\"serial\": 2, \"status\": null}\n").await, "");
    }

    // Trust: HR's word.
    #[test]
    fn a_manifest_that_names_no_columns_agrees_on_those_that_it_reads() {
        let text = "scanner: x\ntitle: X\ncategory: badge\ncontract: c\nsettings: { path: { example: /x } }\ncredentials: { read: { kind: none } }\n\
            connect: { file: \"{{ settings.path }}\", format: csv }\nsee:\n  fobs:\n    file: true\n    yields:\n      \
            - { credential: it.serial | trim, type: badge, held_by: address(it.email), expires: it.until | time, when: it.status == 'on' }\n      \
            - { each: \"it.doors | split(';') | list\", edge: opens, from: credential(outer.serial), to: resource(it) }\n\
            examples: [{ of: fobs, reply: [], yields: [] }]\n";
        let manifest = crate::manifest::load::load("x.yaml", text).unwrap();
        let manifest: &Manifest = &manifest;
        assert_eq!(read_columns(manifest), ["doors", "email", "serial", "status", "until"]);
    }

    #[tokio::test]
    async fn long_files_come_in_pages() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, "{\"a\":1}\n".repeat(PAGE * 2 + 1)).unwrap();
        let (ended, bodies) = pages_of(&source(&path, FileFormat::Jsonl)).await;
        assert_eq!(ended, Ended::Complete { pages: 3 });
        assert_eq!(bodies.iter().map(|body| body.as_array().unwrap().len()).collect::<Vec<_>>(), [PAGE, PAGE, 1]);
    }
}
