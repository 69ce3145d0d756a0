-- Times are milliseconds since the Unix epoch. Identifiers are the 16 bytes of a UUID.

CREATE TABLE users (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username       TEXT,
    username_key   TEXT,
    email          TEXT,
    email_key      TEXT,
    email_verified INTEGER NOT NULL,
    password       TEXT,
    roles          TEXT    NOT NULL, -- a JSON array
    attributes     TEXT    NOT NULL, -- a JSON object
    status         TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    CHECK ((username IS NULL) = (username_key IS NULL) AND (email IS NULL) = (email_key IS NULL))
) STRICT;

CREATE UNIQUE INDEX users_username ON users (username_key) WHERE username_key IS NOT NULL;
CREATE UNIQUE INDEX users_email ON users (email_key) WHERE email_key IS NOT NULL;

-- With a rowid: a rotation then dirties one leaf of the table and nothing else, and the inner pages stay small enough
-- to be cached. No index holds a column that a rotation changes.
CREATE TABLE sessions (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id         BLOB    NOT NULL CHECK (length(user_id) = 16), -- no foreign key: a session outlives its account
    method          TEXT    NOT NULL, -- token or cookie
    secret          BLOB    NOT NULL CHECK (length(secret) = 32),
    head_gen        INTEGER NOT NULL,
    head_ord        INTEGER NOT NULL,
    parent_key      BLOB,
    child_ord       INTEGER,
    child_issued_at INTEGER,
    child_key       BLOB,
    receipt_1       INTEGER,
    receipt_2       INTEGER,
    receipt_3       INTEGER,
    receipt_4       INTEGER,
    keyed           INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ends_at         INTEGER,
    address         TEXT,
    device          TEXT,
    ended_at        INTEGER,
    end_reason      TEXT,
    version         INTEGER NOT NULL,
    due_at          INTEGER NOT NULL, -- when a sweep is to look at the row; a refresh leaves it behind on purpose
    CHECK ((child_ord IS NULL) = (child_issued_at IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX sessions_live ON sessions (user_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_due ON sessions (due_at);

CREATE TABLE keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    algorithm  TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    public     TEXT,
    private    BLOB, -- sealed
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX keys_current ON keys (purpose, state) WHERE state IN ('upcoming', 'signing');

-- Only one transaction writes at a time, so the order of `seq` is the order of commits. A sweep leaves the newest row,
-- so no place is given out twice.
CREATE TABLE revocations (
    seq    INTEGER NOT NULL PRIMARY KEY,
    tag    INTEGER NOT NULL, -- random: tells a restored feed from the one that was lost
    kind   TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    before INTEGER,
    until  INTEGER NOT NULL,
    digest BLOB    NOT NULL CHECK (length(digest) = 32) -- of all entries up to this one
) STRICT;

CREATE TABLE audit (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    user_id    BLOB,
    session_id BLOB,
    address    TEXT,
    detail     TEXT -- a JSON object
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_user ON audit (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_session ON audit (session_id) WHERE session_id IS NOT NULL;

-- Written to find out whether a write goes through.
CREATE TABLE probe (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;

INSERT INTO probe (id, number) VALUES (1, 0);
