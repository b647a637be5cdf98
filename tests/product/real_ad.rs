//! Active Directory, held to a real domain controller (Samba): `tests/real/run` brings it up.

use exeunt::model::NodeKind;
use serde_json::Value;

use crate::real::{Directory, Site, count, env, groups, members, one, seen, sorted, strangers, text, texts, truth};

const SYSTEM: &str = "active-directory";
/// The leaver is no executive: a departure must not be less thorough for that.
const PEOPLE: [&str; 3] = [
    "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Controller,Finance,active,",
    "N0001,Chidi Abe 0001,u0001@real.northmoor.example,,Analyst,Finance,active,",
    "N9002,Protected Admin,protected-admin@real.northmoor.example,,Administrator,IT,active,",
];

fn settings(password: &str) -> String {
    format!(
        "[systems.active-directory]\nscanner = \"active-directory\"\nread = \"{password}\"\nrevoke = \"env:EXEUNT_REAL_AD_REVOKE_PASSWORD\"\n\
         url = \"{}\"\nca_file = \"{}\"\nbase = \"{}\"\nread_user = \"{}\"\nrevoke_user = \"{}\"\n",
        env("EXEUNT_REAL_AD_LDAPS"),
        env("EXEUNT_REAL_AD_CA"),
        env("EXEUNT_REAL_AD_BASE"),
        env("EXEUNT_REAL_AD_READ_DN"),
        env("EXEUNT_REAL_AD_REVOKE_DN"),
    )
}

fn directory(dn: &str, password: &str) -> Directory {
    Directory { url: env("EXEUNT_REAL_AD_LDAPS"), ca: env("EXEUNT_REAL_AD_CA"), dn: dn.to_owned(), password: password.to_owned() }
}

fn as_admin() -> Directory {
    directory(&env("EXEUNT_REAL_AD_ADMIN_DN"), &env("EXEUNT_REAL_AD_ADMIN_PASSWORD"))
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_ad_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_AD_TRUTH");
    let people: Vec<String> = PEOPLE.map(str::to_owned).into_iter().chain(strangers(&truth["odd"])).collect();
    let site = Site::new(&people, &settings("env:EXEUNT_REAL_AD_READ_PASSWORD"));
    // At the domain's root every search brings references as well: to parts that hold no accounts, which makes no gap.
    site.scan(SYSTEM);
    everything_is_seen(&site, &truth);
    site.scan_is_quiet(SYSTEM);
    site.next_nights_of_a_directory(SYSTEM, &as_admin(), ("description", "moved desks"));
    the_leaver_leaves(&site, &truth);
    a_protected_administrator_becomes_a_task(&site, &truth);
    odd_names_are_no_shelter(&site, &truth);
    site.audit_is_intact(20);
}

fn everything_is_seen(site: &Site, truth: &Value) {
    let graph = site.graph();
    let accounts = seen(&graph, SYSTEM, NodeKind::Account);
    assert_eq!(accounts.len(), count(truth, "/users"), "all pages were read");
    // A disabled account that has expired as well counts once.
    let both = as_admin()
        .search(
            &env("EXEUNT_REAL_AD_BASE"),
            "sub",
            "(&(objectCategory=person)(objectClass=user)(userAccountControl:1.2.840.113556.1.4.803:=2)(accountExpires=132223104000000000))",
            "cn",
        )
        .unwrap();
    let disabled = accounts.iter().filter(|node| node.disabled()).count();
    assert_eq!(disabled, count(truth, "/disabled") + count(truth, "/expired") - both.len());
    for example in ["/disabled_example", "/expired_example"] {
        let dn = text(truth, example);
        assert!(one(&graph, SYSTEM, NodeKind::Account, |node| node.text("dn") == Some(dn)).disabled(), "{dn}");
    }
    for (login, odd) in truth["odd"].as_object().unwrap() {
        let node = one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == login);
        assert_eq!(node.text("display_name"), Some(text(odd, "/name")), "{login}");
    }
    // 1,601 members, of whom 400 are mere contacts: a controller hands out 1,500 at a time.
    let big = truth["big_group"]["dn"].as_str().unwrap();
    let big = one(&graph, SYSTEM, NodeKind::Group, |node| node.text("dn") == Some(big));
    assert_eq!(site.members_told(&graph, SYSTEM, big.label()), count(truth, "/big_group/members"));
    assert_eq!(members(&graph, big), count(truth, "/big_group/members") - count(truth, "/contacts"));
    // A member whose name holds a comma is found by its name.
    let badge = one(&graph, SYSTEM, NodeKind::Group, |node| node.label() == "Badge, Main (Door)");
    assert_eq!(members(&graph, badge), 2);

    let leaver = one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == text(truth, "/leaver/sam"));
    let (direct, nested) = groups(&graph, leaver);
    // The primary group, which neither lists the leaver nor is in memberOf, and Domain Users, which lists the leaver now.
    let primary = text(truth, "/leaver/primary_group/name").to_owned();
    assert_eq!(direct, sorted(texts(truth, "/leaver/member_of").into_iter().chain([primary])));
    assert_eq!(nested, texts(truth, "/leaver/through_nesting"), "nested groups, and three in a circle");
}

fn the_leaver_leaves(site: &Site, truth: &Value) {
    let (dn, password) = (text(truth, "/leaver/dn"), text(truth, "/leaver/password"));
    let myself = directory(dn, password);
    assert!(myself.search(dn, "base", "(objectClass=*)", "cn").is_ok(), "the leaver could sign in until now");

    let plan = site.plan("N9001");
    let member_of = texts(truth, "/leaver/member_of");
    assert_eq!(plan["actions"].as_array().unwrap().len(), 1 + member_of.len(), "{plan}");
    // Domain Users is out of reach of a delegated account, and says so; everything else is gone.
    site.revoke("N9001", &["remove from group leaver → Domain Users in active-directory"]);

    // The server itself, asked by somebody else with other tools.
    let admin = as_admin();
    let control: u32 = admin.search(dn, "base", "(objectClass=*)", "userAccountControl").unwrap()[0].parse().unwrap();
    assert_eq!(control & 2, 2, "the account is disabled: {control}");
    let base = env("EXEUNT_REAL_AD_BASE");
    let still = admin.search(&base, "sub", &format!("(&(objectClass=group)(member={dn}))"), "cn").unwrap();
    assert_eq!(still, ["Domain Users"]);
    let big = admin.search(&base, "sub", "(memberOf=CN=All Mail,OU=Groups,DC=real,DC=northmoor,DC=example)", "cn").unwrap();
    assert_eq!(big.len(), count(truth, "/big_group/members") - 1, "nobody else was taken out");
    let refused = myself.search(dn, "base", "(objectClass=*)", "cn").unwrap_err();
    assert!(refused.contains("Invalid credentials") && refused.contains("533"), "the account is disabled: {refused}");

    // The departure's own look has seen all that, so the next night finds nothing new.
    site.scan_is_quiet(SYSTEM);
    let graph = site.graph();
    let leaver = one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == "leaver");
    assert!(leaver.disabled());
    assert_eq!(groups(&graph, leaver).0, ["Board Office", "Domain Users"]);
}

fn a_protected_administrator_becomes_a_task(site: &Site, truth: &Value) {
    site.plan("N9002");
    let refused = "disable protected-admin in active-directory";
    site.revoke("N9002", &[refused]);
    let title = site.tasks().into_iter().find(|title| title.contains(refused)).unwrap();
    assert!(title.contains("protected group"), "the task says why: {title}");
    let dn = text(truth, "/protected/user/dn");
    let control = as_admin().search(dn, "base", "(objectClass=*)", "userAccountControl").unwrap();
    assert_eq!(control, ["512"], "it is still enabled, as we said");
}

fn odd_names_are_no_shelter(site: &Site, truth: &Value) {
    let odd = truth["odd"].as_object().unwrap();
    for k in 0..odd.len() {
        site.revoke(&format!("N8{k:03}"), &[]);
    }
    let base = env("EXEUNT_REAL_AD_BASE");
    let disabled = "(&(sAMAccountName=odd-*)(userAccountControl:1.2.840.113556.1.4.803:=2))";
    assert_eq!(as_admin().search(&base, "sub", disabled, "cn").unwrap().len(), odd.len());
    let badge = as_admin().search(&base, "sub", "(cn=Badge, Main \\28Door\\29)", "member").unwrap();
    assert_eq!(badge, Vec::<String>::new(), "a member with a comma in the name was taken out of a group with one");
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_ad_the_reading_account_can_not_revoke() {
    let truth = truth("EXEUNT_REAL_AD_TRUTH");
    let reader = directory(&env("EXEUNT_REAL_AD_READ_DN"), &env("EXEUNT_REAL_AD_READ_PASSWORD"));
    let (dn, group) = ("CN=Protected Admin,OU=People,DC=real,DC=northmoor,DC=example", text(&truth, "/big_group/dn"));
    for ldif in [
        format!("dn: {dn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n"),
        format!("dn: {group}\nchangetype: modify\ndelete: member\nmember: CN=Contact 000,OU=Partners,DC=real,DC=northmoor,DC=example\n"),
    ] {
        let refused = reader.change(&ldif).unwrap_err();
        assert!(refused.contains("Insufficient access (50)"), "{refused}");
    }
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_ad_a_refused_bind_closes_nothing() {
    let site = Site::new(&PEOPLE.map(str::to_owned), &settings("env:EXEUNT_REAL_AD_READ_PASSWORD"));
    site.scan(SYSTEM);
    let before = seen(&site.graph(), SYSTEM, NodeKind::Account).len();
    std::fs::write(site.path("wrong"), "n0t-the-password").unwrap();
    let changed = std::fs::read_to_string(site.path("exeunt.toml")).unwrap().replace("env:EXEUNT_REAL_AD_READ_PASSWORD", "file:wrong");
    std::fs::write(site.path("exeunt.toml"), changed).unwrap();
    let said = site.run(&["scan", "--json"]);
    assert_eq!(said.code, 2, "what can't be seen is said by the exit code: {said:?}");
    let report = crate::real::report_of(&said.json(), SYSTEM);
    assert!(report["gaps"].as_array().unwrap().iter().all(|gap| text(gap, "/reason").contains("check the read credential")), "{report}");
    assert_eq!(count(&report, "/closed"), 0);
    assert_eq!(seen(&site.graph(), SYSTEM, NodeKind::Account).len(), before);
}
