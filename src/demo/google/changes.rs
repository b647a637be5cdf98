//! Drive's feed of changes, one for each user.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Right};
use super::drive::file_body;
use super::state::State;

/// Where a user's changes are now.
pub(super) async fn start(call: Call) -> Answer {
    let (mut state, me) = call.admit(Right::Read)?;
    let (_, end) = look(&mut state, &me)?;
    call.reply_with(json!({ "kind": "drive#startPageToken", "startPageToken": end.to_string() }), "kind,startPageToken")
}

/// What changed after a page token: the file as it is now, also when only its permissions changed, or that it is gone (deleted, or not the
/// user's to see any more).
pub(super) async fn list(call: Call) -> Answer {
    let (mut state, me) = call.admit(Right::Read)?;
    let (id, end) = look(&mut state, &me)?;
    let token = call.query("pageToken").ok_or_else(|| Refusal::invalid("Required parameter: pageToken"))?;
    let since = token.parse::<u64>().ok().filter(|since| *since <= end).ok_or_else(|| Refusal::invalid("Invalid Value"))?;
    let size = call.query("pageSize").map_or(Ok(100), str::parse).ok().filter(|size| (1..=1000).contains(size));
    let size: usize = size.ok_or_else(|| Refusal::invalid("Invalid value for pageSize"))?;
    let all = state.changes.get(&id).map(|changes| changes.since(since)).unwrap_or_default();
    let shown: Vec<Value> = all
        .iter()
        .take(size)
        .map(|(_, file, body)| {
            let mut change = json!({ "kind": "drive#change", "changeType": "file", "fileId": file, "removed": body.is_none() });
            if let Some(body) = body {
                change["file"] = (*body).clone();
            }
            change
        })
        .collect();
    let mut body = json!({ "kind": "drive#changeList", "changes": shown });
    match all.get(size - 1).filter(|_| all.len() > size) {
        Some((last, ..)) => body["nextPageToken"] = json!(last.to_string()),
        None => body["newStartPageToken"] = json!(end.to_string()),
    }
    call.reply_with(body, "kind,nextPageToken,newStartPageToken,changes(kind,changeType,fileId,removed,file(kind,id,name,mimeType))")
}

/// Takes note of what the user sees now: their id, and the number of their last change.
fn look(state: &mut State, me: &str) -> Result<(String, u64), Refusal> {
    let user = state.user(me)?;
    let files = state.files.values().filter(|file| file.drive.is_none() && file.listed_for(state, user));
    let shown: Vec<(String, Value)> = files.map(|file| (file.id.clone(), file_body(state, user, file))).collect();
    let id = user.id.clone();
    let end = state.changes.entry(id.clone()).or_default().look(shown);
    Ok((id, end))
}
