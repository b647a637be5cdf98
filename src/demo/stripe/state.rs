//! What the simulated account holds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Business {
    cardholders: Vec<Cardholder>,
    cards: Vec<Card>,
    webhooks: Vec<Webhook>,
    team: Vec<String>,
    keys: Vec<Key>,
    made: i64,
}

struct Cardholder {
    person: Person,
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    cards: Vec<Card>,
    webhooks: Vec<Webhook>,
    /// Who is on the team of the dashboard: no API lists or changes it.
    team: Vec<String>,
    /// Keys belong to the account and outlive who made them: no API lists them either.
    keys: Vec<Key>,
    /// Cardholders whom the vendor itself has blocked.
    blocked: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    id: String,
    person: String,
    last4: String,
    /// `virtual` or `physical`.
    kind: String,
    #[serde(default = "active")]
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    id: String,
    url: String,
    description: String,
    /// Whose it is, where somebody wrote that down.
    owner: Option<String>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    name: String,
    person: String,
}

fn active() -> String {
    "active".to_owned()
}

/// Why something is not done.
pub(super) enum Refused {
    /// There is no such thing.
    Missing { what: String, id: String },
    /// A field that may not be given.
    Unknown(String),
    /// The vendor's rules are against it.
    Rule(&'static str),
}

fn missing<T>(what: &str, id: &str) -> Result<T, Refused> {
    Err(Refused::Missing { what: what.to_owned(), id: id.to_owned() })
}

fn holder_id(number: &str) -> String {
    format!("ich_{number}")
}

impl Business {
    pub(super) fn new(company: &Company) -> anyhow::Result<Business> {
        let planted: Planted = planted::read("stripe", include_str!("../../../fixtures/stripe/state.yaml"))?;
        let today = company.today();
        let carries = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen
        };
        let people: Vec<&Person> = company.people.iter().filter(carries).collect();
        let status = |person: &Person| if planted.blocked.contains(&person.number) { "blocked".to_owned() } else { active() };
        let cardholders = people.iter().map(|person| Cardholder { person: (*person).clone(), status: status(person) }).collect();
        let plastic = |person: &&Person| Card {
            id: format!("ic_{}", person.number),
            person: person.number.clone(),
            last4: format!("{:04}", person.index()),
            kind: "physical".to_owned(),
            status: active(),
        };
        let mut cards: Vec<Card> = people.iter().map(plastic).collect();
        cards.extend(planted.cards);
        let made = company.days_ago(500).as_second();
        let mut webhooks = planted.webhooks;
        for webhook in &mut webhooks {
            let owner = webhook.owner.as_deref().and_then(|number| company.person(number));
            webhook.owner = owner.map(|person| person.work_email.clone());
        }
        Ok(Business { cardholders, cards, webhooks, team: planted.team, keys: planted.keys, made })
    }

    /// What this person can still do here.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = holder_id(&person.number);
        let pays = self.cardholders.iter().any(|holder| holder_id(&holder.person.number) == id && holder.status == "active");
        let cards = self.cards.iter().filter(|card| pays && card.person == person.number && card.status == "active");
        let mut left: Vec<String> = cards.map(|card| format!("pays with the card {}", card.id)).collect();
        let theirs = |hook: &&Webhook| !hook.disabled && hook.owner.as_ref() == Some(&person.work_email);
        left.extend(self.webhooks.iter().filter(theirs).map(|hook| format!("gets events at {}", hook.url)));
        left.extend(self.team.iter().filter(|member| **member == person.number).map(|_| "team member of the dashboard".to_owned()));
        left.extend(self.keys.iter().filter(|key| key.person == person.number).map(|key| format!("key {}", key.name)));
        left
    }

    pub(super) fn cardholders(&self) -> Vec<Value> {
        self.cardholders.iter().map(|holder| self.render_holder(holder)).collect()
    }

    pub(super) fn cardholder(&self, id: &str) -> Result<Value, Refused> {
        let found = self.cardholders.iter().find(|holder| holder_id(&holder.person.number) == id);
        found.map_or_else(|| missing("issuing cardholder", id), |holder| Ok(self.render_holder(holder)))
    }

    /// Only the status is changed here. What the vendor has blocked itself stays so.
    pub(super) fn change_cardholder(&mut self, id: &str, fields: &[(String, String)]) -> Result<Value, Refused> {
        let Some(holder) = self.cardholders.iter_mut().find(|holder| holder_id(&holder.person.number) == id) else {
            return missing("issuing cardholder", id);
        };
        for (name, value) in fields {
            match (name.as_str(), value.as_str()) {
                ("status", "active" | "inactive") if holder.status == "blocked" => {
                    return Err(Refused::Rule("This cardholder is blocked, and its status can't be changed."));
                }
                ("status", "active" | "inactive") => holder.status.clone_from(value),
                ("status", _) => return Err(Refused::Rule("Invalid status: must be one of active or inactive")),
                _ => return Err(Refused::Unknown(name.clone())),
            }
        }
        self.cardholder(id)
    }

    pub(super) fn cards(&self) -> Vec<Value> {
        self.cards.iter().filter_map(|card| self.render_card(card)).collect()
    }

    pub(super) fn card(&self, id: &str) -> Result<Value, Refused> {
        let found = self.cards.iter().find(|card| card.id == id).and_then(|card| self.render_card(card));
        found.map_or_else(|| missing("issuing card", id), Ok)
    }

    /// What is cancelled can't be changed any more.
    pub(super) fn change_card(&mut self, id: &str, fields: &[(String, String)]) -> Result<Value, Refused> {
        let Some(card) = self.cards.iter_mut().find(|card| card.id == id) else {
            return missing("issuing card", id);
        };
        if card.status == "canceled" {
            return Err(Refused::Rule("You cannot update a canceled card."));
        }
        for (name, value) in fields {
            match (name.as_str(), value.as_str()) {
                ("status", "active" | "inactive" | "canceled") => card.status.clone_from(value),
                ("status", _) => return Err(Refused::Rule("Invalid status: must be one of active, canceled, or inactive")),
                ("cancellation_reason", "lost" | "stolen") => {}
                _ => return Err(Refused::Unknown(name.clone())),
            }
        }
        self.card(id)
    }

    pub(super) fn webhooks(&self) -> Vec<Value> {
        self.webhooks.iter().map(|hook| self.render_webhook(hook)).collect()
    }

    pub(super) fn webhook(&self, id: &str) -> Result<Value, Refused> {
        let found = self.webhooks.iter().find(|hook| hook.id == id);
        found.map_or_else(|| missing("webhook endpoint", id), |hook| Ok(self.render_webhook(hook)))
    }

    pub(super) fn change_webhook(&mut self, id: &str, fields: &[(String, String)]) -> Result<Value, Refused> {
        let Some(hook) = self.webhooks.iter_mut().find(|hook| hook.id == id) else {
            return missing("webhook endpoint", id);
        };
        for (name, value) in fields {
            match (name.as_str(), value.as_str()) {
                ("disabled", "true" | "false") => hook.disabled = value == "true",
                ("description", _) => hook.description.clone_from(value),
                _ => return Err(Refused::Unknown(name.clone())),
            }
        }
        self.webhook(id)
    }

    pub(super) fn delete_webhook(&mut self, id: &str) -> Result<Value, Refused> {
        let before = self.webhooks.len();
        self.webhooks.retain(|hook| hook.id != id);
        if self.webhooks.len() == before {
            return missing("webhook endpoint", id);
        }
        Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
    }

    fn render_holder(&self, holder: &Cardholder) -> Value {
        let person = &holder.person;
        json!({
            "id": holder_id(&person.number),
            "object": "issuing.cardholder",
            "billing": { "address": {
                "city": "Copenhagen", "country": "DK", "line1": "Havnegade 12", "line2": null, "postal_code": "1058", "state": null,
            } },
            "company": null,
            "created": self.made,
            "email": person.work_email,
            "individual": { "dob": null, "first_name": person.first, "last_name": person.last, "verification": null },
            "livemode": true,
            "metadata": {},
            "name": person.display(),
            "phone_number": person.mobile,
            "requirements": {
                "disabled_reason": if holder.status == "blocked" { Some("under_review") } else { None },
                "past_due": [],
            },
            "spending_controls": null,
            "status": holder.status,
            "type": "individual",
        })
    }

    fn render_card(&self, card: &Card) -> Option<Value> {
        let holder = self.cardholders.iter().find(|holder| holder.person.number == card.person)?;
        Some(json!({
            "id": card.id,
            "object": "issuing.card",
            "brand": "Visa",
            "cancellation_reason": null,
            "cardholder": self.render_holder(holder),
            "created": self.made,
            "currency": "dkk",
            "exp_month": 8,
            "exp_year": 2030,
            "last4": card.last4,
            "livemode": true,
            "metadata": {},
            "replaced_by": null,
            "replacement_for": null,
            "replacement_reason": null,
            "shipping": null,
            "spending_controls": {
                "allowed_categories": null, "blocked_categories": null, "spending_limits": [], "spending_limits_currency": null,
            },
            "status": card.status,
            "type": card.kind,
            "wallets": null,
        }))
    }

    fn render_webhook(&self, hook: &Webhook) -> Value {
        let metadata = hook.owner.as_ref().map_or_else(|| json!({}), |owner| json!({ "owner": owner }));
        json!({
            "id": hook.id,
            "object": "webhook_endpoint",
            "api_version": null,
            "application": null,
            "created": self.made,
            "description": hook.description,
            "enabled_events": ["payout.paid", "charge.succeeded"],
            "livemode": true,
            "metadata": metadata,
            "status": if hook.disabled { "disabled" } else { "enabled" },
            "url": hook.url,
        })
    }
}
