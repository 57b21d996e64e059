-- Months of logs. Ingest workers run no DDL: `ingestor migrate` calls ensure_logs_partitions.

CREATE FUNCTION create_logs_partition(month date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    starts timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    ends   timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    partition_name text := 'logs_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass(quote_ident(partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- A partition whose rows sit in the default one can't be attached: move them, with the default held still.
    LOCK TABLE logs_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE logs INCLUDING ALL)', partition_name);
    EXECUTE format(
        'WITH moved AS (DELETE FROM logs_default WHERE timestamp >= %L AND timestamp < %L RETURNING *)
         INSERT INTO %I SELECT * FROM moved', starts, ends, partition_name);
    EXECUTE format('ALTER TABLE logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition_name, starts, ends);
    RETURN true;
END
$$;
COMMENT ON FUNCTION create_logs_partition IS 'Builds and attaches the partition of a month; false if it is there already';

CREATE FUNCTION ensure_logs_partitions(months_back int, months_ahead int) RETURNS int
LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE create_logs_partition(month::date))::int
    FROM generate_series(
        date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(months => months_back),
        date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => months_ahead),
        interval '1 month') AS month
$$;
COMMENT ON FUNCTION ensure_logs_partitions IS 'Builds the partitions of the months around now; how many were new';
