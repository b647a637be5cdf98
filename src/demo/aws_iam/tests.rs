//! The account checks signatures, forgets what is deleted, and deletes no user on whom something hangs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::aws_signature::sign;
use super::super::faults::Faults;
use super::super::vendor::{Profile, Running, serve};
use super::*;

async fn up() -> (Running, super::super::vendor::Left, Arc<Company>) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    (serve("aws-iam", router, Profile::default(), Faults::default()).await.unwrap(), left, company)
}

async fn ask(running: &Running, key: &str, service: &str, body: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let host = running.url.strip_prefix("http://").unwrap();
    let mut request = client.post(&running.url).body(format!("{body}&Version=2010-05-08"));
    for (name, value) in sign(host, key, service, &format!("{body}&Version=2010-05-08")) {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn revoke(running: &Running, body: &str) -> (u16, String) {
    ask(running, "revoke-aws-iam", "iam", body).await
}

#[tokio::test]
async fn a_request_is_signed_for_this_service_by_a_known_key() {
    let (running, _, _) = up().await;
    let (status, text) = ask(&running, "read-aws-iam", "iam", "Action=GetUser").await;
    assert!(status == 200 && text.contains("<UserName>exeunt-read</UserName>"), "{text}");
    for (key, service, code) in [("somebody", "iam", "InvalidClientTokenId"), ("read-aws-iam", "sso", "SignatureDoesNotMatch")] {
        let (status, text) = ask(&running, key, service, "Action=GetUser").await;
        assert!(status == 403 && text.contains(code), "{text}");
    }
    let (status, text) = ask(&running, "read-aws-iam", "iam", "Action=DeleteLoginProfile&UserName=rafael.okonjo").await;
    assert!(status == 403 && text.contains("AccessDenied"), "{text}");
    let (_, page) = ask(&running, "read-aws-iam", "iam", "Action=ListUsers&MaxItems=2").await;
    assert!(page.contains("<IsTruncated>true</IsTruncated><Marker>after2</Marker>"), "{page}");
}

#[tokio::test]
async fn no_user_is_deleted_before_what_hangs_on_them() {
    let (running, left, company) = up().await;
    let okonjo = company.person("E1002").unwrap();
    assert_eq!(left(okonjo).len(), 11, "{:#?}", left(okonjo));
    let user = "UserName=rafael.okonjo";
    for action in [
        "Action=DeleteLoginProfile",
        "Action=DeleteAccessKey&AccessKeyId=AKIANMOKONJO00000001",
        "Action=DeleteAccessKey&AccessKeyId=AKIANMOKONJO00000002",
        "Action=DeleteSigningCertificate&CertificateId=CERTNMOKONJO000000000001",
        "Action=DeleteSSHPublicKey&SSHPublicKeyId=APKANMOKONJO00000001",
        "Action=DeleteServiceSpecificCredential&ServiceSpecificCredentialId=ACCANMOKONJO00000001",
        "Action=DeactivateMFADevice&SerialNumber=arn:aws:iam::411122223333:mfa/okonjo-phone",
        "Action=DeleteUserPolicy&PolicyName=ledger-bucket-write",
        "Action=DetachUserPolicy&PolicyArn=arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
        "Action=RemoveUserFromGroup&GroupName=finance",
    ] {
        let (status, text) = revoke(&running, &format!("Action=DeleteUser&{user}")).await;
        assert!(status == 409 && text.contains("DeleteConflict"), "before {action}: {text}");
        assert_eq!(revoke(&running, &format!("{action}&{user}")).await.0, 200, "{action}");
        assert_eq!(revoke(&running, &format!("{action}&{user}")).await.0, 404, "{action}, twice");
    }
    assert_eq!(revoke(&running, &format!("Action=DeleteUser&{user}")).await.0, 200);
    assert_eq!(revoke(&running, &format!("Action=GetUser&{user}")).await.0, 404);
    assert!(left(okonjo).is_empty());
}

#[tokio::test]
async fn a_policy_that_denies_everything_ends_rights_and_sessions_but_not_those_of_roles() {
    let (running, left, company) = up().await;
    let okonjo = company.person("E1002").unwrap();
    let deny = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";
    let put = format!("Action=PutUserPolicy&UserName=rafael.okonjo&PolicyName=deny&PolicyDocument={deny}");
    assert_eq!(revoke(&running, &put).await.0, 200);
    let after = left(okonjo);
    assert!(!after.iter().any(|line| line.contains("rights") || line.contains("session of AKIA")), "{after:#?}");
    assert!(after.iter().any(|line| line.contains("session of the role finance-export")));
    assert_eq!(revoke(&running, "Action=PutUserPolicy&UserName=rafael.okonjo&PolicyName=x&PolicyDocument=no").await.0, 400);
}
