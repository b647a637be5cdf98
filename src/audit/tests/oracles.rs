//! What we write, as libraries that we did not write read it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use signed_note::{Note as OtherNote, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint as OtherCheckpoint, HashReader, Tile, check_record, prove_record, record_hash, tree_hash};

use super::super::tiles::{digest, entry_bundles, parse_entry_bundle, tile_path};
use super::*;

/// Hashes stored the way the other library wants them.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
    }
}

fn stored(entries: &[Vec<u8>]) -> Stored {
    let mut all = Stored(Vec::new());
    for (n, entry) in (0..).zip(entries) {
        let new = tlog_tiles::stored_hashes(n, entry, &all).unwrap();
        all.0.extend(new);
    }
    all
}

fn sample(size: u64) -> Vec<Vec<u8>> {
    (0..size).map(|i| format!("{{\"seq\":{i}}}").into_bytes()).collect()
}

#[test]
fn tree_proofs_and_tiles_agree_with_another_library() {
    for size in [1_u64, 2, 3, 7, 255, 256, 257, 511, 600] {
        let entries = sample(size);
        let tree = Tree::new(entries.iter().map(|e| leaf_hash(e)).collect());
        let other = stored(&entries);
        for earlier in [1, size / 2, size] {
            let root = tree_hash(earlier, &other).unwrap().0;
            assert_eq!(tree.root(earlier), Some(if earlier == 0 { digest(&[]) } else { root }), "{earlier} of {size}");
        }
        let root = tree.root(size).unwrap();
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = tree.proof(index, size).unwrap();
            let hashes: Vec<_> = proof.iter().map(|h| tlog_tiles::Hash(*h)).collect();
            assert_eq!(hashes, prove_record(size, index, &other).unwrap());
            let leaf = leaf_hash(&entries[index as usize]);
            check_record(&hashes, size, tlog_tiles::Hash(root), index, record_hash(&entries[index as usize])).unwrap();
            assert!(proves_inclusion(&leaf, index, size, &proof, &root));
            assert!(!proves_inclusion(&leaf, (index + 1) % size, size, &proof, &root) || size == 1);
            assert!(!proves_inclusion(&leaf_hash(b"other"), index, size, &proof, &root));
            assert!(proof.is_empty() || !proves_inclusion(&leaf, index, size, &proof[1..], &root));
        }
        let ours: BTreeMap<_, _> = tree.tiles(size).into_iter().collect();
        let theirs: BTreeMap<_, _> = Tile::new_tiles(8, 0, size)
            .into_iter()
            .map(|tile| (tile.path().replacen("tile/8/", "tile/", 1), tile.read_data(&other).unwrap()))
            .collect();
        assert_eq!(ours, theirs, "{size}");
    }
}

#[test]
fn the_example_of_the_specification() {
    // "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one
    // full level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1."
    let tree = Tree::new((0..70_000_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect());
    let tiles: BTreeMap<_, _> = tree.tiles(70_000).into_iter().map(|(path, bytes)| (path, bytes.len())).collect();
    assert_eq!(tiles.len(), 277);
    assert_eq!(tiles.values().filter(|len| **len == 8192).count(), 274);
    assert_eq!(tiles["tile/0/273.p/112"], 112 * 32);
    assert_eq!(tiles["tile/1/001.p/17"], 17 * 32);
    assert_eq!(tiles["tile/2/000.p/1"], 32);
    assert_eq!(tile_path("0", 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tree.root(70_001), None);
    assert_eq!(tree.proof(70_000, 70_000), None);
}

#[test]
fn entry_bundles_read_back() {
    let entries = sample(300);
    let bundles = entry_bundles(&entries);
    let paths: Vec<_> = bundles.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["tile/entries/000", "tile/entries/001.p/44"]);
    let read: Vec<_> = bundles.iter().flat_map(|(_, bytes)| parse_entry_bundle(bytes).0).collect();
    assert_eq!(read, entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert!(!parse_entry_bundle(&bundles[1].1[..20]).1);
    assert!(!parse_entry_bundle(&[0]).1);
}

#[test]
fn another_library_accepts_checkpoint_and_signature() {
    let (mut conn, signer) = log(300);
    let signed = checkpoint(&mut conn, &signer, at(1)).unwrap();
    let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    let note = OtherNote::from_bytes(signed.note.as_bytes()).unwrap();
    let (good, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((good.len(), unknown.len()), (1, 0));
    let read = OtherCheckpoint::from_bytes(note.text()).unwrap();
    let bodies: Vec<_> = (0..300).map(|seq| body(&conn, seq)).collect();
    assert_eq!((read.origin(), read.size()), (ORIGIN, 300));
    assert_eq!(read.hash().0, tree_hash(300, &stored(&bodies)).unwrap().0);
}

#[test]
fn a_witness_may_sign_below() {
    let (mut conn, signer) = log(3);
    let signed = checkpoint(&mut conn, &signer, at(1)).unwrap();
    let more = format!("{}— witness.example 3q2+7wAAAAA=\n", signed.note);
    assert_eq!(Checkpoint::parse(&more).unwrap().verify(signer.verifier()), Ok(()));
    let witness_only = more.replacen(&format!("— {ORIGIN}"), "— elsewhere.example", 1);
    assert!(Checkpoint::parse(&witness_only).unwrap().verify(signer.verifier()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_log_verifies_and_any_byte_counts(
        first in 0_u64..300, second in 0_u64..300, pick in any::<prop::sample::Index>(), spot in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let (mut conn, signer) = log(first);
        checkpoint(&mut conn, &signer, at(1)).unwrap();
        write(&mut conn, &(first..first + second).map(draft).collect::<Vec<_>>());
        let signed = checkpoint(&mut conn, &signer, at(2)).unwrap();
        let size = first + second;
        let bodies: Vec<_> = (0..size).map(|seq| body(&conn, seq)).collect();
        let root = if size == 0 { digest(&[]) } else { tree_hash(size, &stored(&bodies)).unwrap().0 };
        prop_assert_eq!((signed.size, signed.root), (size, root));
        let report = verify(&conn, &signer);
        prop_assert_eq!((report.verdict(), report.entries, report.notes.len()), (Verdict::Intact, size, 0));

        if size > 0 {
            let seq = pick.index(size as usize) as u64;
            let mut altered = body(&conn, seq);
            let spot = spot.index(altered.len());
            altered[spot] ^= flip;
            tamper::disarm(&conn);
            tamper::set_body(&conn, seq, &altered);
            prop_assert_eq!(wrongs(&verify(&conn, &signer)), vec![(Some(seq), Wrong::Altered)]);
        }
    }

    #[test]
    fn any_detail_is_written_canonically(keys in prop::collection::vec("\\PC{0,8}", 0..6), n in any::<i64>(), f in any::<f64>()) {
        let mut detail = serde_json::Map::new();
        for key in keys {
            detail.insert(key.clone(), json!([key, n, f, {"\u{20ac}": null, "\r": true, "\u{1f600}": 1, "\u{fb33}": -0.0}]));
        }
        let mut conn = store();
        write(&mut conn, &[Draft { detail: detail.into(), ..draft(0) }]);
        prop_assert!(super::super::entry::is_canonical(&body(&conn, 0)));
    }
}
