//! Signing the audit log. A key that is lost, or a log that is damaged, is said at once and stops no departure: its entries are written all the
//! same, and are signed once the key or the log is back.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use anyhow::{Result, bail};

use crate::audit::{self, Signer};
use crate::clock;
use crate::config::Config;
use crate::store::Store;

/// Who signs the audit log, with the key of the settings.
#[derive(Debug)]
pub struct Seal {
    key: PathBuf,
    origin: String,
    signer: OnceLock<Signer>,
    trouble: Mutex<Option<String>>,
}

impl Seal {
    /// With the key that the settings name. It is read when something is signed first.
    pub fn new(config: &Config) -> Self {
        let key = config.at(&config.audit.key);
        Self { key, origin: config.audit.origin.clone(), signer: OnceLock::new(), trouble: Mutex::default() }
    }

    /// The signer. Its key is made only for a log that was never signed.
    ///
    /// # Errors
    /// The key file can't be used, or is missing though the log is signed with it.
    pub fn signer(&self, store: &Store) -> Result<&Signer> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let signer = match Signer::load(&self.key, &self.origin)? {
            Some(signer) => signer,
            None if store.read(|conn| Ok(audit::known_key(conn)?))?.is_none() => match Signer::create(&self.key, &self.origin) {
                Ok(made) => made,
                // Another process may have made it at the same moment: there is one key.
                Err(problem) => Signer::load(&self.key, &self.origin)?.ok_or(problem)?,
            },
            None => bail!(
                "audit key {} is missing, and the log is signed with it: restore the file; if it is lost, `exeunt audit new-key` puts another in its place",
                self.key.display()
            ),
        };
        Ok(self.signer.get_or_init(|| signer))
    }

    /// Signs what the audit log holds by now; why that could not be done, if so.
    pub fn sign(&self, store: &Store) -> Option<String> {
        let signed =
            self.signer(store).and_then(|signer| store.with_writer(|conn| Ok(audit::checkpoint(conn, signer, clock::now()).map(|_| ())?)));
        let why = signed.err().map(|error| format!("{error:#}"));
        if let Ok(mut trouble) = self.trouble.lock() {
            trouble.clone_from(&why);
        }
        why
    }

    /// Why the log could not be signed when that was tried last.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().ok().and_then(|trouble| trouble.clone())
    }

    /// The key that the log is to be verified with: the file's, else the one that the store names (then true). None where neither is there.
    ///
    /// # Errors
    /// The key file can't be used; the store's.
    pub fn verifier(&self, store: &Store) -> Result<Option<(String, bool)>> {
        if let Some(signer) = Signer::load(&self.key, &self.origin)? {
            return Ok(Some((signer.verifier().to_string(), false)));
        }
        Ok(store.read(|conn| Ok(audit::known_key(conn)?))?.map(|key| (key, true)))
    }

    /// Puts a new key in the place of one that is lost. An entry of the log says who did so and why; the old key's checkpoints stay as they are.
    ///
    /// # Errors
    /// The key's file is there, or the log was never signed; the store's.
    pub fn replace(&self, store: &Store, reason: &str, by: &str) -> Result<String> {
        if self.key.exists() {
            bail!("audit key {} is there: nothing was done; move it away first if another is to take its place", self.key.display());
        }
        let signer = store.write_durably(|tx| {
            if audit::known_key(tx)?.is_none() {
                bail!("the log was never signed: its key is made when a departure runs");
            }
            // The file comes first: a key that the store names and nobody has would be lost again.
            let signer = Signer::create(&self.key, &self.origin)?;
            let replaced = audit::replace_key(tx, &signer, reason, by, clock::now());
            if let Err(error) = replaced {
                std::fs::remove_file(&self.key)?;
                return Err(error.into());
            }
            Ok(signer)
        })?;
        Ok(self.signer.get_or_init(|| signer).verifier().to_string())
    }
}
