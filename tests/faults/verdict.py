"""Was the promise kept? Every entry of every object once, by content, and nothing left to do."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, LiteralString

from tests.faults.arena import Arena
from tests.faults.corpus import Content

from ingestor.database import Connection

SHOWN = 12
GONE_WITHIN_SECONDS = 15.0

_FILES: LiteralString = """
SELECT id, s3_key, status, checkpoint, rows_loaded, rows_rejected,
       coalesce(lease_expires_at, next_attempt_at) IS NOT NULL, etag, coalesce(error, '')
FROM processed_files WHERE bucket = %s
"""
# A repaired entry is a row, and its original is kept beside it.
_LOADED: LiteralString = """
SELECT file_id, false, decode(md5(coalesce(o.raw, convert_to(l.raw_data::text, 'UTF8'))), 'hex')
FROM logs l LEFT JOIN raw_originals o USING (file_id, ordinal)
UNION ALL
SELECT file_id, true, decode(md5(raw), 'hex') FROM rejected_entries
"""
_ORPHANS: LiteralString = """
SELECT count(*) FROM raw_originals o
WHERE NOT EXISTS (SELECT FROM logs l WHERE l.file_id = o.file_id AND l.ordinal = o.ordinal)
"""
_IDLE: LiteralString = """
SELECT pid, state, left(query, 80) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_LOCKS: LiteralString = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class Verdict:
    """`lost` and `doubled` are entries; `problems` say whatever else is not as it must be."""

    files: int = 0
    entries: int = 0
    lost: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.problems)

    def figures(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "entries": self.entries,
            "lost": self.lost,
            "doubled": self.doubled,
        }

    def __str__(self) -> str:
        said = f"{self.files} files, {self.entries} entries, lost {self.lost}, doubled {self.doubled}"
        shown = [*self.problems[:SHOWN], *(["..."] if len(self.problems) > SHOWN else [])]
        return "\n  ".join([said, *shown])


@dataclass(frozen=True, slots=True)
class _File:
    id: int
    key: str
    status: str
    checkpoint: int
    rows_loaded: int
    rows_rejected: int
    is_due: bool
    etag: str | None
    error: str


def judge(arena: Arena, *, overwrites_are_skipped: bool = False) -> Verdict:
    """Once nothing works any more: no worker may be alive. `overwrites_are_skipped`: any one version will do."""
    verdict = Verdict()
    with arena.connect() as connection:
        files = {row.key: row for row in (_File(*row) for row in connection.execute(_FILES, (arena.name,)))}
        found = _found(connection)
        _judge_traces(connection, verdict)
    for key, versions in arena.uploads.items():
        row = files.get(key)
        acceptable = [each.content for each in (versions if overwrites_are_skipped else versions[-1:])]
        _judge_file(verdict, key, row, acceptable, found.get(row.id, _Found()) if row else _Found())
    known = {row.id for row in files.values()}
    verdict.doubled += sum(each.total for file_id, each in found.items() if file_id not in known)
    for name, url in (("queue", arena.queue_url), ("dead letters", arena.dlq_url)):
        if left := arena.waiting(url):
            verdict.problems.append(f"{left} messages wait in the {name}")
    return verdict


@dataclass(slots=True)
class _Found:
    """What the tables have of one file."""

    loaded: Counter[bytes] = field(default_factory=Counter)
    rejected: Counter[bytes] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.loaded.total() + self.rejected.total()

    def lost(self, content: Content) -> int:
        return len(content.loaded - self.loaded.keys()) + len(content.rejected - self.rejected.keys())

    def doubled(self, content: Content) -> int:
        return self.total - (content.entries - self.lost(content))


def _found(connection: Connection) -> dict[int, _Found]:
    found: dict[int, _Found] = {}
    with connection.transaction(), connection.cursor("found") as cursor:
        cursor.itersize = 20_000
        for file_id, is_rejected, digest in cursor.execute(_LOADED):
            of_file = found.setdefault(file_id, _Found())
            (of_file.rejected if is_rejected else of_file.loaded)[digest] += 1
    return found


def _judge_file(
    verdict: Verdict, key: str, row: _File | None, acceptable: list[Content], found: _Found
) -> None:
    content = min(acceptable, key=found.lost)
    lost, doubled = found.lost(content), found.doubled(content)
    verdict.files += 1
    verdict.entries += content.entries
    verdict.lost += lost
    verdict.doubled += doubled
    if row is None:
        verdict.problems.append(f"{key}: forgotten")
        return
    should_be = ("COMPLETED", content.entries, len(content.loaded), len(content.rejected), False)
    is_so = (row.status, row.checkpoint, row.rows_loaded, row.rows_rejected, row.is_due)
    if lost or doubled or is_so != should_be:
        verdict.problems.append(
            f"{key}: {lost} entries lost, {doubled} doubled; {should_be} was to be, and is {row}"
        )


def _judge_traces(connection: Connection, verdict: Verdict) -> None:
    """What a worker may have left in the server. Whoever was killed by surprise may take some seconds to go."""
    until = time.monotonic() + GONE_WITHIN_SECONDS
    while (backends := connection.execute(_IDLE).fetchall()) and time.monotonic() < until:
        time.sleep(0.1)
    if backends:
        verdict.problems.append(f"backends left: {backends}")
    (orphans,) = connection.execute(_ORPHANS).fetchone() or (0,)
    if orphans:
        verdict.problems.append(f"{orphans} originals of rows that are not there")
    (locks,) = connection.execute(_LOCKS).fetchone() or (0,)
    if locks:
        verdict.problems.append(f"{locks} advisory locks are held")
