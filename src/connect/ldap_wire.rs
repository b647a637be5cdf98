//! The way to a directory. A directory's answers are checked here before the LDAP library reads them. The library recurses as deep as a message
//! nests, and panics on a malformed result: a few kilobytes from a server could end this program.
//!
//! ```text
//!   directory ══ TCP, TLS ══ relay: one whole message at a time, looked at ── socket pair ── library
//! ```

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, OnceLock};

use ldap3::{LdapError, LdapResult};
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::cost;

/// A message longer than this is refused; a page of a directory comes as one message for each entry.
const LONGEST: usize = 64 << 20;
/// How deep a message may nest. An entry's values are five deep.
const DEEPEST: usize = 16;
/// "Begin TLS" (RFC 4511, 4.14), as message 1.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Why an answer of the directory was refused on one connection. The library knows only that the connection ended.
pub(super) type Refused = Arc<OnceLock<String>>;

/// An answer that is refused, in contrast to a connection that breaks.
fn refusal(why: impl Into<String>) -> io::Error {
    io::Error::other(why.into())
}

/// Why an answer was refused; none if the connection broke.
pub(super) fn refused(error: &io::Error) -> Option<String> {
    (error.kind() == io::ErrorKind::Other).then(|| error.to_string())
}

/// Connects to a directory, over TLS if `tls` says how: from the start where its address begins with `ldaps`, else begun by StartTLS. Gives the end that
/// the library speaks to, and the place where it is said if an answer is refused.
///
/// # Errors
/// It can't be reached, or TLS can't begin.
pub(super) async fn connect(url: &Url, tls: Option<Arc<ClientConfig>>) -> Result<(StdUnixStream, Refused), LdapError> {
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost");
    let host = host.trim_matches(['[', ']']);
    let port = url.port().unwrap_or(if url.scheme() == "ldaps" { 636 } else { 389 });
    let mut stream = TcpStream::connect((host, port)).await?;
    let (ours, theirs) = UnixStream::pair()?;
    let refused = Refused::default();
    if let Some(tls) = tls {
        if url.scheme() != "ldaps" {
            start_tls(&mut stream).await?;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let stream = TlsConnector::from(tls).connect(name, stream).await?;
        tokio::spawn(relay(stream, ours, refused.clone()));
    } else {
        tokio::spawn(relay(stream, ours, refused.clone()));
    }
    Ok((theirs.into_std()?, refused))
}

/// Asks the directory to begin TLS.
async fn start_tls(stream: &mut TcpStream) -> Result<(), LdapError> {
    stream.write_all(START_TLS).await?;
    let answer = message(stream).await?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let op = Tlv::first(&answer).and_then(|whole| whole.inner().nth(1)).filter(|op| op.tag == 0x78);
    let parts: Vec<Tlv<'_>> = op.into_iter().flat_map(Tlv::inner).take(3).collect();
    let [code, _, text] = parts.as_slice() else { return Err(refusal("the directory's answer to StartTLS can't be read").into()) };
    let (rc, text) = (u32::try_from(number(code.content)).unwrap_or(u32::MAX), String::from_utf8_lossy(text.content).into_owned());
    if rc == 0 {
        return Ok(());
    }
    Err(LdapResult { rc, matched: String::new(), text, refs: Vec::new(), ctrls: Vec::new() }.into())
}

/// Carries what the library says as it is, and what the directory says message by message, until one of them ends.
async fn relay(directory: impl AsyncRead + AsyncWrite, library: UnixStream, why: Refused) {
    let (mut from_directory, mut to_directory) = tokio::io::split(directory);
    let (mut from_library, mut to_library) = library.into_split();
    let there = async {
        tokio::io::copy(&mut from_library, &mut to_directory).await?;
        to_directory.shutdown().await
    };
    let back = async {
        while let Some(message) = message(&mut from_directory).await? {
            to_library.write_all(&message).await?;
        }
        Ok::<_, io::Error>(())
    };
    let ended = tokio::select! { ended = there => ended, ended = back => ended };
    if let Err(error) = ended {
        tracing::debug!(%error, "a directory's connection ended");
        // Said before the library's end is closed, so that whoever finds it closed finds the reason.
        if let Some(refused) = refused(&error) {
            why.get_or_init(|| refused);
        }
    }
}

/// The next message, whole and as the library can read it; none where the directory has ended.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut message = vec![0; 2];
    if from.read(&mut message[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut message[1..]).await?;
    let more = usize::from(message[1] & 0x7f);
    let length = match message[1] {
        short @ ..0x80 => usize::from(short),
        _ if (1..=8).contains(&more) => {
            let from_at = message.len();
            message.resize(from_at + more, 0);
            from.read_exact(&mut message[from_at..]).await?;
            number(&message[from_at..])
        }
        _ => usize::MAX,
    };
    if length > LONGEST {
        return Err(refusal(format!("the directory sends a message of more than {} MiB", LONGEST >> 20)));
    }
    // Memory is taken as the bytes come, not as they are announced.
    let head = message.len();
    from.take(length as u64).read_to_end(&mut message).await?;
    if message.len() - head < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    readable(&message).map_err(refusal)?;
    Ok(Some(message))
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0_usize, |sum, byte| sum.saturating_mul(256).saturating_add(usize::from(*byte)))
}

/// A tag with its content.
#[derive(Clone, Copy)]
struct Tlv<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The first of these bytes and what follows it; none where they hold no whole one.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let [tag, length, rest @ ..] = bytes else { return None };
        let more = usize::from(length & 0x7f);
        let (length, rest) = match length {
            0x80.. => rest
                .split_at_checked(more)
                .filter(|(digits, _)| (1..=8).contains(&digits.len()))
                .map(|(digits, rest)| (number(digits), rest))?,
            _ => (more, rest),
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some((Self { tag: *tag, content }, rest))
    }

    fn first(bytes: &'a [u8]) -> Option<Self> {
        Self::split(bytes).map(|(first, _)| first)
    }

    fn inner(self) -> impl Iterator<Item = Self> {
        let mut rest = self.content;
        std::iter::from_fn(move || {
            let (next, after) = Self::split(rest)?;
            rest = after;
            Some(next)
        })
    }

    fn is_constructed(self) -> bool {
        self.tag & 0x20 != 0
    }

    fn is_text(self) -> bool {
        !self.is_constructed() && std::str::from_utf8(self.content).is_ok()
    }
}

/// The cookie in the value of a paged-results control; none if it is no such value.
pub(super) fn cookie(value: &[u8]) -> Option<Vec<u8>> {
    let whole = Tlv::first(value).filter(|whole| whole.tag == 0x30)?;
    let parts: Vec<Tlv<'_>> = whole.inner().take(3).collect();
    let [size, cookie] = parts.as_slice() else { return None };
    (size.tag == 2 && cookie.tag == 4).then(|| cookie.content.to_vec())
}

/// Whether the library can read a message: of whole parts, no deeper than any is, with results and controls of the shape that RFC 4511 gives them.
pub(super) fn readable(message: &[u8]) -> Result<(), &'static str> {
    let whole = Tlv::first(message).filter(|whole| whole.tag == 0x30).ok_or("the directory sends something that is no LDAP message")?;
    let parts = parts_of(whole).ok_or("the directory sends a message that is broken, or nested too deeply")?;
    if cost::values(message.len() as u64, parts).is_err() {
        return Err("the directory sends a message of too many parts");
    }
    let parts: Vec<Tlv<'_>> = whole.inner().take(4).collect();
    let [id, op, rest @ ..] = parts.as_slice() else { return Err("the directory sends a message without an operation") };
    if id.tag != 2 || id.content.is_empty() || id.content.len() > 4 {
        return Err("the directory sends a message without a number");
    }
    // Active Directory puts an object identifier where controls stand, when it says that it disconnects.
    let controls = match rest {
        [] => true,
        [controls] if controls.tag == 0xa0 => controls.inner().all(is_control),
        [oid] => oid.tag == 0x8a,
        _ => false,
    };
    if !controls {
        return Err("the directory sends controls that can't be read");
    }
    match op.tag {
        // Bind, search, modify, add, delete, rename, compare, extended: their results.
        0x61 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x78 if !is_result(*op) => Err("the directory sends a result that can't be read"),
        0x61 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x78 | 0x64 | 0x79 => Ok(()),
        0x73 if op.inner().all(Tlv::is_text) => Ok(()),
        _ => Err("the directory sends an operation that is no answer"),
    }
}

/// How many parts a tag's content has, down to the deepest; none if it is not whole parts, and theirs.
fn parts_of(whole: Tlv<'_>) -> Option<u64> {
    let (mut open, mut parts) = (vec![whole.content], 0);
    while let Some(rest) = open.last_mut() {
        if rest.is_empty() {
            open.pop();
            continue;
        }
        let (part, after) = Tlv::split(rest)?;
        *rest = after;
        parts += 1;
        if part.is_constructed() {
            if open.len() >= DEEPEST {
                return None;
            }
            open.push(part.content);
        }
    }
    Some(parts)
}

fn is_result(op: Tlv<'_>) -> bool {
    let mut parts = op.inner();
    let code = parts.next().is_some_and(|code| code.tag == 0x0a && (1..=4).contains(&code.content.len()));
    let texts = [parts.next(), parts.next()].into_iter().all(|text| text.is_some_and(|text| text.tag == 4 && text.is_text()));
    code && texts
        && parts.all(|part| match part.tag & 0x1f {
            // Referrals; credentials; the name of an extension and its value.
            3 => part.is_constructed() && part.inner().all(Tlv::is_text),
            10 => part.is_text(),
            7 | 11 => !part.is_constructed(),
            _ => true,
        })
}

fn is_control(control: Tlv<'_>) -> bool {
    let parts: Vec<Tlv<'_>> = control.inner().take(4).collect();
    let named = |oid: &Tlv<'_>| oid.tag == 4 && oid.is_text();
    control.tag == 0x30
        && match parts.as_slice() {
            [oid] => named(oid),
            [oid, more] => named(oid) && (more.tag == 1 && more.content.len() == 1 || more.tag == 4),
            [oid, critical, value] => named(oid) && critical.tag == 1 && critical.content.len() == 1 && value.tag == 4,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    }

    fn answer(op: &[u8]) -> Vec<u8> {
        tlv(0x30, &[&tlv(2, &[1]), op].concat())
    }

    /// A result with these bytes as its parts after the code.
    fn done(parts: &[u8]) -> Vec<u8> {
        answer(&tlv(0x65, &[&tlv(0x0a, &[0]), parts].concat()))
    }

    // Reliability: Nothing stuck.
    #[test]
    fn a_directory_s_message_that_the_library_could_not_read_is_refused() {
        let (empty, text) = (tlv(4, b""), tlv(4, b"fine"));
        let fine = [
            done(&[&empty[..], &text].concat()),
            done(&[&empty[..], &text, &tlv(0xa3, &tlv(4, b"ldap://dc2.acme.example/"))].concat()),
            answer(&tlv(0x64, &[&text[..], &tlv(0x30, b"")].concat())),
            tlv(0x30, &[&tlv(2, &[1])[..], &tlv(0x64, &text), &tlv(0xa0, &tlv(0x30, &tlv(4, b"1.2.3")))].concat()),
        ];
        for message in fine {
            assert_eq!(readable(&message), Ok(()), "{message:02x?}");
        }
        let deep = (0..100_000).fold(Vec::new(), |inner, _| if inner.len() < 30_000 { tlv(0x30, &inner) } else { inner });
        let broken = [
            Vec::new(),
            b"\x30\x80".to_vec(),
            b"\x30\x84\xff\xff\xff\xff".to_vec(),
            tlv(0x30, b""),
            tlv(0x30, &tlv(2, &[1])),
            done(b""),
            done(&text),
            done(&[&tlv(4, &[0xff])[..], &text].concat()),
            done(&[&tlv(0x24, b"")[..], &text].concat()),
            done(&[&empty[..], &text, &tlv(0x83, b"x")].concat()),
            answer(&tlv(0x65, &[&tlv(2, &[0])[..], &empty, &text].concat())),
            answer(&tlv(0x60, &text)),
            answer(&tlv(0x64, b"\x04\x05ab")),
            tlv(0x30, &[&tlv(2, &[1])[..], &tlv(0x64, &text), &tlv(0xa0, &tlv(0x30, b""))].concat()),
            tlv(
                0x30,
                &[&tlv(2, &[1])[..], &tlv(0x64, &text), &tlv(0xa0, &tlv(0x30, &[&tlv(4, b"1")[..], &tlv(1, b"")].concat()))].concat(),
            ),
            answer(&tlv(0x64, &deep)),
        ];
        // 30 MiB that would take a gigabyte.
        let many = answer(&tlv(0x64, &[0x04, 0x00].repeat(15 << 20)));
        assert_eq!(readable(&many), Err("the directory sends a message of too many parts"));
        for message in broken {
            assert!(readable(&message).is_err(), "{:02x?}", &message[..message.len().min(40)]);
        }
    }

    #[test]
    fn a_list_that_does_not_say_where_it_goes_on_has_no_cookie() {
        let value = |cookie: &[u8]| tlv(0x30, &[&tlv(2, &[0])[..], &tlv(4, cookie)].concat());
        assert_eq!(cookie(&value(b"")), Some(Vec::new()));
        assert_eq!(cookie(&value(b"next")), Some(b"next".to_vec()));
        for broken in [&b""[..], b"\x30\x00", b"\x30\x05\x02\x01\x00\x04\x09", &value(b"x")[..9], &tlv(4, b"next")] {
            assert_eq!(cookie(broken), None, "{broken:02x?}");
        }
    }
}
