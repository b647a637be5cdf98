//! Verification of the store's own log.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rusqlite::{Connection, Row};

use super::checkpoint::{Checkpoint, KEY_REPLACED};
use super::key::VerifierKey;
use super::report::{Note, Problem, Report, Wrong};
use super::rows::Told;
use super::{Hash, Result, Tree, count, entry, hex, leaf_hash, sha256, since, to_db};

/// A gap in the numbering longer than this is reported as one, and what stands behind it is not read.
const MAX_GAP: u64 = 1 << 20;

/// Checks the whole log in the store against every checkpoint ever signed.
pub fn verify_store(conn: &Connection, vkey: &str) -> Result<Report> {
    verify_store_since(conn, vkey, &[])
}

/// As [`verify_store`]; the log must also go on from these checkpoints, which were given away earlier.
pub fn verify_store_since(conn: &Connection, vkey: &str, earlier: &[Checkpoint]) -> Result<Report> {
    let key = VerifierKey::parse(vkey)?;
    // One transaction, so that all is read from one moment.
    let tx = conn.unchecked_transaction()?;
    let mut problems = Vec::new();
    let leaves = stored_leaves(&tx, &mut problems)?;
    let files = evidence_state(&tx)?;

    let mut judged = BTreeMap::new();
    let mut evidence = Vec::new();
    let mut hashes = Vec::new();
    let mut keys = Keys::default();
    let mut query = tx.prepare("SELECT seq, body, case_id FROM audit_entry WHERE seq < ? ORDER BY seq")?;
    let mut rows = query.query([to_db(leaves.len() as u64)])?;
    let mut entries = 0;
    let mut told = Told::default();
    while let Some(row) = rows.next()? {
        let seq = count(row, 0)?;
        let body = bytes(row, 1)?;
        entries += 1;
        hashes.push(leaf_hash(&body));
        if let Some(wrong) = judge(seq, &body, &leaves) {
            judged.insert(seq, wrong);
        }
        let Ok(read) = entry::decode(body) else {
            continue;
        };
        keys.note(seq, &read);
        if read.draft.case != row.get::<_, Option<String>>(2)? {
            judged.entry(seq).or_insert(Wrong::Misfiled);
        }
        told.hear(&read);
        for digest in read.draft.evidence {
            match files.get(&digest) {
                Some(true) => {}
                Some(false) => evidence.push(Problem { seq: Some(seq), wrong: Wrong::EvidenceAltered(digest) }),
                None => evidence.push(Problem { seq: Some(seq), wrong: Wrong::EvidenceMissing(digest) }),
            }
        }
    }
    for place in (0_u64..).zip(&leaves).filter_map(|(place, leaf)| leaf.is_none().then_some(place)) {
        judged.insert(place, Wrong::Missing { through: place });
    }

    let whole: Vec<Hash> = leaves.iter().map_while(|leaf| *leaf).collect();
    let whole = Tree::new(whole);
    let by_body = (whole.size() == leaves.len() as u64 && !judged.is_empty()).then(|| Tree::new(hashes));
    let signed = check_checkpoints(&tx, &keys.of(&tx, &key)?, &whole, by_body.as_ref(), leaves.len() as u64)?;
    if signed.bodies_are_right {
        // The bodies give the signed root: whoever differs from its stored hash, the hash is what was changed.
        judged.values_mut().filter(|wrong| **wrong == Wrong::Altered).for_each(|wrong| *wrong = Wrong::HashAltered);
    }
    if let Some(last) = &signed.latest {
        for place in leaves.len() as u64..last.size.min(leaves.len() as u64 + MAX_GAP) {
            judged.insert(place, Wrong::Missing { through: place });
        }
    }
    problems.splice(0..0, name_gaps(judged, leaves.len() as u64));
    problems.extend(evidence);
    problems.extend(signed.problems);
    problems.extend(told.check(&tx)?);
    problems.extend(since::check(Some(&key), earlier, leaves.len() as u64, Some(&whole)));

    let size = signed.latest.as_ref().map_or(0, |last| last.size);
    let tail = (leaves.len() as u64).saturating_sub(size);
    Ok(Report {
        entries,
        size,
        root: signed.latest.as_ref().map(|last| last.root),
        origin: signed.latest.as_ref().map(|last| last.origin.clone()),
        signed_at: signed.latest.and_then(|last| last.signed_at),
        problems,
        notes: keys.notes().chain((tail > 0).then_some(Note::UnsignedTail(tail))).collect(),
    })
}

/// Checks a bundle, zip or folder. Without a key of your own, the bundle's is used, and the report says so.
pub fn verify_bundle(path: &Path, vkey: Option<&str>) -> Result<Report> {
    super::bundle_check::verify(path, vkey, &[])
}

/// As [`verify_bundle`]; the bundle's log must also go on from these checkpoints, which were given away earlier.
pub fn verify_bundle_since(path: &Path, vkey: Option<&str>, earlier: &[Checkpoint]) -> Result<Report> {
    super::bundle_check::verify(path, vkey, earlier)
}

/// What is wrong with the bytes that stand in a place, given the hashes that should be in each.
pub(crate) fn judge(place: u64, body: &[u8], leaves: &[Option<Hash>]) -> Option<Wrong> {
    let at = |place: u64| usize::try_from(place).ok().and_then(|i| leaves.get(i).copied().flatten());
    let hash = leaf_hash(body);
    let fits = at(place) == Some(hash);
    let read = entry::decode(body.to_owned());
    if let Ok(read) = &read
        && read.seq != place
        && (fits || at(read.seq) == Some(hash))
    {
        return Some(Wrong::Reordered { says: read.seq });
    }
    if !fits {
        return Some(Wrong::Altered);
    }
    if let Err(why) = read {
        return Some(Wrong::Unreadable(why));
    }
    (!entry::is_canonical(body)).then_some(Wrong::NotCanonical)
}

/// Judgements as problems, told the way they came about: neighbours that are gone become one gap, and a whole run
/// that moved up to fill a gap is named as that gap. `end` is where the log ends.
pub(crate) fn name_gaps(mut judged: BTreeMap<u64, Wrong>, end: u64) -> Vec<Problem> {
    let shift = |judged: &BTreeMap<u64, Wrong>, place: u64| match judged.get(&place) {
        Some(Wrong::Reordered { says }) => says.checked_sub(place).filter(|by| *by > 0),
        _ => None,
    };
    let places: Vec<u64> = judged.keys().copied().collect();
    let mut done = 0;
    for first in places {
        let Some(by) = shift(&judged, first).filter(|_| first >= done) else {
            continue;
        };
        let after = (first..).find(|place| shift(&judged, *place) != Some(by)).unwrap_or(first);
        done = after;
        let gone = |place: u64| place >= end || matches!(judged.get(&place), Some(Wrong::Missing { .. }));
        if (after..after + by).all(gone) {
            (first..after + by).for_each(|place| drop(judged.remove(&place)));
            judged.insert(first, Wrong::Missing { through: first + by - 1 });
        }
    }
    let mut problems: Vec<Problem> = Vec::new();
    for (seq, wrong) in judged {
        if let (Some(Problem { wrong: Wrong::Missing { through }, .. }), Wrong::Missing { through: further }) =
            (problems.last_mut(), &wrong)
            && *through + 1 == seq
        {
            *through = *further;
            continue;
        }
        problems.push(Problem { seq: Some(seq), wrong });
    }
    problems
}

/// The keys that were replaced, as entries of the log say it.
#[derive(Default)]
struct Keys {
    /// Place of the entry, the key before it and the key after it, and what a reader is told.
    replaced: Vec<(u64, VerifierKey, VerifierKey, Note)>,
}

impl Keys {
    fn note(&mut self, seq: u64, entry: &entry::Entry) {
        if entry.draft.act != KEY_REPLACED {
            return;
        }
        let text = |name: &str| entry.draft.detail[name].as_str().unwrap_or_default().to_owned();
        if let (Ok(old), Ok(new)) = (VerifierKey::parse(&text("old")), VerifierKey::parse(&text("new"))) {
            let note = Note::KeyReplaced { seq, old: text("old"), by: entry.draft.actor.clone(), reason: text("reason") };
            self.replaced.push((seq, old, new, note));
        }
    }

    /// Which key signs trees of up to which size, given the key that the reader trusts. An entry counts only where that key has signed a tree that
    /// holds it: else anybody could name a key of their own for everything before.
    fn of(&mut self, conn: &Connection, trusted: &VerifierKey) -> Result<Vec<(u64, VerifierKey)>> {
        let covered = super::latest(conn).ok().flatten().filter(|last| last.verify(trusted).is_ok()).map_or(0, |last| last.size);
        let leads_here = self.replaced.last().is_some_and(|(.., new, _)| new == trusted);
        if !leads_here {
            self.replaced.clear();
        }
        self.replaced.retain(|(seq, ..)| *seq < covered);
        let mut keys: Vec<(u64, VerifierKey)> = self.replaced.iter().map(|(seq, old, ..)| (*seq, old.clone())).collect();
        keys.push((u64::MAX, trusted.clone()));
        Ok(keys)
    }

    fn notes(&self) -> impl Iterator<Item = Note> + '_ {
        self.replaced.iter().map(|(.., note)| note.clone())
    }
}

struct Signed {
    latest: Option<Checkpoint>,
    bodies_are_right: bool,
    problems: Vec<Problem>,
}

/// Every checkpoint: its row, its signature by the key that signs trees of its size, its root. `tree` is of the stored hashes up to the first gap.
fn check_checkpoints(conn: &Connection, keys: &[(u64, VerifierKey)], tree: &Tree, by_body: Option<&Tree>, length: u64) -> Result<Signed> {
    let mut signed = Signed { latest: None, bodies_are_right: false, problems: Vec::new() };
    let mut fitted_to = 0;
    let mut query = conn.prepare("SELECT size, root, note, signed_at FROM audit_checkpoint ORDER BY size")?;
    let mut rows = query.query([])?;
    let mut root_reported = false;
    while let Some(row) = rows.next()? {
        let (size, root, note) = (count(row, 0)?, bytes(row, 1)?, row.get::<_, String>(2)?);
        let signed_at: String = row.get(3)?;
        let mut problem = |why: String| signed.problems.push(Problem { seq: None, wrong: Wrong::Checkpoint { size, why } });
        let parsed = match Checkpoint::parse(&note) {
            Ok(parsed) => parsed,
            Err(why) => {
                problem(format!("not a checkpoint, {why}"));
                continue;
            }
        };
        if parsed.size != size || parsed.root.as_slice() != root {
            problem(format!("its row differs from the note, which is of {} entries", parsed.size));
        }
        let key = keys.iter().find(|(through, _)| parsed.size <= *through).map(|(_, key)| key);
        if let Some(Err(why)) = key.map(|key| parsed.verify(key)) {
            problem(why);
        }
        if tree.size() == length && parsed.size <= length || parsed.size <= tree.size() {
            if tree.root(parsed.size) == Some(parsed.root) {
                fitted_to = parsed.size;
            } else if by_body.and_then(|bodies| bodies.root(parsed.size)) == Some(parsed.root) {
                signed.bodies_are_right = true;
                fitted_to = parsed.size;
            } else if !root_reported {
                // What was signed later contains this, so its roots differ as well and would add nothing.
                root_reported = true;
                let wrong = Wrong::Root { size: parsed.size };
                signed.problems.push(Problem { seq: Some(fitted_to), wrong });
            }
        }
        signed.latest = Some(Checkpoint { signed_at: signed_at.parse().ok(), ..parsed });
    }
    Ok(signed)
}

/// The stored hashes by place; none where the numbering has a gap.
fn stored_leaves(conn: &Connection, problems: &mut Vec<Problem>) -> Result<Vec<Option<Hash>>> {
    let mut leaves = Vec::new();
    let mut query = conn.prepare("SELECT seq, leaf FROM audit_entry ORDER BY seq")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, next) = (count(row, 0)?, leaves.len() as u64);
        if seq > next + MAX_GAP {
            problems.push(Problem { seq: Some(next), wrong: Wrong::Missing { through: seq - 1 } });
            break;
        }
        leaves.resize(leaves.len() + (seq - next) as usize, None);
        // A hash of another length fits nothing, so it is reported as altered.
        leaves.push(Some(bytes(row, 1)?.try_into().unwrap_or_default()));
    }
    Ok(leaves)
}

/// Every kept file by its name in entries, and whether its bytes are still those.
fn evidence_state(conn: &Connection) -> Result<HashMap<String, bool>> {
    let mut state = HashMap::new();
    let mut query = conn.prepare("SELECT sha256, bytes FROM evidence_file")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let digest: String = row.get(0)?;
        let right = hex(&sha256(&bytes(row, 1)?)) == digest;
        state.insert(format!("sha256:{digest}"), right);
    }
    Ok(state)
}

/// Bytes of a column whatever its type: whoever tampers doesn't keep to the schema.
fn bytes(row: &Row, column: usize) -> Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_bytes_or_null().ok().flatten().unwrap_or_default().to_owned())
}
