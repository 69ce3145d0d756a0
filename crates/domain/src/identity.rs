//! Identities: who a person is to another issuer, and what that makes them here.
//!
//! A person is `(issuer, subject)` and nothing else: an address can be given to someone else, a name can be chosen.

use serde::{Deserialize, Serialize};

use crate::account::User;
use crate::id::{IdentityId, UserId};
use crate::name::Email;
use crate::time::Timestamp;

/// A person as an identity provider describes them, once its answer was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The provider's issuer. With `subject` it names the person; nothing else does.
    pub issuer: String,
    /// The person's identifier at the issuer.
    pub subject: String,
    /// The person's address there, if it could be had and is one.
    pub email: Option<Email>,
    /// Whether the provider itself has seen that the person reads mail at `email`, and is believed.
    pub email_verified: bool,
    /// What the person is called there; to be shown, never to be compared.
    pub name: Option<String>,
}

/// What names a person at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// The provider's issuer.
    pub issuer: String,
    /// The person's identifier there.
    pub subject: String,
}

/// A person at a provider who is a user here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its identifier here.
    pub id: IdentityId,
    /// Who it is. No two identities are of one person.
    pub person: Person,
    /// What the configuration calls the provider.
    pub provider: String,
    /// Whose account it opens.
    pub user: UserId,
    /// The person's address or name when it was linked: to be shown to its user.
    pub label: String,
    /// When it was linked.
    pub created_at: Timestamp,
}

/// What a person who comes from a provider is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A user, who has linked this identity before.
    Known(UserId),
    /// Someone who wants to link an identity that is another account's.
    OfAnother,
    /// Perhaps this user: an identity is offered, and linked once the account's owner has confirmed it.
    Offer(UserId),
    /// The owner of an account's address that was never shown to be anyone's: the account is theirs alone from now on.
    TakeOver(UserId),
    /// Someone new.
    Stranger {
        /// Whether their address, if they have one, is free.
        has_address: bool,
    },
}

impl Arrival {
    /// Decides who `profile` is: `known` is the identity of this person, `holder` the account that has their address, and
    /// `linking` the user who began this in order to link.
    pub fn of(profile: &Profile, known: Option<&Identity>, holder: Option<&User>, linking: Option<UserId>) -> Self {
        match (known, linking, holder) {
            (Some(known), Some(user), _) if known.user != user => Self::OfAnother,
            (Some(known), _, _) => Self::Known(known.user),
            (None, Some(user), _) => Self::Offer(user),
            // Whoever the provider has not seen to read mail there is not known to be the account's owner.
            (None, None, Some(holder)) if profile.email_verified && holder.email_verified => Self::Offer(holder.id),
            (None, None, Some(holder)) if profile.email_verified => Self::TakeOver(holder.id),
            (None, None, holder) => Self::Stranger { has_address: profile.email.is_some() && holder.is_none() },
        }
    }
}

impl Profile {
    /// Who it describes; `None` when that can be no one: a name is 1 to 255 bytes without control characters.
    pub fn person(&self) -> Option<Person> {
        let is_name = |text: &str| (1..=MOST_BYTES).contains(&text.len()) && !text.contains(char::is_control);
        let is_someone = is_name(&self.issuer) && is_name(&self.subject);
        is_someone.then(|| Person { issuer: self.issuer.clone(), subject: self.subject.clone() })
    }

    /// What its user sees of it: the address, or else the name, on one line.
    pub fn label(&self) -> String {
        let text = self.email.as_ref().map(Email::display).or(self.name.as_deref()).unwrap_or_default();
        let mut label = String::new();
        for c in text.trim().chars().filter(|c| !c.is_control()) {
            if label.len() + c.len_utf8() > MOST_BYTES {
                break;
            }
            label.push(c);
        }
        label
    }
}

/// Longest issuer, subject and label, in bytes. An OpenID subject has at most 255 (OpenID Connect Core section 2).
pub const MOST_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Status;

    fn profile(email: Option<&str>, email_verified: bool) -> Profile {
        Profile {
            issuer: "https://provider.example".to_owned(),
            subject: "7".to_owned(),
            email: email.map(|email| Email::parse(email).unwrap()),
            email_verified,
            name: Some("Kim".to_owned()),
        }
    }

    fn user(n: u8, email_verified: bool) -> User {
        User {
            id: UserId::from_bytes([n; 16]),
            username: None,
            email: Some(Email::parse("kim@example.com").unwrap()),
            email_verified,
            password: None,
            roles: Default::default(),
            attributes: Default::default(),
            status: Status::Active,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 0,
        }
    }

    fn identity(user: UserId) -> Identity {
        Identity {
            id: IdentityId::from_bytes([9; 16]),
            person: profile(None, false).person().unwrap(),
            provider: "provider".to_owned(),
            user,
            label: String::new(),
            created_at: Timestamp::default(),
        }
    }

    #[test]
    fn a_known_person_is_who_they_were_whatever_their_address_is_now() {
        let (kim, lee) = (user(1, true), user(2, true));
        let known = identity(kim.id);
        for email in [None, Some("kim@example.com"), Some("new@example.com")] {
            for verified in [false, true] {
                let arrival = Arrival::of(&profile(email, verified), Some(&known), Some(&lee), None);
                assert_eq!(arrival, Arrival::Known(kim.id));
            }
        }
    }

    #[test]
    fn an_address_alone_links_nothing() {
        let (verified, unverified) = (user(1, true), user(1, false));
        let arrival = |proven, holder| Arrival::of(&profile(Some("kim@example.com"), proven), None, holder, None);
        assert_eq!(arrival(true, Some(&verified)), Arrival::Offer(verified.id));
        assert_eq!(arrival(true, Some(&unverified)), Arrival::TakeOver(unverified.id));
        for holder in [&verified, &unverified] {
            assert_eq!(arrival(false, Some(holder)), Arrival::Stranger { has_address: false });
        }
        assert_eq!(arrival(false, None), Arrival::Stranger { has_address: true });
        assert_eq!(arrival(true, None), Arrival::Stranger { has_address: true });
        let nameless = Arrival::of(&profile(None, true), None, None, None);
        assert_eq!(nameless, Arrival::Stranger { has_address: false });
    }

    #[test]
    fn who_links_is_offered_to_the_account_that_began_it() {
        let (kim, lee) = (user(1, true), user(2, true));
        let profile = profile(Some("kim@example.com"), true);
        assert_eq!(Arrival::of(&profile, None, Some(&lee), Some(kim.id)), Arrival::Offer(kim.id));
        assert_eq!(Arrival::of(&profile, Some(&identity(lee.id)), None, Some(kim.id)), Arrival::OfAnother);
        assert_eq!(Arrival::of(&profile, Some(&identity(kim.id)), None, Some(kim.id)), Arrival::Known(kim.id));
    }

    #[test]
    fn a_person_has_a_name_that_can_be_kept() {
        let with = |issuer: &str, subject: &str| {
            let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
            Profile { issuer, subject, ..profile(None, false) }.person().is_some()
        };
        assert!(with("https://a", "1") && with("https://a", &"a".repeat(255)));
        for (issuer, subject) in [("", "1"), ("https://a", ""), ("https://a", "a\0b"), ("https://a\n", "1")] {
            assert!(!with(issuer, subject), "{issuer:?} {subject:?}");
        }
        assert!(!with("https://a", &"a".repeat(256)));
    }

    #[test]
    fn a_label_is_short_and_on_one_line() {
        assert_eq!(profile(Some("Kim@example.com"), false).label(), "Kim@example.com");
        let named = |name: &str| Profile { name: Some(name.to_owned()), ..profile(None, false) }.label();
        assert_eq!(named(" Kim\r\nLee\u{7} "), "KimLee");
        assert_eq!(named(&"김".repeat(100)).len(), 255);
        assert_eq!(Profile { name: None, ..profile(None, false) }.label(), "");
    }
}
