use tokenry_domain::password::{Advice, Suggestion, Warning};

use super::{Account, Fault, Form, Frame, Home, Notice, Playground, Reference, Texts, Time};

pub(in super::super) const ENGLISH: Texts = Texts {
    frame: Frame {
        skip: "Skip to the content",
        languages: "Language",
        account: "Account",
        log_in: "Log in",
        sign_up: "Sign up",
    },
    home: Home {
        title: "Start",
        lead: "A token system for log-in. This server checks ids and passwords and issues signed tokens; every service verifies them by itself.",
        members: "Your account",
        members_lead: "Sign up, log in, and see where you are logged in.",
        developers: "In two minutes",
        sign_up: "Sign up and receive an access token (1 hour) and a refresh token (14 days).",
        send: "Send the access token as Authorization: Bearer with each request.",
        refresh: "Before it expires, send the refresh token and the access token together and receive a new pair.",
        more: "Go on",
        calls: "Every call, explained",
        debugger: "JWT debugger: take a token apart",
        keys: "The public keys that tokens are verified with (JWKS)",
        metadata: "Server metadata (RFC 8414)",
    },
    playground: Playground {
        title: "See the whole flow",
        needs_script: "The playground needs JavaScript; the pages do not.",
        progress: "How much has been shown",
        actions: "What to do",
        age: "How long the service still takes the token",
        diagram: "Who said what to whom",
    },
    reference: Reference {
        title: "API reference",
        lead_before: "JSON in, JSON out; errors tell themselves apart by their code. For programs:",
        lead_after: "Access tokens, cookies and admin tokens are named where they are needed.",
        contents: "Contents",
        parameter: "Parameter",
        place: "In",
        meaning: "Meaning",
        body: "Body",
        kind: "Type",
        answer: "Answer",
    },
    form: Form {
        error: "Error",
        check: "Please look at this again:",
        identifier: "Username or e-mail",
        username: "Username",
        email: "E-mail",
        password: "Password",
        current_password: "Current password",
        new_password: "New password",
        optional: "(optional)",
        password_hint: "At least 8 characters. Several uncommon words are strong and easy to remember.",
        show: "Show",
        hide: "Hide",
        show_password: "Show the password",
        hide_password: "Hide the password",
        known_as: "You are logged in:",
        go_on: "Go on",
        no_account: "No account yet?",
        has_account: "Already have an account?",
        closed: "Sign-up is closed here. Accounts are made by the administrator.",
        missing: "Enter your username or e-mail.",
        name_missing: "Enter a username or an e-mail address.",
        email_missing: "Enter your e-mail address: sign-up here needs one.",
        password_missing: "Enter the password.",
        name_too_long: "This is too long.",
        name_character: "This contains a character that can't be part of a name.",
        name_at: "A username has no @. Is it an e-mail address?",
        no_email: "This is not an e-mail address.",
        not_accepted: "This can't be accepted.",
        email_domain: "Sign-up here is limited to certain e-mail domains.",
        username_taken: "This username is taken.",
        email_taken: "An account with this e-mail address exists.",
        wrong_credentials: "The username or the password is wrong.",
        wrong_password: "The password is wrong.",
        password_control: "This contains a character that many keyboards can't type.",
        password_guessable: "This is easy to guess.",
        wait: |seconds| format!("Too many attempts. Try again in {seconds} s."),
        password_too_long: |bytes| format!("This is longer than {bytes} bytes."),
        password_too_short: |least| format!("At least {least} characters are needed."),
    },
    account: Account {
        log_out: "Log out",
        profile: "Profile",
        save: "Save",
        sessions: "Where you are logged in",
        sessions_lead: "End what you don't recognise, and then change the password.",
        unknown_device: "Unknown device",
        this_session: "This one",
        address: "Address",
        first_use: "Logged in",
        last_use: "Last used",
        end_session: "End",
        end_others: "End all others",
        password: "Password",
        password_lead: "Changing it ends every other session.",
        change_password: "Change the password",
        delete: "Delete the account",
        delete_open: "Delete this account for good",
        delete_lead: "All sessions end and the account can't be brought back.",
        more_sessions: |number| format!("And {number} more."),
    },
    notice: Notice {
        ended: "Your session has ended. Please log in again.",
        out: "You are logged out.",
        deleted: "Your account is deleted.",
        welcome: "Welcome. Your account is ready.",
        profile: "Saved.",
        password: "The password is changed, and every other session has ended.",
        session: "The session has ended.",
        others: "All other sessions have ended.",
    },
    time: Time {
        now: "just now",
        minutes: |number| plural(number, "minute"),
        hours: |number| plural(number, "hour"),
        days: |number| plural(number, "day"),
    },
    fault: Fault {
        not_found: "There is no such page",
        not_found_detail: "The address may be mistyped, or the page may have moved.",
        forbidden: "This was not sent from here",
        forbidden_detail: "The form came from another site, so nothing was done. Open the page here and send it again.",
        invalid: "This could not be read",
        invalid_detail: "The form was not sent as this page sends it. Go back and try again.",
        unavailable: "Not available at the moment",
        unavailable_detail: "Nothing was lost. Try again in a moment.",
        back: "To the start",
        request: "Request",
    },
    advice,
};

fn plural(number: u64, unit: &str) -> String {
    if number == 1 { format!("1 {unit} ago") } else { format!("{number} {unit}s ago") }
}

fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::Warning(about) => warning(about),
        Advice::Suggestion(about) => suggestion(about),
        Advice::General => "Use several uncommon words.",
    }
}

fn warning(warning: Warning) -> &'static str {
    use Warning as W;
    match warning {
        W::StraightRowsOfKeysAreEasyToGuess => "Avoid straight rows of keys.",
        W::ShortKeyboardPatternsAreEasyToGuess => "Avoid short patterns on the keyboard.",
        W::RepeatsLikeAaaAreEasyToGuess => "Avoid repeats like aaa.",
        W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => "Repeats like abcabc add little.",
        W::ThisIsATop10Password | W::ThisIsATop100Password | W::ThisIsACommonPassword => {
            "Many people use this very password."
        }
        W::ThisIsSimilarToACommonlyUsedPassword => "It is close to a password that many people use.",
        W::SequencesLikeAbcAreEasyToGuess => "Avoid sequences like abc or 6543.",
        W::RecentYearsAreEasyToGuess => "Avoid years.",
        W::AWordByItselfIsEasyToGuess => "One word by itself is not enough.",
        W::DatesAreOftenEasyToGuess => "Avoid dates.",
        W::NamesAndSurnamesByThemselvesAreEasyToGuess | W::CommonNamesAndSurnamesAreEasyToGuess => "Avoid names.",
    }
}

fn suggestion(suggestion: Suggestion) -> &'static str {
    use Suggestion as S;
    match suggestion {
        S::UseAFewWordsAvoidCommonPhrases => "Use a few words that don't belong together.",
        S::NoNeedForSymbolsDigitsOrUppercaseLetters => "Symbols and digits are not needed; more words are better.",
        S::AddAnotherWordOrTwo => "Add another uncommon word or two.",
        S::CapitalizationDoesntHelpVeryMuch | S::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            "Capital letters help little."
        }
        S::ReversedWordsArentMuchHarderToGuess => "Words spelled backwards help little.",
        S::PredictableSubstitutionsDontHelpVeryMuch => "Writing @ for a helps little.",
        S::UseALongerKeyboardPatternWithMoreTurns => "Avoid patterns on the keyboard.",
        S::AvoidRepeatedWordsAndCharacters => "Avoid repeated words and characters.",
        S::AvoidSequences => "Avoid sequences.",
        S::AvoidRecentYears | S::AvoidYearsThatAreAssociatedWithYou => "Avoid years.",
        S::AvoidDatesAndYearsThatAreAssociatedWithYou => "Avoid dates and years that belong to you.",
    }
}
