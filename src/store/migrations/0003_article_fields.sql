-- What an article is about, until when it holds, and what it said before.

ALTER TABLE articles ADD COLUMN product     TEXT;
ALTER TABLE articles ADD COLUMN expires_at  TEXT;
ALTER TABLE articles ADD COLUMN review_at   TEXT;
ALTER TABLE articles ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]'; -- JSON array of {address, alt}
ALTER TABLE articles ADD COLUMN version     INTEGER NOT NULL DEFAULT 1; -- grows with title, text and audience
ALTER TABLE articles ADD COLUMN kept_at     TEXT;                       -- when this version was kept

-- What stood there before a put that changed title, text or audience.
CREATE TABLE article_versions (
    article_id  TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version     INTEGER NOT NULL,
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,
    body_format TEXT NOT NULL,
    audience    TEXT NOT NULL,
    kept_at     TEXT,
    PRIMARY KEY (article_id, version)
) STRICT;
