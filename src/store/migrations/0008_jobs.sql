-- What is still to be done, and what was done lately. A job that was taken is due again when its lease ends, so
-- that one whose process died is not lost.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind <> ''),
    key         TEXT NOT NULL CHECK (key <> ''),    -- of one kind each key is taken on once
    subject     TEXT CHECK (subject <> ''),         -- jobs of one kind and subject go one after another
    payload     TEXT NOT NULL,                      -- JSON; empty once it is done
    state       TEXT NOT NULL,                      -- waiting, done, dead
    run_at      TEXT NOT NULL,                      -- due from then on; of one at work the end of its lease
    attempts    INTEGER NOT NULL DEFAULT 0,
    error       TEXT,                               -- why the last attempt failed; no words of a customer
    created_at  TEXT NOT NULL,
    finished_at TEXT,                               -- when it was done or given up
    UNIQUE (kind, key),
    CHECK ((state = 'waiting') = (finished_at IS NULL))
) STRICT;

CREATE INDEX jobs_due ON jobs (kind, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_in_order ON jobs (kind, subject, id) WHERE state = 'waiting' AND subject IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE state <> 'waiting';
