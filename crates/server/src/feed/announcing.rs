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
use tokenry_domain::session::Session;
use tokenry_domain::store::{Committed, Horizon, Store, StoreError, UserPage, Write};
use tokenry_domain::time::Timestamp;
use tokio::sync::Notify;

/// A store that tells the feed when something was revoked through it, and the post when a mail was queued.
pub(crate) struct Announcing {
    store: Arc<dyn Store>,
    revoked: Arc<Notify>,
    mailed: Arc<Notify>,
}

impl Announcing {
    pub(crate) fn new(store: Arc<dyn Store>, revoked: Arc<Notify>, mailed: Arc<Notify>) -> Self {
        Self { store, revoked, mailed }
    }
}

#[async_trait]
impl Store for Announcing {
    async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        let revokes = writes
            .iter()
            .any(|write| matches!(write, Write::EndSession { .. } | Write::EndSessions { .. } | Write::Revoke(_)));
        let mails = writes.iter().any(|write| matches!(write, Write::QueueMail(_)));
        let committed = self.store.commit(writes).await;
        if revokes {
            self.revoked.notify_one();
        }
        if mails {
            self.mailed.notify_one();
        }
        committed
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.store.user(id).await
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        self.store.user_by_username(username).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.store.user_by_email(email).await
    }

    async fn users(&self, page: UserPage) -> Result<Vec<User>, StoreError> {
        self.store.users(page).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<(Session, Option<User>)>, StoreError> {
        self.store.session(id).await
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StoreError> {
        self.store.sessions_of(user, limit).await
    }

    async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.store.keys().await
    }

    async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.store.audit(filter).await
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        self.store.revocations(after, limit).await
    }

    async fn sweep(&self, now: Timestamp, before: Horizon, limit: u32) -> Result<u64, StoreError> {
        self.store.sweep(now, before, limit).await
    }

    async fn one_time(&self, id: TokenId) -> Result<Option<OneTimeToken>, StoreError> {
        self.store.one_time(id).await
    }

    async fn identity(&self, person: &Person) -> Result<Option<Identity>, StoreError> {
        self.store.identity(person).await
    }

    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        self.store.identities_of(user).await
    }

    async fn pending(&self, id: PendingId) -> Result<Option<Pending>, StoreError> {
        self.store.pending(id).await
    }

    async fn mails_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        self.store.mails_due(now, limit).await
    }

    async fn mail_queue(&self) -> Result<MailQueue, StoreError> {
        self.store.mail_queue().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.store.ready().await
    }
}
