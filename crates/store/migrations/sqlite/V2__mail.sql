-- What links in mails carry, until it is spent, voided or expired.
CREATE TABLE one_time_tokens (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id    BLOB    NOT NULL CHECK (length(user_id) = 16),
    purpose    TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL,
    state      BLOB    NOT NULL CHECK (length(state) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- A new one takes the place of the old one.
CREATE UNIQUE INDEX one_time_tokens_current ON one_time_tokens (user_id, purpose) WHERE purpose <> 'not_me';
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_due ON one_time_tokens (expires_at);

-- Mails that wait. No link is here, only which token it will carry.
CREATE TABLE mails (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    letter     TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL,
    user_id    BLOB    NOT NULL CHECK (length(user_id) = 16),
    token_id   BLOB    NOT NULL CHECK (length(token_id) = 16),
    address    TEXT,
    device     TEXT,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL, -- moved on by whoever takes it in hand: the lease
    attempts   INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;

CREATE INDEX mails_due ON mails (due_at);
