//! Every configured system, opened: manifest found, settings checked, secrets read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Access, Connection, Recorder};
use crate::config::{Config, System};
use crate::manifest::Manifest;
use crate::manifest::raw::Category;
use crate::model::SystemId;
use crate::secret::{Kept, expose};

/// The configured systems; those that can't be opened, and why.
#[derive(Default)]
pub struct Fleet {
    /// Opened systems, by name.
    pub systems: BTreeMap<String, Connection>,
    /// Systems that can't be used: name, and one line saying why.
    pub closed: Vec<(String, String)>,
}

impl Fleet {
    /// Opens every configured system, or those named. No network yet.
    ///
    /// # Errors
    /// A name that isn't configured.
    pub fn open(config: &Config, only: &[String], recorder: Option<&Recorder>) -> Result<Self, String> {
        if let Some(unknown) = only.iter().find(|name| !config.systems.contains_key(*name)) {
            let known = config.systems.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(format!("no system is called {unknown:?} in the settings; there are {known}"));
        }
        let mut fleet = Self::default();
        let wanted: Vec<_> = config.systems.iter().filter(|(name, _)| only.is_empty() || only.contains(name)).collect();
        // All at once: each secret may take its time, and the slowest is the whole wait.
        let opened = std::thread::scope(|scope| {
            let opening = wanted.iter().map(|(name, system)| scope.spawn(move || open_one(config, name, system, recorder)));
            let opening: Vec<_> = opening.collect();
            let ended = opening.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("opening it failed".to_owned())));
            ended.collect::<Vec<_>>()
        });
        for ((name, _), opened) in wanted.into_iter().zip(opened) {
            match opened {
                Ok(connection) => {
                    fleet.systems.insert(name.clone(), connection);
                }
                Err(problem) => fleet.closed.push((name.clone(), problem)),
            }
        }
        Ok(fleet)
    }
}

impl Fleet {
    /// The systems of these names, those that can't be used too.
    pub fn only(&self, names: &[String]) -> Self {
        let wanted = |name: &str| names.iter().any(|wanted| wanted == name);
        let closed = self.closed.iter().filter(|(name, _)| wanted(name)).cloned().collect();
        Self { closed, ..self.part(|name, _| wanted(name)) }
    }

    /// The systems of this category.
    pub fn of_category(&self, category: Category) -> Self {
        self.part(|_, connection| connection.manifest().category == category)
    }

    fn part(&self, belongs: impl Fn(&str, &Connection) -> bool) -> Self {
        let systems = self
            .systems
            .iter()
            .filter(|(name, connection)| belongs(name, connection))
            .map(|(name, connection)| (name.clone(), connection.clone()));
        Self { systems: systems.collect(), closed: Vec::new() }
    }
}

fn open_one(config: &Config, name: &str, system: &System, recorder: Option<&Recorder>) -> Result<Connection, String> {
    let folder = config.scanners.as_deref().map(|folder| config.at(folder));
    let manifest = crate::manifest::load::find(&system.scanner, folder.as_deref()).map_err(|problems| match problems.as_slice() {
        [only] => format!("systems.{name}: {only}"),
        [first, rest @ ..] => format!("systems.{name}: {first} (and {} more; `exeunt scanners check` lists them)", rest.len()),
        [] => format!("systems.{name}: scanner {} can't be used", system.scanner),
    })?;
    let settings = settings_of(config, name, system, &manifest)?;
    let secret = |hand: &str, place: &Option<String>| -> Result<Option<Kept>, String> {
        let Some(place) = place else { return Ok(None) };
        config.secret(place).and_then(Kept::read).map(Some).map_err(|problem| format!("systems.{name}.{hand}: {problem}"))
    };
    Connection::open(Access {
        system: SystemId(name.to_owned()),
        settings,
        read: secret("read", &system.read)?,
        revoke: secret("revoke", &system.revoke)?,
        tell: secret("tell", &system.tell)?,
        ca_file: system.ca_file.as_deref().map(|file| config.at(file)),
        plain: system.plain,
        recorder: recorder.cloned(),
        manifest,
    })
    .map_err(|problem| format!("systems.{name}: {problem}"))
}

/// The setting that every system has, whatever its manifest asks for (`revoke::own`).
const OWN_ACCOUNT: &str = "own_account";
/// Whether a setting is of the type that the manifest shows. Where it shows a number, digits in quotes are one.
fn is_alike(given: &Value, usual: &Value) -> bool {
    match (given, usual) {
        (_, Value::Null) => true,
        (Value::String(text), Value::Number(_)) => text.parse::<f64>().is_ok(),
        (given, usual) => std::mem::discriminant(given) == std::mem::discriminant(usual),
    }
}

/// The settings a manifest asks for: given ones, then defaults; a missing one and an unknown one are mistakes.
fn settings_of(config: &Config, name: &str, system: &System, manifest: &Manifest) -> Result<Value, String> {
    let mut settings = Map::new();
    for (key, setting) in &manifest.settings {
        let value = match (system.settings.get(key), &setting.default) {
            (Some(given), _) if setting.secret => secret_of(config, name, key, given)?,
            (Some(given), usual) => {
                let usual = usual.as_ref().or(setting.example.as_ref()).unwrap_or(&Value::Null);
                if !is_alike(given, usual) {
                    return Err(format!("systems.{name}: the setting {key:?} can't be {given}; write one such as {key} = {usual}"));
                }
                given.clone()
            }
            (None, Some(default)) => default.clone(),
            (None, None) if setting.optional => Value::Null,
            (None, None) => {
                let example = setting.example.as_ref().map(|example| format!(", e.g. {key} = {example}")).unwrap_or_default();
                return Err(format!("systems.{name}: the setting {key:?} is missing{example}"));
            }
        };
        settings.insert(key.clone(), value);
    }
    // Whose account our credential is may be said of every system.
    if let Some(own) = system.settings.get(OWN_ACCOUNT) {
        settings.insert(OWN_ACCOUNT.to_owned(), own.clone());
    }
    if let Some(unknown) = system.settings.keys().find(|key| *key != OWN_ACCOUNT && !manifest.settings.contains_key(*key)) {
        let known = manifest.settings.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(format!("systems.{name}: {} has no setting {unknown:?}; it has {known}", manifest.scanner));
    }
    Ok(Value::Object(settings))
}

/// A setting that is a secret, read from where the settings say it is.
fn secret_of(config: &Config, name: &str, key: &str, given: &Value) -> Result<Value, String> {
    let place = given.as_str().and_then(|given| config.secret(given).ok());
    // The value is not repeated: it may be the secret itself.
    let place = place.ok_or_else(|| format!("systems.{name}.{key} is a secret: write env:NAME, file:PATH or exec:COMMAND"))?;
    place.read().map(|secret| Value::from(expose(&secret))).map_err(|problem| format!("systems.{name}.{key}: {problem}"))
}
