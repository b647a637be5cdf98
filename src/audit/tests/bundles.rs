//! Bundles: whole, tampered with, and checked by Python.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

struct Made {
    folder: tempfile::TempDir,
    conn: Connection,
    signer: Signer,
    info: BundleInfo,
}

/// A log across two tiles, with a file in the case's first entry.
fn made_with(others: OtherEntries) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let (mut conn, signer) = log(0);
    let tx = conn.transaction().unwrap();
    let digest = attach(&tx, b"an export", "text/plain", "../odd name.txt").unwrap();
    append(&tx, at(0), &Draft { evidence: vec![digest], ..draft(0) }).unwrap();
    tx.commit().unwrap();
    write(&mut conn, &(1..300).map(draft).collect::<Vec<_>>());
    let out = folder.path().join("evidence.zip");
    let extra = [("report.txt".to_owned(), b"all is well".to_vec())];
    let info = bundle_with(&mut conn, at(2), "CFO", &signer, &extra, &out, others).unwrap();
    Made { folder, conn, signer, info }
}

fn made() -> Made {
    made_with(OtherEntries::Included)
}

impl Made {
    fn key(&self) -> String {
        self.signer.verifier().to_string()
    }

    fn check(&self, path: &Path) -> Report {
        verify_bundle(path, Some(&self.key())).unwrap()
    }

    /// Unpacks the bundle, lets somebody at it, and returns the folder.
    fn after(&self, tampering: impl Fn(&Path)) -> PathBuf {
        let root = self.folder.path().join("unpacked");
        let _absent_the_first_time = fs::remove_dir_all(&root);
        let mut zip = zip::ZipArchive::new(fs::File::open(&self.info.path).unwrap()).unwrap();
        zip.extract(&root).unwrap();
        tampering(&root);
        root
    }
}

fn edit(root: &Path, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(root.join(name)).unwrap();
    change(&mut bytes);
    fs::write(root.join(name), bytes).unwrap();
}

/// Rewrites an entry bundle after changing the list of its entries.
fn edit_entries(root: &Path, name: &str, change: impl Fn(&mut Vec<Vec<u8>>)) {
    edit(root, name, |bytes| {
        let (entries, whole) = super::super::tiles::parse_entry_bundle(bytes);
        assert!(whole);
        let mut entries: Vec<_> = entries.into_iter().map(<[u8]>::to_vec).collect();
        change(&mut entries);
        *bytes = entries.iter().flat_map(|e| [&(e.len() as u16).to_be_bytes(), e.as_slice()].concat()).collect();
    });
}

fn python(arguments: &[&str], path: &Path) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit/verify.py");
    let ran = Command::new("python3").arg("-I").arg(script).args(arguments).arg(path).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap();
    (ran.status.code().unwrap(), said)
}

#[test]
fn a_bundle_verifies_zipped_and_unpacked() {
    let made = made();
    assert_eq!((made.info.entries, made.info.files, made.info.checkpoint.size), (101, 1, 301));
    assert_eq!(made.info.sha256, hex(&sha256(&fs::read(&made.info.path).unwrap())));
    for path in [made.info.path.clone(), made.after(|_| {})] {
        let report = made.check(&path);
        assert_eq!(wrongs(&report), []);
        assert_eq!(report.verdict(), Verdict::Intact);
        assert_eq!(report.notes, []);
        assert_eq!((report.entries, report.size, report.signed_at), (301, 301, Some(at(2))));
        assert_eq!(report.root, Some(made.info.checkpoint.root));
    }
    let report = verify_bundle(&made.info.path, None).unwrap();
    assert_eq!(report.notes[0], Note::KeyFromBundle(made.key()));
    let page = fs::read_to_string(made.after(|_| {}).join("HOW-TO-VERIFY.md")).unwrap();
    assert!(page.contains(&made.key()) && page.contains("case `CFO`"));
    for placeholder in ["{case}", "{origin}", "{vkey}"] {
        assert!(!page.contains(placeholder), "{placeholder}");
    }
}

#[test]
fn the_same_log_gives_the_same_bundle() {
    let mut made = made();
    let again = made.folder.path().join("again.zip");
    let extra = [("report.txt".to_owned(), b"all is well".to_vec())];
    let info = bundle(&mut made.conn, at(2), "CFO", &made.signer, &extra, &again).unwrap();
    assert_eq!(info.sha256, made.info.sha256);
}

#[test]
fn other_cases_can_be_withheld() {
    let made = made_with(OtherEntries::Withheld);
    let report = made.check(&made.info.path);
    assert_eq!(report.verdict(), Verdict::Intact);
    assert!(report.notes.contains(&Note::EntriesWithheld(200)));
    let mut zip = zip::ZipArchive::new(fs::File::open(&made.info.path).unwrap()).unwrap();
    for i in 0..zip.len() {
        let mut content = Vec::new();
        zip.by_index(i).unwrap().read_to_end(&mut content).unwrap();
        assert!(!content.windows(5).any(|w| w == b"\"CTO\""), "another case is told of");
    }
    let root = made.after(|root| edit(root, "case.jsonl", |text| text[30] ^= 1));
    assert_eq!(made.check(&root).verdict(), Verdict::Broken);
}

#[test]
fn what_can_t_be_bundled_is_refused() {
    let mut made = made();
    let out = made.folder.path().join("refused.zip");
    let mut attempt = |case: &str, names: &[&str]| {
        let extra: Vec<_> = names.iter().map(|name| ((*name).to_owned(), vec![])).collect();
        bundle(&mut made.conn, at(3), case, &made.signer, &extra, &out).unwrap_err().to_string()
    };
    assert!(attempt("CEO", &[]).contains("no entry of case `CEO`"));
    for name in ["", "checkpoint", "tile/0/000", "Verify.py", "../up", "a//b", "/etc/passwd", "c:\\x", "proofs/1"] {
        assert!(attempt("CFO", &[name]).contains("can't be called"), "{name}");
    }
    assert!(attempt("CFO", &["a", "A"]).contains("two extra files"));
    assert!(!out.exists());
    assert!(verify_bundle(&out, None).unwrap_err().to_string().contains("could not be read"));
    fs::write(&out, "PK no zip").unwrap();
    assert!(verify_bundle(&out, None).unwrap_err().to_string().contains("not a whole zip"));
}

/// Each way of tampering, what our report then says of it first, and what Python's output contains.
#[test]
fn tampering_is_named_by_us_and_by_python() {
    let made = made();
    let missing = |through| Wrong::Missing { through };
    let file = |name: &str, why: &str| Wrong::File { name: name.into(), why: why.into() };
    let digest = format!("sha256:{}", hex(&sha256(b"an export")));
    let kept = format!("files/{}-odd_name.txt", &digest[7..]);
    let entries = "tile/entries/000";
    type Tampering<'a> = (&'a str, Option<u64>, Wrong, &'a str, Box<dyn Fn(&Path) + 'a>);
    let cases: Vec<Tampering> = vec![
        (
            "a byte of an entry",
            Some(41),
            Wrong::Altered,
            "entry 41: altered",
            Box::new(|root| {
                edit_entries(root, entries, |entries| entries[41][20] ^= 1);
            }),
        ),
        (
            "an entry dropped",
            Some(41),
            missing(41),
            "entry 41: reordered",
            Box::new(|root| {
                edit_entries(root, entries, |entries| drop(entries.remove(41)));
            }),
        ),
        (
            "two entries swapped",
            Some(41),
            Wrong::Reordered { says: 43 },
            "entry 41: reordered, the entry that stands here is number 43",
            Box::new(|root| edit_entries(root, entries, |entries| entries.swap(41, 43))),
        ),
        (
            "an entry bundle truncated",
            Some(300),
            missing(300),
            "entry 300: ",
            Box::new(|root| {
                edit(root, "tile/entries/001.p/45", |bytes| bytes.truncate(bytes.len() - 1));
            }),
        ),
        (
            "an entry bundle removed",
            Some(0),
            missing(255),
            "tile/entries/000: missing",
            Box::new(|root| {
                fs::remove_file(root.join(entries)).unwrap();
            }),
        ),
        (
            "a leaf hash",
            None,
            file("tile/0/000", "altered, its hashes are not those of the signed tree"),
            "entry 1: altered",
            Box::new(|root| edit(root, "tile/0/000", |bytes| bytes[40] ^= 1)),
        ),
        (
            "a leaf hash and its entry",
            Some(0),
            Wrong::Root { size: 301 },
            "entries 0 to 300: at least one",
            Box::new(|root| {
                edit_entries(root, entries, |entries| entries[41][20] ^= 1);
                let bytes = fs::read(root.join(entries)).unwrap();
                let forged = leaf_hash(super::super::tiles::parse_entry_bundle(&bytes).0[41]);
                edit(root, "tile/0/000", |tile| tile[41 * 32..42 * 32].copy_from_slice(&forged));
            }),
        ),
        (
            "a hash higher up",
            None,
            file("tile/1/000.p/1", "altered, its hashes are not those of the signed tree"),
            "tile/1/000.p/1",
            Box::new(|root| edit(root, "tile/1/000.p/1", |bytes| bytes[0] ^= 1)),
        ),
        (
            "a line of the case",
            None,
            file("case.jsonl", "line 2, entry 3, is altered"),
            "entry 3 is altered",
            Box::new(|root| {
                edit(root, "case.jsonl", |text| *text = String::from_utf8(text.clone()).unwrap().replace("00u3\"", "00u4\"").into());
            }),
        ),
        (
            "a line of the case left out",
            None,
            file("case.jsonl", "entry 3 belongs to the case and is left out"),
            "entry 3 belongs to the case",
            Box::new(|root| {
                edit(root, "case.jsonl", |text| {
                    let line = text.split(|b| *b == b'\n').nth(1).unwrap().len() + 1;
                    let first = text.iter().position(|b| *b == b'\n').unwrap() + 1;
                    drop(text.drain(first..first + line));
                })
            }),
        ),
        (
            "a proof",
            Some(3),
            Wrong::Proof("the entry's hash doesn't lead to the signed root".into()),
            "entry 3: its proof",
            Box::new(|root| {
                let other = fs::read_to_string(root.join("proofs/6.tlog-proof")).unwrap();
                fs::write(root.join("proofs/3.tlog-proof"), other.replace("index 6", "index 3")).unwrap();
            }),
        ),
        (
            "a proof removed",
            Some(3),
            Wrong::Proof("missing".into()),
            "proofs/3.tlog-proof: missing",
            Box::new(|root| {
                fs::remove_file(root.join("proofs/3.tlog-proof")).unwrap();
            }),
        ),
        (
            "an evidence file",
            Some(0),
            Wrong::EvidenceAltered(digest.clone()),
            "entry 0: its evidence",
            Box::new(|root| {
                edit(root, &kept, |bytes| bytes[0] ^= 1);
            }),
        ),
        (
            "an evidence file removed",
            Some(0),
            Wrong::EvidenceMissing(digest.clone()),
            "is missing",
            Box::new(|root| {
                fs::remove_file(root.join(&kept)).unwrap();
            }),
        ),
        (
            "an evidence file added",
            None,
            file("files/ffff-x", "no entry of the case names it"),
            "files/ffff-x",
            Box::new(|root| {
                fs::write(root.join("files/ffff-x"), "planted").unwrap();
            }),
        ),
        (
            "the size",
            None,
            Wrong::Checkpoint { size: 300, why: "its signature is not valid: text or signature was altered".into() },
            "signature is not valid",
            Box::new(|root| {
                edit(root, "checkpoint", |text| {
                    *text = String::from_utf8(text.clone()).unwrap().replace("\n301\n", "\n300\n").into();
                })
            }),
        ),
        (
            "the checkpoint removed",
            None,
            file("checkpoint", "missing"),
            "checkpoint: missing",
            Box::new(|root| {
                fs::remove_file(root.join("checkpoint")).unwrap();
            }),
        ),
    ];
    for (what, seq, wrong, says, tampering) in cases {
        let root = made.after(tampering);
        let report = made.check(&root);
        assert_eq!(report.verdict(), Verdict::Broken, "{what}");
        let expected = Problem { seq, wrong };
        assert!(report.problems.contains(&expected), "{what}: {:#?}", report.problems);
        let (code, said) = python(&["--vkey", &made.key()], &root);
        assert!(code == 1 && said.contains(says), "{what}: {code}\n{said}");
    }
}

/// Each way of changing what stands beside the log, and what both verifiers say of it.
// Reliability: Evidence.
#[test]
fn what_is_left_out_replaced_or_added_beside_the_log_is_named() {
    let withheld = made_with(OtherEntries::Withheld);
    let made = made();
    let write = |name: &'static str, text: &'static str| {
        move |root: &Path| {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
    };
    let remove = |name: &'static str| move |root: &Path| fs::remove_file(root.join(name)).unwrap();
    let second_line = |root: &Path| {
        edit(root, "case.jsonl", |text| {
            let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            *text = [lines[..1].concat(), lines[2..].concat()].concat();
        });
        fs::remove_file(root.join("proofs/3.tlog-proof")).unwrap();
    };
    let last_line = |root: &Path| {
        edit(root, "case.jsonl", |text| {
            let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            *text = lines[..lines.len() - 1].concat();
        });
    };
    let altered = "altered, it is not the file that the bundle was made with";
    let stray = "it is no file of this bundle";
    type Tampering<'a> = (&'a Made, String, Box<dyn Fn(&Path) + 'a>);
    let cases: Vec<Tampering> = vec![
        (&withheld, "case.jsonl: entry 3 belongs to the case and is left out".into(), Box::new(second_line)),
        (&withheld, "case.jsonl: its last entry is not the one that vouches for the bundle's files".into(), Box::new(last_line)),
        (&made, format!("verify.py: {altered}"), Box::new(write("verify.py", "print('VERIFIED')"))),
        (&made, "verify.py: missing".into(), Box::new(remove("verify.py"))),
        (&made, format!("HOW-TO-VERIFY.md: {altered}"), Box::new(write("HOW-TO-VERIFY.md", "the key is X"))),
        (&made, format!("about.json: {altered}"), Box::new(write("about.json", "{\"signed_at\": \"2020-01-01T00:00:00Z\"}"))),
        (&made, format!("report.txt: {altered}"), Box::new(write("report.txt", "nothing was done"))),
        (&made, "report.txt: missing".into(), Box::new(remove("report.txt"))),
        (&made, format!("log.vkey: {altered}"), Box::new(write("log.vkey", "x"))),
        (&made, "files.json: altered".into(), Box::new(write("files.json", "{\"entries\": [], \"files\": {}}"))),
        (&made, "files.json: missing".into(), Box::new(remove("files.json"))),
        (&made, format!("letter.pdf: {stray}"), Box::new(write("letter.pdf", "x"))),
        (&made, format!("proofs/99999.tlog-proof: {stray}"), Box::new(write("proofs/99999.tlog-proof", "x"))),
        (&made, format!("tile/0/777: {stray}"), Box::new(write("tile/0/777", "x"))),
        (&made, format!("CASE.JSONL: {stray}"), Box::new(write("CASE.JSONL", "x"))),
    ];
    for (made, says, tampering) in cases {
        let root = made.after(tampering);
        let report = made.check(&root);
        assert_eq!(report.verdict(), Verdict::Broken, "{says}");
        let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.starts_with(&says)), "{says}: {told:#?}");
        let (code, said) = python(&["--vkey", &made.key()], &root);
        assert!(code == 1 && said.contains(&says), "{says}: {code}\n{said}");
    }
    // What only a zip can have: a name twice, a name that leads out of it.
    for (name, says) in [
        ("case.jsonl", "case.jsonl: it is in the zip twice"),
        ("verify.py", "verify.py: it is in the zip twice"),
        ("../../evil", "../../evil: it is no file of this bundle"),
    ] {
        let path = made.folder.path().join("tampered.zip");
        fs::copy(&made.info.path, &path).unwrap();
        let add = "import sys, warnings, zipfile\nwarnings.simplefilter('ignore')\n\
                   with zipfile.ZipFile(sys.argv[1], 'a') as zip: zip.writestr(sys.argv[2], b'x')";
        assert!(Command::new("python3").arg("-c").arg(add).arg(&path).arg(name).status().unwrap().success());
        let told: Vec<String> = made.check(&path).problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told == says), "{says}: {told:#?}");
        let (code, said) = python(&["--vkey", &made.key()], &path);
        assert!(code == 1 && said.contains(says), "{says}: {code}\n{said}");
    }
}

#[test]
fn a_bundle_signed_with_another_key_is_refused() {
    let (good, forged) = (made(), made());
    let report = verify_bundle(&forged.info.path, Some(&good.key())).unwrap();
    assert!(matches!(&report.problems[..], [Problem { wrong: Wrong::Checkpoint { why, .. }, .. }] if why.contains("not signed by")));
    let (code, said) = python(&["--vkey", &good.key()], &forged.info.path);
    assert!(code == 1 && said.contains("not signed by"), "{said}");
}

#[test]
fn a_checkpoint_that_claims_everything_is_harmless() {
    let made = made();
    let root = made.after(|root| {
        edit(root, "checkpoint", |text| {
            *text = String::from_utf8(text.clone()).unwrap().replace("\n301\n", "\n18446744073709551615\n").into();
        })
    });
    let report = made.check(&root);
    assert_eq!(report.verdict(), Verdict::Broken);
    assert!(report.problems.len() < 2000);
    assert_eq!(python(&[], &root).0, 1);
    // Where the claim is signed, the bundle is only too long to be read.
    let long = crate::audit::checkpoint::sign(&made.signer, (4 << 20) + 1, [7; 32], at(3));
    let root = made.after(|root| fs::write(root.join("checkpoint"), &long.note).unwrap());
    let told = verify_bundle(&root, Some(&made.key())).unwrap_err().to_string();
    assert!(told.contains("names 4194305 entries") && told.ends_with("could not be verified"), "{told}");
}

#[test]
fn python_verifies_zip_folder_and_its_own_place() {
    let made = made();
    let (code, said) = python(&["--vkey", &made.key()], &made.info.path);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ok       signature") && said.ends_with("VERIFIED\n") && !said.contains("NOT"), "{said}");
    let root = made.after(|_| {});
    let ran = Command::new("python3").arg("verify.py").current_dir(&root).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success() && said.contains("compare it with the one"), "{said}");
    for size in [1, 255, 256, 257] {
        let (mut conn, signer) = log(size);
        let out = made.folder.path().join(format!("{size}.zip"));
        bundle(&mut conn, at(1), "CFO", &signer, &[], &out).unwrap();
        let (code, said) = python(&[], &out);
        assert_eq!(code, 0, "{size}: {said}");
    }
    let withheld = made_with(OtherEntries::Withheld);
    let (code, said) = python(&[], &withheld.info.path);
    assert!(code == 0 && said.contains("withheld"), "{said}");
}

#[test]
fn python_says_so_when_openssl_is_absent() {
    let made = made();
    let root = made.after(|_| {});
    // The interpreter itself: a launcher on the search path might need that path.
    let which = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(which.stdout).unwrap();
    let ran = Command::new(python.trim()).arg("verify.py").current_dir(&root).env("PATH", "/nowhere").output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.code() == Some(2) && said.contains("UNKNOWN  signature") && said.contains("NOT FULLY"), "{said}");
}

#[test]
fn the_page_s_own_commands_work() {
    let made = made();
    let root = made.after(|_| {});
    let page = fs::read_to_string(root.join("HOW-TO-VERIFY.md")).unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let from = commands.iter().position(|line| line.starts_with("python3 - <<")).unwrap();
    let to = commands.iter().position(|line| line.starts_with("openssl pkeyutl")).unwrap();
    let mut shell =
        Command::new("sh").current_dir(&root).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all((commands[from..=to].join("\n") + "\n").as_bytes()).unwrap();
    let ran = shell.wait_with_output().unwrap();
    assert!(ran.status.success());
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), "Signature Verified Successfully");

    let line = commands.iter().find(|line| line.starts_with("head -1")).unwrap();
    let ran = Command::new("sh").args(["-c", line]).current_dir(&root).output().unwrap();
    let tile = fs::read(root.join("tile/0/000")).unwrap();
    assert!(String::from_utf8(ran.stdout).unwrap().trim().ends_with(&hex(&tile[..32])));
}

// Reliability: Nothing stuck.
#[test]
fn a_bundle_that_would_fill_the_memory_is_refused_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let breaks = vec![b'\n'; 1 << 20];
    for (name, times) in [("checkpoint", 40), ("log.vkey", 40), ("case.jsonl", 300)] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        (0..times).for_each(|_| zip.write_all(&breaks).unwrap());
    }
    zip.finish().unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    let report = verify_bundle(&path, None).unwrap();
    assert_eq!(report.verdict(), Verdict::Broken);
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    for name in ["checkpoint", "log.vkey"] {
        assert!(told.iter().any(|line| line.starts_with(name) && line.contains("more than")), "{told:?}");
    }

    // Whole files of nonsense: not a problem for each line.
    let made = made();
    let root = made.after(|root| fs::write(root.join("case.jsonl"), vec![b'\n'; 1 << 20]).unwrap());
    let report = made.check(&root);
    assert!(
        report.problems.len() <= 1000 && report.problems.last().unwrap().to_string().contains("more is wrong"),
        "{}",
        report.problems.len()
    );
}

#[test]
fn a_trap_in_a_zip_is_not_unpacked_as_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    zip.start_file("../checkpoint", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"x").unwrap();
    zip.finish().unwrap();
    let report = verify_bundle(&path, None).unwrap();
    assert_eq!(report.verdict(), Verdict::Broken);
    let names: BTreeMap<_, _> = report.problems.iter().map(|p| (p.to_string(), ())).collect();
    assert!(names.contains_key("checkpoint: missing") && names.contains_key("log.vkey: missing"), "{names:?}");
}
