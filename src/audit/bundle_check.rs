//! Verification of a bundle: its log, its case, its proofs and its files against the signed root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use super::bundle::{BUNDLED, MANIFEST, PROOF_HEADER, named};
use super::bundle_files::Files;
use super::checkpoint::Checkpoint;
use super::entry::Entry;
use super::key::VerifierKey;
use super::report::{Note, Problem, Report, Wrong};
use super::tiles::{WIDTH, parse_entry_bundle, tile_path};
use super::verify::{judge, name_gaps};
use super::{Error, Hash, Result, Tree, entry, hex, leaf_hash, proves_inclusion, sha256, since};

/// A log of more entries is not read: each takes memory, also where the bundle holds nothing of it.
const MOST_ENTRIES: u64 = 4 << 20;

/// So many problems are listed.
const MOST_PROBLEMS: usize = 1000;

pub(crate) fn verify(path: &Path, vkey: Option<&str>, earlier: &[Checkpoint]) -> Result<Report> {
    let mut files = Files::open(path).map_err(|why| Error::Bundle { path: path.to_owned(), why })?;
    let mut check = Check { problems: Vec::new(), notes: Vec::new(), expected: BTreeSet::new(), bundled_at: None };
    let checkpoint = check.checkpoint(&mut files, vkey)?;
    if let Some(Checkpoint { size, .. }) =
        checkpoint.as_ref().filter(|checkpoint| checkpoint.size > MOST_ENTRIES && check.problems.is_empty())
    {
        let why = format!("its checkpoint names {size} entries; more than {MOST_ENTRIES} are not read, so this could not be verified");
        return Err(Error::Bundle { path: path.to_owned(), why });
    }
    let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.size <= MOST_ENTRIES) else {
        let Check { problems, notes, .. } = check;
        return Ok(Report { entries: 0, size: 0, root: None, origin: None, signed_at: None, problems, notes });
    };
    let log = check.log(&mut files, &checkpoint);
    let leaves: Option<Vec<Hash>> = log.leaves.iter().copied().collect();
    let key = vkey.map(VerifierKey::parse).transpose()?;
    check.problems.extend(since::check(key.as_ref(), earlier, checkpoint.size, leaves.map(Tree::new).as_ref()));
    check.case(&mut files, &checkpoint, &log);
    Ok(Report {
        entries: log.entries,
        size: checkpoint.size,
        root: Some(checkpoint.root),
        origin: Some(checkpoint.origin),
        signed_at: check.bundled_at,
        problems: check.problems,
        notes: check.notes,
    })
}

struct Check {
    problems: Vec<Problem>,
    notes: Vec<Note>,
    /// The files that a bundle with this log and this case has.
    expected: BTreeSet<String>,
    /// When the bundle was made, as the entry says that vouches for its files.
    bundled_at: Option<Timestamp>,
}

/// What the bundle tells of the log.
struct Log {
    /// The hash in each place, as far as the bundle has one that can be trusted.
    leaves: Vec<Option<Hash>>,
    /// Places of each case's entries; none when entries of other cases are withheld.
    cases: Option<BTreeMap<String, BTreeSet<u64>>>,
    /// Entries that were read.
    entries: u64,
}

impl Check {
    fn wrong(&mut self, seq: Option<u64>, wrong: Wrong) {
        // A bundle in which everything is wrong needs no longer list.
        if self.problems.len() >= MOST_PROBLEMS {
            return;
        }
        let (seq, wrong) = match self.problems.len() + 1 == MOST_PROBLEMS {
            true => (None, Wrong::File { name: "the bundle".into(), why: "more is wrong than is listed here".into() }),
            false => (seq, wrong),
        };
        self.problems.push(Problem { seq, wrong });
    }

    fn file(&mut self, name: &str, why: impl Into<String>) {
        self.wrong(None, Wrong::File { name: name.into(), why: why.into() });
    }

    fn checkpoint(&mut self, files: &mut Files, vkey: Option<&str>) -> Result<Option<Checkpoint>> {
        let key = match vkey {
            Some(given) => Some(VerifierKey::parse(given)?),
            None => match files.text("log.vkey").and_then(|text| VerifierKey::parse(&text).map_err(|e| e.to_string())) {
                Ok(key) => {
                    self.notes.push(Note::KeyFromBundle(key.to_string()));
                    Some(key)
                }
                Err(why) => {
                    self.file("log.vkey", why);
                    None
                }
            },
        };
        let checkpoint = match files.text("checkpoint").and_then(|note| Checkpoint::parse(&note)) {
            Ok(checkpoint) => checkpoint,
            Err(why) => {
                self.file("checkpoint", why);
                return Ok(None);
            }
        };
        if let Some(Err(why)) = key.map(|key| checkpoint.verify(&key)) {
            self.wrong(None, Wrong::Checkpoint { size: checkpoint.size, why });
        }
        Ok(Some(checkpoint))
    }

    fn log(&mut self, files: &mut Files, checkpoint: &Checkpoint) -> Log {
        // A checkpoint may claim any size; only so much can be in these files, whatever their names are.
        let held = (files.names.len() as u64).saturating_mul(WIDTH);
        let size = checkpoint.size.min(held);
        let withheld = !files.names.iter().any(|name| name.starts_with("tile/entries/"));
        let tiles = self.leaf_tiles(files, size);
        let bodies = if withheld { vec![None; tiles.len()] } else { self.entry_bundles(files, size) };
        let hashes: Vec<Option<Hash>> = bodies.iter().map(|body| body.as_deref().map(leaf_hash)).collect();

        // Two accounts of the same leaves. The one that gives the signed root is right, and tells what the other has wrong.
        let root = |leaves: &[Option<Hash>]| {
            let leaves: Option<Vec<Hash>> = leaves.iter().copied().collect();
            let tree = Tree::new(leaves?);
            (size == checkpoint.size && tree.root(size) == Some(checkpoint.root)).then_some(tree)
        };
        let (leaves, tree) = match root(&tiles) {
            Some(tree) => (tiles, Some(tree)),
            None => match root(&hashes) {
                Some(tree) => (hashes, Some(tree)),
                None => {
                    self.wrong(Some(0), Wrong::Root { size: checkpoint.size });
                    (tiles, None)
                }
            },
        };
        if let Some(tree) = tree {
            for (path, bytes) in tree.tiles(size) {
                self.expected.insert(path.clone());
                match files.bytes(&path) {
                    Ok(found) if found == bytes => {}
                    Ok(_) => self.file(&path, "altered, its hashes are not those of the signed tree"),
                    Err(why) => self.file(&path, why),
                }
            }
        } else {
            self.expected.extend(files.names.iter().filter(|name| name.starts_with("tile/")).cloned());
        }
        if withheld {
            return Log { leaves, cases: None, entries: 0 };
        }
        self.entries(&bodies, leaves, checkpoint.size)
    }

    fn entries(&mut self, bodies: &[Option<Vec<u8>>], leaves: Vec<Option<Hash>>, size: u64) -> Log {
        let mut judged = BTreeMap::new();
        let mut cases: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        let mut entries = 0;
        for (place, body) in (0_u64..).zip(bodies) {
            let Some(body) = body else {
                judged.insert(place, Wrong::Missing { through: place });
                continue;
            };
            entries += 1;
            if let Some(wrong) = judge(place, body, &leaves) {
                judged.insert(place, wrong);
            }
            if let Some(case) = entry::decode(body.clone()).ok().and_then(|entry| entry.draft.case) {
                cases.entry(case).or_default().insert(place);
            }
        }
        let held = bodies.len() as u64;
        let mut named = name_gaps(judged, held);
        if held < size {
            named.push(Problem { seq: Some(held), wrong: Wrong::Missing { through: size - 1 } });
        }
        self.problems.splice(0..0, named);
        Log { leaves, cases: Some(cases), entries }
    }

    fn leaf_tiles(&mut self, files: &mut Files, size: u64) -> Vec<Option<Hash>> {
        let mut leaves = Vec::new();
        for (n, width) in widths(size) {
            // A missing or short tile is named when all tiles are compared; here it only leaves its places empty.
            let bytes = files.bytes(&tile_path("0", n, width)).unwrap_or_default();
            let (hashes, _) = bytes.as_chunks();
            leaves.extend((0..width as usize).map(|i| hashes.get(i).copied()));
        }
        leaves
    }

    fn entry_bundles(&mut self, files: &mut Files, size: u64) -> Vec<Option<Vec<u8>>> {
        let mut bodies = Vec::new();
        for (n, width) in widths(size) {
            let path = tile_path("entries", n, width);
            self.expected.insert(path.clone());
            let bytes = files.bytes(&path).unwrap_or_else(|why| {
                self.file(&path, why);
                Vec::new()
            });
            let (entries, whole) = parse_entry_bundle(&bytes);
            if !whole || entries.len() as u64 > width {
                self.file(&path, format!("it is not a sequence of {width} whole entries"));
            }
            bodies.extend((0..width as usize).map(|i| entries.get(i).map(|entry| (*entry).to_owned())));
        }
        bodies
    }

    fn case(&mut self, files: &mut Files, checkpoint: &Checkpoint, log: &Log) {
        let text = match files.bytes("case.jsonl") {
            Ok(text) => text,
            Err(why) => return self.file("case.jsonl", why),
        };
        let mut cases = BTreeSet::new();
        let mut seqs = BTreeSet::new();
        let mut evidence: BTreeMap<String, u64> = BTreeMap::new();
        let mut last = None;
        let lines = text.strip_suffix(b"\n").unwrap_or(&text).split(|byte| *byte == b'\n');
        for (line, number) in lines.zip(1..) {
            if self.problems.len() >= MOST_PROBLEMS {
                break;
            }
            let entry = match entry::decode(line.to_owned()) {
                Ok(entry) => entry,
                Err(why) => {
                    self.file("case.jsonl", format!("line {number} is not an audit entry, {why}"));
                    continue;
                }
            };
            let seq = entry.seq;
            if seqs.last().is_some_and(|last| *last >= seq) {
                self.file("case.jsonl", format!("line {number} holds entry {seq} out of order"));
            }
            seqs.insert(seq);
            let leaf = leaf_hash(line);
            let expected = usize::try_from(seq).ok().and_then(|i| log.leaves.get(i).copied().flatten());
            if expected.is_some_and(|expected| expected != leaf) {
                self.file("case.jsonl", format!("line {number}, entry {seq}, is altered"));
            }
            if let Err(why) = proof(files, seq, &leaf, checkpoint) {
                self.wrong(Some(seq), Wrong::Proof(why));
            }
            self.expected.insert(proof_name(seq));
            match &entry.draft.case {
                Some(case) => drop(cases.insert(case.clone())),
                None => self.file("case.jsonl", format!("line {number}, entry {seq}, is of no case")),
            }
            for digest in &entry.draft.evidence {
                evidence.entry(digest.clone()).or_insert(seq);
            }
            last = Some(entry);
        }
        if cases.len() != 1 {
            let named: Vec<String> = cases.iter().cloned().collect();
            self.file("case.jsonl", format!("it should hold one case and holds {} ({})", cases.len(), named.join(", ")));
        }
        match &log.cases {
            Some(all) => {
                for seq in cases.iter().filter_map(|case| all.get(case)).flatten().filter(|seq| !seqs.contains(seq)) {
                    self.file("case.jsonl", format!("entry {seq} belongs to the case and is left out"));
                }
            }
            None => self.notes.push(Note::EntriesWithheld(checkpoint.size.saturating_sub(seqs.len() as u64))),
        }
        self.evidence(files, evidence);
        self.manifest(files, &seqs, last.as_ref());
    }

    /// The files that no entry names by itself: their digests stand in the manifest, and its own in the case's last entry. Nothing else is here.
    fn manifest(&mut self, files: &mut Files, seqs: &BTreeSet<u64>, last: Option<&Entry>) {
        for (name, why) in std::mem::take(&mut files.strange) {
            self.file(&name, why);
        }
        let Some(last) = last.filter(|last| last.draft.act == BUNDLED) else {
            return self.file("case.jsonl", "its last entry is not the one that vouches for the bundle's files");
        };
        let text = match files.bytes(MANIFEST) {
            Ok(text) => text,
            Err(why) => return self.file(MANIFEST, why),
        };
        if last.draft.detail["files"] != named(&text) {
            return self.file(MANIFEST, "altered, it is not the one that the case's last entry names");
        }
        let told: Manifest = match serde_json::from_slice(&text) {
            Ok(told) => told,
            Err(error) => return self.file(MANIFEST, error.to_string()),
        };
        self.bundled_at = Some(last.at);
        for (name, digest) in told.files {
            match files.bytes(&name) {
                Ok(bytes) if named(&bytes) == digest => {}
                Ok(_) => self.file(&name, "altered, it is not the file that the bundle was made with"),
                Err(why) => self.file(&name, why),
            }
            self.expected.insert(name);
        }
        for seq in told.entries.iter().filter(|seq| !seqs.contains(seq)) {
            let left_out = format!("entry {seq} belongs to the case and is left out");
            let wrong = Wrong::File { name: "case.jsonl".to_owned(), why: left_out };
            if !self.problems.iter().any(|problem| problem.wrong == wrong) {
                self.wrong(None, wrong);
            }
        }
        self.expected.extend(["checkpoint", "case.jsonl", MANIFEST].map(str::to_owned));
        let strays: Vec<String> = files.names.difference(&self.expected).filter(|name| !name.starts_with("files/")).cloned().collect();
        for name in strays {
            self.file(&name, "it is no file of this bundle");
        }
    }

    /// Every file that an entry names is here and is that file, and no other is here.
    fn evidence(&mut self, files: &mut Files, mut named: BTreeMap<String, u64>) {
        let kept: Vec<String> = files.names.iter().filter(|name| name.starts_with("files/")).cloned().collect();
        for name in kept {
            let claimed = name.strip_prefix("files/").and_then(|rest| rest.split('-').next()).unwrap_or_default();
            let claimed = format!("sha256:{claimed}");
            let Some(seq) = named.remove(&claimed) else {
                self.file(&name, "no entry of the case names it");
                continue;
            };
            match files.bytes(&name) {
                Ok(bytes) if format!("sha256:{}", hex(&sha256(&bytes))) == claimed => {}
                Ok(_) => self.wrong(Some(seq), Wrong::EvidenceAltered(claimed)),
                Err(why) => self.file(&name, why),
            }
        }
        for (digest, seq) in named {
            self.wrong(Some(seq), Wrong::EvidenceMissing(digest));
        }
    }
}

/// The bundle's manifest.
#[derive(Deserialize)]
struct Manifest {
    /// Places of the case's entries before the one that vouches for them.
    entries: Vec<u64>,
    /// Each file's digest.
    files: BTreeMap<String, String>,
}

fn proof_name(seq: u64) -> String {
    format!("proofs/{seq}.tlog-proof")
}

/// The tiles of the lowest level: index and width of each.
fn widths(size: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..size.div_ceil(WIDTH)).map(move |n| (n, WIDTH.min(size - n * WIDTH)))
}

/// Follows an entry's proof to the signed root.
fn proof(files: &mut Files, seq: u64, leaf: &Hash, checkpoint: &Checkpoint) -> Result<(), String> {
    let name = proof_name(seq);
    let text = files.text(&name)?;
    let (head, note) = text.split_once("\n\n").ok_or("it holds no checkpoint")?;
    if note != checkpoint.note {
        return Err("it holds another checkpoint than the bundle".into());
    }
    let mut lines = head.lines();
    if lines.next() != Some(PROOF_HEADER) {
        return Err(format!("it is not a {PROOF_HEADER}"));
    }
    let mut lines = lines.filter(|line| !line.starts_with("extra ")).peekable();
    if lines.next() != Some(&format!("index {seq}")) {
        return Err(format!("it is not of index {seq}"));
    }
    let hash = |line: &str| BASE64_STANDARD.decode(line).ok()?.try_into().ok();
    let hashes: Option<Vec<Hash>> = lines.map(hash).collect();
    let hashes = hashes.ok_or("a line of it is not a hash")?;
    if proves_inclusion(leaf, seq, checkpoint.size, &hashes, &checkpoint.root) {
        Ok(())
    } else {
        Err("the entry's hash doesn't lead to the signed root".into())
    }
}
