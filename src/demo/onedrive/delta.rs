//! What changed in a drive since a token was given (https://learn.microsoft.com/en-us/graph/api/driveitem-delta).

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::changes::Changes;
use super::super::vendor::{count_param, now, origin, param, reply, same_with};
use super::state::{Drives, Refused};
use super::{Shared, open, refused, selected};

/// What a drive's feed knows.
#[derive(Default)]
pub(super) struct Feed {
    changes: Changes,
    /// By item: its permissions, and the number of the last change when they were seen to have changed.
    sharing: BTreeMap<String, (Value, u64)>,
}

/// Where a round goes on.
struct Token {
    after: u64,
    /// Of the first round, which tells how everything stands and names nothing that is gone.
    first: bool,
}

impl Token {
    fn write(&self) -> String {
        format!("{}{}", if self.first { "all-" } else { "at-" }, self.after)
    }

    fn read(text: &str) -> Option<Self> {
        let (first, after) =
            text.strip_prefix("all-").map(|after| (true, after)).or(text.strip_prefix("at-").map(|after| (false, after)))?;
        Some(Self { after: after.parse().ok()?, first })
    }
}

/// What there is, or what changed since a token (`latest` is the end of the drive's history): items as they are now, also when only who they
/// are shared with changed, and with them the folders above; of those that are gone the id and `deleted`. In the first round the root comes first
/// and last: the feed may name an item more than once, and the last time counts.
pub(super) async fn changes(State(drives): Shared, headers: HeaderMap, uri: Uri, Path((drive, item)): Path<(String, String)>) -> Response {
    let mut drives = open(&drives);
    let (items, end) = match drives.look(&drive, &item) {
        Ok(looked) => looked,
        Err(why) => return refused(why),
    };
    let token = match param(&uri, "token").as_deref().unwrap_or_default() {
        "" => Some(Token { after: 0, first: true }),
        "latest" => Some(Token { after: end, first: false }),
        token => Token::read(token).filter(|token| token.after <= end),
    };
    let (Some(token), Some(feed)) = (token, drives.feeds.get(&drive)) else {
        return resync(&format!("{}/v1.0/drives/{drive}/items/{item}/delta?token=", origin(&headers)));
    };
    let (part, more) = feed.changes.since(token.after, count_param(&uri, "$top", 200, 999));
    let last = part.last().map_or(end, |change| change.number);
    // "All items that appear in the delta query response due to permission changes" say so, if that was asked for.
    let prefer = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
    let marked = !token.first && prefer.into_iter().any(|value| value.contains("deltashowsharingchanges"));
    let mut value: Vec<Value> = Vec::new();
    let known: BTreeMap<&str, &Value> = items.iter().filter_map(|item| Some((item["id"].as_str()?, item))).collect();
    let root = items.first();
    if token.first && token.after == 0 {
        value.extend(root.cloned());
    }
    for change in &part {
        let Some(item) = known.get(change.key) else {
            if !token.first {
                value.push(json!({ "id": change.key, "deleted": { "state": "deleted" } }));
            }
            continue;
        };
        if !token.first {
            for above in folders_above(&known, item) {
                if !value.iter().any(|named| named["id"] == above["id"]) {
                    value.push(above.clone());
                }
            }
        }
        let mut item = (*item).clone();
        if marked && feed.sharing.get(change.key).is_some_and(|(_, number)| *number > token.after) {
            item["@microsoft.graph.sharedChanged"] = json!("True");
        }
        value.retain(|named| token.first || named["id"] != change.key);
        value.push(item);
    }
    if token.first && !more {
        value.extend(root.cloned());
    }
    let mut body = json!({ "value": value.iter().map(|item| selected(&uri, item)).collect::<Vec<_>>() });
    if more {
        body["@odata.nextLink"] = same_with(&headers, &uri, "token", &Token { after: last, ..token }.write()).into();
    } else {
        body["@odata.deltaLink"] = same_with(&headers, &uri, "token", &Token { after: end, first: false }.write()).into();
    }
    reply(200, &body)
}

/// From the root down.
fn folders_above<'i>(known: &BTreeMap<&str, &'i Value>, item: &Value) -> Vec<&'i Value> {
    let parent = |item: &Value| item["parentReference"]["id"].as_str().and_then(|id| known.get(id).copied());
    let mut above: Vec<&Value> = std::iter::successors(parent(item), |folder| parent(folder)).collect();
    above.reverse();
    above
}

/// "HTTP 410 Gone with an error response containing one of the error codes, and a Location header containing a new nextLink that starts a fresh
/// delta enumeration from scratch."
fn resync(again: &str) -> Response {
    let message = "Resync required. Replace any local items with the server's version (including deletes) if you're sure that the service was up to date with your local changes when you last sync'd. Upload any local changes that the server doesn't know about.";
    let inner = json!({ "code": "resyncChangesApplyDifferences", "date": now().strftime("%Y-%m-%dT%H:%M:%S").to_string() });
    let mut response = reply(410, &json!({ "error": { "code": "resyncRequired", "message": message, "innerError": inner } }));
    if let Ok(place) = HeaderValue::try_from(again) {
        response.headers_mut().insert("location", place);
    }
    response
}

impl Drives {
    /// The drive's items, root first, and the number of their last change.
    fn look(&mut self, drive: &str, item: &str) -> Result<(Vec<Value>, u64), Refused> {
        let opened = self.opened(drive)?;
        opened.find(item)?;
        let mut items = Vec::new();
        let mut tracked = Vec::new();
        let mut sharing = Vec::new();
        for item in &opened.items {
            let shown = self.shown(opened, item);
            // What was given on the item itself: a folder's sharing is no change of what is in it, unless that is shared further or less far now.
            let given: Value = item.given.iter().map(|given| json!([given.id, given.right])).collect();
            tracked.push((item.id.clone(), json!([shown, given])));
            sharing.push((item.id.clone(), json!([shown["shared"], given])));
            items.push(shown);
        }
        let feed = self.feeds.entry(drive.to_owned()).or_default();
        let end = feed.changes.look(tracked);
        for (id, shares) in sharing {
            let known = feed.sharing.entry(id).or_insert_with(|| (shares.clone(), 0));
            if known.0 != shares {
                *known = (shares, end);
            }
        }
        Ok((items, end))
    }
}
