//! What the tenant holds, and what time changes in it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::super::company::Person;
use super::call::{Refusal, Right};
use super::changes::Feed;
use super::documents::{Drive, File, Grantee, Permission};
use super::transfer::Transfer;
use super::vault::Matter;

/// How long asynchronous work (transfers, exports, wipes) takes here.
pub(super) const JOB_TIME: Duration = Duration::from_millis(300);

/// The whole tenant.
pub(super) struct State {
    pub(super) customer: String,
    pub(super) domain: String,
    /// By user id.
    pub(super) users: BTreeMap<String, User>,
    /// By group id.
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) roles: Vec<Role>,
    /// By assignment id.
    pub(super) assignments: BTreeMap<String, Assignment>,
    /// By resource id.
    pub(super) devices: BTreeMap<String, Device>,
    /// By file id.
    pub(super) files: BTreeMap<String, File>,
    /// By drive id.
    pub(super) drives: BTreeMap<String, Drive>,
    /// Of files, by the id of the user who sees them.
    pub(super) changes: BTreeMap<String, Feed>,
    pub(super) transfers: BTreeMap<String, Transfer>,
    pub(super) matters: BTreeMap<String, Matter>,
    access: HashMap<String, Access>,
    started: Timestamp,
    since: Instant,
    serial: u64,
}

/// An account.
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) given: String,
    pub(super) family: String,
    pub(super) aliases: Vec<String>,
    pub(super) home_email: Option<String>,
    pub(super) mobile: Option<String>,
    pub(super) recovery_email: Option<String>,
    pub(super) recovery_phone: Option<String>,
    pub(super) number: Option<String>,
    pub(super) title: String,
    pub(super) department: String,
    pub(super) manager: Option<String>,
    pub(super) created: Timestamp,
    pub(super) last_login: Option<Timestamp>,
    pub(super) suspended: bool,
    pub(super) suspended_at: Option<Timestamp>,
    pub(super) enrolled: bool,
    pub(super) enforced: bool,
    pub(super) change_password: bool,
    /// Sessions that `signOut` ends; no API lists them.
    pub(super) signed_out: u32,
    pub(super) tokens: Vec<Token>,
    pub(super) app_passwords: Vec<AppPassword>,
    pub(super) backup_codes: Vec<String>,
    pub(super) mailbox: Mailbox,
    /// Who else may see the calendar.
    pub(super) calendar: Vec<CalendarRule>,
}

impl User {
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// Is this the address or the id of the account?
    pub(super) fn is(&self, key: &str) -> bool {
        self.id == key || self.has_address(key)
    }

    pub(super) fn has_address(&self, address: &str) -> bool {
        self.email.eq_ignore_ascii_case(address) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(address))
    }
}

/// A grant to an application.
pub(super) struct Token {
    pub(super) client_id: String,
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) native: bool,
}

/// A password that an application uses instead of the person's own, past every second factor.
pub(super) struct AppPassword {
    pub(super) code_id: u32,
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) last_used: Option<Timestamp>,
}

/// Somebody else's right to a calendar.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarRule {
    pub(super) user: String,
    pub(super) role: String,
}

impl CalendarRule {
    pub(super) fn id(&self) -> String {
        format!("user:{}", self.user)
    }
}

/// Gmail's settings of one account.
#[derive(Default)]
pub(super) struct Mailbox {
    pub(super) delegates: Vec<String>,
    pub(super) forwarding: Vec<String>,
    pub(super) auto_forward: Option<AutoForward>,
    pub(super) filters: BTreeMap<String, Filter>,
    pub(super) imap: bool,
    pub(super) pop: Option<String>,
    pub(super) send_as: Vec<String>,
}

pub(super) struct AutoForward {
    pub(super) to: String,
    pub(super) disposition: String,
}

/// A filter as the vendor writes it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pub(super) criteria: Value,
    pub(super) action: Value,
}

pub(super) struct Group {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) description: String,
    /// By member id.
    pub(super) members: BTreeMap<String, Member>,
}

pub(super) struct Member {
    pub(super) email: String,
    pub(super) role: &'static str,
    pub(super) group: bool,
}

pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) super_admin: bool,
    pub(super) privileges: Vec<String>,
}

pub(super) struct Assignment {
    pub(super) user: String,
    pub(super) role: String,
}

pub(super) struct Device {
    pub(super) user: String,
    pub(super) device_id: String,
    pub(super) serial: String,
    pub(super) model: String,
    pub(super) os: String,
    pub(super) kind: String,
    pub(super) first_sync: Timestamp,
    pub(super) last_sync: Timestamp,
    pub(super) status: &'static str,
    /// What the device will be once it has checked in.
    pub(super) becoming: Option<(Instant, &'static str)>,
}

/// An access token that this service issued.
pub(super) struct Access {
    pub(super) right: Right,
    /// Id of the user that it acts as.
    pub(super) acts_as: String,
    expires: Instant,
}

impl State {
    pub(super) fn new(customer: String, domain: String, started: Timestamp) -> Self {
        Self {
            customer,
            domain,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: Vec::new(),
            assignments: BTreeMap::new(),
            devices: BTreeMap::new(),
            files: BTreeMap::new(),
            drives: BTreeMap::new(),
            changes: BTreeMap::new(),
            transfers: BTreeMap::new(),
            matters: BTreeMap::from([("departures-2026".to_owned(), Matter::standing("100000000000000009001"))]),
            access: HashMap::new(),
            started,
            since: Instant::now(),
            serial: 0,
        }
    }

    /// The time in the company: the day it started, and what has passed since.
    pub(super) fn now(&self) -> Timestamp {
        self.started.checked_add(self.since.elapsed()).unwrap_or(self.started)
    }

    /// A number that was never given out before.
    pub(super) fn next(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Makes an access token.
    pub(super) fn issue(&mut self, right: Right, acts_as: String, lifetime_secs: u64) -> String {
        let serial = self.next();
        let seed = format!("{acts_as}/{serial}/{}", self.now().as_nanosecond());
        let token = format!("ya29.{}", letters(&seed, 60));
        let access = Access { right, acts_as, expires: Instant::now() + Duration::from_secs(lifetime_secs) };
        self.access.insert(token.clone(), access);
        token
    }

    /// What a token may do, while it lives.
    pub(super) fn access(&self, token: &str) -> Option<&Access> {
        self.access.get(token).filter(|access| access.expires > Instant::now())
    }

    /// The account with this id, address or alias.
    pub(super) fn find(&self, key: &str) -> Option<&User> {
        self.users.get(key).or_else(|| self.users.values().find(|user| user.has_address(key)))
    }

    pub(super) fn user(&self, key: &str) -> Result<&User, Refusal> {
        self.find(key).ok_or_else(no_user)
    }

    pub(super) fn user_mut(&mut self, key: &str) -> Result<&mut User, Refusal> {
        self.users.values_mut().find(|user| user.is(key)).ok_or_else(no_user)
    }

    /// The group with this id or address.
    pub(super) fn group(&self, key: &str) -> Option<&Group> {
        self.groups.get(key).or_else(|| self.groups.values().find(|group| group.email.eq_ignore_ascii_case(key)))
    }

    /// Is the user in a group of that address, directly or through another group?
    pub(super) fn in_group(&self, address: &str, user_id: &str) -> bool {
        let mut open = vec![address.to_owned()];
        let mut seen = Vec::new();
        while let Some(address) = open.pop() {
            if seen.contains(&address) {
                continue;
            }
            if let Some(group) = self.group(&address) {
                if group.members.contains_key(user_id) {
                    return true;
                }
                open.extend(group.members.values().filter(|m| m.group).map(|m| m.email.clone()));
            }
            seen.push(address);
        }
        false
    }

    /// What a person can still do: sign in, act by what was issued to them, read mail that goes on to them, open files from outside.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        if let Some(user) = self.find(&person.work_email) {
            if !user.suspended {
                left.push(format!("the account {}", user.email));
                let opened = |other: &&User| other.mailbox.delegates.contains(&user.email);
                left.extend(self.users.values().filter(opened).map(|other| format!("the mailbox of {}, as a delegate", other.email)));
            }
            left.extend(user.tokens.iter().map(|token| format!("the grant to {}", token.name)));
            left.extend(user.app_passwords.iter().map(|password| format!("the app password {}", password.name)));
            left.extend(user.mailbox.auto_forward.iter().map(|forward| format!("mail forwarded to {}", forward.to)));
            let forwards = user.mailbox.filters.values().filter_map(|filter| filter.action["forward"].as_str());
            left.extend(forwards.map(|to| format!("a filter that forwards to {to}")));
            let devices = self.devices.values().filter(|device| device.user == user.id && device.status == "APPROVED");
            left.extend(devices.map(|device| format!("the device {}", device.model)));
        }
        for user in self.users.values() {
            let home = user.calendar.iter().filter(|rule| Some(&rule.user) == person.home_email.as_ref());
            left.extend(home.map(|rule| format!("the calendar of {}, from the private address as {}", user.email, rule.role)));
        }
        left.extend(self.left_in_drive(person));
        left
    }

    /// What a person can still do with files, whatever became of the account.
    pub(super) fn left_in_drive(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for file in self.files.values() {
            let owned = file.permissions.iter().any(|one| one.role == "owner" && one.to == Grantee::User(person.work_email.clone()));
            let public = |one: &&Permission| matches!(one.to, Grantee::Anyone { .. }) && owned;
            left.extend(file.permissions.iter().filter(public).map(|_| format!("{}, open to anyone with the link", file.name)));
            let home = |one: &&Permission| matches!(&one.to, Grantee::User(to) if Some(to) == person.home_email.as_ref());
            left.extend(
                file.permissions.iter().filter(home).map(|one| format!("{}, shared with the private address as {}", file.name, one.role)),
            );
        }
        left
    }

    pub(super) fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    pub(super) fn is_super_admin(&self, user_id: &str) -> bool {
        self.super_admins().any(|user| user == user_id)
    }

    /// Ids of all super administrators.
    pub(super) fn super_admins(&self) -> impl Iterator<Item = &str> {
        self.assignments
            .values()
            .filter(|given| self.role(&given.role).is_some_and(|role| role.super_admin))
            .map(|given| given.user.as_str())
    }

    /// Lets what is due by now happen.
    pub(super) fn settle(&mut self) {
        let now = Instant::now();
        for device in self.devices.values_mut() {
            if let Some((_, status)) = device.becoming.take_if(|(due, _)| *due <= now) {
                device.status = status;
            }
        }
        for matter in self.matters.values_mut() {
            matter.settle(now);
        }
        super::transfer::settle(self, now);
    }
}

fn no_user() -> Refusal {
    Refusal::not_found("Resource Not Found: userKey")
}

/// A number that is the same for the same text in every run.
pub(super) fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    mix(hash)
}

/// Spreads a number over all 64 bits (the finaliser of SplitMix64).
fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Letters and digits drawn from a text, as opaque ids are made of.
pub(super) fn letters(seed: &str, length: usize) -> String {
    draw(seed, length, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
}

/// As `letters`, in lower case.
pub(super) fn small_letters(seed: &str, length: usize) -> String {
    draw(seed, length, b"abcdefghijklmnopqrstuvwxyz0123456789")
}

/// A number of that many digits, not starting with a zero.
pub(super) fn digits(seed: &str, length: usize) -> String {
    format!("1{}", draw(seed, length.saturating_sub(1), b"0123456789"))
}

fn draw(seed: &str, length: usize, alphabet: &[u8]) -> String {
    let mut n = hash(seed);
    (0..length)
        .map(|_| {
            n = mix(n.wrapping_add(0x9e37_79b9_7f4a_7c15));
            let at = usize::try_from(n % alphabet.len() as u64).unwrap_or_default();
            char::from(alphabet.get(at).copied().unwrap_or(b'0'))
        })
        .collect()
}
