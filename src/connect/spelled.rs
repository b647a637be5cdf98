//! Texts that a writer has escaped: percent-encoding, JSON's and a program's backslashes, HTML's entities, and these within one another. Nobody says
//! which letters a writer escapes, nor how often, so that spellings can't be listed: a text is read as it is meant.

/// Names of HTML's entities for what stands in secrets.
const ENTITIES: &[(&str, u8)] = &[
    ("amp", b'&'),
    ("lt", b'<'),
    ("gt", b'>'),
    ("quot", b'"'),
    ("apos", b'\''),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("plus", b'+'),
    ("equals", b'='),
    ("colon", b':'),
    ("semi", b';'),
    ("period", b'.'),
    ("comma", b','),
    ("lowbar", b'_'),
    ("hyphen", b'-'),
    ("dash", b'-'),
    ("num", b'#'),
    ("percnt", b'%'),
    ("dollar", b'$'),
    ("excl", b'!'),
    ("quest", b'?'),
    ("ast", b'*'),
    ("commat", b'@'),
    ("lpar", b'('),
    ("rpar", b')'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("rsqb", b']'),
    ("rbrack", b']'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("rcub", b'}'),
    ("rbrace", b'}'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("Hat", b'^'),
    ("grave", b'`'),
    ("tilde", b'~'),
];

/// Whether an escape may begin with this byte.
pub(super) fn begins(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// A text with its escapes read once, and where each of its bytes began; none where it has no escape.
pub(super) fn read(text: &[u8]) -> Option<(Vec<u8>, Vec<u32>)> {
    let first = text.iter().enumerate().position(|(at, byte)| begins(*byte) && escape(&text[at..]).is_some())?;
    let (mut plain, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    plain.extend_from_slice(&text[..first]);
    places.extend((0..first).map(place));
    let mut at = first;
    while let Some(byte) = text.get(at) {
        let escaped = if begins(*byte) { escape(&text[at..]) } else { None };
        let (letter, length) = escaped.unwrap_or((char::from(0), 0));
        if length == 0 {
            plain.push(*byte);
            places.push(place(at));
            at += 1;
        } else {
            // A percent sign or `\x` stands for a byte, and so do all letters below 128.
            let byte =
                u8::try_from(u32::from(letter)).ok().filter(|byte| *byte < 128 || text[at] == b'%' || text.get(at + 1) == Some(&b'x'));
            match byte {
                Some(byte) => plain.push(byte),
                None => plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            places.resize(plain.len(), place(at));
            at += length;
        }
    }
    Some((plain, places))
}

/// What the escape at the begin of a text stands for, and how long it is.
fn escape(text: &[u8]) -> Option<(char, usize)> {
    match text {
        [b'%', high, low, ..] | [b'\\', b'x', high, low, ..] => {
            let length = if text[0] == b'%' { 3 } else { 4 };
            Some((char::from_u32(digit(*high, 16)? << 4 | digit(*low, 16)?)?, length))
        }
        [b'\\', b'u', a, b, c, d, ..] => {
            let mut code = 0;
            for letter in [a, b, c, d] {
                code = code << 4 | digit(*letter, 16)?;
            }
            Some((char::from_u32(code)?, 6))
        }
        [b'\\', letter @ (b'/' | b'"' | b'\\' | b'\''), ..] => Some((char::from(*letter), 2)),
        [b'&', b'#', rest @ ..] => {
            let (rest, base, before) = match rest {
                [b'x' | b'X', rest @ ..] => (rest, 16, 3),
                _ => (rest, 10, 2),
            };
            let digits = rest.iter().take(8).take_while(|letter| digit(**letter, base).is_some()).count();
            if digits == 0 {
                return None;
            }
            let code = rest[..digits].iter().try_fold(0_u32, |code, letter| code.checked_mul(base)?.checked_add(digit(*letter, base)?))?;
            // Readers take an entity without its semicolon too.
            Some((char::from_u32(code)?, before + digits + usize::from(rest.get(digits) == Some(&b';'))))
        }
        [b'&', rest @ ..] => {
            let name = rest.iter().take(7).position(|letter| *letter == b';')?;
            let (_, letter) = ENTITIES.iter().find(|(known, _)| known.as_bytes() == &rest[..name])?;
            Some((char::from(*letter), name + 2))
        }
        _ => None,
    }
}

fn digit(letter: u8, base: u32) -> Option<u32> {
    char::from(letter).to_digit(base)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plain(text: &str) -> String {
        read(text.as_bytes()).map_or_else(|| text.to_owned(), |(plain, _)| String::from_utf8_lossy(&plain).into_owned())
    }

    #[test]
    fn escapes_are_read_once_and_what_is_none_stays() {
        for (text, meant) in [
            ("a%2fb%2Fc", "a/b/c"),
            ("%2573", "%73"),
            (r"\u0061\x62\/\\u0061", r"ab/\u0061"),
            ("&#97;&#x62;&#X63&quot;&amp;lt;", "abc\"&lt;"),
            (r"\u00e9%C3%A9&#233;", "ééé"),
            (r"100% %zz \q \u12 &; &nosuch; &#; &#x; %4", r"100% %zz \q \u12 &; &nosuch; &#; &#x; %4"),
        ] {
            assert_eq!(plain(text), meant, "{text}");
        }
        let (meant, places) = read(b"x%2fy\\/z").unwrap();
        assert_eq!((meant.as_slice(), places.as_slice()), (&b"x/y/z"[..], &[0, 1, 4, 5, 7][..]));
        assert!(read(b"nothing % of \\ this & is one").is_none());
    }
}
