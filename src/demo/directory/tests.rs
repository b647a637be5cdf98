//! The simulated directories seen through an ordinary LDAP client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::sync::Arc;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::controls::{MakeCritical as _, RawControl, RelaxRules};
use ldap3::{Ldap, LdapConnAsync, Mod, Scope, SearchEntry};

use super::tree::Entry;
use super::{RunningLdap, ad, open_ldap, serve_ad, serve_on, serve_openldap};
use crate::demo::company::Company;

const AD: &str = "DC=northmoor,DC=example";
const OPENLDAP: &str = "dc=northmoor,dc=example";
const PEOPLE: &str = "(&(objectCategory=person)(objectClass=user)(employeeID=*))";
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

fn company() -> Company {
    Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap()
}

async fn bound(server: &RunningLdap, who: &str, password: &str) -> Ldap {
    let (connection, mut ldap) = LdapConnAsync::new(&server.url).await.unwrap();
    ldap3::drive!(connection);
    let done = ldap.simple_bind(who, password).await.unwrap();
    assert_eq!(done.rc, 0, "{done}");
    ldap
}

async fn active_directory(role: &str) -> (RunningLdap, Ldap) {
    let server = serve_ad(Arc::new(company())).await.unwrap();
    let who = format!("CN=exeunt-{role},OU=Service Accounts,{AD}");
    let ldap = bound(&server, &who, &format!("{role}-active-directory")).await;
    (server, ldap)
}

async fn linux(role: &str) -> (RunningLdap, Ldap) {
    let server = serve_openldap(Arc::new(company())).await.unwrap();
    let who = format!("uid=exeunt-{role},ou=services,{OPENLDAP}");
    let ldap = bound(&server, &who, &format!("{role}-openldap")).await;
    (server, ldap)
}

async fn find(ldap: &mut Ldap, base: &str, filter: &str, attributes: &[&str]) -> Vec<SearchEntry> {
    let (entries, _) = ldap.search(base, Scope::Subtree, filter, attributes.to_vec()).await.unwrap().success().unwrap();
    entries.into_iter().filter(|e| !e.is_ref()).map(SearchEntry::construct).collect()
}

async fn one(ldap: &mut Ldap, base: &str, filter: &str) -> SearchEntry {
    let mut found = find(ldap, base, filter, &["*", "memberOf", "pwdAccountLockedTime"]).await;
    assert_eq!(found.len(), 1, "{filter}");
    found.remove(0)
}

async fn paged(ldap: &mut Ldap, base: &str, filter: &str, size: i32) -> Result<Vec<String>, u32> {
    let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(size))];
    let mut stream = ldap.streaming_search_with(adapters, base, Scope::Subtree, filter, vec!["1.1"]).await.unwrap();
    let mut found = Vec::new();
    while let Some(entry) = stream.next().await.unwrap() {
        found.push(SearchEntry::construct(entry).dn);
    }
    match stream.finish().await.rc {
        0 => Ok(found),
        code => Err(code),
    }
}

async fn change(ldap: &mut Ldap, dn: &str, change: Mod<&str>) -> u32 {
    ldap.modify(dn, vec![change]).await.unwrap().rc
}

fn values(value: &str) -> HashSet<&str> {
    HashSet::from([value])
}

#[tokio::test]
async fn a_wrong_password_and_a_disabled_account_are_refused() {
    let server = serve_ad(Arc::new(company())).await.unwrap();
    let (connection, mut ldap) = LdapConnAsync::new(&server.url).await.unwrap();
    ldap3::drive!(connection);
    let reader = "exeunt-read@northmoor.example";
    assert_eq!(ldap.simple_bind(reader, "wrong").await.unwrap().rc, 49);
    let former = ldap.simple_bind("viktor.salonen@northmoor.example", "pw-viktor.salonen").await.unwrap();
    assert_eq!(former.rc, 49);
    assert!(former.text.contains("data 533"), "{}", former.text);
    let refused = ldap.search(AD, Scope::Subtree, "(objectClass=*)", vec!["*"]).await.unwrap();
    assert_eq!(refused.1.rc, 1);
}

#[tokio::test]
async fn active_directory_holds_everyone_and_says_who_is_disabled() {
    let (_server, mut ldap) = active_directory("read").await;
    assert_eq!(find(&mut ldap, AD, PEOPLE, &["cn"]).await.len(), 412);
    let off = find(&mut ldap, AD, "(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=2))", &["employeeID"]).await;
    let off: HashSet<_> = off.iter().map(|e| e.attrs["employeeID"][0].clone()).collect();
    let company = company();
    let left: HashSet<_> = company.people.iter().filter(|p| !p.active(company.today())).map(|p| p.number.clone()).collect();
    assert!(left.contains("E1013"));
    assert_eq!(off, left);
    let chief = one(&mut ldap, AD, "(employeeID=E1001)").await;
    assert_eq!(chief.bin_attrs["objectGUID"][0].len(), 16);
    assert_eq!(chief.bin_attrs["objectSid"][0].len(), 28);
    assert!(!chief.attrs["memberOf"].iter().any(|g| g.contains("Domain Users")));
}

#[tokio::test]
async fn a_nested_group_makes_an_administrator_and_break_glass_is_none() {
    let (_server, mut ldap) = active_directory("read").await;
    let filter = format!("(&{PEOPLE}(memberOf:{IN_CHAIN}:=CN=Domain Admins,CN=Users,{AD}))");
    let admins = find(&mut ldap, AD, &filter, &["employeeID"]).await;
    let numbers: Vec<_> = admins.iter().map(|e| e.attrs["employeeID"][0].as_str()).collect();
    assert_eq!(numbers, ["E1003"]);
    let filter = format!("(member:{IN_CHAIN}:={})", admins[0].dn);
    let groups: HashSet<_> = find(&mut ldap, AD, &filter, &["cn"]).await.iter().map(|e| e.attrs["cn"][0].clone()).collect();
    for group in ["Platform Leads", "Domain Admins", "All Staff", "Engineering"] {
        assert!(groups.contains(group), "{group}");
    }
}

#[tokio::test]
async fn a_large_group_comes_in_ranges_and_a_large_search_in_pages() {
    let directory = super::active_directory(&company());
    let names: Vec<_> = (0..1700).map(|i| format!("CN=c{i:04},OU=Groups,{AD}")).collect();
    ad::extend(&directory, |tree| {
        for name in &names {
            tree.add(Entry::new(name.as_str()).with("objectClass", ["contact"]));
        }
        let big = Entry::new(format!("CN=Big,OU=Groups,{AD}"))
            .with("objectClass", ["group"])
            .with("cn", ["Big"])
            .with("member", names.iter().map(String::as_str));
        tree.add(big);
    });
    let server = serve_on(([127, 0, 0, 1], 0).into(), directory).await.unwrap();
    let reader = "NORTHMOOR\\exeunt-read";
    let mut ldap = bound(&server, reader, "read-active-directory").await;

    let first = &find(&mut ldap, AD, "(cn=Big)", &["member"]).await[0];
    assert!(first.attrs["member"].is_empty());
    assert_eq!(first.attrs["member;range=0-1499"].len(), 1500);
    let rest = &find(&mut ldap, AD, "(cn=Big)", &["member;range=1500-*"]).await[0];
    assert_eq!(rest.attrs["member;range=1500-*"].len(), 200);

    let cut = ldap.search(AD, Scope::Subtree, "(objectClass=contact)", vec!["1.1"]).await.unwrap();
    assert_eq!(cut.1.rc, 4);
    assert_eq!(cut.0.iter().filter(|e| !e.is_ref()).count(), 1000);
    // Larger pages than the limit come as the limit allows.
    for size in [300, 5000] {
        let found = paged(&mut ldap, AD, "(objectClass=contact)", size).await.unwrap();
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), 1700);
    }
}

#[tokio::test]
async fn the_reader_may_not_disable_and_the_revoker_may_and_it_stays() {
    let (server, mut reader) = active_directory("read").await;
    let leaver = one(&mut reader, AD, "(employeeID=E1002)").await;
    let off = || Mod::Replace("userAccountControl", values("514"));
    assert_eq!(change(&mut reader, &leaver.dn, off()).await, 50);
    assert_eq!(one(&mut reader, AD, "(employeeID=E1002)").await.attrs["userAccountControl"][0], "512");

    let who = "exeunt-revoke@northmoor.example";
    let mut revoker = bound(&server, who, "revoke-active-directory").await;
    assert_eq!(change(&mut revoker, &leaver.dn, Mod::Replace("mail", values("x"))).await, 50);
    let login = &leaver.attrs["userPrincipalName"][0];
    drop(bound(&server, login, "pw-rafael.okonjo").await);
    assert_eq!(change(&mut revoker, &leaver.dn, off()).await, 0);
    let after = one(&mut reader, AD, "(employeeID=E1002)").await;
    assert_eq!(after.attrs["userAccountControl"][0], "514");
    let usn = |e: &SearchEntry| e.attrs["uSNChanged"][0].parse::<i64>().unwrap();
    assert!(usn(&after) > usn(&leaver));
    let refused = revoker.simple_bind(login, "pw-rafael.okonjo").await.unwrap();
    assert!(refused.text.contains("data 533"), "{}", refused.text);
}

#[tokio::test]
async fn active_directory_has_its_own_codes_for_members_and_passwords() {
    let (_server, mut ldap) = active_directory("revoke").await;
    let leaver = one(&mut ldap, AD, "(employeeID=E1002)").await.dn;
    let group = format!("CN=Finance,OU=Groups,{AD}");
    let out = || Mod::Delete("member", values(&leaver));
    assert_eq!(change(&mut ldap, &group, out()).await, 0);
    assert_eq!(change(&mut ldap, &group, out()).await, 53);
    let left = one(&mut ldap, AD, "(employeeID=E1002)").await;
    assert!(!left.attrs["memberOf"].contains(&group));
    let back = || Mod::Add("member", values(&leaver));
    assert_eq!(change(&mut ldap, &group, back()).await, 0);
    assert_eq!(change(&mut ldap, &group, back()).await, 68);
    let nobody = format!("CN=Nobody,OU=People,{AD}");
    assert_eq!(change(&mut ldap, &group, Mod::Add("member", values(&nobody))).await, 32);
    let nonsense = Mod::Replace("userAccountControl", values("off"));
    assert_eq!(change(&mut ldap, &leaver, nonsense).await, 21);

    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (password, code) in [("\"Xk9!long-enough\"", 0), ("\"short\"", 19), ("unquoted-and-long", 19)] {
        let replace = Mod::Replace(b"unicodePwd".to_vec(), HashSet::from([utf16(password)]));
        let done = ldap.modify(&leaver, vec![replace]).await.unwrap();
        assert_eq!(done.rc, code, "{password}");
    }
    let entry = &find(&mut ldap, AD, "(employeeID=E1002)", &["*", "unicodePwd"]).await[0];
    assert!(!entry.attrs.contains_key("unicodePwd") && !entry.bin_attrs.contains_key("unicodePwd"));
    assert!(find(&mut ldap, AD, "(unicodePwd=*)", &["cn"]).await.is_empty());
}

#[tokio::test]
async fn an_entry_is_found_by_its_identifier() {
    let (_server, mut ldap) = active_directory("read").await;
    let chief = one(&mut ldap, AD, "(employeeID=E1001)").await;
    let hex: String = chief.bin_attrs["objectGUID"][0].iter().map(|b| format!("{b:02x}")).collect();
    let (again, _) = ldap.search(&format!("<GUID={hex}>"), Scope::Base, "(objectClass=*)", vec!["cn"]).await.unwrap().success().unwrap();
    assert_eq!(SearchEntry::construct(again[0].clone()).dn, chief.dn);
    let escaped: String = chief.bin_attrs["objectGUID"][0].iter().map(|b| format!("\\{b:02x}")).collect();
    assert_eq!(one(&mut ldap, AD, &format!("(objectGUID={escaped})")).await.dn, chief.dn);
    assert!(find(&mut ldap, AD, "(objectGUID=\\ff\\fe)", &["cn"]).await.is_empty());
    let gone = ldap.search(&format!("CN=Nobody,{AD}"), Scope::Base, "(objectClass=*)", vec!["cn"]).await.unwrap();
    assert_eq!(gone.1.rc, 32);
}

#[tokio::test]
async fn openldap_holds_the_keys_that_were_planted() {
    let (_server, mut ldap) = linux("read").await;
    let all = paged(&mut ldap, OPENLDAP, "(objectClass=posixAccount)", 100).await.unwrap();
    let company = company();
    let technical = ["Engineering", "Security", "Product"];
    let expected = company.employed().filter(|p| technical.contains(&p.department.as_str())).count();
    assert!(expected > 100);
    assert_eq!(all.len(), expected);
    let keyed = find(&mut ldap, OPENLDAP, "(sshPublicKey=ssh-ed25519 *)", &["employeeNumber"]).await;
    let numbers: HashSet<_> = keyed.iter().map(|e| e.attrs["employeeNumber"][0].as_str()).collect();
    let executives: Vec<_> = company.executives().filter(|p| numbers.contains(p.number.as_str())).collect();
    assert_eq!(executives.len(), 1);
    assert_eq!((executives[0].number.as_str(), executives[0].login.as_str()), ("E1011", "yuki.abernathy"));
    assert!(numbers.len() > 10);
    let plain = &find(&mut ldap, OPENLDAP, "(uid=yuki.abernathy)", &[]).await[0];
    assert!(!plain.attrs.contains_key("memberOf"));
    assert!(plain.attrs.contains_key("sshPublicKey"));
}

#[tokio::test]
async fn openldap_cuts_long_answers_and_refuses_long_pages() {
    let directory = open_ldap(&company());
    ad::extend(&directory, |tree| {
        for i in 0..600 {
            tree.add(Entry::new(format!("cn=d{i},ou=services,{OPENLDAP}")).with("objectClass", ["device"]));
        }
    });
    let server = serve_on(([127, 0, 0, 1], 0).into(), directory).await.unwrap();
    let reader = format!("uid=exeunt-read,ou=services,{OPENLDAP}");
    let mut ldap = bound(&server, &reader, "read-openldap").await;
    let cut = ldap.search(OPENLDAP, Scope::Subtree, "(objectClass=device)", vec!["1.1"]).await.unwrap();
    assert_eq!((cut.1.rc, cut.0.len()), (4, 500));
    assert_eq!(paged(&mut ldap, OPENLDAP, "(objectClass=device)", 501).await, Err(11));
    let found = paged(&mut ldap, OPENLDAP, "(objectClass=device)", 500).await.unwrap();
    assert_eq!(found.len(), 600);
}

#[tokio::test]
async fn openldap_takes_away_what_may_be_taken_and_member_of_follows() {
    let (server, mut ldap) = linux("revoke").await;
    let dn = format!("uid=yuki.abernathy,ou=people,{OPENLDAP}");
    let group = |cn: &str| format!("cn={cn},ou=groups,{OPENLDAP}");
    let out = || Mod::Delete("member", values(&dn));
    assert_eq!(change(&mut ldap, &group("jump-hosts"), out()).await, 0);
    assert_eq!(change(&mut ldap, &group("jump-hosts"), out()).await, 16);
    assert_eq!(change(&mut ldap, &group("release-signers"), out()).await, 65);
    let login = || values("yuki.abernathy");
    assert_eq!(change(&mut ldap, &group("wheel"), Mod::Delete("memberUid", login())).await, 0);
    assert_eq!(change(&mut ldap, &dn, Mod::Delete("sshPublicKey", HashSet::new())).await, 0);
    assert_eq!(change(&mut ldap, &dn, Mod::Delete("sshPublicKey", HashSet::new())).await, 16);
    assert_eq!(change(&mut ldap, &dn, Mod::Add("loginShell", values("/bin/bash"))).await, 20);
    let after = one(&mut ldap, OPENLDAP, "(uid=yuki.abernathy)").await;
    assert!(!after.attrs.contains_key("sshPublicKey"));
    assert!(!after.attrs["memberOf"].contains(&group("jump-hosts")));
    assert!(after.attrs["memberOf"].contains(&group("release-signers")));

    // The lock holds, until a new password lifts it.
    let lock = || Mod::Replace("pwdAccountLockedTime", values("000001010000Z"));
    assert_eq!(change(&mut ldap, &dn, lock()).await, 19, "not without the relax control");
    assert_eq!(change(ldap.with_controls(vec![RawControl::from(RelaxRules.critical())]), &dn, lock()).await, 0);
    let (connection, mut own) = LdapConnAsync::new(&server.url).await.unwrap();
    ldap3::drive!(connection);
    assert_eq!(own.simple_bind(&dn, "pw-yuki.abernathy").await.unwrap().rc, 49);
    assert_eq!(change(&mut ldap, &dn, Mod::Replace("userPassword", values("another"))).await, 0);
    assert_eq!(own.simple_bind(&dn, "another").await.unwrap().rc, 0);
    let unlocked = one(&mut ldap, OPENLDAP, "(uid=yuki.abernathy)").await;
    assert!(!unlocked.attrs.contains_key("pwdAccountLockedTime"));
    assert!(!unlocked.attrs.contains_key("userPassword"));
}

/// The names of what has changed since, as far as it is of this class.
async fn lately(ldap: &mut Ldap, base: &str, class: &str, since: &str) -> Vec<String> {
    find(ldap, base, &format!("(&(objectClass={class})({since}))"), &["1.1"]).await.into_iter().map(|entry| entry.dn).collect()
}

#[tokio::test]
async fn what_is_changed_in_active_directory_is_found_by_its_stamp_and_a_member_does_not_move() {
    let (_server, mut ldap) = active_directory("revoke").await;
    let since = format!("whenChanged>={}", crate::clock::now().strftime("%Y%m%d%H%M%S.0Z"));
    let leaver = one(&mut ldap, AD, "(employeeID=E1002)").await;
    let group = format!("CN=Finance,OU=Groups,{AD}");
    assert_eq!(lately(&mut ldap, AD, "*", &since).await, Vec::<String>::new());
    assert_eq!(change(&mut ldap, &group, Mod::Delete("member", values(&leaver.dn))).await, 0);
    assert_eq!(lately(&mut ldap, AD, "*", &since).await, std::slice::from_ref(&group));
    let unmoved = one(&mut ldap, AD, "(employeeID=E1002)").await;
    assert!(["whenChanged", "uSNChanged"].iter().all(|stamp| unmoved.attrs[*stamp] == leaver.attrs[*stamp]));
    assert_eq!(change(&mut ldap, &leaver.dn, Mod::Replace("userAccountControl", values("514"))).await, 0);
    assert_eq!(lately(&mut ldap, AD, "user", &since).await, std::slice::from_ref(&leaver.dn));
    let moved = one(&mut ldap, AD, "(employeeID=E1002)").await.attrs["whenChanged"][0].clone();
    for (written, found) in [("Z", 1), (".000Z", 1), (".0+0000", 1), (".5Z", 0), ("-0100", 0)] {
        let since = format!("whenChanged>={}", moved.replace(".0Z", written));
        assert_eq!(lately(&mut ldap, AD, "user", &since).await.len(), found, "{since}");
    }
    for unread in ["whenChanged>=2026-03-01T09:30:00Z", "!(whenChanged>=2026-03-01T09:30:00Z)", "whenChanged>=20260301"] {
        assert!(lately(&mut ldap, AD, "user", unread).await.is_empty(), "{unread}");
    }
    let counted = format!("uSNChanged>={}", one(&mut ldap, AD, "(employeeID=E1002)").await.attrs["uSNChanged"][0]);
    assert_eq!(lately(&mut ldap, AD, "*", &counted).await, [leaver.dn]);
}

#[tokio::test]
async fn what_is_changed_in_openldap_is_found_by_a_stamp_that_shows_only_when_asked_for() {
    let (_server, mut ldap) = linux("revoke").await;
    let since = format!("modifyTimestamp>={}", crate::clock::now().strftime("%Y%m%d%H%M%SZ"));
    let dn = format!("uid=yuki.abernathy,ou=people,{OPENLDAP}");
    let group = format!("cn=jump-hosts,ou=groups,{OPENLDAP}");
    assert_eq!(lately(&mut ldap, OPENLDAP, "*", &since).await, Vec::<String>::new());
    assert_eq!(change(&mut ldap, &group, Mod::Delete("member", values(&dn))).await, 0);
    assert_eq!(lately(&mut ldap, OPENLDAP, "*", &since).await, [group]);
    assert_eq!(change(&mut ldap, &dn, Mod::Delete("sshPublicKey", HashSet::new())).await, 0);
    assert_eq!(lately(&mut ldap, OPENLDAP, "posixAccount", &since).await, [dn]);
    for (asked, shown) in [("*", false), ("+", true), ("modifyTimestamp", true)] {
        let entry = &find(&mut ldap, OPENLDAP, "(uid=yuki.abernathy)", &[asked]).await[0];
        assert_eq!(entry.attrs.contains_key("modifyTimestamp"), shown, "{asked}");
    }
}

#[tokio::test]
async fn a_dropped_directory_is_down() {
    let server = serve_openldap(Arc::new(company())).await.unwrap();
    let url = server.url.clone();
    drop(server);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(LdapConnAsync::new(&url).await.is_err());
}
