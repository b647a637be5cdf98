//! What a verification can say.

use std::fmt;

use jiff::Timestamp;

use super::Hash;
use crate::clean::line;

/// What a verification comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything signed is there, in order, unaltered.
    Intact,
    /// Something is not as it was signed; the problems name it.
    Broken,
    /// Nothing contradicts anything, but nothing was signed yet either.
    Unsigned,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Entries that were read and checked.
    pub entries: u64,
    /// Entries that the latest checkpoint covers.
    pub size: u64,
    /// The root hash that checkpoint signs.
    pub root: Option<Hash>,
    /// The log's name.
    pub origin: Option<String>,
    /// When it was signed, by the signer's own clock; of a bundle, when it was made.
    pub signed_at: Option<Timestamp>,
    /// What is wrong, entries first and in order.
    pub problems: Vec<Problem>,
    /// What a reader should know and that isn't wrong.
    pub notes: Vec<Note>,
}

impl Report {
    /// The report in a word.
    pub fn verdict(&self) -> Verdict {
        match (self.problems.is_empty(), self.root) {
            (false, _) => Verdict::Broken,
            (true, Some(_)) => Verdict::Intact,
            (true, None) => Verdict::Unsigned,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The entry it is about, by its place in the log.
    pub seq: Option<u64>,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The entry's bytes are not those that were hashed.
    Altered,
    /// The entry is as it was signed, but the hash stored beside it was changed.
    HashAltered,
    /// The entry is gone, and those after it up to this one.
    Missing {
        /// The last entry that is gone.
        through: u64,
    },
    /// Another entry stands in this place.
    Reordered {
        /// The place that the entry itself claims.
        says: u64,
    },
    /// The bytes are not RFC 8785 canonical JSON.
    NotCanonical,
    /// The entry lacks what every entry has.
    Unreadable(String),
    /// The entry is filed under another case than it says.
    Misfiled,
    /// A file that the entry names is gone.
    EvidenceMissing(String),
    /// A file that the entry names is not the one that was attached.
    EvidenceAltered(String),
    /// The entry's proof of inclusion doesn't lead to the signed root.
    Proof(String),
    /// A checkpoint can't be trusted.
    Checkpoint {
        /// The tree size it is of.
        size: u64,
        /// Why not.
        why: String,
    },
    /// From the named entry up to this size, at least one entry is not what was signed.
    Root {
        /// The size of the tree whose signed root doesn't fit.
        size: u64,
    },
    /// A row of the store says something else than the log.
    Row {
        /// Which.
        row: String,
        /// What each says.
        why: String,
    },
    /// A file of the bundle is missing or not what it should be.
    File {
        /// Its path in the bundle.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let from = self.seq.unwrap_or(0);
        match (&self.wrong, self.seq) {
            (Wrong::Missing { through }, Some(seq)) if *through > seq => {
                return write!(f, "entries {seq} to {through} are missing");
            }
            (Wrong::Root { size }, _) => {
                let through = size.saturating_sub(1);
                return write!(f, "entries {from} to {through}: at least one is not what was signed (root hash differs)");
            }
            (_, Some(seq)) => write!(f, "entry {seq}: ")?,
            (_, None) => {}
        }
        match &self.wrong {
            Wrong::Altered => f.write_str("altered, its bytes are not those that were hashed"),
            Wrong::HashAltered => f.write_str("the hash stored beside it was altered, the entry itself is as signed"),
            Wrong::Missing { .. } => f.write_str("missing"),
            Wrong::Reordered { says } => {
                write!(f, "reordered, the entry that stands here is number {says}")
            }
            Wrong::NotCanonical => f.write_str("not canonical JSON (RFC 8785)"),
            Wrong::Unreadable(why) => write!(f, "not an audit entry, {}", line(why)),
            Wrong::Misfiled => f.write_str("filed under another case than it says"),
            Wrong::EvidenceMissing(digest) => write!(f, "its evidence {} is missing", line(digest)),
            Wrong::EvidenceAltered(digest) => write!(f, "its evidence {} was altered", line(digest)),
            Wrong::Proof(why) => write!(f, "its proof of inclusion fails, {}", line(why)),
            Wrong::Checkpoint { size, why } => write!(f, "checkpoint of {size} entries: {}", line(why)),
            Wrong::Row { row, why } => write!(f, "{}: {}", line(row), line(why)),
            Wrong::File { name, why } => write!(f, "{}: {}", line(name), line(why)),
            Wrong::Root { .. } => Ok(()),
        }
    }
}

/// What a reader should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The last so many entries are not covered by a signature yet.
    UnsignedTail(u64),
    /// The verifier key came with the bundle, so the signature shows only that the bundle agrees with itself.
    KeyFromBundle(String),
    /// The bundle holds the entries of its case only; the others are present as hashes.
    EntriesWithheld(u64),
    /// Nobody gave a key and its file is missing, so the signatures show only that the store agrees with itself.
    KeyFromStore(String),
    /// Another key signs from an entry on; what came before it is signed with the old one.
    KeyReplaced {
        /// The entry that says so.
        seq: u64,
        /// The old key.
        old: String,
        /// Who replaced it.
        by: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Note::UnsignedTail(1) => f.write_str("the last entry is not signed yet"),
            Note::UnsignedTail(n) => write!(f, "the last {n} entries are not signed yet"),
            Note::KeyFromBundle(key) => {
                write!(f, "the key came with the bundle: compare it with the one you were given by another way: {key}")
            }
            Note::EntriesWithheld(n) => {
                write!(f, "{n} entries of other cases are present as hashes only")
            }
            Note::KeyFromStore(key) => {
                write!(
                    f,
                    "the key comes from the store itself, for its file is missing: compare it with the one you were given by another way: {key}"
                )
            }
            Note::KeyReplaced { seq, old, by, reason } => {
                write!(f, "{by} replaced the key at entry {seq} ({reason}): up to there the log is signed with {old}")
            }
        }
    }
}
