use lettre::address::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};

use super::Composed;

/// A mail with its headers and both its parts.
pub(super) fn write(mail: Composed, from: &Mailbox) -> Result<Message, String> {
    let (local, domain) = mail.to.rsplit_once('@').ok_or("no address")?;
    let to = Address::new(local, domain).map_err(|error| error.to_string())?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
        .map_err(|error| error.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_mail_becomes_a_header() {
        let from: Mailbox = "no-reply@example.com".parse().unwrap();
        let evil = "x\r\nBcc: lee@example.com\r\n\r\nbody";
        let mail = |to: &str, text: &str| Composed {
            id: "1".to_owned(),
            to: to.to_owned(),
            subject: text.to_owned(),
            text: text.to_owned(),
            html: text.to_owned(),
            link: String::new(),
        };
        let message = write(mail("kim@example.com", evil), &from).unwrap();
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
            write(mail(to, "x"), &from).unwrap_err();
        }
    }
}
