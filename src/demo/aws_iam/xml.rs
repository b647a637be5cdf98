//! The answers of the query protocol: a result as XML, where a list is made of `member`s.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const REQUEST: &str = "<RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId>";

/// What worked: a result, or for an operation without one just the word that it was done.
pub(super) fn result(action: &str, result: &Value) -> Response {
    let mut text = format!("<{action}Response xmlns=\"{NAMESPACE}\">");
    if !result.is_null() {
        element(&format!("{action}Result"), result, &mut text);
    }
    text.push_str(&format!("<ResponseMetadata>{REQUEST}</ResponseMetadata></{action}Response>"));
    reply(200, text)
}

/// What did not.
pub(super) fn refusal(status: u16, code: &str, why: &str) -> Response {
    let mut text = format!("<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>");
    element("Message", &why.into(), &mut text);
    text.push_str(&format!("</Error>{REQUEST}</ErrorResponse>"));
    reply(status, text)
}

fn reply(status: u16, text: String) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

fn element(name: &str, value: &Value, into: &mut String) {
    into.push_str(&format!("<{name}>"));
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| element(name, value, into)),
        Value::Array(items) => items.iter().for_each(|item| element("member", item, into)),
        Value::Null => {}
        Value::String(text) => into.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
        other => into.push_str(&other.to_string()),
    }
    into.push_str(&format!("</{name}>"));
}
