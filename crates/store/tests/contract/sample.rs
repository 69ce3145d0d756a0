//! Rows to store. Identifiers are numbered, so that a test can name them.

use std::fmt::Debug;
use std::time::Duration;

use serde_json::{Value, json};
use tokenry_domain::account::{Status, User};
use tokenry_domain::audit::{Actor, AuditEvent, AuditKind};
use tokenry_domain::id::{IdentityId, SessionId, UserId};
use tokenry_domain::identity::{Identity, Person};
use tokenry_domain::keys::{KeyRecord, KeyState, Purpose};
use tokenry_domain::name::{Email, Username};
use tokenry_domain::password::PasswordHash;
use tokenry_domain::pending::{Code, Pending, PendingId, Waiting};
use tokenry_domain::refresh::{Child, Position, Receipts, RefreshState, RequestKey};
use tokenry_domain::revocation::{Revocation, RevocationKind};
use tokenry_domain::seal::Sealed;
use tokenry_domain::session::{Client, End, EndReason, Method, Session, SessionSecret};
use tokenry_domain::store::{Committed, Conflict, Store, StoreError, Write};
use tokenry_domain::time::Timestamp;

/// The moment at which a sample was made.
pub const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_123);

/// A hash that no password has.
pub const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub fn user_id(n: u64) -> UserId {
    UserId::from_bytes(bytes(n))
}

pub fn session_id(n: u64) -> SessionId {
    SessionId::from_bytes(bytes(n))
}

pub fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

pub fn user(n: u64) -> User {
    User {
        id: user_id(n),
        username: Some(username(&format!("User{n}"))),
        email: Some(email(&format!("User{n}@Example.com"))),
        email_verified: true,
        password: Some(PasswordHash::parse(HASH).unwrap()),
        roles: ["admin".to_owned(), "staff".to_owned()].into(),
        attributes: [("team".to_owned(), json!("blue")), ("levels".to_owned(), json!([1, 2.5, null]))].into(),
        status: Status::Active,
        created_at: NOW,
        updated_at: NOW,
        version: 0,
    }
}

pub fn session(n: u64, user: u64) -> Session {
    Session {
        id: session_id(n),
        user: user_id(user),
        method: Method::Token,
        identity: None,
        secret: SessionSecret::from_bytes([9; 32]),
        refresh: RefreshState {
            head: Position { generation: 3, ordinal: 1 },
            parent_key: Some(RequestKey([1; 32])),
            child: Some(Child { ordinal: 2, issued_at: NOW, key: Some(RequestKey([2; 32])) }),
            receipts: Receipts([Some(NOW), Some(later(-1)), None, None]),
            keyed: true,
        },
        created_at: NOW,
        last_used_at: later(1),
        expires_at: later(1000),
        ends_at: Some(later(2000)),
        client: Client { address: Some([192, 0, 2, 7].into()), device: Some("curl/8".to_owned()) },
        end: None,
        version: 0,
    }
}

/// Linked `n` seconds after the moment of the samples.
pub fn identity(n: u64, user: u64) -> Identity {
    Identity {
        id: IdentityId::from_bytes(bytes(n)),
        person: Person { issuer: "https://provider.example".to_owned(), subject: format!("subject{n}") },
        provider: "provider".to_owned(),
        user: user_id(user),
        label: "Kim".to_owned(),
        created_at: later(n as i64),
    }
}

/// Over `n` seconds after the moment of the samples.
pub fn pending(n: u64) -> Pending {
    let (redirect_uri, challenge) = ("https://app.example/".to_owned(), "challenge".to_owned());
    let code = Code { user: user_id(1), identity: identity(1, 1).id, redirect_uri, challenge };
    Pending { id: PendingId::of(&n.to_string()), what: Waiting::Code(code), expires_at: later(n as i64) }
}

pub fn key(kid: &str, purpose: Purpose, state: KeyState) -> KeyRecord {
    KeyRecord {
        kid: kid.to_owned(),
        purpose,
        algorithm: "EdDSA".parse().unwrap(),
        state,
        public: Some(r#"{"kty":"OKP"}"#.to_owned()),
        private: Some(Sealed::from_bytes(vec![0, 1, 2, 255])),
        created_at: NOW,
        changed_at: later(1),
        token_life: Duration::from_millis(3_600_123),
        token_life_since: later(2),
        version: 0,
    }
}

/// What the configuration says when it says nothing.
pub fn default_life(purpose: Purpose) -> Duration {
    Duration::from_secs(match purpose {
        Purpose::Access => 3600,
        Purpose::Refresh => 14 * 86_400,
        Purpose::OneTime => 7 * 86_400,
    })
}

pub fn revocation(value: &str, until: Timestamp) -> Revocation {
    Revocation { kind: RevocationKind::Jti, value: value.to_owned(), before: None, until }
}

pub fn event(kind: AuditKind, at: Timestamp) -> AuditEvent {
    AuditEvent {
        at,
        kind,
        actor: Actor::User,
        user: Some(user_id(1)),
        session: Some(session_id(1)),
        address: Some("2001:db8::1".parse().unwrap()),
        detail: Value::Null,
    }
}

pub fn logout() -> End {
    End { at: later(5), reason: EndReason::Logout }
}

/// `NOW` and some seconds.
pub fn later(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW.millis() + 1000 * seconds)
}

pub async fn commit(store: &dyn Store, writes: impl IntoIterator<Item = Write>) -> Committed {
    store.commit(writes.into_iter().collect()).await.unwrap()
}

#[track_caller]
pub fn assert_conflict<T: Debug>(outcome: Result<T, StoreError>, expected: Conflict) {
    assert!(matches!(outcome, Err(StoreError::Conflict(conflict)) if conflict == expected), "{outcome:?}");
}

/// Whether all of two users is the same; `Debug` hides some of it.
#[track_caller]
pub fn assert_same_user(left: &User, right: &User) {
    let names = |user: &User| {
        let username = user.username.as_ref().map(|name| [name.display().to_owned(), name.key().to_owned()]);
        let email = user.email.as_ref().map(|name| [name.display().to_owned(), name.key().to_owned()]);
        (username, email, user.password.as_ref().map(|hash| hash.encoded().to_owned()))
    };
    assert_eq!(names(left), names(right));
    assert_eq!(left.attributes, right.attributes);
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
}

/// Whether all of two sessions is the same; `Debug` hides the secret.
#[track_caller]
pub fn assert_same_session(left: &Session, right: &Session) {
    assert_eq!(left.secret.expose(), right.secret.expose());
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
}

fn bytes(n: u64) -> [u8; 16] {
    u128::from(n).to_be_bytes()
}
