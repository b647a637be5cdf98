//! Reading a bundle, zipped or unpacked. It comes from outside, so nothing in it is trusted, not even its size.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

/// A file in a bundle may unpack to this much; more is a trap.
const MAX_FILE: u64 = 256 << 20;

/// A checkpoint, a key or a proof is no longer than this.
const MAX_TEXT: usize = 1 << 20;

/// The log in a bundle may unpack to this much.
const MAX_ALL: u64 = 1 << 30;

/// A bundle may hold so many files.
const MAX_NAMES: usize = 200_000;

/// The bundle's files, zipped or unpacked.
pub(crate) struct Files {
    /// Paths of all files, with `/` between folders.
    pub(crate) names: BTreeSet<String>,
    /// What no bundle has: names that stand in it twice, and links; with what is wrong.
    pub(crate) strange: Vec<(String, &'static str)>,
    source: Source,
    /// How much of the log has been unpacked so far.
    unpacked: u64,
}

enum Source {
    Zip(Box<ZipArchive<File>>),
    Folder(PathBuf),
}

impl Files {
    /// Opens a zip file or a folder.
    pub(crate) fn open(path: &Path) -> Result<Files, String> {
        let unreadable = |e: std::io::Error| format!("could not be read: {e}");
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            let (mut names, mut strange) = (BTreeSet::new(), Vec::new());
            list(path, "", &mut names, &mut strange).map_err(unreadable)?;
            return Ok(Files { names, strange, source: Source::Folder(path.to_owned()), unpacked: 0 });
        }
        let file = File::open(path).map_err(unreadable)?;
        let zip = ZipArchive::new(file).map_err(|e| format!("is not a whole zip file: {e}"))?;
        if zip.len() > MAX_NAMES {
            return Err(format!("holds {} files, and a bundle at most {MAX_NAMES}", zip.len()));
        }
        let mut names = BTreeSet::new();
        let mut strange = Vec::new();
        for name in told_names(path, zip.central_directory_start()).map_err(unreadable)? {
            if !name.ends_with('/') && !names.insert(name.clone()) {
                strange.push((name, "it is in the zip twice"));
            }
        }
        Ok(Files { names, strange, source: Source::Zip(Box::new(zip)), unpacked: 0 })
    }

    /// A file's bytes, or why not.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, String> {
        if !self.names.contains(name) {
            return Err("missing".into());
        }
        let mut bytes = Vec::new();
        let read = match &mut self.source {
            Source::Folder(root) => File::open(root.join(name)).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)),
            Source::Zip(zip) => {
                let file = zip.by_name(name).map_err(|e| format!("can't be unpacked: {e}"))?;
                file.take(MAX_FILE + 1).read_to_end(&mut bytes)
            }
        };
        match read {
            Ok(n) if n as u64 > MAX_FILE => Err(format!("unpacks to more than {MAX_FILE} bytes")),
            Ok(n) => {
                // What is kept in memory to the end: the log itself.
                self.unpacked += if name.starts_with("tile/") { n as u64 } else { 0 };
                if self.unpacked > MAX_ALL { Err(format!("is of a log that unpacks to more than {MAX_ALL} bytes")) } else { Ok(bytes) }
            }
            Err(e) => Err(format!("can't be unpacked: {e}")),
        }
    }

    /// A file's text, or why not.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, String> {
        let bytes = self.bytes(name)?;
        if bytes.len() > MAX_TEXT {
            return Err(format!("unpacks to more than {MAX_TEXT} bytes"));
        }
        String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())
    }
}

/// The names in a zip's directory, each as often as it stands there: a reader that keeps one of two hides the other.
fn told_names(path: &Path, start: u64) -> std::io::Result<Vec<String>> {
    let mut file = BufReader::new(File::open(path)?);
    file.seek(SeekFrom::Start(start))?;
    let mut names = Vec::new();
    let mut head = [0; 46];
    while file.read_exact(&mut head).is_ok() && head.starts_with(b"PK\x01\x02") {
        let length = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let mut name = vec![0; length(28)];
        file.read_exact(&mut name)?;
        file.seek_relative((length(30) + length(32)) as i64)?;
        names.push(String::from_utf8_lossy(&name).into_owned());
    }
    Ok(names)
}

/// Paths of all files below, with `/` between folders. A bundle has no links.
fn list(root: &Path, below: &str, names: &mut BTreeSet<String>, strange: &mut Vec<(String, &'static str)>) -> std::io::Result<()> {
    for item in fs::read_dir(root.join(below))? {
        let item = item?;
        let name = format!("{below}{}", item.file_name().to_string_lossy());
        let kind = item.file_type()?;
        if kind.is_dir() {
            list(root, &format!("{name}/"), names, strange)?;
        } else if kind.is_file() {
            names.insert(name);
        } else {
            strange.push((name, "it is no file but a link or the like"));
        }
    }
    Ok(())
}
