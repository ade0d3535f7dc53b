-- What is left of an article that was deleted, so that an audit can tell which tickets it would have answered: no word of
-- it but the title. It goes when newer ones push it out, by retention, or when an article with its id comes back.
CREATE TABLE deleted_articles (
    id         TEXT NOT NULL PRIMARY KEY,
    title      TEXT NOT NULL,
    encoder    TEXT NOT NULL,             -- what made the embeddings
    embeddings BLOB NOT NULL,             -- of its passages, one after the other, in 32-bit floats
    deleted_at TEXT NOT NULL
) STRICT;
CREATE INDEX deleted_articles_by_time ON deleted_articles (deleted_at, id);
