//! The way to a server: TLS by an authority of one's own, and logging in behind it.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenry::config::Secret;

use crate::harness::{Anonymous, PASSWORD, Site};
use crate::mail::server::MailServer;

const MAIL_PASSWORD: &str = "the password of the mail server";

/// An authority, and a certificate that it has signed.
struct Authority {
    directory: TempDir,
}

impl Authority {
    fn certify(name: &str) -> Self {
        let authority = Self { directory: tempfile::tempdir().unwrap() };
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &Issuer::from_params(&params, &ca_key)).unwrap();
        let files = [("ca.pem", ca.pem()), ("server.pem", certificate.pem()), ("server.key", key.serialize_pem())];
        files.iter().for_each(|(name, pem)| std::fs::write(authority.file(name), pem).unwrap());
        authority
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn server(&self, tls: &str, mechanism: Option<&str>) -> MailServer {
        MailServer::with_tls([&self.file("server.pem"), &self.file("server.key")], tls, mechanism)
    }
}

/// Sends one mail to a server by way of this URL. Returns whether it was sent.
async fn send(url: &str, ca: Option<&Path>, password: Option<&str>) -> bool {
    let site = Site::with(|config| {
        config.mail.smtp = Some(url.to_owned());
        config.mail.from = Some("no-reply@example.com".to_owned());
        config.mail.ca = ca.map(Path::to_owned);
        config.mail.username = password.map(|_| "tokenry".to_owned());
        config.mail.password = password.map(|password| Secret::from(password.to_owned()));
    })
    .await;
    site.post(&Anonymous, "/v1/signup", json!({ "email": "kim@example.com", "password": PASSWORD })).await.pair();
    site.app.send_mail().await.unwrap() == 1
}

fn url(mail: &MailServer, tls: &str) -> String {
    let scheme = if tls == "implicit" { "smtps" } else { "smtp" };
    format!("{scheme}://localhost:{}", mail.port)
}

/// Who tried to log in.
fn logins(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line.get("login").is_some()).collect()
}

#[tokio::test]
async fn a_mail_travels_by_tls_that_an_authority_of_ones_own_vouches_for() {
    let authority = Authority::certify("localhost");
    for tls in ["starttls", "implicit"] {
        let mail = authority.server(tls, None);
        assert!(send(&url(&mail, tls), Some(&authority.file("ca.pem")), None).await, "{tls}");
        assert_eq!(mail.next_mail()["to"], json!(["kim@example.com"]));
    }
}

#[tokio::test]
async fn a_server_that_no_one_vouches_for_or_of_another_name_is_given_nothing() {
    let (authority, stranger, elsewhere) =
        (Authority::certify("localhost"), Authority::certify("localhost"), Authority::certify("mail.example.com"));
    for tls in ["starttls", "implicit"] {
        let (mail, other) = (authority.server(tls, Some("PLAIN")), elsewhere.server(tls, Some("PLAIN")));
        let (url, other_url) = (url(&mail, tls), url(&other, tls));
        assert!(!send(&url, None, Some(MAIL_PASSWORD)).await, "{tls}: the system");
        assert!(!send(&url, Some(&stranger.file("ca.pem")), Some(MAIL_PASSWORD)).await, "{tls}: another authority");
        assert!(!send(&other_url, Some(&elsewhere.file("ca.pem")), Some(MAIL_PASSWORD)).await, "{tls}: another name");
        for mail in [mail, other] {
            assert!(mail.rest().is_empty());
        }
    }
}

#[tokio::test]
async fn it_logs_in_by_plain_and_by_login() {
    let authority = Authority::certify("localhost");
    for tls in ["starttls", "implicit"] {
        for mechanism in ["PLAIN", "LOGIN"] {
            let mail = authority.server(tls, Some(mechanism));
            let ca = authority.file("ca.pem");
            assert!(send(&url(&mail, tls), Some(&ca), Some(MAIL_PASSWORD)).await, "{tls} {mechanism}");
            let login = mail.until(|line| line.get("login").is_some());
            assert_eq!(login, json!({ "mechanism": mechanism, "login": ["tokenry", MAIL_PASSWORD] }));
            mail.next_mail();
            assert!(!send(&url(&mail, tls), Some(&ca), Some("another password")).await, "{tls} {mechanism}");
            assert!(!send(&url(&mail, tls), Some(&ca), None).await, "{tls} {mechanism}");
            assert!(mail.other_mails().is_empty());
        }
    }
}

/// As if someone in between had taken STARTTLS away.
#[tokio::test]
async fn without_tls_no_password_is_sent() {
    let mail = MailServer::with(&["--auth", "PLAIN"]);
    assert!(!send(&format!("smtp://localhost:{}", mail.port), None, Some(MAIL_PASSWORD)).await);
    let lines = mail.rest();
    assert!(logins(&lines).is_empty() && lines.is_empty(), "{lines:?}");
    // On this machine, and where it was said so, it is.
    assert!(send(&mail.url("none"), None, Some(MAIL_PASSWORD)).await);
    assert_eq!(logins(&mail.rest()).len(), 1);
}

#[tokio::test]
async fn a_file_that_holds_no_authority_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let junk = directory.path().join("junk.pem");
    std::fs::write(&junk, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for ca in [junk, empty, directory.path().join("missing.pem")] {
        let mut config = tokenry::Config::default();
        config.data_dir = tokenry::config::DataDir(directory.path().join("data"));
        config.mail.smtp = Some("smtps://mail.example.com".to_owned());
        config.mail.from = Some("no-reply@example.com".to_owned());
        config.mail.ca = Some(ca);
        let listen = config.listen.0;
        let refused = tokenry::App::open(config, listen).await.err().unwrap().to_string();
        assert!(refused.contains("mail.ca: "), "{refused}");
    }
}
