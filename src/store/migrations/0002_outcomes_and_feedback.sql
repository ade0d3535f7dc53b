-- NULL wherever the source does not say.
ALTER TABLE tickets ADD COLUMN final_priority TEXT;
ALTER TABLE tickets ADD COLUMN reopened INTEGER;         -- how often
ALTER TABLE tickets ADD COLUMN escalated INTEGER;        -- 0 or 1
ALTER TABLE tickets ADD COLUMN handling_minutes INTEGER;

-- What was said about articles. One row for each occasion, article and kind, so that what is said
-- twice counts once. Rows outlive their article: one that is deleted and put again is the same one.
CREATE TABLE feedback (
    article_id TEXT NOT NULL CHECK (article_id <> ''),
    ticket_id  TEXT NOT NULL,              -- on which ticket it was said,
    own_id     TEXT NOT NULL,              -- or, without one, the caller's own id; the other is empty
    kind       TEXT NOT NULL,              -- viewed, attached, solved, dismissed
    said_at    TEXT NOT NULL,
    undone_at  TEXT,                       -- when it was taken back; NULL while it counts
    by_outcome INTEGER NOT NULL DEFAULT 0, -- 1: a ticket's outcome said so, and may take it back
    PRIMARY KEY (article_id, ticket_id, own_id, kind),
    CHECK ((ticket_id = '') <> (own_id = ''))
) STRICT, WITHOUT ROWID;

CREATE INDEX feedback_by_ticket ON feedback (ticket_id) WHERE ticket_id <> '';
