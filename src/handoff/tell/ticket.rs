//! A task as a ticket: looked for, opened, read back; and closed on either side once people are done.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::call::{Failed, Of};
use super::{Came, Line};
use crate::audit;
use crate::clock;
use crate::connect::Reply;
use crate::handoff::{self, Attachment};
use crate::manifest::duration;
use crate::manifest::raw::{Close, Files, Find, Look, Ticket};
use crate::model::DeliveryState;
use crate::store::deliveries::{self, DeliveryMove, DeliveryRow};
use crate::store::departures::TaskRow;

/// A ticket's id and address.
type Named = (String, Option<String>);

/// Opens a ticket, unless there is one.
pub(super) async fn open(line: &Line<'_>) -> Result<Came> {
    let row = line.row;
    let Some(ticket) = line.connection.manifest().tell.as_ref().and_then(|tell| tell.ticket.as_ref()) else {
        return line.fails(row, "its scanner says not how to open tickets (tell.ticket)", None, true);
    };
    match found(line, &ticket.find).await {
        Err(failed) => return line.fails(row, &failed.why, failed.wait, row.state == DeliveryState::Due),
        Ok(Some(named)) => return there(line, row, ticket, named, "ticket.found").await,
        Ok(None) => {
            if let Some(wait) = settles(row, &ticket.find) {
                return line.fails(
                    row,
                    "it isn't known whether the ticket was opened; looked for once more when the search shows it",
                    Some(wait),
                    false,
                );
            }
        }
    }
    if line.has_passed()? {
        line.moves(row, &DeliveryMove::Moot, "ticket.moot", json!({}))?;
        return Ok(Came::Nothing);
    }
    let row = &line.moves(row, &DeliveryMove::Sending, "ticket.intent", json!({}))?;
    match opened(line, ticket).await {
        Ok(named) => there(line, row, ticket, named, "ticket.opened").await,
        Err(failed) => line.fails(row, &failed.why, failed.wait, failed.unsent),
    }
}

async fn opened(line: &Line<'_>, ticket: &Ticket) -> Result<Named, Failed> {
    let open = &ticket.open;
    let of = Of { line: &open.call, body: open.body.as_ref(), form: open.form.as_ref(), headers: Some(&open.headers) };
    let reply = line.call(of, &[]).await?;
    let id = line.text(&open.id, &reply, &[])?;
    let id = id.ok_or_else(|| Failed::after(format!("{} answered {}, but names no ticket", line.row.system, reply.status)))?;
    Ok((id, open.url.as_ref().map(|url| line.text(url, &reply, &[])).transpose()?.flatten()))
}

/// What `find` finds: id and address, or nothing.
pub(super) async fn found(line: &Line<'_>, find: &Find) -> Result<Option<Named>, Failed> {
    let reply = line.call(Of { line: &find.call, body: find.body.as_ref(), form: find.form.as_ref(), headers: None }, &[]).await?;
    let Some(id) = line.text(&find.id, &reply, &[])? else { return Ok(None) };
    Ok(Some((id, find.url.as_ref().map(|url| line.text(url, &reply, &[])).transpose()?.flatten())))
}

/// How long the vendor's search may still not show what the last call made; none when it would by now, or nothing was sent.
pub(super) fn settles(row: &DeliveryRow, find: &Find) -> Option<Duration> {
    let tried = row.tried.filter(|_| row.state == DeliveryState::Sending)?;
    let time = find.settles.as_deref().and_then(|text| duration::parse(text).ok())?;
    time.checked_sub(Duration::try_from(clock::now().duration_since(tried)).unwrap_or_default()).filter(|left| !left.is_zero())
}

/// A ticket that should be there: a fresh read says whether it is.
async fn there(line: &Line<'_>, row: &DeliveryRow, ticket: &Ticket, (id, url): Named, act: &str) -> Result<Came> {
    let seen = json!({ "id": id, "url": url });
    if let Err(failed) = read(line, &ticket.look, &seen).await {
        let why = if failed.gone { format!("{} named the ticket {id}, but a fresh read shows none", row.system) } else { failed.why };
        return line.fails(row, &why, failed.wait, false);
    }
    line.moves(row, &DeliveryMove::Told { ticket: Some(id), url }, act, seen)?;
    Ok(Came::Ticket)
}

async fn read(line: &Line<'_>, look: &Look, seen: &Value) -> Result<Reply, Failed> {
    line.call(Of { line: &look.call, ..Of::default() }, &[("ticket", seen)]).await
}

/// Reads an open ticket: is anybody done with it, there or here?
pub(super) async fn look(line: &Line<'_>) -> Result<Came> {
    match looked(line).await {
        Ok(came) => came,
        Err(failed) if failed.gone => {
            let id = line.row.ticket.as_deref().unwrap_or_default();
            line.fails(line.row, &format!("the ticket {id} isn't there any more; the task is open"), failed.wait, false)
        }
        Err(failed) => line.fails(line.row, &failed.why, failed.wait, false),
    }
}

async fn looked(line: &Line<'_>) -> Result<Result<Came>, Failed> {
    let row = line.row;
    let tell = line.connection.manifest().tell.as_ref().and_then(|tell| tell.ticket.as_ref());
    let ticket = tell.ok_or_else(|| Failed::before("its scanner says no longer how to look at tickets (tell.ticket)"))?;
    let seen = json!({ "id": row.ticket, "url": row.url });
    let reply = read(line, &ticket.look, &seen).await?;
    let more = [("ticket", &seen)];
    let done = line.truth(&ticket.look.done, &reply, &more)?;
    let Some(task) = line.task.as_ref().filter(|task| !task.done) else {
        if !done && let Some(close) = &ticket.close {
            shut(line, ticket, close, &seen).await?;
        }
        return Ok(line.moves(row, &DeliveryMove::Done, "ticket.done", seen).map(|_| Came::Nothing));
    };
    if !done {
        return Ok(note(line, None));
    }
    let by = ticket.look.by.as_ref().map(|by| line.text(by, &reply, &more)).transpose()?.flatten();
    let file = match (&task.attach, &ticket.look.files) {
        (None, _) => None,
        (Some(_), Some(files)) => last_file(line, files, reply, &seen).await?,
        (Some(_), None) => None,
    };
    if let (Some(what), None) = (&task.attach, &file) {
        let why = format!(
            "the ticket is done, but the task asks for a file ({what}), which it has not: attach it there, or close the task with `exeunt task {} done`",
            task.id
        );
        return Ok(note(line, Some(why)));
    }
    Ok(closed(line, task, by, file.as_ref()))
}

/// Writes down what was seen of a ticket that stays open for us.
fn note(line: &Line<'_>, why: Option<String>) -> Result<Came> {
    let step = DeliveryMove::Looked { why: why.clone() };
    if why == line.row.why {
        line.teller.store.write(|tx| deliveries::move_to(tx, line.row, &step, clock::now()))?;
    } else {
        line.moves(line.row, &step, "ticket.looked", json!({ "why": why }))?;
    }
    Ok(Came::Nothing)
}

/// Closes the task with the ticket as its note, in one transaction with the delivery.
fn closed(line: &Line<'_>, task: &TaskRow, by: Option<String>, file: Option<&Attachment>) -> Result<Came> {
    let row = line.row;
    let name = row.url.as_deref().or(row.ticket.as_deref()).unwrap_or_default();
    let who = by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    let text = format!("ticket {name} in {} was closed{who}", row.system);
    let by = by.unwrap_or_else(|| format!("somebody in {}", row.system));
    let now = clock::now();
    line.teller.store.write_durably(|tx| {
        handoff::close(tx, task.id, &by, &text, file, now)?;
        deliveries::move_to(tx, row, &DeliveryMove::Done, now)?;
        audit::append(tx, now, &super::entry(row, "ticket.done", json!({ "ticket": row.ticket, "url": row.url, "by": by })))?;
        Ok(())
    })?;
    Ok(Came::Closed(task.id))
}

/// Closes the ticket of a task that was closed here, and reads that it is.
async fn shut(line: &Line<'_>, ticket: &Ticket, close: &Close, seen: &Value) -> Result<(), Failed> {
    let known = [("ticket", seen)];
    let before = match &close.read {
        Some(call) => Some(line.call(Of { line: call, ..Of::default() }, &known).await?),
        None => None,
    };
    let status = before.as_ref().map(|reply| json!(reply.status));
    let mut more = known.to_vec();
    if let (Some(reply), Some(status)) = (&before, &status) {
        more.extend([("status", status), ("headers", &reply.headers), ("body", &reply.body)]);
    }
    line.call(Of { line: &close.call, body: close.body.as_ref(), form: close.form.as_ref(), headers: None }, &more).await?;
    let reply = read(line, &ticket.look, seen).await?;
    if !line.truth(&ticket.look.done, &reply, &known)? {
        return Err(Failed::after(format!("the task is done, but {} still shows its ticket open", line.row.system)));
    }
    Ok(())
}

/// The last file of a ticket.
async fn last_file(line: &Line<'_>, files: &Files, reply: Reply, seen: &Value) -> Result<Option<Attachment>, Failed> {
    let known = [("ticket", seen)];
    let listed = match &files.call {
        Some(call) => line.call(Of { line: call, ..Of::default() }, &known).await?,
        None => reply,
    };
    let list = line.says(&files.each, &listed, &known)?;
    let Some(file) = list.as_array().and_then(|list| list.last()) else { return Ok(None) };
    let more = [("ticket", seen), ("file", file)];
    let name = line.text(&files.name, &listed, &more)?.unwrap_or_else(|| "attachment".to_owned());
    let media_type = files.type_.as_ref().map(|source| line.text(source, &listed, &more)).transpose()?.flatten();
    let read = line.call(Of { line: &files.read, ..Of::default() }, &more).await?;
    if read.raw.is_empty() {
        return Err(Failed::after(format!("the file {name} of the ticket is empty")));
    }
    Ok(Some(Attachment { name, media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()), bytes: read.raw }))
}
