//! The key that signs the log: its public half as text, its secret half as a file.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_STANDARD};

use super::tiles::digest;
use super::{Error, Result, hex};

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
        if origin.is_empty() || origin.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            let why = format!("`{origin}` can't name an audit log: no spaces and no `+`, such as exeunt.example/audit");
            return Err(Error::Malformed(why));
        }
        let hash = digest(&[origin.as_bytes(), b"\n", &[ALG_ED25519], &public]);
        Ok(VerifierKey { origin: origin.into(), id: [hash[0], hash[1], hash[2], hash[3]], public })
    }

    /// Reads `origin+hash+base64`, and checks that the hash is the key's.
    pub fn parse(text: &str) -> Result<VerifierKey> {
        let bad = |why: &str| Error::Malformed(format!("`{text}` is no verifier key ({why}); expected origin+hash+base64"));
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let (Some(origin), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("it has fewer than three parts"));
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| bad("its last part is not base64"))?;
        let Some((&ALG_ED25519, public)) = key.split_first() else {
            return Err(bad("its key is not Ed25519"));
        };
        let public = public.try_into().map_err(|_| bad("its key is not 32 bytes long"))?;
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
        write!(f, "{}+{}+{}", self.origin, hex(&self.id), BASE64_STANDARD.encode(key))
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
    /// The key in this file; none when there is no file. The file is PKCS#8 in PEM, as `openssl pkey` reads it, and for
    /// its owner's eyes only.
    pub fn load(path: &Path, origin: &str) -> Result<Option<Signer>> {
        let fail = |why: String| Error::Key { path: path.to_owned(), why };
        match fs::read_to_string(path) {
            Ok(pem) => {
                refuse_shared(path)?;
                let key = from_pem(&pem).ok_or_else(|| fail("not an Ed25519 key in PKCS#8 PEM; restore it from your backup".into()))?;
                Signer::new(key, origin).map(Some)
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(fail(format!("could not read it: {e}"))),
        }
    }

    /// Makes a key, and its file. A file that is there is never written over.
    pub fn create(path: &Path, origin: &str) -> Result<Signer> {
        let fail = |why: String| Error::Key { path: path.to_owned(), why };
        let signer = Signer::generate(origin)?;
        let der = signer.key.to_pkcs8v1().map_err(|_| fail("could not encode a new key".into()))?;
        write_secret(path, &to_pem(der.as_ref())).map_err(|e| fail(format!("could not write a new key: {e}")))?;
        Ok(signer)
    }

    /// A fresh key that is kept nowhere.
    pub fn generate(origin: &str) -> Result<Signer> {
        let key = Ed25519KeyPair::generate().map_err(|_| Error::Malformed("the system gave no randomness for an audit key".into()))?;
        Signer::new(key, origin)
    }

    pub(crate) fn new(key: Ed25519KeyPair, origin: &str) -> Result<Signer> {
        let mut public = [0; 32];
        public.copy_from_slice(key.public_key().as_ref());
        Ok(Signer { key, verifier: VerifierKey::new(origin, public)? })
    }

    /// The public half; give it to whoever will verify, by another way than the bundle.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// An Ed25519 signature.
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.key.sign(text).as_ref().to_vec()
    }
}

fn to_pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(der))
}

fn from_pem(pem: &str) -> Option<Ed25519KeyPair> {
    let body = pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
    let body: String = body.split_whitespace().collect();
    Ed25519KeyPair::from_pkcs8(&BASE64_STANDARD.decode(body).ok()?).ok()
}

/// Creates the file for its owner only, whole or not at all, and never writes over one that is there.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = Path::new(&beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(beside, path));
    fs::remove_file(beside)?;
    written
}

/// A key that others on the machine can read is not ours alone.
#[cfg(unix)]
fn refuse_shared(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let fail = |why: String| Error::Key { path: path.to_owned(), why };
    let mode = fs::metadata(path).map_err(|e| fail(format!("could not read it: {e}")))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(fail(format!("others may read it (mode {:o}); run chmod 600 on it", mode & 0o777)));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_shared(_: &Path) -> Result<()> {
    Ok(())
}
