-- `ingestor run` loads what the ledger has to do in the order of the uploads, the oldest first.

CREATE INDEX processed_files_unfinished_by_upload
    ON processed_files (bucket, (coalesce(event_time, '-infinity'::timestamptz)), id)
    WHERE coalesce(lease_expires_at, next_attempt_at) IS NOT NULL;

-- Its order until now, which nothing else uses.
DROP INDEX processed_files_unfinished;

COMMENT ON COLUMN listings.purpose IS 'recent: what is newer than the newest log; reconcile: everything, now and then; backfill: on demand, also of run --since';
