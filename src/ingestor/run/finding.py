"""What a pass loads, in its order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingestor import ledger
from ingestor.database import Database
from ingestor.s3_object import S3Objects, pages_since
from ingestor.settings import FROM_THE_BEGINNING, OnOverwrite, Settings
from ingestor.source_file import SourceFile

DUE_PAGE = 500

SAFETY_MARGIN = timedelta(hours=1)
"""Its uploader's clock, the log's, S3's and ours disagree, and a large upload is older than its end."""

SORTED_AT_ONCE = 100_000
"""New objects are loaded in the order of their upload; of more than these, these first. They take 33 MB."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`since`: objects uploaded at or after it; None: those newer than the most recent log that is loaded."""

    bucket: str
    prefix: str = ""
    since: datetime | None = None


def due(wanted: Wanted, database: Database, _objects: S3Objects, _settings: Settings) -> Iterator[SourceFile]:
    """Pending files, failed ones that are due, and those whose worker died, page by page."""
    last_id = 0
    while True:
        with database.transaction() as connection:
            page = ledger.due_files(
                connection, limit=DUE_PAGE, buckets={wanted.bucket}, prefix=wanted.prefix, after_id=last_id
            )
        if not page:
            return
        yield from (each.file for each in page)
        last_id = page[-1].file_id


def new(wanted: Wanted, database: Database, objects: S3Objects, settings: Settings) -> Iterator[SourceFile]:
    """Listed objects that the ledger has not done with, the oldest first."""
    newer_than = _newer_than(wanted, database)
    found: list[SourceFile] = []
    for page in pages_since(objects, wanted.bucket, wanted.prefix, newer_than=newer_than):
        recent = [file for file in page.files if file.event_time is None or file.event_time > newer_than]
        found += _not_done(recent, wanted.bucket, database, settings)
        if len(found) >= SORTED_AT_ONCE:
            yield from _oldest_first(found)
            found = []
    yield from _oldest_first(found)


def _newer_than(wanted: Wanted, database: Database) -> datetime:
    if wanted.since is not None:
        return wanted.since - timedelta(microseconds=1)
    with database.transaction() as connection:
        newest = ledger.newest_log_time(connection, wanted.bucket, wanted.prefix)
    # An entry may claim the year 1: there is nothing an hour before it.
    return FROM_THE_BEGINNING if newest is None else max(newest, FROM_THE_BEGINNING) - SAFETY_MARGIN


def _not_done(
    files: list[SourceFile], bucket: str, database: Database, settings: Settings
) -> list[SourceFile]:
    """Unknown keys, and keys that got other bytes since."""
    if not files:
        return []
    with database.transaction() as connection:
        known = ledger.known_files(connection, bucket, [file.key for file in files])
    return [
        file
        for file in files
        if (row := known.get(file.key)) is None
        or (
            row.etag != file.etag
            and (row.status != "COMPLETED" or settings.on_overwrite is OnOverwrite.REPLACE)
        )
    ]


def _oldest_first(files: list[SourceFile]) -> list[SourceFile]:
    return sorted(files, key=lambda file: (file.event_time or _NEVER, file.key))
