use std::net::SocketAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use url::Url;

use super::load::bad;
use super::{Config, ConfigError, Secret, is_loopback};

/// What becomes of mail.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    /// None is sent; calls that need it are refused.
    Off,
    /// It is kept in memory and shown at `/dev/outbox`: for development.
    Outbox,
    /// It is handed to a server.
    Smtp(Box<Relay>),
}

/// A server that mail is handed to.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    /// Where the authorities are whose certificates are trusted, if not the system's.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) credentials: Option<(String, Secret)>,
    pub(crate) from: Mailbox,
}

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// TLS from the first byte (RFC 8314 section 3.3).
    Implicit,
    /// STARTTLS, or nothing is sent.
    Required,
    /// In clear.
    Off,
}

impl Config {
    /// What becomes of mail when the server listens on `listen`.
    pub(crate) fn delivery(&self, listen: SocketAddr) -> Result<Delivery, ConfigError> {
        let mail = &self.mail;
        let Some(smtp) = &mail.smtp else {
            let is_development = Url::parse(&self.issuer(listen)).is_ok_and(|issuer| is_loopback(&issuer));
            return Ok(if is_development { Delivery::Outbox } else { Delivery::Off });
        };
        let takes =
            || bad("mail.smtp", "takes smtps://HOST, smtp://HOST or smtp://HOST?tls=none, each with or without :PORT");
        let url = Url::parse(smtp).map_err(|_| takes())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("mail.smtp", "takes no name and password: set mail.username and mail.password"));
        }
        let (tls, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Tls::Implicit, 465),
            ("smtp", None | Some("tls=required")) => (Tls::Required, 587),
            ("smtp", Some("tls=none")) => (Tls::Off, 25),
            _ => return Err(takes()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(takes)?;
        let credentials = match (&mail.username, &mail.password) {
            (None, None) => None,
            (Some(username), Some(password)) => Some((username.clone(), password.clone())),
            (None, Some(_)) => return Err(bad("mail.username", "is needed beside mail.password")),
            (Some(_), None) => return Err(bad("mail.password", "is needed beside mail.username")),
        };
        let is_local = is_loopback(&url) || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        if tls == Tls::Off && credentials.is_some() && !is_local {
            return Err(bad("mail.smtp", "tls=none would send mail.password in clear"));
        }
        let from = mail.from.as_deref().ok_or_else(|| bad("mail.from", "is needed beside mail.smtp"))?;
        let from = from.parse().map_err(|_| bad("mail.from", "takes name@example.com or Name <name@example.com>"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        if tls == Tls::Off && mail.ca.is_some() {
            return Err(bad("mail.ca", "is about certificates, and mail.smtp says tls=none"));
        }
        let (port, ca) = (url.port().unwrap_or(port), mail.ca.clone());
        Ok(Delivery::Smtp(Box::new(Relay { host, port, tls, ca, credentials, from })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(smtp: Option<&str>, with: impl FnOnce(&mut Config)) -> Result<Delivery, ConfigError> {
        let mut config = Config::default();
        config.mail.smtp = smtp.map(str::to_owned);
        config.mail.from = Some("Tokenry <no-reply@example.com>".to_owned());
        with(&mut config);
        config.delivery(config.listen.0)
    }

    #[test]
    fn without_a_server_mail_lands_in_the_outbox_on_loopback_and_nowhere_else() {
        assert!(matches!(delivery(None, |_| {}), Ok(Delivery::Outbox)));
        let public = |config: &mut Config| config.issuer = Some("https://auth.example.com".to_owned());
        assert!(matches!(delivery(None, public), Ok(Delivery::Off)));
    }

    #[test]
    fn the_url_says_how_it_is_protected() {
        for (url, expected) in [
            ("smtps://mail.example.com", ("mail.example.com", 465, Tls::Implicit)),
            ("smtp://mail.example.com", ("mail.example.com", 587, Tls::Required)),
            ("smtp://mail.example.com:25?tls=required", ("mail.example.com", 25, Tls::Required)),
            ("smtp://[::1]:2525?tls=none", ("::1", 2525, Tls::Off)),
        ] {
            let Ok(Delivery::Smtp(relay)) = delivery(Some(url), |_| {}) else { panic!("{url}") };
            assert_eq!((relay.host.as_str(), relay.port, relay.tls), expected);
        }
        for url in ["", "mail.example.com", "http://x", "smtp://", "smtps://x?tls=none", "smtp://x?tls=maybe", "smtp:"]
        {
            assert!(delivery(Some(url), |_| {}).is_err(), "{url}");
        }
    }

    #[test]
    fn a_password_is_never_sent_in_clear_and_needs_a_name() {
        let both = |config: &mut Config| {
            config.mail.username = Some("kim".to_owned());
            config.mail.password = Some(Secret::from("secret".to_owned()));
        };
        delivery(Some("smtp://mail.example.com"), both).unwrap();
        delivery(Some("smtp://127.0.0.1?tls=none"), both).unwrap();
        let refused = delivery(Some("smtp://mail.example.com?tls=none"), both).unwrap_err();
        assert!(refused.0.contains("clear") && !refused.0.contains("secret"));
        let alone = |config: &mut Config| config.mail.password = Some(Secret::from("secret".to_owned()));
        assert!(delivery(Some("smtp://mail.example.com"), alone).is_err());
    }

    #[test]
    fn a_sender_holds_no_header() {
        for from in
            ["", "kim", "kim@example.com\r\nBcc: lee@example.com", "Kim\nBcc: lee@example.com <kim@example.com>"]
        {
            let from = |config: &mut Config| config.mail.from = Some(from.to_owned());
            let delivery = delivery(Some("smtps://mail.example.com"), from);
            assert!(delivery.is_err(), "{delivery:?}");
        }
    }
}
