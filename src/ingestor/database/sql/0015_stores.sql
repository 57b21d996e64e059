-- A file is known by its store, bucket and key; entries read are counted apart from rows written; and a row says how
-- its entries were read.

ALTER TABLE processed_files
    ADD COLUMN store        text NOT NULL DEFAULT 's3' CHECK (store IN ('s3', 'gs', 'az', 'file')),
    ADD COLUMN rows_dropped bigint NOT NULL DEFAULT 0 CHECK (rows_dropped >= 0),
    ADD COLUMN format       text,
    ADD COLUMN pipeline     text;

-- Until now no bucket could be called that.
UPDATE processed_files SET store = 'file' WHERE bucket = 'file';

ALTER TABLE processed_files
    DROP CONSTRAINT processed_files_bucket_key,
    ADD CONSTRAINT processed_files_store_bucket_key UNIQUE (store, bucket, s3_key),
    DROP CONSTRAINT processed_files_every_entry_counted,
    ADD CONSTRAINT processed_files_every_entry_counted CHECK (rows_loaded + rows_rejected + rows_dropped = checkpoint);

COMMENT ON COLUMN processed_files.store IS 'Where the object is: s3, gs (Google Cloud Storage), az (Azure Blob Storage), or file (this machine)';
COMMENT ON COLUMN processed_files.bucket IS 'The object''s bucket, in az its account/container; "file" for a local file';
COMMENT ON COLUMN processed_files.checkpoint IS 'Entries durably handled; always rows_loaded + rows_rejected + rows_dropped';
COMMENT ON COLUMN processed_files.rows_dropped IS 'Entries of this file that a processor dropped';
COMMENT ON COLUMN processed_files.format IS 'How the file''s entries are read; null: json, before formats were recorded';
COMMENT ON COLUMN processed_files.pipeline IS 'The fingerprint of format, rules and processors that the rows came through; null: none was recorded';
COMMENT ON COLUMN processed_files.event_time IS 'Uploaded at: when the object version in hand was created';

-- What is asked for by bucket is asked for by store and bucket.
DROP INDEX processed_files_newest_log;
CREATE INDEX processed_files_newest_log ON processed_files (store, bucket, least(last_log_at, event_time))
    WHERE status = 'COMPLETED';
DROP INDEX processed_files_unfinished_by_upload;
CREATE INDEX processed_files_unfinished_by_upload
    ON processed_files (store, bucket, (coalesce(event_time, '-infinity'::timestamptz)), id)
    WHERE coalesce(lease_expires_at, next_attempt_at) IS NOT NULL;

ALTER TABLE listings ADD COLUMN store text NOT NULL DEFAULT 's3' CHECK (store IN ('s3', 'gs', 'az'));
ALTER TABLE listings DROP CONSTRAINT listings_pkey, ADD PRIMARY KEY (store, bucket, prefix, purpose);
COMMENT ON COLUMN listings.store IS 'The store of the bucket listed: s3, gs or az';

-- New columns come last: others' views may depend on these.
CREATE OR REPLACE VIEW files AS
SELECT
    id, bucket, s3_key, status, rows_loaded, rows_rejected, checkpoint, attempts, failures,
    first_log_at, last_log_at, event_time, processed_at,
    processed_at - event_time AS lag,
    error, error_kind,
    coalesce(lease_expires_at, next_attempt_at) AS due_at,
    jsonb_build_object('size', size_bytes, 'error', error, 'lastAttempt', last_attempt_at) AS metadata,
    created_at, updated_at,
    store, rows_dropped, format, pipeline
FROM processed_files;

CREATE OR REPLACE VIEW freshness AS
SELECT coalesce(min(coalesce(event_time, created_at)), clock_timestamp()) AS complete_up_to,
       count(*) AS unfinished_files
FROM processed_files
-- Not IS NOT NULL: only a comparison uses the index' statistics, and unfinished files are few among many.
WHERE coalesce(lease_expires_at, next_attempt_at) < 'infinity' AND store <> 'file';

-- The view's columns are the table's, and mean the same.
DO $$
DECLARE
    explained record;
BEGIN
    FOR explained IN
        SELECT shown.attname AS name, col_description(stored.attrelid, stored.attnum) AS meaning
        FROM pg_attribute AS shown
        JOIN pg_attribute AS stored ON stored.attrelid = 'processed_files'::regclass AND stored.attname = shown.attname
        WHERE shown.attrelid = 'files'::regclass
          AND shown.attname IN ('bucket', 'checkpoint', 'event_time', 'store', 'rows_dropped', 'format', 'pipeline')
    LOOP
        EXECUTE format('COMMENT ON COLUMN files.%I IS %L', explained.name, explained.meaning);
    END LOOP;
END
$$;
