//! Many departures at the same moment, each by a process of its own: never more than the settings allow.
//!
//! ```text
//! EXEUNT_ROUNDS=50 cargo test --test product mass_limit     fifty times twelve commands
//! ```

use crate::run::{COULD_NOT, FINE, command};
use crate::small::Small;

/// How many commands run at once.
const COMMANDS: usize = 12;
/// How many departures the settings let through.
const LIMIT: usize = 3;

/// How often it is tried: `EXEUNT_ROUNDS=50` is the long form.
fn rounds() -> usize {
    std::env::var("EXEUNT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2)
}

// Reliability: Who may.
#[test]
fn commands_at_the_same_moment_never_run_more_departures_than_the_mass_limit() {
    for round in 0..rounds() {
        let small = Small::up("[departure]\nmass_limit = 3\n");
        small.crowd(COMMANDS);
        small.exeunt(&["scan"]).ended(FINE);
        let children: Vec<_> = (11..11 + COMMANDS)
            .map(|number| command(small.folder()).args(["revoke", &format!("E{number}"), "--yes"]).spawn().unwrap())
            .collect();
        let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let said: Vec<_> = ended.iter().map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).collect();
        let waits = said.iter().filter(|err| err.contains("departure.mass_limit")).count();
        let ran = ended.iter().filter(|output| output.status.code() != Some(COULD_NOT)).count();
        assert_eq!(small.crowd_off(), LIMIT, "round {round}: {said:#?}");
        // The key that signs the log is made by whoever comes first, and nobody fails for it.
        assert_eq!((ran, waits), (LIMIT, COMMANDS - LIMIT), "round {round}: {said:#?}");
        // What waits is not run by itself afterwards.
        let cases = small.exeunt(&["departures", "--json"]).json();
        let waiting = cases.as_array().unwrap().iter().filter(|case| case["state"] == "waiting").count();
        assert_eq!(waiting, COMMANDS - LIMIT, "round {round}: {cases}");
    }
}
