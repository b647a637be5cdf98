//! What is done with bytes that nobody chose, and what must hold of it. `tests/fuzz/run` looks for bytes for which it doesn't;
//! `tests/product/fuzzed.rs` tries those that were found once, and changes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod audit;
mod bundle;
mod bytes;
mod decoders;
mod expressions;
mod ldap;
mod manifest;
mod names;
mod paging;
mod redaction;
mod settings;
mod webhooks;

/// What is done with the bytes.
pub type Target = fn(&[u8]);

/// Every target, by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("audit", audit::audit),
    ("bundle", bundle::bundle),
    ("decoders", decoders::decoders),
    ("expressions", expressions::expressions),
    ("ldap", ldap::ldap),
    ("manifest", manifest::manifest),
    ("names", names::names),
    ("paging", paging::paging),
    ("redaction", redaction::redaction),
    ("settings", settings::settings),
    ("webhooks", webhooks::webhooks),
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}
