//! Checkpoints: the log's tree head as a signed note, and the key that signs it.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::tiles::digest;
use super::{Error, Hash, Result, Tree, count, hex, leaf_hash, to_db};

/// Signature type byte of Ed25519 in signed notes.
const ALG_ED25519: u8 = 1;

/// The public half of a log's key, written `origin+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    /// The log's name.
    pub origin: String,
    /// First four bytes of SHA-256 over name, newline, type and key.
    pub id: [u8; 4],
    /// The raw Ed25519 public key.
    pub public: [u8; 32],
}

impl VerifierKey {
    fn new(origin: &str, public: [u8; 32]) -> Result<VerifierKey> {
        // The signed-note format separates by spaces and pluses.
        if origin.is_empty()
            || origin
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == '+')
        {
            let why = format!(
                "`{origin}` can't name an audit log: no spaces and no `+`, such as exeunt.example/audit"
            );
            return Err(Error::Malformed(why));
        }
        let hash = digest(&[origin.as_bytes(), b"\n", &[ALG_ED25519], &public]);
        Ok(VerifierKey {
            origin: origin.into(),
            id: [hash[0], hash[1], hash[2], hash[3]],
            public,
        })
    }

    /// Reads `origin+hash+base64`, and checks that the hash is the key's.
    pub fn parse(text: &str) -> Result<VerifierKey> {
        let bad = |why: &str| {
            Error::Malformed(format!(
                "`{text}` is no verifier key ({why}); expected origin+hash+base64"
            ))
        };
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let (Some(origin), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("it has fewer than three parts"));
        };
        let key = BASE64_STANDARD
            .decode(key)
            .map_err(|_| bad("its last part is not base64"))?;
        let Some((&ALG_ED25519, public)) = key.split_first() else {
            return Err(bad("its key is not Ed25519"));
        };
        let public = public
            .try_into()
            .map_err(|_| bad("its key is not 32 bytes long"))?;
        let parsed = VerifierKey::new(origin, public)?;
        if hex(&parsed.id) != id {
            return Err(bad("its hash is of another key or name"));
        }
        Ok(parsed)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let key = [&[ALG_ED25519], self.public.as_slice()].concat();
        write!(
            f,
            "{}+{}+{}",
            self.origin,
            hex(&self.id),
            BASE64_STANDARD.encode(key)
        )
    }
}

/// The log's name and its secret key.
pub struct Signer {
    key: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Signer({})", self.verifier)
    }
}

impl Signer {
    /// The key in this file; made when there is none. The file is PKCS#8 in PEM, as `openssl pkey` reads it, and for
    /// its owner's eyes only.
    pub fn load_or_create(path: &Path, origin: &str) -> Result<Signer> {
        let fail = |why: String| Error::Key {
            path: path.to_owned(),
            why,
        };
        match fs::read_to_string(path) {
            Ok(pem) => {
                refuse_shared(path)?;
                let key = from_pem(&pem).ok_or_else(|| {
                    fail("not an Ed25519 key in PKCS#8 PEM; restore it from your backup".into())
                })?;
                Signer::new(key, origin)
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let signer = Signer::generate(origin)?;
                let der = signer
                    .key
                    .to_pkcs8v1()
                    .map_err(|_| fail("could not encode a new key".into()))?;
                write_secret(path, &to_pem(der.as_ref()))
                    .map_err(|e| fail(format!("could not write a new key: {e}")))?;
                Ok(signer)
            }
            Err(e) => Err(fail(format!("could not read it: {e}"))),
        }
    }

    /// A fresh key that is kept nowhere.
    pub fn generate(origin: &str) -> Result<Signer> {
        let key = Ed25519KeyPair::generate().map_err(|_| {
            Error::Malformed("the system gave no randomness for an audit key".into())
        })?;
        Signer::new(key, origin)
    }

    pub(crate) fn new(key: Ed25519KeyPair, origin: &str) -> Result<Signer> {
        let mut public = [0; 32];
        public.copy_from_slice(key.public_key().as_ref());
        Ok(Signer {
            key,
            verifier: VerifierKey::new(origin, public)?,
        })
    }

    /// The public half; give it to whoever will verify, by another way than the bundle.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The checkpoint of a tree: three lines, an empty one, a signature.
    fn sign(&self, size: u64, root: Hash, signed_at: Timestamp) -> Checkpoint {
        let origin = &self.verifier.origin;
        let text = format!("{origin}\n{size}\n{}\n", BASE64_STANDARD.encode(root));
        let signature = [&self.verifier.id, self.key.sign(text.as_bytes()).as_ref()].concat();
        let note = format!("{text}\n— {origin} {}\n", BASE64_STANDARD.encode(signature));
        Checkpoint {
            origin: origin.clone(),
            size,
            root,
            note,
            signed_at: Some(signed_at),
        }
    }
}

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
        let parsed: u64 = size
            .parse()
            .map_err(|_| format!("its size `{size}` is no number"))?;
        if parsed.to_string() != size {
            return Err(format!("its size `{size}` is not in plain decimal"));
        }
        let root = BASE64_STANDARD
            .decode(root)
            .ok()
            .and_then(|hash| hash.try_into().ok());
        let root = root.ok_or("its root is not 32 bytes in base64")?;
        Ok(Checkpoint {
            origin: origin.into(),
            size: parsed,
            root,
            note: note.into(),
            signed_at: None,
        })
    }

    /// Whether this key signed the note under its own name. Lines of other keys (witnesses) are passed over.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), String> {
        if self.origin != key.origin {
            return Err(format!(
                "it is of the log `{}`, the key is of `{}`",
                self.origin, key.origin
            ));
        }
        let (text, signatures) = split_note(&self.note)?;
        let ours = signatures
            .iter()
            .filter(|(name, id, _)| *name == key.origin && *id == key.id);
        let mut signed = false;
        for (_, _, signature) in ours {
            UnparsedPublicKey::new(&ED25519, key.public)
                .verify(text.as_bytes(), signature)
                .map_err(|_| {
                    "its signature is not valid: text or signature was altered".to_owned()
                })?;
            signed = true;
        }
        if signed {
            Ok(())
        } else {
            Err(format!("it is not signed by {key}"))
        }
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
        let parts = line
            .strip_prefix("— ")
            .and_then(|rest| rest.split_once(' '));
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
            let why = format!(
                "it holds {} entries but {} were signed",
                tree.size(),
                last.size
            );
            return Err(Error::Refused(format!(
                "{why}; restore the database, or run `exeunt audit verify`"
            )));
        }
        if tree.root(last.size) != Some(last.root) {
            let why = format!(
                "its first {} entries are not those that were signed",
                last.size
            );
            return Err(Error::Refused(format!(
                "{why}; run `exeunt audit verify` to see which"
            )));
        }
        if tree.size() == last.size {
            tx.commit()?;
            return Ok(last);
        }
    }
    let root = tree
        .root(tree.size())
        .ok_or_else(|| Error::Malformed("the audit tree has no root".into()))?;
    let new = signer.sign(tree.size(), root, at);
    tx.execute(
        "INSERT INTO audit_checkpoint (size, root, note, signed_at) VALUES (?, ?, ?, ?)",
        params![to_db(new.size), new.root, new.note, at.to_string()],
    )?;
    tx.commit()?;
    Ok(new)
}

/// The checkpoint that was signed last.
pub fn latest(conn: &Connection) -> Result<Option<Checkpoint>> {
    let row = conn
        .prepare_cached(
            "SELECT size, root, note, signed_at FROM audit_checkpoint ORDER BY size DESC LIMIT 1",
        )?
        .query_row([], |row| {
            Ok((
                count(row, 0)?,
                row.get::<_, Hash>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()?;
    let Some((size, root, note, signed_at)) = row else {
        return Ok(None);
    };
    let parsed = Checkpoint::parse(&note)
        .map_err(|why| Error::Refused(format!("its last checkpoint is damaged: {why}")))?;
    if (parsed.size, parsed.root) != (size, root) {
        return Err(Error::Refused(
            "its last checkpoint doesn't say what its row says; run `exeunt audit verify`".into(),
        ));
    }
    Ok(Some(Checkpoint {
        signed_at: signed_at.parse().ok(),
        ..parsed
    }))
}

/// One log, one name, one key: a second key would let a rewritten log look like a new one.
fn check_key(tx: &Transaction, signer: &Signer, at: Timestamp) -> Result<()> {
    let ours = signer.verifier.to_string();
    let known: Option<String> = tx
        .query_row("SELECT vkey FROM audit_key LIMIT 1", [], |row| row.get(0))
        .optional()?;
    match known {
        Some(known) if known == ours => Ok(()),
        Some(known) => Err(Error::Refused(format!(
            "it has been signed with {known} so far, and the key given is {ours}; bring back the first key's file"
        ))),
        None => {
            tx.execute(
                "INSERT INTO audit_key (origin, vkey, since) VALUES (?, ?, ?)",
                params![signer.verifier.origin, ours, at.to_string()],
            )?;
            Ok(())
        }
    }
}

/// The tree over the stored leaf hashes; entries from `unsigned` on are hashed anew before we vouch for them.
fn read_tree(tx: &Transaction, unsigned: u64) -> Result<Tree> {
    let mut leaves = Vec::new();
    let mut query =
        tx.prepare("SELECT seq, leaf, iif(seq >= ?, body, NULL) FROM audit_entry ORDER BY seq")?;
    let mut rows = query.query([to_db(unsigned)])?;
    while let Some(row) = rows.next()? {
        let (seq, leaf): (u64, Hash) = (count(row, 0)?, row.get(1)?);
        if seq != leaves.len() as u64 {
            let why = format!(
                "entry {} is missing; restore the database, or run `exeunt audit verify`",
                leaves.len()
            );
            return Err(Error::Refused(why));
        }
        let body: Option<Vec<u8>> = row.get(2)?;
        if body.is_some_and(|body| leaf_hash(&body) != leaf) {
            return Err(Error::Refused(format!(
                "entry {seq} was altered after it was written"
            )));
        }
        leaves.push(leaf);
    }
    Ok(Tree::new(leaves))
}

fn to_pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        BASE64_STANDARD.encode(der)
    )
}

fn from_pem(pem: &str) -> Option<Ed25519KeyPair> {
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")?
        .strip_suffix("-----END PRIVATE KEY-----")?;
    let body: String = body.split_whitespace().collect();
    Ed25519KeyPair::from_pkcs8(&BASE64_STANDARD.decode(body).ok()?).ok()
}

/// Creates the file for its owner only, and never writes over one that is there.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A key that others on the machine can read is not ours alone.
#[cfg(unix)]
fn refuse_shared(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let fail = |why: String| Error::Key {
        path: path.to_owned(),
        why,
    };
    let mode = fs::metadata(path)
        .map_err(|e| fail(format!("could not read it: {e}")))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(fail(format!(
            "others may read it (mode {:o}); run chmod 600 on it",
            mode & 0o777
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_shared(_: &Path) -> Result<()> {
    Ok(())
}
