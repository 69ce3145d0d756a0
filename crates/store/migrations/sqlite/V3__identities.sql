-- Who users are at identity providers. An identity goes with its account.
CREATE TABLE identities (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    provider   TEXT    NOT NULL, -- what the configuration called it
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label      TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX identities_person ON identities (issuer, subject);
CREATE INDEX identities_user ON identities (user_id, created_at, id);

-- Things that wait to be spent, each under the SHA-256 of a secret that only its holder has.
CREATE TABLE pending (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    data       TEXT    NOT NULL, -- a JSON object
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX pending_due ON pending (expires_at);

-- By which identity a session began. It never changes and is in no index: a rotation neither writes it nor pays for it.
ALTER TABLE sessions ADD COLUMN identity_id BLOB CHECK (length(identity_id) = 16);
