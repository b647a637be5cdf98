//! The tenant as it starts: an account for everyone, ordinary groups and files, and what `state.yaml` plants.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::company::{Company, Person};
use super::documents::{Drive, File, Grantee, Permission};
use super::papers;
use super::planted::{self, Anyone, App, Extras, PlantedDevice, PlantedFile, PlantedGroup, ServiceAccount, Share, SharedDrive};
use super::state::{
    AppPassword, Assignment, AutoForward, Device, Filter, Group, Mailbox, Member, Role, State, Token, User, digits, letters, small_letters,
};

/// The tenant on its first day.
pub(super) fn state(company: &Company, system: &'static str) -> anyhow::Result<State> {
    let planted = planted::load(system)?;
    let mut seed = Seed { company, state: State::new(planted.customer, company.domain.clone(), company.started) };
    for role in planted.roles {
        seed.state.roles.push(Role {
            id: digits(&role.name, 17),
            name: role.name,
            description: role.description,
            super_admin: role.super_admin,
            privileges: role.privileges,
        });
    }
    for account in planted.service_accounts {
        seed.service_account(account)?;
    }
    for person in &company.people {
        seed.account(person);
    }
    seed.usual_groups()?;
    for group in planted.groups {
        seed.group(group)?;
    }
    // The papers that no story is about fill the company's own tenant only.
    for person in company.employed().filter(|_| system == "google-workspace") {
        for file in papers::of(company, person) {
            seed.state.files.insert(file.id.clone(), file);
        }
    }
    for (number, extras) in planted.people {
        seed.extras(&number, extras, &planted.apps).with_context(|| format!("{number} in fixtures/{system}/state.yaml"))?;
    }
    for drive in planted.shared_drives {
        seed.shared_drive(drive)?;
    }
    for device in planted.mobile_devices {
        seed.device(device)?;
    }
    Ok(seed.state)
}

/// User ids are the digits of the employee number in a number of 21 digits.
fn user_id(number: u32) -> String {
    format!("1{number:020}")
}

/// Midnight of a day.
fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

struct Seed<'a> {
    company: &'a Company,
    state: State,
}

impl Seed<'_> {
    /// The moment that a relative date of the fixtures means.
    fn at(&self, days: i64) -> Timestamp {
        self.company.days_ago(-days)
    }

    /// `E1002` stands for that person's work address; anything else is an address.
    fn address(&self, text: &str) -> anyhow::Result<String> {
        if text.contains('@') {
            return Ok(text.to_owned());
        }
        let person = self.company.person(text);
        Ok(person.with_context(|| format!("nobody has the number {text}"))?.work_email.clone())
    }

    fn service_account(&mut self, account: ServiceAccount) -> anyhow::Result<()> {
        let id = user_id(account.number);
        let user = User {
            id: id.clone(),
            email: account.address,
            given: account.given,
            family: account.family,
            aliases: Vec::new(),
            home_email: None,
            mobile: None,
            recovery_email: None,
            recovery_phone: None,
            number: None,
            title: String::new(),
            department: String::new(),
            manager: None,
            created: self.at(account.created),
            last_login: Some(self.at(account.last_login)),
            suspended: false,
            suspended_at: None,
            enrolled: true,
            enforced: true,
            change_password: false,
            signed_out: 0,
            tokens: Vec::new(),
            app_passwords: Vec::new(),
            backup_codes: Vec::new(),
            mailbox: Mailbox::default(),
            calendar: Vec::new(),
        };
        self.state.users.insert(id.clone(), user);
        self.give_roles(&id, &account.roles)
    }

    fn give_roles(&mut self, user: &str, roles: &[String]) -> anyhow::Result<()> {
        for name in roles {
            let role = self.state.roles.iter().find(|role| role.name == *name);
            let role = role.with_context(|| format!("no role {name}"))?.id.clone();
            let assignment = Assignment { user: user.to_owned(), role };
            let id = digits(&format!("{user}/{name}"), 17);
            self.state.assignments.insert(id, assignment);
        }
        Ok(())
    }

    fn account(&mut self, person: &Person) {
        let active = person.active(self.company.today());
        let manager = person.manager.as_deref().and_then(|number| self.company.person(number));
        let user = User {
            id: user_id(person.index()),
            email: person.work_email.clone(),
            given: person.first.clone(),
            family: person.last.clone(),
            aliases: person.aliases.clone(),
            home_email: person.home_email.clone(),
            mobile: person.mobile.clone(),
            recovery_email: person.home_email.clone(),
            recovery_phone: person.mobile.clone(),
            number: Some(person.number.clone()),
            title: person.title.clone(),
            department: person.department.clone(),
            manager: manager.map(|manager| manager.work_email.clone()),
            created: midnight(person.hired),
            last_login: Some(match person.left.filter(|_| !active) {
                Some(left) => midnight(left),
                None => self.at(-i64::from(person.index() % 5)),
            }),
            suspended: !active,
            suspended_at: person.left.filter(|_| !active).map(midnight),
            enrolled: active,
            enforced: false,
            change_password: false,
            signed_out: 0,
            tokens: Vec::new(),
            app_passwords: Vec::new(),
            backup_codes: if person.executive && active {
                (0..10).map(|n| digits(&format!("{}/code/{n}", person.number), 8)).collect()
            } else {
                Vec::new()
            },
            mailbox: Mailbox::default(),
            calendar: Vec::new(),
        };
        self.state.users.insert(user.id.clone(), user);
    }

    /// A group for everyone, and one for each department, which its head owns.
    fn usual_groups(&mut self) -> anyhow::Result<()> {
        let mut groups: BTreeMap<String, PlantedGroup> = BTreeMap::new();
        let domain = &self.company.domain;
        for person in self.company.employed() {
            for (local, name, owns) in [
                ("all".to_owned(), "Everyone".to_owned(), person.manager.is_none()),
                (person.department.to_ascii_lowercase(), person.department.clone(), person.executive),
            ] {
                let address = format!("{local}@{domain}");
                let group = groups.entry(local).or_insert_with(|| PlantedGroup {
                    address,
                    name,
                    owners: Vec::new(),
                    members: Vec::new(),
                    groups: Vec::new(),
                });
                let list = if owns { &mut group.owners } else { &mut group.members };
                list.push(person.number.clone());
            }
        }
        groups.into_values().try_for_each(|group| self.group(group))
    }

    fn group(&mut self, planted: PlantedGroup) -> anyhow::Result<()> {
        let mut members = BTreeMap::new();
        let owners = planted.owners.iter().map(|owner| (owner, "OWNER"));
        for (key, role) in owners.chain(planted.members.iter().map(|member| (member, "MEMBER"))) {
            let email = self.address(key)?;
            let user = self.state.find(&email);
            let id = user.with_context(|| format!("no account {email}"))?.id.clone();
            let group = false;
            members.insert(id, Member { email, role, group });
        }
        for address in &planted.groups {
            let inner = self.state.group(address);
            let inner = inner.with_context(|| format!("no group {address} before {}", planted.address))?;
            let member = Member { email: inner.email.clone(), role: "MEMBER", group: true };
            members.insert(inner.id.clone(), member);
        }
        let id = small_letters(&planted.address, 15);
        let group = Group {
            id: id.clone(),
            description: format!("{} at {}", planted.name, self.company.name),
            email: planted.address,
            name: planted.name,
            members,
        };
        self.state.groups.insert(id, group);
        Ok(())
    }

    fn extras(&mut self, number: &str, extras: Extras, apps: &BTreeMap<String, App>) -> anyhow::Result<()> {
        let person = self.company.person(number).context("nobody has that number")?;
        let id = user_id(person.index());
        self.give_roles(&id, &extras.roles)?;
        let delegates = extras.delegates.iter().map(|key| self.address(key)).collect::<Result<_, _>>()?;
        for file in extras.files {
            let file = self.file(file, &person.work_email, None)?;
            self.state.files.insert(file.id.clone(), file);
        }
        let tokens = extras
            .grants
            .iter()
            .map(|name| {
                let app = apps.get(name).with_context(|| format!("no app {name}"))?;
                Ok(Token { client_id: app.client_id.clone(), name: name.clone(), scopes: app.scopes.clone(), native: app.native })
            })
            .collect::<anyhow::Result<_>>()?;
        let app_passwords = extras
            .app_passwords
            .into_iter()
            .zip(0..)
            .map(|(planted, code_id)| AppPassword {
                code_id,
                created: self.at(planted.created),
                last_used: planted.last_used.map(|days| self.at(days)),
                name: planted.name,
            })
            .collect();
        let user = self.state.users.get_mut(&id).context("has no account")?;
        user.tokens = tokens;
        user.app_passwords = app_passwords;
        user.calendar = extras.calendar;
        user.mailbox = Mailbox {
            delegates,
            forwarding: extras.forwarding,
            auto_forward: extras.auto_forwarding.map(|planted| AutoForward { to: planted.to, disposition: planted.disposition }),
            filters: extras
                .filters
                .into_iter()
                .map(|planted| {
                    let filter = Filter { criteria: planted.criteria, action: planted.action };
                    (planted.id, filter)
                })
                .collect(),
            imap: extras.imap,
            pop: None,
            send_as: extras.send_as,
        };
        Ok(())
    }

    fn file(&self, planted: PlantedFile, owner: &str, drive: Option<&str>) -> anyhow::Result<File> {
        let modified = self.at(planted.modified);
        let place = drive.unwrap_or(owner);
        let mut file = papers::blank(place, &planted.name, self.at(planted.modified - 30), modified);
        match drive {
            Some(id) => file.drive = Some(id.to_owned()),
            None => file.permissions.push(Permission::owner(owner)),
        }
        for share in &planted.shares {
            file.permissions.push(self.permission(share)?);
        }
        Ok(file)
    }

    fn permission(&self, share: &Share) -> anyhow::Result<Permission> {
        let to = match share {
            Share { user: Some(user), group: None, anyone: None, .. } => Grantee::User(self.address(user)?),
            Share { user: None, group: Some(group), anyone: None, .. } => Grantee::Group(group.clone()),
            Share { user: None, group: None, anyone: Some(Anyone::Link), .. } => Grantee::Anyone { discoverable: false },
            _ => anyhow::bail!("a share is with one user, one group or anyone"),
        };
        Ok(Permission::new(to, &share.role))
    }

    fn shared_drive(&mut self, planted: SharedDrive) -> anyhow::Result<()> {
        let id = format!("0A{}PVA", letters(&planted.name, 14));
        let members = planted.members.iter().map(|share| self.permission(share)).collect::<Result<_, _>>()?;
        let drive = Drive { name: planted.name, created: self.at(planted.created), members, restrictions: vec!["domainUsersOnly".into()] };
        for file in planted.files {
            let file = self.file(file, "", Some(&id))?;
            self.state.files.insert(file.id.clone(), file);
        }
        self.state.drives.insert(id, drive);
        Ok(())
    }

    fn device(&mut self, planted: PlantedDevice) -> anyhow::Result<()> {
        let address = self.address(&planted.user)?;
        let user = self.state.find(&address).context("a device without an account")?.id.clone();
        let device = Device {
            user,
            device_id: small_letters(&planted.serial, 16),
            serial: planted.serial,
            model: planted.model,
            os: planted.os,
            kind: planted.kind,
            first_sync: self.at(planted.first_sync),
            last_sync: self.at(planted.last_sync),
            status: "APPROVED",
            becoming: None,
        };
        self.state.devices.insert(planted.id, device);
        Ok(())
    }
}
