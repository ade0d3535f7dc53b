ALTER TABLE tickets ADD COLUMN form        TEXT; -- by which form it was sent in
ALTER TABLE tickets ADD COLUMN agent_group TEXT; -- who works on it

CREATE INDEX tickets_by_time ON tickets (created_at, id);

-- The last answer about each ticket in short: what an audit reads of a million of them.
CREATE TABLE findings (
    ticket_id         TEXT NOT NULL PRIMARY KEY REFERENCES tickets (id),
    found_at          TEXT NOT NULL,
    category          TEXT,
    priority          TEXT,
    answer_confidence REAL, -- 0 to 1; NULL where no articles were asked for
    best_article      TEXT  -- the article shown first
) STRICT, WITHOUT ROWID;

-- Of answers given before: the first article's score is the confidence that it answers.
INSERT INTO findings
SELECT ticket_id, max(created_at), answer ->> '$.predictions.category.label',
       answer ->> '$.predictions.priority.label',
       CAST(answer ->> '$.articles[0].score' AS REAL), answer ->> '$.articles[0].id'
FROM predictions GROUP BY ticket_id;
