//! RFC 6962 hashing of the log, and its C2SP tlog-tiles layout. Pure.

use aws_lc_rs::digest::{Context, SHA256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Hashes in a full tile, entries in a full bundle.
pub(crate) const WIDTH: u64 = 256;

/// SHA-256 of the parts, one after the other.
pub(crate) fn digest(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// What an entry contributes to the tree. The zero byte keeps a leaf from passing as an inner node.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    digest(&[&[0], entry])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    digest(&[&[1], left, right])
}

/// Every complete subtree's hash: `levels[k][i]` spans the `2^k` leaves from `i * 2^k`.
///
/// Twice the leaves in memory buys any root of any earlier size, and any proof, in logarithmic time.
#[derive(Debug, Clone)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree over these leaf hashes.
    pub fn new(leaves: Vec<Hash>) -> Tree {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|l| l.len() > 1) {
            let above = below.as_chunks().0.iter().map(|[left, right]| node_hash(left, right));
            let above: Vec<Hash> = above.collect();
            levels.push(above);
        }
        Tree { levels }
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The leaf hash at a place.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.hash_at(0, index)
    }

    /// The root that the first `size` leaves have; none when there are fewer.
    pub fn root(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            // RFC 6962 2.1: the hash of an empty list is the hash of an empty string.
            return Some(digest(&[]));
        }
        (size <= self.size()).then(|| self.span(0, size)).flatten()
    }

    /// The sibling hashes from the leaf up to the root of the first `size` leaves.
    pub fn proof(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut low, mut high) = (0, size);
        let mut path = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index < middle {
                path.push(self.span(middle, high)?);
                high = middle;
            } else {
                path.push(self.span(low, middle)?);
                low = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// Every tile of the tree of the first `size` leaves: its path and its bytes.
    pub fn tiles(&self, size: u64) -> Vec<(String, Vec<u8>)> {
        let mut tiles = Vec::new();
        let mut level = 0_u32;
        while size.checked_shr(8 * level).unwrap_or(0) > 0 {
            let hashes = size >> (8 * level);
            for n in 0..hashes.div_ceil(WIDTH) {
                let from = n * WIDTH;
                let width = WIDTH.min(hashes - from);
                let bytes = (from..from + width).filter_map(|i| self.hash_at(8 * level as usize, i));
                tiles.push((tile_path(&level.to_string(), n, width), bytes.flatten().collect()));
            }
            level += 1;
        }
        tiles
    }

    fn hash_at(&self, level: usize, index: u64) -> Option<Hash> {
        let index = usize::try_from(index).ok()?;
        self.levels.get(level)?.get(index).copied()
    }

    /// The hash over leaves `low..high`, where `low` is a multiple of the largest power of two that fits.
    fn span(&self, low: u64, high: u64) -> Option<Hash> {
        let width = high - low;
        if width.is_power_of_two() {
            return self.hash_at(width.trailing_zeros() as usize, low / width);
        }
        let middle = low + split(width);
        Some(node_hash(&self.span(low, middle)?, &self.span(middle, high)?))
    }
}

/// The largest power of two below `width` (RFC 6962's k); `width` is at least 2.
fn split(width: u64) -> u64 {
    1 << (u64::BITS - 1 - (width - 1).leading_zeros())
}

/// Whether `proof` leads from the leaf at `index` to the root of a tree of `size` (RFC 9162, 2.1.3.2).
pub fn proves_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// `tile/<level>/<n>[.p/<width>]`, n in groups of three digits so that no folder grows large.
pub(crate) fn tile_path(level: &str, n: u64, width: u64) -> String {
    let mut rest = n / 1000;
    let mut path = format!("{:03}", n % 1000);
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    let partial = if width == WIDTH { String::new() } else { format!(".p/{width}") };
    format!("tile/{level}/{path}{partial}")
}

/// The entry bundles of these entries, which are the whole log from 0: path and bytes of each.
pub(crate) fn entry_bundles(entries: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let bundles = entries.chunks(WIDTH as usize).zip(0_u64..);
    let bundle = |(chunk, n): (&[Vec<u8>], u64)| {
        let mut bytes = Vec::new();
        for entry in chunk {
            // A longer entry can't be stored (a CHECK in the schema); cut short here, it would fail its own hash.
            let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_be_bytes());
            bytes.extend(&entry[..usize::from(length)]);
        }
        (tile_path("entries", n, chunk.len() as u64), bytes)
    };
    bundles.map(bundle).collect()
}

/// The entries in a bundle's bytes, and whether the bytes ended where an entry ends.
pub(crate) fn parse_entry_bundle(mut bytes: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut entries = Vec::new();
    while let Some(([high, low], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((entry, rest)) = rest.split_at_checked(length) else {
            return (entries, false);
        };
        entries.push(entry);
        bytes = rest;
    }
    (entries, bytes.is_empty())
}
