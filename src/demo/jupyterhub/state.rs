//! What the simulated hub holds.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Hub {
    users: Vec<User>,
    groups: Vec<Group>,
    tokens: Vec<Token>,
    servers: Vec<Server>,
    shares: Vec<Share>,
    codes: Vec<Code>,
    started: Timestamp,
    made: Timestamp,
}

/// Users are called by their address: the hub signs them in through the company's identity provider.
struct User {
    name: String,
    admin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    admins: Vec<String>,
    groups: Vec<Group>,
    tokens: Vec<Token>,
    servers: Vec<Server>,
    shares: Vec<Share>,
    codes: Vec<Code>,
    still_active: Vec<String>,
}

/// People stand here by employee number until the fixture is read, and by name from then on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    id: String,
    user: String,
    #[serde(default)]
    note: String,
    /// A sign-in in a browser, not a token that somebody asked for.
    #[serde(default)]
    session: bool,
    /// Days until it ends.
    ends: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    user: String,
    /// Empty for the default server.
    name: String,
    #[serde(default)]
    running: bool,
    /// So many reads go by before it has stopped.
    #[serde(default)]
    slow: u32,
    #[serde(skip)]
    stopping: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    owner: String,
    server: String,
    user: Option<String>,
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    id: String,
    owner: String,
    server: String,
    used: u32,
}

/// Why something is not done.
pub(super) enum Refused {
    /// There is no such thing.
    Missing(Option<String>),
    /// The hub's rules are against it.
    Rule(String),
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

impl Hub {
    pub(super) fn new(company: &Company) -> anyhow::Result<Hub> {
        let mut planted: Planted = planted::read("jupyterhub", include_str!("../../../fixtures/jupyterhub/state.yaml"))?;
        let today = company.today();
        let named: Vec<&String> =
            planted.groups.iter().flat_map(|group| &group.people).chain(planted.tokens.iter().map(|t| &t.user)).collect();
        let has = |person: &&Person| {
            let chosen = planted.departments.contains(&person.department) || planted.admins.contains(&person.number);
            (person.active(today) && (chosen || named.contains(&&person.number))) || planted.still_active.contains(&person.number)
        };
        let user = |person: &Person| User { name: person.work_email.clone(), admin: planted.admins.contains(&person.number) };
        let users = company.people.iter().filter(has).map(user).collect();
        let rename = |number: &mut String| {
            if let Some(person) = company.person(number) {
                person.work_email.clone_into(number);
            }
        };
        planted.groups.iter_mut().flat_map(|group| &mut group.people).for_each(rename);
        planted.tokens.iter_mut().map(|token| &mut token.user).for_each(rename);
        planted.servers.iter_mut().map(|server| &mut server.user).for_each(rename);
        planted.shares.iter_mut().map(|share| &mut share.owner).for_each(rename);
        planted.shares.iter_mut().filter_map(|share| share.user.as_mut()).for_each(rename);
        planted.codes.iter_mut().map(|code| &mut code.owner).for_each(rename);
        Ok(Hub {
            users,
            groups: planted.groups,
            tokens: planted.tokens,
            servers: planted.servers,
            shares: planted.shares,
            codes: planted.codes,
            started: company.started,
            made: company.days_ago(400),
        })
    }

    /// What this person can still do here.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let name = person.work_email.as_str();
        let mut left: Vec<String> = self.users.iter().filter(|user| user.name == name).map(|_| format!("signs in as {name}")).collect();
        left.extend(self.tokens.iter().filter(|token| token.user == name).map(|token| format!("token {}", token.id)));
        let servers = self.servers.iter().filter(|server| server.user == name && server.running);
        left.extend(servers.map(|server| format!("server {:?} is running", server.name)));
        let with = self.shares.iter().filter(|share| share.user.as_deref() == Some(name));
        left.extend(with.map(|share| format!("may use a server of {}", share.owner)));
        let by = self.shares.iter().filter(|share| share.owner == name);
        left.extend(by.map(|share| format!("lets {:?} in", share.user.as_ref().or(share.group.as_ref()))));
        left.extend(self.codes.iter().filter(|code| code.owner == name).map(|code| format!("invitation {}", code.id)));
        left
    }

    fn known(&self, name: &str) -> Result<&User, Refused> {
        self.users.iter().find(|user| user.name == name).ok_or(Refused::Missing(None))
    }

    pub(super) fn users(&mut self, stopped_too: bool) -> Vec<Value> {
        self.pass();
        self.users.iter().map(|user| self.render(user, stopped_too)).collect()
    }

    pub(super) fn user(&mut self, name: &str, stopped_too: bool) -> Result<Value, Refused> {
        self.pass();
        self.known(name).map(|user| self.render(user, stopped_too))
    }

    /// A read goes by: what takes its time to stop is a step further.
    fn pass(&mut self) {
        for server in self.servers.iter_mut().filter(|server| server.stopping) {
            server.slow = server.slow.saturating_sub(1);
            if server.slow == 0 {
                (server.running, server.stopping) = (false, false);
            }
        }
    }

    fn render(&self, user: &User, stopped_too: bool) -> Value {
        let name = &user.name;
        let shown = self.servers.iter().filter(|server| server.user == *name && (stopped_too || server.running));
        let servers: Map<String, Value> = shown.map(|server| (server.name.clone(), self.server(server))).collect();
        let groups: Vec<&str> = self.groups.iter().filter(|group| group.people.contains(name)).map(|group| group.name.as_str()).collect();
        let default = servers.get("").filter(|server| server["ready"] == true).map(|server| server["url"].clone());
        json!({
            "name": name,
            "kind": "user",
            "admin": user.admin,
            "roles": if user.admin { json!(["user", "admin"]) } else { json!(["user"]) },
            "groups": groups,
            "server": default,
            "servers": servers,
            "pending": null,
            "auth_state": null,
            "user_info": null,
            "created": moment(self.made),
            "last_activity": moment(self.started),
        })
    }

    fn server(&self, server: &Server) -> Value {
        let ready = server.running && !server.stopping;
        json!({
            "name": server.name,
            "display_name": server.name,
            "full_name": format!("{}/{}", server.user, server.name),
            "last_activity": moment(self.started),
            "started": server.running.then(|| moment(self.made)),
            "pending": server.stopping.then_some("stop"),
            "ready": ready,
            "stopped": !server.running,
            "url": format!("/user/{}/{}", server.user, if server.name.is_empty() { String::new() } else { format!("{}/", server.name) }),
            "user_options": null,
            "state": null,
        })
    }

    /// All that is the user's goes along: tokens, servers, shares of theirs and with them, invitations, memberships.
    pub(super) fn remove_user(&mut self, name: &str) -> Result<(), Refused> {
        self.known(name)?;
        if self.servers.iter().any(|server| server.user == name && server.stopping) {
            return Err(Refused::Rule(format!("{name}'s server is in the process of stopping, please wait.")));
        }
        self.users.retain(|user| user.name != name);
        self.tokens.retain(|token| token.user != name);
        self.servers.retain(|server| server.user != name);
        self.shares.retain(|share| share.owner != name && share.user.as_deref() != Some(name));
        self.codes.retain(|code| code.owner != name);
        for group in &mut self.groups {
            group.people.retain(|member| member != name);
        }
        Ok(())
    }

    pub(super) fn tokens(&self, user: &str) -> Result<Vec<Value>, Refused> {
        self.known(user)?;
        Ok(self.tokens.iter().filter(|token| token.user == user).map(|token| self.render_token(token)).collect())
    }

    pub(super) fn token(&self, user: &str, id: &str) -> Result<Value, Refused> {
        self.known(user)?;
        let found = self.tokens.iter().find(|token| token.user == user && token.id == id);
        found.map(|token| self.render_token(token)).ok_or_else(|| Refused::Missing(Some(format!("No such token {id} for user {user}"))))
    }

    pub(super) fn revoke_token(&mut self, user: &str, id: &str) -> Result<(), Refused> {
        self.token(user, id)?;
        self.tokens.retain(|token| token.user != user || token.id != id);
        Ok(())
    }

    fn render_token(&self, token: &Token) -> Value {
        let ends = token.ends.map(|days| self.started.checked_add(SignedDuration::from_hours(days * 24)).unwrap_or(self.started));
        json!({
            "user": token.user,
            "id": token.id,
            "kind": "api_token",
            "roles": [],
            "scopes": [format!("servers!user={}", token.user), format!("read:users!user={}", token.user)],
            "created": moment(self.made),
            "last_activity": moment(self.started),
            "expires_at": ends.map(moment),
            "note": token.note,
            "session_id": token.session.then(|| format!("{:x}", planted::number_of(&token.id))),
            "oauth_client": if token.session { "Server at /user/" } else { "JupyterHub" },
        })
    }

    fn server_of(&mut self, user: &str, name: &str) -> Result<&mut Server, Refused> {
        self.known(user)?;
        let found = self.servers.iter_mut().find(|server| server.user == user && server.name == name);
        found.ok_or_else(|| Refused::Missing(Some(format!("{user} has no server named '{name}'"))))
    }

    /// Whether it has stopped at once. With it goes the token that it was given.
    pub(super) fn stop(&mut self, user: &str, name: &str) -> Result<bool, Refused> {
        let server = self.server_of(user, name)?;
        server.stopping = server.running && server.slow > 0;
        server.running = server.stopping;
        let at_once = !server.stopping;
        let note = format!("Server at /user/{user}/{}", if name.is_empty() { String::new() } else { format!("{name}/") });
        self.tokens.retain(|token| token.user != user || token.note != note);
        Ok(at_once)
    }

    pub(super) fn run(&mut self, user: &str, name: &str) -> Result<(), Refused> {
        let server = self.server_of(user, name)?;
        if server.running {
            return Err(Refused::Rule(format!("{user} is already running")));
        }
        server.running = true;
        Ok(())
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        self.groups.iter().map(render_group).collect()
    }

    pub(super) fn change_group(&mut self, name: &str, users: &Value, join: bool) -> Result<Value, Refused> {
        let users: Vec<String> = users.as_array().into_iter().flatten().filter_map(|user| Some(user.as_str()?.to_owned())).collect();
        let group = self.groups.iter_mut().find(|group| group.name == name).ok_or(Refused::Missing(None))?;
        group.people.retain(|member| !users.contains(member));
        if join {
            group.people.extend(users);
        }
        Ok(render_group(group))
    }

    fn shown(&self, share: &Share) -> Value {
        let mut value = self.of_server(&share.owner, &share.server);
        value["user"] = share.user.as_ref().map_or(Value::Null, |name| json!({ "name": name }));
        value["group"] = share.group.as_ref().map_or(Value::Null, |name| json!({ "name": name }));
        value["kind"] = if share.user.is_some() { "user".into() } else { "group".into() };
        value
    }

    fn of_server(&self, owner: &str, server: &str) -> Value {
        json!({
            "server": { "user": { "name": owner }, "name": server, "url": format!("/user/{owner}/{server}"), "full_url": null, "ready": false },
            "scopes": [format!("access:servers!server={owner}/{server}")],
            "created_at": moment(self.made),
        })
    }

    pub(super) fn shared_with(&self, user: &str) -> Result<Vec<Value>, Refused> {
        self.known(user).map_err(|_| Refused::Missing(Some(format!("No such user: {user}"))))?;
        let in_group =
            |name: &String| self.groups.iter().any(|group| group.name == *name && group.people.iter().any(|member| member == user));
        let with = |share: &&Share| share.user.as_deref() == Some(user) || share.group.as_ref().is_some_and(in_group);
        Ok(self.shares.iter().filter(with).map(|share| self.shown(share)).collect())
    }

    pub(super) fn shares(&self, owner: &str, server: Option<&str>) -> Result<Vec<Value>, Refused> {
        self.known(owner)?;
        let of = |share: &&Share| share.owner == owner && server.is_none_or(|server| share.server == server);
        Ok(self.shares.iter().filter(of).map(|share| self.shown(share)).collect())
    }

    pub(super) fn share(&mut self, owner: &str, server: &str, body: &Value) -> Result<Value, Refused> {
        self.server_of(owner, server)?;
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let share = Share { owner: owner.to_owned(), server: server.to_owned(), user: text("user"), group: text("group") };
        if share.user.is_none() == share.group.is_none() {
            return Err(Refused::Rule("specify exactly one of: 'user', 'group'".to_owned()));
        }
        let shown = self.shown(&share);
        self.shares.push(share);
        Ok(shown)
    }

    pub(super) fn unshare(&mut self, owner: &str, server: &str, body: &Value) -> Result<(), Refused> {
        self.server_of(owner, server)?;
        let (user, group) = (body["user"].as_str(), body["group"].as_str());
        if user.is_none() == group.is_none() {
            return Err(Refused::Rule("specify exactly one of: 'user', 'group'".to_owned()));
        }
        self.shares.retain(|share| {
            share.owner != owner || share.server != server || share.user.as_deref() != user || share.group.as_deref() != group
        });
        Ok(())
    }

    pub(super) fn codes(&self, owner: &str, server: Option<&str>) -> Result<Vec<Value>, Refused> {
        self.known(owner)?;
        let of = |code: &&Code| code.owner == owner && server.is_none_or(|server| code.server == server);
        let one = |code: &Code| {
            let mut value = self.of_server(&code.owner, &code.server);
            value["id"] = code.id.as_str().into();
            value["expires_at"] = moment(self.started.checked_add(SignedDuration::from_hours(24)).unwrap_or(self.started)).into();
            value["exchange_count"] = code.used.into();
            value["last_exchanged_at"] = Value::Null;
            value
        };
        Ok(self.codes.iter().filter(of).map(one).collect())
    }

    /// One invitation, or without an id all of the server's.
    pub(super) fn close(&mut self, owner: &str, server: &str, id: Option<&str>) -> Result<(), Refused> {
        self.server_of(owner, server)?;
        let before = self.codes.len();
        self.codes.retain(|code| code.owner != owner || code.server != server || id.is_some_and(|id| code.id != id));
        match id {
            Some(id) if self.codes.len() == before => Err(Refused::Missing(Some(format!("No code found matching id={id}")))),
            _ => Ok(()),
        }
    }
}

fn render_group(group: &Group) -> Value {
    json!({ "name": group.name, "users": group.people, "properties": {}, "roles": [], "kind": "group" })
}
