use clap::{Subcommand, ValueEnum};
use tokenry_domain::mail::{Language, Letter};

use super::{Failure, print};
use crate::mail::sample;

#[derive(Subcommand)]
pub(crate) enum MailCommand {
    /// Print mails as they are sent, with a made-up recipient
    Preview {
        /// Which one: verification, password-reset, login-link, email-change, email-changed, new-device,
        /// password-changed, identity-linked or session-stolen [default: all]
        #[arg(long, value_name = "NAME", value_parser = letter)]
        template: Option<Letter>,
        /// In which language [default: both]
        #[arg(long, value_name = "ko|en", value_parser = language)]
        lang: Option<Language>,
        /// Which part
        #[arg(long, value_enum, default_value_t = Part::Text)]
        part: Part,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Part {
    /// The subject and the plain text
    Text,
    /// The HTML alone, for a browser
    Html,
}

impl MailCommand {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::Preview { template, lang, part } = self;
        for letter in Letter::ALL.iter().filter(|letter| template.is_none_or(|one| one == **letter)) {
            for language in Language::ALL.iter().filter(|language| lang.is_none_or(|one| one == **language)) {
                let mail = sample(*letter, *language).map_err(|error| Failure::new("internal", error))?;
                match part {
                    Part::Text => print(&format!("Subject: {}\nTo: {}\n\n{}\n\n", mail.subject, mail.to, mail.text)),
                    Part::Html => print(&mail.html),
                }
            }
        }
        Ok(())
    }
}

fn letter(name: &str) -> Result<Letter, String> {
    Letter::from_name(name).ok_or_else(|| format!("takes {}", names(Letter::ALL.iter().map(|letter| letter.name()))))
}

fn language(name: &str) -> Result<Language, String> {
    Language::from_name(name).ok_or_else(|| "takes ko or en".to_owned())
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
