//! What the simulated realm says, in Keycloak's words.

use serde_json::{Map, Value, json};

use super::super::REALM;
use super::fixture::Role;
use super::{Realm, Refused, Session, User};

impl Realm {
    pub(in super::super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.shown(user)).collect()
    }

    pub(in super::super) fn user(&self, id: &str) -> Result<Value, Refused> {
        self.find(id).map(|user| self.shown(user))
    }

    fn shown(&self, user: &User) -> Value {
        let mut attributes = Map::new();
        for (name, value) in [("employeeNumber", &user.number), ("mobile", &user.mobile)] {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), json!([value]));
            }
        }
        let mut value = json!({
            "id": user.id,
            "username": user.name,
            "firstName": user.first,
            "lastName": user.last,
            "email": user.email,
            "emailVerified": true,
            "attributes": attributes,
            "createdTimestamp": self.made.as_millisecond(),
            "enabled": user.enabled,
            "totp": user.credentials.iter().any(|credential| credential.kind == "otp"),
            "disableableCredentialTypes": [],
            "requiredActions": [],
            "notBefore": user.not_before,
            "access": { "manage": true },
        });
        if let Some(federation) = &user.federation {
            value["federationLink"] = federation.as_str().into();
        }
        value
    }

    pub(in super::super) fn clients(&self) -> Vec<Value> {
        let one = |client: &super::Client| {
            json!({
                "id": client.id,
                "clientId": client.client_id,
                "name": client.name,
                "enabled": true,
                "publicClient": client.public,
                "bearerOnly": client.bearer_only,
                "protocol": "openid-connect",
            })
        };
        self.clients.iter().map(one).collect()
    }

    pub(in super::super) fn sessions(&self, id: &str) -> Result<Vec<Value>, Refused> {
        let user = self.find(id)?;
        Ok(user.sessions.iter().map(|session| self.session(user, session)).collect())
    }

    /// The offline sessions of one client, of one user or of all.
    pub(in super::super) fn offline_sessions(&self, user: Option<&str>, client: &str) -> Result<Vec<Value>, Refused> {
        self.client(client)?;
        let of = self.users.iter().filter(|known| user.is_none_or(|id| known.id == id));
        let sessions = of.flat_map(|user| user.offline.iter().map(move |session| (user, session)));
        Ok(sessions.filter(|(_, session)| session.client == client).map(|(user, session)| self.session(user, session)).collect())
    }

    fn session(&self, user: &User, session: &Session) -> Value {
        let name = self.client(&session.client).map_or_else(|_| String::new(), |client| client.client_id.clone());
        let began = session.began.as_millisecond();
        json!({
            "id": session.id,
            "username": user.name,
            "userId": user.id,
            "ipAddress": session.address,
            "start": began,
            "lastAccess": began,
            "rememberMe": session.remembered,
            "clients": { session.client.as_str(): name },
            "transientUser": false,
        })
    }

    /// Consents, and as additional grants the offline tokens of clients that never had to ask.
    pub(in super::super) fn consents(&self, id: &str) -> Result<Vec<Value>, Refused> {
        let user = self.find(id)?;
        let shown = self.clients.iter().filter_map(|client| {
            let consent = user.consents.iter().find(|consent| consent.client == client.client_id);
            let offline = user.offline.iter().any(|session| session.client == client.id);
            if consent.is_none() && !offline {
                return None;
            }
            let more = if offline { json!([{ "client": client.id, "key": "Offline Token" }]) } else { json!([]) };
            let made = consent.map(|_| self.made.as_millisecond());
            let scopes = consent.map_or_else(Vec::new, |consent| consent.scopes.clone());
            Some(json!({
                "clientId": client.client_id,
                "grantedClientScopes": scopes,
                "createdDate": made,
                "lastUpdatedDate": made,
                "additionalGrants": more,
            }))
        });
        Ok(shown.collect())
    }

    pub(in super::super) fn credentials(&self, id: &str) -> Result<Vec<Value>, Refused> {
        let shown = self.find(id)?.credentials.iter().map(|credential| {
            let mut value = json!({
                "id": credential.id,
                "type": credential.kind,
                "createdDate": credential.made.as_millisecond(),
                "credentialData": "{}",
            });
            if let Some(label) = &credential.label {
                value["userLabel"] = label.as_str().into();
            }
            value
        });
        Ok(shown.collect())
    }

    pub(in super::super) fn federated(&self, id: &str) -> Result<Vec<Value>, Refused> {
        let shown = |link: &super::Federated| json!({ "identityProvider": link.provider, "userId": link.id, "userName": link.name });
        Ok(self.find(id)?.federated.iter().map(shown).collect())
    }

    pub(in super::super) fn groups(&self, id: &str) -> Result<Vec<Value>, Refused> {
        let user = self.find(id)?;
        let shown = self.groups.iter().filter(|group| user.groups.contains(&group.id)).map(|group| {
            let name = group.path.rsplit('/').next().unwrap_or_default();
            let mut value = json!({ "id": group.id, "name": name, "path": group.path, "subGroups": [] });
            if let Some(parent) = &group.parent {
                value["parentId"] = parent.as_str().into();
            }
            value
        });
        Ok(shown.collect())
    }

    fn role(role: &Role) -> Value {
        json!({
            "id": role.id,
            "name": role.name,
            "description": "",
            "composite": !role.brings.is_empty(),
            "clientRole": role.client.is_some(),
            "containerId": role.client.as_deref().unwrap_or(REALM),
        })
    }

    /// Roles of the realm, or of one client, that a user was given; those that come with others too, if that is asked.
    pub(in super::super) fn roles_of(&self, id: &str, client: Option<&str>, effective: bool) -> Result<Vec<Value>, Refused> {
        let mut held = self.find(id)?.roles.clone();
        let mut next = 0;
        while effective && next < held.len() {
            let brings = self.roles.iter().filter(|role| role.id == held[next]).flat_map(|role| role.brings.clone());
            let more: Vec<String> = brings.filter(|id| !held.contains(id)).collect();
            held.extend(more);
            next += 1;
        }
        let of = |role: &&Role| held.contains(&role.id) && role.client.as_deref() == client;
        Ok(self.roles.iter().filter(of).map(Self::role).collect())
    }

    pub(in super::super) fn role_mappings(&self, id: &str) -> Result<Value, Refused> {
        let mut shown = json!({ "realmMappings": self.roles_of(id, None, false)? });
        let mut of_clients = Map::new();
        for client in &self.clients {
            let roles = self.roles_of(id, Some(&client.id), false)?;
            if !roles.is_empty() {
                of_clients.insert(client.client_id.clone(), json!({ "id": client.id, "client": client.client_id, "mappings": roles }));
            }
        }
        if !of_clients.is_empty() {
            shown["clientMappings"] = of_clients.into();
        }
        Ok(shown)
    }
}
