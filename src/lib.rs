//! See every way in. Close them all at once. Prove they are closed.

pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod demo;
pub mod departure;
pub mod graph;
pub mod handoff;
pub mod manifest;
pub mod model;
pub mod report;
pub mod resolve;
pub mod revoke;
pub mod scan;
pub mod secret;
pub mod serve;
pub mod shadow;
pub mod store;
pub mod survey;
