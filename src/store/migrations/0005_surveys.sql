-- What customers answered to surveys, and what the model read in their comments. What a survey does not say
-- of its ticket stays NULL here and is read from the ticket, so that a late outcome counts.
CREATE TABLE surveys (
    id              TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    ticket_id       TEXT, -- need not be one that is kept here
    requester_id    TEXT,
    organization_id TEXT,
    category        TEXT,
    agent_group     TEXT,
    channel         TEXT,
    answered_at     TEXT NOT NULL,
    question        TEXT,
    comment         TEXT,
    rating          REAL,
    rating_scale    TEXT,
    satisfaction    REAL CHECK (satisfaction BETWEEN 0 AND 1), -- the rating's place on its scale
    low             INTEGER NOT NULL,                          -- by the settings when it was kept
    sentiment       TEXT, -- from here on NULL where no comment was read
    score           REAL,
    confidence      REAL,
    intensity       INTEGER,
    aspects         TEXT NOT NULL DEFAULT '[]', -- JSON array of {aspect, sentiment, confidence}
    rating_conflict INTEGER,
    model_name      TEXT,
    model_version   TEXT,
    CHECK ((rating IS NULL) = (rating_scale IS NULL))
) STRICT;

CREATE INDEX surveys_by_time ON surveys (answered_at, id);
CREATE INDEX surveys_by_ticket ON surveys (ticket_id) WHERE ticket_id IS NOT NULL;

-- The call that a low score asks for. It outlives a survey that is told again, and goes with one that is deleted.
CREATE TABLE follow_ups (
    survey_id    TEXT NOT NULL PRIMARY KEY REFERENCES surveys (id) ON DELETE CASCADE,
    owner        TEXT,
    opened_at    TEXT NOT NULL,
    due_at       TEXT NOT NULL,
    contacted_at TEXT,
    outcome      TEXT, -- reached, not_reached, declined
    root_cause   TEXT, -- technical, communicative, process
    note         TEXT,
    closed_at    TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX follow_ups_by_due ON follow_ups (due_at, survey_id);
