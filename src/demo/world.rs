//! The simulated company brought up: every vendor on loopback, a settings file that names them, and HR's lever.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::bamboohr::BambooHr;
use super::company::Company;
use super::directory::{self, RunningLdap};
use super::faults::Faults;
use super::vendor::{Profile, RateLimit, RateStyle, Running, serve};
use super::{github, google, intune, kisi, okta, scim, slack};
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
    vendors: Vec<Running>,
    directories: Vec<(&'static str, RunningLdap)>,
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
        let company = Arc::new(Company::load(clock::now()).context("reading the simulated company")?);
        let hr = BambooHr::new(&company)?;
        let faults = Faults::default();
        let limit = |limit, secs, style| Some(RateLimit { limit, window: Duration::from_secs(secs), style });
        let mut vendors = Vec::new();
        for (name, router, millis, rate) in [
            ("bamboohr", hr.router(), 12, None),
            ("okta", okta::router(company.clone()), 25, limit(600, 60, RateStyle::Okta)),
            ("google-workspace", google::router(company.clone()), 20, limit(2400, 60, RateStyle::RetryAfterOnly)),
            ("github", github::router(company.clone()), 20, limit(5000, 3600, RateStyle::GitHub)),
            ("slack", slack::router(company.clone()), 20, limit(300, 60, RateStyle::RetryAfterOnly)),
            ("intune", intune::router(company.clone()), 30, limit(1000, 60, RateStyle::RetryAfterOnly)),
            ("kisi", kisi::router(company.clone()), 15, limit(300, 60, RateStyle::RetryAfterOnly)),
            ("scim", scim::router(company.clone()), 15, None),
        ] {
            let profile = match pace {
                Pace::AsOnTheNet => Profile { latency: Duration::from_millis(millis), rate },
                Pace::AtOnce => Profile::default(),
            };
            vendors.push(serve(name, router, profile, faults.clone()).await.with_context(|| format!("starting the simulated {name}"))?);
        }
        let directories = vec![
            ("active-directory", directory::serve_ad(company.clone()).await.context("starting the simulated active-directory")?),
            ("openldap", directory::serve_openldap(company.clone()).await.context("starting the simulated openldap")?),
        ];
        let world = Self { company, hr, faults, folder: folder.to_owned(), vendors, directories };
        world.write_files()?;
        Ok(world)
    }

    /// The settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.folder.join("exeunt.toml")
    }

    /// Where a vendor listens.
    pub fn url(&self, name: &str) -> &str {
        let http = self.vendors.iter().find(|vendor| vendor.name == name).map(|vendor| vendor.url.as_str());
        http.or_else(|| self.directories.iter().find(|(known, _)| *known == name).map(|(_, directory)| directory.url.as_str()))
            .unwrap_or_default()
    }

    fn write_files(&self) -> Result<()> {
        let secrets = self.folder.join("credentials");
        std::fs::create_dir_all(&secrets).with_context(|| format!("making {}", secrets.display()))?;
        let mut systems = String::new();
        for vendor in &self.vendors {
            self.one_system(&mut systems, &vendor.name, &vendor.url)?;
        }
        for (name, running) in &self.directories {
            self.one_system(&mut systems, name, &running.url)?;
        }
        std::fs::write(secrets.join("webhook"), WEBHOOK_SECRET)?;
        std::fs::create_dir_all(self.folder.join("board-portal"))?;
        std::fs::write(self.folder.join("board-portal/roster.csv"), include_str!("../../fixtures/board-portal/roster.csv"))?;
        let successors =
            self.company.executives().filter_map(|person| Some(format!("{} = \"{}\"", person.number, person.successor.as_ref()?)));
        let settings = include_str!("../../fixtures/exeunt.toml")
            .replace("@NAME@", &self.company.name)
            .replace("@DOMAIN@", &self.company.domain)
            .replace("@SUCCESSORS@", &successors.collect::<Vec<_>>().join("\n"))
            .replace("@FOLDER@", &std::path::absolute(&self.folder)?.display().to_string())
            .replace("@SYSTEMS@", &systems);
        std::fs::write(self.settings_file(), settings).with_context(|| format!("writing {}", self.settings_file().display()))?;
        Ok(())
    }

    /// One `[systems.NAME]` table: the address that this run gave the vendor, and where its two secrets are.
    fn one_system(&self, into: &mut String, name: &str, url: &str) -> Result<()> {
        for hand in ["read", "revoke"] {
            let secret = if name == "google-workspace" { service_account_key()? } else { format!("{hand}-{name}") };
            std::fs::write(self.folder.join(format!("credentials/{name}-{hand}")), secret)?;
        }
        let folder = std::path::absolute(&self.folder)?;
        let place = |hand: &str| folder.join(format!("credentials/{name}-{hand}")).display().to_string();
        let _ = writeln!(
            into,
            "\n[systems.{name}]\nscanner = \"{name}\"\nread = \"file:{}\"\nrevoke = \"file:{}\"",
            place("read"),
            place("revoke")
        );
        into.push_str(&extra_settings(name, url));
        Ok(())
    }
}

/// What a system's manifest asks for beside its credentials.
fn extra_settings(name: &str, url: &str) -> String {
    match name {
        "github" => format!(
            "url = \"{url}\"\norg = \"northmoor\"\nenterprise = \"northmoor\"\nsigns_in_through = {{ system = \"okta\", app = \"GitHub\" }}\n"
        ),
        "slack" => format!("url = \"{url}\"\nscim_url = \"{url}\"\nsigns_in_through = {{ system = \"okta\", app = \"Slack\" }}\n"),
        "scim" => format!("url = \"{url}/scim/v2\"\nsigns_in_through = {{ system = \"okta\", app = \"Boardroom\" }}\n"),
        "kisi" => format!("url = \"{url}\"\nsigns_in_through = {{ system = \"okta\", app = \"Kisi\" }}\n"),
        "active-directory" => format!(
            "url = \"{url}\"\nbase = \"DC=northmoor,DC=example\"\nread_user = \"CN=exeunt-read,OU=Service Accounts,DC=northmoor,DC=example\"\nrevoke_user = \"CN=exeunt-revoke,OU=Service Accounts,DC=northmoor,DC=example\"\n"
        ),
        "openldap" => format!(
            "url = \"{url}\"\nbase = \"dc=northmoor,dc=example\"\nread_dn = \"uid=exeunt-read,ou=services,dc=northmoor,dc=example\"\nrevoke_dn = \"uid=exeunt-revoke,ou=services,dc=northmoor,dc=example\"\nadmin_groups = [\"wheel\"]\n"
        ),
        "google-workspace" => format!(
            "vault_matter = \"departures-2026\"\nadmin = \"admin@northmoor.example\"\nread_account = \"exeunt-read@northmoor-sec.example\"\nrevoke_account = \"exeunt-revoke@northmoor-sec.example\"\ndirectory = \"{url}\"\ngmail = \"{url}\"\ndrive = \"{url}\"\nvault = \"{url}\"\ntoken_url = \"{url}/token\"\nsigns_in_through = {{ system = \"okta\", app = \"Google Workspace\" }}\n"
        ),
        "intune" => format!(
            "url = \"{url}\"\nlogin = \"{url}\"\ntenant = \"northmoor\"\nread_client = \"read-intune\"\nrevoke_client = \"revoke-intune\"\n"
        ),
        _ => format!("url = \"{url}\"\n"),
    }
}

/// A fresh RSA key, as a service account would have one. It opens nothing but the simulation.
fn service_account_key() -> Result<String> {
    use aws_lc_rs::encoding::AsDer as _;
    use base64::Engine as _;
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).context("making a key")?;
    let der = key.as_der().context("writing a key")?;
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let lines: Vec<String> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}
