//! A company of one executive and one app that speaks SCIM, with what the app's server does next at the test's command.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::run::{Ran, command};

/// What the server answers next, instead of the truth.
#[derive(Clone)]
pub struct Says {
    /// To calls of this method.
    pub method: &'static str,
    /// Whose path and query hold this.
    pub path: &'static str,
    /// So many times.
    pub times: usize,
    /// With this status; [`NEVER`]: not at all.
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
}

/// In the place of a status: no answer, however long anybody waits.
#[allow(dead_code)] // Not every test binary waits in vain.
pub const NEVER: u16 = 0;

#[derive(Default)]
struct Inner {
    /// Id, login, whether it is active.
    users: Vec<(String, String, bool)>,
    says: Vec<Says>,
    /// Accounts that were wiped, and how long that takes.
    wiped: Vec<String>,
    wipe_takes: std::time::Duration,
    calls: Vec<String>,
}

/// Serves an app on loopback, for as long as the runtime lives, at this port.
pub fn serve(app: axum::Router) -> (tokio::runtime::Runtime, u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move { axum::serve(listener, app).await });
    (runtime, port)
}

/// A folder with the settings of a company whose HR is a file, and whose app speaks SCIM at this port. `more` is added to the settings.
pub fn acme(port: u16, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[company]\nname = \"Acme\"\ndomains = [\"acme.example\"]\n[people]\nexecutive = \"person.title | matches('chief')\"\n\
         [systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n\
         [systems.app]\nscanner = \"scim\"\nread = \"file:token\"\nrevoke = \"file:token\"\nown_account = \"none\"\nurl = \"http://127.0.0.1:{port}/scim/v2\"\n{more}"
    );
    std::fs::write(folder.path().join("exeunt.toml"), settings).unwrap();
    std::fs::write(folder.path().join("token"), "a-long-token").unwrap();
    folder
}

/// Writes HR's file: its one executive, E1, by this first name as CSV writes it, and what HR says of them.
pub fn people(folder: &Path, first_name: &str, status: &str, last_day: &str) {
    let head = "employee_number,first_name,last_name,work_email,other_emails,private_email,phones,title,department,manager,status,start_date,last_day";
    let row = format!("E1,{first_name},Fjord,una@acme.example,,,,Chief Financial Officer,Finance,,{status},2019-02-01,{last_day}");
    // Bo stays, so that a last day is nothing that everybody has.
    let bo = "E2,Bo,Holm,bo@acme.example,,,,Accountant,Finance,,Active,2021-05-01,";
    std::fs::write(folder.join("people.csv"), format!("{head}\n{row}\n{bo}\n")).unwrap();
}

/// The company: its folder with settings, and its app.
pub struct Small {
    folder: tempfile::TempDir,
    app: Arc<Mutex<Inner>>,
    _runtime: tokio::runtime::Runtime,
}

impl Small {
    /// Una, who is the CFO and has the account u1 in the app. `more` is added to the settings.
    pub fn up(more: &str) -> Self {
        let app = Arc::new(Mutex::new(Inner::default()));
        app.lock().unwrap().users =
            [("u1", "una"), ("u2", "bo"), ("u3", "cleo")].map(|(id, name)| (id.to_owned(), format!("{name}@acme.example"), true)).to_vec();
        let (runtime, port) = serve(axum::Router::new().fallback(answer).with_state(app.clone()));
        let serves = "[serve]\nlisten = \"127.0.0.1:0\"\npoll = \"\"\nschedule = \"*/2 * * * * *\"\n";
        let small = Self { folder: acme(port, &format!("{serves}{more}")), app, _runtime: runtime };
        small.hr("Active", "");
        small
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What HR says of Una.
    pub fn hr(&self, status: &str, last_day: &str) {
        people(self.folder(), "Una", status, last_day);
    }

    /// So many people more, from E11 and p11 on, each with an account in the app: for departures at the same moment.
    #[allow(dead_code)]
    pub fn crowd(&self, people: usize) {
        let path = self.folder().join("people.csv");
        let mut rows = std::fs::read_to_string(&path).unwrap();
        let mut app = self.app.lock().unwrap();
        for number in 11..11 + people {
            rows.push_str(&format!("E{number},P{number},Quist{number},p{number}@acme.example,,,,Clerk,Finance,,Active,2019-02-01,\n"));
            app.users.push((format!("u{number}"), format!("p{number}@acme.example"), true));
        }
        std::fs::write(path, rows).unwrap();
    }

    /// How many of that crowd are switched off in the app.
    #[allow(dead_code)]
    pub fn crowd_off(&self) -> usize {
        self.app.lock().unwrap().users.iter().filter(|(id, _, on)| id.len() > 2 && !on).count()
    }

    /// HR's export lacks Una's row from now on.
    pub fn hr_drops_her(&self) {
        let path = self.folder().join("people.csv");
        let rows: Vec<String> =
            std::fs::read_to_string(&path).unwrap().lines().filter(|row| !row.starts_with("E1,")).map(|row| format!("{row}\n")).collect();
        std::fs::write(path, rows.concat()).unwrap();
    }

    /// Replaces a part of the settings.
    pub fn settings(&self, from: &str, to: &str) {
        let path = self.folder().join("exeunt.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// From now on the app answers so.
    pub fn says(&self, says: Says) {
        self.app.lock().unwrap().says.push(says);
    }

    /// From now on the app answers with the truth again.
    #[allow(dead_code)]
    pub fn says_the_truth(&self) {
        self.app.lock().unwrap().says.clear();
    }

    /// Somebody at the app switches an account on or off.
    pub fn switch(&self, id: &str, on: bool) {
        self.app.lock().unwrap().users.iter_mut().filter(|user| user.0 == id).for_each(|user| user.2 = on);
    }

    /// How long the app takes to wipe an account: `POST /Users/ID/wipe`.
    #[allow(dead_code)]
    pub fn wipe_takes(&self, so_long: std::time::Duration) {
        self.app.lock().unwrap().wipe_takes = so_long;
    }

    /// Somebody at the app gives an account another login.
    #[allow(dead_code)] // Not every test binary renames.
    pub fn renamed(&self, id: &str, login: &str) {
        self.app.lock().unwrap().users.iter_mut().filter(|user| user.0 == id).for_each(|user| user.1 = login.to_owned());
    }

    /// Replaces a part of HR's export.
    #[allow(dead_code)]
    pub fn hr_says(&self, from: &str, to: &str) {
        let path = self.folder().join("people.csv");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Whether the account is active in the app.
    pub fn is_on(&self, id: &str) -> bool {
        self.app.lock().unwrap().users.iter().any(|user| user.0 == id && user.2)
    }

    /// How often this was called.
    pub fn calls(&self, what: &str) -> usize {
        self.app.lock().unwrap().calls.iter().filter(|call| call.contains(what)).count()
    }

    /// Runs the command, to its end.
    pub fn exeunt(&self, args: &[&str]) -> Ran {
        crate::run::run_in(self.folder(), args)
    }

    /// Runs the command until the app gets this call, and kills it then as a power cut would. The app must not answer the call, or the command
    /// may end before it is killed.
    #[track_caller]
    #[allow(dead_code)]
    pub fn killed_at(&self, call: &str, args: &[&str]) {
        let before = self.calls(call);
        let null = std::process::Stdio::null;
        let mut child = command(self.folder()).args(args).stdout(null()).stderr(null()).spawn().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.calls(call) == before && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(self.calls(call) > before && ended.is_none(), "{call} was not asked for, or not waited for: {ended:?}");
    }

    /// Serves until `done`, for half a minute at most; what it said.
    #[track_caller]
    pub fn serve_until(&self, what: &str, done: impl Fn() -> bool) {
        let mut child = command(self.folder()).arg("serve").stdout(std::process::Stdio::null()).spawn().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let mut reached = false;
        while !reached && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(100));
            reached = done();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(reached, "not within half a minute: {what}");
    }
}

async fn answer(State(app): State<Arc<Mutex<Inner>>>, method: Method, uri: Uri, body: Bytes) -> Response {
    if let Some(id) = uri.path().strip_prefix("/scim/v2/Users/").and_then(|rest| rest.strip_suffix("/wipe")).map(str::to_owned) {
        return wipe(app, id, format!("{method} {uri}")).await;
    }
    let call = format!("{method} {uri}");
    let told = {
        let mut app = app.lock().unwrap();
        app.calls.push(call.clone());
        let told = app.says.iter_mut().find(|says| says.times > 0 && says.method == method.as_str() && call.contains(says.path));
        told.map(|says| {
            says.times -= 1;
            says.clone()
        })
    };
    if let Some(says) = told {
        if says.status == NEVER {
            std::future::pending::<()>().await;
        }
        let mut response = (StatusCode::from_u16(says.status).unwrap(), axum::Json(json!({ "detail": "told to" }))).into_response();
        for (name, value) in &says.headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        return response;
    }
    let mut app = app.lock().unwrap();
    let wiped = app.wiped.clone();
    let view =
        |(id, name, active): &(String, String, bool)| json!({ "id": id, "userName": name, "active": active, "wiped": wiped.contains(id) });
    let path = uri.path();
    if path == "/scim/v2/Users" || path == "/scim/v2/Groups" {
        let all: Vec<Value> = if path.ends_with("Users") { app.users.iter().map(view).collect() } else { Vec::new() };
        // RFC 7644, 3.4.2.4: the first record of the page, counted from 1.
        let query = uri.query().unwrap_or_default();
        let start = query.split('&').find_map(|pair| pair.strip_prefix("startIndex=")?.parse::<usize>().ok()).unwrap_or(1).max(1);
        let page: Vec<&Value> = all.iter().skip(start - 1).collect();
        return axum::Json(json!({ "totalResults": all.len(), "itemsPerPage": page.len(), "startIndex": start, "Resources": page }))
            .into_response();
    }
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(user) = app.users.iter_mut().find(|user| user.0 == id) else {
        return (StatusCode::NOT_FOUND, axum::Json(json!({ "status": "404" }))).into_response();
    };
    if method == Method::PATCH {
        let wanted: Value = serde_json::from_slice(&body).unwrap();
        user.2 = wanted["Operations"][0]["value"] == json!(true);
    }
    axum::Json(view(user)).into_response()
}

/// Wipes an account, to its end even if nobody waits for the answer.
async fn wipe(app: Arc<Mutex<Inner>>, id: String, call: String) -> Response {
    let takes = {
        let mut app = app.lock().unwrap();
        app.calls.push(call);
        app.wipe_takes
    };
    let done = tokio::spawn(async move {
        tokio::time::sleep(takes).await;
        app.lock().unwrap().wiped.push(id);
    });
    done.await.unwrap();
    axum::Json(json!({ "ok": true })).into_response()
}
