//! Gmail's settings of one mailbox, read and changed as its owner.

use std::sync::{Arc, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::Google;
use super::call::{Answer, Call, Refusal, Right, empty, listing, object};
use super::state::{AutoForward, Filter, Mailbox, State, User};

pub(super) fn routes() -> Router<Arc<Google>> {
    let settings = Router::new()
        .route("/delegates", get(delegates))
        .route("/delegates/{address}", get(delegate).delete(delete_delegate))
        .route("/forwardingAddresses", get(forwarding))
        .route("/forwardingAddresses/{address}", get(forwarding_address).delete(delete_forwarding))
        .route("/autoForwarding", get(auto_forwarding).put(put_auto_forwarding))
        .route("/filters", get(filters))
        .route("/filters/{id}", get(filter).delete(delete_filter))
        .route("/imap", get(imap).put(put_imap))
        .route("/pop", get(pop).put(put_pop))
        .route("/sendAs", get(send_as));
    Router::new().nest("/gmail/v1/users/{user}/settings", settings)
}

/// The state and the id of the mailbox's owner, who must be the one the token acts as, and not suspended.
fn open<'a>(call: &'a Call, right: Right, named: &str) -> Result<(MutexGuard<'a, State>, String), Refusal> {
    let (state, acts_as) = call.admit(right)?;
    let owner = state.user(&acts_as)?;
    if named != "me" && !owner.has_address(named) {
        return Err(Refusal::forbidden(format!("Delegation denied for {}", owner.email)));
    }
    if owner.suspended {
        return Err(Refusal::failed_precondition("Mail service not enabled"));
    }
    Ok((state, acts_as))
}

fn mailbox<'a>(state: &'a mut State, owner: &str) -> Result<&'a mut Mailbox, Refusal> {
    state.user_mut(owner).map(|user| &mut user.mailbox)
}

fn gone() -> Refusal {
    Refusal::not_found("Requested entity was not found.")
}

/// Removes an address from a list of them.
fn remove(list: &mut Vec<String>, address: &str) -> Result<(), Refusal> {
    let at = list.iter().position(|known| known.eq_ignore_ascii_case(address)).ok_or_else(gone)?;
    list.remove(at);
    Ok(())
}

fn delegate_body(address: &str) -> Value {
    json!({"delegateEmail": address, "verificationStatus": "accepted"})
}

async fn delegates(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let mailbox = &state.user(&owner)?.mailbox;
    let items = mailbox.delegates.iter().map(|a| delegate_body(a)).collect();
    call.reply(listing(None, "delegates", items, None))
}

async fn delegate(call: Call, Path((user, address)): Path<(String, String)>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let mailbox = &state.user(&owner)?.mailbox;
    let known = mailbox.delegates.iter().find(|a| a.eq_ignore_ascii_case(&address));
    call.reply(delegate_body(known.ok_or_else(gone)?))
}

async fn delete_delegate(call: Call, Path((user, address)): Path<(String, String)>) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &user)?;
    remove(&mut mailbox(&mut state, &owner)?.delegates, &address)?;
    empty()
}

fn forwarding_body(address: &str) -> Value {
    json!({"forwardingEmail": address, "verificationStatus": "accepted"})
}

async fn forwarding(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let mailbox = &state.user(&owner)?.mailbox;
    let items = mailbox.forwarding.iter().map(|a| forwarding_body(a)).collect();
    call.reply(listing(None, "forwardingAddresses", items, None))
}

async fn forwarding_address(call: Call, Path((user, address)): Path<(String, String)>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let mailbox = &state.user(&owner)?.mailbox;
    let known = mailbox.forwarding.iter().find(|a| a.eq_ignore_ascii_case(&address));
    call.reply(forwarding_body(known.ok_or_else(gone)?))
}

async fn delete_forwarding(call: Call, Path((user, address)): Path<(String, String)>) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &user)?;
    let mailbox = mailbox(&mut state, &owner)?;
    remove(&mut mailbox.forwarding, &address)?;
    // What forwarded to the address can't any more.
    if mailbox.auto_forward.as_ref().is_some_and(|auto| auto.to.eq_ignore_ascii_case(&address)) {
        mailbox.auto_forward = None;
    }
    empty()
}

fn auto_forwarding_body(mailbox: &Mailbox) -> Value {
    match &mailbox.auto_forward {
        Some(auto) => {
            json!({"enabled": true, "emailAddress": auto.to, "disposition": auto.disposition})
        }
        None => json!({"enabled": false}),
    }
}

async fn auto_forwarding(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    call.reply(auto_forwarding_body(&state.user(&owner)?.mailbox))
}

async fn put_auto_forwarding(call: Call, Path(user): Path<String>, body: Bytes) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &user)?;
    let wanted = object(&body)?;
    let mailbox = mailbox(&mut state, &owner)?;
    mailbox.auto_forward = if wanted["enabled"].as_bool().unwrap_or_default() {
        let to = wanted["emailAddress"].as_str().unwrap_or_default();
        if !mailbox.forwarding.iter().any(|known| known.eq_ignore_ascii_case(to)) {
            return Err(Refusal::failed_precondition("Unrecognized forwarding address"));
        }
        let disposition = wanted["disposition"].as_str().unwrap_or("leaveInInbox");
        Some(AutoForward { to: to.to_owned(), disposition: disposition.to_owned() })
    } else {
        None
    };
    call.reply(auto_forwarding_body(mailbox))
}

fn filter_body(id: &str, filter: &Filter) -> Value {
    json!({"id": id, "criteria": filter.criteria, "action": filter.action})
}

async fn filters(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let mailbox = &state.user(&owner)?.mailbox;
    let items = mailbox.filters.iter().map(|(id, f)| filter_body(id, f)).collect();
    call.reply(listing(None, "filter", items, None))
}

async fn filter(call: Call, Path((user, id)): Path<(String, String)>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let mailbox = &state.user(&owner)?.mailbox;
    call.reply(filter_body(&id, mailbox.filters.get(&id).ok_or_else(gone)?))
}

async fn delete_filter(call: Call, Path((user, id)): Path<(String, String)>) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &user)?;
    mailbox(&mut state, &owner)?.filters.remove(&id).ok_or_else(gone)?;
    empty()
}

fn imap_body(mailbox: &Mailbox) -> Value {
    json!({"enabled": mailbox.imap, "autoExpunge": true, "expungeBehavior": "archive"})
}

async fn imap(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    call.reply(imap_body(&state.user(&owner)?.mailbox))
}

async fn put_imap(call: Call, Path(user): Path<String>, body: Bytes) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &user)?;
    let wanted = object(&body)?;
    let mailbox = mailbox(&mut state, &owner)?;
    mailbox.imap = wanted["enabled"].as_bool().unwrap_or_default();
    call.reply(imap_body(mailbox))
}

fn pop_body(mailbox: &Mailbox) -> Value {
    json!({"accessWindow": mailbox.pop.as_deref().unwrap_or("disabled"), "disposition": "leaveInInbox"})
}

async fn pop(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    call.reply(pop_body(&state.user(&owner)?.mailbox))
}

async fn put_pop(call: Call, Path(user): Path<String>, body: Bytes) -> Answer {
    let (mut state, owner) = open(&call, Right::Write, &user)?;
    let wanted = object(&body)?;
    let window = wanted["accessWindow"].as_str().unwrap_or("disabled");
    if !["disabled", "fromNowOn", "allMail"].contains(&window) {
        return Err(Refusal::invalid(format!("Invalid value for accessWindow: {window}")));
    }
    let mailbox = mailbox(&mut state, &owner)?;
    mailbox.pop = Some(window.to_owned()).filter(|window| window != "disabled");
    call.reply(pop_body(mailbox))
}

async fn send_as(call: Call, Path(user): Path<String>) -> Answer {
    let (state, owner) = open(&call, Right::Read, &user)?;
    let owner = state.user(&owner)?;
    let mut items = vec![json!({
        "sendAsEmail": owner.email,
        "displayName": owner.full_name(),
        "replyToAddress": "",
        "signature": "",
        "isPrimary": true,
        "isDefault": true,
    })];
    items.extend(owner.mailbox.send_as.iter().map(|address| alias_body(owner, address)));
    call.reply(listing(None, "sendAs", items, None))
}

fn alias_body(owner: &User, address: &str) -> Value {
    json!({
        "sendAsEmail": address,
        "displayName": owner.full_name(),
        "replyToAddress": "",
        "signature": "",
        "isDefault": false,
        "treatAsAlias": true,
        "verificationStatus": "accepted",
    })
}
