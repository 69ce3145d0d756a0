-- Times are milliseconds since the Unix epoch. Texts that are compared are compared byte by byte, whatever the
-- database's language: an index does not depend on the collations of the system's C library.

CREATE TABLE users (
    id             uuid    NOT NULL PRIMARY KEY,
    username       text,
    username_key   text COLLATE "C",
    email          text,
    email_key      text COLLATE "C",
    email_verified boolean NOT NULL,
    password       text,
    roles          text    NOT NULL, -- a JSON array
    attributes     text    NOT NULL, -- a JSON object; not jsonb, which can't hold every string and number
    status         text    NOT NULL,
    created_at     bigint  NOT NULL,
    updated_at     bigint  NOT NULL,
    version        bigint  NOT NULL,
    CHECK ((username IS NULL) = (username_key IS NULL) AND (email IS NULL) = (email_key IS NULL))
);

CREATE UNIQUE INDEX users_username ON users (username_key) WHERE username_key IS NOT NULL;
CREATE UNIQUE INDEX users_email ON users (email_key) WHERE email_key IS NOT NULL;

-- No index holds a column that a rotation changes, and pages keep room: the new version of a row stays on its page and
-- no index is written.
CREATE TABLE sessions (
    id              uuid    NOT NULL PRIMARY KEY,
    user_id         uuid    NOT NULL, -- no foreign key: a session outlives its account
    method          text    NOT NULL, -- token or cookie
    secret          bytea   NOT NULL CHECK (length(secret) = 32),
    head_gen        bigint  NOT NULL,
    head_ord        bigint  NOT NULL,
    parent_key      bytea,
    child_ord       bigint,
    child_issued_at bigint,
    child_key       bytea,
    receipt_1       bigint,
    receipt_2       bigint,
    receipt_3       bigint,
    receipt_4       bigint,
    keyed           boolean NOT NULL,
    created_at      bigint  NOT NULL,
    last_used_at    bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    ends_at         bigint,
    address         text,
    device          text,
    ended_at        bigint,
    end_reason      text,
    version         bigint  NOT NULL,
    due_at          bigint  NOT NULL, -- when a sweep is to look at the row; a refresh leaves it behind on purpose
    CHECK ((child_ord IS NULL) = (child_issued_at IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 70);

CREATE INDEX sessions_live ON sessions (user_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_due ON sessions (due_at);

CREATE TABLE keys (
    kid        text COLLATE "C" NOT NULL PRIMARY KEY,
    purpose    text   NOT NULL,
    algorithm  text   NOT NULL,
    state      text   NOT NULL,
    public     text,
    private    bytea, -- sealed
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    version    bigint NOT NULL
);

CREATE UNIQUE INDEX keys_current ON keys (purpose, state) WHERE state IN ('upcoming', 'signing');

-- The place that the feed has reached. A transaction that appends holds this row until it has committed: the order of
-- `seq` is the order of commits, and no place is skipped or given out twice.
CREATE TABLE feed (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    seq    bigint NOT NULL,
    digest bytea  NOT NULL CHECK (length(digest) = 32) -- of all entries so far
);

INSERT INTO feed (id, seq, digest) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE revocations (
    seq    bigint NOT NULL PRIMARY KEY,
    tag    bigint NOT NULL, -- random: tells a restored feed from the one that was lost
    kind   text   NOT NULL,
    value  text   NOT NULL,
    before bigint,
    until  bigint NOT NULL,
    digest bytea  NOT NULL CHECK (length(digest) = 32) -- of all entries up to this one
);

CREATE TABLE audit (
    seq        bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint NOT NULL,
    kind       text   NOT NULL,
    actor      text   NOT NULL,
    user_id    uuid,
    session_id uuid,
    address    text,
    detail     text -- a JSON object
);

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_user ON audit (user_id, seq) WHERE user_id IS NOT NULL;
CREATE INDEX audit_session ON audit (session_id, seq) WHERE session_id IS NOT NULL;

-- Written to find out whether a write goes through.
CREATE TABLE probe (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    number bigint NOT NULL
);

INSERT INTO probe (id, number) VALUES (1, 0);
