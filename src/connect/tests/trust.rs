//! Whose certificate is believed: the machine's authorities', and those of the system's own file.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::*;
use crate::connect::{CallError, Class, SearchCall};

/// Serves `{}` over TLS, with a certificate that an authority of its own gave to `name`. The address, and the authority as PEM.
fn serve_tls(name: &str) -> (String, String) {
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let stream = rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).unwrap(), socket.unwrap());
            std::thread::spawn(move || answer(stream));
        }
    });
    (base, authority.pem())
}

/// One answer to a connection; one that breaks off before the request has none.
fn answer(mut stream: rustls::StreamOwned<rustls::ServerConnection, std::net::TcpStream>) {
    let mut request = [0; 4096];
    if stream.read(&mut request).is_ok_and(|read| read > 0) {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        let _sent = stream.write_all(head.as_bytes()).and_then(|()| stream.flush());
    }
}

async fn ask(base: &str, ca_file: Option<&std::path::Path>) -> Result<Reply, CallError> {
    let manifest = manifest("{ http: '{{ settings.url }}' }", "{ kind: bearer }");
    let secrets = [Some("s3cret-bearer".into()), None, None];
    let wire = Wire::open("acme-prod".into(), &manifest, json!({ "url": base }), secrets, ca_file, false, None).unwrap();
    send(&wire, Lane::Revoke, &get("/x")).await
}

async fn search(base: &str, ca_file: Option<&std::path::Path>) -> CallError {
    let manifest = manifest("{ ldap: '{{ settings.url }}', bind: { read: 'cn=reader' } }", "{ kind: bind }");
    let settings = json!({ "url": base.replace("https", "ldaps") });
    let wire = Wire::open("acme-prod".into(), &manifest, settings, [Some("s3cret".into()), None, None], ca_file, false, None).unwrap();
    let all = SearchCall { base: "dc=acme".into(), scope: "sub".into(), filter: "(objectClass=*)".into(), attributes: Vec::new() };
    send(&wire, Lane::Revoke, &Call::Search(all)).await.unwrap_err()
}

// Reliability: Secrets.
#[tokio::test]
async fn no_certificate_is_believed_but_one_of_a_known_authority_for_that_very_host() {
    let (base, authority) = serve_tls("127.0.0.1");
    // At once: to ask again changes nothing.
    let refused = ask(&base, None).await.unwrap_err();
    assert!(matches!(&refused, CallError::Untrusted(line) if line.contains("ca_file")), "{refused:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, &authority).unwrap();
    assert_eq!(ask(&base, Some(&file)).await.unwrap().class, Class::Fine);
    let (elsewhere, authority) = serve_tls("okta.example");
    std::fs::write(&file, &authority).unwrap();
    let refused = ask(&elsewhere, Some(&file)).await.unwrap_err();
    assert!(matches!(refused, CallError::Untrusted(_)), "{refused:?}");
}

// Reliability: Secrets.
#[tokio::test]
async fn a_directory_s_certificate_is_believed_as_any_other() {
    let (base, authority) = serve_tls("127.0.0.1");
    // At once: to ask again changes nothing.
    let refused = search(&base, None).await;
    assert!(matches!(&refused, CallError::Untrusted(line) if line.contains("ca_file")), "{refused:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, &authority).unwrap();
    // Believed: what comes then is a web page.
    let read = search(&base, Some(&file)).await;
    assert!(matches!(&read, CallError::Shape(line) if line.contains("no LDAP message")), "{read:?}");
    let (elsewhere, authority) = serve_tls("dc1.example");
    std::fs::write(&file, &authority).unwrap();
    let refused = search(&elsewhere, Some(&file)).await;
    assert!(matches!(refused, CallError::Untrusted(_)), "{refused:?}");
}
