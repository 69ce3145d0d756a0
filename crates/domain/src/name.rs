//! Names to log in with: one normalisation, shared by sign-up, log-in and import.
//!
//! Two names are the same when their keys are: NFKC and full case folding, repeated until nothing changes, so that
//! neither letter case nor Unicode form makes a second account.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde::{Serialize, Serializer};
use url::Host;

/// A username: 1 to 64 characters without white space, control or invisible characters, and without `@`.
#[derive(Clone)]
pub struct Username(Name);

/// An e-mail address: something before the last `@`, a domain after it.
#[derive(Clone)]
pub struct Email(Name);

/// What a user types to log in: with an `@` it is an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// A username.
    Username(Username),
    /// An e-mail address.
    Email(Email),
}

/// Why a text can't be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing left of it.
    #[error("is empty")]
    Empty,
    /// It is too long.
    #[error("is longer than {0}")]
    TooLong(&'static str),
    /// A character that is not seen, or that changes how others are shown.
    #[error("contains a character that can't be part of a name (U+{:04X})", u32::from(*.0))]
    Character(char),
    /// A username with an `@` would be taken for an e-mail address.
    #[error("contains @, which only an e-mail address may")]
    At,
    /// Not `local@domain`.
    #[error("is not an e-mail address")]
    Email,
}

#[derive(Clone)]
struct Name {
    display: String,
    key: String,
}

impl Username {
    /// Reads a username.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = Name::parse(text)?;
        if name.key.contains('@') {
            return Err(NameError::At);
        }
        if name.display.chars().count() > MAX_USERNAME || name.key.chars().count() > MAX_USERNAME {
            return Err(NameError::TooLong("64 characters"));
        }
        Ok(Self(name))
    }
}

impl Email {
    /// Reads an e-mail address. The domain is compared in its ASCII form, the part before it like a username.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let Name { display, key } = Name::parse(text)?;
        if display.len() > MAX_EMAIL {
            return Err(NameError::TooLong("254 bytes"));
        }
        let (local, domain) = key.rsplit_once('@').ok_or(NameError::Email)?;
        if !is_local_part(local) || local.len() > MAX_LOCAL {
            return Err(NameError::Email);
        }
        match Host::parse(domain) {
            Ok(Host::Domain(ascii)) if is_mail_domain(&ascii) => {
                Ok(Self(Name { display, key: format!("{local}@{ascii}") }))
            }
            _ => Err(NameError::Email),
        }
    }

    /// The domain: lower case, A-labels.
    pub fn domain(&self) -> &str {
        self.0.key.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl Identifier {
    /// Reads what a user typed.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match Name::parse(text)?.key.contains('@') {
            true => Email::parse(text).map(Self::Email),
            false => Username::parse(text).map(Self::Username),
        }
    }

    /// What is compared.
    pub fn key(&self) -> &str {
        match self {
            Self::Username(username) => username.key(),
            Self::Email(email) => email.key(),
        }
    }
}

impl Name {
    fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() > MAX_INPUT {
            return Err(NameError::TooLong("254 bytes"));
        }
        let display = NFC.normalize(text.trim()).into_owned();
        // An input may be clean while its compatibility form is not.
        let key = key(&display);
        if let Some(bad) = display.chars().chain(key.chars()).find(|c| !is_allowed(*c)) {
            return Err(NameError::Character(bad));
        }
        if key.is_empty() { Err(NameError::Empty) } else { Ok(Self { display, key }) }
    }
}

macro_rules! name {
    ($type:ident) => {
        impl $type {
            /// The name that a store kept in these two forms.
            pub fn restore(display: String, key: String) -> Self {
                Self(Name { display, key })
            }

            /// As it was typed, in NFC.
            pub fn display(&self) -> &str {
                &self.0.display
            }

            /// What is compared: two names with one key are the same name.
            pub fn key(&self) -> &str {
                &self.0.key
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Eq for $type {}

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.display())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($type), self.display())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.display())
            }
        }
    };
}

name!(Username);
name!(Email);

/// What is compared of a name, or of a part of one.
pub(crate) fn key(text: &str) -> String {
    let fold = CaseMapper::new();
    let mut key = text.to_owned();
    // Folding can undo normalisation and the other way round; a few rounds settle every assigned character.
    for _ in 0..MOST_ROUNDS {
        let next = NFKC.normalize(&fold.fold_string(&NFKC.normalize(&key))).into_owned();
        if next == key {
            break;
        }
        key = next;
    }
    key
}

fn is_allowed(c: char) -> bool {
    use GeneralCategory as G;
    let category = CodePointMapData::<G>::new().get(c);
    let hidden = matches!(category, G::Control | G::Unassigned | G::PrivateUse | G::Surrogate | G::Format)
        || matches!(category, G::SpaceSeparator | G::LineSeparator | G::ParagraphSeparator);
    !hidden
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        && !CodePointSetData::new::<BidiControl>().contains(c)
}

/// A dot-atom (RFC 5322 section 3.2.3, RFC 6531 section 3.3). What would have to be quoted is no one's address in practice,
/// and means something else to whoever forgets the quotes.
fn is_local_part(local: &str) -> bool {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_mail_domain(ascii: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    ascii.len() <= 253 && ascii.contains('.') && ascii.split('.').all(label)
}

const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
const MOST_ROUNDS: usize = 4;
const MAX_INPUT: usize = 1024;
const MAX_USERNAME: usize = 64;
/// RFC 5321 section 4.5.3.1, with its erratum.
const MAX_EMAIL: usize = 254;
const MAX_LOCAL: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Username::parse(one).unwrap() == Username::parse(other).unwrap()
    }

    #[test]
    fn two_names_that_differ_only_in_case_or_form_are_one() {
        assert!(same("KimAlo", "kimalo"));
        assert!(same("straße", "STRASSE"));
        assert!(same("straße", "STRAẞE"));
        assert!(same("ﬁsh", "FISH"));
        assert!(same("ｋｉｍ", "kim"));
        assert!(same("김알로", "\u{1100}\u{1175}\u{11B7}\u{110B}\u{1161}\u{11AF}\u{1105}\u{1169}"));
        assert!(same("Ångström", "a\u{30A}ngstro\u{308}m"));
        assert!(same("ΣΊΣΥΦΟΣ", "σίσυφος"));
        assert!(!same("kim", "kin"));
    }

    #[test]
    fn invisible_and_controlling_characters_are_refused() {
        for c in [
            '\0', '\u{7f}', '\u{85}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{e000}',
            '\u{378}', '\u{115f}', '\u{3164}', ' ', '\u{a0}', '\u{3000}', '\u{2028}',
        ] {
            assert!(Username::parse(&format!("a{c}b")).is_err(), "U+{:04X}", u32::from(c));
            assert!(Email::parse(&format!("a{c}b@example.com")).is_err(), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn a_username_is_bounded_and_has_no_at() {
        assert_eq!(Username::parse("  "), Err(NameError::Empty));
        assert_eq!(Username::parse("a@b"), Err(NameError::At));
        assert_eq!(Username::parse("a＠b"), Err(NameError::At));
        assert!(Username::parse(&"a".repeat(64)).is_ok());
        assert!(Username::parse(&"a".repeat(65)).is_err());
        assert!(Username::parse(&"ﷺ".repeat(64)).is_err());
        assert!(Username::parse(&"a".repeat(100_000)).is_err());
        assert_eq!(Username::parse(" kim ").unwrap().display(), "kim");
    }

    #[test]
    fn an_email_has_one_spelling_of_its_domain() {
        let email = |text| Email::parse(text).unwrap();
        assert_eq!(email("Kim@Example.COM"), email("kim@example.com"));
        assert_eq!(email("kim@bücher.example"), email("kim@xn--bcher-kva.example"));
        for good in ["o'neil+shop_1@example.com", "김@example.com", "a.b.c@example.com", "{x}=y/z!@example.com"] {
            email(good);
        }
        assert_eq!(email("kim@bücher.example").domain(), "xn--bcher-kva.example");
        for bad in [
            "kim",
            "@example.com",
            "kim@",
            "kim@localhost",
            "kim@127.0.0.1",
            "a@b@example.com",
            "kim@[::1]",
            "kim@-a.example",
            "kim@example..com",
            ".kim@example.com",
            "kim.@example.com",
            "k..im@example.com",
            "\"kim\"@example.com",
            "kim,lee@example.com",
            "<kim@example.com",
            "Kim <kim@example.com",
            "kim(x)@example.com",
            "kim;lee@example.com",
            "ki\\m@example.com",
            "kim：@example.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
        assert!(Email::parse(&format!("a@{}.com", "a".repeat(300))).is_err());
    }

    #[test]
    fn an_at_makes_an_identifier_an_email() {
        assert!(matches!(Identifier::parse("kim"), Ok(Identifier::Username(_))));
        assert!(matches!(Identifier::parse("Kim@Example.com"), Ok(Identifier::Email(_))));
        assert_eq!(Identifier::parse("kim＠example.com").unwrap().key(), "kim@example.com");
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{1,40}") {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(key(name.key()), name.key());
                prop_assert_eq!(Username::parse(name.display()).unwrap(), name.clone());
                prop_assert_eq!(Username::parse(name.key()).unwrap(), name);
            }
        }

        #[test]
        fn no_text_breaks_the_parser(text in any::<String>()) {
            let _ = (Username::parse(&text), Email::parse(&text), Identifier::parse(&text));
        }
    }
}
