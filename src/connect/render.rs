//! From a manifest's templates to calls: the same for scans, proofs, actions and preflight, so that the four can't drift apart.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Body, Call, HttpCall, SearchCall};
use crate::manifest::express::Scope;
use crate::manifest::raw::{Collection, Delta, Preflight, Search};
use crate::manifest::template::{Place, fill, fill_form, render};

/// What goes with a `METHOD path` line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'a> {
    /// A JSON body.
    pub body: Option<&'a Value>,
    /// A form body.
    pub form: Option<&'a Value>,
    /// Headers of this call.
    pub headers: Option<&'a BTreeMap<String, String>>,
    /// Whom the credential impersonates.
    pub act_as: Option<&'a str>,
}

/// A `METHOD path` line as a call.
///
/// # Errors
/// One line: a template that can't be rendered, or that names nobody to act as.
pub fn http(line: &str, parts: Parts<'_>, scope: &Scope<'_>) -> Result<HttpCall, String> {
    let (method, path) = line.trim().split_once(' ').ok_or_else(|| format!("{line:?} is no call: write METHOD path"))?;
    let mut call = HttpCall { method: method.to_owned(), url: render(path.trim(), Place::Url, scope)?, ..HttpCall::default() };
    for (name, value) in parts.headers.into_iter().flatten() {
        call.headers.push((name.clone(), render(value, Place::Header, scope)?));
    }
    call.body = match (parts.body, parts.form) {
        (Some(body), _) => Some(Body::Json(fill(body, scope)?)),
        (None, Some(form)) => Some(Body::Form(fill_form(form, scope)?)),
        (None, None) => None,
    };
    if let Some(source) = parts.act_as {
        let name = render(source, Place::Text, scope)?;
        if name.is_empty() {
            return Err(format!("{source:?} names nobody to act as"));
        }
        call.act_as = Some(name);
    }
    Ok(call)
}

/// A search as a call.
///
/// # Errors
/// One line: a template that can't be rendered.
pub fn search(search: &Search, scope: &Scope<'_>) -> Result<SearchCall, String> {
    Ok(SearchCall {
        base: render(&search.base, Place::Dn, scope)?,
        scope: search.scope.clone().unwrap_or_else(|| "sub".to_owned()),
        filter: search.filter.as_deref().map_or_else(|| Ok("(objectClass=*)".to_owned()), |filter| render(filter, Place::Filter, scope))?,
        attributes: search.attributes.clone(),
    })
}

/// The read of a collection: whole, or only what changed.
///
/// # Errors
/// One line: a template that can't be rendered.
pub fn collection(collection: &Collection, delta: Option<&Delta>, scope: &Scope<'_>) -> Result<Call, String> {
    if let Some(whole) = &collection.search {
        let mut call = search(whole, scope)?;
        if let Some(filter) = delta.and_then(|delta| delta.filter.as_deref()) {
            call.filter = format!("(&{}{})", call.filter, render(filter, Place::Filter, scope)?);
        }
        return Ok(Call::Search(call));
    }
    let Some(line) = delta.and_then(|delta| delta.call.as_deref()).or(collection.call.as_deref()) else { return Ok(Call::File) };
    let parts = Parts {
        body: collection.body.as_ref(),
        form: collection.form.as_ref(),
        headers: Some(&collection.headers),
        act_as: collection.act_as.as_deref(),
    };
    http(line, parts, scope).map(Call::Http)
}

/// The call of a preflight.
///
/// # Errors
/// One line: a template that can't be rendered.
pub fn preflight(item: &Preflight, scope: &Scope<'_>) -> Result<Call, String> {
    match (&item.search, item.call.as_deref()) {
        (Some(of), _) => search(of, scope).map(Call::Search),
        (None, Some(line)) => {
            let parts =
                Parts { body: item.body.as_ref(), form: item.form.as_ref(), headers: Some(&item.headers), act_as: item.act_as.as_deref() };
            http(line, parts, scope).map(Call::Http)
        }
        (None, None) => Ok(Call::File),
    }
}
