use std::fmt;

use zxcvbn::feedback::{Suggestion, Warning};
use zxcvbn::{Score, zxcvbn};

use super::Password;

/// What a new password must satisfy.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Fewest characters, counted after normalisation.
    pub min_characters: usize,
    /// Least strength: 0 to 4, as `zxcvbn` scores it.
    pub min_score: u8,
}

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Weakness {
    /// It is too short.
    #[error("at least {0} characters are needed")]
    TooShort(usize),
    /// It contains a control character, which many devices can't type (RFC 8265 section 4.2.2).
    #[error("it contains a control character")]
    Control,
    /// It is easy to guess.
    #[error("it is easy to guess. {0}")]
    Guessable(Advice),
}

/// How to find a better password.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// What makes it easy to guess.
    Warning(Warning),
    /// What would make it harder.
    Suggestion(Suggestion),
    /// Nothing in particular.
    General,
}

impl Policy {
    /// Checks a new password. `inputs` are what a guesser would try first: the account's own names.
    pub fn check(&self, password: &Password, inputs: &[&str]) -> Result<(), Weakness> {
        let password = password.normalised();
        if password.chars().count() < self.min_characters {
            return Err(Weakness::TooShort(self.min_characters));
        }
        if password.chars().any(char::is_control) {
            return Err(Weakness::Control);
        }
        let scored: String = password.chars().take(MOST_SCORED).collect();
        let estimate = zxcvbn(&scored, inputs);
        let least = Score::try_from(self.min_score).unwrap_or(Score::Four);
        if estimate.score() >= least {
            return Ok(());
        }
        let advice = estimate.feedback().and_then(|feedback| {
            let suggestion = || feedback.suggestions().first().copied().map(Advice::Suggestion);
            feedback.warning().map(Advice::Warning).or_else(suggestion)
        });
        Err(Weakness::Guessable(advice.unwrap_or(Advice::General)))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_characters: 8, min_score: 2 }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Warning(warning) => warning.fmt(f),
            Self::Suggestion(suggestion) => suggestion.fmt(f),
            Self::General => f.write_str(ADVICE),
        }
    }
}

const ADVICE: &str = "Use several uncommon words, or let a password manager make one.";
/// Scoring takes more than linear time; what lies behind this many characters can only add strength.
const MOST_SCORED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Weakness> {
        let password = Password::new(text.to_owned()).unwrap();
        Policy::default().check(&password, &["kimalo", "kim@example.com"])
    }

    #[test]
    fn strength_is_asked_for() {
        check("correct horse battery staple").unwrap();
        check("비밀번호는길고어렵다").unwrap();
        let long: String = (0..1024).map(|n| char::from(b'!' + (n * n % 89) as u8)).collect();
        check(&long).unwrap();
        assert_eq!(check("short"), Err(Weakness::TooShort(8)));
        for weak in ["password", "12345678", "kimalo12", "aaaaaaaaaa"] {
            assert!(matches!(check(weak), Err(Weakness::Guessable(_))), "{weak}");
        }
        assert_eq!(check("tab\there is no password"), Err(Weakness::Control));
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(check("비밀번호"), Err(Weakness::TooShort(8)));
    }
}
