-- How long logs are kept is the owner's to say. Whoever may load calls these functions, which run as the owner, with a
-- cutoff of its own: it destroys nothing younger than what the owner recorded, and nothing where nothing is recorded.
-- The owner itself, and who is a member of it, is bound by nothing: it could drop the tables as well.

CREATE TABLE retention (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    days        int NOT NULL CHECK (days > 0),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE retention IS 'How long logs are kept at least; the service''s own user drops nothing younger. Written by `ingestor migrate`';
COMMENT ON COLUMN retention.only_row IS 'There is one row, or none: then that user drops nothing';
COMMENT ON COLUMN retention.days IS 'RETENTION_DAYS of the last migration that had it set';
COMMENT ON COLUMN retention.recorded_at IS 'When the owner said so';

-- session_user is who logged in; within these functions, current_user is their owner. The minute is for a clock that was
-- set back since the caller read it.
CREATE FUNCTION may_expire(cutoff timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = 'logs'::regclass), 'MEMBER')
        OR coalesce(
            (SELECT cutoff <= statement_timestamp() - make_interval(hours => 24 * days) + interval '1 minute'
             FROM retention),
            false)
$$;
COMMENT ON FUNCTION may_expire IS 'Whether this user may destroy what is older than the cutoff';

CREATE FUNCTION refuse_early_cutoff(cutoff timestamptz) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT may_expire(cutoff) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('the owner of logs does not let %I destroy what is older than %s', session_user, cutoff),
            HINT = 'The owner records how long logs are kept: RETENTION_DAYS=… ingestor migrate';
    END IF;
END
$$;
COMMENT ON FUNCTION refuse_early_cutoff IS 'Raises insufficient_privilege where this user may not destroy what is older than the cutoff';

CREATE OR REPLACE FUNCTION empty_expired_logs_partition(cutoff timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    expired text;
BEGIN
    PERFORM refuse_early_cutoff(cutoff);
    SELECT e.partition_name INTO expired FROM expired_logs_partitions(cutoff) e WHERE NOT e.is_empty LIMIT 1;
    IF expired IS NOT NULL THEN
        EXECUTE format('TRUNCATE %I', expired);
    END IF;
    RETURN expired;
END
$$;

CREATE OR REPLACE FUNCTION drop_expired_logs_partition(cutoff timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    expired text;
    has_rows boolean;
BEGIN
    PERFORM refuse_early_cutoff(cutoff);
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

CREATE OR REPLACE FUNCTION prune_default_partition(cutoff timestamptz, at_most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    pruned int;
BEGIN
    PERFORM refuse_early_cutoff(cutoff);
    DELETE FROM logs_default
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM logs_default WHERE timestamp < cutoff LIMIT at_most));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;

CREATE OR REPLACE FUNCTION prune_histories(cutoff timestamptz, at_most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    candidate bigint;
    pruned int := 0;
BEGIN
    PERFORM refuse_early_cutoff(cutoff);
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

-- Each month is a table, and every query over all months looks at each: nobody has them made without end.
CREATE OR REPLACE FUNCTION ensure_logs_partitions(months_back int, months_ahead int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT count(*) FILTER (WHERE create_logs_partition(month::date))::int
    FROM generate_series(
        date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(months => least(months_back, 240)),
        date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => least(months_ahead, 24)),
        interval '1 month') AS month
$$;

CREATE OR REPLACE FUNCTION move_month_out_of_default(earliest date, latest date) RETURNS date
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    this_month timestamp := date_trunc('month', statement_timestamp() AT TIME ZONE 'UTC');
    first_day date := greatest(earliest, this_month - interval '20 years 1 month');
    end_day date := least(latest, this_month + interval '2 years');
    month date;
BEGIN
    SELECT date_trunc('month', min(timestamp) AT TIME ZONE 'UTC')::date INTO month FROM logs_default
    WHERE timestamp >= first_day::timestamp AT TIME ZONE 'UTC' AND timestamp < end_day::timestamp AT TIME ZONE 'UTC';
    IF month IS NULL OR NOT create_logs_partition(month) THEN
        RETURN NULL;
    END IF;
    RETURN month;
END
$$;

REVOKE ALL ON FUNCTION may_expire(timestamptz), refuse_early_cutoff(timestamptz) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingestor_ingest') THEN
        GRANT SELECT ON retention TO ingestor_ingest;
        GRANT EXECUTE ON FUNCTION may_expire(timestamptz) TO ingestor_ingest;
        -- The functions above call these as their owner.
        REVOKE ALL ON FUNCTION create_logs_partition(date), expired_logs_partitions(timestamptz) FROM ingestor_ingest;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingestor_reader') THEN
        GRANT SELECT ON retention TO ingestor_reader;
    END IF;
END
$$;
