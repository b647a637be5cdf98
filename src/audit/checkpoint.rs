//! Checkpoints: the log's tree head as a signed note.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::json;

use super::key::{Signer, VerifierKey};
use super::{Draft, Error, Hash, Result, Tree, append, count, leaf_hash, to_db};

/// A signed tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// Their RFC 6962 root hash.
    pub root: Hash,
    /// The signed note, exactly as published.
    pub note: String,
    /// When it was signed by our clock; the signature doesn't cover it, so a note alone doesn't know.
    pub signed_at: Option<Timestamp>,
}

impl Checkpoint {
    /// Reads a note. Says nothing about its signatures: see `verify`.
    pub fn parse(note: &str) -> Result<Checkpoint, String> {
        let (text, _) = split_note(note)?;
        let mut lines = text.lines();
        let mut line = |what| lines.next().ok_or(format!("it has no {what}"));
        let (origin, size, root) = (line("origin")?, line("size")?, line("root hash")?);
        let parsed: u64 = size.parse().map_err(|_| format!("its size `{size}` is no number"))?;
        if parsed.to_string() != size {
            return Err(format!("its size `{size}` is not in plain decimal"));
        }
        let root = BASE64_STANDARD.decode(root).ok().and_then(|hash| hash.try_into().ok());
        let root = root.ok_or("its root is not 32 bytes in base64")?;
        Ok(Checkpoint { origin: origin.into(), size: parsed, root, note: note.into(), signed_at: None })
    }

    /// Whether this key signed the note under its own name. Lines of other keys (witnesses) are passed over.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), String> {
        if self.origin != key.origin {
            return Err(format!("it is of the log `{}`, the key is of `{}`", self.origin, key.origin));
        }
        let (text, signatures) = split_note(&self.note)?;
        let ours = signatures.iter().filter(|(name, id, _)| *name == key.origin && *id == key.id);
        let mut signed = false;
        for (_, _, signature) in ours {
            UnparsedPublicKey::new(&ED25519, key.public)
                .verify(text.as_bytes(), signature)
                .map_err(|_| "its signature is not valid: text or signature was altered".to_owned())?;
            signed = true;
        }
        if signed { Ok(()) } else { Err(format!("it is not signed by {key}")) }
    }
}

type SignatureLine<'a> = (&'a str, [u8; 4], Vec<u8>);

/// A note's text (with its last newline) and its signature lines.
fn split_note(note: &str) -> Result<(&str, Vec<SignatureLine<'_>>), String> {
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err("it holds control characters".into());
    }
    let end = note.rfind("\n\n").ok_or("it has no signature")?;
    let (text, lines) = (&note[..=end], &note[end + 2..]);
    if lines.is_empty() || !lines.ends_with('\n') {
        return Err("its last line is not a whole signature".into());
    }
    let signature = |line: &'_ str| -> Option<([u8; 4], Vec<u8>)> {
        let bytes = BASE64_STANDARD.decode(line).ok()?;
        let (id, signature) = bytes.split_first_chunk()?;
        Some((*id, signature.to_owned()))
    };
    let mut signatures = Vec::new();
    for line in lines.lines() {
        let parts = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
        let parsed = parts.and_then(|(name, encoded)| Some((name, signature(encoded)?)));
        let (name, (id, bytes)) = parsed.ok_or("a signature line is malformed")?;
        signatures.push((name, id, bytes));
    }
    Ok((text, signatures))
}

/// Signs the log as it stands, unless it is signed already.
///
/// Refuses to sign a tree that is smaller than the last signed one or that doesn't contain it, under another name or
/// key than before, or with a new entry that its stored hash doesn't fit.
pub fn checkpoint(conn: &mut Connection, signer: &Signer, at: Timestamp) -> Result<Checkpoint> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    check_key(&tx, signer, at)?;
    let last = latest(&tx)?;
    let signed = last.as_ref().map_or(0, |c| c.size);
    let tree = read_tree(&tx, signed)?;
    if let Some(last) = last {
        if tree.size() < last.size {
            let why = format!("it holds {} entries but {} were signed", tree.size(), last.size);
            return Err(Error::Refused(format!("{why}; restore the database, or run `exeunt audit verify`")));
        }
        if tree.root(last.size) != Some(last.root) {
            let why = format!("its first {} entries are not those that were signed", last.size);
            return Err(Error::Refused(format!("{why}; run `exeunt audit verify` to see which")));
        }
        if tree.size() == last.size {
            tx.commit()?;
            return Ok(last);
        }
    }
    let root = tree.root(tree.size()).ok_or_else(|| Error::Malformed("the audit tree has no root".into()))?;
    let new = sign(signer, tree.size(), root, at);
    tx.execute(
        "INSERT INTO audit_checkpoint (size, root, note, signed_at) VALUES (?, ?, ?, ?)",
        params![to_db(new.size), new.root, new.note, at.to_string()],
    )?;
    tx.commit()?;
    Ok(new)
}

/// The checkpoint of a tree: three lines, an empty one, a signature.
pub(super) fn sign(signer: &Signer, size: u64, root: Hash, signed_at: Timestamp) -> Checkpoint {
    let origin = &signer.verifier().origin;
    let text = format!("{origin}\n{size}\n{}\n", BASE64_STANDARD.encode(root));
    let signature = [&signer.verifier().id[..], signer.sign(text.as_bytes()).as_slice()].concat();
    let note = format!("{text}\n— {origin} {}\n", BASE64_STANDARD.encode(signature));
    Checkpoint { origin: origin.clone(), size, root, note, signed_at: Some(signed_at) }
}

/// The checkpoint that was signed last.
pub fn latest(conn: &Connection) -> Result<Option<Checkpoint>> {
    let row = conn
        .prepare_cached("SELECT size, root, note, signed_at FROM audit_checkpoint ORDER BY size DESC LIMIT 1")?
        .query_row([], |row| Ok((count(row, 0)?, row.get::<_, Hash>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?)))
        .optional()?;
    let Some((size, root, note, signed_at)) = row else {
        return Ok(None);
    };
    let parsed = Checkpoint::parse(&note).map_err(|why| Error::Refused(format!("its last checkpoint is damaged: {why}")))?;
    if (parsed.size, parsed.root) != (size, root) {
        return Err(Error::Refused("its last checkpoint doesn't say what its row says; run `exeunt audit verify`".into()));
    }
    Ok(Some(Checkpoint { signed_at: signed_at.parse().ok(), ..parsed }))
}

/// The verifier key that the log is signed with, if it has been signed.
pub fn known_key(conn: &Connection) -> Result<Option<String>> {
    Ok(conn.query_row("SELECT vkey FROM audit_key LIMIT 1", [], |row| row.get(0)).optional()?)
}

/// Puts another key in the place of one that is lost, in an entry that says so. What was signed so far stays signed with the lost one.
pub fn replace_key(tx: &Transaction, signer: &Signer, reason: &str, by: &str, at: Timestamp) -> Result<()> {
    let old = known_key(tx)?.ok_or_else(|| Error::Refused("it has not been signed so far: there is no key to replace".into()))?;
    let (origin, new) = (&signer.verifier().origin, signer.verifier().to_string());
    let signed: u64 = tx.query_row("SELECT coalesce(max(size), 0) FROM audit_checkpoint", [], |row| count(row, 0))?;
    let draft = Draft {
        act: KEY_REPLACED.into(),
        case: None,
        actor: by.into(),
        target: None,
        detail: json!({ "old": old, "new": new, "signed_with_old": signed, "reason": reason }),
        evidence: Vec::new(),
    };
    append(tx, at, &draft)?;
    tx.execute("UPDATE audit_key SET origin = ?, vkey = ?, since = ?", params![origin, new, at.to_string()])?;
    Ok(())
}

/// The act of an entry that says that another key signs from there on.
pub(crate) const KEY_REPLACED: &str = "audit.key_replaced";

/// One log, one name, one key: a second key would let a rewritten log look like a new one.
fn check_key(tx: &Transaction, signer: &Signer, at: Timestamp) -> Result<()> {
    let ours = signer.verifier().to_string();
    match known_key(tx)? {
        Some(known) if known == ours => Ok(()),
        Some(known) => Err(Error::Refused(format!(
            "it has been signed with {known} so far, and the key given is {ours}; bring back the first key's file; if that is lost, move this one away and run `exeunt audit new-key`"
        ))),
        None => {
            tx.execute(
                "INSERT INTO audit_key (origin, vkey, since) VALUES (?, ?, ?)",
                params![signer.verifier().origin, ours, at.to_string()],
            )?;
            Ok(())
        }
    }
}

/// The tree over the stored leaf hashes; entries from `unsigned` on are hashed anew before we vouch for them.
fn read_tree(tx: &Transaction, unsigned: u64) -> Result<Tree> {
    let mut leaves = Vec::new();
    let mut query = tx.prepare("SELECT seq, leaf, iif(seq >= ?, body, NULL) FROM audit_entry ORDER BY seq")?;
    let mut rows = query.query([to_db(unsigned)])?;
    while let Some(row) = rows.next()? {
        let (seq, leaf): (u64, Hash) = (count(row, 0)?, row.get(1)?);
        if seq != leaves.len() as u64 {
            let why = format!("entry {} is missing; restore the database, or run `exeunt audit verify`", leaves.len());
            return Err(Error::Refused(why));
        }
        let body: Option<Vec<u8>> = row.get(2)?;
        if body.is_some_and(|body| leaf_hash(&body) != leaf) {
            return Err(Error::Refused(format!("entry {seq} was altered after it was written")));
        }
        leaves.push(leaf);
    }
    Ok(Tree::new(leaves))
}
