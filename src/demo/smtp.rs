//! A mail server, simulated: takes messages from whoever signs in, on this machine only, and keeps them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's receivers.
    pub to: Vec<String>,
    /// Headers and text, as they came.
    pub text: String,
}

impl Message {
    /// The value of a header, on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next()?.replace("\r\n ", " ");
        head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }
}

/// The server; it goes down when dropped.
pub struct MailServer {
    /// `smtp://127.0.0.1:port`.
    pub url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    kept: Mutex<Vec<Message>>,
    /// So many messages are still put off (451), as a greylisting server does.
    put_off: AtomicU32,
}

/// The user and password that it lets in; they open nothing else.
pub const LOGIN: (&str, &str) = ("exeunt@northmoor.example", "tell-smtp");

impl MailServer {
    /// Serves on a free port of this machine.
    ///
    /// # Errors
    /// There is no port to be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let state = Arc::new(State::default());
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    if let Err(error) = talk(stream, &state).await {
                        tracing::debug!(%error, "a mail client went away");
                    }
                });
            }
        });
        Ok(Self { url, state, task })
    }

    /// The messages that were taken, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.state.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts off the next so many messages.
    pub fn put_off(&self, messages: u32) {
        self.state.put_off.store(messages, Ordering::Relaxed);
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    let say = async |lines: &mut BufReader<TcpStream>, text: &str| lines.get_mut().write_all(format!("{text}\r\n").as_bytes()).await;
    say(&mut lines, "220 mail.northmoor.example ESMTP").await?;
    let (mut signed_in, mut message) = (false, None::<Message>);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let address = || line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address.to_owned());
        match (verb.as_str(), &mut message) {
            ("EHLO", _) => say(&mut lines, "250-mail.northmoor.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN").await?,
            ("AUTH", _) => {
                let given = line.split(' ').nth(2).and_then(|encoded| BASE64.decode(encoded).ok()).unwrap_or_default();
                signed_in = given == format!("\0{}\0{}", LOGIN.0, LOGIN.1).as_bytes();
                say(&mut lines, if signed_in { "235 2.7.0 welcome" } else { "535 5.7.8 bad credentials" }).await?;
            }
            ("MAIL", _) if !signed_in => say(&mut lines, "530 5.7.0 sign in first").await?,
            ("MAIL", _) => {
                message = Some(Message { from: address().unwrap_or_default(), to: Vec::new(), text: String::new() });
                say(&mut lines, "250 2.1.0 go on").await?;
            }
            ("RCPT", Some(message)) => match address() {
                Some(address) if state.put_off.load(Ordering::Relaxed) == 0 => {
                    message.to.push(address);
                    say(&mut lines, "250 2.1.5 go on").await?;
                }
                Some(_) => {
                    state.put_off.fetch_sub(1, Ordering::Relaxed);
                    say(&mut lines, "451 4.7.1 try again later").await?;
                }
                None => say(&mut lines, "501 5.1.3 no address").await?,
            },
            ("DATA", Some(_)) => {
                say(&mut lines, "354 go on, end with a dot").await?;
                let mut text = String::new();
                loop {
                    let mut part = String::new();
                    if lines.read_line(&mut part).await? == 0 {
                        return Ok(());
                    }
                    if part == ".\r\n" {
                        break;
                    }
                    text.push_str(part.strip_prefix('.').unwrap_or(&part));
                }
                if let Some(taken) = message.take() {
                    state.kept.lock().unwrap_or_else(PoisonError::into_inner).push(Message { text, ..taken });
                }
                say(&mut lines, "250 2.0.0 kept").await?;
            }
            ("RSET", _) => {
                message = None;
                say(&mut lines, "250 2.0.0 forgotten").await?;
            }
            ("NOOP", _) => say(&mut lines, "250 2.0.0 here").await?,
            ("QUIT", _) => return say(&mut lines, "221 2.0.0 bye").await,
            _ => say(&mut lines, "503 5.5.1 not now").await?,
        }
    }
}
