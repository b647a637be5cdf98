//! A mail server that repeats what was sent to it.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::*;
use crate::connect::{CallError, MailCall};

// Reliability: Secrets.
#[tokio::test]
async fn a_mail_server_that_repeats_the_password_is_not_quoted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 mail.acme.example\r\n").await.unwrap();
                while let Ok(Some(line)) = lines.next_line().await {
                    let reply = match line.split(' ').next().unwrap_or_default() {
                        "EHLO" => "250-mail.acme.example\r\n250 AUTH PLAIN\r\n".to_owned(),
                        "AUTH" => format!("535 5.7.8 no {line} (Pa55word-of-mail/9)\r\n"),
                        _ => "250 fine\r\n".to_owned(),
                    };
                    write.write_all(reply.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let text = "scanner: post\ntitle: Post\ncategory: notify\ncontract: a test\ncredentials:\n  read: { kind: none }\n  tell: { kind: basic, user: exeunt }\nconnect: { smtp: '{{ settings.url }}' }\n";
    let manifest: raw::Manifest = serde_saphyr::from_str(text).unwrap();
    let secrets = [None, None, Some("Pa55word-of-mail/9".into())];
    let wire = Wire::open("post".into(), &manifest, json!({ "url": url }), secrets, None, false, None).unwrap();
    let mail = MailCall {
        id: "1".into(),
        from: "exeunt@acme.example".into(),
        to: "it@acme.example".into(),
        subject: "x".into(),
        text: "y".into(),
    };
    let said = match wire.send(Hand::Tell, Lane::Tell, &Call::Mail(mail), &raw::Classes::default()).await {
        Ok(reply) => format!("{} {}", reply.says(), reply.body),
        Err(
            CallError::Auth(line)
            | CallError::Unreachable(line)
            | CallError::Untrusted(line)
            | CallError::Timeout(line)
            | CallError::Shape(line),
        ) => line,
    };
    assert!(said.contains("[redacted]"), "{said}");
    for secret in ["Pa55word-of-mail/9", "UGE1NXdvcmQtb2YtbWFpbC85", "YTU1d29yZC1vZi1tYWlsL"] {
        assert!(!said.contains(secret), "{said}");
    }
}
