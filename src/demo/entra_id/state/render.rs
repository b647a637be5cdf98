//! What the simulated directory says, in Graph's words.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{App, Application, Assignment, Grant, Group, Kind, Method, PASSWORD, Tenant, User, id_of};

/// No role of the app's own: access as such.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

impl Tenant {
    pub(in super::super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.user(user)).collect()
    }

    pub(in super::super) fn user(&self, user: &User) -> Value {
        let person = &user.person;
        json!({
            "@odata.type": "#microsoft.graph.user",
            "id": user.id,
            "businessPhones": [],
            "displayName": person.display(),
            "givenName": person.first,
            "jobTitle": person.title,
            "mail": user.mail,
            "mobilePhone": person.mobile,
            "officeLocation": null,
            "preferredLanguage": null,
            "surname": person.last,
            "userPrincipalName": user.name,
            "accountEnabled": user.enabled,
            "assignedLicenses": user.licences.iter().map(|sku| json!({ "disabledPlans": [], "skuId": sku })).collect::<Vec<_>>(),
            "createdDateTime": moment(self.made),
            "department": person.department,
            "employeeId": if user.guest { None } else { Some(&person.number) },
            "lastPasswordChangeDateTime": moment(user.password_changed),
            "externalUserState": if user.guest { Some("Accepted") } else { None },
            "onPremisesLastSyncDateTime": user.synced.then(|| exact(user.synced_at)),
            "onPremisesSamAccountName": user.synced.then_some(&person.login),
            "onPremisesSecurityIdentifier": user.synced.then(|| format!("S-1-5-21-1004336348-1177238915-682003330-{}", person.index())),
            "onPremisesSyncEnabled": if user.synced { Some(true) } else { None },
            "otherMails": if user.guest { vec![&user.mail] } else { person.aliases.iter().collect() },
            "proxyAddresses": if user.guest { Vec::new() } else { vec![format!("SMTP:{}", user.mail)] },
            "signInActivity": {
                "lastSignInDateTime": moment(user.last_used),
                "lastSignInRequestId": null,
                "lastNonInteractiveSignInDateTime": moment(user.last_used),
                "lastNonInteractiveSignInRequestId": null,
                "lastSuccessfulSignInDateTime": moment(user.last_used),
                "lastSuccessfulSignInRequestId": null,
            },
            "signInSessionsValidFromDateTime": exact(user.sessions_from),
            "userType": if user.guest { "Guest" } else { "Member" },
        })
    }

    pub(in super::super) fn groups(&self) -> Vec<Value> {
        self.groups.iter().map(|group| self.group(group)).collect()
    }

    pub(super) fn group(&self, group: &Group) -> Value {
        let kind = group.planted.kind;
        json!({
            "@odata.type": "#microsoft.graph.group",
            "id": group.planted.id,
            "displayName": group.planted.name,
            "createdDateTime": moment(self.made),
            "description": null,
            "groupTypes": if kind == Kind::Dynamic { vec!["DynamicMembership"] } else { Vec::new() },
            "isAssignableToRole": kind == Kind::Roles,
            "mail": null,
            "mailEnabled": kind == Kind::Mail,
            "mailNickname": group.planted.name.to_lowercase().replace(' ', "-"),
            "membershipRule": if kind == Kind::Dynamic { Some("user.accountEnabled -eq true") } else { None },
            "membershipRuleProcessingState": if kind == Kind::Dynamic { Some("On") } else { None },
            "onPremisesSyncEnabled": if kind == Kind::Synced { Some(true) } else { None },
            "securityEnabled": kind != Kind::Mail,
        })
    }

    /// The members of a group, or nothing if there is no such group.
    pub(in super::super) fn members(&self, id: &str, through: bool) -> Option<Vec<Value>> {
        let group = self.groups.iter().find(|group| group.planted.id == id)?;
        if through {
            let inside = |id: &str| self.above(id, true).iter().any(|above| above.planted.id == group.planted.id);
            let users = self.users.iter().filter(|user| inside(&user.id)).map(|user| self.user(user));
            let groups = self.groups.iter().filter(|other| inside(&other.planted.id)).map(|other| self.group(other));
            return Some(users.chain(groups).collect());
        }
        let one = |id: &String| {
            let user = self.users.iter().find(|user| user.id == *id).map(|user| self.user(user));
            user.or_else(|| self.groups.iter().find(|other| other.planted.id == *id).map(|other| self.group(other)))
        };
        Some(group.members.iter().filter_map(one).collect())
    }

    /// The groups that hold a group, through others as well.
    pub(in super::super) fn groups_above(&self, id: &str) -> Vec<Value> {
        self.above(id, true).into_iter().map(|group| self.group(group)).collect()
    }

    /// Groups and directory roles of a user.
    pub(in super::super) fn member_of(&self, user: &str, through: bool) -> Vec<Value> {
        let groups = self.above(user, through);
        let holds = |one: &&Assignment| {
            let holder = one.principal();
            holder == user || through && groups.iter().any(|group| group.planted.id == holder)
        };
        let held: Vec<&str> = self.planted.assignments.iter().filter(holds).map(|one| one.role.as_str()).collect();
        let roles = self.planted.roles.iter().filter(|role| held.contains(&role.name.as_str())).map(|role| {
            json!({
                "@odata.type": "#microsoft.graph.directoryRole",
                "id": role.id.replacen(&role.id[..8], "80000000", 1),
                "description": null,
                "displayName": role.name,
                "roleTemplateId": role.id,
            })
        });
        groups.iter().map(|group| self.group(group)).chain(roles).collect()
    }

    pub(in super::super) fn roles(&self) -> Vec<Value> {
        self.planted.roles.iter().map(|role| self.role(&role.name)).collect()
    }

    fn role(&self, name: &str) -> Value {
        let Some(role) = self.planted.roles.iter().find(|role| role.name == name) else {
            return Value::Null;
        };
        json!({
            "id": role.id,
            "description": role.name,
            "displayName": role.name,
            "isBuiltIn": true,
            "isEnabled": true,
            "templateId": role.id,
            "version": "1",
        })
    }

    pub(in super::super) fn assignments(&self) -> Vec<Value> {
        self.planted.assignments.iter().map(|one| self.assignment(one)).collect()
    }

    pub(in super::super) fn eligible(&self) -> Vec<Value> {
        let all = self.planted.eligible.iter().map(|one| {
            let mut value = self.assignment(one);
            value["memberType"] = "Direct".into();
            value["startDateTime"] = moment(self.made).into();
            value["endDateTime"] = Value::Null;
            value["roleEligibilityScheduleId"] = format!("schedule-{}", one.id).into();
            value
        });
        all.collect()
    }

    pub(super) fn assignment(&self, one: &Assignment) -> Value {
        json!({
            "id": one.id,
            "principalId": one.principal(),
            "roleDefinitionId": self.role(&one.role)["id"],
            "directoryScopeId": "/",
            "appScopeId": null,
            "roleDefinition": self.role(&one.role),
        })
    }

    fn app(&self, name: &str) -> Option<&str> {
        self.planted.apps.iter().find(|app| app.name == name).map(|app| app.id.as_str())
    }

    pub(in super::super) fn apps(&self) -> Vec<Value> {
        self.planted.apps.iter().map(|app| self.service_principal(app)).collect()
    }

    pub(super) fn service_principal(&self, app: &App) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "id": app.id,
            "accountEnabled": true,
            "appDisplayName": app.name,
            "appId": app.id.replacen("50000000", "51000000", 1),
            "appOwnerOrganizationId": if app.ours { self.planted.tenant.clone() } else { "99999999-0000-4000-8000-000000000001".to_owned() },
            "displayName": app.name,
            "servicePrincipalType": "Application",
            "verifiedPublisher": { "displayName": null, "verifiedPublisherId": null, "addedDateTime": null },
        })
    }

    pub(in super::super) fn grants(&self) -> Vec<Value> {
        let one = |grant: &Grant| {
            json!({
                "id": grant.id,
                "clientId": self.app(&grant.app),
                "consentType": if grant.person.is_some() { "Principal" } else { "AllPrincipals" },
                "principalId": grant.person.as_deref().map(id_of),
                "resourceId": self.app("Microsoft Graph"),
                "scope": grant.scope,
            })
        };
        self.planted.grants.iter().map(one).collect()
    }

    /// App roles of the user, and those of groups that the user is directly a member of.
    pub(in super::super) fn app_roles(&self, user: &str) -> Vec<Value> {
        let groups = self.above(user, false);
        let held = self.planted.app_roles.iter().filter_map(|one| {
            let principal = one.principal();
            let group = groups.iter().find(|group| group.planted.id == principal);
            let name = match group {
                Some(group) => group.planted.name.clone(),
                None if principal == user => self.find(user)?.person.display(),
                None => return None,
            };
            Some(json!({
                "id": one.id,
                "deletedDateTime": null,
                "appRoleId": DEFAULT_ACCESS,
                "createdDateTime": moment(self.made),
                "principalDisplayName": name,
                "principalId": principal,
                "principalType": if group.is_some() { "Group" } else { "User" },
                "resourceDisplayName": one.app,
                "resourceId": self.app(&one.app),
            }))
        });
        held.collect()
    }

    pub(in super::super) fn methods(&self, user: &str) -> Vec<Value> {
        self.methods.iter().filter(|method| method.user == user).map(|method| self.method(method)).collect()
    }

    fn method(&self, method: &Method) -> Value {
        let made = moment(self.made);
        let kind = format!("#microsoft.graph.{}AuthenticationMethod", method.kind);
        let mut value = json!({ "@odata.type": kind, "id": method.id, "createdDateTime": made });
        match method.kind.as_str() {
            "phone" => {
                value["phoneNumber"] = method.name.as_str().into();
                value["phoneType"] = "mobile".into();
                value["smsSignInState"] = "notEnabled".into();
            }
            "email" => value["emailAddress"] = method.name.as_str().into(),
            "fido2" => {
                value["displayName"] = method.name.as_str().into();
                value["model"] = "Security key".into();
                value["attestationLevel"] = "attested".into();
            }
            "microsoftAuthenticator" => {
                value["displayName"] = method.name.as_str().into();
                value["deviceTag"] = "SoftwareTokenActivated".into();
                value["phoneAppVersion"] = "6.8.40".into();
            }
            _ if method.id == PASSWORD => value["password"] = Value::Null,
            _ => value["secretKey"] = Value::Null,
        }
        value
    }

    pub(in super::super) fn applications(&self) -> Vec<Value> {
        self.planted.applications.iter().map(|application| self.application(application)).collect()
    }

    pub(super) fn application(&self, application: &Application) -> Value {
        let certificates = application.certificates.iter().map(|certificate| {
            json!({
                "customKeyIdentifier": null,
                "displayName": certificate.name,
                "endDateTime": moment(self.made_after(certificate.made - 730)),
                "key": null,
                "keyId": certificate.key,
                "startDateTime": moment(self.made_after(certificate.made)),
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
            })
        });
        let secrets = application.secrets.iter().map(|secret| {
            let made = self.made_after(secret.made);
            json!({
                "customKeyIdentifier": null,
                "displayName": secret.name,
                "endDateTime": moment(self.made_after(secret.made - 730)),
                "hint": "nm1",
                "keyId": secret.key,
                "secretText": null,
                "startDateTime": moment(made),
            })
        });
        json!({
            "@odata.type": "#microsoft.graph.application",
            "id": application.id,
            "appId": application.id.replacen("70000000", "72000000", 1),
            "createdDateTime": moment(self.made),
            "displayName": application.name,
            "keyCredentials": certificates.collect::<Vec<_>>(),
            "passwordCredentials": secrets.collect::<Vec<_>>(),
            "signInAudience": "AzureADMyOrg",
        })
    }

    /// The moment so many days before the simulation started, which was ten years after the tenant was made.
    pub(super) fn made_after(&self, days_ago: i64) -> Timestamp {
        let hours = jiff::SignedDuration::from_hours((3650 - days_ago).saturating_mul(24));
        self.made.checked_add(hours).unwrap_or(self.made)
    }

    pub(in super::super) fn organization(&self) -> Value {
        json!({
            "id": self.planted.tenant,
            "createdDateTime": moment(self.made),
            "displayName": "Northmoor Instruments",
            "onPremisesSyncEnabled": true,
            "tenantType": "AAD",
        })
    }
}

/// To the second, as Graph writes it.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Finer, so that a revocation in the very second of a sign-in is told from it.
pub(super) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
