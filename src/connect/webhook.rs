//! Standard Webhooks: the signature that lets a receiver tell our requests from others', and a repeated one from a new one.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The three headers of a request with this id and body, sent at this time (seconds since 1970).
///
/// # Errors
/// The secret says `whsec_` and isn't base64.
pub(super) fn headers(secret: &str, id: &str, at: i64, body: &[u8]) -> Result<[(String, String); 3], String> {
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => BASE64.decode(encoded.trim()).map_err(|_| "the signing secret begins with whsec_ and is not base64 after it")?,
        None => secret.as_bytes().to_vec(),
    };
    let mut signed = format!("{id}.{at}.").into_bytes();
    signed.extend_from_slice(body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    Ok([
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), at.to_string()),
        ("webhook-signature".to_owned(), format!("v1,{}", BASE64.encode(tag.as_ref()))),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn signs_as_the_specification_s_own_example() {
        let signed =
            headers("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap()[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(headers("whsec_???", "a", 0, b"").is_err());
        assert!(headers("plain key", "a", 0, b"").is_ok());
    }
}
