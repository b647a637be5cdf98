//! HR's webhooks: what is signed with the key is taken for the employee that it names; what was changed after that is not.

use aws_lc_rs::hmac;
use exeunt::serve::webhook::{SKEW_SECS, bamboohr};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::bytes::{Bytes, changed};

pub fn webhooks(data: &[u8]) {
    let mut bytes = Bytes(data);
    let now: Timestamp = "2026-03-03T12:00:00Z".parse().unwrap();
    let key = bytes.text() + "k";
    let off = bytes.short() as i64 - 0x7fff;
    let stamp = (now.as_second() + off).to_string();
    let (body, employee) = if bytes.yes() {
        let id = bytes.text();
        let body = json!({"type": "employee.updated", "data": {"employeeId": id, "changedFields": [bytes.text()]}});
        (body.to_string().into_bytes(), Some(id))
    } else {
        (bytes.part().to_vec(), None)
    };
    let good = sign(&body, &stamp, &key);
    let taken = bamboohr(&key, Some(&good), Some(&stamp), &body, now);
    if let Some(id) = employee {
        let fresh = off.abs() <= SKEW_SECS && !id.is_empty();
        assert_eq!(taken.as_ref().ok().map(|taken| taken.employee.as_str()), fresh.then_some(id.as_str()), "{taken:?}");
    }
    if let Ok(taken) = &taken {
        assert!(off.abs() <= SKEW_SECS, "older than is allowed");
        let event: Value = serde_json::from_slice(&body).unwrap();
        assert!(event["type"].as_str().unwrap().starts_with("employee."));
        assert_eq!(taken.signed, [&body[..], stamp.as_bytes()].concat());
    }
    // One thing at least is another than what was signed.
    let (mut signature, mut other_stamp, mut other_body, mut other_key) = (good.clone(), stamp.clone(), body.clone(), key.clone());
    match bytes.below(6) {
        0 => signature = String::from_utf8_lossy(&changed(good.as_bytes(), &mut bytes)).into_owned(),
        1 => other_stamp = String::from_utf8_lossy(&changed(stamp.as_bytes(), &mut bytes)).into_owned(),
        2 => other_body = changed(&body, &mut bytes),
        // HMAC fills a key up with zeros.
        3 => other_key = bytes.rest_text().trim_end_matches('\0').to_owned(),
        // Where the body ends and the time stamp begins is not signed.
        4 => {
            let whole = [&body[..], stamp.as_bytes()].concat();
            let (head, tail) = whole.split_at(bytes.below(whole.len() + 1));
            let Ok(tail) = std::str::from_utf8(tail) else { return };
            (other_body, other_stamp) = (head.to_vec(), tail.to_owned());
        }
        _ => signature = bytes.rest_text(),
    }
    if (&signature, &other_stamp, &other_body, &other_key) == (&good, &stamp, &body, &key) {
        return;
    }
    let other = bamboohr(&other_key, Some(&signature), Some(&other_stamp), &other_body, now);
    assert!(other.is_err(), "taken though it was changed: {other:?}");
    assert!(bamboohr(&key, None, Some(&stamp), &body, now).is_err() && bamboohr(&key, Some(&good), None, &body, now).is_err());
}

fn sign(body: &[u8], stamp: &str, key: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), &[body, stamp.as_bytes()].concat());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
