-- Times are RFC 3339 in UTC with nine digits after the point, so that they sort as text.
-- Embeddings are 32-bit floats, little-endian, one after another.

CREATE TABLE articles (
    id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,
    body_format TEXT NOT NULL,
    url         TEXT,
    audience    TEXT NOT NULL,
    status      TEXT NOT NULL,
    category    TEXT,
    tags        TEXT NOT NULL, -- JSON array of strings
    language    TEXT,
    updated_at  TEXT,
    encoder     TEXT NOT NULL  -- which encoder made the embeddings of the passages
) STRICT;

CREATE INDEX articles_by_encoder ON articles (encoder);

CREATE TABLE passages (
    article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    ordinal    INTEGER NOT NULL, -- place within the article, from 0
    heading    TEXT NOT NULL,
    text       TEXT NOT NULL,
    embedding  BLOB NOT NULL,
    PRIMARY KEY (article_id, ordinal)
) STRICT;

-- The last put or delete of each article: what an index has to look at to catch up.
CREATE TABLE article_changes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice, even after its row is gone
    article_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tickets (
    id                 TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    subject            TEXT NOT NULL,
    body               TEXT NOT NULL,
    body_format        TEXT NOT NULL,
    channel            TEXT,
    created_at         TEXT,
    requester_id       TEXT,
    organization_id    TEXT,
    submitted_category TEXT,
    submitted_priority TEXT,
    final_category     TEXT,
    final_impact       TEXT,
    final_urgency      TEXT,
    status             TEXT,
    solved_at          TEXT,
    resolution         TEXT,
    article_ids        TEXT NOT NULL DEFAULT '[]', -- JSON array of strings
    encoder            TEXT,                       -- which encoder made the embedding
    embedding          BLOB,
    CHECK ((encoder IS NULL) = (embedding IS NULL))
) STRICT;

CREATE INDEX tickets_by_encoder ON tickets (encoder, id);

CREATE TABLE predictions (
    id            TEXT NOT NULL PRIMARY KEY,
    ticket_id     TEXT NOT NULL REFERENCES tickets (id),
    created_at    TEXT NOT NULL,
    model_name    TEXT NOT NULL,
    model_version TEXT NOT NULL,
    taxonomy      TEXT NOT NULL,
    answer        TEXT NOT NULL -- JSON, as it was given
) STRICT;

CREATE INDEX predictions_by_ticket ON predictions (ticket_id, created_at);
