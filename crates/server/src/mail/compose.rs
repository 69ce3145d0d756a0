use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tokenry_domain::id::{MailId, TokenId, UserId};
use tokenry_domain::mail::{Language, Letter, Mail};
use tokenry_domain::name::Email;
use tokenry_domain::one_time::Purpose;
use tokenry_domain::session::Client;

use super::words::{Facts, Words};

/// A mail as it is sent.
#[derive(Clone, Serialize)]
pub(crate) struct Composed {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) link: String,
}

/// Writes mails whose links lead to one issuer, whatever the request was sent to that caused them.
pub(crate) struct Composer<'a> {
    issuer: &'a str,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    language: &'a str,
    words: &'a Words,
    facts: &'a [(&'a str, String)],
    link: &'a str,
    site: &'a str,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Text<'a> {
    words: &'a Words,
    facts: &'a [(&'a str, String)],
    link: &'a str,
    site: &'a str,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(issuer: &'a str) -> Self {
        Self { issuer: issuer.trim_end_matches('/') }
    }

    pub(crate) fn compose(&self, mail: &Mail, token: &str) -> Result<Composed, String> {
        let words = Words::of(mail.letter, mail.language);
        let link = format!("{}{}?token={token}", self.issuer, path(mail.letter.purpose()));
        let facts = facts(mail);
        let site = self.issuer.split_once("://").map_or(self.issuer, |(_, site)| site);
        let html = Html { language: mail.language.name(), words: &words, facts: &facts, link: &link, site }.render();
        let text = Text { words: &words, facts: &facts, link: &link, site }.render();
        let failed = |error: askama::Error| error.to_string();
        Ok(Composed {
            id: mail.id.to_string(),
            to: address(&mail.to),
            subject: words.subject.to_owned(),
            html: html.map_err(failed)?,
            text: text.map_err(failed)?,
            link,
        })
    }
}

impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composed").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A mail for a preview.
pub(crate) fn sample(letter: Letter, language: Language) -> Result<Composed, String> {
    let at = tokenry_domain::time::Timestamp::from_seconds(1_764_000_000);
    let mail = Mail {
        id: MailId::from_bytes([0; 16]),
        letter,
        language,
        to: Email::restore("kimalo@example.com".to_owned(), "kimalo@example.com".to_owned()),
        user: UserId::from_bytes([0; 16]),
        token: TokenId::from_bytes([0; 16]),
        client: Client {
            address: Some([192, 0, 2, 7].into()),
            device: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        },
        created_at: at,
        due_at: at,
        attempts: 0,
        version: 0,
    };
    Composer::new("https://auth.example.com").compose(&mail, "TOKEN")
}

/// The page that a link leads to.
pub(crate) const fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::VerifyEmail => "/email/verify",
        Purpose::ResetPassword => "/password/reset",
        Purpose::LogIn => "/login/link",
        Purpose::ChangeEmail => "/email/change",
        Purpose::NotMe => "/not-me",
    }
}

/// The address with the domain in the form that all mail servers know.
fn address(email: &Email) -> String {
    let local = email.display().rsplit_once('@').map_or(email.display(), |(local, _)| local);
    format!("{local}@{}", email.domain())
}

/// What a notice tells of what happened.
fn facts(mail: &Mail) -> Vec<(&'static str, String)> {
    if mail.letter.purpose() != Purpose::NotMe {
        return Vec::new();
    }
    let names = Facts::of(mail.language);
    let at = Timestamp::from_second(mail.created_at.seconds()).unwrap_or_default();
    let mut facts = vec![(names.time, at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string())];
    facts.extend(mail.client.address.map(|address| (names.address, address.to_string())));
    facts.extend(mail.client.device.as_deref().map(|device| (names.device, plain(device))));
    facts
}

/// Without anything that a mail program would make a link of: the text is the client's own.
fn plain(device: &str) -> String {
    let spaced: String = device.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_in_every_language_has_its_link_in_both_forms() {
        for letter in Letter::ALL {
            for language in Language::ALL {
                let mail = sample(*letter, *language).unwrap();
                let link = format!("https://auth.example.com{}?token=TOKEN", path(letter.purpose()));
                assert_eq!(mail.link, link);
                assert!(mail.text.contains(&link) && mail.html.contains(&format!("href=\"{link}\"")), "{mail:?}");
                let korean = mail.subject.chars().any(|c| ('가'..='힣').contains(&c));
                assert_eq!(korean, *language == Language::Korean);
            }
        }
    }

    #[test]
    fn a_device_that_calls_itself_a_link_or_markup_is_neither() {
        let evil = "<a href=http://evil.example/>https://evil.example</a> evil.example";
        assert_eq!(plain(evil), "a href http evil example https evil example a evil example");
        assert!(plain(&"x".repeat(500)).len() <= 80);
    }

    #[test]
    fn a_mail_is_sent_to_the_ascii_form_of_a_domain() {
        assert_eq!(address(&Email::parse("Kim@Exämple.com").unwrap()), "Kim@xn--exmple-cua.com");
    }

    #[test]
    fn what_is_printed_for_debugging_holds_no_link() {
        assert!(!format!("{:?}", sample(Letter::LoginLink, Language::English).unwrap()).contains("TOKEN"));
    }
}
