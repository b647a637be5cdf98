//! Files, transfers, holds and exports.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::demo::google::{documents, papers, state};

#[tokio::test]
async fn drives_hold_about_2500_files_that_are_the_same_in_every_run() {
    let company = company();
    let count = || {
        let people = company.employed();
        people.map(|person| papers::of(&company, person)).collect::<Vec<_>>()
    };
    let (one, other) = (count(), count());
    let ids = |files: &[Vec<documents::File>]| files.iter().flatten().map(|file| file.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&other));
    let distinct: HashSet<String> = ids(&one).into_iter().collect();
    assert_eq!(distinct.len(), ids(&one).len());
    assert!((2_000..3_000).contains(&distinct.len()), "{}", distinct.len());
    for person in company.executives().filter(|person| person.left.is_none()) {
        let at = company.employed().position(|other| other.number == person.number).unwrap();
        assert!((40..=120).contains(&one[at].len()));
    }
}

#[tokio::test]
async fn shares_close_and_ownership_moves() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let him = acting_as(&server, RAFAEL).await;
    let own = files(&server, RAFAEL).await;
    let file = own.iter().find(|file| file["name"] == "Liquidity forecast.xlsx").unwrap();
    let path = format!("/drive/v3/files/{}", file["id"].as_str().unwrap());
    // Without `fields` the vendor gives next to nothing.
    assert!(done(&him, "GET", &path, None).await["permissions"].is_null());
    let link = format!("{path}/permissions/anyoneWithLink");
    done(&him, "GET", &link, None).await;
    assert_eq!(done(&him, "DELETE", &link, None).await, Value::Null);
    assert_eq!(refused(&him, "DELETE", &link, None).await.0, 404);
    let left = done(&him, "GET", &format!("{path}/permissions?fields=*"), None).await;
    assert!(left["permissions"].as_array().unwrap().iter().all(|p| p["type"] != "anyone"));

    let successor = company().person("E2002").unwrap().work_email.clone();
    let owner = json!({"type": "user", "role": "owner", "emailAddress": successor});
    assert_eq!(refused(&him, "POST", &format!("{path}/permissions"), Some(owner.clone())).await.0, 403);
    done(&him, "POST", &format!("{path}/permissions?transferOwnership=true&fields=*"), Some(owner)).await;
    let moved = done(&him, "GET", &format!("{path}?fields=*"), None).await;
    assert_eq!((&moved["ownedByMe"], &moved["owners"][0]["emailAddress"]), (&json!(false), &json!(successor)));
    let residue = moved["permissions"].as_array().unwrap().iter().find(|p| p["emailAddress"] == RAFAEL).unwrap();
    assert_eq!(residue["role"], "writer");
    done(&him, "DELETE", &format!("{path}/permissions/{}", residue["id"].as_str().unwrap()), None).await;
    assert_eq!(refused(&him, "GET", &path, None).await.0, 404);

    let drives = done(&him, "GET", "/drive/v3/drives?pageSize=100", None).await;
    assert_eq!(drives["drives"].as_array().unwrap().len(), 2);
    let first = drives["drives"][0]["id"].as_str().unwrap();
    done(&him, "GET", &format!("/drive/v3/drives/{first}?fields=*"), None).await;
    done(&admin, "GET", "/drive/v3/drives?useDomainAdminAccess=true&fields=*", None).await;
    let shared = all(&him, "/drive/v3/files?includeItemsFromAllDrives=true&supportsAllDrives=true&pageSize=1000&fields=*", "files").await;
    let strategy = shared.iter().find(|file| file["name"] == "Strategy 2028.gdoc").unwrap();
    let drive = strategy["driveId"].as_str().unwrap();
    let list = format!("/drive/v3/files/{}/permissions?supportsAllDrives=true", strategy["id"].as_str().unwrap());
    let inherited = done(&him, "GET", &format!("{list}&fields=*"), None).await;
    let mine = inherited["permissions"].as_array().unwrap().iter().find(|p| p["emailAddress"] == RAFAEL).unwrap();
    assert_eq!(mine["permissionDetails"][0]["inheritedFrom"], drive);
    let mine = mine["id"].as_str().unwrap();
    let on_file = list.replace("?", &format!("/{mine}?"));
    let refusal = refused(&him, "DELETE", &on_file, None).await;
    assert_eq!(refusal, (403, "cannotModifyInheritedTeamDrivePermission".to_owned()));
    let on_drive = format!("/drive/v3/files/{drive}/permissions/{mine}?supportsAllDrives=true&useDomainAdminAccess=true");
    done(&admin, "DELETE", &on_drive, None).await;
    assert_eq!(refused(&admin, "GET", &on_drive, None).await.0, 404);
}

#[tokio::test]
async fn a_transfer_takes_its_time_and_moves_the_levels_asked_for() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let applications = done(&admin, "GET", "/admin/datatransfer/v1/applications?customerId=my_customer", None).await;
    let drive = applications["applications"].as_array().unwrap().iter().find(|a| a["name"] == "Drive and Docs").unwrap()["id"].clone();
    let before = files(&server, RAFAEL).await;
    let private = before.iter().filter(|file| file["permissions"].as_array().unwrap().len() == 1).count();
    assert!(private > 10 && before.len() > private + 10);
    for (parameters, left) in [(json!([]), private), (json!([{"key": "PRIVACY_LEVEL", "value": ["PRIVATE", "SHARED"]}]), 0)] {
        let job = json!({
            "oldOwnerUserId": RAFAEL_ID, "newOwnerUserId": SUCCESSOR_ID,
            "applicationDataTransfers": [{"applicationId": drive, "applicationTransferParams": parameters}],
        });
        let job = done(&admin, "POST", "/admin/datatransfer/v1/transfers", Some(job)).await;
        assert_eq!(job["overallTransferStatusCode"], "inProgress");
        tokio::time::sleep(state::JOB_TIME + Duration::from_millis(50)).await;
        let path = format!("/admin/datatransfer/v1/transfers/{}", job["id"].as_str().unwrap());
        assert_eq!(done(&admin, "GET", &path, None).await["overallTransferStatusCode"], "completed");
        assert_eq!(files(&server, RAFAEL).await.len(), left);
    }
    done(&admin, "GET", "/admin/datatransfer/v1/transfers?status=completed", None).await;
}

#[tokio::test]
async fn holds_and_exports_are_kept_in_their_matter() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let matter = done(&admin, "POST", "/v1/matters", Some(json!({"name": "Departure", "description": "E1002"}))).await;
    let path = format!("/v1/matters/{}", matter["matterId"].as_str().unwrap());
    done(&admin, "GET", &format!("{path}?view=FULL"), None).await;
    assert_eq!(
        done(&admin, "GET", "/v1/matters?state=OPEN", None).await["matters"].as_array().unwrap().len(),
        2,
        "legal's own, and this one"
    );
    let wanted = json!({"name": "Mail", "corpus": "MAIL", "accounts": [{"email": RAFAEL}], "query": {"mailQuery": {}}});
    let hold = done(&admin, "POST", &format!("{path}/holds"), Some(wanted)).await;
    let hold = done(&admin, "GET", &format!("{path}/holds/{}", hold["holdId"].as_str().unwrap()), None).await;
    assert_eq!(hold["accounts"][0]["accountId"], RAFAEL_ID);
    assert!(hold["accounts"][0]["holdTime"].is_string());
    done(&admin, "GET", &format!("{path}/holds"), None).await;
    let nobody = json!({"name": "Mail", "corpus": "MAIL"});
    assert_eq!(refused(&admin, "POST", &format!("{path}/holds"), Some(nobody)).await.0, 400);

    let wanted = json!({
        "name": "Drive of E1002",
        "query": {"corpus": "DRIVE", "dataScope": "ALL_DATA", "method": "ACCOUNT", "accountInfo": {"emails": [RAFAEL]}},
        "exportOptions": {"driveOptions": {"includeAccessInfo": true}},
    });
    let export = done(&admin, "POST", &format!("{path}/exports"), Some(wanted)).await;
    assert_eq!(export["status"], "IN_PROGRESS");
    tokio::time::sleep(state::JOB_TIME + Duration::from_millis(50)).await;
    let export = done(&admin, "GET", &format!("{path}/exports/{}", export["id"].as_str().unwrap()), None).await;
    assert_eq!(export["status"], "COMPLETED");
    done(&admin, "GET", &format!("{path}/exports"), None).await;
}

#[tokio::test]
async fn nothing_is_shared_outside_but_what_was_planted() {
    let server = start().await;
    let company = company();
    let mut outside = HashSet::new();
    for person in company.employed() {
        if !person.executive {
            continue;
        }
        for file in files(&server, &person.work_email).await {
            let leaves = |p: &Value| {
                let to = p["emailAddress"].as_str().unwrap_or("@northmoor.example");
                p["type"] == "anyone" || !to.ends_with("@northmoor.example")
            };
            if file["permissions"].as_array().unwrap().iter().any(leaves) {
                outside.insert(file["name"].as_str().unwrap().to_owned());
            }
        }
    }
    let shares = ["share-to-self", "public-link"];
    let flaws = company.flaws.iter().map(|f| (&f.check, &f.system, &f.subject));
    let traps = company.traps.iter().map(|t| (&t.check, &t.system, &t.subject));
    let here = |(check, system, _): &(&String, &String, &String)| shares.contains(&check.as_str()) && *system == "google-workspace";
    // A calendar is no file: it is named by its owner's address.
    let here = |flaw: &(&String, &String, &String)| here(flaw) && !flaw.2.contains('@');
    let planted: HashSet<String> = flaws.chain(traps).filter(here).map(|(_, _, subject)| subject.clone()).collect();
    assert_eq!(outside, planted);
}
