//! Each kind of credential against a fake token endpoint.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::KeyPair;
use base64::Engine as _;

use super::*;
use crate::connect::{CallError, Class};

/// A private key as PEM, and its public half.
static KEY: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    (pem, key.public_key().as_ref().to_vec())
});

fn claims(token: &str, audience: &str) -> Value {
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&[audience]);
    jsonwebtoken::decode::<Value>(token, &jsonwebtoken::DecodingKey::from_rsa_der(&KEY.1), &validation).unwrap().claims
}

fn field(form: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://h/?{form}")).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Hands out `token-1`, `token-2` …; anything else answers with what was presented.
async fn endpoint(expires_in: u64) -> Server {
    let handed = AtomicUsize::new(0);
    serve(move |seen, _| {
        if seen.url.starts_with("/token") {
            std::thread::sleep(Duration::from_millis(20));
            let number = handed.fetch_add(1, Ordering::SeqCst) + 1;
            return (200, vec![], json!({"access_token": format!("token-{number}"), "expires_in": expires_in, "token_type": "Bearer"}));
        }
        (200, vec![], json!({"presented": backwards(seen.header("authorization"))}))
    })
    .await
}

fn wire(server: &Server, credential: &str, secret: &str) -> Wire {
    open(&manifest("{ http: '{{ settings.url }}' }", credential), json!({"url": server.base, "user": "user-1"}), secret, None)
}

async fn presented(wire: &Wire, call: &Call) -> String {
    backwards(send(wire, Lane::Revoke, call).await.unwrap().body["presented"].as_str().unwrap_or_default())
}

/// So that an answer can hold what was presented: as it is, it would be redacted.
fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

#[tokio::test]
async fn fixed_credentials() {
    let server = serve(|seen, _| {
        (200, vec![], json!({"presented": backwards(seen.header("authorization")), "key": backwards(seen.header("x-api-key"))}))
    })
    .await;
    assert_eq!(presented(&wire(&server, "{ kind: bearer }", "s3cret"), &get("/x")).await, "Bearer s3cret");
    assert_eq!(
        presented(&wire(&server, "{ kind: basic, user: '{{ settings.user }}' }", "s3cret"), &get("/x")).await,
        "Basic dXNlci0xOnMzY3JldA=="
    );
    let ssws = "{ kind: header, header: Authorization, value: 'SSWS {{ secret }}' }";
    assert_eq!(presented(&wire(&server, ssws, "s3cret"), &get("/x")).await, "SSWS s3cret");
    let reply = send(&wire(&server, "{ kind: header, header: X-Api-Key }", "s3cret"), Lane::Scan, &get("/x")).await.unwrap();
    assert_eq!(reply.body["key"], json!(backwards("s3cret")));
}

#[tokio::test]
async fn a_token_is_fetched_once_though_many_wait() {
    let server = endpoint(3600).await;
    let credential = "{ kind: oauth_client, user: '{{ settings.user }}', token_url: '{{ settings.url }}/token', form: { scope: all } }";
    let wire = wire(&server, credential, "s3cret&x");
    let calls: Vec<Call> = (0..20).map(|_| get("/x")).collect();
    let all = futures_util::future::join_all(calls.iter().map(|call| presented(&wire, call))).await;
    assert!(all.iter().all(|text| text == "Bearer token-1"), "{all:?}");
    assert_eq!(server.count("/token"), 1);
    let form = &server.seen()[0].body;
    for (name, value) in [("grant_type", "client_credentials"), ("client_id", "user-1"), ("client_secret", "s3cret&x"), ("scope", "all")] {
        assert_eq!(field(form, name).as_deref(), Some(value), "{form}");
    }
    // Another identity has a token of its own.
    let other = Call::Http(HttpCall { method: "GET".into(), url: "/x".into(), act_as: Some("a@b.example".into()), ..HttpCall::default() });
    assert_eq!(presented(&wire, &other).await, "Bearer token-2");
}

#[tokio::test]
async fn client_secret_null_means_basic() {
    let server = endpoint(3600).await;
    let credential = "{ kind: oauth_client, user: user-1, token_url: '{{ settings.url }}/token', form: { grant_type: account_credentials, client_secret: null } }";
    presented(&wire(&server, credential, "s3cret"), &get("/x")).await;
    let seen = &server.seen()[0];
    assert_eq!((seen.header("authorization"), field(&seen.body, "client_secret")), ("Basic dXNlci0xOnMzY3JldA==", None));
    assert_eq!(field(&seen.body, "grant_type").as_deref(), Some("account_credentials"));
}

#[tokio::test]
async fn tokens_are_renewed_before_they_end_and_after_a_refusal() {
    let server = endpoint(1).await;
    let credential = "{ kind: oauth_client, user: u, token_url: '{{ settings.url }}/token' }";
    let short = wire(&server, credential, "s3cret");
    assert_eq!(presented(&short, &get("/x")).await, "Bearer token-1");
    tokio::time::sleep(Duration::from_millis(850)).await;
    assert_eq!(presented(&short, &get("/x")).await, "Bearer token-2");

    let handed = AtomicUsize::new(0);
    let server = serve(move |seen, _| {
        if seen.url == "/token" {
            let number = handed.fetch_add(1, Ordering::SeqCst) + 1;
            return (200, vec![], json!({"access_token": format!("token-{number}"), "expires_in": 3600}));
        }
        let fine = seen.header("authorization") == "Bearer token-2" && seen.url == "/x";
        (if fine { 200 } else { 401 }, vec![], json!({"presented": backwards(seen.header("authorization"))}))
    })
    .await;
    let wire = wire(&server, credential, "s3cret");
    assert_eq!(presented(&wire, &get("/x")).await, "Bearer token-2");
    // Once only: a right that is missing stays missing.
    assert_eq!(send(&wire, Lane::Scan, &get("/never")).await.unwrap().class, Class::Forbidden);
    assert_eq!((server.count("/token"), server.count("/never")), (3, 2));
}

#[tokio::test]
async fn assertions_are_signed_and_impersonate() {
    let server = endpoint(3600).await;
    let url = format!("{}/token", server.base);
    let file = json!({"client_email": "robot@acme.example", "private_key": KEY.0, "private_key_id": "k1", "token_uri": url}).to_string();
    let google = "{ kind: jwt_bearer, scopes: [a.read, b.read], claims: { sub: '{{ act_as }}' } }";
    let google = wire(&server, google, &file);
    let call =
        Call::Http(HttpCall { method: "GET".into(), url: "/x".into(), act_as: Some("jo@acme.example".into()), ..HttpCall::default() });
    assert_eq!(presented(&google, &call).await, "Bearer token-1");
    let form = server.seen()[0].body.clone();
    assert_eq!(field(&form, "grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    let assertion = field(&form, "assertion").unwrap();
    let said = claims(&assertion, &url);
    assert_eq!(
        (&said["iss"], &said["sub"], &said["scope"]),
        (&json!("robot@acme.example"), &json!("jo@acme.example"), &json!("a.read b.read"))
    );
    assert_eq!(jsonwebtoken::decode_header(&assertion).unwrap().kid.as_deref(), Some("k1"));
    // Nobody to act as: no claim.
    presented(&google, &get("/x")).await;
    assert_eq!(claims(&field(&server.seen()[2].body, "assertion").unwrap(), &url).get("sub"), None);

    let key = "{ kind: private_key_jwt, user: client-7, token_url: '{{ settings.url }}/token', form: { scope: okta.users.read } }";
    presented(&wire(&server, key, &KEY.0), &get("/x")).await;
    let form = server.seen().iter().rev().find(|seen| seen.url == "/token").unwrap().body.clone();
    let said = claims(&field(&form, "client_assertion").unwrap(), &url);
    assert_eq!((&said["iss"], &said["sub"], said["jti"].is_string()), (&json!("client-7"), &json!("client-7"), true));
    assert_eq!(field(&form, "scope").as_deref(), Some("okta.users.read"));

    let error = send(&wire(&server, key, "no key at all"), Lane::Revoke, &get("/x")).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Auth(line) if line.contains("not a PEM private key") && !line.contains("no key at all")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_login_answers_with_a_token_in_a_header() {
    let server = serve(|seen, _| match seen.url.as_str() {
        "/login" => {
            assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), json!({"name": "user-1", "password": "s3cret"}));
            (201, vec![("x-subject-token", "tok-9".into())], json!({"token": {"expires_at": "2999-01-01T00:00:00Z"}}))
        }
        _ => (200, vec![], json!({"presented": backwards(seen.header("x-auth-token"))})),
    })
    .await;
    let credential = "{ kind: login, login: { call: POST /login, body: { name: '{{ settings.user }}', password: '{{ secret }}' }, \
                      token: \"headers['x-subject-token']\", expires: body.token.expires_at }, send: { X-Auth-Token: '{{ token }}' } }";
    let wire = wire(&server, credential, "s3cret");
    wire.warm(Hand::Read, &[], 0).await.unwrap();
    assert_eq!(presented(&wire, &get("/x")).await, "tok-9");
    assert_eq!(presented(&wire, &get("/x")).await, "tok-9");
    assert_eq!(server.count("/login"), 1);
}

#[tokio::test]
async fn a_login_may_be_at_another_host() {
    let server = endpoint(3600).await;
    let elsewhere = "{ kind: login, login: { call: 'POST {{ settings.url }}/token', form: { grant_type: password }, token: body.access_token }, \
                     send: { Authorization: 'Bearer {{ token }}' } }";
    assert_eq!(presented(&wire(&server, elsewhere, "s3cret"), &get("/x")).await, "Bearer token-1");
}

#[tokio::test]
async fn a_refused_credential_is_said_without_its_secret() {
    let server =
        serve(|seen, _| (400, vec![], json!({"error": "invalid_client", "error_description": format!("bad {}", seen.body)}))).await;
    let credential = "{ kind: oauth_client, user: u, token_url: '{{ settings.url }}/token' }";
    let error = send(&wire(&server, credential, "s3cret-value"), Lane::Revoke, &get("/x")).await.unwrap_err();
    let CallError::Auth(line) = &error else { panic!("{error:?}") };
    assert!(
        line.contains("/token gave no token: 400 invalid_client: bad") && line.contains("[redacted]") && !line.contains("s3cret-value"),
        "{line}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn requests_are_signed_for_aws() {
    // Some repeat the signature.
    let server = serve(|seen, _| {
        let signature = seen.header("authorization").rsplit_once("Signature=").unwrap().1.to_owned();
        let xml = format!(
            "<ListUsersResponse><Users><member><UserName>jo</UserName></member></Users><Signed>{signature}</Signed></ListUsersResponse>"
        );
        (200, vec![("content-type", "text/xml".into()), ("x-signed", signature)], json!(xml))
    })
    .await;
    let wire = wire(&server, "{ kind: sigv4, user: AKID, region: eu-west-1, service: iam }", "s3cret");
    let form = Body::Form(vec![("Action".into(), "ListUsers".into()), ("Version".into(), "2010-05-08".into())]);
    let reply = send(&wire, Lane::Scan, &post("/", form)).await.unwrap();
    assert_eq!(reply.body["ListUsersResponse"]["Users"]["member"]["UserName"], json!("jo"));
    assert_eq!(reply.body["ListUsersResponse"]["Signed"], json!("[redacted]"));
    assert_eq!(reply.headers["x-signed"], json!("[redacted]"));
    let seen = &server.seen()[0];
    let authorization = seen.header("authorization");
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/") && authorization.contains("/eu-west-1/iam/aws4_request"),
        "{authorization}"
    );
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date,"), "{authorization}");
    assert_eq!((seen.header("x-amz-date").len(), seen.body.as_str()), (16, "Action=ListUsers&Version=2010-05-08"));
}

#[tokio::test]
async fn the_service_in_a_signature_may_depend_on_the_request() {
    let server = serve(|_, _| (200, vec![], json!({}))).await;
    let service = "\"{{ 'store' if headers['x-amz-target'] | matches('Store') else 'sso' }}\"";
    let wire = wire(&server, &format!("{{ kind: sigv4, user: AKID, region: eu-west-1, service: {service} }}"), "s3cret");
    for (target, service) in [("Store.List", "/eu-west-1/store/aws4_request"), ("Other.List", "/eu-west-1/sso/aws4_request")] {
        let Call::Http(mut call) = post("/", Body::Json(json!({}))) else { panic!("no HTTP") };
        call.headers.push(("X-Amz-Target".into(), target.into()));
        send(&wire, Lane::Scan, &Call::Http(call)).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert!(seen.header("authorization").contains(service), "{target}");
    }
}
