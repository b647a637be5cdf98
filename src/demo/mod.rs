//! The simulated company: people, and vendors' servers that keep to the vendors' own API descriptions.

pub mod bamboohr;
pub mod company;
pub mod directory;
pub mod faults;
pub mod okta;
#[cfg(test)]
pub(crate) mod probe;
mod staff;
pub mod vendor;
