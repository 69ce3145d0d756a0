use std::collections::BTreeSet;
use std::time::Duration;

use crate::claims::ClaimsTemplate;
use crate::keys::RotationPolicy;
use crate::password::Policy;
use crate::time::Timestamp;

/// What an issuer is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `iss` of all tokens: the address that clients and services know.
    pub issuer: String,
    /// The `aud` of access tokens; never empty. Tokenry's own calls accept any of them.
    pub audiences: Vec<String>,
    /// Life of an access token.
    pub access_ttl: Duration,
    /// Life of a refresh token: a session's idle limit.
    pub refresh_ttl: Duration,
    /// W, how long a repeated refresh is answered with the same child.
    pub repeat_window: Duration,
    /// Whether a refresh must bring the session's access token.
    pub require_access_token: bool,
    /// A session's absolute limit.
    pub session_max_age: Option<Duration>,
    /// How long a cookie's session lasts without being used.
    pub session_idle: Duration,
    /// How many sessions a user may have at once; a new one ends the oldest.
    pub sessions_per_user: Option<u32>,
    /// Who may sign up.
    pub signup: SignupMode,
    /// The application's own claims.
    pub claims: ClaimsTemplate,
    /// What a new password must satisfy.
    pub password: Policy,
    /// Whether guesses are throttled.
    pub rate_limit: bool,
    /// Whether mail is sent. If not, what needs it is refused and no one is told anything by mail.
    pub mail: bool,
    /// What the configuration calls the identity providers by which one can log in.
    pub providers: BTreeSet<String>,
    /// How long signing keys live, and of which algorithm new ones are.
    pub rotation: RotationPolicy,
}

impl Settings {
    /// How long the feed carries an entry made now: until no token that it names can be alive, if none lives longer than
    /// `life`. (What was signed before a restart, or by another node, may live longer than `access_ttl`.)
    pub fn revoked_until(&self, now: Timestamp, life: Duration) -> Timestamp {
        now + life + MOST_LEEWAY + self.repeat_window
    }
}

/// What a verifier grants at most.
pub(super) const MOST_LEEWAY: Duration = Duration::from_secs(60);

/// Who may sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignupMode {
    /// Everyone.
    Open,
    /// No one: accounts are made by administrators.
    Closed,
    /// Whoever has an e-mail address in one of these domains (lower case, A-labels).
    Domains(Vec<String>),
}
