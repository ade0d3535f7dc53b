-- Groups of unanswered tickets: what people decided about them, and what makes them known again.
CREATE TABLE gap_groups (
    id              TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    name            TEXT NOT NULL,
    state           TEXT NOT NULL, -- open, assigned, drafted, published, dismissed, expired
    owner           TEXT,
    article_id      TEXT,          -- the article that is to answer it
    members         TEXT NOT NULL, -- JSON array of ticket ids
    encoder         TEXT NOT NULL, -- which encoder made the embedding
    centroid        BLOB NOT NULL, -- middle of its tickets' embeddings
    confidence      REAL NOT NULL, -- mean answer confidence of its tickets, 0 to 1, until it was published
    first_seen_at   TEXT NOT NULL,
    last_seen_at    TEXT NOT NULL,
    published_at    TEXT
) STRICT;
