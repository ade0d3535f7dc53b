-- What SQLite calls so and PostgreSQL otherwise. Run at every start.

-- The members of a JSON array in their order. PostgreSQL's own function of this name takes JSON, not text.
CREATE OR REPLACE FUNCTION json_each(list TEXT) RETURNS TABLE (key BIGINT, value TEXT)
LANGUAGE SQL IMMUTABLE PARALLEL SAFE ROWS 100 AS $$
    SELECT place - 1, member FROM json_array_elements_text(list::JSON) WITH ORDINALITY AS members (member, place)
$$;
