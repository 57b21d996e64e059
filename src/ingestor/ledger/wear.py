"""A file whose workers die one after the other is worn out: FAILED, permanent, until a person's retry.

Whoever finds it so, a claimer or the sweeper, ends it by these words, so that it is the same end.
"""

from typing import LiteralString

# Not while another version waits: the attempts are the old one's, and what the key holds is looked at first.
IS_WORN_OUT: LiteralString = """
    f.attempts >= %(max_attempts)s AND f.status <> 'COMPLETED' AND f.next_etag IS NULL
"""

# PENDING, FAILED (transient), PROCESSING (lease expired) --> FAILED (permanent). The version rises: a worker that was
# only slow is fenced out, whatever happens to the file next.
WEAR_OUT: LiteralString = """
    status = 'FAILED',
    version = f.version + 1,
    lease_expires_at = NULL,
    next_attempt_at = NULL,
    error = format('worn out: %%s workers died at entry %%s; look at that entry and at the workers'' memory '
                   'and time-outs, then retry it', f.attempts, f.checkpoint),
    error_kind = 'permanent',
    failing_since = coalesce(f.failing_since, clock_timestamp()),
    updated_at = clock_timestamp()
"""
