//! The words of the pages: one table a language, which the compiler keeps complete.

mod english;
mod korean;

use tokenry_domain::password::Advice;

pub(super) use english::ENGLISH;
pub(super) use korean::KOREAN;

/// Groups of texts: `group: Type { text, ...; counted, ... }`, where a counted text takes a number.
macro_rules! texts {
    ($($(#[$doc:meta])* $group:ident: $type:ident {
        $($text:ident),* $(,)? $(; $($counted:ident),*)?
    })*) => {
        /// Every text of the pages.
        pub(crate) struct Texts {
            $($(#[$doc])* pub $group: $type,)*
            /// How to find a better password.
            pub advice: fn(Advice) -> &'static str,
        }

        $(
            $(#[$doc])*
            pub(crate) struct $type {
                $(pub $text: &'static str,)*
                $($(pub $counted: fn(u64) -> String,)*)?
            }
        )*

        #[cfg(test)]
        impl Texts {
            /// Each text with its name; counted ones for one and for seven.
            fn all(&self) -> Vec<(&'static str, String)> {
                let mut all = Vec::new();
                $(
                    all.extend([$((concat!(stringify!($group), ".", stringify!($text)), self.$group.$text.to_owned())),*]);
                    $($(
                        let name = concat!(stringify!($group), ".", stringify!($counted));
                        all.extend([1, 7].map(|number| (name, (self.$group.$counted)(number))));
                    )*)?
                )*
                all
            }
        }
    };
}

texts! {
    /// What stands around every page.
    frame: Frame { skip, languages, account, log_in, sign_up }
    /// The home page.
    home: Home {
        title, lead, members, members_lead, developers, sign_up, send, refresh, more, calls, debugger, keys,
        metadata,
    }
    /// The playground; the words of its script stand in `assets/playground/words.js`.
    playground: Playground { title, needs_script, progress, actions, age, diagram }
    /// The reference of all calls.
    reference: Reference {
        title, lead_before, lead_after, contents, parameter, place, meaning, body, kind, answer,
    }
    /// Forms, and what is wrong with them.
    form: Form {
        error, check, identifier, username, email, password, current_password, new_password, optional, password_hint,
        show, hide, show_password, hide_password, known_as, go_on, no_account, has_account, closed, missing,
        name_missing, email_missing, password_missing, name_too_long, name_character, name_at, no_email, not_accepted,
        email_domain, username_taken, email_taken, wrong_credentials, wrong_password, password_control,
        password_guessable, last_way_in, login_too_old;
        wait, password_too_long, password_too_short
    }
    /// Log-in by way of a provider; `{}` is its name.
    social: Social {
        or, continue_with, failed, again, not_begun, taken, disabled, no_sign_up, declined, unreachable, unreadable,
        link, account_here, offer, accept, decline, other_account, log_in_first, not_offered, too_many,
    }
    /// Links by mail.
    mailed: Mailed { forgot, forgot_lead, forgot_send, link, link_lead, link_send, under_way, nothing_came }
    /// The account.
    account: Account {
        log_out, profile, save, sessions, sessions_lead, unknown_device, this_session, address, first_use, last_use,
        end_session, end_others, email, verified, unverified, verify, new_email, change_email, change_email_lead, send_there, identities,
        identities_lead, account_there, linked, unlink, link_with, password, password_lead,
        change_password, no_password, set_password, delete, delete_open, delete_lead;
        more_sessions
    }
    /// What has just happened.
    notice: Notice { ended, out, deleted, welcome, profile, password, session, others, linked, unlinked, verify, email }
    /// How long ago.
    time: Time { now; minutes, hours, days }
    /// A page that can't be shown.
    fault: Fault {
        not_found, not_found_detail, forbidden, forbidden_detail, invalid, invalid_detail, unavailable,
        unavailable_detail, back, request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_empty_or_untidy() {
        for (name, text) in ENGLISH.all().into_iter().chain(KOREAN.all()) {
            assert!(!text.trim().is_empty() && text.trim() == text && !text.contains("  "), "{name}: {text:?}");
        }
    }

    #[test]
    fn each_text_is_in_its_language() {
        let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
        for ((name, english), (_, korean)) in ENGLISH.all().into_iter().zip(KOREAN.all()) {
            assert!(!english.contains(is_hangul), "{name}: {english}");
            assert!(korean.contains(is_hangul), "{name}: {korean}");
        }
    }

    #[test]
    fn counted_texts_say_the_number() {
        for texts in [&ENGLISH, &KOREAN] {
            let all = texts.all();
            for pair in all.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                assert!(pair[0].1.contains('1') && pair[1].1.contains('7'), "{pair:?}");
            }
        }
    }
}
