//! A message: sent once, as far as its receiver can tell.

use anyhow::Result;
use serde_json::{Value, json};

use super::call::{Failed, Of};
use super::ticket::{found, settles};
use super::{Came, Line};
use crate::manifest::raw::Notice;
use crate::model::DeliveryState;
use crate::store::deliveries::DeliveryMove;

/// Sends a message, or finds out that it was sent.
pub(super) async fn send(line: &Line<'_>) -> Result<Came> {
    let row = line.row;
    let Some(notice) = line.connection.manifest().tell.as_ref().and_then(|tell| tell.notice.as_ref()) else {
        return line.fails(row, "its scanner says not how to send messages (tell.notice)", None, true);
    };
    // Cut off or unanswered: it may have been sent.
    if row.state == DeliveryState::Sending
        && let Some(find) = &notice.find
    {
        match found(line, find).await {
            Err(failed) => return line.fails(row, &failed.why, failed.wait, false),
            Ok(Some((id, _))) => {
                line.moves(row, &DeliveryMove::Done, "notice.found", json!({ "id": id }))?;
                return Ok(Came::Notice);
            }
            Ok(None) => {
                if let Some(wait) = settles(row, find) {
                    return line.fails(
                        row,
                        "it isn't known whether it was sent; looked for once more when the search shows it",
                        Some(wait),
                        false,
                    );
                }
            }
        }
    }
    if line.has_passed()? {
        line.moves(row, &DeliveryMove::Moot, "notice.moot", json!({}))?;
        return Ok(Came::Nothing);
    }
    let row = &line.moves(row, &DeliveryMove::Sending, "notice.intent", json!({ "to": row.receiver }))?;
    match sent(line, notice).await {
        Ok(detail) => {
            line.moves(row, &DeliveryMove::Done, "notice.sent", detail)?;
            Ok(Came::Notice)
        }
        Err(failed) => line.fails(row, &failed.why, failed.wait, failed.unsent),
    }
}

async fn sent(line: &Line<'_>, notice: &Notice) -> Result<Value, Failed> {
    let reply = match &notice.mail {
        Some(mail) => line.mail(mail).await?,
        None => {
            let of = Of {
                line: notice.call.as_deref().unwrap_or_default(),
                body: notice.body.as_ref(),
                form: notice.form.as_ref(),
                headers: Some(&notice.headers),
            };
            line.call(of, &[]).await?
        }
    };
    if let Some(source) = &notice.sent
        && !line.truth(source, &reply, &[])?
    {
        return Err(Failed::after(format!("{} answered {}, but does not say that it took the message", line.row.system, reply.status)));
    }
    Ok(json!({ "status": reply.status, "digest": reply.digest }))
}
