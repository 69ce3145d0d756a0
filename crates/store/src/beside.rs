use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokenry_domain::account::User;
use tokenry_domain::audit::{AuditFilter, AuditRecord};
use tokenry_domain::id::{SessionId, TokenId, UserId};
use tokenry_domain::identity::{Identity, Person};
use tokenry_domain::keys::KeyRecord;
use tokenry_domain::mail::{Mail, MailQueue};
use tokenry_domain::name::{Email, Username};
use tokenry_domain::one_time::OneTimeToken;
use tokenry_domain::pending::{Pending, PendingId};
use tokenry_domain::revocation::RevocationRecord;
use tokenry_domain::session::{End, EndReason, Method, Session};
use tokenry_domain::store::{Committed, Horizon, Sessions, Store, StoreError, UserPage, Write};
use tokenry_domain::time::Timestamp;

use crate::memory::Memory;
use crate::sqlite::{OpenError, Options, Sqlite};

/// A store whose cookie sessions are kept elsewhere: in memory, or in a file of this node. All else is in the main one.
///
/// The two are not one transaction. What ends a session is done there first, and what begins one is undone when the
/// main store refuses: after a crash in between, a session that was to end has ended. It is done once more when the main
/// store has agreed: meanwhile one may have begun by what was valid until then.
pub struct CookiesBeside {
    main: Arc<dyn Store>,
    cookies: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Memory),
    Disk(Box<Sqlite>),
}

impl CookiesBeside {
    /// Keeps cookie sessions in memory.
    pub fn in_memory(main: Arc<dyn Store>) -> Self {
        Self { main, cookies: Place::Memory(Memory::default()) }
    }

    /// Keeps cookie sessions in a SQLite file of their own at `path`.
    pub fn on_disk(main: Arc<dyn Store>, path: &Path) -> Result<Self, OpenError> {
        Ok(Self { main, cookies: Place::Disk(Box::new(Sqlite::open(path, Options::default())?)) })
    }
}

impl Place {
    async fn insert(&self, session: Session) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.insert(session),
            Self::Disk(file) => file.commit(vec![Write::InsertSession(session)]).await.map(drop),
        }
    }

    async fn update(&self, session: Session) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.update(session),
            Self::Disk(file) => file.commit(vec![Write::UpdateSession(session)]).await.map(drop),
        }
    }

    /// Takes back an insertion that the main store has refused.
    async fn take_back(&self, session: &Session) {
        match self {
            Self::Memory(memory) => memory.remove(session.id),
            Self::Disk(_) => {
                // Should this fail as well, no one has the cookie: it was never handed out.
                let end = End { at: session.created_at, reason: EndReason::Logout };
                let _ = self.end(Sessions::One(session.id), end, session.created_at).await;
            }
        }
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.session(id)),
            Self::Disk(file) => Ok(file.session(id).await?.map(|(session, _)| session)),
        }
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.sessions_of(user, limit)),
            Self::Disk(file) => file.sessions_of(user, limit).await,
        }
    }

    async fn end(&self, which: Sessions, end: End, until: Timestamp) -> Result<u64, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.end(which, end)),
            Self::Disk(file) => Ok(file.commit(vec![Write::EndSessions { which, end, until }]).await?.sessions_ended),
        }
    }

    async fn sweep(&self, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.sweep(before.sessions, limit)),
            Self::Disk(file) => file.sweep(now, before, limit).await,
        }
    }
}

#[async_trait]
impl Store for CookiesBeside {
    async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        let mut main = Vec::with_capacity(writes.len());
        let (mut begun, mut ending) = (Vec::new(), Vec::new());
        let mut ended = 0;
        for write in writes {
            match write {
                Write::InsertSession(session) if session.method == Method::Cookie => begun.push(session),
                Write::UpdateSession(session) if session.method == Method::Cookie => {
                    self.cookies.update(session).await?
                }
                Write::EndSessions { which, end, until } => {
                    ended += self.cookies.end(which, end, until).await?;
                    if !matches!(which, Sessions::One(_) | Sessions::OneOf(..)) {
                        ending.push((which, end, until));
                    }
                    main.push(write);
                }
                write => main.push(write),
            }
        }
        for session in &begun {
            self.cookies.insert(session.clone()).await?;
        }
        match self.main.commit(main).await {
            Ok(committed) => {
                for (which, end, until) in ending {
                    ended += self.cookies.end(which, end, until).await?;
                }
                Ok(Committed { sessions_ended: committed.sessions_ended + ended })
            }
            Err(error) => {
                for session in &begun {
                    self.cookies.take_back(session).await;
                }
                Err(error)
            }
        }
    }

    async fn session(&self, id: SessionId) -> Result<Option<(Session, Option<User>)>, StoreError> {
        match self.cookies.session(id).await? {
            Some(session) => {
                let user = self.main.user(session.user).await?;
                Ok(Some((session, user)))
            }
            None => self.main.session(id).await,
        }
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StoreError> {
        let mut sessions = self.main.sessions_of(user, limit).await?;
        sessions.extend(self.cookies.sessions_of(user, limit).await?);
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        sessions.truncate(limit as usize);
        Ok(sessions)
    }

    async fn sweep(&self, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, StoreError> {
        Ok(self.main.sweep(now, before, limit).await? + self.cookies.sweep(now, before, limit).await?)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.main.user(id).await
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        self.main.user_by_username(username).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.main.user_by_email(email).await
    }

    async fn users(&self, page: UserPage) -> Result<Vec<User>, StoreError> {
        self.main.users(page).await
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.main.keys().await
    }

    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.main.audit(filter).await
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        self.main.revocations(after, limit).await
    }

    async fn one_time(&self, id: TokenId) -> Result<Option<OneTimeToken>, StoreError> {
        self.main.one_time(id).await
    }

    async fn identity(&self, person: &Person) -> Result<Option<Identity>, StoreError> {
        self.main.identity(person).await
    }

    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        self.main.identities_of(user).await
    }

    async fn pending(&self, id: PendingId) -> Result<Option<Pending>, StoreError> {
        self.main.pending(id).await
    }

    async fn mails_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        self.main.mails_due(now, limit).await
    }

    async fn mail_queue(&self) -> Result<MailQueue, StoreError> {
        self.main.mail_queue().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.main.ready().await
    }
}
