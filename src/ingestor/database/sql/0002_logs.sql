-- What came out of the files: rows, rejected entries, and the exact bytes of repaired ones.

CREATE TABLE logs (
    id                 uuid NOT NULL,
    file_id            bigint NOT NULL,
    ordinal            bigint NOT NULL,
    request_id         text,
    trace_id           text,
    timestamp          timestamptz NOT NULL,
    level              text,
    severity           smallint,
    method             text,
    url                text,
    query              jsonb,
    headers            jsonb,
    params             jsonb,
    remote_address     text,
    remote_port        int,
    status_code        int,
    context            text,
    message            text,
    hostname           text,
    pid                int,
    auth_user_id       bigint,
    processing_time_ms float8,
    cache_hit          boolean,
    document_count     bigint,
    last_updated       timestamptz,
    raw_data           json NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);

-- BRIN: rows of one file, and of one time, lie together; together they cost under a tenth of the load.
-- No btree on url or request_id: it would refuse long values (54000).
CREATE INDEX logs_file_id ON logs USING brin (file_id) WITH (pages_per_range = 16);
CREATE INDEX logs_timestamp ON logs USING brin (timestamp) WITH (pages_per_range = 16);

CREATE TABLE logs_default PARTITION OF logs DEFAULT;

COMMENT ON TABLE logs IS 'One row per log entry; partitioned by month of timestamp (UTC)';
COMMENT ON TABLE logs_default IS 'Rows whose month has no partition (yet)';
COMMENT ON COLUMN logs.id IS 'UUIDv7 layout over the entry''s time, then a hash of bucket, key, object version and position: the same entry always has the same id';
COMMENT ON COLUMN logs.file_id IS 'processed_files.id';
COMMENT ON COLUMN logs.ordinal IS 'The entry''s position in its file, from 0';
COMMENT ON COLUMN logs.request_id IS 'req.id; several entries may carry the same';
COMMENT ON COLUMN logs.trace_id IS 'trace_id, else traceId';
COMMENT ON COLUMN logs.timestamp IS 'timestamp, else time; epoch milliseconds or ISO 8601';
COMMENT ON COLUMN logs.level IS 'level; pino''s numbers as labels, others as given';
COMMENT ON COLUMN logs.severity IS 'OpenTelemetry''s severity number: trace 1, debug 5, info 9, warn 13, error 17, fatal 21';
COMMENT ON COLUMN logs.method IS 'req.method';
COMMENT ON COLUMN logs.url IS 'req.url';
COMMENT ON COLUMN logs.query IS 'req.query';
COMMENT ON COLUMN logs.headers IS 'req.headers';
COMMENT ON COLUMN logs.params IS 'req.params';
COMMENT ON COLUMN logs.remote_address IS 'req.remoteAddress';
COMMENT ON COLUMN logs.remote_port IS 'req.remotePort';
COMMENT ON COLUMN logs.status_code IS 'res.statusCode';
COMMENT ON COLUMN logs.context IS 'context';
COMMENT ON COLUMN logs.message IS 'message, else msg';
COMMENT ON COLUMN logs.hostname IS 'hostname';
COMMENT ON COLUMN logs.pid IS 'pid';
COMMENT ON COLUMN logs.auth_user_id IS 'authUserId';
COMMENT ON COLUMN logs.processing_time_ms IS 'processingTimeMs, else responseTime; milliseconds';
COMMENT ON COLUMN logs.cache_hit IS 'cacheHit';
COMMENT ON COLUMN logs.document_count IS 'documentCount';
COMMENT ON COLUMN logs.last_updated IS 'lastUpdated';
COMMENT ON COLUMN logs.raw_data IS 'The complete original entry, byte for byte (repaired where raw_originals has it)';
COMMENT ON COLUMN logs.created_at IS 'When the row was loaded';
COMMENT ON COLUMN logs.updated_at IS 'When the row was loaded; the service never changes a row';

CREATE TABLE rejected_entries (
    file_id     bigint NOT NULL,
    ordinal     bigint NOT NULL,
    byte_offset bigint NOT NULL,
    byte_length bigint NOT NULL,
    error       text NOT NULL,
    raw         bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (file_id, ordinal)
);
COMMENT ON TABLE rejected_entries IS 'Entries that could not become a row, with their place and the reason';
COMMENT ON COLUMN rejected_entries.file_id IS 'processed_files.id';
COMMENT ON COLUMN rejected_entries.ordinal IS 'The entry''s position in its file, from 0';
COMMENT ON COLUMN rejected_entries.byte_offset IS 'Where it starts in the uncompressed bytes';
COMMENT ON COLUMN rejected_entries.byte_length IS 'How long it is there';
COMMENT ON COLUMN rejected_entries.error IS 'Why it was refused';
COMMENT ON COLUMN rejected_entries.raw IS 'Its first 64 KiB';
COMMENT ON COLUMN rejected_entries.created_at IS 'When it was refused';

CREATE TABLE raw_originals (
    file_id bigint NOT NULL,
    ordinal bigint NOT NULL,
    raw     bytea NOT NULL,
    PRIMARY KEY (file_id, ordinal)
);
COMMENT ON TABLE raw_originals IS 'The exact bytes of entries that were repaired: \u0000, lone surrogates, invalid UTF-8';
COMMENT ON COLUMN raw_originals.file_id IS 'processed_files.id';
COMMENT ON COLUMN raw_originals.ordinal IS 'logs.ordinal';
COMMENT ON COLUMN raw_originals.raw IS 'The entry as it stands in the file';
