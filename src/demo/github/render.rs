//! The shapes in which the simulated GitHub shows what it holds.

mod repository;

use axum::http::HeaderMap;
use base64::Engine;
use serde_json::{Map, Value, json};

use super::super::vendor::origin;
use super::fixture::Permission;
use super::state::{Authorization, DeployKey, Hook, Invitation, PublicKey, Repository, State, Team, Token, User};

pub(super) use self::repository::repository;

/// Where the API and the pages for people are, as the caller knows them.
pub(super) struct At {
    api: String,
}

impl At {
    pub(super) fn of(headers: &HeaderMap) -> At {
        At { api: origin(headers) }
    }

    pub(super) fn api(&self, path: &str) -> String {
        format!("{}{path}", self.api)
    }
}

const HTML: &str = "https://github.com";

/// The short form of an account, as it stands in lists.
pub(super) fn user(at: &At, user: &User) -> Value {
    let url = at.api(&format!("/users/{}", user.login));
    json!({
        "login": user.login,
        "id": user.id,
        "node_id": node("04:User", user.id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", user.id),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{HTML}/{}", user.login),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": "User",
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// The public profile.
pub(super) fn profile(at: &At, of: &User) -> Value {
    with(
        user(at, of),
        json!({
            "name": of.name,
            "company": null,
            "blog": "",
            "location": null,
            "email": of.profile_email,
            "hireable": null,
            "bio": null,
            "twitter_username": null,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": of.made,
            "updated_at": of.made,
        }),
    )
}

fn organization_short(at: &At, state: &State) -> Value {
    let organization = &state.organization;
    let url = at.api(&format!("/orgs/{}", organization.login));
    json!({
        "login": organization.login,
        "id": organization.id,
        "node_id": node("012:Organization", organization.id),
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", organization.id),
        "description": null,
    })
}

pub(super) fn organization(at: &At, state: &State) -> Value {
    with(
        organization_short(at, state),
        json!({
            "name": "Northmoor Instruments",
            "is_verified": true,
            "has_organization_projects": true,
            "has_repository_projects": true,
            "public_repos": state.repositories.iter().filter(|one| one.public).count(),
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "html_url": format!("{HTML}/{}", state.organization.login),
            "type": "Organization",
            "total_private_repos": state.repositories.iter().filter(|one| !one.public).count(),
            "default_repository_permission": "none",
            "two_factor_requirement_enabled": true,
            "created_at": state.made,
            "updated_at": state.made,
            "archived_at": null,
            "plan": {
                "name": "enterprise",
                "space": 976_562_499,
                "private_repos": 999_999,
                "filled_seats": state.members.len(),
                "seats": state.organization.seats,
            },
        }),
    )
}

pub(super) fn membership(at: &At, state: &State, of: &User, owner: bool) -> Value {
    let organization = organization_short(at, state);
    json!({
        "url": at.api(&format!("/orgs/{}/memberships/{}", state.organization.login, of.login)),
        "state": "active",
        "role": if owner { "admin" } else { "member" },
        "direct_membership": true,
        "organization_url": organization["url"],
        "organization": organization,
        "user": user(at, of),
    })
}

pub(super) fn team(at: &At, state: &State, team: &Team) -> Value {
    let organization = &state.organization;
    let url = at.api(&format!("/organizations/{}/team/{}", organization.id, team.id));
    json!({
        "id": team.id,
        "node_id": node("04:Team", team.id),
        "name": team.name,
        "slug": team.slug,
        "description": team.description,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "url": url,
        "html_url": format!("{HTML}/orgs/{}/teams/{}", organization.login, team.slug),
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "type": "organization",
        "organization_id": organization.id,
        "parent": null,
    })
}

/// Each permission contains the lesser ones.
pub(super) fn permissions(permission: Permission) -> Value {
    json!({
        "pull": true,
        "triage": permission >= Permission::Triage,
        "push": permission >= Permission::Push,
        "maintain": permission >= Permission::Maintain,
        "admin": permission >= Permission::Admin,
    })
}

pub(super) fn role_name(permission: Permission) -> &'static str {
    match permission {
        Permission::Pull => "read",
        Permission::Triage => "triage",
        Permission::Push => "write",
        Permission::Maintain => "maintain",
        Permission::Admin => "admin",
    }
}

pub(super) fn deploy_key(at: &At, state: &State, of: &Repository, key: &DeployKey) -> Value {
    json!({
        "id": key.id,
        "key": key_text(key.id),
        "url": at.api(&format!("/repos/{}/{}/keys/{}", state.organization.login, of.name, key.id)),
        "title": key.title,
        "verified": true,
        "created_at": key.made,
        "read_only": key.read_only,
        "added_by": key.added_by,
        "last_used": key.used,
        "enabled": true,
    })
}

pub(super) fn public_key(key: &PublicKey) -> Value {
    json!({
        "id": key.id,
        "key": key_text(key.id),
        "created_at": key.made,
        "last_used": key.used,
    })
}

pub(super) fn authorization(of: &Authorization) -> Value {
    let planted = &of.planted;
    let mut value = json!({
        "login": of.login,
        "credential_id": planted.id,
        "credential_type": planted.kind,
        "credential_authorized_at": of.granted,
        "credential_accessed_at": of.used,
        "authorized_credential_id": planted.of,
    });
    if planted.kind == "SSH key" {
        value["fingerprint"] = json!(planted.fingerprint);
        value["authorized_credential_title"] = json!(planted.title);
    } else {
        value["token_last_eight"] = json!(planted.last_eight);
        value["scopes"] = json!(planted.scopes);
        value["authorized_credential_note"] = json!(planted.note);
        value["authorized_credential_expires_at"] = json!(of.expires);
    }
    value
}

pub(super) fn invitation(at: &At, state: &State, of: &Invitation) -> Option<Value> {
    let planted = &of.planted;
    let organization = state.organization.id;
    Some(json!({
        "id": planted.id,
        "login": null,
        "email": planted.email,
        "role": planted.role,
        "created_at": of.made,
        "inviter": user(at, state.user(&planted.by)?),
        "team_count": 0,
        "node_id": format!("OI_{}", planted.id),
        "invitation_teams_url": at.api(&format!("/organizations/{organization}/invitations/{}/teams", planted.id)),
        "invitation_source": "member",
    }))
}

/// A grant that stands, or one that is asked for.
pub(super) fn token(at: &At, state: &State, of: &Token, requested: bool) -> Option<Value> {
    let planted = &of.planted;
    let list = if requested { "personal-access-token-requests" } else { "personal-access-tokens" };
    let organization = state.organization.id;
    let mut permissions = json!({ "repository": planted.repositories });
    if !planted.organization.is_empty() {
        permissions["organization"] = json!(planted.organization);
    }
    let mut value = json!({
        "id": planted.id,
        "owner": user(at, state.user(&of.login)?),
        "repository_selection": if planted.on.is_empty() { "all" } else { "subset" },
        "repositories_url": at.api(&format!("/organizations/{organization}/{list}/{}/repositories", planted.id)),
        "permissions": permissions,
        "token_id": planted.token,
        "token_name": planted.name,
        "token_expired": of.expired,
        "token_expires_at": of.expires,
        "token_last_used_at": of.used,
    });
    if requested {
        value["reason"] = json!(planted.reason);
        value["created_at"] = json!(of.granted);
    } else {
        value["access_granted_at"] = json!(of.granted);
    }
    Some(value)
}

pub(super) fn hook(at: &At, state: &State, hook: &Hook) -> Value {
    let planted = &hook.planted;
    let url = at.api(&format!("/orgs/{}/hooks/{}", state.organization.login, planted.id));
    json!({
        "id": planted.id,
        "url": url,
        "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"),
        "name": "web",
        "events": planted.events,
        "active": true,
        "config": { "url": planted.url, "insecure_ssl": "0", "content_type": "json" },
        "updated_at": hook.made,
        "created_at": hook.made,
        "type": "Organization",
    })
}

/// One seat, which ties the login to the name at the identity provider and to confirmed company addresses.
pub(super) fn seat(state: &State, of: &User) -> Value {
    let roles: Vec<String> = state
        .member(&of.login)
        .map(|member| {
            let role = if member.owner { "Owner" } else { "Member" };
            format!("{}:{role}", state.organization.login)
        })
        .into_iter()
        .collect();
    json!({
        "github_com_login": of.login,
        "github_com_name": of.name,
        "enterprise_server_user_ids": [],
        "github_com_user": true,
        "enterprise_server_user": false,
        "visual_studio_subscription_user": false,
        "license_type": "enterprise",
        "github_com_profile": format!("{HTML}/{}", of.login),
        "github_com_member_roles": roles,
        "github_com_enterprise_roles": [if roles.is_empty() { "outside collaborator" } else { "member" }],
        "github_com_verified_domain_emails": of.verified_emails,
        "github_com_saml_name_id": of.sso,
        "github_com_orgs_with_pending_invites": [],
        "github_com_two_factor_auth": true,
        "enterprise_server_emails": [],
        "visual_studio_license_status": null,
        "visual_studio_subscription_email": null,
        "total_user_accounts": 1,
    })
}

/// The identity that SCIM provisioned; it doesn't name the login.
pub(super) fn identity(at: &At, state: &State, of: &User) -> Option<Value> {
    let name = of.sso.as_ref()?;
    let id = format!("40000000-0000-4000-8000-{:012}", of.id);
    let organization = &state.organization.login;
    Some(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id,
        "externalId": of.external_id,
        "userName": name,
        "displayName": of.name,
        "name": { "givenName": of.given, "familyName": of.family, "formatted": of.name },
        "emails": [{ "value": name, "primary": true, "type": "work" }],
        "active": true,
        "meta": {
            "resourceType": "User",
            "created": of.made,
            "lastModified": of.made,
            "location": at.api(&format!("/scim/v2/organizations/{organization}/Users/{id}")),
        },
    }))
}

/// `value` with the fields of `more`.
pub(super) fn with(value: Value, more: Value) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for part in [value, more] {
        if let Value::Object(fields) = part {
            all.extend(fields);
        }
    }
    Value::Object(all)
}

fn node(kind: &str, id: u64) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{kind}{id}"))
}

/// A key that looks like one and opens nothing.
fn key_text(id: u64) -> String {
    let mut bytes = [0x6e; 32];
    bytes[..8].copy_from_slice(&id.to_be_bytes());
    let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
    format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{text}")
}
