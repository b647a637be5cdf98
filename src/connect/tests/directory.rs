//! A directory in this process: pages, ranges, rights, limits and broken connections.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindResponse, LdapExtendedResponse, LdapModifyType, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult,
    LdapResultCode, LdapSearchRequest, LdapSearchResultEntry, LdapSearchResultReference,
};
use tokio_util::codec::Framed;

use super::*;
use crate::connect::{CallError, Change, ChangeOp, Class, ModifyCall, SearchCall};

const USERS: usize = 450;

#[derive(Default)]
struct Tricks {
    /// Larger pages are refused.
    largest_page: Option<i64>,
    /// Search requests after which a connection is dropped, once.
    drop_after: Option<usize>,
    /// Entries after which the size limit is said to be reached.
    limit: Option<usize>,
    /// What the last page says is elsewhere.
    references: Vec<&'static str>,
    /// It is a domain controller, which knows the parts of its forest.
    forest: bool,
    /// Pages hold more than was asked for.
    larger_pages: bool,
    /// The list has no end.
    endless: bool,
}

#[derive(Default)]
struct Counts {
    binds: AtomicUsize,
    searches: AtomicUsize,
    connections: AtomicUsize,
    dropped: AtomicUsize,
}

fn result(code: LdapResultCode, message: &str) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: message.into(), referral: vec![] }
}

fn attribute(name: &str, values: &[&str]) -> LdapPartialAttribute {
    LdapPartialAttribute { atype: name.into(), vals: values.iter().map(|value| value.as_bytes().to_vec()).collect() }
}

async fn serve_directory(tricks: Tricks) -> (String, Arc<Counts>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let counts: Arc<Counts> = Arc::default();
    let (ours, tricks) = (counts.clone(), Arc::new(tricks));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            ours.connections.fetch_add(1, Ordering::SeqCst);
            let (counts, tricks) = (ours.clone(), tricks.clone());
            tokio::spawn(async move {
                let mut framed = Framed::new(stream, LdapCodec::default());
                while let Some(Ok(message)) = framed.next().await {
                    for reply in answer(&message, &counts, &tricks) {
                        let Some(reply) = reply else { return };
                        framed.send(reply).await.unwrap();
                    }
                }
            });
        }
    });
    (url, counts)
}

/// The replies to a message; none drops the connection.
fn answer(message: &LdapMsg, counts: &Counts, tricks: &Tricks) -> Vec<Option<LdapMsg>> {
    let reply = |op: LdapOp, ctrl: Vec<LdapControl>| Some(LdapMsg { msgid: message.msgid, op, ctrl });
    match &message.op {
        LdapOp::BindRequest(bind) => {
            counts.binds.fetch_add(1, Ordering::SeqCst);
            let fine = matches!(&bind.cred, LdapBindCred::Simple(password) if password == "s3cret") && bind.dn == "cn=reader";
            let code = if fine { LdapResultCode::Success } else { LdapResultCode::InvalidCredentials };
            // Some repeat what was sent.
            let said = match &bind.cred {
                LdapBindCred::Simple(password) if !fine => format!("no {password} {}", STANDARD.encode(password)),
                _ => String::new(),
            };
            vec![reply(LdapOp::BindResponse(LdapBindResponse { res: result(code, &said), saslcreds: None }), vec![])]
        }
        LdapOp::SearchRequest(search) => {
            let number = counts.searches.fetch_add(1, Ordering::SeqCst) + 1;
            if tricks.drop_after.is_some_and(|after| number > after) && counts.dropped.fetch_add(1, Ordering::SeqCst) == 0 {
                return vec![None];
            }
            let (entries, done, ctrl) = look_up(search, &message.ctrl, tricks);
            let referral = |uri: &&str| LdapOp::SearchResultReference(LdapSearchResultReference { uris: vec![(*uri).into()] });
            let mut replies: Vec<_> = entries.into_iter().map(|entry| reply(LdapOp::SearchResultEntry(entry), vec![])).collect();
            if search.base == "dc=acme" {
                replies.extend(tricks.references.iter().map(|uri| reply(referral(uri), vec![])));
            }
            replies.push(reply(LdapOp::SearchResultDone(done), ctrl));
            replies
        }
        LdapOp::ModifyRequest(modify) => {
            let code = match modify.changes.first() {
                _ if modify.dn == "cn=locked" => LdapResultCode::InsufficentAccessRights,
                _ if modify.dn == "cn=nobody" => LdapResultCode::NoSuchObject,
                Some(change) if change.operation == LdapModifyType::Replace && change.modification.vals == [b"514".to_vec()] => {
                    LdapResultCode::Success
                }
                _ => LdapResultCode::ConstraintViolation,
            };
            vec![reply(LdapOp::ModifyResponse(result(code, "said so")), vec![])]
        }
        _ => vec![None],
    }
}

fn look_up(
    search: &LdapSearchRequest,
    controls: &[LdapControl],
    tricks: &Tricks,
) -> (Vec<LdapSearchResultEntry>, LdapResult, Vec<LdapControl>) {
    if search.base == "cn=missing" {
        return (vec![], result(LdapResultCode::NoSuchObject, ""), vec![]);
    }
    if search.base == "cn=secret" {
        return (vec![], result(LdapResultCode::InsufficentAccessRights, "not for you"), vec![]);
    }
    if search.base == "cn=group" {
        // Two members at a time.
        let from: usize =
            search.attrs.iter().find_map(|name| name.strip_prefix("member;range=")?.split('-').next()?.parse().ok()).unwrap_or(0);
        let members = ["cn=a", "cn=b", "cn=c", "cn=d", "cn=e"];
        let values: Vec<&str> = members.iter().copied().skip(from).take(2).collect();
        let end = if from + 2 >= members.len() { "*".to_owned() } else { (from + 1).to_string() };
        let attributes = vec![attribute("CN", &["group"]), attribute(&format!("member;range={from}-{end}"), &values)];
        return (vec![LdapSearchResultEntry { dn: "cn=group".into(), attributes }], result(LdapResultCode::Success, ""), vec![]);
    }
    let configuration = "CN=Configuration,DC=acme";
    let fine = |entries| (entries, result(LdapResultCode::Success, ""), vec![]);
    if search.base.is_empty() {
        let mut attributes = vec![attribute("configurationNamingContext", &[configuration])];
        if tricks.forest {
            attributes.push(attribute("rootDomainNamingContext", &["DC=acme"]));
        }
        return fine(vec![LdapSearchResultEntry { dn: String::new(), attributes }]);
    }
    if search.base == format!("CN=Partitions,{configuration}") {
        let parts = [
            (configuration, "1"),
            ("CN=Schema,CN=Configuration,DC=acme", "1"),
            ("DC=acme", "3"),
            ("DC=DomainDnsZones,DC=acme", "5"),
            ("DC=emea,DC=acme", "3"),
            // No part of this forest.
            ("DC=partner,DC=acme", "0"),
        ];
        let part = |(name, flags): (&str, &str)| LdapSearchResultEntry {
            dn: format!("CN=x,CN=Partitions,{configuration}"),
            attributes: vec![attribute("nCName", &[name]), attribute("systemFlags", &[flags])],
        };
        return fine(parts.map(part).into());
    }
    let (size, cookie) = controls
        .iter()
        .find_map(|control| match control {
            LdapControl::SimplePagedResults { size, cookie } => Some((*size, cookie.clone())),
            _ => None,
        })
        .expect("searches are paged");
    if tricks.largest_page.is_some_and(|largest| size > largest) {
        return (vec![], result(LdapResultCode::AdminLimitExceeded, "page too large"), vec![]);
    }
    let from: usize = String::from_utf8(cookie).unwrap().parse().unwrap_or(0);
    if tricks.endless {
        let entry = LdapSearchResultEntry { dn: format!("cn=user{from}"), attributes: vec![attribute("MAIL", &["x@acme.example"])] };
        let cookie = (from + 1).to_string().into_bytes();
        return (vec![entry], result(LdapResultCode::Success, ""), vec![LdapControl::SimplePagedResults { size: 0, cookie }]);
    }
    let size = if tricks.larger_pages { size + 1 } else { size };
    let to = (from + size as usize).min(USERS).min(tricks.limit.unwrap_or(USERS));
    let entry = |number: usize| LdapSearchResultEntry {
        dn: format!("cn=user{number}"),
        attributes: vec![attribute("MAIL", &[&format!("user{number}@acme.example")])],
    };
    let entries = (from..to).map(entry).collect();
    if tricks.limit == Some(to) {
        return (entries, result(LdapResultCode::SizeLimitExceeded, ""), vec![]);
    }
    let next = if to < USERS { to.to_string() } else { String::new() };
    (entries, result(LdapResultCode::Success, ""), vec![LdapControl::SimplePagedResults { size: 0, cookie: next.into_bytes() }])
}

pub(super) fn directory(url: &str, secret: &str) -> Wire {
    let connect = "{ ldap: '{{ settings.url }}', page_size: 400, timeout_secs: 2, bind: { read: 'cn=reader' } }";
    open(&manifest(connect, "{ kind: bind }"), json!({ "url": url }), secret, None)
}

pub(super) fn search(base: &str, scope: &str, attributes: &[&str]) -> Call {
    let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
    Call::Search(SearchCall { base: base.into(), scope: scope.into(), filter: "(objectClass=*)".into(), attributes })
}

fn names(bodies: &[Value]) -> std::collections::BTreeSet<String> {
    bodies.iter().flat_map(|body| body.as_array().unwrap()).map(|entry| entry["mail"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_are_read_to_the_end_and_made_smaller_on_refusal() {
    let (url, counts) = serve_directory(Tricks { largest_page: Some(150), ..Tricks::default() }).await;
    let wire = directory(&url, "s3cret");
    let (ended, bodies, _) = read(&wire, &search("dc=acme", "sub", &["mail"]), "{}", None).await;
    assert_eq!(ended, Ended::Complete { pages: 5 });
    assert_eq!((names(&bodies).len(), bodies[0][0].clone()), (USERS, json!({"dn": "cn=user0", "mail": "user0@acme.example"})));
    // 400 and 200 were refused; the next search begins with what is allowed, on the same connection.
    assert_eq!(counts.searches.load(Ordering::SeqCst), 7);
    read(&wire, &search("dc=acme", "sub", &["mail"]), "{}", None).await;
    assert_eq!((counts.searches.load(Ordering::SeqCst), counts.binds.load(Ordering::SeqCst)), (12, 1));
}

#[tokio::test]
async fn ranges_are_read_to_the_end() {
    let (url, _) = serve_directory(Tricks::default()).await;
    let reply = send(&directory(&url, "s3cret"), Lane::Prove, &search("cn=group", "base", &["cn", "member[]", "mail"])).await.unwrap();
    let entry = json!({"dn": "cn=group", "cn": "group", "member": ["cn=a", "cn=b", "cn=c", "cn=d", "cn=e"], "mail": null});
    assert_eq!((reply.status, reply.class, reply.body), (0, Class::Fine, json!([entry])));
}

#[tokio::test]
async fn rights_limits_and_absence_are_told_apart() {
    let (url, _) = serve_directory(Tricks { limit: Some(120), ..Tricks::default() }).await;
    let wire = directory(&url, "s3cret");
    let (ended, ..) = read(&wire, &search("cn=missing", "sub", &["mail"]), "{}", None).await;
    assert_eq!(ended, Ended::Absent);
    let (ended, ..) = read(&wire, &search("cn=secret", "sub", &["mail"]), "{}", None).await;
    assert_eq!(ended, Ended::Gap { reason: "forbidden (code 50: not for you)".into(), class: Some(Class::Forbidden), pages: 0 });
    let (ended, bodies, _) = read(&wire, &search("dc=acme", "sub", &["mail"]), "{}", None).await;
    assert!(reason(&ended).contains("size limit exceeded (4) after 120 entries"), "{ended:?}");
    assert_eq!(names(&bodies).len(), 120);
    let error = send(&directory(&url, "wr0ng"), Lane::Revoke, &search("cn=group", "base", &["cn"])).await.unwrap_err();
    assert!(matches!(&error, CallError::Auth(line) if line.contains("code 49") && !line.contains("wr0ng")), "{error:?}");
    assert!(matches!(send(&directory(&url, ""), Lane::Scan, &search("cn=group", "base", &[])).await, Err(CallError::Auth(_))));
}

// Trust: What was read.
#[tokio::test]
async fn what_another_directory_holds_is_a_gap_that_names_it() {
    const NORMAL: [&str; 2] = ["ldap://acme/CN=Configuration,DC=acme", "ldap://DomainDnsZones.acme/DC=DomainDnsZones,DC=acme"];
    let of = |references: &[&'static str], forest| Tricks { references: references.to_vec(), forest, ..Tricks::default() };
    let list = search("dc=acme", "sub", &["mail"]);
    // The parts of a domain controller that hold no accounts.
    let (url, _) = serve_directory(of(&NORMAL, true)).await;
    let (ended, bodies, _) = read(&directory(&url, "s3cret"), &list, "{}", None).await;
    assert_eq!((ended, names(&bodies).len()), (Ended::Complete { pages: 2 }, USERS));
    let lacks = "a part of the tree is in another directory and was not read: ";
    for (elsewhere, forest) in [
        ("ldap://emea.acme/DC=emea,DC=acme", true),
        ("ldap://partner.acme/DC=partner,DC=acme", true),
        ("ldap://unknown.acme/DC=unknown,DC=acme", true),
        ("ldap://somewhere/", true),
        // Nobody but a domain controller has these by nature.
        ("ldap://acme/CN=Configuration,DC=acme", false),
        ("ldap://paris.example/ou=paris,dc=acme??sub", false),
    ] {
        let references: Vec<&str> = if forest { NORMAL.into_iter().chain([elsewhere]).collect() } else { vec![elsewhere] };
        let (url, _) = serve_directory(of(&references, forest)).await;
        let wire = directory(&url, "s3cret");
        let (ended, bodies, _) = read(&wire, &list, "{}", None).await;
        assert_eq!((reason(&ended), names(&bodies).len()), (format!("{lacks}{elsewhere}").as_str(), USERS), "what came is kept");
        // A proof knows nothing then; a scan that found what it looked for does.
        let proof = send(&wire, Lane::Prove, &list).await;
        assert!(matches!(&proof, Err(CallError::Shape(line)) if line.contains(lacks)), "{proof:?}");
        assert_eq!(send(&wire, Lane::Scan, &list).await.unwrap().body.as_array().unwrap().len(), USERS);
        assert!(send(&wire, Lane::Prove, &search("cn=group", "base", &["cn"])).await.is_ok());
    }
    // What the settings say is another system's.
    let (url, _) = serve_directory(of(&["ldap://emea.acme/DC=emea,DC=acme"], true)).await;
    let connect = "{ ldap: '{{ settings.url }}', elsewhere: settings.others, page_size: 400, bind: { read: 'cn=reader' } }";
    let settings = json!({ "url": url, "others": ["dc=EMEA, dc=acme"] });
    let (ended, ..) = read(&open(&manifest(connect, "{ kind: bind }"), settings, "s3cret", None), &list, "{}", None).await;
    assert_eq!(ended, Ended::Complete { pages: 2 });
}

// Reliability: Nothing stuck.
#[tokio::test]
async fn a_directory_that_sends_more_than_was_asked_for_or_never_ends_its_list_is_a_gap() {
    let list = search("dc=acme", "sub", &["mail"]);
    let (url, _) = serve_directory(Tricks { larger_pages: true, ..Tricks::default() }).await;
    let (ended, bodies, _) = read(&directory(&url, "s3cret"), &list, "{}", None).await;
    assert!(reason(&ended).contains("sent more than the 400 entries that were asked for") && bodies.is_empty(), "{ended:?}");
    let (url, _) = serve_directory(Tricks { endless: true, ..Tricks::default() }).await;
    let (ended, bodies, _) = read(&directory(&url, "s3cret"), &list, "{}", None).await;
    assert!(reason(&ended).contains("was not at its end after") && bodies.len() > 10, "{ended:?}");
}

// Reliability: Nothing stuck.
#[tokio::test]
async fn a_directory_whose_answers_nobody_can_read_ends_no_program() {
    let tlv = |tag: u8, content: &[u8]| [&[tag, 0x84], &u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat();
    let answer = |op: &[u8]| tlv(0x30, &[&tlv(2, &[1]), op].concat());
    // Tags within tags, each a few bytes longer than what it holds.
    let mut deep = Vec::new();
    while deep.len() < 120_000 {
        let length = u32::try_from(deep.len()).unwrap().to_be_bytes();
        deep.splice(0..0, [0x30, 0x84].into_iter().chain(length));
    }
    for (reply, why) in [
        (answer(&tlv(0x61, &deep)), "a message that is broken, or nested too deeply"),
        (answer(&tlv(0x61, b"")), "a result that can't be read"),
        (answer(&tlv(0x61, &tlv(0x0a, &[0]))), "a result that can't be read"),
        (b"\x30\x88\xff".repeat(9), "a message of more than 64 MiB"),
        (b"HTTP/1.1 400 Bad Request\r\n".repeat(9), "something that is no LDAP message"),
        // Here it is the connection that breaks.
        (b"HTTP/1.1 400".to_vec(), "check the address and the network"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 999]).await.unwrap();
                tokio::io::AsyncWriteExt::write_all(&mut stream, &reply).await.unwrap();
            }
        });
        let told = send(&directory(&url, "s3cret"), Lane::Tell, &search("dc=acme", "sub", &["mail"])).await;
        let broke = why.starts_with("check");
        assert!(
            matches!(&told, Err(CallError::Shape(line)) if !broke && line.contains(why))
                || matches!(&told, Err(CallError::Unreachable(line)) if broke && line.ends_with(why)),
            "{why}: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_directory_that_begins_no_tls_gets_no_password() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut framed = Framed::new(stream, LdapCodec::default());
        let asked = framed.next().await.unwrap().unwrap();
        assert!(matches!(&asked.op, LdapOp::ExtendedRequest(asked) if asked.name == "1.3.6.1.4.1.1466.20037"), "{asked:?}");
        let answer = LdapExtendedResponse { res: result(LdapResultCode::ProtocolError, "no TLS here"), name: None, value: None };
        framed.send(LdapMsg { msgid: asked.msgid, op: LdapOp::ExtendedResponse(answer), ctrl: vec![] }).await.unwrap();
        framed.next().await.is_none()
    });
    let connect = "{ ldap: '{{ settings.url }}', starttls: true, bind: { read: 'cn=reader' } }";
    let wire = open(&manifest(connect, "{ kind: bind }"), json!({ "url": url }), "s3cret", None);
    let error = send(&wire, Lane::Scan, &search("dc=acme", "sub", &["mail"])).await.unwrap_err();
    assert!(matches!(&error, CallError::Auth(line) if line.contains("code 2: no TLS here")), "{error:?}");
    assert!(served.await.unwrap(), "nothing more was sent");
}

// Reliability: Secrets.
#[tokio::test]
async fn a_directory_that_repeats_the_password_is_not_quoted() {
    let (url, _) = serve_directory(Tricks::default()).await;
    let password = "Wr0ng-pa55word/+x";
    let wire = directory(&url, password);
    let error = send(&wire, Lane::Revoke, &search("cn=group", "base", &["cn"])).await.unwrap_err().to_string();
    let (ended, ..) = read(&wire, &search("dc=acme", "sub", &["mail"]), "{}", None).await;
    for line in [error.as_str(), reason(&ended)] {
        assert!(line.contains("code 49: no [redacted] [redacted]"), "{line}");
        assert!(!line.contains(password) && !line.contains(&STANDARD.encode(password)[..12]), "{line}");
    }
}

#[tokio::test]
async fn changes_have_the_directorys_codes() {
    let (url, _) = serve_directory(Tricks::default()).await;
    let wire = directory(&url, "s3cret");
    for (dn, value, status, class) in [
        ("cn=user1", "514", 0, Class::Fine),
        ("cn=user1", "512", 19, Class::Refused),
        ("cn=locked", "514", 50, Class::Forbidden),
        ("cn=nobody", "514", 32, Class::Gone),
    ] {
        let change = Change { op: ChangeOp::Replace, attribute: "userAccountControl".into(), values: vec![value.into()] };
        let call = Call::Modify(ModifyCall { dn: dn.into(), changes: vec![change], relax: false });
        let reply = send(&wire, Lane::Revoke, &call).await.unwrap();
        assert_eq!((reply.status, reply.class), (status, class), "{dn} {value}");
        assert_eq!(reply.says(), format!("{status}: said so"));
    }
}

#[tokio::test]
async fn a_broken_connection_is_opened_once_more() {
    let (url, counts) = serve_directory(Tricks { drop_after: Some(1), ..Tricks::default() }).await;
    let wire = directory(&url, "s3cret");
    let (ended, bodies, _) = read(&wire, &search("dc=acme", "sub", &["mail"]), "{}", None).await;
    // The first page came twice: once before the break.
    assert_eq!((ended, names(&bodies).len()), (Ended::Complete { pages: 3 }, USERS));
    assert_eq!(counts.connections.load(Ordering::SeqCst), 2);
    wire.warm(Hand::Read, &[], 3).await.unwrap();
    assert_eq!(counts.connections.load(Ordering::SeqCst), 4);
}
