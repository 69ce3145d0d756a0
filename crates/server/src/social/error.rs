/// Why a log-in at a provider came to nothing, or a notice is not believed; grouped by who is at fault.
///
/// No variant holds a code, a token or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SocialError {
    /// The provider can't be reached, or says that it can't answer.
    #[error("the provider can't be reached: {0}")]
    Unreachable(String),
    /// The provider did not answer in time.
    #[error("the provider did not answer in time")]
    Slow,
    /// The provider's answer is not what its documentation promises.
    #[error("the provider's answer is not acceptable: {0}")]
    BadAnswer(String),
    /// The person, at the provider, said no.
    #[error("the person declined")]
    Declined,
    /// The code is none, was used, or has expired.
    #[error("the provider refused the code: {0}")]
    CodeRefused(String),
    /// The provider does not take this application's request: its id, its secret or its settings there are wrong.
    #[error("the provider refused this application: {0}")]
    ClientRefused(String),
    /// An ID token, or a profile beside it, is not the one that was asked for.
    #[error("the provider's token is not acceptable: {0}")]
    Token(String),
    /// A notice does not show that the provider sent it, lately.
    #[error("the notice is not authentic: {0}")]
    Notice(&'static str),
}

impl SocialError {
    /// What a provider said when it sent the person back without a code: the `error` of RFC 6749 section 4.1.2.1.
    pub(crate) fn sent_back(error: &str) -> Self {
        match error {
            // The second is Apple's.
            "access_denied" | "user_cancelled_authorize" => Self::Declined,
            "server_error" | "temporarily_unavailable" => Self::Unreachable(excerpt(error)),
            _ => Self::ClientRefused(excerpt(error)),
        }
    }

    /// A stable word for logs, metrics and pages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "provider_unreachable",
            Self::Slow => "provider_slow",
            Self::BadAnswer(_) => "provider_answer",
            Self::Declined => "declined",
            Self::CodeRefused(_) => "code_refused",
            Self::ClientRefused(_) => "client_refused",
            Self::Token(_) => "token_unacceptable",
            Self::Notice(_) => "notice_unauthentic",
        }
    }
}

/// The beginning of a word that stems from outside, fit for a line of a log.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_graphic()).take(64).collect()
}
