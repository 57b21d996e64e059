-- Whoever waited for a lock looks again. Locks are taken in the order in which everybody takes them: logs, then a
-- partition of it, then the default one.

CREATE OR REPLACE FUNCTION create_logs_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    starts timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    ends   timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    partition_name text := 'logs_' || to_char(month, 'YYYY_MM');
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
    EXECUTE format('CREATE TABLE %I (LIKE logs INCLUDING ALL)', partition_name);
    EXECUTE format(
        'WITH moved AS (DELETE FROM logs_default WHERE timestamp >= %L AND timestamp < %L RETURNING *)
         INSERT INTO %I SELECT * FROM moved', starts, ends, partition_name);
    EXECUTE format('ALTER TABLE logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition_name, starts, ends);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION drop_expired_logs_partition(cutoff timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    expired text;
    has_rows boolean;
BEGIN
    SELECT e.partition_name INTO expired FROM expired_logs_partitions(cutoff) e WHERE e.is_empty LIMIT 1;
    IF expired IS NULL THEN
        RETURN NULL;
    END IF;
    LOCK TABLE ONLY logs IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', expired);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', expired) INTO has_rows;
    IF has_rows THEN
        RETURN NULL; -- it is emptied first, at the next tick
    END IF;
    EXECUTE format('DROP TABLE %I', expired);
    RETURN expired;
END
$$;
