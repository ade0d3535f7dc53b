-- What happened to tickets, and when it has to have happened.

ALTER TABLE tickets ADD COLUMN due_at                TEXT; -- until when it has to be solved
ALTER TABLE tickets ADD COLUMN first_response_due_at TEXT;
ALTER TABLE tickets ADD COLUMN status_at             TEXT; -- as of when `status` holds; NULL where that is not known

-- One row for each event, so that what is told twice counts once.
CREATE TABLE ticket_events (
    ticket_id TEXT NOT NULL REFERENCES tickets (id),
    at        TEXT NOT NULL,
    kind      TEXT NOT NULL, -- acknowledged, agent_reply, requester_reply, escalated, reopened, solved, closed
    PRIMARY KEY (ticket_id, at, kind)
) STRICT, WITHOUT ROWID;
