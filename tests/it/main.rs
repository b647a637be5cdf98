//! One test binary; each module says what it holds exeunt to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// Layers point down, registries are complete, the repository speaks of exeunt alone.
mod tidy;
