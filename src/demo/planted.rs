//! Reads what is planted in a simulated system, `fixtures/<system>/state.yaml`, which is part of the binary.

use anyhow::Context;
use axum::Router;
use axum::http::Uri;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::vendor::reply;

/// The planted state of one system, or what is wrong with its file.
pub(super) fn read<T: DeserializeOwned>(system: &str, text: &str) -> anyhow::Result<T> {
    serde_saphyr::from_str(text)
        .with_context(|| format!("fixtures/{system}/state.yaml does not parse"))
}

/// The vendor, or one that answers each request with what is wrong: an empty vendor would look like a company without flaws.
pub(super) fn or_broken(system: &'static str, built: anyhow::Result<Router>) -> Router {
    built.unwrap_or_else(|error| {
        let what = format!("{error:#}");
        tracing::error!(system, error = what, "a simulated vendor can't be built");
        Router::new().fallback(move |uri: Uri| {
            let body = json!({ "error": what, "path": uri.path() });
            async move { reply(500, &body) }
        })
    })
}

/// A stable number for a text, for ids that a vendor hands out.
pub(super) fn number_of(text: &str) -> u64 {
    // FNV-1a; 40 bits fit a JSON number exactly.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 24
}
