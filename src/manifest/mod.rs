//! Manifests: one file per system that says how to see access, take it away, and prove it gone.
//!
//! `raw` is the language as written; `load` reads a file and `check` finds every problem in it at once; a [`Manifest`] is
//! one that has none. Expressions stay as text in it and are compiled once, through [`express`].

pub mod attributes;
mod builtin;
pub mod check;
pub mod examples;
pub mod express;
pub mod extract;
pub mod functions;
pub mod judge;
pub mod load;
pub mod located;
mod named;
pub mod new;
pub mod places;
pub mod play;
mod play_lists;
pub mod proofs;
pub mod raw;
pub mod structure;
pub mod template;
#[cfg(test)]
mod tests;
mod told;

pub use crate::model::duration;

use std::sync::Arc;

/// A manifest without problems. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Manifest(Arc<raw::Manifest>);

impl std::ops::Deref for Manifest {
    type Target = raw::Manifest;

    fn deref(&self) -> &raw::Manifest {
        &self.0
    }
}

impl Manifest {
    /// A manifest that `check` found nothing wrong with.
    fn checked(raw: raw::Manifest) -> Self {
        Self(Arc::new(raw))
    }

    /// The collection of this name.
    pub fn collection(&self, name: &str) -> Option<&raw::Collection> {
        self.see.iter().find(|(known, _)| known == name).map(|(_, collection)| collection)
    }

    /// The action of this name.
    pub fn action(&self, name: &str) -> Option<&raw::Take> {
        self.take.iter().find(|(known, _)| known == name).map(|(_, take)| take)
    }
}
