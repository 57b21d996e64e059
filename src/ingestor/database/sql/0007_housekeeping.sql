-- Housekeeping is DDL, and whoever loads may not own the tables: these functions run as their owner, with a search_path
-- of their own, and only for those who may load. Each takes its locks under the caller's lock_timeout.

ALTER FUNCTION create_logs_partition(date) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION ensure_logs_partitions(int, int) SECURITY DEFINER SET search_path FROM CURRENT;

-- Another month's rows out of the default partition, in one transaction. Months outside the span stay there: one entry
-- each of the years 1 and 9999 must not make partitions.
CREATE FUNCTION move_month_out_of_default(earliest date, latest date) RETURNS date
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month date;
BEGIN
    SELECT date_trunc('month', min(timestamp) AT TIME ZONE 'UTC')::date INTO month FROM logs_default
    WHERE timestamp >= earliest::timestamp AT TIME ZONE 'UTC' AND timestamp < latest::timestamp AT TIME ZONE 'UTC';
    IF month IS NULL OR NOT create_logs_partition(month) THEN
        RETURN NULL;
    END IF;
    RETURN month;
END
$$;
COMMENT ON FUNCTION move_month_out_of_default IS 'Builds the partition of the oldest month within the span that has rows in logs_default; null if there is none';

CREATE FUNCTION expired_logs_partitions(cutoff timestamptz) RETURNS TABLE (partition_name text, is_empty boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    FOR partition_name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'logs'::regclass AND c.relname ~ '^logs_\d{4}_\d{2}$'
          AND (to_date(substr(c.relname, 6), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= cutoff
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I)', partition_name) INTO is_empty;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION expired_logs_partitions IS 'The monthly partitions that end at or before the cutoff, the oldest first';

-- In two transactions: emptying locks the partition alone, and dropping it, which locks logs as well, is then short.
CREATE FUNCTION empty_expired_logs_partition(cutoff timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    expired text;
BEGIN
    SELECT e.partition_name INTO expired FROM expired_logs_partitions(cutoff) e WHERE NOT e.is_empty LIMIT 1;
    IF expired IS NOT NULL THEN
        EXECUTE format('TRUNCATE %I', expired);
    END IF;
    RETURN expired;
END
$$;
COMMENT ON FUNCTION empty_expired_logs_partition IS 'Empties the oldest partition past the cutoff that has rows; its name, or null';

CREATE FUNCTION drop_expired_logs_partition(cutoff timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    expired text;
BEGIN
    SELECT e.partition_name INTO expired FROM expired_logs_partitions(cutoff) e WHERE e.is_empty LIMIT 1;
    IF expired IS NOT NULL THEN
        EXECUTE format('DROP TABLE %I', expired);
    END IF;
    RETURN expired;
END
$$;
COMMENT ON FUNCTION drop_expired_logs_partition IS 'Drops the oldest empty partition past the cutoff; its name, or null';

CREATE FUNCTION prune_default_partition(cutoff timestamptz, at_most int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH pruned AS (
        DELETE FROM logs_default
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM logs_default WHERE timestamp < cutoff LIMIT at_most))
        RETURNING 1
    )
    SELECT count(*)::int FROM pruned
$$;
COMMENT ON FUNCTION prune_default_partition IS 'Deletes rows of logs_default that are older than the cutoff; how many';

-- What a file left beside its rows goes with them. The tables' keys begin with file_id, and ids grow with time: the
-- lowest ones are looked at, up to the first file that changed since the cutoff.
CREATE FUNCTION prune_histories(cutoff timestamptz, at_most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    candidate bigint;
    pruned int := 0;
BEGIN
    LOOP
        SELECT least(
            (SELECT min(file_id) FROM rejected_entries),
            (SELECT min(file_id) FROM raw_originals),
            (SELECT min(file_id) FROM file_events)) INTO candidate;
        EXIT WHEN pruned >= at_most OR candidate IS NULL
            OR EXISTS (SELECT FROM processed_files WHERE id = candidate AND updated_at >= cutoff);
        DELETE FROM rejected_entries WHERE file_id = candidate;
        DELETE FROM raw_originals WHERE file_id = candidate;
        DELETE FROM file_events WHERE file_id = candidate;
        pruned := pruned + 1;
    END LOOP;
    RETURN pruned;
END
$$;
COMMENT ON FUNCTION prune_histories IS 'Deletes rejected_entries, raw_originals and file_events of files that did not change since the cutoff; of how many';

-- Autovacuum analyses partitions, never the table above them, which is what queries over all months are planned by.
CREATE FUNCTION analyze_logs_if_due(every interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF pg_stat_get_last_analyze_time('logs'::regclass) > statement_timestamp() - every
       OR NOT EXISTS (SELECT FROM logs) THEN
        RETURN false;
    END IF;
    ANALYZE logs;
    RETURN true;
END
$$;
COMMENT ON FUNCTION analyze_logs_if_due IS 'Analyses logs if that was not done for so long; whether it was';

DO $$
DECLARE
    signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY[
        'create_logs_partition(date)', 'ensure_logs_partitions(int, int)', 'move_month_out_of_default(date, date)',
        'expired_logs_partitions(timestamptz)', 'empty_expired_logs_partition(timestamptz)',
        'drop_expired_logs_partition(timestamptz)', 'prune_default_partition(timestamptz, int)',
        'prune_histories(timestamptz, int)', 'analyze_logs_if_due(interval)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingestor_ingest') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ingestor_ingest', signature);
        END IF;
    END LOOP;
END
$$;
