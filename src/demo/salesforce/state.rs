//! What the simulated org holds: tables of records, as the query language sees them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::company::{Company, Person};
use super::super::{planted, vendor};
use super::fixture::{Group, Owned, PermissionSet, Planted, PublicLink, Session, Social, Token};

pub(super) struct Org {
    tables: BTreeMap<&'static str, Vec<Value>>,
    /// Users whom the vendor refuses to deactivate, and why.
    held: Vec<(String, String)>,
    /// Queries whose answers go on.
    queries: Vec<String>,
}

/// Why something is not done.
pub(super) enum Refused {
    /// There is no such record.
    Missing,
    /// There was one.
    Deleted,
    /// The vendor's rules are against it: its code, and why.
    Rule(&'static str, String),
}

/// A record's id: three letters say of which table.
pub(super) fn id(table: &str, number: u64) -> String {
    format!("{table}NM000{number:010}")
}

fn user_id(number: &str) -> String {
    id("005", number.trim_start_matches('E').parse().unwrap_or(0))
}

/// The users that our two connected apps run as.
pub(super) fn integration(revoke: bool) -> String {
    id("005", if revoke { 9998 } else { 9999 })
}

impl Org {
    pub(super) fn new(company: &Company) -> anyhow::Result<Org> {
        let planted: Planted = planted::read("salesforce", include_str!("../../../fixtures/salesforce/state.yaml"))?;
        let at = |days: i64| company.days_ago(days).strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
        let today = company.today();
        let names = [&planted.profiles.everyone, &planted.profiles.sales, &planted.profiles.admins, &planted.profiles.integrations];
        let profile = |n: usize| json!({ "Id": id("00e", n as u64), "Name": names[n], "PermissionsModifyAllData": n == 2, "PermissionsManageUsers": n == 2 });
        let profile_of = |person: &Person| match person {
            one if planted.administrators.contains(&one.number) => profile(2),
            one if one.department == "Sales" => profile(1),
            _ => profile(0),
        };
        let staff: Vec<&Person> =
            company.people.iter().filter(|person| person.active(today) || planted.still_active.contains(&person.number)).collect();
        let user = |person: &&Person| {
            let profile = profile_of(person);
            json!({
                "Id": user_id(&person.number),
                "Username": format!("{}.crm", person.work_email),
                "Email": person.work_email,
                "Name": person.display(),
                "FirstName": person.first,
                "LastName": person.last,
                "Title": person.title,
                "Department": person.department,
                "EmployeeNumber": person.number,
                "IsActive": true,
                "UserType": "Standard",
                "ProfileId": profile["Id"],
                "Profile": profile,
                "UserRoleId": null,
                "Phone": null,
                "MobilePhone": person.mobile,
                "FederationIdentifier": if planted.own_login.contains(&person.number) { None } else { Some(&person.work_email) },
                "ManagerId": person.manager.as_deref().map(user_id),
                "LastLoginDate": at(1),
                "CreatedDate": at(900),
                "SystemModstamp": at(30),
            })
        };
        let login = |person: &&Person| {
            let user = user_id(&person.number);
            json!({ "Id": user.replacen("005", "0Yw", 1), "UserId": user, "IsFrozen": false, "IsPasswordLocked": false })
        };
        let set = |one: &PermissionSet| {
            json!({
                "Id": id("0PS", one.id),
                "Name": one.name,
                "Label": one.label,
                "IsOwnedByProfile": false,
                "PermissionsModifyAllData": one.everything,
                "PermissionsManageUsers": one.everything,
                "PermissionsViewAllData": one.everything || one.views_all,
            })
        };
        let group = |one: &Group| json!({ "Id": id("00G", one.id), "Name": one.name, "DeveloperName": one.name.replace(' ', "_"), "Type": one.kind, "Email": null });
        let mut tables = BTreeMap::new();
        // Beside people: what our connected apps run as, and the vendor's own user for what runs by itself, which has no profile.
        let machine = |id: String, name: &str, kind: &str, profile: Value| {
            json!({
                "Id": id,
                "Username": format!("{name}@northmoor.example"),
                "Email": format!("{name}@northmoor.example"),
                "Name": name,
                "FirstName": null, "LastName": name, "Title": null, "Department": null, "EmployeeNumber": null,
                "IsActive": true,
                "UserType": kind,
                "ProfileId": profile["Id"],
                "Profile": profile,
                "UserRoleId": null, "Phone": null, "MobilePhone": null, "FederationIdentifier": null, "ManagerId": null,
                "LastLoginDate": at(0),
                "CreatedDate": at(900),
                "SystemModstamp": at(30),
            })
        };
        let mut users: Vec<Value> = staff.iter().map(user).collect();
        users.push(machine(integration(false), "exeunt-read", "Standard", profile(3)));
        users.push(machine(integration(true), "exeunt-revoke", "Standard", profile(3)));
        users.push(machine(id("005", 9000), "autoproc", "AutomatedProcess", Value::Null));
        let through_profile = |user: &Value| {
            let own = json!({
                "Id": user["ProfileId"].as_str().unwrap_or_default().replacen("00e", "0PS", 1).replacen("NM", "NP", 1),
                "Name": format!("X{}", user["ProfileId"].as_str().unwrap_or_default()),
                "Label": user["ProfileId"],
                "IsOwnedByProfile": true,
                "PermissionsModifyAllData": user["Profile"]["PermissionsModifyAllData"],
                "PermissionsManageUsers": user["Profile"]["PermissionsManageUsers"],
                "PermissionsViewAllData": user["Profile"]["PermissionsModifyAllData"],
            });
            json!({
                "Id": user["Id"].as_str().unwrap_or_default().replacen("005NM", "0PaNP", 1),
                "AssigneeId": user["Id"],
                "PermissionSetId": own["Id"],
                "PermissionSet": own,
                "ExpirationDate": null,
            })
        };
        let mut assignments: Vec<Value> = users.iter().filter(|user| !user["Profile"].is_null()).map(through_profile).collect();
        tables.insert("User", users);
        tables.insert("UserLogin", staff.iter().map(login).collect());
        tables.insert("Profile", (0..names.len()).map(profile).collect());
        tables.insert("PermissionSet", planted.permission_sets.iter().map(set).collect());
        let assigned = planted.permission_sets.iter().flat_map(|one| one.people.iter().map(move |person| (one, person)));
        let assignment = |((one, person), n): ((&PermissionSet, &String), u64)| {
            json!({
                "Id": id("0Pa", n),
                "AssigneeId": user_id(person),
                "PermissionSetId": id("0PS", one.id),
                "PermissionSet": set(one),
                "ExpirationDate": null,
            })
        };
        assignments.extend(assigned.zip(1..).map(assignment));
        tables.insert("PermissionSetAssignment", assignments);
        tables.insert("Group", planted.groups.iter().map(group).collect());
        let members = planted.groups.iter().flat_map(|one| one.people.iter().map(move |person| (one, person)));
        let member = |((one, person), n): ((&Group, &String), u64)| json!({ "Id": id("011", n), "GroupId": id("00G", one.id), "Group": group(one), "UserOrGroupId": user_id(person) });
        tables.insert("GroupMember", members.zip(1..).map(member).collect());
        let token = |one: &Token| {
            json!({
                "Id": id("0CR", one.id),
                "AppName": one.app,
                "UserId": user_id(&one.person),
                "LastUsedDate": at(one.days),
                "UseCount": one.uses,
                "DeleteToken": format!("delete.{}", planted::number_of(&one.app)),
                "CreatedDate": at(400),
            })
        };
        tables.insert("OauthToken", planted.tokens.iter().map(token).collect());
        let session = |one: &Session| {
            json!({
                "Id": id("0Ak", one.id),
                "UsersId": user_id(&one.person),
                "SessionType": one.kind,
                "LoginType": "SAML Idp Initiated SSO",
                "SourceIp": one.ip,
                "ParentId": one.parent.map(|parent| id("0Ak", parent)),
                "NumSecondsValid": 7200,
                "CreatedDate": at(0),
                "LastModifiedDate": at(0),
            })
        };
        tables.insert("AuthSession", planted.sessions.iter().map(session).collect());
        let social = |one: &Social| {
            json!({
                "Id": id("04v", one.id),
                "UserId": user_id(&one.person),
                "Provider": one.provider,
                "SsoProviderName": one.provider,
                "Handle": one.handle,
                "RemoteIdentifier": planted::number_of(&one.handle).to_string(),
            })
        };
        tables.insert("ThirdPartyAccountLink", planted.social.iter().map(social).collect());
        let link = |one: &PublicLink| {
            json!({
                "Id": id("05D", one.id),
                "Name": one.file,
                "OwnerId": user_id(&one.owner),
                "ContentDocumentId": id("069", one.id),
                "DistributionPublicUrl": format!("https://northmoor.my.salesforce.com/sfc/p/{:x}", planted::number_of(&one.file)),
                "PreferencesPasswordRequired": one.password,
                "PreferencesExpires": false,
                "ExpiryDate": null,
                "CreatedDate": at(200),
                "LastViewDate": at(one.viewed),
            })
        };
        tables.insert("ContentDistribution", planted.links.iter().map(link).collect());
        let account = |one: &Owned| json!({ "Id": id("001", one.id), "Name": one.name, "OwnerId": user_id(&one.owner) });
        tables.insert("Account", planted.accounts.iter().map(account).collect());
        let job = |one: &Owned| {
            json!({
                "Id": id("08e", one.id),
                "OwnerId": user_id(&one.owner),
                "State": "WAITING",
                "CronExpression": "0 0 6 ? * MON",
                "CronJobDetail": { "Name": one.name, "JobType": "8" },
                "NextFireTime": at(-5),
            })
        };
        tables.insert("CronTrigger", planted.jobs.iter().map(job).collect());
        tables.insert("Organization", vec![json!({ "Id": id("00D", 1), "Name": company.name, "IsSandbox": false })]);
        let held = planted.held_by_setup.into_iter().map(|held| (user_id(&held.person), held.why)).collect();
        Ok(Org { tables, held, queries: Vec::new() })
    }

    pub(super) fn table(&self, object: &str) -> Option<&Vec<Value>> {
        self.tables.get(object)
    }

    /// A number under which the query can be gone on with.
    pub(super) fn remember(&mut self, query: &str) -> usize {
        let known = self.queries.iter().position(|asked| asked == query);
        known.unwrap_or_else(|| {
            self.queries.push(query.to_owned());
            self.queries.len() - 1
        })
    }

    pub(super) fn asked(&self, number: usize) -> Option<String> {
        self.queries.get(number).cloned()
    }

    pub(super) fn change(&mut self, object: &str, id: &str, fields: &Map<String, Value>) -> Result<(), Refused> {
        let record = |org: &Org| org.tables.get(object)?.iter().position(|record| record["Id"] == id);
        let at = record(self).ok_or(Refused::Missing)?;
        for (field, value) in fields {
            match (object, field.as_str()) {
                ("User", "IsActive") if *value == false => {
                    if let Some((_, why)) = self.held.iter().find(|(user, _)| user == id) {
                        return Err(Refused::Rule("CANNOT_DEACTIVATE_DEFAULT_USER", why.clone()));
                    }
                    if self.is_last_administrator(id) {
                        let why = "You can't deactivate the last system administrator.".to_owned();
                        return Err(Refused::Rule("CANNOT_DISABLE_LAST_ADMIN", why));
                    }
                }
                ("User", "IsActive") | ("UserLogin", "IsFrozen" | "IsPasswordLocked") if value.is_boolean() => {}
                ("Account", "OwnerId") => {
                    let active = self.tables["User"].iter().any(|user| user["Id"] == *value && user["IsActive"] == true);
                    if !active {
                        let why = "operation performed with inactive user as owner of account".to_owned();
                        return Err(Refused::Rule("INACTIVE_OWNER_OR_USER", why));
                    }
                }
                _ => return Err(Refused::Rule("INVALID_FIELD_FOR_INSERT_UPDATE", format!("Unable to change the field: {field}"))),
            }
        }
        // Tokens, permission sets and memberships stay: they are there again when the user is active again.
        if let Some(record) = self.tables.get_mut(object).and_then(|table| table.get_mut(at)) {
            for (field, value) in fields {
                record[field] = value.clone();
            }
            // An update moves it even where it writes what was there already.
            if let Some(stamp) = record.get_mut("SystemModstamp") {
                *stamp = vendor::now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string().into();
            }
        }
        if object == "User" && fields.get("IsActive").is_some_and(|active| *active == false) {
            self.drop_all("AuthSession", |session| session["UsersId"] == id);
        }
        Ok(())
    }

    fn drop_all(&mut self, table: &str, fits: impl Fn(&Value) -> bool) -> bool {
        let Some(table) = self.tables.get_mut(table) else {
            return false;
        };
        let before = table.len();
        table.retain(|record| !fits(record));
        table.len() < before
    }

    pub(super) fn remove(&mut self, object: &str, id: &str) -> Result<(), Refused> {
        if !self.tables.contains_key(object) {
            return Err(Refused::Missing);
        }
        let of_profile = |record: &Value| record["Id"] == id && record["PermissionSet"]["IsOwnedByProfile"] == true;
        let can_go = matches!(object, "AuthSession" | "OauthToken" | "PermissionSetAssignment" | "GroupMember" | "ContentDistribution");
        if !can_go || self.tables[object].iter().any(of_profile) {
            return Err(Refused::Rule("INSUFFICIENT_ACCESS_OR_READONLY", format!("entity type {object} can't be deleted")));
        }
        if !self.drop_all(object, |record| record["Id"] == id) {
            return Err(Refused::Deleted);
        }
        if object == "AuthSession" {
            // What hangs from a session ends with it.
            self.drop_all(object, |session| session["ParentId"] == id);
        }
        Ok(())
    }

    fn is_last_administrator(&self, id: &str) -> bool {
        let administers = |user: &&Value| user["IsActive"] == true && user["Profile"]["PermissionsManageUsers"] == true;
        let mut all = self.tables["User"].iter().filter(administers);
        all.next().is_some_and(|user| user["Id"] == id) && all.next().is_none()
    }

    /// What this person can still do here.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let user = user_id(&person.number);
        let rows = |table: &str| self.tables.get(table).into_iter().flatten();
        let is = |record: &Value, field: &str| record[field] == user.as_str();
        let told = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let frozen = rows("UserLogin").any(|login| is(login, "UserId") && login["IsFrozen"] == true);
        let mut left = Vec::new();
        for account in rows("User").filter(|account| is(account, "Id") && account["IsActive"] == true && !frozen) {
            left.push(format!("signs in as {}", told(&account["Username"])));
            let social = rows("ThirdPartyAccountLink").filter(|link| is(link, "UserId"));
            left.extend(social.map(|link| format!("signs in through {} as {}", told(&link["Provider"]), told(&link["Handle"]))));
        }
        left.extend(rows("AuthSession").filter(|one| is(one, "UsersId")).map(|one| format!("session {}", told(&one["Id"]))));
        left.extend(rows("OauthToken").filter(|one| is(one, "UserId")).map(|one| format!("token of {}", told(&one["AppName"]))));
        left.extend(
            rows("ContentDistribution").filter(|one| is(one, "OwnerId")).map(|one| format!("public link to {}", told(&one["Name"]))),
        );
        left
    }

    /// Revokes the OAuth token that this delete token stands for.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        self.drop_all("OauthToken", |one| one["DeleteToken"] == token)
    }
}
