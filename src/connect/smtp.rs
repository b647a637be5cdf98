//! Mail: one message a connection, over TLS, its headers never made of anything but checked values.

use std::path::Path;
use std::time::{Duration, Instant};

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde_json::{Value, json};

use super::redact::Redactor;
use super::sigv4::hex;
use super::{CallError, Class, MailCall, Reply, class};
use crate::clock;
use crate::manifest::express::Scope;
use crate::manifest::judge;
use crate::manifest::raw::{self, CredentialKind, Hand};
use crate::manifest::template::{Place, render};
use crate::model::SystemId;
use crate::secret::{Kept, expose};

/// A subject longer than this is cut: some servers refuse, and nobody reads on.
const SUBJECT: usize = 200;

pub(super) struct Mailer {
    system: SystemId,
    host: String,
    port: u16,
    tls: Tls,
    login: Option<(String, Kept)>,
    /// Why there is no login although one is needed.
    missing: Option<String>,
    timeout: Duration,
    classes: raw::Classes,
    settings: Value,
    redactor: Redactor,
}

impl Mailer {
    pub(super) fn open(
        system: &SystemId,
        manifest: &raw::Manifest,
        address: &str,
        settings: &Value,
        secret: Option<Kept>,
        ca_file: Option<&Path>,
        plain: bool,
    ) -> Result<Self, String> {
        let fail = |error: String| format!("{system}: {error}");
        let url = reqwest::Url::parse(address).ok().filter(|url| ["smtp", "smtps"].contains(&url.scheme()));
        let url = url.ok_or_else(|| fail("connect.smtp gives no smtp:// or smtps:// address; check the system's settings".to_owned()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fail("an address with a user in it; the credential says who signs in".to_owned()));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(fail("connect.smtp names no host".to_owned()));
        }
        let implicit = url.scheme() == "smtps";
        let parameters = trusted(&host, ca_file).map_err(&fail)?;
        let tls = match (implicit, plain || super::plain::is_loopback(&host)) {
            (true, _) => Tls::Wrapper(parameters),
            // What doesn't leave this machine may be plain, where the server has no TLS; so may what the settings allow.
            (false, true) => Tls::Opportunistic(parameters),
            (false, false) => Tls::Required(parameters),
        };
        let redactor = Redactor::default();
        super::secret_settings(manifest, settings).iter().for_each(|secret| redactor.add(secret));
        let mut login = None;
        let mut missing = None;
        if let Some(credential) = manifest.credentials.of(Hand::Tell).filter(|credential| credential.kind == CredentialKind::Basic) {
            let user = credential.user.as_deref().unwrap_or_default();
            let user = render(user, Place::Text, &Scope::new().with("settings", settings)).map_err(&fail)?;
            match secret {
                // Without a user there is no login: a relay that lets this machine in.
                _ if user.is_empty() => {}
                Some(secret) => {
                    redactor.add(expose(&secret.get()));
                    login = Some((user, secret));
                }
                None => missing = Some(fail(format!("no tell credential is configured; set systems.{system}.tell in the settings"))),
            }
        }
        Ok(Self {
            system: system.clone(),
            port: url.port().unwrap_or(if implicit { 465 } else { 587 }),
            host,
            tls,
            login,
            missing,
            timeout: Duration::from_secs(manifest.connect.timeout_secs.unwrap_or(30)),
            classes: manifest.connect.classes.clone(),
            settings: settings.clone(),
            redactor,
        })
    }

    /// Sends one message, once. What the server answered is the reply; what kept it from answering is an error.
    pub(super) async fn send(&self, call: &MailCall) -> Result<Reply, CallError> {
        if let Some(problem) = &self.missing {
            return Err(CallError::Auth(problem.clone()));
        }
        let message = message(call).map_err(|problem| CallError::Shape(format!("{}: {problem}", self.system)))?;
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(self.tls.clone())
            .timeout(Some(self.timeout));
        if let Some((user, secret)) = &self.login {
            transport = transport.credentials(Credentials::new(user.clone(), expose(&secret.get()).to_owned()));
        }
        let sent_at = Instant::now();
        let sent = tokio::time::timeout(self.timeout, transport.build().send(message)).await;
        let line = |what: &str| self.redactor.text(&format!("{}: {}:{}: {what}", self.system, self.host, self.port));
        let (status, text) = match sent {
            Err(_) => return Err(CallError::Timeout(line("no answer in time"))),
            Ok(Ok(response)) => (u16::from(response.code()), response.message().collect::<Vec<_>>().join(" ")),
            Ok(Err(error)) => match error.status() {
                Some(code) => (u16::from(code), told(&error)),
                None if error.is_timeout() => return Err(CallError::Timeout(line(&told(&error)))),
                None if error.is_client() => return Err(CallError::Auth(line(&told(&error)))),
                None => return Err(CallError::Unreachable(line(&told(&error)))),
            },
        };
        let (headers, body) = (json!({}), json!({ "text": self.redactor.text(&text) }));
        let usual = match status {
            200..=299 => Class::Fine,
            400..=499 => Class::Transient,
            530 | 534 | 535 | 538 => Class::Forbidden,
            _ => Class::Refused,
        };
        // Refused: the password may have been replaced. The next message carries the new one.
        if status == 535
            && let Some((_, secret)) = &self.login
            && secret.again().await
        {
            self.redactor.add(expose(&secret.get()));
        }
        let class = judge::class(&raw::Classes::default(), &self.classes, &class::scope(status, &headers, &body, &self.settings), usual)
            .map_err(|error| CallError::Shape(line(&format!("its reply can't be classed: {error}"))))?;
        Ok(Reply {
            status,
            class,
            headers,
            digest: format!("sha256:{}", hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())),
            body,
            raw: Vec::new(),
            at: clock::now(),
            took: sent_at.elapsed(),
            attempts: 1,
            sent_at,
        })
    }
}

/// The message. Nothing that came from elsewhere can begin another header: addresses are parsed, the subject is one line, the id is made of
/// letters, digits, `-`, `.` and `_`.
fn message(call: &MailCall) -> Result<Message, String> {
    let mailbox = |text: &str| text.trim().parse::<Mailbox>().map_err(|error| format!("{:?} is no address ({error})", one_line(text)));
    let from = mailbox(&call.from)?;
    let domain = from.email.domain().to_owned();
    let id: String = call.id.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    let mut builder = Message::builder()
        .from(from)
        .date(clock::now().into())
        .subject(one_line(&call.subject))
        .message_id(Some(format!("<{id}@{domain}>")));
    let mut receivers = 0;
    for address in call.to.split(',').filter(|address| !address.trim().is_empty()) {
        builder = builder.to(mailbox(address)?);
        receivers += 1;
    }
    if receivers == 0 {
        return Err("the message is for nobody".to_owned());
    }
    // Nothing may answer this by itself: a holiday notice must not travel back.
    let builder = builder.header(ContentType::TEXT_PLAIN).raw_header(automatic());
    builder.body(call.text.clone()).map_err(|error| format!("the message can't be made: {error}"))
}

fn automatic() -> lettre::message::header::HeaderValue {
    use lettre::message::header::{HeaderName, HeaderValue};
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

/// The text as one line without control characters, and not too long.
fn one_line(text: &str) -> String {
    crate::clean::line(text.trim()).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SUBJECT).collect()
}

fn trusted(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| format!("ca_file {} can't be read: {error}", path.display()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| format!("ca_file {} holds no PEM certificate", path.display()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| format!("no TLS for {host}: {error}"))
}

/// An error and its causes, on one line.
fn told(error: &dyn std::error::Error) -> String {
    super::http::chain(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn call(to: &str, subject: &str) -> MailCall {
        MailCall {
            id: "exeunt-1-opened\r\nBcc: x@evil.example".into(),
            from: "exeunt <exeunt@acme.example>".into(),
            to: to.into(),
            subject: subject.into(),
            text: "first\n.\nRCPT TO:<x@evil.example>\r\n.\r\nlast".into(),
        }
    }

    // Reliability: What people see.
    #[test]
    fn a_subject_shows_what_would_turn_or_break_it() {
        let made = message(&call("it@acme.example", "Fob of \u{202e}Jo\u{1b}[31m\nx")).unwrap();
        assert!(String::from_utf8(made.formatted()).unwrap().contains("Subject: Fob of <U+202E>Jo<U+001B>[31m<U+000A>x\r\n"));
    }

    #[test]
    fn no_value_begins_another_header() {
        let made = message(&call("it@acme.example, Ana <ana@acme.example>", "Fob of Jo\r\nBcc: y@evil.example\r\n\r\nbody")).unwrap();
        let text = String::from_utf8(made.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(':').next()).collect();
        assert_eq!(names, ["From", "Date", "Subject", "Message-ID", "To", "Content-Type", "Auto-Submitted", "Content-Transfer-Encoding"]);
        assert!(head.contains("Message-ID: <exeunt-1-openedBccxevil.example@acme.example>"), "{head}");
        assert_eq!(made.envelope().to().len(), 2);
        for bad in ["", " , ", "it@acme.example\r\nBcc: z@evil.example", "no address", "a@b@c"] {
            assert!(message(&call(bad, "x")).is_err(), "{bad:?}");
        }
        let sender = MailCall { from: "a@acme.example>\r\nX: y".into(), ..call("it@acme.example", "x") };
        assert!(message(&sender).is_err());
    }
}
