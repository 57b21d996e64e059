"""How long a transaction may take, so that neither we wait for the server for ever, nor others for us.

All but the last line of defence are PostgreSQL's own and transaction-local: https://www.postgresql.org/docs/current/runtime-config-client.html
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransactionLimits:
    """In seconds. Who waits for a lock outlasts the pause that a frozen holder of it is given.

    `total`: each statement (statement_timeout) and the whole transaction (transaction_timeout, PostgreSQL 17).
    `lock`: each wait for a lock (lock_timeout).
    `pause`: between two statements of the transaction (idle_in_transaction_session_timeout).
    """

    total: float = 30.0
    lock: float = 10.0
    pause: float = 5.0


SHORT = TransactionLimits()
"""A few rows of the ledger are read or moved."""

REPORT = TransactionLimits(total=120.0)
"""The whole ledger is counted."""

UNLOADING = TransactionLimits(total=900.0)
"""All rows of a file are deleted in one statement. No Lambda lives longer."""

MAINTENANCE = TransactionLimits(total=120.0, lock=1.0)
"""A statement that waits for an exclusive lock blocks all behind it. A COPY must not wait longer than this for it."""

MIGRATION = TransactionLimits(total=3600.0, lock=5.0)
"""A table is rewritten, at worst. It waits for a lock often rather than long: meanwhile nobody else gets it."""

PERSONS_QUERY = TransactionLimits(total=3600.0, lock=60.0, pause=60.0)
"""A person waits for it, and can stop it."""

ANSWER_GRACE_SECONDS = 5.0
"""By so much the server's own limits come first. Then we hear nothing because nobody is there: the socket is closed."""

SERVER_GRACE_SECONDS = 2.0
"""By so much transaction_timeout, which ends the session, comes after statement_timeout, which ends the statement."""

ROLLBACK_SECONDS = 5.0
"""It has nothing to wait for; a connection that doesn't answer by then is closed, which rolls back as well."""

LAST_SECONDS = 3.0
"""Of a Lambda's time, kept for its messages: no answer is waited for any more."""

TCP_USER_TIMEOUT_SECONDS = 30
"""Linux: what we sent and nobody acknowledged ends the connection. Elsewhere the client's own limit does, later."""
