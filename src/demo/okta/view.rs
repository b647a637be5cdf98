//! How Okta shows what it holds: the JSON shapes of its management API.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{ApiToken, App, Assignment, Device, Factor, Grant, Group, RefreshToken, Role, State, User};

/// Okta's timestamps have milliseconds.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

pub(super) fn user(base: &str, user: &User) -> Value {
    let own = format!("{base}/users/{}", user.id);
    json!({
        "id": user.id,
        "status": user.status,
        "created": time(user.created),
        "activated": time(user.created),
        "statusChanged": time(user.status_changed),
        "lastLogin": user.last_login.map(time),
        "lastUpdated": time(user.updated),
        "passwordChanged": time(user.created),
        "type": { "id": "otyNorthmoorDefault0" },
        "profile": user.profile,
        "credentials": { "password": {}, "provider": { "type": "OKTA", "name": "OKTA" } },
        "_links": { "self": { "href": own } },
    })
}

pub(super) fn group(base: &str, group: &Group) -> Value {
    let own = format!("{base}/groups/{}", group.id);
    json!({
        "id": group.id,
        "created": time(group.created),
        "lastUpdated": time(group.created),
        "lastMembershipUpdated": time(group.changed),
        "objectClass": ["okta:user_group"],
        "type": group.kind,
        "profile": { "name": group.name, "description": format!("{} at Northmoor Instruments", group.name) },
        "_links": {
            "self": { "href": own },
            "users": { "href": format!("{own}/users") },
            "apps": { "href": format!("{own}/apps") },
        },
    })
}

pub(super) fn app(base: &str, app: &App) -> Value {
    let own = format!("{base}/apps/{}", app.id);
    let mut shown = json!({
        "id": app.id,
        "orn": format!("orn:okta:idp:00oNorthmoor00000000:apps:{}:{}", app.name, app.id),
        "name": app.name,
        "label": app.label,
        "status": "ACTIVE",
        "created": time(app.created),
        "lastUpdated": time(app.created),
        "accessibility": { "selfService": false },
        "visibility": {
            "autoSubmitToolbar": false,
            "hide": { "iOS": false, "web": false },
            "appLinks": { "login": true },
        },
        "features": [],
        "signOnMode": app.mode,
        "settings": { "app": {} },
        "_links": {
            "self": { "href": own },
            "users": { "href": format!("{own}/users") },
            "groups": { "href": format!("{own}/groups") },
        },
    });
    if app.mode == "BOOKMARK" {
        shown["settings"]["app"] = json!({
            "requestIntegration": false,
            "url": "https://menu.northmoor.example",
        });
    } else {
        shown["credentials"] = json!({
            "userNameTemplate": { "template": "${source.login}", "type": "BUILT_IN" },
        });
    }
    shown
}

pub(super) fn app_user(base: &str, app: &App, user: &User, by: &Assignment<'_>) -> Value {
    let mut shown = json!({
        "id": user.id,
        "created": time(user.created.max(app.created)),
        "lastUpdated": time(user.created.max(app.created)),
        "scope": if matches!(by, Assignment::Direct(_)) { "USER" } else { "GROUP" },
        "status": "ACTIVE",
        "statusChanged": time(user.created.max(app.created)),
        "syncState": "DISABLED",
        "credentials": { "userName": user.text("email") },
        "profile": {},
        "_links": {
            "app": { "href": format!("{base}/apps/{}", app.id) },
            "user": { "href": format!("{base}/users/{}", user.id) },
        },
    });
    match by {
        Assignment::Direct(role) => shown["profile"] = json!({ "role": role }),
        Assignment::Group(group) => {
            shown["_links"]["group"] = json!({
                "name": group.name,
                "href": format!("{base}/groups/{}", group.id),
            });
        }
    }
    shown
}

pub(super) fn app_group(base: &str, app: &App, group: &Group, priority: usize) -> Value {
    json!({
        "id": group.id,
        "priority": priority,
        "lastUpdated": time(app.created),
        "profile": {},
        "_links": {
            "app": { "href": format!("{base}/apps/{}", app.id) },
            "self": { "href": format!("{base}/apps/{}/groups/{}", app.id, group.id) },
            "group": { "href": format!("{base}/groups/{}", group.id) },
        },
    })
}

pub(super) fn app_link(app: &App, user: &User, order: usize) -> Value {
    json!({
        "id": format!("{}-{}", app.id, user.id),
        "label": app.label,
        "linkUrl": format!("https://northmoor.okta.example/home/{}/{}/1", app.name, app.id),
        "logoUrl": format!("https://northmoor.okta.example/logos/{}.png", app.name),
        "appName": app.name,
        "appInstanceId": app.id,
        "appAssignmentId": user.id,
        "credentialsSetup": false,
        "hidden": false,
        "sortOrder": order,
    })
}

pub(super) fn factor(base: &str, user: &str, factor: &Factor) -> Value {
    let own = format!("{base}/users/{user}/factors/{}", factor.id);
    json!({
        "id": factor.id,
        "factorType": factor.kind,
        "provider": factor.provider,
        "vendorName": factor.provider,
        "status": "ACTIVE",
        "created": time(factor.created),
        "lastUpdated": time(factor.created),
        "profile": factor.profile,
        "_links": {
            "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
            "user": { "href": format!("{base}/users/{user}"), "hints": { "allow": ["GET"] } },
        },
    })
}

pub(super) fn device(base: &str, user: &str, device: &Device) -> Value {
    let own = format!("{base}/devices/{}", device.id);
    json!({
        "created": time(device.created),
        "deviceUserId": format!("lnk{}", &user[3..]),
        "device": {
            "id": device.id,
            "status": "ACTIVE",
            "created": time(device.created),
            "lastUpdated": time(device.created),
            "profile": {
                "displayName": device.name,
                "platform": "MACOS",
                "serialNumber": device.serial,
                "registered": true,
                "managed": true,
                "diskEncryptionType": "ALL_INTERNAL_VOLUMES",
            },
            "resourceId": device.id,
            "resourceType": "UDDevice",
            "resourceDisplayName": { "value": device.name, "sensitive": false },
            "_links": {
                "self": { "href": own, "hints": { "allow": ["GET", "PUT"] } },
                "users": { "href": format!("{own}/users"), "hints": { "allow": ["GET"] } },
            },
        },
    })
}

pub(super) fn client(base: &str, user: &str, id: &str, name: &str) -> Value {
    let own = format!("{base}/users/{user}/clients/{id}");
    json!({
        "client_id": id,
        "client_name": name,
        "client_uri": format!("https://{}.example", name.to_ascii_lowercase()),
        "logo_uri": format!("https://{}.example/logo.png", name.to_ascii_lowercase()),
        "_links": {
            "grants": { "href": format!("{own}/grants") },
            "tokens": { "href": format!("{own}/tokens") },
        },
    })
}

pub(super) fn grant(base: &str, state: &State, grant: &Grant, expand: bool) -> Value {
    let mut shown = json!({
        "id": grant.id,
        "status": "ACTIVE",
        "created": time(grant.created),
        "createdBy": { "id": grant.user, "type": "User" },
        "lastUpdated": time(grant.created),
        "issuer": base.trim_end_matches("/api/v1"),
        "clientId": grant.client,
        "userId": grant.user,
        "scopeId": grant.scope,
        "source": "END_USER",
        "_links": {
            "self": {
                "href": format!("{base}/users/{}/grants/{}", grant.user, grant.id),
                "hints": { "allow": ["GET", "DELETE"] },
            },
            "client": {
                "href": format!("{base}/oauth2/v1/clients/{}", grant.client),
                "title": state.clients.get(&grant.client),
            },
            "user": { "href": format!("{base}/users/{}", grant.user) },
        },
    });
    if expand {
        shown["_embedded"] = json!({ "scope": { "id": grant.scope } });
    }
    shown
}

pub(super) fn refresh_token(base: &str, state: &State, token: &RefreshToken) -> Value {
    let own = format!("{base}/users/{}/clients/{}/tokens/{}", token.user, token.client, token.id);
    json!({
        "id": token.id,
        "status": "ACTIVE",
        "created": time(token.created),
        "lastUpdated": time(token.created),
        // A refresh token that is used keeps being renewed, so its end is always far off.
        "expiresAt": "2099-12-31T00:00:00.000Z",
        "issuer": format!("{}/oauth2/default", base.trim_end_matches("/api/v1")),
        "clientId": token.client,
        "userId": token.user,
        "scopes": token.scopes,
        "_links": {
            "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
            "client": {
                "href": format!("{base}/oauth2/v1/clients/{}", token.client),
                "title": state.clients.get(&token.client),
            },
            "user": { "href": format!("{base}/users/{}", token.user) },
        },
    })
}

pub(super) fn api_token(base: &str, token: &ApiToken) -> Value {
    let expires = token.used.saturating_add(jiff::SignedDuration::from_hours(720));
    json!({
        "id": token.id,
        "name": token.name,
        "userId": token.user,
        "tokenWindow": "P30D",
        "network": { "connection": "ANYWHERE" },
        "clientName": "Okta API",
        "created": time(token.created),
        "lastUpdated": time(token.used),
        "expiresAt": expires.map(time).unwrap_or_default(),
        "_link": {
            "self": {
                "href": format!("{base}/api-tokens/{}", token.id),
                "hints": { "allow": ["GET", "DELETE"] },
            },
        },
    })
}

pub(super) fn role(base: &str, user: &str, role: &Role) -> Value {
    json!({
        "id": role.id,
        "label": role.label,
        "type": role.kind,
        "status": "ACTIVE",
        "created": time(role.created),
        "lastUpdated": time(role.created),
        "assignmentType": "USER",
        "_links": { "assignee": { "href": format!("{base}/users/{user}") } },
    })
}

pub(super) fn assignee(base: &str, user: &str) -> Value {
    json!({
        "id": user,
        "orn": format!("orn:okta:directory:00oNorthmoor00000000:users:{user}"),
        "_links": {
            "self": { "href": format!("{base}/users/{user}") },
            "roles": { "href": format!("{base}/users/{user}/roles") },
        },
    })
}

/// An entry of the System Log: our service account did something to a user.
pub(super) fn event(state: &State, at: Timestamp, kind: &str, user: &User) -> Value {
    let by = state.users.get(&state.me).unwrap_or(user);
    let who = |user: &User| {
        json!({
            "id": user.id,
            "type": "User",
            "alternateId": user.text("login"),
            "displayName": user.name(),
        })
    };
    json!({
        "uuid": format!("00000000-0000-4000-8000-{:012}", state.log.len() + 1),
        "published": time(at),
        "eventType": kind,
        "version": "0",
        "severity": "INFO",
        "displayMessage": kind.rsplit('.').next().unwrap_or(kind),
        "actor": who(by),
        "outcome": { "result": "SUCCESS" },
        "target": [who(user)],
    })
}
