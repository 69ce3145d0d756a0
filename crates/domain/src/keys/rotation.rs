//! When keys change their state: one pure function over the stored keys.

use std::time::Duration;

use tokenry_jwt::Algorithm;

use super::{KeyRecord, KeyState, Purpose, longest_life};
use crate::one_time;
use crate::time::Timestamp;

/// How long keys live.
#[derive(Clone, Copy, Debug)]
pub struct RotationPolicy {
    /// The algorithm of new access keys.
    pub algorithm: Algorithm,
    /// How long a key signs before its successor takes over.
    pub period: Duration,
    /// How long a key is published before it signs: longer than any verifier's JWKS cache.
    pub publish_ahead: Duration,
    /// The longest life of an access token.
    pub access_ttl: Duration,
    /// The longest life of a refresh token.
    pub refresh_ttl: Duration,
}

/// One change of the stored keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Make a key of this purpose, in this state.
    Create(Purpose, KeyState),
    /// The upcoming key takes over; the one that signs retires.
    Activate {
        /// The upcoming key.
        kid: String,
        /// The key that signs now, if there is one.
        retire: Option<String>,
    },
    /// Let the key sign for longer, before anything is signed for as long.
    Extend {
        /// The key.
        kid: String,
    },
    /// Erase the private half.
    Erase {
        /// The key.
        kid: String,
    },
    /// Drop the public half: no refresh token issued beside its access tokens is left.
    Forget {
        /// The key.
        kid: String,
    },
}

impl RotationPolicy {
    /// The changes that are due at `now`. Applying them and asking again comes to rest.
    pub fn due(&self, records: &[KeyRecord], now: Timestamp) -> Vec<Rotation> {
        let mut due = Vec::new();
        for purpose in Purpose::ALL {
            let of = |state| records.iter().filter(move |record| record.purpose == purpose && record.state == state);
            let (signing, upcoming) = (of(KeyState::Signing).next(), of(KeyState::Upcoming).next());
            let short = [signing, upcoming].into_iter().flatten();
            let short = short.filter(|record| record.token_life < self.token_life(purpose));
            due.extend(short.map(|record| Rotation::Extend { kid: record.kid.clone() }));
            match (signing, upcoming) {
                (None, None) => due.push(Rotation::Create(purpose, KeyState::Signing)),
                (Some(signing), None) => {
                    let age = now.since(signing.changed_at) + self.ahead(purpose);
                    if age >= self.period || signing.algorithm != self.algorithm(purpose) {
                        due.push(Rotation::Create(purpose, KeyState::Upcoming));
                    }
                }
                (Some(signing), Some(upcoming)) => {
                    if now.since(upcoming.created_at) >= self.ahead(purpose) {
                        let retire = Some(signing.kid.clone());
                        due.push(Rotation::Activate { kid: upcoming.kid.clone(), retire });
                    }
                }
                // No one can be told ahead when nothing is signed at all.
                (None, Some(upcoming)) => due.push(Rotation::Activate { kid: upcoming.kid.clone(), retire: None }),
            }
            let expired =
                of(KeyState::Verifying).filter(|record| now.since(record.changed_at) > record.token_life + SLACK);
            due.extend(expired.map(|record| Rotation::Erase { kid: record.kid.clone() }));
            let receipts = longest_life(records, Purpose::Refresh).max(self.refresh_ttl);
            let needless = of(KeyState::Gone)
                .filter(|record| record.public.is_some() && now.since(record.changed_at) > receipts + SLACK);
            due.extend(needless.map(|record| Rotation::Forget { kid: record.kid.clone() }));
        }
        due
    }

    /// The algorithm of new keys. Refresh and one-time tokens are read by their issuer alone, so a shared key is enough.
    pub fn algorithm(&self, purpose: Purpose) -> Algorithm {
        match purpose {
            Purpose::Access => self.algorithm,
            Purpose::Refresh | Purpose::OneTime => Algorithm::Hs256,
        }
    }

    fn ahead(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Access => self.publish_ahead,
            Purpose::Refresh | Purpose::OneTime => Duration::ZERO,
        }
    }

    /// How long tokens of a purpose are to live, at most.
    pub fn token_life(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Access => self.access_ttl,
            Purpose::Refresh => self.refresh_ttl,
            Purpose::OneTime => one_time::LONGEST_LIFE,
        }
    }
}

/// The most leeway a verifier may grant, and as much again for clocks that differ.
const SLACK: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const HOUR: Duration = Duration::from_secs(3600);

    fn policy() -> RotationPolicy {
        RotationPolicy {
            algorithm: Algorithm::EdDsa,
            period: 90 * DAY,
            publish_ahead: HOUR,
            access_ttl: HOUR,
            refresh_ttl: 14 * DAY,
        }
    }

    fn record(kid: &str, state: KeyState, at: Timestamp) -> KeyRecord {
        KeyRecord {
            kid: kid.to_owned(),
            purpose: Purpose::Access,
            algorithm: Algorithm::EdDsa,
            state,
            public: None,
            private: None,
            created_at: at,
            changed_at: at,
            token_life: HOUR,
            token_life_since: at,
            version: 0,
        }
    }

    fn access(due: Vec<Rotation>) -> Vec<Rotation> {
        let is_of_another =
            |rotation: &Rotation| matches!(rotation, Rotation::Create(Purpose::Refresh | Purpose::OneTime, _));
        due.into_iter().filter(|rotation| !is_of_another(rotation)).collect()
    }

    #[test]
    fn the_first_key_signs_at_once() {
        let due = policy().due(&[], Timestamp::from_seconds(0));
        assert_eq!(due, Purpose::ALL.map(|p| Rotation::Create(p, KeyState::Signing)));
    }

    #[test]
    fn a_successor_is_published_before_it_signs() {
        let start = Timestamp::from_seconds(0);
        let mut records = vec![record("old", KeyState::Signing, start)];
        assert_eq!(access(policy().due(&records, start + 89 * DAY)), []);
        let created = start + 90 * DAY - HOUR;
        assert_eq!(access(policy().due(&records, created)), [Rotation::Create(Purpose::Access, KeyState::Upcoming)]);
        records.push(record("new", KeyState::Upcoming, created));
        assert_eq!(access(policy().due(&records, created + HOUR - Duration::from_millis(1))), []);
        let activate = Rotation::Activate { kid: "new".to_owned(), retire: Some("old".to_owned()) };
        assert_eq!(access(policy().due(&records, created + HOUR)), [activate]);
    }

    #[test]
    fn without_a_key_that_signs_the_upcoming_one_takes_over_at_once() {
        let start = Timestamp::from_seconds(0);
        let records = [record("old", KeyState::Gone, start), record("new", KeyState::Upcoming, start)];
        let activate = Rotation::Activate { kid: "new".to_owned(), retire: None };
        assert_eq!(access(policy().due(&records, start)), [activate]);
    }

    #[test]
    fn a_retired_key_verifies_until_its_last_token_has_expired() {
        let start = Timestamp::from_seconds(0);
        let records = [record("old", KeyState::Verifying, start), record("new", KeyState::Signing, start)];
        assert_eq!(access(policy().due(&records, start + HOUR + SLACK)), []);
        let erase = Rotation::Erase { kid: "old".to_owned() };
        assert_eq!(access(policy().due(&records, start + HOUR + SLACK + Duration::from_millis(1))), [erase]);
    }

    #[test]
    fn a_key_that_is_gone_proves_receipts_as_long_as_refresh_tokens_live() {
        let start = Timestamp::from_seconds(0);
        let gone = KeyRecord { public: Some("{}".to_owned()), ..record("old", KeyState::Gone, start) };
        let mut records = [gone, record("new", KeyState::Signing, start)];
        let last = start + 14 * DAY + SLACK;
        assert_eq!(access(policy().due(&records, last)), []);
        let forget = Rotation::Forget { kid: "old".to_owned() };
        assert_eq!(access(policy().due(&records, last + Duration::from_millis(1))), [forget]);
        records[0].public = None;
        assert_eq!(access(policy().due(&records, last + DAY)), []);
    }

    /// Those that were signed before the life became shorter live on.
    #[test]
    fn a_retired_key_verifies_as_long_as_its_own_tokens_live() {
        let start = Timestamp::from_seconds(0);
        let policy = RotationPolicy { access_ttl: HOUR / 12, refresh_ttl: DAY, ..policy() };
        let records = [record("old", KeyState::Verifying, start), record("new", KeyState::Signing, start)];
        assert_eq!(access(policy.due(&records, start + HOUR + SLACK)), []);
        let erase = Rotation::Erase { kid: "old".to_owned() };
        assert_eq!(access(policy.due(&records, start + HOUR + SLACK + Duration::from_millis(1))), [erase]);
        let gone = KeyRecord { public: Some("{}".to_owned()), ..record("gone", KeyState::Gone, start) };
        let refresh = KeyRecord {
            purpose: Purpose::Refresh,
            token_life: 14 * DAY,
            ..record("refresh", KeyState::Verifying, start + DAY)
        };
        let records = [gone, record("new", KeyState::Signing, start), refresh];
        assert_eq!(access(policy.due(&records, start + 14 * DAY + SLACK)), []);
    }

    #[test]
    fn what_signs_or_will_is_extended_before_all_else() {
        let start = Timestamp::from_seconds(0);
        let policy = RotationPolicy { access_ttl: 2 * HOUR, ..policy() };
        let mut records = vec![
            record("gone", KeyState::Gone, start),
            record("old", KeyState::Verifying, start),
            record("now", KeyState::Signing, start),
            record("next", KeyState::Upcoming, start),
        ];
        let extend = |kid: &str| Rotation::Extend { kid: kid.to_owned() };
        let activate = Rotation::Activate { kid: "next".to_owned(), retire: Some("now".to_owned()) };
        assert_eq!(access(policy.due(&records, start + HOUR)), [extend("now"), extend("next"), activate.clone()]);
        for record in &mut records {
            record.token_life = 3 * HOUR;
        }
        assert_eq!(access(policy.due(&records, start + HOUR)), [activate]);
    }

    #[test]
    fn the_longest_life_is_that_of_the_keys_that_are_not_gone() {
        let start = Timestamp::from_seconds(0);
        let of = |state, token_life| KeyRecord { token_life, ..record("a", state, start) };
        let mut records = vec![of(KeyState::Gone, 9 * HOUR), of(KeyState::Signing, HOUR)];
        assert_eq!(longest_life(&records, Purpose::Access), HOUR);
        for state in [KeyState::Verifying, KeyState::Upcoming] {
            records[0] = of(state, 9 * HOUR);
            assert_eq!(longest_life(&records, Purpose::Access), 9 * HOUR);
        }
        assert_eq!(longest_life(&records, Purpose::Refresh), Duration::ZERO);
    }

    #[test]
    fn another_algorithm_calls_for_a_new_key() {
        let start = Timestamp::from_seconds(0);
        let policy = RotationPolicy { algorithm: Algorithm::Es256, ..policy() };
        let due = policy.due(&[record("old", KeyState::Signing, start)], start);
        assert_eq!(access(due), [Rotation::Create(Purpose::Access, KeyState::Upcoming)]);
    }

    #[test]
    fn a_clock_set_back_changes_nothing() {
        let start = Timestamp::from_seconds(10_000_000);
        let records = [record("a", KeyState::Verifying, start), record("b", KeyState::Signing, start)];
        assert_eq!(access(policy().due(&records, start - HOUR)), []);
    }
}
