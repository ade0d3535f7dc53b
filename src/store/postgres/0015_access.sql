CREATE FUNCTION trail_is_only_added_to() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the trail is only ever added to';
END $$;

CREATE TRIGGER trail_is_not_changed BEFORE UPDATE OR DELETE ON trail
FOR EACH ROW EXECUTE FUNCTION trail_is_only_added_to();

CREATE TRIGGER trail_is_not_emptied BEFORE TRUNCATE ON trail
FOR EACH STATEMENT EXECUTE FUNCTION trail_is_only_added_to();

CREATE FUNCTION trail_goes_on() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM trail) THEN
        RAISE EXCEPTION 'the trail is only ever added to';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER trail_goes_on_at_its_end BEFORE INSERT ON trail
FOR EACH ROW EXECUTE FUNCTION trail_goes_on();
