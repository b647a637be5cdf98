//! The simulated company brought up: every vendor on loopback, a settings file that names them, and HR's lever.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;

use super::bamboohr::{self, BambooHr};
use super::company::Company;
use super::directory::{self, RunningLdap};
use super::faults::Faults;
use super::smtp::{self, MailServer};
use super::vendor::{Left, Profile, Running, Secret, Simulated, Vendor, serve};
use super::vendors::{DROPS, Drop, TELLERS, TELLS, VENDORS};
use crate::clock;

/// The simulated company, up and running until it is dropped.
pub struct World {
    /// Who works there, and what is wrong on purpose.
    pub company: Arc<Company>,
    /// HR, with its lever: `hr.terminate(number, day)`.
    pub hr: BambooHr,
    /// What the vendors are told to fail at.
    pub faults: Faults,
    /// The folder of the settings file.
    pub folder: PathBuf,
    vendors: Vec<(&'static Vendor, Running)>,
    directories: Vec<(&'static str, RunningLdap)>,
    mail: Option<MailServer>,
    oracles: BTreeMap<&'static str, Left>,
}

/// The secret that signs HR's webhooks in the simulation; worth nothing elsewhere.
pub const WEBHOOK_SECRET: &str = "northmoor-webhook-secret";

/// How fast the vendors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Latencies as one meets them from a data centre, limits as the vendors publish them.
    AsOnTheNet,
    /// Answers come at once, and as many as are asked for.
    AtOnce,
}

impl World {
    /// Brings every vendor up and writes `exeunt.toml`, with the credentials it names, into `folder`.
    ///
    /// # Errors
    /// A fixture that doesn't load, a port that can't be had, a folder that can't be written.
    pub async fn start(folder: &Path) -> Result<Self> {
        Self::start_at(folder, Pace::AsOnTheNet).await
    }

    /// As [`World::start`], at a pace.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_at(folder: &Path, pace: Pace) -> Result<Self> {
        Self::start_some(folder, pace, &|_| true).await
    }

    /// As [`World::start_at`], with HR and only the systems that are wanted.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_some(folder: &Path, pace: Pace, wanted: &dyn Fn(&str) -> bool) -> Result<Self> {
        let company = Arc::new(Company::load(clock::now()).context("reading the simulated company")?);
        let hr = BambooHr::new(&company)?;
        let faults = Faults::default();
        let mut world = Self {
            company,
            hr,
            faults,
            folder: folder.to_owned(),
            vendors: Vec::new(),
            directories: Vec::new(),
            mail: None,
            oracles: BTreeMap::new(),
        };
        world.serve(pace, &bamboohr::VENDOR, world.hr.router()).await?;
        for vendor in VENDORS.iter().filter(|vendor| wanted(vendor.name)) {
            let Simulated { router, left } =
                (vendor.start)(&world.company).with_context(|| format!("building the simulated {}", vendor.name))?;
            world.serve(pace, vendor, router).await?;
            world.oracles.insert(vendor.name, left);
        }
        if wanted("active-directory") {
            let running = directory::serve_ad(world.company.clone()).await.context("starting the simulated active-directory")?;
            world.directories.push(("active-directory", running));
        }
        if wanted("openldap") {
            let running = directory::serve_openldap(world.company.clone()).await.context("starting the simulated openldap")?;
            world.directories.push(("openldap", running));
        }
        if wanted("smtp") {
            world.mail = Some(MailServer::start().await.context("starting the simulated mail server")?);
        }
        world.write_files(wanted)?;
        Ok(world)
    }

    async fn serve(&mut self, pace: Pace, vendor: &'static Vendor, router: Router) -> Result<()> {
        let profile = match pace {
            Pace::AsOnTheNet => Profile { latency: Duration::from_millis(vendor.millis), rate: vendor.rate.clone() },
            Pace::AtOnce => Profile::default(),
        };
        let running = serve(vendor.name, router, profile, self.faults.clone())
            .await
            .with_context(|| format!("starting the simulated {}", vendor.name))?;
        self.vendors.push((vendor, running));
        Ok(())
    }

    /// What a person can still do in a system, in the simulated vendor's own words and from its own state: nothing that exeunt reads. None where
    /// the system isn't up.
    pub fn left(&self, system: &str, number: &str) -> Option<Vec<String>> {
        let person = self.company.person(number);
        let directory = self.directories.iter().find(|(name, _)| *name == system);
        match (person, self.oracles.get(system), directory) {
            (_, None, None) => None,
            (None, _, _) => Some(Vec::new()),
            (Some(person), Some(left), _) => Some(left(person)),
            (Some(person), None, Some((_, directory))) => Some(directory.left(person)),
        }
    }

    /// The mail server, where it is up.
    pub fn mail(&self) -> Option<&MailServer> {
        self.mail.as_ref()
    }

    /// The settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.folder.join("exeunt.toml")
    }

    /// Where a vendor listens.
    pub fn url(&self, name: &str) -> &str {
        let http = self.vendors.iter().find(|(vendor, _)| vendor.name == name).map(|(_, running)| running.url.as_str());
        http.or_else(|| self.directories.iter().find(|(known, _)| *known == name).map(|(_, directory)| directory.url.as_str()))
            .unwrap_or_default()
    }

    fn write_files(&self, wanted: &dyn Fn(&str) -> bool) -> Result<()> {
        let secrets = self.folder.join("credentials");
        std::fs::create_dir_all(&secrets).with_context(|| format!("making {}", secrets.display()))?;
        let mut systems = String::new();
        for (vendor, running) in &self.vendors {
            let mut settings = (vendor.settings)(&running.url);
            if let Some(app) = vendor.signs_in_through.filter(|_| wanted("okta")) {
                let _ = writeln!(settings, "signs_in_through = {{ system = \"okta\", app = \"{app}\" }}");
            }
            self.one_system(&mut systems, vendor.name, vendor.secret, &settings)?;
        }
        for (name, running) in &self.directories {
            self.one_system(&mut systems, name, Secret::Token, &directory_settings(name, &running.url))?;
        }
        if let Some(mail) = &self.mail {
            let settings = format!("url = \"{}\"\nuser = \"{}\"\nfrom = \"exeunt <{}>\"\n", mail.url, smtp::LOGIN.0, smtp::LOGIN.0);
            self.one_system(&mut systems, "smtp", Secret::Token, &settings)?;
        }
        std::fs::write(secrets.join("webhook"), WEBHOOK_SECRET)?;
        for drop in DROPS.iter().filter(|drop| wanted(drop.name)) {
            self.one_drop(&mut systems, drop)?;
        }
        let successors =
            self.company.executives().filter_map(|person| Some(format!("{} = \"{}\"", person.number, person.successor.as_ref()?)));
        let settings = include_str!("../../fixtures/exeunt.toml")
            .replace("@NAME@", &self.company.name)
            .replace("@SUCCESSORS@", &successors.collect::<Vec<_>>().join("\n"))
            .replace("@FOLDER@", &std::path::absolute(&self.folder)?.display().to_string())
            .replace("@TELL@", TELLS.iter().filter(|(name, _)| wanted(name)).map(|(_, lines)| *lines).collect::<String>().trim_end())
            .replace("@DOMAIN@", &self.company.domain)
            .replace("@SYSTEMS@", &systems);
        std::fs::write(self.settings_file(), settings).with_context(|| format!("writing {}", self.settings_file().display()))?;
        Ok(())
    }

    /// One `[systems.NAME]` table: where its two secrets are, and what its manifest asks for beside them.
    fn one_system(&self, into: &mut String, name: &str, secret: Secret, settings: &str) -> Result<()> {
        let folder = std::path::absolute(&self.folder)?;
        let _ = writeln!(into, "\n[systems.{name}]\nscanner = \"{name}\"");
        let hands: &[&str] = if TELLERS.contains(&name) { &["read", "revoke", "tell"] } else { &["read", "revoke"] };
        for hand in hands {
            let secret = match secret {
                Secret::Token => format!("{hand}-{name}"),
                Secret::PrivateKey => private_key()?,
            };
            let file = folder.join(format!("credentials/{name}-{hand}"));
            std::fs::write(&file, secret)?;
            let _ = writeln!(into, "{hand} = \"file:{}\"", file.display());
        }
        into.push_str(settings);
        Ok(())
    }

    /// A system that is a file in a folder, dropped there by somebody every night.
    fn one_drop(&self, into: &mut String, drop: &Drop) -> Result<()> {
        let folder = std::path::absolute(&self.folder)?.join(drop.name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(drop.file), drop.text(&self.company))?;
        let _ = writeln!(into, "\n[systems.{0}]\nscanner = \"{0}\"\npath = \"{1}\"", drop.name, folder.display());
        Ok(())
    }
}

/// What a directory's manifest asks for beside its credentials.
fn directory_settings(name: &str, url: &str) -> String {
    match name {
        "active-directory" => format!(
            "url = \"{url}\"\nbase = \"DC=northmoor,DC=example\"\nread_user = \"CN=exeunt-read,OU=Service Accounts,DC=northmoor,DC=example\"\nrevoke_user = \"CN=exeunt-revoke,OU=Service Accounts,DC=northmoor,DC=example\"\n"
        ),
        _ => format!(
            "url = \"{url}\"\nbase = \"dc=northmoor,dc=example\"\nread_dn = \"uid=exeunt-read,ou=services,dc=northmoor,dc=example\"\nrevoke_dn = \"uid=exeunt-revoke,ou=services,dc=northmoor,dc=example\"\nadmin_groups = [\"wheel\"]\n"
        ),
    }
}

/// A fresh RSA key, as a service account would have one. It opens nothing but the simulation.
fn private_key() -> Result<String> {
    use aws_lc_rs::encoding::AsDer as _;
    use base64::Engine as _;
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).context("making a key")?;
    let der = key.as_der().context("writing a key")?;
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let lines: Vec<String> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}
