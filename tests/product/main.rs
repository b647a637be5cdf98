//! What holds for exeunt without the simulated company: the built command, the tree, and real servers (`tests/real/run`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// What was so before a person was asked, and what waits for a person.
mod asked;
/// What a case does by itself after it has run.
mod back;
/// A list two levels below one of everybody's.
mod below;
/// `serve` under attack, and told to stop.
mod besieged;
/// A clock that was set wrong.
mod clock;
/// Exit codes: 0 where something is known to be well, and nowhere else.
mod codes;
/// A log that was cut back, and rows that were changed beside it.
mod cut_back;
/// Scans that were cut off.
mod cut_off;
/// What the product is built from.
mod dependencies;
/// A call that no read shows, and the action whose effect proves it.
mod effects;
/// Inputs that were once found, and changes of them.
mod fuzzed;
/// When something is gone, and a case closed.
mod gone;
/// A person's task, and what may prove it.
mod hand_offs;
/// What `serve` says of itself.
mod health;
/// A company whose app holds whatever users a test gives it.
mod hostile;
/// What an HR system's API leaves out, cuts short or mixes up.
mod hr_api;
/// Rows of HR's file that contradict themselves or one another.
mod hr_rows;
/// Access that a file has from a folder of somebody else.
mod inherited;
/// How completely a list was read: by its distinct records, and only by a read of the list itself.
mod lists;
/// Many departures at the same moment.
mod mass;
/// Names and texts of vendors and HR are data.
mod names;
/// One run per case, whatever else begins meanwhile.
mod one_run;
/// The branch we sit on.
mod own_account;
/// People whose departure needs an approval.
mod protected;
/// A proxy that does to connections what bad networks do.
mod proxy;
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
/// A real Tryton server.
mod real_tryton;
/// A departure at a set time: rehearsed before, fired at its time.
mod rehearsed;
/// A webhook that is sent again.
mod replay;
/// The built command, run to its end.
mod run;
/// Secrets stay where the settings say they are.
mod secrets;
/// `serve` while it runs.
mod served;
/// Mistakes in settings are one clear line; help and JSON are there for every command.
mod settings;
/// What goes on while an account is off: the rules of a mailbox that became a shared one.
mod shared_mailbox;
/// A company of one executive and one app, whose server does what a test tells it.
mod small;
/// A departure when something of our own fails in the middle of it.
mod stuck;
/// Two people's addresses that change places.
mod swapped;
/// Layers point down, registries are complete, the repository speaks of exeunt alone.
mod tidy;
/// The tables of promises and tests in docs/trust.md and docs/reliability.md.
mod trust;
/// A row that is gone from HR's export: no word, and a doubt.
mod vanished;
/// Real servers in bad weather.
mod weather;
/// Whose an account is: a name that changes in one system first, then a departure.
mod whose;
/// What is written: for its owner's eyes, through no link, and nothing that was read in passing.
mod written;
