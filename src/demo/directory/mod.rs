//! Simulated directories: an LDAP server on loopback that behaves as Active Directory or as OpenLDAP, and remembers what is changed.

mod ad;
mod ad_state;
mod filter;
mod modify;
mod openldap;
mod search;
#[cfg(test)]
mod tests;
mod tree;
mod wire;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapCompareRequest, LdapExtendedRequest, LdapExtendedResponse, LdapMsg, LdapOp,
    LdapResult, LdapResultCode,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::codec::{FramedRead, FramedWrite};
use tokio_util::sync::CancellationToken;

use super::company::{Company, Person};
pub use ad_state::directory as active_directory;
pub use openldap::directory as open_ldap;
use tree::{Entry, Key, Tree, key};

/// How long each operation takes.
const LATENCY: Duration = Duration::from_millis(3);
const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

/// A directory that is up; it goes down when dropped.
#[derive(Debug)]
pub struct RunningLdap {
    /// `ldap://127.0.0.1:port`.
    pub url: String,
    directory: Arc<Directory>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningLdap {
    /// What a person's entry still lets them do: sign in, with a key or a certificate as well, and act through groups.
    pub fn left(&self, person: &Person) -> Vec<String> {
        let directory = &self.directory;
        let state = directory.state.lock().unwrap_or_else(PoisonError::into_inner);
        let numbered = |entry: &&Entry| entry.text("employeeNumber").or(entry.text("employeeID")) == Some(&person.number);
        let named = |entry: &&Entry| entry.text("mail") == Some(&person.work_email);
        let entries = state.tree.iter().map(|(_, entry)| entry).filter(|entry| numbered(entry) || named(entry));
        entries.flat_map(|entry| directory.flavour.left(entry)).collect()
    }
}

impl Drop for RunningLdap {
    fn drop(&mut self) {
        self.stop.cancel();
        self.task.abort();
    }
}

/// Serves the company's Active Directory on a free port of this machine.
pub async fn serve_ad(company: Arc<Company>) -> std::io::Result<RunningLdap> {
    serve_on((Ipv4Addr::LOCALHOST, 0).into(), active_directory(&company)).await
}

/// Serves the company's OpenLDAP server on a free port of this machine.
pub async fn serve_openldap(company: Arc<Company>) -> std::io::Result<RunningLdap> {
    serve_on((Ipv4Addr::LOCALHOST, 0).into(), open_ldap(&company)).await
}

/// Serves a directory on a given port, for servers that outlive one run of the demo.
pub async fn serve_on(addr: SocketAddr, directory: Directory) -> std::io::Result<RunningLdap> {
    let listener = TcpListener::bind(addr).await?;
    let url = format!("ldap://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let (stopped, directory) = (stop.clone(), Arc::new(directory));
    let held = directory.clone();
    let task = tokio::spawn(async move {
        loop {
            let stream = tokio::select! {
                () = stopped.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::error!(%error, "a simulated directory can't take a connection");
                        tokio::time::sleep(LATENCY).await;
                        continue;
                    }
                },
            };
            let (stopped, directory) = (stopped.clone(), directory.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = converse(stream, directory) => {}
                }
            });
        }
    });
    Ok(RunningLdap { url, directory: held, stop, task })
}

/// Whose behaviour a directory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Microsoft's.
    ActiveDirectory,
    /// slapd's.
    OpenLdap,
}

impl Flavour {
    fn left(self, entry: &Entry) -> Vec<String> {
        let (open, keys): (bool, &[&str]) = match self {
            Self::ActiveDirectory => {
                let control = entry.number("userAccountControl").unwrap_or_default();
                (control & ad::DISABLED == 0, &["msDS-KeyCredentialLink", "altSecurityIdentities", "memberOf"])
            }
            Self::OpenLdap => (entry.values("pwdAccountLockedTime").is_empty(), &["sshPublicKey", "memberOf"]),
        };
        let account = open.then(|| format!("the account {}", entry.dn));
        let held = keys.iter().flat_map(|name| entry.values(name).iter().map(move |value| (name, value)));
        account.into_iter().chain(held.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))).collect()
    }
}

/// The limits that a directory's administrators set.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries of one page.
    pub page: usize,
    /// Entries of a search without paging.
    pub unpaged: usize,
    /// Values of one attribute in one answer.
    pub values: usize,
}

/// A simulated directory.
#[derive(Debug)]
pub struct Directory {
    flavour: Flavour,
    /// Its naming context.
    base: String,
    limits: Limits,
    /// The one account that may change anything.
    revoker: Option<Key>,
    state: Mutex<State>,
}

/// What changes.
#[derive(Debug, Default)]
struct State {
    tree: Tree,
    /// Passwords of those who can bind.
    passwords: HashMap<Key, String>,
    /// Counts the changes.
    usn: i64,
}

/// Why something isn't done, in the server's words; or that it is.
#[derive(Debug, Clone)]
struct Refusal {
    code: LdapResultCode,
    message: String,
}

impl Refusal {
    fn new(code: LdapResultCode, message: &str) -> Refusal {
        Refusal { code, message: message.to_owned() }
    }

    fn result(self) -> LdapResult {
        LdapResult { code: self.code, matcheddn: String::new(), message: self.message, referral: Vec::new() }
    }
}

/// What a connection has said so far.
#[derive(Debug, Default)]
struct Session {
    /// Who is bound; nobody, if it is anonymous.
    bound: Option<Key>,
    pages: HashMap<u64, Vec<Key>>,
    next_page: u64,
}

impl Session {
    fn keep_pages(&mut self, left: Vec<Key>) -> Vec<u8> {
        self.next_page += 1;
        self.pages.insert(self.next_page, left);
        self.next_page.to_be_bytes().to_vec()
    }

    fn take_pages(&mut self, cookie: &[u8]) -> Option<Vec<Key>> {
        self.pages.remove(&u64::from_be_bytes(cookie.try_into().ok()?))
    }
}

/// Answers one connection: binds in turn, all else at once, as real servers do.
async fn converse(stream: TcpStream, directory: Arc<Directory>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection will be slower");
    }
    let (input, output) = stream.into_split();
    let mut requests = FramedRead::new(input, wire::Requests::new());
    let mut answers = FramedWrite::new(output, LdapCodec::default());
    let (tell, mut told) = mpsc::unbounded_channel::<LdapMsg>();
    let writing = async move {
        while let Some(message) = told.recv().await {
            let sent = if told.is_empty() { answers.send(message).await } else { answers.feed(message).await };
            if sent.is_err() {
                return;
            }
        }
    };
    let reading = async move {
        let session = Arc::new(Mutex::new(Session::default()));
        while let Some(Ok(message)) = requests.next().await {
            let in_turn = matches!(message.op, LdapOp::BindRequest(_));
            if matches!(message.op, LdapOp::UnbindRequest) {
                return;
            }
            let (directory, session, tell) = (directory.clone(), session.clone(), tell.clone());
            let work = async move {
                tokio::time::sleep(LATENCY).await;
                let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
                for answer in handle(&directory, &mut session, message) {
                    // Whoever asked may be gone.
                    let _gone = tell.send(answer);
                }
            };
            if in_turn {
                work.await;
            } else {
                tokio::spawn(work);
            }
        }
    };
    tokio::join!(writing, reading);
}

/// All messages that answer one request.
fn handle(directory: &Directory, session: &mut Session, message: LdapMsg) -> Vec<LdapMsg> {
    let (id, controls) = (message.msgid, message.ctrl);
    let mut state = directory.state.lock().unwrap_or_else(PoisonError::into_inner);
    let unknown = unknown_critical(directory.flavour, &controls);
    let say = |op| vec![LdapMsg::new(id, op)];
    match message.op {
        LdapOp::BindRequest(request) => {
            let outcome = bind(directory, &state, &request);
            session.bound = outcome.as_ref().ok().cloned().flatten();
            say(LdapOp::BindResponse(LdapBindResponse { res: outcome.map_or_else(Refusal::result, |_| success()), saslcreds: None }))
        }
        LdapOp::SearchRequest(request) => {
            let outcome = match unknown {
                Some(refusal) => Err(refusal),
                None => search::search(directory, &state, session, &request, &controls),
            };
            match outcome {
                Err(refusal) => say(LdapOp::SearchResultDone(refusal.result())),
                Ok(answer) => {
                    let mut all: Vec<_> = answer.found.into_iter().map(|op| LdapMsg::new(id, op)).collect();
                    all.push(LdapMsg::new_with_ctrls(
                        id,
                        LdapOp::SearchResultDone(answer.end.result()),
                        answer.control.into_iter().collect(),
                    ));
                    all
                }
            }
        }
        LdapOp::ModifyRequest(request) => {
            let outcome = unknown.map_or_else(|| modify::modify(directory, &mut state, session, &request, &controls), Err);
            say(LdapOp::ModifyResponse(ended(outcome)))
        }
        LdapOp::CompareRequest(request) => say(LdapOp::CompareResult(compare(directory, &state, session, &request))),
        LdapOp::ExtendedRequest(request) => say(LdapOp::ExtendedResponse(extended(directory, &state, session, &request))),
        LdapOp::AddRequest(_) => say(LdapOp::AddResponse(may_not().result())),
        LdapOp::DelRequest(_) => say(LdapOp::DelResponse(may_not().result())),
        LdapOp::ModifyDNRequest(_) => say(LdapOp::ModifyDNResponse(may_not().result())),
        // Abandoning needs no answer, and a client sends nothing else.
        _ => Vec::new(),
    }
}

fn success() -> LdapResult {
    Refusal::new(LdapResultCode::Success, "").result()
}

fn ended(outcome: Result<(), Refusal>) -> LdapResult {
    outcome.map_or_else(Refusal::result, |()| success())
}

fn may_not() -> Refusal {
    Refusal::new(LdapResultCode::InsufficentAccessRights, "no write access to parent")
}

fn unknown_critical(flavour: Flavour, controls: &[LdapControl]) -> Option<Refusal> {
    let known = |oid: &str| match flavour {
        Flavour::ActiveDirectory => matches!(oid, modify::PERMISSIVE | "1.2.840.113556.1.4.1339"),
        Flavour::OpenLdap => matches!(oid, modify::PERMISSIVE | modify::RELAX),
    };
    controls
        .iter()
        .any(|c| matches!(c, LdapControl::Unknown { oid, criticality: true, .. } if !known(oid)))
        .then(|| Refusal::new(LdapResultCode::UnavailableCriticalExtension, "critical extension is not recognized"))
}

/// Who is bound then; nobody, for an anonymous bind.
fn bind(directory: &Directory, state: &State, request: &LdapBindRequest) -> Result<Option<Key>, Refusal> {
    if request.version != 3 {
        return Err(Refusal::new(LdapResultCode::ProtocolError, "version 3 only"));
    }
    let LdapBindCred::Simple(password) = &request.cred else {
        return Err(Refusal::new(LdapResultCode::AuthMethodNotSupported, "simple binds only"));
    };
    let active_directory = directory.flavour == Flavour::ActiveDirectory;
    if password.is_empty() {
        // A name without a password proves nothing: slapd says so, Active Directory takes it for nobody.
        if request.dn.is_empty() || active_directory {
            return Ok(None);
        }
        return Err(Refusal::new(LdapResultCode::UnwillingToPerform, "unauthenticated bind (DN with no password) disallowed"));
    }
    let wrong = || match active_directory {
        true => ad::refused("52e"),
        false => Refusal::new(LdapResultCode::InvalidCredentials, ""),
    };
    let named = if active_directory { ad::account(state, &request.dn) } else { key(&request.dn) };
    let who = named.ok_or_else(wrong)?;
    if state.passwords.get(&who) != Some(password) {
        return Err(wrong());
    }
    let entry = state.tree.get(&who).ok_or_else(wrong)?;
    match directory.flavour {
        Flavour::ActiveDirectory => ad::may_log_on(entry)?,
        Flavour::OpenLdap if !entry.values("pwdAccountLockedTime").is_empty() => {
            return Err(wrong());
        }
        Flavour::OpenLdap => {}
    }
    Ok(Some(who))
}

fn compare(directory: &Directory, state: &State, session: &Session, request: &LdapCompareRequest) -> LdapResult {
    let entry = key(&request.dn).and_then(|k| state.tree.get(&k));
    let refusal = match entry {
        _ if session.bound.is_none() || filter::is_secret(&request.atype) => Refusal::new(LdapResultCode::InsufficentAccessRights, ""),
        None => search::missing(directory),
        Some(entry) if entry.values(&request.atype).is_empty() => Refusal::new(LdapResultCode::NoSuchAttribute, ""),
        Some(entry) if entry.has(&request.atype, &request.val) => Refusal::new(LdapResultCode::CompareTrue, ""),
        Some(_) => Refusal::new(LdapResultCode::CompareFalse, ""),
    };
    refusal.result()
}

fn extended(directory: &Directory, state: &State, session: &Session, request: &LdapExtendedRequest) -> LdapExtendedResponse {
    if request.name != WHO_AM_I {
        return LdapExtendedResponse {
            res: Refusal::new(LdapResultCode::ProtocolError, "unsupported extended operation").result(),
            name: None,
            value: None,
        };
    }
    let entry = session.bound.as_ref().and_then(|k| state.tree.get(k));
    let who = entry.map(|entry| match directory.flavour {
        Flavour::ActiveDirectory => {
            format!("u:{}\\{}", ad::NETBIOS, entry.text("sAMAccountName").unwrap_or_default())
        }
        Flavour::OpenLdap => format!("dn:{}", entry.dn),
    });
    LdapExtendedResponse { res: success(), name: None, value: Some(who.unwrap_or_default().into_bytes()) }
}
