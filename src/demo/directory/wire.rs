//! Reading requests off the wire, those included that look for bytes which are no text, such as an `objectGUID`.

use std::io;

use ldap3_proto::LdapCodec;
use ldap3_proto::proto::LdapMsg;
use tokio_util::bytes::BytesMut;
use tokio_util::codec::Decoder;

/// The largest request that is read.
const LARGEST: usize = 4 << 20;
const SEARCH_REQUEST: u8 = 0x63;
const CONSTRUCTED: u8 = 0x20;
/// How deep a search's parts may nest.
const DEEPEST: usize = 100;

/// From an element's tag and content to its new content.
type Rewrite<'a> = dyn FnMut(u8, &[u8]) -> io::Result<Vec<u8>> + 'a;

/// Decodes requests. The library takes a filter's values for text and fails on others: those come with each byte as one character.
pub struct Requests(LdapCodec);

impl Requests {
    /// A decoder for one connection.
    pub fn new() -> Requests {
        Requests(LdapCodec::new(Some(LARGEST), None))
    }
}

impl Decoder for Requests {
    type Item = LdapMsg;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<LdapMsg>> {
        let Some((header, content)) = measure(buffer)? else {
            return Ok(None);
        };
        let whole = header + content;
        if whole > LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too large"));
        }
        if buffer.len() < whole {
            return Ok(None);
        }
        let frame = buffer.split_to(whole);
        let mut readable = BytesMut::new();
        let inner = each(&frame[header..], &mut |tag, content| {
            if tag == SEARCH_REQUEST { widen(content, DEEPEST) } else { Ok(content.to_vec()) }
        })?;
        write(frame[0], &inner, &mut readable);
        match self.0.decode(&mut readable)? {
            Some(message) => Ok(Some(message)),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "the request ends before it should")),
        }
    }
}

/// The bytes that a value was, which the decoder had to hand on as characters.
pub fn narrow(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// Makes text of all values in a part of a request.
fn widen(part: &[u8], deeper: usize) -> io::Result<Vec<u8>> {
    each(part, &mut |tag, content| {
        if tag & CONSTRUCTED != 0 {
            let deeper = deeper.checked_sub(1).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the filter nests too deep"))?;
            return widen(content, deeper);
        }
        Ok(match std::str::from_utf8(content) {
            Ok(_) => content.to_vec(),
            Err(_) => content.iter().map(|&b| char::from(b)).collect::<String>().into_bytes(),
        })
    })
}

/// Rewrites the content of each element of a sequence.
fn each(mut rest: &[u8], change: &mut Rewrite<'_>) -> io::Result<Vec<u8>> {
    let mut out = BytesMut::with_capacity(rest.len());
    while let Some(&tag) = rest.first() {
        let cut = || io::Error::new(io::ErrorKind::InvalidData, "an element is cut short");
        let (header, length) = measure(rest)?.ok_or_else(cut)?;
        let content = rest.get(header..header + length).ok_or_else(cut)?;
        write(tag, &change(tag, content)?, &mut out);
        rest = &rest[header + length..];
    }
    Ok(out.to_vec())
}

fn write(tag: u8, content: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(&[tag]);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.extend_from_slice(&[short]),
        _ => {
            let bytes = content.len().to_be_bytes();
            let bytes: Vec<u8> = bytes.into_iter().skip_while(|&b| b == 0).collect();
            out.extend_from_slice(&[0x80 | u8::try_from(bytes.len()).unwrap_or(8)]);
            out.extend_from_slice(&bytes);
        }
    }
    out.extend_from_slice(content);
}

/// How long an element's header and content are; nothing, if that can't be told yet.
fn measure(element: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let Some(&first) = element.get(1) else {
        return Ok(None);
    };
    if first < 0x80 {
        return Ok(Some((2, usize::from(first))));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a length that LDAP doesn't allow"));
    }
    let Some(bytes) = element.get(2..2 + count) else {
        return Ok(None);
    };
    let length = bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b));
    Ok(Some((2 + count, length)))
}
