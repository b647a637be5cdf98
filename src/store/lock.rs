//! Waiting for the store's lock: long, off the threads that everything else runs on, and never in silence.
//!
//! Another `exeunt` holds the lock for moments. A backup, or somebody's SQL shell, may hold it for minutes: a departure waits for them, for its
//! calls stand in the journal or don't leave.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// Longest wait for the lock.
const PATIENCE: Duration = Duration::from_secs(600);

/// One try.
pub(super) const SLICE: Duration = Duration::from_secs(1);

/// After this it is said that we wait.
const SILENT: Duration = Duration::from_secs(5);

/// The lock of a store's file.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Whether somebody waits for longer than is usual.
    waits: AtomicBool,
}

impl Lock {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), waits: AtomicBool::new(false) }
    }

    /// Begins a transaction that writes, as soon as nobody else does.
    ///
    /// # Errors
    /// The database's; it was locked for as long as we have patience.
    pub(super) fn begin<'c>(&self, writer: &'c Connection) -> Result<Transaction<'c>> {
        let since = Instant::now();
        let begun = loop {
            let begun = Transaction::new_unchecked(writer, TransactionBehavior::Immediate);
            let is_busy = begun.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
            if !is_busy {
                break begun.map_err(anyhow::Error::from);
            }
            if since.elapsed() >= PATIENCE {
                break begun.with_context(|| {
                    format!("{} was locked by another program for {} minutes: end that one", self.path.display(), PATIENCE.as_secs() / 60)
                });
            }
            if since.elapsed() >= SILENT && !self.waits.swap(true, Ordering::Relaxed) {
                tracing::error!("{}", self.words());
            }
        };
        if self.waits.swap(false, Ordering::Relaxed) && begun.is_ok() {
            tracing::error!("{} can be written again, after {} s", self.path.display(), since.elapsed().as_secs());
        }
        begun
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.waits.load(Ordering::Relaxed).then(|| self.words())
    }

    fn words(&self) -> String {
        format!(
            "the store {} is locked by another program: what is under way goes on, and what must be written first waits; end that program",
            self.path.display()
        )
    }
}

/// Does work that may wait long. The thread's other tasks go on elsewhere.
pub(super) fn off_async_threads<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
