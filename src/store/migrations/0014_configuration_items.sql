-- What a house runs and hands out: services, machines, programs. Tickets name them by these words.
CREATE TABLE configuration_items (
    id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    name         TEXT NOT NULL CHECK (name <> ''),
    kind         TEXT,             -- service, laptop, printer …: the site's own word
    aliases      TEXT NOT NULL,    -- JSON array of strings: what people call it
    tag_patterns TEXT NOT NULL,    -- JSON array of regular expressions: what its asset tags look like
    match_case   INTEGER NOT NULL, -- 1: name and aliases only as they are written
    url          TEXT,
    agent_group  TEXT              -- who looks after it
) STRICT, WITHOUT ROWID;
