-- Puts somebody on the agenda, or says that something has happened to them again; nobody where the id is NULL.
CREATE FUNCTION look_at(kind TEXT, id TEXT) RETURNS VOID LANGUAGE SQL AS $$
    INSERT INTO signal_agenda (subject_kind, subject_id, look_at) SELECT kind, id, '' WHERE id IS NOT NULL
    ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = signal_agenda.changes + 1
$$;

-- The same for the requester and the organization of a ticket.
CREATE FUNCTION look_at_ticket(ticket TEXT) RETURNS VOID LANGUAGE SQL AS $$
    SELECT look_at('requester', requester_id), look_at('organization', organization_id) FROM tickets WHERE id = ticket
$$;

CREATE FUNCTION agenda_of_tickets() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR NEW.due_at IS NOT NULL OR NEW.first_response_due_at IS NOT NULL OR NEW.reopened > 0 THEN
        PERFORM look_at('ticket', NEW.id);
    END IF;
    PERFORM look_at('requester', NEW.requester_id), look_at('organization', NEW.organization_id);
    IF TG_OP = 'UPDATE' THEN
        IF OLD.requester_id IS DISTINCT FROM NEW.requester_id THEN
            PERFORM look_at('requester', OLD.requester_id);
        END IF;
        IF OLD.organization_id IS DISTINCT FROM NEW.organization_id THEN
            PERFORM look_at('organization', OLD.organization_id);
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER agenda_new_ticket AFTER INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION agenda_of_tickets();

CREATE TRIGGER agenda_changed_ticket AFTER UPDATE ON tickets FOR EACH ROW
WHEN ((OLD.created_at, OLD.requester_id, OLD.organization_id, OLD.final_category, OLD.status, OLD.solved_at,
       OLD.reopened, OLD.due_at, OLD.first_response_due_at)
   IS DISTINCT FROM (NEW.created_at, NEW.requester_id, NEW.organization_id, NEW.final_category, NEW.status,
       NEW.solved_at, NEW.reopened, NEW.due_at, NEW.first_response_due_at))
EXECUTE FUNCTION agenda_of_tickets();

CREATE FUNCTION agenda_of_events() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM look_at('ticket', NEW.ticket_id), look_at_ticket(NEW.ticket_id);
    RETURN NULL;
END $$;

CREATE TRIGGER agenda_new_event AFTER INSERT ON ticket_events FOR EACH ROW EXECUTE FUNCTION agenda_of_events();

CREATE FUNCTION agenda_of_surveys() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM look_at('requester', NEW.requester_id), look_at('organization', NEW.organization_id),
            look_at_ticket(NEW.ticket_id);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM look_at('requester', OLD.requester_id), look_at('organization', OLD.organization_id),
            look_at_ticket(OLD.ticket_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER agenda_survey AFTER INSERT OR UPDATE OR DELETE ON surveys
FOR EACH ROW EXECUTE FUNCTION agenda_of_surveys();
