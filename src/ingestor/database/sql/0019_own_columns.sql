-- A generated column that the owner of the tables adds to logs is computed anew where a row is moved, never copied.

CREATE OR REPLACE FUNCTION create_logs_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    starts timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    ends   timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    partition_name text := 'logs_' || to_char(month, 'YYYY_MM');
    copied text;
BEGIN
    IF to_regclass(quote_ident(partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- ATTACH takes this one as well, and so does ANALYZE, which then waits for the default partition: whoever takes
    -- the second first deadlocks with it.
    LOCK TABLE ONLY logs IN SHARE UPDATE EXCLUSIVE MODE;
    -- A partition whose rows sit in the default one can't be attached: move them, with the default held still.
    LOCK TABLE logs_default IN ACCESS EXCLUSIVE MODE;
    IF to_regclass(quote_ident(partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO copied
    FROM pg_attribute
    WHERE attrelid = 'logs'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('CREATE TABLE %I (LIKE logs INCLUDING ALL)', partition_name);
    EXECUTE format(
        'WITH moved AS (DELETE FROM logs_default WHERE timestamp >= %L AND timestamp < %L RETURNING %s)
         INSERT INTO %I (%s) SELECT %s FROM moved', starts, ends, copied, partition_name, copied, copied);
    EXECUTE format('ALTER TABLE logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition_name, starts, ends);
    RETURN true;
END
$$;
