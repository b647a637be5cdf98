//! What the simulated directory and its neighbours hold around an account: devices, inbox rules, licences, legal holds, audit searches.

use serde_json::{Value, json};

use super::super::super::vendor;
use super::fixture::{Case, Custodian, Device, Rule};
use super::render::{exact, moment};
use super::{Refused, Tenant, User, id_of};

impl Tenant {
    pub(in super::super) fn devices(&self, of: Option<&str>) -> Vec<Value> {
        let theirs = |device: &&Device| of.is_none_or(|user| id_of(&device.person) == user);
        self.planted.devices.iter().filter(theirs).map(|device| self.device(device)).collect()
    }

    fn device(&self, device: &Device) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.device",
            "id": device.id,
            "accountEnabled": device.enabled,
            "approximateLastSignInDateTime": moment(self.made_after(2)),
            "deviceId": device.id.replacen("a0000000", "a1000000", 1),
            "deviceOwnership": device.ownership,
            "displayName": device.name,
            "isCompliant": device.managed,
            "isManaged": device.managed,
            "onPremisesSyncEnabled": null,
            "operatingSystem": device.system,
            "operatingSystemVersion": device.version,
            "registrationDateTime": moment(self.made_after(400)),
            "trustType": device.join,
        })
    }

    pub(in super::super) fn enable_device(&mut self, id: &str, enabled: bool) -> Result<(), Refused> {
        self.planted.devices.iter_mut().find(|device| device.id == id).ok_or(Refused::Missing)?.enabled = enabled;
        Ok(())
    }

    /// The rules of a mailbox, or nothing where the user has none: a mailbox comes with a licence, and outlives it as a shared one.
    pub(in super::super) fn rules(&self, user: &User) -> Option<Vec<Value>> {
        let theirs = |rule: &&Rule| id_of(&rule.person) == user.id;
        (!user.guest && !user.licences.is_empty()).then(|| self.planted.rules.iter().filter(theirs).map(rule).collect())
    }

    pub(in super::super) fn enable_rule(&mut self, user: &str, id: &str, enabled: bool) -> Result<Value, Refused> {
        let found = self.planted.rules.iter_mut().find(|rule| rule.id == id && id_of(&rule.person) == user).ok_or(Refused::Missing)?;
        found.enabled = enabled;
        Ok(rule(found))
    }

    /// Licences are taken away; one that the user doesn't have can't be.
    pub(in super::super) fn drop_licences(&mut self, id: &str, gone: &[String]) -> Result<(), Refused> {
        let user = self.users.iter_mut().find(|user| user.id == id).ok_or(Refused::Missing)?;
        if gone.iter().any(|sku| !user.licences.contains(sku)) {
            return Err(Refused::Rule("User does not have a corresponding license."));
        }
        user.licences.retain(|sku| !gone.contains(sku));
        Ok(())
    }

    pub(in super::super) fn cases(&self) -> Vec<Value> {
        let one =
            |case: &Case| json!({ "id": case.id, "createdDateTime": moment(self.made), "displayName": case.name, "status": "active" });
        self.planted.cases.iter().map(one).collect()
    }

    pub(in super::super) fn custodians(&self, case: &str) -> Option<Vec<Value>> {
        let case = self.planted.cases.iter().find(|known| known.id == case)?;
        Some(case.custodians.iter().map(|custodian| self.custodian(custodian)).collect())
    }

    fn custodian(&self, custodian: &Custodian) -> Value {
        json!({
            "id": custodian.id,
            "createdDateTime": moment(self.made),
            "displayName": custodian.email,
            "email": custodian.email,
            "holdStatus": if custodian.held { "applied" } else { "notApplied" },
            "status": "active",
        })
    }

    /// Makes somebody known here a custodian, once.
    pub(in super::super) fn add_custodian(&mut self, case: &str, email: &str) -> Result<Value, Refused> {
        if self.find(email).is_none() {
            return Err(Refused::Rule("The custodian's mail address is not known."));
        }
        let case = self.planted.cases.iter_mut().find(|known| known.id == case).ok_or(Refused::Missing)?;
        if case.custodians.iter().any(|known| known.email.eq_ignore_ascii_case(email)) {
            return Err(Refused::Rule("The custodian already exists in the case."));
        }
        let id = format!("{:032x}", case.custodians.len() + 1);
        let custodian = Custodian { id, email: email.to_owned(), held: false };
        let shown = json!({ "id": custodian.id, "displayName": email, "email": email, "holdStatus": "notApplied", "status": "active" });
        case.custodians.push(custodian);
        Ok(shown)
    }

    pub(in super::super) fn hold(&mut self, case: &str, custodian: &str, held: bool) -> Result<(), Refused> {
        let case = self.planted.cases.iter_mut().find(|known| known.id == case).ok_or(Refused::Missing)?;
        case.custodians.iter_mut().find(|known| known.id == custodian).ok_or(Refused::Missing)?.held = held;
        Ok(())
    }

    pub(in super::super) fn queries(&self) -> &[Value] {
        &self.queries
    }

    /// A search of the audit log; it is done when it is next looked at.
    pub(in super::super) fn search_log(&mut self, asked: &Value) -> Value {
        let names = asked["userPrincipalNameFilters"].clone();
        let mut query = json!({
            "id": format!("b0000000-0000-4000-8000-{:012}", self.queries.len() + 1),
            "displayName": asked["displayName"],
            "userPrincipalNameFilters": if names.is_array() { names } else { json!([]) },
            "status": "succeeded",
        });
        self.queries.push(query.clone());
        query["status"] = "notStarted".into();
        query
    }

    /// What a search found: that the user signed in.
    pub(in super::super) fn records(&self, query: &str) -> Option<Vec<Value>> {
        let query = self.queries.iter().find(|known| known["id"] == query)?;
        let names = query["userPrincipalNameFilters"].as_array()?;
        let found = names.iter().filter_map(Value::as_str).filter_map(|name| self.find(name));
        let record = |user: &User| {
            json!({
                "id": user.id.replacen("30000000", "b1000000", 1),
                "auditLogRecordType": "AzureActiveDirectoryStsLogon",
                "createdDateTime": exact(vendor::now()),
                "operation": "UserLoggedIn",
                "service": "AzureActiveDirectory",
                "userId": user.id,
                "userPrincipalName": user.name,
                "userType": "Regular",
            })
        };
        Some(found.map(record).collect())
    }
}

fn rule(rule: &Rule) -> Value {
    let to = |all: &[String]| all.iter().map(|mail| json!({ "emailAddress": { "address": mail, "name": mail } })).collect::<Vec<_>>();
    let mut actions = json!({ "stopProcessingRules": true });
    for (name, addresses) in [("forwardTo", &rule.forward), ("redirectTo", &rule.redirect)] {
        if !addresses.is_empty() {
            actions[name] = to(addresses).into();
        }
    }
    if let Some(folder) = &rule.folder {
        actions["moveToFolder"] = folder.as_str().into();
    }
    json!({
        "id": rule.id,
        "actions": actions,
        "conditions": { "subjectContains": ["statement"] },
        "displayName": rule.name,
        "hasError": false,
        "isEnabled": rule.enabled,
        "isReadOnly": false,
        "sequence": 1,
    })
}
