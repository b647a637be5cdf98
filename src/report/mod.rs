//! What exeunt publishes: view structs, the only shapes that leave it, and the renderers beside them.
//!
//! ```text
//!   store ─► Facts (the graph at a moment, people, findings, coverage) ─► a view ─► text │ json │ csv │ html
//!                                                                    └──────────► opengraph │ graphml │ csv │ ocsf
//! ```
//!
//! Views alone are `Serialize` and `JsonSchema`; `schema/*.schema.json` is made of them (see [`schemas`]). Nothing here prints.

pub mod access;
mod called;
pub mod case;
pub mod changes;
pub mod coverage;
pub mod csv;
mod facts;
pub mod graphml;
pub mod html;
mod markup;
pub mod moment;
pub mod ocsf;
pub mod opengraph;
mod parts;
pub mod people;
pub mod person;
mod picture;
pub mod schemas;
pub mod shadow;
pub mod systems;
pub mod text;
pub mod why;

#[cfg(test)]
mod tests;

pub use crate::clean;
pub use called::called;
pub use facts::{Facts, Known, NEVER_READ};
pub use parts::{BlindSpot, Counts, FindingView, Gap, HrState, PersonHead, Step};
