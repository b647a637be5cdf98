//! What is wrong with settings beside manifests and checks: names that stand for nothing.

use std::collections::BTreeSet;

use crate::clock;
use crate::config::Config;
use crate::manifest::load;
use crate::manifest::raw::Category;
use crate::shadow::CHECKS;

/// The roles that tasks of our own go to.
const ROLES: [&str; 6] = ["hr", "it", "legal", "security", "facilities", "finance"];

/// Actions that `departure.allow` and `departure.deny` name and that no manifest has. A plan made with these would take away what somebody meant to
/// keep out of it.
pub fn actions(config: &Config) -> Vec<String> {
    let departure = &config.departure;
    let named = departure.allow.iter().map(|name| ("allow", name)).chain(departure.deny.iter().map(|name| ("deny", name)));
    let is_known = |name: &str| {
        let Some((of, action)) = name.split_once('.') else { return false };
        // The name of a system, or of a scanner.
        let scanner = config.systems.get(of).map_or(of, |system| system.scanner.as_str());
        load::find(scanner, folder(config).as_deref()).is_ok_and(|manifest| manifest.action(action).is_some())
    };
    named
        .filter(|(_, name)| !is_known(name))
        .map(|(place, name)| format!("departure.{place}: there is no action {name:?}; write scanner, dot, action, such as okta.deactivate"))
        .collect()
}

/// What else stands for nothing.
pub fn names(config: &Config) -> Vec<String> {
    let mut all = Vec::new();
    let manifests: Vec<_> = config
        .systems
        .iter()
        .filter_map(|(name, system)| Some((name, load::find(&system.scanner, folder(config).as_deref()).ok()?)))
        .collect();
    let today = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for exception in &config.policy.exceptions {
        if !CHECKS.iter().any(|check| check.name() == exception.check) {
            let known = CHECKS.iter().map(|check| check.name()).collect::<Vec<_>>().join(", ");
            all.push(format!("policy.exceptions: there is no check {:?}; there are {known}", exception.check));
        }
        if exception.until < today {
            all.push(format!("policy.exceptions: the one for {:?} ended on {}", exception.subject, exception.until));
        }
    }
    for keep in config.departure.keep.iter().filter(|keep| keep.until < today) {
        all.push(format!("departure.keep: what {:?} keeps in {} ended on {}", keep.person, keep.system, keep.until));
    }
    let mut roles: BTreeSet<&str> = ROLES.into();
    roles.extend(config.policy.handed_off_apps.iter().map(|app| app.role.as_str()));
    let hand_offs = manifests.iter().flat_map(|(_, manifest)| &manifest.take).filter_map(|(_, take)| take.hand_off.as_ref());
    roles.extend(hand_offs.map(|hand_off| hand_off.to.as_str()));
    let given = config.departure.roles.keys().map(|role| ("departure.roles", role));
    for (place, role) in given.chain(config.departure.tell.roles.keys().map(|role| ("departure.tell.roles", role))) {
        if !roles.contains(role.as_str()) {
            let known = roles.iter().copied().collect::<Vec<_>>().join(", ");
            all.push(format!("{place}: no task goes to the role {role:?}; there are {known}"));
        }
    }
    for (name, hook) in &config.serve.hooks {
        if manifests.iter().any(|(system, manifest)| **system == hook.system && manifest.category != Category::Hris) {
            all.push(format!("serve.hooks.{name}.system: {:?} is no HR system", hook.system));
        }
    }
    all
}

fn folder(config: &Config) -> Option<std::path::PathBuf> {
    config.scanners.as_deref().map(|folder| config.at(folder))
}
