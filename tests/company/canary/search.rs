//! Looking for secrets in everything that was produced, in each spelling in which they could stand there.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// How many bytes of a needle it is found by at first.
const HEAD: usize = 6;

/// The secrets, in all their spellings.
pub struct Needles {
    /// Needles by their first bytes.
    heads: HashMap<[u8; HEAD], Vec<usize>>,
    /// Which pairs of bytes a needle begins with: most places of a text are passed by with one look.
    pairs: Vec<bool>,
    needles: Vec<(Vec<u8>, String)>,
    /// Secrets of a few letters: these count only where they stand alone, for within a longer number they are an accident.
    short: Vec<(Vec<u8>, String)>,
}

/// The spellings of a secret, each with its name.
pub fn spellings(secret: &str) -> Vec<(String, &'static str)> {
    let mut all = vec![(secret.to_owned(), "as it is")];
    let bytes = secret.as_bytes();
    for before in 0..3 {
        // What comes before it shifts the letters, and what comes after it changes the last one: neither is looked for.
        let shifted = STANDARD_NO_PAD.encode([vec![0; before], bytes.to_vec()].concat());
        let (from, to) = ([0, 2, 3][before], (before + bytes.len()) * 8 / 6);
        let middle = shifted[from..to].to_owned();
        all.push((middle.replace('+', "-").replace('/', "_"), "base64url"));
        all.push((middle, "base64"));
    }
    let mut percent = [String::new(), String::new()];
    let mut every = [String::new(), String::new()];
    let mut hex = [String::new(), String::new()];
    for byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        if plain {
            percent.iter_mut().for_each(|text| text.push(*byte as char));
        } else {
            _ = write!(percent[0], "%{byte:02X}");
            _ = write!(percent[1], "%{byte:02x}");
        }
        _ = write!(every[0], "%{byte:02X}");
        _ = write!(every[1], "%{byte:02x}");
        _ = write!(hex[0], "{byte:02x}");
        _ = write!(hex[1], "{byte:02X}");
    }
    all.extend(percent.map(|text| (text, "percent-encoded")));
    all.extend(every.map(|text| (text, "percent-encoded to the last letter")));
    all.extend(hex.map(|text| (text, "hex")));
    let json = serde_json::to_string(secret).unwrap();
    all.push((json[1..json.len() - 1].to_owned(), "as JSON"));
    all.push((json[1..json.len() - 1].replace('/', "\\/"), "as JSON with slashes escaped"));
    all.sort();
    all.dedup_by(|one, other| one.0 == other.0);
    all
}

impl Needles {
    pub fn new(secrets: &BTreeMap<String, String>) -> Self {
        let mut all = Self { heads: HashMap::new(), pairs: vec![false; 1 << 16], needles: Vec::new(), short: Vec::new() };
        for (secret, what) in secrets {
            if secret.len() < 8 {
                all.short.push((secret.as_bytes().to_vec(), format!("{what} ({secret})")));
                continue;
            }
            for (spelled, how) in spellings(secret) {
                all.add(spelled.into_bytes(), format!("{what} ({secret}), {how}"));
            }
        }
        all
    }

    fn add(&mut self, needle: Vec<u8>, what: String) {
        let head: [u8; HEAD] = needle[..HEAD].try_into().unwrap();
        self.pairs[usize::from(head[0]) << 8 | usize::from(head[1])] = true;
        self.heads.entry(head).or_default().push(self.needles.len());
        self.needles.push((needle, what));
    }

    /// Every secret in these bytes: which one, how it is spelled, and what stands around it.
    pub fn find(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let around =
            |at: usize, len: usize| String::from_utf8_lossy(&bytes[at.saturating_sub(90)..(at + len + 40).min(bytes.len())]).into_owned();
        for at in 0..bytes.len().saturating_sub(HEAD - 1) {
            if !self.pairs[usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])] {
                continue;
            }
            let head: [u8; HEAD] = bytes[at..at + HEAD].try_into().unwrap();
            for index in self.heads.get(&head).into_iter().flatten() {
                let (needle, what) = &self.needles[*index];
                if bytes[at..].starts_with(needle) {
                    found.push(format!("{what}: …{}…", around(at, needle.len())));
                }
            }
        }
        let part_of_a_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
        for (secret, what) in &self.short {
            for at in 0..=bytes.len().saturating_sub(secret.len()) {
                let alone =
                    || !part_of_a_word(at.checked_sub(1).and_then(|at| bytes.get(at))) && !part_of_a_word(bytes.get(at + secret.len()));
                if bytes[at..].starts_with(secret) && alone() {
                    found.push(format!("{what}: …{}…", around(at, secret.len())));
                }
            }
        }
        found
    }

    /// Looks into a file, and into each file of an archive; how many bytes were looked at.
    pub fn look_into(&self, path: &Path, found: &mut Vec<String>) -> usize {
        let bytes = std::fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut looked = bytes.len();
        let mut look = |name: &str, bytes: &[u8]| found.extend(self.find(bytes).into_iter().map(|what| format!("{name}: {what}")));
        look(&name, &bytes);
        if name.ends_with(".zip") {
            let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
            for index in 0..zip.len() {
                let mut file = zip.by_index(index).unwrap();
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).unwrap();
                looked += bytes.len();
                look(&format!("{name}: {}", file.name()), &bytes);
            }
        }
        looked
    }
}
