//! How the account shows what it holds.

use serde_json::{Value, json};

use super::state::Account;

fn reference(kind: &str, id: &str, summary: &str) -> Value {
    json!({ "id": id, "type": kind, "summary": summary, "self": null, "html_url": null })
}

impl Account {
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
                "client_id": one.client,
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
            let since = self.since(incident).to_string();
            let assignment = json!({ "at": since, "assignee": self.user_reference(&incident.assignee) });
            shown["incident_number"] = incident.number.into();
            shown["title"] = incident.title.as_str().into();
            shown["status"] = if incident.resolved { "resolved" } else { "triggered" }.into();
            shown["urgency"] = "high".into();
            shown["created_at"] = since.into();
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
