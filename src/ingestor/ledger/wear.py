"""A file whose workers die one after the other is worn out: FAILED, permanent, until a person's retry.

Claiming and the sweeper share these statements, so that a worn out file always ends the same way.
"""

from typing import LiteralString

# A claim that was made before the server last began, by command or after a crash, may have ended with it: such an end
# says nothing of the file. After a crash PostgreSQL counts its statistics anew, also where the postmaster lived on.
ATTEMPTS: LiteralString = """
    greatest(0, f.attempts - (
        f.status = 'PROCESSING'
        AND f.last_attempt_at < greatest(pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())
    )::int)
"""

# While another version waits, once more: the attempts may all be the old one's, and the new one is to have a try.
IS_WORN_OUT: LiteralString = f"""
    f.status <> 'COMPLETED' AND (f.status <> 'FAILED' OR f.error_kind = 'transient')
    AND {ATTEMPTS} >= %(max_attempts)s + (f.next_etag IS NOT NULL)::int
"""

# PENDING, FAILED (transient), PROCESSING (lease expired) --> FAILED (permanent). The version rises: a worker that was
# only slow is fenced out, whatever happens to the file next.
WEAR_OUT: LiteralString = """
    status = 'FAILED',
    version = f.version + 1,
    lease_expires_at = NULL,
    next_attempt_at = NULL,
    error = format(
        'worn out: %%s workers died at entry %%s%%s; look at %%s workers'' memory and time-outs, then retry it',
        f.attempts, f.checkpoint,
        CASE WHEN f.next_etag IS NOT NULL
             THEN format(', or taking out %%s rows for another version of the object', f.rows_loaded) END,
        CASE WHEN f.next_etag IS NULL THEN 'that entry and at the' ELSE 'the' END),
    error_kind = 'permanent',
    failing_since = coalesce(f.failing_since, clock_timestamp()),
    updated_at = clock_timestamp()
"""
