//! One test binary; each module says what it holds exeunt to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// What the tests against real servers share.
mod real;
/// A real Active Directory domain controller.
mod real_ad;
/// A real OpenLDAP server.
mod real_openldap;
/// A real SCIM provider.
mod real_scim;
/// Layers point down, registries are complete, the repository speaks of exeunt alone.
mod tidy;
