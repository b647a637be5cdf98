//! Members, by SCIM. Guests, who aren't members, don't appear there. <https://developers.figma.com/docs/rest-api/scim-endpoints/>

use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::scim::wire::{Change, ENTERPRISE, USER, answer as scim_answer, changes, error, list};
use super::super::vendor::{bearer_is, no_content};
use super::TENANT;
use super::state::{Member, Organization};

pub(super) fn answer(organization: &mut Organization, parts: &Parts, tenant: &str, segments: &[&str], body: &Value) -> Response {
    if !bearer_is(&parts.headers, "revoke-figma") {
        return error(401, None, "Unauthorized");
    }
    if tenant != TENANT {
        return error(400, None, "no such tenant");
    }
    match (parts.method.as_str(), segments) {
        ("GET", ["Users"]) => {
            let all = organization.members().filter(|member| !member.guest).map(render).collect();
            list(&parts.uri, all, 200)
        }
        ("GET", ["Users", id]) => shown(organization, id),
        ("PATCH", ["Users", id]) => {
            let changes = match changes(body) {
                Ok(changes) => changes,
                Err(refusal) => return refusal.answer(),
            };
            for change in changes {
                let Change::Active(active) = change else {
                    return error(400, Some("invalidPath"), "only active can be changed here");
                };
                if let Err((status, why)) = organization.set_active(id, active) {
                    return error(status, None, why);
                }
            }
            shown(organization, id)
        }
        // The record goes as well.
        ("DELETE", ["Users", id]) => match organization.forget(id) {
            Ok(()) => no_content(),
            Err((status, why)) => error(status, None, why),
        },
        ("GET", ["Groups"]) => list(&parts.uri, Vec::new(), 200),
        _ => error(404, None, "no such endpoint"),
    }
}

fn shown(organization: &Organization, id: &str) -> Response {
    let found = organization.members().find(|member| member.id == id && !member.guest);
    found.map_or_else(|| error(404, None, "User not found"), |member| scim_answer(200, &render(member)))
}

fn render(member: &Member) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "id": member.id,
        "userName": member.email,
        "displayName": member.name,
        "name": { "givenName": member.first, "familyName": member.last },
        "active": member.active,
        "roles": [{ "type": "seatType", "value": if member.admin { "Full" } else { "Collab" } }],
        ENTERPRISE: { "employeeNumber": member.number },
        "meta": { "resourceType": "User", "location": format!("https://www.figma.com/scim/v2/{TENANT}/Users/{}", member.id) },
    })
}
