use std::time::Duration;

use lettre::address::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Wrapping, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time::timeout;

use super::{Composed, Undelivered};
use crate::config::{ConfigError, Relay, Tls};

/// A server that takes mail.
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub(super) fn new(relay: &Relay) -> Result<Self, ConfigError> {
        let parameters = || {
            let parameters = TlsParameters::new(relay.host.clone());
            parameters.map_err(|error| ConfigError(format!("mail.smtp: {error}")))
        };
        let tls = match relay.tls {
            Tls::Implicit => Wrapping::Wrapper(parameters()?),
            Tls::Required => Wrapping::Required(parameters()?),
            Tls::Off => Wrapping::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&relay.host)
            .port(relay.port)
            .tls(tls)
            .timeout(Some(STEP_TIME))
            // What the sender's domain is called, rather than what this machine is.
            .hello_name(ClientId::Domain(relay.from.email.domain().to_owned()));
        if let Some((username, password)) = &relay.credentials {
            builder = builder.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: relay.from.clone() })
    }

    pub(super) async fn send(&self, mail: Composed) -> Result<(), Undelivered> {
        let undelivered = |is_refused, reason: String| Undelivered { is_refused, reason };
        let message = self.message(mail).map_err(|reason| undelivered(true, reason))?;
        match timeout(SEND_TIME, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(undelivered(error.is_permanent(), error.to_string())),
            Err(_) => Err(undelivered(false, format!("no answer within {} s", SEND_TIME.as_secs()))),
        }
    }

    fn message(&self, mail: Composed) -> Result<Message, String> {
        let (local, domain) = mail.to.rsplit_once('@').ok_or("no address")?;
        let to = Address::new(local, domain).map_err(|error| error.to_string())?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|error| error.to_string())
    }
}

/// That no one need answer it, least of all a machine (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

const STEP_TIME: Duration = Duration::from_secs(10);
/// All steps together: shorter than the lease of a mail.
const SEND_TIME: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_ends_before_the_lease_does() {
        assert!(SEND_TIME < tokenry_domain::mail::LEASE);
    }

    #[test]
    fn no_text_of_a_mail_becomes_a_header() {
        let from: Mailbox = "no-reply@example.com".parse().unwrap();
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").build();
        let smtp = Smtp { transport, from };
        let evil = "x\r\nBcc: lee@example.com\r\n\r\nbody";
        let mail = |to: &str, text: &str| Composed {
            id: "1".to_owned(),
            to: to.to_owned(),
            subject: text.to_owned(),
            text: text.to_owned(),
            html: text.to_owned(),
            link: String::new(),
        };
        let message = smtp.message(mail("kim@example.com", evil)).unwrap();
        let formatted = String::from_utf8(message.formatted()).unwrap();
        let head = formatted.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{head}");
        for to in [
            evil,
            "kim@example.com\r\nRCPT TO:<lee@example.com>",
            "kim\n@example.com",
            "a b@example.com",
            "<x>@example.com",
        ] {
            smtp.message(mail(to, "x")).unwrap_err();
        }
    }
}
