//! Secrets: named in the settings by where they are (`env:`, `file:`, `exec:`), read once and kept, never printed or stored.

use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

/// A place that gives no secret within this time has none.
const IN_TIME: Duration = Duration::from_secs(10);
/// No secret is larger: a key file of many keys is a tenth of this.
const LARGEST: u64 = 64 << 10;
/// A secret that may have been replaced is read anew, but not more often than this.
const ROTATED: Duration = Duration::from_secs(300);

/// Where a secret is to be found. Its text is safe to print: it names a place, never a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// The first line of a file (a systemd credential, a Kubernetes mount).
    File(String),
    /// The standard output of a command line, split at spaces (`exec:op read op://it/okta/token`).
    Exec(String),
}

impl SecretRef {
    /// Reads a reference as the settings file writes it.
    ///
    /// # Errors
    /// The text doesn't begin with `env:`, `file:` or `exec:`. The text itself is not repeated: it may be a secret
    /// that somebody pasted.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(("exec", line)) if !line.is_empty() => Ok(Self::Exec(line.to_owned())),
            _ => {
                Err("is not a secret reference: write env:NAME, file:PATH or exec:COMMAND (secrets themselves never stand in the settings)"
                    .to_owned())
            }
        }
    }

    /// Fetches the secret, on a thread of its own: a command or a pipe that gives nothing is given up in time.
    ///
    /// # Errors
    /// One line saying which place had nothing to give, or gave what is no secret.
    pub fn read(&self) -> Result<SecretString, String> {
        let bytes = match self {
            Self::Env(name) => {
                std::env::var(name).map(String::into_bytes).map_err(|_| format!("environment variable {name} is not set"))?
            }
            Self::File(path) => {
                let unreadable = |error: std::io::Error| format!("secret file {path} can't be read: {error}");
                let file = path.clone();
                in_time(move || some_of(std::fs::File::open(file)?))
                    .map_err(|_| format!("secret file {path} gave nothing within {} s", IN_TIME.as_secs()))?
                    .map_err(unreadable)?
            }
            Self::Exec(line) => printed_by(line)?,
        };
        if bytes.len() as u64 > LARGEST {
            return Err(format!("{self} gave more than {} KiB: that is no secret", LARGEST >> 10));
        }
        let value = String::from_utf8(bytes).map_err(|_| format!("{self} gave something that is not text"))?;
        // A PEM key has many lines; anything else is its first line.
        let value = if value.contains("-----BEGIN") { value } else { value.lines().next().unwrap_or_default().trim().to_owned() };
        if value.is_empty() {
            return Err(format!("{self} is empty"));
        }
        if value.contains(|c: char| c.is_control() && !"\n\r\t".contains(c)) {
            return Err(format!("{self} gave control characters: that is no line of text"));
        }
        Ok(SecretString::from(value))
    }
}

/// What `work` gives, unless it takes too long. It is left alone then: nothing can end a thread that waits for a pipe.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, RecvTimeoutError> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(IN_TIME)
}

/// Everything that a source gives, up to a byte more than a secret may have.
fn some_of(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes).map(|_| bytes)
}

/// What a command prints. It has nothing to read from, and whatever it started ends with it.
fn printed_by(line: &str) -> Result<Vec<u8>, String> {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("secret command {program} can't be run: {error}"))?;
    let deadline = Instant::now() + IN_TIME;
    let printed = child.stdout.take().map(|stdout| in_time(move || some_of(stdout)));
    let fine = match &printed {
        Some(Ok(Ok(bytes))) if bytes.len() as u64 <= LARGEST => loop {
            match child.try_wait() {
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                Ok(status) => break status,
                Err(_) => break None,
            }
        },
        _ => None,
    };
    if fine.is_none() {
        if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.wait();
    }
    match (printed, fine) {
        (Some(Ok(Ok(bytes))), Some(status)) if status.success() => Ok(bytes),
        (Some(Ok(Ok(_))), Some(status)) => Err(format!("secret command {program} ended with {status}")),
        (Some(Ok(Ok(bytes))), None) if bytes.len() as u64 > LARGEST => {
            Err(format!("secret command {program} printed more than {} KiB: that is no secret", LARGEST >> 10))
        }
        (Some(Ok(Err(error))), _) => Err(format!("secret command {program} can't be read: {error}")),
        _ => Err(format!("secret command {program} gave no answer within {} s", IN_TIME.as_secs())),
    }
}

/// A secret that was read, and the place that it is read from anew when it may have been replaced.
#[derive(Clone)]
pub struct Kept(Arc<Inner>);

struct Inner {
    place: Option<SecretRef>,
    value: RwLock<SecretString>,
    /// When it was last read.
    read: Mutex<Instant>,
}

impl Kept {
    /// Reads a secret, to keep it.
    ///
    /// # Errors
    /// As [`SecretRef::read`].
    pub fn read(place: SecretRef) -> Result<Self, String> {
        let value = place.read()?;
        Ok(Self(Arc::new(Inner { place: Some(place), value: RwLock::new(value), read: Mutex::new(Instant::now()) })))
    }

    /// The secret as it was last read.
    pub fn get(&self) -> SecretString {
        self.0.value.read().map(|value| value.clone()).unwrap_or_default()
    }

    /// It was refused, so it may have been replaced: reads it anew, on a thread of its own, at most every five minutes. Whether it is another one now.
    /// Where it can't be read, the old one stays.
    pub async fn again(&self) -> bool {
        let Some(place) = self.0.place.clone() else { return false };
        match self.0.read.lock() {
            Ok(mut read) if read.elapsed() >= ROTATED => *read = Instant::now(),
            _ => return false,
        }
        let fresh = match tokio::task::spawn_blocking(move || place.read()).await {
            Ok(Ok(fresh)) => fresh,
            Ok(Err(problem)) => {
                tracing::warn!(problem, "a secret that was refused can't be read anew");
                return false;
            }
            Err(_) => return false,
        };
        match self.0.value.write() {
            Ok(mut value) if value.expose_secret() != fresh.expose_secret() => {
                *value = fresh;
                true
            }
            _ => false,
        }
    }
}

impl From<SecretString> for Kept {
    /// A secret that is not read from anywhere.
    fn from(value: SecretString) -> Self {
        Self(Arc::new(Inner { place: None, value: RwLock::new(value), read: Mutex::new(Instant::now()) }))
    }
}

impl From<&str> for Kept {
    fn from(value: &str) -> Self {
        Self::from(SecretString::from(value.to_owned()))
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.0.place).finish()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Exec(line) => write!(f, "exec:{}", line.split_whitespace().next().unwrap_or_default()),
        }
    }
}

/// The text of a secret, for the moment it is sent.
pub fn expose(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        SecretRef::parse(text).and_then(|place| place.read()).map(|secret| expose(&secret).to_owned())
    }

    #[test]
    fn what_is_no_secret_is_refused_whatever_its_size() {
        assert_eq!(read("exec:echo hush hush"), Ok("hush hush".to_owned()));
        assert_eq!(read("exec:cat"), Err("exec:cat is empty".to_owned()), "nothing to read from");
        for (place, says) in [
            ("exec:head -c 600000000 /dev/zero", "secret command head printed more than 64 KiB"),
            ("file:/dev/zero", "file:/dev/zero gave more than 64 KiB"),
            ("exec:head -c 9 /dev/zero", "exec:head gave control characters"),
            ("exec:false", "secret command false ended with"),
            ("exec:no-such-command-anywhere", "can't be run"),
        ] {
            let refused = read(place).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn a_command_that_never_answers_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("slow.sh");
        // What it starts itself holds the pipe open too.
        std::fs::write(&script, format!("sleep 77 &\necho $! > {}\nsleep 77\n", folder.path().join("pid").display())).unwrap();
        let begun = Instant::now();
        let refused = read(&format!("exec:sh {}", script.display())).unwrap_err();
        assert_eq!(refused, "secret command sh gave no answer within 10 s");
        assert!(begun.elapsed() < IN_TIME + Duration::from_secs(5), "{:?}", begun.elapsed());
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z"), "it still runs: {state}");
    }
}
