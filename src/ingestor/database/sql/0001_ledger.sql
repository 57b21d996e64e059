-- The ledger: one row per object, and the history of what happened to it.
--
--   PENDING --claim--> PROCESSING --last chunk--> COMPLETED
--                        |  ^--chunk commit renews the lease
--                        |--transient error--> FAILED --due--> PENDING
--                        |--permanent error--> FAILED, until a person's retry or a new version of the object
--                        |--short of time----> PENDING (released with its checkpoint, sent on)
--                        `--lease expired----> claimed again, or re-queued by the sweeper

CREATE TABLE processed_files (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bucket            text NOT NULL,
    s3_key            text NOT NULL,
    status            text NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    version           bigint NOT NULL DEFAULT 0,
    attempts          int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    failures          int NOT NULL DEFAULT 0 CHECK (failures >= 0),
    lease_expires_at  timestamptz,
    next_attempt_at   timestamptz,
    checkpoint        bigint NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),
    checkpoint_offset bigint NOT NULL DEFAULT 0 CHECK (checkpoint_offset >= 0),
    rows_loaded       bigint NOT NULL DEFAULT 0 CHECK (rows_loaded >= 0),
    rows_rejected     bigint NOT NULL DEFAULT 0 CHECK (rows_rejected >= 0),
    accept_rejects    boolean NOT NULL DEFAULT false,
    first_log_at      timestamptz,
    last_log_at       timestamptz,
    size_bytes        bigint,
    etag              text,
    version_id        text,
    event_time        timestamptz,
    next_etag         text,
    next_version_id   text,
    error             text,
    error_kind        text CHECK (error_kind IN ('transient', 'permanent')),
    last_attempt_at   timestamptz,
    processed_at      timestamptz,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT processed_files_bucket_key UNIQUE (bucket, s3_key),
    CONSTRAINT processed_files_every_entry_counted CHECK (rows_loaded + rows_rejected = checkpoint),
    CONSTRAINT processed_files_failed_has_kind CHECK (status <> 'FAILED' OR error_kind IS NOT NULL),
    -- Exactly one clock runs while there is anything left to do, and none when there isn't.
    CONSTRAINT processed_files_due CHECK (
        CASE
            WHEN status = 'PROCESSING' THEN lease_expires_at IS NOT NULL AND next_attempt_at IS NULL
            WHEN status = 'PENDING' OR (status = 'FAILED' AND error_kind = 'transient')
                THEN lease_expires_at IS NULL AND next_attempt_at IS NOT NULL
            WHEN status = 'COMPLETED'
                THEN lease_expires_at IS NULL AND (next_attempt_at IS NOT NULL) = (next_etag IS NOT NULL)
            ELSE lease_expires_at IS NULL AND next_attempt_at IS NULL
        END
    )
);

-- Failed, stuck and never-started files alike are found by this one expression.
CREATE INDEX processed_files_due ON processed_files ((coalesce(lease_expires_at, next_attempt_at)))
    WHERE coalesce(lease_expires_at, next_attempt_at) IS NOT NULL;
CREATE INDEX processed_files_failed ON processed_files (updated_at) WHERE status = 'FAILED';
CREATE INDEX processed_files_processed_at ON processed_files (processed_at) WHERE processed_at IS NOT NULL;

COMMENT ON TABLE processed_files IS 'The ledger: one row per object, its state, and how far it is loaded';
COMMENT ON COLUMN processed_files.id IS 'What logs.file_id, rejected_entries.file_id and file_events.file_id name';
COMMENT ON COLUMN processed_files.bucket IS 'The object''s bucket; "file" for a local file';
COMMENT ON COLUMN processed_files.s3_key IS 'The object''s key, decoded; a local file''s absolute path';
COMMENT ON COLUMN processed_files.status IS 'PENDING, PROCESSING, COMPLETED or FAILED';
COMMENT ON COLUMN processed_files.version IS 'The fencing token: +1 at each claim';
COMMENT ON COLUMN processed_files.attempts IS 'Claims since the checkpoint last moved that ended without an answer: the worker died';
COMMENT ON COLUMN processed_files.failures IS 'Answered failures in a row; they drive the backoff';
COMMENT ON COLUMN processed_files.lease_expires_at IS 'PROCESSING: until when the claim holds without a chunk being committed';
COMMENT ON COLUMN processed_files.next_attempt_at IS 'Not PROCESSING, and something is left to do: when it is due';
COMMENT ON COLUMN processed_files.checkpoint IS 'Entries durably handled; always rows_loaded + rows_rejected';
COMMENT ON COLUMN processed_files.checkpoint_offset IS 'Where in the uncompressed bytes the next entry is looked for';
COMMENT ON COLUMN processed_files.rows_loaded IS 'Entries of this file in logs';
COMMENT ON COLUMN processed_files.rows_rejected IS 'Entries of this file in rejected_entries';
COMMENT ON COLUMN processed_files.accept_rejects IS 'A person accepted more rejected entries than MAX_REJECT_RATIO allows';
COMMENT ON COLUMN processed_files.first_log_at IS 'The earliest timestamp among the rows loaded';
COMMENT ON COLUMN processed_files.last_log_at IS 'The latest timestamp among the rows loaded';
COMMENT ON COLUMN processed_files.size_bytes IS 'The stored (compressed) size of the object version in hand';
COMMENT ON COLUMN processed_files.etag IS 'The object version in hand: its bytes';
COMMENT ON COLUMN processed_files.version_id IS 'The object version in hand, where the bucket is versioned';
COMMENT ON COLUMN processed_files.event_time IS 'When the object version in hand was created';
COMMENT ON COLUMN processed_files.next_etag IS 'Another version was announced meanwhile; looked at when this one ends';
COMMENT ON COLUMN processed_files.next_version_id IS 'The version id of that other version';
COMMENT ON COLUMN processed_files.error IS 'The last failure: what, where and what to do';
COMMENT ON COLUMN processed_files.error_kind IS 'transient: retried by itself; permanent: waits for a person or a new version';
COMMENT ON COLUMN processed_files.last_attempt_at IS 'When the file was last claimed';
COMMENT ON COLUMN processed_files.processed_at IS 'When the last chunk was committed';
COMMENT ON COLUMN processed_files.created_at IS 'When the service first heard of the object';
COMMENT ON COLUMN processed_files.updated_at IS 'When this row last changed';

CREATE TABLE file_events (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id bigint NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    version bigint NOT NULL,
    event   text NOT NULL CHECK (event IN (
        'claimed', 'taken over', 'checkpoint', 'completed', 'failed', 'released', 're-queued',
        'replaced', 'newer version announced', 'newer version skipped')),
    kind    text,
    error   text,
    rows    bigint
);
CREATE INDEX file_events_file ON file_events (file_id, id);

COMMENT ON TABLE file_events IS 'What happened to each file, written in the same transactions as the ledger';
COMMENT ON COLUMN file_events.id IS 'The order of events';
COMMENT ON COLUMN file_events.file_id IS 'processed_files.id';
COMMENT ON COLUMN file_events.at IS 'The database''s clock';
COMMENT ON COLUMN file_events.version IS 'The claim under which it happened';
COMMENT ON COLUMN file_events.event IS 'What happened';
COMMENT ON COLUMN file_events.kind IS 'failed: transient or permanent';
COMMENT ON COLUMN file_events.error IS 'failed: the message';
COMMENT ON COLUMN file_events.rows IS 'checkpoint and completed: entries this chunk loaded; replaced: entries taken out';
