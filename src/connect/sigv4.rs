//! AWS Signature Version 4, for the request as it is about to leave.

use aws_lc_rs::{digest, hmac};
use jiff::Timestamp;

use crate::manifest::template::percent_encode;

/// Who signs, and for what.
pub(super) struct Signer<'a> {
    pub(super) key_id: &'a str,
    pub(super) secret: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Signer<'_> {
    /// The headers to add: `x-amz-date` and `authorization`. `headers` are those that are signed beside them, `host` among them.
    pub(super) fn sign(
        &self,
        method: &str,
        url: &reqwest::Url,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> [(String, String); 2] {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &time[..8];
        let mut signed: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
            .chain([("x-amz-date".to_owned(), time.clone())])
            .collect();
        signed.sort();
        let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let request = format!("{method}\n{}\n{}\n{lines}\n{names}\n{}", path(url, self.service), query(url), hash(body));
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hash(request.as_bytes()));
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [day, self.region, self.service, "aws4_request"] {
            key = mac(&key, part);
        }
        let signature = hex(&mac(&key, &to_sign));
        let value = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.key_id);
        [("x-amz-date".to_owned(), time), ("authorization".to_owned(), value)]
    }
}

/// The path, every segment encoded (once more, except for S3).
fn path(url: &reqwest::Url, service: &str) -> String {
    if service == "s3" {
        return url.path().to_owned();
    }
    let mut out = String::new();
    for (index, segment) in url.path().split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        percent_encode(segment, &mut out);
    }
    out
}

/// The query, sorted and encoded.
fn query(url: &reqwest::Url) -> String {
    let encode = |text: &str| {
        let mut out = String::new();
        percent_encode(text, &mut out);
        out
    };
    let mut pairs: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (encode(&name), encode(&value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The worked example of the vendor's documentation (IAM ListUsers, 30 August 2015).
    #[test]
    fn the_documented_example() {
        let signer =
            Signer { key_id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "us-east-1", service: "iam" };
        let url = reqwest::Url::parse("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08").unwrap();
        let headers = [
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned()),
            ("Host".to_owned(), "iam.amazonaws.com".to_owned()),
        ];
        let [date, authorization] = signer.sign("GET", &url, &headers, b"", "2015-08-30T12:36:00Z".parse().unwrap());
        assert_eq!(date.1, "20150830T123600Z");
        assert_eq!(
            authorization.1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
