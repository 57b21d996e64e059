-- What a rule wants done to an object once it is loaded, until it is done.

ALTER TABLE processed_files
    ADD COLUMN after_action      text CHECK (after_action IN ('tag', 'delete')),
    ADD COLUMN after_due_at      timestamptz,
    ADD COLUMN object_deleted_at timestamptz,
    ADD CONSTRAINT processed_files_after_load CHECK (
        (after_action IS NULL) = (after_due_at IS NULL) AND (after_action IS NULL OR status = 'COMPLETED'));

COMMENT ON COLUMN processed_files.after_action IS 'What a rule of ingestor.toml still wants done to the loaded object: tag or delete; null: nothing';
COMMENT ON COLUMN processed_files.after_due_at IS 'When it is done, or tried again';
COMMENT ON COLUMN processed_files.object_deleted_at IS 'When the loaded object''s deletion was begun: from then on the rows are the only copy, and the file can''t be reloaded';

-- Of millions of files few wait for it.
CREATE INDEX processed_files_after_load ON processed_files (after_due_at) WHERE after_due_at IS NOT NULL;

ALTER TABLE file_events DROP CONSTRAINT file_events_event_check;
ALTER TABLE file_events ADD CONSTRAINT file_events_event_check CHECK (event IN (
    'claimed', 'taken over', 'checkpoint', 'completed', 'failed', 'released', 're-queued',
    'replaced', 'newer version announced', 'newer version skipped',
    'discovered', 'reopened', 'unloaded', 'ignored', 'voided',
    'object tagged', 'object deleted', 'object kept')) NOT VALID;
