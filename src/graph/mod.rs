//! The graph of who has what, at a moment: petgraph over the store's open intervals, with names resolved and links as edges.

mod around;
mod executives;
mod link;
mod person;
mod reach;
mod snapshot;
mod walk;
mod whom;
mod whose;

pub use around::Around;
pub use executives::{contested, placeless, unmatched, untold, vanished};
pub use link::{Link, LinkState};
pub use person::{Person, Standing, executive_rule};
pub use reach::{Path, Reach};
pub use snapshot::{Edge, Graph, Node};
pub use whom::{nobodys, protected, unknown_executives};
pub use whose::Lists;

#[cfg(test)]
mod tests;
