-- What was written into tickets of a helpdesk, or would have been: once for each version of a ticket's words.
CREATE TABLE updates (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    product       TEXT NOT NULL CHECK (product <> ''),
    ticket_id     TEXT NOT NULL CHECK (ticket_id <> ''), -- as the helpdesk has it
    version       TEXT NOT NULL CHECK (version <> ''),   -- of the ticket's words
    plan          TEXT NOT NULL,                         -- write, dry_run, nothing
    content       TEXT NOT NULL,                         -- JSON; empty once it is pruned
    created_at    TEXT NOT NULL,
    UNIQUE (product, ticket_id, version)
) STRICT;

CREATE INDEX updates_of_ticket ON updates (ticket_id, id);
CREATE INDEX updates_with_content ON updates (created_at) WHERE content <> '';

-- What a helpdesk said last of a ticket: what comes late changes nothing, and what people changed can be told.
CREATE TABLE helpdesk_tickets (
    product    TEXT NOT NULL,
    ticket_id  TEXT NOT NULL,
    version    TEXT,                                     -- of the words that were answered last
    changed_at TEXT,                                     -- by the helpdesk's clock
    category   TEXT,                                     -- as it stood in the ticket
    priority   TEXT,
    PRIMARY KEY (product, ticket_id)
) STRICT, WITHOUT ROWID;
