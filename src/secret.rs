//! Secrets: named in the settings by where they are (`env:`, `file:`, `exec:`), read when needed, never printed or stored.

use std::fmt;
use std::process::Command;

use secrecy::{ExposeSecret, SecretString};

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

    /// Fetches the secret.
    ///
    /// # Errors
    /// One line saying which place had nothing to give.
    pub fn read(&self) -> Result<SecretString, String> {
        let value = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| format!("environment variable {name} is not set"))?,
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| format!("secret file {path} can't be read: {error}"))?,
            Self::Exec(line) => {
                let mut words = line.split_whitespace();
                let program = words.next().unwrap_or_default();
                let output = Command::new(program)
                    .args(words)
                    .output()
                    .map_err(|error| format!("secret command {program} can't be run: {error}"))?;
                if !output.status.success() {
                    return Err(format!("secret command {program} ended with {}", output.status));
                }
                String::from_utf8(output.stdout).map_err(|_| format!("secret command {program} printed something that is not text"))?
            }
        };
        // A PEM key has many lines; anything else is its first line.
        let value = if value.contains("-----BEGIN") { value } else { value.lines().next().unwrap_or_default().trim().to_owned() };
        if value.is_empty() {
            return Err(format!("{self} is empty"));
        }
        Ok(SecretString::from(value))
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
