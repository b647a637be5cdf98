//! What the simulated on-call account holds, how it changes and how it is shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::{NOT_FOUND, Refusal};

const ROLES: [&str; 7] = ["admin", "limited_user", "observer", "read_only_user", "restricted_access", "read_only_limited_user", "user"];

pub(super) struct Account {
    planted: Planted,
    users: Vec<User>,
    /// Delegations that are over; they stay listed.
    revoked: Vec<String>,
    made: String,
    ends: String,
}

struct User {
    id: String,
    name: String,
    email: String,
    title: String,
    role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    owner: Owner,
    admins: Vec<String>,
    former: Vec<String>,
    teams: Vec<Team>,
    schedules: Vec<Schedule>,
    policies: Vec<Policy>,
    contacts: Vec<Contact>,
    delegations: Vec<Delegation>,
    incidents: Vec<Incident>,
    webhooks: Vec<Webhook>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    id: String,
    name: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    id: String,
    name: String,
    members: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    id: String,
    name: String,
    users: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    id: String,
    name: String,
    schedule: String,
    /// Who is called when nobody on the schedule answers.
    last: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    id: String,
    person: String,
    kind: String,
    label: String,
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delegation {
    id: String,
    person: String,
    kind: String,
    scope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incident {
    id: String,
    number: u64,
    title: String,
    assignee: String,
    #[serde(default)]
    resolved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    id: String,
    description: String,
    url: String,
    team: String,
}

fn user_id(number: &str) -> String {
    format!("P{:0>6}", number.trim_start_matches('E'))
}

fn reference(kind: &str, id: &str, summary: &str) -> Value {
    json!({ "id": id, "type": kind, "summary": summary, "self": null, "html_url": null })
}

impl Account {
    pub(super) fn new(company: &Company) -> anyhow::Result<Account> {
        let mut planted: Planted = planted::read("pagerduty", include_str!("../../../fixtures/pagerduty/state.yaml"))?;
        let today = company.today();
        let works_here = |person: &Person| planted.departments.contains(&person.department);
        let belongs =
            |person: &&Person| planted.former.contains(&person.number) || person.active(today) && (person.executive || works_here(person));
        let role = |person: &Person| match () {
            () if planted.admins.contains(&person.number) => "admin",
            () if works_here(person) || planted.former.contains(&person.number) => "user",
            () => "read_only_user",
        };
        let owner = &planted.owner;
        let mut users = vec![User {
            id: owner.id.clone(),
            name: owner.name.clone(),
            email: owner.email.clone(),
            title: String::new(),
            role: "owner".into(),
        }];
        users.extend(company.people.iter().filter(belongs).map(|person| User {
            id: user_id(&person.number),
            name: person.display(),
            email: person.work_email.clone(),
            title: person.title.clone(),
            role: role(person).into(),
        }));
        // The fixture speaks of people; from here on everything speaks of users.
        let user_of = |number: &str| {
            let id = user_id(number);
            anyhow::ensure!(users.iter().any(|user| user.id == id), "fixtures/pagerduty/state.yaml names {number}, who is no user");
            Ok(id)
        };
        for team in &mut planted.teams {
            let members = std::mem::take(&mut team.members);
            team.members = members.into_iter().map(|(number, role)| Ok((user_of(&number)?, role))).collect::<anyhow::Result<_>>()?;
        }
        let named = planted.schedules.iter_mut().flat_map(|schedule| &mut schedule.users);
        let named = named.chain(planted.policies.iter_mut().map(|policy| &mut policy.last));
        let named = named.chain(planted.contacts.iter_mut().map(|contact| &mut contact.person));
        let named = named.chain(planted.delegations.iter_mut().map(|delegation| &mut delegation.person));
        let named = named.chain(planted.incidents.iter_mut().map(|incident| &mut incident.assignee));
        for number in named {
            *number = user_of(number)?;
        }
        Ok(Account {
            planted,
            users,
            revoked: Vec::new(),
            made: company.days_ago(300).to_string(),
            ends: company.days_ago(-300).to_string(),
        })
    }

    fn find(&self, id: &str) -> Result<&User, Refusal> {
        self.users.iter().find(|user| user.id == id).ok_or(NOT_FOUND)
    }

    /// The account has one owner, who is neither demoted nor deleted here.
    pub(super) fn set_role(&mut self, id: &str, change: &Value) -> Result<(), Refusal> {
        if self.find(id)?.role == "owner" {
            return Err((403, 2010, "The account owner's role can't be changed"));
        }
        let role = match &change["role"] {
            Value::Null => return Ok(()),
            role => role.as_str().filter(|role| ROLES.contains(role)).ok_or((400, 2001, "Invalid role"))?,
        };
        for user in self.users.iter_mut().filter(|user| user.id == id) {
            user.role = role.to_owned();
        }
        Ok(())
    }

    pub(super) fn delete_user(&mut self, id: &str) -> Result<(), Refusal> {
        if self.find(id)?.role == "owner" {
            return Err((403, 2010, "The account owner can't be deleted"));
        }
        if self.planted.incidents.iter().any(|incident| incident.assignee == id && !incident.resolved) {
            return Err((400, 2001, "User cannot be deleted while incidents are assigned to them"));
        }
        self.users.retain(|user| user.id != id);
        for team in &mut self.planted.teams {
            team.members.remove(id);
        }
        for schedule in &mut self.planted.schedules {
            schedule.users.retain(|user| user != id);
        }
        for policy in self.planted.policies.iter_mut().filter(|policy| policy.last == id) {
            policy.last.clear();
        }
        self.planted.contacts.retain(|contact| contact.person != id);
        self.planted.delegations.retain(|delegation| delegation.person != id);
        Ok(())
    }

    pub(super) fn delete_contact(&mut self, user: &str, id: &str) -> bool {
        let before = self.planted.contacts.len();
        self.planted.contacts.retain(|contact| !(contact.person == user && contact.id == id));
        self.planted.contacts.len() < before
    }

    /// Browsers and phones are signed out; what was given to other programs can't be taken back this way.
    pub(super) fn revoke_delegations(&mut self, user: &str, kind: &str) -> Result<(), Refusal> {
        if !["mobile", "web"].contains(&kind) {
            return Err((400, 2001, "type must be mobile or web"));
        }
        self.find(user)?;
        let over = self.planted.delegations.iter().filter(|one| one.person == user && one.kind == kind);
        self.revoked.extend(over.map(|one| one.id.clone()));
        Ok(())
    }

    pub(super) fn leave_team(&mut self, id: &str, user: &str) -> bool {
        let team = self.planted.teams.iter_mut().find(|team| team.id == id);
        team.is_some_and(|team| team.members.remove(user).is_some())
    }

    pub(super) fn delete_webhook(&mut self, id: &str) -> bool {
        let before = self.planted.webhooks.len();
        self.planted.webhooks.retain(|webhook| webhook.id != id);
        self.planted.webhooks.len() < before
    }

    pub(super) fn change_incident(&mut self, change: &Value) -> Result<(), Refusal> {
        let to = change["assignments"][0]["assignee"]["id"].as_str();
        if let Some(to) = to {
            self.find(to)?;
        }
        let incident = self.planted.incidents.iter_mut().find(|one| change["id"] == one.id.as_str()).ok_or(NOT_FOUND)?;
        if incident.resolved {
            return Err((400, 2001, "Incident Already Resolved"));
        }
        incident.resolved = change["status"] == "resolved";
        if let Some(to) = to {
            incident.assignee = to.to_owned();
        }
        Ok(())
    }

    fn user_reference(&self, id: &str) -> Value {
        let name = self.users.iter().find(|user| user.id == id).map_or("", |user| user.name.as_str());
        reference("user_reference", id, name)
    }

    pub(super) fn users(&self) -> Vec<Value> {
        let shown = self.users.iter().map(|user| {
            let teams = self.planted.teams.iter().filter(|team| team.members.contains_key(&user.id));
            let contacts = self.planted.contacts.iter().filter(|contact| contact.person == user.id);
            json!({
                "id": user.id,
                "type": "user",
                "summary": user.name,
                "self": null,
                "html_url": null,
                "name": user.name,
                "email": user.email,
                "time_zone": "Europe/Copenhagen",
                "color": "green",
                "role": user.role,
                "avatar_url": "https://secure.gravatar.com/avatar/none.png",
                "description": null,
                "invitation_sent": false,
                "job_title": user.title,
                "created_via_sso": false,
                "teams": teams.map(|team| reference("team_reference", &team.id, &team.name)).collect::<Vec<_>>(),
                "contact_methods": contacts
                    .map(|contact| reference(&format!("{}_contact_method_reference", contact.kind), &contact.id, &contact.label))
                    .collect::<Vec<_>>(),
                "notification_rules": [],
            })
        });
        shown.collect()
    }

    pub(super) fn contacts(&self, user: &str) -> Vec<Value> {
        let own = self.planted.contacts.iter().filter(|contact| contact.person == user).map(|contact| {
            let mut shown = reference(&format!("{}_contact_method", contact.kind), &contact.id, &contact.label);
            shown["label"] = contact.label.as_str().into();
            shown["address"] = contact.address.as_str().into();
            if contact.kind == "email" {
                shown["send_short_email"] = false.into();
            } else {
                shown["country_code"] = 45.into();
                shown["enabled"] = true.into();
                shown["blacklisted"] = false.into();
            }
            shown
        });
        own.collect()
    }

    pub(super) fn delegations(&self, user: &str) -> Vec<Value> {
        let own = self.planted.delegations.iter().filter(|one| one.person == user).map(|one| {
            json!({
                "id": one.id,
                "status": if self.revoked.contains(&one.id) { "revoked" } else { "issued" },
                "client_id": format!("client-{}", one.kind),
                "delegation_type": one.kind,
                "scope": one.scope,
                "created_at": self.made,
                "expires_at": self.ends,
                "self": format!("https://api.pagerduty.com/users/{user}/oauth_delegations/{}", one.id),
            })
        });
        own.collect()
    }

    pub(super) fn teams(&self) -> Vec<Value> {
        let shown = self.planted.teams.iter().map(|team| {
            let mut shown = reference("team", &team.id, &team.name);
            shown["name"] = team.name.as_str().into();
            shown["description"] = "".into();
            shown
        });
        shown.collect()
    }

    pub(super) fn members(&self, id: &str) -> Option<Vec<Value>> {
        let team = self.planted.teams.iter().find(|team| team.id == id)?;
        Some(team.members.iter().map(|(user, role)| json!({ "user": self.user_reference(user), "role": role })).collect())
    }

    pub(super) fn schedules(&self) -> Vec<Value> {
        let shown = self.planted.schedules.iter().map(|schedule| {
            let mut shown = reference("schedule", &schedule.id, &schedule.name);
            let policies = self.planted.policies.iter().filter(|policy| policy.schedule == schedule.id);
            shown["name"] = schedule.name.as_str().into();
            shown["time_zone"] = "Europe/Copenhagen".into();
            shown["users"] = schedule.users.iter().map(|user| self.user_reference(user)).collect();
            shown["escalation_policies"] =
                policies.map(|policy| reference("escalation_policy_reference", &policy.id, &policy.name)).collect();
            shown
        });
        shown.collect()
    }

    pub(super) fn policies(&self) -> Vec<Value> {
        let shown = self.planted.policies.iter().map(|policy| {
            let mut shown = reference("escalation_policy", &policy.id, &policy.name);
            let rule = |at: u8, target: Value| json!({ "id": format!("{}{at}", policy.id), "escalation_delay_in_minutes": 15, "targets": [target] });
            let mut rules = vec![rule(1, reference("schedule_reference", &policy.schedule, ""))];
            if !policy.last.is_empty() {
                rules.push(rule(2, self.user_reference(&policy.last)));
            }
            shown["name"] = policy.name.as_str().into();
            shown["num_loops"] = 0.into();
            shown["escalation_rules"] = rules.into();
            shown
        });
        shown.collect()
    }

    /// Who is called now: the first of each schedule, and whoever stands behind it.
    pub(super) fn oncalls(&self) -> Vec<Value> {
        let mut shown = Vec::new();
        for policy in &self.planted.policies {
            let schedule = self.planted.schedules.iter().find(|schedule| schedule.id == policy.schedule);
            let first = schedule.and_then(|schedule| schedule.users.first());
            let last = Some(&policy.last).filter(|last| !last.is_empty());
            for (level, user) in [(1, first), (2, last)] {
                let Some(user) = user else { continue };
                let mut entry = json!({
                    "escalation_policy": reference("escalation_policy_reference", &policy.id, &policy.name),
                    "user": self.user_reference(user),
                    "escalation_level": level,
                });
                if let Some(schedule) = schedule.filter(|_| level == 1) {
                    entry["schedule"] = reference("schedule_reference", &schedule.id, &schedule.name);
                    entry["start"] = self.made.as_str().into();
                    entry["end"] = self.ends.as_str().into();
                }
                shown.push(entry);
            }
        }
        shown
    }

    pub(super) fn incidents(&self) -> Vec<Value> {
        let shown = self.planted.incidents.iter().map(|incident| {
            let mut shown = reference("incident", &incident.id, &incident.title);
            let assignment = json!({ "at": self.made, "assignee": self.user_reference(&incident.assignee) });
            shown["incident_number"] = incident.number.into();
            shown["title"] = incident.title.as_str().into();
            shown["status"] = if incident.resolved { "resolved" } else { "triggered" }.into();
            shown["urgency"] = "high".into();
            shown["created_at"] = self.made.as_str().into();
            shown["assignments"] = if incident.resolved { json!([]) } else { json!([assignment]) };
            shown
        });
        shown.collect()
    }

    pub(super) fn webhooks(&self) -> Vec<Value> {
        let shown = self.planted.webhooks.iter().map(|webhook| {
            json!({
                "id": webhook.id,
                "type": "webhook_subscription",
                "active": true,
                "delivery_method": {
                    "id": format!("{}D", webhook.id),
                    "type": "http_delivery_method",
                    "url": webhook.url,
                    "secret": null,
                    "temporarily_disabled": false,
                    "custom_headers": [],
                },
                "description": webhook.description,
                "events": ["incident.triggered", "incident.annotated"],
                "filter": { "id": webhook.team, "type": "team_reference" },
            })
        });
        shown.collect()
    }
}
