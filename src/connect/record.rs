//! Recordings: each HTTP exchange as one JSON line, without secrets, for checks against the vendors' own descriptions.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// Writes exchanges to a file. Clones write to the same one.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    path: PathBuf,
    file: Mutex<BufWriter<File>>,
}

impl Recorder {
    /// Begins a recording; a file that is there already is replaced.
    ///
    /// # Errors
    /// One line: the file can't be written.
    pub fn to_file(path: &Path) -> Result<Self, String> {
        let file = crate::private::create(path).map_err(|error| format!("recording {} can't be written: {error}", path.display()))?;
        Ok(Self(Arc::new(Inner { path: path.to_owned(), file: Mutex::new(BufWriter::new(file)) })))
    }

    /// Appends one exchange, redacted already.
    pub(super) fn write(&self, exchange: &Value) {
        let Ok(mut file) = self.0.file.lock() else { return };
        // Flushed line by line, so that an aborted scan leaves whole lines behind.
        if let Err(error) = writeln!(file, "{exchange}").and_then(|()| file.flush()) {
            tracing::warn!(path = %self.0.path.display(), %error, "an exchange could not be recorded");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Ok(file) = self.file.get_mut()
            && let Err(error) = file.flush()
        {
            tracing::warn!(path = %self.path.display(), %error, "the recording's end could not be written");
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.0.path).finish()
    }
}
