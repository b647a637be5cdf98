//! The evidence bundle: one case, its proofs, and everything needed to check them without us.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::checkpoint::{Checkpoint, checkpoint};
use super::key::Signer;
use super::tiles::entry_bundles;
use super::{Error, Hash, Result, Tree, entry, hex, sha256, to_db};
use crate::private;

/// First line of a C2SP tlog-proof.
pub(crate) const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The bundle's file that says what else is in it.
pub(crate) const MANIFEST: &str = "files.json";
/// The entry that names the manifest by its digest.
pub(crate) const BUNDLED: &str = "evidence.bundled";
const VERIFY_PY: &str = include_str!("verify.py");
const HOW_TO_VERIFY: &str = include_str!("how-to-verify.md");
/// What the bundle itself is made of; extra files may not go by these names.
const OURS: [&str; 12] = [
    "about.json",
    "case.jsonl",
    "checkpoint",
    "files",
    "files.json",
    "how-to-verify.md",
    "log.vkey",
    "proofs",
    "tile",
    "verify.py",
    ".",
    "..",
];

/// What a bundle tells of the entries that belong to other cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherEntries {
    /// They are in it, in full: the whole log can be rebuilt, by any tlog-tiles tool, and shown to leave nothing of this
    /// case out. Whoever gets the bundle reads of every other departure.
    Included,
    /// Their hashes only (tile/ without tile/entries/): nobody else's departure is told. Each entry of the case is
    /// still proved to be in the signed log. Which entries the case had is the word of its last one.
    Withheld,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleInfo {
    /// The zip file.
    pub path: PathBuf,
    /// SHA-256 of the zip file.
    pub sha256: String,
    /// Entries of the case.
    pub entries: u64,
    /// Evidence files of the case.
    pub files: u64,
    /// The checkpoint it is proved against.
    pub checkpoint: Checkpoint,
}

/// Writes the bundle of a case, with the whole log in it. Signs the log first if its end isn't signed yet.
pub fn bundle(
    conn: &mut Connection,
    at: Timestamp,
    case: &str,
    signer: &Signer,
    extra_files: &[(String, Vec<u8>)],
    out: &Path,
) -> Result<BundleInfo> {
    bundle_with(conn, at, case, signer, extra_files, out, OtherEntries::Included)
}

/// Writes the bundle of a case, and decides what it tells of the others.
pub fn bundle_with(
    conn: &mut Connection,
    at: Timestamp,
    case: &str,
    signer: &Signer,
    extra_files: &[(String, Vec<u8>)],
    out: &Path,
    others: OtherEntries,
) -> Result<BundleInfo> {
    let fail = |why: String| Error::Bundle { path: out.to_owned(), why };
    let mut files = fixed_files(case, signer, extra_files).map_err(fail)?;
    vouch_for(conn, at, case, &files)?.map_or_else(
        || Err(fail(format!("the log has no entry of case `{case}`; `exeunt departures` lists cases"))),
        |manifest| {
            files.insert(MANIFEST.to_owned(), manifest);
            Ok(())
        },
    )?;
    let signed = checkpoint(conn, signer, at)?;
    let log = read_log(conn, case, signed.size)?;
    let tree = Tree::new(log.leaves);

    // Written beside and moved into place, so that nobody ever picks up half a bundle.
    let partial = out.with_extension("zip.partial");
    let io = |e: std::io::Error| fail(format!("could not be written: {e}"));
    let zipped = |e: zip::result::ZipError| fail(format!("could not be written: {e}"));
    let mut zip = Zip::create(&partial, at).map_err(io)?;
    for (name, bytes) in &files {
        zip.add(name, bytes).map_err(zipped)?;
    }
    zip.add("checkpoint", signed.note.as_bytes()).map_err(zipped)?;
    // A line is exactly the bytes that were hashed: canonical JSON has no line breaks.
    let lines: Vec<u8> = log.case.iter().flat_map(|(_, body)| body.iter().chain(b"\n")).copied().collect();
    zip.add("case.jsonl", &lines).map_err(zipped)?;
    for (seq, _) in &log.case {
        let proof = proof_text(&tree, *seq, &signed).ok_or_else(|| fail(format!("entry {seq} has no proof")))?;
        zip.add(&format!("proofs/{seq}.tlog-proof"), proof.as_bytes()).map_err(zipped)?;
    }
    for (path, bytes) in tree.tiles(signed.size) {
        zip.add(&path, &bytes).map_err(zipped)?;
    }
    if others == OtherEntries::Included {
        for (path, bytes) in entry_bundles(&log.bodies) {
            zip.add(&path, &bytes).map_err(zipped)?;
        }
    }
    let mut kept_files = 0;
    for digest in evidence_of(&log.case) {
        let kept = evidence_file(conn, &digest)?;
        let (name, bytes) = kept.ok_or_else(|| fail(lost_evidence(&digest)))?;
        zip.add(&format!("files/{digest}-{}", plain_name(&name)), &bytes).map_err(zipped)?;
        kept_files += 1;
    }
    zip.finish().map_err(zipped)?.sync_all().map_err(io)?;
    let sha256 = hash_file(&partial).map_err(io)?;
    fs::rename(&partial, out).map_err(io)?;
    Ok(BundleInfo { path: out.to_owned(), sha256, entries: log.case.len() as u64, files: kept_files, checkpoint: signed })
}

/// The files that hold nothing of the log: what reads it, what tells of it, and the readable reports.
fn fixed_files(case: &str, signer: &Signer, extra: &[(String, Vec<u8>)]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let about = json!({ "case": case, "log": signer.verifier().origin, "made_by": format!("exeunt {}", env!("CARGO_PKG_VERSION")) });
    let mut files = BTreeMap::from([
        ("HOW-TO-VERIFY.md".to_owned(), how_to_verify(case, signer).into_bytes()),
        ("verify.py".to_owned(), VERIFY_PY.into()),
        ("about.json".to_owned(), format!("{about:#}\n").into_bytes()),
        ("log.vkey".to_owned(), format!("{}\n", signer.verifier()).into_bytes()),
    ]);
    check_extra_names(extra)?;
    files.extend(extra.iter().cloned());
    Ok(files)
}

/// Writes an entry of the case that holds the digest of the bundle's manifest, so that the log's signature covers its other files too; gives that
/// manifest. Where the case's last entry is that very one, nothing is written: the same log gives the same bundle. None for a case without entries.
fn vouch_for(conn: &mut Connection, at: Timestamp, case: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<Option<Vec<u8>>> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut entries = entry::entries(&tx, Some(case), 0, u64::from(u32::MAX))?;
    if entries.is_empty() {
        return Ok(None);
    }
    if let Some(last) = entries.pop_if(|last| last.draft.act == BUNDLED) {
        let manifest = manifest(case, &entries, files);
        if last.draft.detail["files"] == named(&manifest) {
            return Ok(Some(manifest));
        }
        entries.push(last);
    }
    let manifest = manifest(case, &entries, files);
    let detail = json!({ "files": named(&manifest) });
    let draft = entry::Draft {
        act: BUNDLED.to_owned(),
        case: Some(case.to_owned()),
        actor: "engine".to_owned(),
        target: None,
        detail,
        evidence: Vec::new(),
    };
    entry::append(&tx, at, &draft)?;
    tx.commit()?;
    Ok(Some(manifest))
}

/// The entries of the case before the one that vouches for it, and the digest of each file that no entry names by itself.
fn manifest(case: &str, entries: &[entry::Entry], files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let places: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    let files: BTreeMap<&String, String> = files.iter().map(|(name, bytes)| (name, named(bytes))).collect();
    format!("{:#}\n", json!({ "case": case, "entries": places, "files": files })).into_bytes()
}

/// A file's digest, as entries name it.
pub(crate) fn named(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&sha256(bytes)))
}

/// The digest of the program that checks bundles without us: to be told by another way than the bundle.
pub fn verify_py() -> String {
    named(VERIFY_PY.as_bytes())
}

struct Log {
    leaves: Vec<Hash>,
    bodies: Vec<Vec<u8>>,
    case: Vec<(u64, Vec<u8>)>,
}

fn read_log(conn: &Connection, case: &str, size: u64) -> Result<Log> {
    let mut log = Log { leaves: Vec::new(), bodies: Vec::new(), case: Vec::new() };
    let mut query = conn.prepare("SELECT leaf, body, case_id IS ?1 FROM audit_entry WHERE seq < ?2 ORDER BY seq")?;
    let mut rows = query.query(params![case, to_db(size)])?;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(1)?;
        if row.get(2)? {
            log.case.push((log.leaves.len() as u64, body.clone()));
        }
        log.leaves.push(row.get(0)?);
        log.bodies.push(body);
    }
    Ok(log)
}

/// A C2SP tlog-proof: the way from the entry's hash to the signed root, and the checkpoint that signs it.
fn proof_text(tree: &Tree, seq: u64, signed: &Checkpoint) -> Option<String> {
    let hashes = tree.proof(seq, signed.size)?;
    let lines: String = hashes.iter().map(|hash| BASE64_STANDARD.encode(hash) + "\n").collect();
    Some(format!("{PROOF_HEADER}\nindex {seq}\n{lines}\n{}", signed.note))
}

/// Digests of the files that these entries name, each once, in a fixed order.
fn evidence_of(case: &[(u64, Vec<u8>)]) -> BTreeSet<String> {
    let read = case.iter().filter_map(|(_, body)| entry::decode(body.clone()).ok());
    let named = read.flat_map(|entry| entry.draft.evidence);
    named.filter_map(|digest| Some(digest.strip_prefix("sha256:")?.to_owned())).collect()
}

fn evidence_file(conn: &Connection, digest: &str) -> Result<Option<(String, Vec<u8>)>> {
    let mut query = conn.prepare_cached("SELECT name, bytes FROM evidence_file WHERE sha256 = ?")?;
    Ok(query.query_row([digest], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn lost_evidence(digest: &str) -> String {
    format!("the evidence sha256:{digest} that the case names is no longer kept; run `exeunt audit verify`, restore it from a backup")
}

/// A file name that is harmless on every system: names come from outside.
fn plain_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }
    };
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.chars().map(plain).take(80).collect()
}

fn check_extra_names(extra_files: &[(String, Vec<u8>)]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (name, _) in extra_files {
        let lower = name.to_lowercase();
        let ours = OURS.contains(&lower.split('/').next().unwrap_or(""));
        let strange = name.is_empty() || name.contains('\\') || name.split('/').any(|part| ["", ".", ".."].contains(&part));
        if ours || strange {
            return Err(format!("an extra file can't be called `{name}`; choose another name"));
        }
        if !seen.insert(lower) {
            return Err(format!("two extra files are called `{name}`"));
        }
    }
    Ok(())
}

fn how_to_verify(case: &str, signer: &Signer) -> String {
    HOW_TO_VERIFY.replace("{case}", case).replace("{origin}", &signer.verifier().origin).replace("{vkey}", &signer.verifier().to_string())
}

fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut reader = std::io::BufReader::with_capacity(1 << 16, File::open(path)?);
    loop {
        let read = std::io::BufRead::fill_buf(&mut reader)?;
        if read.is_empty() {
            return Ok(hex(context.finish().as_ref()));
        }
        context.update(read);
        let n = read.len();
        std::io::BufRead::consume(&mut reader, n);
    }
}

/// A zip whose bytes depend on its contents and one time alone.
struct Zip {
    writer: ZipWriter<BufWriter<File>>,
    options: SimpleFileOptions,
}

impl Zip {
    fn create(path: &Path, at: Timestamp) -> std::io::Result<Zip> {
        let utc = at.to_zoned(TimeZone::UTC).datetime();
        let part = |n: i8| u8::try_from(n).unwrap_or(0);
        let (month, day) = (part(utc.month()), part(utc.day()));
        let (hour, minute, second) = (part(utc.hour()), part(utc.minute()), part(utc.second()));
        let year = u16::try_from(utc.year()).unwrap_or(1980);
        // Zip knows the years 1980 to 2107; outside them a file carries the format's first day.
        let time = zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default();
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(time).unix_permissions(0o600);
        Ok(Zip { writer: ZipWriter::new(BufWriter::new(private::create(path)?)), options })
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> zip::result::ZipResult<()> {
        let options = self.options.large_file(bytes.len() as u64 > u64::from(u32::MAX));
        self.writer.start_file(name, options)?;
        Ok(self.writer.write_all(bytes)?)
    }

    fn finish(self) -> zip::result::ZipResult<File> {
        let buffered = self.writer.finish()?;
        buffered.into_inner().map_err(|e| zip::result::ZipError::Io(e.into_error()))
    }
}
