//! The keys of a restored database: those of the back-up, moved on to where the replaced database had them.

use super::{KeyRecord, KeyState};
use crate::time::Timestamp;

/// What the keys of a back-up become beside those of the database that it replaces, in an order in which they can be
/// written: after each, one key of a purpose signs at most. Their versions are those of the back-up.
///
/// A key that both know stands where the newer has it, so that none signs again that was retired or revoked since, and
/// those made since are kept, so that tokens signed with them still count. `revoked` are gone whatever either says.
/// `opens` tells whether the present master key opens a private half: the newer's is taken if it does, else the older's.
pub fn merge(
    back_up: &[KeyRecord],
    newer: &[KeyRecord],
    revoked: &[&str],
    opens: impl Fn(&KeyRecord) -> bool,
    now: Timestamp,
) -> Vec<KeyRecord> {
    let known = |kid: &str| back_up.iter().find(|old| old.kid == kid);
    let mut merged: Vec<KeyRecord> = newer.to_vec();
    for record in &mut merged {
        let old = known(&record.kid);
        if record.private.is_some() && !opens(record) {
            record.private = old.filter(|old| opens(old)).and_then(|old| old.private.clone());
            if record.private.is_none() {
                record.state = KeyState::Gone;
            }
        }
        record.version = old.map_or(0, |old| old.version);
        if let Some(old) = old.filter(|old| old.token_life > record.token_life) {
            (record.token_life, record.token_life_since) = (old.token_life, old.token_life_since);
        }
    }
    for old in back_up.iter().filter(|old| newer.iter().all(|record| record.kid != old.kid)) {
        // Of another line: the newer database was made anew. What it signs with goes on signing.
        let is_taken = merged.iter().any(|record| record.purpose == old.purpose && record.state == old.state);
        let steps_down = is_taken && matches!(old.state, KeyState::Signing | KeyState::Upcoming);
        let state = if steps_down { KeyState::Verifying } else { old.state };
        let changed_at = if steps_down { now } else { old.changed_at };
        merged.push(KeyRecord { state, changed_at, ..old.clone() });
    }
    for record in merged.iter_mut().filter(|record| revoked.contains(&record.kid.as_str())) {
        if record.state != KeyState::Gone {
            *record = KeyRecord { state: KeyState::Gone, private: None, changed_at: now, ..record.clone() };
        }
    }
    merged.sort_by_key(|record| match record.state {
        KeyState::Verifying | KeyState::Gone => 0,
        KeyState::Signing => 1,
        KeyState::Upcoming => 2,
    });
    merged
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::keys::Purpose;
    use crate::seal::Sealed;
    use KeyState::{Gone, Signing, Upcoming, Verifying};

    const NOW: Timestamp = Timestamp::from_seconds(1000);

    fn key(kid: &str, state: KeyState) -> KeyRecord {
        KeyRecord {
            kid: kid.to_owned(),
            purpose: Purpose::Access,
            algorithm: tokenry_jwt::Algorithm::EdDsa,
            state,
            public: Some("{}".to_owned()),
            private: (state != Gone).then(|| Sealed::from_bytes(kid.as_bytes().to_vec())),
            created_at: Timestamp::default(),
            changed_at: Timestamp::default(),
            token_life: Duration::ZERO,
            token_life_since: Timestamp::default(),
            version: 0,
        }
    }

    fn merged(back_up: &[KeyRecord], newer: &[KeyRecord], revoked: &[&str]) -> Vec<(String, KeyState)> {
        let merged = merge(back_up, newer, revoked, |_| true, NOW);
        assert!(merged.iter().all(|key| key.private.is_some() == (key.state != Gone)));
        merged.into_iter().map(|key| (key.kid, key.state)).collect()
    }

    fn states<const N: usize>(expected: [(&str, KeyState); N]) -> Vec<(String, KeyState)> {
        expected.map(|(kid, state)| (kid.to_owned(), state)).into()
    }

    #[test]
    fn a_key_stands_where_the_newer_database_has_it() {
        let newer = [key("a", Gone), key("b", Signing), key("c", Upcoming)];
        let expected = states([("a", Gone), ("b", Signing), ("c", Upcoming)]);
        assert_eq!(merged(&[key("a", Signing)], &newer, &[]), expected);
        assert_eq!(merged(&[key("a", Signing), key("b", Upcoming)], &newer, &[]), expected);
    }

    #[test]
    fn a_revoked_key_is_gone_though_no_newer_database_says_so() {
        let back_up = [key("a", Signing), key("b", Upcoming)];
        assert_eq!(merged(&back_up, &[], &["a", "unknown"]), states([("a", Gone), ("b", Upcoming)]));
    }

    #[test]
    fn keys_of_another_line_go_on_verifying() {
        let back_up = [key("a", Signing), key("b", Upcoming), key("c", Verifying)];
        let expected = states([("a", Verifying), ("c", Verifying), ("n", Signing), ("b", Upcoming)]);
        let found = merged(&back_up, &[key("n", Signing)], &[]);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_key_verifies_as_long_as_either_database_says() {
        let of = |seconds| KeyRecord { token_life: Duration::from_secs(seconds), ..key("a", Verifying) };
        for (back_up, newer) in [(1, 2), (2, 1)] {
            let found = merge(&[of(back_up)], &[of(newer)], &[], |_| true, NOW);
            assert_eq!(found[0].token_life, Duration::from_secs(2));
        }
    }

    /// The master key was changed since the back-up, and the new one was lost with the database, or the old one is.
    #[test]
    fn the_private_half_is_taken_that_opens() {
        let sealed = |kid: &str, state, with: &str| KeyRecord {
            private: Some(Sealed::from_bytes(with.as_bytes().to_vec())),
            ..key(kid, state)
        };
        let back_up = [sealed("a", Signing, "old")];
        let newer = [sealed("a", Verifying, "new"), sealed("b", Signing, "new")];
        for (with, expected) in [("new", [("a", Verifying), ("b", Signing)]), ("old", [("a", Verifying), ("b", Gone)])]
        {
            let opens = |key: &KeyRecord| key.private.as_ref().is_some_and(|key| key.as_bytes() == with.as_bytes());
            let found = merge(&back_up, &newer, &[], opens, NOW);
            assert!(found.iter().all(|key| key.state == Gone || opens(key)), "{with}");
            let found: Vec<_> = found.into_iter().map(|key| (key.kid, key.state)).collect();
            assert_eq!(found, states(expected));
        }
    }
}
