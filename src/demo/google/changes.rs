//! Drive's feed of changes, one for each user.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::changes::Changes;
use super::call::{Answer, Call, Refusal, Right};
use super::drive::file_body;
use super::state::State;

/// What a user's feed knows.
#[derive(Default)]
pub(super) struct Feed {
    changes: Changes,
    /// What has been in their own drive: a file that they gave to somebody else stays in the folder that it is in.
    mine: BTreeSet<String>,
}

const TOKEN_FIELDS: &str = "kind,startPageToken";
const CHANGES_FIELDS: &str =
    "kind,nextPageToken,newStartPageToken,changes(kind,changeType,time,fileId,removed,file(kind,id,name,mimeType))";

/// Where a user's changes are now.
pub(super) async fn start(call: Call) -> Answer {
    let (mut state, me) = call.admit(Right::Read)?;
    let (_, end) = look(&mut state, &me)?;
    call.reply_with(json!({ "kind": "drive#startPageToken", "startPageToken": end.to_string() }), TOKEN_FIELDS)
}

/// What changed after a page token: the file as it is now, also when only its permissions changed or it went to the trash, or that it was
/// removed "from the list of changes, for example by deletion or loss of access"
/// (https://developers.google.com/workspace/drive/api/reference/rest/v3/changes/list). Shared drives' own feeds are not kept.
pub(super) async fn list(call: Call) -> Answer {
    let (mut state, me) = call.admit(Right::Read)?;
    let (id, end) = look(&mut state, &me)?;
    let token = call.query("pageToken").ok_or_else(|| Refusal::parameter("required", "pageToken", "Required parameter: pageToken"))?;
    let since = token.parse::<u64>().ok().filter(|since| *since <= end);
    let since = since.ok_or_else(|| Refusal::parameter("invalid", "pageToken", "Invalid Value"))?;
    let size = call.query("pageSize").map_or(Ok(100), str::parse).ok().filter(|size| (1..=1000).contains(size));
    let size = size.ok_or_else(|| Refusal::invalid("Invalid value for pageSize"))?;
    let feed = state.changes.entry(id).or_default();
    let (part, more) = feed.changes.since(since, size);
    let mut body = json!({ "kind": "drive#changeList" });
    match part.last().filter(|_| more) {
        Some(last) => body["nextPageToken"] = json!(last.number.to_string()),
        None => body["newStartPageToken"] = json!(end.to_string()),
    }
    let (own_only, gone_too) = (call.flag("restrictToMyDrive"), call.query("includeRemoved") != Some("false"));
    let part = part.into_iter().filter(|change| !own_only || feed.mine.contains(change.key));
    let shown = part.filter(|change| gone_too || change.shows.is_some()).map(|change| {
        let mut shown = json!({
            "kind": "drive#change", "changeType": "file", "time": change.at.to_string(), "fileId": change.key, "removed": change.shows.is_none(),
        });
        if let Some(file) = change.shows {
            shown["file"] = file.clone();
        }
        shown
    });
    body["changes"] = shown.collect();
    call.reply_with(body, CHANGES_FIELDS)
}

/// Takes note of what the user sees now: their id, and the number of their last change.
fn look(state: &mut State, me: &str) -> Result<(String, u64), Refusal> {
    let user = state.user(me)?;
    let files = state.files.values().filter(|file| file.drive.is_none() && file.listed_for(state, user));
    let shown: Vec<(String, Value)> = files.map(|file| (file.id.clone(), file_body(state, user, file))).collect();
    let id = user.id.clone();
    let feed = state.changes.entry(id.clone()).or_default();
    feed.mine.extend(shown.iter().filter(|(_, file)| file["ownedByMe"] == true).map(|(id, _)| id.clone()));
    let end = feed.changes.look(shown);
    Ok((id, end))
}
