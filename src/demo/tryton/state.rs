//! What the simulated database holds, and what its methods do.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::records::{day, found, moment, shown};

pub(super) struct Erp {
    users: Vec<User>,
    groups: Vec<String>,
    applications: Vec<Application>,
    people: Vec<Person>,
    /// Sessions that were opened here, by user.
    sessions: Vec<(u64, String)>,
    not_writable: Vec<String>,
    made: Timestamp,
    today: Date,
}

struct User {
    id: u64,
    login: String,
    name: String,
    email: Option<String>,
    number: Option<String>,
    active: bool,
    administrator: bool,
    /// Places in the list of groups.
    groups: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    /// Whose people have an account; beside them those that groups name.
    departments: Vec<String>,
    administrators: Vec<String>,
    groups: Vec<Group>,
    sessions: Vec<Sessions>,
    applications: Vec<Key>,
    /// A record rule keeps their accounts from everybody but their own group.
    not_writable: Vec<String>,
    still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    people: Vec<String>,
    #[serde(default)]
    departments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sessions {
    person: String,
    open: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    person: String,
    application: String,
    /// `requested`, `validated` or `cancelled`.
    state: String,
}

struct Application {
    id: u64,
    user: u64,
    name: String,
    state: String,
    key: String,
}

/// Who scans, and who revokes: users of their own, who never leave.
pub(super) const READER: &str = "exeunt-read";
pub(super) const REVOKER: &str = "exeunt-revoke";
const READER_ID: u64 = 2;
const REVOKER_ID: u64 = 3;
/// Numbers of accounts follow from the employee number, as do those of employees and parties.
const EMPLOYEE: u64 = 20_000;
const PARTY: u64 = 40_000;

/// Why a method does nothing.
pub(super) enum Fault {
    /// Something to tell the user.
    User(String),
    /// A model, field or operator that isn't known.
    Server(String),
    /// There is no such method.
    NoMethod,
}

fn number(person: &str) -> u64 {
    person.trim_start_matches('E').parse().unwrap_or(0)
}

fn missing(id: u64, model: &str) -> Fault {
    Fault::User(format!("You are trying to read records \"{id}\" of \"{model}\" that don't exist."))
}

impl Erp {
    pub(super) fn new(company: &Company) -> anyhow::Result<Erp> {
        let planted: Planted = planted::read("tryton", include_str!("../../../fixtures/tryton/state.yaml"))?;
        let today = company.today();
        let in_group =
            |group: &Group, person: &Person| group.people.contains(&person.number) || group.departments.contains(&person.department);
        let has = |person: &&Person| {
            let chosen = planted.departments.contains(&person.department)
                || planted.administrators.contains(&person.number)
                || planted.groups.iter().any(|group| in_group(group, person));
            person.active(today) && chosen || planted.still_active.contains(&person.number)
        };
        let machine = |id: u64, login: &str, administrator: bool| User {
            id,
            login: login.to_owned(),
            name: login.to_owned(),
            email: None,
            number: None,
            active: true,
            administrator,
            groups: Vec::new(),
        };
        let mut users = vec![machine(READER_ID, READER, false), machine(REVOKER_ID, REVOKER, true)];
        users.extend(company.people.iter().filter(has).map(|person| User {
            id: number(&person.number),
            login: person.login.clone(),
            name: person.display(),
            email: Some(person.work_email.clone()),
            number: Some(person.number.clone()),
            active: true,
            administrator: planted.administrators.contains(&person.number),
            groups: planted.groups.iter().enumerate().filter(|(_, group)| in_group(group, person)).map(|(at, _)| at).collect(),
        }));
        let key = |(one, id): (&Key, u64)| Application {
            id,
            user: number(&one.person),
            name: one.application.clone(),
            state: one.state.clone(),
            key: format!("key-{:x}", planted::number_of(&format!("{}{}", one.person, one.application))),
        };
        let open = |one: &Sessions| {
            (1..=one.open)
                .map(|n| (number(&one.person), format!("{:x}", planted::number_of(&format!("{}{n}", one.person)))))
                .collect::<Vec<_>>()
        };
        Ok(Erp {
            users,
            groups: planted.groups.iter().map(|group| group.name.clone()).collect(),
            applications: planted.applications.iter().zip(1..).map(key).collect(),
            people: company.people.clone(),
            sessions: planted.sessions.iter().flat_map(open).collect(),
            not_writable: planted.not_writable,
            made: company.days_ago(700),
            today,
        })
    }

    /// What this person can still do here.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for user in self.users.iter().filter(|user| user.number.as_ref() == Some(&person.number)) {
            if user.active {
                left.push(format!("signs in as {}", user.login));
            }
            let open = self.sessions.iter().filter(|(of, _)| *of == user.id);
            left.extend(open.map(|(_, key)| format!("session {key}")));
            let keys = self.applications.iter().filter(|one| one.user == user.id && one.state == "validated");
            left.extend(keys.map(|one| format!("key of the application {}", one.name)));
        }
        left
    }

    /// The number of who signed in, and the key of the session that this opened.
    pub(super) fn sign_in(&mut self, login: &str, password: &str) -> Option<(u64, String)> {
        let right = matches!((login, password), (READER, "read-tryton") | (REVOKER, "revoke-tryton"));
        let user = self.users.iter().find(|user| right && user.active && user.login == login)?.id;
        let key = format!("{:x}{:x}", planted::number_of(login), self.sessions.len());
        self.sessions.push((user, key.clone()));
        Some((user, key))
    }

    pub(super) fn sign_out(&mut self, user: u64) {
        self.sessions.retain(|(of, _)| *of != user);
    }

    pub(super) fn session_lives(&self, user: u64, key: &str) -> bool {
        self.sessions.iter().any(|(of, known)| *of == user && known == key)
    }

    /// The application keys that open something.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.applications.iter().filter(|one| one.state == "validated").map(|one| one.key.as_str())
    }

    /// A method of a model. Reading is open to whoever signs in; writing is an administrator's.
    pub(super) fn call(&mut self, caller: u64, method: &str, params: &[Value]) -> Result<Value, Fault> {
        let Some((model, method)) = method.strip_prefix("model.").and_then(|rest| rest.rsplit_once('.')) else {
            return Err(Fault::NoMethod);
        };
        let null = Value::Null;
        let param = |at: usize| params.get(at).unwrap_or(&null);
        let administrator = self.users.iter().any(|user| user.id == caller && user.administrator);
        let refused = |what: &str| Fault::User(format!("You are not allowed to access \"{what}\"."));
        match (model, method) {
            (_, "search_read") => self.search_read(model, param(0), [param(1), param(2)], param(4), param(5)),
            (_, "read") => self.read(model, param(0), param(1)),
            ("res.user", "write") if !administrator => Err(refused("User")),
            ("res.user", "write") => self.write(param(0), param(1)),
            ("res.user", "delete") => {
                Err(Fault::User("For logging purposes users cannot be deleted, instead they should be deactivated.".to_owned()))
            }
            ("res.user.application", "cancel") if !administrator => Err(refused("User Application")),
            ("res.user.application", "cancel") => self.cancel(param(0)),
            _ => Err(Fault::NoMethod),
        }
    }

    fn search_read(&self, model: &str, domain: &Value, page: [&Value; 2], fields: &Value, context: &Value) -> Result<Value, Fault> {
        let everybody = context["active_test"] == false;
        let records: Vec<Value> = self.table(model)?.into_iter().filter(|record| everybody || !self.is_hidden(record)).collect();
        let size = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
        let found = found(&records, domain)?.into_iter().skip(size(page[0]).unwrap_or(0)).take(size(page[1]).unwrap_or(usize::MAX));
        let fields: Vec<&str> = fields.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        found.map(|record| shown(record, &fields)).collect()
    }

    /// Unless the context says otherwise, whoever is inactive is in no answer, nor an employee whose end date is past.
    fn is_hidden(&self, record: &Value) -> bool {
        let ended = record.get("end_date").is_some_and(|end| {
            let part = |name: &str| end[name].as_i64().unwrap_or(0);
            let today = (i64::from(self.today.year()), i64::from(self.today.month()), i64::from(self.today.day()));
            !end.is_null() && (part("year"), part("month"), part("day")) < today
        });
        ended || record["active"] == 0
    }

    fn read(&self, model: &str, ids: &Value, fields: &Value) -> Result<Value, Fault> {
        let table = self.table(model)?;
        let fields: Vec<&str> = fields.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let one = |id: u64| {
            let record = table.iter().find(|record| record["id"] == id).ok_or_else(|| missing(id, title(model)))?;
            shown(record, &fields)
        };
        ids.as_array().into_iter().flatten().filter_map(Value::as_u64).map(one).collect()
    }

    fn write(&mut self, ids: &Value, values: &Value) -> Result<Value, Fault> {
        for id in ids.as_array().into_iter().flatten().filter_map(Value::as_u64) {
            let user = self.users.iter_mut().find(|user| user.id == id).ok_or_else(|| missing(id, "User"))?;
            if user.number.as_ref().is_some_and(|number| self.not_writable.contains(number)) {
                return Err(Fault::User(format!(
                    "You are not allowed to write to records \"{id}\" of \"User\" because of at least one of these rules:\nAccounts of Legal"
                )));
            }
            for (field, value) in values.as_object().into_iter().flatten() {
                match field.as_str() {
                    "active" => user.active = value == true || *value == 1,
                    "groups" => {
                        let listed =
                            |change: &Value| change[1].as_array().into_iter().flatten().filter_map(Value::as_u64).collect::<Vec<_>>();
                        for change in value.as_array().into_iter().flatten() {
                            let of = listed(change);
                            match change[0].as_str() {
                                Some("remove") => user.groups.retain(|group| !of.contains(&group_id(*group))),
                                Some("add") => user.groups.extend((0..self.groups.len()).filter(|group| of.contains(&group_id(*group)))),
                                _ => return Err(Fault::Server("groups".to_owned())),
                            }
                        }
                    }
                    other => return Err(Fault::Server(other.to_owned())),
                }
            }
            // Whoever is switched off has no session any more; the keys of applications stay.
            if !user.active {
                self.sessions.retain(|(of, _)| *of != id);
            }
        }
        Ok(Value::Null)
    }

    fn cancel(&mut self, ids: &Value) -> Result<Value, Fault> {
        for id in ids.as_array().into_iter().flatten().filter_map(Value::as_u64) {
            let one = self.applications.iter_mut().find(|one| one.id == id).ok_or_else(|| missing(id, "User Application"))?;
            if one.state == "cancelled" {
                return Err(Fault::User(format!("You can not call \"cancel\" on \"{}\" of \"User Application\".", one.key)));
            }
            "cancelled".clone_into(&mut one.state);
        }
        Ok(Value::Null)
    }

    fn table(&self, model: &str) -> Result<Vec<Value>, Fault> {
        match model {
            "res.user" => Ok(self.users.iter().map(|user| self.user(user)).collect()),
            "res.group" => Ok((0..self.groups.len()).map(|group| self.group(group)).collect()),
            "res.user.application" => Ok(self.applications.iter().map(|one| self.application(one)).collect()),
            "company.employee" => Ok(self.people.iter().map(employee).collect()),
            other => Err(Fault::Server(other.to_owned())),
        }
    }

    fn user(&self, user: &User) -> Value {
        let person = user.number.as_deref().and_then(|number| self.people.iter().find(|person| person.number == number));
        json!({
            "id": user.id,
            "login": user.login,
            "name": user.name,
            "email": user.email,
            "active": u8::from(user.active),
            "administrator": u8::from(user.administrator),
            "sessions": self.sessions.iter().filter(|(of, _)| *of == user.id).count(),
            "create_date": moment(self.made),
            "employee": person.map(employee),
            "groups": user.groups.iter().map(|group| self.group(*group)).collect::<Vec<_>>(),
        })
    }

    fn group(&self, group: usize) -> Value {
        json!({ "id": group_id(group), "name": self.groups.get(group), "active": 1 })
    }

    fn application(&self, one: &Application) -> Value {
        json!({ "id": one.id, "user": { "id": one.user }, "application": one.name, "state": one.state, "create_date": moment(self.made) })
    }

    pub(super) fn parties(&self) -> Value {
        self.people.iter().map(party).collect()
    }
}

fn group_id(group: usize) -> u64 {
    u64::try_from(group).unwrap_or_default() + 5
}

fn title(model: &str) -> &'static str {
    match model {
        "res.user" => "User",
        "res.group" => "Group",
        "res.user.application" => "User Application",
        _ => "Employee",
    }
}

fn employee(person: &Person) -> Value {
    json!({
        "id": EMPLOYEE + u64::from(person.index()),
        "party": party(person),
        "start_date": day(person.hired),
        "end_date": person.left.map(day),
        "supervisor": person.manager.as_deref().map(|manager| json!({ "id": EMPLOYEE + number(manager) })),
    })
}

fn party(person: &Person) -> Value {
    json!({
        "id": PARTY + u64::from(person.index()),
        "code": person.number,
        "rec_name": format!("{}, {}", person.last, person.first),
        "email": person.work_email,
        "phone": "",
        "mobile": person.mobile.clone().unwrap_or_default(),
    })
}
