//! A company whose app holds whatever users a test gives it: fields that nobody reads, and names that would be more than names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::run::Ran;
use crate::small;

/// Of how many users a page of the app's list is.
const PAGE: usize = 100;

#[derive(Default)]
struct App {
    users: BTreeMap<String, Value>,
    posted: Vec<Value>,
}

/// The company: its folder with settings, and its app.
pub struct Hostile {
    folder: tempfile::TempDir,
    app: Arc<Mutex<App>>,
    _runtime: tokio::runtime::Runtime,
}

impl Hostile {
    /// HR knows one executive, `E1`, by this name and the address una@acme.example; the app has these users. `more` is added to the settings;
    /// `{port}` in it is the app's, which also takes whatever is posted.
    pub fn up(first_name: &str, users: Vec<Value>, more: &str) -> Self {
        let users = users.into_iter().map(|user| (user["id"].as_str().unwrap().to_owned(), user)).collect();
        let app = Arc::new(Mutex::new(App { users, posted: Vec::new() }));
        let (runtime, port) = small::serve(axum::Router::new().fallback(answer).with_state(app.clone()));
        let folder = small::acme(port, &more.replace("{port}", &port.to_string()));
        small::people(folder.path(), &format!("\"{first_name}\""), "Active", "");
        Self { folder, app, _runtime: runtime }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// What was posted to the app.
    pub fn posted(&self) -> Vec<Value> {
        self.app.lock().unwrap().posted.clone()
    }

    /// Runs the command, to its end.
    pub fn exeunt(&self, args: &[&str]) -> Ran {
        crate::run::run_in(self.folder(), args)
    }
}

async fn answer(State(app): State<Arc<Mutex<App>>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let App { users, posted } = &mut *app.lock().unwrap();
    if method == Method::POST {
        posted.push(serde_json::from_slice(&body).unwrap());
        return StatusCode::NO_CONTENT.into_response();
    }
    let path = uri.path();
    if path.ends_with("/Users") || path.ends_with("/Groups") {
        let all: Vec<&Value> = if path.ends_with("/Users") { users.values().collect() } else { Vec::new() };
        let query = uri.query().unwrap_or_default();
        let start = query.split('&').find_map(|pair| pair.strip_prefix("startIndex=")?.parse::<usize>().ok()).unwrap_or(1).max(1);
        let page: Vec<&&Value> = all.iter().skip(start - 1).take(PAGE).collect();
        return axum::Json(json!({ "totalResults": all.len(), "itemsPerPage": page.len(), "startIndex": start, "Resources": page }))
            .into_response();
    }
    let Some(user) = users.get_mut(path.rsplit('/').next().unwrap_or_default()) else {
        return (StatusCode::NOT_FOUND, axum::Json(json!({ "status": "404" }))).into_response();
    };
    if method == Method::PATCH {
        let wanted: Value = serde_json::from_slice(&body).unwrap();
        user["active"] = wanted["Operations"][0]["value"].clone();
    }
    axum::Json(&*user).into_response()
}
