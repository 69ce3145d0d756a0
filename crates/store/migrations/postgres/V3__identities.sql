-- Who users are at identity providers. An identity goes with its account.
CREATE TABLE identities (
    id         uuid   NOT NULL PRIMARY KEY,
    issuer     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    provider   text   NOT NULL, -- what the configuration called it
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label      text   NOT NULL,
    created_at bigint NOT NULL
);

CREATE UNIQUE INDEX identities_person ON identities (issuer, subject);
CREATE INDEX identities_user ON identities (user_id, created_at, id);

-- Things that wait to be spent, each under the SHA-256 of a secret that only its holder has.
CREATE TABLE pending (
    id         bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    data       text   NOT NULL, -- a JSON object
    expires_at bigint NOT NULL
);

CREATE INDEX pending_due ON pending (expires_at);

-- By which identity a session began. It never changes and is in no index: a rotation neither writes it nor pays for it.
ALTER TABLE sessions ADD COLUMN identity_id uuid;
