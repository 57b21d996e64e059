"""The ledger takes over the files that a dead letter names; then the message isn't needed any more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingestor import ledger
from ingestor.database import Connection, Database
from ingestor.discovery.known import may_have_other_bytes
from ingestor.model.source_file import ObjectName, SourceFile
from ingestor.sources import Source

type CurrentVersions = Mapping[ObjectName, SourceFile | None]
"""What each key holds, by the object's name; None: the key is gone."""


def current_versions(
    database: Database, objects: Source, files: Sequence[SourceFile], *, skip_newer: bool
) -> CurrentVersions:
    """Asks the store for the keys that may hold other bytes than the ledger knows. Raises SourceUnavailableError."""
    with database.transaction() as connection:
        rows = [ledger.known_file(connection, file) for file in files]
    return {
        file.name: objects.current(file)
        for file, row in zip(files, rows, strict=True)
        if row is not None and _may_differ(file, row, skip_newer=skip_newer)
    }


def own(
    connection: Connection,
    files: Sequence[SourceFile],
    current: CurrentVersions,
    *,
    skip_newer: bool,
) -> int:
    """Enters unknown files, and announces other versions of known ones. Returns how many were unknown.

    `current` was asked after the message came, so a key that then held the ledger's version needs no announcement.
    """
    new = ledger.register(connection, files, due_in_seconds=0)
    for file in sorted(files, key=lambda file: file.name):  # as everybody locks them
        row = ledger.known_file(connection, file)
        if row is None or not _may_differ(file, row, skip_newer=skip_newer):
            continue
        found = _announced(file, row, current)
        if found is not None:
            ledger.announce_version(connection, found, skip_newer=skip_newer)
    return len(new)


def _announced(file: SourceFile, row: ledger.KnownFile, current: CurrentVersions) -> SourceFile | None:
    """The object version to announce. None: the message is stale, its key is gone, or it killed its workers."""
    if file.name not in current:
        return file  # the row changed since the keys were asked
    found = current[file.name]
    if found is None or (row.failed_for_good and found.etag == row.next_etag):
        return None
    if may_have_other_bytes(found, row):
        return found
    return replace(found, uploaded_at=file.uploaded_at) if row.is_uploaded_again(file) else None


def _may_differ(file: SourceFile, row: ledger.KnownFile, *, skip_newer: bool) -> bool:
    if row.status == "COMPLETED" and skip_newer:
        return False
    return may_have_other_bytes(file, row) or row.is_uploaded_again(file)
