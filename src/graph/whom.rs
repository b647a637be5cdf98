//! Whom the settings name: by number, HR's key, address or name, as HR has them now or had them once. Whoever is protected stays so, however HR writes
//! them later; a name that is nobody's protects nobody, and is said.

use anyhow::Result;
use rusqlite::Connection;

use super::Person;
use crate::config::Config;
use crate::model::NodeId;
use crate::store::graph::once_called;

/// Whom each entry of `people.protected` means, among `people`.
///
/// # Errors
/// The database's.
fn meant<'c>(conn: &Connection, config: &'c Config, people: &[Person]) -> Result<Vec<(&'c str, Vec<NodeId>)>> {
    let of = |entry: &'c String| {
        let mut who = once_called(conn, entry)?;
        who.retain(|id| people.iter().any(|person| person.id == *id));
        Ok((entry.as_str(), who))
    };
    config.people.protected.iter().map(of).collect()
}

/// Why a person's departure needs an approval because of `people.protected`, if it does: they are protected, or it can't be told whether they are.
///
/// # Errors
/// The database's.
pub fn protected(conn: &Connection, config: &Config, people: &[Person], person: &Person) -> Result<Option<String>> {
    let meant = meant(conn, config, people)?;
    if meant.iter().any(|(_, who)| who.contains(&person.id)) {
        return Ok(Some(format!("{} is protected (people.protected): somebody must approve", person.name)));
    }
    Ok(meant.iter().find(|(_, who)| who.is_empty()).map(|(entry, _)| {
        format!("people.protected names {entry:?}, and HR knows nobody of that name, so that it may mean anybody: correct it, or somebody must approve")
    }))
}

/// The entries of the settings that name none of these people, or several where one is meant; [`unknown_executives`] are apart. Nothing can be said
/// before anybody is known.
///
/// # Errors
/// The database's.
pub fn nobodys(conn: &Connection, config: &Config, people: &[Person]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (entry, who) in meant(conn, config, people)? {
        match who.len() {
            0 => problems.push(format!(
                "people.protected names {entry:?}, and HR knows nobody of that name: it protects nobody, and every departure waits for an approval"
            )),
            1 => {}
            many => problems.push(format!(
                "people.protected names {entry:?}, and {many} people are called that: all of them are protected; write the employee number"
            )),
        }
    }
    let rules = &config.people;
    let leavers = rules.successors.keys().map(|name| (name, format!("people.successors names {name:?}")));
    let heirs = rules.successors.iter().map(|(of, name)| (name, format!("people.successors names {name:?} as the successor of {of:?}")));
    let kept = config.departure.keep.iter().filter(|keep| keep.person != "*");
    let kept = kept.map(|keep| (&keep.person, format!("departure.keep names {:?} in {}", keep.person, keep.system)));
    problems.extend(unknown(people, leavers.chain(heirs).chain(kept)));
    Ok(problems)
}

/// The executives whom the settings list and who are none of these people. Nothing can be said before anybody is known.
pub fn unknown_executives(config: &Config, people: &[Person]) -> Vec<String> {
    unknown(people, config.people.executives.iter().map(|name| (name, format!("people.executives names {name:?}")))).collect()
}

/// Of names and where they stand, those that are nobody's.
fn unknown<'p>(people: &'p [Person], named: impl Iterator<Item = (&'p String, String)> + 'p) -> impl Iterator<Item = String> + 'p {
    let nobodys = named.filter(|(name, _)| !people.iter().any(|person| person.is_called(name)));
    nobodys.map(|(_, place)| format!("{place}, and HR knows nobody of that name"))
}
