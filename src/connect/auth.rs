//! Presenting credentials: what stands in a request's headers, fetched once however many calls wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::class::vendor_text;
use super::http::{Http, Outgoing};
use super::outline::sensitive;
use super::sigv4::Signer;
use super::{Body, CallError};
use crate::clock;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::raw::{Credential, CredentialKind, Login};
use crate::manifest::template::{Place, fill, fill_form, render};
use crate::secret::{Kept, expose};

/// How long a token is trusted whose end isn't said.
const UNSAID: Duration = Duration::from_secs(600);
/// How long an assertion of ours holds; some vendors take no more than three minutes.
const ASSERTION_SECS: i64 = 180;
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One credential and the tokens that came of it, by whom they act as.
pub(super) struct Auth {
    credential: Credential,
    secret: Kept,
    settings: Value,
    slots: Mutex<HashMap<Option<String>, Arc<tokio::sync::Mutex<Slot>>>>,
}

#[derive(Default)]
struct Slot {
    token: Option<Token>,
    /// The last refusal, for those who waited while it happened.
    failed: Option<(Instant, CallError)>,
    fetched: u64,
}

#[derive(Clone)]
struct Token {
    headers: Vec<(String, String)>,
    refresh_at: Instant,
    number: u64,
}

/// What a request carries.
pub(super) struct Presented {
    pub(super) headers: Vec<(String, String)>,
    /// Which token it is, if it is one that can be fetched anew.
    pub(super) token: Option<u64>,
}

impl Auth {
    pub(super) fn new(credential: &Credential, secret: Kept, settings: &Value) -> Self {
        Self { credential: credential.clone(), secret, settings: settings.clone(), slots: Mutex::default() }
    }

    /// The secret's forms, so that none of them is ever recorded or said.
    pub(super) fn secrets(&self) -> Vec<String> {
        let secret = expose(&self.secret.get()).to_owned();
        let basic = self.user().ok().filter(|_| !secret.is_empty()).map(|user| BASE64.encode(format!("{user}:{secret}")));
        // What a header makes of it, where that is more than the secret itself.
        let value = self.credential.value.as_deref().filter(|_| self.credential.kind == CredentialKind::Header && !secret.is_empty());
        let header = value.and_then(|value| self.with_scope(None, |scope| render(value, Place::Header, scope)).ok());
        let header = header.and_then(|text| text.split_whitespace().last().map(str::to_owned)).filter(|word| word.len() >= 12);
        [Some(secret), basic, header].into_iter().flatten().collect()
    }

    /// The secret was refused: reads it anew if it may have been replaced. Whether it is another one now.
    pub(super) async fn renewed(&self, http: &Http) -> bool {
        let renewed = self.secret.again().await;
        if renewed {
            http.learn(self);
        }
        renewed
    }

    /// Whether requests are signed one by one.
    pub(super) fn signs(&self) -> bool {
        matches!(self.credential.kind, CredentialKind::Sigv4 | CredentialKind::StandardWebhook)
    }

    /// The headers of one request. `stale` is the token that was just refused.
    pub(super) async fn present(&self, http: &Http, act_as: Option<&str>, stale: Option<u64>) -> Result<Presented, CallError> {
        let held = self.secret.get();
        let secret = expose(&held);
        let fixed = |name: &str, value: String| Ok(Presented { headers: vec![(name.to_owned(), value)], token: None });
        match self.credential.kind {
            CredentialKind::None | CredentialKind::Sigv4 | CredentialKind::StandardWebhook => {
                Ok(Presented { headers: Vec::new(), token: None })
            }
            CredentialKind::Bearer => fixed("authorization", format!("Bearer {secret}")),
            CredentialKind::Basic => {
                let user = self.user().map_err(CallError::Auth)?;
                fixed("authorization", format!("Basic {}", BASE64.encode(format!("{user}:{secret}"))))
            }
            CredentialKind::Header => {
                let value = self.credential.value.as_deref().unwrap_or("{{ secret }}");
                let value = self.with_scope(act_as, |scope| render(value, Place::Header, scope)).map_err(CallError::Auth)?;
                fixed(self.credential.header.as_deref().unwrap_or("authorization"), value)
            }
            CredentialKind::Bind => Err(CallError::Auth("a bind credential is for LDAP only".to_owned())),
            CredentialKind::OauthClient | CredentialKind::JwtBearer | CredentialKind::PrivateKeyJwt | CredentialKind::Login => {
                let token = self.token(http, act_as, stale).await?;
                Ok(Presented { headers: token.headers, token: Some(token.number) })
            }
        }
    }

    /// Signs a request that is ready to leave (SigV4, Standard Webhooks).
    pub(super) fn sign(&self, out: &mut Outgoing, body: &[u8]) -> Result<(), CallError> {
        if self.credential.kind == CredentialKind::StandardWebhook {
            let given = out.headers.iter().find(|(name, _)| name == "webhook-id").map(|(_, id)| id.clone());
            let id = given.map_or_else(random_id, Ok).map_err(CallError::Auth)?;
            let signed =
                super::webhook::headers(expose(&self.secret.get()), &id, clock::now().as_second(), body).map_err(CallError::Auth)?;
            out.headers.retain(|(name, _)| name != "webhook-id");
            out.headers.extend(signed);
            return Ok(());
        }
        let (user, region) = (self.user().map_err(CallError::Auth)?, self.credential.region.as_deref().unwrap_or("us-east-1"));
        let region = self.with_scope(None, |scope| render(region, Place::Text, scope)).map_err(CallError::Auth)?;
        let headers = Value::Object(out.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect());
        let scope = Scope::new().with("settings", &self.settings).with("headers", &headers);
        let service = render(self.credential.service.as_deref().unwrap_or_default(), Place::Text, &scope).map_err(CallError::Auth)?;
        let secret = self.secret.get();
        let signer = Signer { key_id: &user, secret: expose(&secret), region: &region, service: &service };
        let host = match (out.url.host_str(), out.url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let mut signed = vec![("host".to_owned(), host)];
        signed.extend(out.headers.iter().filter(|(name, _)| name == "content-type" || name.starts_with("x-amz-")).cloned());
        out.headers.extend(signer.sign(&out.method, &out.url, &signed, body, clock::now()));
        Ok(())
    }

    async fn token(&self, http: &Http, act_as: Option<&str>, stale: Option<u64>) -> Result<Token, CallError> {
        let asked = Instant::now();
        let slot = match self.slots.lock() {
            Ok(mut slots) => slots.entry(act_as.map(str::to_owned)).or_default().clone(),
            Err(_) => return Err(CallError::Auth("the token store is broken".to_owned())),
        };
        let mut slot = slot.lock().await;
        if let Some(token) = &slot.token
            && token.refresh_at > Instant::now()
            && stale != Some(token.number)
        {
            return Ok(token.clone());
        }
        if let Some((at, error)) = &slot.failed
            && *at >= asked
        {
            return Err(error.clone());
        }
        slot.fetched += 1;
        let mut fetched = self.token_anew(http, act_as).await;
        if matches!(fetched, Err(CallError::Auth(_))) && self.renewed(http).await {
            fetched = self.token_anew(http, act_as).await;
        }
        match fetched {
            Ok((headers, lives)) => {
                // Early enough that no call under way carries a token that has just ended.
                let refresh_at = Instant::now() + lives.saturating_sub((lives / 5).min(Duration::from_secs(60)));
                let token = Token { headers, refresh_at, number: slot.fetched };
                (slot.token, slot.failed) = (Some(token.clone()), None);
                Ok(token)
            }
            Err(error) => {
                (slot.token, slot.failed) = (None, Some((Instant::now(), error.clone())));
                Err(error)
            }
        }
    }

    async fn token_anew(&self, http: &Http, act_as: Option<&str>) -> Result<(Vec<(String, String)>, Duration), CallError> {
        match self.credential.kind {
            CredentialKind::Login => self.log_in(http, act_as).await,
            _ => self.grant(http, act_as).await,
        }
    }

    /// A token from an OAuth 2.0 token endpoint.
    async fn grant(&self, http: &Http, act_as: Option<&str>) -> Result<(Vec<(String, String)>, Duration), CallError> {
        let (url, form, basic) = self.grant_form(act_as).map_err(|error| CallError::Auth(http.clean(&error)))?;
        // What we sign ourselves opens as much as the token that comes of it.
        form.iter().filter(|(name, _)| sensitive(name)).for_each(|(_, value)| http.hide(value));
        let url = http.absolute(&url)?;
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        headers.extend(basic.map(|value| ("authorization".to_owned(), format!("Basic {value}"))));
        let out = Outgoing { method: "POST".to_owned(), url, headers, body: Some(Body::Form(form)) };
        let (_, _, body) = self.fetch(http, out, &[]).await?;
        let token = body.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| CallError::Auth(http.clean("the token endpoint answered without an access_token")))?;
        let lives = match body.get("expires_in") {
            Some(Value::Number(seconds)) => seconds.as_u64(),
            Some(Value::String(seconds)) => seconds.parse().ok(),
            _ => None,
        };
        let lives = lives.filter(|seconds| *seconds > 0).map_or(UNSAID, Duration::from_secs);
        if self.credential.send.is_empty() {
            return Ok((vec![("authorization".to_owned(), format!("Bearer {token}"))], lives));
        }
        Ok((self.headers_with(http, token)?, lives))
    }

    /// Address, form and, where `client_secret: null` asks for it, the basic credential of a token request.
    #[allow(clippy::type_complexity)]
    fn grant_form(&self, act_as: Option<&str>) -> Result<(String, Vec<(String, String)>, Option<String>), String> {
        let held = self.secret.get();
        let secret = expose(&held);
        let credential = &self.credential;
        let key_file: Option<Map<String, Value>> = serde_json::from_str(secret).ok();
        let from_file = |name: &str| key_file.as_ref().and_then(|file| file.get(name)).and_then(Value::as_str);
        let url = match &credential.token_url {
            Some(template) => self.with_scope(act_as, |scope| render(template, Place::Url, scope))?,
            None => {
                from_file("token_uri").ok_or("the credential has no token_url, and its secret is no key file that names one")?.to_owned()
            }
        };
        let mut form = Map::new();
        let mut basic = None;
        match credential.kind {
            CredentialKind::OauthClient => {
                let user = self.user()?;
                form.insert("grant_type".into(), json!("client_credentials"));
                if credential.form.as_ref().and_then(|form| form.get("client_secret")) == Some(&Value::Null) {
                    basic = Some(BASE64.encode(format!("{user}:{secret}")));
                } else {
                    form.insert("client_id".into(), json!(user));
                    form.insert("client_secret".into(), json!(secret));
                }
            }
            CredentialKind::PrivateKeyJwt => {
                let user = self.user()?;
                let claims = json!({ "iss": user, "sub": user, "aud": url, "jti": random_id()? });
                form.insert("grant_type".into(), json!("client_credentials"));
                form.insert("client_id".into(), json!(user));
                form.insert("client_assertion_type".into(), json!(CLIENT_ASSERTION));
                form.insert("client_assertion".into(), json!(self.assertion(claims, secret, None, act_as)?));
            }
            _ => {
                let mut claims = json!({ "aud": url });
                if let Some(mail) = from_file("client_email") {
                    claims["iss"] = json!(mail);
                    claims["scope"] = json!(credential.scopes.join(" "));
                } else if let Ok(user) = self.user() {
                    claims["iss"] = json!(user);
                }
                let key = from_file("private_key").unwrap_or(secret);
                form.insert("grant_type".into(), json!(JWT_BEARER));
                form.insert("assertion".into(), json!(self.assertion(claims, key, from_file("private_key_id"), act_as)?));
            }
        }
        if let Some(more) = &credential.form {
            let more = self.with_scope(act_as, |scope| fill_form(more, scope))?;
            form.extend(more.into_iter().map(|(name, value)| (name, Value::String(value))));
        }
        let form = form.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned())).collect();
        Ok((url, form, basic))
    }

    /// A signed assertion: `claims`, and over them the manifest's; a null claim is left out.
    fn assertion(&self, mut claims: Value, key: &str, key_id: Option<&str>, act_as: Option<&str>) -> Result<String, String> {
        let now = clock::now().as_second();
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + ASSERTION_SECS);
        if let Some(more) = &self.credential.claims {
            for (name, value) in self.with_scope(act_as, |scope| fill(more, scope))?.as_object().into_iter().flatten() {
                claims[name.as_str()] = value.clone();
            }
        }
        if let Some(map) = claims.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
        sign_jwt(&claims, key, key_id)
    }

    /// A token from a login call.
    async fn log_in(&self, http: &Http, act_as: Option<&str>) -> Result<(Vec<(String, String)>, Duration), CallError> {
        let login = self.credential.login.as_ref().ok_or_else(|| CallError::Auth("the credential has no login call".to_owned()))?;
        let (method, url, headers, body) = self.login_call(login, act_as).map_err(|error| CallError::Auth(http.clean(&error)))?;
        let out = Outgoing { method, url: http.absolute(&url)?, headers, body };
        let token_of = Expr::compile(&login.token).map_err(CallError::Auth)?;
        let (status, headers, body) = self.fetch(http, out, &token_of.paths_of("body")).await?;
        let scope = super::class::scope(status, &headers, &body, &self.settings);
        let read = |source: &str| Expr::compile(source).and_then(|expr| expr.eval(&scope)).map_err(CallError::Auth);
        let token = match token_of.eval(&scope).map_err(CallError::Auth)? {
            Value::String(token) if !token.is_empty() => token,
            Value::Number(token) => token.to_string(),
            _ => return Err(CallError::Auth(http.clean("the login answered without a token (login.token)"))),
        };
        hide_token(http, &token);
        let lives = login.expires.as_ref().map(|source| read(source)).transpose()?.and_then(|value| until(&value)).unwrap_or(UNSAID);
        Ok((self.headers_with(http, &token)?, lives))
    }

    #[allow(clippy::type_complexity)]
    fn login_call(&self, login: &Login, act_as: Option<&str>) -> Result<(String, String, Vec<(String, String)>, Option<Body>), String> {
        self.with_scope(act_as, |scope| {
            let (method, path) = login.call.split_once(' ').ok_or("login.call must be METHOD and path")?;
            // Rendered by itself, for an address that a template begins stays whole: the login may be at another host.
            let url = render(path.trim(), Place::Url, scope)?;
            let headers = login.headers.iter().map(|(name, value)| Ok((name.to_lowercase(), render(value, Place::Header, scope)?)));
            let body = match (&login.body, &login.form) {
                (Some(body), _) => Some(Body::Json(fill(body, scope)?)),
                (None, Some(form)) => Some(Body::Form(fill_form(form, scope)?)),
                (None, None) => None,
            };
            Ok((method.to_owned(), url, headers.collect::<Result<_, String>>()?, body))
        })
    }

    /// The `send` headers, with the token in them.
    fn headers_with(&self, http: &Http, token: &str) -> Result<Vec<(String, String)>, CallError> {
        let token = json!(token);
        let scope = Scope::new().with("token", &token).with("settings", &self.settings);
        let headers = self.credential.send.iter();
        let headers = headers.map(|(name, value)| Ok((name.to_lowercase(), render(value, Place::Header, &scope)?)));
        headers.collect::<Result<_, String>>().map_err(|error| CallError::Auth(http.clean(&error)))
    }

    /// Sends a token request and judges its answer: refused credentials are final, anything else may pass.
    /// Whatever is a token in the answer, by its name or because it stands in one of `parts`, is hidden before anything of it is recorded.
    async fn fetch(&self, http: &Http, out: Outgoing, parts: &[Vec<String>]) -> Result<(u16, Value, Value), CallError> {
        let what = format!("{}{}", out.url.host_str().unwrap_or_default(), out.url.path());
        let (out, exchange) = http.unsigned(out).await?;
        if let Ok(body) = &exchange.body {
            tokens(body, None, &mut |token| http.hide(token));
            for path in parts.iter().filter(|path| !path.is_empty()) {
                let part = path.iter().try_fold(body, |value, name| value.get(name));
                part.into_iter().for_each(|part| tokens(part, Some(8), &mut |token| http.hide(token)));
            }
        }
        if let Some(cookies) = exchange.headers.get("set-cookie").and_then(Value::as_str) {
            cookies
                .split([';', ','])
                .filter_map(|cookie| cookie.split_once('='))
                .filter(|(_, value)| value.len() >= 16)
                .for_each(|(_, value)| http.hide(value));
        }
        http.record(&out, &exchange, true);
        let body = exchange.body.unwrap_or_else(|_| Value::Null);
        if (200..300).contains(&exchange.status) {
            return Ok((exchange.status, exchange.headers, body));
        }
        let code = body.get("error").and_then(Value::as_str).map(|code| format!(" {code}")).unwrap_or_default();
        let text = vendor_text(&body).filter(|text| text.trim() != code.trim()).map(|text| format!(": {text}")).unwrap_or_default();
        let line = http.clean(&format!("{what} gave no token: {}{code}{text}", exchange.status));
        Err(if exchange.status == 429 || exchange.status == 408 || exchange.status >= 500 {
            CallError::Unreachable(line)
        } else {
            CallError::Auth(format!("{line}; check the credential and its rights"))
        })
    }

    fn user(&self) -> Result<String, String> {
        let user = self.credential.user.as_deref().ok_or("the credential has no user")?;
        self.with_scope(None, |scope| render(user, Place::Text, scope))
    }

    fn with_scope<T>(&self, act_as: Option<&str>, with: impl FnOnce(&Scope<'_>) -> T) -> T {
        let secret = json!(expose(&self.secret.get()));
        let act_as = act_as.map_or(Value::Null, |name| json!(name));
        with(&Scope::new().with("settings", &self.settings).with("secret", &secret).with("act_as", &act_as))
    }
}

/// The texts of a token's answer that are tokens: by the names of their fields, or all that have so many letters. Numbers and short words would be
/// blotted out everywhere.
fn tokens(value: &Value, least: Option<usize>, hide: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if least.is_some_and(|least| text.len() >= least) => hide(text),
        Value::Array(items) => items.iter().for_each(|item| tokens(item, least, hide)),
        Value::Object(map) => map.iter().for_each(|(name, inner)| tokens(inner, if sensitive(name) { Some(4) } else { least }, hide)),
        _ => {}
    }
}

/// Hides a token, and the value of one that is a cookie (`session=…`).
fn hide_token(http: &Http, token: &str) {
    http.hide(token);
    if let Some((_, value)) = token.split_once('=').filter(|(_, value)| value.trim_end_matches('=').len() >= 8) {
        http.hide(value);
    }
}

/// Time until a moment: seconds from now, epoch seconds, or a time as text.
fn until(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.parse::<f64>() {
            Ok(number) => number,
            Err(_) => return text.parse::<jiff::Timestamp>().ok()?.duration_since(clock::now()).try_into().ok(),
        },
        _ => return None,
    };
    let seconds = if seconds > 100_000_000.0 { seconds - clock::now().as_second() as f64 } else { seconds };
    Duration::try_from_secs_f64(seconds).ok()
}

fn random_id() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system gave no random bytes")?;
    Ok(super::sigv4::hex(&bytes))
}

/// Signs claims with a PEM key, whichever of RSA, EC and Ed25519 it is.
fn sign_jwt(claims: &Value, pem: &str, key_id: Option<&str>) -> Result<String, String> {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    // Key files and environment variables often hold the line breaks as two letters.
    let pem = if pem.contains('\n') { pem.to_owned() } else { pem.replace("\\n", "\n") };
    let key = EncodingKey::from_rsa_pem(pem.as_bytes())
        .map(|key| (key, Algorithm::RS256))
        .or_else(|_| EncodingKey::from_ec_pem(pem.as_bytes()).map(|key| (key, Algorithm::ES256)))
        .or_else(|_| EncodingKey::from_ed_pem(pem.as_bytes()).map(|key| (key, Algorithm::EdDSA)));
    let (key, algorithm) = key.map_err(|_| "the secret is not a PEM private key (RSA, EC or Ed25519), nor a key file with one")?;
    let header = Header { kid: key_id.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &key).map_err(|_| "the secret's private key can't sign".to_owned())
}
