-- Signals that a customer may be lost, and what has to be looked at when.

CREATE TABLE signals (
    id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    rule         TEXT NOT NULL,
    subject_kind TEXT NOT NULL, -- ticket, requester, organization, incident
    subject_id   TEXT NOT NULL,
    raised_at    TEXT NOT NULL,
    evidence     TEXT NOT NULL, -- JSON: ids, times and numbers, no words
    resolved_at  TEXT,          -- since when it no longer holds
    dismissed_at TEXT,
    dismissed_by TEXT
) STRICT;

-- Of a rule and a subject one signal stands at a time.
CREATE UNIQUE INDEX signals_standing ON signals (subject_kind, subject_id, rule) WHERE resolved_at IS NULL;
CREATE INDEX signals_by_time ON signals (raised_at, id);
CREATE INDEX signals_by_subject ON signals (subject_kind, subject_id, raised_at);
CREATE INDEX signals_open ON signals (raised_at, id) WHERE resolved_at IS NULL;

-- Whom to look at, and when: at once (the empty text, which sorts before all times) after something changed,
-- or when a rule says that time alone may change what it says. `changes` tells a look that something happened
-- while it was looking.
CREATE TABLE signal_agenda (
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    look_at      TEXT NOT NULL,
    changes      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subject_kind, subject_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX signal_agenda_by_time ON signal_agenda (look_at);

CREATE INDEX tickets_by_requester ON tickets (requester_id, created_at) WHERE requester_id IS NOT NULL;
CREATE INDEX tickets_by_organization ON tickets (organization_id, created_at) WHERE organization_id IS NOT NULL;
CREATE INDEX tickets_handled ON tickets (final_category, created_at, handling_minutes)
    WHERE handling_minutes IS NOT NULL AND final_category IS NOT NULL;
CREATE INDEX surveys_by_requester ON surveys (requester_id, answered_at) WHERE requester_id IS NOT NULL;
CREATE INDEX surveys_by_organization ON surveys (organization_id, answered_at) WHERE organization_id IS NOT NULL;

-- Whoever writes, the agenda hears of it.
CREATE TRIGGER agenda_new_ticket AFTER INSERT ON tickets BEGIN
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
    SELECT 'ticket', NEW.id, '' WHERE NEW.due_at IS NOT NULL OR NEW.first_response_due_at IS NOT NULL OR NEW.reopened > 0
    UNION ALL SELECT 'requester', NEW.requester_id, '' WHERE NEW.requester_id IS NOT NULL
    UNION ALL SELECT 'organization', NEW.organization_id, '' WHERE NEW.organization_id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = changes + 1;
END;

CREATE TRIGGER agenda_changed_ticket AFTER UPDATE OF created_at, requester_id, organization_id, final_category,
    status, solved_at, reopened, due_at, first_response_due_at ON tickets
WHEN (OLD.created_at, OLD.requester_id, OLD.organization_id, OLD.final_category, OLD.status, OLD.solved_at,
      OLD.reopened, OLD.due_at, OLD.first_response_due_at)
  IS NOT (NEW.created_at, NEW.requester_id, NEW.organization_id, NEW.final_category, NEW.status, NEW.solved_at,
      NEW.reopened, NEW.due_at, NEW.first_response_due_at)
BEGIN
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
    SELECT 'ticket', NEW.id, '' WHERE true
    UNION SELECT 'requester', NEW.requester_id, '' WHERE NEW.requester_id IS NOT NULL
    UNION SELECT 'organization', NEW.organization_id, '' WHERE NEW.organization_id IS NOT NULL
    UNION SELECT 'requester', OLD.requester_id, '' WHERE OLD.requester_id IS NOT NULL
    UNION SELECT 'organization', OLD.organization_id, '' WHERE OLD.organization_id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = changes + 1;
END;

CREATE TRIGGER agenda_new_event AFTER INSERT ON ticket_events BEGIN
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
    SELECT 'ticket', NEW.ticket_id, '' WHERE true
    UNION ALL SELECT 'requester', requester_id, '' FROM tickets WHERE id = NEW.ticket_id AND requester_id IS NOT NULL
    UNION ALL SELECT 'organization', organization_id, '' FROM tickets
        WHERE id = NEW.ticket_id AND organization_id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = changes + 1;
END;

CREATE TRIGGER agenda_new_survey AFTER INSERT ON surveys BEGIN
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
    SELECT 'requester', NEW.requester_id, '' WHERE NEW.requester_id IS NOT NULL
    UNION SELECT 'organization', NEW.organization_id, '' WHERE NEW.organization_id IS NOT NULL
    UNION SELECT 'requester', requester_id, '' FROM tickets WHERE id = NEW.ticket_id AND requester_id IS NOT NULL
    UNION SELECT 'organization', organization_id, '' FROM tickets
        WHERE id = NEW.ticket_id AND organization_id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = changes + 1;
END;

CREATE TRIGGER agenda_changed_survey AFTER UPDATE ON surveys BEGIN
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
    SELECT 'requester', NEW.requester_id, '' WHERE NEW.requester_id IS NOT NULL
    UNION SELECT 'organization', NEW.organization_id, '' WHERE NEW.organization_id IS NOT NULL
    UNION SELECT 'requester', OLD.requester_id, '' WHERE OLD.requester_id IS NOT NULL
    UNION SELECT 'organization', OLD.organization_id, '' WHERE OLD.organization_id IS NOT NULL
    UNION SELECT 'requester', requester_id, '' FROM tickets
        WHERE id IN (OLD.ticket_id, NEW.ticket_id) AND requester_id IS NOT NULL
    UNION SELECT 'organization', organization_id, '' FROM tickets
        WHERE id IN (OLD.ticket_id, NEW.ticket_id) AND organization_id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = changes + 1;
END;

CREATE TRIGGER agenda_gone_survey AFTER DELETE ON surveys BEGIN
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
    SELECT 'requester', OLD.requester_id, '' WHERE OLD.requester_id IS NOT NULL
    UNION SELECT 'organization', OLD.organization_id, '' WHERE OLD.organization_id IS NOT NULL
    UNION SELECT 'requester', requester_id, '' FROM tickets WHERE id = OLD.ticket_id AND requester_id IS NOT NULL
    UNION SELECT 'organization', organization_id, '' FROM tickets
        WHERE id = OLD.ticket_id AND organization_id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = changes + 1;
END;

-- Those of before.
INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
SELECT 'ticket', id, '' FROM tickets WHERE reopened > 1 OR due_at IS NOT NULL OR first_response_due_at IS NOT NULL
    OR id IN (SELECT ticket_id FROM ticket_events)
UNION SELECT 'requester', requester_id, '' FROM tickets WHERE requester_id IS NOT NULL
UNION SELECT 'organization', organization_id, '' FROM tickets WHERE organization_id IS NOT NULL
UNION SELECT 'requester', requester_id, '' FROM surveys WHERE requester_id IS NOT NULL
UNION SELECT 'organization', organization_id, '' FROM surveys WHERE organization_id IS NOT NULL;
