//! One test binary; each module says what it holds exeunt to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// The builder: the simulated company, and the built command run against it.
mod company;
/// Recorded exchanges, held against the vendors' own descriptions.
mod conform;
/// Killed at random moments, in a scan and in a departure: nothing is lost, forgotten, or done twice.
mod crash;
/// The demo tells the truth about the simulated company, and leaves what it says it leaves.
mod demo;
/// Every call that a manifest names is made by some test.
mod exercised;
/// What can't be read never makes known access disappear.
mod gaps;
/// What HR says, puts off and takes back, before anything has begun.
mod hr;
/// The second night reads what changed, and comes to what a read of everything would have come to.
mod nights;
/// What the tests against real servers share.
mod real;
/// A real Active Directory domain controller.
mod real_ad;
/// A real Directus.
mod real_directus;
/// Emulators of Okta, GitHub and Slack.
mod real_emulate;
/// A real Glewlwyd single sign-on server.
mod real_glewlwyd;
/// A real JupyterHub.
mod real_jupyterhub;
/// The walk of docs/add-a-system.md, on a real JupyterHub.
mod real_jupyterhub_walk;
/// A real Keycloak.
mod real_keycloak;
/// Moto: AWS's IAM and IAM Identity Center.
mod real_moto;
/// A real OpenLDAP server.
mod real_openldap;
/// A real privacyIDEA server.
mod real_privacyidea;
/// A real SCIM provider.
mod real_scim;
/// A real mail server.
mod real_smtp;
/// A real Tryton server.
mod real_tryton;
/// Serving: HR's word starts departures, once; schedules are kept; a stop leaves nothing half way.
mod serve;
/// Mistakes in settings are one clear line; help and JSON are there for every command.
mod settings;
/// Each system by itself: everything goes, and each of its traps is seen for what it is.
mod systems;
/// Tasks become tickets and events notices, each once, whatever fails in between.
mod tell;
/// Layers point down, registries are complete, the repository speaks of exeunt alone.
mod tidy;
