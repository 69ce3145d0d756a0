-- What links in mails carry, until it is spent, voided or expired.
CREATE TABLE one_time_tokens (
    id         uuid   NOT NULL PRIMARY KEY,
    user_id    uuid   NOT NULL,
    purpose    text   NOT NULL,
    email      text   NOT NULL,
    email_key  text   NOT NULL,
    state      bytea  NOT NULL CHECK (length(state) = 32),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);

-- A new one takes the place of the old one.
CREATE UNIQUE INDEX one_time_tokens_current ON one_time_tokens (user_id, purpose) WHERE purpose <> 'not_me';
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_due ON one_time_tokens (expires_at);

-- Mails that wait. No link is here, only which token it will carry.
CREATE TABLE mails (
    id         uuid   NOT NULL PRIMARY KEY,
    letter     text   NOT NULL,
    language   text   NOT NULL,
    email      text   NOT NULL,
    email_key  text   NOT NULL,
    user_id    uuid   NOT NULL,
    token_id   uuid   NOT NULL,
    address    text,
    device     text,
    created_at bigint NOT NULL,
    due_at     bigint NOT NULL, -- moved on by whoever takes it in hand: the lease
    attempts   bigint NOT NULL,
    version    bigint NOT NULL
);

CREATE INDEX mails_due ON mails (due_at);
