//! The second night reads what changed, and comes to what a read of everything would have come to.

use std::cell::Cell;
use std::collections::BTreeSet;

use exeunt_company::faults::FaultKind;
use serde_json::{Value, json};

use crate::conform;
use crate::run::COULD_NOT;
use crate::sim::{Sim, differ};

/// A company with HR and one system, after its first night.
struct Nights {
    sim: Sim,
    system: &'static str,
    scans: Cell<usize>,
}

impl Drop for Nights {
    fn drop(&mut self) {
        self.sim.keep_exchanges(self.system, std::iter::repeat_n("scan", self.scans.get()));
    }
}

impl Nights {
    fn first(system: &'static str) -> (Self, Value) {
        let sim = Sim::up_with(&|name| name == system);
        sim.change_settings("mass_limit = 3", "mass_limit = 100");
        let nights = Self { sim, system, scans: Cell::new(0) };
        let first = nights.scan(&[]);
        assert_eq!((&first["by_changes"], &first["unread"]), (&json!(0), &json!(0)), "nothing is known yet");
        (nights, first)
    }

    /// What a scan says of the system.
    #[track_caller]
    fn scan(&self, options: &[&str]) -> Value {
        let record = self.sim.recording(self.scans.replace(self.scans.get() + 1));
        let mut args = vec!["scan", "--json", "--record", record.to_str().unwrap()];
        args.extend(options);
        let scanned = self.sim.exeunt(&args);
        conform::hold(&[record]);
        assert_ne!(scanned.code, COULD_NOT, "{scanned:?}");
        let scanned = scanned.json();
        scanned["systems"].as_array().unwrap().iter().find(|report| report["system"] == self.system).unwrap().clone()
    }

    /// Somebody leaves, and we know nothing of it: the store is put back to where it was.
    #[track_caller]
    fn somebody_else_revokes(&self, number: &str) {
        let kept = self.sim.folder().join("kept.db");
        std::fs::copy(self.sim.store(), &kept).unwrap();
        let ran = self.sim.exeunt(&["revoke", number, "--yes", "--json"]).json();
        let id = ran["departure"].to_string();
        let case = self.sim.exeunt(&["departure", &id, "--json"]).json();
        let gone = case["systems"].to_string().contains("\"gone\"") || case.to_string().contains("\"gone\"");
        assert!(gone, "nothing was taken from {number}: {case}");
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.sim.folder().join(format!("exeunt.db{suffix}")));
        }
        std::fs::rename(kept, self.sim.store()).unwrap();
    }

    /// Answers whatever is asked for at such an address.
    fn fault(&self, path: &str, code: u16, body: Value) {
        self.sim.fault(self.system, path, FaultKind::Status { code, headers: vec![], body });
    }

    fn graph(&self) -> BTreeSet<String> {
        self.sim.open_graph(Some(self.system))
    }

    /// A second night after somebody else's work, and what a read of everything says of it.
    #[track_caller]
    fn second(&self, first: &Value, number: &str) {
        let before = self.graph();
        let manifest = exeunt::manifest::load::find(self.system, None).unwrap();
        for (collection, _) in manifest.see.iter().filter(|(_, see)| see.delta.is_some()) {
            let listed = format!("{} {collection}(", self.system);
            assert!(before.iter().any(|line| line.starts_with(&listed)), "{collection}: nothing is there to change");
        }
        self.somebody_else_revokes(number);
        let second = self.scan(&[]);
        let changed = second["by_changes"].as_u64().unwrap() + second["unread"].as_u64().unwrap();
        assert!(changed > 0, "everything was read: {second}");
        assert!(second["records"].as_u64() <= first["records"].as_u64(), "{second} costs more than {first}");
        let by_changes = self.graph();
        assert_ne!(before, by_changes, "the second night saw nothing of what had happened to {number}");
        let third = self.scan(&["--full"]);
        assert_eq!((&third["by_changes"], &third["unread"]), (&json!(0), &json!(0)), "{third}");
        let whole = self.graph();
        assert!(by_changes == whole, "changes only, and everything: {}", differ(&by_changes, &whole));
    }
}

/// One test for each system that can tell what changed, with somebody who has much there.
macro_rules! second_nights {
    ($($name:ident: $system:literal $number:literal,)*) => { $(
        #[test]
        fn $name() {
            let (nights, first) = Nights::first($system);
            nights.second(&first, $number);
        }
    )* };
}

second_nights! {
    active_directory: "active-directory" "E1003",
    entra_id: "entra-id" "E1003",
    google_drive: "google-drive" "E1002",
    google_workspace: "google-workspace" "E1003",
    okta: "okta" "E1003",
    onedrive: "onedrive-sharepoint" "E1003",
    openldap: "openldap" "E1003",
    salesforce: "salesforce" "E1003",
    scim: "scim" "E1003",
    servicenow: "servicenow" "E1003",
}

/// HR names who changed, and only they are read again: a last day that was entered since is seen.
#[test]
fn of_hr_only_who_changed_is_read_again() {
    let (nights, first) = Nights::first("bamboohr");
    let today = nights.sim.world.company.today();
    let last_days = format!("SELECT count(*) FROM node_seen WHERE until IS NULL AND attrs ->> 'last_day' = '{today}'");
    assert_eq!(nights.sim.count(&last_days), 0);
    nights.sim.world.hr.terminate("E1003", today).unwrap();
    let second = nights.scan(&[]);
    assert_eq!(nights.sim.count(&last_days), 1, "{second}");
    let (all, unread) = (first["scopes"].as_u64().unwrap(), second["unread"].as_u64().unwrap());
    assert_eq!((second["scopes"].as_u64(), all - unread), (Some(all), 2), "the roster, and who was named: {second}");
}

/// An account that is gone is named in the changes, and goes from the graph.
#[test]
fn what_is_removed_goes() {
    let (nights, _) = Nights::first("entra-id");
    let accounts = || nights.graph().iter().filter(|line| line.starts_with("entra-id users() account ")).count();
    let before = accounts();
    let url = nights.sim.world.url("entra-id").to_owned();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "revoke-entra-id"),
        ("client_secret", "revoke-entra-id"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let deleted = nights.sim.runtime.block_on(async {
        let http = reqwest::Client::new();
        let token = http.post(format!("{url}/northmoor.example/oauth2/v2.0/token")).form(&form).send().await.unwrap().text().await.unwrap();
        let token: Value = serde_json::from_str(&token).unwrap();
        let user = format!("{url}/v1.0/users/30000000-0000-4000-8000-000000001004");
        http.delete(user).bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap().status()
    });
    assert_eq!(deleted, 204);
    assert_eq!(nights.scan(&[])["by_changes"], 1);
    assert_eq!(accounts(), before - 1);
}

/// Changes that would make most of a system disappear are not believed, and asked for again.
#[test]
fn a_feed_that_says_everybody_is_gone_is_not_believed() {
    let (nights, _) = Nights::first("entra-id");
    let before = nights.graph();
    let ids: Vec<&str> = before.iter().filter_map(|line| line.strip_prefix("entra-id users() account ")?.split(' ').next()).collect();
    let gone: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "@removed": { "reason": "deleted" } })).collect();
    let body = json!({ "value": gone, "@odata.deltaLink": "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=1" });
    nights.fault("deltatoken", 200, body);
    let ran = nights.sim.exeunt(&["scan", "entra-id", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("would have disappeared at once"), "{ran:?}");
    assert!(before == nights.graph(), "{}", differ(&before, &nights.graph()));
    nights.sim.world.faults.clear();
    assert_eq!(nights.scan(&[])["by_changes"], 1, "the mark is the old one");
    assert!(before == nights.graph(), "{}", differ(&before, &nights.graph()));
}

/// Our credential goes to no address that a system names elsewhere.
#[test]
fn a_link_to_elsewhere_is_not_followed() {
    let (nights, _) = Nights::first("entra-id");
    let link = "UPDATE scope SET mark = 'http://192.0.2.1/v1.0/users/delta?$deltatoken=1' WHERE collection = 'users'";
    assert_eq!(nights.sim.sql().execute(link, []).unwrap(), 1);
    // That address answers nobody: asking it would be a gap. Everything is read where the system is.
    assert_eq!(nights.scan(&[])["by_changes"], 0);
    assert_eq!(nights.scan(&[])["by_changes"], 1, "the whole read gave a new mark");
}

/// A link to the changes that the vendor has forgotten is no gap: everything is read.
#[test]
fn a_mark_that_the_system_forgot_costs_a_whole_read_and_nothing_else() {
    let (nights, _) = Nights::first("entra-id");
    let before = nights.graph();
    let body = json!({ "error": { "code": "syncStateNotFound", "message": "The sync state generation is not found." } });
    nights.fault("deltatoken", 400, body);
    let second = nights.scan(&[]);
    assert_eq!(second["by_changes"], 0, "{second}");
    assert!(before == nights.graph(), "{}", differ(&before, &nights.graph()));
    nights.sim.world.faults.clear();
    assert_eq!(nights.scan(&[])["by_changes"], 1, "the whole read gave a new mark");
}
