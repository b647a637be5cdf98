//! Whether a log goes on from what was given away earlier: a checkpoint from a notice or a witness, or a bundle in somebody's hands.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::bundle_files::Files;
use super::checkpoint::Checkpoint;
use super::key::VerifierKey;
use super::report::{Problem, Wrong};
use super::{Error, Result, Tree};

/// No checkpoint is longer, and no message about one.
const MAX_TEXT: u64 = 1 << 20;

/// The checkpoint in a file: a bundle's, a note by itself, or a note in a message's text.
pub fn earlier(path: &Path) -> Result<Checkpoint> {
    let fail = |why: String| Error::Earlier { path: path.to_owned(), why };
    let unreadable = |error: std::io::Error| fail(format!("could not be read: {error}"));
    let mut start = Vec::new();
    if path.is_dir() {
        start.extend(b"PK");
    } else {
        File::open(path).and_then(|file| file.take(2).read_to_end(&mut start)).map_err(unreadable)?;
    }
    if start == b"PK" {
        let note = Files::open(path).and_then(|mut files| files.text("checkpoint")).map_err(fail)?;
        return Checkpoint::parse(&note).map_err(|why| fail(format!("its checkpoint is none: {why}")));
    }
    let mut text = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_TEXT).read_to_end(&mut text)).map_err(unreadable)?;
    // A mail may have been kept as it was sent.
    note_in(&text).or_else(|| note_in(&unquoted(&text))).ok_or_else(|| fail("holds no checkpoint of an audit log".to_owned()))
}

fn note_in(text: &[u8]) -> Option<Checkpoint> {
    let text = String::from_utf8_lossy(text);
    // A program that shows messages may have put blanks before the lines.
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let notes = lines.windows(5).filter_map(|five| Checkpoint::parse(&(five.join("\n") + "\n")).ok());
    notes.max_by_key(|note| note.size)
}

/// A text that was sent as quoted-printable (RFC 2045, 6.7), as it was written.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = &text[at..];
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'=', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'=', ..) if rest.starts_with(b"=\r\n") => at += 3,
            (b'=', ..) if rest.starts_with(b"=\n") => at += 2,
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}

/// What speaks against the log beginning with what each of these signed. `size`: how many entries it has; `tree`: of its entries, if they are whole.
pub(super) fn check(key: Option<&VerifierKey>, earlier: &[Checkpoint], size: u64, tree: Option<&Tree>) -> Vec<Problem> {
    let wrong = |before: &Checkpoint| {
        if let Some(Err(why)) = key.map(|key| before.verify(key)) {
            return Some(Wrong::Checkpoint { size: before.size, why });
        }
        let why = if before.size > size {
            format!("it was signed earlier, and this log has {size} entries only: it was cut back, or it is another")
        } else if tree.and_then(|tree| tree.root(before.size)) != Some(before.root) {
            "it was signed earlier, and this log doesn't begin with those entries".to_owned()
        } else {
            return None;
        };
        Some(Wrong::Checkpoint { size: before.size, why })
    };
    earlier.iter().filter_map(wrong).map(|wrong| Problem { seq: None, wrong }).collect()
}
