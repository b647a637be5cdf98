//! The account: its members, who is invited, and the names in the domain register.

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::{Asked, Outcome, Part, Refusal, listed, no_route};

pub(super) struct Members {
    roles: Vec<Role>,
    members: Vec<Member>,
    domains: Vec<Domain>,
    made: String,
    ends: String,
}

struct Member {
    id: String,
    /// User id and names, once the user has an account with the vendor.
    user: Option<(String, String, String)>,
    email: String,
    status: &'static str,
    roles: Vec<String>,
    policies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    roles: Vec<Role>,
    members: Vec<PlantedMember>,
    invitations: Vec<Invitation>,
    domains: Vec<Domain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    key: String,
    name: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedMember {
    person: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    policies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    email: String,
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Domain {
    name: String,
    registrant: String,
}

const SUPER: &str = "Super Administrator - All Privileges";

/// An id as the vendor makes them: 32 hexadecimal digits.
pub(super) fn id_of(what: &str) -> String {
    format!("{:016x}{:016x}", planted::number_of(what), planted::number_of(&format!("{what} again")))
}

impl Members {
    pub(super) fn new(company: &Company) -> anyhow::Result<Members> {
        let planted: Planted = planted::read("cloudflare", include_str!("../../../fixtures/cloudflare/state.yaml"))?;
        let member = |person: &Person, roles: &[String], policies: &[String]| Member {
            id: id_of(&format!("member {}", person.number)),
            user: Some((id_of(&format!("user {}", person.number)), person.first.clone(), person.last.clone())),
            email: person.work_email.clone(),
            status: "accepted",
            roles: roles.to_vec(),
            policies: policies.to_vec(),
        };
        let mut members = Vec::new();
        for one in &planted.members {
            let person = company
                .person(&one.person)
                .with_context(|| format!("fixtures/cloudflare/state.yaml names {}, who is nobody", one.person))?;
            members.push(member(person, &one.roles, &one.policies));
        }
        let known: Vec<String> = members.iter().map(|member| member.email.clone()).collect();
        let others = company.employed().filter(|person| planted.departments.contains(&person.department));
        for person in others.filter(|person| !person.executive && !known.contains(&person.work_email)) {
            members.push(member(person, &["Administrator Read Only".into()], &[]));
        }
        members.extend(planted.invitations.into_iter().map(|one| Member {
            id: id_of(&format!("invitation {}", one.email)),
            user: None,
            email: one.email,
            status: "pending",
            roles: one.roles,
            policies: Vec::new(),
        }));
        let named = members.iter().flat_map(|member| &member.roles);
        for role in named {
            anyhow::ensure!(planted.roles.iter().any(|known| known.name == *role), "fixtures/cloudflare/state.yaml has no role {role}");
        }
        let (made, ends) = (company.days_ago(800).to_string(), company.days_ago(-200).to_string());
        Ok(Members { roles: planted.roles, members, domains: planted.domains, made, ends })
    }

    /// What a person can still do: act as a member, accept an invitation, speak for a domain.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mine = |email: &str| email == person.work_email || Some(email) == person.home_email.as_deref();
        let members = self.members.iter().filter(|member| mine(&member.email));
        let members = members.map(|member| match member.status {
            "pending" => format!("an invitation for {}", member.email),
            _ => format!("the member {}: {}", member.email, [member.roles.as_slice(), &member.policies].concat().join(", ")),
        });
        let domains = self.domains.iter().filter(|domain| mine(&domain.registrant));
        members.chain(domains.map(|domain| format!("the registrant of {}", domain.name))).collect()
    }

    fn shown(&self, member: &Member) -> Value {
        let roles = member.roles.iter().filter_map(|name| self.roles.iter().find(|role| role.name == *name));
        let roles =
            roles.map(|role| json!({ "id": role.key, "name": role.name, "description": role.description, "permissions": ["#zone:read"] }));
        let policies = member.policies.iter().map(|name| {
            json!({
                "id": id_of(&format!("policy {name} {}", member.id)), "access": "allow",
                "permission_groups": [{ "id": id_of(name), "name": name }], "resource_groups": [],
            })
        });
        let mut user = json!({ "email": member.email, "two_factor_authentication_enabled": member.user.is_some() });
        if let Some((id, first, last)) = &member.user {
            user["id"] = id.as_str().into();
            user["first_name"] = first.as_str().into();
            user["last_name"] = last.as_str().into();
        }
        json!({
            "id": member.id, "status": member.status, "user": user,
            "roles": roles.collect::<Vec<_>>(), "policies": policies.collect::<Vec<_>>(),
        })
    }

    fn remove(&mut self, id: &str) -> Result<Value, Refusal> {
        let at = self.at(id)?;
        let is_super = |member: &Member| member.status == "accepted" && member.roles.iter().any(|role| role == SUPER);
        if is_super(&self.members[at]) && self.members.iter().filter(|member| is_super(member)).count() == 1 {
            return Err((403, 1030, "Cannot remove the last Super Administrator of the account".into()));
        }
        self.members.remove(at);
        Ok(json!({ "id": id }))
    }

    fn at(&self, id: &str) -> Result<usize, Refusal> {
        self.members.iter().position(|member| member.id == id).ok_or((404, 1003, "Member not found for account".into()))
    }

    fn domain(&self, domain: &Domain) -> Value {
        json!({
            "id": domain.name, "name": domain.name, "available": false, "can_register": false, "locked": true,
            "current_registrar": "Cloudflare", "created_at": self.made, "updated_at": self.made, "expires_at": self.ends,
            "supported_tld": true, "registry_statuses": "ok,serverTransferProhibited",
            "registrant_contact": {
                "id": id_of(&domain.registrant), "email": domain.registrant, "first_name": "Domain", "last_name": "Owner",
                "organization": "Northmoor Instruments", "address": "Havnegade 1", "city": "Copenhagen", "state": "Hovedstaden",
                "zip": "1058", "country": "DK", "phone": "+45.20000000",
            },
        })
    }
}

impl Part for Members {
    const SYSTEM: &'static str = "cloudflare";

    fn answer(&mut self, asked: &Asked<'_>, path: &[&str]) -> Outcome {
        match (asked.method, path) {
            ("GET", ["members"]) => listed(asked, &self.members.iter().map(|member| self.shown(member)).collect::<Vec<_>>(), 20, 50),
            ("GET", ["members", id]) => Ok((self.shown(&self.members[self.at(id)?]), None)),
            ("DELETE", ["members", id]) => Ok((self.remove(id)?, None)),
            ("POST", ["members"]) => {
                let email = asked.body["email"].as_str().unwrap_or_default().to_owned();
                let ids = asked.body["roles"].as_array().into_iter().flatten();
                let roles = ids.filter_map(|id| Some(self.roles.iter().find(|role| *id == role.key.as_str())?.name.clone())).collect();
                let member =
                    Member { id: id_of(&format!("again {email}")), user: None, email, status: "pending", roles, policies: Vec::new() };
                let shown = self.shown(&member);
                self.members.push(member);
                Ok((shown, None))
            }
            ("GET", ["registrar", "domains"]) => {
                let all: Vec<Value> = self.domains.iter().map(|domain| self.domain(domain)).collect();
                listed(asked, &all, 50, 50)
            }
            ("GET", ["registrar", "domains", name]) => {
                let domain = self.domains.iter().find(|domain| domain.name == *name);
                Ok((self.domain(domain.ok_or((404, 10000, "Domain not found".to_owned()))?), None))
            }
            _ => Err(no_route()),
        }
    }
}
