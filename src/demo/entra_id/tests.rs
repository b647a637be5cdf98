//! The directory shows what was asked for, forgets what it is told to forget, and refuses what the vendor refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const CFO: &str = "/v1.0/users/30000000-0000-4000-8000-000000001002";
const CTO: &str = "/v1.0/users/30000000-0000-4000-8000-000000001003";
const SYNCED: &str = "/v1.0/users/yuki.abernathy@northmoor.example";

pub(super) async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("entra-id", start(&Arc::new(company)).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

pub(super) async fn as_(running: &Running, client: &str) -> Probe {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", client),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let url = format!("{}/northmoor.example/oauth2/v2.0/token", running.url);
    let response = reqwest::Client::builder().no_proxy().build().unwrap().post(url).form(&form).send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    Probe::new("microsoft-graph", &running.url, "https://graph.microsoft.com", &bearer)
}

async fn list(probe: &Probe, path: &str) -> Vec<Value> {
    let answer = probe.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body["value"].as_array().unwrap().clone()
}

async fn names(probe: &Probe, path: &str) -> Vec<String> {
    list(probe, path).await.iter().map(|one| one["displayName"].as_str().unwrap().to_owned()).collect()
}

async fn gone(probe: &Probe, path: &str) {
    assert_eq!(probe.call("DELETE", path, None).await.status, 204, "{path}");
    assert_eq!(probe.call("DELETE", path, None).await.status, 404, "{path}");
}

#[tokio::test]
async fn everyone_is_listed_and_a_property_not_asked_for_is_not_there() {
    let entra = up().await;
    let probe = as_(&entra, "read-entra-id").await;
    let mut path = "/v1.0/users?$select=userPrincipalName,accountEnabled,signInActivity&$top=999".to_owned();
    let mut seen = Vec::new();
    loop {
        let body = probe.get(&path).await.body;
        let page = body["value"].as_array().unwrap();
        assert!(page.len() <= 120);
        seen.extend(page.clone());
        match body["@odata.nextLink"].as_str() {
            Some(next) => path = next.strip_prefix(&entra.url).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 413);
    assert!(probe.get(CFO).await.body.get("accountEnabled").is_none());
    assert_eq!(probe.get(&format!("{CFO}?$select=accountEnabled")).await.body["accountEnabled"], true);
    let guests = list(&probe, "/v1.0/users?$filter=userType%20eq%20'Guest'&$select=mail,userType").await;
    assert_eq!(guests[0]["mail"], "rafael.okonjo@postbox.example");
    assert_eq!(probe.get("/v1.0/users?$top=1000").await.status, 400);
    assert_eq!(probe.get("/v1.0/users/nobody@northmoor.example").await.status, 404);
    for path in ["organization", "groups", "servicePrincipals", "roleManagement/directory/roleDefinitions"] {
        assert!(!list(&probe, &format!("/v1.0/{path}")).await.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn groups_hold_groups_and_some_members_are_decided_elsewhere() {
    let entra = up().await;
    let probe = as_(&entra, "revoke-entra-id").await;
    let direct = names(&probe, &format!("{CFO}/memberOf")).await;
    assert_eq!(direct, ["All employees", "Finance", "Treasury approvers", "Board distribution", "Reports Reader"]);
    let through = names(&probe, &format!("{CFO}/transitiveMemberOf/graph.group")).await;
    assert!(through.contains(&"Finance systems".to_owned()), "{through:?}");
    let group = |n: u32| format!("/v1.0/groups/40000000-0000-4000-8000-{n:012}");
    assert_eq!(names(&probe, &format!("{}/members", group(4))).await, ["Finance", "Treasury approvers"]);
    let inside = names(&probe, &format!("{}/transitiveMembers", group(4))).await;
    assert!(inside.contains(&"Rafael Okonjo".to_owned()) && inside.contains(&"Finance".to_owned()));
    let cfo = CFO.rsplit('/').next().unwrap();
    gone(&probe, &format!("{}/members/{cfo}/$ref", group(3))).await;
    assert!(!names(&probe, &format!("{CFO}/memberOf")).await.contains(&"Treasury approvers".to_owned()));
    for refusing in [1, 5] {
        assert_eq!(probe.call("DELETE", &format!("{}/members/{cfo}/$ref", group(refusing)), None).await.status, 400);
    }
}

#[tokio::test]
async fn an_account_is_blocked_and_its_sessions_end() {
    let entra = up().await;
    let probe = as_(&entra, "revoke-entra-id").await;
    let state = format!("{CFO}?$select=accountEnabled,signInSessionsValidFromDateTime,lastPasswordChangeDateTime");
    let before = probe.get(&state).await.body;
    let off =
        json!({ "accountEnabled": false, "passwordProfile": { "password": "aB3-long-enough", "forceChangePasswordNextSignIn": true } });
    assert_eq!(probe.call("PATCH", CFO, Some(off.clone())).await.status, 204);
    assert_eq!(probe.call("PATCH", CFO, Some(off)).await.status, 204);
    assert_eq!(probe.call("POST", &format!("{CFO}/revokeSignInSessions"), None).await.body["value"], true);
    let after = probe.get(&state).await.body;
    assert_eq!(after["accountEnabled"], false);
    for changed in ["signInSessionsValidFromDateTime", "lastPasswordChangeDateTime"] {
        assert!(after[changed].as_str() > before[changed].as_str(), "{changed}");
    }
    // A guest's sessions belong to another tenant.
    let guest = "/v1.0/users/31000000-0000-4000-8000-000000001002";
    let sessions = format!("{guest}?$select=signInSessionsValidFromDateTime");
    let before = probe.get(&sessions).await.body;
    assert_eq!(probe.call("POST", &format!("{guest}/revokeSignInSessions"), None).await.status, 200);
    assert_eq!(probe.get(&sessions).await.body, before);
    gone(&probe, guest).await;
}

#[tokio::test]
async fn a_privileged_role_goes_before_the_account() {
    let entra = up().await;
    let probe = as_(&entra, "revoke-entra-id").await;
    let off = || Some(json!({ "accountEnabled": false }));
    assert_eq!(probe.call("PATCH", CTO, off()).await.status, 403);
    let held = "/v1.0/roleManagement/directory/roleAssignments";
    let cto = CTO.rsplit('/').next().unwrap();
    let of_cto = list(&probe, &format!("{held}?$filter=principalId%20eq%20'{cto}'&$expand=roleDefinition")).await;
    assert_eq!(of_cto[0]["roleDefinition"]["displayName"], "Global Administrator");
    gone(&probe, &format!("{held}/ra-global-E1003")).await;
    assert_eq!(probe.get(&format!("{held}/ra-global-E1003")).await.status, 404);
    assert_eq!(probe.call("PATCH", CTO, off()).await.status, 204);
    assert_eq!(probe.call("DELETE", &format!("{held}/ra-global-E1008"), None).await.status, 400, "the last one stays");
    // A role by way of a group is one as well.
    let ciso = "30000000-0000-4000-8000-000000001008";
    let successor = "/v1.0/users/30000000-0000-4000-8000-000000002008";
    assert_eq!(probe.call("PATCH", successor, off()).await.status, 403);
    let tier0 = "/v1.0/groups/40000000-0000-4000-8000-000000000007/members";
    gone(&probe, &format!("{tier0}/30000000-0000-4000-8000-000000002008/$ref")).await;
    assert_eq!(probe.call("PATCH", successor, off()).await.status, 204);
    assert_eq!(list(&probe, tier0).await[0]["id"], ciso);
    // What can be switched on is taken away by a request.
    let instances = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances";
    let eligible = list(&probe, &format!("{instances}?$expand=roleDefinition")).await;
    assert_eq!(eligible.len(), 2);
    let ask = json!({
        "action": "adminRemove",
        "principalId": eligible[0]["principalId"],
        "roleDefinitionId": eligible[0]["roleDefinitionId"],
        "directoryScopeId": "/",
        "justification": "departure",
    });
    let requests = "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests";
    assert_eq!(probe.call("POST", requests, Some(ask.clone())).await.body["status"], "Revoked");
    assert_eq!(list(&probe, instances).await.len(), 1);
    assert_eq!(probe.call("POST", requests, Some(ask)).await.status, 400);
}

#[tokio::test]
async fn the_directory_on_premises_has_the_last_word() {
    let entra = up().await;
    let probe = as_(&entra, "revoke-entra-id").await;
    assert_eq!(probe.call("PATCH", SYNCED, Some(json!({ "accountEnabled": false }))).await.status, 204);
    let state = format!("{SYNCED}?$select=accountEnabled");
    assert_eq!(probe.get(&state).await.body["accountEnabled"], false);
    tokio::time::sleep(SYNC * 2).await;
    assert_eq!(probe.get(&state).await.body["accountEnabled"], true);
    let reset = format!("{SYNCED}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword");
    assert_eq!(probe.call("POST", &reset, Some(json!({ "newPassword": "aB3-long-enough" }))).await.status, 202);
}

#[tokio::test]
async fn consents_roles_secrets_and_factors_go_one_by_one() {
    let entra = up().await;
    let probe = as_(&entra, "revoke-entra-id").await;
    assert_eq!(list(&probe, &format!("{CFO}/oauth2PermissionGrants")).await.len(), 2);
    assert_eq!(list(&probe, "/v1.0/oauth2PermissionGrants").await.len(), 4);
    gone(&probe, "/v1.0/oauth2PermissionGrants/grant-cashflow-E1002").await;
    assert_eq!(probe.get("/v1.0/oauth2PermissionGrants/grant-cashflow-E1002").await.status, 404);
    let successor = "/v1.0/users/30000000-0000-4000-8000-000000002002";
    gone(&probe, &format!("{successor}/appRoleAssignments/ara-ledger-E2002")).await;
    let left = list(&probe, &format!("{successor}/appRoleAssignments")).await;
    assert_eq!((left.len(), &left[0]["principalType"]), (1, &json!("Group")));
    assert_eq!(probe.call("DELETE", &format!("{successor}/appRoleAssignments/ara-clause-treasury"), None).await.status, 404);

    let methods = format!("{CFO}/authentication/methods");
    assert_eq!(list(&probe, &methods).await.len(), 5);
    let phone = format!("{CFO}/authentication/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7");
    assert_eq!(probe.call("DELETE", &phone, None).await.status, 400, "the default goes last");
    for (kind, n) in [("microsoftAuthenticator", 1), ("fido2", 2), ("email", 3)] {
        assert_eq!(list(&probe, &format!("{CFO}/authentication/{kind}Methods")).await.len(), 1, "{kind}");
        gone(&probe, &format!("{CFO}/authentication/{kind}Methods/60000000-0000-4000-8000-{n:012}")).await;
    }
    gone(&probe, &phone).await;
    let left = list(&probe, &methods).await;
    assert_eq!((left.len(), &left[0]["@odata.type"]), (1, &json!("#microsoft.graph.passwordAuthenticationMethod")));

    let owned = list(&probe, &format!("{CFO}/ownedObjects")).await;
    let app = format!("/v1.0/applications/{}", owned[0]["id"].as_str().unwrap());
    let key = Some(json!({ "keyId": owned[0]["passwordCredentials"][0]["keyId"] }));
    assert_eq!(probe.call("POST", &format!("{app}/removePassword"), key.clone()).await.status, 204);
    assert_eq!(probe.call("POST", &format!("{app}/removePassword"), key).await.status, 400);
    let owner = list(&probe, &format!("{app}/owners")).await[0]["id"].clone();
    gone(&probe, &format!("{app}/owners/{}/$ref", owner.as_str().unwrap())).await;
    assert_eq!(list(&probe, "/v1.0/applications").await[0]["passwordCredentials"], json!([]));
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let entra = up().await;
    let reader = as_(&entra, "read-entra-id").await;
    assert_eq!(reader.call("PATCH", CFO, Some(json!({ "accountEnabled": false }))).await.status, 403);
    assert_eq!(reader.call("POST", &format!("{CFO}/revokeSignInSessions"), None).await.status, 403);
    assert_eq!(reader.get(&format!("{CFO}?$select=accountEnabled")).await.body["accountEnabled"], true);
    let guessed = Probe::new("microsoft-graph", &entra.url, "https://graph.microsoft.com", "Bearer read-entra-id");
    assert_eq!(guessed.get("/v1.0/users").await.status, 401);
}

#[tokio::test]
async fn things_keep_an_owner_and_devices_rules_licences_and_holds_are_told() {
    let entra = up().await;
    let probe = as_(&entra, "revoke-entra-id").await;
    let cfo = CFO.rsplit('/').next().unwrap();
    let successor = Some(json!({ "@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/30000000-0000-4000-8000-000000002002" }));
    assert_eq!(names(&probe, &format!("{CFO}/ownedObjects/graph.group")).await, ["Treasury approvers"]);
    let owners = "/v1.0/groups/40000000-0000-4000-8000-000000000003/owners";
    assert_eq!(probe.call("DELETE", &format!("{owners}/{cfo}/$ref"), None).await.status, 400, "the last owner stays");
    assert_eq!(probe.call("POST", &format!("{owners}/$ref"), successor.clone()).await.status, 204);
    assert_eq!(probe.call("POST", &format!("{owners}/$ref"), successor).await.status, 400);
    gone(&probe, &format!("{owners}/{cfo}/$ref")).await;
    assert_eq!(names(&probe, &format!("{CFO}/ownedObjects/graph.servicePrincipal")).await, ["Ledgerworks ERP"]);

    let devices = list(&probe, &format!("{CFO}/registeredDevices/graph.device?$select=id,displayName,accountEnabled")).await;
    let device = format!("/v1.0/devices/{}", devices[0]["id"].as_str().unwrap());
    assert_eq!(probe.call("PATCH", &device, Some(json!({ "accountEnabled": false }))).await.status, 204);
    assert_eq!(probe.get(&device).await.body["accountEnabled"], false);

    let rules = format!("{CFO}/mailFolders/inbox/messageRules");
    let rule = format!("{rules}/{}", list(&probe, &rules).await[0]["id"].as_str().unwrap());
    assert_eq!(probe.call("PATCH", &rule, Some(json!({ "isEnabled": false }))).await.body["isEnabled"], false);
    assert_eq!(probe.get(&format!("{CFO}/mailboxSettings?$select=userPurpose")).await.body["userPurpose"], "user");
    let without = "/v1.0/users/30000000-0000-4000-8000-000000002003/mailboxSettings?$select=userPurpose";
    assert_eq!(probe.get(without).await.status, 404);
    let licences = probe.get(&format!("{CFO}?$select=assignedLicenses")).await.body["assignedLicenses"].clone();
    let order = json!({ "addLicenses": [], "removeLicenses": [licences[0]["skuId"]] });
    assert_eq!(probe.call("POST", &format!("{CFO}/assignLicense"), Some(order.clone())).await.status, 200);
    assert_eq!(probe.call("POST", &format!("{CFO}/assignLicense"), Some(order)).await.status, 400);

    let case = format!("{CASES}/c0000000-0000-4000-8000-000000000001/custodians");
    let chief = Some(json!({ "email": "ingrid.vasquez-holm@northmoor.example" }));
    let made = probe.call("POST", &case, chief.clone()).await;
    assert_eq!((made.status, &made.body["holdStatus"]), (201, &json!("notApplied")));
    assert_eq!(probe.call("POST", &case, chief).await.status, 400);
    let custodian = format!("{case}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(probe.call("POST", &format!("{custodian}/microsoft.graph.security.applyHold"), None).await.status, 204);
    assert_eq!(probe.get(&custodian).await.body["holdStatus"], "applied");

    let search = json!({ "displayName": "Departure", "userPrincipalNameFilters": ["rafael.okonjo@northmoor.example"] });
    let job = format!("{QUERIES}/{}", probe.call("POST", QUERIES, Some(search)).await.body["id"].as_str().unwrap());
    assert_eq!(probe.get(&job).await.body["status"], "succeeded");
    assert_eq!(list(&probe, &format!("{job}/records")).await.len(), 1);
}

#[tokio::test]
async fn sessions_ended_before_the_block_come_back_and_the_oracle_knows() {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    let entra = serve("entra-id", router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&entra, "revoke-entra-id").await;
    let session = || left(company.person("E1002").unwrap()).iter().any(|line| line.contains("session"));
    let end = format!("{CFO}/revokeSignInSessions");
    assert_eq!(probe.call("POST", &end, None).await.status, 200);
    assert!(session(), "a cookie made a new one");
    assert_eq!(probe.call("PATCH", CFO, Some(json!({ "accountEnabled": false }))).await.status, 204);
    assert_eq!(probe.call("POST", &end, None).await.status, 200);
    assert!(!session());
}
