//! What a mail carries, from a sign-up to its reader.

use serde_json::json;

use crate::harness::PASSWORD;
use crate::mail::server::{FROM, MailServer, sign_up, token, until};
use crate::program::{Program, Running};

fn serve(program: &Program, url: &str) -> Running {
    program.serve_with(&[("TOKENRY_MAIL__SMTP", url), FROM, ("TOKENRY_LOG__FILTER", "trace,refinery_core=warn")])
}

#[test]
fn a_link_travels_through_a_real_server_and_works_and_no_log_holds_it() {
    let (program, mail) = (Program::new(), MailServer::start());
    let server = serve(&program, &mail.url("none"));
    sign_up(&server, "kim");
    let first = mail.next_mail();
    assert_eq!((&first["to"], &first["from"]), (&json!(["kim@example.com"]), &json!("no-reply@example.com")));
    let headers = &first["headers"];
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(
        (&headers["to"], &headers["from"]),
        (&json!("kim@example.com"), &json!("Tokenry <no-reply@example.com>"))
    );
    let verification = token(&first);
    assert!(first["html"].as_str().unwrap().contains(&verification));
    let (status, answer) = server.connect().post("/v1/email/verification/confirm", &json!({ "token": verification }));
    assert_eq!(status, 204, "{answer}");
    // Who verifies without a session is sent the way to a password of their own.
    let offered = token(&mail.next_mail());
    let (status, _) = server.connect().post("/v1/password/reset", &json!({ "email": "KIM@example.com" }));
    assert_eq!(status, 202);
    let reset = token(&mail.next_mail());
    server.connect().get(&format!("/password/reset?token={reset}"), None);
    let body = json!({ "token": reset, "new_password": "seven purple tractors" });
    assert_eq!(server.connect().post("/v1/password/reset/confirm", &body).0, 204);
    assert_eq!(mail.next_mail()["headers"]["subject"], "Your password was changed");
    let log = server.log();
    assert!(log.contains("mail sent"), "{log}");
    for secret in [&verification, &offered, &reset, "seven purple tractors"] {
        assert!(!log.contains(secret));
        let signature = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(signature));
    }
}

/// What gets past sign-up becomes one recipient, and no header.
#[test]
fn no_name_or_address_writes_a_header() {
    let (program, mail) = (Program::new(), MailServer::start());
    let server = serve(&program, &mail.url("none"));
    let mut taken = 0;
    for (n, local) in [
        "kim\r\nBcc: lee",
        "kim\nSubject: x",
        "kim\r\n\r\nbody",
        "kim%0d%0aBcc:lee",
        "kim,lee",
        "kim lee",
        "\"kim\\\"",
        "\"a b\"",
        "<kim>",
        "kim>\r\nRCPT TO:<lee",
        "kim;lee",
        "=?utf-8?q?=0d=0aBcc:=20lee?=",
        "kim\u{2028}Bcc",
        "김",
        "kim+tag",
        "o'kim",
        "kim\0",
    ]
    .into_iter()
    .enumerate()
    {
        for username in [format!("user{n}"), format!("user{n}\r\nBcc: lee@example.com")] {
            let address = format!("{local}@example.com");
            let body = json!({ "username": username, "email": address, "password": PASSWORD });
            let (status, answer) = server.connect().post("/v1/signup", &body);
            if status != 201 {
                assert!(status == 400 || status == 409, "{address:?}: {answer}");
                continue;
            }
            taken += 1;
            let name = answer["user"]["email"].as_str().unwrap().to_owned();
            let Some(mail) = mail.mail_within(std::time::Duration::from_secs(2)) else {
                assert!(server.log().contains("mail not sent"), "{address:?}");
                continue;
            };
            assert_eq!(mail["to"], json!([name]), "{address:?}");
            let headers: Vec<&String> = mail["headers"].as_object().unwrap().keys().collect();
            let expected =
                ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"];
            assert_eq!(headers, expected, "{address:?}");
        }
    }
    assert!(taken >= 3, "{taken}");
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    let (program, mail) = (Program::new(), MailServer::start());
    let url = mail.url("none");
    drop(mail);
    let server = serve(&program, &url);
    sign_up(&server, "gone");
    until(|| server.log().matches("mail not sent").count() >= 2);
}

#[test]
fn a_server_without_tls_is_given_nothing_where_tls_is_required() {
    let (program, mail) = (Program::new(), MailServer::start());
    let server = serve(&program, &mail.url("required"));
    sign_up(&server, "kim");
    until(|| server.log().contains("mail not sent"));
    assert!(mail.rest().is_empty());
}
