//! Shadow access: ways in that a switched-off sign-in doesn't close. One file per check, each with its risk, its predicate, its traps.

mod view;
pub use view::View;
