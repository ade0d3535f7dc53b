-- What came of customers' own searches, in the widget of a portal: one row for each visit and article that
-- solved the problem, and one without an article where none was found.
CREATE TABLE deflections (
    session_id TEXT NOT NULL CHECK (session_id <> ''),
    article_id TEXT NOT NULL,  -- that solved it; empty: nothing did
    text       TEXT,           -- what was typed in vain; NULL where it is not kept, or no longer
    at         TEXT NOT NULL,
    PRIMARY KEY (session_id, article_id),
    CHECK (text IS NULL OR article_id = '')
) STRICT, WITHOUT ROWID;

CREATE INDEX deflections_by_time ON deflections (at, session_id);
CREATE INDEX deflections_with_text ON deflections (at, session_id) WHERE text IS NOT NULL;

-- What a visit said is shown to it again.
CREATE INDEX feedback_by_own_id ON feedback (own_id) WHERE own_id <> '';
