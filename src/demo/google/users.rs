//! Users of the Directory API: the account, its grants, its app passwords and its second factors.

use axum::body::Bytes;
use axum::extract::Path;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Right, empty, etag, listing, object};
use super::directory::keep_one_super_admin;
use super::documents::Grantee;
use super::state::{AppPassword, Assignment, State, Token, User, digits};

pub(super) async fn list(call: Call) -> Answer {
    let state = call.admin(Right::Read)?;
    match (call.query("customer"), call.query("domain")) {
        (Some(customer), _) => call.customer(&state, customer)?,
        (None, Some(domain)) if domain == state.domain => (),
        (None, Some(_)) => return Err(Refusal::not_found("Resource Not Found: domain")),
        (None, None) => {
            return Err(Refusal::invalid("Bad Request: customer or domain is required"));
        }
    }
    // The deleted are not kept here, so their list is empty.
    let all = if call.flag("showDeleted") {
        Vec::new()
    } else {
        state.users.values().map(|user| (user.id.clone(), body(&state, user))).collect()
    };
    let (page, next) = call.page("maxResults", 100, 500, all)?;
    call.reply(listing(Some("admin#directory#users"), "users", page, next))
}

pub(super) async fn read(call: Call, Path(key): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let user = state.user(&key)?;
    call.reply(body(&state, user))
}

fn body(state: &State, user: &User) -> Value {
    let super_admin = state.is_super_admin(&user.id);
    let delegated = !super_admin && state.assignments.values().any(|given| given.user == user.id);
    let mut emails = vec![json!({"address": user.email, "primary": true})];
    emails.extend(user.aliases.iter().map(|alias| json!({"address": alias})));
    if let Some(home) = &user.home_email {
        emails.push(json!({"address": home, "type": "home"}));
    }
    let mut body = json!({
        "kind": "admin#directory#user",
        "id": user.id,
        "primaryEmail": user.email,
        "name": {"givenName": user.given, "familyName": user.family, "fullName": user.full_name()},
        "isAdmin": super_admin,
        "isDelegatedAdmin": delegated,
        "lastLoginTime": user.last_login.unwrap_or(Timestamp::UNIX_EPOCH),
        "creationTime": user.created,
        "agreedToTerms": true,
        "suspended": user.suspended,
        "archived": false,
        "changePasswordAtNextLogin": user.change_password,
        "ipWhitelisted": false,
        "emails": emails,
        "customerId": state.customer,
        "orgUnitPath": "/",
        "isMailboxSetup": true,
        "isEnrolledIn2Sv": user.enrolled,
        "isEnforcedIn2Sv": user.enforced,
        "includeInGlobalAddressList": true,
    });
    body["etag"] = json!(etag(&body.to_string()));
    if let Some(number) = &user.number {
        body["externalIds"] = json!([{"value": number, "type": "organization"}]);
        body["organizations"] = json!([{"title": user.title, "department": user.department, "primary": true, "customType": ""}]);
    }
    if let Some(manager) = &user.manager {
        body["relations"] = json!([{"value": manager, "type": "manager"}]);
    }
    if let Some(mobile) = &user.mobile {
        body["phones"] = json!([{"value": mobile, "type": "mobile"}]);
    }
    if !user.aliases.is_empty() {
        body["aliases"] = json!(user.aliases);
    }
    if let Some(email) = &user.recovery_email {
        body["recoveryEmail"] = json!(email);
    }
    if let Some(phone) = &user.recovery_phone {
        body["recoveryPhone"] = json!(phone);
    }
    if user.suspended {
        body["suspensionReason"] = json!("ADMIN");
        if let Some(at) = user.suspended_at {
            body["suspensionTime"] = json!(at);
        }
    }
    body
}

/// PUT and PATCH: both change what is named and leave the rest.
pub(super) async fn update(call: Call, Path(key): Path<String>, bytes: Bytes) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let change = object(&bytes)?;
    let now = state.now();
    let user = state.user_mut(&key)?;
    let text = |name: &str| change.get(name).and_then(Value::as_str);
    let truth = |name: &str| change.get(name).and_then(Value::as_bool);
    if let Some(phone) = text("recoveryPhone").filter(|phone| !phone.is_empty())
        && !phone.starts_with('+')
    {
        return Err(Refusal::invalid("Invalid Input: recovery_phone"));
    }
    if let Some(password) = text("password") {
        if text("hashFunction").is_none() && !(8..=100).contains(&password.len()) {
            return Err(Refusal::invalid("Invalid Password"));
        }
        // A new password ends app passwords, and of the grants only those to mail.
        user.app_passwords.clear();
        user.tokens.retain(|token| !reads_mail(token));
    }
    if let Some(suspended) = truth("suspended") {
        user.suspended_at = match (suspended, user.suspended_at) {
            (true, None) => Some(now),
            (true, since) => since,
            (false, _) => None,
        };
        user.suspended = suspended;
    }
    if let Some(email) = text("recoveryEmail") {
        user.recovery_email = Some(email.to_owned()).filter(|email| !email.is_empty());
    }
    if let Some(phone) = text("recoveryPhone") {
        user.recovery_phone = Some(phone.to_owned()).filter(|phone| !phone.is_empty());
    }
    if let Some(must) = truth("changePasswordAtNextLogin") {
        user.change_password = must;
    }
    let user = state.user(&key)?;
    call.reply(body(&state, user))
}

fn reads_mail(token: &Token) -> bool {
    token.scopes.iter().any(|scope| scope == "https://mail.google.com/" || scope.contains("/auth/gmail."))
}

pub(super) async fn make_admin(call: Call, Path(key): Path<String>, bytes: Bytes) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let change = object(&bytes)?;
    let user = state.user(&key)?.id.clone();
    let Some(role) = state.roles.iter().find(|role| role.super_admin).map(|role| role.id.clone()) else {
        return Err(Refusal::invalid("Invalid Input: no super administrator role"));
    };
    // The vendor's default for a missing boolean is false.
    let wanted = change["status"].as_bool().unwrap_or_default();
    if wanted && !state.is_super_admin(&user) {
        let id = digits(&format!("{user}/{}", state.next()), 17);
        state.assignments.insert(id, Assignment { user, role });
    } else if !wanted {
        keep_one_super_admin(&state, &user)?;
        state.assignments.retain(|_, given| given.user != user || given.role != role);
    }
    empty()
}

/// Deleted with what it still owned; the vendor keeps it for 20 days for those who know the id.
pub(super) async fn delete(call: Call, Path(key): Path<String>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let (id, email) = state.user(&key).map(|user| (user.id.clone(), user.email.clone()))?;
    if state.is_super_admin(&id) {
        keep_one_super_admin(&state, &id)?;
    }
    state.users.remove(&id);
    state.assignments.retain(|_, given| given.user != id);
    for group in state.groups.values_mut() {
        group.members.remove(&id);
    }
    state.files.retain(|_, file| !file.permissions.iter().any(|one| one.role == "owner" && one.to == Grantee::User(email.clone())));
    empty()
}

pub(super) async fn sign_out(call: Call, Path(key): Path<String>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    state.user_mut(&key)?.signed_out += 1;
    empty()
}

pub(super) async fn tokens(call: Call, Path(key): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let user = state.user(&key)?;
    // A suspended user's grants still exist, yet the list doesn't tell.
    let seen = if user.suspended { &[][..] } else { &user.tokens };
    let items = seen.iter().map(|token| token_body(user, token)).collect();
    call.reply(listing(Some("admin#directory#tokenList"), "items", items, None))
}

fn token_body(user: &User, token: &Token) -> Value {
    json!({
        "kind": "admin#directory#token",
        "etag": etag(&format!("{}{}", user.id, token.client_id)),
        "clientId": token.client_id,
        "displayText": token.name,
        "scopes": token.scopes,
        "userKey": user.id,
        "anonymous": false,
        "nativeApp": token.native,
    })
}

pub(super) async fn token(call: Call, Path((key, client)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    let user = state.user(&key)?;
    let token = user.tokens.iter().find(|token| token.client_id == client && !user.suspended).ok_or_else(no_token)?;
    call.reply(token_body(user, token))
}

pub(super) async fn delete_token(call: Call, Path((key, client)): Path<(String, String)>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let user = state.user_mut(&key)?;
    let before = user.tokens.len();
    user.tokens.retain(|token| token.client_id != client);
    if user.tokens.len() == before {
        return Err(no_token());
    }
    empty()
}

fn no_token() -> Refusal {
    Refusal::not_found("Resource Not Found: clientId")
}

pub(super) async fn app_passwords(call: Call, Path(key): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let user = state.user(&key)?;
    let seen = if user.suspended { &[][..] } else { &user.app_passwords };
    let items = seen.iter().map(|code| app_password_body(user, code)).collect();
    call.reply(listing(Some("admin#directory#aspList"), "items", items, None))
}

fn app_password_body(user: &User, code: &AppPassword) -> Value {
    // Milliseconds since 1970; 0 stands for never.
    let millis = |time: Option<Timestamp>| time.map_or(0, |time| time.as_millisecond()).to_string();
    json!({
        "kind": "admin#directory#asp",
        "etag": etag(&format!("{}{}", user.id, code.code_id)),
        "codeId": code.code_id,
        "name": code.name,
        "creationTime": millis(Some(code.created)),
        "lastTimeUsed": millis(code.last_used),
        "userKey": user.id,
    })
}

pub(super) async fn app_password(call: Call, Path((key, code)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    let user = state.user(&key)?;
    let code = user.app_passwords.iter().find(|known| known.code_id.to_string() == code && !user.suspended).ok_or_else(no_app_password)?;
    call.reply(app_password_body(user, code))
}

pub(super) async fn delete_app_password(call: Call, Path((key, code)): Path<(String, String)>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let user = state.user_mut(&key)?;
    let before = user.app_passwords.len();
    user.app_passwords.retain(|known| known.code_id.to_string() != code);
    if user.app_passwords.len() == before {
        return Err(no_app_password());
    }
    empty()
}

fn no_app_password() -> Refusal {
    Refusal::not_found("Resource Not Found: codeId")
}

pub(super) async fn backup_codes(call: Call, Path(key): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let user = state.user(&key)?;
    let items = user
        .backup_codes
        .iter()
        .map(|code| {
            json!({
                "kind": "admin#directory#verificationCode",
                "etag": etag(code),
                "userId": user.id,
                "verificationCode": code,
            })
        })
        .collect();
    call.reply(listing(Some("admin#directory#verificationCodesList"), "items", items, None))
}

pub(super) async fn invalidate_codes(call: Call, Path(key): Path<String>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let user = state.user_mut(&key)?;
    if user.suspended {
        return Err(Refusal::invalid("Invalid Input: userKey is suspended"));
    }
    user.backup_codes.clear();
    empty()
}

pub(super) async fn turn_off_two_step(call: Call, Path(key): Path<String>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let user = state.user_mut(&key)?;
    if user.suspended || user.enforced || !user.enrolled {
        let why = if user.suspended {
            "is suspended"
        } else if user.enforced {
            "must use 2-Step Verification"
        } else {
            "is not enrolled in 2-Step Verification"
        };
        return Err(Refusal::invalid(format!("Invalid Input: userKey {why}")));
    }
    user.enrolled = false;
    user.backup_codes.clear();
    empty()
}
