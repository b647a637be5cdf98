//! Entra ID, simulated: users, groups, roles, consents and second factors in Microsoft Graph.

mod delta;
mod estate;
mod owners;
mod query;
mod state;
#[cfg(test)]
mod tests;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::query::collection;
use self::state::{Refused, Tenant};
use super::company::Company;
use super::intune::token::{self, Tokens};
use super::planted;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, no_content, now, param, reply};

/// How long it takes until the directory on premises has the last word about a synced account.
const SYNC: Duration = Duration::from_millis(600);

const CASES: &str = "/v1.0/security/cases/ediscoveryCases";
const QUERIES: &str = "/v1.0/security/auditLog/queries";

type Shared = State<Arc<Mutex<Tenant>>>;

/// How it is brought up. The vendor counts in units that depend on the call, about 8000 of them in 10 seconds for a large tenant
/// (https://learn.microsoft.com/en-us/graph/throttling-limits); most of ours cost one or two.
pub const VENDOR: Vendor = Vendor {
    name: "entra-id",
    start,
    millis: 60,
    rate: RateLimit::of(3500, 10, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nlogin = \"{url}\"\ntenant = \"6d0f1b2a-0000-4000-8000-00000000a11c\"\nread_client = \"read-entra-id\"\nrevoke_client = \"revoke-entra-id\"\n"
        )
    },
};

/// Graph below `/v1.0`, and the token endpoint beside it.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let tenant = Arc::new(Mutex::new(Tenant::new(company)?));
    let asked = tenant.clone();
    Ok(Simulated { router: router(tenant), left: Arc::new(move |person| open(&asked).left(person)) })
}

fn router(tenant: Arc<Mutex<Tenant>>) -> Router {
    let tokens = Arc::new(Tokens::new("entra-id"));
    let directory = "/v1.0/roleManagement/directory";
    let graph = Router::new()
        .route("/v1.0/organization", get(organization))
        .route("/v1.0/users", get(users::all))
        .route("/v1.0/users/delta", get(delta::users))
        .route("/v1.0/users/delta()", get(delta::users))
        .route("/v1.0/users/{user}", get(users::one).patch(users::patch).delete(users::remove))
        .route("/v1.0/users/{user}/revokeSignInSessions", post(users::revoke_sessions))
        .route("/v1.0/users/{user}/memberOf", get(users::member_of))
        .route("/v1.0/users/{user}/memberOf/{cast}", get(users::member_of_cast))
        .route("/v1.0/users/{user}/transitiveMemberOf", get(users::transitive))
        .route("/v1.0/users/{user}/transitiveMemberOf/{cast}", get(users::transitive_cast))
        .route("/v1.0/users/{user}/ownedObjects", get(owners::all))
        .route("/v1.0/users/{user}/ownedObjects/{cast}", get(owners::cast))
        .route("/v1.0/users/{user}/registeredDevices", get(estate::registered))
        .route("/v1.0/users/{user}/registeredDevices/{cast}", get(estate::registered_cast))
        .route("/v1.0/users/{user}/mailFolders/inbox/messageRules", get(estate::rules))
        .route("/v1.0/users/{user}/mailFolders/inbox/messageRules/{rule}", get(estate::rule).patch(estate::change_rule))
        .route("/v1.0/users/{user}/mailboxSettings", get(estate::mailbox))
        .route("/v1.0/users/{user}/assignLicense", post(estate::licences))
        .route("/v1.0/users/{user}/oauth2PermissionGrants", get(users::grants))
        .route("/v1.0/users/{user}/appRoleAssignments", get(users::app_roles))
        .route("/v1.0/users/{user}/appRoleAssignments/{id}", get(users::app_role).delete(users::delete_app_role))
        .route("/v1.0/users/{user}/authentication/{kind}", get(users::methods))
        .route("/v1.0/users/{user}/authentication/{kind}/{id}", delete(users::delete_method))
        .route("/v1.0/users/{user}/authentication/methods/{id}/resetPassword", post(users::reset_password))
        .route("/v1.0/groups", get(groups))
        .route("/v1.0/groups/{id}", get(group))
        .route("/v1.0/groups/{id}/members", get(members))
        .route("/v1.0/groups/{id}/transitiveMembers", get(transitive_members))
        .route("/v1.0/groups/{id}/transitiveMemberOf", get(above))
        .route("/v1.0/groups/{id}/transitiveMemberOf/{cast}", get(above_cast))
        .route("/v1.0/groups/{id}/members/$ref", post(add_member))
        .route("/v1.0/groups/{id}/members/{member}/$ref", delete(delete_member))
        .route("/v1.0/groups/{id}/owners", get(owners::of_group))
        .route("/v1.0/groups/{id}/owners/$ref", post(owners::add_to_group))
        .route("/v1.0/groups/{id}/owners/{owner}/$ref", delete(owners::remove_from_group))
        .route(&format!("{directory}/roleDefinitions"), get(roles))
        .route(&format!("{directory}/roleAssignments"), get(assignments).post(assign))
        .route(&format!("{directory}/roleAssignments/{{id}}"), get(assignment).delete(delete_assignment))
        .route(&format!("{directory}/roleEligibilityScheduleInstances"), get(eligible))
        .route(&format!("{directory}/roleEligibilityScheduleRequests"), post(request_eligibility))
        .route("/v1.0/oauth2PermissionGrants", get(grants))
        .route("/v1.0/oauth2PermissionGrants/{id}", get(grant).delete(delete_grant))
        .route("/v1.0/servicePrincipals", get(apps))
        .route("/v1.0/servicePrincipals/{id}", get(app))
        .route("/v1.0/servicePrincipals/{id}/owners", get(owners::of_principal))
        .route("/v1.0/servicePrincipals/{id}/owners/$ref", post(owners::add_to_principal))
        .route("/v1.0/servicePrincipals/{id}/owners/{owner}/$ref", delete(owners::remove_from_principal))
        .route("/v1.0/applications", get(applications))
        .route("/v1.0/applications/{id}", get(application))
        .route("/v1.0/applications/{id}/owners", get(owners::of_application))
        .route("/v1.0/applications/{id}/owners/$ref", post(owners::add_to_application))
        .route("/v1.0/applications/{id}/owners/{owner}/$ref", delete(owners::remove_from_application))
        .route("/v1.0/applications/{id}/removePassword", post(remove_password))
        .route("/v1.0/devices", get(estate::devices))
        .route("/v1.0/devices/{id}", get(estate::device).patch(estate::change_device))
        .route(CASES, get(estate::cases))
        .route(&format!("{CASES}/{{case}}/custodians"), get(estate::custodians).post(estate::add_custodian))
        .route(&format!("{CASES}/{{case}}/custodians/{{id}}"), get(estate::custodian))
        .route(&format!("{CASES}/{{case}}/custodians/{{id}}/{{action}}"), post(estate::hold))
        .route(QUERIES, post(estate::search_log))
        .route(&format!("{QUERIES}/{{id}}"), get(estate::query))
        .route(&format!("{QUERIES}/{{id}}/records"), get(estate::records))
        .with_state(tenant)
        .layer(middleware::from_fn_with_state(tokens.clone(), guard));
    let token = Router::new().route("/{tenant}/oauth2/v2.0/token", post(token::issue)).with_state(tokens);
    graph.merge(token).fallback(|| async { refuse(404, "ResourceNotFound", "no such resource") })
}

async fn guard(State(tokens): State<Arc<Tokens>>, request: Request, next: Next) -> Response {
    match tokens.access(request.headers()).may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "InvalidAuthenticationToken", "Access token is missing or was not issued here."),
        Err(_) => denied(),
    }
}

fn open(tenant: &Mutex<Tenant>) -> MutexGuard<'_, Tenant> {
    tenant.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    let inner = json!({ "date": now().strftime("%Y-%m-%dT%H:%M:%S").to_string() });
    reply(status, &json!({ "error": { "code": code, "message": message, "innerError": inner } }))
}

fn denied() -> Response {
    refuse(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

fn missing(what: &str) -> Response {
    refuse(404, "Request_ResourceNotFound", &format!("Resource '{what}' does not exist or one of its queried references is not present."))
}

fn done(outcome: Result<(), Refused>, what: &str) -> Response {
    match outcome {
        Ok(()) => no_content(),
        Err(Refused::Missing) => missing(what),
        Err(Refused::Rule(why)) => refuse(400, "Request_BadRequest", why),
        Err(Refused::Rank) => denied(),
    }
}

/// The one with this id, or 404.
fn with_id(all: &[Value], uri: &Uri, id: &str) -> Response {
    let found = all.iter().find(|one| one["id"] == id);
    found.map_or_else(|| missing(id), |one| reply(200, &query::selected(uri, &[], one)))
}

async fn organization(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = vec![open(&tenant).organization()];
    collection(&headers, &uri, "organization", &[], all)
}

async fn groups(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).groups();
    collection(&headers, &uri, "groups", &[], all)
}

async fn group(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(&open(&tenant).groups(), &uri, &id)
}

async fn members(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    let members = open(&tenant).members(&id, false);
    members.map_or_else(|| missing(&id), |all| collection(&headers, &uri, "directoryObjects", &[], all))
}

async fn transitive_members(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    let members = open(&tenant).members(&id, true);
    members.map_or_else(|| missing(&id), |all| collection(&headers, &uri, "directoryObjects", &[], all))
}

fn groups_above(tenant: &Mutex<Tenant>, headers: &HeaderMap, uri: &Uri, id: &str) -> Response {
    let tenant = open(tenant);
    if !tenant.groups().iter().any(|group| group["id"] == id) {
        return missing(id);
    }
    collection(headers, uri, "directoryObjects", &[], tenant.groups_above(id))
}

async fn above(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    groups_above(&tenant, &headers, &uri, &id)
}

/// Groups are in groups and in nothing else here, so that the one cast that fits changes nothing.
async fn above_cast(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path((id, cast)): Path<(String, String)>) -> Response {
    if cast.ends_with("graph.group") { groups_above(&tenant, &headers, &uri, &id) } else { missing(&cast) }
}

/// The object that a reference in a body is about, such as `https://graph.microsoft.com/v1.0/directoryObjects/{id}`.
fn referred(body: &Value) -> Option<&str> {
    body["@odata.id"].as_str()?.rsplit('/').next().filter(|id| !id.is_empty())
}

async fn add_member(State(tenant): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    match referred(&body) {
        Some(member) => done(open(&tenant).join(&id, member), member),
        None => refuse(400, "Request_BadRequest", "the body must name an object by @odata.id"),
    }
}

async fn delete_member(State(tenant): Shared, Path((id, member)): Path<(String, String)>) -> Response {
    done(open(&tenant).leave(&id, &member), &member)
}

async fn roles(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).roles();
    collection(&headers, &uri, "roleManagement/directory/roleDefinitions", &[], all)
}

/// Related objects come only where `$expand` asks for them.
fn unexpanded(uri: &Uri, mut all: Vec<Value>) -> Vec<Value> {
    if param(uri, "$expand").is_none_or(|names| !names.contains("roleDefinition")) {
        for one in all.iter_mut().filter_map(Value::as_object_mut) {
            one.remove("roleDefinition");
        }
    }
    all
}

async fn assignments(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = unexpanded(&uri, open(&tenant).assignments());
    collection(&headers, &uri, "roleManagement/directory/roleAssignments", &[], all)
}

async fn assignment(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(&unexpanded(&uri, open(&tenant).assignments()), &uri, &id)
}

async fn assign(State(tenant): Shared, Json(body): Json<Value>) -> Response {
    let said = |name: &str| body[name].as_str().unwrap_or_default();
    match open(&tenant).assign(said("principalId"), said("roleDefinitionId"), false) {
        Ok(mut given) => {
            given.as_object_mut().map(|fields| fields.remove("roleDefinition"));
            reply(201, &given)
        }
        Err(_) => refuse(400, "Request_BadRequest", "The role definition is not known."),
    }
}

async fn delete_assignment(State(tenant): Shared, Path(id): Path<String>) -> Response {
    done(open(&tenant).drop_assignment(&id), &id)
}

async fn eligible(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = unexpanded(&uri, open(&tenant).eligible());
    collection(&headers, &uri, "roleManagement/directory/roleEligibilityScheduleInstances", &[], all)
}

async fn request_eligibility(State(tenant): Shared, Json(body): Json<Value>) -> Response {
    let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (principal, role) = (said("principalId"), said("roleDefinitionId"));
    let (outcome, status) = match body["action"].as_str() {
        Some("adminRemove") => (open(&tenant).drop_eligible(&principal, &role), "Revoked"),
        Some("adminAssign") => (open(&tenant).assign(&principal, &role, true).map(|_| ()), "Provisioned"),
        _ => return refuse(400, "BadRequest", "only adminRemove and adminAssign can be asked for here"),
    };
    match outcome {
        Ok(()) => reply(
            201,
            &json!({
                "id": format!("request-{}", planted::number_of(&format!("{principal}{role}"))),
                "action": body["action"],
                "status": status,
                "principalId": principal,
                "roleDefinitionId": role,
                "directoryScopeId": "/",
                "createdDateTime": now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "justification": body["justification"],
            }),
        ),
        Err(_) => refuse(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."),
    }
}

async fn grants(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).grants();
    collection(&headers, &uri, "oauth2PermissionGrants", &[], all)
}

async fn grant(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(&open(&tenant).grants(), &uri, &id)
}

async fn delete_grant(State(tenant): Shared, Path(id): Path<String>) -> Response {
    done(open(&tenant).drop_grant(&id), &id)
}

async fn apps(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).apps();
    collection(&headers, &uri, "servicePrincipals", &[], all)
}

async fn applications(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).applications();
    collection(&headers, &uri, "applications", &[], all)
}

async fn app(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(&open(&tenant).apps(), &uri, &id)
}

async fn application(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(&open(&tenant).applications(), &uri, &id)
}

async fn remove_password(State(tenant): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(key) = body["keyId"].as_str() else {
        return refuse(400, "Request_BadRequest", "keyId is missing");
    };
    match open(&tenant).drop_secret(&id, key) {
        // The vendor says so, rather than 404, when the application is there and the key isn't.
        Err(Refused::Missing) => refuse(400, "Request_BadRequest", &format!("No password credential found with keyId '{key}'.")),
        outcome => done(outcome, &id),
    }
}
