-- A row says why its file is read in its format, and what voids a checkpoint that came through another pipeline.

ALTER TABLE processed_files
    ADD COLUMN format_reason  text,
    ADD COLUMN unknown_fields bigint NOT NULL DEFAULT 0 CHECK (unknown_fields >= 0),
    ADD COLUMN pipeline_voids int NOT NULL DEFAULT 0 CHECK (pipeline_voids >= 0);

ALTER TABLE file_events DROP CONSTRAINT file_events_event_check;
ALTER TABLE file_events ADD CONSTRAINT file_events_event_check CHECK (event IN (
    'claimed', 'taken over', 'checkpoint', 'completed', 'failed', 'released', 're-queued',
    'replaced', 'newer version announced', 'newer version skipped',
    'discovered', 'reopened', 'unloaded', 'ignored', 'voided')) NOT VALID;

COMMENT ON COLUMN processed_files.format_reason IS 'Why this format: a rule of ingestor.toml, the object''s key, or its first bytes';
COMMENT ON COLUMN processed_files.unknown_fields IS 'Entries of this file with fields that the format''s documentation doesn''t name; they are in raw_data under "extra"';
COMMENT ON COLUMN processed_files.pipeline_voids IS 'How often a checkpoint was voided because another configuration went on with the file; 0 once it is COMPLETED or retried';

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
    store, rows_dropped, format, pipeline, format_reason, unknown_fields
FROM processed_files;

COMMENT ON COLUMN files.format_reason IS 'Why this format: a rule of ingestor.toml, the object''s key, or its first bytes';
COMMENT ON COLUMN files.unknown_fields IS 'Entries of this file with fields that the format''s documentation doesn''t name; they are in raw_data under "extra"';
