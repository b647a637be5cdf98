//! See every way in. Close them all at once. Prove they are closed.
//!
//! exeunt keeps a living graph of everything each executive can reach, and takes all of it away at once when one leaves. This page is the
//! map: modules by layer, each free to use what stands below it and nothing above (a test holds us to it).
//!
//! | layer | modules | what they are for |
//! |---|---|---|
//! | faces | [`cli`] | flags in, a library call, words out; the only place that prints |
//! | joiners | [`serve`] | schedules, HR's webhooks and polls |
//! | | [`departure`] | one case from HR's word to closed |
//! | | [`survey`], [`report`] | one look at everything; what is published, and in which shape |
//! | engines | [`scan`], [`resolve`], [`shadow`], [`revoke`], [`handoff`] | each by itself; joiners bring them together |
//! | ground | [`graph`], [`connect`] | the graph at a moment, whole or around a person; the only way to a network |
//! | | [`manifest`], [`audit`] | one file per system; what was done, provable without us |
//! | base | [`config`], [`store`] | the settings file; SQLite, one writer, intervals that are closed and never deleted |
//! | | [`model`], [`secret`], [`clock`], [`private`], [`clean`] | nouns; secrets that are never printed; the only clock; the one way to write a file; names that only look like names |
//!
//! # What is deliberately absent
//!
//! - The simulated company: a crate of its own, in `fixtures/`, which knows nothing of this one. Only `exeunt demo` (the feature `demo`) brings it up.
//! - Code for a single system: what one needs is a feature of the manifest language ([`manifest::raw`]) or it isn't there.
//! - Deleting: an observation's interval is closed by a *complete* read that no longer saw it ([`store::graph::write_scope`]), by nothing else.
//! - Trust in status codes: an action's state becomes `gone` by a fresh read only ([`model::ActionState`] has every legal move).
//! - A way to give access back by accident: an undo is a separate action that somebody approves.
//! - The clock outside [`clock`], the network outside [`connect`], standard output outside [`cli`].
//!
//! # Two walks
//!
//! *A night.* [`survey::survey`] scans HR first, for it says whom to watch; then every system at once. [`scan::scan_system`] reads each
//! collection's pages, turns records into observations ([`manifest::extract`]), and writes each scope in one transaction. [`resolve`] says which
//! accounts are one person, [`shadow`] what nobody provisioned.
//!
//! *A departure.* [`departure::hear`] finds in HR's record that somebody leaves. [`revoke::plan`] makes the plan, [`revoke::prove`] proves on the graph
//! that it is a cut. [`revoke::run`] writes the journal, fires what waits for nothing, and proves each by reading. The person is scanned again;
//! what is new is fired too. [`audit`] has an entry for every step, signed at the end.

pub mod audit;
pub mod clean;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod departure;
pub mod graph;
pub mod handoff;
pub mod manifest;
pub mod model;
pub mod private;
pub mod report;
pub mod resolve;
pub mod revoke;
pub mod scan;
pub mod secret;
pub mod serve;
pub mod shadow;
pub mod store;
pub mod survey;
