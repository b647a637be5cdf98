//! What stands in the company's Active Directory as the simulation starts.

use std::collections::HashSet;

use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::civil::Date;

use super::ad::{DISABLED, NEVER, dns, file_time, general_time};
use super::tree::{Entry, escape, key};
use super::{Directory, Flavour, Limits, State};
use crate::demo::company::{Company, Person};

const USER: i64 = 0x200;
const NO_EXPIRY: i64 = 0x1_0000;
const GLOBAL: i64 = -2_147_483_646;
const UNIVERSAL: i64 = -2_147_483_640;

/// The company's Active Directory as the simulation starts.
pub fn directory(company: &Company) -> Directory {
    let base = format!("DC={}", company.domain.replace('.', ",DC="));
    let mut build = Build {
        state: State { usn: 12_000, ..State::default() },
        base: base.clone(),
        started: company.started,
        settled: company.days_ago(30),
    };
    build.containers();
    build.service("exeunt-read", 1104, "read-active-directory");
    build.service("exeunt-revoke", 1105, "revoke-active-directory");
    build.people(company);
    let Build { mut state, .. } = build;
    state.tree.link_members(|_| true);
    Directory {
        flavour: Flavour::ActiveDirectory,
        limits: Limits { page: 1000, unpaged: 1000, values: 1500 },
        revoker: key(&format!("CN=exeunt-revoke,OU=Service Accounts,{base}")),
        base,
        state: state.into(),
    }
}

struct Build {
    state: State,
    base: String,
    started: Timestamp,
    /// When whatever stands at the start came to be as it is.
    settled: Timestamp,
}

impl Build {
    /// An entry with what every object has.
    fn object(&mut self, dn: &str, classes: &[&str], category: &str, created: Timestamp) -> Entry {
        self.state.usn += 1;
        let name = key(dn).and_then(|k| k.last().cloned()).unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, dn.as_bytes());
        let mut guid = hash.as_ref()[..16].to_vec();
        // Version 4 of a GUID, at the place where its stored form keeps it.
        guid[7] = guid[7] & 0x0f | 0x40;
        guid[8] = guid[8] & 0x3f | 0x80;
        let rdn = name.split_once('=').map_or("", |(_, v)| v).to_owned();
        Entry::new(dn)
            .with("objectClass", classes.iter().copied())
            .with("objectCategory", [format!("CN={category},CN=Schema,CN=Configuration,{}", self.base)])
            .with("distinguishedName", [dn])
            .with("name", [rdn])
            .with("objectGUID", [guid])
            .with("whenCreated", [general_time(created)])
            .with("whenChanged", [general_time(self.settled)])
            .with("uSNCreated", [self.state.usn.to_string()])
            .with("uSNChanged", [self.state.usn.to_string()])
    }

    fn containers(&mut self) {
        let (base, started) = (self.base.clone(), self.started);
        let root = self
            .object(&base, &["top", "domain", "domainDNS"], "Domain-DNS", started)
            .with("objectSid", [sid(None)])
            .with("dc", [dns(&base).split('.').next().unwrap_or_default()]);
        self.state.tree.add(root);
        for name in ["CN=Users", "OU=People", "OU=Groups", "OU=Service Accounts"] {
            let dn = format!("{name},{base}");
            let (class, category) = match name.starts_with("OU=") {
                true => ("organizationalUnit", "Organizational-Unit"),
                false => ("container", "Container"),
            };
            let (kind, value) = name.split_once('=').unwrap_or(("CN", name));
            let entry = self.object(&dn, &["top", class], category, started).with("name", [value]).with(&kind.to_lowercase(), [value]);
            self.state.tree.add(entry);
        }
    }

    fn user(&mut self, dn: &str, cn: &str, sam: &str, rid: u32, created: Timestamp) -> Entry {
        let classes = ["top", "person", "organizationalPerson", "user"];
        self.object(dn, &classes, "Person", created)
            .with("cn", [cn])
            .with("name", [cn])
            .with("sAMAccountName", [sam])
            .with("sAMAccountType", ["805306368"])
            .with("objectSid", [sid(Some(rid))])
            .with("primaryGroupID", ["513"])
            .with("accountExpires", [NEVER.to_string()])
            .with("pwdLastSet", [file_time(created).to_string()])
            .with("lockoutTime", ["0"])
    }

    fn service(&mut self, name: &str, rid: u32, password: &str) {
        let dn = format!("CN={name},OU=Service Accounts,{}", self.base);
        let upn = format!("{name}@{}", dns(&self.base));
        let entry = self
            .user(&dn, name, name, rid, self.started)
            .with("userPrincipalName", [upn])
            .with("userAccountControl", [(USER | NO_EXPIRY).to_string()]);
        self.state.tree.add(entry);
        if let Some(key) = key(&dn) {
            self.state.passwords.insert(key, password.to_owned());
        }
    }

    fn group(&mut self, dn: &str, rid: u32, kind: i64, members: Vec<String>) {
        let cn = unescaped_cn(dn);
        let entry = self
            .object(dn, &["top", "group"], "Group", self.started)
            .with("cn", [cn.as_str()])
            .with("name", [cn.as_str()])
            .with("sAMAccountName", [cn.as_str()])
            .with("sAMAccountType", ["268435456"])
            .with("groupType", [kind.to_string()])
            .with("objectSid", [sid(Some(rid))])
            .with("member", members);
        self.state.tree.add(entry);
    }

    fn people(&mut self, company: &Company) {
        let today = company.today();
        let names = common_names(company);
        let dn_of = |number: &str| {
            let at = company.people.iter().position(|p| p.number == number)?;
            Some(format!("CN={},OU=People,{}", escape(&names[at]), self.base))
        };
        let dns_of = |people: &mut dyn Iterator<Item = &Person>| -> Vec<String> { people.filter_map(|p| dn_of(&p.number)).collect() };
        let mut departments: Vec<&str> = company.people.iter().map(|p| p.department.as_str()).collect();
        departments.sort_unstable();
        departments.dedup();
        let by_department: Vec<_> = departments
            .iter()
            .map(|d| {
                let mut staff = company.people.iter().filter(|p| p.department == *d && p.active(today));
                ((*d).to_owned(), dns_of(&mut staff))
            })
            .collect();
        let everyone = dns_of(&mut company.people.iter());
        let leads = dns_of(&mut company.people.iter().filter(|p| p.number == "E1003"));
        let users: Vec<_> = company
            .people
            .iter()
            .zip(&names)
            .filter_map(|(p, cn)| {
                let manager = p.manager.as_deref().and_then(dn_of);
                Some((p, cn.clone(), dn_of(&p.number)?, manager))
            })
            .collect();
        for (person, cn, dn, manager) in users {
            self.person(company, person, &cn, &dn, manager);
        }
        let at = |name: &str, container: &str| format!("CN={name},{container},{}", self.base);
        let (users_group, admins, platform, all) = (
            at("Domain Users", "CN=Users"),
            at("Domain Admins", "CN=Users"),
            at("Platform Leads", "OU=Groups"),
            at("All Staff", "OU=Groups"),
        );
        let built_in = at("Administrator", "CN=Users");
        let groups: Vec<_> = by_department.into_iter().map(|(name, members)| (at(&escape(&name), "OU=Groups"), members)).collect();
        for (rid, (dn, members)) in (5000..).zip(groups) {
            self.group(&dn, rid, GLOBAL, members);
        }
        // A primary group lists nobody whose primary group it is.
        self.group(&users_group, 513, GLOBAL, Vec::new());
        self.group(&all, 4001, UNIVERSAL, everyone);
        self.group(&platform, 4002, GLOBAL, leads.clone());
        let administrator = self
            .user(&built_in, "Administrator", "Administrator", 500, self.started)
            .with("userAccountControl", [(USER | NO_EXPIRY).to_string()]);
        self.state.tree.add(administrator);
        self.group(&admins, 512, GLOBAL, vec![built_in.clone(), platform.clone()]);
        // Whoever is an administrator, through however many groups, is marked so.
        for dn in [admins, platform, built_in].into_iter().chain(leads) {
            if let Some(entry) = key(&dn).and_then(|k| self.state.tree.get_mut(&k)) {
                entry.set("adminCount", vec![b"1".to_vec()]);
            }
        }
    }

    fn person(&mut self, company: &Company, person: &Person, cn: &str, dn: &str, manager: Option<String>) {
        let active = person.active(company.today());
        let control = if active { USER } else { USER | DISABLED };
        let seen = match person.left {
            Some(left) if !active => noon(left),
            _ => company.days_ago(i64::from(person.index() % 12)),
        };
        let mail = std::iter::once(format!("SMTP:{}", person.work_email)).chain(person.aliases.iter().map(|a| format!("smtp:{a}")));
        let entry = self
            .user(dn, cn, &person.login, 10_000 + person.index(), noon(person.hired))
            .with("userPrincipalName", [person.work_email.as_str()])
            .with("mail", [person.work_email.as_str()])
            .with("proxyAddresses", mail)
            .with("givenName", [person.first.as_str()])
            .with("sn", [person.last.as_str()])
            .with("displayName", [person.display()])
            .with("employeeID", [person.number.as_str()])
            .with("title", [person.title.as_str()])
            .with("department", [person.department.as_str()])
            .with("company", [company.name.as_str()])
            .with("mobile", person.mobile.clone())
            .with("manager", manager)
            .with("userAccountControl", [control.to_string()])
            .with("lastLogonTimestamp", [file_time(seen).to_string()]);
        self.state.tree.add(entry);
        if let Some(key) = key(dn) {
            self.state.passwords.insert(key, format!("pw-{}", person.login));
        }
    }
}

/// Common names are unique in one container: the second of a name carries the login.
fn common_names(company: &Company) -> Vec<String> {
    let mut taken = HashSet::new();
    company
        .people
        .iter()
        .map(|p| match taken.insert(p.display().to_lowercase()) {
            true => p.display(),
            false => format!("{} ({})", p.display(), p.login),
        })
        .collect()
}

fn unescaped_cn(dn: &str) -> String {
    let first = dn.split(",OU=").next().unwrap_or(dn);
    let first = first.split(",CN=").next().unwrap_or(first);
    first.trim_start_matches("CN=").replace('\\', "")
}

/// A security identifier of this domain in its stored form; the domain's own without a relative one.
fn sid(rid: Option<u32>) -> Vec<u8> {
    let parts = [21, 1_804_289_383, 846_930_886, 1_681_692_777];
    let mut out = vec![1, if rid.is_some() { 5 } else { 4 }, 0, 0, 0, 0, 0, 5];
    for part in parts.into_iter().chain(rid) {
        out.extend_from_slice(&part.to_le_bytes());
    }
    out
}

fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}
