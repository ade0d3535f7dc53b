-- The bundle that answers on all instances of a shared store, and the files of it and of the one before. With a store of
-- its own an instance keeps both in its data folder alone.
CREATE TABLE promotion (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    number     INTEGER NOT NULL,      -- rises with each promotion
    bundle     TEXT,                  -- SHA-256 of its manifest, in hexadecimal digits; NULL: the one that ships
    former     TEXT,                  -- the one before, likewise
    note       TEXT,                  -- what a person should know about the promotion
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE bundle_parts (
    bundle TEXT    NOT NULL,
    file   TEXT    NOT NULL,          -- its name in the bundle's folder
    part   INTEGER NOT NULL,          -- from 0 on
    bytes  BLOB    NOT NULL,          -- a mebibyte at most
    PRIMARY KEY (bundle, file, part)
) STRICT, WITHOUT ROWID;
