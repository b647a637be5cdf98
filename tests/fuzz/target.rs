//! One program for each target: its name says which one it runs.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<exeunt_fuzz::Target> =
    LazyLock::new(|| exeunt_fuzz::target(env!("CARGO_BIN_NAME")).expect("a target of this name"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
