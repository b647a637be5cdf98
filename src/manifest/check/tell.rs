//! Rules for `tell`: how tasks become tickets, and events notices.

use super::super::places::{Extra, Spot};
use super::super::raw;
use super::{Checker, Purpose, Transport};

const NONE: Extra = Extra { for_each: None, inner: false, on: None, successor: false, job: false };

pub(super) fn check(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    let Some(tell) = &manifest.tell else {
        if manifest.credentials.tell.is_some() {
            checker.problem("credentials.tell", "a credential for `tell`, and there is no tell");
        }
        return;
    };
    if tell.ticket.is_none() && tell.notice.is_none() {
        checker.problem("tell", "says nothing; write ticket or notice");
    }
    if manifest.credentials.tell.is_none() {
        checker.problem(
            "credentials",
            "tell needs credentials.tell (kind: none where nobody signs in): those that scan and revoke don't tell",
        );
    }
    if checker.transport.is_some_and(|transport| !matches!(transport, Transport::Http | Transport::Smtp)) {
        checker.problem("tell", "tell needs connect.http or connect.smtp");
    }
    if let Some(ticket) = &tell.ticket {
        if checker.transport == Some(Transport::Smtp) {
            checker.problem("tell.ticket", "there are no tickets in mail; write notice");
        }
        of_ticket(checker, ticket);
    }
    if let Some(notice) = &tell.notice {
        of_notice(checker, notice);
    }
}

fn of_ticket(checker: &mut Checker<'_>, ticket: &raw::Ticket) {
    find(checker, "tell.ticket.find", &ticket.find, Spot::Ticket, Spot::TicketMade);
    let open = &ticket.open;
    let path = "tell.ticket.open";
    checker.call(&format!("{path}.call"), &open.call, Purpose::Write, Spot::Ticket, NONE);
    checker.bodies(path, true, open.body.as_ref(), open.form.as_ref(), Spot::Ticket, NONE);
    checker.headers(path, &open.headers, Spot::Ticket, NONE);
    checker.expr(&format!("{path}.id"), &open.id, Spot::TicketMade, NONE);
    checker.maybe_expr(&format!("{path}.url"), open.url.as_ref(), Spot::TicketMade, NONE);
    let writes = format!("{} {:?} {:?} {:?}", open.call, open.body, open.form, open.headers);
    if !writes.contains("task.key") {
        checker.problem(path, "never writes task.key, so that find could not find it again");
    }
    let look = &ticket.look;
    let path = "tell.ticket.look";
    checker.call(&format!("{path}.call"), &look.call, Purpose::Read, Spot::TicketKnown, NONE);
    checker.expr(&format!("{path}.done"), &look.done, Spot::TicketAnswer, NONE);
    checker.maybe_expr(&format!("{path}.by"), look.by.as_ref(), Spot::TicketAnswer, NONE);
    if let Some(files) = &look.files {
        let path = format!("{path}.files");
        if let Some(call) = &files.call {
            checker.call(&format!("{path}.call"), call, Purpose::Read, Spot::TicketKnown, NONE);
        }
        checker.expr(&format!("{path}.each"), &files.each, Spot::TicketAnswer, NONE);
        checker.expr(&format!("{path}.name"), &files.name, Spot::TicketFile, NONE);
        checker.maybe_expr(&format!("{path}.type"), files.type_.as_ref(), Spot::TicketFile, NONE);
        checker.call(&format!("{path}.read"), &files.read, Purpose::Read, Spot::TicketFile, NONE);
    }
    if let Some(close) = &ticket.close {
        let path = "tell.ticket.close";
        if let Some(call) = &close.read {
            checker.call(&format!("{path}.read"), call, Purpose::Read, Spot::TicketKnown, NONE);
        }
        let spot = if close.read.is_some() { Spot::TicketAnswer } else { Spot::TicketKnown };
        checker.call(&format!("{path}.call"), &close.call, Purpose::Write, spot, NONE);
        checker.bodies(path, true, close.body.as_ref(), close.form.as_ref(), spot, NONE);
    }
}

fn of_notice(checker: &mut Checker<'_>, notice: &raw::Notice) {
    let path = "tell.notice";
    if notice.call.is_some() == notice.mail.is_some() {
        checker.problem(path, "exactly one of call, mail is what is sent");
    }
    if let Some(found) = &notice.find {
        find(checker, "tell.notice.find", found, Spot::Notice, Spot::NoticeMade);
    }
    if let Some(call) = &notice.call {
        checker.call(&format!("{path}.call"), call, Purpose::Write, Spot::Notice, NONE);
        let writes = format!("{call} {:?} {:?} {:?}", notice.body, notice.form, notice.headers);
        if !writes.contains("event.key") {
            checker.problem(path, "never writes event.key, so that neither find nor the receiver could tell a second one from the first");
        }
    }
    checker.bodies(path, notice.call.is_some(), notice.body.as_ref(), notice.form.as_ref(), Spot::Notice, NONE);
    checker.headers(path, &notice.headers, Spot::Notice, NONE);
    if notice.sent.is_some() && notice.call.is_none() {
        checker.problem("tell.notice.sent", "sent judges the answer to a call, and there is none");
    }
    checker.maybe_expr("tell.notice.sent", notice.sent.as_ref(), Spot::NoticeMade, NONE);
    if let Some(mail) = &notice.mail {
        if checker.transport.is_some_and(|transport| transport != Transport::Smtp) {
            checker.problem(format!("{path}.mail"), "mail needs connect.smtp");
        }
        for (key, source) in [("from", &mail.from), ("to", &mail.to), ("subject", &mail.subject), ("text", &mail.text)] {
            checker.template(&format!("{path}.mail.{key}"), source, Spot::Notice, NONE);
        }
    }
}

fn find(checker: &mut Checker<'_>, path: &str, find: &raw::Find, calls: Spot, answers: Spot) {
    checker.call(&format!("{path}.call"), &find.call, Purpose::Read, calls, NONE);
    checker.bodies(path, true, find.body.as_ref(), find.form.as_ref(), calls, NONE);
    checker.expr(&format!("{path}.id"), &find.id, answers, NONE);
    checker.maybe_expr(&format!("{path}.url"), find.url.as_ref(), answers, NONE);
    if let Some(text) = &find.settles {
        checker.duration(&format!("{path}.settles"), text);
    }
    let reads = format!("{} {:?} {:?} {}", find.call, find.body, find.form, find.id);
    if !reads.contains(".key") {
        checker.problem(path, "never asks for the key (task.key, event.key), so that it could find something else");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::check;
    use crate::manifest::raw;
    use serde_json::{Value, json};

    fn complaints(tell: Value, credentials: Value, connect: Value) -> Vec<String> {
        let manifest: raw::Manifest = serde_json::from_value(json!({
            "scanner": "x", "title": "X", "category": "ticket", "contract": "c", "credentials": credentials, "connect": connect, "tell": tell,
        }))
        .unwrap();
        check(&manifest).into_iter().filter(|told| !told.warning).map(|told| format!("{}: {}", told.path, told.message)).collect()
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let http = json!({ "http": "https://x.example" });
        let both = json!({ "read": { "kind": "none" }, "tell": { "kind": "bearer" } });
        let find = json!({ "call": "GET /s?q={{ task.key }}", "id": "body.id" });
        let open = json!({ "call": "POST /t", "body": { "key": "{{ task.key }}" }, "id": "body.id" });
        let look = json!({ "call": "GET /t/{{ ticket.id }}", "done": "body.done" });
        let good = json!({ "ticket": { "find": find, "open": open, "look": look } });
        assert_eq!(complaints(good, both.clone(), http.clone()), Vec::<String>::new());

        let bad = json!({ "ticket": {
            "find": { "call": "GET /s", "id": "ticket.id", "settles": "soon" },
            "open": { "call": "POST /t", "id": "body.id" },
            "look": { "call": "DELETE /t/{{ ticket.id }}", "done": "event.done" },
        }, "notice": { "mail": { "from": "a", "to": "{{ event.to }}", "subject": "s", "text": "t" }, "call": "POST /n" } });
        let said = complaints(bad, json!({ "read": { "kind": "none" } }), http);
        for part in [
            "tell needs credentials.tell",
            "ticket holds nothing here",
            "\"soon\" is not a duration",
            "never asks for the key",
            "never writes task.key",
            "DELETE changes things",
            "event holds nothing here",
            "exactly one of call, mail",
            "never writes event.key",
            "mail needs connect.smtp",
        ] {
            assert!(said.iter().any(|line| line.contains(part)), "{part}: {said:#?}");
        }
        let smtp = json!({ "smtp": "smtp://x.example" });
        let ticket = json!({ "ticket": { "find": find, "open": open, "look": look } });
        assert!(complaints(ticket, both, smtp.clone()).iter().any(|line| line.contains("no tickets in mail")));
        let unused = json!({ "read": { "kind": "none" }, "tell": { "kind": "none" } });
        assert!(complaints(Value::Null, unused, smtp).iter().any(|line| line.contains("there is no tell")));
    }
}
