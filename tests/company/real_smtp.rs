//! Mail, held to a real server that wants STARTTLS and a login, and puts every receiver off once: `tests/real/run` brings it up.

use std::path::Path;

use crate::run::COULD_NOT;
use crate::sim::Sim;

/// A variable that `tests/real/run` exports.
fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: tests/real/run starts the servers and runs these tests"))
}

/// What the server keeps.
fn kept() -> Vec<String> {
    let folder = Path::new(&env("EXEUNT_REAL_SMTP_MAILDIR")).join("new");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_smtp_takes_a_notice_once_over_tls() {
    let sim = Sim::up_with(&|name| ["kisi", "smtp"].contains(&name));
    let mail = sim.world.mail().unwrap().url.clone();
    sim.change_settings(&format!("url = \"{mail}\"\n"), &format!("url = \"{}\"\n", env("EXEUNT_REAL_SMTP_URL")));
    sim.change_settings("user = \"exeunt@northmoor.example\"\nfrom", &format!("user = \"{}\"\nfrom", env("EXEUNT_REAL_SMTP_USER")));
    std::fs::write(sim.folder().join("credentials/smtp-tell"), "wrong").unwrap();
    sim.exeunt(&["scan"]);

    // An authority that isn't trusted, then a wrong password: nothing is sent, and that is said.
    let ran = sim.exeunt(&["revoke", "E1002", "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains("not told") && ran.out.contains("ertificate"), "{ran:?}");
    let table = "[systems.smtp]\n";
    sim.change_settings(table, &format!("{table}ca_file = \"{}\"\n", env("EXEUNT_REAL_SMTP_CA")));
    sim.sql().execute("UPDATE delivery SET due = 0, tries = 0", []).unwrap();
    let ran = sim.exeunt(&["tell"]).ended(COULD_NOT);
    assert!(ran.out.contains("535") && kept().is_empty(), "{ran:?}");

    std::fs::write(sim.folder().join("credentials/smtp-tell"), env("EXEUNT_REAL_SMTP_PASSWORD")).unwrap();
    sim.sql().execute("UPDATE delivery SET due = 0, tries = 0", []).unwrap();
    sim.exeunt(&["tell"]).ended(0);
    sim.exeunt(&["tell"]).ended(0);
    let kept = kept();
    assert_eq!(kept.len(), 1, "{kept:#?}");
    assert!(kept[0].contains("Subject: [exeunt] Rafael Okonjo: departure 1 has run") && kept[0].contains("X-TLS: TLSv1."), "{}", kept[0]);
}
