-- What people read.

CREATE VIEW files AS
SELECT
    id, bucket, s3_key, status, rows_loaded, rows_rejected, checkpoint, attempts, failures,
    first_log_at, last_log_at, event_time, processed_at,
    processed_at - event_time AS lag,
    error, error_kind,
    coalesce(lease_expires_at, next_attempt_at) AS due_at,
    jsonb_build_object('size', size_bytes, 'error', error, 'lastAttempt', last_attempt_at) AS metadata,
    created_at, updated_at
FROM processed_files;

COMMENT ON VIEW files IS 'The ledger for people: one row per object';
COMMENT ON COLUMN files.lag IS 'From the object''s upload to the commit of its last chunk';
COMMENT ON COLUMN files.due_at IS 'When somebody looks at the file again; null when nothing is left to do';
COMMENT ON COLUMN files.metadata IS 'The shape the earlier service kept: size, error, lastAttempt';
