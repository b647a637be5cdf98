//! The `exeunt` command: see every way in, close them all at once, prove they are closed.

use std::process::ExitCode;

fn main() -> ExitCode {
    exeunt::cli::main()
}
