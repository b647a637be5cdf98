//! GitHub, simulated: one organisation of an enterprise with SSO, its members, teams, repositories and credentials.

mod credentials;
mod fixture;
mod organization;
mod render;
mod repositories;
mod state;
#[cfg(test)]
mod tests;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get};
use serde_json::{Value, json};

use self::state::State as Held;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, link, page, reply, same_with};

/// The account behind both of our tokens.
const OURSELVES: &str = "exeunt-bot";

type Shared = State<Arc<Mutex<Held>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "github",
    start,
    millis: 20,
    rate: RateLimit::of(5000, 3600, RateStyle::GitHub),
    secret: Secret::Token,
    signs_in_through: Some("GitHub"),
    settings: |url| format!("url = \"{url}\"\norg = \"northmoor\"\nenterprise = \"northmoor\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let held = Arc::new(Mutex::new(Held::new(company)?));
    Ok(Simulated::over(held.clone(), router(held), Held::left))
}

/// The vendor's API, at the root.
fn router(held: Arc<Mutex<Held>>) -> Router {
    Router::new()
        .route("/user", get(users::ourselves))
        .route("/users/{login}", get(users::one))
        .route("/users/{login}/keys", get(users::keys))
        .route("/enterprises/{enterprise}/consumed-licenses", get(users::seats))
        .route("/scim/v2/organizations/{org}/Users", get(users::identities))
        .merge(of_the_organization())
        .merge(of_repositories())
        .fallback(|| async { not_found() })
        .layer(middleware::from_fn(guard))
        .with_state(held)
}

fn of_the_organization() -> Router<Arc<Mutex<Held>>> {
    use credentials as c;
    use organization as o;
    let membership = get(o::membership).delete(o::remove_membership);
    let member = get(o::is_member).delete(o::remove_membership);
    let in_team = get(o::team_membership).delete(o::remove_from_team);
    let tokens = get(c::tokens).post(c::revoke_tokens);
    Router::new()
        .route("/orgs/{org}", get(o::organization))
        .route("/orgs/{org}/members", get(o::members))
        .route("/orgs/{org}/members/{login}", member)
        .route("/orgs/{org}/memberships/{login}", membership)
        .route("/orgs/{org}/invitations", get(o::invitations))
        .route("/orgs/{org}/invitations/{id}", delete(o::cancel_invitation))
        .route("/orgs/{org}/outside_collaborators", get(o::outside))
        .route("/orgs/{org}/outside_collaborators/{login}", delete(o::remove_outside))
        .route("/orgs/{org}/teams", get(o::teams))
        .route("/orgs/{org}/teams/{slug}/members", get(o::team_members))
        .route("/orgs/{org}/teams/{slug}/memberships/{login}", in_team)
        .route("/orgs/{org}/teams/{slug}/repos", get(o::team_repositories))
        .route("/orgs/{org}/credential-authorizations", get(c::authorizations))
        .route("/orgs/{org}/credential-authorizations/{login}", delete(c::remove_authorization))
        .route("/orgs/{org}/credential-authorizations/{login}/revoke", axum::routing::post(c::revoke_authorizations))
        .route("/orgs/{org}/personal-access-tokens", tokens)
        .route("/orgs/{org}/personal-access-tokens/{id}", axum::routing::post(c::revoke_token))
        .route("/orgs/{org}/personal-access-tokens/{id}/repositories", get(c::token_repositories))
        .route("/orgs/{org}/personal-access-token-requests", get(c::requests))
        .route("/orgs/{org}/hooks", get(c::hooks))
        .route("/orgs/{org}/hooks/{id}", delete(c::remove_hook))
        .layer(middleware::from_fn(our_organization))
}

fn of_repositories() -> Router<Arc<Mutex<Held>>> {
    use repositories as r;
    Router::new()
        .route("/orgs/{org}/repos", get(r::all))
        .route("/repos/{org}/{repo}/collaborators", get(r::collaborators))
        .route("/repos/{org}/{repo}/collaborators/{login}", delete(r::remove_collaborator))
        .route("/repos/{org}/{repo}/keys", get(r::keys))
        .route("/repos/{org}/{repo}/keys/{id}", get(r::key).delete(r::remove_key))
        .layer(middleware::from_fn(our_organization))
}

async fn guard(request: Request, next: Next) -> Response {
    let access = Access::of(request.headers(), "github");
    let mut response = match access.may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "Bad credentials"),
        Err(status) => refuse(status.as_u16(), "Resource not accessible by personal access token"),
    };
    response.headers_mut().insert(HeaderName::from_static("x-github-media-type"), HeaderValue::from_static("github.v3; format=json"));
    response
}

/// Another organisation's affairs don't exist for us.
async fn our_organization(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let named = path.split('/').nth(2).unwrap_or_default();
    if named.eq_ignore_ascii_case("northmoor") { next.run(request).await } else { not_found() }
}

fn open(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, message: &str) -> Response {
    reply(
        status,
        &json!({
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": status.to_string(),
        }),
    )
}

fn not_found() -> Response {
    refuse(404, "Not Found")
}

/// One page of a list, with links to the others in the header `Link`.
fn listed(headers: &HeaderMap, uri: &Uri, items: &[Value]) -> Response {
    let (number, size) = (count_param(uri, "page", 1, usize::MAX), per_page(uri));
    let (shown, _) = page(items, (number - 1).saturating_mul(size), size);
    let mut response = reply(200, &Value::from(shown));
    link_pages(&mut response, headers, uri, items.len());
    response
}

fn per_page(uri: &Uri) -> usize {
    count_param(uri, "per_page", 30, 100)
}

fn link_pages(response: &mut Response, headers: &HeaderMap, uri: &Uri, total: usize) {
    let number = count_param(uri, "page", 1, usize::MAX);
    let last = total.div_ceil(per_page(uri)).max(1);
    let mut to = |page: usize, rel| {
        link(response, &same_with(headers, uri, "page", &page.to_string()), rel);
    };
    if number > 1 {
        to((number - 1).min(last), "prev");
        to(1, "first");
    }
    if number < last {
        to(number + 1, "next");
        to(last, "last");
    }
}
