//! Findings and standing access as OCSF 1.8.0 events, one JSON object a line: class 2004 (Detection Finding) for each finding, 2008 (IAM
//! Analysis Finding) for what each executive can reach.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::Access;
use super::person::Inventory;
use super::{Facts, HrState};
use crate::graph::Person;
use crate::model::{NodeKind, Severity};
use crate::store::findings::FindingRow;

/// The version that events are shaped after. 1.9 folds other classes than these two.
const VERSION: &str = "1.8.0";

/// The findings in `rows`, and the standing access of the executives (or of one person).
pub fn events(facts: &Facts, rows: &[FindingRow], person: Option<&Person>) -> Vec<Value> {
    let wanted = |row: &&FindingRow| person.is_none_or(|person| row.person == Some(person.id));
    let mut events: Vec<Value> = rows.iter().filter(wanted).map(|row| finding(facts, row)).collect();
    let access = Access::of(facts, person);
    for one in &access.people {
        let Some(who) = facts.people.iter().find(|known| known.key == one.person.hr_key) else { continue };
        events.push(standing(facts, who, one.findings.total()));
    }
    events
}

/// Events as text, one a line.
pub fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn finding(facts: &Facts, row: &FindingRow) -> Value {
    let closed = row.until.filter(|until| *until <= facts.at);
    // 1 Create, 3 Close; status 1 New, 4 Resolved.
    let (activity, status) = if closed.is_some() { (3, 4) } else { (1, 1) };
    let at = closed.unwrap_or(row.since);
    let mut event = frame(2004, activity, severity(row.severity), at, &facts.at, &format!("{}|{}", row.key, row.since));
    event.insert("status_id".into(), json!(status));
    event.insert("is_alert".into(), json!(row.severity >= Severity::High));
    event.insert("message".into(), json!(row.title));
    event.insert(
        "finding_info".into(),
        json!({
            "uid": row.key,
            "title": row.title,
            "desc": row.facts.join("\n"),
            "types": [format!("shadow_access.{}", row.check.replace('-', "_"))],
            "created_time": millis(row.since),
            "first_seen_time": millis(row.since),
            "last_seen_time": millis(closed.unwrap_or(facts.at)),
            "analytic": { "uid": row.code, "name": row.check, "type_id": 1 },
        }),
    );
    let kind = row.node.and_then(|node| facts.graph.node(node)).map(|node| match (node.kind, node.type_.as_str()) {
        (kind, "") => format!("{}_{}", row.system, kind.word()),
        (_, type_) => format!("{}_{type_}", row.system),
    });
    event
        .insert("resources".into(), json!([{ "uid": row.subject, "name": row.label, "type": kind.unwrap_or_else(|| row.system.clone()) }]));
    let mut evidence = Map::new();
    if let Some(person) = row.person.and_then(|id| facts.people.iter().find(|person| person.id == id)) {
        evidence.insert("user".into(), user(person));
    }
    evidence.insert("data".into(), json!({ "facts": row.facts }));
    event.insert("evidences".into(), json!([evidence]));
    if !row.remedy.is_empty() {
        event.insert("remediation".into(), json!({ "desc": row.remedy }));
    }
    Value::Object(event)
}

fn standing(facts: &Facts, person: &Person, findings: u64) -> Value {
    let inventory = Inventory::of(facts, person);
    let privileges: BTreeSet<String> = inventory
        .systems
        .iter()
        .flat_map(|system| {
            let name = system.system.as_str();
            let roles = system.roles.iter().map(move |role| format!("{name}: {} {}", NodeKind::Role, role.name));
            roles.chain(system.apps.iter().map(move |app| format!("{name}: {} {}", NodeKind::App, app.name)))
        })
        .collect();
    // What stands for somebody who has left weighs more than what stands for somebody at work.
    let weight = if inventory.person.hr == HrState::Left && inventory.reached > 0 { 4 } else { 1 };
    let mut event = frame(2008, 1, weight, facts.at, &facts.at, &format!("standing|{}|{}", person.key, facts.at));
    event.insert("status_id".into(), json!(1));
    let title = format!("{} reaches {} things, {findings} findings open", person.name, inventory.reached);
    event.insert("message".into(), json!(title));
    event.insert("finding_info".into(), json!({ "uid": format!("standing:{}", person.key), "title": title, "types": ["standing_access"] }));
    event.insert("user".into(), user(person));
    let granted: Vec<Value> = privileges.iter().map(|name| json!({ "name": name })).collect();
    event.insert("permission_analysis_results".into(), json!([{ "granted_privileges": granted }]));
    Value::Object(event)
}

fn user(person: &Person) -> Value {
    let mut user = Map::new();
    user.insert("uid".into(), json!(person.key));
    user.insert("name".into(), json!(person.name));
    user.insert("type_id".into(), json!(1));
    if let Some(address) = person.work_email() {
        user.insert("email_addr".into(), json!(address));
    }
    Value::Object(user)
}

/// What every event has. `identity` makes its id: the same event exported twice has the same one.
fn frame(class: u32, activity: u32, severity: u32, at: Timestamp, exported: &Timestamp, identity: &str) -> Map<String, Value> {
    let digest = digest::digest(&digest::SHA256, format!("{class}|{activity}|{identity}").as_bytes());
    let uid: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mut event = Map::new();
    event.insert("class_uid".into(), json!(class));
    event.insert("category_uid".into(), json!(class / 1000));
    event.insert("activity_id".into(), json!(activity));
    event.insert("type_uid".into(), json!(class * 100 + activity));
    event.insert("time".into(), json!(millis(at)));
    event.insert("severity_id".into(), json!(severity));
    event.insert(
        "metadata".into(),
        json!({
            "version": VERSION,
            "product": { "name": "exeunt", "vendor_name": "exeunt", "version": env!("CARGO_PKG_VERSION") },
            "uid": uid,
            "logged_time": millis(*exported),
        }),
    );
    event
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn severity(severity: Severity) -> u32 {
    match severity {
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}
