//! The store: SQLite, one writer, readers beside it. Every change is one transaction.

pub mod around;
pub mod deliveries;
pub mod departures;
pub mod findings;
pub mod graph;
pub mod history;
pub mod later;
pub mod lease;
pub mod links;
mod lock;
pub mod ours;
pub mod proofs;
pub mod scans;
mod upgrade;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::private;

/// The schema, one file per topic, in the order of their references.
const SCHEMA: &[&str] = &[
    include_str!("../../schema/graph.sql"),
    include_str!("../../schema/scans.sql"),
    include_str!("../../schema/departures.sql"),
    include_str!("../../schema/tell.sql"),
    include_str!("../../schema/audit.sql"),
];

/// The version of the schema that this binary reads and writes.
const VERSION: i64 = 7;

/// Connections for reading that are kept open while nobody reads; more are opened when more read at once, and each holds some megabytes.
const IDLE_READERS: usize = 8;

/// An open store. Share it behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    lock: lock::Lock,
    deriving: Mutex<()>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens the store at `path`, making it if there is none.
    ///
    /// # Errors
    /// The file can't be opened, or was made by another version.
    pub fn open(path: &Path) -> Result<Self> {
        let no_store = || format!("{} can't be used as a store", path.display());
        let path = &own_file(path).with_context(no_store)?;
        let mut writer = connect(path, OpenFlags::default()).with_context(no_store)?;
        let version: i64 = writer.query_row("PRAGMA user_version", [], |row| row.get(0)).with_context(no_store)?;
        match version {
            VERSION => {}
            1.. if version < VERSION => {
                upgrade::run(&mut writer, version)
                    .with_context(|| format!("bringing the store {} to version {VERSION}", path.display()))?;
            }
            0 => create(&mut writer).with_context(|| format!("making the store {}", path.display()))?,
            other => bail!(
                "the store {} has version {other}, this exeunt reads version {VERSION}: use the exeunt that made it, or another --store",
                path.display()
            ),
        }
        // From here on it waits by slices, so that it can say that it does.
        writer.busy_timeout(lock::SLICE)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            lock: lock::Lock::of(path),
            deriving: Mutex::default(),
            readers: Mutex::default(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes out of the files beside the store what a finished scan no longer needs: its pages are gone from the store itself by then, but the
    /// write-ahead log still has them. While somebody reads, this waits `patience`, and then leaves it for the next time.
    ///
    /// # Errors
    /// The database's.
    pub fn wipe_log(&self, patience: Duration) -> Result<bool> {
        let since = Instant::now();
        loop {
            // Whoever has something to write doesn't wait for it.
            let done = self.writing(|writer| {
                writer.busy_timeout(Duration::from_millis(20))?;
                let busy = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
                writer.busy_timeout(lock::SLICE)?;
                Ok(busy? == 0)
            })?;
            if done || since.elapsed() >= patience {
                return Ok(done);
            }
            lock::off_async_threads(|| std::thread::sleep(Duration::from_millis(100)));
        }
    }

    /// Runs `work`, which makes something of the whole graph and writes it, while nobody else in this process does such work: what an older graph said
    /// is never written after what a newer one said.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn derive<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        lock::off_async_threads(|| {
            let _turn = self.deriving.lock().map_err(|_| anyhow::anyhow!("the store was lost to a panic"))?;
            work()
        })
    }

    /// Runs `change` in one transaction, which is kept only if it succeeds.
    ///
    /// # Errors
    /// Those of `change`, or of the database.
    pub fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.writing(|writer| {
            let tx = self.lock.begin(writer)?;
            let value = change(&tx)?;
            tx.commit()?;
            Ok(value)
        })
    }

    /// As [`Store::write`], on disk before it returns even if the power goes: for the journal and the audit log.
    ///
    /// # Errors
    /// Those of `change`, or of the database.
    pub fn write_durably<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.writing(|writer| {
            writer.execute_batch("PRAGMA synchronous = FULL")?;
            let done = (|| {
                let tx = self.lock.begin(writer)?;
                let value = change(&tx)?;
                tx.commit()?;
                Ok(value)
            })();
            writer.execute_batch("PRAGMA synchronous = NORMAL")?;
            done
        })
    }

    /// Lends the writing connection itself, for work that makes its own transactions (checkpoints of the audit log).
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with_writer<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.writing(|writer| {
            // Waits here for whoever holds the store, with all of our patience.
            drop(self.lock.begin(writer)?);
            work(writer)
        })
    }

    /// Why nothing can be written at present, if so: another program holds the store's lock.
    pub fn trouble(&self) -> Option<String> {
        self.lock.trouble()
    }

    fn writing<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        lock::off_async_threads(|| {
            let mut writer = self.writer.lock().map_err(|_| anyhow::anyhow!("the store's writer was lost to a panic"))?;
            work(&mut writer)
        })
    }

    /// Reads from one consistent moment, beside the writer.
    ///
    /// # Errors
    /// Those of `question`, or of the database.
    pub fn read<T>(&self, question: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.readers.lock().ok().and_then(|mut readers| readers.pop());
        let mut reader = match idle {
            Some(reader) => reader,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI)?,
        };
        let tx = reader.transaction()?;
        let answer = question(&tx);
        drop(tx);
        if let Ok(mut readers) = self.readers.lock()
            && readers.len() < IDLE_READERS
        {
            readers.push(reader);
        }
        answer
    }
}

/// The longest that anything is put off before it is tried again.
const LONGEST_PAUSE: jiff::SignedDuration = jiff::SignedDuration::from_hours(26);

/// When something that was put off is tried again. What was put off by longer than anything is was written down by a clock that was ahead: now.
pub(crate) fn not_late(at: jiff::Timestamp) -> jiff::Timestamp {
    let now = crate::clock::now();
    if at.duration_since(now) > LONGEST_PAUSE { now - jiff::SignedDuration::from_secs(1) } else { at }
}

/// How long one program waits for another that writes.
const BUSY: Duration = Duration::from_secs(30);

/// The store's file, there and closed to others; SQLite gives the files beside it the same mode. The path has no link in it: SQLite refuses those.
fn own_file(path: &Path) -> Result<PathBuf> {
    private::refuse_link(path)?;
    if !path.exists() {
        drop(private::keep(path)?);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = folder.canonicalize()?.join(path.file_name().context("it names no file")?);
    let mut was_open = false;
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut file = path.clone().into_os_string();
        file.push(ending);
        was_open |= private::close(Path::new(&file))?;
    }
    if was_open {
        tracing::error!(store = %path.display(), "others could read the store; it is closed to them now (mode 600)");
    }
    Ok(path)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NOFOLLOW)
        .with_context(|| format!("opening the store {}", path.display()))?;
    let writes = !flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY);
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    // A walk through the graph comes by the upper pages of the indexes again and again.
    connection.execute_batch("PRAGMA cache_size = -32768")?;
    if writes {
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF;
             PRAGMA secure_delete = ON",
        )?;
    }
    Ok(connection)
}

fn create(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for file in SCHEMA {
        tx.execute_batch(file)?;
    }
    tx.execute("INSERT INTO system (id, name, scanner, category) VALUES (0, '', '', '')", [])?;
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()?;
    Ok(())
}
