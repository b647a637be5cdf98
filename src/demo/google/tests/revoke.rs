//! Accounts, mail, groups, roles and devices: what is revoked is gone, and what had to come first is closed.

use std::time::Duration;

use serde_json::json;

use super::*;

#[tokio::test]
async fn suspension_blinds_lists_and_closes_what_had_to_come_first() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let him = acting_as(&server, RAFAEL).await;
    let tokens = done(&admin, "GET", &format!("{HIM}/tokens"), None).await;
    let client = tokens["items"][0]["clientId"].as_str().unwrap().to_owned();
    let body = done(&admin, "PATCH", HIM, Some(json!({"suspended": true}))).await;
    assert_eq!((&body["suspended"], &body["suspensionReason"]), (&json!(true), &json!("ADMIN")));

    assert!(done(&admin, "GET", &format!("{HIM}/tokens"), None).await["items"].is_null());
    assert!(done(&admin, "GET", &format!("{HIM}/asps"), None).await["items"].is_null());
    for path in ["verificationCodes/invalidate", "twoStepVerification/turnOff"] {
        assert_eq!(refused(&admin, "POST", &format!("{HIM}/{path}"), None).await.0, 400);
    }
    let mail = refused(&him, "GET", &format!("{MAIL}/autoForwarding"), None).await;
    assert_eq!(mail, (400, "failedPrecondition".to_owned()));

    // Nothing of what was hidden was gone.
    done(&admin, "PUT", HIM, Some(json!({"suspended": false}))).await;
    let tokens = done(&admin, "GET", &format!("{HIM}/tokens"), None).await;
    assert_eq!(tokens["items"][0]["clientId"], client.as_str());
    assert_eq!(done(&him, "GET", &format!("{MAIL}/autoForwarding"), None).await["enabled"], true);
}

#[tokio::test]
async fn what_is_revoked_is_gone_on_the_next_read() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let him = acting_as(&server, RAFAEL).await;

    done(&admin, "GET", &format!("{HIM}?projection=full"), None).await;
    done(&admin, "POST", &format!("{HIM}/signOut"), None).await;
    for (list, key) in [("tokens", "clientId"), ("asps", "codeId")] {
        let items = done(&admin, "GET", &format!("{HIM}/{list}"), None).await;
        let key = items["items"][0][key].to_string().replace('"', "");
        let one = format!("{HIM}/{list}/{key}");
        done(&admin, "GET", &one, None).await;
        done(&admin, "DELETE", &one, None).await;
        assert_eq!(refused(&admin, "DELETE", &one, None).await.0, 404);
        assert!(done(&admin, "GET", &format!("{HIM}/{list}"), None).await["items"].is_null());
    }
    let codes = format!("{HIM}/verificationCodes");
    assert_eq!(done(&admin, "GET", &codes, None).await["items"].as_array().unwrap().len(), 10);
    done(&admin, "POST", &format!("{codes}/invalidate"), None).await;
    assert!(done(&admin, "GET", &codes, None).await["items"].is_null());
    done(&admin, "POST", &format!("{HIM}/twoStepVerification/turnOff"), None).await;
    let password = json!({"password": "0123456789abcdef", "recoveryEmail": "", "recoveryPhone": "", "changePasswordAtNextLogin": true});
    let user = done(&admin, "PUT", HIM, Some(password)).await;
    assert_eq!(user["isEnrolledIn2Sv"], false);
    assert!(user["recoveryEmail"].is_null() && user["recoveryPhone"].is_null());

    for (list, items, key) in
        [("delegates", "delegates", "delegateEmail"), ("forwardingAddresses", "forwardingAddresses", "forwardingEmail")]
    {
        let body = done(&him, "GET", &format!("{MAIL}/{list}"), None).await;
        let one = format!("{MAIL}/{list}/{}", body[items][0][key].as_str().unwrap());
        done(&him, "GET", &one, None).await;
        done(&him, "DELETE", &one, None).await;
        assert_eq!(refused(&him, "GET", &one, None).await.0, 404);
        assert!(done(&him, "GET", &format!("{MAIL}/{list}"), None).await[items].is_null());
    }
    // Without its address, forwarding stops by itself, and can't be turned on again.
    assert_eq!(done(&him, "GET", &format!("{MAIL}/autoForwarding"), None).await["enabled"], false);
    let again = json!({"enabled": true, "emailAddress": "rafael.okonjo@postbox.example"});
    assert_eq!(refused(&him, "PUT", &format!("{MAIL}/autoForwarding"), Some(again)).await.0, 400);
    done(&him, "PUT", &format!("{MAIL}/autoForwarding"), Some(json!({"enabled": false}))).await;
    done(&him, "PUT", &format!("{MAIL}/imap"), Some(json!({"enabled": false}))).await;
    done(&him, "PUT", &format!("{MAIL}/pop"), Some(json!({"accessWindow": "disabled"}))).await;
    assert_eq!(done(&him, "GET", &format!("{MAIL}/imap"), None).await["enabled"], false);
    assert_eq!(done(&him, "GET", &format!("{MAIL}/pop"), None).await["accessWindow"], "disabled");
    assert_eq!(done(&him, "GET", &format!("{MAIL}/sendAs"), None).await["sendAs"][1]["sendAsEmail"], "cfo@northmoor.example");

    let seller = acting_as(&server, "tobias.marchetti@northmoor.example").await;
    let filters = done(&seller, "GET", &format!("{MAIL}/filters"), None).await;
    for filter in filters["filter"].as_array().unwrap() {
        let one = format!("{MAIL}/filters/{}", filter["id"].as_str().unwrap());
        done(&seller, "GET", &one, None).await;
        done(&seller, "DELETE", &one, None).await;
    }
    assert!(done(&seller, "GET", &format!("{MAIL}/filters"), None).await["filter"].is_null());
}

#[tokio::test]
async fn groups_roles_and_devices_let_go() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let list = format!("/admin/directory/v1/groups?userKey={RAFAEL}");
    let groups = done(&admin, "GET", &list, None).await;
    let groups = groups["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 5);
    done(&admin, "GET", "/admin/directory/v1/groups?customer=my_customer", None).await;
    for group in groups {
        let group = format!("/admin/directory/v1/groups/{}", group["id"].as_str().unwrap());
        done(&admin, "GET", &group, None).await;
        done(&admin, "GET", &format!("{group}/members"), None).await;
        let member = format!("{group}/members/{RAFAEL_ID}");
        assert_eq!(done(&admin, "GET", &member, None).await["email"], RAFAEL);
        done(&admin, "DELETE", &member, None).await;
        assert_eq!(refused(&admin, "GET", &member, None).await.0, 404);
    }
    assert!(done(&admin, "GET", &list, None).await["groups"].is_null());

    let founder = "/admin/directory/v1/users/ingrid.vasquez-holm@northmoor.example";
    let roles = format!("{CUSTOMER}/roleassignments?userKey=ingrid.vasquez-holm@northmoor.example");
    assert_eq!(done(&admin, "GET", founder, None).await["isAdmin"], true);
    let given = done(&admin, "GET", &roles, None).await;
    let given = format!("{CUSTOMER}/roleassignments/{}", given["items"][0]["roleAssignmentId"].as_str().unwrap());
    done(&admin, "GET", &given, None).await;
    done(&admin, "DELETE", &given, None).await;
    assert_eq!(done(&admin, "GET", founder, None).await["isAdmin"], false);
    done(&admin, "POST", &format!("{founder}/makeAdmin"), Some(json!({"status": true}))).await;
    done(&admin, "POST", &format!("{founder}/makeAdmin"), Some(json!({"status": false}))).await;
    assert!(done(&admin, "GET", &roles, None).await["items"].is_null());
    let last = format!("/admin/directory/v1/users/{ADMIN}/makeAdmin");
    assert_eq!(refused(&admin, "POST", &last, Some(json!({"status": false}))).await.0, 400);

    let devices = done(&admin, "GET", &format!("{CUSTOMER}/devices/mobile?query=email:amara.brandt@northmoor.example"), None).await;
    let device = format!("{CUSTOMER}/devices/mobile/{}", devices["mobiledevices"][0]["resourceId"].as_str().unwrap());
    done(&admin, "POST", &format!("{device}/action"), Some(json!({"action": "admin_account_wipe"}))).await;
    assert_ne!(done(&admin, "GET", &device, None).await["status"], "APPROVED");
    tokio::time::sleep(crate::demo::google::state::JOB_TIME + Duration::from_millis(50)).await;
    assert_eq!(done(&admin, "GET", &device, None).await["status"], "ACCOUNT_WIPED");
}
