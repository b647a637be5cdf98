//! What the simulated tracker holds.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::company::Company;
use super::super::planted;
use super::super::vendor::now;

pub(super) struct Tracker {
    company: Arc<Company>,
    pub project: Project,
    issue_type: IssueType,
    ours: Ours,
    lag: SignedDuration,
    issues: Vec<Issue>,
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    project: Project,
    issue_type: IssueType,
    ours: Ours,
    index_lag_ms: i64,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    pub id: String,
    pub key: String,
    pub name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueType {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    id: String,
    name: String,
    email: String,
}

/// Who acts.
#[derive(Clone)]
pub(super) struct User {
    id: String,
    name: String,
    email: String,
    pub ours: bool,
}

impl User {
    pub(super) fn render(&self) -> Value {
        json!({ "accountId": self.id, "accountType": "atlassian", "emailAddress": self.email, "displayName": self.name, "active": true, "timeZone": "Etc/UTC" })
    }
}

pub(super) struct Issue {
    pub id: String,
    pub key: String,
    pub labels: Vec<String>,
    summary: String,
    description: Value,
    due: Value,
    assignee: Value,
    reporter: User,
    created: Timestamp,
    status: Status,
    changes: Vec<Value>,
    files: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    ToDo,
    InProgress,
    Done,
}

struct File {
    id: String,
    name: String,
    kind: String,
    bytes: Vec<u8>,
    by: User,
    at: Timestamp,
}

impl Status {
    const ALL: [(Status, &'static str); 3] = [(Status::ToDo, "11"), (Status::InProgress, "21"), (Status::Done, "31")];

    fn name(self) -> &'static str {
        match self {
            Status::ToDo => "To Do",
            Status::InProgress => "In Progress",
            Status::Done => "Done",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Status::ToDo => "10000",
            Status::InProgress => "3",
            Status::Done => "10001",
        }
    }

    fn render(self, base: &str) -> Value {
        let (category, key, color, name) = match self {
            Status::ToDo => (2, "new", "blue-gray", "To Do"),
            Status::InProgress => (4, "indeterminate", "yellow", "In Progress"),
            Status::Done => (3, "done", "green", "Done"),
        };
        json!({
            "self": format!("{base}/rest/api/3/status/{}", self.id()),
            "description": "",
            "iconUrl": format!("{base}/"),
            "name": self.name(),
            "id": self.id(),
            "statusCategory": { "self": format!("{base}/rest/api/3/statuscategory/{category}"), "id": category, "key": key, "colorName": color, "name": name },
        })
    }
}

/// Where an issue can be moved to, from anywhere.
pub(super) fn transitions(base: &str) -> Vec<Value> {
    let one = |(status, id): &(Status, &str)| json!({ "id": id, "name": status.name(), "to": status.render(base), "hasScreen": false, "isGlobal": true, "isInitial": false, "isAvailable": true, "isConditional": false, "isLooped": false });
    Status::ALL.iter().map(one).collect()
}

impl Tracker {
    pub(super) fn new(company: &Arc<Company>) -> anyhow::Result<Tracker> {
        let Planted { project, issue_type, ours, index_lag_ms } = planted::read("jira", include_str!("../../../fixtures/jira/state.yaml"))?;
        let lag = SignedDuration::from_millis(index_lag_ms);
        Ok(Tracker { company: company.clone(), project, issue_type, ours, lag, issues: Vec::new(), files: Vec::new() })
    }

    /// Whose address it is.
    pub(super) fn user(&self, address: &str) -> Option<User> {
        if address == self.ours.email {
            return Some(User { id: self.ours.id.clone(), name: self.ours.name.clone(), email: self.ours.email.clone(), ours: true });
        }
        let person = self.company.employed().find(|person| person.work_email == address)?;
        Some(User { id: format!("712020:{}", person.number), name: person.display(), email: person.work_email.clone(), ours: false })
    }

    pub(super) fn issue(&self, name: &str) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.id == name || issue.key.eq_ignore_ascii_case(name))
    }

    /// What a search sees by now.
    pub(super) fn indexed(&self) -> impl Iterator<Item = &Issue> {
        let now = now();
        self.issues.iter().filter(move |issue| now.duration_since(issue.created) >= self.lag).rev()
    }

    /// Makes an issue, or says by field what is wrong.
    pub(super) fn create(&mut self, fields: &Value, user: &User) -> Result<&Issue, Map<String, Value>> {
        let mut wrong = Map::new();
        let mut say = |field: &str, why: &str| {
            wrong.entry(field).or_insert_with(|| json!(why));
        };
        let project = &fields["project"];
        if project["key"] != self.project.key.as_str() && project["id"] != self.project.id.as_str() {
            say("project", "valid project is required");
        }
        let kind = &fields["issuetype"];
        if kind["name"] != self.issue_type.name.as_str() && kind["id"] != self.issue_type.id.as_str() {
            say("issuetype", "Specify a valid issue type");
        }
        let summary = fields["summary"].as_str().unwrap_or_default();
        if summary.trim().is_empty() {
            say("summary", "You must specify a summary of the issue.");
        } else if summary.contains(['\n', '\r']) {
            say("summary", "The summary is invalid because it contains newline characters.");
        } else if summary.chars().count() > 255 {
            say("summary", "Summary must be less than 255 characters.");
        }
        let description = &fields["description"];
        if !description.is_null() && !is_document(description) {
            say("description", "Operation value must be an Atlassian Document (see the Atlassian Document Format)");
        }
        let labels: Vec<String> = fields["labels"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        if let Some(label) = labels.iter().find(|label| label.contains(char::is_whitespace)) {
            say("labels", &format!("The label '{label}' contains spaces which is invalid."));
        }
        let due = &fields["duedate"];
        if !due.is_null() && due.as_str().is_none_or(|due| due.parse::<jiff::civil::Date>().is_err()) {
            say("duedate", "Error parsing date string: expected format is yyyy-MM-dd");
        }
        let assignee = match fields["assignee"]["accountId"].as_str() {
            None => Value::Null,
            Some(id) => {
                let person = self.company.employed().find(|person| id == format!("712020:{}", person.number));
                match person.and_then(|person| self.user(&person.work_email)) {
                    Some(user) => user.render(),
                    None => {
                        say("assignee", &format!("User '{id}' does not exist."));
                        Value::Null
                    }
                }
            }
        };
        const FIELDS: &[&str] = &["project", "issuetype", "summary", "description", "labels", "duedate", "assignee"];
        for field in fields.as_object().into_iter().flat_map(Map::keys).filter(|field| !FIELDS.contains(&field.as_str())) {
            say(field, &format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown."));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let number = self.issues.len() + 1;
        self.issues.push(Issue {
            id: (10_100 + number).to_string(),
            key: format!("{}-{number}", self.project.key),
            labels,
            summary: summary.to_owned(),
            description: description.clone(),
            due: due.clone(),
            assignee,
            reporter: user.clone(),
            created: now(),
            status: Status::ToDo,
            changes: Vec::new(),
            files: Vec::new(),
        });
        Ok(&self.issues[number - 1])
    }

    /// Moves an issue on; false if there is no such transition.
    pub(super) fn move_on(&mut self, name: &str, transition: &str, user: &User) -> bool {
        let Some((to, _)) = Status::ALL.into_iter().find(|(_, id)| *id == transition) else { return false };
        let Some(issue) = self.issues.iter_mut().find(|issue| issue.id == name || issue.key.eq_ignore_ascii_case(name)) else {
            return false;
        };
        let item = |field: &str, from: &str, to: &str| json!({ "field": field, "fieldtype": "jira", "fieldId": field, "from": null, "fromString": from, "to": null, "toString": to });
        let mut items = vec![item("status", issue.status.name(), to.name())];
        if to == Status::Done {
            items.insert(0, item("resolution", "", "Done"));
        }
        issue.changes.push(
            json!({ "id": (20_000 + issue.changes.len()).to_string(), "author": user.render(), "created": stamp(now()), "items": items }),
        );
        issue.status = to;
        true
    }

    pub(super) fn attach(&mut self, name: &str, file: String, kind: String, bytes: Vec<u8>, user: &User, base: &str) -> Value {
        let id = (30_000 + self.files.len()).to_string();
        let file = File { id: id.clone(), name: file, kind, bytes, by: user.clone(), at: now() };
        let rendered = file.render(base);
        self.files.push(file);
        if let Some(issue) = self.issues.iter_mut().find(|issue| issue.id == name || issue.key.eq_ignore_ascii_case(name)) {
            issue.files.push(id);
        }
        rendered
    }

    pub(super) fn file(&self, id: &str) -> Option<(&str, &[u8])> {
        self.files.iter().find(|file| file.id == id).map(|file| (file.kind.as_str(), file.bytes.as_slice()))
    }

    pub(super) fn render(&self, issue: &Issue, fields: Option<&str>, changes: bool, base: &str) -> Value {
        let files: Vec<Value> = self.files.iter().filter(|file| issue.files.contains(&file.id)).map(|file| file.render(base)).collect();
        let all = json!({
            "summary": issue.summary,
            "description": issue.description,
            "labels": issue.labels,
            "duedate": issue.due,
            "assignee": issue.assignee,
            "reporter": issue.reporter.render(),
            "created": stamp(issue.created),
            "status": issue.status.render(base),
            "resolution": if issue.status == Status::Done { json!({ "id": "10000", "name": "Done" }) } else { Value::Null },
            "project": { "id": self.project.id, "key": self.project.key, "name": self.project.name },
            "issuetype": { "id": self.issue_type.id, "name": self.issue_type.name, "subtask": false },
            "attachment": files,
        });
        let wanted: Option<Vec<&str>> = fields.filter(|fields| !fields.contains("*all")).map(|fields| fields.split(',').collect());
        let shown = all
            .as_object()
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name.as_str())));
        let mut value = json!({
            "expand": "names,changelog",
            "id": issue.id,
            "self": format!("{base}/rest/api/3/issue/{}", issue.id),
            "key": issue.key,
            "fields": Value::Object(shown.collect()),
        });
        if changes {
            // The latest comes first.
            let histories: Vec<&Value> = issue.changes.iter().rev().collect();
            value["changelog"] = json!({ "startAt": 0, "maxResults": histories.len(), "total": histories.len(), "histories": histories });
        }
        value
    }
}

impl File {
    fn render(&self, base: &str) -> Value {
        json!({
            "self": format!("{base}/rest/api/3/attachment/{}", self.id),
            "id": self.id,
            "filename": self.name,
            "author": self.by.render(),
            "created": stamp(self.at),
            "size": self.bytes.len(),
            "mimeType": self.kind,
            "content": format!("{base}/rest/api/3/attachment/content/{}", self.id),
        })
    }
}

/// A time as Jira writes it.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// Whether a value is a document whose texts are none of them empty.
fn is_document(value: &Value) -> bool {
    fn good(node: &Value) -> bool {
        let texts = node["type"] != "text" || node["text"].as_str().is_some_and(|text| !text.is_empty());
        texts && node["type"].is_string() && node["content"].as_array().is_none_or(|content| content.iter().all(good))
    }
    value["type"] == "doc" && value["version"] == 1 && value["content"].is_array() && good(value)
}
