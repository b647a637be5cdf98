//! OpenLDAP, held to a real server with its overlays and limits: `tests/real/run` brings it up.

use exeunt::model::{EdgeKind, NodeKind};
use serde_json::Value;

use crate::real::{Directory, Site, count, env, groups, members, one, report_of, seen, sorted, strangers, text, texts, truth};

const SYSTEM: &str = "openldap";
const PEOPLE: [&str; 2] = [
    "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Controller,Finance,active,",
    "N0001,Person Number 1,u0001@real.northmoor.example,,Analyst,Finance,active,",
];

fn settings() -> String {
    settings_at(&env("EXEUNT_REAL_LDAP_LDAPS"))
}

fn settings_at(url: &str) -> String {
    format!(
        "[systems.openldap]\nscanner = \"openldap\"\nread = \"env:EXEUNT_REAL_LDAP_READ_PASSWORD\"\nrevoke = \"env:EXEUNT_REAL_LDAP_REVOKE_PASSWORD\"\n\
         url = \"{url}\"\nca_file = \"{}\"\nbase = \"{}\"\nread_dn = \"{}\"\nrevoke_dn = \"{}\"\n",
        env("EXEUNT_REAL_LDAP_CA"),
        env("EXEUNT_REAL_LDAP_BASE"),
        env("EXEUNT_REAL_LDAP_READ_DN"),
        env("EXEUNT_REAL_LDAP_REVOKE_DN"),
    )
}

fn directory(dn: &str, password: &str) -> Directory {
    Directory { url: env("EXEUNT_REAL_LDAP_LDAPS"), ca: env("EXEUNT_REAL_LDAP_CA"), dn: dn.to_owned(), password: password.to_owned() }
}

fn as_admin() -> Directory {
    directory(&env("EXEUNT_REAL_LDAP_ADMIN_DN"), &env("EXEUNT_REAL_LDAP_ADMIN_PASSWORD"))
}

// Reliability: Bad weather.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_openldap_from_the_first_scan_to_the_last_proof_and_in_bad_weather() {
    let truth = truth("EXEUNT_REAL_LDAP_TRUTH");
    let people: Vec<String> = PEOPLE.map(str::to_owned).into_iter().chain(strangers(&truth["odd"])).collect();
    let site = Site::new(&people, &settings());
    site.scan(SYSTEM);
    everything_is_seen(&site, &truth);
    site.scan_is_quiet(SYSTEM);
    site.next_nights_of_a_directory(SYSTEM, &as_admin(), ("mobile", "+4512345678"));
    what_another_server_holds_is_a_gap(&site);
    the_leaver_leaves(&site, &truth);
    odd_names_are_no_shelter(&site, &truth);
    site.audit_is_intact(20);
    nothing_is_lost_or_falsely_gone_in_bad_weather();
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_openldap_tls_begins_on_a_plain_connection() {
    let truth = truth("EXEUNT_REAL_LDAP_TRUTH");
    let site = Site::new(&PEOPLE.map(str::to_owned), &settings().replace(&env("EXEUNT_REAL_LDAP_LDAPS"), &env("EXEUNT_REAL_LDAP_URL")));
    let ours = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scanners/openldap.yaml")).unwrap();
    std::fs::write(site.path("scanners/openldap.yaml"), ours.replace("  page_size: 200\n", "  page_size: 200\n  starttls: true\n"))
        .unwrap();
    site.scan(SYSTEM);
    assert_eq!(seen(&site.graph(), SYSTEM, NodeKind::Account).len(), count(&truth, "/users"));
}

fn everything_is_seen(site: &Site, truth: &Value) {
    let graph = site.graph();
    let accounts = seen(&graph, SYSTEM, NodeKind::Account);
    // The server refuses pages of more than 200, and ends an unpaged search at 500.
    assert_eq!(accounts.len(), count(truth, "/users"));
    assert_eq!(accounts.iter().filter(|node| node.disabled()).count(), count(truth, "/locked"));
    assert!(one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == text(truth, "/locked_example")).disabled());
    assert_eq!(seen(&graph, SYSTEM, NodeKind::Credential).len(), count(truth, "/ssh_keys"));
    for (uid, dn) in truth["odd"].as_object().unwrap() {
        let node = one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == uid);
        let told = node.text("dn").unwrap();
        // A server may escape a character its own way; the name it gives must be one that it takes.
        let again = as_admin().search(told, "base", "(objectClass=*)", "uid").unwrap();
        assert_eq!(again, std::slice::from_ref(uid), "{told} for {dn}");
    }
    assert_eq!(seen(&graph, SYSTEM, NodeKind::Group).len(), count(truth, "/groups"));
    let big = text(truth, "/big_group/cn");
    assert_eq!(members(&graph, one(&graph, SYSTEM, NodeKind::Group, |node| node.label() == big)), count(truth, "/big_group/members"));
    let badge = one(&graph, SYSTEM, NodeKind::Group, |node| node.label() == "Badge, Main (Door)");
    assert_eq!(members(&graph, badge), 2, "a member whose name holds a comma is found by its name");

    let (direct, nested) = groups(&graph, one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == "leaver"));
    assert_eq!(direct, all_groups(truth), "three kinds of group");
    assert_eq!(nested, texts(truth, "/leaver/through_nesting"), "nested groups, and three in a circle");
}

/// A referral object stands for a part of the tree on another server: every list is a gap that names it, until it is gone.
fn what_another_server_holds_is_a_gap(site: &Site) {
    let dn = format!("ou=paris,{}", env("EXEUNT_REAL_LDAP_BASE"));
    let object =
        format!("changetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: paris\nref: ldap://paris.example/{dn}\n");
    as_admin().change(&format!("dn: {dn}\n{object}")).unwrap();
    let gaps = || {
        let said = site.run(&["scan", "--full", "--json"]);
        let gaps = report_of(&said.json(), SYSTEM)["gaps"].clone();
        (said.code, gaps.as_array().unwrap().clone())
    };
    let (code, named) = gaps();
    assert!(code == 2 && named.len() == 2, "{named:?}");
    let place = format!("in another directory and was not read: ldap://paris.example/{dn}");
    assert!(named.iter().all(|gap| gap.to_string().contains(&place)), "{named:?}");
    // With this control the object itself is meant.
    as_admin().change(&format!("dn: {dn}\ncontrol: 2.16.840.1.113730.3.4.2 true\nchangetype: delete\n")).unwrap();
    site.scan_is_quiet(SYSTEM);
    assert_eq!(gaps().1, Vec::<Value>::new());
}

/// The groups that the leaver is in directly.
fn all_groups(truth: &Value) -> Vec<String> {
    sorted(["groupOfNames", "groupOfUniqueNames", "posixGroup"].iter().flat_map(|kind| texts(truth, &format!("/leaver/{kind}"))))
}

fn the_leaver_leaves(site: &Site, truth: &Value) {
    let (dn, password) = (text(truth, "/leaver/dn"), text(truth, "/leaver/password"));
    let myself = directory(dn, password);
    assert!(myself.search(dn, "base", "(objectClass=*)", "uid").is_ok(), "the leaver could sign in until now");

    let plan = site.plan("N9001");
    // Lock, shell, expiry; the keys; the groups.
    let expected = 3 + count(truth, "/leaver/ssh_keys") + all_groups(truth).len();
    assert_eq!(plan["actions"].as_array().unwrap().len(), expected, "{plan}");
    // The last member of a group can't be taken out of it.
    let refused = "remove member leaver → jump-hosts in openldap";
    site.revoke("N9001", &[refused]);
    let title = site.tasks().into_iter().find(|title| title.contains(refused)).unwrap();
    assert!(title.contains("last member"), "the task says why: {title}");

    let admin = as_admin();
    let asked = |attribute: &str| admin.search(dn, "base", "(objectClass=*)", attribute).unwrap();
    assert_eq!(asked("pwdAccountLockedTime"), ["000001010000Z"]);
    assert_eq!(asked("sshPublicKey"), Vec::<String>::new());
    assert_eq!((asked("loginShell"), asked("shadowExpire")), (vec!["/usr/sbin/nologin".to_owned()], vec!["1".to_owned()]));
    let base = env("EXEUNT_REAL_LDAP_BASE");
    let still = admin.search(&base, "sub", &format!("(|(member={dn})(uniqueMember={dn})(memberUid=leaver))"), "cn").unwrap();
    assert_eq!(still, ["jump-hosts"]);
    let others = admin.search(&format!("cn=everybody,ou=groups,{base}"), "base", "(objectClass=*)", "member").unwrap();
    assert_eq!(others.len(), count(truth, "/big_group/members") - 1, "nobody else was taken out");
    let refused = myself.search(dn, "base", "(objectClass=*)", "uid").unwrap_err();
    assert!(refused.contains("Invalid credentials (49)"), "{refused}");

    site.scan_is_quiet(SYSTEM);
    let graph = site.graph();
    let leaver = one(&graph, SYSTEM, NodeKind::Account, |node| node.label() == "leaver");
    assert!(leaver.disabled());
    let held = graph.out(graph.index(leaver.id).unwrap()).filter(|(_, edge, _)| edge.kind == EdgeKind::Holds).count();
    assert_eq!((groups(&graph, leaver).0, held), (vec!["jump-hosts".to_owned()], 0));
}

fn odd_names_are_no_shelter(site: &Site, truth: &Value) {
    let odd = truth["odd"].as_object().unwrap();
    // The leaver has gone, so that the first of them is the last one in that group.
    let last = ["remove member Doe, John → Badge, Main (Door) in openldap"];
    for k in 0..odd.len() {
        site.revoke(&format!("N8{k:03}"), if k == 0 { &last } else { &[] });
    }
    let locked = "(&(employeeNumber=N8*)(pwdAccountLockedTime=000001010000Z)(loginShell=/usr/sbin/nologin)(shadowExpire=1))";
    assert_eq!(as_admin().search(&env("EXEUNT_REAL_LDAP_BASE"), "sub", locked, "employeeNumber").unwrap().len(), odd.len());
}

/// People whom nobody above counts, with a key and a group each.
fn nothing_is_lost_or_falsely_gone_in_bad_weather() {
    let ldaps = env("EXEUNT_REAL_LDAP_LDAPS");
    let base = env("EXEUNT_REAL_LDAP_BASE");
    let is_there = |number: &str, label: &str| {
        let uid = number.replace('N', "u");
        let asked = |attribute: &str| as_admin().search(&format!("ou=people,{base}"), "sub", &format!("(uid={uid})"), attribute).unwrap();
        match label.split_once(' ').unwrap().0 {
            "lock" => asked("pwdAccountLockedTime") != ["000001010000Z"],
            "set" => asked("loginShell") != ["/usr/sbin/nologin"],
            "expire" => asked("shadowExpire") != ["1"],
            "delete" => !asked("sshPublicKey").is_empty(),
            "remove" => {
                let (_, group) = label.trim_end_matches(" in openldap").split_once(" → ").unwrap();
                let filter = format!("(&(cn={group})(|(member=uid={uid},ou=people,{base})(memberUid={uid})))");
                !as_admin().search(&format!("ou=groups,{base}"), "sub", &filter, "cn").unwrap().is_empty()
            }
            _ => panic!("an action that nobody asks the server about: {label}"),
        }
    };
    let person =
        |number: &str| format!("{number},Person {number},{}@real.northmoor.example,,Analyst,Finance,active,", number.replace('N', "u"));
    let leavers = ["N0025", "N0050", "N0075"];
    crate::weather::holds_in_bad_weather(&crate::weather::Server {
        system: SYSTEM,
        listens: ldaps.trim_start_matches("ldaps://"),
        settings: &|at| settings_at(&format!("ldaps://{at}")),
        people: &leavers.map(person),
        leavers: &leavers,
        is_there: &is_there,
    });
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_openldap_the_reading_account_can_not_revoke() {
    let base = env("EXEUNT_REAL_LDAP_BASE");
    let reader = directory(&env("EXEUNT_REAL_LDAP_READ_DN"), &env("EXEUNT_REAL_LDAP_READ_PASSWORD"));
    for ldif in [
        format!("dn: uid=u0001,ou=people,{base}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/false\n"),
        format!("dn: cn=wheel,ou=groups,{base}\nchangetype: modify\ndelete: memberUid\nmemberUid: u0001\n"),
    ] {
        let refused = reader.change(&ldif).unwrap_err();
        assert!(refused.contains("Insufficient access (50)"), "{refused}");
    }
}
