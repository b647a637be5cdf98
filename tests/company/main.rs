//! What exeunt does with the simulated company. Everything that needs it is here; each module says what it holds exeunt to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// Secrets of every kind, looked for in everything that is produced.
mod canary;
/// Recorded exchanges, held against the vendors' own descriptions.
mod conform;
/// Killed at random moments, in a scan and in a departure: nothing is lost, forgotten, or done twice.
mod crash;
/// The demo tells the truth about the simulated company, and leaves what it says it leaves.
mod demo;
/// A scan of a directory that is broken off.
mod directory_night;
/// Every call that a manifest names is made by some test.
mod exercised;
/// What can't be read never makes known access disappear.
mod gaps;
/// What is seen and what goes, held against files.
mod golden;
/// What HR says, puts off and takes back, before anything has begun.
mod hr;
/// The second night reads what changed, and comes to what a read of everything would have come to.
mod nights;
/// Webhooks, a scheduled departure and a scan at the same time, with a system that doesn't answer: none waits for another.
mod order;
/// Small pages lead to the same end.
mod pages;
/// Whatever goes wrong: nothing is called gone, complete or clean unless it is, and nobody leaves whom HR did not name.
mod property;
/// A real mail server.
mod real_smtp;
/// The built command, run to its end.
#[path = "../product/run.rs"]
mod run;
/// Serving: HR's word starts departures, once; schedules are kept; a stop leaves nothing half way.
mod serve;
/// Mistakes in settings are one clear line; help and JSON are there for every command.
mod settings;
/// The builder: the simulated company, and the built command run against it.
mod sim;
/// `serve` for a long time, in bad weather.
mod soak;
/// Each system by itself: everything goes, and each of its traps is seen for what it is.
mod systems;
/// Tasks become tickets and events notices, each once, whatever fails in between.
mod tell;
/// Whose an account is: what was known stays known, and what is in doubt never ends green.
mod whose;
