//! How we sign in: credentials, their kinds, and what each kind needs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How we sign in.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// For scans, proofs and preflight.
    pub read: Credential,
    /// For actions. Left out by systems whose every action is a hand-off.
    #[serde(default)]
    pub revoke: Option<Credential>,
    /// For `tell`: opens tickets and sends notices, and should be able to do nothing else.
    #[serde(default)]
    pub tell: Option<Credential>,
}

impl Credentials {
    /// The credential of a hand, if there is one.
    pub fn of(&self, hand: Hand) -> Option<&Credential> {
        match hand {
            Hand::Read => Some(&self.read),
            Hand::Revoke => self.revoke.as_ref(),
            Hand::Tell => self.tell.as_ref(),
        }
    }
}

/// One credential: its kind, and what else that kind needs. The secret itself is named in the settings file
/// (`read = "env:OKTA_READ"`); it is `secret` in the templates here.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// How it is presented.
    pub kind: CredentialKind,
    /// Literal. `nobody`: it belongs to no user's account, but to a client, or to the company's whole tenant, and so dies with nobody. Left out, a
    /// preflight of its hand asks whose it is (`own_account`), or the settings say so.
    #[serde(default)]
    pub belongs_to: Option<BelongsTo>,
    /// Literal. The rights that it needs, in the vendor's words; shown by `init` and `check`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Template (basic, oauth_client, sigv4: user, client id or access key id; the secret is the password).
    #[serde(default)]
    pub user: Option<String>,
    /// Literal (header): the header's name. Templates with `secret` in scope: see `value`.
    #[serde(default)]
    pub header: Option<String>,
    /// Template (header): the header's value; `{{ secret }}` when left out.
    #[serde(default)]
    pub value: Option<String>,
    /// Template (oauth_client, jwt_bearer, private_key_jwt): the token endpoint.
    #[serde(default)]
    pub token_url: Option<String>,
    /// Literal (jwt_bearer): claims beside `iat` and `exp`, templates in their leaves; `act_as` is whom to impersonate.
    #[serde(default)]
    pub claims: Option<Value>,
    /// Literal body (oauth_client …): further form fields of the token request, templates in their leaves.
    #[serde(default)]
    pub form: Option<Value>,
    /// (login) The call that answers with a token.
    #[serde(default)]
    pub login: Option<Login>,
    /// (login) Headers sent with every request afterwards; templates with `token` in scope.
    #[serde(default)]
    pub send: BTreeMap<String, String>,
    /// Template (sigv4): the region.
    #[serde(default)]
    pub region: Option<String>,
    /// Template (sigv4): the service's name in the signature. `headers` of the request are in scope, lower case, for a vendor that has several
    /// services behind one credential.
    #[serde(default)]
    pub service: Option<String>,
}

/// To whom a credential belongs that is no user's.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BelongsTo {
    /// To no user's account.
    Nobody,
}

/// How a credential is presented.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Nothing is presented (files).
    None,
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// HTTP basic: `user` and the secret.
    Basic,
    /// A header of its own: `header` and `value`.
    Header,
    /// OAuth 2.0 client credentials: `user` is the client id.
    OauthClient,
    /// OAuth 2.0 JWT bearer grant (RFC 7523): the secret is a PEM key or a Google key file; may impersonate.
    JwtBearer,
    /// OAuth 2.0 client credentials with a signed assertion: `user` is the client id, the secret a PEM key.
    PrivateKeyJwt,
    /// A call that answers with a token: `login` and `send`.
    Login,
    /// AWS Signature Version 4: `user` is the access key id.
    Sigv4,
    /// LDAP simple bind: `connect.bind` says as whom.
    Bind,
    /// Standard Webhooks (HMAC-SHA-256 over id, time and body): `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1,…`) go with
    /// each request. The secret is the signing key, as `whsec_…` in base64 or as it is; a call's own header `webhook-id` is its id.
    StandardWebhook,
}

/// The call of a `login` credential.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Template: `METHOD path`.
    pub call: String,
    /// Body, with `secret` in scope.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body sent as a form, with `secret` in scope.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the login call, with `secret` in scope.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Expression over `body` and `headers`: the token.
    pub token: String,
    /// Expression: when it ends, as a time or in seconds from now; 10 minutes when left out.
    #[serde(default)]
    pub expires: Option<String>,
}

/// Which of the credentials.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[serde(rename_all = "lowercase")]
pub enum Hand {
    /// The one that scans.
    #[default]
    Read,
    /// The one that revokes.
    Revoke,
    /// The one that tells.
    Tell,
}

impl Hand {
    /// Every hand, in the order of their places.
    pub const ALL: [Self; 3] = [Self::Read, Self::Revoke, Self::Tell];

    /// Its name, in manifests and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Revoke => "revoke",
            Self::Tell => "tell",
        }
    }

    /// Its place among all.
    pub fn place(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Revoke => 1,
            Self::Tell => 2,
        }
    }
}
