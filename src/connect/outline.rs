//! What a recording keeps of a value: its structure, and what the manifest reads. Secrets go by the names of their fields, and by the names that a
//! manifest marks; of what nobody reads, the shape stays.

/// Words that say that a field holds a secret.
const SECRET: &[&str] = &[
    "apikey",
    "assertion",
    "authorization",
    "cookie",
    "otp",
    "passcode",
    "passcodes",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pin",
    "pins",
    "psk",
    "puk",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
    "totp",
];
/// Words that make a code a secret.
const CODES: &[&str] = &[
    "access",
    "activation",
    "authorization",
    "backup",
    "bypass",
    "door",
    "emergency",
    "entry",
    "facility",
    "gate",
    "invite",
    "lock",
    "login",
    "mfa",
    "pairing",
    "recovery",
    "reset",
    "scratch",
    "security",
    "unlock",
    "verification",
];
/// Words that make a key a secret.
const KEYS: &[&str] = &["api", "encryption", "escrow", "filevault", "host", "private", "recovery", "secret", "signing", "unlock"];
/// Words that say that a field speaks of a secret without holding it, where they come last.
const ABOUT: &[&str] = &[
    "at",
    "by",
    "changed",
    "count",
    "created",
    "date",
    "enabled",
    "expires",
    "expiry",
    "expiration",
    "ids",
    "id",
    "length",
    "level",
    "limit",
    "links",
    "name",
    "policy",
    "required",
    "scheme",
    "scopes",
    "set",
    "status",
    "time",
    "type",
    "types",
    "updated",
    "uri",
    "url",
    "used",
    "version",
];
/// Words before `token` in fields that say where a list goes on.
const PAGING: &[&str] = &["page", "next", "continuation", "continue", "cursor", "delta", "sync", "skip", "start"];

/// The words of a field's name: `recoveryKey`, `recovery_key`, `Recovery-Key` alike.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut open, mut last_lower) = (false, false);
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            (open, last_lower) = (false, false);
            continue;
        }
        if open && !(c.is_ascii_uppercase() && last_lower) {
            words.last_mut().into_iter().for_each(|word| word.push(c.to_ascii_lowercase()));
        } else {
            words.push(c.to_ascii_lowercase().to_string());
            open = true;
        }
        last_lower = c.is_ascii_lowercase();
    }
    words
}

/// The names that one name stands for: all letters, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a field of this name holds a secret.
pub(super) fn sensitive(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let Some(last) = words.last().map(String::as_str) else { return false };
    let joined = plain(name);
    // Written in one word by some vendors.
    if ["accesstoken", "clientsecret", "privatekey", "secretaccesskey", "unicodepwd", "xamzsignature", "sessionkey", "subjecttoken"]
        .iter()
        .any(|known| joined.ends_with(known))
    {
        return true;
    }
    if has(&["session", "sessions"]) && ["id", "key", "token", "hash", "secret", "value", "cookie"].contains(&last) {
        return true;
    }
    if ABOUT.contains(&last) || has(&["token", "tokens"]) && has(PAGING) {
        return false;
    }
    has(SECRET)
        || has(&["code", "codes"]) && has(CODES)
        || has(&["key", "keys"]) && has(KEYS)
        || last == "signature"
        || joined.ends_with("password")
        || joined.ends_with("passcode")
        || joined.ends_with("secret")
}

/// A text's shape: its length, its punctuation, where it has digits and where letters. Days and times, and the words that vendors choose from
/// (`ACTIVE`, `full_access`), stay: no reader of a recording could tell without them whether it keeps to the vendor's description.
pub(super) fn shape(text: &str) -> String {
    if text.is_empty() || is_time(text) || is_word(text) || is_name(text) {
        return text.to_owned();
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if ["http", "https", "ldap", "ldaps"].contains(&scheme) => (&text[..scheme.len() + 3], rest),
        _ => ("", text),
    };
    scheme.chars().chain(rest.chars().map(same_sort)).collect()
}

/// A number's shape: small ones and moments stay.
pub(super) fn number(number: &serde_json::Number) -> serde_json::Number {
    let moment = |n: f64| (9.4e8..4.1e9).contains(&n) || (9.4e11..4.1e12).contains(&n);
    match number.as_f64() {
        Some(n) if n.abs() < 1000.0 || moment(n) => number.clone(),
        _ => {
            let text: String = number.to_string().chars().map(same_sort).collect();
            text.parse().unwrap_or_else(|_| 0.into())
        }
    }
}

fn same_sort(c: char) -> char {
    match c {
        c if c.is_numeric() => '1',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c => c,
    }
}

fn is_time(text: &str) -> bool {
    text.len() <= 40
        && (text.parse::<jiff::Timestamp>().is_ok()
            || text.get(..10).is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
                && !text[10..].contains(|c: char| !" T:.+-Z0123456789".contains(c)))
}

/// Whether it is a name of the kind that is registered somewhere: `urn:ietf:…`, `arn:aws:…`.
fn is_name(text: &str) -> bool {
    (text.starts_with("urn:") || text.starts_with("arn:aws")) && text.len() <= 300 && !text.contains(char::is_whitespace)
}

/// Whether a field of this name holds an identifier, which opens nothing.
pub(super) fn is_id(name: &str) -> bool {
    words(name).last().is_some_and(|last| ["id", "ids", "uuid", "guid"].contains(&last.as_str()))
}

/// Whether it may be one of a vendor's words: letters that can be spoken, with a short number at most after them.
fn is_word(text: &str) -> bool {
    let spoken = |letters: &str| letters.len() < 4 || letters.bytes().any(|b| b"aeiouyAEIOUY".contains(&b));
    let word = |word: &str| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let humps = words(letters);
        letters.chars().all(|c| c.is_ascii_alphabetic())
            && word.len() - letters.len()
                <= if letters.is_empty() && text.len() > 2 * word.len() && text == text.to_ascii_uppercase() { 4 } else { 3 }
            && letters.len() <= 24
            && humps.iter().all(|hump| spoken(hump) && (humps.len() == 1 || hump.len() >= 2))
    };
    text.len() <= 48 && text.contains(|c: char| c.is_ascii_alphabetic()) && text.split(['_', '-', '.', ':', '#', '/']).all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_hold_secrets_go_by_the_words_of_their_names() {
        for name in [
            "access_token",
            "accessToken",
            "AccessToken",
            "backup_codes",
            "client_secret",
            "clientSecret",
            "entryCode",
            "facility_code",
            "id_token",
            "lock_pin",
            "lockPin",
            "otp",
            "passcode",
            "password",
            "pin",
            "PIN",
            "privateKey",
            "recording_play_passcode",
            "recoveryKey",
            "secret",
            "SecretAccessKey",
            "session_hash",
            "session_id",
            "sessionId",
            "sessionToken",
            "temporaryPassword",
            "tfa_secret",
            "token",
            "token_hash",
            "unicodePwd",
            "unlock_code",
            "verificationCode",
            "X-Amz-Signature",
            "password_hash",
        ] {
            assert!(sensitive(name), "{name}");
        }
        for name in [
            "country_code",
            "status_code",
            "code",
            "key",
            "keyId",
            "nextPageToken",
            "page_token",
            "passwordChanged",
            "lastPasswordChangeDateTime",
            "devicePasswordStatus",
            "password_expires",
            "pinned",
            "shipping",
            "token_id",
            "token_type",
            "type",
            "sessions",
            "tokenLifetimePolicy",
        ] {
            assert!(!sensitive(name), "{name}");
        }
    }

    #[test]
    fn the_shape_of_a_text_tells_nothing_of_it() {
        for (text, shaped) in [
            ("482913", "111111"),
            ("tR4x-bq9L", "aA1a-aa1A"),
            ("una@acme.example", "aaa@aaaa.aaaaaaa"),
            ("https://acme.example/s/Ab12?k=9", "https://aaaa.aaaaaaa/a/Aa11?a=1"),
            ("qhjw-xkcd", "aaaa-aaaa"),
            ("Una Fjord", "Aaa Aaaaa"),
        ] {
            assert_eq!(shape(text), shaped);
        }
        for kept in [
            "ACTIVE",
            "full_access",
            "2026-11-30",
            "2026-11-30T10:00:00Z",
            "#microsoft.graph.user",
            "SAML_2_0",
            "oauth2",
            "isActive",
            "KEY_ALG_RSA_2048",
            "urn:ietf:rfc:7644",
            "",
        ] {
            assert_eq!(shape(kept), kept);
        }
        let number = |text: &str| super::number(&text.parse().unwrap_or_else(|_| 0.into())).to_string();
        assert_eq!(
            (number("482913"), number("200"), number("1764489600")),
            ("111111".to_owned(), "200".to_owned(), "1764489600".to_owned())
        );
    }
}
