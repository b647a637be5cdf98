//! The audit log: what was done, in an order that nobody can change unnoticed, provable without us.
//!
//! Entries are RFC 8785 canonical JSON. Their hashes are the leaves of an RFC 6962 Merkle tree in C2SP tlog-tiles
//! layout; the tree's head is signed as a C2SP checkpoint (a signed note, Ed25519).
//!
//! ```text
//!   attach ─► evidence_file ◄─ named by digest ─┐
//!   append ─► audit_entry (seq = leaf index) ───┴─► checkpoint: root, signed ─► bundle: zip for a court's expert
//!                         └───────────── verify_store ─────────────┘                  └─ verify_bundle, verify.py
//! ```
//!
//! Write `*.intent` and commit **before** a call leaves the house, `*.result` or `*.verified` after: a crash then
//! shows an intent without an outcome. No entry names its predecessor's hash; the tree binds the order.
//!
//! What a signature can't do: stop whoever holds the key from signing another history. Give checkpoints away (a
//! witness, an RFC 3161 time stamp, a bundle in counsel's hands), and that history no longer fits them.

mod bundle;
mod bundle_check;
mod bundle_files;
mod checkpoint;
mod entry;
mod key;
mod report;
mod rows;
mod since;
mod tiles;
mod verify;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use bundle::{BundleInfo, OtherEntries, bundle, bundle_with, verify_py};
pub use checkpoint::{Checkpoint, checkpoint, known_key, latest, replace_key};
pub use entry::{Draft, Entry, append, append_many, attach, entries, last_of};
pub use key::{Signer, VerifierKey};
pub use report::{Note, Problem, Report, Verdict, Wrong};
pub use since::earlier;
pub use tiles::{Hash, Tree, leaf_hash, proves_inclusion};
pub use verify::{verify_bundle, verify_bundle_since, verify_store, verify_store_since};

/// The tables this module reads and writes.
pub const SCHEMA: &str = include_str!("../../schema/audit.sql");

/// Why the audit log could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database said no.
    #[error("the audit log's database: {0}")]
    Store(#[from] rusqlite::Error),
    /// A draft that can't become an entry.
    #[error("audit entry `{act}` refused: {why}")]
    Entry {
        /// The draft's `act`.
        act: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The signing key can't be used.
    #[error("audit key {}: {why}", path.display())]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Text that should be a name, a verifier key or a checkpoint, and isn't.
    #[error("{0}")]
    Malformed(String),
    /// Signing would put our name under a history that contradicts one already signed.
    #[error("refused to sign the audit log: {0}")]
    Refused(String),
    /// What was given away earlier can't be read.
    #[error("{}: {why}", path.display())]
    Earlier {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A bundle could not be made or opened.
    #[error("bundle {}: {why}", path.display())]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
}

/// What the audit log answers with.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A count as SQLite takes it; no log comes near the limit.
pub(crate) fn to_db(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count as SQLite gives it; a negative one, which the schema rules out, is none.
pub(crate) fn count(row: &rusqlite::Row, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n & 15)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(*b)]).collect()
}

/// SHA-256, plain.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    tiles::digest(&[bytes])
}
