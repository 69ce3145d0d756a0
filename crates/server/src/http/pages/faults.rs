//! What is wrong with a form, said beside its fields and above it.

use tokenry_domain::error::{Error, Fault, Taken};
use tokenry_domain::name::NameError;
use tokenry_domain::password::{Password, Weakness};

use super::texts::Texts;
use crate::http::problem::seconds;

/// What is wrong with one form of a page.
#[derive(Default)]
pub(crate) struct Faults {
    /// The form, the first part of its fields' ids.
    pub(crate) form: &'static str,
    /// What concerns no single field.
    pub(crate) general: Option<String>,
    /// Fields, and what is wrong with each.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Whether `general` counts seconds.
    pub(crate) is_wait: bool,
}

impl Faults {
    pub(crate) fn is_empty(&self) -> bool {
        self.general.is_none() && self.fields.is_empty()
    }

    /// What is wrong with a field of a form.
    pub(crate) fn of(&self, form: &str, field: &str) -> Option<&str> {
        let mut fields = self.fields.iter().filter(|_| self.form == form);
        fields.find_map(|(name, message)| (*name == field).then_some(message.as_str()))
    }

    /// What `error` says to who filled in `form`; `None` when a form can't say it.
    ///
    /// `fields` are the form's; the one that takes a new password, or else the only password, stands last.
    pub(crate) fn told(
        texts: &Texts,
        form: &'static str,
        fields: &'static [&'static str],
        error: &Error,
    ) -> Option<Self> {
        let text = &texts.form;
        let of_field = |field: &'static str, message: String| {
            Some(Self { form, fields: vec![(field, message)], ..Self::default() })
        };
        let general = |message: String| Some(Self { form, general: Some(message), ..Self::default() });
        let named = |name: &str| fields.iter().copied().find(|field| *field == name);
        match error {
            Error::InvalidCredentials => match named("current_password") {
                Some(field) => of_field(field, text.wrong_password.to_owned()),
                None => general(text.wrong_credentials.to_owned()),
            },
            Error::Invalid(problems) => {
                let told = problems.iter().filter_map(|problem| {
                    let field = named(problem.pointer.trim_start_matches('/'))?;
                    Some((field, in_words(text, field, problem.fault)))
                });
                let faults = Self { form, fields: told.collect(), ..Self::default() };
                (!faults.is_empty()).then_some(faults)
            }
            Error::WeakPassword(weakness) => of_field(fields.last()?, weak(texts, *weakness)),
            Error::AccountExists(Taken::Username) => of_field(named("username")?, text.username_taken.to_owned()),
            Error::AccountExists(Taken::Email) => of_field(named("email")?, text.email_taken.to_owned()),
            Error::LastWayIn => general(text.last_way_in.to_owned()),
            Error::LoginTooOld => general(text.login_too_old.to_owned()),
            Error::RateLimited(wait) => {
                let general = Some((text.wait)(seconds(*wait)));
                Some(Self { form, general, is_wait: true, ..Self::default() })
            }
            _ => None,
        }
    }
}

fn in_words(text: &super::texts::Form, field: &str, fault: Fault) -> String {
    match fault {
        Fault::Missing if field.ends_with("password") => text.password_missing,
        Fault::Missing | Fault::Name(NameError::Empty) => match field {
            "username" => text.name_missing,
            "email" => text.email_missing,
            "new_email" => text.no_email,
            _ => text.missing,
        },
        Fault::Name(NameError::TooLong(_)) => text.name_too_long,
        Fault::Name(NameError::Character(_)) => text.name_character,
        Fault::Name(NameError::At) => text.name_at,
        Fault::Name(NameError::Email) => text.no_email,
        Fault::Password(_) => return (text.password_too_long)(Password::MAX_BYTES as u64),
        Fault::Other => text.not_accepted,
    }
    .to_owned()
}

fn weak(texts: &Texts, weakness: Weakness) -> String {
    let text = &texts.form;
    match weakness {
        Weakness::TooShort(least) => (text.password_too_short)(least as u64),
        Weakness::Control => text.password_control.to_owned(),
        Weakness::Guessable(advice) => format!("{} {}", text.password_guessable, (texts.advice)(advice)),
    }
}
