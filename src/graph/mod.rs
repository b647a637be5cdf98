//! The graph of who has what, at a moment: petgraph over the store's open intervals, with names resolved and links as edges.

mod person;
mod reach;
mod snapshot;

pub use person::Person;
pub use reach::{Path, Reach};
pub use snapshot::{Edge, Graph, Link, LinkState, Node};
