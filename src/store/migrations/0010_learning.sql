-- What a site's bundle learns from, how it went, and what tells that it drifts.
ALTER TABLE tickets ADD COLUMN settled_at TEXT;   -- when agents last changed a final label; NULL where an import told it

ALTER TABLE findings ADD COLUMN impact TEXT;
ALTER TABLE findings ADD COLUMN urgency TEXT;
ALTER TABLE findings ADD COLUMN confidence REAL;   -- of the category, 0 to 1
ALTER TABLE findings ADD COLUMN abstained INTEGER; -- whether the decision about the category was to abstain
ALTER TABLE findings ADD COLUMN in_scope INTEGER;  -- whether the ticket belongs to any category; NULL: not known

CREATE TABLE trainings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    began_at    TEXT NOT NULL,
    finished_at TEXT,
    state       TEXT NOT NULL,                     -- running, promoted, refused, failed, nothing
    result      TEXT NOT NULL,                     -- JSON: what was selected, the verdict, or why it failed
    CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT;
