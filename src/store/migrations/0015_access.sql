-- Keys of programs, users with their sign-ins, and the trail of who changed what.
CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY CHECK (id <> ''),
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,                          -- JSON: the words of the scopes
    hash         BLOB NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the secret
    created_at   TEXT NOT NULL,
    expires_at   TEXT,
    revoked_at   TEXT,
    last_used_at TEXT                                    -- to the hour
) STRICT;

CREATE TABLE users (
    name       TEXT PRIMARY KEY CHECK (name <> ''),
    password   TEXT NOT NULL,                            -- Argon2id, as a PHC string
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    hash     BLOB PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the cookie
    user     TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    began_at TEXT NOT NULL,
    seen_at  TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_of ON sessions (user);

-- Each entry's hash is over the former one's and its own content: none can be changed, put between others or
-- taken out without breaking the chain.
CREATE TABLE trail (
    seq     INTEGER PRIMARY KEY,
    at      TEXT,                                        -- none where the program acted by itself
    who     TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,                               -- JSON; no words of a customer
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER trail_is_not_changed BEFORE UPDATE ON trail
BEGIN SELECT RAISE(ABORT, 'the trail is only ever added to'); END;

CREATE TRIGGER trail_is_not_deleted BEFORE DELETE ON trail
BEGIN SELECT RAISE(ABORT, 'the trail is only ever added to'); END;

-- INSERT OR REPLACE would take an entry out without the trigger above.
CREATE TRIGGER trail_goes_on_at_its_end BEFORE INSERT ON trail
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM trail)
BEGIN SELECT RAISE(ABORT, 'the trail is only ever added to'); END;
