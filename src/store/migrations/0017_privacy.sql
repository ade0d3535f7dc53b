-- A key of this data folder, made with its first use: the trail names a requester by a hash with it, so that nobody
-- who has the trail alone can find out whom by trying ids.
CREATE TABLE trail_key (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    secret TEXT NOT NULL                                 -- 32 bytes by chance, in hexadecimal digits
) STRICT;

-- Retention looks for the oldest of each.
CREATE INDEX helpdesk_tickets_by_time ON helpdesk_tickets (changed_at) WHERE changed_at IS NOT NULL;
CREATE INDEX updates_by_time ON updates (created_at, id);
