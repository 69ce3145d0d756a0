//! A graceful stop while a mail is in hand.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::mail::server::{FROM, MailServer, sign_up, until};
use crate::program::{Program, Running};

fn serve(program: &Program, mail: &MailServer) -> Running {
    program.serve_with(&[("TOKENRY_MAIL__SMTP", &mail.url("none")), FROM])
}

#[test]
fn a_stop_waits_for_the_mail_in_hand_and_takes_up_no_other() {
    let (program, mut mail) = (Program::new(), MailServer::start());
    mail.will("end", "hold");
    let mut server = serve(&program, &mail);
    sign_up(&server, "kim");
    mail.did("end");
    server.terminate();
    until(|| server.log().contains("stopping"));
    mail.will_accept();
    assert_eq!(mail.next_mail()["to"], json!(["kim@example.com"]));
    assert!(server.wait().success());
    // It has left the queue: who serves next sends others, and not this one.
    let server = serve(&program, &mail);
    sign_up(&server, "lee");
    assert_eq!(mail.next_mail()["to"], json!(["lee@example.com"]));
    let log = server.log();
    assert!(mail.other_mails().is_empty() && !log.contains("too long"), "{log}");
}

#[test]
fn a_mail_that_takes_longer_than_a_stop_is_left_to_the_next() {
    let (program, mut mail) = (Program::new(), MailServer::start());
    mail.will("mail", "hold");
    let mut server = serve(&program, &mail);
    sign_up(&server, "kim");
    mail.did("mail");
    let asked = Instant::now();
    server.terminate();
    assert!(server.wait().success());
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10) && server.log().contains("too long"), "{took:?}: {}", server.log());
    mail.will_accept();
    assert!(mail.other_mails().is_empty());
    let _server = serve(&program, &mail);
    // When the lease has run out.
    assert_eq!(mail.next_mail()["to"], json!(["kim@example.com"]));
}
