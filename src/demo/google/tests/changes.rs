//! What a user's feed of changes names, and what it doesn't.

use serde_json::{Value, json};

use super::*;

const FIELDS: &str = "nextPageToken,newStartPageToken,changes(changeType,time,removed,fileId,file(ownedByMe,trashed,permissions(type)))";

async fn mark(probe: &Probe) -> String {
    done(probe, "GET", "/drive/v3/changes/startPageToken", None).await["startPageToken"].as_str().unwrap().to_owned()
}

/// What changed since a mark, which moves on.
async fn since(probe: &Probe, mark: &mut String) -> Vec<Value> {
    let told = done(probe, "GET", &format!("/drive/v3/changes?pageToken={mark}&fields={FIELDS}"), None).await;
    assert_eq!(told["nextPageToken"], Value::Null);
    *mark = told["newStartPageToken"].as_str().unwrap().to_owned();
    told["changes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn shares_trash_and_loss_are_changes_of_the_file_and_of_it_alone() {
    let server = start().await;
    let (him, her) = (acting_as(&server, RAFAEL).await, company().person("E2002").unwrap().work_email.clone());
    let (own, hers) = (files(&server, RAFAEL).await, acting_as(&server, &her).await);
    let file = own.iter().find(|file| file["name"] == "Liquidity forecast.xlsx").unwrap()["id"].clone();
    let path = format!("/drive/v3/files/{}", file.as_str().unwrap());
    let (mut his_mark, mut her_mark) = (mark(&him).await, mark(&hers).await);
    let first = his_mark.clone();
    assert_eq!(since(&him, &mut his_mark).await, Vec::<Value>::new());
    let only = |changes: Vec<Value>| {
        assert_eq!((changes.len(), &changes[0]["fileId"], &changes[0]["changeType"]), (1, &file, &json!("file")), "{changes:?}");
        assert!(changes[0]["time"].is_string());
        changes[0].clone()
    };

    done(&him, "DELETE", &format!("{path}/permissions/anyoneWithLink"), None).await;
    let unshared = only(since(&him, &mut his_mark).await);
    assert!(unshared["file"]["permissions"].as_array().unwrap().iter().all(|one| one["type"] != "anyone"));
    for trashed in [true, false] {
        done(&him, "PATCH", &path, Some(json!({ "trashed": trashed }))).await;
        let change = only(since(&him, &mut his_mark).await);
        assert_eq!((&change["removed"], &change["file"]["trashed"]), (&json!(false), &json!(trashed)));
    }

    only(since(&hers, &mut her_mark).await);
    let owner = json!({ "type": "user", "role": "owner", "emailAddress": her });
    done(&him, "POST", &format!("{path}/permissions?transferOwnership=true&fields=*"), Some(owner)).await;
    assert_eq!(only(since(&him, &mut his_mark).await)["file"]["ownedByMe"], false);
    assert_eq!(only(since(&hers, &mut her_mark).await)["file"]["ownedByMe"], true);
    assert_eq!(refused(&him, "DELETE", &path, None).await, (403, "insufficientFilePermissions".to_owned()));
    let all = done(&him, "GET", &format!("{path}/permissions?fields=*"), None).await;
    let residue = all["permissions"].as_array().unwrap().iter().find(|one| one["emailAddress"] == RAFAEL).unwrap();
    done(&him, "DELETE", &format!("{path}/permissions/{}", residue["id"].as_str().unwrap()), None).await;
    let lost = only(since(&him, &mut his_mark).await);
    assert_eq!((&lost["removed"], &lost["file"]), (&json!(true), &Value::Null));
    // What was his stays in his own drive's list, though somebody else's share never was in it.
    let own_only = format!("/drive/v3/changes?pageToken={first}&restrictToMyDrive=true&fields=changes(fileId,removed)");
    assert_eq!(done(&him, "GET", &own_only, None).await["changes"], json!([{ "fileId": file, "removed": true }]));
    assert_eq!(done(&him, "GET", &format!("{own_only}&includeRemoved=false"), None).await["changes"], json!([]));

    only(since(&hers, &mut her_mark).await);
    done(&hers, "DELETE", &path, None).await;
    assert_eq!(only(since(&hers, &mut her_mark).await)["removed"], true);
}

#[tokio::test]
async fn changes_come_in_pages_and_a_token_that_was_never_given_is_refused() {
    let server = start().await;
    let him = acting_as(&server, RAFAEL).await;
    let first = mark(&him).await;
    let own = files(&server, RAFAEL).await;
    for file in &own[..3] {
        done(&him, "PATCH", &format!("/drive/v3/files/{}", file["id"].as_str().unwrap()), Some(json!({ "trashed": true }))).await;
    }
    let page = done(&him, "GET", &format!("/drive/v3/changes?pageToken={first}&pageSize=2"), None).await;
    let next = page["nextPageToken"].as_str().unwrap();
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["newStartPageToken"]), (2, &Value::Null));
    let page = done(&him, "GET", &format!("/drive/v3/changes?pageToken={next}&pageSize=2"), None).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextPageToken"]), (1, &Value::Null));
    assert_eq!(page["newStartPageToken"].as_str().unwrap(), mark(&him).await);
    assert_eq!(refused(&him, "GET", "/drive/v3/changes?pageToken=of-last-year", None).await, (400, "invalid".to_owned()));
    assert_eq!(refused(&him, "GET", "/drive/v3/changes?pageToken=99999999", None).await, (400, "invalid".to_owned()));
    assert_eq!(refused(&him.wrongly(), "GET", "/drive/v3/changes", None).await, (400, "required".to_owned()));
}
