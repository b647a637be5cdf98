//! Rules for the manifest's head: its name, settings, credentials, connection, paging and preflight.

use super::super::places::{Extra, Spot};
use super::super::raw::{self, CredentialKind, Hand};
use super::{Checker, Purpose, Transport};

const NONE: Extra = Extra { for_each: None, inner: false, on: None, successor: false, job: false };

pub(super) fn check(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    let name = &manifest.scanner;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        checker.problem("scanner", format!("{name:?} is no scanner's name; write lower-case letters, digits and hyphens"));
    }
    for (key, text) in [("title", &manifest.title), ("contract", &manifest.contract)] {
        if text.trim().is_empty() {
            checker.problem(key, format!("{key} is empty"));
        }
    }
    settings(checker);
    for hand in Hand::ALL {
        if let Some(of_hand) = manifest.credentials.of(hand) {
            credential(checker, &format!("credentials.{}", hand.word()), of_hand);
        }
    }
    connection(checker);
    for (index, preflight) in manifest.preflight.iter().enumerate() {
        tried(checker, &format!("preflight[{index}]"), preflight);
    }
}

fn settings(checker: &mut Checker<'_>) {
    for (name, setting) in &checker.manifest.settings {
        let path = format!("settings.{name}");
        if ["read", "revoke", "tell", "scanner"].contains(&name.as_str()) {
            checker.problem(&path, format!("{name} has a meaning of its own in the settings file; choose another name"));
        }
        if setting.optional && setting.default.is_some() {
            checker.problem(&path, "optional and a default; a setting with a default may always be left out");
        }
    }
}

pub(super) fn unused_settings(checker: &mut Checker<'_>) {
    if checker.all_settings {
        return;
    }
    for name in checker.manifest.settings.keys() {
        if !checker.settings.contains(name) {
            checker.problem(format!("settings.{name}"), "declared, but nothing uses it");
        }
    }
}

/// What each kind needs, and what else it may have.
fn wants(kind: CredentialKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        CredentialKind::None | CredentialKind::Bearer | CredentialKind::Bind | CredentialKind::StandardWebhook => (&[], &[]),
        CredentialKind::Basic => (&["user"], &[]),
        CredentialKind::Header => (&["header"], &["value"]),
        CredentialKind::OauthClient => (&["user", "token_url"], &["form"]),
        CredentialKind::JwtBearer => (&["token_url", "claims"], &["user", "form"]),
        CredentialKind::PrivateKeyJwt => (&["user", "token_url"], &["claims", "form"]),
        CredentialKind::Login => (&["login", "send"], &["user"]),
        CredentialKind::Sigv4 => (&["user", "region", "service"], &[]),
    }
}

fn kind_word(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::None => "none",
        CredentialKind::Bearer => "bearer",
        CredentialKind::Basic => "basic",
        CredentialKind::Header => "header",
        CredentialKind::OauthClient => "oauth_client",
        CredentialKind::JwtBearer => "jwt_bearer",
        CredentialKind::PrivateKeyJwt => "private_key_jwt",
        CredentialKind::Login => "login",
        CredentialKind::Sigv4 => "sigv4",
        CredentialKind::Bind => "bind",
        CredentialKind::StandardWebhook => "standard_webhook",
    }
}

/// Whether a credential can act as somebody.
pub(super) fn impersonates(credential: &raw::Credential) -> bool {
    [&credential.claims, &credential.form].into_iter().flatten().any(|value| value.to_string().contains("act_as"))
}

fn credential(checker: &mut Checker<'_>, path: &str, credential: &raw::Credential) {
    let word = kind_word(credential.kind);
    let given = [
        ("user", credential.user.is_some()),
        ("header", credential.header.is_some()),
        ("value", credential.value.is_some()),
        ("token_url", credential.token_url.is_some()),
        ("claims", credential.claims.is_some()),
        ("form", credential.form.is_some()),
        ("login", credential.login.is_some()),
        ("send", !credential.send.is_empty()),
        ("region", credential.region.is_some()),
        ("service", credential.service.is_some()),
    ];
    let (needs, may) = wants(credential.kind);
    for (key, there) in given {
        if needs.contains(&key) && !there {
            checker.problem(path, format!("a credential of kind {word} needs {key}"));
        } else if there && !needs.contains(&key) && !may.contains(&key) {
            checker.problem(format!("{path}.{key}"), format!("{key} means nothing to a credential of kind {word}"));
        }
    }
    let fits = match checker.transport {
        None => true,
        Some(Transport::Ldap) => matches!(credential.kind, CredentialKind::Bind | CredentialKind::None),
        Some(Transport::File) => credential.kind == CredentialKind::None,
        Some(Transport::Smtp) => matches!(credential.kind, CredentialKind::Basic | CredentialKind::None),
        Some(Transport::Http) => credential.kind != CredentialKind::Bind,
    };
    if !fits {
        checker.problem(
            format!("{path}.kind"),
            format!("kind {word} doesn't fit this connection (ldap: bind; file: none; smtp: basic or none; http: the others)"),
        );
    }
    for (key, source) in
        [("user", &credential.user), ("value", &credential.value), ("token_url", &credential.token_url), ("region", &credential.region)]
    {
        checker.maybe_template(&format!("{path}.{key}"), source.as_ref(), Spot::Credential, NONE);
    }
    checker.maybe_template(&format!("{path}.service"), credential.service.as_ref(), Spot::Signature, NONE);
    for (key, body) in [("claims", &credential.claims), ("form", &credential.form)] {
        if let Some(body) = body {
            if !body.is_object() {
                checker.problem(format!("{path}.{key}"), format!("{key} must be a map"));
            }
            checker.body(&format!("{path}.{key}"), body, Spot::Credential, NONE);
        }
    }
    for (name, value) in &credential.send {
        checker.template(&format!("{path}.send.{name}"), value, Spot::Send, NONE);
    }
    if let Some(login) = &credential.login {
        let path = format!("{path}.login");
        checker.call(&format!("{path}.call"), &login.call, Purpose::Write, Spot::Credential, NONE);
        checker.bodies(&path, true, login.body.as_ref(), login.form.as_ref(), Spot::Credential, NONE);
        checker.headers(&path, &login.headers, Spot::Credential, NONE);
        checker.expr(&format!("{path}.token"), &login.token, Spot::LoginAnswer, NONE);
        checker.maybe_expr(&format!("{path}.expires"), login.expires.as_ref(), Spot::LoginAnswer, NONE);
    }
}

fn connection(checker: &mut Checker<'_>) {
    let connect = &checker.manifest.connect;
    let bind = connect.bind.as_ref();
    let transports = [("http", &connect.http), ("ldap", &connect.ldap), ("file", &connect.file), ("smtp", &connect.smtp)];
    if checker.transport.is_none() {
        let given: Vec<&str> = transports.iter().filter(|(_, source)| source.is_some()).map(|(key, _)| *key).collect();
        let given = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
        checker.problem("connect", format!("exactly one of http, ldap, file, smtp says how the system is reached; here is {given}"));
    }
    for (key, source) in transports {
        checker.maybe_template(&format!("connect.{key}"), source.as_ref(), Spot::Connect, NONE);
    }
    let belongings = [
        ("headers", Transport::Http, !connect.headers.is_empty()),
        ("paging", Transport::Http, connect.paging.is_some()),
        ("budget", Transport::Http, connect.budget.is_some()),
        ("emergency", Transport::Http, connect.emergency.is_some()),
        ("page_size", Transport::Ldap, connect.page_size.is_some()),
        ("elsewhere", Transport::Ldap, connect.elsewhere.is_some()),
        ("bind", Transport::Ldap, bind.is_some()),
        ("starttls", Transport::Ldap, connect.starttls),
        ("format", Transport::File, connect.format.is_some()),
        ("columns", Transport::File, connect.columns.is_some()),
        ("max_age_hours", Transport::File, connect.max_age_hours.is_some()),
    ];
    for (key, of, there) in belongings {
        if there && checker.transport.is_some_and(|transport| transport != of) {
            let of = format!("{of:?}").to_lowercase();
            checker.problem(format!("connect.{key}"), format!("{key} belongs to connect.{of}"));
        }
    }
    checker.headers("connect", &connect.headers, Spot::Connect, NONE);
    if checker.transport == Some(Transport::File) && connect.format.is_none() {
        checker.problem("connect", "a file needs format: csv, jsonl or json");
    }
    checker.maybe_expr("connect.elsewhere", connect.elsewhere.as_ref(), Spot::Connect, NONE);
    if let Some(bind) = bind {
        checker.template("connect.bind.read", &bind.read, Spot::Connect, NONE);
        checker.maybe_template("connect.bind.revoke", bind.revoke.as_ref(), Spot::Connect, NONE);
    }
    let credentials = &checker.manifest.credentials;
    let binds = |credential: &raw::Credential| credential.kind == CredentialKind::Bind;
    if checker.transport == Some(Transport::Ldap) {
        if binds(&credentials.read) && bind.is_none() {
            checker.problem("connect", "a credential of kind bind needs connect.bind.read: as whom to bind");
        }
        if credentials.revoke.as_ref().is_some_and(binds) && bind.is_some_and(|bind| bind.revoke.is_none()) {
            checker.problem("connect.bind", "credentials.revoke needs connect.bind.revoke: as whom actions bind");
        }
    }
    if let Some(paged) = &connect.paging {
        paging(checker, "connect.paging", paged, Extra::default());
    }
    if let Some(budget) = &connect.budget {
        checker.duration("connect.budget.per", &budget.per);
        if super::super::duration::parse(&budget.per).is_ok_and(|per| per.is_zero()) || budget.requests == 0 {
            checker.problem("connect.budget", "a budget of nothing; requests and per are above zero");
        }
    }
    if let Some(share) = &connect.emergency {
        if let Err(error) = super::super::duration::parse_share(share) {
            checker.problem("connect.emergency", error);
        }
        if connect.budget.is_none() {
            checker.problem("connect.emergency", "a share of the budget, without a connect.budget");
        }
    }
    for (key, zero) in [
        ("timeout_secs", connect.timeout_secs == Some(0)),
        ("parallel", connect.parallel == Some(0)),
        ("page_size", connect.page_size == Some(0)),
    ] {
        if zero {
            checker.problem(format!("connect.{key}"), "must be above zero");
        }
    }
    checker.classes("connect", &connect.classes);
}

/// The styles that a paging names.
pub(super) fn styles(paging: &raw::Paging) -> Vec<&'static str> {
    let all = [
        ("link", paging.link.is_some()),
        ("next", paging.next.is_some()),
        ("cursor", paging.cursor.is_some()),
        ("page", paging.page.is_some()),
        ("offset", paging.offset.is_some()),
        ("scim", paging.scim),
        ("none", paging.none),
    ];
    all.into_iter().filter(|(_, there)| *there).map(|(style, _)| style).collect()
}

/// Rules for a paging. Whether a cap is there is asked where it is used.
pub(super) fn paging(checker: &mut Checker<'_>, path: &str, paging: &raw::Paging, extra: Extra) {
    let styles = styles(paging);
    let [style] = styles.as_slice() else {
        let given = if styles.is_empty() { "none".to_owned() } else { styles.join(" and ") };
        checker
            .problem(path, format!("exactly one of link, next, cursor, page, offset, scim, none says how pages follow; here is {given}"));
        return;
    };
    let belongings: [(&str, bool, &[&str]); 8] = [
        ("into", paging.into.is_some(), &["cursor"]),
        ("continue_at", paging.continue_at.is_some(), &["cursor"]),
        ("start", paging.start.is_some(), &["page", "offset", "scim"]),
        ("size", paging.size.is_some(), &["page", "offset", "scim"]),
        ("size_into", paging.size_into.is_some(), &["page", "offset"]),
        ("last", paging.last.is_some(), &["page", "offset", "cursor"]),
        ("total", paging.total.is_some(), &["link", "next", "cursor", "page", "offset"]),
        ("max_pages", paging.max_pages.is_some(), &["link", "next", "cursor", "page", "offset", "scim"]),
    ];
    for (key, there, of) in belongings {
        if there && !of.contains(style) {
            checker.problem(format!("{path}.{key}"), format!("{key} means nothing to paging by {style} (it belongs to {})", of.join(", ")));
        }
    }
    if *style == "cursor" && paging.into.is_none() && paging.continue_at.is_none() {
        checker.problem(path, "a cursor needs into: the parameter, field or key that carries it");
    }
    if ["page", "offset"].contains(style) && paging.size.is_none() && paging.last.is_none() {
        checker.problem(path, format!("paging by {style} needs size, or last: else its end can't be told"));
    }
    for (key, number) in [("max_pages", paging.max_pages), ("size", paging.size)] {
        if number == Some(0) {
            checker.problem(format!("{path}.{key}"), "must be above zero");
        }
    }
    for (key, source) in [("next", &paging.next), ("cursor", &paging.cursor), ("last", &paging.last), ("total", &paging.total)] {
        checker.maybe_expr(&format!("{path}.{key}"), source.as_ref(), Spot::Page, NONE);
    }
    if let Some(source) = &paging.continue_at {
        checker.call(&format!("{path}.continue_at"), source, Purpose::Read, Spot::Collection, extra);
    }
}

fn tried(checker: &mut Checker<'_>, path: &str, preflight: &raw::Preflight) {
    if preflight.call.is_some() == preflight.search.is_some() {
        checker.problem(path, "exactly one of call, search is tried");
    }
    let hand = preflight.with.unwrap_or_default();
    if checker.manifest.credentials.of(hand).is_none() {
        checker.problem(format!("{path}.with"), format!("there is no credentials.{}", hand.word()));
    }
    checker.act_as(path, preflight.act_as.as_ref(), hand, Spot::Preflight, NONE);
    if let Some(call) = &preflight.call {
        checker.call(&format!("{path}.call"), call, Purpose::Read, Spot::Preflight, NONE);
    }
    if let Some(search) = &preflight.search {
        checker.search(&format!("{path}.search"), search, Spot::Preflight, NONE);
    }
    checker.headers(path, &preflight.headers, Spot::Preflight, NONE);
    checker.bodies(path, preflight.call.is_some(), preflight.body.as_ref(), preflight.form.as_ref(), Spot::Preflight, NONE);
    checker.maybe_expr(&format!("{path}.there"), preflight.there.as_ref(), Spot::PreflightAnswer, NONE);
    checker.maybe_expr(&format!("{path}.own_account"), preflight.own_account.as_ref(), Spot::PreflightAnswer, NONE);
}
