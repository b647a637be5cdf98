//! The company's OpenLDAP server: who logs in to its Linux machines, with which keys, and slapd's ways.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ldap3_proto::proto::LdapResultCode;

use super::tree::{Entry, key};
use super::{Directory, Flavour, Limits, Refusal, State};
use crate::demo::company::{Company, Person};

/// What the account that revokes may change.
pub(super) const WRITABLE: &[&str] =
    &["userPassword", "pwdAccountLockedTime", "shadowExpire", "loginShell", "sshPublicKey", "member", "uniqueMember", "memberUid"];
/// Executives who log in to machines, beside the technical departments.
const EXECUTIVES: &[&str] = &["E1003", "E1008", "E1010", "E1011"];
const DEPARTMENTS: &[&str] = &["Engineering", "Security", "Product"];

/// The company's OpenLDAP server as the simulation starts.
pub fn directory(company: &Company) -> Directory {
    let base = format!("dc={}", company.domain.replace('.', ",dc="));
    let mut state = State::default();
    let settled = company.days_ago(30);
    let mut add = |entry: Entry| {
        let hash = digest::digest(&digest::SHA256, entry.dn.as_bytes());
        let structural = entry.text("objectClass").unwrap_or("top").to_owned();
        state.usn += 1;
        let entry = entry
            .with("structuralObjectClass", [structural])
            .with("entryUUID", [uuid(hash.as_ref())])
            .with("entryCSN", [change_number(settled, state.usn)])
            .with("createTimestamp", [general_time(settled)])
            .with("modifyTimestamp", [general_time(settled)]);
        state.tree.add(entry);
    };
    let domain = base.trim_start_matches("dc=").split(',').next().unwrap_or_default();
    add(Entry::new(base.as_str())
        .with("objectClass", ["organization", "dcObject"])
        .with("dc", [domain])
        .with("o", [company.name.as_str()]));
    for ou in ["people", "groups", "services"] {
        add(Entry::new(format!("ou={ou},{base}")).with("objectClass", ["organizationalUnit"]).with("ou", [ou]));
    }
    for uid in ["exeunt-read", "exeunt-revoke"] {
        add(Entry::new(format!("uid={uid},ou=services,{base}"))
            .with("objectClass", ["account", "simpleSecurityObject"])
            .with("uid", [uid]));
    }
    let people = members(company);
    for person in &people {
        add(account(company, person, &people, &base));
    }
    let dn = |p: &&Person| format!("uid={},ou=people,{base}", p.login);
    let named = |number: &str| people.iter().find(|p| p.number == number);
    let leads = people.iter().filter(|p| p.executive || p.title.contains("Reliability"));
    for (cn, members) in [
        ("jump-hosts", leads.clone().map(dn).collect::<Vec<_>>()),
        ("vpn-users", people.iter().map(dn).collect()),
        // A group that one person alone is in, and that must have a member.
        ("release-signers", named("E1011").into_iter().map(dn).collect()),
    ] {
        add(Entry::new(format!("cn={cn},ou=groups,{base}")).with("objectClass", ["groupOfNames"]).with("cn", [cn]).with("member", members));
    }
    let wheel = people.iter().filter(|p| matches!(p.number.as_str(), "E1008" | "E1011") || p.department == "Security");
    add(Entry::new(format!("cn=wheel,ou=groups,{base}"))
        .with("objectClass", ["posixGroup"])
        .with("cn", ["wheel"])
        .with("gidNumber", ["10"])
        .with("memberUid", wheel.map(|p| p.login.as_str())));
    state.tree.link_members(is_linked);
    for (uid, password) in
        [("uid=exeunt-read,ou=services", "read-openldap".to_owned()), ("uid=exeunt-revoke,ou=services", "revoke-openldap".to_owned())]
            .map(|(dn, p)| (dn.to_owned(), p))
            .into_iter()
            .chain(people.iter().map(|p| (format!("uid={},ou=people", p.login), format!("pw-{}", p.login))))
    {
        if let Some(key) = key(&format!("{uid},{base}")) {
            state.passwords.insert(key, password);
        }
    }
    Directory {
        flavour: Flavour::OpenLdap,
        limits: Limits { page: 500, unpaged: 500, values: usize::MAX },
        revoker: key(&format!("uid=exeunt-revoke,ou=services,{base}")),
        base,
        state: state.into(),
    }
}

/// Who has an account: the technical departments and some executives, as long as they work here.
fn members(company: &Company) -> Vec<&Person> {
    company
        .employed()
        .filter(|p| EXECUTIVES.contains(&p.number.as_str()) || (!p.executive && DEPARTMENTS.contains(&p.department.as_str())))
        .collect()
}

fn account(company: &Company, person: &Person, people: &[&Person], base: &str) -> Entry {
    let number = (20_000 + person.index()).to_string();
    let manager = people.iter().find(|p| Some(&p.number) == person.manager.as_ref()).map(|p| format!("uid={},ou=people,{base}", p.login));
    // Of the executives one has a key; of the others every third has.
    let keyed = match person.executive {
        true => person.number == "E1011",
        false => person.index().is_multiple_of(3),
    };
    let seen = company.days_ago(i64::from(person.index() % 9));
    Entry::new(format!("uid={},ou=people,{base}", person.login))
        .with("objectClass", ["inetOrgPerson", "posixAccount", "shadowAccount", "ldapPublicKey"])
        .with("uid", [person.login.as_str()])
        .with("cn", [person.display()])
        .with("givenName", [person.first.as_str()])
        .with("sn", [person.last.as_str()])
        .with("mail", [person.work_email.as_str()])
        .with("employeeNumber", [person.number.as_str()])
        .with("title", [person.title.as_str()])
        .with("departmentNumber", [person.department.as_str()])
        .with("uidNumber", [number])
        .with("gidNumber", ["20000"])
        .with("homeDirectory", [format!("/home/{}", person.login)])
        .with("loginShell", ["/bin/bash"])
        .with("manager", manager)
        .with("sshPublicKey", keyed.then(|| ssh_key(&person.login)))
        .with("pwdLastSuccess", [general_time(seen)])
}

/// A public key in the form of `authorized_keys`; nobody has its private half.
fn ssh_key(login: &str) -> String {
    let mut blob = vec![0, 0, 0, 11];
    blob.extend_from_slice(b"ssh-ed25519");
    blob.extend_from_slice(&[0, 0, 0, 32]);
    blob.extend_from_slice(digest::digest(&digest::SHA256, login.as_bytes()).as_ref());
    format!("ssh-ed25519 {} {login}@laptop", STANDARD.encode(blob))
}

fn uuid(hash: &[u8]) -> String {
    let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A time as slapd writes it.
pub(super) fn general_time(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%SZ").to_string()
}

/// slapd's number of one change.
pub(super) fn change_number(at: Timestamp, count: i64) -> String {
    format!("{}#{count:06x}#000#000000", at.strftime("%Y%m%d%H%M%S.000000Z"))
}

/// Attributes that an answer holds only when they were asked for.
pub(super) fn is_operational(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "memberof"
            | "entryuuid"
            | "entrycsn"
            | "createtimestamp"
            | "modifytimestamp"
            | "creatorsname"
            | "modifiersname"
            | "structuralobjectclass"
            | "pwdaccountlockedtime"
            | "pwdlastsuccess"
            | "namingcontexts"
            | "supportedcontrol"
            | "supportedextension"
            | "supportedldapversion"
            | "subschemasubentry"
    )
}

/// Whether the memberof overlay follows the entry's members.
pub(super) fn is_linked(entry: &Entry) -> bool {
    entry.has("objectClass", b"groupOfNames")
}

/// What an entry's classes demand.
pub(super) fn keep(entry: &Entry) -> Result<(), Refusal> {
    for (class, attribute) in [("groupOfNames", "member"), ("groupOfUniqueNames", "uniqueMember"), ("posixAccount", "uid")] {
        if entry.has("objectClass", class.as_bytes()) && entry.values(attribute).is_empty() {
            return Err(Refusal {
                code: LdapResultCode::ObjectClassViolation,
                message: format!("object class '{class}' requires attribute '{attribute}'"),
            });
        }
    }
    Ok(())
}

/// What the server says of itself.
pub(super) fn root(directory: &Directory) -> Entry {
    Entry::new("")
        .with("objectClass", ["top", "OpenLDAProotDSE"])
        .with("structuralObjectClass", ["OpenLDAProotDSE"])
        .with("namingContexts", [directory.base.as_str()])
        .with("supportedControl", ["1.2.840.113556.1.4.319", super::modify::PERMISSIVE])
        .with("supportedExtension", [super::WHO_AM_I])
        .with("supportedLDAPVersion", ["3"])
        .with("subschemaSubentry", ["cn=Subschema"])
}
