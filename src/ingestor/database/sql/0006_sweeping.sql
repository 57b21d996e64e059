-- What the sweeper and the operator's commands need: more events, since when a file fails, what a person settled,
-- where each listing stands, and how complete the logs are.

ALTER TABLE file_events DROP CONSTRAINT file_events_event_check;
ALTER TABLE file_events ADD CONSTRAINT file_events_event_check CHECK (event IN (
    'claimed', 'taken over', 'checkpoint', 'completed', 'failed', 'released', 're-queued',
    'replaced', 'newer version announced', 'newer version skipped',
    'discovered', 'reopened', 'unloaded', 'ignored'));

ALTER TABLE processed_files
    ADD COLUMN failing_since  timestamptz,
    ADD COLUMN ignored_at     timestamptz,
    ADD COLUMN ignored_reason text;
COMMENT ON COLUMN processed_files.failing_since IS 'Since when failures follow one another without a chunk committed between them';
COMMENT ON COLUMN processed_files.ignored_at IS 'When a person settled the permanent failure: it needs nobody any more';
COMMENT ON COLUMN processed_files.ignored_reason IS 'Why, in that person''s words';

-- The order in which `ingestor run` pages through what is left to do.
CREATE INDEX processed_files_unfinished ON processed_files (id)
    WHERE coalesce(lease_expires_at, next_attempt_at) IS NOT NULL;
-- "Newer than the most recent log timestamp": bounded by the upload, so that an entry of the year 9999 blinds nothing.
CREATE INDEX processed_files_newest_log ON processed_files (bucket, least(last_log_at, event_time))
    WHERE status = 'COMPLETED';
CREATE INDEX processed_files_failing ON processed_files (failing_since) WHERE failing_since IS NOT NULL;

CREATE TABLE listings (
    bucket      text NOT NULL,
    prefix      text NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('recent', 'reconcile', 'backfill')),
    cursor      text,
    newer_than  timestamptz,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    objects     bigint NOT NULL DEFAULT 0,
    registered  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, prefix, purpose)
);
COMMENT ON TABLE listings IS 'Where each listing of a bucket stands, so that the next tick goes on there';
COMMENT ON COLUMN listings.bucket IS 'The bucket listed';
COMMENT ON COLUMN listings.prefix IS 'What its keys begin with';
COMMENT ON COLUMN listings.purpose IS 'recent: what is newer than the newest log; reconcile: everything, now and then; backfill: on demand';
COMMENT ON COLUMN listings.cursor IS 'The last key seen; null before the first and after the last';
COMMENT ON COLUMN listings.newer_than IS 'Objects not newer than this are left out';
COMMENT ON COLUMN listings.started_at IS 'When the pass began';
COMMENT ON COLUMN listings.finished_at IS 'When the pass came to the last key; null while it goes on';
COMMENT ON COLUMN listings.objects IS 'Objects seen in the pass';
COMMENT ON COLUMN listings.registered IS 'Objects the ledger did not know';

CREATE VIEW freshness AS
SELECT coalesce(min(coalesce(event_time, created_at)), clock_timestamp()) AS complete_up_to,
       count(*) AS unfinished_files
FROM processed_files
-- Not IS NOT NULL: only a comparison uses the index' statistics, and unfinished files are few among many.
WHERE coalesce(lease_expires_at, next_attempt_at) < 'infinity' AND bucket <> 'file';
COMMENT ON VIEW freshness IS 'How complete the logs are, as far as the ledger knows the objects';
COMMENT ON COLUMN freshness.complete_up_to IS 'Every object created before this is loaded, or failed for good';
COMMENT ON COLUMN freshness.unfinished_files IS 'Objects still to be loaded';

-- The view's other columns are the table's, and mean the same.
DO $$
DECLARE
    explained record;
BEGIN
    FOR explained IN
        SELECT seen.attname AS name, col_description(kept.attrelid, kept.attnum) AS meaning
        FROM pg_attribute AS seen
        JOIN pg_attribute AS kept ON kept.attrelid = 'processed_files'::regclass AND kept.attname = seen.attname
        WHERE seen.attrelid = 'files'::regclass AND col_description(seen.attrelid, seen.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN files.%I IS %L', explained.name, explained.meaning);
    END LOOP;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingestor_ingest') THEN
        GRANT SELECT, INSERT, UPDATE ON listings TO ingestor_ingest;
        GRANT SELECT ON freshness, schema_migrations TO ingestor_ingest;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingestor_reader') THEN
        GRANT SELECT ON listings, freshness, schema_migrations TO ingestor_reader;
    END IF;
END
$$;
