//! The built `exeunt`, run to its end in a folder, and how it ended.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Exit codes.
pub const FINE: i32 = 0;
#[allow(dead_code)] // The company's tests have this file too.
pub const FOUND: i32 = 1;
pub const COULD_NOT: i32 = 2;

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The JSON that it printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The same, if it ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// The built command; nothing of the environment speaks to it.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exeunt"));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["EXEUNT_CONFIG", "EXEUNT_STORE", "EXEUNT_LOG"] {
        command.env_remove(name);
    }
    command
}

/// Runs the command in a folder, to its end.
pub fn run_in(folder: &Path, args: &[&str]) -> Ran {
    let output = command(folder).args(args).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// That a command said what is wrong in one line on standard error, and did nothing else.
#[track_caller]
pub fn assert_one_line(ran: Ran, says: &[&str]) {
    let ran = ran.ended(COULD_NOT);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 1, "not one line: {ran:?}");
    for word in says {
        assert!(lines[0].contains(word), "nothing of {word:?} in {:?}", lines[0]);
    }
    assert!(!lines[0].ends_with('.') && !lines[0].contains("Error {") && lines[0].starts_with("exeunt: "), "{:?}", lines[0]);
    assert_eq!(ran.out, "", "{ran:?}");
}
