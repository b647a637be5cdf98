//! Vault: matters, the holds that keep data from being deleted, and exports.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Google;
use super::call::{Answer, Call, Refusal, Right, listing, object};
use super::state::{JOB_TIME, State, hash, small_letters};

const CORPORA: [&str; 8] = ["DRIVE", "MAIL", "GROUPS", "HANGOUTS_CHAT", "VOICE", "CALENDAR", "GEMINI", "GEMINI_IN_WORKSPACE"];

/// A matter with all that belongs to it.
pub(super) struct Matter {
    name: String,
    description: String,
    owner: String,
    holds: BTreeMap<String, Value>,
    exports: BTreeMap<String, Export>,
}

struct Export {
    body: Value,
    due: Instant,
}

impl Matter {
    /// A matter that legal opened ahead of any departure.
    pub(super) fn standing(owner: &str) -> Self {
        let (name, description) = ("Departures 2026".to_owned(), "Holds on the mail and files of people who leave".to_owned());
        Self { name, description, owner: owner.to_owned(), holds: BTreeMap::new(), exports: BTreeMap::new() }
    }

    /// Completes the exports that are due.
    pub(super) fn settle(&mut self, now: Instant) {
        for export in self.exports.values_mut() {
            if export.due <= now && export.body["status"] == "IN_PROGRESS" {
                complete(&mut export.body);
            }
        }
    }
}

pub(super) fn routes() -> Router<Arc<Google>> {
    Router::new()
        .route("/v1/matters", get(matters).post(create_matter))
        .route("/v1/matters/{matter}", get(matter))
        .route("/v1/matters/{matter}/holds", get(holds).post(create_hold))
        .route("/v1/matters/{matter}/holds/{hold}", get(hold))
        .route("/v1/matters/{matter}/exports", get(exports).post(create_export))
        .route("/v1/matters/{matter}/exports/{export}", get(export))
}

fn gone() -> Refusal {
    Refusal::not_found("Requested entity was not found.")
}

fn find<'a>(state: &'a State, id: &str) -> Result<&'a Matter, Refusal> {
    state.matters.get(id).ok_or_else(gone)
}

fn matter_body(call: &Call, id: &str, matter: &Matter) -> Value {
    let mut body = json!({"matterId": id, "name": matter.name, "description": matter.description, "state": "OPEN"});
    if call.query("view") == Some("FULL") {
        body["matterPermissions"] = json!([{"accountId": matter.owner, "role": "OWNER"}]);
    }
    body
}

async fn matters(call: Call) -> Answer {
    let state = call.admin(Right::Read)?;
    let all = state
        .matters
        .iter()
        .filter(|_| call.query("state").is_none_or(|wanted| wanted == "OPEN"))
        .map(|(id, matter)| (id.clone(), matter_body(&call, id, matter)))
        .collect();
    let (page, next) = call.page("pageSize", 100, 100, all)?;
    call.reply(listing(None, "matters", page, next))
}

async fn create_matter(call: Call, bytes: Bytes) -> Answer {
    drop(call.admin(Right::Write)?);
    let (mut state, owner) = call.admit(Right::Write)?;
    let wanted = object(&bytes)?;
    let name = required(&wanted, "name")?;
    let serial = state.next();
    let matter = Matter {
        name,
        description: wanted["description"].as_str().unwrap_or_default().to_owned(),
        owner,
        holds: BTreeMap::new(),
        exports: BTreeMap::new(),
    };
    let id = format!(
        "{}-{}-{}",
        small_letters(&format!("matter{serial}a"), 8),
        small_letters(&format!("matter{serial}b"), 4),
        small_letters(&format!("matter{serial}c"), 12)
    );
    let answer = matter_body(&call, &id, &matter);
    state.matters.insert(id, matter);
    call.reply(answer)
}

fn required(wanted: &Value, name: &str) -> Result<String, Refusal> {
    wanted[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| Refusal::invalid(format!("Request contains an invalid argument: {name}")))
}

async fn matter(call: Call, Path(id): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.reply(matter_body(&call, &id, find(&state, &id)?))
}

async fn holds(call: Call, Path(id): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let all = find(&state, &id)?.holds.iter().map(|(id, hold)| (id.clone(), hold.clone())).collect();
    let (page, next) = call.page("pageSize", 100, 100, all)?;
    call.reply(listing(None, "holds", page, next))
}

async fn create_hold(call: Call, Path(id): Path<String>, bytes: Bytes) -> Answer {
    let mut state = call.admin(Right::Write)?;
    find(&state, &id)?;
    let wanted = object(&bytes)?;
    let name = required(&wanted, "name")?;
    let corpus = required(&wanted, "corpus")?;
    if !CORPORA.contains(&corpus.as_str()) {
        return Err(Refusal::invalid(format!("Invalid value for corpus: {corpus}")));
    }
    let now = state.now();
    let accounts = wanted["accounts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|account| {
            let key = account["email"].as_str().or(account["accountId"].as_str()).unwrap_or_default();
            let user = state.find(key).ok_or_else(gone)?;
            Ok(json!({
                "accountId": user.id,
                "email": user.email,
                "firstName": user.given,
                "lastName": user.family,
                "holdTime": now,
            }))
        })
        .collect::<Result<Vec<Value>, Refusal>>()?;
    if accounts.is_empty() {
        return Err(Refusal::invalid("A hold needs accounts or an organizational unit."));
    }
    let mut hold = json!({"name": name, "corpus": corpus, "accounts": accounts, "updateTime": now});
    if wanted["query"].is_object() {
        hold["query"] = wanted["query"].clone();
    }
    let serial = state.next();
    let hold_id = small_letters(&format!("hold{serial}"), 19);
    hold["holdId"] = json!(hold_id);
    let matter = state.matters.get_mut(&id).ok_or_else(gone)?;
    matter.holds.insert(hold_id, hold.clone());
    call.reply(hold)
}

async fn hold(call: Call, Path((id, hold)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    let hold = find(&state, &id)?.holds.get(&hold).ok_or_else(gone)?;
    call.reply(hold.clone())
}

async fn exports(call: Call, Path(id): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let all = find(&state, &id)?.exports.iter().map(|(id, export)| (id.clone(), export.body.clone())).collect();
    let (page, next) = call.page("pageSize", 100, 100, all)?;
    call.reply(listing(None, "exports", page, next))
}

async fn create_export(call: Call, Path(id): Path<String>, bytes: Bytes) -> Answer {
    drop(call.admin(Right::Write)?);
    let (mut state, requester) = call.admit(Right::Write)?;
    find(&state, &id)?;
    let wanted = object(&bytes)?;
    let name = required(&wanted, "name")?;
    let query = &wanted["query"];
    if !query["corpus"].as_str().is_some_and(|corpus| CORPORA.contains(&corpus)) {
        return Err(Refusal::invalid("Invalid value for query.corpus"));
    }
    let requester = state.user(&requester)?;
    let requester = json!({"email": requester.email, "displayName": requester.full_name()});
    let serial = state.next();
    let export_id = format!("exportly-{}", small_letters(&format!("export{serial}"), 24));
    let mut body = json!({
        "id": export_id,
        "matterId": id,
        "name": name,
        "requester": requester,
        "query": query,
        "createTime": state.now(),
        "status": "IN_PROGRESS",
        "stats": {"exportedArtifactCount": "0", "totalArtifactCount": "1", "sizeInBytes": "0"},
    });
    if wanted["exportOptions"].is_object() {
        body["exportOptions"] = wanted["exportOptions"].clone();
    }
    let export = Export { body: body.clone(), due: Instant::now() + JOB_TIME };
    let matter = state.matters.get_mut(&id).ok_or_else(gone)?;
    matter.exports.insert(export_id, export);
    call.reply(body)
}

fn complete(body: &mut Value) {
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let name = body["name"].as_str().unwrap_or_default();
    let size = 4096 + hash(&id) % 900_000;
    let file = json!({
        "bucketName": "b0a6d5e4-vault-export",
        "objectName": format!("{id}/{name}-metadata.xml"),
        "size": size.to_string(),
        "md5Hash": format!("{:016x}{:016x}", hash(&id), hash(name)),
    });
    body["cloudStorageSink"] = json!({"files": [file]});
    body["stats"] = json!({"exportedArtifactCount": "1", "totalArtifactCount": "1", "sizeInBytes": size.to_string()});
    body["status"] = json!("COMPLETED");
}

async fn export(call: Call, Path((id, export)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    let export = find(&state, &id)?.exports.get(&export).ok_or_else(gone)?;
    call.reply(export.body.clone())
}
