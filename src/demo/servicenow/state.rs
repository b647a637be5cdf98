//! What the simulated instance holds: records by table, every value a text, as the Table API writes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::now;

type Record = Map<String, Value>;

pub(super) struct Instance {
    tables: BTreeMap<&'static str, Vec<Record>>,
    files: BTreeMap<String, (String, Vec<u8>)>,
    made: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    people: Vec<String>,
    ours: Vec<String>,
    roles: Vec<Named>,
    admins: Vec<String>,
    has_role: BTreeMap<String, Vec<String>>,
    groups: Vec<Group>,
    approvals: Vec<Approval>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    name: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    id: String,
    approver: String,
    what: String,
}

/// Tables that take new records.
const TASKS: &[&str] = &["sc_task", "incident", "task"];

/// The table that a field points into.
pub(super) fn reference(field: &str) -> Option<&'static str> {
    match field {
        "user" | "closed_by" | "opened_by" | "assigned_to" | "approver" => Some("sys_user"),
        "role" => Some("sys_user_role"),
        "group" | "assignment_group" => Some("sys_user_group"),
        _ => None,
    }
}

fn record(fields: Value) -> Record {
    fields.as_object().cloned().unwrap_or_default()
}

/// Thirty-two hexadecimal digits, the same for the same text.
fn sys_id(text: &str) -> String {
    format!("{:016x}{:016x}", planted::number_of(text), planted::number_of(&format!("{text}.")))
}

fn user_id(number: &str) -> String {
    sys_id(&format!("user {number}"))
}

/// A time as the instance writes it: UTC, without saying so.
fn stamp() -> String {
    now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Instance {
    pub(super) fn new(company: &Arc<Company>) -> anyhow::Result<Instance> {
        let planted: Planted = planted::read("servicenow", include_str!("../../../fixtures/servicenow/state.yaml"))?;
        let mut tables: BTreeMap<&'static str, Vec<Record>> = BTreeMap::new();
        let mut users = Vec::new();
        let settled = company.days_ago(30).strftime("%Y-%m-%d %H:%M:%S").to_string();
        for number in &planted.people {
            let person = company.person(number).ok_or_else(|| anyhow::anyhow!("fixtures/servicenow names nobody: {number}"))?;
            users.push(record(json!({
                "sys_id": user_id(number), "user_name": person.login, "name": person.display(), "first_name": person.first, "last_name": person.last,
                "email": person.work_email, "employee_number": person.number, "title": person.title, "mobile_phone": "",
                "active": "true", "locked_out": "false", "web_service_access_only": "false", "internal_integration_user": "false", "source": "",
                "last_login_time": company.days_ago(3).strftime("%Y-%m-%d %H:%M:%S").to_string(), "sys_updated_on": settled,
            })));
        }
        for name in &planted.ours {
            users.push(record(json!({
                "sys_id": sys_id(name), "user_name": name, "name": name, "first_name": "", "last_name": name, "email": "", "employee_number": "",
                "title": "", "mobile_phone": "", "active": "true", "locked_out": "false", "web_service_access_only": "true",
                "internal_integration_user": "true", "source": "", "last_login_time": "", "sys_updated_on": settled,
            })));
        }
        let mut held = Vec::new();
        let admins = planted.admins.iter().map(|number| ("admin", number));
        let others = planted.has_role.iter().flat_map(|(role, people)| people.iter().map(move |number| (role.as_str(), number)));
        for (role, number) in admins.chain(others) {
            let id = planted.roles.iter().find(|known| known.name == role).map(|known| known.id.clone()).unwrap_or_default();
            held.push(record(json!({ "sys_id": sys_id(&format!("{role} {number}")), "user": user_id(number), "role": id, "inherited": "false", "state": "active" })));
        }
        let members = planted.groups.iter().flat_map(|group| {
            group.people.iter().map(|number| {
                record(json!({ "sys_id": sys_id(&format!("{} {number}", group.id)), "user": user_id(number), "group": group.id }))
            })
        });
        tables.insert("sys_user_grmember", members.collect());
        tables.insert("sys_user", users);
        tables.insert("sys_user_has_role", held);
        tables.insert(
            "sys_user_role",
            planted
                .roles
                .iter()
                .map(|role| record(json!({ "sys_id": role.id, "name": role.name, "elevated_privilege": "false" })))
                .collect(),
        );
        let group = |group: &Group| record(json!({ "sys_id": group.id, "name": group.name, "active": "true", "email": "", "manager": "" }));
        tables.insert("sys_user_group", planted.groups.iter().map(group).collect());
        let approvals = planted.approvals.iter().map(|approval| {
            record(json!({ "sys_id": approval.id, "approver": user_id(&approval.approver), "state": "requested", "document_id": approval.what }))
        });
        tables.insert("sysapproval_approver", approvals.collect());
        for table in TASKS {
            tables.insert(table, Vec::new());
        }
        tables.insert("sys_attachment", Vec::new());
        Ok(Instance { tables, files: BTreeMap::new(), made: 0 })
    }

    pub(super) fn table(&self, name: &str) -> Option<&[Record]> {
        self.tables.get(name).map(Vec::as_slice)
    }

    pub(super) fn attachments(&self) -> &[Record] {
        self.table("sys_attachment").unwrap_or_default()
    }

    fn user(&self, id: &str) -> Option<&Record> {
        self.table("sys_user")?.iter().find(|user| user["sys_id"] == id)
    }

    fn by_login(&self, login: &str) -> Option<&Record> {
        self.table("sys_user")?.iter().find(|user| user["user_name"] == login)
    }

    pub(super) fn is_active(&self, login: &str) -> bool {
        self.by_login(login).is_some_and(|user| user["active"] == "true" && user["locked_out"] == "false")
    }

    /// A field of a record; `role.name` follows a reference.
    pub(super) fn field(&self, record: &Record, name: &str) -> Option<Value> {
        let Some((own, of)) = name.split_once('.') else { return record.get(name).cloned() };
        let id = record.get(own)?.as_str()?;
        let behind = self.table(reference(own)?)?.iter().find(|record| record["sys_id"] == id);
        Some(behind.and_then(|record| self.field(record, of)).unwrap_or_else(|| json!("")))
    }

    /// A value as people read it.
    pub(super) fn display(&self, field: &str, value: &Value) -> String {
        let text = value.as_str().unwrap_or_default();
        let behind = reference(field).and_then(|table| self.table(table)?.iter().find(|record| record["sys_id"] == text));
        behind.and_then(|record| record["name"].as_str()).unwrap_or(text).to_owned()
    }

    /// Makes a task; other tables take none.
    pub(super) fn create(&mut self, table: &str, fields: &Record, by: &str) -> Option<Record> {
        let name = TASKS.iter().find(|known| **known == table)?;
        self.made += 1;
        let mut made = record(json!({
            "sys_id": sys_id(&format!("{table} {}", self.made)), "number": format!("SCTASK{:07}", 10_000 + self.made), "state": "1", "active": "true",
            "short_description": "", "description": "", "assignment_group": "", "assigned_to": "", "correlation_id": "", "correlation_display": "",
            "due_date": "", "close_notes": "", "closed_by": "", "closed_at": "", "opened_at": stamp(),
            "opened_by": self.by_login(by).map_or(json!(""), |user| user["sys_id"].clone()),
        }));
        // Fields that the table hasn't are passed over, as the real one does.
        for (field, value) in fields.iter().filter(|(field, _)| *field != "sys_id" && *field != "number") {
            if let Some(slot) = made.get_mut(field) {
                *slot = text(value);
            }
        }
        self.tables.get_mut(name)?.push(made.clone());
        Some(made)
    }

    pub(super) fn change(&mut self, table: &str, id: &str, fields: &Record, by: &str) -> Option<Record> {
        let caller = self.by_login(by).map_or(json!(""), |user| user["sys_id"].clone());
        let record = self.tables.get_mut(table)?.iter_mut().find(|record| record["sys_id"] == id)?;
        for (field, value) in fields {
            if let Some(slot) = record.get_mut(field) {
                *slot = text(value);
            }
        }
        if let Some(updated) = record.get_mut("sys_updated_on") {
            *updated = json!(stamp());
        }
        // Closed complete, incomplete or skipped: the record is not active any more, and somebody did it.
        if TASKS.contains(&table)
            && fields.get("state").is_some_and(|state| ["3", "4", "7"].contains(&text(state).as_str().unwrap_or_default()))
        {
            record.insert("active".into(), json!("false"));
            record.insert("closed_by".into(), caller);
            record.insert("closed_at".into(), json!(stamp()));
        }
        Some(record.clone())
    }

    pub(super) fn remove(&mut self, table: &str, id: &str) -> bool {
        if !["sys_user_has_role", "sys_user_grmember"].contains(&table) {
            return false;
        }
        let Some(records) = self.tables.get_mut(table) else { return false };
        let before = records.len();
        records.retain(|record| record["sys_id"] != id);
        before > records.len()
    }

    pub(super) fn attach(&mut self, table: &str, id: &str, name: &str, kind: &str, bytes: Vec<u8>) -> Option<Value> {
        self.table(table)?.iter().find(|record| record["sys_id"] == id)?;
        self.made += 1;
        let own = sys_id(&format!("attachment {}", self.made));
        let made = json!({ "sys_id": own, "table_name": table, "table_sys_id": id, "file_name": name, "content_type": kind, "size_bytes": bytes.len().to_string() });
        self.tables.get_mut("sys_attachment")?.push(record(made.clone()));
        self.files.insert(own, (kind.to_owned(), bytes));
        Some(made)
    }

    pub(super) fn file(&self, id: &str) -> Option<(&str, &[u8])> {
        self.files.get(id).map(|(kind, bytes)| (kind.as_str(), bytes.as_slice()))
    }

    /// What a person can still do: sign in, or approve.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let Some(user) = self.user(&id) else { return Vec::new() };
        let mut left = Vec::new();
        if user["active"] == "true" {
            left.push(format!("account {} is active", person.login));
        }
        if user["locked_out"] == "false" {
            left.push(format!("account {} is not locked out", person.login));
        }
        left
    }
}

fn text(value: &Value) -> Value {
    match value {
        Value::Null => json!(""),
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    }
}
