//! The only place that prints.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{IsTerminal as _, Write as _};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::clean;

/// Prints a line to standard output; a reader that went away ends the output, not the work.
pub fn say(line: impl AsRef<str>) {
    let _gone = writeln!(std::io::stdout().lock(), "{}", clean::terminal(line.as_ref(), coloured()));
}

/// Prints a text for programs, byte by byte.
pub fn raw(text: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a JSON value, indented.
pub fn json(value: &serde_json::Value) {
    raw(&clean::json(&serde_json::to_string_pretty(value).unwrap_or_default()));
}

/// Prints an error as one line to standard error.
pub fn complain(error: &anyhow::Error) {
    let line = clean::line(&format!("{error:#}").replace('\n', "; "));
    let _gone = writeln!(std::io::stderr().lock(), "exeunt: {line}");
}

/// Prints a remark to standard error.
pub fn remark(line: impl AsRef<str>) {
    let _gone = writeln!(std::io::stderr().lock(), "{}", clean::terminal(line.as_ref(), watched()));
}

/// Where log lines go: standard error, with nothing in them that a terminal obeys. A line comes as a whole.
pub struct Log;

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().lock().write_all(clean::terminal(&String::from_utf8_lossy(line), false).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().lock().flush()
    }
}

/// Whether somebody is watching: progress is shown on a terminal only.
pub fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether standard output may be coloured.
pub fn coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A spinner with a text, on a terminal; nothing in a pipe.
pub fn spinner(text: &str) -> ProgressBar {
    if !watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(text.to_owned());
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

/// Bars of `length` steps below one another, one for each text, on a terminal; nothing in a pipe.
pub fn bars(texts: &[&str], length: u64) -> Vec<ProgressBar> {
    if !watched() {
        return texts.iter().map(|_| ProgressBar::hidden()).collect();
    }
    let all = MultiProgress::new();
    let style = ProgressStyle::with_template("{msg:11} {bar:24} {pos} of {len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = |text: &&str| {
        let bar = all.add(ProgressBar::new(length));
        bar.set_style(style.clone());
        bar.set_message((*text).to_owned());
        bar
    };
    texts.iter().map(bar).collect()
}

/// Text in a colour (an ANSI code such as 31), where colours are seen.
pub fn paint(text: &str, code: u8) -> String {
    if coloured() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
