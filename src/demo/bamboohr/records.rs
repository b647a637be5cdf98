//! BambooHR's employee records and the reads that show them.

use std::collections::BTreeMap;

use anyhow::Context;
use axum::extract::Query;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::{Timestamp, civil};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::webhooks::Webhook;
use super::{refused, seconds};
use crate::demo::company::{Company, Person};
use crate::demo::vendor::{count_param, param, reply, same_with};

const PLANTED: &str = include_str!("../../../fixtures/bamboohr/state.yaml");

pub(super) struct State {
    pub(super) planted: Planted,
    pub(super) today: civil::Date,
    pub(super) records: BTreeMap<u32, Record>,
    pub(super) webhooks: BTreeMap<u64, Webhook>,
    pub(super) next_webhook: u64,
}

pub(super) struct Record {
    pub(super) person: Person,
    pub(super) inserted: Timestamp,
    pub(super) changed: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) company_id: String,
    api_user: ApiUser,
    location: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiUser {
    id: u32,
    first: String,
    last: String,
    email: String,
}

impl State {
    pub(super) fn build(company: &Company) -> anyhow::Result<State> {
        let planted = serde_saphyr::from_str(PLANTED).context("fixtures/bamboohr/state.yaml does not parse")?;
        let today = company.today();
        let records = company.people.iter().map(|person| {
            let days = i64::from((today - person.hired).get_days());
            let record = Record {
                person: person.clone(),
                inserted: company.days_ago(days),
                // someone's record is touched now and then; a leaver's when they left
                changed: company.days_ago(match person.left {
                    Some(left) if left <= today => i64::from((today - left).get_days()),
                    _ => (30 + i64::from(person.index() % 300)).min(days),
                }),
            };
            (person.index(), record)
        });
        Ok(State { planted, today, records: records.collect(), webhooks: BTreeMap::new(), next_webhook: 1 })
    }

    fn find(&self, id: &str) -> Option<&Record> {
        self.records.get(&id.parse().ok()?)
    }

    /// The status flips when the day comes, not when the date is entered.
    fn status(&self, person: &Person) -> &'static str {
        if person.active(self.today) { "Active" } else { "Inactive" }
    }

    /// The value of a field, or `None` if there is no such field.
    ///
    /// A termination date in the future is a future row of the employment status table, which only those see who ask for it.
    fn field(&self, person: &Person, name: &str, future: bool) -> Option<Value> {
        let manager = person.manager.as_ref().and_then(|number| self.records.values().find(|r| r.person.number == *number));
        let manager = manager.map(|r| &r.person);
        let left = person.left.filter(|day| future || *day <= self.today);
        Some(match name {
            "employeeNumber" => json!(person.number),
            "firstName" | "preferredName" => json!(person.first),
            "lastName" => json!(person.last),
            "displayName" | "fullName1" => json!(person.display()),
            "jobTitle" | "jobTitleName" => json!(person.title),
            "department" | "departmentName" => json!(person.department),
            "location" | "locationName" => json!(self.planted.location),
            "division" | "divisionName" | "middleName" | "workPhone" | "photoUrl" => Value::Null,
            "status" => json!(self.status(person)),
            "employmentStatus" | "employmentStatusName" => json!(employment(left.is_some())),
            "workEmail" => json!(person.work_email),
            "homeEmail" => json!(person.home_email),
            "bestEmail" => json!(person.work_email),
            "mobilePhone" => json!(person.mobile),
            "hireDate" | "originalHireDate" => json!(person.hired),
            "terminationDate" => json!(left),
            "reportsToName" | "supervisor" => json!(manager.map(Person::display)),
            "reportsToId" | "supervisorEId" | "supervisorId" => {
                json!(manager.map(|m| m.index().to_string()))
            }
            _ => return None,
        })
    }
}

fn employment(terminated: bool) -> &'static str {
    if terminated { "Terminated" } else { "Full-Time" }
}

/// What the list always holds.
const ALWAYS: &[&str] = &["firstName", "lastName", "preferredName", "photoUrl", "jobTitleName", "status"];

/// What the list holds on demand, as far as this company fills it in.
const ON_DEMAND: &[&str] = &[
    "workEmail",
    "homeEmail",
    "bestEmail",
    "middleName",
    "workPhone",
    "mobilePhone",
    "hireDate",
    "divisionName",
    "departmentName",
    "locationName",
    "employmentStatusName",
    "reportsToName",
    "reportsToId",
];

/// `GET /employees`: pages by cursor, which here is the last id of a page.
pub(super) fn list(state: &State, uri: &Uri, headers: &HeaderMap) -> Response {
    if param(uri, "sort").is_some_and(|sort| sort != "employeeId") {
        return bad("BadRequest", "this company sorts by employeeId only");
    }
    let filter = match Filter::of(uri) {
        Ok(filter) => filter,
        Err(why) => return bad("BadRequest", why),
    };
    let after = param(uri, "page[after]");
    let Ok(after) = after.as_deref().unwrap_or("0").parse::<u32>() else {
        return bad("BadPage", "the page cursor is malformed");
    };
    let limit = count_param(uri, "page[limit]", 250, 2500);
    let fields = param(uri, "fields").unwrap_or_default();
    let wanted: Vec<_> = fields.split(',').map(str::trim).filter(|name| ON_DEMAND.contains(name)).collect();
    let matching = || state.records.iter().filter(|(id, record)| filter.holds(state, **id, &record.person));
    let mut rest = matching().filter(|(id, _)| **id > after).peekable();
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let last = page.last().map(|(id, _)| id.to_string());
    let next = last.filter(|_| rest.peek().is_some());
    let data: Vec<Value> = page
        .into_iter()
        .map(|(id, record)| {
            let mut shown = Map::new();
            shown.insert("employeeId".to_owned(), json!(id.to_string()));
            for name in ALWAYS.iter().chain(&wanted) {
                let value = state.field(&record.person, name, false);
                shown.insert((*name).to_owned(), value.unwrap_or(Value::Null));
            }
            shown.insert("_restrictedFields".to_owned(), json!([]));
            Value::Object(shown)
        })
        .collect();
    let limit_text = limit.to_string();
    let mut links = json!({
        "self": { "href": same_with(headers, uri, "page[limit]", &limit_text) },
    });
    if let Some(next) = &next {
        links["next"] = json!({ "href": same_with(headers, uri, "page[after]", next) });
    }
    reply(
        200,
        &json!({
            "data": data,
            "meta": {
                "total": matching().count(),
                "page": { "limit": limit, "nextCursor": next, "prevCursor": null },
            },
            "_links": links,
        }),
    )
}

#[derive(Default)]
struct Filter {
    first: Option<String>,
    last: Option<String>,
    title: Option<String>,
    status: Option<String>,
    ids: Option<Vec<u32>>,
}

impl Filter {
    fn of(uri: &Uri) -> Result<Filter, &'static str> {
        let Ok(Query(all)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return Err("the query can't be read");
        };
        let mut filter = Filter::default();
        for (name, value) in all {
            match name.as_str() {
                "filter[firstName]" => filter.first = Some(value.to_lowercase()),
                "filter[lastName]" => filter.last = Some(value.to_lowercase()),
                "filter[jobTitleName]" => filter.title = Some(value.to_lowercase()),
                "filter[status]" if value == "active" || value == "inactive" => {
                    filter.status = Some(value);
                }
                "filter[ids][]" | "filter[ids]" => {
                    for id in value.split(',') {
                        let id = id.parse().map_err(|_| "filter[ids] takes numbers")?;
                        filter.ids.get_or_insert_default().push(id);
                    }
                }
                name if name.starts_with("filter[") => return Err("the filter is invalid"),
                _ => {}
            }
        }
        Ok(filter)
    }

    fn holds(&self, state: &State, id: u32, person: &Person) -> bool {
        let has = |text: &str, part: &Option<String>| part.as_ref().is_none_or(|part| text.to_lowercase().contains(part));
        has(&person.first, &self.first)
            && has(&person.last, &self.last)
            && has(&person.title, &self.title)
            && self.status.as_ref().is_none_or(|status| state.status(person).eq_ignore_ascii_case(status))
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
    }
}

fn bad(code: &str, message: &str) -> Response {
    reply(400, &json!({ "error": { "code": code, "message": message } }))
}

/// `GET /employees/{id}?fields=`: only the fields asked for; those that don't exist are left out.
pub(super) fn one(state: &State, id: &str, uri: &Uri) -> Response {
    let Some(record) = state.find(id) else {
        return refused(404, "the employee does not exist");
    };
    let fields = param(uri, "fields").unwrap_or("firstName,lastName".to_owned());
    let fields: Vec<_> = fields.split(',').map(str::trim).collect();
    if fields.len() > 400 {
        return refused(400, "the request exceeded the maximum number of fields");
    }
    let future = param(uri, "onlyCurrent").as_deref() == Some("false");
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(record.person.index().to_string()));
    for name in fields {
        if let Some(value) = state.field(&record.person, name, future) {
            shown.insert(name.to_owned(), value);
        }
    }
    reply(200, &Value::Object(shown))
}

/// `GET /employees/directory`: the active only.
pub(super) fn directory(state: &State, uri: &Uri) -> Response {
    const FIELDS: &[(&str, &str, &str)] = &[
        ("displayName", "text", "Display name"),
        ("firstName", "text", "First name"),
        ("lastName", "text", "Last name"),
        ("jobTitle", "list", "Job title"),
        ("workEmail", "email", "Work email"),
        ("department", "list", "Department"),
        ("location", "list", "Location"),
        ("supervisor", "employee", "Manager"),
    ];
    let future = param(uri, "onlyCurrent").as_deref() == Some("false");
    let fields: Vec<_> = FIELDS.iter().map(|(id, kind, name)| json!({ "id": id, "type": kind, "name": name })).collect();
    let employees: Vec<_> = state
        .records
        .iter()
        .filter(|(_, record)| record.person.active(state.today))
        .map(|(id, record)| {
            let mut shown = Map::new();
            shown.insert("id".to_owned(), json!(id.to_string()));
            for (name, _, _) in FIELDS {
                let value = state.field(&record.person, name, future);
                shown.insert((*name).to_owned(), value.unwrap_or(Value::Null));
            }
            Value::Object(shown)
        })
        .collect();
    if employees.is_empty() {
        return refused(404, "the directory is empty");
    }
    reply(200, &json!({ "fields": fields, "employees": employees }))
}

/// `GET /employees/{id|all}/tables/employmentStatus`: every row, those of the future too.
pub(super) fn employment_status(state: &State, id: &str) -> Response {
    let records: Vec<_> = match (id, state.find(id)) {
        ("all", _) => state.records.values().collect(),
        (_, Some(record)) => vec![record],
        (_, None) => return refused(404, "the employee does not exist"),
    };
    let rows = records.into_iter().flat_map(|record| {
        let person = &record.person;
        let row = |n: u32, day: civil::Date, terminated: bool| {
            json!({
                "id": (person.index() * 10 + n).to_string(),
                "employeeId": person.index().to_string(),
                "date": day,
                "employmentStatus": employment(terminated),
                "comment": null,
            })
        };
        let end = person.left.map(|day| row(2, day, true));
        std::iter::once(row(1, person.hired, false)).chain(end)
    });
    reply(200, &rows.collect())
}

/// `GET /meta/users`: who can sign in to HR itself.
pub(super) fn users(state: &State, status: Option<String>) -> Response {
    let ours = &state.planted.api_user;
    let mut users = Map::new();
    users.insert(
        ours.id.to_string(),
        json!({
            "id": ours.id,
            "employeeId": 0,
            "firstName": ours.first,
            "lastName": ours.last,
            "email": ours.email,
            "status": "enabled",
        }),
    );
    for record in state.records.values() {
        let person = &record.person;
        let enabled = person.active(state.today);
        users.insert(
            (person.index() + 20_000).to_string(),
            json!({
                "id": person.index() + 20_000,
                "employeeId": person.index(),
                "firstName": person.first,
                "lastName": person.last,
                "email": person.work_email,
                "status": if enabled { "enabled" } else { "disabled" },
                "lastLogin": seconds(record.changed),
            }),
        );
    }
    if let Some(wanted) = status {
        let wanted: Vec<_> = wanted.split(',').collect();
        users.retain(|_, user| user["status"].as_str().is_some_and(|s| wanted.contains(&s)));
    }
    reply(200, &Value::Object(users))
}
