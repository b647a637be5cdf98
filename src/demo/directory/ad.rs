//! The company's Active Directory: a user for each person, groups of groups, and the ways of Microsoft's servers.

use std::collections::HashSet;

use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::civil::Date;
use ldap3_proto::proto::{LdapModify, LdapModifyType, LdapResultCode};

#[cfg(test)]
use super::tree::Tree;
use super::tree::{Entry, Key, escape, key};
use super::{Directory, Flavour, Limits, Refusal, State};
use crate::demo::company::{Company, Person};
use crate::demo::vendor::now;

/// The domain's short name.
pub const NETBIOS: &str = "NORTHMOOR";
/// What the account that revokes may change, as an administrator would delegate it.
pub(super) const WRITABLE: &[&str] = &[
    "userAccountControl",
    "accountExpires",
    "pwdLastSet",
    "lockoutTime",
    "unicodePwd",
    "member",
    "description",
    "info",
];
const NEVER: i64 = i64::MAX;
const DISABLED: i64 = 0x2;
const USER: i64 = 0x200;
const NO_EXPIRY: i64 = 0x1_0000;
const GLOBAL: i64 = -2_147_483_646;
const UNIVERSAL: i64 = -2_147_483_640;

/// The company's Active Directory as the simulation starts.
pub fn directory(company: &Company) -> Directory {
    let base = format!("DC={}", company.domain.replace('.', ",DC="));
    let mut build = Build {
        state: State {
            usn: 12_000,
            ..State::default()
        },
        base: base.clone(),
        started: company.started,
    };
    build.containers();
    build.service("exeunt-read", 1104, "read-active-directory");
    build.service("exeunt-revoke", 1105, "revoke-active-directory");
    build.people(company);
    let Build { mut state, .. } = build;
    state.tree.link_members(|_| true);
    Directory {
        flavour: Flavour::ActiveDirectory,
        limits: Limits {
            page: 1000,
            unpaged: 1000,
            values: 1500,
        },
        revoker: key(&format!("CN=exeunt-revoke,OU=Service Accounts,{base}")),
        base,
        state: state.into(),
    }
}

struct Build {
    state: State,
    base: String,
    started: Timestamp,
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
            .with(
                "objectCategory",
                [format!(
                    "CN={category},CN=Schema,CN=Configuration,{}",
                    self.base
                )],
            )
            .with("distinguishedName", [dn])
            .with("name", [rdn])
            .with("objectGUID", [guid])
            .with("whenCreated", [general_time(created)])
            .with("whenChanged", [general_time(self.started)])
            .with("uSNCreated", [self.state.usn.to_string()])
            .with("uSNChanged", [self.state.usn.to_string()])
    }

    fn containers(&mut self) {
        let (base, started) = (self.base.clone(), self.started);
        let root = self
            .object(
                &base,
                &["top", "domain", "domainDNS"],
                "Domain-DNS",
                started,
            )
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
            let entry = self
                .object(&dn, &["top", class], category, started)
                .with("name", [value])
                .with(&kind.to_lowercase(), [value]);
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
        let dns_of = |people: &mut dyn Iterator<Item = &Person>| -> Vec<String> {
            people.filter_map(|p| dn_of(&p.number)).collect()
        };
        let mut departments: Vec<&str> = company
            .people
            .iter()
            .map(|p| p.department.as_str())
            .collect();
        departments.sort_unstable();
        departments.dedup();
        let by_department: Vec<_> = departments
            .iter()
            .map(|d| {
                let mut staff = company
                    .people
                    .iter()
                    .filter(|p| p.department == *d && p.active(today));
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
        let groups: Vec<_> = by_department
            .into_iter()
            .map(|(name, members)| (at(&escape(&name), "OU=Groups"), members))
            .collect();
        for (rid, (dn, members)) in (5000..).zip(groups) {
            self.group(&dn, rid, GLOBAL, members);
        }
        // A primary group lists nobody whose primary group it is.
        self.group(&users_group, 513, GLOBAL, Vec::new());
        self.group(&all, 4001, UNIVERSAL, everyone);
        self.group(&platform, 4002, GLOBAL, leads.clone());
        let administrator = self
            .user(
                &built_in,
                "Administrator",
                "Administrator",
                500,
                self.started,
            )
            .with("userAccountControl", [(USER | NO_EXPIRY).to_string()]);
        self.state.tree.add(administrator);
        self.group(
            &admins,
            512,
            GLOBAL,
            vec![built_in.clone(), platform.clone()],
        );
        // Whoever is an administrator, through however many groups, is marked so.
        for dn in [admins, platform, built_in].into_iter().chain(leads) {
            if let Some(entry) = key(&dn).and_then(|k| self.state.tree.get_mut(&k)) {
                entry.set("adminCount", vec![b"1".to_vec()]);
            }
        }
    }

    fn person(
        &mut self,
        company: &Company,
        person: &Person,
        cn: &str,
        dn: &str,
        manager: Option<String>,
    ) {
        let active = person.active(company.today());
        let control = if active { USER } else { USER | DISABLED };
        let seen = match person.left {
            Some(left) if !active => noon(left),
            _ => company.days_ago(i64::from(person.index() % 12)),
        };
        let mail = std::iter::once(format!("SMTP:{}", person.work_email))
            .chain(person.aliases.iter().map(|a| format!("smtp:{a}")));
        let entry = self
            .user(
                dn,
                cn,
                &person.login,
                10_000 + person.index(),
                noon(person.hired),
            )
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
            self.state
                .passwords
                .insert(key, format!("pw-{}", person.login));
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

/// The domain's DNS name.
pub(super) fn dns(base: &str) -> String {
    base.trim_start_matches("DC=").replace(",DC=", ".")
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

/// Windows' file time: tenths of microseconds since 1601.
pub(super) fn file_time(at: Timestamp) -> i64 {
    at.as_microsecond()
        .saturating_add(11_644_473_600_000_000)
        .saturating_mul(10)
}

/// A time as Active Directory writes it.
pub(super) fn general_time(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S.0Z").to_string()
}

fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}

/// The account that a bind names: by distinguished name, principal name, or `DOMAIN\name`.
pub(super) fn account(state: &State, name: &str) -> Option<Key> {
    if let Some(found) = key(name).filter(|k| state.tree.get(k).is_some()) {
        return Some(found);
    }
    let (attribute, value) = match name.split_once('\\') {
        Some((domain, sam)) if domain.eq_ignore_ascii_case(NETBIOS) => ("sAMAccountName", sam),
        Some(_) => return None,
        None => ("userPrincipalName", name),
    };
    state
        .tree
        .iter()
        .find(|(_, e)| e.has(attribute, value.as_bytes()))
        .map(|(k, _)| k.clone())
}

/// A refused bind, with the reason that Windows puts into its text.
pub(super) fn refused(data: &str) -> Refusal {
    Refusal {
        code: LdapResultCode::InvalidCredentials,
        message: format!(
            "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v4563"
        ),
    }
}

/// Whether the account may log on: neither disabled nor expired.
pub(super) fn may_log_on(entry: &Entry) -> Result<(), Refusal> {
    if entry.number("userAccountControl").unwrap_or(0) & DISABLED != 0 {
        return Err(refused("533"));
    }
    match entry.number("accountExpires").unwrap_or(0) {
        0 | NEVER => Ok(()),
        at if at <= file_time(now()) => Err(refused("701")),
        _ => Ok(()),
    }
}

/// The password of a change of `unicodePwd`: quoted, in UTF-16, set and never read.
pub(super) fn new_password(change: &LdapModify) -> Result<String, Refusal> {
    if change.operation != LdapModifyType::Replace {
        return Err(Refusal::new(
            LdapResultCode::UnwillingToPerform,
            "00000005: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n",
        ));
    }
    let refuse = |code: &str| Refusal {
        code: LdapResultCode::ConstraintViolation,
        message: format!(
            "{code}: AtrErr: DSID-03191083, #1:\n\t0: {code}: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n"
        ),
    };
    let [value] = change.modification.vals.as_slice() else {
        return Err(refuse("00000057"));
    };
    let units: Vec<u16> = value
        .chunks(2)
        .map(|c| u16::from_le_bytes([c[0], c.get(1).copied().unwrap_or(0)]))
        .collect();
    let text = String::from_utf16(&units).map_err(|_| refuse("00000057"))?;
    let bare = text
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .ok_or_else(|| refuse("00000057"))?;
    // The domain's policy, as it comes: 7 characters.
    if bare.chars().count() < 7 {
        return Err(refuse("0000052D"));
    }
    Ok(bare.to_owned())
}

/// What Active Directory sees to in an entry that was changed.
pub(super) fn keep(entry: &mut Entry) -> Result<(), Refusal> {
    // Only 0 (must change it) and -1 (just changed) can be written; -1 becomes the moment.
    if entry.number("pwdLastSet") == Some(-1) {
        entry.set(
            "pwdLastSet",
            vec![file_time(now()).to_string().into_bytes()],
        );
    }
    let is_user = entry.has("objectClass", b"user");
    if is_user && entry.values("userAccountControl").is_empty() {
        return Err(Refusal::new(
            LdapResultCode::UnwillingToPerform,
            "0000209A: SvcErr: DSID-031A0E06, problem 5003 (WILL_NOT_PERFORM), data 0\n",
        ));
    }
    Ok(())
}

/// What the server says of itself.
pub(super) fn root(directory: &Directory, state: &State) -> Entry {
    let base = directory.base.as_str();
    let configuration = format!("CN=Configuration,{base}");
    Entry::new("")
        .with("defaultNamingContext", [base])
        .with("rootDomainNamingContext", [base])
        .with("configurationNamingContext", [configuration.as_str()])
        .with(
            "schemaNamingContext",
            [format!("CN=Schema,{configuration}")],
        )
        .with("namingContexts", [base, configuration.as_str()])
        .with("dnsHostName", [format!("dc1.{}", dns(base))])
        .with("currentTime", [general_time(now())])
        .with("highestCommittedUSN", [state.usn.to_string()])
        .with("supportedLDAPVersion", ["3", "2"])
        .with("supportedLDAPPolicies", ["MaxPageSize", "MaxValRange"])
        .with(
            "supportedControl",
            [
                "1.2.840.113556.1.4.319",
                super::modify::PERMISSIVE,
                "1.2.840.113556.1.4.1339",
            ],
        )
        .with("supportedExtension", [super::WHO_AM_I])
        .with(
            "supportedCapabilities",
            ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"],
        )
        .with("objectClass", ["top"])
}

/// Adds entries to a directory that is not yet served, for larger or stranger ones than the company's.
#[cfg(test)]
pub(super) fn extend(directory: &Directory, fill: impl FnOnce(&mut Tree)) {
    let mut state = directory
        .state
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    fill(&mut state.tree);
}
