//! Who changed since a link was given: Graph's delta query of users (https://learn.microsoft.com/en-us/graph/api/user-delta).

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::vendor::{now, origin, param, reply};
use super::query::{USER_DEFAULTS, picked};
use super::{Shared, open, refuse};

/// The vendor sizes pages of changes itself, and makes them smaller for `Prefer: odata.maxpagesize`.
const PAGE: usize = 200;

/// Links of identity resources live so long
/// (https://devblogs.microsoft.com/microsoft365dev/duration-of-change-tracking-tokens-for-identity-and-education-resources/).
const LIFE_SECS: i64 = 7 * 24 * 3600;

/// "`$expand`, `$top` and `$orderby` are not supported"; a filter by ids is, which nobody needs here.
const UNSUPPORTED: &[&str] = &["$top", "$expand", "$orderby", "$filter", "$search"];

/// Where a round goes on. "State tokens also encode and include other query parameters" of the first call
/// (https://learn.microsoft.com/en-us/graph/delta-query-overview).
struct Token {
    after: u64,
    /// When the last round began: a link dies by its age.
    given: i64,
    /// Of the first round, which names nobody who was deleted before it.
    first: bool,
    select: Option<String>,
}

impl Token {
    fn write(&self) -> String {
        let select = self.select.as_deref().unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{}|{}|{}|{select}", self.after, self.given, u8::from(self.first)))
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(4, '|');
        Some(Self {
            after: parts.next()?.parse().ok()?,
            given: parts.next()?.parse().ok()?,
            first: parts.next()? == "1",
            select: parts.next().filter(|select| !select.is_empty()).map(str::to_owned),
        })
    }
}

/// Everybody at first, then who changed in what was selected: all of that, changed or not, without what was never set. Of somebody deleted only
/// the id, and `changed`, for they can be restored. The vendor also has `Prefer: return=minimal`, with which it shows what changed only.
pub(super) async fn users(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    if let Some(name) = UNSUPPORTED.iter().find(|name| param(&uri, name).is_some()) {
        return refuse(400, "Request_UnsupportedQuery", &format!("{name} is not supported with delta queries."));
    }
    // An empty token is none: so begins the link with which the vendor asks for a new start.
    let either = |one: &str, other: &str| param(&uri, one).or_else(|| param(&uri, other)).filter(|token| !token.is_empty());
    let (delta, skip) = (either("$deltatoken", "$deltaToken"), either("$skiptoken", "$skipToken"));
    let fresh = now().as_second();
    let start = || Token { after: 0, given: fresh, first: true, select: param(&uri, "$select") };
    // "Sync from now" has a name of its own for a token.
    let latest = delta.as_deref() == Some("latest");
    let token = match (&delta, &skip) {
        (Some(_), _) if latest => Some(start()),
        (Some(token), _) => Token::read(token).map(|token| Token { first: false, ..token }),
        (None, Some(token)) => Token::read(token),
        (None, None) => Some(start()),
    };
    let mut tenant = open(&tenant);
    let all = tenant.users();
    let looked = token.filter(|token| fresh - token.given <= LIFE_SECS).map(|token| {
        let kept = |user: &Value| shown(token.select.as_deref(), user);
        let shown = all.iter().map(|user| (user["id"].as_str().unwrap_or_default().to_owned(), kept(user)));
        let changes = tenant.changes.entry(token.select.clone().unwrap_or_default()).or_default();
        let end = changes.look(shown);
        (token, changes, end)
    });
    let Some((mut token, changes, end)) = looked.filter(|(token, _, end)| token.after <= *end) else {
        return refuse(
            400,
            "syncStateNotFound",
            "The sync state generation is not found. The delta token is expired and data must be synchronized again.",
        );
    };
    if latest {
        token.after = end;
    }
    let (part, more) = changes.since(token.after, page_size(&headers));
    let last = part.last().map_or(token.after, |change| change.number);
    let value: Vec<Value> = part
        .into_iter()
        .filter_map(|change| match change.shows {
            Some(user) => Some(user.clone()),
            None if token.first => None,
            None => Some(json!({ "id": change.key, "@removed": { "reason": "changed" } })),
        })
        .collect();
    let here = format!("{}{}", origin(&headers), uri.path());
    let mut body = json!({ "@odata.context": format!("{}/v1.0/$metadata#users", origin(&headers)), "value": value });
    if more {
        body["@odata.nextLink"] = format!("{here}?$skiptoken={}", Token { after: last, ..token }.write()).into();
    } else {
        body["@odata.deltaLink"] =
            format!("{here}?$deltatoken={}", Token { after: end, given: fresh, first: false, ..token }.write()).into();
    }
    reply(200, &body)
}

fn page_size(headers: &HeaderMap) -> usize {
    let wanted = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let size = wanted.filter_map(|one| one.trim().strip_prefix("odata.maxpagesize=")?.parse().ok()).find(|size| *size > 0);
    size.map_or(PAGE, |size: usize| size.min(PAGE))
}

/// What is tracked of a user: whatever was selected and has been set. Sign-in activity stands outside the directory's own store, and nothing of
/// that kind is tracked.
fn shown(select: Option<&str>, user: &Value) -> Value {
    let mut shown = picked(select, USER_DEFAULTS, user);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("signInActivity");
        fields.retain(|_, value| !value.is_null());
    }
    shown
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::{as_, up};
    use super::*;

    const CFO: &str = "/v1.0/users/30000000-0000-4000-8000-000000001002";
    const GROUPLESS: &str = "/v1.0/users/30000000-0000-4000-8000-000000001004";

    /// Follows a round from here to its end: what it said, and the link to the next round.
    async fn round(url: &str, probe: &crate::demo::probe::Probe, path: &str) -> (Vec<Value>, String) {
        let (mut path, mut seen) = (path.to_owned(), Vec::new());
        loop {
            let body = probe.get(&path).await.body;
            seen.extend(body["value"].as_array().unwrap().clone());
            let local = |name: &str| body[name].as_str().map(|link| link.strip_prefix(url).unwrap().to_owned());
            match local("@odata.nextLink") {
                Some(next) => path = next,
                None => return (seen, local("@odata.deltaLink").unwrap()),
            }
        }
    }

    #[tokio::test]
    async fn changes_are_told_from_a_link_that_the_last_one_gave() {
        let entra = up().await;
        let probe = as_(&entra, "revoke-entra-id").await;
        let (seen, mark) = round(&entra.url, &probe, "/v1.0/users/delta()?$select=accountEnabled,mobilePhone,employeeId").await;
        assert!(seen.len() > 400, "{}", seen.len());
        assert!(seen.iter().any(|user| user.get("employeeId").is_none()) && seen.iter().all(|user| !user["id"].is_null()));
        assert_eq!(round(&entra.url, &probe, &mark).await.0, Vec::<Value>::new());
        let (_, phones) = round(&entra.url, &probe, "/v1.0/users/delta?$select=mobilePhone").await;
        assert_eq!(probe.call("PATCH", CFO, Some(json!({ "accountEnabled": false }))).await.status, 204);
        let (changed, mark) = round(&entra.url, &probe, &mark).await;
        assert_eq!((changed.len(), &changed[0]["accountEnabled"], &changed[0]["employeeId"]), (1, &json!(false), &json!("E1002")));
        assert!(changed[0]["mobilePhone"].is_string(), "all that was selected, changed or not: {changed:?}");
        assert_eq!(round(&entra.url, &probe, &phones).await.0, Vec::<Value>::new(), "nothing that this link tracks has changed");
        let (none, latest) = round(&entra.url, &probe, "/v1.0/users/delta?$select=accountEnabled&$deltatoken=latest").await;
        assert_eq!(none, Vec::<Value>::new());
        assert_eq!(probe.call("DELETE", CFO, None).await.status, 204);
        let gone = json!({ "id": CFO.trim_start_matches("/v1.0/users/"), "@removed": { "reason": "changed" } });
        for mark in [mark, latest, phones] {
            assert_eq!(round(&entra.url, &probe, &mark).await.0, std::slice::from_ref(&gone));
        }
        let (anew, _) = round(&entra.url, &probe, "/v1.0/users/delta?$select=accountEnabled,mobilePhone,employeeId").await;
        assert!(anew.len() == seen.len() - 1 && !anew.contains(&gone), "who was deleted before the first call isn't named");
    }

    #[tokio::test]
    async fn who_changes_between_two_pages_is_named_again_and_nobody_is_left_out() {
        let entra = up().await;
        let probe = as_(&entra, "revoke-entra-id").await;
        let first = probe.get("/v1.0/users/delta?$select=accountEnabled").await.body;
        let next = first["@odata.nextLink"].as_str().unwrap().strip_prefix(&entra.url).unwrap();
        let early = first["value"].as_array().unwrap();
        let named = |users: &[Value]| users.iter().filter(|user| GROUPLESS.ends_with(user["id"].as_str().unwrap())).count();
        assert_eq!(named(early), 1);
        assert_eq!(probe.call("PATCH", GROUPLESS, Some(json!({ "accountEnabled": false }))).await.status, 204);
        let (late, _) = round(&entra.url, &probe, next).await;
        assert_eq!(named(&late), 1);
        let all = round(&entra.url, &probe, "/v1.0/users/delta?$select=accountEnabled").await.0.len();
        assert_eq!(early.len() + late.len(), all + 1);
    }

    #[tokio::test]
    async fn a_link_lives_seven_days_and_some_parameters_are_refused() {
        let entra = up().await;
        let probe = as_(&entra, "read-entra-id").await;
        round(&entra.url, &probe, "/v1.0/users/delta").await;
        let given =
            |days: i64, after: u64| Token { after, given: now().as_second() - days * 24 * 3600, first: false, select: None }.write();
        assert_eq!(probe.get(&format!("/v1.0/users/delta?$deltatoken={}", given(6, 9))).await.status, 200);
        for token in [given(8, 9), given(1, 9_999_999), "of-last-month".to_owned()] {
            let forgotten = probe.get(&format!("/v1.0/users/delta?$deltatoken={token}")).await;
            assert_eq!((forgotten.status, &forgotten.body["error"]["code"]), (400, &json!("syncStateNotFound")));
        }
        let small = as_(&entra, "read-entra-id").await.with("prefer", "odata.maxpagesize=3");
        assert_eq!(small.get("/v1.0/users/delta").await.body["value"].as_array().unwrap().len(), 3);
        let refused = probe.get("/v1.0/users/delta?$top=5").await;
        assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!("Request_UnsupportedQuery")));
    }
}
